//! `templatePatch`: a strategic merge patch of each rendered Application.

use fleet_core::yaml::{self, FieldPath};
use serde_json::{Map, Value};

use super::bounds::Meter;
use super::error::ExpandError;
use super::go;
use super::go_yaml;
use super::params::Scope;
use super::shape::{self, Shape};
use super::text::{Language, Text, TextFault};

/// A patch whose text was read once.
pub(crate) struct Patch {
    text: Result<Text, TextFault>,
    source: String,
    path: FieldPath,
}

impl Patch {
    pub(crate) fn new(text: &str, language: &Language, path: FieldPath) -> Self {
        Self {
            text: language.read(text),
            source: text.to_owned(),
            path,
        }
    }

    /// The Application with the patch for these parameters.
    pub(crate) fn applied(
        &self,
        application: Value,
        scope: &Scope<'_>,
        meter: &Meter,
    ) -> Result<Value, ExpandError> {
        let failed = |fault: TextFault, words: &str| {
            ExpandError::text(self.path.clone(), self.source.clone(), fault, |message| {
                format!("{words}{message}")
            })
        };
        let rendered = match &self.text {
            Ok(text) => text.rendered(scope, meter),
            Err(fault) => Err(fault.clone()),
        }
        .map_err(|fault| failed(fault, "error replacing values in templatePatch: "))?;
        apply(application, &rendered).map_err(|message| failed(TextFault::Upstream(message), ""))
    }
}

fn apply(application: Value, rendered: &str) -> Result<Value, String> {
    let is_json = rendered.trim_start().starts_with('{');
    let patch = if is_json {
        serde_json::from_str(rendered).map_err(|error| {
            let message = fleet_gotemplate::json_error(rendered).unwrap_or_else(|| error.to_string());
            format!("invalid templatePatch {}: {message}", go::quoted(rendered))
        })?
    } else {
        let documents = yaml::documents(rendered).map_err(|error| {
            format!(
                "error while converting template to json {}: {}",
                go::quoted(rendered),
                go_yaml::message(&error, rendered)
            )
        })?;
        documents
            .into_iter()
            .next()
            .map_or(Value::Null, yaml::Document::into_value)
    };
    let converted = if is_json {
        rendered.to_owned()
    } else {
        go::json(&patch)
    };
    let shape = shape::of("Application");
    if let Some(message) = shape.decode_error(&patch, "v1alpha1.Application") {
        return Err(format!(
            "invalid templatePatch {}: {message}",
            go::quoted(&converted)
        ));
    }
    let patch = match patch {
        Value::Object(patch) => patch,
        // A patch without content changes nothing; anything else was refused above.
        _ => Map::new(),
    };
    let Value::Object(mut original) = application else {
        return Ok(application);
    };
    let project = original
        .get("spec")
        .and_then(|spec| spec.get("project"))
        .cloned()
        .unwrap_or_else(|| "".into());
    merge(&mut original, patch, shape, "").map_err(|message| {
        format!(
            "error while applying templatePatch template to json {}: {message}",
            go::quoted(&converted)
        )
    })?;
    let status_touched = original.contains_key("status");
    let mut patched = shape.applied(Value::Object(original));
    if let Some(patched) = patched.as_object_mut() {
        if !status_touched {
            patched.remove("status");
        }
        // Which project it is stays the template's say.
        if let Some(spec) = patched.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("project".to_owned(), project);
        }
    }
    Ok(patched)
}

/// Kubernetes' strategic merge of a patch into an object of this shape.
fn merge(
    original: &mut Map<String, Value>,
    mut patch: Map<String, Value>,
    shape: &Shape,
    owner: &str,
) -> Result<(), String> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                *original = patch;
            }
            Some("delete") => original.clear(),
            _ => {
                return Err(format!(
                    "unknown patch type: {} in map: {}",
                    go::plain(directive),
                    go::plain(&Value::Object(patch))
                ));
            }
        }
        return Ok(());
    }
    if let Some(kept) = patch.remove("$retainKeys") {
        let kept: Vec<_> = kept
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        original.retain(|key, _| kept.contains(&key.as_str()));
    }
    for (key, value) in patch {
        if key.starts_with("$setElementOrder/") {
            continue;
        }
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (original.get_mut(list), value) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if value.is_null() {
            original.remove(&key);
            continue;
        }
        let field = match shape {
            Shape::Struct(described) => described.fields.iter().find(|field| field.name == key),
            _ => None,
        };
        let unknown = || {
            let name = match shape {
                Shape::Struct(described) => described.name.as_str(),
                Shape::Free => "RawExtension",
                _ => owner,
            };
            format!(
                "unable to find api field in struct {name} for the json field {}",
                go::quoted(&key)
            )
        };
        let inner = match (shape, field) {
            (_, Some(field)) => Some(&field.shape),
            (Shape::Map(values), None) => Some(&**values),
            _ => None,
        };
        match (original.get_mut(&key), value) {
            (Some(Value::Object(original)), Value::Object(patch)) => {
                merge(original, patch, inner.ok_or_else(unknown)?, &key)?;
            }
            (Some(Value::Array(original)), Value::Array(patch)) => {
                inner.ok_or_else(unknown)?;
                match key.as_str() {
                    "finalizers" => unite(original, &patch),
                    "ownerReferences" => unite_by(original, patch, "uid"),
                    _ => *original = patch,
                }
            }
            (_, mut value) => {
                discard_nulls(&mut value);
                match without_directives(value) {
                    Some(value) => original.insert(key, value),
                    None => original.remove(&key),
                };
            }
        }
    }
    Ok(())
}

/// The patch's items in its order, and among them what only the original has: an item comes before the first of the
/// patch's that stands behind it in the original, or last.
fn unite(original: &mut Vec<Value>, patch: &[Value]) {
    let place = |item: &Value| original.iter().position(|known| known == item);
    let mut own = original.iter().filter(|item| !patch.contains(item)).peekable();
    let mut united: Vec<Value> = Vec::new();
    for item in patch {
        while let Some(first) = own.next_if(|first| place(item).is_some_and(|at| place(first) < Some(at))) {
            united.push(first.clone());
        }
        if !united.contains(item) {
            united.push(item.clone());
        }
    }
    for item in own {
        if !united.contains(item) {
            united.push(item.clone());
        }
    }
    *original = united;
}

fn unite_by(original: &mut Vec<Value>, patch: Vec<Value>, key: &str) {
    for item in patch {
        match original.iter_mut().find(|known| known.get(key) == item.get(key)) {
            Some(Value::Object(known)) => {
                if let Value::Object(item) = item {
                    known.extend(item);
                }
            }
            _ => original.push(item),
        }
    }
}

fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => Some(Value::Object(
            fields
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => Some(Value::Array(
            items.into_iter().filter_map(without_directives).collect(),
        )),
        other => Some(other),
    }
}

const DIRECTIVE: &str = "$patch";
