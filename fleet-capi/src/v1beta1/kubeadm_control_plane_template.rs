//! Templates of control planes.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::meta::{MachineNaming, MachineTaint, RolloutBefore, TemplateMeta};
use crate::v1beta1::kubeadm_config::KubeadmConfigSpec;
use crate::v1beta1::kubeadm_control_plane::{
    KubeadmControlPlaneRemediation, KubeadmControlPlaneRolloutStrategy,
};

/// What new `KubeadmControlPlane` objects are made from, in clusters made from a class.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "controlplane.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "KubeadmControlPlaneTemplate",
    plural = "kubeadmcontrolplanetemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What new `KubeadmControlPlane` objects are made from, in clusters made from a class.",
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
    pub spec: KubeadmControlPlaneTemplateResourceSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What control planes made from a template should be: a `KubeadmControlPlane` without what the topology says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneTemplateResourceSpec {
    /// How kubeadm sets up the machines.
    pub kubeadm_config_spec: KubeadmConfigSpec,
    /// How the names of new machines are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_naming_strategy: Option<MachineNaming>,
    /// What machines are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_template: Option<KubeadmControlPlaneTemplateMachineTemplate>,
    /// How unhealthy machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation_strategy: Option<KubeadmControlPlaneRemediation>,
    /// When this time has passed, machines older than it are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_after: Option<Time>,
    /// What makes machines be replaced in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_before: Option<RolloutBefore>,
    /// How machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_strategy: Option<KubeadmControlPlaneRolloutStrategy>,
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
    /// How long the deletion of the `Node` is tried; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_deletion_timeout: Option<GoDuration>,
    /// How long the node is drained; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout: Option<GoDuration>,
    /// How long volumes may take to be detached; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout: Option<GoDuration>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
