//! Classes of clusters.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::class::{ClusterClassUpgrade, PatchDefinition, VariableSchema};
use crate::meta::{ConditionGate, MachineNaming, MachineTaint, TemplateMeta};
use crate::v1beta1::condition::Condition;
use crate::v1beta1::health_check::{UnhealthyCondition, UnhealthyMachineCondition};
use crate::v1beta1::machine::V1beta2Conditions;
use crate::v1beta1::machine_deployment::MachineDeploymentStrategy;

/// What clusters of a class are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta1",
    kind = "ClusterClass",
    plural = "clusterclasses",
    namespaced,
    shortname = "cc",
    category = "cluster-api",
    status = "ClusterClassStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What clusters are made from: templates, and what a cluster may change in them.",
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct ClusterClassSpec {
    /// Conditions that must be good, besides Cluster API's own, for the cluster to be `Available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_gates: Option<Vec<ConditionGate>>,
    /// What control planes are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<ControlPlaneClass>,
    /// What the infrastructure of clusters is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<ClassTemplate>,
    /// How the names of the infrastructure provider's cluster objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_naming_strategy: Option<MachineNaming>,
    /// The Kubernetes versions clusters of this class may run, the oldest first: an upgrade goes through them one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_versions: Option<Vec<String>>,
    /// What is changed in the templates for a cluster, by the values of its variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<Vec<ClusterClassPatch>>,
    /// How clusters of this class are upgraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<ClusterClassUpgrade>,
    /// The variables a cluster may give values for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<ClusterClassVariable>>,
    /// What workers are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersClass>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What control planes of a class are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneClass {
    /// What makes machines unhealthy, instead of what the class says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_health_check: Option<MachineHealthCheckClass>,
    /// What the infrastructure of control-plane machines is made from, where the control plane has machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_infrastructure: Option<ClassTemplate>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming_strategy: Option<MachineNaming>,
    /// How long the deletion of the `Node` is tried; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_deletion_timeout: Option<GoDuration>,
    /// How long the node is drained; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout: Option<GoDuration>,
    /// How long volumes may take to be detached; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout: Option<GoDuration>,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// The template of the control plane.
    pub ref_: ObjectReference,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How unhealthy machines are found, and what happens to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineHealthCheckClass {
    /// Up to how many unhealthy machines are replaced, as a number or a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unhealthy: Option<IntOrString>,
    /// How long a machine may take to become a node; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_startup_timeout: Option<GoDuration>,
    /// A template of another remediation than replacing the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation_template: Option<ObjectReference>,
    /// Conditions of nodes that make their machines unhealthy; any one is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_conditions: Option<Vec<UnhealthyCondition>>,
    /// Conditions of machines that make them unhealthy; any one is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_machine_conditions: Option<Vec<UnhealthyMachineCondition>>,
    /// Replaces unhealthy machines only while there are so many, such as `[3-5]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_range: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one part of a cluster is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassTemplate {
    /// The template.
    pub ref_: ObjectReference,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A change of templates by the values of variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassPatch {
    /// The patches themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Vec<PatchDefinition>>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A Go template: the patch is applied where it comes out as `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_if: Option<String>,
    /// A runtime extension does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalPatch>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A runtime extension that changes templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPatch {
    /// The extension that says which variables there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discover_variables_extension: Option<String>,
    /// The extension that makes the patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_extension: Option<String>,
    /// Settings the extension is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
    /// The extension that looks at the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_extension: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A variable of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassVariable {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// The name.
    pub name: String,
    /// Whether a cluster must give a value.
    pub required: bool,
    /// What values it takes.
    pub schema: VariableSchema,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What workers of a class are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkersClass {
    /// Classes of deployments of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_deployments: Option<Vec<MachineDeploymentClass>>,
    /// Classes of pools of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_pools: Option<Vec<MachinePoolClass>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What deployments of machines are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentClass {
    /// The name by which a topology asks for it.
    pub class: String,
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// What makes machines unhealthy, instead of what the class says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_health_check: Option<MachineHealthCheckClass>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming_strategy: Option<MachineNaming>,
    /// How long the deletion of the `Node` is tried; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_deletion_timeout: Option<GoDuration>,
    /// How long the node is drained; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout: Option<GoDuration>,
    /// How long volumes may take to be detached; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout: Option<GoDuration>,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// Whether it is applied once or again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<MachineDeploymentStrategy>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// What new objects are made from.
    pub template: WorkerTemplates,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What workers are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerTemplates {
    /// What the bootstrap configuration of machines is made from.
    pub bootstrap: ClassTemplate,
    /// What the infrastructure of machines is made from.
    pub infrastructure: ClassTemplate,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What pools of machines are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachinePoolClass {
    /// The name by which a topology asks for it.
    pub class: String,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<String>>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming_strategy: Option<MachineNaming>,
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
    /// What new objects are made from.
    pub template: WorkerTemplates,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is known of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// The variables there are, from the class itself and from its extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<ClusterClassStatusVariable>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A variable, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassStatusVariable {
    /// Where the variable is defined; more than once where several define one of the same name.
    pub definitions: Vec<ClusterClassStatusVariableDefinition>,
    /// Whether the definitions contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definitions_conflict: Option<bool>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One definition of a variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassStatusVariableDefinition {
    /// Who defines it: `inline` for the class itself, else the name of the patch.
    pub from: String,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Whether a cluster must give a value.
    pub required: bool,
    /// What values it takes.
    pub schema: VariableSchema,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
