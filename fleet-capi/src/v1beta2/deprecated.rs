//! What v1beta1 had in the status of most kinds.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1beta1;

/// What v1beta1 had in the status and v1beta2 dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedConditions {
    /// The status of v1beta1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta1: Option<V1beta1Conditions>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The conditions of v1beta1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V1beta1Conditions {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
