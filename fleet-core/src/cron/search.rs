//! The search for the next match, step by step as robfig/cron and go-cron go, because their steps show where the clock
//! changes.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

use super::{Fields, has};

/// Both give up when the year is further away than this.
const YEARS: i16 = 5;

/// The first match strictly after a time, to the second.
///
/// From the month to the minute, a field that does not match is advanced until it does, and every carry into a larger field
/// starts over. Where local times are missing or doubled, which instant a step lands on is Go's choice (see [`instant`]), and
/// some matches around it are passed over for that; so are they here.
pub(super) fn next_after(fields: &Fields, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    if fields.minute == 0 || fields.hour == 0 || fields.month == 0 {
        return None;
    }
    let mut at = whole_second(after)?
        .checked_add(SignedDuration::from_secs(1))
        .ok()?;
    // Whether the smaller fields have been set to their start; the first advance does that.
    let mut reset = false;
    let last_year = clock(zone, at).year().checked_add(YEARS)?;
    'search: loop {
        if clock(zone, at).year() > last_year {
            return None;
        }
        while !has(fields.month, clock(zone, at).month()) {
            let now = clock(zone, at);
            if !std::mem::replace(&mut reset, true) {
                at = instant(
                    zone,
                    now.date()
                        .first_of_month()
                        .to_datetime(jiff::civil::Time::midnight()),
                )?;
            }
            at = add_calendar(zone, at, 1.month()).filter(|later| *later > at)?;
            if clock(zone, at).month() == 1 {
                continue 'search;
            }
        }
        while !fields.match_day(clock(zone, at).date()) {
            if !std::mem::replace(&mut reset, true) {
                at = instant(
                    zone,
                    clock(zone, at).date().to_datetime(jiff::civil::Time::midnight()),
                )?;
            }
            at = match add_calendar(zone, at, 1.day())? {
                // A whole day can be missing (Samoa's 30 December 2011), and Go then finds the day before again, for ever.
                // There robfig/cron hangs; we step over the day.
                stuck if stuck <= at => add_calendar(zone, at, 2.days()).filter(|later| *later > at)?,
                later => later,
            };
            // Midnight may be missing: back to what would have been midnight.
            let hour = i64::from(clock(zone, at).hour());
            if hour != 0 {
                let hours = if hour > 12 { 24 - hour } else { -hour };
                at = at.checked_add(SignedDuration::from_hours(hours)).ok()?;
            }
            if clock(zone, at).day() == 1 {
                continue 'search;
            }
        }
        while !has(fields.hour, clock(zone, at).hour()) {
            if !std::mem::replace(&mut reset, true) {
                let now = clock(zone, at);
                at = instant(zone, now.date().at(now.hour(), 0, 0, 0))?;
            }
            let before = clock(zone, at).hour();
            at = at.checked_add(SignedDuration::from_hours(1)).ok()?;
            let hour = clock(zone, at).hour();
            // What an hour that the clock leaves out would have run, runs in the next.
            if fields.skipped_hour_runs && hour - before == 2 && has(fields.hour, hour - 1) {
                break;
            }
            if hour == 0 {
                continue 'search;
            }
        }
        while !has(fields.minute, clock(zone, at).minute()) {
            if !std::mem::replace(&mut reset, true) {
                at = truncate(at, 60)?;
            }
            at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            if clock(zone, at).minute() == 0 {
                continue 'search;
            }
        }
        // The second is always 0.
        while clock(zone, at).second() != 0 {
            reset = true;
            at = at.checked_add(SignedDuration::from_secs(1)).ok()?;
            if clock(zone, at).second() == 0 {
                continue 'search;
            }
        }
        return Some(at);
    }
}

/// The time without its fraction of a second, rounded down.
pub(super) fn whole_second(at: Timestamp) -> Option<Timestamp> {
    truncate(at, 1)
}

fn truncate(at: Timestamp, seconds: i64) -> Option<Timestamp> {
    let whole = if at.subsec_nanosecond() < 0 {
        at.as_second() - 1
    } else {
        at.as_second()
    };
    Timestamp::from_second(whole.div_euclid(seconds) * seconds).ok()
}

fn clock(zone: &TimeZone, at: Timestamp) -> DateTime {
    zone.to_datetime(at)
}

/// The instant of a local time as Go's `time.Date` finds it: with the offset that holds at the instant one gets from the
/// offset that holds at the same time in UTC. For a local time that does not exist or exists twice, that is one or the
/// other side of the change, depending on the zone.
fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let seconds_at = |seconds: i64| {
        let at = Timestamp::from_second(seconds).ok()?;
        Some(i64::from(zone.to_offset(at).seconds()))
    };
    let utc = TimeZone::UTC.to_timestamp(local).ok()?.as_second();
    let first = seconds_at(utc)?;
    let offset = if first == 0 { 0 } else { seconds_at(utc - first)? };
    Timestamp::from_second(utc - offset).ok()
}

/// Go's `AddDate`: the calendar moves, the clock stays. A day that the month does not have runs over into the next.
fn add_calendar(zone: &TimeZone, at: Timestamp, step: Span) -> Option<Timestamp> {
    let now = clock(zone, at);
    let day: Date = if step.get_months() == 0 {
        now.date().checked_add(step).ok()?
    } else {
        let month = now.date().first_of_month().checked_add(step).ok()?;
        month.checked_add(i32::from(now.day() - 1).days()).ok()?
    };
    instant(zone, day.to_datetime(now.time()))
}
