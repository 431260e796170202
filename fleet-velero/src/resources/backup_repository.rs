//! `BackupRepository`: where the data of one namespace's volumes is kept in one location.

use std::collections::BTreeMap;

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The repository that holds the data of one namespace's volumes in one location (`BackupRepositorySpec`,
/// velero.io/v1). Every repository of a server has the same password, the Secret `velero-repo-credentials`:
/// without it no volume data comes back.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "BackupRepository",
    plural = "backuprepositories",
    singular = "backuprepository",
    namespaced,
    status = "BackupRepositoryStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Repository Type","type":"string","jsonPath":".spec.repositoryType"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct BackupRepositorySpec {
    /// The namespace whose volumes it holds.
    #[serde(default)]
    #[schemars(!default)]
    pub volume_namespace: String,
    /// The `BackupStorageLocation` that holds the repository.
    #[serde(default)]
    #[schemars(!default)]
    pub backup_storage_location: String,
    /// Its format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_type: Option<RepositoryType>,
    /// Where restic finds it; only for `restic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restic_identifier: Option<String>,
    /// How often it is compacted and expired data removed.
    #[serde(default)]
    #[schemars(!default)]
    pub maintenance_frequency: GoDuration,
    /// Settings of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_config: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What Velero last saw of a repository (`BackupRepositoryStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupRepositoryStatus {
    /// Whether it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<BackupRepositoryPhase>,
    /// Why not, if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When maintenance last worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_maintenance_time: Option<Time>,
    /// The last runs of maintenance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent_maintenance: Option<Vec<BackupRepositoryMaintenanceStatus>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One run of maintenance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupRepositoryMaintenanceStatus {
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<BackupRepositoryMaintenanceResult>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_timestamp: Option<Time>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Whether a repository can be used (`BackupRepositoryPhase`).
    #[derive(Default)]
    pub enum BackupRepositoryPhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// It can.
        Ready = "Ready",
        /// It cannot.
        NotReady = "NotReady",
    }
}

open_enum! {
    /// How a run of maintenance ended (`BackupRepositoryMaintenanceResult`).
    pub enum BackupRepositoryMaintenanceResult: listed {
        /// It worked.
        Succeeded = "Succeeded",
        /// It did not.
        Failed = "Failed",
    }
}

open_enum! {
    /// The format of a repository (`repositoryType`).
    pub enum RepositoryType: listed {
        /// Kopia.
        Kopia = "kopia",
        /// Restic, which 1.18 no longer runs.
        Restic = "restic",
        /// The server's choice.
        Unspecified = "",
    }
}
