//! The guide's Velero manifests: read and written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_velero::{BackupStorageLocation, GoDuration, Schedule};

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
