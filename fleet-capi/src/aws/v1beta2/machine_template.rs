//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::Architecture;
use crate::aws::enums::HostAffinity;
use crate::aws::enums::IgnitionStorage;
use crate::aws::enums::IgnitionVersion;
use crate::aws::enums::MarketType;
use crate::aws::enums::NetworkInterfaceType;
use crate::aws::enums::OperatingSystem;
use crate::aws::enums::Tenancy;
use crate::aws::enums::Toggle;
use crate::aws::parts::AmiReference;
use crate::aws::parts::CloudInit;
use crate::aws::parts::Filter;
use crate::aws::parts::SpotMarketOptions;
use crate::aws::parts::Volume;
use crate::aws::v1beta2::network::ElasticIpPool;
use crate::aws::v1beta2::network_status::CpuOptions;
use crate::aws::v1beta2::network_status::DynamicHostAllocation;
use crate::aws::v1beta2::network_status::InstanceMetadataOptions;
use crate::aws::v1beta2::network_status::PrivateDnsName;
use crate::meta::TemplateMeta;
use crate::v1beta1;

/// A `AWSMachineTemplateSpec`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSMachineTemplate",
    plural = "awsmachinetemplates",
    namespaced,
    shortname = "awsmt",
    category = "cluster-api",
    status = "AWSMachineTemplateStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A `AWSMachineTemplate`.",
)]
pub struct AWSMachineTemplateSpec {
    /// The `template` field.
    pub template: AWSMachineTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AWSMachineTemplateResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineTemplateResource {
    /// The `metadata` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// The `spec` field.
    pub spec: AWSMachineSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AWSMachineSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineSpec {
    /// The `additionalSecurityGroups` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<ResourceReference>>,
    /// The `additionalTags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The `ami` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<AmiReference>,
    /// The `assignPrimaryIPv6` field.
    #[serde(rename = "assignPrimaryIPv6", skip_serializing_if = "Option::is_none")]
    pub assign_primary_ipv6: Option<Toggle>,
    /// The `capacityReservationId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_id: Option<String>,
    /// The `capacityReservationPreference` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_preference: Option<String>,
    /// The `cloudInit` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_init: Option<CloudInit>,
    /// The `cpuOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// The `dynamicHostAllocation` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_host_allocation: Option<DynamicHostAllocation>,
    /// The `elasticIpPool` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_ip_pool: Option<ElasticIpPool>,
    /// The `hostAffinity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_affinity: Option<HostAffinity>,
    /// The `hostID` field.
    #[serde(rename = "hostID", skip_serializing_if = "Option::is_none")]
    pub host_id: Option<String>,
    /// The `iamInstanceProfile` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<String>,
    /// The `ignition` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// The `imageLookupBaseOS` field.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// The `imageLookupFormat` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The `imageLookupOrg` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The `instanceID` field.
    #[serde(rename = "instanceID", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The `instanceMetadataOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_options: Option<InstanceMetadataOptions>,
    /// The `instanceType` field.
    pub instance_type: String,
    /// The `marketType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_type: Option<MarketType>,
    /// The `networkInterfaceType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_type: Option<NetworkInterfaceType>,
    /// The `networkInterfaces` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<String>>,
    /// The `nonRootVolumes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The `placementGroupName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_group_name: Option<String>,
    /// The `placementGroupPartition` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_group_partition: Option<i64>,
    /// The `privateDnsName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name: Option<PrivateDnsName>,
    /// The `providerID` field.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The `publicIP` field.
    #[serde(rename = "publicIP", skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<bool>,
    /// The `rootVolume` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// The `securityGroupOverrides` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_overrides: Option<BTreeMap<String, String>>,
    /// The `spotMarketOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The `sshKeyName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The `subnet` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<ResourceReference>,
    /// The `tenancy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<Tenancy>,
    /// The `uncompressedUserData` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed_user_data: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ResourceReference`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// The `filters` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<Filter>>,
    /// The `id` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Ignition`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ignition {
    /// The `proxy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<IgnitionProxy>,
    /// The `storageType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<IgnitionStorage>,
    /// The `tls` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<IgnitionTls>,
    /// The `version` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<IgnitionVersion>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IgnitionProxy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnitionProxy {
    /// The `httpProxy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_proxy: Option<String>,
    /// The `httpsProxy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_proxy: Option<String>,
    /// The `noProxy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IgnitionTls`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnitionTls {
    /// The `certificateAuthorities` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authorities: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AWSMachineTemplateStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineTemplateStatus {
    /// The `capacity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<BTreeMap<String, IntOrString>>,
    /// The `conditions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// The `nodeInfo` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_info: Option<TemplateNodeInfo>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `TemplateNodeInfo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateNodeInfo {
    /// The `architecture` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// The `operatingSystem` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system: Option<OperatingSystem>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
