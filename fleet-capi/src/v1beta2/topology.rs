//! Clusters made from a class.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::{ConditionGate, DeletionOrderPolicy, MachineTaint, RolloutAfter, TemplateMeta};
use crate::v1beta2::health_check::{HealthCheckRemediation, HealthChecks, RemediationTrigger};
use crate::v1beta2::machine::DeletionTimeouts;
use crate::v1beta2::machine_deployment::MachineDeploymentRollout;
use crate::v1beta2::reference::TemplateReference;

/// A cluster made from a class: control plane and workers are derived from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topology {
    /// The `ClusterClass`.
    pub class_ref: ClassReference,
    /// The control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<ControlPlaneTopology>,
    /// Values of the class's variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<ClusterVariable>>,
    /// The Kubernetes version.
    pub version: String,
    /// The workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersTopology>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The class a cluster is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassReference {
    /// The name.
    pub name: String,
    /// The namespace, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The control plane of a cluster made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneTopology {
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionTimeouts>,
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<ControlPlaneHealthCheck>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// When and how machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutAfter>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Values of the class's variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<VariableOverrides>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What makes control-plane machines unhealthy, and what happens then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneHealthCheck {
    /// What makes machines unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<HealthChecks>,
    /// Whether it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<HealthCheckRemediation>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Values of variables that hold for this part of the cluster only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariableOverrides {
    /// The values that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Vec<ClusterVariable>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The value of a variable of the class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVariable {
    /// The name.
    pub name: String,
    /// The value.
    #[schemars(schema_with = "crate::schema::any_json")]
    pub value: Value,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The workers of a cluster made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkersTopology {
    /// Deployments of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_deployments: Option<Vec<MachineDeploymentTopology>>,
    /// Pools of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_pools: Option<Vec<MachinePoolTopology>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A deployment of machines made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentTopology {
    /// The name in the class.
    pub class: String,
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<MachineDeploymentTopologyDeletion>,
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// How it is found out which are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<MachineDeploymentHealthCheck>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// The name in this topology; it is part of the deployment's name.
    pub name: String,
    /// Conditions that must be good, besides Cluster API's own, for the machine to be `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_gates: Option<Vec<ConditionGate>>,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// When and how machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<MachineDeploymentRollout>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Values of the class's variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<VariableOverrides>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How machines are deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentTopologyDeletion {
    /// Seconds the deletion of the `Node` is tried; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_deletion_timeout_seconds: Option<i32>,
    /// Seconds the node is drained; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout_seconds: Option<i32>,
    /// Seconds volumes may take to be detached; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout_seconds: Option<i32>,
    /// Which machines go first when there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<DeletionOrderPolicy>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What makes the machines of a deployment unhealthy, and what happens then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentHealthCheck {
    /// What makes machines unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<HealthChecks>,
    /// Whether it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<MachineDeploymentHealthCheckRemediation>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What happens to unhealthy machines of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentHealthCheckRemediation {
    /// How many unhealthy machines are replaced at a time, as a number or a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<IntOrString>,
    /// Another remediation than replacing the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<TemplateReference>,
    /// Up to how many unhealthy machines are replaced; beyond, something larger is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_if: Option<RemediationTrigger>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pool of machines made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachinePoolTopology {
    /// The name in the class.
    pub class: String,
    /// How machines are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionTimeouts>,
    /// The names of the failure domains the pool spreads over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<String>>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// The name in this topology; it is part of the pool's name.
    pub name: String,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<MachineTaint>>,
    /// Values of the class's variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<VariableOverrides>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
