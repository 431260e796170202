//! Cluster API for Azure, infrastructure.cluster.x-k8s.io/v1beta1.

mod aso;
mod aso_control_plane;
mod aso_machine_pool;
mod cloud_provider;
mod cluster;
mod cluster_template;
mod disk;
mod image;
mod machine;
mod machine_template;
mod network;
mod subnet;

pub use crate::azure::enums::{
    Architecture, BastionSku, DiagnosticsStorage, DiffDiskOption, DiffDiskPlacement, DiskCaching,
    ExtendedLocationType, OperatingSystem, PrivateDnsZone, RateLimitName, SecurityEncryptionType,
    SecurityRuleAction, SecurityRuleDirection, SecurityRuleProtocol, SecurityType, SpotEvictionPolicy,
    SubnetRole, VmIdentity,
};
pub use aso::{
    AsoResource, AsoResourceStatus, AzureASOManagedCluster, AzureASOManagedClusterSpec,
    AzureASOManagedClusterStatus,
};
pub use aso_control_plane::{
    AzureASOManagedControlPlane, AzureASOManagedControlPlaneSpec, AzureASOManagedControlPlaneStatus,
};
pub use aso_machine_pool::{
    AzureASOManagedMachinePool, AzureASOManagedMachinePoolSpec, AzureASOManagedMachinePoolStatus,
};
pub use cloud_provider::{BackOffConfig, CloudProviderConfigOverrides, RateLimitConfig, RateLimitSpec};
pub use cluster::{
    AzureBastion, AzureCluster, AzureClusterSpec, AzureClusterStatus, BastionSpec, ExtendedLocation,
    LongRunningOperation,
};
pub use cluster_template::{
    AzureBastionTemplate, AzureClusterTemplate, AzureClusterTemplateResource,
    AzureClusterTemplateResourceSpec, AzureClusterTemplateSpec, BastionTemplateSpec, LoadBalancerTemplate,
    NatGatewayTemplate, NetworkTemplate, SecurityGroupTemplate, SubnetTemplate, VnetTemplate,
};
pub use disk::{DataDisk, DiffDiskSettings, DiskEncryptionSet, DiskSecurityProfile, ManagedDisk, OsDisk};
pub use image::{ComputeGalleryImage, Image, ImagePlan, MarketplaceImage, SharedGalleryImage};
pub use machine::{
    AdditionalCapabilities, AzureMachine, AzureMachineSpec, AzureMachineStatus, BootDiagnostics, Diagnostics,
    NetworkInterface, SecurityProfile, SpotVmOptions, SystemAssignedIdentityRole, UefiSettings,
    UserAssignedIdentity, UserManagedStorage, VmExtension,
};
pub use machine_template::{
    AzureMachineTemplate, AzureMachineTemplateResource, AzureMachineTemplateSpec, AzureMachineTemplateStatus,
    TemplateNodeInfo,
};
pub use network::{
    BackendPool, FrontendIp, IpTag, LoadBalancerPort, LoadBalancerSpec, NetworkSpec, PublicIpSpec,
    VnetPeering, VnetPeeringProperties, VnetSpec,
};
pub use subnet::{
    NatGateway, PrivateEndpoint, PrivateLinkServiceConnection, RouteTable, SecurityGroup, SecurityRule,
    ServiceEndpoint, SubnetSpec,
};
