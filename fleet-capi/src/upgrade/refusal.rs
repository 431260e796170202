//! Why an upgrade is not started.

use fleet_core::KubernetesVersion;
use fleet_core::skew::SkewError;
use serde::{Serialize, Serializer};

use crate::rollout::ObjectRef;

/// Why a cluster is not brought to a version. Nothing has been changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Refusal {
    /// The cluster is being deleted.
    #[error("{object} is being deleted")]
    Deleting {
        /// The Cluster.
        object: Box<ObjectRef>,
    },
    /// The Cluster has no control plane object, or that says no version.
    #[error(
        "{object} has no control plane with a version; expected spec.controlPlaneRef to name an object with spec.version"
    )]
    NoVersion {
        /// The Cluster.
        object: Box<ObjectRef>,
    },
    /// The control plane cannot go there in one hop: down, or more than one minor up.
    #[error("{object} cannot be brought to {to}")]
    Hop {
        /// The control plane, or the Machine that is ahead of it.
        object: Box<ObjectRef>,
        /// The version asked for.
        to: KubernetesVersion,
        /// Which rule it breaks.
        #[source]
        #[serde(serialize_with = "as_text")]
        skew: Box<SkewError>,
    },
    /// The control plane would leave these workers more minors behind than their kubelets may be: upgrade them to
    /// the control plane's present version first.
    #[error("{object} would be out of the version skew under a control plane of {to}; upgrade it first")]
    WorkersTooOld {
        /// The `MachineDeployment`, `MachinePool` or Machine.
        object: Box<ObjectRef>,
        /// The version asked for.
        to: KubernetesVersion,
        /// Which rule it breaks.
        #[source]
        #[serde(serialize_with = "as_text")]
        skew: Box<SkewError>,
    },
    /// Workers are newer than what is asked for. They are not taken back.
    #[error("{object} is at {found}, newer than {to}; expected {to} or older, so ask for {found} or later")]
    WorkersNewer {
        /// The `MachineDeployment`, `MachinePool` or Machine.
        object: Box<ObjectRef>,
        /// Its version.
        found: KubernetesVersion,
        /// The version asked for.
        to: KubernetesVersion,
    },
    /// Workers alone were asked for, and the control plane is not there yet.
    #[error(
        "{object} is at {found}, older than {to}; workers are never newer than their control plane, so upgrade that first"
    )]
    ControlPlaneFirst {
        /// The control plane, or the Cluster with a topology.
        object: Box<ObjectRef>,
        /// Its version.
        found: KubernetesVersion,
        /// The version asked for.
        to: KubernetesVersion,
    },
    /// Workers were named that the cluster does not have.
    #[error(
        "{object} has no MachineDeployment or MachinePool `{name}`; it has {}",
        listed(known)
    )]
    UnknownWorkers {
        /// The Cluster.
        object: Box<ObjectRef>,
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// Templates were to change with a version that the order does not stop at, so they never would.
    #[error(
        "{object} does not stop at {version}, with which templates were to change; it stops at {}",
        listed(stops)
    )]
    RotationWithoutStop {
        /// The Cluster.
        object: Box<ObjectRef>,
        /// The version of the rotation.
        version: KubernetesVersion,
        /// Where the order stops.
        stops: Vec<KubernetesVersion>,
    },
    /// An abort came too late: a control-plane machine of the new version has joined. There is no way back from here.
    #[error(
        "{object} has joined the control plane already; a control plane is not taken back, so go on or stop here"
    )]
    Committed {
        /// The Machine.
        object: Box<ObjectRef>,
    },
    /// An abort of a control plane that has no Machines: a provider runs it, and has begun with the request.
    #[error("{object} has no Machines, so its provider has begun already; its version is not taken back")]
    Managed {
        /// The control plane.
        object: Box<ObjectRef>,
    },
    /// Cluster API does not let the version of a topology be lowered, not even before anything has begun.
    #[error("{object} has a managed topology, whose version Cluster API does not let go down")]
    TopologyGoesUp {
        /// The Cluster.
        object: Box<ObjectRef>,
    },
    /// A rotation copies machine templates, and a `MachinePool` has none: its machines are as its one infrastructure object
    /// says.
    #[error(
        "{object} has no machine template to rotate; change its infrastructure object, and rotate the control plane's alone"
    )]
    PoolTemplates {
        /// The `MachinePool`.
        object: Box<ObjectRef>,
    },
    /// The templates of a cluster with a topology come from its `ClusterClass`.
    #[error(
        "{object} has a managed topology; its machine templates change with its ClusterClass, not with an order"
    )]
    TopologyTemplates {
        /// The Cluster.
        object: Box<ObjectRef>,
    },
}

fn listed<T: ToString>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn as_text<S: Serializer>(skew: &SkewError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(skew)
}
