//! `PodVolumeBackup` and `PodVolumeRestore`: one pod's volume, file by file.

use std::collections::BTreeMap;

use fleet_core::{Extra, open_enum};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data_transfer::{DataTransferPhase, DataTransferProgress};

/// One volume of a pod, copied file by file (`PodVolumeBackupSpec`, velero.io/v1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "PodVolumeBackup",
    plural = "podvolumebackups",
    singular = "podvolumebackup",
    namespaced,
    status = "PodVolumeBackupStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Started","type":"date","jsonPath":".status.startTimestamp"}"#,
    printcolumn = r#"{"name":"Bytes Done","type":"integer","jsonPath":".status.progress.bytesDone"}"#,
    printcolumn = r#"{"name":"Total Bytes","type":"integer","jsonPath":".status.progress.totalBytes"}"#,
    printcolumn = r#"{"name":"Incremental Bytes","type":"integer","jsonPath":".status.incrementalBytes","priority":10}"#,
    printcolumn = r#"{"name":"Storage Location","type":"string","jsonPath":".spec.backupStorageLocation"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#,
    printcolumn = r#"{"name":"Uploader","type":"string","jsonPath":".spec.uploaderType"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct PodVolumeBackupSpec {
    /// The node the pod runs on.
    #[serde(default)]
    #[schemars(!default)]
    pub node: String,
    /// The pod.
    #[serde(default)]
    #[schemars(!default)]
    pub pod: ObjectReference,
    /// The volume's name in the pod.
    #[serde(default)]
    #[schemars(!default)]
    pub volume: String,
    /// The `BackupStorageLocation` that holds the repository.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_storage_location: String,
    /// The backup repository.
    #[serde(default)]
    #[schemars(!default)]
    pub repo_identifier: String,
    /// What transfers the data. The server takes kopia only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_type: Option<UploaderType>,
    /// Tags of the snapshot in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Settings of the uploader (`ParallelFilesUpload`, `WriteSparseFiles`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_settings: Option<BTreeMap<String, String>>,
    /// Whether it is to be cancelled; read while it is `InProgress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a volume's copy (`PodVolumeBackupStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodVolumeBackupStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DataTransferPhase>,
    /// How much is transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<DataTransferProgress>,
    /// How many bytes are new or changed since the last backup of this volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental_bytes: Option<i64>,
    /// Where the volume is mounted in the node agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The snapshot in the repository.
    #[serde(rename = "snapshotID", default, skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    /// When a node agent accepted it, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_timestamp: Option<Time>,
    /// When data began to flow. The creation time says less: it changes when the object is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended, also when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// Why it is in its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One volume of a restored pod, written file by file (`PodVolumeRestoreSpec`, velero.io/v1). Velero makes one
/// only for a pod that it creates itself: a pod that is already there keeps its empty volume.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "PodVolumeRestore",
    plural = "podvolumerestores",
    singular = "podvolumerestore",
    namespaced,
    status = "PodVolumeRestoreStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Started","type":"date","jsonPath":".status.startTimestamp"}"#,
    printcolumn = r#"{"name":"Bytes Done","type":"integer","jsonPath":".status.progress.bytesDone"}"#,
    printcolumn = r#"{"name":"Total Bytes","type":"integer","jsonPath":".status.progress.totalBytes"}"#,
    printcolumn = r#"{"name":"Storage Location","type":"string","jsonPath":".spec.backupStorageLocation"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#,
    printcolumn = r#"{"name":"Uploader Type","type":"string","jsonPath":".spec.uploaderType"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct PodVolumeRestoreSpec {
    /// The pod.
    #[serde(default)]
    #[schemars(!default)]
    pub pod: ObjectReference,
    /// The volume's name in the pod.
    #[serde(default)]
    #[schemars(!default)]
    pub volume: String,
    /// The `BackupStorageLocation` that holds the repository.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_storage_location: String,
    /// The backup repository.
    #[serde(default)]
    #[schemars(!default)]
    pub repo_identifier: String,
    /// The snapshot in the repository.
    #[serde(rename = "snapshotID", default)]
    #[schemars(!default)]
    pub snapshot_id: String,
    /// The snapshot's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_size: Option<i64>,
    /// The namespace that was backed up, before any mapping.
    #[serde(default)]
    #[schemars(!default)]
    pub source_namespace: String,
    /// What transfers the data. The server takes kopia only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_type: Option<UploaderType>,
    /// Settings of the uploader (`ParallelFilesUpload`, `WriteSparseFiles`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_settings: Option<BTreeMap<String, String>>,
    /// Whether it is to be cancelled; read while it is `InProgress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a volume's restore (`PodVolumeRestoreStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodVolumeRestoreStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DataTransferPhase>,
    /// How much is transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<DataTransferProgress>,
    /// The node that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// When a node agent accepted it, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_timestamp: Option<Time>,
    /// When data began to flow. The creation time says less: it changes when the object is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended, also when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// Why it is in its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What transfers the data of a pod's volume (`uploaderType`).
    pub enum UploaderType: listed {
        /// Kopia.
        Kopia = "kopia",
        /// Restic, which 1.18 no longer runs.
        Restic = "restic",
        /// The server's choice.
        Unspecified = "",
    }
}
