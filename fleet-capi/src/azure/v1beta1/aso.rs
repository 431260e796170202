//! The infrastructure of AKS clusters.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::ApiEndpoint;

/// What the infrastructure of an AKS cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureASOManagedCluster",
    plural = "azureasomanagedclusters",
    namespaced,
    status = "AzureASOManagedClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "The infrastructure of an AKS cluster, as resources of the Azure Service Operator."
)]
pub struct AzureASOManagedClusterSpec {
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// Resources of the Azure Service Operator, as whole objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_objects")]
    pub resources: Option<Vec<Value>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the infrastructure of an AKS cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureASOManagedClusterStatus {
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// The resources, and whether they are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<AsoResourceStatus>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A resource of the Azure Service Operator, and whether it is ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsoResourceStatus {
    /// Whether it is ready.
    pub ready: bool,
    /// Which resource.
    pub resource: AsoResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A resource of the Azure Service Operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsoResource {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The API version.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
