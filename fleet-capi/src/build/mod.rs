//! The manifests of a production cluster, from a small spec.
//!
//! ```
//! use fleet_capi::{ClusterSpec, NodePool};
//!
//! let eu = ClusterSpec::aws("production-eu-west", "eu-west-1")
//!     .version("v1.34.2".parse()?)
//!     .control_plane(3)
//!     .pool(NodePool::new("workers", 5).instance_type("m6i.large"))
//!     .labels([("env", "production"), ("tier", "gold")]);
//! for object in eu.manifests()? {
//!     println!("---\n{}", object.to_yaml()?);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is made is complete: the cluster and its infrastructure, the control plane, a `MachineDeployment` with a machine
//! template and a kubeadm template for each pool, and health checks that have machines replaced which do not come
//! up or fall ill. It is checked as [`admission`](crate::admission) does before it is given out.
//!
//! # What it decides
//!
//! - The API version is v1beta2; [`ClusterSpec::manifests_v1beta1`] gives Cluster API's own kinds in v1beta1.
//! - Pods have `192.168.0.0/16` and services `10.128.0.0/12` where nothing else is said.
//! - Machines that are deleted are drained for ten minutes at most, and volumes may take five to be detached: Cluster API's
//!   own default is to wait for ever.
//! - A machine that is no node after twenty minutes, or whose node is not ready for five, is replaced, as long as
//!   no more than 40 % of its group are unhealthy; control planes of one machine have no health check.
//! - The cloud provider is an external one on AWS, Azure and vSphere, as Kubernetes has no other any more: its
//!   controller comes as an [add-on](AddOn), and so does the network plug-in.
//!
//! What the builders do not know can be added to the objects, which are ordinary typed values.

mod add_on;
mod control_plane;
#[cfg_attr(
    not(any(feature = "aws", feature = "azure", feature = "docker", feature = "vsphere")),
    allow(
        dead_code,
        unused_variables,
        reason = "without a platform only classes are left"
    )
)]
mod kubeadm;
mod objects;
#[cfg_attr(
    not(any(feature = "aws", feature = "azure", feature = "docker", feature = "vsphere")),
    allow(
        dead_code,
        unused_variables,
        reason = "without a platform only classes are left"
    )
)]
mod platform;
mod pool;
mod spec;
mod topology;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "docker")]
mod docker;
#[cfg(feature = "vsphere")]
mod vsphere;

pub use add_on::AddOn;
pub use control_plane::{AuditLog, ControlPlane};
pub use platform::Platform;
pub use pool::NodePool;
pub use spec::ClusterSpec;

#[cfg(feature = "aws")]
pub use aws::Aws;
#[cfg(feature = "azure")]
pub use azure::Azure;
#[cfg(feature = "docker")]
pub use docker::{Docker, InMemory};
#[cfg(feature = "vsphere")]
pub use vsphere::Vsphere;
