//! What the kinds beside the cluster itself have in both versions: drain rules, resource sets, runtime extensions, pools.

use fleet_core::{Extra, open_enum};
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to the pods of a drain rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainRule {
    /// Whether a pod is evicted, left alone or waited for.
    pub behavior: DrainBehavior,
    /// Pods of a lower number go first; 0 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Machines, by their own labels and those of their cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainedMachines {
    /// The labels of the clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_selector: Option<LabelSelector>,
    /// The labels of the machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Pods, by their own labels and those of their namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainedPods {
    /// The labels of the namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// The labels of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An object that holds manifests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// The kind.
    pub kind: ResourceKind,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What of a resource set was applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSetBinding {
    /// The resource set.
    pub cluster_resource_set_name: String,
    /// What was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<ResourceBinding>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An object that was applied, or could not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceBinding {
    /// Whether it is applied.
    pub applied: bool,
    /// The hash of what was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The kind.
    pub kind: ResourceKind,
    /// When it was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_applied_time: Option<Time>,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an extension is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionClientConfig {
    /// The certificate authority, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::bytes")]
    pub ca_bundle: Option<ByteString>,
    /// A service of the management cluster; this or `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ExtensionServiceReference>,
    /// A URL; this or `service`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A service of the management cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionServiceReference {
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The port; 443 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One thing an extension handles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionHandler {
    /// What happens where the extension cannot be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// The name, unique in the management cluster.
    pub name: String,
    /// What it is called for.
    pub request_hook: GroupVersionHook,
    /// Seconds a call may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A hook, with its version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupVersionHook {
    /// The API version of the hook.
    pub api_version: String,
    /// The hook, such as `BeforeClusterUpgrade`.
    pub hook: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How far a pool of machines is.
    pub enum MachinePoolPhase {
        /// Waiting for its bootstrap data.
        Pending = "Pending",
        /// Its infrastructure is being made.
        Provisioning = "Provisioning",
        /// Its infrastructure is there, not all of its nodes are.
        Provisioned = "Provisioned",
        Running = "Running",
        ScalingUp = "ScalingUp",
        ScalingDown = "ScalingDown",
        Scaling = "Scaling",
        Deleting = "Deleting",
        /// v1beta1 only.
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

open_enum! {
    /// What a drain does with a pod.
    pub enum DrainBehavior {
        /// Evicts it.
        Drain = "Drain",
        /// Leaves it alone.
        Skip = "Skip",
        /// Waits until it has completed by itself.
        WaitCompleted = "WaitCompleted",
    }
}

open_enum! {
    /// How often a resource set is applied.
    pub enum ResourceSetStrategy {
        ApplyOnce = "ApplyOnce",
        /// Again whenever the resources change.
        Reconcile = "Reconcile",
    }
}

open_enum! {
    /// What holds the manifests.
    pub enum ResourceKind {
        Secret = "Secret",
        ConfigMap = "ConfigMap",
    }
}

open_enum! {
    /// What happens where an extension cannot be called.
    pub enum FailurePolicy {
        Ignore = "Ignore",
        Fail = "Fail",
    }
}
