//! Days of the week, moments and zones, as people write them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::CalendarError;

/// Days of the week; at least one.
///
/// Reads `Mon`, `Monday`, ranges (`Mon-Thu`, also over the week's end: `Fri-Mon`) and lists of these with commas; in YAML also
/// as a list. Prints the short names in order, from Monday on: `Mon,Wed,Thu`.
///
/// ```
/// use fleet_core::calendar::Days;
///
/// let days: Days = "Mon, Wed-fri".parse()?;
/// assert_eq!(days.to_string(), "Mon,Wed,Thu,Fri");
/// assert_eq!("Sat-Mon".parse::<Days>()?.to_string(), "Mon,Sat,Sun");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    /// Monday is bit 0.
    bits: u8,
}

impl Days {
    /// All seven.
    pub const EVERY: Self = Self { bits: 0b111_1111 };

    /// These days.
    ///
    /// # Errors
    /// [`CalendarError::NoDays`] when there are none.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Result<Self, CalendarError> {
        let bits = days.into_iter().fold(0, |bits, day| bits | bit(day));
        if bits == 0 {
            Err(CalendarError::NoDays)
        } else {
            Ok(Self { bits })
        }
    }

    /// Whether a day is among them.
    pub fn contains(self, day: Weekday) -> bool {
        self.bits & bit(day) != 0
    }

    /// The days, from Monday on.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        Weekday::Monday
            .cycle_forward()
            .take(7)
            .filter(move |day| self.contains(*day))
    }
}

impl FromStr for Days {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let mut bits = 0;
        for part in text.split(',').map(str::trim) {
            let day = |name: &str| {
                weekday(name.trim()).ok_or_else(|| CalendarError::UnknownDay {
                    found: part.to_owned(),
                })
            };
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (day(first)?, day(last)?),
                None => (day(part)?, day(part)?),
            };
            for day in first.cycle_forward().take(7) {
                bits |= bit(day);
                if day == last {
                    break;
                }
            }
        }
        Ok(Self { bits })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(name).collect();
        f.pad(&names.join(","))
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(name))
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Days;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("days of the week, such as Mon-Thu or [Mon, Wed-Fri]")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Days, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Days, A::Error> {
                let mut bits = 0;
                while let Some(Part(days)) = items.next_element()? {
                    bits |= days.bits;
                }
                if bits == 0 {
                    return Err(de::Error::custom(CalendarError::NoDays));
                }
                Ok(Days { bits })
            }
        }

        /// One item of a list, which is a text and not again a list.
        struct Part(Days);

        impl<'de> Deserialize<'de> for Part {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text(deserializer).map(Part)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A day or a time, as people write it: in local time, or as an instant.
///
/// Reads `2026-12-18` (a day), `2026-12-18T18:00` (a local time) and `2026-12-18T18:00:00+01:00` (an instant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// A whole day of the calendar's zone: from its start, to its end.
    Day(Date),
    /// A time on the clock of the calendar's zone. One that the clock leaves out is as much later as the clock moves; of one
    /// that comes twice, the first counts.
    Local(DateTime),
    /// The same instant everywhere.
    Instant(Timestamp),
}

impl Moment {
    /// Where a stretch of time that starts at this moment starts.
    pub(super) fn start(self, zone: &TimeZone) -> Result<Timestamp, CalendarError> {
        match self {
            Self::Day(day) => start_of_day(day, zone),
            Self::Local(local) => zone.to_timestamp(local).ok(),
            Self::Instant(instant) => Some(instant),
        }
        .ok_or(CalendarError::OutOfRange { moment: self })
    }

    /// Where a stretch of time that lasts to this moment ends.
    pub(super) fn end(self, zone: &TimeZone) -> Result<Timestamp, CalendarError> {
        match self {
            Self::Day(day) => end_of_day(day, zone).ok_or(CalendarError::OutOfRange { moment: self }),
            other => other.start(zone),
        }
    }
}

impl From<Date> for Moment {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime> for Moment {
    fn from(local: DateTime) -> Self {
        Self::Local(local)
    }
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl FromStr for Moment {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        // jiff reads a day as its midnight, and drops a zone from a local time, so the form is looked at first.
        let parsed = if !text.contains(['T', 't', ' ']) {
            text.parse().map(Self::Day).ok()
        } else if let Ok(instant) = text.parse() {
            Some(Self::Instant(instant))
        } else if text.contains('[') {
            None
        } else {
            text.parse().map(Self::Local).ok()
        };
        parsed.ok_or_else(|| CalendarError::BadMoment {
            found: text.to_owned(),
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => fmt::Display::fmt(day, f),
            Self::Local(local) => fmt::Display::fmt(local, f),
            Self::Instant(instant) => fmt::Display::fmt(instant, f),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// A zone by its IANA name.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, CalendarError> {
    TimeZone::get(name).map_err(|_| CalendarError::UnknownTimeZone {
        name: name.to_owned(),
    })
}

/// A time of the day by its clock.
pub(super) fn time_of_day(text: &str) -> Result<Time, CalendarError> {
    // jiff would read `0900` and `09` as well, and the time out of a whole date.
    let short = text.len() <= 8 && text.contains(':');
    let padded = if text.find(':') == Some(1) {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    short
        .then(|| padded.parse().ok())
        .flatten()
        .ok_or_else(|| CalendarError::BadTime {
            found: text.to_owned(),
        })
}

pub(super) fn start_of_day(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    // Not `to_zoned(midnight)`: where the clock skips midnight, the day starts right after the gap.
    Some(day.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp())
}

pub(super) fn end_of_day(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    start_of_day(day.tomorrow().ok()?, zone)
}

/// Reads a value from its text.
pub(super) fn text<'de, D: Deserializer<'de>, T: FromStr<Err = CalendarError>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(de::Error::custom)
}

fn weekday(name: &str) -> Option<Weekday> {
    let name = name.to_ascii_lowercase();
    Weekday::Monday
        .cycle_forward()
        .take(7)
        .zip([
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ])
        .find_map(|(day, full)| (name == full || name == full[..3]).then_some(day))
}

fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}
