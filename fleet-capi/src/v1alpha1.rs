//! The one kind of Cluster API that went from v1alpha1 to v1beta2 in one step.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addons::{ExtensionClientConfig, ExtensionHandler};
use crate::v1beta1;
use crate::v1beta1::V1beta2Conditions;

/// How a runtime extension is reached, and for which objects.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "runtime.cluster.x-k8s.io",
    version = "v1alpha1",
    kind = "ExtensionConfig",
    plural = "extensionconfigs",
    shortname = "ext",
    category = "cluster-api",
    status = "ExtensionConfigStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "Registers a runtime extension: a web server that Cluster API calls at its hooks.",
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
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// What the extension handles, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handlers: Option<Vec<ExtensionHandler>>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
