//! A calendar as a growing list of open spans and of days, so that a schedule jumps instead of stepping.

use std::collections::BTreeMap;

use fleet_core::Calendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Far enough to stand for "never closes"; sums with it do not overflow.
pub(crate) const NEVER: i64 = i64::MAX / 4;

/// The open spans of a calendar, in seconds since the epoch, found as they are asked for.
pub(crate) struct Openings<'a> {
    calendar: &'a Calendar,
    /// By their end. Ends are unique, and each entry says from where on it is known to be the next one, so that
    /// the gaps between what was asked for need not be filled.
    known: BTreeMap<i64, Span>,
    /// From here on it does not open.
    closed_from: i64,
}

#[derive(Clone, Copy)]
struct Span {
    known_from: i64,
    opens: i64,
}

impl<'a> Openings<'a> {
    pub(crate) fn new(calendar: &'a Calendar) -> Self {
        Self {
            calendar,
            known: BTreeMap::new(),
            closed_from: i64::MAX,
        }
    }

    /// The earliest start at or after `after` for something that takes `seconds`: the calendar is open then and stays
    /// open until the end. With it, when the calendar closes.
    ///
    /// Where none of the next [`LOOK_AHEAD`] spans is that long, the next instant at which the calendar opens: it is
    /// going to close too early, but not earlier than it must.
    pub(crate) fn fit(&mut self, after: i64, seconds: i64) -> Option<(i64, i64)> {
        let mut too_short = None;
        let mut from = after;
        for number in 0..LOOK_AHEAD {
            let Some((opens, closes)) = self.next(from) else {
                break;
            };
            if closes - opens >= seconds {
                return Some((opens, closes));
            }
            // The rest of a span that is open already makes way for the next whole one.
            let makes_way = number == 1 && self.is_open(after) && self.is_open(after - 1);
            if too_short.is_none() || makes_way {
                too_short = Some((opens, closes));
            }
            from = closes;
        }
        too_short
    }

    fn is_open(&self, second: i64) -> bool {
        Timestamp::from_second(second).is_ok_and(|at| self.calendar.is_open(at))
    }

    /// The rest of the span that is open at `from`, or else the next one.
    fn next(&mut self, from: i64) -> Option<(i64, i64)> {
        if let Some((closes, span)) = self.known.range(from.saturating_add(1)..).next()
            && span.known_from <= from
        {
            return Some((span.opens.max(from), *closes));
        }
        if from >= self.closed_from {
            return None;
        }
        let Some((opens, closes)) = self.find(from) else {
            self.closed_from = from;
            return None;
        };
        let span = self.known.entry(closes).or_insert(Span {
            known_from: from,
            opens,
        });
        span.known_from = span.known_from.min(from);
        span.opens = span.opens.min(opens);
        Some((opens, closes))
    }

    fn find(&self, from: i64) -> Option<(i64, i64)> {
        let from = Timestamp::from_second(from).ok()?;
        let opens = if self.calendar.is_open(from) {
            from
        } else {
            self.calendar.next_opening(from)?
        };
        let mut closes = self.calendar.closes_at(opens);
        for _ in 0..MOST_JOINED {
            // Windows that touch are one span for something that is under way.
            match closes {
                Some(end) if self.calendar.is_open(end) => closes = self.calendar.closes_at(end),
                _ => break,
            }
        }
        let opens = seconds_up(opens);
        // A window of less than a second would be an empty span.
        Some((opens, closes.map_or(NEVER, |end| end.as_second().max(opens + 1))))
    }
}

/// How many spans are looked at for one that is long enough: more than a month of daily windows.
const LOOK_AHEAD: usize = 40;

/// How many windows that touch are joined to one span.
const MOST_JOINED: usize = 400;

/// The days of a time zone, in seconds since the epoch, found as they are asked for.
pub(crate) struct Days {
    zone: TimeZone,
    /// Start by end.
    known: BTreeMap<i64, i64>,
}

impl Days {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            known: BTreeMap::new(),
        }
    }

    /// When the day of this instant ends, which is when the next one starts: 23, 24 or 25 hours after its start.
    pub(crate) fn end(&mut self, instant: i64) -> i64 {
        if let Some((end, start)) = self.known.range(instant + 1..).next()
            && *start <= instant
        {
            return *end;
        }
        let Some((start, end)) = self.day(instant) else {
            return NEVER;
        };
        self.known.insert(end, start);
        end
    }

    fn day(&self, instant: i64) -> Option<(i64, i64)> {
        let date = Timestamp::from_second(instant)
            .ok()?
            .to_zoned(self.zone.clone())
            .date();
        let start_of = |date: jiff::civil::Date| {
            let start = date.to_zoned(self.zone.clone()).ok()?;
            Some(start.timestamp().as_second())
        };
        Some((start_of(date)?, start_of(date.tomorrow().ok()?)?))
    }
}

/// Whole seconds, rounded up: a start is never before what it waits for.
pub(crate) fn seconds_up(instant: Timestamp) -> i64 {
    instant.as_second() + i64::from(instant.subsec_nanosecond() > 0)
}
