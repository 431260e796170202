//! Types.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::TemplateMeta;
use crate::v1beta2::kubeadm_config::KubeadmConfigSpec;

/// A `KubeadmConfigTemplateSpec`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "bootstrap.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "KubeadmConfigTemplate",
    plural = "kubeadmconfigtemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "A `KubeadmConfigTemplate`.",
    printcolumn(name = "ClusterClass", type_ = "string", json_path = ".metadata.ownerReferences[?(@.kind==\"ClusterClass\")].name"),
    printcolumn(name = "Cluster", type_ = "string", json_path = ".metadata.ownerReferences[?(@.kind==\"Cluster\")].name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
)]
pub struct KubeadmConfigTemplateSpec {
    /// The `template` field.
    pub template: KubeadmConfigTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmConfigTemplateResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmConfigTemplateResource {
    /// The `metadata` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// The `spec` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<KubeadmConfigSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
