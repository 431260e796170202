//! sprig's dictionaries. Where Go walks a map in no order, keys are sorted here.

use std::collections::BTreeMap;

use super::Function;
use super::Ty::{Any, Map as MapTy, Str};
use super::arg::{any, map, string, text};
use super::strings::text_of;
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{List, Map, Slot, Str as Text, Val};
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[], Any, dict),
    Function::new("get", &[MapTy, Str], |_, args| {
        Ok(map(args, 0)
            .get_bytes(string(args, 1).as_bytes())
            .unwrap_or(Val::Str(Text::Ref(""))))
    }),
    Function::new("set", &[MapTy, Str, Any], |cx, args| {
        cx.put(&map(args, 0), string(args, 1), any(args, 2))?;
        Ok(any(args, 0))
    })
    .mutating(),
    Function::new("unset", &[MapTy, Str], |_, args| {
        if let Map::Shared(body) = map(args, 0) {
            body.entries.borrow_mut().remove(string(args, 1).as_bytes());
        }
        Ok(any(args, 0))
    })
    .mutating(),
    Function::new("hasKey", &[MapTy, Str], |_, args| {
        Ok(Val::Bool(
            map(args, 0).get_bytes(string(args, 1).as_bytes()).is_some(),
        ))
    }),
    Function::variadic("pluck", &[Str], MapTy, |cx, args| {
        let key = string(args, 0);
        let found = (1..args.len())
            .filter_map(|index| map(args, index).get_bytes(key.as_bytes()))
            .collect();
        cx.list(Elem::Any, found)
    }),
    Function::variadic("keys", &[], MapTy, |cx, args| {
        let mut keys = Vec::new();
        for index in 0..args.len() {
            let map = map(args, index);
            cx.step(map.len())?;
            keys.extend(map.entries().into_iter().map(|(key, _)| Val::Str(key)));
        }
        cx.list(Elem::String, keys)
    }),
    Function::variadic("pick", &[MapTy], Str, |cx, args| {
        let map = map(args, 0);
        let picked: Vec<_> = (1..args.len())
            .filter_map(|index| {
                let key = string(args, index);
                let value = map.get_bytes(key.as_bytes())?;
                Some((key, value))
            })
            .collect();
        cx.map(Elem::Any, picked)
    }),
    Function::variadic("omit", &[MapTy], Str, |cx, args| {
        let mut entries = entries(cx, &map(args, 0))?;
        for index in 1..args.len() {
            entries.remove(string(args, index).as_bytes());
        }
        cx.map(Elem::Any, entries)
    }),
    Function::new("values", &[MapTy], |cx, args| {
        let map = map(args, 0);
        cx.step(map.len())?;
        let values = map.entries().into_iter().map(|(_, value)| value).collect();
        cx.list(Elem::Any, values)
    }),
    Function::variadic("merge", &[MapTy], MapTy, |cx, args| merge_all(cx, args, false)).mutating(),
    Function::variadic("mustMerge", &[MapTy], MapTy, |cx, args| {
        merge_all(cx, args, false)
    })
    .mutating(),
    Function::variadic("mergeOverwrite", &[MapTy], MapTy, |cx, args| {
        merge_all(cx, args, true)
    })
    .mutating(),
    Function::variadic("mustMergeOverwrite", &[MapTy], MapTy, |cx, args| {
        merge_all(cx, args, true)
    })
    .mutating(),
    Function::new("deepCopy", &[Any], |cx, args| deep_copy(cx, &args[0])),
    Function::new("mustDeepCopy", &[Any], |cx, args| deep_copy(cx, &args[0])),
    Function::variadic("dig", &[], Any, dig),
];

fn entries<'a>(cx: &mut Cx<'a>, map: &Map<'a>) -> Result<BTreeMap<Text<'a>, Val<'a>>> {
    cx.step(map.len())?;
    Ok(map.entries().into_iter().collect())
}

fn dict<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let mut entries = BTreeMap::new();
    for pair in args.chunks(2) {
        let key = text_of(cx, &pair[0])?;
        entries.insert(
            key,
            pair.get(1)
                .map_or(Val::Str(Text::Ref("")), |value| value.val.clone()),
        );
    }
    cx.map(Elem::Any, entries)
}

fn merge_all<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], overwrite: bool) -> Result<Val<'a>> {
    let mut target = map(args, 0);
    if target.is_nil() {
        target = Map::made(Elem::Any, BTreeMap::new());
    }
    for index in 1..args.len() {
        merge(cx, &target, &map(args, index), overwrite)?;
    }
    Ok(Val::Map(target))
}

/// `mergo.Merge`: what the target lacks, or has empty, comes from the source; with `overwrite` the source wins. Maps merge.
fn merge<'a>(cx: &mut Cx<'a>, target: &Map<'a>, source: &Map<'a>, overwrite: bool) -> Result<()> {
    cx.enter()?;
    for (key, value) in entries(cx, source)? {
        let existing = target.get_bytes(key.as_bytes());
        match (&value, &existing) {
            (Val::Nil, _) => {
                if overwrite {
                    cx.put(target, key, value)?;
                }
                continue;
            }
            (Val::Map(source), Some(Val::Map(target))) => {
                merge(cx, target, source, overwrite)?;
                if target.len() > 0 {
                    continue;
                }
            }
            (Val::List(_), Some(existing)) if existing.truth() => {
                if overwrite {
                    cx.put(target, key, value)?;
                }
                continue;
            }
            _ => {}
        }
        if overwrite || existing.is_none_or(|existing| !existing.truth()) {
            cx.put(target, key, value)?;
        }
    }
    cx.leave();
    Ok(())
}

fn deep_copy<'a>(cx: &mut Cx<'a>, value: &Val<'a>) -> Result<Val<'a>> {
    cx.step(1)?;
    match value {
        Val::List(List::Nil(_)) | Val::Map(Map::Nil(_)) => Ok(value.clone()),
        Val::List(list) => {
            let mut items = Vec::new();
            for item in list.iter() {
                items.push(deep_copy(cx, &item)?);
            }
            cx.list(list.elem(), items)
        }
        Val::Map(map) => {
            cx.enter()?;
            let mut copied = Vec::new();
            for (key, item) in map.entries() {
                copied.push((key, deep_copy(cx, &item)?));
            }
            cx.leave();
            cx.map(map.elem(), copied)
        }
        other => Ok(other.clone()),
    }
}

fn dig<'a>(_: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let [keys @ .., default, last] = args else {
        return Err("dig needs at least three arguments".into());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut map = dictionary(last)?;
    if let Some(other) = keys.iter().find(|key| !matches!(key.val, Val::Str(_))) {
        return Err(conversion(other, "string").into());
    }
    for index in 0..keys.len() {
        let Some(value) = map.get(&text(keys, index)) else {
            return Ok(default.val.clone());
        };
        if index + 1 == keys.len() {
            return Ok(value);
        }
        map = dictionary(&value)?;
    }
    Ok(default.val.clone())
}

fn dictionary<'a>(value: &Val<'a>) -> Result<Map<'a>> {
    match value {
        Val::Map(map) if map.elem() == Elem::Any => Ok(map.clone()),
        other => Err(conversion(other, "map[string]interface {}").into()),
    }
}

/// What Go says when a value is not of the type that it is taken for.
pub(super) fn conversion(value: &Val<'_>, wanted: &str) -> String {
    let actual = if value.is_nil() { "nil" } else { value.type_name() };
    format!("interface conversion: interface {{}} is {actual}, not {wanted}")
}
