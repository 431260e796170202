//! Where snapshots of volumes are made.

use std::collections::BTreeMap;

use fleet_core::{Extra, open_enum};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::storage_location::SecretKeyRef;

/// Where snapshots of volumes are made (`VolumeSnapshotLocationSpec`, velero.io/v1). They stay in the
/// volume's region, whatever the backup's storage location is.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "velero.io",
    version = "v1",
    kind = "VolumeSnapshotLocation",
    plural = "volumesnapshotlocations",
    singular = "volumesnapshotlocation",
    shortname = "vsl",
    namespaced,
    status = "VolumeSnapshotLocationStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSnapshotLocationSpec {
    /// The plugin that makes them.
    #[serde(default)]
    #[schemars(!default)]
    pub provider: String,
    /// The plugin's settings (`region`, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<BTreeMap<String, String>>,
    /// The credentials; default: the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretKeyRef>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What Velero last saw of a snapshot location (`VolumeSnapshotLocationStatus`, velero.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSnapshotLocationStatus {
    /// Whether it can be reached; Velero does not check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<VolumeSnapshotLocationPhase>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Whether a snapshot location can be reached (`VolumeSnapshotLocationPhase`).
    #[derive(Default)]
    pub enum VolumeSnapshotLocationPhase: listed {
        /// It can.
        Available = "Available",
        /// It cannot.
        #[default]
        Unavailable = "Unavailable",
    }
}
