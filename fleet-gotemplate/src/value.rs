//! The data a template sees, with the Go types that its text can tell apart.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A value as Go holds it: what a template's dot and fields are.
///
/// Cloning is cheap: strings, lists and maps are shared. A value made from JSON (`Value::from(serde_json::Value)`) is what
/// `encoding/json` makes of the same text: numbers are `float64`, lists `[]interface {}`, objects `map[string]interface {}`.
///
/// ```
/// use fleet_gotemplate::Value;
/// use serde_json::json;
///
/// let params = Value::from(json!({"name": "web", "replicas": 3}));
/// assert_eq!(params.get("replicas"), Some(&Value::Float(3.0)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `nil`.
    #[default]
    Nil,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `float64`: what Go makes of every number in JSON and YAML.
    Float(f64),
    /// A `string`.
    String(Arc<str>),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// JSON that was never decoded, such as the input of an Argo CD plugin: Kubernetes' `v1.JSON`. It prints as the bytes it
    /// is; `toJson` gives the JSON.
    RawJson(Arc<str>),
}

/// The Go type of what a [`List`] or a [`Map`] holds.
///
/// It shows in `typeOf`, `printf "%T"`, in error texts, and in what a missing key is under `missingkey=zero`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Elem {
    /// `interface {}`: anything.
    #[default]
    Any,
    /// `string`.
    String,
    /// `int`.
    Int,
    /// `[]interface {}`.
    AnyList,
    /// `map[string]interface {}`.
    AnyMap,
}

/// A Go slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    elem: Elem,
    /// None is a nil slice.
    items: Option<Arc<[Value]>>,
}

/// A Go map with string keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    elem: Elem,
    entries: Arc<BTreeMap<Arc<str>, Value>>,
    nil: bool,
}

impl Value {
    /// An empty `map[string]interface {}`.
    pub fn empty_map() -> Self {
        Self::Map(Map::default())
    }

    /// The value under a key, when this is a map and has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The map, when this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value as JSON. A whole float becomes an integer where JSON readers expect one; what JSON cannot say (infinities)
    /// becomes null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Nil => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Float(value) => number(*value),
            Self::String(text) => Json::String(text.to_string()),
            Self::List(list) if list.is_nil() => Json::Null,
            Self::List(list) => Json::Array(list.iter().map(Self::to_json).collect()),
            Self::RawJson(text) => serde_json::from_str(text).unwrap_or_default(),
            Self::Map(map) if map.is_nil() => Json::Null,
            Self::Map(map) => Json::Object(
                map.iter()
                    .map(|(key, value)| (key.to_owned(), value.to_json()))
                    .collect(),
            ),
        }
    }
}

impl List {
    /// A slice of this element type. That the items are of this type is the caller's promise; it is not checked.
    pub fn new(elem: Elem, items: impl IntoIterator<Item = Value>) -> Self {
        Self {
            elem,
            items: Some(items.into_iter().collect()),
        }
    }

    /// A nil slice of this element type: empty, and null in JSON.
    pub fn nil(elem: Elem) -> Self {
        Self { elem, items: None }
    }

    /// Whether this is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.elem
    }

    /// The items, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.as_slice().iter()
    }

    /// The items.
    pub fn as_slice(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Map {
    /// A map of this element type. That the values are of this type is the caller's promise; it is not checked.
    pub fn new(elem: Elem, entries: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        Self {
            elem,
            entries: Arc::new(entries.into_iter().collect()),
            nil: false,
        }
    }

    /// A nil map of this element type: empty, and null in JSON.
    pub fn nil(elem: Elem) -> Self {
        Self {
            elem,
            entries: Arc::default(),
            nil: true,
        }
    }

    /// Whether this is a nil map.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// A `map[string]string`, such as an object's labels.
    pub fn of_strings<K: Into<Arc<str>>, V: Into<Arc<str>>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::new(
            Elem::String,
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), Value::String(value.into()))),
        )
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.elem
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    /// Puts a value under a key and returns what was there. Copies the map's spine first when it is shared.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Value) -> Option<Value> {
        self.nil = false;
        Arc::make_mut(&mut self.entries).insert(key.into(), value)
    }

    /// Takes a key away and returns what was there.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        Arc::make_mut(&mut self.entries).remove(key)
    }

    /// The entries, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The entries with their shared keys, sorted by key.
    pub fn shared(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.entries.iter()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(Arc<str>, Value)> for Map {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, Value)>>(entries: T) -> Self {
        Self::new(Elem::Any, entries)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::INFINITY)),
            Json::String(text) => Self::String(text.into()),
            Json::Array(items) => Self::List(List::new(Elem::Any, items.into_iter().map(Self::from))),
            Json::Object(fields) => Self::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| (key.into(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::INFINITY)),
            Json::String(text) => Self::String(text.as_str().into()),
            Json::Array(items) => Self::List(List::new(Elem::Any, items.iter().map(Self::from))),
            Json::Object(fields) => Self::Map(
                fields
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

fn number(value: f64) -> serde_json::Value {
    // Whole and well inside i64, so the conversion is exact.
    #[allow(clippy::cast_possible_truncation)]
    if value.fract() == 0.0 && value.abs() < 9.2e18 {
        serde_json::Value::from(value as i64)
    } else {
        serde_json::Number::from_f64(value).map_or(serde_json::Value::Null, serde_json::Value::Number)
    }
}
