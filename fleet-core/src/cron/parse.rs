//! From an expression to its fields, with the errors of the program that reads it.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::error::{CronError, Excerpt, NumberSyntax};
use super::{CronDialect, Fields, Rule};
use crate::GoDuration;

pub(super) struct Parsed {
    /// The expression's own zone.
    pub(super) time_zone: Option<TimeZone>,
    pub(super) rule: Rule,
}

/// Reads an expression as the standard parser of this dialect does.
pub(super) fn parse(expression: &str, dialect: CronDialect) -> Result<Parsed, CronError> {
    /// go-cron's bound.
    const LONGEST: usize = 1024;
    if expression.is_empty() {
        return Err(CronError::Empty);
    }
    if dialect == CronDialect::GoCron && expression.len() > LONGEST {
        return Err(CronError::TooLong {
            length: expression.len(),
        });
    }
    let reader = Reader { dialect };
    let (time_zone, rest) = reader.time_zone(expression)?;
    let rule = if rest.starts_with('@') {
        reader.descriptor(rest)?
    } else {
        reader.fields(rest)?
    };
    Ok(Parsed { time_zone, rule })
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

/// Sunday is also 7.
const DAY_OF_WEEK_TO_7: Bounds = Bounds {
    maximum: 7,
    ..DAY_OF_WEEK
};

#[derive(Default)]
struct Values {
    bits: u64,
    star: bool,
}

/// Reads with one dialect's rules and words.
struct Reader {
    dialect: CronDialect,
}

impl Reader {
    fn excerpt(&self, text: &str) -> Excerpt {
        Excerpt::new(text, self.dialect)
    }

    fn is_go_cron(&self) -> bool {
        self.dialect == CronDialect::GoCron
    }

    /// The zone in front of an expression, and the rest of it.
    fn time_zone<'a>(&self, expression: &'a str) -> Result<(Option<TimeZone>, &'a str), CronError> {
        let Some(after) = expression
            .strip_prefix("TZ=")
            .or_else(|| expression.strip_prefix("CRON_TZ="))
        else {
            return Ok((None, expression));
        };
        let Some((name, rest)) = after.split_once(' ') else {
            return Err(CronError::OnlyTimeZone {
                found: self.excerpt(expression),
            });
        };
        let name = if self.is_go_cron() {
            self.check_zone_name(unquoted(name))?
        } else {
            name
        };
        let zone = self.location(name)?;
        let rest = rest.trim();
        if rest.is_empty() && self.is_go_cron() {
            return Err(CronError::OnlyTimeZone {
                found: self.excerpt(name),
            });
        }
        Ok((zone, rest))
    }

    fn check_zone_name<'a>(&self, name: &'a str) -> Result<&'a str, CronError> {
        const LONGEST: usize = 64;
        if name.is_empty() {
            return Err(CronError::EmptyTimeZone);
        }
        if name.len() > LONGEST {
            return Err(CronError::LongTimeZone {
                name: self.excerpt(name),
            });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_-+:".contains(c);
        match name.char_indices().find(|(_, c)| !allowed(*c)) {
            Some((position, character)) => Err(CronError::TimeZoneCharacter {
                name: self.excerpt(name),
                character,
                position,
            }),
            None => Ok(name),
        }
    }

    /// Go's `LoadLocation`. `Local` is the zone of the caller, so none of the expression's own.
    fn location(&self, name: &str) -> Result<Option<TimeZone>, CronError> {
        match name {
            "" | "UTC" => return Ok(Some(TimeZone::UTC)),
            "Local" => return Ok(None),
            _ => {}
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err(CronError::InvalidTimeZone {
                name: self.excerpt(name),
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
                name: self.excerpt(name),
            })
    }

    fn fields(&self, text: &str) -> Result<Rule, CronError> {
        let found: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day_of_month, month, day_of_week] = found[..] else {
            return Err(CronError::FieldCount {
                found: found.into_iter().map(str::to_owned).collect(),
            });
        };
        match self.dialect {
            CronDialect::Robfig3 => {
                let minute = self.field(minute, &MINUTE)?;
                let hour = self.field(hour, &HOUR)?;
                let day_of_month = self.field(day_of_month, &DAY_OF_MONTH)?;
                let month = self.field(month, &MONTH)?;
                let day_of_week = self.field(day_of_week, &DAY_OF_WEEK)?;
                Ok(Rule::Fields(Fields {
                    minute: minute.bits,
                    hour: hour.bits,
                    day_of_month: day_of_month.bits,
                    month: month.bits,
                    day_of_week: day_of_week.bits,
                    both_days: day_of_month.star || day_of_week.star,
                    skipped_hour_runs: false,
                }))
            }
            CronDialect::GoCron => {
                let hashed = |part: &str| part.starts_with('H');
                if found.iter().any(|field| field.split(',').any(hashed)) {
                    return Err(CronError::Hash);
                }
                // In this order, which is that of the errors.
                let minute = self.field(minute, &MINUTE)?.bits;
                let hour = self.field(hour, &HOUR)?.bits;
                let month = self.field(month, &MONTH)?.bits;
                if day_of_month.contains(['l', 'L', 'w', 'W']) {
                    return Err(CronError::ExtendedDayOfMonth);
                }
                let day_of_month = self.field(day_of_month, &DAY_OF_MONTH)?.bits;
                if day_of_week.contains('#') {
                    return Err(CronError::ExtendedDayOfWeek);
                }
                let day_of_week = self.field(day_of_week, &DAY_OF_WEEK_TO_7)?.bits;
                Ok(Rule::Fields(Fields {
                    minute,
                    hour,
                    day_of_month,
                    month,
                    day_of_week: (day_of_week | day_of_week >> 7) & 0x7f,
                    both_days: true,
                    skipped_hour_runs: true,
                }))
            }
        }
    }

    fn field(&self, text: &str, bounds: &Bounds) -> Result<Values, CronError> {
        let mut values = Values::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let part = self.range(part, bounds)?;
            values.bits |= part.bits;
            values.star |= part.star;
        }
        Ok(values)
    }

    fn range(&self, text: &str, bounds: &Bounds) -> Result<Values, CronError> {
        let range = || self.excerpt(text);
        let mut slashes = text.split('/');
        let ends_text = slashes.next().unwrap_or_default();
        let ends: Vec<&str> = ends_text.split('-').collect();
        let star = matches!(ends.first(), Some(&("*" | "?")));
        let (start, mut end) = match ends[..] {
            _ if star => (bounds.minimum, bounds.maximum),
            [only] => {
                let only = self.value(only, bounds)?;
                (only, only)
            }
            [start, end] => (self.value(start, bounds)?, self.value(end, bounds)?),
            [start, ..] => {
                // The first end is read before the hyphens are counted, so its error comes first.
                self.value(start, bounds)?;
                // go-cron shows the ends alone.
                let shown = if self.is_go_cron() { ends_text } else { text };
                return Err(CronError::TooManyHyphens {
                    range: self.excerpt(shown),
                });
            }
            [] => (bounds.minimum, bounds.maximum),
        };
        let step = match (slashes.next(), slashes.next()) {
            (None, _) => 1,
            (Some(step), None) => {
                let step = self.number(step)?;
                if ends.len() == 1 {
                    end = bounds.maximum;
                }
                step
            }
            (Some(_), Some(_)) => return Err(CronError::TooManySlashes { range: range() }),
        };
        if start < bounds.minimum {
            return Err(CronError::BelowMinimum {
                start,
                minimum: bounds.minimum,
                range: range(),
            });
        }
        if end > bounds.maximum {
            return Err(CronError::AboveMaximum {
                end,
                maximum: bounds.maximum,
                range: range(),
            });
        }
        let bits = match self.dialect {
            CronDialect::Robfig3 if start > end => {
                return Err(CronError::Reversed {
                    start,
                    end,
                    range: range(),
                });
            }
            _ if step == 0 => return Err(CronError::ZeroStep { range: range() }),
            CronDialect::Robfig3 => steps(start, end, step).fold(0, |bits, at| bits | 1 << at),
            CronDialect::GoCron => round(start, end, step, bounds).map_err(|size| CronError::LongStep {
                step,
                size,
                range: range(),
            })?,
        };
        Ok(Values {
            bits,
            star: star && step == 1,
        })
    }

    fn value(&self, text: &str, bounds: &Bounds) -> Result<u64, CronError> {
        let lower = text.to_lowercase();
        match bounds.names.iter().position(|name| *name == lower) {
            Some(place) => Ok(bounds.minimum + place as u64),
            None => self.number(text),
        }
    }

    /// Go's `Atoi`, and no negative numbers.
    fn number(&self, text: &str) -> Result<u64, CronError> {
        let refuse = |problem| CronError::NotANumber {
            found: self.excerpt(text),
            problem,
        };
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse(NumberSyntax::Invalid));
        }
        let number: i64 = text.parse().map_err(|_| refuse(NumberSyntax::OutOfRange))?;
        u64::try_from(number).map_err(|_| CronError::Negative {
            number,
            found: self.excerpt(text),
        })
    }

    fn descriptor(&self, text: &str) -> Result<Rule, CronError> {
        let fixed = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            // Run by hand only, says go-cron.
            "@triggered" | "@manual" | "@none" if self.is_go_cron() => return Ok(Rule::Never),
            _ => {
                return match text.strip_prefix("@every ") {
                    Some(duration) => self.every(text, duration),
                    None => Err(CronError::UnknownDescriptor {
                        found: self.excerpt(text),
                    }),
                };
            }
        };
        self.fields(fixed)
    }

    /// Whole seconds, rounded down.
    fn every(&self, text: &str, duration: &str) -> Result<Rule, CronError> {
        let duration = GoDuration::from(duration)
            .parse()
            .map_err(|problem| CronError::Duration {
                found: self.excerpt(text),
                problem,
            })?;
        if self.is_go_cron() && duration < SignedDuration::from_secs(1) {
            return Err(CronError::ShortDuration {
                found: self.excerpt(text),
            });
        }
        Ok(Rule::Every(SignedDuration::from_secs(duration.as_secs().max(1))))
    }
}

/// A name without a pair of quotes around it.
fn unquoted(name: &str) -> &str {
    let within = |quote: char| name.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(name)
}

fn steps(start: u64, end: u64, step: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(start), move |at| at.checked_add(step)).take_while(move |at| *at <= end)
}

/// The values of a range that may go round the end of its field, or the size that the step is too long for.
///
/// Only the end is known to be within the field: go-cron counts with 64 bits that wrap, and `25-3` of hours is 1, 2 and 3.
fn round(start: u64, end: u64, step: u64, bounds: &Bounds) -> Result<u64, u64> {
    let Bounds { minimum, maximum, .. } = *bounds;
    let size = if start > end {
        let behind = maximum.wrapping_sub(start).wrapping_add(1);
        behind.wrapping_add(end.wrapping_sub(minimum).wrapping_add(1))
    } else {
        end - start + 1
    };
    if step > 1 && step >= size {
        return Err(size);
    }
    if start <= end {
        return Ok(steps(start, end, step).fold(0, |bits, at| bits | 1 << at));
    }
    let values = maximum - minimum + 1;
    let wrapped = |at: u64| {
        if at > maximum {
            (at - minimum) % values + minimum
        } else {
            at
        }
    };
    Ok(steps(start, end + values, step).fold(0, |bits, at| bits | 1 << wrapped(at)))
}
