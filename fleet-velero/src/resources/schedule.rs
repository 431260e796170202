//! Schedule: backups made again and again.

use fleet_core::{Extra, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup::BackupSpec;

/// When backups are made, and what of (`ScheduleSpec`, velero.io/v1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "Schedule",
    plural = "schedules",
    singular = "schedule",
    namespaced,
    status = "ScheduleStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Schedule","type":"string","jsonPath":".spec.schedule"}"#,
    printcolumn = r#"{"name":"LastBackup","type":"date","jsonPath":".status.lastBackup"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Paused","type":"boolean","jsonPath":".spec.paused"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// When, as a cron expression. What it means depends on the server: up to 1.18.2 a day of the month and a
    /// day of the week are alternatives, from 1.18.3 both must hold.
    #[serde(default)]
    #[schemars(!default)]
    pub schedule: String,
    /// What each backup is to hold.
    #[serde(default)]
    #[schemars(!default)]
    pub template: BackupSpec,
    /// Whether none are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Whether a backup that is due at once is skipped. The server sets it back to false when it has done so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_immediately: Option<bool>,
    /// Whether backups are owned by the Schedule, and go with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_owner_references_in_backup: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a Schedule (`ScheduleStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleStatus {
    /// Whether it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<SchedulePhase>,
    /// When a backup was last submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Time>,
    /// When one was last skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_skipped: Option<Time>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Vec<String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Whether a Schedule runs (`SchedulePhase`).
    #[derive(Default)]
    pub enum SchedulePhase: listed {
        /// Made, and not yet looked at.
        #[default]
        New = "New",
        /// Runs.
        Enabled = "Enabled",
        /// Refused; see `validationErrors`.
        FailedValidation = "FailedValidation",
    }
}
