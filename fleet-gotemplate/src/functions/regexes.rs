//! sprig's regular expressions.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use super::Function;
use super::Ty::{Int, Str};
use super::arg::{int, text};
use super::pattern::{Translated, translate};
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{List, Slot, Val};
use crate::text::quote::quoted;
use crate::unicode::{is_digit, is_letter};
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], |cx, args| {
        Ok(Val::Bool(
            compiled(cx, args).is_ok_and(|found| found.regex.is_match(&text(args, 1))),
        ))
    }),
    Function::new("mustRegexMatch", &[Str, Str], |cx, args| {
        Ok(Val::Bool(compiled(cx, args)?.regex.is_match(&text(args, 1))))
    }),
    Function::new("regexFind", &[Str, Str], |cx, args| find(cx, args, true)),
    Function::new("mustRegexFind", &[Str, Str], |cx, args| find(cx, args, false)),
    Function::new("regexFindAll", &[Str, Str, Int], |cx, args| {
        find_all(cx, args, true)
    }),
    Function::new("mustRegexFindAll", &[Str, Str, Int], |cx, args| {
        find_all(cx, args, false)
    }),
    Function::new("regexReplaceAll", &[Str, Str, Str], |cx, args| {
        replace(cx, args, true, true)
    }),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], |cx, args| {
        replace(cx, args, false, true)
    }),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], |cx, args| {
        replace(cx, args, true, false)
    }),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], |cx, args| {
        replace(cx, args, false, false)
    }),
    Function::new("regexSplit", &[Str, Str, Int], |cx, args| split(cx, args, true)),
    Function::new("mustRegexSplit", &[Str, Str, Int], |cx, args| {
        split(cx, args, false)
    }),
    Function::new("regexQuoteMeta", &[Str], |cx, args| {
        let text = text(args, 0);
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if r"\.+*?()|[]{}^$".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        cx.text(out)
    }),
];

/// A compiled expression.
struct Compiled {
    regex: Regex,
    groups: Vec<Option<String>>,
}

/// The most that one compiled expression may take.
const SIZE_LIMIT: usize = 2 << 20;
/// How many expressions a thread remembers.
const REMEMBERED: usize = 32;

type Remembered = Vec<(String, std::result::Result<Rc<Compiled>, String>)>;

thread_local! {
    /// The last expressions: a template is executed many times, each with the same few.
    static RECENT: RefCell<Remembered> = const { RefCell::new(Vec::new()) };
}

/// The expression that is the first argument, or Go's error.
fn compiled(cx: &mut Cx<'_>, args: &[Slot<'_>]) -> Result<Rc<Compiled>> {
    let (pattern, haystack) = (text(args, 0), text(args, 1));
    // Matching takes time proportional to both.
    cx.step(1 + (haystack.len() / 64).saturating_mul(1 + pattern.len() / 16))?;
    let known = RECENT.with_borrow_mut(|recent| {
        let at = recent.iter().position(|(known, _)| *known == *pattern)?;
        recent[..=at].rotate_right(1);
        recent.first().map(|(_, compiled)| compiled.clone())
    });
    let found = if let Some(found) = known {
        found
    } else {
        cx.step(200 + pattern.len())?;
        let found = compile(&pattern).map(Rc::new);
        RECENT.with_borrow_mut(|recent| {
            recent.truncate(REMEMBERED - 1);
            recent.insert(0, (pattern.into_owned(), found.clone()));
        });
        found
    };
    found.map_err(Into::into)
}

fn compile(pattern: &str) -> std::result::Result<Compiled, String> {
    let Translated { pattern, groups } = translate(pattern)?;
    let regex = RegexBuilder::new(&pattern)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .nest_limit(100)
        .build()
        .map_err(|_| "error parsing regexp: expression too large".to_owned())?;
    Ok(Compiled { regex, groups })
}

/// As [`compiled`]; where sprig lets Go panic, the error is the panic's.
fn compiled_or_panic(cx: &mut Cx<'_>, args: &[Slot<'_>], panics: bool) -> Result<Rc<Compiled>> {
    match compiled(cx, args) {
        Err(crate::exec::cx::Fault::Message(message)) if panics => {
            let pattern = text(args, 0);
            let raw = pattern
                .chars()
                .all(|c| c == '\t' || (c >= ' ' && !matches!(c, '`' | '\u{7f}' | '\u{feff}')));
            let pattern = if raw {
                format!("`{pattern}`")
            } else {
                quoted(&pattern)
            };
            Err(format!("regexp: Compile({pattern}): {message}").into())
        }
        other => other,
    }
}

fn find<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], panics: bool) -> Result<Val<'a>> {
    let found = compiled_or_panic(cx, args, panics)?;
    let haystack = text(args, 1);
    cx.text(found.regex.find(&haystack).map_or("", |found| found.as_str()))
}

fn find_all<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], panics: bool) -> Result<Val<'a>> {
    let found = compiled_or_panic(cx, args, panics)?;
    let haystack = text(args, 1);
    let most = usize::try_from(int(args, 2)).unwrap_or(usize::MAX);
    let mut all = Vec::new();
    for item in found.regex.find_iter(&haystack).take(most) {
        cx.step(1)?;
        all.push(cx.text(item.as_str())?);
    }
    if all.is_empty() {
        return Ok(Val::List(List::Nil(Elem::String)));
    }
    cx.list(Elem::String, all)
}

fn split<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], panics: bool) -> Result<Val<'a>> {
    let found = compiled_or_panic(cx, args, panics)?;
    let (haystack, count) = (text(args, 1), int(args, 2));
    if count == 0 {
        return Ok(Val::List(List::Nil(Elem::String)));
    }
    if !text(args, 0).is_empty() && haystack.is_empty() {
        return cx.strings([""]);
    }
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for item in found.regex.find_iter(&haystack).take(most) {
        if parts.len() >= most - 1 {
            break;
        }
        cx.step(1)?;
        end = item.start();
        if item.end() != 0 {
            parts.push(cx.text(&haystack[begin..end])?);
        }
        begin = item.end();
    }
    if end != haystack.len() {
        parts.push(cx.text(&haystack[begin..])?);
    }
    cx.list(Elem::String, parts)
}

fn replace<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], panics: bool, expands: bool) -> Result<Val<'a>> {
    let found = compiled_or_panic(cx, args, panics)?;
    let (haystack, replacement) = (text(args, 1), text(args, 2));
    let mut out = String::with_capacity(haystack.len());
    let mut end = 0;
    for captures in found.regex.captures_iter(&haystack) {
        cx.step(1)?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&haystack[end..whole.start()]);
        if expands {
            expand(&mut out, &replacement, |group| match group {
                Group::Number(number) => captures.get(number).map(|group| group.as_str()),
                Group::Name(name) => {
                    let at = found
                        .groups
                        .iter()
                        .position(|group| group.as_deref() == Some(name))?;
                    captures.get(at).map(|group| group.as_str())
                }
            });
        } else {
            out.push_str(&replacement);
        }
        end = whole.end();
        if out.len() > cx.room() {
            return Err(cx.out_of_memory());
        }
    }
    out.push_str(&haystack[end..]);
    cx.text(out)
}

enum Group<'r> {
    Number(usize),
    Name(&'r str),
}

/// Writes a replacement with `$1`, `${name}` and `$$` in it.
fn expand<'h>(out: &mut String, mut replacement: &str, group: impl Fn(Group<'_>) -> Option<&'h str>) {
    while let Some((before, after)) = replacement.split_once('$') {
        out.push_str(before);
        replacement = after;
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            replacement = after;
            continue;
        }
        let (name_at, closing) = if after.starts_with('{') { (1, "}") } else { (0, "") };
        let name = &after[name_at..];
        let length = name
            .find(|c: char| !is_letter(c) && !is_digit(c) && c != '_')
            .unwrap_or(name.len());
        let (name, rest) = name.split_at(length);
        match rest.strip_prefix(closing) {
            Some(rest) if !name.is_empty() => {
                let number = (name == "0" || !name.starts_with('0'))
                    .then(|| {
                        name.bytes()
                            .all(|byte| byte.is_ascii_digit())
                            .then(|| name.parse().ok())
                            .flatten()
                    })
                    .flatten();
                out.push_str(group(number.map_or(Group::Name(name), Group::Number)).unwrap_or(""));
                replacement = rest;
            }
            _ => out.push('$'),
        }
    }
    let _ = write!(out, "{replacement}");
}
