//! Numbers: sprig's arithmetic and conversions, with the rules of spf13/cast.

use std::borrow::Cow;

use super::Function;
use super::Ty::{Any, Float, Int, Str};
use super::arg::{any, int, text};
use super::decimal::Decimal;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Slot, Val};
use crate::syntax::{parse_float, parse_int};
use crate::text::print::to_text;
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("atoi", &[Str], |_, args| {
        Ok(Val::Int(parse_decimal(&text(args, 0)).value_in_bounds()))
    }),
    Function::new("int64", &[Any], |_, args| Ok(Val::Int64(to_int(&args[0])))),
    Function::new("int", &[Any], |_, args| Ok(Val::Int(to_int(&args[0])))),
    Function::new("float64", &[Any], |_, args| Ok(Val::Float(to_float(&args[0])))),
    Function::new("toDecimal", &[Any], |cx, args| {
        let text = to_text(&args[0], cx.room()).ok_or_else(|| cx.out_of_memory())?;
        Ok(Val::Int64(i64::from_str_radix(&text, 8).unwrap_or(0)))
    }),
    Function::variadic("seq", &[], Int, seq),
    Function::new("until", &[Int], |cx, args| {
        let count = int(args, 0);
        numbers(cx, 0, count, if count < 0 { -1 } else { 1 })
    }),
    Function::new("untilStep", &[Int, Int, Int], |cx, args| {
        numbers(cx, int(args, 0), int(args, 1), int(args, 2))
    }),
    Function::new("add1", &[Any], |_, args| {
        Ok(Val::Int64(to_int(&args[0]).wrapping_add(1)))
    }),
    Function::variadic("add", &[], Any, |_, args| {
        Ok(Val::Int64(
            args.iter().fold(0, |sum, arg| sum.wrapping_add(to_int(arg))),
        ))
    }),
    Function::new("sub", &[Any, Any], |_, args| {
        Ok(Val::Int64(to_int(&args[0]).wrapping_sub(to_int(&args[1]))))
    }),
    Function::new("div", &[Any, Any], |_, args| {
        Ok(Val::Int64(to_int(&args[0]).wrapping_div(divisor(&args[1])?)))
    }),
    Function::new("mod", &[Any, Any], |_, args| {
        Ok(Val::Int64(to_int(&args[0]).wrapping_rem(divisor(&args[1])?)))
    }),
    Function::variadic("mul", &[Any], Any, |_, args| {
        Ok(Val::Int64(
            args.iter()
                .fold(1, |product, arg| product.wrapping_mul(to_int(arg))),
        ))
    }),
    Function::new("add1f", &[Any], |cx, args| {
        decimals(cx, &any(args, 0), &[Val::Int(1).into()], Decimal::add)
    }),
    Function::variadic("addf", &[], Any, |cx, args| {
        decimals(cx, &Val::Float(0.0), args, Decimal::add)
    }),
    Function::variadic("subf", &[Any], Any, |cx, args| {
        decimals(cx, &args[0], &args[1..], Decimal::subtract)
    }),
    Function::variadic("divf", &[Any], Any, |cx, args| {
        decimals(cx, &args[0], &args[1..], Decimal::divide)
    }),
    Function::variadic("mulf", &[Any], Any, |cx, args| {
        decimals(cx, &args[0], &args[1..], Decimal::multiply)
    }),
    Function::variadic("max", &[Any], Any, largest),
    Function::variadic("biggest", &[Any], Any, largest),
    Function::variadic("min", &[Any], Any, |_, args| {
        Ok(Val::Int64(args.iter().map(|arg| to_int(arg)).min().unwrap_or(0)))
    }),
    Function::variadic("maxf", &[Any], Any, |_, args| {
        Ok(Val::Float(extreme(args, |a, b| a > b)))
    }),
    Function::variadic("minf", &[Any], Any, |_, args| {
        Ok(Val::Float(extreme(args, |a, b| a < b)))
    }),
    Function::new("floor", &[Any], |_, args| {
        Ok(Val::Float(to_float(&args[0]).floor()))
    }),
    Function::new("ceil", &[Any], |_, args| {
        Ok(Val::Float(to_float(&args[0]).ceil()))
    }),
    Function::variadic("round", &[Any, Int], Float, round),
];

/// A decimal number as `strconv.ParseInt(text, 10, 64)` reads it.
pub(super) enum Parsed {
    Number(i64),
    /// Too large: its bound, which Go returns beside the error.
    Bound(i64),
    Invalid,
}

impl Parsed {
    /// What Go's callers get that ignore the error.
    pub(super) fn value_in_bounds(self) -> i64 {
        match self {
            Self::Number(value) | Self::Bound(value) => value,
            Self::Invalid => 0,
        }
    }
}

pub(super) fn parse_decimal(text: &str) -> Parsed {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Parsed::Invalid;
    }
    match text.parse() {
        Ok(number) => Parsed::Number(number),
        Err(_) => Parsed::Bound(if text.starts_with('-') { i64::MIN } else { i64::MAX }),
    }
}

/// cast's `ToInt64`: 0 for what is no number.
pub(super) fn to_int(value: &Val<'_>) -> i64 {
    match value {
        Val::Int(value) | Val::Int64(value) => *value,
        Val::Uint8(value) => i64::from(*value),
        Val::Uint64(value) => value.cast_signed(),
        Val::Month(value) | Val::Weekday(value) => i64::from(*value),
        Val::Float(value) => truncated(*value),
        Val::Str(text) => parse_int(without_zero_decimals(&text.as_str())).unwrap_or(0),
        Val::Bool(value) => i64::from(*value),
        _ => 0,
    }
}

/// cast's `ToFloat64`: 0 for what is no number.
pub(super) fn to_float(value: &Val<'_>) -> f64 {
    match value {
        Val::Int(value) | Val::Int64(value) => *value as f64,
        Val::Uint8(value) => f64::from(*value),
        Val::Uint64(value) => *value as f64,
        Val::Month(value) | Val::Weekday(value) => f64::from(*value),
        Val::Float(value) => *value,
        Val::Str(text) => parse_float(&text.as_str()).unwrap_or(0.0),
        Val::Bool(value) => f64::from(u8::from(*value)),
        _ => 0.0,
    }
}

/// A float as an integer, as amd64 converts it: what does not fit is the smallest integer.
#[allow(clippy::cast_possible_truncation)] // checked
pub(super) fn truncated(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// `1.00` without its decimals.
fn without_zero_decimals(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    }
}

fn divisor(value: &Val<'_>) -> Result<i64> {
    match to_int(value) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(divisor),
    }
}

#[allow(clippy::unnecessary_wraps)] // as every function
fn largest<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    Ok(Val::Int64(args.iter().map(|arg| to_int(arg)).max().unwrap_or(0)))
}

/// The largest or smallest; not a number wins.
fn extreme(args: &[Slot<'_>], wins: fn(f64, f64) -> bool) -> f64 {
    let mut numbers = args.iter().map(|arg| to_float(arg));
    let first = numbers.next().unwrap_or(0.0);
    numbers.fold(first, |best, number| {
        if number.is_nan() || wins(number, best) {
            number
        } else {
            best
        }
    })
}

fn decimals<'a>(
    cx: &mut Cx<'a>,
    first: &Val<'a>,
    others: &[Slot<'a>],
    operation: fn(&Decimal, &Decimal) -> std::result::Result<Decimal, Cow<'static, str>>,
) -> Result<Val<'a>> {
    let fault = |message: Cow<'static, str>| Fault::Message(message.into_owned());
    let mut result = Decimal::from_float(to_float(first)).map_err(fault)?;
    for other in others {
        cx.step(1)?;
        result = operation(&result, &Decimal::from_float(to_float(other)).map_err(fault)?).map_err(fault)?;
    }
    Ok(Val::Float(result.to_float()))
}

#[allow(clippy::unnecessary_wraps)] // as every function
fn round<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let up_from = match args.get(2).map(|slot| &slot.val) {
        Some(Val::Float(up_from)) => *up_from,
        _ => 0.5,
    };
    let power = 10_f64.powi(i32::try_from(int(args, 1)).unwrap_or(i32::MAX));
    let digits = power * to_float(&args[0]);
    let rounded = if digits.fract() >= up_from {
        digits.ceil()
    } else {
        digits.floor()
    };
    Ok(Val::Float(rounded / power))
}

/// How many steps lead from a start to before a stop.
fn count(start: i64, stop: i64, stride: i64) -> usize {
    let distance = i128::from(stop) - i128::from(start);
    let stride = i128::from(stride);
    if distance == 0 || stride == 0 || (distance > 0) != (stride > 0) {
        return 0;
    }
    usize::try_from((distance.abs() + stride.abs() - 1) / stride.abs()).unwrap_or(usize::MAX)
}

fn numbers<'a>(cx: &mut Cx<'a>, start: i64, stop: i64, stride: i64) -> Result<Val<'a>> {
    let count = count(start, stop, stride);
    cx.step(count)?;
    cx.claim(count.saturating_mul(size_of::<Val<'_>>()))?;
    let items = (0..count).scan(start, |next, _| {
        let item = *next;
        *next = next.wrapping_add(stride);
        Some(Val::Int(item))
    });
    let items = items.collect();
    cx.list(Elem::Int, items)
}

fn seq<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let (start, stride, stop) = match args.len() {
        1 => {
            let stop = int(args, 0);
            (1, if stop < 1 { -1 } else { 1 }, stop)
        }
        2 => {
            let (start, stop) = (int(args, 0), int(args, 1));
            (start, if stop < start { -1 } else { 1 }, stop)
        }
        3 => (int(args, 0), int(args, 1), int(args, 2)),
        _ => return cx.text(""),
    };
    let direction = if stop < start { -1 } else { 1 };
    if args.len() == 3 && direction < 0 && stride > 0 {
        return cx.text("");
    }
    let count = count(start, stop.wrapping_add(direction), stride);
    cx.step(count)?;
    if count.saturating_mul(20) > cx.room() {
        return Err(cx.out_of_memory());
    }
    let mut out = String::new();
    let mut next = start;
    for index in 0..count {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(&next.to_string());
        next = next.wrapping_add(stride);
    }
    cx.text(out)
}
