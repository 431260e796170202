//! The object store: every kind that Thanos knows, as its configuration has it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// Where blocks are kept (`type` and `config` of Thanos' object store configuration).
///
/// Credentials are best left to the platform (workload identity); those that are given are secret and appear in
/// [`configuration`](Self::configuration) and [`secret`](Self::secret) only.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ObjectStore {
    /// Amazon S3 and what speaks its protocol.
    S3 {
        /// The bucket.
        bucket: String,
        /// Host and port, without a scheme.
        endpoint: String,
        /// The region, where the endpoint does not say it.
        region: Option<String>,
        /// The key's id and the key, where the platform does not give them.
        credentials: Option<(String, SecretString)>,
        /// Whether it speaks plain HTTP.
        insecure: bool,
    },
    /// Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
        /// The service account's JSON, where the platform does not give it.
        service_account: Option<SecretString>,
    },
    /// Azure Blob Storage.
    Azure {
        /// The storage account.
        account: String,
        /// The container.
        container: String,
        /// The account's key, where the platform does not give an identity.
        key: Option<SecretString>,
    },
    /// `OpenStack` Swift.
    Swift {
        /// The container.
        container: String,
        /// Keystone's URL.
        auth_url: String,
        /// The user.
        username: String,
        /// Its password.
        password: SecretString,
        /// The project.
        project: String,
    },
    /// Tencent Cloud.
    Cos {
        /// The bucket.
        bucket: String,
        /// The region.
        region: String,
        /// The account.
        app_id: String,
        /// The key's id and the key.
        credentials: (String, SecretString),
    },
    /// Alibaba Cloud.
    AliyunOss {
        /// The bucket.
        bucket: String,
        /// The host.
        endpoint: String,
        /// The key's id and the key.
        credentials: (String, SecretString),
    },
    /// Baidu.
    Bos {
        /// The bucket.
        bucket: String,
        /// The host.
        endpoint: String,
        /// The key's id and the key.
        credentials: (String, SecretString),
    },
    /// Oracle Cloud, with the instance's own identity.
    Oci {
        /// The bucket.
        bucket: String,
        /// The compartment.
        compartment: String,
    },
    /// Huawei Cloud.
    Obs {
        /// The bucket.
        bucket: String,
        /// The host.
        endpoint: String,
        /// The key's id and the key.
        credentials: (String, SecretString),
    },
    /// A directory: for trying things out.
    Filesystem {
        /// The directory.
        directory: String,
    },
}

impl ObjectStore {
    /// S3, with the platform's credentials.
    pub fn s3(bucket: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self::S3 {
            bucket: bucket.into(),
            endpoint: endpoint.into(),
            region: None,
            credentials: None,
            insecure: false,
        }
    }

    /// Its type, in Thanos' words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::S3 { .. } => "S3",
            Self::Gcs { .. } => "GCS",
            Self::Azure { .. } => "AZURE",
            Self::Swift { .. } => "SWIFT",
            Self::Cos { .. } => "COS",
            Self::AliyunOss { .. } => "ALIYUNOSS",
            Self::Bos { .. } => "BOS",
            Self::Oci { .. } => "OCI",
            Self::Obs { .. } => "OBS",
            Self::Filesystem { .. } => "FILESYSTEM",
        }
    }

    /// The configuration, **with its secrets**: the content of `objstore.yml`.
    pub fn configuration(&self) -> Value {
        let keys = |names: [&str; 2], (id, key): &(String, SecretString)| {
            [
                (names[0].to_owned(), json!(id)),
                (names[1].to_owned(), json!(key.expose_secret())),
            ]
        };
        let mut config = match self {
            Self::S3 {
                bucket,
                endpoint,
                region,
                insecure,
                ..
            } => {
                let mut config = json!({ "bucket": bucket, "endpoint": endpoint });
                if let Some(region) = region {
                    config["region"] = json!(region);
                }
                if *insecure {
                    config["insecure"] = json!(true);
                }
                config
            }
            Self::Gcs {
                bucket,
                service_account,
            } => {
                let mut config = json!({ "bucket": bucket });
                if let Some(account) = service_account {
                    config["service_account"] = json!(account.expose_secret());
                }
                config
            }
            Self::Azure {
                account,
                container,
                key,
            } => {
                let mut config = json!({ "storage_account": account, "container": container });
                if let Some(key) = key {
                    config["storage_account_key"] = json!(key.expose_secret());
                }
                config
            }
            Self::Swift {
                container,
                auth_url,
                username,
                password,
                project,
            } => json!({
                "container_name": container, "auth_url": auth_url, "username": username,
                "password": password.expose_secret(), "project_name": project,
            }),
            Self::Cos {
                bucket,
                region,
                app_id,
                ..
            } => json!({ "bucket": bucket, "region": region, "app_id": app_id }),
            Self::AliyunOss { bucket, endpoint, .. }
            | Self::Bos { bucket, endpoint, .. }
            | Self::Obs { bucket, endpoint, .. } => {
                json!({ "bucket": bucket, "endpoint": endpoint })
            }
            Self::Oci { bucket, compartment } => {
                json!({ "provider": "instance-principal", "bucket": bucket, "compartment_ocid": compartment })
            }
            Self::Filesystem { directory } => json!({ "directory": directory }),
        };
        let credentials: Option<[(String, Value); 2]> = match self {
            Self::S3 { credentials, .. } => credentials
                .as_ref()
                .map(|it| keys(["access_key", "secret_key"], it)),
            Self::Cos { credentials, .. } => Some(keys(["secret_id", "secret_key"], credentials)),
            Self::AliyunOss { credentials, .. } => {
                Some(keys(["access_key_id", "access_key_secret"], credentials))
            }
            Self::Bos { credentials, .. } | Self::Obs { credentials, .. } => {
                Some(keys(["access_key", "secret_key"], credentials))
            }
            _ => None,
        };
        if let Some(fields) = config.as_object_mut() {
            fields.extend(credentials.into_iter().flatten().collect::<Map<_, _>>());
        }
        json!({ "type": self.kind(), "config": config })
    }

    /// The Secret that the components read, **with its secrets**: to be applied or sealed, not to be committed.
    pub fn secret(&self, namespace: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": { "name": super::SECRET, "namespace": namespace },
            // JSON is YAML.
            "stringData": { super::SECRET_KEY: self.configuration().to_string() },
        })
    }

    /// An `ExternalSecret` that fetches the same from where secrets are kept: what is committed.
    pub fn external_secret(namespace: &str, store: &str, path: &str) -> Value {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": { "name": super::SECRET, "namespace": namespace },
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": { "kind": "ClusterSecretStore", "name": store },
                "target": { "name": super::SECRET },
                "data": [{ "secretKey": super::SECRET_KEY, "remoteRef": { "key": path, "property": super::SECRET_KEY } }],
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_in_the_configuration_and_nowhere_else() {
        let secret = || SecretString::from("hunter2");
        let pair = || ("id".to_owned(), secret());
        let text = String::from;
        let stores = [
            ObjectStore::S3 {
                bucket: text("b"),
                endpoint: text("e"),
                region: Some(text("r")),
                credentials: Some(pair()),
                insecure: true,
            },
            ObjectStore::Gcs {
                bucket: text("b"),
                service_account: Some(secret()),
            },
            ObjectStore::Azure {
                account: text("a"),
                container: text("c"),
                key: Some(secret()),
            },
            ObjectStore::Swift {
                container: text("c"),
                auth_url: text("u"),
                username: text("n"),
                password: secret(),
                project: text("p"),
            },
            ObjectStore::Cos {
                bucket: text("b"),
                region: text("r"),
                app_id: text("a"),
                credentials: pair(),
            },
            ObjectStore::AliyunOss {
                bucket: text("b"),
                endpoint: text("e"),
                credentials: pair(),
            },
            ObjectStore::Bos {
                bucket: text("b"),
                endpoint: text("e"),
                credentials: pair(),
            },
            ObjectStore::Obs {
                bucket: text("b"),
                endpoint: text("e"),
                credentials: pair(),
            },
        ];
        for store in &stores {
            assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
            assert!(
                store.configuration().to_string().contains("hunter2"),
                "{}",
                store.kind()
            );
        }
        let all: Vec<_> = stores.iter().map(ObjectStore::configuration).collect();
        insta::assert_json_snapshot!(all);
    }
}
