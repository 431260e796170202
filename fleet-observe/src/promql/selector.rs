//! Which series, and over what time.

use std::fmt;
use std::str::FromStr;

use super::{Expr, PromqlError, is_label, is_metric};

/// Series of a metric, by their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    metric: String,
    matchers: Vec<(String, Matcher)>,
    offset: Option<PromDuration>,
}

/// What a label's value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Matcher {
    /// `=`
    Is(String),
    /// `!=`
    IsNot(String),
    /// `=~`, the whole value.
    Matches(String),
    /// `!~`
    MatchesNot(String),
}

/// The series of a metric.
///
/// # Errors
/// What is no name of one.
pub fn metric(name: impl Into<String>) -> Result<Vector, PromqlError> {
    let metric = name.into();
    if !is_metric(&metric) {
        return Err(PromqlError::Metric { found: metric });
    }
    Ok(Vector {
        metric,
        matchers: Vec::new(),
        offset: None,
    })
}

impl Vector {
    /// Only those with this value of a label.
    pub fn with(self, label: impl Into<String>, value: impl Into<String>) -> Result<Self, PromqlError> {
        self.matching(label, Matcher::Is(value.into()))
    }

    /// Only those whose label matches.
    pub fn matching(mut self, label: impl Into<String>, matcher: Matcher) -> Result<Self, PromqlError> {
        let label = label.into();
        if !is_label(&label) {
            return Err(PromqlError::Label { found: label });
        }
        self.matchers.push((label, matcher));
        Ok(self)
    }

    /// As they were some time ago.
    pub fn offset(self, ago: PromDuration) -> Self {
        Self {
            offset: Some(ago),
            ..self
        }
    }

    /// The samples of a time.
    pub fn over(self, time: PromDuration) -> Range {
        Range {
            vector: self,
            time: time.to_string(),
        }
    }

    /// The samples of the time that the panel chooses: Grafana's `$__rate_interval`.
    pub fn over_rate_interval(self) -> Range {
        Range {
            vector: self,
            time: "$__rate_interval".to_owned(),
        }
    }

    /// As an expression.
    pub fn expr(self) -> Expr {
        self.into()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, range: Option<&str>) -> fmt::Result {
        f.write_str(&self.metric)?;
        for (index, (label, matcher)) in self.matchers.iter().enumerate() {
            f.write_str(if index == 0 { "{" } else { ", " })?;
            let (sign, value) = match matcher {
                Matcher::Is(value) => ("=", value),
                Matcher::IsNot(value) => ("!=", value),
                Matcher::Matches(value) => ("=~", value),
                Matcher::MatchesNot(value) => ("!~", value),
            };
            write!(f, "{label}{sign}{}", quoted(value))?;
        }
        if !self.matchers.is_empty() {
            f.write_str("}")?;
        }
        if let Some(range) = range {
            write!(f, "[{range}]")?;
        }
        match &self.offset {
            Some(offset) => write!(f, " offset {offset}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

/// The samples of series over a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    vector: Vector,
    time: String,
}

macro_rules! range_functions {
    ($($(#[$doc:meta])* $name:ident)+) => {
        impl Range {
            $($(#[$doc])* pub fn $name(self) -> Expr {
                Expr::call(stringify!($name), [Expr::range(self)])
            })+
        }
    };
}

range_functions! {
    /// How much a counter grew in each second.
    rate
    /// How much a counter grew.
    increase
    /// How much a gauge changed.
    delta
    /// The mean of the samples.
    avg_over_time
    /// The smallest sample.
    min_over_time
    /// The largest sample.
    max_over_time
    /// The last sample.
    last_over_time
    /// How often a value changed.
    changes
}

impl Range {
    pub(super) fn matching(self, label: &str, matcher: Matcher) -> Result<Self, PromqlError> {
        Ok(Self {
            vector: self.vector.matching(label, matcher)?,
            ..self
        })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vector.write(f, Some(&self.time))
    }
}

/// A time as Prometheus writes it: `5m`, `1h30m`, `30d`.
///
/// Prometheus' own type is read: whole numbers, the longest unit first. A day has 24 hours, a year 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromDuration {
    milliseconds: u64,
}

const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl PromDuration {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self {
            milliseconds: seconds * 1_000,
        }
    }

    /// In seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.milliseconds as f64 / 1_000.0
    }

    /// A part of it, down to the millisecond.
    pub(crate) fn divided(self, by: u64) -> Self {
        Self {
            milliseconds: (self.milliseconds / by).max(1),
        }
    }
}

impl FromStr for PromDuration {
    type Err = PromqlError;

    fn from_str(text: &str) -> Result<Self, PromqlError> {
        let wrong = || PromqlError::Duration {
            found: text.to_owned(),
        };
        let (mut rest, mut units, mut milliseconds) = (text, UNITS.as_slice(), 0u64);
        if text.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, after) = rest.split_at(digits);
            let unit_ends = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(unit_ends);
            let place = units
                .iter()
                .position(|(name, _)| *name == unit)
                .ok_or_else(wrong)?;
            let count: u64 = number.parse().map_err(|_| wrong())?;
            let part = count.checked_mul(units[place].1).ok_or_else(wrong)?;
            milliseconds = milliseconds.checked_add(part).ok_or_else(wrong)?;
            (rest, units) = (after, &units[place + 1..]);
        }
        if milliseconds == 0 {
            return Err(wrong());
        }
        Ok(Self { milliseconds })
    }
}

/// With the fewest units: `30m`, `1h30m`; days for weeks and years, as rules write them.
impl fmt::Display for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.milliseconds;
        for (name, size) in &UNITS[2..] {
            if left >= *size {
                write!(f, "{}{name}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

/// In single quotes, as Grafana's JSON reads best.
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::from("'");
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\'' => text.push_str("\\'"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_prometheus_reads_them() {
        for (text, seconds, written) in [
            ("5m", 300.0, "5m"),
            ("1h30m", 5_400.0, "1h30m"),
            ("90m", 5_400.0, "1h30m"),
            ("2w", 1_209_600.0, "14d"),
            ("1y", 31_536_000.0, "365d"),
            ("1500ms", 1.5, "1s500ms"),
        ] {
            let duration: PromDuration = text.parse().unwrap();
            assert!((duration.as_secs_f64() - seconds).abs() < 1e-9, "{text}");
            assert_eq!(duration.to_string(), written);
        }
        for wrong in [
            "",
            "5",
            "m5",
            "5m1h",
            "1.5h",
            "-5m",
            "0s",
            "5 m",
            "99999999999999999999y",
            "5M",
            "1h1h",
        ] {
            assert!(wrong.parse::<PromDuration>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_and_values_are_kept_apart() {
        assert!(metric("1up").is_err());
        assert!(metric("a-b").is_err());
        assert!(metric("job:x:rate5m").is_ok());
        assert!(metric("up").unwrap().with("a:b", "x").is_err());
        let odd = metric("up").unwrap().with("job", "it's \\ a\nb").unwrap();
        assert_eq!(odd.to_string(), r"up{job='it\'s \\ a\nb'}");
        let ago = metric("up")
            .unwrap()
            .offset("1w".parse().unwrap())
            .over("5m".parse().unwrap());
        assert_eq!(ago.to_string(), "up[5m] offset 7d");
    }
}
