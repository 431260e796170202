//! When work on clusters is allowed: maintenance windows, freezes and holidays.
//!
//! A [`Calendar`] is open while one of its windows is, unless a freeze or a holiday closes it. It is written like this:
//!
//! ```yaml
//! timeZone: Europe/Berlin           # an IANA name; default UTC
//! windows:                          # none: always open but for what follows
//! - days: Mon-Thu                   # also [Mon, Wed-Fri]; default every day
//!   start: "09:00"                  # on the clock of the zone
//!   duration: 8h
//! - days: [Sat]
//!   start: "22:00"                  # may run past midnight
//!   duration: 6h
//!   timeZone: America/New_York      # default: the calendar's
//! - cron: 0 22 1 * *                # instead of days and start, as a CronJob's schedule
//!   duration: 4h
//! freezes:
//! - from: 2026-12-18                # a day (from its start), a local time, or an instant with an offset
//!   to: 2027-01-03                  # a day counts to its end; a time is where work may start again
//!   reason: Christmas shopping
//! holidays:                         # days in the calendar's zone, from midnight to midnight
//! - 2026-10-03
//! - date: 2026-05-01
//!   name: Labour Day
//! allOf: []                         # further calendars of this form that must be open, too
//! ```
//!
//! # When the clock changes
//!
//! A window *starts* by the clock. If the clock leaves that time out (02:30 when it goes from 02:00 to 03:00), the window starts
//! as much later as the clock moves: at 03:30, which is as long after midnight as ever. If the time comes twice, it starts at
//! the first.
//!
//! Its *length* is kept: full days of it are days of the calendar, the rest is time that passes. So `duration: 24h` from 00:00 is
//! that day, also when the day has 23 or 25 hours, and `duration: 4h` gives four hours of work in every night.
//!
//! A cron expression starts nothing at a time that the clock leaves out, and starts twice what comes twice, as in a `CronJob`.
//!
//! A day that a zone never had (Samoa's 30 December 2011) has no windows of its own: one that would have started then starts
//! with the next day's.
//!
//! # Bounds
//!
//! Questions about the future are answered for [`HORIZON_YEARS`] years: a calendar that does not open until then is said
//! never to open, one that does not close until then never to close.

mod error;
mod period;
mod rules;
mod spec;

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::HumanDuration;

pub use self::error::CalendarError;
pub use self::period::{Days, Moment};
use self::rules::Rules;
use self::spec::CalendarSpec;
pub use self::spec::{Freeze, Holiday, Window};

/// How often several calendars are asked in turn for a moment at which all are open: more than there are days until the horizon,
/// for each of ten of them.
const MOST_ROUNDS: usize = 20_000;

/// How many years ahead a calendar is searched for an opening or a closing.
pub const HORIZON_YEARS: i16 = 5;

/// When work on clusters is allowed. See the [module](self) for the form in YAML and for what happens when clocks change.
///
/// ```
/// use fleet_core::Calendar;
/// use fleet_core::calendar::Freeze;
/// use jiff::civil::{date, time};
///
/// let calendar = Calendar::in_zone("Europe/Berlin")?
///     .with_window("Mon-Thu".parse()?, time(9, 0, 0, 0), "8h".parse()?)?
///     .with_freeze(Freeze::new(date(2026, 12, 18), date(2027, 1, 3), "Christmas shopping"))?;
///
/// let friday = "2026-12-11T10:00:00Z".parse()?;
/// assert!(!calendar.is_open(friday));
/// let monday = calendar.next_opening(friday).ok_or("never")?;
/// assert_eq!(monday.to_string(), "2026-12-14T08:00:00Z");
/// assert_eq!(calendar.closes_at(monday).ok_or("never")?.to_string(), "2026-12-14T16:00:00Z");
///
/// let frozen = calendar.why_closed("2026-12-21T10:00:00Z".parse()?).ok_or("open")?;
/// assert_eq!(frozen.to_string(), "frozen until 2027-01-03T23:00:00Z: Christmas shopping");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CalendarSpec", into = "CalendarSpec")]
pub struct Calendar {
    /// All of them must be open. There is at least one.
    first: Rules,
    further: Vec<Rules>,
}

/// Why a calendar is closed at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "cause")]
#[non_exhaustive]
pub enum Closed {
    /// No window is open.
    OutsideWindows,
    /// A freeze holds.
    Freeze {
        /// Why there is a freeze, in its author's words.
        reason: String,
        /// When it ends.
        until: Timestamp,
    },
    /// It is a holiday.
    Holiday {
        /// The day.
        date: Date,
        /// Its name, when it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// When it ends.
        until: Timestamp,
    },
}

/// A stretch of time in which a calendar is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)] // A start and an end is all there is to it.
pub struct Opening {
    /// Its first moment.
    pub start: Timestamp,
    /// Its end: the first moment at which the calendar is closed again.
    pub end: Timestamp,
}

impl Calendar {
    /// The calendar that never closes, in UTC.
    pub fn always() -> Self {
        Self {
            first: Rules::always(TimeZone::UTC),
            further: Vec::new(),
        }
    }

    /// A calendar that never closes, in the zone of an IANA name: the start for the `with_` methods.
    ///
    /// # Errors
    /// [`CalendarError::UnknownTimeZone`].
    pub fn in_zone(name: &str) -> Result<Self, CalendarError> {
        Ok(Self {
            first: Rules::always(period::time_zone(name)?),
            further: Vec::new(),
        })
    }

    /// Adds a window in the calendar's zone. The first one makes the calendar closed outside of it.
    ///
    /// # Errors
    /// [`CalendarError::EmptyWindow`] when the duration is zero.
    pub fn with_window(
        self,
        days: Days,
        start: Time,
        duration: HumanDuration,
    ) -> Result<Self, CalendarError> {
        let window = Window::new(days, start, duration)?;
        self.change(|spec| spec.windows.push(window))
    }

    /// Adds a window, such as one that a [cron expression](Window::cron) opens.
    ///
    /// # Errors
    /// A cron expression that cannot be read in the calendar's zone.
    pub fn with(self, window: Window) -> Result<Self, CalendarError> {
        self.change(|spec| spec.windows.push(window))
    }

    /// Adds a freeze; its local times count in the calendar's zone.
    ///
    /// # Errors
    /// [`CalendarError::EmptyFreeze`] when it ends before it starts.
    pub fn with_freeze(self, freeze: Freeze) -> Result<Self, CalendarError> {
        self.change(|spec| spec.freezes.push(freeze))
    }

    /// Adds a holiday of the calendar's zone.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time only.
    pub fn with_holiday(self, holiday: Holiday) -> Result<Self, CalendarError> {
        self.change(|spec| spec.holidays.push(holiday))
    }

    /// The calendar that is open while both are: the fleet's and the cluster's own. Its zone is this one's.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut further = self.further.clone();
        for rules in std::iter::once(&other.first).chain(&other.further) {
            if !rules.is_always() && *rules != self.first && !further.contains(rules) {
                further.push(rules.clone());
            }
        }
        Self {
            first: self.first.clone(),
            further,
        }
    }

    /// The zone in which the calendar's days count.
    pub fn time_zone(&self) -> &TimeZone {
        self.first.time_zone()
    }

    /// Whether it has neither windows nor freezes nor holidays, so that it is always open.
    pub fn is_always(&self) -> bool {
        self.first.is_always() && self.further.iter().all(Rules::is_always)
    }

    /// Whether work is allowed at a moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.rules().all(|rules| rules.is_open(at))
    }

    /// The first moment at which the calendar is open: the moment given or a later one. `None` when it does not open within
    /// [`HORIZON_YEARS`].
    pub fn next_opening(&self, from: Timestamp) -> Option<Timestamp> {
        let horizon = horizon(from);
        let mut at = from;
        // Each round moves on to where one of the rules opens, which is at least a change of that rule further. Cron
        // expressions change every minute where they like, and may never meet.
        'search: for _ in 0..MOST_ROUNDS {
            for rules in self.rules() {
                let open = rules.next_opening(at, horizon)?;
                if open > at {
                    at = open;
                    continue 'search;
                }
            }
            return Some(at);
        }
        None
    }

    /// When the calendar closes that is open at a moment. `None` when it is closed then (see [`is_open`](Self::is_open)),
    /// or does not close within [`HORIZON_YEARS`].
    pub fn closes_at(&self, at: Timestamp) -> Option<Timestamp> {
        if !self.is_open(at) {
            return None;
        }
        let horizon = horizon(at);
        // Farther and farther: how long one set of rules stays open need not be found out where another closes soon.
        let mut ahead = SignedDuration::from_mins(4);
        loop {
            let limit = at.checked_add(ahead).unwrap_or(horizon).min(horizon);
            let first = self
                .rules()
                .fold(limit, |first, rules| first.min(rules.closes_at(at, first)));
            if first < limit || limit == horizon {
                return (first < horizon).then_some(first);
            }
            ahead = ahead.saturating_mul(16);
        }
    }

    /// Why the calendar is closed at a moment; `None` when it is open. A freeze or a holiday is named rather than the windows.
    pub fn why_closed(&self, at: Timestamp) -> Option<Closed> {
        let mut causes: Vec<Closed> = self.rules().filter_map(|rules| rules.why_closed(at)).collect();
        let named = causes.iter().position(|cause| *cause != Closed::OutsideWindows);
        (!causes.is_empty()).then(|| causes.swap_remove(named.unwrap_or_default()))
    }

    /// The stretches of time in which the calendar is open, cut to a range, in order.
    pub fn openings(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Opening> + '_ {
        let mut at = Some(from);
        std::iter::from_fn(move || {
            let start = self.next_opening(at?).filter(|start| *start < until)?;
            let end = self.closes_at(start).map_or(until, |end| end.min(until));
            at = Some(end);
            Some(Opening { start, end })
        })
    }

    fn rules(&self) -> impl Iterator<Item = &Rules> {
        std::iter::once(&self.first).chain(&self.further)
    }

    fn change(self, change: impl FnOnce(&mut spec::RulesSpec)) -> Result<Self, CalendarError> {
        let mut spec = self.first.into_spec();
        change(&mut spec);
        Ok(Self {
            first: Rules::try_from(spec)?,
            further: self.further,
        })
    }
}

impl Default for Calendar {
    /// [`Calendar::always`].
    fn default() -> Self {
        Self::always()
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&CalendarSpec::from(self.clone()), f)
    }
}

impl TryFrom<CalendarSpec> for Calendar {
    type Error = CalendarError;

    fn try_from(spec: CalendarSpec) -> Result<Self, CalendarError> {
        let (first, further) = spec.into_parts();
        Ok(Self {
            first: first.try_into()?,
            further: further
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<Calendar> for CalendarSpec {
    fn from(calendar: Calendar) -> Self {
        Self::from_parts(
            calendar.first.into_spec(),
            calendar.further.into_iter().map(Rules::into_spec).collect(),
        )
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Calendar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Calendar".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        CalendarSpec::json_schema(generator)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideWindows => f.write_str("outside of the maintenance windows"),
            Self::Freeze { reason, until } => write!(f, "frozen until {until}: {reason}"),
            Self::Holiday {
                date,
                name: Some(name),
                ..
            } => write!(f, "{date} is a holiday: {name}"),
            Self::Holiday { date, name: None, .. } => write!(f, "{date} is a holiday"),
        }
    }
}

/// Where the search ends.
fn horizon(from: Timestamp) -> Timestamp {
    let seconds = i64::from(HORIZON_YEARS) * 366 * 24 * 3_600;
    from.checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
