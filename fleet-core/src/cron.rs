//! Cron expressions exactly as Kubernetes, Argo CD and Velero read them: the rules of robfig/cron v3, and those of
//! netresearch/go-cron, which Velero reads with from 1.18.3 on.
//!
//! Those rules differ from other crons, and from each other, in ways that move backups and syncs by days, so they are followed
//! to the letter, the texts of errors included. Of both:
//!
//! - Exactly five fields (minute, hour, day of month, month, day of week), or `@yearly`, `@annually`, `@monthly`, `@weekly`,
//!   `@daily`, `@midnight`, `@hourly`, `@every 1h30m`. A zone may stand in front: `CRON_TZ=Europe/Berlin 0 2 * * *` (or `TZ=`).
//! - `5/15` means `5-59/15`. `?` is `*`. `1,,2` and `*-5` are accepted. There is no `L`, `W`, `#`.
//! - A time that a change of the clock repeats fires twice (`30 1 * * *` in New York in autumn).
//! - A schedule with no match within five years never fires.
//!
//! | | [`Robfig3`](CronDialect::Robfig3) | [`GoCron`](CronDialect::GoCron) |
//! | --- | --- | --- |
//! | day of month and day of week, both restricted | either; a star with a step is no star | both |
//! | ranges that go round the end (`22-2`, `FRI-MON`) | an error | accepted |
//! | Sunday | 0 | 0 and 7 |
//! | a step beyond its range (`*/70`) | the first value alone | an error |
//! | a time that a change of the clock leaves out (`30 2 * * *` in spring) | skipped that day | an hour later |
//! | `@every` below a second | every second | an error |
//! | `@manual`, `@none`, `@triggered` | an error | never |
//! | a zone in quotes; none (`TZ= `) | an error; UTC | accepted; an error |
//!
//! ```
//! use fleet_core::cron::{CronDialect, Schedule};
//! use jiff::tz::TimeZone;
//!
//! let nightly = Schedule::parse("CRON_TZ=Europe/Berlin 30 2 * * *")?;
//! let before_summer_time = "2026-03-28T12:00:00Z".parse()?;
//! let next: Vec<String> = nightly.upcoming(before_summer_time).take(2).map(|at| at.to_string()).collect();
//! assert_eq!(next, ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]); // the 29th has no 02:30
//!
//! let error = Schedule::parse("0 0 * * 7").unwrap_err();
//! assert_eq!(error.to_string(), "end of range (7) above maximum (6): 7");
//!
//! // The same words, read by two versions of Velero: every week, or once in five.
//! let next = |dialect| {
//!     let schedule = Schedule::parse_as(dialect, "0 1 1,15 * 1", TimeZone::UTC)?;
//!     Ok::<_, fleet_core::cron::CronError>(schedule.next_after("2026-01-16T00:00:00Z".parse().unwrap()))
//! };
//! assert_eq!(next(CronDialect::Robfig3)?, Some("2026-01-19T01:00:00Z".parse()?));
//! assert_eq!(next(CronDialect::GoCron)?, Some("2026-06-01T01:00:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod gap;
mod parse;
mod search;

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::error::{CronError, Excerpt, NumberSyntax};
pub use self::gap::Gap;
pub use crate::go_duration::DurationSyntax;

/// When something recurs.
///
/// Prints as the expression it was read from. Two schedules are equal when they were read from the same expression in the
/// same zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    expression: String,
    dialect: CronDialect,
    time_zone: TimeZone,
    rule: Rule,
}

/// Whose reading of an expression counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CronDialect {
    /// robfig/cron v3.0.1: Kubernetes' `CronJob`s, Argo CD's sync windows, Velero up to 1.18.2.
    #[default]
    Robfig3,
    /// netresearch/go-cron v0.15.0 with its standard parser: Velero from 1.18.3 on.
    GoCron,
}

impl Schedule {
    /// Reads an expression; without a zone of its own it counts in UTC, as in the containers of Kubernetes and Velero.
    ///
    /// # Errors
    /// What robfig/cron says, in its words.
    pub fn parse(expression: &str) -> Result<Self, CronError> {
        Self::parse_in(expression, TimeZone::UTC)
    }

    /// Reads an expression; without a zone of its own it counts in this one (a `CronJob`'s `spec.timeZone`, a sync window's
    /// `timeZone`).
    ///
    /// # Errors
    /// What robfig/cron says, in its words.
    pub fn parse_in(expression: &str, time_zone: TimeZone) -> Result<Self, CronError> {
        Self::parse_as(CronDialect::Robfig3, expression, time_zone)
    }

    /// Reads an expression the way a certain program does.
    ///
    /// # Errors
    /// What that program says, in its words.
    pub fn parse_as(dialect: CronDialect, expression: &str, time_zone: TimeZone) -> Result<Self, CronError> {
        let parsed = parse::parse(expression, dialect)?;
        Ok(Self {
            expression: expression.to_owned(),
            dialect,
            time_zone: parsed.time_zone.unwrap_or(time_zone),
            rule: parsed.rule,
        })
    }

    /// The expression it was read from.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Whose reading it is.
    pub fn dialect(&self) -> CronDialect {
        self.dialect
    }

    /// The zone it counts in: the expression's own, else the one that was given.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The first time strictly later than this one; `None` when there is none within five years.
    ///
    /// `@every` counts from the time that is given: there is no fixed phase.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Every(delay) => search::whole_second(after)?.checked_add(*delay).ok(),
            Rule::Fields(fields) => search::next_after(fields, &self.time_zone, after),
            Rule::Never => None,
        }
    }

    /// Whether it says at which times it recurs; `@every` says only how often.
    pub fn has_phase(&self) -> bool {
        !matches!(self.rule, Rule::Every(_))
    }

    /// The times after this one, each found from the one before it; ends where [`next_after`](Self::next_after) does.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last))
    }

    /// Whether the fields name this very second. Always false for `@every`, which has no phase of its own.
    ///
    /// A run that go-cron moves out of an hour which the clock leaves out is at a time the fields do not name.
    pub fn matches(&self, at: Timestamp) -> bool {
        match &self.rule {
            Rule::Every(_) | Rule::Never => false,
            Rule::Fields(fields) => {
                at.subsec_nanosecond() == 0 && fields.match_clock(&self.time_zone.to_datetime(at))
            }
        }
    }
}

impl FromStr for Schedule {
    type Err = CronError;

    /// As [`Schedule::parse`].
    fn from_str(expression: &str) -> Result<Self, CronError> {
        Self::parse(expression)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.expression)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("expression", &self.expression)
            .field("dialect", &self.dialect)
            .field("time_zone", &self.time_zone)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Fields(Fields),
    /// At least a second, in whole seconds.
    Every(SignedDuration),
    Never,
}

/// What each field allows, one bit for each value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    minute: u64,
    hour: u64,
    day_of_month: u64,
    month: u64,
    day_of_week: u64,
    /// Whether a day must be allowed by both its fields, and not by one of them.
    both_days: bool,
    /// Whether what an hour that the clock leaves out would have run, runs an hour later.
    skipped_hour_runs: bool,
}

impl Fields {
    fn match_clock(&self, at: &jiff::civil::DateTime) -> bool {
        has(self.month, at.month())
            && self.match_day(at.date())
            && has(self.hour, at.hour())
            && has(self.minute, at.minute())
            && at.second() == 0
    }

    fn match_day(&self, date: jiff::civil::Date) -> bool {
        let of_month = has(self.day_of_month, date.day());
        let of_week = has(self.day_of_week, date.weekday().to_sunday_zero_offset());
        if self.both_days {
            of_month && of_week
        } else {
            of_month || of_week
        }
    }
}

fn has(bits: u64, value: i8) -> bool {
    bits >> value & 1 == 1
}
