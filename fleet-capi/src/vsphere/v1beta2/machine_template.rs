//! Templates of virtual machines.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::TemplateMeta;
use crate::vsphere::v1beta2::machine::VSphereMachineSpec;

/// What new `VSphereMachine` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "VSphereMachineTemplate",
    plural = "vspheremachinetemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "What virtual machines are made from.",
    printcolumn = r#"{"name": "ClusterClass", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"ClusterClass\")].name"}"#,
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"Cluster\")].name"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct VSphereMachineTemplateSpec {
    /// What new objects are made from.
    pub template: VSphereMachineTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `VSphereMachine` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VSphereMachineTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<VSphereMachineSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
