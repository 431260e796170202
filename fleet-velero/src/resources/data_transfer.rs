//! `DataUpload` and `DataDownload`: a snapshot's data on its way to the object store and back, and how far any transfer is.

use std::collections::BTreeMap;

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A snapshot's data, copied to the object store (`DataUploadSpec`, velero.io/v2alpha1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v2alpha1",
    kind = "DataUpload",
    plural = "datauploads",
    singular = "dataupload",
    namespaced,
    status = "DataUploadStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Started","type":"date","jsonPath":".status.startTimestamp"}"#,
    printcolumn = r#"{"name":"Bytes Done","type":"integer","jsonPath":".status.progress.bytesDone"}"#,
    printcolumn = r#"{"name":"Total Bytes","type":"integer","jsonPath":".status.progress.totalBytes"}"#,
    printcolumn = r#"{"name":"Incremental Bytes","type":"integer","jsonPath":".status.incrementalBytes","priority":10}"#,
    printcolumn = r#"{"name":"Storage Location","type":"string","jsonPath":".spec.backupStorageLocation"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DataUploadSpec {
    /// The kind of the snapshot; `CSI`.
    #[serde(default)]
    #[schemars(!default)]
    pub snapshot_type: String,
    /// The snapshot.
    #[serde(rename = "csiSnapshot", default, skip_serializing_if = "Option::is_none")]
    pub csi_snapshot: Option<CSISnapshotSpec>,
    /// The `PersistentVolumeClaim` the snapshot was taken of.
    #[serde(rename = "sourcePVC", default)]
    #[schemars(!default)]
    pub source_pvc: String,
    /// Its namespace.
    #[serde(default)]
    #[schemars(!default)]
    pub source_namespace: String,
    /// The `BackupStorageLocation` that holds the repository.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_storage_location: String,
    /// What moves the data; absent, empty or `velero`: Velero's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datamover: Option<String>,
    /// Settings of the mover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_mover_config: Option<BTreeMap<String, String>>,
    /// Whether it is to be cancelled; read while it is `InProgress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// How long each internal operation may take.
    #[serde(default)]
    #[schemars(!default)]
    pub operation_timeout: GoDuration,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The CSI snapshot that is uploaded (`CSISnapshotSpec`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CSISnapshotSpec {
    /// The `VolumeSnapshot`.
    #[serde(default)]
    #[schemars(!default)]
    pub volume_snapshot: String,
    /// The storage class of the claim.
    #[serde(default)]
    #[schemars(!default)]
    pub storage_class: String,
    /// The class of the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_class: Option<String>,
    /// The driver of the snapshot's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of an upload (`DataUploadStatus`, velero.io/v2alpha1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataUploadStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DataTransferPhase>,
    /// How much is transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<DataTransferProgress>,
    /// How many bytes are new or changed since the last backup of this volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental_bytes: Option<i64>,
    /// Where the snapshot is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The snapshot in the repository.
    #[serde(rename = "snapshotID", default, skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    /// What the mover says of its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_mover_result: Option<BTreeMap<String, String>>,
    /// The node that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// That node's operating system.
    #[serde(rename = "nodeOS", default, skip_serializing_if = "Option::is_none")]
    pub node_os: Option<NodeOs>,
    /// The node that prepared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by_node: Option<String>,
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

/// A snapshot's data, written into a new volume (`DataDownloadSpec`, velero.io/v2alpha1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v2alpha1",
    kind = "DataDownload",
    plural = "datadownloads",
    singular = "datadownload",
    namespaced,
    status = "DataDownloadStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Started","type":"date","jsonPath":".status.startTimestamp"}"#,
    printcolumn = r#"{"name":"Bytes Done","type":"integer","jsonPath":".status.progress.bytesDone"}"#,
    printcolumn = r#"{"name":"Total Bytes","type":"integer","jsonPath":".status.progress.totalBytes"}"#,
    printcolumn = r#"{"name":"Storage Location","type":"string","jsonPath":".spec.backupStorageLocation"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DataDownloadSpec {
    /// The volume it is written to.
    #[serde(default)]
    #[schemars(!default)]
    pub target_volume: TargetVolumeSpec,
    /// The `BackupStorageLocation` that holds the repository.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_storage_location: String,
    /// What moves the data; absent, empty or `velero`: Velero's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datamover: Option<String>,
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
    /// Settings of the mover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_mover_config: Option<BTreeMap<String, String>>,
    /// Whether it is to be cancelled; read while it is `InProgress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// How long each internal operation may take.
    #[serde(default)]
    #[schemars(!default)]
    pub operation_timeout: GoDuration,
    /// The operating system of the node that is to do it.
    #[serde(rename = "nodeOS", default, skip_serializing_if = "Option::is_none")]
    pub node_os: Option<NodeOs>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A volume that Velero restores (`TargetVolumeSpec`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetVolumeSpec {
    /// The `PersistentVolumeClaim`.
    #[serde(default)]
    #[schemars(!default)]
    pub pvc: String,
    /// The `PersistentVolume`.
    #[serde(default)]
    #[schemars(!default)]
    pub pv: String,
    /// The claim's namespace.
    #[serde(default)]
    #[schemars(!default)]
    pub namespace: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a download (`DataDownloadStatus`, velero.io/v2alpha1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataDownloadStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DataTransferPhase>,
    /// How much is transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<DataTransferProgress>,
    /// The node that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The node that prepared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by_node: Option<String>,
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

/// How much of a volume is transferred.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataTransferProgress {
    /// The volume's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<i64>,
    /// The bytes that are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_done: Option<i64>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How far a transfer of data is (`PodVolumeBackupPhase`, `PodVolumeRestorePhase`, `DataUploadPhase` and
    /// `DataDownloadPhase`, which are the same).
    #[derive(Default)]
    pub enum DataTransferPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// A node agent has taken it.
        Accepted = "Accepted",
        /// What exposes the volume is ready.
        Prepared = "Prepared",
        /// Data flows.
        InProgress = "InProgress",
        /// It is being cancelled.
        Canceling = "Canceling",
        /// It was cancelled.
        Canceled = "Canceled",
        /// Everything is transferred.
        Completed = "Completed",
        /// It did not work.
        Failed = "Failed",
    }
}

open_enum! {
    /// A node's operating system (`NodeOS`).
    #[derive(Default)]
    pub enum NodeOs: listed {
        /// Whichever fits.
        #[default]
        Auto = "auto",
        /// Linux.
        Linux = "linux",
        /// Windows.
        Windows = "windows",
    }
}
