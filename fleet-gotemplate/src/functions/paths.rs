//! Slash-separated paths, as Go's packages `path` and, on Unix, `path/filepath` take them.

use super::Function;
use super::Ty::Str;
use super::arg::{string, text};
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Val};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base", &[Str], base),
    Function::new("osBase", &[Str], base),
    Function::new("dir", &[Str], dir),
    Function::new("osDir", &[Str], dir),
    Function::new("clean", &[Str], |cx, args| cx.text(clean(&text(args, 0)))),
    Function::new("osClean", &[Str], |cx, args| cx.text(clean(&text(args, 0)))),
    Function::new("ext", &[Str], ext),
    Function::new("osExt", &[Str], ext),
    Function::new("isAbs", &[Str], is_abs),
    Function::new("osIsAbs", &[Str], is_abs),
];

fn base<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let path = text(args, 0);
    if path.is_empty() {
        return cx.text(".");
    }
    let name = path.trim_end_matches('/');
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    cx.text(if name.is_empty() { "/" } else { name })
}

fn dir<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let path = text(args, 0);
    let end = path.rfind('/').map_or(0, |at| at + 1);
    cx.text(clean(&path[..end]))
}

fn ext<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let path = text(args, 0);
    let name = path.rsplit_once('/').map_or(&*path, |(_, name)| name);
    cx.text(name.rfind('.').map_or("", |at| &name[at..]))
}

#[allow(clippy::unnecessary_wraps)] // as every function
fn is_abs<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    Ok(Val::Bool(string(args, 0).as_bytes().first() == Some(&b'/')))
}

/// The shortest path that says the same.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}
