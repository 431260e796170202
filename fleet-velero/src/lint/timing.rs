//! When schedules run: expressions that never match, that change with the version, that keep too little.

use fleet_core::cron::CronDialect;
use jiff::SignedDuration;

use super::{Linter, Rule, name_of};
use crate::Schedule;
use crate::inventory::{Server, VeleroVersion};
use crate::schedules::{Coverage, Due, Timing};
use crate::text;

impl Linter<'_> {
    pub(super) fn timing(&mut self, schedule: &Schedule) {
        let path = "spec.schedule";
        let expression = &schedule.spec.schedule;
        let timing = match Timing::of(schedule, self.server) {
            Ok(timing) => timing,
            Err(error) => {
                let reason = if expression.is_empty() {
                    "Schedule must be a non-empty valid Cron expression".to_owned()
                } else {
                    format!("invalid schedule: {error}")
                };
                self.find_schedule(
                    Rule::InvalidCron,
                    schedule,
                    path,
                    reason,
                    "correct it: no backups are made",
                );
                self.other_reading(schedule, None);
                return;
            }
        };
        let Some(gap) = timing.worst_gap(self.now) else {
            self.find_schedule(
                Rule::NeverMatches,
                schedule,
                path,
                format!("`{expression}` matches nothing within five years, so it is always due: a backup every minute"),
                "write days that exist together",
            );
            self.other_reading(schedule, Some(&timing));
            return;
        };
        let gap = gap.length();
        self.other_reading(schedule, Some(&timing));
        if expression.contains("@every") {
            self.find_schedule(
                Rule::DriftingInterval,
                schedule,
                path,
                "@every counts from the last submission and is rounded up to the server's look, up to a minute later each run",
                "write the hours and minutes",
            );
        }
        self.ttl(schedule, gap);
        match timing.next_due(schedule, self.now) {
            Due::Overdue { since, missed }
                if self.now.duration_since(since) > SignedDuration::from_mins(10) =>
            {
                let late = text::duration(self.now.duration_since(since));
                self.find_schedule(
                    Rule::MissedRun,
                    schedule,
                    "status.lastBackup",
                    format!("a run was due at {since}, {late} ago ({missed} missed); one backup will catch up for all"),
                    "see whether the server runs, and whether an earlier backup is New or InProgress",
                );
            }
            Due::Paused => self.find_schedule(
                Rule::Inactive,
                schedule,
                "spec.paused",
                "it is paused and makes no backups",
                "unpause it; with an old lastBackup it then runs at once",
            ),
            Due::Refused => {
                let status = schedule.status.as_ref();
                let errors = status
                    .and_then(|status| status.validation_errors.clone())
                    .unwrap_or_default();
                let reason = format!("the server refuses it: {}", errors.join("; "));
                self.find_schedule(
                    Rule::Inactive,
                    schedule,
                    "status.phase",
                    reason,
                    "correct what it names",
                );
            }
            _ => {}
        }
    }

    fn ttl(&mut self, schedule: &Schedule, gap: SignedDuration) {
        let ttl = match &schedule.spec.template.ttl {
            Some(ttl) => match ttl.as_signed() {
                Some(ttl) => ttl,
                None => return,
            },
            None => self.server.default_ttl,
        };
        let path = "spec.template.ttl";
        let (kept, between) = (text::duration(ttl), text::duration(gap));
        if ttl.is_negative() {
            self.find_schedule(
                Rule::NegativeTtl,
                schedule,
                path,
                "every backup expires at once",
                "write how long to keep it",
            );
        } else if ttl.is_zero() {
            // The server takes zero for its default.
        } else if ttl <= gap {
            self.find_schedule(
                Rule::ShortTtl,
                schedule,
                path,
                format!(
                    "backups are kept {kept}, and up to {between} pass between two: for a time there is none"
                ),
                "keep them for three intervals at least",
            );
        } else if ttl < gap.saturating_mul(3) {
            self.find_schedule(
                Rule::FewBackupsKept,
                schedule,
                path,
                format!("backups are kept {kept} and made every {between}: after one failed run, one is left or none"),
                "keep them for three intervals at least",
            );
        }
    }

    /// What the other engine makes of the expression: of the next versions for an old server, of the last for a new one.
    fn other_reading(&mut self, schedule: &Schedule, ours: Option<&Timing>) {
        const RUNS: usize = 64;
        let upgrade = self.server.version.cron_dialect() == CronDialect::Robfig3;
        let (version, change) = if upgrade {
            (VeleroVersion::MODELLED, "from 1.18.3 on")
        } else {
            (VeleroVersion::before_go_cron(), "up to 1.18.2")
        };
        let other = Timing::of(
            schedule,
            &Server {
                version,
                ..self.server.clone()
            },
        );
        let (ours, theirs) = match (ours, &other) {
            (None, Err(_)) => return,
            (Some(_), Err(error)) => {
                if upgrade {
                    let reason = format!("{change} it is refused: {error}");
                    self.find_schedule(
                        Rule::CronReadingChanges,
                        schedule,
                        "spec.schedule",
                        reason,
                        "rewrite it before the upgrade",
                    );
                }
                return;
            }
            (None, Ok(_)) => {
                let reason = format!("{change} it is accepted");
                self.find_schedule(
                    Rule::CronReadingChanges,
                    schedule,
                    "spec.schedule",
                    reason,
                    "write what both read",
                );
                return;
            }
            (Some(ours), Ok(theirs)) => (ours, theirs),
        };
        let runs = |timing: &Timing| timing.upcoming(self.now).take(RUNS).collect::<Vec<_>>();
        let gap = |timing: &Timing| match timing.worst_gap(self.now) {
            Some(gap) => text::duration(gap.length()),
            None => "never by its expression, so every minute".to_owned(),
        };
        if runs(ours) != runs(theirs) || gap(ours) != gap(theirs) {
            let reason = format!(
                "{change} it runs at other times: the longest gap is {} here and {} there",
                gap(ours),
                gap(theirs)
            );
            let fix = "restrict the day of the month or the day of the week, not both, and write ranges from low to high";
            self.find_schedule(Rule::CronReadingChanges, schedule, "spec.schedule", reason, fix);
        }
    }

    /// Schedules that run at the same minute and share namespaces.
    pub(super) fn overlaps(&mut self) {
        const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
        let mut seen: Vec<(&Schedule, Timing, Coverage)> = Vec::new();
        let until = self.now.checked_add(WEEK).unwrap_or(self.now);
        for schedule in &self.cluster.schedules {
            let (Ok(timing), Ok(coverage)) = (
                Timing::of(schedule, self.server),
                Coverage::of(&schedule.spec.template, self.cluster),
            ) else {
                continue;
            };
            if !Timing::is_active(schedule)
                || self.server.concurrent_backups > 1 && self.cluster.namespaces.is_empty()
            {
                continue;
            }
            let mine: Vec<_> = timing.upcoming(self.now).take_while(|at| *at < until).collect();
            for (other, theirs, covers) in &seen {
                let same = theirs
                    .upcoming(self.now)
                    .take_while(|at| *at < until)
                    .find(|at| mine.binary_search(at).is_ok());
                let mut namespaces = self.cluster.namespaces.iter();
                let share = self.cluster.namespaces.is_empty()
                    || namespaces.any(|namespace| {
                        coverage.namespace(namespace).is_ok() && covers.namespace(namespace).is_ok()
                    });
                if let Some(at) = same.filter(|_| share) {
                    self.findings.push(super::Finding {
                        rule: Rule::OverlappingSchedules,
                        cluster: self.cluster.name.to_string(),
                        kind: "Schedule",
                        name: name_of(schedule).to_owned(),
                        path: Some("spec.schedule".to_owned()),
                        reason: format!(
                            "it runs together with {} (next at {at}) and shares namespaces: one waits until the other is done",
                            name_of(other)
                        ),
                        fix: "move one of them, further apart than the longer takes".to_owned(),
                    });
                }
            }
            seen.push((schedule, timing, coverage));
        }
    }
}
