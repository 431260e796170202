//! The network of a cluster, as AWS has it.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::aws::parts::{
    ClassicElbAttributes, ClassicElbHealthCheck, ClassicElbListener, SpotMarketOptions, Volume,
};
use crate::meta::MachineAddress;

/// An EC2 instance as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// The addresses of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// The availability zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// Whether the instance is optimised for EBS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// Whether enhanced networking is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ena_support: Option<bool>,
    /// The instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_profile: Option<String>,
    /// The id at AWS.
    pub id: String,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The state of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<String>>,
    /// Further volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The address inside the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// The public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<String>,
    /// The root volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// Security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
    /// A spot instance, and how it is bid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Whether hardware is shared with other customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<String>,
    /// The instance type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// The user data the instance started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<SensitiveString>,
    /// The volumes.
    #[serde(rename = "volumeIDs", skip_serializing_if = "Option::is_none")]
    pub volume_ids: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The network as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStatus {
    /// The load balancer in front of the API servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_elb: Option<LoadBalancer>,
    /// Security groups, by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<BTreeMap<String, SecurityGroup>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A load balancer as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancer {
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<ClassicElbAttributes>,
    /// Availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// The DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// The health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<ClassicElbHealthCheck>,
    /// The ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<ClassicElbListener>>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
    /// The subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A security group as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// The id at AWS.
    pub id: String,
    /// Traffic that is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_rule: Option<Vec<IngressRule>>,
    /// The name.
    pub name: String,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Traffic that is let in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// Address ranges, such as `192.168.0.0/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// What it is for.
    pub description: String,
    /// The first port.
    pub from_port: i64,
    /// IPv6 address ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_blocks: Option<Vec<String>>,
    /// The protocol.
    pub protocol: String,
    /// Security groups the traffic comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_ids: Option<Vec<String>>,
    /// The last port.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
