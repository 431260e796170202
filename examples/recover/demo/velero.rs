//! A Velero server of the story: locations become available, backups come from the bucket, restores take their time.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use fleet_sim::Hub;
use fleet_velero::{Backup, BackupStorageLocation, Restore, RestorePhase};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

/// Restored objects a second, as measured on Velero 1.18.3.
const OBJECTS_A_SECOND: f64 = 48.0;
/// A volume from a snapshot, in seconds.
const SNAPSHOT: i64 = 95;

/// The backups in the buckets: they outlive the cluster.
pub(super) struct Bucket {
    backups: Vec<Backup>,
}

impl Bucket {
    pub(super) fn of(file: &Path) -> Result<Self, Box<dyn Error>> {
        let documents = fleet_core::yaml::documents(&std::fs::read_to_string(file)?)?;
        let backups = documents.iter().map(fleet_core::yaml::Document::decode);
        Ok(Self {
            backups: backups.collect::<Result<_, _>>()?,
        })
    }
}

pub(super) struct SimulatedVelero {
    hub: Hub,
    bucket: Bucket,
}

impl SimulatedVelero {
    pub(super) fn new(hub: Hub, bucket: Bucket) -> Self {
        Self { hub, bucket }
    }

    /// Works until the runtime ends.
    pub(super) fn spawn(self) {
        tokio::spawn(async move {
            loop {
                if let Err(error) = self.look().await {
                    eprintln!("velero: {error}");
                }
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.hub.client(), "velero")
    }

    async fn look(&self) -> Result<(), kube::Error> {
        let locations: Api<BackupStorageLocation> = self.api();
        for location in locations.list(&ListParams::default()).await? {
            let patch = json!({"status": {"phase": "Available", "lastValidationTime": Time(self.hub.now())}});
            if location.status.is_none() {
                locations
                    .patch(
                        &location.name_any(),
                        &PatchParams::default(),
                        &Patch::Merge(&patch),
                    )
                    .await?;
                self.sync(&location.spec.object_storage.bucket).await?;
            }
        }
        self.backups().await?;
        let restores: Api<Restore> = self.api();
        // One at a time, as the server does.
        let all = restores.list(&ListParams::default()).await?;
        let open = all.iter().find(|restore| {
            restore
                .status
                .as_ref()
                .is_none_or(|status| status.phase != Some(RestorePhase::Completed))
        });
        if let Some(restore) = open {
            let status = self.restored(restore);
            restores
                .patch(
                    &restore.name_any(),
                    &PatchParams::default(),
                    &Patch::Merge(&json!({"status": status})),
                )
                .await?;
        }
        Ok(())
    }

    /// Makes the objects of what a bucket holds.
    async fn sync(&self, bucket: &str) -> Result<(), kube::Error> {
        let backups: Api<Backup> = self.api();
        for backup in &self.bucket.backups {
            let place = backup.spec.storage_location.as_deref().unwrap_or("default");
            let is_here = match place {
                "dr-region" => bucket == "velero-backups-dr",
                _ => bucket == "velero-backups",
            };
            if is_here {
                match backups.create(&PostParams::default(), backup).await {
                    Err(kube::Error::Api(status)) if status.code == 409 => {}
                    made => _ = made?,
                }
            }
        }
        Ok(())
    }

    /// New backups take four minutes.
    async fn backups(&self) -> Result<(), kube::Error> {
        let backups: Api<Backup> = self.api();
        for backup in backups.list(&ListParams::default()).await? {
            let status = backup.status.clone().unwrap_or_default();
            let patch = match status.start_timestamp {
                None => json!({"phase": "InProgress", "startTimestamp": Time(self.hub.now())}),
                Some(start)
                    if status.completion_timestamp.is_none()
                        && self.since(start.0) >= SignedDuration::from_mins(4) =>
                {
                    json!({
                        "phase": "Completed", "completionTimestamp": Time(self.hub.now()),
                        "progress": {"itemsBackedUp": 14, "totalItems": 14},
                    })
                }
                Some(_) => continue,
            };
            backups
                .patch(
                    &backup.name_any(),
                    &PatchParams::default(),
                    &Patch::Merge(&json!({"status": patch})),
                )
                .await?;
        }
        Ok(())
    }

    fn since(&self, at: Timestamp) -> SignedDuration {
        self.hub.now().duration_since(at)
    }

    fn restored(&self, restore: &Restore) -> Value {
        let namespaces = restore.spec.included_namespaces.as_ref().map_or(1, Vec::len);
        // A claim, its volume and a Secret of each namespace.
        let items = 3 * namespaces;
        let status = restore.status.clone().unwrap_or_default();
        let Some(start) = status.start_timestamp else {
            return json!({"phase": "InProgress", "startTimestamp": Time(self.hub.now())});
        };
        #[allow(clippy::cast_possible_truncation)] // A few seconds.
        let objects = (items as f64 / OBJECTS_A_SECOND).ceil() as i64;
        if self.since(start.0) < SignedDuration::from_secs(objects + SNAPSHOT) {
            return json!({"phase": "InProgress", "progress": {"totalItems": items, "itemsRestored": items - 1}});
        }
        json!({
            "phase": "Completed",
            "completionTimestamp": Time(self.hub.now()),
            "progress": {"totalItems": items, "itemsRestored": items},
        })
    }
}
