//! What the contract asks of the infrastructure providers' objects.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What has happened once while the infrastructure came up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InfrastructureInitialization {
    /// The infrastructure is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
