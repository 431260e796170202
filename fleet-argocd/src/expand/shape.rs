//! The shape of an Application as Argo CD's own encoder writes it.
//!
//! Argo CD decodes a template into its types and encodes each Application from them. On the way unknown fields go,
//! empty ones go too (Go's `omitempty`), and a few are always written. Our types keep what was read; this module
//! takes a value of them and gives it upstream's shape. What is a list, a map or a struct, and which fields are
//! always written, comes from the schema of the types; what Go holds by pointer is listed at the end.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::application_set::ApplicationTemplate;
use crate::schema;

/// The shape of one value.
#[derive(Debug)]
pub(crate) enum Shape {
    Struct(BTreeMap<String, Field>),
    Map(Box<Shape>),
    List(Box<Shape>),
    Text,
    Number,
    Bool,
    /// A number or a text.
    Either,
    /// The user's own: walked, but not reshaped.
    Free,
}

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) shape: Shape,
    /// Written even when it is empty, and when it is absent.
    pub(crate) always: bool,
    /// Held by pointer: written when it is set, even to an empty value.
    pub(crate) pointer: bool,
}

/// The shape of an ApplicationSet's template.
pub(crate) fn template() -> &'static Shape {
    static TEMPLATE: LazyLock<Shape> =
        LazyLock::new(|| Shape::from_schema(&schema::of::<ApplicationTemplate>().to_value()));
    &TEMPLATE
}

impl Shape {
    fn from_schema(schema: &Value) -> Self {
        if schema.get("x-kubernetes-int-or-string").is_some() {
            return Self::Either;
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required =
                |name: &str| required.is_some_and(|list| list.iter().any(|field| field == name));
            return Self::Struct(
                properties
                    .iter()
                    .map(|(name, schema)| {
                        let field = Field {
                            shape: Self::from_schema(schema),
                            always: is_required(name) || ALWAYS_WRITTEN.contains(&name.as_str()),
                            pointer: HELD_BY_POINTER.contains(&name.as_str()),
                        };
                        (name.clone(), field)
                    })
                    .collect(),
            );
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            return Self::Map(Box::new(Self::from_schema(values)));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => Self::List(Box::new(
                schema.get("items").map_or(Self::Free, Self::from_schema),
            )),
            Some("string") => Self::Text,
            Some("integer" | "number") => Self::Number,
            Some("boolean") => Self::Bool,
            _ => Self::Free,
        }
    }

    /// The empty value of this shape, where Go writes one.
    fn zero(&self) -> Value {
        match self {
            Self::Struct(_) => self.applied(Value::Object(Map::new())),
            Self::Map(_) => Value::Object(Map::new()),
            Self::List(_) | Self::Free => Value::Null,
            Self::Text => "".into(),
            Self::Number | Self::Either => 0.into(),
            Self::Bool => false.into(),
        }
    }

    /// The value in upstream's shape.
    pub(crate) fn applied(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Struct(fields), Value::Object(mut object)) => {
                let mut shaped = Map::new();
                for (name, field) in fields {
                    let value = object.remove(name).filter(|value| !value.is_null());
                    match value.map(|value| field.shape.applied(value)) {
                        Some(value) if field.keeps(&value) => shaped.insert(name.clone(), value),
                        _ if field.always => shaped.insert(name.clone(), field.shape.zero()),
                        _ => None,
                    };
                }
                Value::Object(shaped)
            }
            (Self::Map(values), Value::Object(object)) => Value::Object(
                object
                    .into_iter()
                    .map(|(key, value)| (key, values.applied(value)))
                    .collect(),
            ),
            (Self::List(items), Value::Array(list)) => {
                Value::Array(list.into_iter().map(|item| items.applied(item)).collect())
            }
            (Self::Struct(_), Value::Null) => self.applied(Value::Object(Map::new())),
            (Self::Text, Value::Null) => "".into(),
            (_, value) => value,
        }
    }

    /// The override laid over the base: what is set in the override stays, what is empty comes from the base, maps
    /// are united, lists and texts are taken whole. Both are in upstream's shape.
    pub(crate) fn merged(&self, over: Value, base: Value) -> Value {
        match (self, over, base) {
            (Self::Struct(fields), Value::Object(mut over), Value::Object(mut base)) => {
                let mut merged = Map::new();
                for (name, field) in fields {
                    let value = match (over.remove(name), base.remove(name)) {
                        (Some(over), Some(base)) => Some(field.shape.merged(over, base)),
                        (over, base) => over.or(base),
                    };
                    merged.extend(value.map(|value| (name.clone(), value)));
                }
                Value::Object(merged)
            }
            (Self::Map(_), Value::Object(mut over), Value::Object(base)) => {
                for (key, value) in base {
                    let entry = over.entry(key).or_insert(Value::Null);
                    if is_empty(entry) {
                        *entry = value;
                    }
                }
                Value::Object(over)
            }
            (_, over, base) => {
                if is_empty(&over) {
                    base
                } else {
                    over
                }
            }
        }
    }
}

impl Field {
    /// Whether the encoder writes this value.
    pub(crate) fn keeps(&self, value: &Value) -> bool {
        self.always
            || self.pointer
            || matches!(self.shape, Shape::Struct(_) | Shape::Free)
            || !is_empty(value)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Fields Go holds by pointer: `automated.enabled`, `spec.revisionHistoryLimit`, `backoff.factor`, and a plugin
/// parameter's `string`, `array` and `map`.
const HELD_BY_POINTER: &[&str] = &[
    "enabled",
    "revisionHistoryLimit",
    "factor",
    "string",
    "array",
    "map",
];

/// Fields that are structs by value in Go, which `omitempty` never leaves out: `directory.jsonnet`.
const ALWAYS_WRITTEN: &[&str] = &["jsonnet"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_fields_go_and_required_ones_come() {
        let shaped = template().applied(json!({
            "metadata": {"name": "a", "labels": {}, "annotations": {"keep": ""}},
            "spec": {
                "source": {"path": "", "directory": {"recurse": false}, "colour": "blue"},
                "syncPolicy": {"automated": {"prune": false, "enabled": false}, "syncOptions": []},
                "revisionHistoryLimit": 0,
            },
        }));
        assert_eq!(
            shaped,
            json!({
                "metadata": {"name": "a", "annotations": {"keep": ""}},
                "spec": {
                    "project": "",
                    "destination": {},
                    "source": {"repoURL": "", "directory": {"jsonnet": {}}},
                    "syncPolicy": {"automated": {"enabled": false}},
                    "revisionHistoryLimit": 0,
                },
            })
        );
    }

    #[test]
    fn an_override_wins_where_it_says_something() {
        let shape = template();
        let over = shape.applied(
            json!({"spec": {"destination": {"namespace": "over"}, "info": [{"name": "a", "value": "b"}]}}),
        );
        let base = shape.applied(json!({"spec": {"project": "p", "destination": {"namespace": "base", "server": "s"}, "info": [{"name": "x", "value": "y"}, {"name": "z", "value": ""}]}}));
        let merged = shape.merged(over, base);
        assert_eq!(merged["spec"]["project"], "p");
        assert_eq!(
            merged["spec"]["destination"],
            json!({"namespace": "over", "server": "s"})
        );
        assert_eq!(merged["spec"]["info"], json!([{"name": "a", "value": "b"}]));
    }
}
