//! Protection analysis of a large fleet, and the recovery plan of a lost region.
//!
//! The bound beside the analysis: looking at the phase and start of each backup once, which any analysis has to do. The peak memory
//! of the process is printed before and after the first analysis of each fleet.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use std::collections::BTreeMap;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleet_velero::inventory::{
    ClusterState, FleetState, NamespaceState, ObjectState, RecoveryPoint, Server, VolumeState,
};
use fleet_velero::protection::{AnalysisOptions, Reach, analyse};
use fleet_velero::recovery::{PlanOptions, recovery_plan};
use fleet_velero::{BackupPhase, BackupStorageLocation, Disaster, Schedule};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const NAMESPACES: u32 = 200;
const BACKUPS: u32 = 720;

fn now() -> Timestamp {
    "2026-06-11T09:20:00Z".parse().unwrap()
}

/// Clusters of 200 namespaces and 720 hourly backups, one in ten in eu-west-1.
fn fleet(size: u32) -> FleetState {
    FleetState {
        clusters: (0..size).map(cluster).collect(),
        ..FleetState::default()
    }
}

fn cluster(number: u32) -> ClusterState {
    let region = if number.is_multiple_of(10) {
        "eu-west-1"
    } else {
        "us-east-1"
    };
    let mut cluster = ClusterState::new(format!("production-{number:05}").parse().unwrap());
    cluster.region = Some(region.to_owned());
    cluster.server = Some(Server {
        csi: true,
        node_agent: true,
        ..Server::default()
    });
    let location: BackupStorageLocation = serde_json::from_value(json!({
        "apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": {"name": "default"},
        "spec": {
            "provider": "aws", "config": {"region": "eu-central-1"},
            "objectStorage": {"bucket": "backups", "prefix": cluster.name.as_str()},
        },
        "status": {"phase": "Available"},
    }))
    .unwrap();
    cluster.locations.push(location);
    let schedule: Schedule = serde_json::from_value(json!({
        "apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "hourly"},
        "spec": {"schedule": "0 * * * *", "template": {"snapshotMoveData": true, "includedNamespaces": ["team-*"], "ttl": "720h"}},
        "status": {"phase": "Enabled", "lastBackup": "2026-06-11T09:00:07Z"},
    }))
    .unwrap();
    let scope = cluster.scopes.intern(&schedule.spec.template);
    cluster.schedules.push(schedule);
    for age in 0..BACKUPS {
        let started = now() - SignedDuration::from_hours(age.into()) - SignedDuration::from_mins(20);
        cluster.backups.push(RecoveryPoint {
            name: format!("hourly-{}", started.strftime("%Y%m%d%H%M%S")),
            schedule: Some("hourly".to_owned()),
            scope,
            location: None,
            phase: BackupPhase::Completed,
            created: Some(started),
            started: Some(started),
            completed: Some(started + SignedDuration::from_mins(6)),
            expires: Some(started + SignedDuration::from_hours(720)),
            items: 900,
            warnings: 0,
            errors: 0,
            volumes_complete: true,
        });
    }
    cluster.namespaces = (0..NAMESPACES).map(namespace).collect();
    cluster
}

fn namespace(number: u32) -> NamespaceState {
    let name = format!("team-{number:03}");
    let object = |resource: &str, name: &str, application: Option<String>| ObjectState {
        resource: resource.to_owned(),
        name: name.to_owned(),
        labels: BTreeMap::new(),
        application,
        synced: false,
    };
    let mut objects = vec![
        object("deployments.apps", "web", Some(name.clone())),
        object("services", "web", Some(name.clone())),
        object("secrets", "generated", None),
    ];
    let mut volumes = Vec::new();
    if number.is_multiple_of(4) {
        objects.push(object("statefulsets.apps", "db", Some(name.clone())));
        volumes.push(VolumeState {
            claim: "data-db-0".to_owned(),
            driver: Some("ebs.csi.aws.com".to_owned()),
            has_snapshot_class: true,
            bytes: 50 << 30,
            ..VolumeState::default()
        });
    }
    NamespaceState {
        depends_on: if number > 0 && number.is_multiple_of(20) {
            vec!["team-000".to_owned()]
        } else {
            Vec::new()
        },
        name,
        objects,
        volumes,
        ..NamespaceState::default()
    }
}

/// The most memory this process had, in MiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}

fn analysing(c: &mut Criterion) {
    let mut group = c.benchmark_group("protection");
    group.sample_size(10);
    for size in [100, 1_000] {
        let fleet = fleet(size);
        let options = AnalysisOptions::at(now()).with_reach(Reach::Region);
        let before = peak();
        assert!(analyse(&fleet, &options).gaps.is_empty());
        let after = peak();
        eprintln!(
            "{size} clusters: the fleet {before} MiB, {} MiB more for the analysis",
            after - before
        );
        group.throughput(Throughput::Elements((size * BACKUPS).into()));
        group.bench_with_input(BenchmarkId::new("analyse", size), &size, |b, _| {
            b.iter(|| analyse(&fleet, &options))
        });
        group.bench_with_input(
            BenchmarkId::new("bound: each backup once", size),
            &size,
            |b, _| {
                b.iter(|| {
                    let points = fleet.clusters.iter().flat_map(|cluster| &cluster.backups);
                    points
                        .filter(|point| point.phase == BackupPhase::Completed)
                        .filter_map(|point| point.started)
                        .max()
                })
            },
        );
    }
    group.finish();
}

fn planning(c: &mut Criterion) {
    let mut group = c.benchmark_group("recovery");
    group.sample_size(10);
    for size in [100, 1_000] {
        let fleet = fleet(size);
        let lost = Disaster::RegionLost {
            region: "eu-west-1".to_owned(),
        };
        let options = PlanOptions::at(now());
        let plan = recovery_plan(&fleet, &lost, &options).unwrap();
        plan.check(&fleet).unwrap();
        let clusters = size / 10;
        group.throughput(Throughput::Elements(clusters.into()));
        group.bench_with_input(
            BenchmarkId::new("plan, clusters lost", clusters),
            &size,
            |b, _| b.iter(|| recovery_plan(&fleet, &lost, &options).unwrap()),
        );
    }
    group.finish();
}

criterion_group!(benches, analysing, planning);
criterion_main!(benches);
