//! The guide's Velero manifests and commands: read, written, and expressed in types.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_velero::inventory::Server;
use fleet_velero::schedules::backup_name;
use fleet_velero::{
    BackupSpec, BackupStorageLocation, GoDuration, ObjectStorageLocation, Restore, RestoreSpec, Schedule,
    ScheduleSpec, VeleroInstall,
};
use serde_json::{Value, json};

#[test]
fn they_survive_reading_and_writing() {
    let documents = fleet_core::yaml::documents(include_str!("fixtures/velero.yaml")).unwrap();
    assert_eq!(documents.len(), 4);
    for document in documents {
        let written = match document.value()["kind"].as_str() {
            Some("Schedule") => serde_json::to_value(document.decode::<Schedule>().unwrap()),
            Some("BackupStorageLocation") => {
                serde_json::to_value(document.decode::<BackupStorageLocation>().unwrap())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(&written.unwrap(), document.value());
    }
}

#[test]
fn a_duration_stays_as_it_was_written() {
    let documents = fleet_core::yaml::documents(include_str!("fixtures/velero.yaml")).unwrap();
    let schedule: Schedule = documents[0].decode().unwrap();
    assert_eq!(schedule.spec.template.ttl, Some(GoDuration::from("720h")));
    assert_eq!(
        schedule.spec.template.included_namespaces.as_deref(),
        Some(&["*".to_owned()][..])
    );
}

#[test]
fn a_duration_that_go_cannot_read_is_kept_to_be_seen() {
    let read = serde_json::json!({
        "apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "a"},
        "spec": {"schedule": "0 2 * * *", "template": {"ttl": "30d"}},
    });
    let schedule: Schedule = serde_json::from_value(read.clone()).unwrap();
    assert_eq!(schedule.spec.template.ttl.as_ref().unwrap().as_signed(), None);
    assert_eq!(serde_json::to_value(&schedule).unwrap(), read);
}

/// The guide's manifests, as the types write them.
fn manifests() -> Vec<Value> {
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let schedule = |name: &str, cron: &str, template: BackupSpec| {
        let spec = ScheduleSpec {
            schedule: cron.to_owned(),
            template,
            ..ScheduleSpec::default()
        };
        let mut schedule = Schedule::new(name, spec);
        schedule.metadata.namespace = Some("velero".to_owned());
        serde_json::to_value(schedule).unwrap()
    };
    let mut location = BackupStorageLocation::default();
    location.metadata.name = Some("dr-region".to_owned());
    location.metadata.namespace = Some("velero".to_owned());
    "aws".clone_into(&mut location.spec.provider);
    location.spec.object_storage = ObjectStorageLocation {
        bucket: "velero-backups-dr".to_owned(),
        ..ObjectStorageLocation::default()
    };
    location.spec.config = Some([("region".to_owned(), "us-east-1".to_owned())].into());
    vec![
        schedule(
            "daily-full-backup",
            "0 2 * * *",
            BackupSpec {
                included_namespaces: names(&["*"]),
                excluded_namespaces: names(&["kube-system", "velero"]),
                include_cluster_resources: Some(true),
                storage_location: Some("default".to_owned()),
                volume_snapshot_locations: names(&["default"]),
                ttl: Some("720h".into()),
                ..BackupSpec::default()
            },
        ),
        schedule(
            "hourly-app-backup",
            "0 * * * *",
            BackupSpec {
                included_namespaces: names(&["production", "payments", "orders"]),
                label_selector: serde_json::from_value(json!({"matchLabels": {"backup": "hourly"}})).unwrap(),
                ttl: Some("168h".into()),
                ..BackupSpec::default()
            },
        ),
        serde_json::to_value(location).unwrap(),
        schedule(
            "dr-backup",
            "30 2 * * *",
            BackupSpec {
                storage_location: Some("dr-region".to_owned()),
                ttl: Some("720h".into()),
                ..BackupSpec::default()
            },
        ),
    ]
}

#[test]
fn the_types_write_the_guides_manifests() {
    let documents = fleet_core::yaml::documents(include_str!("fixtures/velero.yaml")).unwrap();
    let guide: Vec<Value> = documents
        .into_iter()
        .map(fleet_core::yaml::Document::into_value)
        .collect();
    assert_eq!(manifests(), guide);
}

#[test]
fn the_guides_install_command_in_types() {
    let install =
        VeleroInstall::aws("velero-backups", "eu-west-1").plugin("velero/velero-plugin-for-aws:v1.8.0");
    let objects = install.objects();
    let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    assert_eq!(
        of("BackupStorageLocation")["spec"],
        json!({
            "provider": "aws", "objectStorage": {"bucket": "velero-backups"}, "config": {"region": "eu-west-1"}, "default": true,
        })
    );
    assert_eq!(
        of("VolumeSnapshotLocation")["spec"],
        json!({"provider": "aws", "config": {"region": "eu-west-1"}})
    );
    let pod = &of("Deployment")["spec"]["template"]["spec"];
    assert_eq!(
        pod["initContainers"][0]["image"],
        "velero/velero-plugin-for-aws:v1.8.0"
    );
    assert_eq!(
        pod["containers"][0]["args"],
        json!(["server", "--uploader-type=kopia"])
    );
    // No node agent was asked for: no data leaves a node.
    assert!(!objects.iter().any(|object| object["kind"] == "DaemonSet"));
    insta::assert_json_snapshot!("install", objects);
    insta::assert_json_snapshot!("install_helm_values", install.helm_values());
}

#[test]
fn the_guides_restore_command_in_types() {
    let at = "2026-06-11T02:00:00Z".parse().unwrap();
    let backup = backup_name("daily-full-backup", at, &Server::default());
    assert_eq!(backup, "daily-full-backup-20260611020000");
    let spec = RestoreSpec {
        backup_name: Some(backup),
        included_namespaces: Some(["production", "payments", "orders"].map(str::to_owned).to_vec()),
        ..RestoreSpec::default()
    };
    let restore = Restore::new("daily-full-backup-20260611020000-restore", spec);
    assert_eq!(
        serde_json::to_value(restore).unwrap()["spec"],
        json!({
            "backupName": "daily-full-backup-20260611020000",
            "includedNamespaces": ["production", "payments", "orders"],
        })
    );
}
