//! When a schedule runs, as one version of Velero reads it.

use fleet_core::cron::{self, CronDialect, CronError, Gap};
use jiff::{SignedDuration, Timestamp};

use crate::inventory::Server;
use crate::{Phase as _, Schedule, SchedulePhase};

/// The runs of a schedule on one server.
///
/// ```
/// use fleet_velero::inventory::Server;
/// use fleet_velero::schedules::Timing;
/// use fleet_velero::{Schedule, ScheduleSpec};
///
/// let schedule = Schedule::new("monthly", ScheduleSpec { schedule: "0 1 1,15 * 1".into(), ..Default::default() });
/// let gap = |version: &str| {
///     let timing = Timing::of(&schedule, &Server::new(version.parse().unwrap())).unwrap();
///     timing.worst_gap("2026-01-01T00:00:00Z".parse().unwrap()).unwrap().length().as_hours() / 24
/// };
/// assert_eq!((gap("1.18.2"), gap("1.18.3")), (7, 413)); // days: an upgrade by a patch
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    cron: cron::Schedule,
}

/// When a schedule makes its next backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Due {
    /// At the first look after this time; the server looks once a minute.
    At(Timestamp),
    /// At the next look: it was due at this time. However many runs were missed, one is made.
    Overdue {
        /// When the first missed run was due.
        since: Timestamp,
        /// How many runs were missed; counted up to a thousand.
        missed: u32,
    },
    /// At every look: the expression matches nothing within five years, and Velero takes that for long ago.
    EveryMinute,
    /// Not until it is unpaused.
    Paused,
    /// Never: the server refuses the schedule.
    Refused,
}

/// How long the server waits between two looks at its schedules, and so how late a run may be.
pub(crate) const TICK: SignedDuration = SignedDuration::from_secs(60);
/// How far both engines look ahead.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 5);

impl Timing {
    /// The runs of a schedule on this server.
    ///
    /// # Errors
    /// The expression is refused, in the words that the server puts into `status.validationErrors` after `invalid schedule: `.
    pub fn of(schedule: &Schedule, server: &Server) -> Result<Self, CronError> {
        Self::read(&schedule.spec.schedule, server)
    }

    /// The runs of an expression on this server.
    ///
    /// # Errors
    /// As [`Timing::of`].
    pub fn read(expression: &str, server: &Server) -> Result<Self, CronError> {
        let dialect = server.version.cron_dialect();
        let cron = cron::Schedule::parse_as(dialect, expression, server.time_zone.clone())?;
        Ok(Self { cron })
    }

    /// Whose reading it is.
    pub fn dialect(&self) -> CronDialect {
        self.cron.dialect()
    }

    /// The next times, from one on.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        self.cron.upcoming(after)
    }

    /// The longest time between two runs within five years from here. `None` when it never runs by its expression, which
    /// is when Velero runs it every minute.
    pub fn worst_gap(&self, from: Timestamp) -> Option<Gap> {
        self.cron
            .longest_gap(from, from.checked_add(HORIZON).unwrap_or(Timestamp::MAX))
    }

    /// When the schedule makes its next backup, from what its status says.
    ///
    /// Due is what comes after the last submission (or the creation) and the last skip, whichever is later.
    pub fn next_due(&self, schedule: &Schedule, now: Timestamp) -> Due {
        let status = schedule.status.clone().unwrap_or_default();
        if schedule.spec.paused == Some(true) {
            return Due::Paused;
        }
        if status.phase == Some(SchedulePhase::FailedValidation) {
            return Due::Refused;
        }
        let created = schedule.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let reference = status.last_backup.map(|time| time.0).or(created).unwrap_or(now);
        let skipped = status.last_skipped.map(|time| time.0);
        let reference = skipped.map_or(reference, |skipped| skipped.max(reference));
        match self.cron.next_after(reference) {
            None => Due::EveryMinute,
            Some(next) if next >= now => Due::At(next),
            Some(since) => {
                let missed = self
                    .upcoming(reference)
                    .take_while(|at| *at < now)
                    .take(1000)
                    .count();
                Due::Overdue {
                    since,
                    missed: u32::try_from(missed).unwrap_or(u32::MAX),
                }
            }
        }
    }

    /// Whether a schedule in this state is one the server works on.
    pub fn is_active(schedule: &Schedule) -> bool {
        let phase = schedule
            .status
            .as_ref()
            .and_then(|status| status.phase.clone())
            .unwrap_or_default();
        schedule.spec.paused != Some(true)
            && phase.may_become(&SchedulePhase::Enabled)
            && phase != SchedulePhase::FailedValidation
    }
}

/// The name of the backup that a schedule makes at this time: `<schedule>-YYYYMMDDhhmmss`, in the zone of the server's pod.
///
/// The time is that of creation, not that of the data; and in another zone than UTC an hour may come twice.
pub fn backup_name(schedule: &str, at: Timestamp, server: &Server) -> String {
    let local = server.time_zone.to_datetime(at);
    format!("{schedule}-{}", local.strftime("%Y%m%d%H%M%S"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;
    use crate::{ScheduleSpec, ScheduleStatus};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(expression: &str, last_backup: Option<&str>) -> Schedule {
        let mut schedule = Schedule::new(
            "s",
            ScheduleSpec {
                schedule: expression.to_owned(),
                ..Default::default()
            },
        );
        schedule.metadata.creation_timestamp = Some(Time(at("2026-06-01T00:10:00Z")));
        schedule.status = Some(ScheduleStatus {
            last_backup: last_backup.map(|text| Time(at(text))),
            ..Default::default()
        });
        schedule
    }

    fn due(schedule: &Schedule, now: &str) -> Due {
        Timing::of(schedule, &Server::default())
            .unwrap()
            .next_due(schedule, at(now))
    }

    #[test]
    fn a_new_schedule_waits_for_its_time() {
        let hourly = schedule("0 * * * *", None);
        assert_eq!(
            due(&hourly, "2026-06-01T00:30:00Z"),
            Due::At(at("2026-06-01T01:00:00Z"))
        );
    }

    #[test]
    fn missed_runs_are_caught_up_once() {
        let hourly = schedule("0 * * * *", Some("2026-06-01T01:00:12Z"));
        let since = at("2026-06-01T02:00:00Z");
        assert_eq!(
            due(&hourly, "2026-06-01T09:30:00Z"),
            Due::Overdue { since, missed: 8 }
        );
    }

    #[test]
    fn a_skip_counts_as_a_run() {
        let mut hourly = schedule("0 * * * *", Some("2026-06-01T01:00:12Z"));
        hourly.status.as_mut().unwrap().last_skipped = Some(Time(at("2026-06-01T09:29:00Z")));
        assert_eq!(
            due(&hourly, "2026-06-01T09:30:00Z"),
            Due::At(at("2026-06-01T10:00:00Z"))
        );
    }

    #[test]
    fn what_never_matches_runs_every_minute() {
        assert_eq!(
            due(&schedule("0 0 30 2 *", None), "2026-06-01T09:30:00Z"),
            Due::EveryMinute
        );
        assert_eq!(
            due(&schedule("@none", None), "2026-06-01T09:30:00Z"),
            Due::EveryMinute
        );
    }

    #[test]
    fn a_paused_schedule_makes_none() {
        let mut paused = schedule("0 * * * *", None);
        paused.spec.paused = Some(true);
        assert_eq!(due(&paused, "2026-06-01T09:30:00Z"), Due::Paused);
    }

    #[test]
    fn names_are_in_the_pods_zone() {
        let berlin = Server {
            time_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
            ..Server::default()
        };
        let name = backup_name("daily", at("2026-06-11T02:00:00Z"), &berlin);
        assert_eq!(name, "daily-20260611040000");
        assert_eq!(
            backup_name("daily", at("2026-06-11T02:00:00Z"), &Server::default()),
            "daily-20260611020000"
        );
    }
}
