//! Go's time layouts: the reference time `Mon Jan 2 15:04:05 MST 2006`, formatted and parsed.

use std::fmt::Write as _;

use super::dates::{Civil, MONTHS, Time, WEEKDAYS, Zone, days_in_month};
use crate::text::quote::quoted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Pm,
    LowerPm,
    ZoneName,
    Offset(Offset),
    /// Digits behind the second, all of them or only as far as they are not zero.
    Fraction {
        digits: usize,
        trim: bool,
        separator: u8,
    },
}

/// How an offset is written: with `Z` for UTC, with colons, and down to hours, minutes or seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    iso: bool,
    colon: bool,
    parts: u8,
}

/// The text before the next part of a layout, the part, its text, and the rest.
fn next_part(layout: &str) -> Option<(&str, Part, &str, &str)> {
    let bytes = layout.as_bytes();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        let found = match rest[0] {
            b'J' if rest.starts_with(b"January") => Some((Part::LongMonth, 7)),
            b'J' if rest.starts_with(b"Jan") && !rest.get(3).is_some_and(u8::is_ascii_lowercase) => {
                Some((Part::Month, 3))
            }
            b'M' if rest.starts_with(b"Monday") => Some((Part::LongWeekday, 6)),
            b'M' if rest.starts_with(b"Mon") && !rest.get(3).is_some_and(u8::is_ascii_lowercase) => {
                Some((Part::Weekday, 3))
            }
            b'M' if rest.starts_with(b"MST") => Some((Part::ZoneName, 3)),
            b'0' if rest.starts_with(b"002") => Some((Part::ZeroYearDay, 3)),
            b'0' => match rest.get(1) {
                Some(b'1') => Some((Part::ZeroMonth, 2)),
                Some(b'2') => Some((Part::ZeroDay, 2)),
                Some(b'3') => Some((Part::ZeroHour12, 2)),
                Some(b'4') => Some((Part::ZeroMinute, 2)),
                Some(b'5') => Some((Part::ZeroSecond, 2)),
                Some(b'6') => Some((Part::Year, 2)),
                _ => None,
            },
            b'1' if rest.starts_with(b"15") => Some((Part::Hour, 2)),
            b'1' => Some((Part::NumMonth, 1)),
            b'2' if rest.starts_with(b"2006") => Some((Part::LongYear, 4)),
            b'2' => Some((Part::Day, 1)),
            // `_2006` is an underscore and the year.
            b'_' if rest.starts_with(b"_2006") => {
                return Some((&layout[..=at], Part::LongYear, "2006", &layout[at + 5..]));
            }
            b'_' if rest.starts_with(b"_2") => Some((Part::UnderDay, 2)),
            b'_' if rest.starts_with(b"__2") => Some((Part::UnderYearDay, 3)),
            b'3' => Some((Part::Hour12, 1)),
            b'4' => Some((Part::Minute, 1)),
            b'5' => Some((Part::Second, 1)),
            b'P' if rest.starts_with(b"PM") => Some((Part::Pm, 2)),
            b'p' if rest.starts_with(b"pm") => Some((Part::LowerPm, 2)),
            b'-' | b'Z' => offset(rest),
            b'.' | b',' => fraction(layout, at),
            _ => None,
        };
        if let Some((part, length)) = found {
            return Some((
                &layout[..at],
                part,
                &layout[at..at + length],
                &layout[at + length..],
            ));
        }
    }
    None
}

fn offset(rest: &[u8]) -> Option<(Part, usize)> {
    let iso = rest[0] == b'Z';
    let digits = &rest[1..];
    let (colon, parts, length) = if digits.starts_with(b"07:00:00") {
        (true, 3, 9)
    } else if digits.starts_with(b"07:00") {
        (true, 2, 6)
    } else if digits.starts_with(b"070000") {
        (false, 3, 7)
    } else if digits.starts_with(b"0700") {
        (false, 2, 5)
    } else if digits.starts_with(b"07") {
        (false, 1, 3)
    } else {
        return None;
    };
    Some((Part::Offset(Offset { iso, colon, parts }), length))
}

fn fraction(layout: &str, at: usize) -> Option<(Part, usize)> {
    let bytes = layout.as_bytes();
    let digit = *bytes.get(at + 1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    let digits = bytes[at + 1..].iter().take_while(|byte| **byte == digit).count();
    if bytes.get(at + 1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((
        Part::Fraction {
            digits,
            trim: digit == b'9',
            separator: bytes[at],
        },
        1 + digits,
    ))
}

/// The time in a layout.
pub(super) fn format(time: &Time, mut layout: &str) -> String {
    let civil = time.civil();
    let (offset, name) = time.offset();
    let mut out = String::with_capacity(layout.len() + 10);
    while let Some((before, part, _, rest)) = next_part(layout) {
        out.push_str(before);
        write_part(&mut out, part, &civil, offset, &name);
        layout = rest;
    }
    out.push_str(layout);
    out
}

fn write_part(out: &mut String, part: Part, civil: &Civil, offset: i32, name: &str) {
    let month = MONTHS[usize::from(civil.month.saturating_sub(1)).min(11)];
    let weekday = WEEKDAYS[usize::from(civil.weekday).min(6)];
    let hour12 = match civil.hour % 12 {
        0 => 12,
        hour => hour,
    };
    // Writing to a String cannot fail.
    let _ = match part {
        Part::Year => write!(out, "{:02}", civil.year.rem_euclid(100)),
        Part::LongYear if civil.year < 0 => write!(out, "-{:04}", -civil.year),
        Part::LongYear => write!(out, "{:04}", civil.year),
        Part::Month => write!(out, "{}", &month[..3]),
        Part::LongMonth => write!(out, "{month}"),
        Part::NumMonth => write!(out, "{}", civil.month),
        Part::ZeroMonth => write!(out, "{:02}", civil.month),
        Part::Weekday => write!(out, "{}", &weekday[..3]),
        Part::LongWeekday => write!(out, "{weekday}"),
        Part::Day => write!(out, "{}", civil.day),
        Part::UnderDay => write!(out, "{:2}", civil.day),
        Part::ZeroDay => write!(out, "{:02}", civil.day),
        Part::UnderYearDay => write!(out, "{:3}", civil.year_day),
        Part::ZeroYearDay => write!(out, "{:03}", civil.year_day),
        Part::Hour => write!(out, "{:02}", civil.hour),
        Part::Hour12 => write!(out, "{hour12}"),
        Part::ZeroHour12 => write!(out, "{hour12:02}"),
        Part::Minute => write!(out, "{}", civil.minute),
        Part::ZeroMinute => write!(out, "{:02}", civil.minute),
        Part::Second => write!(out, "{}", civil.second),
        Part::ZeroSecond => write!(out, "{:02}", civil.second),
        Part::Pm => write!(out, "{}", if civil.hour >= 12 { "PM" } else { "AM" }),
        Part::LowerPm => write!(out, "{}", if civil.hour >= 12 { "pm" } else { "am" }),
        Part::ZoneName if name.is_empty() => {
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
            write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
        }
        Part::ZoneName => write!(out, "{name}"),
        Part::Offset(style) => {
            write_offset(out, style, offset);
            Ok(())
        }
        Part::Fraction {
            digits,
            trim,
            separator,
        } => {
            let all = format!("{:09}", civil.nanosecond);
            let mut digits = &all[..digits.min(9)];
            if trim {
                digits = digits.trim_end_matches('0');
            }
            if trim && digits.is_empty() {
                Ok(())
            } else {
                write!(out, "{}{digits}", char::from(separator))
            }
        }
    };
}

fn write_offset(out: &mut String, style: Offset, offset: i32) {
    if style.iso && offset == 0 {
        out.push('Z');
        return;
    }
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    let colon = if style.colon { ":" } else { "" };
    let _ = write!(out, "{sign}{:02}", seconds / 3600);
    if style.parts > 1 {
        let _ = write!(out, "{colon}{:02}", seconds / 60 % 60);
    }
    if style.parts > 2 {
        let _ = write!(out, "{colon}{:02}", seconds % 60);
    }
}

/// What a text in a layout says, piece by piece.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    year_day: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: Option<String>,
}

/// Go's `time.ParseInLocation`.
pub(super) fn parse(layout: &str, value: &str, local: &jiff::tz::TimeZone) -> Result<Time, String> {
    let mut fields = Fields::default();
    let (mut pattern, mut rest) = (layout, value);
    let mut out_of_range = None;
    loop {
        let next = next_part(pattern);
        let prefix = next.map_or(pattern, |(before, ..)| before);
        let cannot = |rest: &str, element: &str| {
            format!(
                "parsing time {} as {}: cannot parse {} as {}",
                quoted(value),
                quoted(layout),
                quoted(rest),
                quoted(element)
            )
        };
        rest = skip(rest, prefix).ok_or_else(|| cannot(rest, prefix))?;
        let Some((_, part, element, after)) = next else {
            if !rest.is_empty() {
                return Err(format!(
                    "parsing time {}: extra text: {}",
                    quoted(value),
                    quoted(rest)
                ));
            }
            break;
        };
        pattern = after;
        let hold = rest;
        match read_part(&mut fields, part, rest, after) {
            Ok(remaining) => rest = remaining,
            Err(Bad::Syntax) => return Err(cannot(hold, element)),
            Err(Bad::Range(what)) => {
                out_of_range = Some(what);
                break;
            }
        }
    }
    if let Some(what) = out_of_range {
        return Err(format!("parsing time {}: {what} out of range", quoted(value)));
    }
    fields
        .finish(local)
        .map_err(|what| format!("parsing time {}: {what}", quoted(value)))
}

enum Bad {
    Syntax,
    Range(&'static str),
}

/// Takes a literal away from the start of the text; a space in it stands for any number of them.
fn skip<'v>(mut value: &'v str, mut prefix: &str) -> Option<&'v str> {
    while let Some(c) = prefix.chars().next() {
        if c == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return None;
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c)?;
        prefix = &prefix[c.len_utf8()..];
    }
    Some(value)
}

fn read_part<'v>(fields: &mut Fields, part: Part, rest: &'v str, after: &str) -> Result<&'v str, Bad> {
    match part {
        Part::Year => {
            let (year, rest) = digits(rest, 2, 2)?;
            fields.year = i64::from(year) + if year >= 69 { 1900 } else { 2000 };
            Ok(rest)
        }
        Part::LongYear => {
            let (year, rest) = digits(rest, 4, 4)?;
            fields.year = i64::from(year);
            Ok(rest)
        }
        Part::Month | Part::LongMonth => {
            let length = if part == Part::Month { 3 } else { 9 };
            let (index, rest) = name(rest, &MONTHS, length)?;
            fields.month = Some(index + 1);
            Ok(rest)
        }
        Part::NumMonth | Part::ZeroMonth => {
            let (month, rest) = digits(rest, if part == Part::ZeroMonth { 2 } else { 1 }, 2)?;
            let month = u8::try_from(month).unwrap_or(0);
            if !(1..=12).contains(&month) {
                return Err(Bad::Range("month"));
            }
            fields.month = Some(month);
            Ok(rest)
        }
        Part::Weekday => name(rest, &WEEKDAYS, 3).map(|(_, rest)| rest),
        Part::LongWeekday => name(rest, &WEEKDAYS, 9).map(|(_, rest)| rest),
        Part::Day | Part::UnderDay | Part::ZeroDay => {
            let rest = if part == Part::UnderDay {
                rest.strip_prefix(' ').unwrap_or(rest)
            } else {
                rest
            };
            let (day, rest) = digits(rest, if part == Part::ZeroDay { 2 } else { 1 }, 2)?;
            fields.day = u8::try_from(day).ok();
            Ok(rest)
        }
        Part::UnderYearDay | Part::ZeroYearDay => {
            let mut rest = rest;
            let mut least = 3;
            while part == Part::UnderYearDay && least > 1 && rest.starts_with(' ') {
                rest = &rest[1..];
                least -= 1;
            }
            let (day, rest) = digits(rest, least, 3)?;
            fields.year_day = u16::try_from(day).ok();
            Ok(rest)
        }
        Part::Hour => limited(rest, 2, 24, "hour").map(|(hour, rest)| {
            fields.hour = hour;
            rest
        }),
        Part::Hour12 | Part::ZeroHour12 => {
            limited(rest, if part == Part::ZeroHour12 { 2 } else { 1 }, 13, "hour").map(|(hour, rest)| {
                fields.hour = hour;
                rest
            })
        }
        Part::Minute | Part::ZeroMinute => {
            limited(rest, if part == Part::ZeroMinute { 2 } else { 1 }, 60, "minute").map(|(minute, rest)| {
                fields.minute = minute;
                rest
            })
        }
        Part::Second | Part::ZeroSecond => {
            let least = if part == Part::ZeroSecond { 2 } else { 1 };
            let (second, rest) = limited(rest, least, 60, "second")?;
            fields.second = second;
            // A fraction is read also where the layout has none.
            let bytes = rest.as_bytes();
            let fractional = bytes.len() >= 2 && matches!(bytes[0], b'.' | b',') && bytes[1].is_ascii_digit();
            if fractional && !matches!(next_part(after), Some((_, Part::Fraction { .. }, ..))) {
                let length = 1 + bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                fields.nanosecond = nanoseconds(&rest[1..length])?;
                return Ok(&rest[length..]);
            }
            Ok(rest)
        }
        Part::Pm | Part::LowerPm => {
            let (word, after) = rest.split_at_checked(2).ok_or(Bad::Syntax)?;
            fields.pm = Some(match (word, part) {
                ("PM", Part::Pm) | ("pm", Part::LowerPm) => true,
                ("AM", Part::Pm) | ("am", Part::LowerPm) => false,
                _ => return Err(Bad::Syntax),
            });
            Ok(after)
        }
        Part::Offset(style) => read_offset(fields, style, rest),
        Part::ZoneName => read_zone(fields, rest),
        Part::Fraction {
            digits, trim: false, ..
        } => {
            let text = rest.get(..=digits).ok_or(Bad::Syntax)?;
            if !text.starts_with(['.', ',']) {
                return Err(Bad::Syntax);
            }
            fields.nanosecond = nanoseconds(&text[1..])?;
            Ok(&rest[digits + 1..])
        }
        Part::Fraction { trim: true, .. } => {
            let bytes = rest.as_bytes();
            if bytes.len() < 2 || !matches!(bytes[0], b'.' | b',') || !bytes[1].is_ascii_digit() {
                return Ok(rest);
            }
            let length = 1 + bytes[1..]
                .iter()
                .take(9)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            fields.nanosecond = nanoseconds(&rest[1..length])?;
            Ok(&rest[length..])
        }
    }
}

fn read_offset<'v>(fields: &mut Fields, style: Offset, rest: &'v str) -> Result<&'v str, Bad> {
    if style.iso && rest.starts_with('Z') {
        fields.utc = true;
        return Ok(&rest[1..]);
    }
    let length = match (style.parts, style.colon) {
        (1, _) => 3,
        (2, false) => 5,
        (2, true) => 6,
        (_, false) => 7,
        (_, true) => 9,
    };
    let text = rest.get(..length).ok_or(Bad::Syntax)?;
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return Err(Bad::Syntax),
    };
    let mut numbers = [0; 3];
    let mut at = 1;
    for (index, number) in numbers.iter_mut().take(usize::from(style.parts)).enumerate() {
        if index > 0 && style.colon {
            if text.as_bytes().get(at) != Some(&b':') {
                return Err(Bad::Syntax);
            }
            at += 1;
        }
        let (value, _) = digits(text.get(at..).unwrap_or(""), 2, 2)?;
        *number = i32::try_from(value).unwrap_or(0);
        at += 2;
    }
    let [hours, minutes, seconds] = numbers;
    if hours > 24 {
        return Err(Bad::Range("time zone offset hour"));
    }
    if minutes > 60 {
        return Err(Bad::Range("time zone offset minute"));
    }
    if seconds > 60 {
        return Err(Bad::Range("time zone offset second"));
    }
    fields.offset = Some(sign * (hours * 3600 + minutes * 60 + seconds));
    Ok(&rest[length..])
}

fn read_zone<'v>(fields: &mut Fields, rest: &'v str) -> Result<&'v str, Bad> {
    if let Some(after) = rest.strip_prefix("UTC") {
        fields.utc = true;
        return Ok(after);
    }
    let length = zone_length(rest).ok_or(Bad::Syntax)?;
    fields.zone = Some(rest[..length].to_owned());
    Ok(&rest[length..])
}

/// How long the abbreviation of a time zone is, if it looks like one.
fn zone_length(text: &str) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(offset) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(offset).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return signed_hours(text);
    }
    let upper = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match upper {
        5 if text.as_bytes()[4] == b'T' => Some(5),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

fn signed_hours(text: &str) -> Option<usize> {
    text.starts_with(['+', '-']).then_some(())?;
    let digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let hours: u32 = text[1..=digits].parse().ok()?;
    (hours <= 23).then_some(1 + digits)
}

impl Fields {
    fn finish(mut self, local: &jiff::tz::TimeZone) -> Result<Time, String> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            let leap = days_in_month(self.year, 2) == 29;
            if year_day < 1 || year_day > 365 + u16::from(leap) {
                return Err("day-of-year out of range".to_owned());
            }
            let (mut month, mut day) = (1, year_day);
            while day > u16::from(days_in_month(self.year, month)) {
                day -= u16::from(days_in_month(self.year, month));
                month += 1;
            }
            let day = u8::try_from(day).unwrap_or(0);
            if self.month.is_some_and(|given| given != month) {
                return Err("day-of-year does not match month".to_owned());
            }
            if self.day.is_some_and(|given| given != day) {
                return Err("day-of-year does not match day".to_owned());
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in_month(self.year, month) {
            return Err("day out of range".to_owned());
        }
        let civil = Civil {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
            ..Civil::default()
        };
        let seconds = civil.seconds();
        let at = |seconds, zone| Time::new(seconds, self.nanosecond, zone);
        if self.utc {
            return Ok(at(seconds, Zone::Utc));
        }
        let local = Zone::Region(local.clone());
        if let Some(offset) = self.offset {
            let seconds = seconds - i64::from(offset);
            let (actual, name) = at(seconds, local.clone()).offset();
            if actual == offset && self.zone.as_deref().is_none_or(|zone| zone == name) {
                return Ok(at(seconds, local));
            }
            return Ok(at(
                seconds,
                Zone::Fixed {
                    offset,
                    name: self.zone.unwrap_or_default(),
                },
            ));
        }
        if let Some(name) = self.zone {
            let here = Time::from_civil_seconds(seconds, self.nanosecond, &local);
            if here.offset().1 == name {
                return Ok(here);
            }
            let offset = name
                .strip_prefix("GMT")
                .and_then(|hours| hours.parse::<i32>().ok())
                .map_or(0, |hours| hours * 3600);
            return Ok(at(seconds, Zone::Fixed { offset: 0, name }).shifted(offset));
        }
        Ok(Time::from_civil_seconds(seconds, self.nanosecond, &local))
    }
}

fn digits(text: &str, least: usize, most: usize) -> Result<(u32, &str), Bad> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return Err(Bad::Syntax);
    }
    text[..count]
        .parse()
        .map(|number| (number, &text[count..]))
        .map_err(|_| Bad::Syntax)
}

fn limited<'v>(text: &'v str, least: usize, limit: u32, what: &'static str) -> Result<(u8, &'v str), Bad> {
    let (number, rest) = digits(text, least, 2)?;
    if number >= limit {
        return Err(Bad::Range(what));
    }
    Ok((u8::try_from(number).unwrap_or(0), rest))
}

fn name<'v>(text: &'v str, names: &[&str], length: usize) -> Result<(u8, &'v str), Bad> {
    for (name, index) in names.iter().zip(0..) {
        let name = &name[..name.len().min(length)];
        if text
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            return Ok((index, &text[name.len()..]));
        }
    }
    Err(Bad::Syntax)
}

fn nanoseconds(digits: &str) -> Result<u32, Bad> {
    let digits = &digits[..digits.len().min(9)];
    let number: u32 = digits.parse().map_err(|_| Bad::Syntax)?;
    Ok(number * 10_u32.pow(9 - u32::try_from(digits.len()).unwrap_or(9)))
}
