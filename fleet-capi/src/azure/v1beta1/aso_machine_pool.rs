//! AKS node pools.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::azure::v1beta1::aso::AsoResourceStatus;

/// What an AKS node pool should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureASOManagedMachinePool",
    plural = "azureasomanagedmachinepools",
    namespaced,
    status = "AzureASOManagedMachinePoolStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An AKS node pool, as resources of the Azure Service Operator."
)]
pub struct AzureASOManagedMachinePoolSpec {
    /// The identities of the machines at the infrastructure provider.
    #[serde(rename = "providerIDList", skip_serializing_if = "Option::is_none")]
    pub provider_id_list: Option<Vec<String>>,
    /// Resources of the Azure Service Operator, as whole objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_objects")]
    pub resources: Option<Vec<Value>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an AKS node pool is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureASOManagedMachinePoolStatus {
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// How many nodes there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The resources, and whether they are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<AsoResourceStatus>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
