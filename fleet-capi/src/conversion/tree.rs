//! Moving parts of an object from where one version has them to where the other has them.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Conversion, ConversionError};
use crate::GoDuration;

/// From v1beta1 to v1beta2, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// A field, and where each version has it.
pub(super) struct Move {
    older: &'static str,
    newer: &'static str,
    form: Form,
}

/// How the two versions write the same value.
#[derive(Clone, Copy)]
enum Form {
    /// Alike.
    Same,
    /// A duration in Go's notation, and whole seconds.
    Seconds,
    /// A map, and a list of names and values.
    Args,
    /// A whole `ObjectReference`, and its API version, kind and name.
    Template,
}

pub(super) const fn same(older: &'static str, newer: &'static str) -> Move {
    Move {
        older,
        newer,
        form: Form::Same,
    }
}

pub(super) const fn seconds(older: &'static str, newer: &'static str) -> Move {
    Move {
        older,
        newer,
        form: Form::Seconds,
    }
}

pub(super) const fn args(path: &'static str) -> Move {
    Move {
        older: path,
        newer: path,
        form: Form::Args,
    }
}

pub(super) const fn template(older: &'static str, newer: &'static str) -> Move {
    Move {
        older,
        newer,
        form: Form::Template,
    }
}

impl Conversion<'_> {
    /// Moves fields to where the other version has them.
    pub(super) fn carry<'m>(
        &self,
        tree: &mut Value,
        moves: impl IntoIterator<Item = &'m Move>,
    ) -> Result<(), ConversionError> {
        let mut carried = Vec::new();
        // All are taken before any is put: one field's old place is another's new one.
        for step in moves {
            let (from, to) = match self.way {
                Way::Up => (step.older, step.newer),
                Way::Down => (step.newer, step.older),
            };
            let Some(value) = take(tree, from) else { continue };
            carried.push((to, self.rewrite(step.form, step.older, value)?));
        }
        for (to, value) in carried {
            put(tree, to, value);
        }
        Ok(())
    }

    fn rewrite(&self, form: Form, field: &str, value: Value) -> Result<Value, ConversionError> {
        Ok(match (form, self.way) {
            (Form::Same, _) => value,
            (Form::Seconds, Way::Up) => whole_seconds(field, &value)?,
            (Form::Seconds, Way::Down) => match value.as_i64() {
                Some(seconds) => GoDuration::from(SignedDuration::from_secs(seconds))
                    .as_str()
                    .into(),
                None => value,
            },
            (Form::Args, Way::Up) => {
                let arguments = value.as_object().into_iter().flatten();
                arguments
                    .map(|(name, value)| json!({ "name": name, "value": value }))
                    .collect()
            }
            (Form::Args, Way::Down) => {
                let mut map = Map::new();
                for argument in value.as_array().into_iter().flatten() {
                    let name = argument["name"].as_str().unwrap_or_default();
                    let value = argument.get("value").cloned().unwrap_or_else(|| "".into());
                    map.insert(name.to_owned(), value);
                }
                map.into()
            }
            (Form::Template, way) => {
                let mut reference = Map::new();
                for field in ["apiVersion", "kind", "name"] {
                    if let Some(value) = value.get(field) {
                        reference.insert(field.to_owned(), value.clone());
                    }
                }
                match (way, self.namespace) {
                    (Way::Down, Some(namespace)) => {
                        reference.insert("namespace".to_owned(), namespace.into());
                    }
                    (Way::Up, _) if !reference.is_empty() => {
                        for field in ["apiVersion", "kind", "name"] {
                            reference.entry(field).or_insert_with(|| "".into());
                        }
                    }
                    _ => {}
                }
                reference.into()
            }
        })
    }

    /// Rewrites a reference that says an API version in v1beta1 and only a group in v1beta2.
    pub(super) fn reference(&self, tree: &mut Value, path: &str) -> Result<(), ConversionError> {
        let Some(found) = take(tree, path) else {
            return Ok(());
        };
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        let mut reference = Map::new();
        for field in ["kind", "name"] {
            if !text(field).is_empty() {
                reference.insert(field.to_owned(), text(field).into());
            }
        }
        match self.way {
            Way::Up => {
                let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
                if !group.is_empty() || !reference.is_empty() {
                    reference.insert("apiGroup".to_owned(), group.into());
                    // v1beta2 requires all three.
                    for field in ["kind", "name"] {
                        reference.entry(field).or_insert_with(|| "".into());
                    }
                }
            }
            Way::Down => {
                if reference.is_empty() && text("apiGroup").is_empty() {
                    return Ok(());
                }
                let (group, kind) = (text("apiGroup"), text("kind"));
                let version = self
                    .versions
                    .of(group, kind)
                    .ok_or_else(|| ConversionError::ApiVersion {
                        group: group.to_owned(),
                        kind: kind.to_owned(),
                    })?;
                reference.insert("apiVersion".to_owned(), version.into());
                if let Some(namespace) = self.namespace {
                    reference.insert("namespace".to_owned(), namespace.into());
                }
            }
        }
        if !reference.is_empty() {
            put(tree, path, reference.into());
        }
        Ok(())
    }

    /// What v1beta2 had at a path, if v1beta1 kept it.
    pub(super) fn kept(&self, path: &str) -> Option<&Value> {
        get(self.kept.as_ref()?, path)
    }

    /// A `false` or a 0 of v1beta1 means nothing, unless v1beta2 had said just that.
    pub(super) fn intend(&self, tree: &mut Value, path: &str) {
        if self.way == Way::Up {
            intend(tree, path, self.kept(path));
        }
    }
}

/// As [`Conversion::intend`], with what was kept at hand.
pub(super) fn intend(tree: &mut Value, path: &str, kept: Option<&Value>) {
    if get(tree, path).is_some_and(|value| !is_nothing(value)) {
        return;
    }
    take(tree, path);
    if let Some(kept) = kept.filter(|kept| is_nothing(kept) && !kept.is_null()) {
        put(tree, path, kept.clone());
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value == &Value::Bool(false) || value.as_i64() == Some(0)
}

fn whole_seconds(field: &str, value: &Value) -> Result<Value, ConversionError> {
    let text = value.as_str().unwrap_or_default();
    let duration = GoDuration::from(text)
        .as_signed()
        .ok_or_else(|| ConversionError::Duration {
            field: field.to_owned(),
            text: text.to_owned(),
        })?;
    Ok(duration.as_secs().min(i64::from(i32::MAX)).into())
}

/// The value at a path of names with dots between them.
pub(super) fn get<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |tree, name| tree.get(name))
}

/// Takes a value out, and with it the objects that held nothing else.
pub(super) fn take(tree: &mut Value, path: &str) -> Option<Value> {
    let object = tree.as_object_mut()?;
    let Some((first, rest)) = path.split_once('.') else {
        return object.remove(path);
    };
    let inner = object.get_mut(first)?;
    let value = take(inner, rest)?;
    if inner.as_object().is_some_and(Map::is_empty) {
        object.remove(first);
    }
    Some(value)
}

/// Puts a value in, and the objects on the way to it.
pub(super) fn put(tree: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => tree[path] = value,
        Some((first, rest)) => {
            if !tree[first].is_object() {
                tree[first] = json!({});
            }
            put(&mut tree[first], rest, value);
        }
    }
}

/// Puts in what Go writes where there is nothing: objects on the way are made, values that are there stay.
pub(super) fn fill(tree: &mut Value, nothings: &[(&str, Value)]) {
    for (path, nothing) in nothings {
        if get(tree, path).is_none_or(Value::is_null) {
            put(tree, path, nothing.clone());
        }
    }
}

/// The items of the list at a path.
pub(super) fn items<'a>(tree: &'a mut Value, path: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = path.split('.').try_fold(tree, |tree, name| tree.get_mut(name));
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// The object at a path, to change.
pub(super) fn part<'a>(tree: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.')
        .try_fold(tree, |tree, name| tree.get_mut(name))
        .filter(|part| part.is_object())
}
