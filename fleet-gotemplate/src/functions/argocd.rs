//! Argo CD's own functions: names and YAML.

use fleet_core::yaml;
use serde_json::Value as Json;

use super::Function;
use super::Ty::{Any, Str};
use super::arg::text;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{List, Map, Slot, Str as Text, Val};
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("normalize", &[Str], |cx, args| {
        cx.text(normalized(&text(args, 0)))
    }),
    Function::variadic("slugify", &[], Any, slugify),
    Function::new("toYaml", &[Any], to_yaml),
    Function::new("fromYaml", &[Str], |cx, args| match parsed(cx, &text(args, 0))? {
        Json::Null => Ok(Val::Map(Map::Nil(Elem::Any))),
        value @ Json::Object(_) => from_json(cx, &value),
        other => Err(mismatch(&other, "map[string]interface {}")),
    }),
    Function::new("fromYamlArray", &[Str], |cx, args| {
        match parsed(cx, &text(args, 0))? {
            Json::Null => Ok(Val::List(List::Nil(Elem::Any))),
            value @ Json::Array(_) => from_json(cx, &value),
            other => Err(mismatch(&other, "[]interface {}")),
        }
    }),
];

/// A name as DNS allows it: lower case, at most 253 bytes, `-` for what may not stand in it.
fn normalized(name: &str) -> String {
    let allowed = |c: char| {
        if matches!(c, '-' | '.' | 'a'..='z' | '0'..='9') {
            c
        } else {
            '-'
        }
    };
    let mut name: String = crate::unicode::lower(name).chars().map(allowed).collect();
    name.truncate(253);
    name.trim_matches(['-', '.']).to_owned()
}

/// `slugify [MAX [SMART]] NAME`: words joined by `-`, cut at a word when smart.
fn slugify<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let (mut max, mut smart, mut name) = (50, true, String::new());
    let unlike = |found: &Val<'_>, wanted: &str| {
        let found = if found.is_nil() { "nil" } else { found.type_name() };
        Fault::Message(format!(
            "interface conversion: interface {{}} is {found}, not {wanted}"
        ))
    };
    for (index, arg) in args.iter().enumerate() {
        match (index, &arg.val) {
            (_, Val::Str(text)) if index + 1 == args.len() => name = text.as_str().into_owned(),
            (_, other) if index + 1 == args.len() => return Err(unlike(other, "string")),
            (0, Val::Int(number)) => max = *number,
            (0, other) => return Err(unlike(other, "int")),
            (1, Val::Bool(value)) => smart = *value,
            (1, other) => return Err(unlike(other, "bool")),
            // Argo CD only logs this.
            _ => {}
        }
    }
    let mut slug = normalized(&name);
    if !smart && i64::try_from(slug.len()).is_ok_and(|length| length >= max) {
        let end =
            usize::try_from(max).map_err(|_| format!("runtime error: slice bounds out of range [:{max}]"))?;
        slug.truncate(end);
    }
    let words: Vec<&str> = slug.split(['-', '.']).filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-");
    let max = usize::try_from(max).unwrap_or(0);
    if smart && max > 0 && slug.len() > max {
        slug.truncate(slug[..=max].rfind('-').unwrap_or(max));
    }
    cx.text(slug)
}

fn to_yaml<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let Val::Str(json) = super::json::raw(cx, args)? else {
        return Ok(Val::Nil);
    };
    let value: Json = serde_json::from_str(&json.as_str()).map_err(|error| error.to_string())?;
    let text = yaml::to_string(&value).map_err(|error| error.to_string())?;
    cx.text(text.strip_suffix('\n').unwrap_or(&text))
}

/// The first document.
fn parsed(cx: &mut Cx<'_>, text: &str) -> Result<Json> {
    cx.claim(text.len())?;
    cx.step(text.len() / 64)?;
    let documents =
        yaml::documents(text).map_err(|error| format!("error converting YAML to JSON: yaml: {error}"))?;
    Ok(documents
        .into_iter()
        .next()
        .map_or(Json::Null, yaml::Document::into_value))
}

fn mismatch(found: &Json, wanted: &str) -> Fault {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    Fault::Message(format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {wanted}"
    ))
}

fn from_json<'a>(cx: &mut Cx<'a>, value: &Json) -> Result<Val<'a>> {
    match value {
        Json::Null => Ok(Val::Nil),
        Json::Bool(value) => Ok(Val::Bool(*value)),
        Json::Number(number) => Ok(Val::Float(number.as_f64().unwrap_or(f64::INFINITY))),
        Json::String(text) => cx.text(text.as_str()),
        Json::Array(items) => {
            let items = items
                .iter()
                .map(|item| from_json(cx, item))
                .collect::<Result<_>>()?;
            cx.list(Elem::Any, items)
        }
        Json::Object(fields) => {
            let mut entries = Vec::with_capacity(fields.len());
            for (key, value) in fields {
                cx.claim(key.len())?;
                entries.push((Text::Shared(key.as_str().into()), from_json(cx, value)?));
            }
            cx.map(Elem::Any, entries)
        }
    }
}
