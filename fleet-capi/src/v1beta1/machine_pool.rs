//! Pools of machines.

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addons::MachinePoolPhase;
use crate::meta::VersionReplicas;
use crate::v1beta1::condition::Condition;
use crate::v1beta1::machine_set::{MachineTemplate, V1beta2Replicas};

/// What a pool of machines should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta1",
    kind = "MachinePool",
    plural = "machinepools",
    namespaced,
    shortname = "mp",
    category = "cluster-api",
    status = "MachinePoolStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "A number of machines that the infrastructure provider keeps by itself, such as an auto-scaling group.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas"
    ),
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.clusterName"}"#,
    printcolumn = r#"{"name": "Desired", "type": "integer", "jsonPath": ".spec.replicas", "priority": 10}"#,
    printcolumn = r#"{"name": "Replicas", "type": "string", "jsonPath": ".status.replicas"}"#,
    printcolumn = r#"{"name": "Phase", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".spec.template.spec.version"}"#
)]
pub struct MachinePoolSpec {
    /// The cluster it belongs to; it cannot change.
    pub cluster_name: String,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<String>>,
    /// Seconds a machine must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// The identities of the machines at the infrastructure provider.
    #[serde(rename = "providerIDList", skip_serializing_if = "Option::is_none")]
    pub provider_id_list: Option<Vec<String>>,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// What new objects are made from.
    pub template: MachineTemplate,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a pool of machines is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachinePoolStatus {
    /// How many are available: ready for `minReadySeconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// Whether the bootstrap data is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_ready: Option<bool>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// What went wrong for good, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// What went wrong for good, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Whether the infrastructure is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_ready: Option<bool>,
    /// The nodes that run on the machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_refs: Option<Vec<ObjectReference>>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How far it is; for people, programs read the conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<MachinePoolPhase>,
    /// How many are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// How many are not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable_replicas: Option<i32>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Replicas>,
    /// How many machines run which version, by what their kubelets say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<VersionReplicas>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
