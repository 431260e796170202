//! Subnets, and what is attached to them.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::enums::{SecurityRuleAction, SecurityRuleDirection, SecurityRuleProtocol, SubnetRole};
use crate::azure::v1beta1::network::PublicIpSpec;

/// A subnet, found by its name or made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubnetSpec {
    /// Address ranges, such as `10.0.0.0/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// The NAT gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway: Option<NatGateway>,
    /// Addresses that lead to services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_endpoints: Option<Vec<PrivateEndpoint>>,
    /// Whom it is for.
    pub role: SubnetRole,
    /// The route table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table: Option<RouteTable>,
    /// The network security group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group: Option<SecurityGroup>,
    /// Services of Azure's that it reaches directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_endpoints: Option<Vec<ServiceEndpoint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A NAT gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NatGateway {
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<PublicIpSpec>,
    /// The name.
    pub name: String,
    /// Its availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An address of the subnet that leads to a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateEndpoint {
    /// Its application security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_security_groups: Option<Vec<String>>,
    /// The name of its network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_network_interface_name: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whether the owner of the service must agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual_approval: Option<bool>,
    /// The name.
    pub name: String,
    /// Its addresses.
    #[serde(rename = "privateIPAddresses", skip_serializing_if = "Option::is_none")]
    pub private_ip_addresses: Option<Vec<String>>,
    /// The services it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_service_connections: Option<Vec<PrivateLinkServiceConnection>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The service a private endpoint leads to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateLinkServiceConnection {
    /// The parts of the service.
    #[serde(rename = "groupIDs", skip_serializing_if = "Option::is_none")]
    pub group_ids: Option<Vec<String>>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the service.
    #[serde(rename = "privateLinkServiceID", skip_serializing_if = "Option::is_none")]
    pub private_link_service_id: Option<String>,
    /// What the owner of the service is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_message: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteTable {
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// What traffic is let through or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_rules: Option<Vec<SecurityRule>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What traffic is let through or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityRule {
    /// Whether it is let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<SecurityRuleAction>,
    /// What it is for.
    pub description: String,
    /// Where it goes: an address range, or `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The ports it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ports: Option<String>,
    /// Incoming or outgoing.
    pub direction: SecurityRuleDirection,
    /// The name.
    pub name: String,
    /// Rules of a lower number go first; 100 to 4096.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The protocol.
    pub protocol: SecurityRuleProtocol,
    /// Where it comes from: an address range, or `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The ports it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ports: Option<String>,
    /// The address ranges it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A service of Azure's that the subnet reaches directly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceEndpoint {
    /// The regions.
    pub locations: Vec<String>,
    /// The service.
    pub service: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
