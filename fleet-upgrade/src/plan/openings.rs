//! A calendar as a growing list of open spans and of days, so that a schedule jumps instead of stepping.

use std::collections::BTreeMap;

use fleet_core::Calendar;
use fleet_core::calendar::HORIZON_YEARS;
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
    /// Where none of the spans of the next [`FAR`] seconds is that long, the next instant at which the calendar opens: it is
    /// going to close too early, but not earlier than it must.
    pub(crate) fn fit(&mut self, after: i64, seconds: i64) -> Option<(i64, i64)> {
        let mut too_short = None;
        let mut from = after;
        for number in 0..LOOK_AHEAD {
            let Some((opens, closes)) = self.next(from) else {
                break;
            };
            if number > 0 && opens > after.saturating_add(FAR) {
                break;
            }
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
        if self.calendar.is_always() {
            return Some((from, NEVER));
        }
        let opens = self.calendar.next_opening(Timestamp::from_second(from).ok()?)?;
        let closes = self.calendar.closes_at(opens);
        let opens = seconds_up(opens);
        // A calendar answers for its horizon only: beyond it, it is asked again. A window of less than a second would be
        // an empty span.
        let closes = closes
            .map_or(opens + HORIZON, Timestamp::as_second)
            .max(opens + 1);
        Some((opens, closes))
    }
}

/// For so long a calendar that is said not to close is open.
const HORIZON: i64 = HORIZON_YEARS as i64 * 365 * 24 * 60 * 60;

/// How far is looked ahead for a span that is long enough.
const FAR: i64 = 40 * 24 * 60 * 60;

/// How many spans are looked at on the way: one every half an hour.
const LOOK_AHEAD: usize = 2_000;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn second(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn weekdays() -> Calendar {
        let calendar = Calendar::in_zone("Europe/Berlin").unwrap();
        let nine = jiff::civil::time(9, 0, 0, 0);
        calendar
            .with_window("Mon-Fri".parse().unwrap(), nine, "8h".parse().unwrap())
            .unwrap()
    }

    #[test]
    fn what_was_asked_for_late_does_not_hide_what_comes_before() {
        let calendar = weekdays();
        let mut openings = Openings::new(&calendar);
        let hour = 3600;
        let friday = openings.fit(second("2026-01-09T10:00:00Z"), hour).unwrap();
        assert_eq!(
            friday,
            (second("2026-01-09T10:00:00Z"), second("2026-01-09T16:00:00Z"))
        );
        let monday = openings.fit(second("2026-01-05T03:00:00Z"), hour).unwrap();
        assert_eq!(
            monday,
            (second("2026-01-05T08:00:00Z"), second("2026-01-05T16:00:00Z"))
        );
        // Friday's span is known from 10:00 only; it opens at 08:00 all the same.
        let early = openings.fit(second("2026-01-09T08:30:00Z"), hour).unwrap();
        assert_eq!(
            early,
            (second("2026-01-09T08:30:00Z"), second("2026-01-09T16:00:00Z"))
        );
    }

    #[test]
    fn windows_that_touch_are_one_span() {
        let text = r#"{"windows": [{"days": "Sat", "start": "00:00", "duration": "24h"},
                                   {"days": "Sun", "start": "00:00", "duration": "24h"}]}"#;
        let calendar: Calendar = serde_json::from_str(text).unwrap();
        let weekend = Openings::new(&calendar).fit(second("2026-01-05T00:00:00Z"), 36 * 3600);
        assert_eq!(
            weekend,
            Some((second("2026-01-10T00:00:00Z"), second("2026-01-12T00:00:00Z")))
        );
    }

    #[test]
    fn answers_do_not_depend_on_what_was_asked_before() {
        let calendar = weekdays();
        let mut asked = Openings::new(&calendar);
        let start = second("2026-03-20T00:00:00Z");
        // Through the change to summer time, back and forth.
        for step in 0..1000 {
            let at = start + (step * 7_919) % 1_000 * 1_777;
            let fresh = Openings::new(&calendar).fit(at, 7_200);
            assert_eq!(asked.fit(at, 7_200), fresh, "{at}");
        }
    }

    #[test]
    fn a_freeze_beyond_the_horizon_is_seen_when_it_comes_near() {
        let text = r#"{"freezes": [{"from": "2040-01-01", "to": "2040-01-31", "reason": "far away"}]}"#;
        let calendar: Calendar = serde_json::from_str(text).unwrap();
        let mut openings = Openings::new(&calendar);
        let now = second("2026-01-05T00:00:00Z");
        assert_eq!(openings.fit(now, 60).unwrap().0, now);
        let (starts, _) = openings.fit(second("2040-01-15T00:00:00Z"), 60).unwrap();
        assert_eq!(starts, second("2040-02-01T00:00:00Z"));
    }

    #[test]
    fn days_have_23_24_or_25_hours() {
        let mut days = Days::new(TimeZone::get("Europe/Berlin").unwrap());
        let hours = |days: &mut Days, noon: &str| {
            let end = days.end(second(noon));
            let start = days.known[&end];
            (end - start) / 3600
        };
        assert_eq!(hours(&mut days, "2026-03-28T12:00:00Z"), 24);
        assert_eq!(hours(&mut days, "2026-03-29T12:00:00Z"), 23);
        assert_eq!(hours(&mut days, "2026-10-25T12:00:00Z"), 25);
        assert_eq!(
            days.end(second("2026-03-29T21:59:59Z")),
            second("2026-03-29T22:00:00Z")
        );
        assert_eq!(
            days.end(second("2026-03-29T22:00:00Z")),
            second("2026-03-30T22:00:00Z")
        );
    }
}
