//! Fleets that tests analyse and lose.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;

use fleet_velero::inventory::{
    ClusterState, FleetState, NamespaceState, ObjectState, Objective, RecoveryPoint, Server, VolumePod,
    VolumeState,
};
use fleet_velero::{BackupPhase, BackupStorageLocation, Schedule, VolumeSnapshotLocation};
use jiff::{SignedDuration, Timestamp};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment the guide's recovery is about: after 09:00 on 11 June 2026.
pub fn now() -> Timestamp {
    at("2026-06-11T09:20:00Z")
}

pub const GIB: u64 = 1 << 30;

/// The guide's schedules and location, as they stand in its manifests, and the default ones of its `velero install`.
pub fn guide_cluster() -> ClusterState {
    let mut cluster = ClusterState::new("production-eu-west".parse().unwrap());
    cluster.region = Some("eu-west-1".to_owned());
    cluster.kubernetes = Some("v1.30.0".to_owned());
    cluster.server = Some(Server::default());
    cluster.locations = vec![location("default", "velero-backups", "", "eu-west-1")];
    cluster.locations[0].spec.default = Some(true);
    cluster.snapshot_locations = vec![snapshots("default", "eu-west-1")];
    for document in fleet_core::yaml::documents(include_str!("../fixtures/velero.yaml")).unwrap() {
        match document.value()["kind"].as_str() {
            Some("Schedule") => cluster.schedules.push(document.decode().unwrap()),
            _ => cluster.locations.push(document.decode().unwrap()),
        }
    }
    let hourly = BTreeMap::from([("backup".to_owned(), "hourly".to_owned())]);
    for (name, claim, size) in [
        ("production", None, 0),
        ("payments", Some("data-postgres-0"), 200),
        ("orders", Some("data-kafka-0"), 80),
    ] {
        let mut namespace = NamespaceState {
            name: name.to_owned(),
            tier: Some("gold".to_owned()),
            object_count: 120,
            objects: vec![ObjectState {
                resource: "deployments.apps".to_owned(),
                name: "web".to_owned(),
                labels: hourly.clone(),
                application: Some(format!("{name}-eu-west")),
                synced: false,
            }],
            ..NamespaceState::default()
        };
        if let Some(claim) = claim {
            namespace.volumes.push(VolumeState {
                claim: claim.to_owned(),
                labels: hourly.clone(),
                application: Some(format!("{name}-eu-west")),
                driver: Some("ebs.csi.aws.com".to_owned()),
                bytes: size * GIB,
                ..VolumeState::default()
            });
            // Made in the cluster, never in Git.
            namespace.objects.push(ObjectState {
                resource: "secrets".to_owned(),
                name: "generated-password".to_owned(),
                labels: hourly.clone(),
                ..ObjectState::default()
            });
        }
        cluster.namespaces.push(namespace);
    }
    cluster.namespaces[2].depends_on.push("payments".to_owned());
    history(
        &mut cluster,
        "hourly-app-backup",
        "0 * * * *",
        SignedDuration::from_mins(4),
        168,
    );
    history(
        &mut cluster,
        "daily-full-backup",
        "0 2 * * *",
        SignedDuration::from_mins(18),
        30,
    );
    history(
        &mut cluster,
        "dr-backup",
        "30 2 * * *",
        SignedDuration::from_mins(20),
        30,
    );
    cluster
}

/// The guide's production cluster, its hub, and one in another region.
pub fn guide_fleet() -> FleetState {
    let mut hub = ClusterState::new("management".parse().unwrap());
    hub.region = Some("eu-central-1".to_owned());
    hub.is_hub = true;
    let mut other = ClusterState::new("production-us-east".parse().unwrap());
    other.region = Some("us-east-1".to_owned());
    FleetState {
        clusters: vec![hub, guide_cluster(), other],
        objectives: BTreeMap::from([(
            "gold".to_owned(),
            Objective {
                rpo: SignedDuration::from_hours(1),
                rto: SignedDuration::from_hours(1),
            },
        )]),
        ..FleetState::default()
    }
}

pub fn location(name: &str, bucket: &str, prefix: &str, region: &str) -> BackupStorageLocation {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "velero.io/v1", "kind": "BackupStorageLocation",
        "metadata": {"name": name, "namespace": "velero"},
        "spec": {"provider": "aws", "config": {"region": region}, "objectStorage": {"bucket": bucket, "prefix": prefix}},
        "status": {"phase": "Available"},
    }))
    .unwrap()
}

pub fn snapshots(name: &str, region: &str) -> VolumeSnapshotLocation {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "velero.io/v1", "kind": "VolumeSnapshotLocation",
        "metadata": {"name": name, "namespace": "velero"},
        "spec": {"provider": "aws", "config": {"region": region}},
    }))
    .unwrap()
}

pub fn schedule(name: &str, cron: &str, template: &serde_json::Value) -> Schedule {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "velero.io/v1", "kind": "Schedule",
        "metadata": {"name": name, "namespace": "velero", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"schedule": cron, "template": template},
        "status": {"phase": "Enabled", "lastBackup": "2026-06-11T09:00:07Z"},
    }))
    .unwrap()
}

/// The backups that a schedule of the cluster would have made, the last `count` of them.
pub fn history(cluster: &mut ClusterState, schedule: &str, cron: &str, took: SignedDuration, count: usize) {
    let cron = fleet_core::cron::Schedule::parse(cron).unwrap();
    let from = now() - SignedDuration::from_hours(24 * 31);
    let mut runs: Vec<Timestamp> = cron.upcoming(from).take_while(|at| *at < now() - took).collect();
    runs.drain(..runs.len().saturating_sub(count));
    let spec = cluster
        .schedules
        .iter()
        .find(|known| known.metadata.name.as_deref() == Some(schedule))
        .unwrap()
        .spec
        .template
        .clone();
    let scope = cluster.scopes.intern(&spec);
    for run in runs {
        let started = run + SignedDuration::from_secs(8);
        cluster.backups.push(RecoveryPoint {
            name: format!("{schedule}-{}", run.strftime("%Y%m%d%H%M%S")),
            schedule: Some(schedule.to_owned()),
            scope,
            location: spec.storage_location.clone(),
            phase: BackupPhase::Completed,
            created: Some(run),
            started: Some(started),
            completed: Some(started + took),
            expires: None,
            items: 400,
            warnings: 0,
            errors: 0,
            volumes_complete: true,
        });
    }
}

pub fn pod(labels: &BTreeMap<String, String>) -> VolumePod {
    VolumePod {
        name: "pod-0".to_owned(),
        labels: labels.clone(),
        opts_in: false,
        opts_out: false,
    }
}
