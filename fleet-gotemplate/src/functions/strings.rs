//! sprig's strings. Go cuts strings by bytes, and so do these: half a character is kept as the bytes it is.

use super::Function;
use super::Ty::{Any, Int, Str};
use super::arg::{int, string, text};
use super::words;
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Str as Text, Val};
use crate::text::format::sprintf;
use crate::text::print::{Sink, print, stringer, to_text};
use crate::text::quote::{quoted, quoted_bytes};
use crate::unicode;
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("trim", &[Str], |cx, args| {
        mapped(cx, args, |text| text.trim().to_owned())
    }),
    Function::new("upper", &[Str], |cx, args| mapped(cx, args, unicode::upper)),
    Function::new("lower", &[Str], |cx, args| mapped(cx, args, unicode::lower)),
    Function::new("title", &[Str], |cx, args| mapped(cx, args, words::title)),
    Function::new("untitle", &[Str], |cx, args| mapped(cx, args, words::untitle)),
    Function::new("swapcase", &[Str], |cx, args| mapped(cx, args, words::swap_case)),
    Function::new("snakecase", &[Str], |cx, args| {
        mapped(cx, args, |text| words::separated(text, '_'))
    }),
    Function::new("kebabcase", &[Str], |cx, args| {
        mapped(cx, args, |text| words::separated(text, '-'))
    }),
    Function::new("camelcase", &[Str], |cx, args| mapped(cx, args, words::pascal)),
    // These two take each byte for a character.
    Function::new("nospace", &[Str], |cx, args| {
        let text = string(args, 0);
        let bytes = text.as_bytes();
        if !bytes.iter().any(|byte| unicode::is_space(char::from(*byte))) {
            return Ok(Val::Str(text));
        }
        let kept: String = bytes
            .iter()
            .map(|byte| char::from(*byte))
            .filter(|c| !unicode::is_space(*c))
            .collect();
        cx.text(kept)
    }),
    Function::new("initials", &[Str], |cx, args| {
        let text = string(args, 0);
        let mut out = String::new();
        let mut gap = true;
        for c in text.as_bytes().iter().map(|byte| char::from(*byte)) {
            if unicode::is_space(c) {
                gap = true;
            } else if std::mem::take(&mut gap) {
                out.push(c);
            }
        }
        cx.text(out)
    }),
    Function::new("trimAll", &[Str, Str], trim_all),
    Function::new("trimall", &[Str, Str], trim_all),
    Function::new("trimSuffix", &[Str, Str], |cx, args| {
        let (suffix, text) = (string(args, 0), string(args, 1));
        match text.as_bytes().strip_suffix(suffix.as_bytes()) {
            Some(cut) => cx.bytes(cut.to_vec()),
            None => Ok(Val::Str(text)),
        }
    }),
    Function::new("trimPrefix", &[Str, Str], |cx, args| {
        let (prefix, text) = (string(args, 0), string(args, 1));
        match text.as_bytes().strip_prefix(prefix.as_bytes()) {
            Some(cut) => cx.bytes(cut.to_vec()),
            None => Ok(Val::Str(text)),
        }
    }),
    Function::new("contains", &[Str, Str], |_, args| {
        Ok(Val::Bool(
            find(string(args, 1).as_bytes(), string(args, 0).as_bytes()).is_some(),
        ))
    }),
    Function::new("hasPrefix", &[Str, Str], |_, args| {
        Ok(Val::Bool(
            string(args, 1).as_bytes().starts_with(string(args, 0).as_bytes()),
        ))
    }),
    Function::new("hasSuffix", &[Str, Str], |_, args| {
        Ok(Val::Bool(
            string(args, 1).as_bytes().ends_with(string(args, 0).as_bytes()),
        ))
    }),
    Function::new("repeat", &[Int, Str], |cx, args| {
        let text = string(args, 1);
        let count = usize::try_from(int(args, 0)).map_err(|_| "strings: negative Repeat count")?;
        if text.len().saturating_mul(count) > cx.room() {
            return Err(cx.out_of_memory());
        }
        cx.bytes(text.as_bytes().repeat(count))
    }),
    Function::new("substr", &[Int, Int, Str], substr),
    Function::new("trunc", &[Int, Str], |cx, args| {
        let (count, text) = (int(args, 0), string(args, 1));
        let bytes = text.as_bytes();
        let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        if length >= bytes.len() {
            return Ok(Val::Str(text));
        }
        let cut = if count < 0 {
            &bytes[bytes.len() - length..]
        } else {
            &bytes[..length]
        };
        cx.bytes(cut.to_vec())
    }),
    Function::new("abbrev", &[Int, Str], |cx, args| {
        let (width, text) = (int(args, 0), string(args, 1));
        if width < 4 {
            return Ok(Val::Str(text));
        }
        let short = words::abbreviated(text.as_bytes(), 0, width);
        cx.bytes(short)
    }),
    Function::new("abbrevboth", &[Int, Int, Str], |cx, args| {
        let (left, right, text) = (int(args, 0), int(args, 1), string(args, 2));
        if right < 4 || (left > 0 && right < 7) {
            return Ok(Val::Str(text));
        }
        let short = words::abbreviated(text.as_bytes(), left, right);
        cx.bytes(short)
    }),
    Function::new("wrap", &[Int, Str], |cx, args| {
        let text = string(args, 1);
        let wrapped = words::wrapped(cx, text.as_bytes(), int(args, 0), "", false)?;
        cx.bytes(wrapped)
    }),
    Function::new("wrapWith", &[Int, Str, Str], |cx, args| {
        let wrapped = words::wrapped(cx, string(args, 2).as_bytes(), int(args, 0), &text(args, 1), true)?;
        cx.bytes(wrapped)
    }),
    Function::new("indent", &[Int, Str], |cx, args| indented(cx, args, "")),
    Function::new("nindent", &[Int, Str], |cx, args| indented(cx, args, "\n")),
    Function::new("replace", &[Str, Str, Str], |cx, args| {
        let (old, new, text) = (string(args, 0), string(args, 1), string(args, 2));
        let replaced = replaced(cx, text.as_bytes(), old.as_bytes(), new.as_bytes())?;
        cx.bytes(replaced)
    }),
    Function::new("plural", &[Str, Str, Int], |_, args| {
        Ok(Val::Str(string(args, usize::from(int(args, 2) != 1))))
    }),
    Function::variadic("quote", &[], Any, |cx, args| {
        joined(cx, args, |cx, value| {
            let text = text_of(cx, value)?;
            Ok(match std::str::from_utf8(text.as_bytes()) {
                Ok(text) => quoted(text),
                Err(_) => quoted_bytes(text.as_bytes(), false),
            })
        })
    }),
    Function::variadic("squote", &[], Any, |cx, args| {
        joined(cx, args, |cx, value| {
            Ok(format!(
                "'{}'",
                to_text(value, cx.room()).ok_or_else(|| cx.out_of_memory())?
            ))
        })
    }),
    Function::variadic("cat", &[], Any, |cx, args| {
        let args: Vec<_> = args.iter().filter(|arg| !arg.is_nil()).cloned().collect();
        let format = "%v ".repeat(args.len());
        super::builtin::formatted(cx, |sink| sprintf(sink, format.trim_end(), &args))
    }),
    Function::new("toString", &[Any], |cx, args| {
        Ok(Val::Str(text_of(cx, &args[0])?))
    }),
    Function::new("split", &[Str, Str], |cx, args| {
        let parts = split(cx, string(args, 1).as_bytes(), string(args, 0).as_bytes(), -1)?;
        numbered(cx, parts)
    }),
    Function::new("splitn", &[Str, Int, Str], |cx, args| {
        let parts = split(
            cx,
            string(args, 2).as_bytes(),
            string(args, 0).as_bytes(),
            int(args, 1),
        )?;
        numbered(cx, parts)
    }),
    Function::new("splitList", &[Str, Str], |cx, args| {
        let parts = split(cx, string(args, 1).as_bytes(), string(args, 0).as_bytes(), -1)?;
        cx.list(Elem::String, parts)
    }),
];

/// A text function of one argument.
fn mapped<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], map: impl FnOnce(&str) -> String) -> Result<Val<'a>> {
    let text = text(args, 0);
    // None of them makes text more than twice as long.
    cx.claim(text.len())?;
    cx.step(text.len() / 64)?;
    let mapped = map(&text);
    cx.text(mapped)
}

fn trim_all<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let (set, text) = (text(args, 0), text(args, 1));
    cx.step(set.len().saturating_mul(text.len()) / 64)?;
    let trimmed = text.trim_matches(|c| set.contains(c)).to_owned();
    cx.text(trimmed)
}

fn substr<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let (start, end, text) = (int(args, 0), int(args, 1), string(args, 2));
    let bytes = text.as_bytes();
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let out_of_range = |what: String| format!("runtime error: slice bounds out of range {what}");
    let cut = if start < 0 {
        let end = usize::try_from(end).map_err(|_| out_of_range(format!("[:{end}]")))?;
        bytes
            .get(..end)
            .ok_or_else(|| out_of_range(format!("[:{end}] with length {length}")))?
    } else {
        let begin = usize::try_from(start).unwrap_or(usize::MAX);
        if end < 0 || end > length {
            bytes
                .get(begin..)
                .ok_or_else(|| out_of_range(format!("[{start}:{length}]")))?
        } else {
            let stop = usize::try_from(end).unwrap_or(usize::MAX);
            bytes
                .get(begin..stop)
                .ok_or_else(|| out_of_range(format!("[{start}:{end}]")))?
        }
    };
    cx.bytes(cut.to_vec())
}

fn indented<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], before: &str) -> Result<Val<'a>> {
    let text = string(args, 1);
    let width = usize::try_from(int(args, 0)).map_err(|_| "strings: negative Repeat count")?;
    let lines = text.as_bytes().split(|byte| *byte == b'\n').count();
    let length = lines.saturating_mul(width).saturating_add(text.len());
    if length > cx.room() {
        return Err(cx.out_of_memory());
    }
    let mut out = Vec::with_capacity(length + before.len());
    out.extend_from_slice(before.as_bytes());
    for (index, line) in text.as_bytes().split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        out.resize(out.len() + width, b' ');
        out.extend_from_slice(line);
    }
    cx.bytes(out)
}

/// Where a text stands in another.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    match wanted {
        [] => Some(0),
        [byte] => text.iter().position(|candidate| candidate == byte),
        // Strings nearly always are UTF-8, for which std searches in linear time.
        _ => match (std::str::from_utf8(text), std::str::from_utf8(wanted)) {
            (Ok(text), Ok(wanted)) => text.find(wanted),
            _ => text.windows(wanted.len()).position(|window| window == wanted),
        },
    }
}

fn replaced(cx: &mut Cx<'_>, text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    if old.is_empty() {
        // Before each character, and at the end.
        let text = String::from_utf8_lossy(text);
        let length = (text.chars().count() + 1)
            .saturating_mul(new.len())
            .saturating_add(text.len());
        if length > cx.room() {
            return Err(cx.out_of_memory());
        }
        for c in text.chars() {
            out.extend_from_slice(new);
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(new);
        return Ok(out);
    }
    let mut rest = text;
    while let Some(at) = find(rest, old) {
        if out.len() + at + new.len() > cx.room() {
            return Err(cx.out_of_memory());
        }
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// `strings.SplitN`: at most so many parts, all of them below zero, none at zero.
fn split<'a>(cx: &mut Cx<'a>, text: &[u8], separator: &[u8], most: i64) -> Result<Vec<Val<'a>>> {
    let most = match usize::try_from(most) {
        Ok(0) => return Ok(Vec::new()),
        Ok(most) => most,
        Err(_) => usize::MAX,
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < most {
        let at = if separator.is_empty() {
            // Between all characters.
            match String::from_utf8_lossy(rest).chars().next() {
                Some(c) if c.len_utf8() < rest.len() => c.len_utf8(),
                _ => break,
            }
        } else {
            match find(rest, separator) {
                Some(at) => at,
                None => break,
            }
        };
        cx.step(1)?;
        parts.push(cx.bytes(rest[..at].to_vec())?);
        rest = &rest[at + separator.len()..];
    }
    if separator.is_empty() && rest.is_empty() {
        return Ok(parts);
    }
    parts.push(cx.bytes(rest.to_vec())?);
    Ok(parts)
}

/// The parts under `_0`, `_1` and so on.
fn numbered<'a>(cx: &mut Cx<'a>, parts: Vec<Val<'a>>) -> Result<Val<'a>> {
    let entries = parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| (Text::Shared(format!("_{index}").into()), part));
    let entries: Vec<_> = entries.collect();
    cx.map(Elem::String, entries)
}

/// What is not nil, each as text, with spaces between.
fn joined<'a>(
    cx: &mut Cx<'a>,
    args: &[Slot<'a>],
    text: fn(&mut Cx<'a>, &Val<'a>) -> Result<String>,
) -> Result<Val<'a>> {
    let mut out = String::new();
    for arg in args.iter().filter(|arg| !arg.is_nil()) {
        if !out.is_empty() {
            out.push(' ');
        }
        let text = text(cx, arg)?;
        cx.claim(text.len())?;
        out.push_str(&text);
    }
    cx.text(out)
}

/// sprig's `strval`.
pub(super) fn text_of<'a>(cx: &mut Cx<'a>, value: &Val<'a>) -> Result<Text<'a>> {
    if let Val::Str(text) = value {
        return Ok(text.clone());
    }
    let text = if let Some(text) = stringer(value) {
        text
    } else {
        let mut text = String::new();
        let mut sink = Sink::new(&mut text, cx.room());
        print(&mut sink, value);
        if sink.stopped() {
            return Err(cx.out_of_memory());
        }
        text
    };
    cx.claim(text.len())?;
    Ok(Text::Shared(text.into()))
}

/// sprig's `strslice`: the items of a list that are not nil as text, or one text.
pub(super) fn strings_of<'a>(cx: &mut Cx<'a>, value: &Val<'a>) -> Result<Vec<Text<'a>>> {
    match value {
        Val::Nil => Ok(Vec::new()),
        Val::List(list) => {
            cx.step(list.len())?;
            let items: Vec<_> = list.iter().filter(|item| !item.is_nil()).collect();
            items.iter().map(|item| text_of(cx, item)).collect()
        }
        other => Ok(vec![text_of(cx, other)?]),
    }
}
