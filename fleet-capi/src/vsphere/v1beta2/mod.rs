//! Cluster API for vSphere, infrastructure.cluster.x-k8s.io/v1beta2.

mod cluster;
mod cluster_template;
mod machine;
mod machine_template;
mod network;

pub use crate::vsphere::enums::{
    CloneMode, DiskProvisioning, FaultToleranceEncryption, IdentityKind, MigrationEncryption, PowerOffMode,
};
pub use crate::vsphere::parts::{
    ClusterModule, DataDisk, DhcpOverrides, IdentityReference, NetworkRoute, NetworkStatus, PciDevice,
    VSphereNaming, VmResourceAmounts, VmResourceShares, VmResources,
};
pub use cluster::{VSphereCluster, VSphereClusterSpec, VSphereClusterStatus};
pub use cluster_template::{
    VSphereClusterTemplate, VSphereClusterTemplateResource, VSphereClusterTemplateSpec,
};
pub use machine::{
    DeprecatedMachineStatus, V1beta1MachineStatus, VSphereMachine, VSphereMachineSpec, VSphereMachineStatus,
};
pub use machine_template::{
    VSphereMachineTemplate, VSphereMachineTemplateResource, VSphereMachineTemplateSpec,
};
pub use network::{AddressPool, NetworkDevice, NetworkSpec};
