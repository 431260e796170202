//! Go's own functions, but for the comparisons. `slice` is sprig's, which Argo CD's templates get instead.

use std::fmt::Write as _;

use super::Ty::{Any, Str, Value};
use super::{Function, Special};
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Str as Text, Val, zero};
use crate::text::format::sprintf;
use crate::text::print::{Sink, print};
use crate::unicode::is_print;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("and", &[Value], Value, |_, _| Ok(Val::Nil)).special(Special::And),
    Function::variadic("or", &[Value], Value, |_, _| Ok(Val::Nil)).special(Special::Or),
    Function::variadic("call", &[Value], Value, |_, _| Ok(Val::Nil)).special(Special::Call),
    Function::variadic("index", &[Value], Value, index),
    Function::new("len", &[Value], len),
    Function::variadic("print", &[], Any, |cx, args| {
        formatted(cx, |sink| sprint(sink, args))
    }),
    Function::variadic("println", &[], Any, |cx, args| {
        formatted(cx, |sink| {
            for (index, arg) in args.iter().enumerate() {
                if index > 0 {
                    sink.push(" ");
                }
                print(sink, arg);
            }
            sink.push("\n");
        })
    }),
    Function::variadic("printf", &[Str], Any, |cx, args| {
        let Some((Val::Str(format), rest)) = args.split_first().map(|(first, rest)| (&first.val, rest))
        else {
            return Ok(Val::Nil);
        };
        cx.step(args.len())?;
        formatted(cx, |sink| sprintf(sink, &format.as_str(), rest))
    }),
    Function::variadic("html", &[], Any, |cx, args| escaped(cx, args, html)),
    Function::variadic("js", &[], Any, |cx, args| escaped(cx, args, js)),
    Function::variadic("urlquery", &[], Any, |cx, args| escaped(cx, args, url_query)),
];

/// Runs a printer into a string as large as the bounds allow.
pub(super) fn formatted<'a>(cx: &mut Cx<'a>, printer: impl FnOnce(&mut Sink<'_>)) -> Result<Val<'a>> {
    let mut text = String::new();
    let mut sink = Sink::new(&mut text, cx.room());
    printer(&mut sink);
    if sink.is_too_deep() {
        return Err(crate::Limit::Depth(crate::Limits::DEPTH).into());
    }
    if sink.is_full() {
        return Err(cx.out_of_memory());
    }
    cx.text(text)
}

/// `fmt.Sprint`: a space between two that are not strings.
fn sprint(sink: &mut Sink<'_>, args: &[Slot<'_>]) {
    let mut after_string = true;
    for arg in args {
        let is_string = matches!(arg.val, Val::Str(_));
        if !is_string && !after_string {
            sink.push(" ");
        }
        print(sink, arg);
        after_string = is_string;
    }
}

fn escaped<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], escape: fn(&str) -> String) -> Result<Val<'a>> {
    let Val::Str(text) = formatted(cx, |sink| {
        let args: Vec<Slot<'_>> = args
            .iter()
            .map(|arg| {
                if arg.is_nil() {
                    Val::Str(Text::Ref("<no value>")).into()
                } else {
                    arg.clone()
                }
            })
            .collect();
        sprint(sink, &args);
    })?
    else {
        return Ok(Val::Nil);
    };
    // The longest escape is six bytes for one.
    if text.len().saturating_mul(6) > cx.room() {
        return Err(cx.out_of_memory());
    }
    let escaped = escape(&text.as_str());
    cx.text(escaped)
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c if c.is_ascii() || is_print(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
        }
    }
    out
}

pub(super) fn url_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn len<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let length = match &args[0].val {
        Val::Nil if args[0].boxed => return Err("len of nil pointer".into()),
        Val::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Val::Str(text) => text.len(),
        Val::List(list) => list.len(),
        Val::Map(map) => map.len(),
        Val::Version(_) => return Err("len of type semver.Version".into()),
        other => return Err(format!("len of type {}", other.type_name()).into()),
    };
    Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let Some((first, indexes)) = args.split_first() else {
        return Ok(Val::Nil);
    };
    let mut item = first.val.clone();
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    for index in indexes {
        cx.step(1)?;
        item = match &item {
            Val::Nil => return Err("index of nil pointer".into()),
            Val::Str(text) => {
                let at = position(index, text.len())?;
                match text.as_bytes().get(at) {
                    Some(byte) => Val::Uint8(*byte),
                    None => return Err("reflect: string index out of range".into()),
                }
            }
            Val::List(list) => {
                let at = position(index, list.len())?;
                list.get(at)
                    .ok_or_else(|| crate::exec::cx::Fault::from("reflect: slice index out of range"))?
            }
            Val::Map(map) => match &index.val {
                Val::Str(key) => map
                    .get_bytes(key.as_bytes())
                    .unwrap_or_else(|| zero(map.elem()).val),
                Val::Nil => return Err("value is nil; should be of type string".into()),
                other => return Err(format!("value has type {}; should be string", other.type_name()).into()),
            },
            Val::Version(_) => return Err("can't index item of type semver.Version".into()),
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

/// An index into a list of this length, which Go lets point just behind it here.
fn position(index: &Val<'_>, length: usize) -> Result<usize> {
    let index = match index {
        Val::Int(index) | Val::Int64(index) | Val::Duration(index) => *index,
        Val::Uint8(index) => i64::from(*index),
        // Go wraps what is too large around.
        Val::Uint64(index) => index.cast_signed(),
        Val::Month(index) | Val::Weekday(index) => i64::from(*index),
        Val::Nil => return Err("cannot index slice/array with nil".into()),
        other => return Err(format!("cannot index slice/array with type {}", other.type_name()).into()),
    };
    usize::try_from(index)
        .ok()
        .filter(|index| *index <= length)
        .ok_or_else(|| format!("index out of range: {index}").into())
}

/// `reflect.Value.String`: the text of a string, and for anything else what it is.
pub(crate) fn reflect_string(value: &Val<'_>) -> String {
    match value {
        Val::Str(text) => text.as_str().into_owned(),
        Val::Nil => "<invalid Value>".to_owned(),
        other => format!("<{} Value>", other.type_name()),
    }
}
