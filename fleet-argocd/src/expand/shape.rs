//! The shape of a value as Argo CD's own decoder and encoder see it.
//!
//! Argo CD decodes a template into its types and encodes each Application from them. On the way unknown fields go, empty
//! ones go too (Go's `omitempty`), and a few are always written. Our types keep what was read; this module takes a value
//! of them and gives it upstream's shape. The types are listed in `go_types.txt`, their fields in Go's order, which is
//! the order in which templates are rendered and the first error is found.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::go;

/// The shape of one value.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Struct(Arc<Struct>),
    Map(Arc<Shape>),
    List(Arc<Shape>),
    Text,
    Number,
    Bool,
    /// A number or a text.
    Either,
    Time,
    /// The user's own JSON: walked, but not reshaped.
    Free,
    /// The user's own, never walked.
    Any,
}

/// A Go struct.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    /// In Go's order.
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    /// Left out when it is empty.
    pub(crate) omitted: bool,
    /// Left out also when it is a struct in which nothing is set: Go's `omitzero`.
    zero_omitted: bool,
    /// Held by pointer: written when it is set, even to an empty value.
    pub(crate) pointer: bool,
    /// How Go prints its type.
    printed: String,
}

/// The shape of an ApplicationSet's template.
pub(crate) fn template() -> &'static Shape {
    of("ApplicationSetTemplate")
}

/// The shape of a type, by Go's name of it.
pub(crate) fn of(name: &str) -> &'static Shape {
    TYPES.get(name).unwrap_or(&Shape::Any)
}

static TYPES: LazyLock<BTreeMap<String, Shape>> = LazyLock::new(|| {
    let lines: BTreeMap<&str, &str> = include_str!("go_types.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let mut types = BTreeMap::new();
    for name in lines.keys() {
        read_struct(name, &lines, &mut types);
    }
    types
});

fn read_struct(name: &str, lines: &BTreeMap<&str, &str>, types: &mut BTreeMap<String, Shape>) -> Shape {
    if let Some(known) = types.get(name) {
        return known.clone();
    }
    let mut fields = Vec::new();
    for text in lines.get(name).copied().unwrap_or_default().split(' ') {
        let (field, rest) = text.split_once(':').unwrap_or((text, "any"));
        let (kind, printed) = rest
            .split_once('=')
            .map_or((rest, None), |(kind, printed)| (kind, Some(printed)));
        let omitted = field.ends_with('?');
        let zero_omitted = field.ends_with("??");
        let pointer = kind.starts_with('*');
        let kind = kind.trim_start_matches('*');
        fields.push(Field {
            name: field.trim_end_matches('?').to_owned(),
            shape: read_shape(kind, lines, types),
            omitted,
            zero_omitted,
            pointer,
            printed: printed.map_or_else(|| printed_type(kind), str::to_owned),
        });
    }
    let shape = Shape::Struct(Arc::new(Struct {
        name: name.to_owned(),
        fields,
    }));
    types.insert(name.to_owned(), shape.clone());
    shape
}

fn read_shape(kind: &str, lines: &BTreeMap<&str, &str>, types: &mut BTreeMap<String, Shape>) -> Shape {
    if let Some(items) = kind.strip_prefix("[]") {
        return Shape::List(Arc::new(read_shape(items.trim_start_matches('*'), lines, types)));
    }
    if let Some(values) = kind.strip_prefix("map:") {
        return Shape::Map(Arc::new(read_shape(values, lines, types)));
    }
    match kind {
        "string" => Shape::Text,
        "int" => Shape::Number,
        "bool" => Shape::Bool,
        "intstr" => Shape::Either,
        "time" => Shape::Time,
        "json" | "RawExtension" => Shape::Free,
        "any" => Shape::Any,
        name => read_struct(name, lines, types),
    }
}

/// How Go prints a type in an error.
fn printed_type(kind: &str) -> String {
    if let Some(items) = kind.strip_prefix("[]") {
        return format!("[]{}", printed_type(items.trim_start_matches('*')));
    }
    if let Some(values) = kind.strip_prefix("map:") {
        return format!("map[string]{}", printed_type(values));
    }
    match kind {
        "int" => "int64".to_owned(),
        "string" | "bool" => kind.to_owned(),
        "intstr" => "intstr.IntOrString".to_owned(),
        "json" => "v1.JSON".to_owned(),
        "RawExtension" => "runtime.RawExtension".to_owned(),
        "ObjectMeta" | "OwnerReference" | "LabelSelector" | "LabelSelectorRequirement" => {
            format!("v1.{kind}")
        }
        name => format!("v1alpha1.{name}"),
    }
}

impl Shape {
    /// The empty value of this shape, where Go writes one.
    fn zero(&self) -> Value {
        match self {
            Self::Struct(_) => self.applied(Value::Object(Map::new())),
            Self::Map(_) | Self::List(_) | Self::Free | Self::Time | Self::Any => Value::Null,
            Self::Text => "".into(),
            Self::Number | Self::Either => 0.into(),
            Self::Bool => false.into(),
        }
    }

    /// The value in upstream's shape.
    pub(crate) fn applied(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Struct(described), Value::Object(mut object)) => {
                let mut shaped = Map::new();
                for field in &described.fields {
                    let value = object.remove(&field.name).filter(|value| !value.is_null());
                    match value.map(|value| field.shape.applied(value)) {
                        Some(value) if field.keeps(&value) => shaped.insert(field.name.clone(), value),
                        _ if field.always_written() => shaped.insert(field.name.clone(), field.shape.zero()),
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

    /// Takes out the nulls that Go's decoder passes over: all but those in the user's own JSON.
    pub(crate) fn without_nulls(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Struct(described), Value::Object(object)) => Value::Object(
                object
                    .into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| {
                        let value = match described.fields.iter().find(|field| field.name == name) {
                            Some(field) => field.shape.without_nulls(value),
                            None => value,
                        };
                        (name, value)
                    })
                    .collect(),
            ),
            (Self::Map(values), Value::Object(object)) => Value::Object(
                object
                    .into_iter()
                    .map(|(key, value)| (key, values.without_nulls(value)))
                    .collect(),
            ),
            (Self::List(items), Value::Array(list)) => {
                Value::Array(list.into_iter().map(|item| items.without_nulls(item)).collect())
            }
            (Self::Struct(_) | Self::Map(_), Value::Null) => Value::Object(Map::new()),
            (Self::Text, Value::Null) => "".into(),
            (_, value) => value,
        }
    }

    /// What Go's decoder says of a value that does not have this shape.
    pub(crate) fn decode_error(&self, value: &Value, whole: &str) -> Option<String> {
        self.mismatch(value, "", "", whole)
    }

    fn mismatch(&self, value: &Value, owner: &str, path: &str, printed: &str) -> Option<String> {
        let fits = match (self, value) {
            (_, Value::Null) | (Self::Free | Self::Any | Self::Time, _) => return None,
            (Self::Struct(described), Value::Object(object)) => {
                return described.fields.iter().find_map(|field| {
                    let value = object.get(&field.name)?;
                    let path = if path.is_empty() {
                        field.name.clone()
                    } else {
                        format!("{path}.{}", field.name)
                    };
                    field
                        .shape
                        .mismatch(value, &described.name, &path, &field.printed)
                });
            }
            (Self::Map(values), Value::Object(object)) => {
                let printed = printed.strip_prefix("map[string]").unwrap_or(printed);
                return object
                    .values()
                    .find_map(|value| values.mismatch(value, owner, path, printed));
            }
            (Self::List(items), Value::Array(list)) => {
                let printed = match &**items {
                    Self::Struct(described) => format!("v1alpha1.{}", described.name),
                    _ => printed.strip_prefix("[]").unwrap_or("string").to_owned(),
                };
                return list
                    .iter()
                    .find_map(|item| items.mismatch(item, owner, path, &printed));
            }
            (Self::Text | Self::Either, Value::String(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Either, Value::Number(_)) => true,
            (Self::Number, Value::Number(number)) => number.is_i64() || number.is_u64(),
            _ => false,
        };
        if fits {
            return None;
        }
        let found = match value {
            Value::Number(number) if matches!(self, Self::Number) => format!("number {number}"),
            other => go::kind(other).to_owned(),
        };
        Some(if owner.is_empty() {
            format!("json: cannot unmarshal {found} into Go value of type {printed}")
        } else {
            format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {printed}")
        })
    }

    /// The override laid over the base: what is set in the override stays, what is empty comes from the base, maps
    /// are united, lists and texts are taken whole. Both are in upstream's shape.
    pub(crate) fn merged(&self, over: Value, base: Value) -> Value {
        match (self, over, base) {
            (Self::Struct(described), Value::Object(mut over), Value::Object(mut base)) => {
                let mut merged = Map::new();
                for field in &described.fields {
                    let value = match (over.remove(&field.name), base.remove(&field.name)) {
                        (Some(over), Some(base)) => Some(field.shape.merged(over, base)),
                        (over, base) => over.or(base),
                    };
                    merged.extend(value.map(|value| (field.name.clone(), value)));
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
        if self.zero_omitted && is_empty(value) {
            return false;
        }
        !self.omitted || self.pointer || matches!(self.shape, Shape::Struct(_)) || !is_empty(value)
    }

    /// Structs held by value are written even when nothing is in them: `omitempty` does not see into them.
    fn always_written(&self) -> bool {
        !self.pointer && !self.zero_omitted && (!self.omitted || matches!(self.shape, Shape::Struct(_)))
    }
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

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
                    "source": {"repoURL": "", "directory": {}},
                    "syncPolicy": {"automated": {"prune": false, "enabled": false}},
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

    #[test]
    fn a_mismatch_is_told_as_go_tells_it() {
        let value = json!({"spec": {"syncPolicy": {"automated": {"prune": "yes"}}}});
        assert_eq!(
            of("Application")
                .decode_error(&value, "v1alpha1.Application")
                .as_deref(),
            Some(
                "json: cannot unmarshal string into Go struct field SyncPolicyAutomated.spec.syncPolicy.automated.prune of type bool"
            )
        );
        assert_eq!(
            of("Application")
                .decode_error(&json!([]), "v1alpha1.Application")
                .as_deref(),
            Some("json: cannot unmarshal array into Go value of type v1alpha1.Application")
        );
    }
}
