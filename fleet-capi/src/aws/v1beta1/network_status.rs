//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::aws::parts::ClassicElbAttributes;
use crate::aws::parts::ClassicElbHealthCheck;
use crate::aws::parts::ClassicElbListener;
use crate::aws::parts::SpotMarketOptions;
use crate::aws::parts::Volume;
use crate::meta::MachineAddress;

/// A `Instance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// The `addresses` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// The `availabilityZone` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// The `ebsOptimized` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// The `enaSupport` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ena_support: Option<bool>,
    /// The `iamProfile` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_profile: Option<String>,
    /// The `id` field.
    pub id: String,
    /// The `imageId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The `instanceState` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    /// The `networkInterfaces` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<String>>,
    /// The `nonRootVolumes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The `privateIp` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// The `publicIp` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<String>,
    /// The `rootVolume` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// The `securityGroupIds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
    /// The `spotMarketOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The `sshKeyName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The `subnetId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The `tenancy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<String>,
    /// The `type` field.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// The `userData` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<SensitiveString>,
    /// The `volumeIDs` field.
    #[serde(rename = "volumeIDs", skip_serializing_if = "Option::is_none")]
    pub volume_ids: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NetworkStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStatus {
    /// The `apiServerElb` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_elb: Option<LoadBalancer>,
    /// The `securityGroups` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<BTreeMap<String, SecurityGroup>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `LoadBalancer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancer {
    /// The `attributes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<ClassicElbAttributes>,
    /// The `availabilityZones` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// The `dnsName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// The `healthChecks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<ClassicElbHealthCheck>,
    /// The `listeners` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<ClassicElbListener>>,
    /// The `name` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `scheme` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The `securityGroupIds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
    /// The `subnetIds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SecurityGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// The `id` field.
    pub id: String,
    /// The `ingressRule` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_rule: Option<Vec<IngressRule>>,
    /// The `name` field.
    pub name: String,
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IngressRule`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// The `cidrBlocks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// The `description` field.
    pub description: String,
    /// The `fromPort` field.
    pub from_port: i64,
    /// The `ipv6CidrBlocks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_blocks: Option<Vec<String>>,
    /// The `protocol` field.
    pub protocol: String,
    /// The `sourceSecurityGroupIds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_ids: Option<Vec<String>>,
    /// The `toPort` field.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
