//! Restore: bringing back what a backup holds.

use std::collections::BTreeMap;

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup::HookStatus;
use super::hooks::RestoreHooks;

/// What is brought back, and how (`RestoreSpec`, velero.io/v1). Exactly one of `backupName` and
/// `scheduleName` is set.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "Restore",
    plural = "restores",
    singular = "restore",
    namespaced,
    status = "RestoreStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct RestoreSpec {
    /// The backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_name: Option<String>,
    /// The Schedule whose newest `Completed` backup is taken, those synced from other clusters included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_name: Option<String>,
    /// The namespaces; absent, empty or `*`: all. One that the backup does not hold is not an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_namespaces: Option<Vec<String>>,
    /// The namespaces left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_namespaces: Option<Vec<String>>,
    /// The kinds of resources; absent, empty or `*`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_resources: Option<Vec<String>>,
    /// The kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resources: Option<Vec<String>>,
    /// Whether cluster-scoped resources are in. Absent: those that belong to what is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,
    /// Only objects with these labels. Not together with `orLabelSelectors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Only objects that one of these selects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_label_selectors: Option<Vec<LabelSelector>>,
    /// New names of namespaces, by the old ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_mapping: Option<BTreeMap<String, String>>,
    /// What is done with objects that exist; default `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_resource_policy: Option<ExistingResourcePolicy>,
    /// Whether volumes come back from snapshots. Absent: where there are snapshots.
    #[serde(rename = "restorePVs", default, skip_serializing_if = "Option::is_none")]
    pub restore_pvs: Option<bool>,
    /// The kinds whose status is restored too; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_status: Option<RestoreStatusSpec>,
    /// Whether Services keep their node ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preserve_node_ports: Option<bool>,
    /// How long plugins' operations may take; default 4h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_operation_timeout: Option<GoDuration>,
    /// What is run in pods after they are restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<RestoreHooks>,
    /// The `ConfigMap` with changes made to objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_modifier: Option<TypedLocalObjectReference>,
    /// The `ConfigMap` that says which objects are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_policy: Option<TypedLocalObjectReference>,
    /// How files are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_config: Option<RestoreUploaderConfig>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The kinds whose status is restored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreStatusSpec {
    /// The kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_resources: Option<Vec<String>>,
    /// The kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resources: Option<Vec<String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How files are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreUploaderConfig {
    /// How many at a time; default: the number of processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_files_download: Option<i32>,
    /// Whether runs of zeros are left out on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_sparse_files: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a restore (`RestoreStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<RestorePhase>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Vec<String>>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// How much is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<RestoreProgress>,
    /// How many errors there were; the log has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<i32>,
    /// How many warnings there were. An object that exists and differs is one: it was not restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<i32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// How many operations plugins began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_item_operations_attempted: Option<i32>,
    /// How many of them worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_item_operations_completed: Option<i32>,
    /// How many of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_item_operations_failed: Option<i32>,
    /// What became of the hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_status: Option<HookStatus>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much of a restore is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreProgress {
    /// How many objects there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_items: Option<i32>,
    /// How many are done, those skipped included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_restored: Option<i32>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How far a restore is (`RestorePhase`).
    #[derive(Default)]
    pub enum RestorePhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Refused; see `validationErrors`.
        FailedValidation = "FailedValidation",
        /// Runs.
        InProgress = "InProgress",
        /// Objects are done; plugins still work, data downloads among them.
        WaitingForPluginOperations = "WaitingForPluginOperations",
        /// Objects are done with errors; plugins still work.
        WaitingForPluginOperationsPartiallyFailed = "WaitingForPluginOperationsPartiallyFailed",
        /// Done. Objects that existed may not have been restored; see `warnings`.
        Completed = "Completed",
        /// Done, with errors.
        PartiallyFailed = "PartiallyFailed",
        /// Could not be run.
        Failed = "Failed",
        /// Plugins are done; the last steps are taken.
        Finalizing = "Finalizing",
        /// Plugins are done, with errors; the last steps are taken.
        FinalizingPartiallyFailed = "FinalizingPartiallyFailed",
    }
}

open_enum! {
    /// What is done with objects that exist (`PolicyType`).
    #[derive(Default)]
    pub enum ExistingResourcePolicy {
        /// They stay as they are; one that differs is a warning.
        #[default]
        None = "none",
        /// They are patched to what the backup holds, where that works.
        Update = "update",
    }
}
