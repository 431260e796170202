//! From an expression to its fields, with robfig/cron's errors.

use std::fmt;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::{Fields, Rule};

/// Why an expression cannot be read. The texts are robfig/cron's own, so that they can be compared with what a controller logs or
/// puts into a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CronError {
    /// There is nothing.
    #[error("empty spec string")]
    Empty,
    /// The zone behind `TZ=` or `CRON_TZ=` is not in the time zone database (names are case-sensitive, as in Go).
    #[error("provided bad location {name}: unknown time zone {name}")]
    UnknownTimeZone {
        /// The name.
        name: String,
    },
    /// The zone behind `TZ=` or `CRON_TZ=` is a path and not a name.
    #[error("provided bad location {name}: time: invalid location name")]
    InvalidTimeZone {
        /// The name.
        name: String,
    },
    /// There is a zone and nothing behind it. robfig/cron panics on this; the words are ours.
    #[error("a time zone without an expression: {found}")]
    OnlyTimeZone {
        /// The text.
        found: String,
    },
    /// More or fewer than five fields.
    #[error("expected exactly 5 fields, found {}: [{}]", .found.len(), .found.join(" "))]
    FieldCount {
        /// The fields.
        found: Vec<String>,
    },
    /// Something that is neither a number nor a name of this field.
    #[error("failed to parse int from {found}: strconv.Atoi: parsing {}: {problem}", quote(.found))]
    NotANumber {
        /// The text.
        found: String,
        /// What is wrong with it.
        problem: NumberSyntax,
    },
    /// A step below zero.
    #[error("negative number ({number}) not allowed: {found}")]
    Negative {
        /// The number.
        number: i64,
        /// The text.
        found: String,
    },
    /// A range with more than two ends.
    #[error("too many hyphens: {range}")]
    TooManyHyphens {
        /// The range.
        range: String,
    },
    /// A range with more than one step.
    #[error("too many slashes: {range}")]
    TooManySlashes {
        /// The range.
        range: String,
    },
    /// A range that starts below the field's least value.
    #[error("beginning of range ({start}) below minimum ({minimum}): {range}")]
    BelowMinimum {
        /// Where the range starts.
        start: u64,
        /// The field's least value.
        minimum: u64,
        /// The range.
        range: String,
    },
    /// A range that ends above the field's greatest value.
    #[error("end of range ({end}) above maximum ({maximum}): {range}")]
    AboveMaximum {
        /// Where the range ends.
        end: u64,
        /// The field's greatest value.
        maximum: u64,
        /// The range.
        range: String,
    },
    /// A range that starts behind its end, such as `FRI-MON`.
    #[error("beginning of range ({start}) beyond end of range ({end}): {range}")]
    Reversed {
        /// Where the range starts.
        start: u64,
        /// Where the range ends.
        end: u64,
        /// The range.
        range: String,
    },
    /// A step of zero.
    #[error("step of range should be a positive number: {range}")]
    ZeroStep {
        /// The range.
        range: String,
    },
    /// An `@` word that does not exist. They are case-sensitive.
    #[error("unrecognized descriptor: {found}")]
    UnknownDescriptor {
        /// The word.
        found: String,
    },
    /// `@every` with something that is not a Go duration.
    #[error("failed to parse duration {found}: time: {problem} duration {}", quote_ascii(duration_of(.found)))]
    Duration {
        /// The whole of it, `@every` included.
        found: String,
        /// What is wrong with it.
        problem: DurationSyntax,
    },
}

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberSyntax {
    /// It is not a number.
    Invalid,
    /// It does not fit into 64 bits.
    OutOfRange,
}

impl fmt::Display for NumberSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid syntax",
            Self::OutOfRange => "value out of range",
        })
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
            Self::UnknownUnit(unit) => write!(f, "unknown unit {} in", quote_ascii(unit)),
        }
    }
}

pub(super) struct Parsed {
    /// The expression's own zone.
    pub(super) time_zone: Option<TimeZone>,
    pub(super) rule: Rule,
}

/// Reads an expression as robfig/cron's standard parser does.
pub(super) fn robfig(expression: &str) -> Result<Parsed, CronError> {
    if expression.is_empty() {
        return Err(CronError::Empty);
    }
    let mut time_zone = None;
    let mut rest = expression;
    if let Some(after) = expression
        .strip_prefix("TZ=")
        .or_else(|| expression.strip_prefix("CRON_TZ="))
    {
        let Some((name, after)) = after.split_once(' ') else {
            return Err(CronError::OnlyTimeZone {
                found: expression.to_owned(),
            });
        };
        time_zone = location(name)?;
        rest = after.trim();
    }
    let rule = if rest.starts_with('@') {
        descriptor(rest)?
    } else {
        fields(rest)?
    };
    Ok(Parsed { time_zone, rule })
}

/// Go's `LoadLocation`. `Local` is the zone of the caller, so none of the expression's own.
fn location(name: &str) -> Result<Option<TimeZone>, CronError> {
    match name {
        "" | "UTC" => return Ok(Some(TimeZone::UTC)),
        "Local" => return Ok(None),
        _ => {}
    }
    if name.contains("..") || name.starts_with(['/', '\\']) {
        return Err(CronError::InvalidTimeZone {
            name: name.to_owned(),
        });
    }
    TimeZone::get(name)
        .ok()
        // jiff takes any case, Go's files do not.
        .filter(|zone| {
            zone.iana_name()
                .is_none_or(|known| known == name || !known.eq_ignore_ascii_case(name))
        })
        .map(Some)
        .ok_or_else(|| CronError::UnknownTimeZone {
            name: name.to_owned(),
        })
}

struct Bounds {
    minimum: u64,
    maximum: u64,
    /// The names of the values from the minimum on.
    names: &'static [&'static str],
}

const MINUTE: Bounds = Bounds {
    minimum: 0,
    maximum: 59,
    names: &[],
};
const HOUR: Bounds = Bounds {
    minimum: 0,
    maximum: 23,
    names: &[],
};
const DAY_OF_MONTH: Bounds = Bounds {
    minimum: 1,
    maximum: 31,
    names: &[],
};
const MONTH: Bounds = Bounds {
    minimum: 1,
    maximum: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const DAY_OF_WEEK: Bounds = Bounds {
    minimum: 0,
    maximum: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

fn fields(text: &str) -> Result<Rule, CronError> {
    let found: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day_of_month, month, day_of_week] = found[..] else {
        return Err(CronError::FieldCount {
            found: found.into_iter().map(str::to_owned).collect(),
        });
    };
    let minute = field(minute, &MINUTE)?;
    let hour = field(hour, &HOUR)?;
    let day_of_month = field(day_of_month, &DAY_OF_MONTH)?;
    let month = field(month, &MONTH)?;
    let day_of_week = field(day_of_week, &DAY_OF_WEEK)?;
    Ok(Rule::Fields(Fields {
        minute: minute.bits,
        hour: hour.bits,
        day_of_month: day_of_month.bits,
        month: month.bits,
        day_of_week: day_of_week.bits,
        starred_day: day_of_month.star || day_of_week.star,
    }))
}

#[derive(Default)]
struct Values {
    bits: u64,
    star: bool,
}

fn field(text: &str, bounds: &Bounds) -> Result<Values, CronError> {
    let mut values = Values::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let part = range(part, bounds)?;
        values.bits |= part.bits;
        values.star |= part.star;
    }
    Ok(values)
}

fn range(text: &str, bounds: &Bounds) -> Result<Values, CronError> {
    let text_of = || text.to_owned();
    let mut slashes = text.split('/');
    let ends: Vec<&str> = slashes.next().unwrap_or_default().split('-').collect();
    let star = matches!(ends.first(), Some(&("*" | "?")));
    let (start, mut end) = match ends[..] {
        _ if star => (bounds.minimum, bounds.maximum),
        [only] => {
            let only = value(only, bounds)?;
            (only, only)
        }
        [start, end] => (value(start, bounds)?, value(end, bounds)?),
        [start, ..] => {
            // The first end is read before the hyphens are counted, so its error comes first.
            value(start, bounds)?;
            return Err(CronError::TooManyHyphens { range: text_of() });
        }
        [] => (bounds.minimum, bounds.maximum),
    };
    let step = match (slashes.next(), slashes.next()) {
        (None, _) => 1,
        (Some(step), None) => {
            let step = number(step)?;
            if ends.len() == 1 {
                end = bounds.maximum;
            }
            step
        }
        (Some(_), Some(_)) => return Err(CronError::TooManySlashes { range: text_of() }),
    };
    if start < bounds.minimum {
        Err(CronError::BelowMinimum {
            start,
            minimum: bounds.minimum,
            range: text_of(),
        })
    } else if end > bounds.maximum {
        Err(CronError::AboveMaximum {
            end,
            maximum: bounds.maximum,
            range: text_of(),
        })
    } else if start > end {
        Err(CronError::Reversed {
            start,
            end,
            range: text_of(),
        })
    } else if step == 0 {
        Err(CronError::ZeroStep { range: text_of() })
    } else {
        let mut bits = 0;
        let mut at = start;
        while at <= end {
            bits |= 1 << at;
            at = at.saturating_add(step);
        }
        Ok(Values {
            bits,
            star: star && step == 1,
        })
    }
}

fn value(text: &str, bounds: &Bounds) -> Result<u64, CronError> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(place) => Ok(bounds.minimum + place as u64),
        None => number(text),
    }
}

/// Go's `Atoi`, and no negative numbers.
fn number(text: &str) -> Result<u64, CronError> {
    let refuse = |problem| CronError::NotANumber {
        found: text.to_owned(),
        problem,
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse(NumberSyntax::Invalid));
    }
    let number: i64 = text.parse().map_err(|_| refuse(NumberSyntax::OutOfRange))?;
    u64::try_from(number).map_err(|_| CronError::Negative {
        number,
        found: text.to_owned(),
    })
}

fn descriptor(text: &str) -> Result<Rule, CronError> {
    let fixed = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            return match text.strip_prefix(EVERY) {
                Some(duration) => every(duration)
                    .map(Rule::Every)
                    .map_err(|problem| CronError::Duration {
                        found: text.to_owned(),
                        problem,
                    }),
                None => Err(CronError::UnknownDescriptor {
                    found: text.to_owned(),
                }),
            };
        }
    };
    fields(fixed)
}

const EVERY: &str = "@every ";

fn duration_of(descriptor: &str) -> &str {
    descriptor.strip_prefix(EVERY).unwrap_or(descriptor)
}

/// Go's `ParseDuration`, rounded down to whole seconds and up to one second.
fn every(text: &str) -> Result<SignedDuration, DurationSyntax> {
    /// Go's overflow bound: 2^63 nanoseconds.
    const LIMIT: u64 = 1 << 63;
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(DurationSyntax::Invalid);
    }
    if rest == "0" {
        rest = "";
    }
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
        // Only whole seconds count in the end, so the last places of a fraction do not.
        let fraction: f64 = format!("0.{fraction}").parse().unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Below the unit's size.
        let fraction = (fraction * size as f64) as u64;
        total = whole
            .checked_mul(size)
            .and_then(|nanoseconds| nanoseconds.checked_add(fraction)?.checked_add(total))
            .filter(|total| *total <= LIMIT)
            .ok_or(DurationSyntax::Invalid)?;
        rest = after;
    }
    if !negative && total == LIMIT {
        return Err(DurationSyntax::Invalid);
    }
    let seconds = if negative { 0 } else { total / 1_000_000_000 };
    Ok(SignedDuration::from_secs(
        i64::try_from(seconds).unwrap_or(i64::MAX).max(1),
    ))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Go's `strconv.Quote`.
fn quote(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() && c.is_ascii() => out.extend(hex("\\x", u32::from(c), 2)),
            c if c.is_control() => out.extend(hex("\\u", u32::from(c), 4)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The quoting of Go's package time: bytes that are not printable ASCII as `\xNN`.
fn quote_ascii(text: &str) -> String {
    let mut out = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => out.push(char::from(byte)),
            byte => out.extend(hex("\\x", byte.into(), 2)),
        }
    }
    out.push('"');
    out
}

fn hex(start: &'static str, code: u32, width: usize) -> [String; 2] {
    [start.to_owned(), format!("{code:0width$x}")]
}
