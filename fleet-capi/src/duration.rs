//! Durations as Go programs write them.

use std::fmt;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A duration as Go's `time.Duration` reads it (`10s`, `1h30m`, `1.5h`), kept as it was written.
///
/// v1beta1 and the providers' kinds use it; v1beta2 counts whole seconds instead.
///
/// ```
/// use fleet_capi::GoDuration;
/// use jiff::SignedDuration;
///
/// assert_eq!(GoDuration::from("1h30m").as_signed(), Some(SignedDuration::from_mins(90)));
/// assert_eq!(GoDuration::from("0").as_signed(), Some(SignedDuration::ZERO));
/// assert_eq!(GoDuration::from("soon").as_signed(), None);
/// assert_eq!(GoDuration::from(SignedDuration::from_secs(90)).as_str(), "1m30s");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct GoDuration(String);

impl GoDuration {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The length of time, or `None` where Go would refuse the text or it is beyond Go's range of about 292 years.
    pub fn as_signed(&self) -> Option<SignedDuration> {
        let (negative, text) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0.strip_prefix('+').unwrap_or(&self.0)),
        };
        let total = if text == "0" { 0 } else { nanoseconds(text)? };
        let total = i64::try_from(if negative { -total } else { total }).ok()?;
        Some(SignedDuration::from_nanos(total))
    }
}

/// Adds up the parts of an unsigned Go duration.
fn nanoseconds(mut text: &str) -> Option<i128> {
    if text.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (whole, rest) = text.split_at(digits);
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
            None => ("", rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Eighteen digits are below a nanosecond in every unit; what is smaller is cut off, as Go does.
        let fraction = &fraction[..fraction.len().min(18)];
        if let Ok(digits) = fraction.parse::<i128>() {
            total += digits * unit / 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        }
        text = rest;
    }
    Some(total)
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
