//! Health checks of machines.

use fleet_core::Extra;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::v1beta1::condition::Condition;
use crate::v1beta1::health_check::{UnhealthyCondition, UnhealthyMachineCondition};
use crate::v1beta1::machine::V1beta2Conditions;

/// Which machines are watched, and what makes them unhealthy.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta1",
    kind = "MachineHealthCheck",
    plural = "machinehealthchecks",
    namespaced,
    shortname = "mhc",
    shortname = "mhcs",
    category = "cluster-api",
    status = "MachineHealthCheckStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "Watches machines, and has the unhealthy ones replaced.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.clusterName"}"#,
    printcolumn = r#"{"name": "ExpectedMachines", "type": "integer", "jsonPath": ".status.expectedMachines"}"#,
    printcolumn = r#"{"name": "MaxUnhealthy", "type": "string", "jsonPath": ".spec.maxUnhealthy"}"#,
    printcolumn = r#"{"name": "CurrentHealthy", "type": "integer", "jsonPath": ".status.currentHealthy"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct MachineHealthCheckSpec {
    /// The cluster it belongs to; it cannot change.
    pub cluster_name: String,
    /// Up to how many unhealthy machines are replaced, as a number or a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unhealthy: Option<IntOrString>,
    /// How long a machine may take to become a node; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_startup_timeout: Option<GoDuration>,
    /// A template of another remediation than replacing the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation_template: Option<ObjectReference>,
    /// The labels of the machines to watch.
    pub selector: LabelSelector,
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

/// What a health check has found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineHealthCheckStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// How many machines are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_healthy: Option<i32>,
    /// How many machines are watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_machines: Option<i32>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How many more machines may be replaced now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediations_allowed: Option<i32>,
    /// The machines that are watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<String>>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
