//! Templates of development machines.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::docker::parts::DevMachineTemplateResource;

/// What new `DevMachine` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "DevMachineTemplate",
    plural = "devmachinetemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What development machines are made from.",
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct DevMachineTemplateSpec {
    /// What new objects are made from.
    pub template: DevMachineTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
