//! Sets of parameters: what generators give and templates see.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use fleet_gotemplate as template;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::go;

/// One set of parameters, by name, in the order of the names.
///
/// In the plain template language names have dots in them (`metadata.labels.region`) and values are strings; a
/// value that is none cannot be used in a template. Under `goTemplate` values are of any kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, Value>);

impl Params {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The parameters in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none. Argo CD then uses the template as it stands, placeholders and all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<(String, Value)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(params: I) -> Self {
        Self(params.into_iter().collect())
    }
}

/// What Go's type of a parameter is, where its JSON does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `map[string]string`.
    Strings,
    /// `[]string`.
    StringList,
    /// `[]map[string]interface {}`: the clusters of a flat list.
    Sets,
    /// A plugin's input: JSON that was never decoded.
    Input,
}

/// Parameters with their kinds, as a generator makes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layer {
    pub(crate) map: Map<String, Value>,
    /// By the path of keys.
    pub(crate) kinds: Vec<(Vec<String>, Kind)>,
}

/// Parameters that change no more, shared by all sets they are part of.
#[derive(Debug)]
pub(crate) struct SharedLayer {
    layer: Layer,
    /// As Go's templates see them, once one has asked.
    go: OnceLock<template::Map>,
}

/// One set of parameters: layers whose names do not clash.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParamSet {
    pub(crate) layers: Vec<Arc<SharedLayer>>,
}

/// What a template is rendered with.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    layers: &'a [Arc<SharedLayer>],
    more: &'a [Arc<SharedLayer>],
    dot: OnceCell<template::Value>,
}

impl Layer {
    pub(crate) fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.map.insert(name.into(), value.into());
    }

    pub(crate) fn mark(&mut self, path: &[&str], kind: Kind) {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        self.kinds.retain(|(other, _)| !other.starts_with(&path));
        self.kinds.push((path, kind));
    }

    /// The kind at a path.
    pub(crate) fn kind(&self, path: &[String]) -> Option<Kind> {
        self.kinds
            .iter()
            .find(|(marked, _)| marked == path)
            .map(|(_, kind)| *kind)
    }
}

impl From<Layer> for ParamSet {
    fn from(layer: Layer) -> Self {
        Self {
            layers: vec![Arc::new(SharedLayer {
                layer,
                go: OnceLock::new(),
            })],
        }
    }
}

impl Deref for SharedLayer {
    type Target = Layer;

    fn deref(&self) -> &Layer {
        &self.layer
    }
}

impl SharedLayer {
    fn go(&self) -> &template::Map {
        self.go.get_or_init(|| {
            let mut path = Vec::new();
            let fields = &self.layer.map;
            fields
                .iter()
                .map(|(name, value)| {
                    (
                        Arc::from(name.as_str()),
                        typed(value, name, &mut path, &self.layer),
                    )
                })
                .collect()
        })
    }
}

/// By what is in them. What is shared is not looked at.
impl PartialEq for ParamSet {
    fn eq(&self, other: &Self) -> bool {
        self.layers.len() == other.layers.len()
            && self
                .layers
                .iter()
                .zip(&other.layers)
                .all(|(a, b)| Arc::ptr_eq(a, b) || a.layer == b.layer)
    }
}

impl ParamSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.layers.iter().all(|layer| layer.map.is_empty())
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::new(&self.layers, &[])
    }

    /// Both, one after the other.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self {
            layers: self.layers.iter().chain(&other.layers).cloned().collect(),
        }
    }

    /// All as one layer.
    pub(crate) fn flat(&self) -> Layer {
        let mut flat = Layer::default();
        for layer in self.layers.iter().rev() {
            flat.map.extend(
                layer
                    .map
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            flat.kinds.extend(layer.kinds.iter().cloned());
        }
        flat
    }

    /// Nested values under names with dots, every value as text: what a generator's selector sees.
    pub(crate) fn flattened(&self) -> BTreeMap<String, String> {
        let mut flat = BTreeMap::new();
        for layer in &self.layers {
            for (name, value) in &layer.map {
                flatten(name, value, layer, &mut vec![name.clone()], &mut flat);
            }
        }
        flat
    }
}

impl<'a> Scope<'a> {
    pub(crate) fn new(layers: &'a [Arc<SharedLayer>], more: &'a [Arc<SharedLayer>]) -> Self {
        Self {
            layers,
            more,
            dot: OnceCell::new(),
        }
    }

    /// The parameters as Go's templates see them.
    pub(crate) fn dot(&self) -> &template::Value {
        self.dot.get_or_init(|| {
            let mut layers = self.layers.iter().chain(self.more).rev();
            let mut dot = layers.next().map(|layer| layer.go().clone()).unwrap_or_default();
            for (name, value) in layers.flat_map(|layer| layer.go().shared()) {
                dot.insert(Arc::clone(name), value.clone());
            }
            dot.into()
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.layers
            .iter()
            .chain(self.more)
            .find_map(|layer| layer.map.get(name))
    }

    pub(crate) fn params(&self) -> Params {
        self.layers
            .iter()
            .chain(self.more)
            .rev()
            .flat_map(|layer| layer.map.iter())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// A parameter with Go's type of it.
fn typed(value: &Value, key: &str, path: &mut Vec<String>, layer: &Layer) -> template::Value {
    if layer.kinds.is_empty() {
        return value.into();
    }
    path.push(key.to_owned());
    let kind = layer.kind(path);
    let typed = match value {
        Value::Null if kind == Some(Kind::Sets) => template::List::nil(template::Elem::AnyMap).into(),
        Value::Array(items) => {
            let elem = match kind {
                Some(Kind::Sets) => template::Elem::AnyMap,
                Some(Kind::StringList) => template::Elem::String,
                _ => template::Elem::Any,
            };
            let items = items.iter().enumerate();
            template::List::new(
                elem,
                items.map(|(index, item)| typed(item, &index.to_string(), path, layer)),
            )
            .into()
        }
        Value::Object(fields) if kind == Some(Kind::Input) => {
            let sections = fields.iter().map(|(name, section)| {
                let section = match section {
                    Value::Object(parameters) => {
                        let parameters = parameters.iter().map(|(name, value)| {
                            let json = template::Value::RawJson(value.to_string().into());
                            (Arc::from(name.as_str()), json)
                        });
                        template::Map::new(template::Elem::Any, parameters)
                    }
                    _ => template::Map::nil(template::Elem::Any),
                };
                (Arc::from(name.as_str()), section.into())
            });
            template::Map::new(template::Elem::AnyMap, sections).into()
        }
        Value::Object(fields) => {
            let elem = match kind {
                Some(Kind::Strings) => template::Elem::String,
                _ => template::Elem::Any,
            };
            let fields = fields
                .iter()
                .map(|(name, value)| (Arc::from(name.as_str()), typed(value, name, path, layer)));
            template::Map::new(elem, fields).into()
        }
        scalar => scalar.into(),
    };
    path.pop();
    typed
}

fn flatten(
    name: &str,
    value: &Value,
    layer: &Layer,
    path: &mut Vec<String>,
    flat: &mut BTreeMap<String, String>,
) {
    match (value, layer.kind(path)) {
        (value, Some(kind @ (Kind::StringList | Kind::Sets | Kind::Input))) => {
            flat.insert(name.to_owned(), printed(value, Some(kind)));
        }
        (Value::Object(fields), _) => {
            for (field, value) in fields {
                path.push(field.clone());
                flatten(&format!("{name}.{field}"), value, layer, path, flat);
                path.pop();
            }
        }
        (Value::Array(items), _) => {
            for (index, value) in items.iter().enumerate() {
                path.push(index.to_string());
                flatten(&format!("{name}.{index}"), value, layer, path, flat);
                path.pop();
            }
        }
        (scalar, _) => {
            flat.insert(name.to_owned(), go::plain(scalar));
        }
    }
}

/// A value as `%v` writes it.
pub(crate) fn printed(value: &Value, kind: Option<Kind>) -> String {
    match (value, kind) {
        (Value::Null, Some(Kind::Sets | Kind::StringList)) => "[]".to_owned(),
        (Value::Object(fields), Some(Kind::Input)) => {
            let parameters: Vec<_> = fields
                .get("parameters")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, value)| format!("{name}:{}", raw(value)))
                .collect();
            format!("map[parameters:map[{}]]", parameters.join(" "))
        }
        (value, _) => go::plain(value),
    }
}

/// JSON that was never decoded, as `%v` writes it: a struct of bytes.
pub(crate) fn raw(value: &Value) -> String {
    let bytes: Vec<_> = value
        .to_string()
        .into_bytes()
        .iter()
        .map(ToString::to_string)
        .collect();
    format!("{{[{}]}}", bytes.join(" "))
}
