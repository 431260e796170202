//! What a real server wrote: read as types, written unchanged, its phases in a legal order.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use crd_conformance::{assert_survives, rewrite};
use fleet_velero::inventory::{PointState, RecoveryPoint, ScopeTable};
use fleet_velero::protection::{Basis, Measurements, RtoModel};
use fleet_velero::{
    Backup, BackupPhase, BackupStorageLocation, DeleteBackupRequest, DownloadRequest, Phase as _, Restore,
    Results, Schedule, ServerStatusRequest,
};
use serde_json::Value;

/// Kubernetes' own metadata is read by `k8s-openapi`, which writes what it knows: all of what is here.
fn survive(text: &str, rewrite: fn(Value) -> Result<Value, String>) -> usize {
    let list: Value = serde_json::from_str(text).unwrap();
    let items = list["items"].as_array().unwrap();
    for item in items {
        assert_survives(item, rewrite);
    }
    items.len()
}

#[test]
fn they_survive_reading_and_writing() {
    let count = survive(include_str!("conformance/backups.json"), rewrite::<Backup>)
        + survive(include_str!("conformance/restores.json"), rewrite::<Restore>)
        + survive(include_str!("conformance/schedules.json"), rewrite::<Schedule>)
        + survive(
            include_str!("conformance/backupstoragelocations.json"),
            rewrite::<BackupStorageLocation>,
        )
        + survive(
            include_str!("conformance/deletebackuprequests.json"),
            rewrite::<DeleteBackupRequest>,
        )
        + survive(
            include_str!("conformance/downloadrequests.json"),
            rewrite::<DownloadRequest>,
        )
        + survive(
            include_str!("conformance/serverstatusrequests.json"),
            rewrite::<ServerStatusRequest>,
        );
    println!("{count} objects survived");
    assert!(count > 50, "{count}");
}

#[test]
fn its_phases_follow_each_other_as_we_say() {
    let mut phases: BTreeMap<&str, BackupPhase> = BTreeMap::new();
    let mut steps = 0;
    for line in include_str!("conformance/phase-watch.log").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (event, name) = (words[0], words[1]);
        let phase = words[2..].iter().find(|word| !word.starts_with("q="));
        let phase = phase.map_or_else(BackupPhase::default, |phase| BackupPhase::from(*phase));
        if event == "MODIFIED" {
            let before = phases.get(name).cloned().unwrap_or_default();
            assert!(before.may_become(&phase), "{line}: from {before}");
            steps += usize::from(before != phase);
        }
        phases.insert(name, phase);
    }
    println!("{steps} transitions");
    assert!(steps > 30, "{steps}");
}

#[test]
fn which_of_its_backups_can_be_restored_from() {
    let list: Value = serde_json::from_str(include_str!("conformance/backups.json")).unwrap();
    let mut scopes = ScopeTable::default();
    let mut states: BTreeMap<String, PointState> = BTreeMap::new();
    for item in list["items"].as_array().unwrap() {
        let backup: Backup = serde_json::from_value(item.clone()).unwrap();
        let point = RecoveryPoint::of(&backup, &mut scopes);
        states.insert(
            point.name.clone(),
            point.state("2026-11-23T19:40:00Z".parse().unwrap()),
        );
    }
    assert_eq!(states["bulk-1"], PointState::Usable);
    // A misspelled resource and a glob without a namespace: Completed, and nothing in it.
    assert!(
        states.values().any(|state| *state == PointState::Empty),
        "{states:?}"
    );
    assert_eq!(states["v14"], PointState::Partial);
    assert_eq!(states["v23"], PointState::Failed);
}

#[test]
fn its_restores_calibrate_the_model() {
    let list: Value = serde_json::from_str(include_str!("conformance/restores.json")).unwrap();
    let mut measured = Measurements::default();
    for item in list["items"].as_array().unwrap() {
        measured.restore(&serde_json::from_value(item.clone()).unwrap());
    }
    let mut model = RtoModel::default();
    model.calibrate(&measured);
    // Two restores of 3,001 objects were long enough to say something: at 100 and at 400 requests a second.
    assert_eq!(model.objects.basis, Basis::Measured(2));
    assert!((47.0..49.0).contains(&model.objects.p95), "{:?}", model.objects);
}

#[test]
fn what_its_restore_did_not_bring_back() {
    let results: Results = serde_json::from_str(include_str!("conformance/restore-results.json")).unwrap();
    let objects: Vec<(&str, &str)> = results.not_restored().collect();
    assert_eq!(
        objects,
        [
            ("shop", "PersistentVolumeClaim:data"),
            ("shop", "ConfigMap:web-config"),
            ("shop", "Service:web")
        ]
    );
    assert!(results.to_string().starts_with("0 errors, 3 warnings"));
}
