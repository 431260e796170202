//! The backup gate on Velero: a complete, recent backup in a location that can be read, or no upgrade.

use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::ClusterName;
use fleet_velero::execute::{Clients, SystemError};
use fleet_velero::inventory::{PointState, RecoveryPoint, ScopeTable, region_of};
use fleet_velero::{
    AccessMode, Backup, BackupPhase, BackupSpec, BackupStorageLocation, BackupStorageLocationPhase,
    Phase as _, Schedule,
};
use jiff::Timestamp;
use kube::Api;
use kube::api::{ListParams, PostParams};

use crate::kernel::BackupVerdict;
use crate::ports::{BackupGate, BoxError, Clock, SystemClock};

/// A [`BackupGate`] over the Velero of each cluster.
///
/// A backup counts when it is `Completed` at the time wanted or later, holds objects, every volume snapshot and upload that
/// was tried worked, it has not expired, and its location is available; with [`outside_of`](Self::outside_of) only if that is in
/// another region. It must be of every namespace without a label selector, or be made by the schedule that was
/// [named](Self::from_schedule).
#[derive(Clone)]
pub struct VeleroGate {
    clients: Arc<dyn Clients>,
    namespace: String,
    schedule: Option<String>,
    lost_region: Option<String>,
    makes_one: bool,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for VeleroGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VeleroGate")
            .field("namespace", &self.namespace)
            .field("schedule", &self.schedule)
            .field("lost_region", &self.lost_region)
            .field("makes_one", &self.makes_one)
            .finish_non_exhaustive()
    }
}

impl VeleroGate {
    /// Looks into namespace `velero` of each cluster.
    pub fn new(clients: impl Clients + 'static) -> Self {
        Self {
            clients: Arc::new(clients),
            namespace: "velero".to_owned(),
            schedule: None,
            lost_region: None,
            makes_one: false,
            clock: Arc::new(SystemClock),
        }
    }

    /// With another clock, by which backups expire.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Counts the backups of this schedule only.
    pub fn from_schedule(mut self, name: impl Into<String>) -> Self {
        self.schedule = Some(name.into());
        self
    }

    /// Counts only backups in a location of another region than this.
    pub fn outside_of(mut self, region: impl Into<String>) -> Self {
        self.lost_region = Some(region.into());
        self
    }

    /// Makes a backup where none counts: of the schedule's template, or of everything.
    pub fn making_one(mut self) -> Self {
        self.makes_one = true;
        self
    }

    /// The verdict on what a cluster holds.
    fn judge(
        &self,
        cluster: &ClusterName,
        backups: &[Backup],
        locations: &[BackupStorageLocation],
        not_before: Timestamp,
        now: Timestamp,
    ) -> BackupVerdict {
        let mut scopes = ScopeTable::default();
        let mut verified: Option<(Timestamp, String)> = None;
        let mut in_progress: Option<String> = None;
        let mut nearest: Option<(Timestamp, String)> = None;
        for backup in backups {
            let point = RecoveryPoint::of(backup, &mut scopes);
            if is_of_another(backup, cluster) || !self.is_meant(backup, &point) {
                continue;
            }
            if !point.phase.is_final() && point.phase != BackupPhase::Deleting {
                in_progress = Some(point.name);
                continue;
            }
            let Some(completed) = point.completed else {
                continue;
            };
            match self.refuse(&point, locations, not_before, now) {
                None if verified.as_ref().is_none_or(|(known, _)| completed > *known) => {
                    verified = Some((completed, point.name));
                }
                Some(reason) if nearest.as_ref().is_none_or(|(known, _)| completed > *known) => {
                    nearest = Some((completed, format!("{} {reason}", point.name)));
                }
                _ => {}
            }
        }
        if let Some((completed, backup)) = verified {
            BackupVerdict::Verified { backup, completed }
        } else if let Some(backup) = in_progress {
            BackupVerdict::InProgress { backup }
        } else {
            let reason = nearest.map_or_else(
                || "no backup of the whole cluster".to_owned(),
                |(_, reason)| reason,
            );
            BackupVerdict::Missing { reason }
        }
    }

    fn is_meant(&self, backup: &Backup, point: &RecoveryPoint) -> bool {
        match &self.schedule {
            Some(schedule) => {
                point.schedule.as_ref() == Some(schedule)
                    || point.name.starts_with(&format!("{MADE}{schedule}-"))
            }
            None => is_of_everything(&backup.spec),
        }
    }

    /// Why a backup does not count.
    fn refuse(
        &self,
        point: &RecoveryPoint,
        locations: &[BackupStorageLocation],
        not_before: Timestamp,
        now: Timestamp,
    ) -> Option<String> {
        match point.state(now) {
            PointState::Usable => {}
            PointState::Empty => return Some("holds nothing".to_owned()),
            PointState::VolumesMissing => return Some("does not hold every volume".to_owned()),
            PointState::Expired => return Some("has expired".to_owned()),
            PointState::NotYet => return Some(format!("ends after {now}: a clock is wrong")),
            _ => return Some(format!("is {} with {} errors", point.phase, point.errors)),
        }
        if let Some(completed) = point.completed.filter(|completed| *completed < not_before) {
            return Some(format!("was completed at {completed}, before {not_before}"));
        }
        let name = point.location.as_deref();
        let location = locations.iter().find(|location| match name {
            Some(name) => location.metadata.name.as_deref() == Some(name),
            None => location.spec.default == Some(true),
        });
        let Some(location) = location else {
            return Some("is in a location that is not there".to_owned());
        };
        let phase = location.status.as_ref().and_then(|status| status.phase.as_ref());
        if phase != Some(&BackupStorageLocationPhase::Available) {
            return Some("is in a location that is not available".to_owned());
        }
        let lost = self.lost_region.as_deref();
        (lost.is_some() && (region_of(location) == lost || region_of(location).is_none()))
            .then(|| "is in the region that it is to survive".to_owned())
    }

    /// Makes the one backup that belongs to this time; one that is there was made by an earlier look.
    async fn make(
        &self,
        client: kube::Client,
        cluster: &ClusterName,
        not_before: Timestamp,
    ) -> Result<String, BoxError> {
        let spec = match &self.schedule {
            Some(name) => {
                let schedules: Api<Schedule> = Api::namespaced(client.clone(), &self.namespace);
                schedules.get(name).await?.spec.template
            }
            None => BackupSpec::default(),
        };
        let of = self.schedule.as_deref().unwrap_or("everything");
        let name = format!("{MADE}{of}-{}", not_before.strftime("%Y%m%d%H%M%S"));
        let mut backup = Backup::new(
            &name,
            BackupSpec {
                metadata: None,
                ..spec
            },
        );
        backup.metadata.namespace = Some(self.namespace.clone());
        backup.metadata.labels = Some([(OF_CLUSTER.to_owned(), cluster.to_string())].into());
        let backups: Api<Backup> = Api::namespaced(client, &self.namespace);
        match backups.create(&PostParams::default(), &backup).await {
            Ok(_) => Ok(name),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(name),
            Err(error) => Err(error.into()),
        }
    }
}

/// How the names of the gate's own backups begin.
const MADE: &str = "before-upgrade-";
/// The label of the gate's own backups with the cluster they are of.
const OF_CLUSTER: &str = "fleet-sdk.dev/cluster";

/// Whether a backup came by a bucket that another cluster writes, too, and says so.
fn is_of_another(backup: &Backup, cluster: &ClusterName) -> bool {
    let labels = backup.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(OF_CLUSTER))
        .is_some_and(|of| of != cluster.as_str())
}

fn is_of_everything(spec: &BackupSpec) -> bool {
    let all = |list: &Option<Vec<String>>| {
        list.as_ref()
            .is_none_or(|list| list.is_empty() || list.iter().any(|name| name == "*"))
    };
    all(&spec.included_namespaces)
        && all(&spec.included_resources)
        && spec.label_selector.is_none()
        && spec.or_label_selectors.is_none()
        && spec.snapshot_volumes != Some(false)
}

#[async_trait]
impl BackupGate for VeleroGate {
    async fn check(&self, cluster: &ClusterName, not_before: Timestamp) -> Result<BackupVerdict, BoxError> {
        let client = self
            .clients
            .client(cluster.as_str())
            .await
            .map_err(|error: SystemError| Box::new(error))?;
        let all = ListParams::default();
        let backups: Api<Backup> = Api::namespaced(client.clone(), &self.namespace);
        let locations: Api<BackupStorageLocation> = Api::namespaced(client.clone(), &self.namespace);
        let (backups, locations) = (backups.list(&all).await?.items, locations.list(&all).await?.items);
        let verdict = self.judge(cluster, &backups, &locations, not_before, self.clock.now());
        let can_be_written = locations
            .iter()
            .any(|location| location.spec.access_mode != Some(AccessMode::ReadOnly));
        if self.makes_one && can_be_written && matches!(verdict, BackupVerdict::Missing { .. }) {
            let made = self.make(client, cluster, not_before).await?;
            // One that was made and failed is not made again: the verdict says why.
            let is_there = backups
                .iter()
                .any(|backup| backup.metadata.name.as_deref() == Some(&made));
            if !is_there {
                return Ok(BackupVerdict::InProgress { backup: made });
            }
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
    // Values written in place read better without a reference.
    #![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

    use serde_json::{Value, json};

    use super::*;

    struct Nobody;

    #[async_trait]
    impl Clients for Nobody {
        async fn client(&self, _: &str) -> Result<kube::Client, SystemError> {
            Err(SystemError::new("no clusters", "a test"))
        }
    }

    fn backup(name: &str, spec: Value, status: Value) -> Backup {
        serde_json::from_value(json!({
            "apiVersion": "velero.io/v1", "kind": "Backup",
            "metadata": {"name": name, "labels": {"velero.io/schedule-name": "daily"}}, "spec": spec, "status": status,
        }))
        .unwrap()
    }

    fn completed(at: &str) -> Value {
        json!({
            "phase": "Completed", "startTimestamp": at, "completionTimestamp": at, "progress": {"itemsBackedUp": 9, "totalItems": 9},
        })
    }

    fn location(phase: &str) -> Vec<BackupStorageLocation> {
        vec![
            serde_json::from_value(json!({
                "apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": {"name": "default"},
                "spec": {
                    "provider": "aws", "default": true, "objectStorage": {"bucket": "b"}, "config": {"region": "eu-west-1"},
                },
                "status": {"phase": phase},
            }))
            .unwrap(),
        ]
    }

    fn cluster() -> ClusterName {
        "production".parse().unwrap()
    }

    fn judge(gate: &VeleroGate, backups: &[Backup], phase: &str) -> BackupVerdict {
        let (not_before, now) = (
            "2026-06-11T08:00:00Z".parse().unwrap(),
            "2026-06-11T09:00:00Z".parse().unwrap(),
        );
        gate.judge(&cluster(), backups, &location(phase), not_before, now)
    }

    fn reason(verdict: BackupVerdict) -> String {
        let BackupVerdict::Missing { reason } = verdict else {
            panic!("{verdict:?}")
        };
        reason
    }

    #[test]
    fn the_newest_complete_backup_counts() {
        let gate = VeleroGate::new(Nobody);
        let backups = [
            backup("old", json!({}), completed("2026-06-11T08:10:00Z")),
            backup("new", json!({}), completed("2026-06-11T08:40:00Z")),
            backup(
                "part",
                json!({"includedNamespaces": ["shop"]}),
                completed("2026-06-11T08:50:00Z"),
            ),
        ];
        let BackupVerdict::Verified { backup, .. } = judge(&gate, &backups, "Available") else {
            panic!()
        };
        assert_eq!(backup, "new");
        assert_eq!(
            reason(judge(&gate, &backups, "Unavailable")),
            "new is in a location that is not available"
        );
        let elsewhere = gate.clone().outside_of("eu-west-1");
        assert_eq!(
            reason(judge(&elsewhere, &backups, "Available")),
            "new is in the region that it is to survive"
        );
    }

    #[test]
    fn what_does_not_count() {
        let gate = VeleroGate::new(Nobody);
        let with = |change: Value| {
            let mut status = completed("2026-06-11T08:40:00Z");
            for (field, value) in change.as_object().unwrap() {
                status[field] = value.clone();
            }
            reason(judge(&gate, &[backup("b", json!({}), status)], "Available"))
        };
        assert_eq!(
            with(json!({"phase": "PartiallyFailed", "errors": 2})),
            "b is PartiallyFailed with 2 errors"
        );
        assert_eq!(with(json!({"progress": {}})), "b holds nothing");
        assert_eq!(
            with(json!({"csiVolumeSnapshotsAttempted": 2, "csiVolumeSnapshotsCompleted": 1})),
            "b does not hold every volume"
        );
        assert_eq!(
            with(json!({"expiration": "2026-06-11T08:50:00Z"})),
            "b has expired"
        );
        assert!(
            with(json!({"completionTimestamp": "2026-06-11T07:00:00Z"}))
                .starts_with("b was completed at 2026-06-11T07:00:00Z")
        );
        assert_eq!(
            reason(judge(&gate, &[], "Available")),
            "no backup of the whole cluster"
        );
    }

    #[test]
    fn another_clusters_does_not_count() {
        let gate = VeleroGate::new(Nobody);
        let mut of = backup("b", json!({}), completed("2026-06-11T08:40:00Z"));
        let labels = of.metadata.labels.get_or_insert_default();
        labels.insert(OF_CLUSTER.to_owned(), "staging".to_owned());
        assert_eq!(
            reason(judge(&gate, &[of.clone()], "Available")),
            "no backup of the whole cluster"
        );
        of.metadata.labels = Some([(OF_CLUSTER.to_owned(), "production".to_owned())].into());
        assert!(matches!(
            judge(&gate, &[of], "Available"),
            BackupVerdict::Verified { .. }
        ));
    }

    #[test]
    fn one_that_runs_is_waited_for() {
        let gate = VeleroGate::new(Nobody).from_schedule("daily");
        let running = [backup(
            "b",
            json!({"includedNamespaces": ["shop"]}),
            json!({"phase": "Finalizing"}),
        )];
        let verdict = judge(&gate, &running, "Available");
        assert!(
            matches!(&verdict, BackupVerdict::InProgress { backup } if backup == "b"),
            "{verdict:?}"
        );
    }
}
