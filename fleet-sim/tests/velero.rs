//! The simulated Velero on virtual time.

use std::time::Duration;

use fleet_sim::Hub;
use fleet_sim::cluster_api::Delay;
use fleet_sim::velero::{ObjectStore, Velero};
use jiff::SignedDuration;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn api(
    hub: &Hub,
    group: &str,
    version: &str,
    kind: &str,
    plural: &str,
    namespace: &str,
) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(group, version, kind);
    Api::namespaced_with(
        hub.client(),
        namespace,
        &ApiResource::from_gvk_with_plural(&kind, plural),
    )
}

async fn create(api: &Api<DynamicObject>, object: Value) -> TestResult {
    api.create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    Ok(())
}

/// Name and phase (or health) of every object.
async fn phases(api: &Api<DynamicObject>, path: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let list = api.list(&ListParams::default()).await?;
    Ok(list
        .into_iter()
        .map(|object| {
            let value = serde_json::to_value(&object).unwrap_or_default();
            let phase = value
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or("-")
                .to_owned();
            format!("{} {phase}", object.metadata.name.unwrap_or_default())
        })
        .collect())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn schedules_fire_backups_pass_and_expire() -> TestResult {
    let hub = Hub::builder()
        .crds(fleet_velero::crds())
        .create_missing_namespaces(true)
        .starting_at("2026-03-01T00:30:00Z".parse()?)
        .start()?;
    let _velero = hub.simulate(
        Velero::default()
            .backup_duration(Delay::uniform(Duration::from_mins(1), Duration::from_mins(5)))
            .backup_fails(|name| name == "nightly-20260302010000"),
    );
    let velero = |kind, plural| api(&hub, "velero.io", "v1", kind, plural, "velero");
    let (schedules, backups) = (velero("Schedule", "schedules"), velero("Backup", "backups"));
    create(
        &velero("BackupStorageLocation", "backupstoragelocations"),
        json!({"apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation", "metadata": {"name": "default"},
        "spec": {"provider": "aws", "objectStorage": {"bucket": "b"}}}),
    )
    .await?;
    create(
        &schedules,
        json!({"apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "nightly"},
        "spec": {"schedule": "0 1 * * *", "template": {"ttl": "36h0m0s"}}}),
    )
    .await?;
    create(
        &schedules,
        json!({"apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "odd"},
        "spec": {"schedule": "whenever", "template": {}}}),
    )
    .await?;

    hub.advance(SignedDuration::from_mins(31)).await;
    assert_eq!(
        phases(&schedules, "/status/phase").await?,
        ["nightly Enabled", "odd FailedValidation"]
    );
    assert_eq!(
        phases(&backups, "/status/phase").await?,
        ["nightly-20260301010000 InProgress"]
    );
    hub.advance(SignedDuration::from_mins(10)).await;
    assert_eq!(
        phases(&backups, "/status/phase").await?,
        ["nightly-20260301010000 Completed"]
    );

    let restores = velero("Restore", "restores");
    create(
        &restores,
        json!({"apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "good"},
        "spec": {"backupName": "nightly-20260301010000"}}),
    )
    .await?;
    create(
        &restores,
        json!({"apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "bad"},
        "spec": {"backupName": "none"}}),
    )
    .await?;
    hub.advance(SignedDuration::from_mins(20)).await;
    assert_eq!(
        phases(&restores, "/status/phase").await?,
        ["bad FailedValidation", "good Completed"]
    );

    // A day on, the next one has failed; after 36 hours, the first is gone.
    hub.advance(SignedDuration::from_hours(24)).await;
    let seen = phases(&backups, "/status/phase").await?;
    assert_eq!(
        seen,
        [
            "nightly-20260301010000 Completed",
            "nightly-20260302010000 Failed"
        ]
    );
    hub.advance(SignedDuration::from_hours(12)).await;
    assert_eq!(
        phases(&backups, "/status/phase").await?,
        ["nightly-20260302010000 Failed"]
    );
    Ok(())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_in_a_bucket_outlives_the_objects() -> TestResult {
    let hub = Hub::builder()
        .crds(fleet_velero::crds())
        .create_missing_namespaces(true)
        .starting_at("2026-03-01T00:30:00Z".parse()?)
        .start()?;
    let store = ObjectStore::default();
    let _velero = hub.simulate(
        Velero::default()
            .object_store(store.clone())
            .backup_items(7)
            .restore_hangs(|name| name == "stuck"),
    );
    let velero = |kind, plural| api(&hub, "velero.io", "v1", kind, plural, "velero");
    let (locations, backups) = (
        velero("BackupStorageLocation", "backupstoragelocations"),
        velero("Backup", "backups"),
    );
    let location = |name: &str, access: &str| {
        json!({"apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": {"name": name},
            "spec": {"provider": "aws", "accessMode": access, "objectStorage": {"bucket": "b", "prefix": "/one/"}}})
    };
    let backup = |name: &str, location: &str| {
        json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": name},
            "spec": {"storageLocation": location, "ttl": "2h0m0s"}})
    };
    create(&locations, location("default", "ReadWrite")).await?;
    create(&backups, backup("first", "default")).await?;
    hub.advance(SignedDuration::from_mins(6)).await;
    assert_eq!(phases(&locations, "/status/phase").await?, ["default Available"]);
    assert_eq!(store.names("b", "one"), ["first"]);

    // The cluster is lost: its objects go, the bucket stays.
    locations.delete("default", &DeleteParams::default()).await?;
    backups.delete("first", &DeleteParams::default()).await?;
    hub.advance(SignedDuration::from_mins(10)).await;
    assert!(phases(&backups, "/status/phase").await?.is_empty());
    create(&locations, location("lost", "ReadOnly")).await?;
    hub.advance(SignedDuration::from_secs(30)).await;
    assert!(phases(&backups, "/status/phase").await?.is_empty());
    hub.advance(SignedDuration::from_secs(40)).await;
    assert_eq!(phases(&backups, "/status/phase").await?, ["first Completed"]);
    assert_eq!(phases(&backups, "/spec/storageLocation").await?, ["first lost"]);

    // What is read-only is not written, and keeps what has expired.
    create(&backups, backup("second", "lost")).await?;
    let restores = velero("Restore", "restores");
    for name in ["a", "stuck"] {
        create(
            &restores,
            json!({"apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": name},
                "spec": {"backupName": "first"}}),
        )
        .await?;
    }
    hub.advance(SignedDuration::from_mins(5)).await;
    // One restore at a time.
    assert_eq!(
        phases(&restores, "/status/phase").await?,
        ["a InProgress", "stuck -"]
    );
    hub.advance(SignedDuration::from_hours(3)).await;
    assert_eq!(
        phases(&backups, "/status/phase").await?,
        ["first Completed", "second FailedValidation"]
    );
    assert_eq!(
        phases(&restores, "/status/phase").await?,
        ["a Completed", "stuck InProgress"]
    );
    let done = restores.get("a").await?;
    assert_eq!(done.data["status"]["progress"]["itemsRestored"], 7);
    assert_eq!(store.names("b", "one"), ["first"]);
    Ok(())
}
