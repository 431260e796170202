//! The Secret by which Argo CD knows a cluster.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::config::ClusterConfig;
use super::error::ClusterSecretError;

/// The label by which Argo CD finds its Secrets.
pub const SECRET_TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";

/// The server of the cluster Argo CD runs in.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// A cluster registered in Argo CD: a Secret with the label `argocd.argoproj.io/secret-type=cluster`.
///
/// The credentials in [`config`](Self::config) are in no `Debug` text. For a report there is
/// [`summary`](Self::summary), which holds none.
///
/// ```
/// use fleet_argocd::{ClusterConfig, ClusterSecret};
///
/// let cluster = ClusterSecret::new("production-eu-west", "https://eu.example.com:6443")
///     .with_labels([("env", "production"), ("region", "eu-west-1")])
///     .with_config(ClusterConfig::bearer_token("s3cret"));
/// assert!(!format!("{cluster:?}").contains("s3cret"));
///
/// let secret = cluster.to_secret("argocd")?;
/// assert_eq!(ClusterSecret::from_secret(&secret)?.labels["region"], "eu-west-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClusterSecret {
    /// The Secret's name. Default `cluster-NAME`.
    pub secret_name: String,
    /// The cluster's name in Argo CD; destinations refer to it.
    pub name: String,
    /// The URL of its API server; destinations refer to it too.
    pub server: String,
    /// The namespaces Argo CD looks after; empty for all.
    pub namespaces: Vec<String>,
    /// Whether cluster-scoped resources count when `namespaces` limits the rest. Default false.
    pub cluster_resources: Option<bool>,
    /// The `AppProject` the cluster is registered for; default: all.
    pub project: Option<String>,
    /// The controller shard that looks after it; default: Argo CD decides.
    pub shard: Option<i64>,
    /// Labels, without the one that makes it a cluster's: what ApplicationSets select by.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// How Argo CD connects.
    pub config: ClusterConfig,
}

/// What may be shown of a registered cluster: all but the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterSummary {
    /// The cluster's name in Argo CD.
    pub name: String,
    /// The URL of its API server.
    pub server: String,
    /// The `AppProject` it is registered for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The namespaces Argo CD looks after; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How Argo CD proves who it is.
    pub authentication: &'static str,
}

impl ClusterSecret {
    /// A cluster of this name at this URL, without labels or credentials.
    pub fn new(name: impl Into<String>, server: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            secret_name: format!("cluster-{name}"),
            name,
            server: server.into(),
            ..Self::default()
        }
    }

    /// Adds labels.
    pub fn with_labels<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.labels
            .extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Adds annotations.
    pub fn with_annotations<K: Into<String>, V: Into<String>>(
        mut self,
        annotations: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.annotations.extend(
            annotations
                .into_iter()
                .map(|(key, value)| (key.into(), value.into())),
        );
        self
    }

    /// Registers it for one `AppProject`.
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Sets how Argo CD connects.
    pub fn with_config(mut self, config: ClusterConfig) -> Self {
        self.config = config;
        self
    }

    /// What may be shown of it.
    pub fn summary(&self) -> ClusterSummary {
        ClusterSummary {
            name: self.name.clone(),
            server: self.server.clone(),
            project: self.project.clone(),
            namespaces: self.namespaces.clone(),
            labels: self.labels.clone(),
            authentication: self.config.authentication(),
        }
    }

    /// The Secret, for Argo CD's namespace. It holds the credentials.
    ///
    /// # Errors
    /// The configuration cannot be written as JSON, which no value of it is known to cause.
    pub fn to_secret(&self, argocd_namespace: &str) -> Result<Secret, serde_json::Error> {
        let mut data = BTreeMap::from([
            ("name".to_owned(), self.name.clone()),
            ("server".to_owned(), self.server.clone()),
            ("config".to_owned(), self.config.to_json()?),
        ]);
        if !self.namespaces.is_empty() {
            data.insert("namespaces".to_owned(), self.namespaces.join(","));
        }
        if let Some(value) = self.cluster_resources {
            data.insert("clusterResources".to_owned(), value.to_string());
        }
        if let Some(project) = &self.project {
            data.insert("project".to_owned(), project.clone());
        }
        if let Some(shard) = self.shard {
            data.insert("shard".to_owned(), shard.to_string());
        }
        let mut labels = self.labels.clone();
        labels.insert(SECRET_TYPE_LABEL.to_owned(), CLUSTER.to_owned());
        Ok(Secret {
            metadata: ObjectMeta {
                name: Some(self.secret_name.clone()),
                namespace: Some(argocd_namespace.to_owned()),
                labels: Some(labels),
                annotations: Some(self.annotations.clone()).filter(|annotations| !annotations.is_empty()),
                ..ObjectMeta::default()
            },
            type_: Some("Opaque".to_owned()),
            data: Some(
                data.into_iter()
                    .map(|(key, text)| (key, ByteString(text.into_bytes())))
                    .collect(),
            ),
            ..Secret::default()
        })
    }

    /// Reads a cluster's Secret.
    ///
    /// # Errors
    /// The Secret has no name, is not a cluster's, has no server, or holds something that cannot be read.
    pub fn from_secret(secret: &Secret) -> Result<Self, ClusterSecretError> {
        let secret_name = secret.metadata.name.clone().ok_or(ClusterSecretError::Unnamed)?;
        let mut labels = secret.metadata.labels.clone().unwrap_or_default();
        if labels.remove(SECRET_TYPE_LABEL).as_deref() != Some(CLUSTER) {
            return Err(ClusterSecretError::NotACluster { secret: secret_name });
        }
        let unreadable = |key, expected| ClusterSecretError::Unreadable {
            secret: secret_name.clone(),
            key,
            expected,
        };
        let server = secret_text(secret, "server")?.ok_or_else(|| ClusterSecretError::Missing {
            secret: secret_name.clone(),
            key: "server",
            expected: "the URL of the API server",
        })?;
        let config = match secret_text(secret, "config")? {
            None => ClusterConfig::default(),
            Some(text) if text.is_empty() => ClusterConfig::default(),
            Some(text) => ClusterConfig::from_json(&text)
                .ok_or_else(|| unreadable("config", "a JSON object of Argo CD's ClusterConfig"))?,
        };
        let cluster_resources = match secret_text(secret, "clusterResources")?.as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(unreadable("clusterResources", "`true` or `false`")),
        };
        let shard = secret_text(secret, "shard")?
            .map(|text| text.parse().map_err(|_| unreadable("shard", "a whole number")))
            .transpose()?;
        Ok(Self {
            name: secret_text(secret, "name")?.unwrap_or_default(),
            server,
            namespaces: secret_text(secret, "namespaces")?
                .map(|list| {
                    list.split(',')
                        .map(|name| name.trim().to_owned())
                        .filter(|n| !n.is_empty())
                        .collect()
                })
                .unwrap_or_default(),
            cluster_resources,
            project: secret_text(secret, "project")?.filter(|project| !project.is_empty()),
            shard,
            labels,
            annotations: secret.metadata.annotations.clone().unwrap_or_default(),
            config,
            secret_name,
        })
    }
}

/// The text under a key of a Secret; `stringData` wins, as it does when it is applied.
pub(crate) fn secret_text(secret: &Secret, key: &'static str) -> Result<Option<String>, ClusterSecretError> {
    if let Some(text) = secret.string_data.as_ref().and_then(|data| data.get(key)) {
        return Ok(Some(text.clone()));
    }
    let Some(bytes) = secret.data.as_ref().and_then(|data| data.get(key)) else {
        return Ok(None);
    };
    match String::from_utf8(bytes.0.clone()) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(ClusterSecretError::Unreadable {
            secret: secret.metadata.name.clone().unwrap_or_default(),
            key,
            expected: "UTF-8 text",
        }),
    }
}

const CLUSTER: &str = "cluster";
