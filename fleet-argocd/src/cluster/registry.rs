//! Clusters registered in a live Argo CD: create, update, list, remove.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use secrecy::SecretString;
use serde::Serialize;
use tracing::debug;

use super::access::SpokeAccess;
use super::error::ClusterSecretError;
use super::kubeconfig::{LabelFilter, spoke};
use super::secret::{ClusterSecret, ClusterSummary, SECRET_TYPE_LABEL, secret_text};
use super::spoke_client::Spoke;

/// The clusters registered in one Argo CD, as Secrets in its namespace.
///
/// ```no_run
/// use fleet_argocd::{ClusterRegistry, LabelFilter};
/// # async fn example(client: kube::Client, labels: std::collections::BTreeMap<String, String>) -> Result<(), Box<dyn std::error::Error>> {
/// let registry = ClusterRegistry::new(client, "argocd");
/// let filter = LabelFilter::only(["env", "region", "tier"]);
/// let registered = registry.register_cluster_api("clusters", "production-eu-west", &labels, &filter).await?;
/// println!("{} {}", registered.cluster.name, registered.change);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClusterRegistry {
    client: kube::Client,
    argocd_namespace: String,
}

/// What a registration did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Registered {
    /// The cluster, without credentials.
    pub cluster: ClusterSummary,
    /// What became of its Secret.
    pub change: SecretChange,
}

/// What became of an object that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SecretChange {
    /// It was not there.
    Created,
    /// It was there, and different.
    Changed,
    /// It was there, and the same.
    Unchanged,
}

impl std::fmt::Display for SecretChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        })
    }
}

/// Why a cluster cannot be registered, listed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The API server refused, or could not be reached.
    #[error("{verb} {kind} {namespace}/{name} did not work")]
    Kubernetes {
        /// What was asked for.
        verb: &'static str,
        /// The kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name; `*` for a list.
        name: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// The cluster has no kubeconfig yet.
    #[error(
        "cluster {namespace}/{cluster} has no Secret {cluster}-kubeconfig; Cluster API writes it once the control plane begins to come up"
    )]
    NoKubeconfig {
        /// The cluster's namespace.
        namespace: String,
        /// The cluster.
        cluster: String,
    },
    /// Kubernetes has made no token for the account.
    #[error(
        "Secret {namespace}/{secret} has got no token; is the controller of service account tokens running?"
    )]
    NoToken {
        /// The Secret's namespace.
        namespace: String,
        /// The Secret.
        secret: String,
    },
    /// No cluster of this name is registered.
    #[error("no cluster is registered as {cluster}")]
    NotRegistered {
        /// The cluster.
        cluster: String,
    },
    /// The Secret is not one of Cluster API's.
    #[error("Secret {namespace}/{secret} is of type {found}; expected cluster.x-k8s.io/secret")]
    NotClusterApis {
        /// The Secret's namespace.
        namespace: String,
        /// The Secret's name.
        secret: String,
        /// Its type.
        found: String,
    },
    /// A Secret or kubeconfig cannot be read.
    #[error(transparent)]
    Secret(#[from] ClusterSecretError),
    /// A registered cluster's address or credentials cannot be used.
    #[error("the registration of cluster {cluster} cannot be used to connect")]
    Unusable {
        /// The cluster.
        cluster: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A Secret cannot be written as JSON.
    #[error("the Secret of cluster {cluster} cannot be written")]
    Encode {
        /// The cluster.
        cluster: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl std::fmt::Debug for ClusterRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterRegistry")
            .field("argocd_namespace", &self.argocd_namespace)
            .finish_non_exhaustive()
    }
}

impl ClusterRegistry {
    /// The registry of the Argo CD in this namespace.
    pub fn new(client: kube::Client, argocd_namespace: impl Into<String>) -> Self {
        Self {
            client,
            argocd_namespace: argocd_namespace.into(),
        }
    }

    /// Creates or updates a cluster's Secret. Doing it again changes nothing.
    ///
    /// Labels that were set here before and are no longer given go away; those that others set stay.
    pub async fn register(&self, cluster: &ClusterSecret) -> Result<Registered, RegistryError> {
        let name = cluster.secret_name.as_str();
        let secrets = self.secrets();
        let secret = cluster
            .to_secret(&self.argocd_namespace)
            .map_err(|source| RegistryError::Encode {
                cluster: cluster.name.clone(),
                source,
            })?;
        let before = secrets
            .get_opt(name)
            .await
            .map_err(|source| self.failed("reading", name, source))?;
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let after = secrets
            .patch(name, &params, &Patch::Apply(&secret))
            .await
            .map_err(|source| self.failed("applying", name, source))?;
        let change = match before {
            None => SecretChange::Created,
            Some(before) if before.metadata.resource_version == after.metadata.resource_version => {
                SecretChange::Unchanged
            }
            Some(_) => SecretChange::Changed,
        };
        debug!(cluster = cluster.name, %change, "registered in Argo CD");
        Ok(Registered {
            cluster: cluster.summary(),
            change,
        })
    }

    /// Registers a cluster of Cluster API: its kubeconfig from the Secret `NAME-kubeconfig` beside it, and those of its
    /// labels that the filter lets through.
    pub async fn register_cluster_api(
        &self,
        namespace: &str,
        name: &str,
        labels: &BTreeMap<String, String>,
        filter: &LabelFilter,
    ) -> Result<Registered, RegistryError> {
        let cluster = self.cluster_api(namespace, name, labels, filter).await?;
        self.register(&cluster).await
    }

    /// A cluster of Cluster API as [`register_cluster_api`](Self::register_cluster_api) registers it, before that: to register
    /// it with Argo CD's own account ([`add`](Self::add)) and not with Cluster API's administrator.
    pub async fn cluster_api(
        &self,
        namespace: &str,
        name: &str,
        labels: &BTreeMap<String, String>,
        filter: &LabelFilter,
    ) -> Result<ClusterSecret, RegistryError> {
        let kubeconfig = self.kubeconfig(namespace, name).await?;
        Ok(spoke(name, &kubeconfig, labels, filter)?)
    }

    /// What `argocd cluster add` does: puts Argo CD's account onto the spoke and registers the cluster with the account's
    /// token. Doing it again changes nothing; with another access it grants and takes away what differs.
    ///
    /// Address, proxy, certificates to trust, labels, project and shard are the cluster's; its credentials are replaced, and
    /// its namespaces are those of the access.
    ///
    /// # Errors
    /// The spoke refuses the account or makes no token, or the hub refuses the Secret.
    pub async fn add(
        &self,
        cluster: &ClusterSecret,
        spoke: &Spoke,
        access: &SpokeAccess,
    ) -> Result<Registered, RegistryError> {
        let granted = spoke.grant(access).await?;
        let mut cluster = cluster.clone();
        cluster.config = cluster.config.with_account(granted);
        cluster.namespaces.clone_from(&access.namespaces);
        self.register(&cluster).await
    }

    /// Makes the account of a registered cluster a new token and puts it into the cluster's Secret; nothing else of it is
    /// touched. Between the two Argo CD cannot sign in. If the hub does not answer then, [`add`](Self::add) mends it.
    ///
    /// # Errors
    /// No cluster of this name is registered, which is found out before anything is changed, or as [`add`](Self::add).
    pub async fn rotate(
        &self,
        cluster: &str,
        spoke: &Spoke,
        access: &SpokeAccess,
    ) -> Result<(), RegistryError> {
        let registered = self.registered(cluster).await?;
        let config = registered.config.with_account(spoke.rotate(access).await?);
        let config = config.to_json().map_err(|source| RegistryError::Encode {
            cluster: cluster.to_owned(),
            source,
        })?;
        let name = registered.secret_name.as_str();
        let patch = serde_json::json!({"data": {"config": ByteString(config.into_bytes())}});
        self.secrets()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(|source| self.failed("changing", name, source))
    }

    /// The clusters registered, by the names of their Secrets.
    ///
    /// # Errors
    /// The API server does not answer, or one of the Secrets cannot be read: nothing is left out in silence.
    pub async fn list(&self) -> Result<Vec<ClusterSecret>, RegistryError> {
        let params = ListParams::default().labels(&format!("{SECRET_TYPE_LABEL}=cluster"));
        let found = self
            .secrets()
            .list(&params)
            .await
            .map_err(|source| self.failed("listing", "*", source))?;
        let clusters: Result<Vec<_>, _> = found.items.iter().map(ClusterSecret::from_secret).collect();
        let mut clusters = clusters?;
        clusters.sort_by(|a, b| a.secret_name.cmp(&b.secret_name));
        Ok(clusters)
    }

    /// Sets labels of a registered cluster, and takes those away that are given without a value. The credentials are not
    /// touched.
    ///
    /// # Errors
    /// No cluster of this name is registered, or the API server refuses.
    pub async fn label(
        &self,
        cluster: &str,
        labels: &BTreeMap<String, Option<String>>,
    ) -> Result<(), RegistryError> {
        let registered = self.registered(cluster).await?;
        let name = registered.secret_name.as_str();
        let patch = serde_json::json!({"metadata": {"labels": labels}});
        self.secrets()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(|source| self.failed("labelling", name, source))
    }

    /// Removes the cluster of this name from Argo CD: deletes its Secret. The cluster and what runs on it stay.
    ///
    /// Tells whether there was one.
    pub async fn remove(&self, cluster: &str) -> Result<bool, RegistryError> {
        let secrets = self.secrets();
        let params = ListParams::default().labels(&format!("{SECRET_TYPE_LABEL}=cluster"));
        let found = secrets
            .list(&params)
            .await
            .map_err(|source| self.failed("listing", "*", source))?;
        let mut removed = false;
        for secret in found.items {
            let Some(name) = secret.metadata.name.as_deref() else {
                continue;
            };
            if secret_text(&secret, "name")?.as_deref() != Some(cluster) {
                continue;
            }
            // Not another Secret that has taken the name meanwhile.
            let same = Preconditions {
                uid: secret.metadata.uid.clone(),
                resource_version: None,
            };
            let params = DeleteParams {
                preconditions: Some(same),
                ..DeleteParams::default()
            };
            match secrets.delete(name, &params).await {
                Ok(_) => removed = true,
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(source) => return Err(self.failed("deleting", name, source)),
            }
        }
        Ok(removed)
    }

    async fn kubeconfig(&self, namespace: &str, cluster: &str) -> Result<SecretString, RegistryError> {
        let name = format!("{cluster}-kubeconfig");
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let secret = secrets
            .get_opt(&name)
            .await
            .map_err(|source| failed("reading", namespace, &name, source))?
            .ok_or_else(|| RegistryError::NoKubeconfig {
                namespace: namespace.to_owned(),
                cluster: cluster.to_owned(),
            })?;
        if secret.type_.as_deref() != Some(CLUSTER_API_SECRET) {
            return Err(RegistryError::NotClusterApis {
                namespace: namespace.to_owned(),
                secret: name,
                found: secret.type_.unwrap_or_default(),
            });
        }
        let kubeconfig = secret_text(&secret, "value")?.ok_or(ClusterSecretError::Missing {
            secret: name,
            key: "value",
            expected: "a kubeconfig",
        })?;
        Ok(kubeconfig.into())
    }

    async fn registered(&self, cluster: &str) -> Result<ClusterSecret, RegistryError> {
        let registered = self.list().await?;
        let found = registered.into_iter().find(|known| known.name == cluster);
        found.ok_or_else(|| RegistryError::NotRegistered {
            cluster: cluster.to_owned(),
        })
    }

    pub(super) fn client(&self) -> &kube::Client {
        &self.client
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.argocd_namespace)
    }

    fn failed(&self, verb: &'static str, name: &str, source: kube::Error) -> RegistryError {
        failed(verb, &self.argocd_namespace, name, source)
    }
}

fn failed(verb: &'static str, namespace: &str, name: &str, source: kube::Error) -> RegistryError {
    RegistryError::Kubernetes {
        verb,
        kind: "Secret",
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        source: Box::new(source),
    }
}

/// Who sets the fields of what this crate applies.
pub(super) const FIELD_MANAGER: &str = "fleet-sdk";

/// The type of the Secrets Cluster API writes.
const CLUSTER_API_SECRET: &str = "cluster.x-k8s.io/secret";
