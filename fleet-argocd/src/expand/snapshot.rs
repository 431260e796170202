//! What the generators look at, taken at one moment.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use serde::{Deserialize, Serialize};

use crate::cluster::{ClusterSecret, ClusterSecretError, SECRET_TYPE_LABEL, secret_text};

/// Everything outside the ApplicationSet that an expansion depends on.
///
/// Now the clusters registered in Argo CD; the sources of further generators will stand beside them. A snapshot
/// holds no credentials, and clusters in the order of their Secrets' names, in whatever order they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    clusters: BTreeMap<String, SnapshotCluster>,
}

/// What the clusters generator knows of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotCluster {
    /// The cluster's name in Argo CD.
    pub name: String,
    /// The URL of its API server.
    pub server: String,
    /// The `AppProject` it is registered for; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The labels of its Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The annotations of its Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Snapshot {
    /// Nothing at all: no cluster is registered.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds clusters as they are registered.
    pub fn with_clusters<'a>(mut self, clusters: impl IntoIterator<Item = &'a ClusterSecret>) -> Self {
        for cluster in clusters {
            self.clusters
                .insert(cluster.secret_name.clone(), SnapshotCluster::from(cluster));
        }
        self
    }

    /// Takes the cluster Secrets of Argo CD's namespace from a list of Secrets; other Secrets are passed over.
    ///
    /// Credentials are not read, so a cluster whose `config` is broken still counts, as it does in Argo CD.
    ///
    /// # Errors
    /// A cluster Secret has no name, or a name, server or project that is not text.
    pub fn from_secrets<'a>(
        argocd_namespace: &str,
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, ClusterSecretError> {
        let mut snapshot = Self::default();
        for secret in secrets {
            let metadata = &secret.metadata;
            let labels = metadata.labels.clone().unwrap_or_default();
            let is_cluster = labels
                .get(SECRET_TYPE_LABEL)
                .is_some_and(|kind| kind == "cluster");
            if !is_cluster || metadata.namespace.as_deref() != Some(argocd_namespace) {
                continue;
            }
            let secret_name = metadata.name.clone().ok_or(ClusterSecretError::Unnamed)?;
            let cluster = SnapshotCluster {
                name: secret_text(secret, "name")?.unwrap_or_default(),
                server: secret_text(secret, "server")?.unwrap_or_default(),
                project: secret_text(secret, "project")?.unwrap_or_default(),
                labels,
                annotations: metadata.annotations.clone().unwrap_or_default(),
            };
            snapshot.clusters.insert(secret_name, cluster);
        }
        Ok(snapshot)
    }

    /// The clusters in the order of their Secrets' names.
    pub fn clusters(&self) -> impl Iterator<Item = &SnapshotCluster> {
        self.clusters.values()
    }
}

impl From<&ClusterSecret> for SnapshotCluster {
    fn from(cluster: &ClusterSecret) -> Self {
        let mut labels = cluster.labels.clone();
        labels.insert(SECRET_TYPE_LABEL.to_owned(), "cluster".to_owned());
        Self {
            name: cluster.name.clone(),
            server: cluster.server.clone(),
            project: cluster.project.clone().unwrap_or_default(),
            labels,
            annotations: cluster.annotations.clone(),
        }
    }
}
