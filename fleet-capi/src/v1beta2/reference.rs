//! References between the objects of one cluster.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Another object of the same namespace, without its version: Cluster API finds that from the labels of the
/// kind's CRD.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractReference {
    /// The API group without a version, such as `infrastructure.cluster.x-k8s.io`.
    pub api_group: String,
    /// The kind, such as `AWSCluster`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ContractReference {
    /// Refers to an object of a group and kind by name.
    pub fn new(api_group: impl Into<String>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            api_group: api_group.into(),
            kind: kind.into(),
            name: name.into(),
            extra: Extra::new(),
        }
    }
}

/// A template in the same namespace, with the API version it is written in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateReference {
    /// The API version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Another object of the same namespace whose kind is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameReference {
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
