//! What one asks the server for: to delete a backup, to fetch a file, to say who it is.

use fleet_core::{Extra, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a backup with its data (`DeleteBackupRequestSpec`, velero.io/v1). Deleting the Backup object does not:
/// Velero makes it anew from the bucket.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "DeleteBackupRequest",
    plural = "deletebackuprequests",
    singular = "deletebackuprequest",
    namespaced,
    status = "DeleteBackupRequestStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"BackupName","type":"string","jsonPath":".spec.backupName"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBackupRequestSpec {
    /// The backup.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_name: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a deletion (`DeleteBackupRequestStatus`, velero.io/v1). A request that worked is gone with its
/// backup; one that did not stays for a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBackupRequestStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DeleteBackupRequestPhase>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Asks for a file of a backup or a restore (`DownloadRequestSpec`, velero.io/v1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "DownloadRequest",
    plural = "downloadrequests",
    singular = "downloadrequest",
    namespaced,
    status = "DownloadRequestStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct DownloadRequestSpec {
    /// The file.
    #[serde(default)]
    #[schemars(!default)]
    pub target: DownloadTarget,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A file of a backup or a restore (`DownloadTarget`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadTarget {
    /// Which file.
    #[serde(default)]
    #[schemars(!default)]
    pub kind: DownloadTargetKind,
    /// The backup or the restore.
    #[serde(default)]
    #[schemars(!default)]
    pub name: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where the file can be fetched (`DownloadRequestStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadRequestStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<DownloadRequestPhase>,
    /// A signed address, good for ten minutes: whoever has it can read the file.
    #[serde(rename = "downloadURL", default, skip_serializing_if = "Option::is_none")]
    pub download_url: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Time>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Asks the server who it is (`ServerStatusRequestSpec`, velero.io/v1). The answer is deleted after a minute.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "ServerStatusRequest",
    plural = "serverstatusrequests",
    singular = "serverstatusrequest",
    shortname = "ssr",
    namespaced,
    status = "ServerStatusRequestStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatusRequestSpec {
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who the server is (`ServerStatusRequestStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatusRequestStatus {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<ServerStatusRequestPhase>,
    /// When it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed_timestamp: Option<Time>,
    /// Its version (`v1.18.3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// Its plugins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugins: Option<Vec<PluginInfo>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A plugin of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInfo {
    /// Its name (`velero.io/aws`).
    #[serde(default)]
    #[schemars(!default)]
    pub name: String,
    /// What it is for (`ObjectStore`, `BackupItemAction`).
    #[serde(default)]
    #[schemars(!default)]
    pub kind: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How far a deletion is (`DeleteBackupRequestPhase`).
    #[derive(Default)]
    pub enum DeleteBackupRequestPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Runs.
        InProgress = "InProgress",
        /// Over; see `errors`.
        Processed = "Processed",
    }
}

open_enum! {
    /// How far a request for a file is (`DownloadRequestPhase`).
    #[derive(Default)]
    pub enum DownloadRequestPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Answered.
        Processed = "Processed",
    }
}

open_enum! {
    /// How far a request is (`ServerStatusRequestPhase`).
    #[derive(Default)]
    pub enum ServerStatusRequestPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Answered.
        Processed = "Processed",
    }
}

open_enum! {
    /// Which file of a backup or a restore (`DownloadTargetKind`).
    #[derive(Default)]
    pub enum DownloadTargetKind: listed {
        /// A backup's log.
        #[default]
        BackupLog = "BackupLog",
        /// A backup's objects, as a tar archive.
        BackupContents = "BackupContents",
        /// The snapshots that plugins made.
        BackupVolumeSnapshots = "BackupVolumeSnapshots",
        /// What plugins did for a backup.
        BackupItemOperations = "BackupItemOperations",
        /// Every object of a backup, by kind.
        BackupResourceList = "BackupResourceList",
        /// A backup's warnings and errors, by namespace.
        BackupResults = "BackupResults",
        /// A restore's log.
        RestoreLog = "RestoreLog",
        /// A restore's warnings and errors, by namespace.
        RestoreResults = "RestoreResults",
        /// Every object of a restore, and what became of it.
        RestoreResourceList = "RestoreResourceList",
        /// What plugins did for a restore.
        RestoreItemOperations = "RestoreItemOperations",
        /// A backup's `VolumeSnapshot`s.
        CsiBackupVolumeSnapshots = "CSIBackupVolumeSnapshots",
        /// A backup's `VolumeSnapshotContent`s.
        CsiBackupVolumeSnapshotContents = "CSIBackupVolumeSnapshotContents",
        /// How each volume was backed up.
        BackupVolumeInfos = "BackupVolumeInfos",
        /// How each volume was restored.
        RestoreVolumeInfo = "RestoreVolumeInfo",
    }
}
