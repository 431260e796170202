//! Durations as Go writes them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A duration in Go's notation, kept as it was written: `720h` is not made `30d` or `2592000s`.
///
/// Units are `ns`, `us` (or `µs`), `ms`, `s`, `m` and `h`. There is no day: the API server takes `30d` all the same,
/// and Velero then cannot list its objects any more. Reading keeps such a text, so that it can be shown and mended;
/// [`seconds`](Self::seconds) tells.
///
/// ```
/// use fleet_velero::GoDuration;
///
/// assert_eq!(GoDuration::from("1h30m").seconds(), Some(5400.0));
/// assert_eq!(GoDuration::from("720h").to_string(), "720h");
/// assert_eq!(GoDuration::from("30d").seconds(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct GoDuration(String);

impl GoDuration {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length in seconds; `None` if Go does not read it.
    pub fn seconds(&self) -> Option<f64> {
        let text = self.0.as_str();
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(0.0);
        }
        if rest.is_empty() {
            return None;
        }
        let mut total = 0.0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, after) = rest.split_at(end);
            if !number.contains(|c: char| c.is_ascii_digit()) {
                return None;
            }
            let number: f64 = number.parse().ok()?;
            let unit_end = after
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(after.len());
            let (unit, next) = after.split_at(unit_end);
            let seconds = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, seconds)| *seconds)?;
            total += number * seconds;
            rest = next;
        }
        (total <= LONGEST).then_some(sign * total)
    }
}

impl From<&str> for GoDuration {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for GoDuration {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const UNITS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// Go counts nanoseconds in 64 bits: about 292 years.
const LONGEST: f64 = 9_223_372_036.854_775;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_has_a_length() {
        for (text, expected) in [
            ("0", 0.0),
            ("10s", 10.0),
            ("720h", 2_592_000.0),
            ("1h30m", 5400.0),
            ("1.5h", 5400.0),
            (".5s", 0.5),
            ("-2m", -120.0),
            ("+1m", 60.0),
            ("250ms", 0.25),
        ] {
            assert_eq!(GoDuration::from(text).seconds(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_go_does_not_read_has_none() {
        for text in [
            "",
            "30d",
            "1w",
            "10",
            "h",
            ".s",
            "1.2.3s",
            "1h 30m",
            "-",
            "9999999999h",
            "1H",
        ] {
            assert_eq!(GoDuration::from(text).seconds(), None, "{text}");
        }
    }
}
