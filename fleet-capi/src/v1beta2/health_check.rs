//! What makes machines unhealthy, and what happens then.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::ConditionStatus;
use crate::v1beta2::reference::TemplateReference;

/// What makes machines unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthChecks {
    /// Seconds a machine may take to become a node; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_startup_timeout_seconds: Option<i32>,
    /// Conditions of machines that make them unhealthy; any one is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_machine_conditions: Option<Vec<UnhealthyMachineCondition>>,
    /// Conditions of nodes that make their machines unhealthy; any one is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_node_conditions: Option<Vec<UnhealthyNodeCondition>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A condition of a machine that makes it unhealthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnhealthyMachineCondition {
    /// The status that is unhealthy.
    pub status: ConditionStatus,
    /// Seconds it must last to count.
    pub timeout_seconds: i32,
    /// The type of the condition.
    #[serde(rename = "type")]
    pub type_: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A condition of a node that makes its machine unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnhealthyNodeCondition {
    /// The status that is unhealthy.
    pub status: String,
    /// Seconds it must last to count.
    pub timeout_seconds: i32,
    /// The type of the condition.
    #[serde(rename = "type")]
    pub type_: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What happens to unhealthy machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckRemediation {
    /// Another remediation than replacing the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<TemplateReference>,
    /// Up to how many unhealthy machines are replaced; beyond, something larger is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_if: Option<RemediationTrigger>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Up to how many unhealthy machines are replaced; beyond, something larger is wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemediationTrigger {
    /// Replaces unhealthy machines only while there are so many, such as `[3-5]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_in_range: Option<String>,
    /// Replaces unhealthy machines only up to this number or percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_less_than_or_equal_to: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
