//! Every kind beside upstream's `CustomResourceDefinition`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crd_conformance::{
    RequiredTimes, assert_covered, assert_names, assert_structural, assert_values_survive, pairs, rewrite,
    upstream_crds,
};
use fleet_velero::{
    Backup, BackupRepository, BackupStorageLocation, DataDownload, DataUpload, DeleteBackupRequest,
    DownloadRequest, PodVolumeBackup, PodVolumeRestore, Restore, Schedule, ServerStatusRequest,
    VolumeSnapshotLocation, crds,
};
use serde_json::Value;

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    let Some(pairs) = pairs(&crds(), &["velero"]) else {
        return;
    };
    assert_covered(&pairs, RequiredTimes::MayBeAbsent);
}

#[test]
fn names_columns_and_subresources_are_upstreams() {
    let crds = crds();
    let kinds: Vec<&str> = crds.iter().map(|crd| crd.spec.names.kind.as_str()).collect();
    let Some(upstream) = upstream_crds(&["velero"], &kinds) else {
        return;
    };
    assert_names(&crds, &upstream);
}

#[test]
fn an_api_server_takes_the_schemas() {
    assert_structural(&crds());
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    let Some(pairs) = pairs(&crds(), &["velero"]) else {
        return;
    };
    assert_values_survive(&pairs, |value: Value| match value["kind"].as_str() {
        Some("Backup") => rewrite::<Backup>(value),
        Some("BackupRepository") => rewrite::<BackupRepository>(value),
        Some("DataDownload") => rewrite::<DataDownload>(value),
        Some("DataUpload") => rewrite::<DataUpload>(value),
        Some("DeleteBackupRequest") => rewrite::<DeleteBackupRequest>(value),
        Some("DownloadRequest") => rewrite::<DownloadRequest>(value),
        Some("PodVolumeBackup") => rewrite::<PodVolumeBackup>(value),
        Some("PodVolumeRestore") => rewrite::<PodVolumeRestore>(value),
        Some("ServerStatusRequest") => rewrite::<ServerStatusRequest>(value),
        Some("BackupStorageLocation") => rewrite::<BackupStorageLocation>(value),
        Some("Restore") => rewrite::<Restore>(value),
        Some("Schedule") => rewrite::<Schedule>(value),
        _ => rewrite::<VolumeSnapshotLocation>(value),
    });
}
