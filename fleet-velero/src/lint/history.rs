//! What became of backups and restores.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Finding, Linter, Rule, durations, name_of};
use crate::inventory::PointState;
use crate::text;
use crate::{BackupPhase, Phase as _, Restore, RestorePhase, Schedule};

impl Linter<'_> {
    /// The last backups of a schedule.
    pub(super) fn history(&mut self, schedule: &Schedule) {
        let name = name_of(schedule);
        let mut points: Vec<_> = self
            .cluster
            .backups
            .iter()
            .filter(|point| point.schedule.as_deref() == Some(name))
            .filter(|point| point.started.is_some() && !point.is_ahead_of(self.now))
            .collect();
        points.sort_by_key(|point| std::cmp::Reverse(point.started));
        let Some(last) = points
            .iter()
            .find(|point| point.state(self.now) != PointState::Unfinished)
        else {
            return;
        };
        match last.state(self.now) {
            PointState::Partial | PointState::Failed | PointState::VolumesMissing => {
                let reason = format!(
                    "its last backup {} is {} ({} errors): a restore by schedule name takes an older one",
                    last.name, last.phase, last.errors
                );
                self.find_schedule(
                    Rule::LastBackupFailed,
                    schedule,
                    "",
                    reason,
                    "read the backup's log and results",
                );
            }
            PointState::Empty => {
                let reason = format!("its last backup {} is Completed and holds nothing", last.name);
                self.find_schedule(
                    Rule::EmptyBackup,
                    schedule,
                    "spec.template",
                    reason,
                    "correct the filters",
                );
            }
            _ => {}
        }
        let mut items: Vec<u32> = points.iter().skip(1).take(20).map(|point| point.items).collect();
        items.sort_unstable();
        let median = items.get(items.len() / 2).copied().unwrap_or(0);
        if last.items > 0 && last.items < median / 2 {
            let reason = format!(
                "its last backup {} holds {} objects, those before it {median}",
                last.name, last.items
            );
            self.find_schedule(
                Rule::ItemsDropped,
                schedule,
                "",
                reason,
                "see what is gone before older backups expire",
            );
        }
    }

    /// Backups whatever made them.
    pub(super) fn points(&mut self) {
        const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
        let mut empty: Option<(&str, u32)> = None;
        let mut ahead: Option<(&str, SignedDuration, u32)> = None;
        for point in &self.cluster.backups {
            let object = ("Backup", point.name.as_str());
            let from_now = point.started.map(|started| started.duration_since(self.now));
            if let Some(from_now) = from_now.filter(|length| *length > SignedDuration::from_secs(60)) {
                ahead.get_or_insert((&point.name, from_now, 0)).2 += 1;
            }
            if point.phase == BackupPhase::ReadyToStart {
                let created = point.created;
                let restarted = self
                    .server
                    .started
                    .zip(created)
                    .is_some_and(|(start, made)| made < start);
                let old = created.is_some_and(|made| self.now.duration_since(made) > PATIENCE);
                if restarted || old {
                    let reason = "the server was restarted before it began: it is never picked up, and blocks every later backup \
                                  of its namespaces"
                        .to_owned();
                    let fix = format!("delete it: kubectl -n velero delete backup {}", point.name);
                    self.find(Rule::StuckReadyToStart, object, Some("status.phase"), reason, fix);
                }
            }
            if point.schedule.is_none() && point.state(self.now) == PointState::Empty {
                empty.get_or_insert((&point.name, 0)).1 += 1;
            }
        }
        if let Some((name, from_now, count)) = ahead {
            let reason = format!(
                "it started {} from now ({count} such backups)",
                text::duration(from_now)
            );
            self.find(
                Rule::ClockDisagrees,
                ("Backup", name),
                Some("status.startTimestamp"),
                reason,
                "set the clocks of the cluster and of this machine".to_owned(),
            );
        }
        if let Some((name, count)) = empty {
            let reason = format!("it is Completed and holds nothing ({count} such backups)");
            self.find(
                Rule::EmptyBackup,
                ("Backup", name),
                None,
                reason,
                "correct its filters".to_owned(),
            );
        }
        let resynced = self.cluster.backups.iter().filter(|point| {
            point
                .created
                .zip(point.completed)
                .is_some_and(|(created, completed)| created > completed)
        });
        let resynced: Vec<&str> = resynced.map(|point| point.name.as_str()).collect();
        if let [first, ..] = resynced.as_slice() {
            let reason = format!(
                "{} backups were made anew from their bucket: creation times and `kubectl get` ages are wrong, and deleting the \
                 object deletes nothing",
                resynced.len()
            );
            let fix = "go by status.startTimestamp; delete with `velero backup delete`".to_owned();
            self.find(Rule::CreationTimeLies, ("Backup", first), None, reason, fix);
        }
        self.places();
        self.drill();
    }

    /// Backups that are not where the cluster says.
    fn places(&mut self) {
        let mut absent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut gone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let default = self.cluster.default_location();
        for point in self.cluster.backups.iter().filter(|point| point.phase.is_final()) {
            let place = point.location.as_deref().unwrap_or(default);
            if self.cluster.location(place).is_none() {
                gone.entry(place).or_default().push(&point.name);
            } else if let Some(listing) = self.cluster.bucket_listings.get(place)
                && point.phase == BackupPhase::Completed
                && !listing.contains(&point.name)
            {
                absent.entry(place).or_default().push(&point.name);
            }
        }
        for (place, names) in absent {
            let reason = format!(
                "{} backups of location {place} are not in its bucket",
                names.len()
            );
            let fix = "see who deletes from the bucket, or where the location pointed before".to_owned();
            let object = ("Backup", names[0]);
            self.find(
                Rule::NotInBucket,
                object,
                Some("spec.storageLocation"),
                reason,
                fix,
            );
        }
        for (place, names) in gone {
            let reason = format!(
                "{} backups are in location {place}, which is not there",
                names.len()
            );
            let fix =
                format!("make a read-only BackupStorageLocation {place} again, of the old bucket and prefix");
            let object = ("Backup", names[0]);
            self.find(
                Rule::LocationGone,
                object,
                Some("spec.storageLocation"),
                reason,
                fix,
            );
        }
    }

    fn drill(&mut self) {
        const OLDEST: SignedDuration = SignedDuration::from_hours(24 * 90);
        if self.cluster.backups.is_empty() {
            return;
        }
        let reason = match self.cluster.last_drill {
            None => "no backup of this cluster was ever restored in a drill".to_owned(),
            Some(at) if self.now.duration_since(at) > OLDEST => {
                format!(
                    "the last restore drill was {} ago",
                    text::duration(self.now.duration_since(at))
                )
            }
            Some(_) => return,
        };
        let name = self.cluster.name.to_string();
        let fix = "restore the newest backup into namespaces of its own, and compare".to_owned();
        self.find(Rule::NoDrill, ("Cluster", &name), None, reason, fix);
    }
}

/// What is wrong with one restore.
pub(super) fn restore(cluster: &str, restore: &Restore) -> Vec<Finding> {
    let name = restore.metadata.name.as_deref().unwrap_or_default();
    let mut found = durations::unreadable(cluster, "Restore", name, restore);
    let mut find = |rule, path: &str, reason: String, fix: &str| {
        found.push(Finding {
            rule,
            cluster: cluster.to_owned(),
            kind: "Restore",
            name: name.to_owned(),
            path: Some(path.to_owned()),
            reason,
            fix: fix.to_owned(),
        });
    };
    let status = restore.status.clone().unwrap_or_default();
    let count = |value: Option<i32>| value.unwrap_or(0);
    match status.phase.unwrap_or_default() {
        RestorePhase::Completed => {
            let restored = count(
                status
                    .progress
                    .as_ref()
                    .and_then(|progress| progress.items_restored),
            );
            if restored == 0 {
                find(
                    Rule::RestoredNothing,
                    "status.progress",
                    "it is Completed and restored nothing: what it includes is not in the backup".into(),
                    "compare includedNamespaces with the backup's contents",
                );
            } else if count(status.warnings) > 0 {
                let reason = format!(
                    "it is Completed with {} warnings: each may be an object that exists, differs and was not restored",
                    count(status.warnings)
                );
                find(
                    Rule::RestoredNothing,
                    "status.warnings",
                    reason,
                    "read its results; existingResourcePolicy: update patches what exists",
                );
            }
        }
        RestorePhase::FailedValidation => {
            let reason = status.validation_errors.unwrap_or_default().join("; ");
            find(
                Rule::RestoreFailed,
                "status.validationErrors",
                reason,
                "correct it and make a new one",
            );
        }
        phase @ (RestorePhase::Failed | RestorePhase::PartiallyFailed) => {
            let why = status
                .failure_reason
                .unwrap_or_else(|| format!("{} errors", count(status.errors)));
            find(
                Rule::RestoreFailed,
                "status.phase",
                format!("{phase}: {why}"),
                "read its log and results",
            );
        }
        _ => {}
    }
    found
}
