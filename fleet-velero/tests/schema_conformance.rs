//! Every kind beside upstream's `CustomResourceDefinition`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../fleet-argocd/tests/crd_conformance/mod.rs"]
mod crd_conformance;

use crd_conformance::{Kind, assert_covered, assert_values_survive, rewrite};
use fleet_velero::{Backup, BackupStorageLocation, Restore, Schedule, VolumeSnapshotLocation, crds};

const KINDS: &[Kind] = &[
    Kind {
        name: "Backup",
        rewrite: rewrite::<Backup>,
    },
    Kind {
        name: "BackupStorageLocation",
        rewrite: rewrite::<BackupStorageLocation>,
    },
    Kind {
        name: "Restore",
        rewrite: rewrite::<Restore>,
    },
    Kind {
        name: "Schedule",
        rewrite: rewrite::<Schedule>,
    },
    Kind {
        name: "VolumeSnapshotLocation",
        rewrite: rewrite::<VolumeSnapshotLocation>,
    },
];

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    assert_covered(&crds(), "velero", KINDS);
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    assert_values_survive("velero", KINDS);
}
