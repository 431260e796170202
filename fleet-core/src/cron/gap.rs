//! The longest time between two runs, over the real calendar.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{Fields, Rule, Schedule, has};

/// Two runs with none between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The run before.
    pub from: Timestamp,
    /// The run after.
    pub until: Timestamp,
}

impl Gap {
    /// How long it is.
    pub fn length(&self) -> SignedDuration {
        self.until.duration_since(self.from)
    }
}

impl Schedule {
    /// The longest gap between two runs that begins at a run in `from..until`: leap years, months of different length and
    /// changes of the clock included. `None` when there are no two runs; `@every` counts from `from`.
    ///
    /// The first of several that are equally long.
    ///
    /// ```
    /// use fleet_core::cron::Schedule;
    ///
    /// let monthly = Schedule::parse("0 1 31 * *")?;
    /// let gap = monthly.longest_gap("2026-01-01T00:00:00Z".parse()?, "2027-01-01T00:00:00Z".parse()?).unwrap();
    /// assert_eq!(gap.length(), jiff::SignedDuration::from_hours(61 * 24)); // from 31 March to 31 May
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn longest_gap(&self, from: Timestamp, until: Timestamp) -> Option<Gap> {
        let mut longest: Option<Gap> = None;
        let mut take = |from: Timestamp, until: Timestamp| {
            let gap = Gap { from, until };
            if longest.is_none_or(|longest| gap.length() > longest.length()) {
                longest = Some(gap);
            }
        };
        let Rule::Fields(fields) = &self.rule else {
            // Always the same; or never.
            let first = self.next_after(from)?;
            return Some(Gap {
                from: first,
                until: self.next_after(first)?,
            });
        };
        let day = OfDay::of(fields)?;
        let mut at = self.next_after(from)?;
        while at < until {
            let date = self.time_zone.to_datetime(at).date();
            // A whole day at once, where the clock does not change on it and it is not the first, begun in the middle.
            if let Some(start) = plain_day(&self.time_zone, date)
                && let Some(first) = after(start, day.first)
                && first == at
                && let Some(last) = after(start, day.last)
                && last < until
            {
                if let Some((from, until)) = day.longest
                    && let (Some(from), Some(until)) = (after(start, from), after(start, until))
                {
                    take(from, until);
                }
                at = last;
            }
            let Some(next) = self.next_after(at) else { break };
            take(at, next);
            at = next;
        }
        longest
    }
}

/// The runs of a day that has 24 hours, in seconds from its start.
struct OfDay {
    first: i64,
    last: i64,
    /// The longest gap within the day.
    longest: Option<(i64, i64)>,
}

impl OfDay {
    fn of(fields: &Fields) -> Option<Self> {
        let minutes = (0..24_i8)
            .filter(|hour| has(fields.hour, *hour))
            .flat_map(|hour| (0..60_i8).map(move |minute| (hour, minute)));
        let runs: Vec<i64> = minutes
            .filter(|(_, minute)| has(fields.minute, *minute))
            .map(|(hour, minute)| i64::from(hour) * 3_600 + i64::from(minute) * 60)
            .collect();
        // The first of equally long ones: `max_by_key` takes the last.
        let pairs = runs.windows(2).map(|pair| (pair[0], pair[1])).rev();
        Some(Self {
            first: *runs.first()?,
            last: *runs.last()?,
            longest: pairs.max_by_key(|(from, until)| until - from),
        })
    }
}

/// When a day starts that has 24 hours and no change of the clock.
fn plain_day(zone: &TimeZone, date: Date) -> Option<Timestamp> {
    let midnight = |date: Date| zone.to_timestamp(date.to_datetime(Time::midnight())).ok();
    if zone.to_fixed_offset().is_ok() {
        return midnight(date);
    }
    let (start, end) = (midnight(date)?, midnight(date.checked_add(1.day()).ok()?)?);
    let of_day = zone.following(start).next();
    let changes = of_day.is_some_and(|change| change.timestamp() <= end);
    (!changes && end.duration_since(start) == SignedDuration::from_hours(24)).then_some(start)
}

fn after(start: Timestamp, seconds: i64) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_secs(seconds)).ok()
}
