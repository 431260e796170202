//! What both versions of the AWS kinds share.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{EksLookupType, IdentityKind, SecretsBackend};

/// A machine from which the others are reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bastion {
    /// From where it may be reached.
    #[serde(rename = "allowedCIDRBlocks", skip_serializing_if = "Option::is_none")]
    pub allowed_cidr_blocks: Option<Vec<String>>,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<String>,
    /// Whether nothing may reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_ingress_rules: Option<bool>,
    /// Whether it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The instance type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The AWS identity the controllers act as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityReference {
    /// The kind.
    pub kind: IdentityKind,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the network plug-in needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CniSpec {
    /// Traffic the network plug-in needs between nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni_ingress_rules: Option<Vec<CniIngressRule>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Traffic the network plug-in needs between nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CniIngressRule {
    /// What it is for.
    pub description: String,
    /// The first port.
    pub from_port: i64,
    /// The protocol.
    pub protocol: String,
    /// The last port.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An EBS volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Whether it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// The KMS key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// Operations a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i64>,
    /// GiB.
    pub size: i64,
    /// MiB a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i64>,
    /// The volume type, such as `gp3`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How spot instances are bid for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpotMarketOptions {
    /// The highest price, in dollars an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Settings of a classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbAttributes {
    /// Whether traffic crosses zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_zone_load_balancing: Option<bool>,
    /// How long an idle connection stays open, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The health check of a classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbHealthCheck {
    /// How many good checks make a target healthy.
    pub healthy_threshold: i64,
    /// The time between two checks, in nanoseconds.
    pub interval: i64,
    /// What is checked, as `protocol:port`.
    pub target: String,
    /// How long one check may take, in nanoseconds.
    pub timeout: i64,
    /// How many bad checks make a target unhealthy.
    pub unhealthy_threshold: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A port of a classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassicElbListener {
    /// The port of the instance.
    pub instance_port: i64,
    /// The protocol of the instance.
    pub instance_protocol: String,
    /// The port.
    pub port: i64,
    /// The protocol.
    pub protocol: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a resource must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The name.
    pub name: String,
    /// Any of these.
    pub values: Vec<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The machine image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AmiReference {
    /// Which of the EKS images is looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eks_lookup_type: Option<EksLookupType>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How bootstrap data reaches cloud-init.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudInit {
    /// Puts bootstrap data into the user data, where anyone on the machine can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_secrets_manager: Option<bool>,
    /// How many secrets hold the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_count: Option<i32>,
    /// The prefix of the secrets' names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_prefix: Option<String>,
    /// Where bootstrap data is kept until the machine has read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_secrets_backend: Option<SecretsBackend>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
