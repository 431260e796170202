//! AKS control planes.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::azure::v1beta1::aso::AsoResourceStatus;
use crate::meta::ApiEndpoint;

/// What an AKS control plane should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureASOManagedControlPlane",
    plural = "azureasomanagedcontrolplanes",
    namespaced,
    status = "AzureASOManagedControlPlaneStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An AKS control plane, as resources of the Azure Service Operator."
)]
pub struct AzureASOManagedControlPlaneSpec {
    /// Resources of the Azure Service Operator, as whole objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_objects")]
    pub resources: Option<Vec<Value>>,
    /// The Kubernetes version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an AKS control plane is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureASOManagedControlPlaneStatus {
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// Whether the API server has been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialized: Option<bool>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// The resources, and whether they are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<AsoResourceStatus>>,
    /// The Kubernetes version that AKS runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
