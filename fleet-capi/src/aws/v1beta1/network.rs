//! The network of a cluster, as it should be.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{LoadBalancerScheme, ZoneSelection};
use crate::aws::parts::CniSpec;

/// The load balancer in front of the API servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerSpec {
    /// Further security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<String>>,
    /// Whether traffic crosses zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_zone_load_balancing: Option<bool>,
    /// The protocol of the health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_protocol: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<LoadBalancerScheme>,
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// What the network plug-in needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni: Option<CniSpec>,
    /// Security groups to use instead of those that would be made, by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_overrides: Option<BTreeMap<String, String>>,
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<SubnetSpec>>,
    /// The VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<VpcSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A subnet, found by its id or made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubnetSpec {
    /// The availability zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// The address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The IPv6 address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,
    /// Whether it has IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_ipv6: Option<bool>,
    /// Whether it has a route to the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
    /// The NAT gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway_id: Option<String>,
    /// The route table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table_id: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A VPC, found by its id or made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VpcSpec {
    /// How availability zones are picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_selection: Option<ZoneSelection>,
    /// How many availability zones are used at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_usage_limit: Option<i64>,
    /// The address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The internet gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internet_gateway_id: Option<String>,
    /// IPv6; absent for IPv4 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<VpcIpv6>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The IPv6 side of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VpcIpv6 {
    /// The address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The internet gateway for outgoing traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway_id: Option<String>,
    /// The address pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
