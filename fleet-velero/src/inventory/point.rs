//! Backups as recovery points: what of a Backup decides whether and what one can restore.

use jiff::{SignedDuration, Timestamp};

use crate::{Backup, BackupPhase, BackupSpec};

/// A scope in a [`ScopeTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(u32);

/// What backups are of, each kept once: the hundreds of backups of a schedule have the same.
#[derive(Clone, Debug, Default)]
pub struct ScopeTable {
    specs: Vec<BackupSpec>,
}

impl ScopeTable {
    /// The scope of this spec, new if no other is equal.
    ///
    /// Spec fields that do not change what is held (times, labels) do not tell two scopes apart.
    pub fn intern(&mut self, spec: &BackupSpec) -> ScopeId {
        let spec = BackupSpec {
            ttl: None,
            metadata: None,
            csi_snapshot_timeout: None,
            item_operation_timeout: None,
            ..spec.clone()
        };
        // The newest are alike: the search starts there.
        let place = self
            .specs
            .iter()
            .rposition(|known| *known == spec)
            .unwrap_or_else(|| {
                self.specs.push(spec);
                self.specs.len() - 1
            });
        ScopeId(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The spec of a scope.
    pub fn get(&self, id: ScopeId) -> Option<&BackupSpec> {
        self.specs.get(usize::try_from(id.0).ok()?)
    }

    /// Every scope.
    pub fn iter(&self) -> impl Iterator<Item = (ScopeId, &BackupSpec)> {
        (0..).map(ScopeId).zip(&self.specs)
    }
}

/// A backup, as far as it decides about recovery.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveryPoint {
    /// The backup's name.
    pub name: String,
    /// The schedule that made it (label `velero.io/schedule-name`).
    pub schedule: Option<String>,
    /// What it is of.
    pub scope: ScopeId,
    /// The storage location; `None`: the default one.
    pub location: Option<String>,
    /// How far it is.
    pub phase: BackupPhase,
    /// When the object was made; later than the backup itself where it was made anew from the bucket.
    pub created: Option<Timestamp>,
    /// When it began: the moment it restores to. Its name and creation time say less.
    pub started: Option<Timestamp>,
    /// When it ended: from then on it can be used.
    pub completed: Option<Timestamp>,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// How many objects it holds.
    pub items: u32,
    /// How many warnings there were.
    pub warnings: u32,
    /// How many errors there were.
    pub errors: u32,
    /// Whether every volume snapshot and plugin operation that was tried worked.
    pub volumes_complete: bool,
}

/// How far the clocks of clusters and of this machine may disagree.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Whether a recovery point can be restored from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PointState {
    /// Completed, holds objects, has not expired.
    Usable,
    /// Still running, or never begun.
    Unfinished,
    /// `PartiallyFailed`: some objects are there. A plan takes it only when told to.
    Partial,
    /// `Failed` or refused.
    Failed,
    /// Completed with nothing in it: a filter matched nothing.
    Empty,
    /// Completed, and some volumes' data is not in it.
    VolumesMissing,
    /// It ends later than clocks may disagree ([`CLOCK_SKEW`]): at this time it is not taken yet.
    NotYet,
    /// Its time is over; the next garbage collection deletes it.
    Expired,
    /// Being deleted.
    Deleting,
}

impl RecoveryPoint {
    /// What decides about recovery of a Backup. Its scope goes into the table.
    pub fn of(backup: &Backup, scopes: &mut ScopeTable) -> Self {
        let status = backup.status.clone().unwrap_or_default();
        let count = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        let all = |tried: Option<i32>, worked: Option<i32>| count(tried) <= count(worked);
        let labels = backup.metadata.labels.as_ref();
        Self {
            name: backup.metadata.name.clone().unwrap_or_default(),
            schedule: labels.and_then(|labels| labels.get(SCHEDULE_LABEL)).cloned(),
            scope: scopes.intern(&backup.spec),
            location: backup.spec.storage_location.clone(),
            phase: status.phase.unwrap_or_default(),
            created: backup.metadata.creation_timestamp.as_ref().map(|time| time.0),
            started: status.start_timestamp.map(|time| time.0),
            completed: status.completion_timestamp.map(|time| time.0),
            expires: status.expiration.map(|time| time.0),
            items: count(status.progress.and_then(|progress| progress.items_backed_up)),
            warnings: count(status.warnings),
            errors: count(status.errors),
            volumes_complete: all(
                status.volume_snapshots_attempted,
                status.volume_snapshots_completed,
            ) && all(
                status.csi_volume_snapshots_attempted,
                status.csi_volume_snapshots_completed,
            ) && count(status.backup_item_operations_failed) == 0,
        }
    }

    /// Whether it can be restored from at this time.
    pub fn state(&self, now: Timestamp) -> PointState {
        match self.phase {
            BackupPhase::Completed => {}
            BackupPhase::PartiallyFailed => return PointState::Partial,
            BackupPhase::Failed | BackupPhase::FailedValidation => return PointState::Failed,
            BackupPhase::Deleting => return PointState::Deleting,
            _ => return PointState::Unfinished,
        }
        if self.is_ahead_of(now) {
            PointState::NotYet
        } else if self.expires.is_some_and(|expires| expires <= now) {
            PointState::Expired
        } else if self.items == 0 {
            PointState::Empty
        } else if !self.volumes_complete {
            PointState::VolumesMissing
        } else {
            PointState::Usable
        }
    }

    /// Whether it ends, or begins where no end is known, after this time by more than clocks may disagree.
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        let last = self.completed.max(self.started);
        last.is_some_and(|at| at.duration_since(now) > CLOCK_SKEW)
    }

    /// How long it took.
    pub fn duration(&self) -> Option<SignedDuration> {
        Some(self.completed?.duration_since(self.started?))
    }
}

/// The label of backups that a schedule made.
pub(crate) const SCHEDULE_LABEL: &str = "velero.io/schedule-name";
