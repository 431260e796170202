//! Clusters.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::{ApiEndpoint, ClusterNetwork, ClusterPhase, ConditionGate, ReplicaSummary};
use crate::v1beta2::ContractReference;
use crate::v1beta2::machine::V1beta1FailureContainer;
use crate::v1beta2::topology::Topology;

/// What a cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta2",
    kind = "Cluster",
    plural = "clusters",
    namespaced,
    shortname = "cl",
    category = "cluster-api",
    status = "ClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A Kubernetes cluster, with references to what it is made of.",
    printcolumn = r#"{"name": "ClusterClass", "type": "string", "jsonPath": ".spec.topology.classRef.name"}"#,
    printcolumn = r#"{"name": "Available", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Available\")].status"}"#,
    printcolumn = r#"{"name": "CP Desired", "type": "integer", "jsonPath": ".status.controlPlane.desiredReplicas"}"#,
    printcolumn = r#"{"name": "CP Current", "type": "integer", "jsonPath": ".status.controlPlane.replicas", "priority": 10}"#,
    printcolumn = r#"{"name": "CP Ready", "type": "integer", "jsonPath": ".status.controlPlane.readyReplicas", "priority": 10}"#,
    printcolumn = r#"{"name": "CP Available", "type": "integer", "jsonPath": ".status.controlPlane.availableReplicas"}"#,
    printcolumn = r#"{"name": "CP Up-to-date", "type": "integer", "jsonPath": ".status.controlPlane.upToDateReplicas"}"#,
    printcolumn = r#"{"name": "W Desired", "type": "integer", "jsonPath": ".status.workers.desiredReplicas"}"#,
    printcolumn = r#"{"name": "W Current", "type": "integer", "jsonPath": ".status.workers.replicas", "priority": 10}"#,
    printcolumn = r#"{"name": "W Ready", "type": "integer", "jsonPath": ".status.workers.readyReplicas", "priority": 10}"#,
    printcolumn = r#"{"name": "W Available", "type": "integer", "jsonPath": ".status.workers.availableReplicas"}"#,
    printcolumn = r#"{"name": "W Up-to-date", "type": "integer", "jsonPath": ".status.workers.upToDateReplicas"}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Phase", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".spec.topology.version"}"#
)]
pub struct ClusterSpec {
    /// Conditions that must be good, besides Cluster API's own, for the cluster to be `Available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_gates: Option<Vec<ConditionGate>>,
    /// The networks inside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_network: Option<ClusterNetwork>,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// The control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ContractReference>,
    /// The infrastructure provider's side of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_ref: Option<ContractReference>,
    /// Stops every controller of the cluster, of the infrastructure as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// The class the cluster is made from, and what is special about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology: Option<Topology>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// The control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<ReplicaSummary>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<V1beta1FailureContainer>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<FailureDomain>>,
    /// What has happened once while it came up; it does not change afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization: Option<ClusterInitialization>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How far it is; for people, programs read the conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ClusterPhase>,
    /// The workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<ReplicaSummary>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A part of the infrastructure that fails on its own, such as a zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureDomain {
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// Whether control-plane machines may run there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<bool>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What has happened once while the cluster came up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInitialization {
    /// The control plane takes requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_initialized: Option<bool>,
    /// The infrastructure is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_provisioned: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
