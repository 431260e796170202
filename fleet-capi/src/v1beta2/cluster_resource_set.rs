//! Manifests that are applied to new clusters.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addons::{ResourceReference, ResourceSetBinding, ResourceSetStrategy};
use crate::v1beta2::deprecated::DeprecatedConditions;

/// What is applied to which clusters.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "addons.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "ClusterResourceSet",
    plural = "clusterresourcesets",
    namespaced,
    category = "cluster-api",
    status = "ClusterResourceSetStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "Applies manifests to every cluster of certain labels.",
    printcolumn = r#"{"name": "Applied", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"ResourcesApplied\")].status"}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct ClusterResourceSetSpec {
    /// The labels of the clusters.
    pub cluster_selector: LabelSelector,
    /// What is applied: `Secret` and `ConfigMap` objects that hold manifests.
    pub resources: Vec<ResourceReference>,
    /// Whether it is applied once or again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<ResourceSetStrategy>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How far a resource set is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterResourceSetStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What was applied to one cluster.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "addons.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "ClusterResourceSetBinding",
    plural = "clusterresourcesetbindings",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "Says which resource sets were applied to a cluster.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.clusterName"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct ClusterResourceSetBindingSpec {
    /// What was applied, by resource set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bindings: Option<Vec<ResourceSetBinding>>,
    /// The cluster it belongs to; it cannot change.
    pub cluster_name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
