//! Upgrades clusters that Cluster API manages.

use async_trait::async_trait;
use fleet_capi::management::ManagementError;
use fleet_capi::rollout::{BlockReason, Phase};
use fleet_capi::upgrade::{CapiClusterDriver, ClusterProgress, UpgradeError};
use fleet_core::{ClusterName, KubernetesVersion};

use crate::kernel::{ClusterReport, Health, Rollout, Told};
use crate::ports::{ClusterUpgrader, UpgraderError};

/// A [`ClusterUpgrader`] over a management cluster.
///
/// It keeps nothing of its own: what was started stands in the clusters' objects. Looking at a cluster that is being
/// upgraded also takes the step that is due (the workers, when the control plane is done), so an upgrade goes on as long as
/// someone looks; the engine does.
///
/// A cluster is settled when every machine of it runs the version and nothing speaks against it. What holds up a
/// cluster that is not settled is its ailment; one that the management cluster does not reach is of unknown health. Who
/// changed a version last is the field manager that the management cluster has recorded.
#[derive(Debug, Clone)]
pub struct CapiUpgrader {
    driver: CapiClusterDriver,
}

impl CapiUpgrader {
    /// Upgrades the clusters of all namespaces of this management cluster.
    pub fn new(client: kube::Client) -> Self {
        Self::from(CapiClusterDriver::new(client))
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self::from(self.driver.in_namespace(namespace))
    }
}

impl From<CapiClusterDriver> for CapiUpgrader {
    fn from(driver: CapiClusterDriver) -> Self {
        Self { driver }
    }
}

/// The clusters of a management cluster, kept current by its watches.
#[cfg(feature = "operator")]
#[derive(Debug, Clone)]
pub struct CapiFleet {
    management: fleet_capi::management::ManagementCluster,
}

#[cfg(feature = "operator")]
impl CapiFleet {
    /// The clusters of all namespaces.
    pub fn new(client: kube::Client) -> Self {
        Self {
            management: fleet_capi::management::ManagementCluster::new(client),
        }
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            management: self.management.in_namespace(namespace),
        }
    }
}

#[cfg(feature = "operator")]
#[async_trait]
impl crate::operator::FleetSource for CapiFleet {
    async fn fleet(&self) -> Result<fleet_core::Fleet, crate::ports::BoxError> {
        Ok(self.management.fleet().await?)
    }
}

#[async_trait]
impl ClusterUpgrader for CapiUpgrader {
    async fn start(&self, cluster: &ClusterName, to: &KubernetesVersion) -> Result<(), UpgraderError> {
        self.driver
            .start(cluster, to)
            .await
            .map(|_| ())
            .map_err(|error| translate(cluster, error))
    }

    async fn observe(&self, cluster: &ClusterName) -> Result<ClusterReport, UpgraderError> {
        let progress = self
            .driver
            .observe(cluster)
            .await
            .map_err(|error| translate(cluster, error))?;
        Ok(report(progress))
    }
}

fn report(progress: ClusterProgress) -> ClusterReport {
    let ClusterProgress {
        version,
        oldest,
        asked,
        target,
        workers_behind,
        machines,
        phase,
        done,
        blocked,
        writer,
        workers_writer,
        ..
    } = progress;
    // What was told to one half only was not told to the cluster: it wants what its workers want.
    let rests_behind = workers_behind.is_some() && phase == Phase::Done;
    let (writer, control_plane) = match (&workers_behind, &asked) {
        (Some(_), Some(asked)) => {
            let version = asked.clone();
            (workers_writer, Some(Box::new(Told { version, writer })))
        }
        _ => (writer, None),
    };
    let desired = workers_behind.or(asked).unwrap_or(target);
    let done = done || rests_behind;
    let health = match (&version, blocked) {
        _ if done => Health::Healthy,
        // Nothing runs, or nobody can say what does.
        (None, _) => Health::Unknown,
        (_, Some(blocked)) if blocked.reason == BlockReason::Unreachable => Health::Unknown,
        (_, Some(blocked)) => Health::Degraded {
            reason: blocked.to_string(),
        },
        (_, None) => Health::Healthy,
    };
    let rollout = if done {
        Rollout::Settled
    } else {
        Rollout::Rolling {
            updated: machines.at_target,
            total: machines.desired,
        }
    };
    let oldest = if done {
        desired.clone()
    } else {
        oldest.unwrap_or_else(|| desired.clone())
    };
    ClusterReport {
        desired,
        oldest,
        rollout,
        health,
        writer,
        control_plane,
    }
}

fn translate(cluster: &ClusterName, error: UpgradeError) -> UpgraderError {
    let cluster = cluster.clone();
    match error {
        UpgradeError::Management(ManagementError::NotFound { .. }) => UpgraderError::NotFound { cluster },
        UpgradeError::Refused { refusal, .. } => UpgraderError::Refused {
            cluster,
            reason: refusal.to_string(),
        },
        // Waiting does not help: somebody must commit the version, and the error says where.
        error @ UpgradeError::Declared { .. } => UpgraderError::Refused {
            cluster,
            reason: error.to_string(),
        },
        error => UpgraderError::Unavailable {
            cluster,
            source: Box::new(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use fleet_capi::rollout::ClusterState;
    use fleet_capi::upgrade::next_step;
    use serde_json::json;

    use super::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    /// A cluster of one control-plane machine, asked for one version and running another.
    fn cluster(asked: &str, runs: &str) -> [serde_json::Value; 3] {
        let labels = json!({"cluster.x-k8s.io/cluster-name": "eu", "cluster.x-k8s.io/control-plane": ""});
        [
            json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
                "metadata": {"name": "eu", "namespace": "fleet"},
                "spec": {"controlPlaneRef": {
                    "apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": "eu"}},
            }),
            json!({
                "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "KubeadmControlPlane",
                "metadata": {"name": "eu", "namespace": "fleet", "generation": 1},
                "spec": {"replicas": 1, "version": asked},
                "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1,
                    "upToDateReplicas": u32::from(asked == runs), "version": runs},
            }),
            json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
                "metadata": {"name": "eu-0", "namespace": "fleet", "labels": labels, "ownerReferences": [{
                    "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "KubeadmControlPlane",
                    "name": "eu", "uid": "1", "controller": true}]},
                "spec": {"clusterName": "eu", "version": runs},
                "status": {"phase": "Running", "nodeInfo": {"kubeletVersion": runs}, "conditions": [
                    {"type": "Ready", "status": "True"}, {"type": "Available", "status": "True"}]},
            }),
        ]
    }

    fn seen(asked: &str, runs: &str) -> ClusterReport {
        let state = ClusterState::from_values("eu", &cluster(asked, runs)).unwrap();
        let asked = version(asked);
        report(ClusterProgress::new(&state, &asked, next_step(&state, &asked)))
    }

    #[test]
    fn a_cluster_that_rolls_is_not_settled() {
        let report = seen("v1.31.4", "v1.30.8");
        assert_eq!(report.desired, version("v1.31.4"));
        assert_eq!(report.oldest, version("v1.30.8"));
        assert_eq!(report.rollout, Rollout::Rolling { updated: 0, total: 1 });
    }

    #[test]
    fn a_cluster_that_is_done_is_settled_and_healthy() {
        let report = seen("v1.31.4", "v1.31.4");
        assert_eq!(report, ClusterReport::settled(version("v1.31.4")));
    }

    #[test]
    fn a_cluster_whose_workers_were_left_behind_wants_what_they_want() {
        let workers = |runs: &str| {
            let labels =
                json!({"cluster.x-k8s.io/cluster-name": "eu", "cluster.x-k8s.io/deployment-name": "eu-w"});
            [
                json!({
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineDeployment",
                    "metadata": {"name": "eu-w", "namespace": "fleet", "generation": 1, "labels": labels},
                    "spec": {"clusterName": "eu", "replicas": 1, "template": {"spec": {"version": "v1.30.8"}}},
                    "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1,
                        "upToDateReplicas": 1, "versions": [{"version": runs, "replicas": 1}]},
                }),
                json!({
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
                    "metadata": {"name": "eu-w-0", "namespace": "fleet", "labels": labels},
                    "spec": {"clusterName": "eu", "version": runs},
                    "status": {"phase": "Running", "nodeInfo": {"kubeletVersion": runs}, "conditions": [
                        {"type": "Ready", "status": "True"}, {"type": "Available", "status": "True"},
                        {"type": "UpToDate", "status": "True"}]},
                }),
            ]
        };
        let asked = version("v1.31.4");
        let at_rest = |runs: &str| {
            let objects: Vec<_> = cluster("v1.31.4", "v1.31.4")
                .into_iter()
                .chain(workers(runs))
                .collect();
            let state = ClusterState::from_values("eu", &objects).unwrap();
            report(ClusterProgress::at_rest(&state, &asked))
        };
        let control_plane = Some(Box::new(Told {
            version: version("v1.31.4"),
            writer: None,
        }));
        let expected = ClusterReport {
            control_plane,
            ..ClusterReport::settled(version("v1.30.8"))
        };
        assert_eq!(at_rest("v1.30.8"), expected);
        // A worker that is neither here nor there: they do not rest.
        let moving = at_rest("v1.29.1");
        assert_eq!(moving.desired, version("v1.30.8"));
        assert_ne!(moving.rollout, Rollout::Settled, "{moving:?}");
    }

    #[test]
    fn what_cannot_be_mended_by_waiting_is_told_apart() {
        let cluster: ClusterName = "eu".parse().unwrap();
        let gone = UpgradeError::Management(ManagementError::NotFound {
            cluster: cluster.clone(),
            namespace: None,
        });
        assert!(matches!(
            translate(&cluster, gone),
            UpgraderError::NotFound { .. }
        ));
        let ambiguous = UpgradeError::Management(ManagementError::Ambiguous {
            cluster: cluster.clone(),
            namespaces: Vec::new(),
        });
        assert!(matches!(
            translate(&cluster, ambiguous),
            UpgraderError::Unavailable { .. }
        ));
    }
}
