//! The table of built-in types: the fields of every Go type, as `kubernetes/types.json` lists them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

/// One struct of Kubernetes' API.
#[derive(Debug)]
pub(crate) struct Structure {
    /// As Go writes it: `v1.PodSpec`.
    pub(crate) go_name: String,
    /// Owned and merged as one value.
    pub(crate) atomic: bool,
    pub(crate) fields: BTreeMap<String, Field>,
    /// The fields as Go declares, and so writes, them.
    pub(crate) order: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) ty: Type,
    pub(crate) omit: Omit,
    /// `map` or `set`, where a list is not replaced as a whole.
    pub(crate) list: Option<ListMerge>,
    pub(crate) atomic: bool,
    /// By which key a strategic merge patch tells the items of this list apart.
    pub(crate) merge_key: Option<String>,
    /// A strategic merge patch adds to this list of scalars instead of replacing it.
    pub(crate) merges: bool,
    pub(crate) default: Option<Value>,
    /// Its number in protobuf, after those of the messages around it that JSON does not show.
    pub(crate) number: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListMerge {
    Set,
    Map(Vec<String>),
}

/// When a field is left out of what the server writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Omit {
    Never,
    /// Go's `omitempty`: false, 0, the empty string, nil and empty lists and maps; never a struct.
    Empty,
    /// Go's `omitzero`: also a struct whose fields are all zero.
    Zero,
}

#[derive(Debug, Clone)]
pub(crate) struct Type {
    pub(crate) shape: Shape,
    /// Absence and zero are told apart.
    pub(crate) pointer: bool,
    /// As Go writes it in errors: `int32`, `v1.ServiceType`, `[]v1.Container`.
    pub(crate) go_name: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    String,
    Bool,
    Int32,
    Int64,
    Float,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    Raw,
    Struct(Box<str>),
    StructOrBool(Box<str>),
    List(Box<Type>),
    Map(Box<Type>),
}

/// The structure of this name in the table: `core/v1.PodSpec`.
pub(crate) fn structure(name: &str) -> Option<&'static Arc<Structure>> {
    TABLE.get(name)
}

/// A whole object as the server shows it in refusals: top-level fields by name, what is below as Go declares it.
pub(crate) fn go_document(name: &str, value: &Value) -> String {
    let (Some(structure), Value::Object(fields)) = (structure(name), value) else {
        return value.to_string();
    };
    let parts = fields.iter().map(|(key, value)| {
        let shown = structure
            .fields
            .get(key)
            .map_or_else(|| value.to_string(), |field| go_json_of(&field.ty, value));
        format!("{key:?}:{shown}")
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

/// A value of a built-in type as Go writes it: fields in the order of their declaration.
pub(crate) fn go_json(name: &str, value: &Value) -> String {
    let (Some(structure), Value::Object(fields)) = (structure(name), value) else {
        return value.to_string();
    };
    let parts = structure.order.iter().filter_map(|key| {
        let value = fields.get(key)?;
        let ty = &structure.fields.get(key)?.ty;
        Some(format!("{key:?}:{}", go_json_of(ty, value)))
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn go_json_of(ty: &Type, value: &Value) -> String {
    match (&ty.shape, value) {
        (Shape::Struct(name), _) => go_json(name, value),
        (Shape::List(item), Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|value| go_json_of(item, value)).collect();
            format!("[{}]", items.join(","))
        }
        _ => value.to_string(),
    }
}

static TABLE: LazyLock<HashMap<String, Arc<Structure>>> = LazyLock::new(|| {
    let rows: HashMap<String, Row> =
        serde_json::from_str(include_str!("../../kubernetes/types.json")).unwrap_or_default();
    rows.into_iter()
        .map(|(name, row)| {
            let structure = Arc::new(row.structure(&name));
            (name, structure)
        })
        .collect()
});

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    atomic: bool,
    fields: Vec<FieldRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldRow {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    #[serde(default)]
    omit: String,
    #[serde(default)]
    list: String,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    atomic: bool,
    #[serde(default)]
    merge_key: Option<String>,
    #[serde(default)]
    strategy: String,
    #[serde(default)]
    default: Option<Value>,
    #[serde(default)]
    pb: String,
}

impl Row {
    fn structure(self, name: &str) -> Structure {
        Structure {
            go_name: go_name(name),
            atomic: self.atomic,
            order: self.fields.iter().map(|row| row.name.clone()).collect(),
            fields: self
                .fields
                .into_iter()
                .map(|row| (row.name.clone(), row.field()))
                .collect(),
        }
    }
}

impl FieldRow {
    fn field(self) -> Field {
        Field {
            ty: Type::parse(&self.ty),
            omit: match self.omit.as_str() {
                "empty" => Omit::Empty,
                "zero" => Omit::Zero,
                _ => Omit::Never,
            },
            list: match self.list.as_str() {
                "set" => Some(ListMerge::Set),
                "map" => Some(ListMerge::Map(self.keys)),
                _ => None,
            },
            atomic: self.atomic,
            merge_key: self.merge_key,
            merges: self.strategy.split(',').any(|strategy| strategy == "merge"),
            default: self.default,
            number: self
                .pb
                .split('.')
                .filter_map(|number| number.parse().ok())
                .collect(),
        }
    }
}

impl Type {
    fn parse(text: &str) -> Self {
        let (text, pointer) = text.strip_prefix('*').map_or((text, false), |rest| (rest, true));
        let (text, named) = match text.split_once('=') {
            // The name of a list's or a map's item stays with the item.
            Some((expression, name)) if !text.starts_with("[]") && !text.starts_with("map:") => {
                (expression, Some(name))
            }
            _ => (text, None),
        };
        let (shape, own) = if let Some(item) = text.strip_prefix("[]") {
            let item = Self::parse(item);
            let name = format!("[]{}", item.go_name);
            (Shape::List(Box::new(item)), name)
        } else if let Some(item) = text.strip_prefix("map:") {
            let item = Self::parse(item);
            let name = format!("map[string]{}", item.go_name);
            (Shape::Map(Box::new(item)), name)
        } else if let Some(name) = text.strip_suffix("|bool") {
            (Shape::StructOrBool(name.into()), go_name(name))
        } else {
            match text {
                "string" => (Shape::String, "string".into()),
                "bool" => (Shape::Bool, "bool".into()),
                "int32" => (Shape::Int32, "int32".into()),
                "int64" | "int" => (Shape::Int64, text.into()),
                "float64" => (Shape::Float, "float64".into()),
                "bytes" => (Shape::Bytes, "[]uint8".into()),
                "Time" => (Shape::Time, "v1.Time".into()),
                "MicroTime" => (Shape::MicroTime, "v1.MicroTime".into()),
                "Quantity" => (Shape::Quantity, "resource.Quantity".into()),
                "IntOrString" => (Shape::IntOrString, "intstr.IntOrString".into()),
                "Raw" => (Shape::Raw, "runtime.RawExtension".into()),
                name => (Shape::Struct(name.into()), go_name(name)),
            }
        };
        Self {
            shape,
            pointer,
            go_name: named.map_or(own, str::to_owned),
        }
    }
}

/// `core/v1.PodSpec` is `v1.PodSpec` to Go.
fn go_name(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_table_is_in_it() {
        fn check(place: &str, ty: &Type) {
            match &ty.shape {
                Shape::Struct(name) | Shape::StructOrBool(name) => {
                    assert!(structure(name).is_some(), "{place}: {name}");
                }
                Shape::List(item) | Shape::Map(item) => check(place, item),
                _ => {}
            }
        }
        assert!(TABLE.len() > 300);
        for (name, structure) in TABLE.iter() {
            for (field, row) in &structure.fields {
                check(&format!("{name}.{field}"), &row.ty);
            }
        }
    }

    #[test]
    fn names_are_gos_own() {
        let service = structure("core/v1.ServiceSpec").unwrap();
        assert_eq!(service.go_name, "v1.ServiceSpec");
        assert_eq!(service.fields["type"].ty.go_name, "v1.ServiceType");
        assert_eq!(service.fields["ports"].ty.go_name, "[]v1.ServicePort");
        assert_eq!(service.fields["ipFamilies"].ty.go_name, "[]v1.IPFamily");
        assert_eq!(
            service.fields["ports"].list,
            Some(ListMerge::Map(vec!["port".into(), "protocol".into()]))
        );
    }
}
