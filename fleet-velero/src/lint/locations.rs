//! Storage locations: missing, unreachable, not writable, not read-only.

use jiff::SignedDuration;

use super::{Linter, Rule, durations};
use crate::schedules::Timing;
use crate::text;
use crate::{AccessMode, BackupStorageLocationPhase, Schedule};

impl Linter<'_> {
    /// The location a schedule writes to.
    pub(super) fn location_of(&mut self, schedule: &Schedule) {
        if self.cluster.locations.is_empty() || !Timing::is_active(schedule) {
            return;
        }
        let name = schedule
            .spec
            .template
            .storage_location
            .as_deref()
            .unwrap_or(self.cluster.default_location())
            .to_owned();
        let path = "spec.template.storageLocation";
        let Some(location) = self.cluster.location(&name) else {
            let reason = format!("there is no BackupStorageLocation {name}: every backup is refused");
            self.find_schedule(
                Rule::LocationNotWritable,
                schedule,
                path,
                reason,
                "make it, or correct the name",
            );
            return;
        };
        if location.spec.access_mode == Some(AccessMode::ReadOnly) {
            let reason = format!("location {name} is read-only: every backup is refused");
            self.find_schedule(
                Rule::LocationNotWritable,
                schedule,
                path,
                reason,
                "write to another, or make it ReadWrite",
            );
        }
    }

    pub(super) fn locations(&mut self) {
        for location in &self.cluster.locations {
            let name = location.metadata.name.as_deref().unwrap_or_default();
            let object = ("BackupStorageLocation", name);
            let found = durations::unreadable(self.cluster.name.as_str(), object.0, name, location);
            self.findings.extend(found);
            let status = location.status.clone().unwrap_or_default();
            if status.phase == Some(BackupStorageLocationPhase::Unavailable) {
                let message = status.message.unwrap_or_else(|| "it does not say why".to_owned());
                let reason = format!("it cannot be reached: {message}");
                let fix =
                    "backups to it are refused and none of it can be restored: mend credentials or bucket"
                        .to_owned();
                self.find(
                    Rule::LocationUnavailable,
                    object,
                    Some("status.phase"),
                    reason,
                    fix,
                );
            }
            let frequency = location.spec.validation_frequency.as_ref().map_or(
                Some(SignedDuration::from_mins(1)),
                fleet_core::GoDuration::as_signed,
            );
            if let (Some(checked), Some(frequency)) = (status.last_validation_time, frequency)
                && frequency.is_positive()
            {
                let age = self.now.duration_since(checked.0);
                if age > frequency.saturating_mul(10).max(SignedDuration::from_mins(10)) {
                    let reason = format!(
                        "it was last checked {} ago: its phase says nothing of today",
                        text::duration(age)
                    );
                    let fix = "see whether the server runs".to_owned();
                    self.find(
                        Rule::StaleValidation,
                        object,
                        Some("status.lastValidationTime"),
                        reason,
                        fix,
                    );
                }
            }
            if location.spec.access_mode == Some(AccessMode::ReadOnly) {
                let reason = "restores write their logs and results into its bucket all the same; where they cannot, they are \
                              PartiallyFailed and the list of what was restored is lost"
                    .to_owned();
                let fix = "allow PUT under restores/".to_owned();
                self.find(
                    Rule::ReadOnlyIsWritten,
                    object,
                    Some("spec.accessMode"),
                    reason,
                    fix,
                );
            }
        }
    }
}
