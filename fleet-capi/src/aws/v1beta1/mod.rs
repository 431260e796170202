//! Cluster API for AWS, infrastructure.cluster.x-k8s.io/v1beta1.

mod cluster;
mod machine_template;
mod network;
mod network_status;

pub use crate::aws::enums::{
    EksLookupType, IdentityKind, IgnitionVersion, LoadBalancerScheme, SecretsBackend, Tenancy, ZoneSelection,
};
pub use crate::aws::parts::{
    AmiReference, Bastion, ClassicElbAttributes, ClassicElbHealthCheck, ClassicElbListener, CloudInit,
    CniIngressRule, CniSpec, Filter, IdentityReference, SpotMarketOptions, Volume,
};
pub use cluster::{AWSCluster, AWSClusterSpec, AWSClusterStatus, S3Bucket};
pub use machine_template::{
    AWSMachineSpec, AWSMachineTemplate, AWSMachineTemplateResource, AWSMachineTemplateSpec,
    AWSMachineTemplateStatus, Ignition, ResourceReference,
};
pub use network::{LoadBalancerSpec, NetworkSpec, SubnetSpec, VpcIpv6, VpcSpec};
pub use network_status::{IngressRule, Instance, LoadBalancer, NetworkStatus, SecurityGroup};
