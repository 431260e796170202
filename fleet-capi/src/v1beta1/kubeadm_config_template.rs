//! Templates of bootstrap configuration.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::TemplateMeta;
use crate::v1beta1::kubeadm_config::KubeadmConfigSpec;

/// What new `KubeadmConfig` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "bootstrap.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "KubeadmConfigTemplate",
    plural = "kubeadmconfigtemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What the bootstrap configuration of workers is made from.",
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct KubeadmConfigTemplateSpec {
    /// What new objects are made from.
    pub template: KubeadmConfigTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmConfig` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmConfigTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<KubeadmConfigSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
