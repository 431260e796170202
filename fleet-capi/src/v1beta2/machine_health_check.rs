//! Health checks of machines.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1beta2::deprecated::DeprecatedConditions;
use crate::v1beta2::health_check::{HealthCheckRemediation, HealthChecks};

/// Which machines are watched, and what makes them unhealthy.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "cluster.x-k8s.io",
    version = "v1beta2",
    kind = "MachineHealthCheck",
    plural = "machinehealthchecks",
    namespaced,
    shortname = "mhc",
    shortname = "mhcs",
    category = "cluster-api",
    status = "MachineHealthCheckStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "Watches machines, and has the unhealthy ones replaced.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.clusterName"}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".status.expectedMachines"}"#,
    printcolumn = r#"{"name": "Healthy", "type": "integer", "jsonPath": ".status.currentHealthy"}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct MachineHealthCheckSpec {
    /// What makes machines unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<HealthChecks>,
    /// The cluster it belongs to; it cannot change.
    pub cluster_name: String,
    /// What happens to unhealthy machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<HealthCheckRemediation>,
    /// The labels of the machines to watch.
    pub selector: LabelSelector,
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
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
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
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
