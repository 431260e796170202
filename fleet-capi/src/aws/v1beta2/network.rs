//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::DnsResolutionCheck;
use crate::aws::enums::HealthCheckProtocol;
use crate::aws::enums::HostnameType;
use crate::aws::enums::IngressProtocol;
use crate::aws::enums::IpFamily;
use crate::aws::enums::ListenerProtocol;
use crate::aws::enums::LoadBalancerScheme;
use crate::aws::enums::LoadBalancerType;
use crate::aws::enums::PoolFallback;
use crate::aws::enums::SecurityGroupRole;
use crate::aws::enums::SubnetSchema;
use crate::aws::enums::ZoneSelection;
use crate::aws::enums::ZoneType;
use crate::aws::parts::CniSpec;

/// A `LoadBalancerSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerSpec {
    /// The `additionalListeners` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_listeners: Option<Vec<AdditionalListener>>,
    /// The `additionalSecurityGroups` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<String>>,
    /// The `crossZoneLoadBalancing` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_zone_load_balancing: Option<bool>,
    /// The `disableHostsRewrite` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_hosts_rewrite: Option<bool>,
    /// The `dnsResolutionCheck` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_resolution_check: Option<DnsResolutionCheck>,
    /// The `healthCheck` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<LoadBalancerHealthCheck>,
    /// The `healthCheckProtocol` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_protocol: Option<HealthCheckProtocol>,
    /// The `ingressRules` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_rules: Option<Vec<IngressRule>>,
    /// The `loadBalancerType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_type: Option<LoadBalancerType>,
    /// The `name` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `preserveClientIP` field.
    #[serde(rename = "preserveClientIP", skip_serializing_if = "Option::is_none")]
    pub preserve_client_ip: Option<bool>,
    /// The `scheme` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<LoadBalancerScheme>,
    /// The `subnets` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<String>>,
    /// The `targetGroupIPType` field.
    #[serde(rename = "targetGroupIPType", skip_serializing_if = "Option::is_none")]
    pub target_group_ip_type: Option<IpFamily>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AdditionalListener`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalListener {
    /// The `healthCheck` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<ListenerHealthCheck>,
    /// The `port` field.
    pub port: i64,
    /// The `protocol` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ListenerProtocol>,
    /// The `targetGroupIPType` field.
    #[serde(rename = "targetGroupIPType", skip_serializing_if = "Option::is_none")]
    pub target_group_ip_type: Option<IpFamily>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ListenerHealthCheck`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenerHealthCheck {
    /// The `intervalSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i64>,
    /// The `path` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The `port` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The `protocol` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<HealthCheckProtocol>,
    /// The `thresholdCount` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_count: Option<i64>,
    /// The `timeoutSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// The `unhealthyThresholdCount` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `LoadBalancerHealthCheck`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerHealthCheck {
    /// The `intervalSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i64>,
    /// The `thresholdCount` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_count: Option<i64>,
    /// The `timeoutSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// The `unhealthyThresholdCount` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IngressRule`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// The `natGatewaysIPsSource` field.
    #[serde(rename = "natGatewaysIPsSource", skip_serializing_if = "Option::is_none")]
    pub nat_gateways_ips_source: Option<bool>,
    /// The `protocol` field.
    pub protocol: IngressProtocol,
    /// The `sourceSecurityGroupIds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_ids: Option<Vec<String>>,
    /// The `sourceSecurityGroupRoles` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_group_roles: Option<Vec<SecurityGroupRole>>,
    /// The `toPort` field.
    pub to_port: i64,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NetworkSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// The `additionalControlPlaneIngressRules` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_control_plane_ingress_rules: Option<Vec<IngressRule>>,
    /// The `additionalNodeIngressRules` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_node_ingress_rules: Option<Vec<IngressRule>>,
    /// The `cni` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni: Option<CniSpec>,
    /// The `nodePortIngressRuleCidrBlocks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_port_ingress_rule_cidr_blocks: Option<Vec<String>>,
    /// The `securityGroupOverrides` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_overrides: Option<BTreeMap<String, String>>,
    /// The `subnets` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<SubnetSpec>>,
    /// The `vpc` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<VpcSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SubnetSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubnetSpec {
    /// The `availabilityZone` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// The `cidrBlock` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The `id` field.
    pub id: String,
    /// The `ipv6CidrBlock` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,
    /// The `isIpv6` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_ipv6: Option<bool>,
    /// The `isPublic` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
    /// The `natGatewayId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway_id: Option<String>,
    /// The `parentZoneName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_zone_name: Option<String>,
    /// The `resourceID` field.
    #[serde(rename = "resourceID", skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The `routeTableId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table_id: Option<String>,
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The `zoneType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_type: Option<ZoneType>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `VpcSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VpcSpec {
    /// The `availabilityZoneSelection` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_selection: Option<ZoneSelection>,
    /// The `availabilityZoneUsageLimit` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_usage_limit: Option<i64>,
    /// The `carrierGatewayId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_gateway_id: Option<String>,
    /// The `cidrBlock` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The `elasticIpPool` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_ip_pool: Option<ElasticIpPool>,
    /// The `emptyRoutesDefaultVPCSecurityGroup` field.
    #[serde(rename = "emptyRoutesDefaultVPCSecurityGroup", skip_serializing_if = "Option::is_none")]
    pub empty_routes_default_vpc_security_group: Option<bool>,
    /// The `id` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The `internetGatewayId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internet_gateway_id: Option<String>,
    /// The `ipamPool` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pool: Option<IpamPool>,
    /// The `ipv6` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<VpcIpv6>,
    /// The `privateDnsHostnameTypeOnLaunch` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_hostname_type_on_launch: Option<HostnameType>,
    /// The `secondaryCidrBlocks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_cidr_blocks: Option<Vec<SecondaryCidrBlock>>,
    /// The `subnetSchema` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_schema: Option<SubnetSchema>,
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ElasticIpPool`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElasticIpPool {
    /// The `publicIpv4Pool` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ipv4_pool: Option<String>,
    /// The `publicIpv4PoolFallbackOrder` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ipv4_pool_fallback_order: Option<PoolFallback>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `IpamPool`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpamPool {
    /// The `id` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The `name` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `netmaskLength` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netmask_length: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `VpcIpv6`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VpcIpv6 {
    /// The `cidrBlock` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// The `egressOnlyInternetGatewayId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway_id: Option<String>,
    /// The `ipamPool` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pool: Option<IpamPool>,
    /// The `poolId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SecondaryCidrBlock`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondaryCidrBlock {
    /// The `ipv4CidrBlock` field.
    pub ipv4_cidr_block: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
