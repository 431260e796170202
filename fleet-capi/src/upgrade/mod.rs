//! One cluster's upgrade, hop by hop: which step is next, and (feature `kube`) taking it on a management cluster.
//!
//! What to do is a pure function, [`next_step_of`] an [`Order`]; [`CapiClusterDriver`] reads the state, asks it and takes the step.
//! The order is always the same: the control plane, then, when every machine of it runs the new version, the
//! workers. A cluster with a managed topology gets one change, and Cluster API keeps that order.
//!
//! What Cluster API does not refuse is refused here: a control plane of a lower version, and workers that would fall
//! out of the version skew. See [`Refusal`]. And a version that Argo CD, Flux, Helm or `kubectl apply` keeps is not written
//! over: the driver says what is to be committed instead. See [`VersionOwner`](crate::rollout::VersionOwner).

mod order;
mod refusal;
mod step;

#[cfg(feature = "kube")]
mod changes;
#[cfg(feature = "kube")]
mod driver;
#[cfg(feature = "kube")]
mod error;
#[cfg(feature = "kube")]
mod progress;
#[cfg(feature = "kube")]
mod rotation;
#[cfg(feature = "kube")]
mod take;

#[cfg(feature = "kube")]
pub use driver::CapiClusterDriver;
#[cfg(feature = "kube")]
pub(crate) use driver::standing_order;
#[cfg(feature = "kube")]
pub use error::UpgradeError;
pub use order::{Former, Half, Order, Phases, Rotation, UpgradeRecord};
#[cfg(feature = "kube")]
pub use progress::ClusterProgress;
pub use refusal::Refusal;
pub use step::{Step, next_step, next_step_of};
