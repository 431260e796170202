//! Durations as people write them in policies: `5d`, `1h30m`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A non-negative length of time, written as people write it.
///
/// # Reading and printing
///
/// One or more whole numbers, each with a unit: `w` (7 days), `d` (24 hours), `h`, `m` (minutes), `s`, `ms`; from the
/// larger unit to the smaller, each at most once: `5d`, `1h30m`, `2w`. `0` alone needs no unit. There is no
/// number without a unit besides that, and no fraction: `1.5h` is `1h30m`.
///
/// A day is always 24 hours here: a soak of `5d` that spans a change to summer time takes 120 hours. What follows
/// the wall clock is a [`Calendar`](crate::Calendar).
///
/// Printing gives the shortest such form: `36h` prints as `1d12h`.
///
/// ```
/// use fleet_core::HumanDuration;
///
/// let soak: HumanDuration = "5d".parse()?;
/// assert_eq!(soak, HumanDuration::days(5));
/// assert_eq!(soak.as_signed(), jiff::SignedDuration::from_hours(120));
/// assert_eq!("90m".parse::<HumanDuration>()?.to_string(), "1h30m");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration {
    milliseconds: u64,
}

impl HumanDuration {
    /// No time at all.
    pub const ZERO: Self = Self { milliseconds: 0 };

    /// This many days of 24 hours.
    pub const fn days(days: u32) -> Self {
        Self {
            milliseconds: days as u64 * DAY,
        }
    }

    /// This many hours.
    pub const fn hours(hours: u32) -> Self {
        Self {
            milliseconds: hours as u64 * HOUR,
        }
    }

    /// This many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self {
            milliseconds: minutes as u64 * MINUTE,
        }
    }

    /// This many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self {
            milliseconds: seconds as u64 * SECOND,
        }
    }

    /// Whether it is no time at all.
    pub const fn is_zero(&self) -> bool {
        self.milliseconds == 0
    }

    /// As jiff's exact duration, to add to a timestamp.
    pub const fn as_signed(self) -> SignedDuration {
        // At most MAX_MILLISECONDS, so this cannot wrap.
        #[allow(clippy::cast_possible_wrap)]
        SignedDuration::from_millis(self.milliseconds as i64)
    }

    /// As the standard library's duration, for timers.
    pub const fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.milliseconds)
    }
}

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let refuse = |problem| DurationError {
            found: text.to_owned(),
            problem,
        };
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let mut rest = text;
        let mut total: u64 = 0;
        let mut largest_left = u64::MAX;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .ok_or_else(|| refuse(DurationProblem::NoUnit))?;
            let (number, after) = rest.split_at(digits);
            if number.is_empty() {
                return Err(refuse(DurationProblem::NoNumber));
            }
            let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            let size = UNITS
                .iter()
                .find_map(|(name, size)| (*name == unit).then_some(*size))
                .ok_or_else(|| refuse(DurationProblem::UnknownUnit(unit.to_owned())))?;
            if size >= largest_left {
                return Err(refuse(DurationProblem::Order));
            }
            largest_left = size;
            total = number
                .parse::<u64>()
                .ok()
                .and_then(|number| number.checked_mul(size)?.checked_add(total))
                .filter(|total| *total <= MAX_MILLISECONDS)
                .ok_or_else(|| refuse(DurationProblem::TooLong))?;
            rest = after;
        }
        if text.is_empty() {
            Err(refuse(DurationProblem::NoNumber))
        } else {
            Ok(Self { milliseconds: total })
        }
    }
}

impl TryFrom<SignedDuration> for HumanDuration {
    type Error = DurationError;

    /// Rounds down to whole milliseconds; a negative or too long duration is refused.
    fn try_from(duration: SignedDuration) -> Result<Self, DurationError> {
        u64::try_from(duration.as_millis())
            .ok()
            .filter(|milliseconds| *milliseconds <= MAX_MILLISECONDS)
            .map(|milliseconds| Self { milliseconds })
            .ok_or_else(|| DurationError {
                found: format!("{duration:#}"),
                problem: if duration.is_negative() {
                    DurationProblem::Negative
                } else {
                    DurationProblem::TooLong
                },
            })
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        if self.is_zero() {
            return f.pad("0s");
        }
        let mut left = self.milliseconds;
        let mut text = String::new();
        // Weeks are read but not printed: `10d` says more than `1w3d`.
        for (unit, size) in &UNITS[1..] {
            if left >= *size {
                write!(text, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        f.pad(&text)
    }
}

impl fmt::Debug for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for HumanDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HumanDuration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "minLength": 1, "maxLength": 64,
            "pattern": r"^(0|(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$",
        })
    }
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a duration: {problem}; expected something like 5d, 1h30m or 90s")]
pub struct DurationError {
    /// The text.
    pub found: String,
    /// What is wrong with it.
    pub problem: DurationProblem,
}

/// What is wrong with a duration's text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationProblem {
    /// A unit without a number before it, or nothing at all.
    NoNumber,
    /// A number without a unit behind it.
    NoUnit,
    /// A unit other than w, d, h, m, s and ms.
    UnknownUnit(String),
    /// A unit twice, or a larger one after a smaller one.
    Order,
    /// Longer than 100 years.
    TooLong,
    /// Shorter than nothing.
    Negative,
}

impl fmt::Display for DurationProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => f.write_str("a number is missing"),
            Self::NoUnit => f.write_str("a unit is missing"),
            Self::UnknownUnit(unit) => write!(f, "`{unit}` is none of the units w, d, h, m, s, ms"),
            Self::Order => f.write_str("units go from the larger to the smaller, each at most once"),
            Self::TooLong => f.write_str("it is longer than 100 years"),
            Self::Negative => f.write_str("it is negative"),
        }
    }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", 1),
];
const MAX_MILLISECONDS: u64 = 36_525 * DAY;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_prints() {
        for (text, printed, seconds) in [
            ("5d", "5d", 432_000),
            ("1h30m", "1h30m", 5_400),
            ("90s", "1m30s", 90),
            ("2w", "14d", 1_209_600),
            ("36h", "1d12h", 129_600),
            ("0", "0s", 0),
            ("0s", "0s", 0),
        ] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(
                (duration.to_string().as_str(), duration.as_signed().as_secs()),
                (printed, seconds)
            );
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, problem) in [
            ("", DurationProblem::NoNumber),
            ("h", DurationProblem::NoNumber),
            ("5", DurationProblem::NoUnit),
            ("1h5", DurationProblem::NoUnit),
            ("-1h", DurationProblem::NoNumber),
            ("1.5h", DurationProblem::UnknownUnit(".".into())),
            ("5 d", DurationProblem::UnknownUnit(" d".into())),
            ("5y", DurationProblem::UnknownUnit("y".into())),
            ("30m1h", DurationProblem::Order),
            ("1h1h", DurationProblem::Order),
            ("40000d", DurationProblem::TooLong),
            ("99999999999999999999d", DurationProblem::TooLong),
        ] {
            assert_eq!(
                text.parse::<HumanDuration>().unwrap_err().problem,
                problem,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(milliseconds in 0..=MAX_MILLISECONDS) {
            let duration = HumanDuration { milliseconds };
            prop_assert_eq!(duration.to_string().parse::<HumanDuration>().unwrap(), duration);
        }

        #[test]
        fn never_panics(text in ".{0,20}") {
            let _ = text.parse::<HumanDuration>();
        }
    }
}
