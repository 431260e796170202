//! Why an expression cannot be read, in the words of the program that reads it.

use std::fmt;

use super::CronDialect;
use crate::GoDurationError;

/// Why an expression cannot be read. The texts are those of robfig/cron or go-cron, whichever [dialect](CronDialect) was asked
/// for, so that they can be compared with what a controller logs or puts into a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CronError {
    /// There is nothing.
    #[error("empty spec string")]
    Empty,
    /// go-cron reads no more than 1024 bytes.
    #[error("spec too long: {length} > 1024")]
    TooLong {
        /// How many bytes there are.
        length: usize,
    },
    /// The zone behind `TZ=` or `CRON_TZ=` is not in the time zone database (names are case-sensitive, as in Go).
    #[error("{}: unknown time zone {}", .name.as_zone(), .name.as_str())]
    UnknownTimeZone {
        /// The name.
        name: Excerpt,
    },
    /// The zone behind `TZ=` or `CRON_TZ=` is a path and not a name.
    #[error("{}: time: invalid location name", .name.as_zone())]
    InvalidTimeZone {
        /// The name.
        name: Excerpt,
    },
    /// go-cron wants a name behind `TZ=`; robfig/cron takes none for UTC.
    #[error("invalid timezone \"\": empty timezone string")]
    EmptyTimeZone,
    /// go-cron takes no more than 64 bytes for a zone.
    #[error("invalid timezone {name}: timezone string too long (max 64 chars)")]
    LongTimeZone {
        /// The name.
        name: Excerpt,
    },
    /// go-cron takes letters, digits and `/_-+:` in a zone.
    #[error("invalid timezone {name}: invalid character {} at position {position} in timezone", quote_char(*.character))]
    TimeZoneCharacter {
        /// The name.
        name: Excerpt,
        /// The character.
        character: char,
        /// Its place, in bytes.
        position: usize,
    },
    /// There is a zone and nothing behind it. robfig/cron panics on this; for that dialect the words are ours.
    #[error("{}", only_time_zone(.found))]
    OnlyTimeZone {
        /// The text; for go-cron, which trims first, the zone where blanks follow it.
        found: Excerpt,
    },
    /// More or fewer than five fields.
    #[error("expected exactly 5 fields, found {}: [{}]", .found.len(), .found.join(" "))]
    FieldCount {
        /// The fields.
        found: Vec<String>,
    },
    /// Something that is neither a number nor a name of this field.
    #[error("failed to parse int from {found}: strconv.Atoi: parsing {}: {problem}", quote(.found.as_str()))]
    NotANumber {
        /// The text.
        found: Excerpt,
        /// What is wrong with it.
        problem: NumberSyntax,
    },
    /// A step below zero.
    #[error("negative number ({number}) not allowed: {found}")]
    Negative {
        /// The number.
        number: i64,
        /// The text.
        found: Excerpt,
    },
    /// A range with more than two ends.
    #[error("too many hyphens: {range}")]
    TooManyHyphens {
        /// The range.
        range: Excerpt,
    },
    /// A range with more than one step.
    #[error("too many slashes: {range}")]
    TooManySlashes {
        /// The range.
        range: Excerpt,
    },
    /// A range that starts below the field's least value.
    #[error("beginning of range ({start}) below minimum ({minimum}): {range}")]
    BelowMinimum {
        /// Where the range starts.
        start: u64,
        /// The field's least value.
        minimum: u64,
        /// The range.
        range: Excerpt,
    },
    /// A range that ends above the field's greatest value.
    #[error("end of range ({end}) above maximum ({maximum}): {range}")]
    AboveMaximum {
        /// Where the range ends.
        end: u64,
        /// The field's greatest value.
        maximum: u64,
        /// The range.
        range: Excerpt,
    },
    /// A range that starts behind its end, such as `FRI-MON`; go-cron goes round the end of the field instead.
    #[error("beginning of range ({start}) beyond end of range ({end}): {range}")]
    Reversed {
        /// Where the range starts.
        start: u64,
        /// Where the range ends.
        end: u64,
        /// The range.
        range: Excerpt,
    },
    /// A step of zero.
    #[error("step of range {} be a positive number: {range}", .range.must())]
    ZeroStep {
        /// The range.
        range: Excerpt,
    },
    /// go-cron wants a second value within the range.
    #[error("step ({step}) must be less than range size ({size}): {range}")]
    LongStep {
        /// The step.
        step: u64,
        /// How many values the range has.
        size: u64,
        /// The range.
        range: Excerpt,
    },
    /// Jenkins' `H`, which go-cron knows and Velero has not turned on.
    #[error("h expressions require hash option to be enabled")]
    Hash,
    /// Quartz' `L` and `W` in the day of month, which go-cron knows and Velero has not turned on.
    #[error(
        "extended day-of-month syntax requires DomL option (for L, L-n) or DomW option (for nW, LW) to be enabled"
    )]
    ExtendedDayOfMonth,
    /// Quartz' `#` in the day of week, which go-cron knows and Velero has not turned on.
    #[error("#n/#L syntax requires DowNth or DowLast option to be enabled")]
    ExtendedDayOfWeek,
    /// An `@` word that does not exist. They are case-sensitive.
    #[error("unrecognized descriptor: {found}")]
    UnknownDescriptor {
        /// The word.
        found: Excerpt,
    },
    /// `@every` with something that is not a Go duration.
    #[error("failed to parse duration {found}: {problem}")]
    Duration {
        /// The whole of it, `@every` included.
        found: Excerpt,
        /// What is wrong with it.
        problem: GoDurationError,
    },
    /// `@every` with less than a second, of which robfig/cron makes one.
    #[error("@every duration must be at least 1s: {found}")]
    ShortDuration {
        /// The whole of it, `@every` included.
        found: Excerpt,
    },
}

/// A part of an expression, shown as the errors of a dialect show it: robfig/cron's as it stands, go-cron's in quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    text: String,
    dialect: CronDialect,
}

impl Excerpt {
    pub(super) fn new(text: &str, dialect: CronDialect) -> Self {
        Self {
            text: text.to_owned(),
            dialect,
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn as_zone(&self) -> String {
        match self.dialect {
            CronDialect::Robfig3 => format!("provided bad location {}", self.text),
            CronDialect::GoCron => format!("unknown time zone {self}"),
        }
    }

    fn must(&self) -> &'static str {
        match self.dialect {
            CronDialect::Robfig3 => "should",
            CronDialect::GoCron => "must",
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dialect {
            CronDialect::Robfig3 => f.write_str(&self.text),
            CronDialect::GoCron => f.write_str(&quote(&self.text)),
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn only_time_zone(found: &Excerpt) -> String {
    match found.dialect {
        CronDialect::Robfig3 => format!("a time zone without an expression: {found}"),
        CronDialect::GoCron if found.text.contains('=') => {
            format!("missing fields after timezone in spec {found}")
        }
        CronDialect::GoCron => format!("missing fields after timezone {found}"),
    }
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

/// Go's `strconv.Quote`.
fn quote(text: &str) -> String {
    let inner: String = text.chars().map(|c| escape(c, '"')).collect();
    format!("\"{inner}\"")
}

/// Go's `strconv.QuoteRune`.
fn quote_char(c: char) -> String {
    format!("'{}'", escape(c, '\''))
}

fn escape(c: char, quote: char) -> String {
    match c {
        '\\' => "\\\\".to_owned(),
        c if c == quote => format!("\\{c}"),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        // Go prints no other blank than the space.
        c if c.is_control() || c != ' ' && c.is_whitespace() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}
