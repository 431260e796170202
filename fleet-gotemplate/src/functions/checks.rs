//! What a value is: sprig's defaults, types and comparisons.

use super::Function;
use super::Ty::{Any, Bool, Str};
use super::arg::{any, text};
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::Val;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |cx, _| cx.text("Hello!")),
    Function::variadic("default", &[Any], Any, |_, args| {
        Ok(any(
            args,
            usize::from(args.get(1).is_some_and(|given| !is_empty(given))),
        ))
    }),
    Function::new("empty", &[Any], |_, args| Ok(Val::Bool(is_empty(&args[0])))),
    Function::variadic("coalesce", &[], Any, |_, args| {
        Ok(args
            .iter()
            .find(|arg| !is_empty(arg))
            .map_or(Val::Nil, |arg| arg.val.clone()))
    }),
    Function::variadic("all", &[], Any, |_, args| {
        Ok(Val::Bool(args.iter().all(|arg| !is_empty(arg))))
    }),
    Function::variadic("any", &[], Any, |_, args| {
        Ok(Val::Bool(args.iter().any(|arg| !is_empty(arg))))
    }),
    Function::new("ternary", &[Any, Any, Bool], |_, args| {
        Ok(any(args, usize::from(!args[2].truth())))
    }),
    Function::new("typeOf", &[Any], |cx, args| cx.text(args[0].type_name())),
    Function::new("typeIs", &[Str, Any], |_, args| {
        Ok(Val::Bool(text(args, 0) == args[1].type_name()))
    }),
    Function::new("typeIsLike", &[Str, Any], |_, args| {
        let (target, actual) = (text(args, 0), args[1].type_name());
        Ok(Val::Bool(
            target == actual || actual.strip_prefix('*') == Some(&*target),
        ))
    }),
    Function::new("kindOf", &[Any], |cx, args| cx.text(args[0].kind_name())),
    Function::new("kindIs", &[Str, Any], |_, args| {
        Ok(Val::Bool(text(args, 0) == args[1].kind_name()))
    }),
    Function::new("deepEqual", &[Any, Any], |cx, args| {
        Ok(Val::Bool(deep_equal(cx, &args[0], &args[1])?))
    }),
    Function::new("fail", &[Str], |_, args| {
        Err(Fault::Fail(text(args, 0).into_owned()))
    }),
];

/// Whether a value is the zero value of its type, or has nothing in it.
pub(super) fn is_empty(value: &Val<'_>) -> bool {
    !value.truth()
}

/// `reflect.DeepEqual`: the same types, and the same in all parts.
#[allow(clippy::float_cmp)] // as in Go
pub(super) fn deep_equal<'a>(cx: &mut Cx<'a>, a: &Val<'a>, b: &Val<'a>) -> Result<bool> {
    cx.step(1)?;
    Ok(match (a, b) {
        (Val::Nil, Val::Nil) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a), Val::Int(b))
        | (Val::Int64(a), Val::Int64(b))
        | (Val::Duration(a), Val::Duration(b)) => a == b,
        (Val::Uint8(a), Val::Uint8(b)) => a == b,
        (Val::Uint64(a), Val::Uint64(b)) => a == b,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Complex(a, i), Val::Complex(b, j)) => a == b && i == j,
        (Val::Str(a), Val::Str(b)) => a == b,
        (Val::RawJson(a), Val::RawJson(b)) => a == b,
        (Val::Month(a), Val::Month(b)) | (Val::Weekday(a), Val::Weekday(b)) => a == b,
        (Val::Version(a), Val::Version(b)) => a == b,
        (Val::Time(a), Val::Time(b)) => a == b,
        (Val::List(a), Val::List(b)) => {
            if a.elem() != b.elem() || a.len() != b.len() || a.is_nil() != b.is_nil() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !deep_equal(cx, &a, &b)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Map(a), Val::Map(b)) => {
            if a.elem() != b.elem() || a.len() != b.len() || a.is_nil() != b.is_nil() {
                return Ok(false);
            }
            cx.enter()?;
            for ((key_a, a), (key_b, b)) in a.entries().into_iter().zip(b.entries()) {
                if key_a != key_b || !deep_equal(cx, &a, &b)? {
                    cx.leave();
                    return Ok(false);
                }
            }
            cx.leave();
            true
        }
        _ => false,
    })
}
