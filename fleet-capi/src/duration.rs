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

/// Writes hours, minutes and seconds, as Go does but without the zero parts.
impl From<SignedDuration> for GoDuration {
    fn from(duration: SignedDuration) -> Self {
        if duration.is_zero() {
            return Self("0s".to_owned());
        }
        let total = duration.as_nanos().unsigned_abs();
        let (seconds, nanos) = (total / 1_000_000_000, total % 1_000_000_000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mut text = if duration.is_negative() {
            "-".to_owned()
        } else {
            String::new()
        };
        for (count, unit) in [(hours, "h"), (minutes, "m"), (seconds, "s"), (nanos, "ns")] {
            if count > 0 {
                text.push_str(&count.to_string());
                text.push_str(unit);
            }
        }
        Self(text)
    }
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
