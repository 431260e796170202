//! Clusters on Azure.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::azure::enums::{BastionSku, ExtendedLocationType};
use crate::azure::v1beta1::cloud_provider::CloudProviderConfigOverrides;
use crate::azure::v1beta1::network::{NetworkSpec, PublicIpSpec};
use crate::azure::v1beta1::subnet::SubnetSpec;
use crate::meta::{ApiEndpoint, FailureDomainSpec};
use crate::v1beta1;

/// What the Azure side of a cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureCluster",
    plural = "azureclusters",
    namespaced,
    category = "cluster-api",
    status = "AzureClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "The infrastructure of a cluster on Azure.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].reason"}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].message", "priority": 1}"#,
    printcolumn = r#"{"name": "Resource Group", "type": "string", "jsonPath": ".spec.resourceGroup", "priority": 1}"#,
    printcolumn = r#"{"name": "SubscriptionID", "type": "string", "jsonPath": ".spec.subscriptionID", "priority": 1}"#,
    printcolumn = r#"{"name": "Location", "type": "string", "jsonPath": ".spec.location", "priority": 1}"#,
    printcolumn = r#"{"name": "Endpoint", "type": "string", "jsonPath": ".spec.controlPlaneEndpoint.host", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct AzureClusterSpec {
    /// Further tags of every Azure resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The Azure cloud, such as `AzurePublicCloud`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_environment: Option<String>,
    /// Machines from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion_spec: Option<BastionSpec>,
    /// Settings of the cloud provider that are not the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_config_overrides: Option<CloudProviderConfigOverrides>,
    /// Whether the control plane runs on machines of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_enabled: Option<bool>,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
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
    pub network_spec: Option<NetworkSpec>,
    /// The resource group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// The subscription.
    #[serde(rename = "subscriptionID", skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the Azure side of a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureClusterStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// Operations of Azure's that go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_running_operation_states: Option<Vec<LongRunningOperation>>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The bastions of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BastionSpec {
    /// Azure's bastion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_bastion: Option<AzureBastion>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Azure's bastion, from which the machines are reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureBastion {
    /// Whether native clients can connect through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_tunneling: Option<bool>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A public address.
    #[serde(rename = "publicIP", skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<PublicIpSpec>,
    /// The tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<BastionSku>,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A place of Azure's outside its regions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtendedLocation {
    /// The name.
    pub name: String,
    /// The kind.
    pub type_: ExtendedLocationType,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An operation of Azure's that goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LongRunningOperation {
    /// What Azure needs to find it again.
    pub data: SensitiveString,
    /// The name.
    pub name: String,
    /// The resource group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// The service of Azure's.
    pub service_name: String,
    /// What is done, such as `PUT`.
    pub type_: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
