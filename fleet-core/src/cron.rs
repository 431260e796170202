//! Cron expressions exactly as Kubernetes, Argo CD and Velero (up to 1.18.2) read them: the rules of robfig/cron v3.
//!
//! Those rules differ from other crons in ways that move backups and syncs by days, so they are followed to the letter, the
//! texts of errors included:
//!
//! - Exactly five fields (minute, hour, day of month, month, day of week), or `@yearly`, `@annually`, `@monthly`, `@weekly`,
//!   `@daily`, `@midnight`, `@hourly`, `@every 1h30m`. A zone may stand in front: `CRON_TZ=Europe/Berlin 0 2 * * *` (or `TZ=`).
//! - Day of month and day of week are joined by OR when both are restricted, and by AND when one of them is a star. A star with
//!   a step is not a star: `0 0 */2 * 1` fires on odd days and on Mondays.
//! - Sunday is 0 only; 7 is an error. `5/15` means `5-59/15`. `?` is `*`. `1,,2`, `*-5` and `*/70` are accepted. There is no
//!   `L`, `W`, `#`.
//! - A time that a change of the clock leaves out is skipped that day (`30 2 * * *` in spring); one that it repeats fires twice
//!   (`30 1 * * *` in New York in autumn).
//! - A schedule with no match within five years never fires.
//!
//! ```
//! use fleet_core::cron::Schedule;
//!
//! let nightly = Schedule::parse("CRON_TZ=Europe/Berlin 30 2 * * *")?;
//! let before_summer_time = "2026-03-28T12:00:00Z".parse()?;
//! let next: Vec<String> = nightly.upcoming(before_summer_time).take(2).map(|at| at.to_string()).collect();
//! assert_eq!(next, ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]); // the 29th has no 02:30
//!
//! let error = Schedule::parse("0 0 * * 7").unwrap_err();
//! assert_eq!(error.to_string(), "end of range (7) above maximum (6): 7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod parse;
mod search;

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::parse::{CronError, DurationSyntax, NumberSyntax};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CronDialect {
    /// robfig/cron v3.0.1: Kubernetes' `CronJob`s, Argo CD's sync windows, Velero up to 1.18.2.
    ///
    /// Velero 1.18.3 and later read with another engine (netresearch/go-cron), which joins day of month and day of week by
    /// AND; that one is not here yet.
    #[default]
    Robfig,
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
        Self::parse_as(CronDialect::Robfig, expression, time_zone)
    }

    /// Reads an expression the way a certain program does.
    ///
    /// # Errors
    /// What that program says, in its words.
    pub fn parse_as(dialect: CronDialect, expression: &str, time_zone: TimeZone) -> Result<Self, CronError> {
        let parsed = match dialect {
            CronDialect::Robfig => parse::robfig(expression)?,
        };
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
        }
    }

    /// The times after this one, each found from the one before it; ends where [`next_after`](Self::next_after) does.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last))
    }

    /// Whether the fields name this very second. Always false for `@every`, which has no phase of its own.
    pub fn matches(&self, at: Timestamp) -> bool {
        match &self.rule {
            Rule::Every(_) => false,
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
}

/// What each field allows, one bit for each value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    minute: u64,
    hour: u64,
    day_of_month: u64,
    month: u64,
    day_of_week: u64,
    /// Whether day of month or day of week is a star, which joins the two by AND.
    starred_day: bool,
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
        if self.starred_day {
            of_month && of_week
        } else {
            of_month || of_week
        }
    }
}

fn has(bits: u64, value: i8) -> bool {
    bits >> value & 1 == 1
}
