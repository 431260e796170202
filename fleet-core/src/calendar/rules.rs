//! One calendar without intersections, and the search in it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use crate::cron::Schedule;

use super::period::{Days, end_of_day, start_of_day};
use super::spec::{Opens, RulesSpec, Window};
use super::{CalendarError, Closed, Moment};

/// Windows less freezes and holidays.
#[derive(Clone)]
pub(super) struct Rules {
    spec: RulesSpec,
    zone: TimeZone,
    /// Where the calendar is closed whatever the windows say, by start. They may overlap.
    blocks: Vec<Block>,
}

#[derive(Clone)]
struct Block {
    start: Timestamp,
    end: Timestamp,
    cause: Closed,
}

impl TryFrom<RulesSpec> for Rules {
    type Error = CalendarError;

    fn try_from(mut spec: RulesSpec) -> Result<Self, CalendarError> {
        let zone = spec.time_zone.clone().unwrap_or(TimeZone::UTC);
        let windows = spec.windows.into_iter().map(|window| window.in_zone(&zone));
        spec.windows = windows.collect::<Result<_, _>>()?;
        let mut blocks = Vec::with_capacity(spec.freezes.len() + spec.holidays.len());
        for freeze in &spec.freezes {
            let (start, end) = (freeze.from.start(&zone)?, freeze.to.end(&zone)?);
            if end <= start {
                return Err(CalendarError::EmptyFreeze {
                    reason: freeze.reason.clone(),
                    from: freeze.from,
                    to: freeze.to,
                });
            }
            blocks.push(Block {
                start,
                end,
                cause: Closed::Freeze {
                    reason: freeze.reason.clone(),
                    until: end,
                },
            });
        }
        for holiday in &spec.holidays {
            let range = start_of_day(holiday.date, &zone).zip(end_of_day(holiday.date, &zone));
            let (start, end) = range.ok_or(CalendarError::OutOfRange {
                moment: Moment::Day(holiday.date),
            })?;
            blocks.push(Block {
                start,
                end,
                cause: Closed::Holiday {
                    date: holiday.date,
                    name: holiday.name.clone(),
                    until: end,
                },
            });
        }
        // Stable, so that of several that start together the first freeze is the one that is named.
        blocks.sort_by_key(|block| block.start);
        Ok(Self { spec, zone, blocks })
    }
}

impl Rules {
    pub(super) fn always(zone: TimeZone) -> Self {
        let named = (zone != TimeZone::UTC).then(|| zone.clone());
        Self {
            spec: RulesSpec {
                time_zone: named,
                windows: Vec::new(),
                freezes: Vec::new(),
                holidays: Vec::new(),
            },
            zone,
            blocks: Vec::new(),
        }
    }

    pub(super) fn into_spec(self) -> RulesSpec {
        self.spec
    }

    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn is_always(&self) -> bool {
        self.spec.windows.is_empty() && self.blocks.is_empty()
    }

    pub(super) fn is_open(&self, at: Timestamp) -> bool {
        self.block_at(at).is_none() && self.in_window(at)
    }

    pub(super) fn why_closed(&self, at: Timestamp) -> Option<Closed> {
        if let Some(block) = self.block_at(at) {
            return Some(block.cause.clone());
        }
        (!self.in_window(at)).then_some(Closed::OutsideWindows)
    }

    /// The first open moment from this one on, up to the horizon.
    pub(super) fn next_opening(&self, from: Timestamp, horizon: Timestamp) -> Option<Timestamp> {
        let mut at = from;
        while at <= horizon {
            if let Some(block) = self.block_at(at) {
                at = block.end;
            } else if self.in_window(at) {
                return Some(at);
            } else {
                at = self
                    .spec
                    .windows
                    .iter()
                    .filter_map(|window| self.next_start(window, at))
                    .min()?;
            }
        }
        None
    }

    /// Where the stretch of open time around a moment ends, or the horizon when that comes first.
    pub(super) fn closes_at(&self, at: Timestamp, horizon: Timestamp) -> Timestamp {
        let block = self
            .blocks
            .iter()
            .map(|block| block.start)
            .find(|start| *start > at);
        let limit = block.map_or(horizon, |start| start.min(horizon));
        if self.without_gaps() {
            return limit;
        }
        let mut end = at;
        // A cron expression can open a window every minute; what is open for so many of them is as good as that.
        for _ in 0..MOST_MERGED {
            if end >= limit {
                break;
            }
            match self
                .spec
                .windows
                .iter()
                .filter_map(|window| self.end_around(window, end))
                .max()
            {
                Some(later) => end = later,
                None => break,
            }
        }
        end.min(limit)
    }

    /// Whether the windows leave nothing out, as far as that can be seen without looking at a date.
    fn without_gaps(&self) -> bool {
        self.spec.windows.is_empty()
            || self
                .spec
                .windows
                .iter()
                .any(|window| window.days() == Some(Days::EVERY) && days_and_rest(window).0 >= 1)
    }

    /// The block that holds longest of those that hold at a moment.
    fn block_at(&self, at: Timestamp) -> Option<&Block> {
        self.blocks
            .iter()
            .take_while(|block| block.start <= at)
            .filter(|block| at < block.end)
            .reduce(|longest, block| if block.end > longest.end { block } else { longest })
    }

    fn in_window(&self, at: Timestamp) -> bool {
        self.without_gaps()
            || self
                .spec
                .windows
                .iter()
                .any(|window| self.end_around(window, at).is_some())
    }

    /// The end of the occurrence of a window that holds at a moment; the latest, when several do.
    fn end_around(&self, window: &Window, at: Timestamp) -> Option<Timestamp> {
        let zone = self.zone_of(window);
        let (days, start) = match &window.opens {
            Opens::Weekly { days, start } => (*days, *start),
            Opens::Cron(schedule) => return cron_end_around(schedule, window, at),
        };
        // A window of more than a week has an occurrence that started within the last week. One day more on both sides,
        // because a missing local time moves a start.
        let back = days_and_rest(window).0.min(7) + 2;
        occurrences(
            window,
            days,
            start,
            zone,
            day_before(zone.to_datetime(at), back),
            back + 2,
        )
        .filter(|(start, end)| *start <= at && at < *end)
        .map(|(_, end)| end)
        .max()
    }

    /// When a window starts next, strictly after a moment.
    fn next_start(&self, window: &Window, after: Timestamp) -> Option<Timestamp> {
        let zone = self.zone_of(window);
        let (days, start) = match &window.opens {
            Opens::Weekly { days, start } => (*days, *start),
            Opens::Cron(schedule) => return schedule.next_after(after),
        };
        // Eight days hold each day of the week, ten do so when one of them is missing.
        occurrences(
            window,
            days,
            start,
            zone,
            day_before(zone.to_datetime(after), 1),
            10,
        )
        .map(|(start, _)| start)
        .find(|start| *start > after)
    }

    fn zone_of<'a>(&'a self, window: &'a Window) -> &'a TimeZone {
        window.time_zone.as_ref().unwrap_or(&self.zone)
    }
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for Rules {}

/// The occurrences of a window on so many days from a day on, in order: start and end, the end not included.
fn occurrences<'a>(
    window: &Window,
    on: Days,
    start: Time,
    zone: &'a TimeZone,
    from: Date,
    days: i64,
) -> impl Iterator<Item = (Timestamp, Timestamp)> + 'a {
    let (whole_days, rest) = days_and_rest(window);
    (0..=days)
        .filter_map(move |offset| from.checked_add(offset.days()).ok())
        .filter(move |day| on.contains(day.weekday()))
        .filter_map(move |day| {
            // jiff's choice for missing and doubled times is ours, too: later by the gap, and the first of two.
            let opens = zone.to_timestamp(day.to_datetime(start)).ok()?;
            let last_day = if whole_days == 0 {
                opens
            } else {
                let last = day.checked_add(whole_days.days()).ok()?;
                zone.to_timestamp(last.to_datetime(start)).ok()?
            };
            Some((opens, last_day.checked_add(rest).ok()?))
        })
}

/// The end of the last occurrence of a cron window that has begun by then, if it holds.
fn cron_end_around(schedule: &Schedule, window: &Window, at: Timestamp) -> Option<Timestamp> {
    let (whole_days, rest) = days_and_rest(window);
    let zone = schedule.time_zone();
    // A day of the calendar may have an hour or two more.
    let longest = window.duration.as_signed() + SignedDuration::from_hours(3);
    let mut start = schedule.next_after(at.checked_sub(longest).ok()?)?;
    if start > at {
        return None;
    }
    // The last one: between it and `at` there is no further start.
    let mut none_from = at;
    while none_from.duration_since(start) > SignedDuration::from_secs(1) {
        let middle = start.checked_add(none_from.duration_since(start) / 2).ok()?;
        match schedule.next_after(middle).filter(|next| *next <= at) {
            Some(next) => start = next,
            None => none_from = middle,
        }
    }
    let last_day = if whole_days == 0 {
        start
    } else {
        let local = zone.to_datetime(start).checked_add(whole_days.days()).ok()?;
        zone.to_timestamp(local).ok()?
    };
    let end = last_day.checked_add(rest).ok()?;
    (at < end).then_some(end)
}

/// How many occurrences of windows that run into each other are followed to find where a calendar closes.
const MOST_MERGED: usize = 4_000;

/// A window's length as days of the calendar and the time that passes after them.
fn days_and_rest(window: &Window) -> (i64, SignedDuration) {
    const DAY: i64 = 24 * 3_600;
    let length = window.duration.as_signed();
    let days = length.as_secs() / DAY;
    (days, length - SignedDuration::from_secs(days * DAY))
}

fn day_before(local: DateTime, days: i64) -> Date {
    local.date().checked_sub(days.days()).unwrap_or(Date::MIN)
}
