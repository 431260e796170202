//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::aws::enums::ConfidentialCompute;
use crate::aws::enums::HostAffinity;
use crate::aws::enums::HostnameType;
use crate::aws::enums::HttpTokens;
use crate::aws::enums::LoadBalancerIpType;
use crate::aws::enums::LoadBalancerType;
use crate::aws::enums::MarketType;
use crate::aws::enums::TargetGroupProtocol;
use crate::aws::enums::Toggle;
use crate::aws::parts::ClassicElbAttributes;
use crate::aws::parts::ClassicElbHealthCheck;
use crate::aws::parts::ClassicElbListener;
use crate::aws::parts::SpotMarketOptions;
use crate::aws::parts::Volume;
use crate::aws::v1beta2::network::IngressRule;
use crate::meta::MachineAddress;

/// A `Instance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// The `addresses` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// The `assignPrimaryIPv6` field.
    #[serde(rename = "assignPrimaryIPv6", skip_serializing_if = "Option::is_none")]
    pub assign_primary_ipv6: Option<String>,
    /// The `availabilityZone` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// The `capacityReservationId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_id: Option<String>,
    /// The `capacityReservationPreference` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_preference: Option<String>,
    /// The `cpuOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// The `dynamicHostAllocation` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_host_allocation: Option<DynamicHostAllocation>,
    /// The `ebsOptimized` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// The `enaSupport` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ena_support: Option<bool>,
    /// The `hostAffinity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_affinity: Option<HostAffinity>,
    /// The `hostID` field.
    #[serde(rename = "hostID", skip_serializing_if = "Option::is_none")]
    pub host_id: Option<String>,
    /// The `iamProfile` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_profile: Option<String>,
    /// The `id` field.
    pub id: String,
    /// The `imageId` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The `instanceMetadataOptions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_options: Option<InstanceMetadataOptions>,
    /// The `instanceState` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    /// The `ipv6Address` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_address: Option<String>,
    /// The `marketType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_type: Option<MarketType>,
    /// The `networkInterfaceType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_type: Option<String>,
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
    /// The `privateIp` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// The `publicIPOnLaunch` field.
    #[serde(rename = "publicIPOnLaunch", skip_serializing_if = "Option::is_none")]
    pub public_ip_on_launch: Option<bool>,
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

/// A `CpuOptions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CpuOptions {
    /// The `confidentialCompute` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidential_compute: Option<ConfidentialCompute>,
    /// The `nestedVirtualization` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested_virtualization: Option<Toggle>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `DynamicHostAllocation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamicHostAllocation {
    /// The `tags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `InstanceMetadataOptions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceMetadataOptions {
    /// The `httpEndpoint` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_endpoint: Option<Toggle>,
    /// The `httpProtocolIpv6` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_protocol_ipv6: Option<Toggle>,
    /// The `httpPutResponseHopLimit` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_put_response_hop_limit: Option<i64>,
    /// The `httpTokens` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens: Option<HttpTokens>,
    /// The `instanceMetadataTags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_tags: Option<Toggle>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `PrivateDnsName`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateDnsName {
    /// The `enableResourceNameDnsAAAARecord` field.
    #[serde(rename = "enableResourceNameDnsAAAARecord", skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_aaaa_record: Option<bool>,
    /// The `enableResourceNameDnsARecord` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_a_record: Option<bool>,
    /// The `hostnameType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname_type: Option<HostnameType>,
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
    /// The `natGatewaysIPs` field.
    #[serde(rename = "natGatewaysIPs", skip_serializing_if = "Option::is_none")]
    pub nat_gateways_ips: Option<Vec<String>>,
    /// The `secondaryAPIServerELB` field.
    #[serde(rename = "secondaryAPIServerELB", skip_serializing_if = "Option::is_none")]
    pub secondary_api_server_elb: Option<LoadBalancer>,
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
    /// The `arn` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The `attributes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<ClassicElbAttributes>,
    /// The `availabilityZones` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// The `dnsName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// The `elbAttributes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elb_attributes: Option<BTreeMap<String, String>>,
    /// The `elbListeners` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elb_listeners: Option<Vec<Listener>>,
    /// The `healthChecks` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<ClassicElbHealthCheck>,
    /// The `listeners` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<ClassicElbListener>>,
    /// The `loadBalancerIPAddressType` field.
    #[serde(rename = "loadBalancerIPAddressType", skip_serializing_if = "Option::is_none")]
    pub load_balancer_ip_address_type: Option<LoadBalancerIpType>,
    /// The `loadBalancerType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_type: Option<LoadBalancerType>,
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

/// A `Listener`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// The `port` field.
    pub port: i64,
    /// The `protocol` field.
    pub protocol: String,
    /// The `targetGroup` field.
    pub target_group: TargetGroup,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `TargetGroup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroup {
    /// The `ipType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_type: Option<String>,
    /// The `name` field.
    pub name: String,
    /// The `port` field.
    pub port: i64,
    /// The `protocol` field.
    pub protocol: TargetGroupProtocol,
    /// The `targetGroupHealthCheck` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_health_check: Option<TargetGroupHealthCheck>,
    /// The `vpcId` field.
    pub vpc_id: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `TargetGroupHealthCheck`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupHealthCheck {
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
    pub protocol: Option<String>,
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
