//! sprig's lists. Go's values are never changed here: each function makes a new list.

use super::Function;
use super::Ty::{Any, Int, Str};
use super::arg::{any, int, text};
use super::checks::{deep_equal, is_empty};
use super::numbers::{to_int, truncated};
use super::strings::strings_of;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{List, Slot, Val};
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[], Any, list),
    Function::variadic("tuple", &[], Any, list),
    Function::new("append", &[Any, Any], push),
    Function::new("push", &[Any, Any], push),
    Function::new("mustAppend", &[Any, Any], push),
    Function::new("mustPush", &[Any, Any], push),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::new("first", &[Any], first),
    Function::new("mustFirst", &[Any], first),
    Function::new("last", &[Any], last),
    Function::new("mustLast", &[Any], last),
    Function::new("rest", &[Any], rest),
    Function::new("mustRest", &[Any], rest),
    Function::new("initial", &[Any], initial),
    Function::new("mustInitial", &[Any], initial),
    Function::new("reverse", &[Any], reverse),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("compact", &[Any], compact),
    Function::new("mustCompact", &[Any], compact),
    Function::new("uniq", &[Any], uniq),
    Function::new("mustUniq", &[Any], uniq),
    Function::variadic("without", &[Any], Any, without),
    Function::variadic("mustWithout", &[Any], Any, without),
    Function::new("has", &[Any, Any], has),
    Function::new("mustHas", &[Any, Any], has),
    Function::variadic("slice", &[Any], Any, slice),
    Function::variadic("mustSlice", &[Any], Any, slice),
    Function::variadic("concat", &[], Any, concat),
    Function::new("chunk", &[Int, Any], chunk),
    Function::new("mustChunk", &[Int, Any], chunk),
    Function::new("sortAlpha", &[Any], sort_alpha),
    Function::new("join", &[Str, Any], |cx, args| {
        let items = strings_of(cx, &args[1])?;
        let separator = text(args, 0);
        let separators = separator.len().saturating_mul(items.len());
        let length = items
            .iter()
            .map(crate::exec::val::Str::len)
            .fold(separators, usize::saturating_add);
        if length > cx.room() {
            return Err(cx.out_of_memory());
        }
        let mut out = Vec::with_capacity(length);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(separator.as_bytes());
            }
            out.extend_from_slice(item.as_bytes());
        }
        cx.bytes(out)
    }),
    Function::new("toStrings", &[Any], |cx, args| {
        let items = strings_of(cx, &args[0])?.into_iter().map(Val::Str).collect();
        cx.list(Elem::String, items)
    }),
];

/// What Go says when it looks at the type of nil.
pub(super) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// The list that a value is; `complaint` says what cannot be done with anything else.
fn list_of<'a>(value: &Val<'a>, complaint: &str) -> Result<List<'a>> {
    match value {
        Val::List(list) => Ok(list.clone()),
        Val::Nil => Err(NIL_DEREFERENCE.into()),
        other => Err(format!("{complaint} {}", other.kind_name()).into()),
    }
}

fn items<'a>(cx: &mut Cx<'a>, list: &List<'a>) -> Result<Vec<Val<'a>>> {
    cx.step(list.len())?;
    cx.claim(list.len().saturating_mul(size_of::<Val<'_>>()))?;
    Ok(list.iter().collect())
}

fn list<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let items = args.iter().map(|arg| arg.val.clone()).collect();
    cx.list(Elem::Any, items)
}

fn push<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot push on type")?;
    let mut items = items(cx, &list)?;
    items.push(any(args, 1));
    cx.list(Elem::Any, items)
}

fn prepend<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot prepend on type")?;
    let mut items = items(cx, &list)?;
    items.insert(0, any(args, 1));
    cx.list(Elem::Any, items)
}

fn first<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    Ok(list_of(&args[0], "Cannot find first on type")?
        .get(0)
        .unwrap_or(Val::Nil))
}

fn last<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find last on type")?;
    Ok(list
        .len()
        .checked_sub(1)
        .and_then(|at| list.get(at))
        .unwrap_or(Val::Nil))
}

fn rest<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find rest on type")?;
    let mut items = items(cx, &list)?;
    if items.is_empty() {
        return Ok(Val::List(List::Nil(Elem::Any)));
    }
    items.remove(0);
    cx.list(Elem::Any, items)
}

fn initial<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find initial on type")?;
    let mut items = items(cx, &list)?;
    if items.pop().is_none() {
        return Ok(Val::List(List::Nil(Elem::Any)));
    }
    cx.list(Elem::Any, items)
}

fn reverse<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find reverse on type")?;
    let mut items = items(cx, &list)?;
    items.reverse();
    cx.list(Elem::Any, items)
}

fn compact<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot compact on type")?;
    let mut items = items(cx, &list)?;
    items.retain(|item| !is_empty(item));
    cx.list(Elem::Any, items)
}

fn uniq<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find uniq on type")?;
    let mut kept = Vec::new();
    for item in items(cx, &list)? {
        if !contains(cx, &kept, &item)? {
            kept.push(item);
        }
    }
    cx.list(Elem::Any, kept)
}

fn without<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "Cannot find without on type")?;
    let omitted: Vec<_> = args[1..].iter().map(|arg| arg.val.clone()).collect();
    let mut kept = Vec::new();
    for item in items(cx, &list)? {
        if !contains(cx, &omitted, &item)? {
            kept.push(item);
        }
    }
    cx.list(Elem::Any, kept)
}

fn has<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    if args[1].is_nil() {
        return Ok(Val::Bool(false));
    }
    let list = list_of(&args[1], "Cannot find has on type")?;
    let items = items(cx, &list)?;
    Ok(Val::Bool(contains(cx, &items, &args[0])?))
}

fn contains<'a>(cx: &mut Cx<'a>, items: &[Val<'a>], wanted: &Val<'a>) -> Result<bool> {
    for item in items {
        if deep_equal(cx, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn slice<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[0], "list should be type of slice or array but")?;
    if list.len() == 0 {
        return Ok(Val::Nil);
    }
    let start = args.get(1).map_or(0, |start| to_int(start));
    let end = args
        .get(2)
        .map_or(i64::try_from(list.len()).unwrap_or(i64::MAX), |end| to_int(end));
    let bounds = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match bounds.filter(|(start, end)| start <= end && *end <= list.len()) {
        Some((start, end)) => {
            cx.step(end - start)?;
            cx.claim((end - start).saturating_mul(size_of::<Val<'_>>()))?;
            Ok(Val::List(list.slice(start, end)))
        }
        None => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
}

fn concat<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let mut all = Vec::new();
    for arg in args {
        match &arg.val {
            Val::List(list) => all.extend(items(cx, list)?),
            Val::Nil => return Err(NIL_DEREFERENCE.into()),
            other => return Err(format!("Cannot concat type {} as list", other.kind_name()).into()),
        }
    }
    if all.is_empty() {
        return Ok(Val::List(List::Nil(Elem::Any)));
    }
    cx.list(Elem::Any, all)
}

fn chunk<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let list = list_of(&args[1], "Cannot chunk type")?;
    let (size, length) = (int(args, 0), list.len() as f64);
    let count = truncated(((length - 1.0) / size as f64).floor() + 1.0);
    let count =
        usize::try_from(count).map_err(|_| Fault::from("runtime error: makeslice: len out of range"))?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let items = items(cx, &list)?;
    let mut chunks = Vec::with_capacity(count.min(items.len()));
    for chunk in items.chunks(size.max(1)).take(count) {
        chunks.push(cx.list(Elem::Any, chunk.to_vec())?);
    }
    cx.list(Elem::AnyList, chunks)
}

fn sort_alpha<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let mut items = if let Val::List(_) = &args[0].val {
        strings_of(cx, &args[0])?
    } else {
        vec![super::strings::text_of(cx, &args[0])?]
    };
    items.sort();
    let items = items.into_iter().map(Val::Str).collect();
    cx.list(Elem::String, items)
}
