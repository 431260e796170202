//! Templates of virtual machines.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::enums::{Architecture, OperatingSystem};
use crate::azure::v1beta1::machine::AzureMachineSpec;
use crate::meta::TemplateMeta;

/// What new `AzureMachine` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureMachineTemplate",
    plural = "azuremachinetemplates",
    namespaced,
    category = "cluster-api",
    status = "AzureMachineTemplateStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "What virtual machines are made from."
)]
pub struct AzureMachineTemplateSpec {
    /// What new objects are made from.
    pub template: AzureMachineTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What machines of the template have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureMachineTemplateStatus {
    /// What a machine offers, for scaling from zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<BTreeMap<String, IntOrString>>,
    /// The platform of the nodes, for scaling from zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_info: Option<TemplateNodeInfo>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An `AzureMachine` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureMachineTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    pub spec: AzureMachineSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The platform of the nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateNodeInfo {
    /// The processor architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// The operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system: Option<OperatingSystem>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
