//! Classes of clusters.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::class::{ClusterClassUpgrade, PatchDefinition, VariableSchema};
use crate::meta::{ConditionGate, MachineNaming, MachineTaint, TemplateMeta};
use crate::v1beta2::deprecated::DeprecatedConditions;
use crate::v1beta2::health_check::{HealthCheckRemediation, HealthChecks};
use crate::v1beta2::machine::DeletionTimeouts;
use crate::v1beta2::machine_deployment::MachineDeploymentRolloutStrategy;
use crate::v1beta2::reference::TemplateReference;
use crate::v1beta2::topology::{MachineDeploymentHealthCheckRemediation, MachineDeploymentTopologyDeletion};

/// What clusters of a class are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta2",
    kind = "ClusterClass",
    plural = "clusterclasses",
    namespaced,
    shortname = "cc",
    category = "cluster-api",
    status = "ClusterClassStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "What clusters are made from: templates, and what a cluster may change in them.",
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Variables Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"VariablesReady\")].status"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct ClusterClassSpec {
    /// Conditions that must be good, besides Cluster API's own, for the cluster to be `Available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_gates: Option<Vec<ConditionGate>>,
    /// What control planes are made from.
    pub control_plane: ControlPlaneClass,
    /// What the infrastructure of clusters is made from.
    pub infrastructure: InfrastructureClass,
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
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionTimeouts>,
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<ControlPlaneClassHealthCheck>,
    /// What the infrastructure of control-plane machines is made from, where the control plane has machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_infrastructure: Option<ClassTemplate>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming: Option<MachineNaming>,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// The template of the control plane.
    pub template_ref: TemplateReference,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How unhealthy control-plane machines are found, and what happens to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneClassHealthCheck {
    /// What makes machines unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<HealthChecks>,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<HealthCheckRemediation>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one part of a cluster is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassTemplate {
    /// The template.
    pub template_ref: TemplateReference,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the infrastructure of clusters is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InfrastructureClass {
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming: Option<MachineNaming>,
    /// The template.
    pub template_ref: TemplateReference,
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
    pub generate_patches_extension: Option<String>,
    /// Settings the extension is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
    /// The extension that looks at the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_topology_extension: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A variable of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassVariable {
    /// Labels and annotations that v1beta1 kept beside the variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated_v1_beta1_metadata: Option<TemplateMeta>,
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
    /// What the bootstrap configuration of machines is made from.
    pub bootstrap: ClassTemplate,
    /// The name by which a topology asks for it.
    pub class: String,
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<MachineDeploymentTopologyDeletion>,
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<MachineDeploymentClassHealthCheck>,
    /// What the infrastructure of machines is made from.
    pub infrastructure: ClassTemplate,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming: Option<MachineNaming>,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// When and how machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<MachineDeploymentClassRollout>,
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
pub struct MachineDeploymentClassHealthCheck {
    /// What makes machines unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<HealthChecks>,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<MachineDeploymentHealthCheckRemediation>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How machines are replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentClassRollout {
    /// Whether it is applied once or again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<MachineDeploymentRolloutStrategy>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What pools of machines are made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachinePoolClass {
    /// What the bootstrap configuration of machines is made from.
    pub bootstrap: ClassTemplate,
    /// The name by which a topology asks for it.
    pub class: String,
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionTimeouts>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<String>>,
    /// What the infrastructure of machines is made from.
    pub infrastructure: ClassTemplate,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How the names of new objects are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming: Option<MachineNaming>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
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
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
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
    /// Labels and annotations that v1beta1 kept beside the variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated_v1_beta1_metadata: Option<TemplateMeta>,
    /// Who defines it: `inline` for the class itself, else the name of the patch.
    pub from: String,
    /// Whether a cluster must give a value.
    pub required: bool,
    /// What values it takes.
    pub schema: VariableSchema,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
