//! The fleet of a live management cluster.

use std::sync::Arc;

use fleet_core::{
    ClusterName, Fleet, FleetCluster, FleetError, KubernetesVersion, LabelError, Labels, NameError,
    NodeCounts, VersionError,
};
use kube::Client;

use super::provider_of;
use crate::management::{Entry, ManagementCluster, ManagementError};
use crate::upgrade::standing_order;

/// Reads the fleet that a management cluster manages, once: every Cluster of every namespace that the client may list.
/// To keep it current, ask a [`ManagementCluster`] again and again instead.
///
/// Four lists, in pages of 500: Clusters, `KubeadmControlPlanes`, `MachineDeployments` and `MachinePools`. The version is
/// what is asked of the control plane; where that is of another kind, what `Cluster.status` reports (from Cluster API 1.14 on; else
/// those control planes are listed, too). Networks are those of Pods
/// and Services, which the Cluster says; those of nodes are in the infrastructure's own object, which only a
/// [`ClusterRepository`](crate::ClusterRepository) reads.
///
/// # Errors
/// One cluster that cannot be a member of a fleet is an error, not a gap.
pub async fn inventory(client: Client) -> Result<Fleet, InventoryError> {
    ManagementCluster::new(client).fleet().await
}

impl Entry {
    /// Group and kind of a control plane that alone knows the cluster's version.
    pub(crate) fn silent_control_plane(&self) -> Option<(String, String)> {
        let is_silent = self.state().desired_version().is_none() && self.facts.reported_version.is_none();
        let (group, kind, _) = self.facts.control_plane.as_ref().filter(|_| is_silent)?;
        Some((group.clone(), kind.clone()))
    }

    /// The cluster as a member of a fleet.
    pub(crate) fn member(&self) -> Result<FleetCluster, InventoryError> {
        let state = self.state();
        let name: ClusterName = state.name.parse().map_err(InventoryError::Name)?;
        let labels =
            Labels::from_pairs(self.facts.labels.clone()).map_err(|source| InventoryError::Label {
                cluster: name.clone(),
                source,
            })?;
        let version = match (state.desired_version(), &self.facts.reported_version) {
            (Some(version), _) => version.clone(),
            (None, Some(reported)) => {
                reported
                    .parse::<KubernetesVersion>()
                    .map_err(|source| InventoryError::Version {
                        cluster: name.clone(),
                        source,
                    })?
            }
            (None, None) => return Err(InventoryError::NoVersion { cluster: name }),
        };
        let nodes = self.facts.nodes.unwrap_or_else(|| NodeCounts {
            control_plane: self
                .control_plane_replicas
                .or(self.facts.reported_replicas)
                .unwrap_or(0),
            workers: self.workers.values().map(|group| group.replicas).sum(),
        });
        let domains = self.workers.values().flat_map(|group| &group.failure_domains);
        let domains = self.facts.failure_domains.iter().chain(domains).cloned();
        let member = FleetCluster::new(name, version);
        // What an order under way will bring on is not left behind.
        let behind = state.workers_behind().filter(|_| standing_order(state).is_none());
        let member = match behind {
            Some(workers) => member.with_worker_version(workers.clone()),
            None => member,
        };
        Ok(member
            .with_labels(labels)
            .with_nodes(nodes)
            .with_provider(provider_of(&self.facts.infrastructure))
            .with_failure_domains(domains)
            .with_networks(self.facts.networks.clone()))
    }
}

/// Why a management cluster's fleet cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// The API server did not list a kind.
    #[error("cannot list {kind} objects of the management cluster")]
    Api {
        /// The kind.
        kind: String,
        /// What the API server says.
        #[source]
        source: Arc<kube::Error>,
    },
    /// The management cluster cannot be looked at.
    #[error("the management cluster cannot be looked at")]
    Management(#[source] Box<ManagementError>),
    /// A Cluster's name cannot name a member of a fleet.
    #[error("a Cluster's name cannot name a member of a fleet")]
    Name(#[source] NameError),
    /// A Cluster's labels are not labels.
    #[error("the labels of Cluster {cluster} are not valid")]
    Label {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: LabelError,
    },
    /// No version can be found for a cluster.
    #[error(
        "Cluster {cluster} has no version: neither spec.topology.version, nor a control plane with spec.version, nor status.controlPlane.versions"
    )]
    NoVersion {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A cluster's version is not one.
    #[error("the version of Cluster {cluster} is no Kubernetes version")]
    Version {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: VersionError,
    },
    /// The clusters do not make a fleet.
    #[error("the Clusters do not make a fleet")]
    Fleet(#[source] FleetError),
}
