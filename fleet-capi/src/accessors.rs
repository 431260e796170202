//! What callers ask of the main kinds again and again.

use fleet_core::{KubernetesVersion, VersionError};

use crate::{v1beta1, v1beta2};

macro_rules! condition {
    ($($version:ident :: $kind:ident),+) => {
        $(
            impl $version::$kind {
                /// The condition of a type, such as `Available`, if a controller has reported it.
                pub fn condition(&self, type_: &str) -> Option<&$version::Condition> {
                    let conditions = self.status.as_ref()?.conditions.as_ref()?;
                    conditions.iter().find(|condition| condition.type_ == type_)
                }
            }
        )+
    };
}
condition!(
    v1beta1::Cluster,
    v1beta1::KubeadmControlPlane,
    v1beta1::Machine,
    v1beta1::MachineDeployment
);
condition!(v1beta1::MachineSet);
condition!(
    v1beta2::Cluster,
    v1beta2::KubeadmControlPlane,
    v1beta2::Machine,
    v1beta2::MachineDeployment
);
condition!(v1beta2::MachineSet);

macro_rules! both_versions {
    ($($version:ident),+) => {
        $(
            impl $version::Cluster {
                /// Whether the cluster is made from a class: then its version is changed in `spec.topology` only.
                pub fn is_topology(&self) -> bool {
                    self.spec.topology.is_some()
                }

                /// Whether every controller of the cluster is told to stop, by `spec.paused`.
                pub fn is_paused(&self) -> bool {
                    self.spec.paused == Some(true)
                }
            }

            impl $version::KubeadmControlPlane {
                /// The Kubernetes version the control plane should run.
                pub fn kubernetes_version(&self) -> Result<KubernetesVersion, VersionError> {
                    self.spec.version.parse()
                }
            }

            impl $version::Machine {
                /// The Kubernetes version the machine should run, if it says one.
                pub fn kubernetes_version(&self) -> Option<Result<KubernetesVersion, VersionError>> {
                    self.spec.version.as_ref().map(|version| version.parse())
                }
            }
        )+
    };
}
both_versions!(v1beta1, v1beta2);

/// The label Cluster API puts on everything that belongs to a cluster.
pub const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";
