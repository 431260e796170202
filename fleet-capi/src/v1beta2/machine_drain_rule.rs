//! Rules for draining nodes.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addons::{DrainRule, DrainedMachines, DrainedPods};

/// Which pods of which machines are drained how.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta2",
    kind = "MachineDrainRule",
    plural = "machinedrainrules",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    doc = "Says which pods a drain evicts, waits for or leaves alone, and in which order.",
    printcolumn = r#"{"name": "Behavior", "type": "string", "jsonPath": ".spec.drain.behavior"}"#,
    printcolumn = r#"{"name": "Order", "type": "string", "jsonPath": ".spec.drain.order"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct MachineDrainRuleSpec {
    /// What happens to the pods.
    pub drain: DrainRule,
    /// The machines it is about; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machines: Option<Vec<DrainedMachines>>,
    /// The pods it is about; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<Vec<DrainedPods>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
