//! Clusters made from a class.

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::GoDuration;
use crate::meta::{ConditionGate, MachineTaint, RolloutAfter, TemplateMeta};
use crate::v1beta1::health_check::{UnhealthyCondition, UnhealthyMachineCondition};
use crate::v1beta1::machine_deployment::MachineDeploymentStrategy;

/// A cluster made from a class: control plane and workers are derived from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topology {
    /// The `ClusterClass`.
    pub class: String,
    /// The namespace of the class, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_namespace: Option<String>,
    /// The control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<ControlPlaneTopology>,
    /// When this time has passed, machines older than it are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_after: Option<Time>,
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

/// The control plane of a cluster made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneTopology {
    /// What makes machines unhealthy, instead of what the class says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_health_check: Option<MachineHealthCheckTopology>,
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

/// What makes machines unhealthy, instead of what the class says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineHealthCheckTopology {
    /// Whether machines are checked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable: Option<bool>,
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
    /// Which patch of the class defines the variable, where several do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition_from: Option<String>,
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
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// What makes machines unhealthy, instead of what the class says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_health_check: Option<MachineHealthCheckTopology>,
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// The name in this topology; it is part of the deployment's name.
    pub name: String,
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
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// When and how machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutAfter>,
    /// How machines are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<MachineDeploymentStrategy>,
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

/// A pool of machines made from a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachinePoolTopology {
    /// The name in the class.
    pub class: String,
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
    /// How long the deletion of the `Node` is tried; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_deletion_timeout: Option<GoDuration>,
    /// How long the node is drained; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout: Option<GoDuration>,
    /// How long volumes may take to be detached; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout: Option<GoDuration>,
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
