//! EC2 instances.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{
    HostAffinity, IgnitionStorage, IgnitionVersion, MarketType, NetworkInterfaceType, Tenancy, Toggle,
};
use crate::aws::parts::{AmiReference, CloudInit, Filter, SpotMarketOptions, Volume};
use crate::aws::v1beta2::network::ElasticIpPool;
use crate::aws::v1beta2::network_status::{
    CpuOptions, DynamicHostAllocation, InstanceMetadataOptions, PrivateDnsName,
};
use crate::meta::MachineAddress;
use crate::v1beta1;

/// What one EC2 instance should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSMachine",
    plural = "awsmachines",
    namespaced,
    shortname = "awsm",
    category = "cluster-api",
    status = "AWSMachineStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An EC2 instance as a machine of a cluster.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"}"#,
    printcolumn = r#"{"name": "State", "type": "string", "jsonPath": ".status.instanceState"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "InstanceID", "type": "string", "jsonPath": ".spec.providerID"}"#,
    printcolumn = r#"{"name": "Machine", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"Machine\")].name"}"#
)]
pub struct AWSMachineSpec {
    /// Further security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<ResourceReference>>,
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<AmiReference>,
    /// Whether the first IPv6 address becomes the primary one.
    #[serde(rename = "assignPrimaryIPv6", skip_serializing_if = "Option::is_none")]
    pub assign_primary_ipv6: Option<Toggle>,
    /// The capacity reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_id: Option<String>,
    /// Whether open capacity reservations are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_preference: Option<String>,
    /// How bootstrap data reaches cloud-init.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_init: Option<CloudInit>,
    /// Settings of the processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_options: Option<CpuOptions>,
    /// Allocates a dedicated host for the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_host_allocation: Option<DynamicHostAllocation>,
    /// The pool elastic IPs are taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_ip_pool: Option<ElasticIpPool>,
    /// Whether a stopped instance comes back to the same host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_affinity: Option<HostAffinity>,
    /// The dedicated host.
    #[serde(rename = "hostID", skip_serializing_if = "Option::is_none")]
    pub host_id: Option<String>,
    /// The instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<String>,
    /// How bootstrap data reaches Ignition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// The operating system of the image that is looked up.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// How the name of the image that is looked up is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The AWS account that owns the image that is looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The instance.
    #[serde(rename = "instanceID", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The instance metadata service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_options: Option<InstanceMetadataOptions>,
    /// The instance type.
    pub instance_type: String,
    /// How the capacity is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_type: Option<MarketType>,
    /// The kind of network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_type: Option<NetworkInterfaceType>,
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
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Whether it gets a public address.
    #[serde(rename = "publicIP", skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<bool>,
    /// The root volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// Security groups to use instead of those that would be made, by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_overrides: Option<BTreeMap<String, String>>,
    /// A spot instance, and how it is bid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<ResourceReference>,
    /// Whether hardware is shared with other customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<Tenancy>,
    /// Whether user data is left uncompressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed_user_data: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one EC2 instance is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineStatus {
    /// The addresses of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// The dedicated host that was allocated for the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedicated_host: Option<DedicatedHost>,
    /// Why it will not come up, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// Why it will not come up, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The state of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    /// Whether AWS may take the instance away: it is a spot instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interruptible: Option<bool>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The dedicated host an instance runs on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DedicatedHost {
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An AWS resource, by its id or by filters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// What it must match, where no id is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<Filter>>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How bootstrap data reaches Ignition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ignition {
    /// The proxies it goes through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<IgnitionProxy>,
    /// Where bootstrap data is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<IgnitionStorage>,
    /// Whom it trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<IgnitionTls>,
    /// The version of Ignition's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<IgnitionVersion>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The proxies Ignition goes through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnitionProxy {
    /// The proxy for HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_proxy: Option<String>,
    /// What is reached without a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whom Ignition trusts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnitionTls {
    /// Further certificate authorities, as URLs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authorities: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
