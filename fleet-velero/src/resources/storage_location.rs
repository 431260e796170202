//! Where backups and snapshots are kept.

use std::collections::BTreeMap;

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;

/// Where backups are kept (`BackupStorageLocationSpec`, velero.io/v1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "BackupStorageLocation",
    plural = "backupstoragelocations",
    singular = "backupstoragelocation",
    shortname = "bsl",
    namespaced,
    status = "BackupStorageLocationStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Last Validated","type":"date","jsonPath":".status.lastValidationTime"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Default","type":"boolean","jsonPath":".spec.default"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageLocationSpec {
    /// The plugin that reaches the object store (`aws`, `azure`, `gcp`).
    #[serde(default)]
    #[schemars(!default)]
    pub provider: String,
    /// The bucket.
    #[serde(default)]
    #[schemars(!default)]
    pub object_storage: ObjectStorageLocation,
    /// The plugin's settings (`region`, `s3Url`, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<BTreeMap<String, String>>,
    /// The credentials; default: the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretKeyRef>,
    /// Whether backups may be written; default `ReadWrite`. A restore writes its results into the bucket even
    /// so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_mode: Option<AccessMode>,
    /// Whether backups that name no location go here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// How often backups found in the bucket become objects; default 1m, 0 is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_sync_period: Option<GoDuration>,
    /// How often it is checked that the bucket can be reached; default 1m, 0 is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_frequency: Option<GoDuration>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A bucket, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStorageLocation {
    /// The bucket.
    #[serde(default)]
    #[schemars(!default)]
    pub bucket: String,
    /// The path in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Certificates to trust, PEM. Not together with `caCertRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bytes")]
    pub ca_cert: Option<ByteString>,
    /// The Secret with certificates to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert_ref: Option<SecretKeyRef>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One key of a Secret in Velero's namespace (`SecretKeySelector`, v1; without a name it is read all the
/// same).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The Secret's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key.
    #[serde(default)]
    #[schemars(!default)]
    pub key: String,
    /// Whether the Secret or key may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What Velero last saw of a location (`BackupStorageLocationStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageLocationStatus {
    /// Whether it can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<BackupStorageLocationPhase>,
    /// Why not, if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When that was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_validation_time: Option<Time>,
    /// When the bucket was last read for backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_synced_time: Option<Time>,
    /// No longer set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_synced_revision: Option<String>,
    /// No longer set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_mode: Option<AccessMode>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Whether backups may be written to a location (`BackupStorageLocationAccessMode`).
    #[derive(Default)]
    pub enum AccessMode: listed {
        /// They may only be restored.
        ReadOnly = "ReadOnly",
        /// They may be written and deleted.
        #[default]
        ReadWrite = "ReadWrite",
    }
}

open_enum! {
    /// Whether a location can be reached (`BackupStorageLocationPhase`).
    #[derive(Default)]
    pub enum BackupStorageLocationPhase: listed {
        /// It can.
        Available = "Available",
        /// It cannot.
        #[default]
        Unavailable = "Unavailable",
    }
}
