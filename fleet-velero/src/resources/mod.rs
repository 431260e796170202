//! Every kind of Velero 1.18, typed: read and written unchanged, fields of a newer Velero included.
//!
//! - [`Schedule`] makes [`Backup`]s; [`Restore`] brings back what one holds. [`BackupHooks`] and [`RestoreHooks`] run
//!   commands in pods around them.
//! - [`BackupStorageLocation`], [`VolumeSnapshotLocation`] and [`BackupRepository`] say where objects, snapshots and the
//!   data of volumes are kept.
//! - [`DataUpload`], [`DataDownload`], [`PodVolumeBackup`] and [`PodVolumeRestore`] move the data of one volume.
//! - [`DeleteBackupRequest`], [`DownloadRequest`] and [`ServerStatusRequest`] ask the server for something.
//! - [`Phase`] says which phases may follow which.

mod backup;
mod backup_repository;
mod data_transfer;
mod hooks;
mod phase;
mod pod_volume;
mod requests;
mod restore;
mod schedule;
mod schema;
mod snapshot_location;
mod storage_location;

pub use backup::*;
pub use backup_repository::*;
pub use data_transfer::*;
pub use hooks::*;
pub use phase::Phase;
pub use pod_volume::*;
pub use requests::*;
pub use restore::*;
pub use schedule::*;
pub use snapshot_location::*;
pub use storage_location::*;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The `CustomResourceDefinition`s of every kind of Velero 1.18.
///
/// As upstream's, they have no status subresource: status is written with the object.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![
        Backup::crd(),
        BackupRepository::crd(),
        BackupStorageLocation::crd(),
        DataDownload::crd(),
        DataUpload::crd(),
        DeleteBackupRequest::crd(),
        DownloadRequest::crd(),
        PodVolumeBackup::crd(),
        PodVolumeRestore::crd(),
        Restore::crd(),
        Schedule::crd(),
        ServerStatusRequest::crd(),
        VolumeSnapshotLocation::crd(),
    ];
    for version in crds.iter_mut().flat_map(|crd| &mut crd.spec.versions) {
        version.subresources = None;
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        {
            schema::refuse_nulls(schema);
        }
    }
    crds
}
