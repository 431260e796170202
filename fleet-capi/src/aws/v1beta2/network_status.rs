//! The network of a cluster, as AWS has it.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::aws::enums::{
    ConfidentialCompute, HostAffinity, HostnameType, HttpTokens, LoadBalancerIpType, LoadBalancerType,
    MarketType, TargetGroupProtocol, Toggle,
};
use crate::aws::parts::{
    ClassicElbAttributes, ClassicElbHealthCheck, ClassicElbListener, SpotMarketOptions, Volume,
};
use crate::aws::v1beta2::network::IngressRule;
use crate::meta::MachineAddress;

/// An EC2 instance as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// The addresses of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// Whether the first IPv6 address becomes the primary one.
    #[serde(rename = "assignPrimaryIPv6", skip_serializing_if = "Option::is_none")]
    pub assign_primary_ipv6: Option<String>,
    /// The availability zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// The capacity reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_id: Option<String>,
    /// Whether open capacity reservations are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_preference: Option<String>,
    /// Settings of the processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// Allocates a dedicated host for the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_host_allocation: Option<DynamicHostAllocation>,
    /// Whether the instance is optimised for EBS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// Whether enhanced networking is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ena_support: Option<bool>,
    /// Whether a stopped instance comes back to the same host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_affinity: Option<HostAffinity>,
    /// The dedicated host.
    #[serde(rename = "hostID", skip_serializing_if = "Option::is_none")]
    pub host_id: Option<String>,
    /// The instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_profile: Option<String>,
    /// The id at AWS.
    pub id: String,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The instance metadata service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_options: Option<InstanceMetadataOptions>,
    /// The state of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    /// The IPv6 address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_address: Option<String>,
    /// How the capacity is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_type: Option<MarketType>,
    /// The kind of network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_type: Option<String>,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<String>>,
    /// Further volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The placement group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_group_name: Option<String>,
    /// The partition of the placement group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_group_partition: Option<i64>,
    /// The DNS name inside the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name: Option<PrivateDnsName>,
    /// The address inside the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// Whether it got a public address when it started.
    #[serde(rename = "publicIPOnLaunch", skip_serializing_if = "Option::is_none")]
    pub public_ip_on_launch: Option<bool>,
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

/// Settings of the processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CpuOptions {
    /// Confidential computing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidential_compute: Option<ConfidentialCompute>,
    /// Whether virtual machines can run inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested_virtualization: Option<Toggle>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A dedicated host that is allocated for the instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamicHostAllocation {
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The instance metadata service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceMetadataOptions {
    /// Whether the service is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_endpoint: Option<Toggle>,
    /// Whether it is reached over IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_protocol_ipv6: Option<Toggle>,
    /// How many hops a response may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_put_response_hop_limit: Option<i64>,
    /// Whether a session token is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens: Option<HttpTokens>,
    /// Whether it shows the tags of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_tags: Option<Toggle>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The DNS name inside the VPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateDnsName {
    /// Whether the resource name resolves to an IPv6 address.
    #[serde(
        rename = "enableResourceNameDnsAAAARecord",
        skip_serializing_if = "Option::is_none"
    )]
    pub enable_resource_name_dns_aaaa_record: Option<bool>,
    /// Whether the resource name resolves to an IPv4 address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_a_record: Option<bool>,
    /// What the host name is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname_type: Option<HostnameType>,
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
    /// The addresses of the NAT gateways.
    #[serde(rename = "natGatewaysIPs", skip_serializing_if = "Option::is_none")]
    pub nat_gateways_ips: Option<Vec<String>>,
    /// The second load balancer.
    #[serde(rename = "secondaryAPIServerELB", skip_serializing_if = "Option::is_none")]
    pub secondary_api_server_elb: Option<LoadBalancer>,
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
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<ClassicElbAttributes>,
    /// Availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// The DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// Settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elb_attributes: Option<BTreeMap<String, String>>,
    /// The ports of an application or network load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elb_listeners: Option<Vec<Listener>>,
    /// The health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<ClassicElbHealthCheck>,
    /// The ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<ClassicElbListener>>,
    /// The addresses of the load balancer.
    #[serde(rename = "loadBalancerIPAddressType", skip_serializing_if = "Option::is_none")]
    pub load_balancer_ip_address_type: Option<LoadBalancerIpType>,
    /// The kind of load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_type: Option<LoadBalancerType>,
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

/// A port of an application or network load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// The port.
    pub port: i64,
    /// The protocol.
    pub protocol: String,
    /// The instances behind it.
    pub target_group: TargetGroup,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The instances behind a listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroup {
    /// The addresses of the targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_type: Option<String>,
    /// The name.
    pub name: String,
    /// The port.
    pub port: i64,
    /// The protocol.
    pub protocol: TargetGroupProtocol,
    /// How it is found out which instances are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_health_check: Option<TargetGroupHealthCheck>,
    /// The VPC.
    pub vpc_id: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a target group finds out which instances are healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupHealthCheck {
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
    pub protocol: Option<String>,
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
