//! How far a backup or a restore is, and what came of it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::text;
use crate::{Backup, Phase, Restore};

/// How far a backup or a restore is.
///
/// ```
/// use fleet_velero::{Progress, Restore};
///
/// let restore: Restore = serde_json::from_str(
///     r#"{"apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "r"}, "spec": {}, "status": {
///         "phase": "InProgress", "startTimestamp": "2026-06-11T09:00:00Z", "warnings": 2,
///         "progress": {"itemsRestored": 30, "totalItems": 120}}}"#,
/// )?;
/// let progress = Progress::of_restore(&restore, "2026-06-11T09:02:00Z".parse()?);
/// assert_eq!(progress.to_string(), "InProgress, 30 of 120 objects, 2 warnings, for 2m, about 6m left");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The phase, as the object has it; `New` before the server saw it.
    pub phase: String,
    /// Whether it has ended.
    pub is_final: bool,
    /// Objects done.
    pub done: u32,
    /// Objects in all, as far as they are known.
    pub total: u32,
    /// Errors so far. The results file names them, by namespace: see [`Results`](crate::Results).
    pub errors: u32,
    /// Warnings so far; of a restore each may be an object that was not restored.
    pub warnings: u32,
    /// How long it has run, or took.
    pub running: Option<SignedDuration>,
    /// How long it will take yet, if it goes on as it did: of objects, not of volumes' data.
    pub remaining: Option<SignedDuration>,
}

impl Progress {
    /// Of a backup.
    pub fn of_backup(backup: &Backup, now: Timestamp) -> Self {
        let status = backup.status.clone().unwrap_or_default();
        let items = status.progress.unwrap_or_default();
        let phase = status.phase.unwrap_or_default();
        Self {
            phase: phase.to_string(),
            is_final: phase.is_final(),
            ..Self::from_counts(
                [
                    items.items_backed_up,
                    items.total_items,
                    status.errors,
                    status.warnings,
                ],
                status.start_timestamp.map(|time| time.0),
                status.completion_timestamp.map(|time| time.0),
                now,
            )
        }
    }

    /// Of a restore.
    pub fn of_restore(restore: &Restore, now: Timestamp) -> Self {
        let status = restore.status.clone().unwrap_or_default();
        let items = status.progress.unwrap_or_default();
        let phase = status.phase.unwrap_or_default();
        Self {
            phase: phase.to_string(),
            is_final: phase.is_final(),
            ..Self::from_counts(
                [
                    items.items_restored,
                    items.total_items,
                    status.errors,
                    status.warnings,
                ],
                status.start_timestamp.map(|time| time.0),
                status.completion_timestamp.map(|time| time.0),
                now,
            )
        }
    }

    fn from_counts(
        counts: [Option<i32>; 4],
        started: Option<Timestamp>,
        completed: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let [done, total, errors, warnings] =
            counts.map(|count| count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0));
        let running = started.map(|started| completed.unwrap_or(now).duration_since(started));
        let left = i32::try_from(total.saturating_sub(done)).unwrap_or(i32::MAX);
        let remaining = running
            .filter(|_| completed.is_none() && done > 0 && left > 0)
            .map(|running| running.saturating_mul(left) / i32::try_from(done).unwrap_or(i32::MAX));
        Self {
            phase: String::new(),
            is_final: false,
            done,
            total,
            errors,
            warnings,
            running,
            remaining,
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} of {} objects", self.phase, self.done, self.total)?;
        for (count, what) in [(self.errors, "error"), (self.warnings, "warning")] {
            if count > 0 {
                write!(f, ", {count} {what}{}", if count == 1 { "" } else { "s" })?;
            }
        }
        if let Some(running) = self.running {
            let word = if self.is_final { "in" } else { "for" };
            write!(f, ", {word} {}", text::duration(running))?;
        }
        if let Some(remaining) = self.remaining {
            write!(f, ", about {} left", text::duration(remaining))?;
        }
        Ok(())
    }
}
