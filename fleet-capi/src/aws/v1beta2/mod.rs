//! Cluster API for AWS, infrastructure.cluster.x-k8s.io/v1beta2 and (EKS) controlplane.cluster.x-k8s.io/v1beta2.

mod cluster;
mod cluster_template;
mod machine;
mod machine_pool;
mod machine_template;
mod managed_cluster;
mod managed_control_plane;
mod managed_machine_pool;
mod network;
mod network_status;

pub use crate::aws::enums::{
    AccessEntryType, AccessScopeType, AddonConflictResolution, Architecture, AuthenticationMode,
    CapacityType, ConfidentialCompute, DnsResolutionCheck, EksAmiType, EksLookupType, HealthCheckProtocol,
    HostAffinity, HostnameType, HttpTokens, IdentityKind, IgnitionStorage, IgnitionVersion, IngressProtocol,
    IpFamily, LifecycleHookResult, LifecycleTransition, ListenerProtocol, LoadBalancerIpType,
    LoadBalancerScheme, LoadBalancerType, MarketType, NetworkInterfaceType, NodeTaintEffect,
    OnDemandAllocationStrategy, OperatingSystem, PoolFallback, SecretsBackend, SecurityGroupRole,
    SpotAllocationStrategy, SubnetSchema, TargetGroupProtocol, Tenancy, Toggle, TokenMethod, UpgradePolicy,
    ZoneSelection, ZoneSubnetType, ZoneType,
};
pub use crate::aws::parts::{
    AmiReference, Bastion, ClassicElbAttributes, ClassicElbHealthCheck, ClassicElbListener, CloudInit,
    CniIngressRule, CniSpec, Filter, IdentityReference, SpotMarketOptions, Volume,
};
pub use cluster::{AWSCluster, AWSClusterSpec, AWSClusterStatus, S3Bucket};
pub use cluster_template::{AWSClusterTemplate, AWSClusterTemplateResource, AWSClusterTemplateSpec};
pub use machine::{
    AWSMachine, AWSMachineSpec, AWSMachineStatus, DedicatedHost, Ignition, IgnitionProxy, IgnitionTls,
    ResourceReference,
};
pub use machine_pool::{
    AWSMachinePool, AWSMachinePoolInstanceStatus, AWSMachinePoolSpec, AWSMachinePoolStatus, EnclaveOptions,
    InstanceOverride, InstancesDistribution, LaunchTemplate, LifecycleHook, MixedInstancesPolicy, Processes,
    RefreshPreferences, SuspendProcesses,
};
pub use machine_template::{
    AWSMachineTemplate, AWSMachineTemplateResource, AWSMachineTemplateSpec, AWSMachineTemplateStatus,
    TemplateNodeInfo,
};
pub use managed_cluster::{AWSManagedCluster, AWSManagedClusterSpec, AWSManagedClusterStatus};
pub use managed_control_plane::{
    AWSManagedControlPlane, AWSManagedControlPlaneSpec, AWSManagedControlPlaneStatus, AccessConfig,
    AccessEntry, AccessPolicy, AccessScope, AddonIssue, AddonState, ControlPlaneLogging, EksAddon,
    EncryptionConfig, EndpointAccess, IamAuthenticatorConfig, IdentityProviderStatus, KubeProxy,
    OidcIdentityProviderConfig, OidcProviderStatus, RoleMapping, UserMapping, VpcCni,
};
pub use managed_machine_pool::{
    AWSManagedMachinePool, AWSManagedMachinePoolSpec, AWSManagedMachinePoolStatus, ManagedMachinePoolScaling,
    NodeRepairConfig, NodeTaint, RemoteAccess, UpdateConfig,
};
pub use network::{
    AdditionalListener, ElasticIpPool, IngressRule, IpamPool, ListenerHealthCheck, LoadBalancerHealthCheck,
    LoadBalancerSpec, NetworkSpec, SecondaryCidrBlock, SubnetSpec, VpcIpv6, VpcSpec,
};
pub use network_status::{
    CpuOptions, DynamicHostAllocation, Instance, InstanceMetadataOptions, Listener, LoadBalancer,
    NetworkStatus, PrivateDnsName, SecurityGroup, TargetGroup, TargetGroupHealthCheck,
};
