//! Go's comparisons: `eq`, `ne`, `lt`, `le`, `gt`, `ge` and `not`.

use std::cmp::Ordering;

use super::{Function, Ty::Value};
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Slot, Val};
use crate::text::print::to_text;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("eq", &[Value], Value, eq),
    Function::new("ne", &[Value, Value], |cx, args| Ok(Val::Bool(!equal(cx, args)?))),
    Function::new("lt", &[Value, Value], |_, args| {
        Ok(Val::Bool(less(&args[0], &args[1])?))
    }),
    Function::new("le", &[Value, Value], |cx, args| {
        Ok(Val::Bool(less_or_equal(cx, args)?))
    }),
    Function::new("gt", &[Value, Value], |cx, args| {
        Ok(Val::Bool(!less_or_equal(cx, args)?))
    }),
    Function::new("ge", &[Value, Value], |_, args| {
        Ok(Val::Bool(!less(&args[0], &args[1])?))
    }),
    Function::new("not", &[Value], |_, args| Ok(Val::Bool(!args[0].truth()))),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Bool,
    Complex,
    Int,
    Uint,
    Float,
    String,
}

fn kind(value: &Val<'_>) -> Kind {
    match value {
        Val::Bool(_) => Kind::Bool,
        Val::Complex(..) => Kind::Complex,
        Val::Int(_) | Val::Int64(_) | Val::Duration(_) | Val::Month(_) | Val::Weekday(_) => Kind::Int,
        Val::Uint8(_) | Val::Uint64(_) => Kind::Uint,
        Val::Float(_) => Kind::Float,
        Val::Str(_) => Kind::String,
        _ => Kind::None,
    }
}

fn int(value: &Val<'_>) -> i128 {
    match value {
        Val::Int(value) | Val::Int64(value) | Val::Duration(value) => i128::from(*value),
        Val::Month(value) | Val::Weekday(value) => i128::from(*value),
        Val::Uint8(value) => i128::from(*value),
        Val::Uint64(value) => i128::from(*value),
        _ => 0,
    }
}

fn eq<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    if args.len() < 2 {
        return Err("missing argument for comparison".into());
    }
    Ok(Val::Bool(equal(cx, args)?))
}

/// Whether the first equals any of the others.
fn equal<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<bool> {
    let Some((first, others)) = args.split_first() else {
        return Ok(false);
    };
    for other in others {
        cx.step(1)?;
        if pair(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[allow(clippy::float_cmp)] // as in Go
fn pair(a: &Val<'_>, b: &Val<'_>) -> Result<bool> {
    let (kind_a, kind_b) = (kind(a), kind(b));
    if kind_a != kind_b {
        if matches!(
            (kind_a, kind_b),
            (Kind::Int, Kind::Uint) | (Kind::Uint, Kind::Int)
        ) {
            return Ok(int(a) == int(b));
        }
        if a.is_nil() || b.is_nil() {
            return Ok(false);
        }
        return Err(incompatible(a, b));
    }
    Ok(match (a, b) {
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Complex(a, i), Val::Complex(b, j)) => a == b && i == j,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Str(a), Val::Str(b)) => a == b,
        (Val::Nil, Val::Nil) => true,
        _ if kind_a != Kind::None => int(a) == int(b),
        _ => return other(a, b),
    })
}

/// Values that are neither numbers nor strings nor booleans.
fn other(a: &Val<'_>, b: &Val<'_>) -> Result<bool> {
    let is_nil = |value: &Val<'_>| match value {
        Val::Nil => true,
        Val::List(list) => list.is_nil(),
        Val::Map(map) => map.is_nil(),
        _ => false,
    };
    if a.kind_name() != b.kind_name() && !a.is_nil() && !b.is_nil() {
        return Err(format!(
            "non-comparable types {}: {}, {}: {}",
            plain(a),
            a.type_name(),
            b.type_name(),
            plain(b)
        )
        .into());
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) && is_nil(b));
    }
    match (a, b) {
        (Val::Version(a), Val::Version(b)) => Ok(std::rc::Rc::ptr_eq(a, b)),
        (Val::Time(a), Val::Time(b)) => Ok(a == b),
        _ => Err(format!("non-comparable type {}: {}", plain(b), b.type_name()).into()),
    }
}

fn less(a: &Val<'_>, b: &Val<'_>) -> Result<bool> {
    let (kind_a, kind_b) = (kind(a), kind(b));
    if kind_a == Kind::None || kind_b == Kind::None {
        return Err(BAD_TYPE.into());
    }
    match (a, b) {
        (Val::Float(a), Val::Float(b)) => Ok(a < b),
        (Val::Str(a), Val::Str(b)) => Ok(a.cmp(b) == Ordering::Less),
        _ if matches!(kind_a, Kind::Int | Kind::Uint) && matches!(kind_b, Kind::Int | Kind::Uint) => {
            Ok(int(a) < int(b))
        }
        _ if kind_a != kind_b => Err(incompatible(a, b)),
        _ => Err(BAD_TYPE.into()),
    }
}

fn less_or_equal<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<bool> {
    Ok(less(&args[0], &args[1])? || equal(cx, args)?)
}

fn incompatible(a: &Val<'_>, b: &Val<'_>) -> Fault {
    format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    )
    .into()
}

/// A value in an error.
fn plain(value: &Val<'_>) -> String {
    to_text(value, 4096).unwrap_or_else(|| "…".to_owned())
}

const BAD_TYPE: &str = "invalid type for comparison";
