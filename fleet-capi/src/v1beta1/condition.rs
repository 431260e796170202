//! Conditions as Cluster API had them before it took Kubernetes' own.

use fleet_core::{Extra, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::ConditionStatus;

/// A condition with a severity: of v1beta1 objects, of providers that follow the v1beta1 contract, and under
/// `status.deprecated` of v1beta2 objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about, such as `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// How bad it is that it does not hold; empty where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<ConditionSeverity>,
    /// Why, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it has this status.
    pub last_transition_time: Time,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How bad it is that a condition does not hold.
    pub enum ConditionSeverity {
        /// It stops the object from working, and needs someone's attention.
        Error = "Error",
        /// It may go away by itself.
        Warning = "Warning",
        /// It is part of the ordinary course of things.
        Info = "Info",
        /// The condition holds.
        None = "",
    }
}
