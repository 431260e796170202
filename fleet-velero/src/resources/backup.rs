//! Backup: one copy of a cluster's objects and volumes, and what it is to hold.

use std::collections::BTreeMap;

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hooks::BackupHooks;

/// What a backup is to hold (`BackupSpec`, velero.io/v1); also what a Schedule makes its backups of.
///
/// Resources are chosen either by `includedResources`, `excludedResources` and `includeClusterResources`, or
/// by the four scoped fields; Velero refuses both at once.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "Backup",
    plural = "backups",
    singular = "backup",
    namespaced,
    status = "BackupStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// Labels of the backups a Schedule makes. Without them, they get the Schedule's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BackupMetadata>,
    /// The namespaces, as globs; absent, empty or `*`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_namespaces: Option<Vec<String>>,
    /// The namespaces left out; wins over `includedNamespaces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_namespaces: Option<Vec<String>>,
    /// The kinds of resources (`pods`, `deployments.apps`); absent, empty or `*`: all. A name that does not
    /// exist is not an error, and the backup is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_resources: Option<Vec<String>>,
    /// The kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resources: Option<Vec<String>>,
    /// Whether cluster-scoped resources are in. Absent: those that belong to what is in, and all if
    /// everything is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,
    /// The cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_cluster_scoped_resources: Option<Vec<String>>,
    /// The cluster-scoped kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_cluster_scoped_resources: Option<Vec<String>>,
    /// The namespaced kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_namespace_scoped_resources: Option<Vec<String>>,
    /// The namespaced kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_namespace_scoped_resources: Option<Vec<String>>,
    /// Only objects with these labels. Not together with `orLabelSelectors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Only objects that one of these selects. Even an empty list counts as set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_label_selectors: Option<Vec<LabelSelector>>,
    /// An order for objects of a kind: comma-separated names by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_resources: Option<BTreeMap<String, String>>,
    /// The `BackupStorageLocation`; default: the one marked as default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// The `VolumeSnapshotLocations`, at most one a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_snapshot_locations: Option<Vec<String>>,
    /// Whether volumes are snapshotted. Absent: where a snapshot location is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_volumes: Option<bool>,
    /// Whether snapshots' data is moved into the object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_move_data: Option<bool>,
    /// Whether volumes are copied file by file unless they say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_volumes_to_fs_backup: Option<bool>,
    /// The old name of `defaultVolumesToFsBackup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_volumes_to_restic: Option<bool>,
    /// What moves the data; default `velero`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datamover: Option<String>,
    /// How long the backup is kept; default 720h. Nothing keeps the last good one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<GoDuration>,
    /// How long a CSI snapshot may take to begin; default 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi_snapshot_timeout: Option<GoDuration>,
    /// How long plugins' operations may take; default 4h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_operation_timeout: Option<GoDuration>,
    /// Commands run in pods before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<BackupHooks>,
    /// The `ConfigMap` that says what is done with which volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_policy: Option<TypedLocalObjectReference>,
    /// How files are uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_config: Option<BackupUploaderConfig>,
    /// The label by which volumes are snapshotted together; default `velero.io/volume-group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_group_snapshot_label_key: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Labels of backups a Schedule makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupMetadata {
    /// The labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How files are uploaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupUploaderConfig {
    /// How many at a time; default: the number of processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_files_upload: Option<i32>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a backup (`BackupStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<BackupPhase>,
    /// The version of the file format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// The major version of the file format; superseded by `formatVersion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Its place in the queue, from 1, while it is `Queued`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<i32>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Vec<String>>,
    /// When it began: the moment it restores to. The creation time is not, as Velero makes the object anew
    /// from the object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// When it may be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Time>,
    /// How much is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<BackupProgress>,
    /// How many errors there were; the log has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<i32>,
    /// How many warnings there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<i32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// How many snapshots by plugins were tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_snapshots_attempted: Option<i32>,
    /// How many of them worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_snapshots_completed: Option<i32>,
    /// How many CSI snapshots were tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi_volume_snapshots_attempted: Option<i32>,
    /// How many of them worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi_volume_snapshots_completed: Option<i32>,
    /// How many operations plugins began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_item_operations_attempted: Option<i32>,
    /// How many of them worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_item_operations_completed: Option<i32>,
    /// How many of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_item_operations_failed: Option<i32>,
    /// What became of the hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_status: Option<HookStatus>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much of a backup is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupProgress {
    /// How many objects there are; may grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_items: Option<i32>,
    /// How many are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_backed_up: Option<i32>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of hooks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookStatus {
    /// How many were run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks_attempted: Option<i32>,
    /// How many failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks_failed: Option<i32>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How far a backup is (`BackupPhase`).
    #[derive(Default)]
    pub enum BackupPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Waits for others.
        Queued = "Queued",
        /// Is next.
        ReadyToStart = "ReadyToStart",
        /// Refused; see `validationErrors`.
        FailedValidation = "FailedValidation",
        /// Runs.
        InProgress = "InProgress",
        /// Objects are done; plugins still work, data uploads among them.
        WaitingForPluginOperations = "WaitingForPluginOperations",
        /// Objects are done with errors; plugins still work.
        WaitingForPluginOperationsPartiallyFailed = "WaitingForPluginOperationsPartiallyFailed",
        /// Plugins are done; the last objects are written.
        Finalizing = "Finalizing",
        /// Plugins are done, with errors; the last objects are written.
        FinalizingPartiallyFailed = "FinalizingPartiallyFailed",
        /// Done. That everything meant is in it is another question.
        Completed = "Completed",
        /// Done, with errors.
        PartiallyFailed = "PartiallyFailed",
        /// Did not work.
        Failed = "Failed",
        /// Is being deleted.
        Deleting = "Deleting",
    }
}
