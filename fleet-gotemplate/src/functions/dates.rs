//! Times and durations: sprig's date functions and the methods of Go's `time` that templates use.

use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Function;
use super::Ty::{Any, Duration, Int, Str, Time as TimeTy};
use super::arg::{int, text};
use super::layout;
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Val};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |cx, _| Ok(now(cx).into())),
    Function::new("date", &[Str, Any], |cx, args| {
        in_zone(cx, &text(args, 0), &args[1], "Local")
    }),
    Function::new("htmlDate", &[Any], |cx, args| {
        in_zone(cx, "2006-01-02", &args[0], "Local")
    }),
    Function::new("htmlDateInZone", &[Any, Str], |cx, args| {
        in_zone(cx, "2006-01-02", &args[0], &text(args, 1))
    }),
    Function::new("dateInZone", &[Str, Any, Str], date_in_zone),
    Function::new("date_in_zone", &[Str, Any, Str], date_in_zone),
    Function::new("dateModify", &[Str, TimeTy], date_modify),
    Function::new("date_modify", &[Str, TimeTy], date_modify),
    Function::new("mustDateModify", &[Str, TimeTy], must_date_modify),
    Function::new("must_date_modify", &[Str, TimeTy], must_date_modify),
    Function::new("ago", &[Any], |cx, args| {
        let since = now(cx).since(&time_of(cx, &args[0]));
        let rounded = round(since, SECOND);
        cx.text(duration_text(rounded))
    }),
    Function::new("duration", &[Any], |cx, args| {
        let seconds = match &args[0].val {
            Val::Str(text) => super::numbers::parse_decimal(&text.as_str()).value_in_bounds(),
            Val::Int64(seconds) => *seconds,
            _ => 0,
        };
        cx.text(duration_text(seconds.wrapping_mul(SECOND)))
    }),
    Function::new("durationRound", &[Any], duration_round),
    Function::new("toDate", &[Str, Str], |cx, args| {
        let parsed = layout::parse(&text(args, 0), &text(args, 1), &cx.env.zone);
        Ok(parsed
            .unwrap_or_else(|_| Time::new(ZERO_SECONDS, 0, Zone::Utc))
            .into())
    }),
    Function::new("mustToDate", &[Str, Str], |cx, args| {
        Ok(layout::parse(&text(args, 0), &text(args, 1), &cx.env.zone)?.into())
    }),
    Function::new("unixEpoch", &[TimeTy], |cx, args| {
        cx.text(receiver(args)?.seconds.to_string())
    }),
];

pub(super) const TIME_METHODS: &[Function] = &[
    Function::new("String", &[TimeTy], |cx, args| {
        cx.text(receiver(args)?.to_string())
    }),
    Function::new("Format", &[TimeTy, Str], |cx, args| {
        let formatted = layout::format(receiver(args)?, &text(args, 1));
        cx.text(formatted)
    }),
    Function::new("Year", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().year))
    }),
    Function::new("Month", &[TimeTy], |_, args| {
        Ok(Val::Month(receiver(args)?.civil().month.cast_signed()))
    }),
    Function::new("Day", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().day.into()))
    }),
    Function::new("Weekday", &[TimeTy], |_, args| {
        Ok(Val::Weekday(receiver(args)?.civil().weekday.cast_signed()))
    }),
    Function::new("YearDay", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().year_day.into()))
    }),
    Function::new("Hour", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().hour.into()))
    }),
    Function::new("Minute", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().minute.into()))
    }),
    Function::new("Second", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.civil().second.into()))
    }),
    Function::new("Nanosecond", &[TimeTy], |_, args| {
        Ok(Val::Int(receiver(args)?.nanoseconds.into()))
    }),
    Function::new("Unix", &[TimeTy], |_, args| {
        Ok(Val::Int64(receiver(args)?.seconds))
    }),
    Function::new("UnixMilli", &[TimeTy], |_, args| {
        Ok(Val::Int64(receiver(args)?.unix(1_000)))
    }),
    Function::new("UnixMicro", &[TimeTy], |_, args| {
        Ok(Val::Int64(receiver(args)?.unix(1_000_000)))
    }),
    Function::new("UnixNano", &[TimeTy], |_, args| {
        Ok(Val::Int64(receiver(args)?.unix(1_000_000_000)))
    }),
    Function::new("UTC", &[TimeTy], |_, args| {
        Ok(receiver(args)?.within(Zone::Utc).into())
    }),
    Function::new("Local", &[TimeTy], |cx, args| {
        Ok(receiver(args)?.within(Zone::Region(cx.env.zone.clone())).into())
    }),
    Function::new("IsZero", &[TimeTy], |_, args| {
        let time = receiver(args)?;
        Ok(Val::Bool(time.seconds == ZERO_SECONDS && time.nanoseconds == 0))
    }),
    Function::new("Before", &[TimeTy, TimeTy], |_, args| {
        Ok(Val::Bool(
            receiver(args)?.instant() < receiver(&args[1..])?.instant(),
        ))
    }),
    Function::new("After", &[TimeTy, TimeTy], |_, args| {
        Ok(Val::Bool(
            receiver(args)?.instant() > receiver(&args[1..])?.instant(),
        ))
    }),
    Function::new("Equal", &[TimeTy, TimeTy], |_, args| {
        Ok(Val::Bool(
            receiver(args)?.instant() == receiver(&args[1..])?.instant(),
        ))
    }),
    Function::new("Compare", &[TimeTy, TimeTy], |_, args| {
        Ok(Val::Int(
            receiver(args)?.instant().cmp(&receiver(&args[1..])?.instant()) as i64,
        ))
    }),
    Function::new("Sub", &[TimeTy, TimeTy], |_, args| {
        Ok(Val::Duration(receiver(args)?.since(receiver(&args[1..])?)))
    }),
    Function::new("Add", &[TimeTy, Duration], |_, args| {
        Ok(receiver(args)?.plus(int(args, 1)).into())
    }),
    Function::new("AddDate", &[TimeTy, Int, Int, Int], |_, args| {
        Ok(receiver(args)?
            .plus_date(int(args, 1), int(args, 2), int(args, 3))
            .into())
    }),
    Function::new("Truncate", &[TimeTy, Duration], |_, args| {
        Ok(receiver(args)?.truncated(int(args, 1)).into())
    }),
];

pub(super) const DURATION_METHODS: &[Function] = &[
    Function::new("String", &[Duration], |cx, args| {
        cx.text(duration_text(int(args, 0)))
    }),
    Function::new("Hours", &[Duration], |_, args| {
        Ok(Val::Float(int(args, 0) as f64 / (3600.0 * 1e9)))
    }),
    Function::new("Minutes", &[Duration], |_, args| {
        Ok(Val::Float(int(args, 0) as f64 / (60.0 * 1e9)))
    }),
    Function::new("Seconds", &[Duration], |_, args| {
        Ok(Val::Float(int(args, 0) as f64 / 1e9))
    }),
    Function::new("Milliseconds", &[Duration], |_, args| {
        Ok(Val::Int64(int(args, 0) / 1_000_000))
    }),
    Function::new("Microseconds", &[Duration], |_, args| {
        Ok(Val::Int64(int(args, 0) / 1_000))
    }),
    Function::new("Nanoseconds", &[Duration], |_, args| Ok(Val::Int64(int(args, 0)))),
    Function::new("Abs", &[Duration], |_, args| {
        Ok(Val::Duration(int(args, 0).saturating_abs()))
    }),
    Function::new("Round", &[Duration, Duration], |_, args| {
        Ok(Val::Duration(round(int(args, 0), int(args, 1))))
    }),
    Function::new("Truncate", &[Duration, Duration], |_, args| {
        let (duration, unit) = (int(args, 0), int(args, 1));
        Ok(Val::Duration(if unit <= 0 {
            duration
        } else {
            duration - duration % unit
        }))
    }),
];

pub(super) const MONTH_METHODS: &[Function] = &[Function::new("String", &[Any], |cx, args| {
    cx.text(month_name(int(args, 0).try_into().unwrap_or(0)))
})];

pub(super) const WEEKDAY_METHODS: &[Function] = &[Function::new("String", &[Any], |cx, args| {
    cx.text(weekday_name(int(args, 0).try_into().unwrap_or(0)))
})];

/// A `time.Time`.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    /// Since 1970 in UTC.
    seconds: i64,
    nanoseconds: u32,
    zone: Zone,
}

/// Where a time is shown.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Utc,
    Region(TimeZone),
    /// An offset in seconds, and a name, which may be empty.
    Fixed {
        offset: i32,
        name: String,
    },
}

/// A time as a calendar and a clock show it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanosecond: u32,
    /// From 0, Sunday.
    pub(super) weekday: u8,
    /// From 1.
    pub(super) year_day: u16,
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.instant() == other.instant() && self.offset() == other.offset()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&layout::format(self, "2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

impl From<Time> for Val<'_> {
    fn from(time: Time) -> Self {
        Self::Time(Rc::new(time))
    }
}

impl Time {
    pub(super) fn new(seconds: i64, nanoseconds: u32, zone: Zone) -> Self {
        Self {
            seconds,
            nanoseconds,
            zone,
        }
    }

    /// The time at which the clocks of a zone show this. Where they show it twice or never, Go's choice.
    pub(super) fn from_civil_seconds(civil: i64, nanoseconds: u32, zone: &Zone) -> Self {
        let at = |seconds| Self::new(seconds, nanoseconds, zone.clone());
        let offset = i64::from(at(civil).offset().0);
        if offset == 0 {
            return at(civil);
        }
        // Look again where the first guess leads.
        let guess = at(civil - offset);
        let actual = i64::from(guess.offset().0);
        if actual == offset {
            guess
        } else {
            at(civil - actual)
        }
    }

    /// The text of RFC 3339 that JSON has for it.
    pub(crate) fn rfc3339(&self) -> String {
        layout::format(self, "2006-01-02T15:04:05.999999999Z07:00")
    }

    fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanoseconds)
    }

    fn within(&self, zone: Zone) -> Self {
        Self::new(self.seconds, self.nanoseconds, zone)
    }

    /// The same clock time at an offset that its zone's name says.
    pub(super) fn shifted(mut self, offset: i32) -> Self {
        if let Zone::Fixed { offset: own, .. } = &mut self.zone {
            *own = offset;
            self.seconds -= i64::from(offset);
        }
        self
    }

    /// The offset from UTC in seconds, and the zone's abbreviation.
    pub(super) fn offset(&self) -> (i32, String) {
        match &self.zone {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed { offset, name } => (*offset, name.clone()),
            Zone::Region(zone) => {
                let bounds = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
                let instant =
                    Timestamp::from_second(self.seconds.clamp(bounds.0, bounds.1)).unwrap_or_default();
                let info = zone.to_offset_info(instant);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }

    pub(super) fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.offset().0));
        let (days, second_of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let small = |value: i64| u8::try_from(value).unwrap_or(0);
        Civil {
            year,
            month,
            day,
            hour: small(second_of_day / 3600),
            minute: small(second_of_day / 60 % 60),
            second: small(second_of_day % 60),
            nanosecond: self.nanoseconds,
            weekday: small((days + 4).rem_euclid(7)),
            year_day: u16::try_from(days - days_to(year, 1, 1) + 1).unwrap_or(0),
        }
    }

    fn unix(&self, per_second: i64) -> i64 {
        let fraction = i64::from(self.nanoseconds) / (1_000_000_000 / per_second);
        self.seconds.wrapping_mul(per_second).wrapping_add(fraction)
    }

    /// The duration since another time, as far as one can say it.
    fn since(&self, other: &Self) -> i64 {
        let nanoseconds = (i128::from(self.seconds) - i128::from(other.seconds)) * 1_000_000_000
            + i128::from(self.nanoseconds)
            - i128::from(other.nanoseconds);
        i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
    }

    fn plus(&self, duration: i64) -> Self {
        let nanoseconds = i64::from(self.nanoseconds) + duration.rem_euclid(SECOND);
        let seconds = self
            .seconds
            .saturating_add(duration.div_euclid(SECOND))
            .saturating_add(nanoseconds / SECOND);
        Self::new(
            seconds,
            u32::try_from(nanoseconds % SECOND).unwrap_or(0),
            self.zone.clone(),
        )
    }

    fn plus_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let bounded = |number: i64| number.clamp(-1_000_000_000, 1_000_000_000);
        let month = i64::from(civil.month) - 1 + bounded(months);
        let year = civil.year + bounded(years) + month.div_euclid(12);
        let month = u8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
        let days = days_to(year, month, 1) + i64::from(civil.day) - 1 + bounded(days);
        let seconds = days * 86_400 + civil.second_of_day();
        Self::from_civil_seconds(seconds, self.nanoseconds, &self.zone)
    }

    /// Down to a multiple of a duration since the year 1.
    fn truncated(&self, unit: i64) -> Self {
        if unit <= 0 {
            return self.clone();
        }
        let since = (i128::from(self.seconds) - i128::from(ZERO_SECONDS)) * 1_000_000_000
            + i128::from(self.nanoseconds);
        self.plus(-i64::try_from(since.rem_euclid(i128::from(unit))).unwrap_or(0))
    }
}

impl Civil {
    fn second_of_day(&self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// Seconds since 1970 as if this were UTC.
    pub(super) fn seconds(&self) -> i64 {
        days_to(self.year, self.month, self.day) * 86_400 + self.second_of_day()
    }
}

/// Days from 1970 to a date of the Gregorian calendar.
fn days_to(year: i64, month: u8, day: u8) -> i64 {
    // Years begin in March here, so that the leap day is the last.
    let (year, month) = if month > 2 {
        (year, i64::from(month) - 3)
    } else {
        (year - 1, i64::from(month) + 9)
    };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + i64::from(day) - 1 - 719_468
}

/// The date so many days after 1970 began.
fn date_of(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let small = |value: i64| u8::try_from(value).unwrap_or(0);
    (era * 400 + year + carry, small(month), small(day))
}

pub(super) fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn now(cx: &Cx<'_>) -> Time {
    let now = cx.env.now;
    let (seconds, nanoseconds) = (now.as_second(), now.subsec_nanosecond());
    let (seconds, nanoseconds) = if nanoseconds < 0 {
        (seconds - 1, nanoseconds + 1_000_000_000)
    } else {
        (seconds, nanoseconds)
    };
    Time::new(
        seconds,
        u32::try_from(nanoseconds).unwrap_or(0),
        Zone::Region(cx.env.zone.clone()),
    )
}

/// The time that a value is: itself, or seconds since 1970; now for anything else.
fn time_of(cx: &Cx<'_>, value: &Val<'_>) -> Time {
    match value {
        Val::Time(time) => Time::clone(time),
        Val::Int(seconds) | Val::Int64(seconds) => Time::new(*seconds, 0, Zone::Region(cx.env.zone.clone())),
        _ => now(cx),
    }
}

fn in_zone<'a>(cx: &mut Cx<'a>, layout: &str, value: &Val<'a>, zone: &str) -> Result<Val<'a>> {
    let zone = match zone {
        "" | "UTC" => Zone::Utc,
        "Local" => Zone::Region(cx.env.zone.clone()),
        name => region(name).map_or(Zone::Utc, Zone::Region),
    };
    cx.step(1 + layout.len() / 8)?;
    let formatted = layout::format(&time_of(cx, value).within(zone), layout);
    cx.text(formatted)
}

/// A zone of the time zone database, by its exact name.
fn region(name: &str) -> Option<TimeZone> {
    static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    let zone = DATABASE.get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

fn date_in_zone<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    in_zone(cx, &text(args, 0), &args[1], &text(args, 2))
}

fn date_modify<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let time = receiver(&args[1..])?;
    Ok(parse_duration(&text(args, 0))
        .map_or_else(|_| time.clone(), |duration| time.plus(duration))
        .into())
}

fn must_date_modify<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let duration = parse_duration(&text(args, 0))?;
    Ok(receiver(&args[1..])?.plus(duration).into())
}

fn duration_round<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let duration = match &args[0].val {
        Val::Str(text) => parse_duration(&text.as_str()).unwrap_or(0),
        Val::Int64(duration) => *duration,
        Val::Time(time) => now(cx).since(time),
        _ => 0,
    };
    let duration = duration.unsigned_abs();
    let units = [
        ("y", 365 * 24 * 3600),
        ("mo", 30 * 24 * 3600),
        ("d", 24 * 3600),
        ("h", 3600),
        ("m", 60),
        ("s", 1),
    ];
    for (name, seconds) in units {
        let unit = seconds * 1_000_000_000_u64;
        if duration > unit {
            return cx.text(format!("{}{name}", duration / unit));
        }
    }
    cx.text("0s")
}

/// A duration to the nearest multiple of another, halves away from zero.
fn round(duration: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return duration;
    }
    let rest = duration % unit;
    let down = duration - rest;
    if rest.unsigned_abs() * 2 < unit.unsigned_abs() {
        down
    } else if duration < 0 {
        down.checked_sub(unit).unwrap_or(i64::MIN)
    } else {
        down.checked_add(unit).unwrap_or(i64::MAX)
    }
}

/// `time.ParseDuration`.
pub(super) fn parse_duration(text: &str) -> std::result::Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", crate::text::quote::quoted(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(whole);
        let fraction = after.strip_prefix('.').map_or("", |after| {
            &after[..after.bytes().take_while(u8::is_ascii_digit).count()]
        });
        if digits.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let number: u64 = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| invalid())?
        };
        rest = after
            .strip_prefix('.')
            .map_or(after, |after| &after[fraction.len()..]);
        let length = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (unit_name, after) = rest.split_at(length);
        let unit: u64 = match unit_name {
            "" => {
                return Err(format!(
                    "time: missing unit in duration {}",
                    crate::text::quote::quoted(text)
                ));
            }
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            other => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    crate::text::quote::quoted(other),
                    crate::text::quote::quoted(text)
                ));
            }
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // less than one unit
        let part = (format!("0.{fraction}0").parse::<f64>().unwrap_or(0.0) * unit as f64) as u64;
        total = number
            .checked_mul(unit)
            .and_then(|whole| total.checked_add(whole)?.checked_add(part))
            .filter(|total| *total <= 1 << 63)
            .ok_or_else(invalid)?;
        rest = after;
    }
    if negative {
        0_i64.checked_sub_unsigned(total).ok_or_else(invalid)
    } else {
        i64::try_from(total).map_err(|_| invalid())
    }
}

/// `time.Duration.String`.
pub(crate) fn duration_text(duration: i64) -> String {
    let sign = if duration < 0 { "-" } else { "" };
    let all = duration.unsigned_abs();
    if all == 0 {
        return "0s".to_owned();
    }
    let fraction = |value: u64, digits: usize| {
        let text = format!("{value:0digits$}");
        let text = text.trim_end_matches('0').to_owned();
        if text.is_empty() { text } else { format!(".{text}") }
    };
    if all < 1_000 {
        return format!("{sign}{all}ns");
    }
    if all < 1_000_000 {
        return format!("{sign}{}{}µs", all / 1_000, fraction(all % 1_000, 3));
    }
    if all < 1_000_000_000 {
        return format!("{sign}{}{}ms", all / 1_000_000, fraction(all % 1_000_000, 6));
    }
    let seconds = all / 1_000_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let tail = format!("{rest}{}s", fraction(all % 1_000_000_000, 9));
    match (hours, minutes) {
        (0, 0) => format!("{sign}{tail}"),
        (0, minutes) => format!("{sign}{minutes}m{tail}"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{tail}"),
    }
}

pub(crate) fn month_name(month: i8) -> String {
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?));
    name.map_or_else(|| format!("%!Month({month})"), |name| (*name).to_owned())
}

pub(crate) fn weekday_name(day: i8) -> String {
    let name = usize::try_from(day).ok().and_then(|day| WEEKDAYS.get(day));
    name.map_or_else(|| format!("%!Weekday({day})"), |name| (*name).to_owned())
}

fn receiver<'v>(args: &'v [Slot<'_>]) -> Result<&'v Time> {
    match args.first().map(|slot| &slot.val) {
        Some(Val::Time(time)) => Ok(time),
        _ => Err("not a time".into()),
    }
}

const SECOND: i64 = 1_000_000_000;
/// Go's zero time, the beginning of the year 1.
const ZERO_SECONDS: i64 = -62_135_596_800;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
