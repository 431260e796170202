//! The network of a cluster, as it should be.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{
    DnsResolutionCheck, HealthCheckProtocol, HostnameType, IngressProtocol, IpFamily, ListenerProtocol,
    LoadBalancerScheme, LoadBalancerType, PoolFallback, SecurityGroupRole, SubnetSchema, ZoneSelection,
    ZoneType,
};
use crate::aws::parts::CniSpec;

/// The load balancer in front of the API servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerSpec {
    /// Further ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_listeners: Option<Vec<AdditionalListener>>,
    /// Further security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<String>>,
    /// Whether traffic crosses zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_zone_load_balancing: Option<bool>,
    /// Whether `/etc/hosts` of control-plane machines is left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_hosts_rewrite: Option<bool>,
    /// Whether the name must resolve before the cluster goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_resolution_check: Option<DnsResolutionCheck>,
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<LoadBalancerHealthCheck>,
    /// The protocol of the health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_protocol: Option<HealthCheckProtocol>,
    /// Traffic that is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_rules: Option<Vec<IngressRule>>,
    /// The kind of load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_type: Option<LoadBalancerType>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether targets see the address of the client.
    #[serde(rename = "preserveClientIP", skip_serializing_if = "Option::is_none")]
    pub preserve_client_ip: Option<bool>,
    /// From where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<LoadBalancerScheme>,
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<String>>,
    /// The addresses of the targets.
    #[serde(rename = "targetGroupIPType", skip_serializing_if = "Option::is_none")]
    pub target_group_ip_type: Option<IpFamily>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A port of the load balancer besides the API server's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalListener {
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<ListenerHealthCheck>,
    /// The port.
    pub port: i64,
    /// The protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ListenerProtocol>,
    /// The addresses of the targets.
    #[serde(rename = "targetGroupIPType", skip_serializing_if = "Option::is_none")]
    pub target_group_ip_type: Option<IpFamily>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a listener finds out which targets are healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenerHealthCheck {
    /// Seconds between two checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i64>,
    /// The path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<HealthCheckProtocol>,
    /// How many good checks make a target healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_count: Option<i64>,
    /// Seconds one check may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// How many bad checks make a target unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the load balancer finds out which API servers are healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerHealthCheck {
    /// Seconds between two checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i64>,
    /// How many good checks make a target healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_count: Option<i64>,
    /// Seconds one check may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// How many bad checks make a target unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Traffic that is let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Whether traffic comes from the NAT gateways.
    #[serde(rename = "natGatewaysIPsSource", skip_serializing_if = "Option::is_none")]
    pub nat_gateways_ips_source: Option<bool>,
    /// The protocol.
    pub protocol: IngressProtocol,
    /// Security groups the traffic comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_ids: Option<Vec<String>>,
    /// The roles of the security groups the traffic comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_roles: Option<Vec<SecurityGroupRole>>,
    /// The last port.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// Further traffic to control-plane machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_control_plane_ingress_rules: Option<Vec<IngressRule>>,
    /// Further traffic to nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_node_ingress_rules: Option<Vec<IngressRule>>,
    /// What the network plug-in needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni: Option<CniSpec>,
    /// From where node ports may be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_port_ingress_rule_cidr_blocks: Option<Vec<String>>,
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
    pub id: String,
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
    /// The availability zone a local or wavelength zone belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_zone_name: Option<String>,
    /// The id at AWS, where `id` is a name.
    #[serde(rename = "resourceID", skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The route table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table_id: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The kind of zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_type: Option<ZoneType>,
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
    /// The carrier gateway, for wavelength zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_gateway_id: Option<String>,
    /// The address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The pool elastic IPs are taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_ip_pool: Option<ElasticIpPool>,
    /// Whether the rules of the VPC's default security group are removed.
    #[serde(
        rename = "emptyRoutesDefaultVPCSecurityGroup",
        skip_serializing_if = "Option::is_none"
    )]
    pub empty_routes_default_vpc_security_group: Option<bool>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The internet gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internet_gateway_id: Option<String>,
    /// The pool of an IP address manager the range is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pool: Option<IpamPool>,
    /// IPv6; absent for IPv4 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<VpcIpv6>,
    /// What the host names of instances are made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_hostname_type_on_launch: Option<HostnameType>,
    /// Further address ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_cidr_blocks: Option<Vec<SecondaryCidrBlock>>,
    /// Which subnets get the larger part of the address range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_schema: Option<SubnetSchema>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pool that elastic IPs are taken from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElasticIpPool {
    /// The id of the pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ipv4_pool: Option<String>,
    /// Where addresses come from when the pool is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ipv4_pool_fallback_order: Option<PoolFallback>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pool of an IP address manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpamPool {
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The length of the netmask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netmask_length: Option<i64>,
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
    /// The pool of an IP address manager the range is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pool: Option<IpamPool>,
    /// The address pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A further address range of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondaryCidrBlock {
    /// The IPv4 address range.
    pub ipv4_cidr_block: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
