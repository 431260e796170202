//! The network of a cluster.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::enums::PrivateDnsZone;
use crate::azure::v1beta1::subnet::SubnetSpec;

/// The network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// Further ports of the load balancer in front of the API servers.
    #[serde(
        rename = "additionalAPIServerLBPorts",
        skip_serializing_if = "Option::is_none"
    )]
    pub additional_api_server_lb_ports: Option<Vec<LoadBalancerPort>>,
    /// The load balancer in front of the API servers.
    #[serde(rename = "apiServerLB", skip_serializing_if = "Option::is_none")]
    pub api_server_lb: Option<LoadBalancerSpec>,
    /// The load balancer for outgoing traffic of the control plane.
    #[serde(rename = "controlPlaneOutboundLB", skip_serializing_if = "Option::is_none")]
    pub control_plane_outbound_lb: Option<LoadBalancerSpec>,
    /// The load balancer for outgoing traffic of the nodes.
    #[serde(rename = "nodeOutboundLB", skip_serializing_if = "Option::is_none")]
    pub node_outbound_lb: Option<LoadBalancerSpec>,
    /// Who makes the private DNS zone.
    #[serde(rename = "privateDNSZone", skip_serializing_if = "Option::is_none")]
    pub private_dns_zone: Option<PrivateDnsZone>,
    /// The name of the private DNS zone.
    #[serde(rename = "privateDNSZoneName", skip_serializing_if = "Option::is_none")]
    pub private_dns_zone_name: Option<String>,
    /// The resource group of the private DNS zone.
    #[serde(
        rename = "privateDNSZoneResourceGroup",
        skip_serializing_if = "Option::is_none"
    )]
    pub private_dns_zone_resource_group: Option<String>,
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<SubnetSpec>>,
    /// The virtual network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vnet: Option<VnetSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A further port of the load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerPort {
    /// The name.
    pub name: String,
    /// The port.
    pub port: i32,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerSpec {
    /// Availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// The machines behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_pool: Option<BackendPool>,
    /// Its addresses.
    #[serde(rename = "frontendIPs", skip_serializing_if = "Option::is_none")]
    pub frontend_ips: Option<Vec<FrontendIp>>,
    /// How many addresses it has.
    #[serde(rename = "frontendIPsCount", skip_serializing_if = "Option::is_none")]
    pub frontend_ips_count: Option<i32>,
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Minutes an idle connection stays open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_in_minutes: Option<i32>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Internal or public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The machines behind a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackendPool {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An address of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FrontendIp {
    /// The name.
    pub name: String,
    /// A private address.
    #[serde(rename = "privateIP", skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// A public address.
    #[serde(rename = "publicIP", skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<PublicIpSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A public address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicIpSpec {
    /// The DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_tags: Option<Vec<IpTag>>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tag of a public address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpTag {
    /// The value.
    pub tag: String,
    /// The type of the tag.
    pub type_: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A virtual network, found by its name or made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VnetSpec {
    /// Address ranges, such as `10.0.0.0/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// The id at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// Peerings with other networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peerings: Option<Vec<VnetPeering>>,
    /// The resource group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A peering with another virtual network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VnetPeering {
    /// From the cluster's network to the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_peering_properties: Option<VnetPeeringProperties>,
    /// The other network.
    pub remote_vnet_name: String,
    /// The resource group of the other network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// From the other network to the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_peering_properties: Option<VnetPeeringProperties>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a peering lets through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VnetPeeringProperties {
    /// Whether forwarded traffic goes through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_forwarded_traffic: Option<bool>,
    /// Whether the other side may use the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_gateway_transit: Option<bool>,
    /// Whether the machines reach each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_virtual_network_access: Option<bool>,
    /// Whether the gateway of the other side is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_remote_gateways: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
