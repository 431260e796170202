//! Drills of the guide's namespaces.
#![allow(clippy::unwrap_used)]

mod fleets;

use fleet_velero::Restore;
use fleet_velero::drill::Drill;
use fleet_velero::protection::{Basis, RtoModel};
use serde_json::json;

use fleets::{guide_cluster, now};

fn finished(mut restore: Restore, items: i32, seconds: i64, warnings: i32) -> Restore {
    let end = now() + jiff::SignedDuration::from_secs(seconds);
    restore.status = serde_json::from_value(json!({
        "phase": "Completed", "startTimestamp": now().to_string(), "completionTimestamp": end.to_string(),
        "progress": {"itemsRestored": items, "totalItems": items}, "warnings": warnings,
    }))
    .unwrap();
    restore
}

#[test]
fn the_newest_backup_is_restored_beside_the_original() {
    let drill = Drill::of(
        &guide_cluster(),
        &["payments", "orders", "nowhere"],
        &RtoModel::default(),
        now(),
    );
    assert_eq!(drill.without_backup, ["nowhere"]);
    let restores = drill.objects("velero");
    let spec = &restores[0].spec;
    assert_eq!(
        spec.backup_name.as_deref(),
        Some("hourly-app-backup-20260611090000")
    );
    assert_eq!(
        spec.namespace_mapping.as_ref().unwrap()["payments"],
        "drill-payments"
    );
    assert!(
        restores
            .iter()
            .all(|restore| restore.spec.resource_modifier.is_some())
    );
    assert_eq!(drill.clean_up().len(), 4);
}

#[test]
fn what_it_measured_calibrates_the_model() {
    let cluster = guide_cluster();
    let drill = Drill::of(&cluster, &["payments"], &RtoModel::default(), now());
    let good: Vec<Restore> = drill
        .objects("velero")
        .into_iter()
        .map(|restore| finished(restore, 120, 40, 0))
        .collect();
    let report = drill.report(&good);
    assert!(report.is_success(), "{report}");
    let mut model = RtoModel::default();
    model.calibrate(&report.measured);
    assert_eq!(
        (model.objects.p50, model.objects.basis),
        (3.0, Basis::Measured(1))
    );
}

#[test]
fn completed_is_not_a_success_when_things_are_missing() {
    let drill = Drill::of(&guide_cluster(), &["payments"], &RtoModel::default(), now());
    let with = |items, seconds, warnings| {
        let restores: Vec<Restore> = drill
            .objects("velero")
            .into_iter()
            .map(|restore| finished(restore, items, seconds, warnings))
            .collect();
        drill.report(&restores).results[0].complaints.join("; ")
    };
    assert_eq!(with(1, 40, 0), "1 objects came back, and 3 are known");
    assert_eq!(with(120, 40, 2), "2 warnings");
    assert!(with(120, 40_000, 0).starts_with("it took 11h7m"));
    assert!(drill.report(&[]).results[0].complaints[0].starts_with("the restore is not there"));
}
