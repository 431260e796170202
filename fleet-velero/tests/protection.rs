//! The guide's fleet: what is protected, by whom, how well.
#![allow(clippy::unwrap_used)]

mod fleets;

use std::collections::BTreeSet;

use fleet_velero::lint::{Rule, lint};
use fleet_velero::metrics::openmetrics;
use fleet_velero::protection::{
    AnalysisOptions, DrClass, Exposure, GapReason, Measurements, Reach, Recoverer, RtoModel, Work, analyse,
};
use fleet_velero::{Restore, schedules::VolumeMethod};
use jiff::SignedDuration;

use fleets::{GIB, at, guide_fleet, now};

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

#[test]
fn hourly_backups_are_an_hour_apart_and_the_worst_case_is_more() {
    let protection = analyse(&guide_fleet(), &AnalysisOptions::at(now()));
    let payments = protection.namespace("production-eu-west", "payments").unwrap();
    let interval = payments.interval.as_ref().unwrap();
    assert_eq!(interval.schedule, "hourly-app-backup");
    assert_eq!(interval.nominal(), SignedDuration::from_hours(1));
    // A minute until the server looks, the daily backup that it waits for at 02:00, and its own four minutes.
    assert_eq!(
        interval.to_string(),
        "hourly-app-backup: 1h + 1m tick + 18m queue + 4m backup = 1h23m"
    );
    assert_eq!(payments.rpo_worst, Exposure::Last(minutes(83)));
    assert_eq!(
        payments.rpo_now,
        Exposure::Last(SignedDuration::from_secs(20 * 60 - 8))
    );
    assert_eq!(payments.recoverer, Recoverer::Both);
    assert_eq!(
        payments.backup.as_deref(),
        Some("hourly-app-backup-20260611090000")
    );

    let stateless = protection.namespace("production-eu-west", "production").unwrap();
    assert_eq!(stateless.rpo_worst, Exposure::Nothing);

    let gold = &protection.verdicts[0];
    assert_eq!(
        (
            gold.namespaces,
            gold.rpo_missed_at_worst.len(),
            gold.rpo_missed_now.len()
        ),
        (3, 2, 0)
    );
}

#[test]
fn what_dr_backup_does_not_protect_is_lost_with_the_region() {
    let fleet = guide_fleet();
    let in_cluster = analyse(&fleet, &AnalysisOptions::at(now()));
    assert_eq!(in_cluster.gaps, []);

    let with_region = analyse(&fleet, &AnalysisOptions::at(now()).with_reach(Reach::Region));
    let payments = with_region.namespace("production-eu-west", "payments").unwrap();
    assert_eq!(payments.rpo_now, Exposure::Everything);
    // The Secret comes back from dr-backup of 02:30; the volume's data does not.
    let [web, secret, volume] = payments.parts[..] else {
        panic!("{:?}", payments.parts)
    };
    assert_eq!(web.now, Exposure::Nothing);
    assert_eq!(
        secret.now,
        Exposure::Last(at("2026-06-11T09:20:00Z").duration_since(at("2026-06-11T02:30:08Z")))
    );
    assert_eq!(volume.now, Exposure::Everything);
    assert_eq!(payments.class, Some(DrClass::RegionalSnapshot));
    let worst = &with_region.gaps[0];
    assert_eq!(
        (worst.part.as_str(), worst.reason),
        ("persistentvolumeclaims/data-postgres-0", GapReason::SnapshotsLost)
    );
    assert_eq!(worst.bytes, 200 * GIB);
}

#[test]
fn moving_the_data_mends_it() {
    let mut fleet = guide_fleet();
    let cluster = &mut fleet.clusters[1];
    let server = cluster.server.as_mut().unwrap();
    (server.csi, server.node_agent) = (true, true);
    for volume in cluster
        .namespaces
        .iter_mut()
        .flat_map(|namespace| &mut namespace.volumes)
    {
        volume.has_snapshot_class = true;
    }
    for schedule in &mut cluster.schedules {
        schedule.spec.template.snapshot_move_data = Some(true);
    }
    (cluster.scopes, cluster.backups) = Default::default();
    fleets::history(cluster, "dr-backup", "30 2 * * *", minutes(40), 30);
    let protection = analyse(&fleet, &AnalysisOptions::at(now()).with_reach(Reach::Region));
    let payments = protection.namespace("production-eu-west", "payments").unwrap();
    assert_eq!(payments.class, Some(DrClass::RemoteBucket));
    assert_eq!(payments.parts[2].method, Some(VolumeMethod::MovedSnapshot));
    assert!(
        payments.rpo_now.is_within(SignedDuration::from_hours(7)),
        "{}",
        payments.rpo_now
    );
}

#[test]
fn the_guides_times_come_out_of_the_model() {
    let model = RtoModel::default();
    // GitOps: "15-30 minutes for apps", on a cluster that is there and on a new one.
    let (least, most) = (model.from_git().p50, model.new_cluster_from_git().p50);
    assert!(least >= minutes(10) && least <= minutes(15), "{least:?}");
    assert!(most > minutes(15) && most <= minutes(30), "{most:?}");
    // A whole restore, "1-4 hours": 20,000 to 60,000 objects, 0.5 to 2 TB in volumes of 200 GiB, three at a time.
    let whole = |objects, volumes| {
        let work = Work {
            objects,
            volumes: vec![(200 * GIB, None); volumes],
            snapshots: 0,
        };
        model.provision.then(model.velero).then(model.restore(&work)).p50
    };
    assert!(
        whole(20_000, 3) >= minutes(50) && whole(20_000, 3) < minutes(120),
        "{:?}",
        whole(20_000, 3)
    );
    assert!(
        whole(60_000, 12) > minutes(120) && whole(60_000, 12) <= minutes(240),
        "{:?}",
        whole(60_000, 12)
    );
}

#[test]
fn measured_restores_calibrate_the_model() {
    // 3,001 objects in 63 s, on Velero 1.18.3.
    let restore: Restore = serde_json::from_value(serde_json::json!({
        "apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "bulk-r1"}, "spec": {"backupName": "bulk-1"},
        "status": {
            "phase": "Completed", "progress": {"itemsRestored": 3001, "totalItems": 3001},
            "startTimestamp": "2026-11-23T19:26:29Z", "completionTimestamp": "2026-11-23T19:27:32Z",
        },
    }))
    .unwrap();
    let mut measured = Measurements::default();
    measured.restore(&restore);
    let mut model = RtoModel::default();
    model.calibrate(&measured);
    let work = Work {
        objects: 30_010,
        ..Work::default()
    };
    assert_eq!(model.restore(&work).p50, SignedDuration::from_secs(630));
}

#[test]
fn what_does_not_count_as_a_backup() {
    type Spoil = fn(&mut fleet_velero::inventory::ClusterState);
    let spoils: [(&str, Spoil); 5] = [
        ("partially failed", |cluster| {
            cluster
                .backups
                .iter_mut()
                .for_each(|point| point.phase = fleet_velero::BackupPhase::PartiallyFailed);
        }),
        ("empty", |cluster| {
            cluster.backups.iter_mut().for_each(|point| point.items = 0);
        }),
        ("expired", |cluster| {
            cluster
                .backups
                .iter_mut()
                .for_each(|point| point.expires = Some(at("2026-06-11T09:00:00Z")));
        }),
        ("volumes missing", |cluster| {
            cluster
                .backups
                .iter_mut()
                .for_each(|point| point.volumes_complete = false);
        }),
        ("not in the bucket", |cluster| {
            for location in ["default", "dr-region"] {
                cluster
                    .bucket_listings
                    .insert(location.to_owned(), BTreeSet::default());
            }
        }),
    ];
    for (what, spoil) in spoils {
        let mut fleet = guide_fleet();
        spoil(&mut fleet.clusters[1]);
        let protection = analyse(&fleet, &AnalysisOptions::at(now()));
        let payments = protection.namespace("production-eu-west", "payments").unwrap();
        assert_eq!(payments.parts[2].now, Exposure::Everything, "{what}");
    }
}

#[test]
fn a_clock_that_is_ahead_gains_nothing() {
    let exposed = |ahead: SignedDuration| {
        let mut fleet = guide_fleet();
        for point in &mut fleet.clusters[1].backups {
            point.started = point.started.map(|started| started + ahead);
            point.completed = point.completed.map(|completed| completed + ahead);
        }
        let protection = analyse(&fleet, &AnalysisOptions::at(now()));
        protection
            .namespace("production-eu-west", "payments")
            .unwrap()
            .rpo_now
    };
    let as_it_is = exposed(SignedDuration::ZERO);
    assert_eq!(
        as_it_is,
        Exposure::Last(minutes(20) - SignedDuration::from_secs(8))
    );
    // It begins 8 seconds from now and ends 4 minutes from now: clocks disagree by as much, and it counts as of now.
    assert_eq!(exposed(minutes(20)), Exposure::Last(SignedDuration::ZERO));
    // From three hours ahead nothing can be restored: those that would be taken then are not there yet, and the fourth last counts.
    assert_eq!(exposed(minutes(180)), as_it_is);
}

#[test]
fn what_is_taken_later_does_not_count_yet() {
    // The guide's history, looked at from the morning: four runs of the hour are still to come.
    let morning = at("2026-06-11T05:30:00Z");
    let fleet = guide_fleet();
    let protection = analyse(&fleet, &AnalysisOptions::at(morning));
    let payments = protection.namespace("production-eu-west", "payments").unwrap();
    assert_eq!(
        payments.backup.as_deref(),
        Some("hourly-app-backup-20260611050000")
    );
    assert_eq!(
        payments.rpo_now,
        Exposure::Last(minutes(30) - SignedDuration::from_secs(8))
    );
    let samples = payments.interval.as_ref().unwrap().samples;
    assert_eq!(samples, 168 - 4);
    let findings = lint(&fleet, morning);
    let clocks: Vec<_> = findings
        .iter()
        .filter(|found| found.rule == Rule::ClockDisagrees)
        .collect();
    assert!(
        matches!(clocks.as_slice(), [one] if one.reason.contains("(4 such backups)")),
        "{clocks:?}"
    );
}

#[test]
fn the_analysis_is_told_to_prometheus() {
    let fleet = guide_fleet();
    let with_region = analyse(&fleet, &AnalysisOptions::at(now()).with_reach(Reach::Region));
    let text = openmetrics(&with_region, &lint(&fleet, now()));
    for line in [
        "fleet_velero_rpo_now_seconds{cluster=\"production-eu-west\",namespace=\"payments\"} +Inf",
        "fleet_velero_rpo_now_seconds{cluster=\"production-eu-west\",namespace=\"production\"} 0",
        "fleet_velero_objective_met{tier=\"gold\"} 0",
        "fleet_velero_findings{cluster=\"production-eu-west\",rule=\"volumes-stay-in-region\",severity=\"error\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
