//! Templates of control planes.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::{MachineNaming, MachineTaint, TemplateMeta};
use crate::v1beta2::kubeadm_config::KubeadmConfigSpec;
use crate::v1beta2::kubeadm_control_plane::{KubeadmControlPlaneRemediation, KubeadmControlPlaneRollout};
use crate::v1beta2::machine::DeletionTimeouts;

/// What new `KubeadmControlPlane` objects are made from, in clusters made from a class.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "controlplane.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "KubeadmControlPlaneTemplate",
    plural = "kubeadmcontrolplanetemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "What new `KubeadmControlPlane` objects are made from, in clusters made from a class.",
    printcolumn = r#"{"name": "ClusterClass", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"ClusterClass\")].name"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct KubeadmControlPlaneTemplateSpec {
    /// What new objects are made from.
    pub template: KubeadmControlPlaneTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmControlPlane` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<KubeadmControlPlaneTemplateResourceSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What control planes made from a template should be: a `KubeadmControlPlane` without what the topology says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneTemplateResourceSpec {
    /// How kubeadm sets up the machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeadm_config_spec: Option<KubeadmConfigSpec>,
    /// How the names of new machines are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_naming: Option<MachineNaming>,
    /// What machines are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_template: Option<KubeadmControlPlaneTemplateMachineTemplate>,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<KubeadmControlPlaneRemediation>,
    /// When and how machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<KubeadmControlPlaneRollout>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What machines are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneTemplateMachineTemplate {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What machines should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<KubeadmControlPlaneTemplateMachineSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What machines should be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneTemplateMachineSpec {
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionTimeouts>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
