//! A resource's schema, compiled once from a definition's `openAPIV3Schema`.

mod built_in;
mod prune;
mod rules;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::status::FieldError;

/// How the fields of a list are owned and merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ListType {
    /// As one value.
    #[default]
    Atomic,
    /// Each scalar by itself.
    Set,
    /// Each item by itself, told apart by these fields.
    Map(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonType {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// What a schema says of keys that it does not name.
#[derive(Debug, Clone, Default)]
pub(crate) enum Additional {
    #[default]
    Unsaid,
    Anything,
    Schema(Arc<Schema>),
}

/// One node of a schema.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)] // The flags of a JSON schema.
pub(crate) struct Schema {
    pub(crate) json_type: Option<JsonType>,
    pub(crate) int_or_string: bool,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    pub(crate) properties: BTreeMap<String, Arc<Schema>>,
    /// What values under other keys must be.
    pub(crate) additional: Additional,
    pub(crate) items: Option<Arc<Schema>>,
    pub(crate) required: Vec<String>,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded_resource: bool,
    pub(crate) list_type: ListType,
    pub(crate) map_atomic: bool,
    /// Of a built-in type: decoding has checked it, and what is here only says how it is owned and merged.
    pub(crate) built_in: bool,
    /// The field by which a strategic merge patch tells the items of a list apart.
    pub(crate) merge_key: Option<String>,
    /// A strategic merge patch adds to this list instead of replacing it.
    pub(crate) merges: bool,
    rules: Rules,
    /// Here or below are rules in CEL: elsewhere nobody has to look for them.
    has_expressions: bool,
}

/// What only validation asks.
#[derive(Debug, Clone, Default)]
struct Rules {
    one_of_values: Option<Vec<Value>>,
    format: Option<String>,
    pattern: Option<Regex>,
    minimum: Option<(Value, bool)>,
    maximum: Option<(Value, bool)>,
    multiple_of: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_items: Option<u64>,
    max_items: Option<u64>,
    unique_items: bool,
    min_properties: Option<u64>,
    max_properties: Option<u64>,
    all_of: Vec<Schema>,
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    not: Option<Box<Schema>>,
    expressions: Vec<rules::Expression>,
}

impl Schema {
    /// A custom resource's schema, with the metadata that every object has.
    pub(crate) fn compile(definition: &Value, path: &str, errors: &mut Vec<FieldError>) -> Self {
        let mut schema = Self::node(definition, path, errors);
        schema.json_type = Some(JsonType::Object);
        schema.add_type_meta();
        schema
    }

    /// The schema of a version that gives none: anything goes.
    pub(crate) fn anything() -> Self {
        let mut schema = Self {
            preserve_unknown: true,
            ..Self::default()
        };
        schema.add_type_meta();
        schema
    }

    /// The schema under a key, and whether it is a field that the schema names.
    pub(crate) fn child(&self, key: &str) -> (Option<&Self>, bool) {
        match self.properties.get(key) {
            Some(schema) => (Some(schema), true),
            None => match &self.additional {
                Additional::Schema(schema) => (Some(&**schema), false),
                Additional::Anything | Additional::Unsaid => (None, false),
            },
        }
    }

    fn add_type_meta(&mut self) {
        let text = || {
            Arc::new(Self {
                json_type: Some(JsonType::String),
                ..Self::default()
            })
        };
        self.properties.insert("apiVersion".into(), text());
        self.properties.insert("kind".into(), text());
        self.properties.insert("metadata".into(), Self::metadata());
    }

    fn node(definition: &Value, path: &str, errors: &mut Vec<FieldError>) -> Self {
        let flag = |key: &str| definition.get(key).and_then(Value::as_bool).unwrap_or(false);
        let texts = |key: &str| -> Vec<String> {
            let list = definition.get(key).and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect()
        };
        let text = |key: &str| definition.get(key).and_then(Value::as_str);
        let properties: BTreeMap<String, Arc<Self>> = definition
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, child)| {
                (
                    key.clone(),
                    Arc::new(Self::node(child, &format!("{path}.properties[{key}]"), errors)),
                )
            })
            .collect();
        let additional = match definition.get("additionalProperties") {
            Some(Value::Bool(true)) => Additional::Anything,
            Some(child @ Value::Object(_)) => {
                let path = format!("{path}.additionalProperties");
                Additional::Schema(Arc::new(Self::node(child, &path, errors)))
            }
            _ => Additional::Unsaid,
        };
        let items = definition
            .get("items")
            .filter(|items| items.is_object())
            .map(|items| Arc::new(Self::node(items, &format!("{path}.items"), errors)));
        let rules = Rules::compile(definition, path, errors);
        let below = additional.schema().into_iter().chain(&items);
        let has_expressions = !rules.expressions.is_empty()
            || below
                .chain(BTreeMap::values(&properties))
                .any(|schema| schema.has_expressions);
        Self {
            json_type: text("type").and_then(JsonType::parse),
            int_or_string: flag("x-kubernetes-int-or-string"),
            nullable: flag("nullable"),
            default: definition
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
            properties,
            additional,
            items,
            required: texts("required"),
            preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag("x-kubernetes-embedded-resource"),
            list_type: match text("x-kubernetes-list-type") {
                Some("set") => ListType::Set,
                Some("map") => ListType::Map(texts("x-kubernetes-list-map-keys")),
                _ => ListType::Atomic,
            },
            map_atomic: text("x-kubernetes-map-type") == Some("atomic"),
            built_in: false,
            merge_key: None,
            merges: false,
            rules,
            has_expressions,
        }
    }
}

impl Additional {
    fn schema(&self) -> Option<&Arc<Schema>> {
        match self {
            Self::Schema(schema) => Some(schema),
            Self::Unsaid | Self::Anything => None,
        }
    }
}

impl Rules {
    fn compile(definition: &Value, path: &str, errors: &mut Vec<FieldError>) -> Self {
        let flag = |key: &str| definition.get(key).and_then(Value::as_bool).unwrap_or(false);
        let count = |key: &str| definition.get(key).and_then(Value::as_u64);
        let bound = |key: &str, exclusive: &str| {
            definition
                .get(key)
                .filter(|bound| bound.is_number())
                .map(|bound| (bound.clone(), flag(exclusive)))
        };
        let pattern = definition
            .get("pattern")
            .and_then(Value::as_str)
            .and_then(|pattern| {
                let compiled = Regex::new(pattern);
                if let Err(error) = &compiled {
                    let detail = format!("must be a valid regular expression, but isn't: {error}");
                    errors.push(FieldError::invalid(
                        format!("{path}.pattern"),
                        &json!(pattern),
                        detail,
                    ));
                }
                compiled.ok()
            });
        let mut many = |key: &str| -> Vec<Schema> {
            let list = definition.get(key).and_then(Value::as_array);
            let compile = |(index, child)| Schema::node(child, &format!("{path}.{key}[{index}]"), errors);
            list.into_iter().flatten().enumerate().map(compile).collect()
        };
        let (all_of, any_of, one_of) = (many("allOf"), many("anyOf"), many("oneOf"));
        Self {
            one_of_values: definition.get("enum").and_then(Value::as_array).cloned(),
            format: definition
                .get("format")
                .and_then(Value::as_str)
                .map(str::to_owned),
            pattern,
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: definition.get("multipleOf").and_then(Value::as_f64),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag("uniqueItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
            all_of,
            any_of,
            one_of,
            not: definition
                .get("not")
                .map(|not| Box::new(Schema::node(not, &format!("{path}.not"), errors))),
            expressions: rules::compile(definition, path, errors),
        }
    }
}

impl JsonType {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "object" => Some(Self::Object),
            "array" => Some(Self::Array),
            "string" => Some(Self::String),
            "integer" => Some(Self::Integer),
            "number" => Some(Self::Number),
            "boolean" => Some(Self::Boolean),
            _ => None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    fn is_of(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Object, Value::Object(_))
            | (Self::Array, Value::Array(_))
            | (Self::String, Value::String(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_)) => true,
            (Self::Integer, Value::Number(number)) => {
                number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            _ => false,
        }
    }
}

/// A path with one more field, as Kubernetes writes it.
fn field(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// What the schema calls the type of a value that is there.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The object's map, if it is one.
fn map(value: &mut Value) -> Option<&mut Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
