//! What makes machines unhealthy.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::meta::ConditionStatus;

/// A condition of a node that makes its machine unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnhealthyCondition {
    /// The status that is unhealthy.
    pub status: String,
    /// How long it must last to count.
    pub timeout: GoDuration,
    /// The type of the condition.
    #[serde(rename = "type")]
    pub type_: String,
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
    /// How long it must last to count.
    pub timeout: GoDuration,
    /// The type of the condition.
    #[serde(rename = "type")]
    pub type_: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
