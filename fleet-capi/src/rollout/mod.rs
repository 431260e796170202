//! Reading a rollout: what is rolling, how far it is, what is still old, and what holds it up.
//!
//! Cluster API's counters lie: for about a second after a version was changed, a `MachineDeployment` says that it has
//! seen the change (`observedGeneration`), that nothing is rolling out and that all replicas are up to date, before
//! anything has moved. So nothing here is done by counters alone. [`RolloutStatus`] goes by the Machines and their
//! kubelets, and takes counters and conditions as further things that must agree.
//!
//! ```
//! use fleet_capi::rollout::{ClusterState, Phase, RolloutStatus};
//! use serde_json::json;
//!
//! let cluster = json!({
//!     "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster", "metadata": {"name": "eu"},
//!     "spec": {"controlPlaneRef": {
//!         "apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": "eu"}},
//! });
//! let control_plane = json!({
//!     "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "KubeadmControlPlane",
//!     "metadata": {"name": "eu", "generation": 2}, "spec": {"replicas": 1, "version": "v1.31.0"},
//!     "status": {"observedGeneration": 2, "upToDateReplicas": 1},
//! });
//! let machine = json!({
//!     "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
//!     "metadata": {"name": "eu-x7", "labels": {"cluster.x-k8s.io/control-plane": ""}},
//!     "spec": {"clusterName": "eu", "version": "v1.30.0"},
//!     "status": {"nodeInfo": {"kubeletVersion": "v1.30.0"}},
//! });
//! let state = ClusterState::from_objects("eu", [cluster, control_plane, machine])?;
//! let status = RolloutStatus::of(&state, &"v1.31.0".parse()?);
//! assert_eq!(status.phase(), Phase::ControlPlane); // whatever the counters say
//! assert_eq!(status.unfinished()[0].to_string(), "Machine eu-x7: asks for v1.30.0, not v1.31.0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod clock;
mod owner;
pub(crate) mod read;
pub(crate) mod state;
mod status;

pub use block::{BlockReason, Blocked};
pub use clock::{Pace, Patience, ProgressClock};
pub use owner::{DeclaredBy, FIELD_MANAGER, VersionOwner};
pub use state::{
    ClusterState, Condition, GroupKind, MachineGroup, MachineRole, MachineSetState, MachineState, ObjectRef,
    StateError, TemplateRef, Topology,
};
pub use status::{GroupProgress, Phase, Progress, RolloutStatus, Unfinished, Why};

/// The annotation on the object that holds a cluster's version (the control plane, or the Cluster with a topology)
/// while this SDK upgrades it: an [`UpgradeRecord`](crate::upgrade::UpgradeRecord) in JSON. It is what lets another process
/// take the upgrade over.
pub const UPGRADE_ANNOTATION: &str = "fleet-sdk.dev/upgrade";
