//! Durations as Go programs write them.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A duration as Go's `time.Duration` reads it (`10s`, `1h30m`, `1.5h`), kept as it was written: `720h` is not made
/// `2592000s`.
///
/// Units are `ns`, `us` (or `µs`), `ms`, `s`, `m` and `h`; there is no day. API servers take any text where an upstream
/// type has such a duration, so reading keeps one that Go refuses, to be shown and mended; [`parse`](Self::parse) tells.
///
/// ```
/// use fleet_core::GoDuration;
/// use jiff::SignedDuration;
///
/// assert_eq!(GoDuration::from("1h30m").as_signed(), Some(SignedDuration::from_mins(90)));
/// assert_eq!(GoDuration::from("0").as_signed(), Some(SignedDuration::ZERO));
/// assert_eq!(GoDuration::from(SignedDuration::from_secs(90)).as_str(), "1m30s");
///
/// let refused = GoDuration::from("30d").parse().unwrap_err();
/// assert_eq!(refused.to_string(), r#"time: unknown unit "d" in duration "30d""#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(inline))]
#[serde(transparent)]
pub struct GoDuration(String);

impl GoDuration {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The length of time, or `None` where Go would refuse the text or it is beyond Go's range of about 292 years.
    pub fn as_signed(&self) -> Option<SignedDuration> {
        self.parse().ok()
    }

    /// The length of time.
    ///
    /// # Errors
    /// What Go's `time.ParseDuration` says, in its words.
    pub fn parse(&self) -> Result<SignedDuration, GoDurationError> {
        match parse(&self.0) {
            Ok(nanoseconds) => Ok(SignedDuration::from_nanos(nanoseconds)),
            Err(problem) => Err(GoDurationError {
                text: self.0.clone(),
                problem,
            }),
        }
    }
}

/// Why Go does not read a duration, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time: {problem} duration {}", quote(.text))]
pub struct GoDurationError {
    text: String,
    problem: DurationSyntax,
}

impl GoDurationError {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &DurationSyntax {
        &self.problem
    }
}

/// What is wrong with a Go duration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationSyntax {
    /// It is not one, or does not fit into 64 bits of nanoseconds.
    Invalid,
    /// A number without a unit.
    MissingUnit,
    /// A unit other than ns, us, ms, s, m, h.
    UnknownUnit(String),
}

impl fmt::Display for DurationSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => f.write_str("invalid"),
            Self::MissingUnit => f.write_str("missing unit in"),
            Self::UnknownUnit(unit) => write!(f, "unknown unit {} in", quote(unit)),
        }
    }
}

/// Go's `ParseDuration`, in nanoseconds.
fn parse(text: &str) -> Result<i64, DurationSyntax> {
    /// Go's overflow bound: 2^63 nanoseconds.
    const LIMIT: u64 = 1 << 63;
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest.is_empty() {
        return Err(DurationSyntax::Invalid);
    }
    if rest == "0" {
        return Ok(0);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(DurationSyntax::Invalid);
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let size: u64 = match unit {
            "" => return Err(DurationSyntax::MissingUnit),
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(DurationSyntax::UnknownUnit(unit.to_owned())),
        };
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| DurationSyntax::Invalid)?
        };
        total = whole
            .checked_mul(size)
            .and_then(|nanoseconds| {
                nanoseconds
                    .checked_add(part_of(fraction, size))?
                    .checked_add(total)
            })
            .filter(|total| *total <= LIMIT)
            .ok_or(DurationSyntax::Invalid)?;
        rest = after;
    }
    if negative {
        // -2^63 has no positive counterpart.
        Ok(0_i64.checked_sub_unsigned(total).unwrap_or(i64::MIN))
    } else {
        i64::try_from(total).map_err(|_| DurationSyntax::Invalid)
    }
}

/// The decimal places of a unit, cut off below a nanosecond as Go does.
fn part_of(fraction: &str, unit: u64) -> u64 {
    // Eighteen places are below a nanosecond in every unit.
    let fraction = &fraction[..fraction.len().min(18)];
    let Ok(digits) = fraction.parse::<u128>() else {
        return 0;
    };
    let places = u32::try_from(fraction.len()).unwrap_or(0);
    u64::try_from(digits * u128::from(unit) / 10_u128.pow(places)).unwrap_or(0)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The quoting of Go's package time: bytes that are not printable ASCII as `\xNN`.
fn quote(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
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

/// Writes hours, minutes and seconds as Go does: `1h0m0s`, `1m30.5s`, `20ms`.
impl From<SignedDuration> for GoDuration {
    fn from(duration: SignedDuration) -> Self {
        let total = duration.as_nanos().unsigned_abs();
        let sign = if duration.is_negative() { "-" } else { "" };
        let (hours, minutes, nanos) = (total / HOUR, total / MINUTE % 60, total % MINUTE);
        Self(if hours > 0 {
            format!("{sign}{hours}h{minutes}m{}", decimal(nanos, SECOND, "s"))
        } else if minutes > 0 {
            format!("{sign}{minutes}m{}", decimal(nanos, SECOND, "s"))
        } else if nanos >= SECOND || nanos == 0 {
            format!("{sign}{}", decimal(nanos, SECOND, "s"))
        } else if nanos >= 1_000_000 {
            format!("{sign}{}", decimal(nanos, 1_000_000, "ms"))
        } else if nanos >= 1_000 {
            format!("{sign}{}", decimal(nanos, 1_000, "µs"))
        } else {
            format!("{sign}{nanos}ns")
        })
    }
}

const SECOND: u128 = 1_000_000_000;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;

/// Nanoseconds in a larger unit, with as many decimal places as there are.
fn decimal(nanos: u128, unit: u128, name: &str) -> String {
    let (whole, rest) = (nanos / unit, nanos % unit);
    if rest == 0 {
        return format!("{whole}{name}");
    }
    let places = unit.ilog10() as usize;
    let fraction = format!("{rest:0places$}");
    format!("{whole}.{}{name}", fraction.trim_end_matches('0'))
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanos) in [
            ("10s", 10_000_000_000),
            ("1h0m0s", 3_600_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5m", 30_000_000_000),
            ("5.s", 5_000_000_000),
            ("-1m30s", -90_000_000_000),
            ("+2ms", 2_000_000),
            ("1.25µs", 1_250),
            ("0.9ns", 0),
            ("3.0000001s", 3_000_000_100),
        ] {
            assert_eq!(
                GoDuration::from(text).as_signed(),
                Some(SignedDuration::from_nanos(nanos)),
                "{text}"
            );
        }
        for text in ["", "-", "1", "h", ".s", "1d", "1h 2m", "10000000h", "1s2"] {
            assert_eq!(GoDuration::from(text).as_signed(), None, "{text}");
        }
    }

    #[test]
    fn writes_as_go_writes() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (20_000_000, "20ms"),
            (90_500_000_000, "1m30.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (-90_000_000_000, "-1m30s"),
            (1_000_000_001, "1.000000001s"),
        ] {
            assert_eq!(GoDuration::from(SignedDuration::from_nanos(nanos)).as_str(), text);
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for nanos in [
            1,
            999,
            61_000_000_000,
            -90_000_000_000,
            86_400_000_000_000,
            i64::MAX,
        ] {
            let duration = SignedDuration::from_nanos(nanos);
            assert_eq!(GoDuration::from(duration).as_signed(), Some(duration));
        }
    }
}
