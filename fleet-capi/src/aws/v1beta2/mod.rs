//! Cluster API for AWS, infrastructure.cluster.x-k8s.io/v1beta2.

mod cluster;
mod machine_template;
mod network;
mod network_status;

pub use crate::aws::enums::{
    Architecture, ConfidentialCompute, DnsResolutionCheck, EksLookupType, HealthCheckProtocol, HostAffinity,
    HostnameType, HttpTokens, IdentityKind, IgnitionStorage, IgnitionVersion, IngressProtocol, IpFamily,
    ListenerProtocol, LoadBalancerIpType, LoadBalancerScheme, LoadBalancerType, MarketType,
    NetworkInterfaceType, OperatingSystem, PoolFallback, SecretsBackend, SecurityGroupRole, SubnetSchema,
    TargetGroupProtocol, Tenancy, Toggle, ZoneSelection, ZoneType,
};
pub use crate::aws::parts::{
    AmiReference, Bastion, ClassicElbAttributes, ClassicElbHealthCheck, ClassicElbListener, CloudInit,
    CniIngressRule, CniSpec, Filter, IdentityReference, SpotMarketOptions, Volume,
};
pub use cluster::{AWSCluster, AWSClusterSpec, AWSClusterStatus, S3Bucket};
pub use machine_template::{
    AWSMachineSpec, AWSMachineTemplate, AWSMachineTemplateResource, AWSMachineTemplateSpec,
    AWSMachineTemplateStatus, Ignition, IgnitionProxy, IgnitionTls, ResourceReference, TemplateNodeInfo,
};
pub use network::{
    AdditionalListener, ElasticIpPool, IngressRule, IpamPool, ListenerHealthCheck, LoadBalancerHealthCheck,
    LoadBalancerSpec, NetworkSpec, SecondaryCidrBlock, SubnetSpec, VpcIpv6, VpcSpec,
};
pub use network_status::{
    CpuOptions, DynamicHostAllocation, Instance, InstanceMetadataOptions, Listener, LoadBalancer,
    NetworkStatus, PrivateDnsName, SecurityGroup, TargetGroup, TargetGroupHealthCheck,
};
