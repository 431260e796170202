#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod backup;
mod duration;
mod hooks;
mod restore;
mod schedule;
mod schema;
mod snapshot_location;
mod storage_location;

pub use backup::*;
pub use duration::GoDuration;
pub use hooks::*;
pub use restore::*;
pub use schedule::*;
pub use snapshot_location::*;
pub use storage_location::*;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The `CustomResourceDefinitions` of the resources this crate types.
///
/// As upstream's, they have no status subresource: status is written with the object.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![
        Backup::crd(),
        BackupStorageLocation::crd(),
        Restore::crd(),
        Schedule::crd(),
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
