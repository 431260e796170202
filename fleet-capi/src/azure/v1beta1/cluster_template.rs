//! Templates of clusters on Azure.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::enums::SubnetRole;
use crate::azure::v1beta1::cloud_provider::CloudProviderConfigOverrides;
use crate::azure::v1beta1::cluster::ExtendedLocation;
use crate::azure::v1beta1::network::{LoadBalancerPort, VnetPeering};
use crate::azure::v1beta1::subnet::{PrivateEndpoint, SecurityRule, ServiceEndpoint};
use crate::meta::FailureDomainSpec;

/// What new `AzureCluster` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureClusterTemplate",
    plural = "azureclustertemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "What the infrastructure of clusters on Azure is made from."
)]
pub struct AzureClusterTemplateSpec {
    /// What new objects are made from.
    pub template: AzureClusterTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An `AzureCluster` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureClusterTemplateResource {
    /// What they have in common.
    pub spec: AzureClusterTemplateResourceSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What clusters made from a template have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureClusterTemplateResourceSpec {
    /// Further tags of every Azure resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The Azure cloud, such as `AzurePublicCloud`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_environment: Option<String>,
    /// Machines from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion_spec: Option<BastionTemplateSpec>,
    /// Settings of the cloud provider that are not the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_config_overrides: Option<CloudProviderConfigOverrides>,
    /// A place of Azure's outside its regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_location: Option<ExtendedLocation>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// The Azure identity the controllers act as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_ref: Option<ObjectReference>,
    /// The region.
    pub location: String,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_spec: Option<NetworkTemplate>,
    /// The subscription.
    #[serde(rename = "subscriptionID", skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The bastions of the clusters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BastionTemplateSpec {
    /// Azure's bastion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_bastion: Option<AzureBastionTemplate>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Azure's bastion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureBastionTemplate {
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetTemplate>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubnetTemplate {
    /// Address ranges, such as `10.0.0.0/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// The name.
    pub name: String,
    /// The NAT gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway: Option<NatGatewayTemplate>,
    /// Addresses that lead to services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_endpoints: Option<Vec<PrivateEndpoint>>,
    /// Whom it is for.
    pub role: SubnetRole,
    /// The network security group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group: Option<SecurityGroupTemplate>,
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
pub struct NatGatewayTemplate {
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A network security group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroupTemplate {
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

/// The network of the clusters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkTemplate {
    /// Further ports of the load balancer in front of the API servers.
    #[serde(
        rename = "additionalAPIServerLBPorts",
        skip_serializing_if = "Option::is_none"
    )]
    pub additional_api_server_lb_ports: Option<Vec<LoadBalancerPort>>,
    /// The load balancer in front of the API servers.
    #[serde(rename = "apiServerLB", skip_serializing_if = "Option::is_none")]
    pub api_server_lb: Option<LoadBalancerTemplate>,
    /// The load balancer for outgoing traffic of the control plane.
    #[serde(rename = "controlPlaneOutboundLB", skip_serializing_if = "Option::is_none")]
    pub control_plane_outbound_lb: Option<LoadBalancerTemplate>,
    /// The load balancer for outgoing traffic of the nodes.
    #[serde(rename = "nodeOutboundLB", skip_serializing_if = "Option::is_none")]
    pub node_outbound_lb: Option<LoadBalancerTemplate>,
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
    pub subnets: Option<Vec<SubnetTemplate>>,
    /// The virtual network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vnet: Option<VnetTemplate>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerTemplate {
    /// Minutes an idle connection stays open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_in_minutes: Option<i32>,
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

/// The virtual network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VnetTemplate {
    /// Address ranges, such as `10.0.0.0/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_blocks: Option<Vec<String>>,
    /// Peerings with other networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peerings: Option<Vec<VnetPeering>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
