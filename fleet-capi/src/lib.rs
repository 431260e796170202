#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod accessors;
mod addons;
pub mod admission;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
pub mod build;
mod class;
pub mod contract;
pub mod conversion;
mod crds;
#[cfg(feature = "docker")]
pub mod docker;
pub mod inventory;
mod kubeadm;
#[cfg(feature = "kube")]
pub mod management;
mod meta;
pub mod object;
mod presence;
pub mod repository;
pub mod rollout;
mod schema;
mod sensitive;
pub mod upgrade;
pub mod v1alpha1;
pub mod v1beta1;
pub mod v1beta2;
#[cfg(feature = "vsphere")]
pub mod vsphere;
#[cfg(feature = "kube")]
pub mod workload;

pub use accessors::CLUSTER_NAME_LABEL;
pub use build::{ClusterSpec, NodePool};
pub use crds::crds;
pub use fleet_core::GoDuration;
pub use object::{ApiKind, Object, ObjectError};
pub use repository::ClusterRepository;
pub use sensitive::SensitiveString;
