//! Types.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::EksLookupType;
use crate::aws::enums::IdentityKind;
use crate::aws::enums::SecretsBackend;

/// A `Bastion`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bastion {
    /// The `allowedCIDRBlocks` field.
    #[serde(rename = "allowedCIDRBlocks", skip_serializing_if = "Option::is_none")]
    pub allowed_cidr_blocks: Option<Vec<String>>,
    /// The `ami` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<String>,
    /// The `disableIngressRules` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_ingress_rules: Option<bool>,
    /// The `enabled` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The `instanceType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IdentityReference`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityReference {
    /// The `kind` field.
    pub kind: IdentityKind,
    /// The `name` field.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `CniSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CniSpec {
    /// The `cniIngressRules` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni_ingress_rules: Option<Vec<CniIngressRule>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `CniIngressRule`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CniIngressRule {
    /// The `description` field.
    pub description: String,
    /// The `fromPort` field.
    pub from_port: i64,
    /// The `protocol` field.
    pub protocol: String,
    /// The `toPort` field.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Volume`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// The `deviceName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The `encrypted` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// The `encryptionKey` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// The `iops` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i64>,
    /// The `size` field.
    pub size: i64,
    /// The `throughput` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i64>,
    /// The `type` field.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SpotMarketOptions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpotMarketOptions {
    /// The `maxPrice` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ClassicElbAttributes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbAttributes {
    /// The `crossZoneLoadBalancing` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_zone_load_balancing: Option<bool>,
    /// The `idleTimeout` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ClassicElbHealthCheck`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbHealthCheck {
    /// The `healthyThreshold` field.
    pub healthy_threshold: i64,
    /// The `interval` field.
    pub interval: i64,
    /// The `target` field.
    pub target: String,
    /// The `timeout` field.
    pub timeout: i64,
    /// The `unhealthyThreshold` field.
    pub unhealthy_threshold: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ClassicElbListener`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbListener {
    /// The `instancePort` field.
    pub instance_port: i64,
    /// The `instanceProtocol` field.
    pub instance_protocol: String,
    /// The `port` field.
    pub port: i64,
    /// The `protocol` field.
    pub protocol: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Filter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The `name` field.
    pub name: String,
    /// The `values` field.
    pub values: Vec<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AmiReference`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AmiReference {
    /// The `eksLookupType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eks_lookup_type: Option<EksLookupType>,
    /// The `id` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `CloudInit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudInit {
    /// The `insecureSkipSecretsManager` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_secrets_manager: Option<bool>,
    /// The `secretCount` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_count: Option<i32>,
    /// The `secretPrefix` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_prefix: Option<String>,
    /// The `secureSecretsBackend` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_secrets_backend: Option<SecretsBackend>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
