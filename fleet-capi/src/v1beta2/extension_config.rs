//! Runtime extensions.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addons::{ExtensionClientConfig, ExtensionHandler};
use crate::v1beta2::deprecated::DeprecatedConditions;

/// How a runtime extension is reached, and for which objects.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "runtime.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "ExtensionConfig",
    plural = "extensionconfigs",
    shortname = "ext",
    category = "cluster-api",
    status = "ExtensionConfigStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "Registers a runtime extension: a web server that Cluster API calls at its hooks.",
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Discovered", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Discovered\")].status"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct ExtensionConfigSpec {
    /// How the extension is reached.
    pub client_config: ExtensionClientConfig,
    /// The namespaces whose objects the extension is called for; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Settings the extension is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a runtime extension handles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionConfigStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// What the extension handles, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handlers: Option<Vec<ExtensionHandler>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
