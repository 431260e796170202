//! Until when an upgrade must have ended.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Until when an upgrade must have ended: a day, which counts to its end in the calendar's time zone, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[allow(clippy::exhaustive_enums)]
pub enum Deadline {
    /// The end of this day.
    Day(Date),
    /// This instant.
    Instant(Timestamp),
}

impl Deadline {
    /// The instant, where days are those of this time zone.
    pub fn at(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Day(day) => day
                .tomorrow()
                .and_then(|next| next.to_zoned(zone.clone()))
                .map_or(Timestamp::MAX, |next| next.timestamp()),
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Instant(at) => at.fmt(f),
        }
    }
}

impl FromStr for Deadline {
    type Err = DeadlineError;

    fn from_str(text: &str) -> Result<Self, DeadlineError> {
        // A date alone first: jiff reads the date of a longer text, too.
        if text.len() == "2026-06-30".len()
            && let Ok(day) = text.parse()
        {
            return Ok(Self::Day(day));
        }
        text.parse().map(Self::Instant).map_err(|_| DeadlineError {
            found: text.to_owned(),
        })
    }
}

impl TryFrom<String> for Deadline {
    type Error = DeadlineError;

    fn try_from(text: String) -> Result<Self, DeadlineError> {
        text.parse()
    }
}

impl From<Deadline> for String {
    fn from(deadline: Deadline) -> Self {
        deadline.to_string()
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Deadline {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Deadline".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^[-+]?\d{4,6}-?\d{2}-?\d{2}" })
    }
}

/// A text that is neither a day nor an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a day such as `2026-06-30`, or an instant such as `2026-06-30T18:00:00Z`")]
pub struct DeadlineError {
    /// What was found.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_to_its_end_in_its_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Deadline>().unwrap().at(&berlin).to_string();
        assert_eq!(at("2026-06-30"), "2026-06-30T22:00:00Z");
        assert_eq!(at("2026-06-30T18:00:00+02:00"), "2026-06-30T16:00:00Z");
        for wrong in ["2026-06-31", "June", "2026-06-30T18:00", ""] {
            assert!(wrong.parse::<Deadline>().is_err(), "{wrong}");
        }
    }
}
