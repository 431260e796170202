//! A tree of texts (an Application's template, or a generator inside a matrix), read once and rendered many times.
//!
//! Rendering writes only the texts that hold templates, one after the other into one string; the rest is shared by all
//! results and put together with them when a whole value is asked for.

use std::sync::Arc;

use fleet_core::yaml::{FieldPath, Segment};
use serde_json::{Map, Value};

use super::bounds::Meter;
use super::error::Fault;
use super::go;
use super::params::Scope;
use super::shape::{Field, Shape};
use super::text::{Language, Text, TextFault};

/// A value with its templates found and read.
#[derive(Debug)]
pub(crate) struct Template {
    root: Node,
    slots: Vec<Slot>,
}

/// The texts of one rendering: the slots' results in one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    text: Box<str>,
    ends: Box<[u32]>,
}

#[derive(Debug)]
struct Slot {
    /// As written.
    source: Box<str>,
    /// Faults count only when there is something to render, so they wait here.
    text: Result<Text, TextFault>,
    /// Where it is, below the template.
    path: Vec<Segment>,
    /// Whether it is inside the user's own JSON.
    inside_json: bool,
}

#[derive(Debug)]
enum Node {
    /// Nothing to render in it.
    Fixed(Arc<Value>),
    Slot(usize),
    List(Vec<Node>),
    /// The fields of a struct; a text that renders to nothing may be left out.
    Fields(Vec<(String, Node, Emptied)>),
    /// Keys are templates too.
    Map(Vec<(Key, Node)>),
}

#[derive(Debug)]
enum Key {
    Fixed(String),
    Slot(usize),
}

/// What becomes of a text field that renders to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emptied {
    Stays,
    Goes,
}

/// What of a tree is not a template of its own: `values` of a generator, which are rendered by other rules.
pub(crate) type Skip = fn(owner: &str, field: &str) -> bool;

impl Template {
    /// Reads the templates in a value of this shape.
    pub(crate) fn new(language: &Language, shape: &Shape, value: Value, skip: Skip) -> Self {
        let mut reader = Reader {
            language,
            slots: Vec::new(),
            path: Vec::new(),
            inside_json: false,
            skip,
        };
        let root = reader.node(shape, value, false);
        Self {
            root,
            slots: reader.slots,
        }
    }

    /// Renders the texts for one set of parameters, in Go's order.
    pub(crate) fn render(
        &self,
        scope: &Scope<'_>,
        meter: &Meter,
        scratch: &mut String,
    ) -> Result<Rendered, Fault> {
        scratch.clear();
        let mut ends = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let outcome = match &slot.text {
                Ok(text) => text.render(scope, meter, scratch),
                Err(cause) => Err(cause.clone()),
            };
            if let Err(cause) = outcome {
                return Err(slot.fault(cause));
            }
            ends.push(u32::try_from(scratch.len()).unwrap_or(u32::MAX));
        }
        Ok(Rendered {
            text: scratch.as_str().into(),
            ends: ends.into_boxed_slice(),
        })
    }

    /// Whether there is nothing to render.
    pub(crate) fn is_fixed(&self) -> bool {
        self.slots.is_empty()
    }

    /// The whole value.
    pub(crate) fn value(&self, rendered: &Rendered) -> Value {
        self.root.value(rendered)
    }

    /// The text at a path of fields, without the rest.
    pub(crate) fn text_at<'a>(&'a self, rendered: &'a Rendered, path: &[&str]) -> Option<&'a str> {
        let mut node = &self.root;
        for (depth, name) in path.iter().enumerate() {
            match node {
                Node::Fields(fields) => node = &fields.iter().find(|(field, ..)| field == name)?.1,
                Node::Fixed(value) => {
                    let mut value: &Value = value;
                    for name in &path[depth..] {
                        value = value.get(name)?;
                    }
                    return value.as_str();
                }
                _ => return None,
            }
        }
        match node {
            Node::Fixed(value) => value.as_str(),
            Node::Slot(slot) => Some(rendered.slot(*slot)),
            _ => None,
        }
    }
}

impl Slot {
    fn fault(&self, cause: TextFault) -> Fault {
        let cause = match cause {
            TextFault::Upstream(message) if self.inside_json => {
                TextFault::Upstream(format!("failed to deeply replace JSON field contents: {message}"))
            }
            other => other,
        };
        Fault {
            template: self.source.to_string(),
            cause,
            segments: self.path.clone(),
        }
    }
}

impl Rendered {
    fn slot(&self, index: usize) -> &str {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.text[start..self.ends[index] as usize]
    }

    /// All texts, one after the other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Puts a place below another.
pub(crate) fn below(place: &FieldPath, segments: &[Segment]) -> FieldPath {
    segments
        .iter()
        .fold(place.clone(), |path, segment| match segment {
            Segment::Field(name) => path.field(name.as_str()),
            Segment::Index(index) => path.index(*index),
        })
}

struct Reader<'a> {
    language: &'a Language,
    slots: Vec<Slot>,
    path: Vec<Segment>,
    inside_json: bool,
    skip: Skip,
}

impl Reader<'_> {
    fn node(&mut self, shape: &Shape, value: Value, raw: bool) -> Node {
        let was_inside = self.inside_json;
        self.inside_json |= raw;
        let node = match (shape, value) {
            (Shape::Struct(described), Value::Object(mut object)) => {
                let mut fields = Vec::with_capacity(object.len());
                for field in &described.fields {
                    let Some(value) = object.remove(&field.name) else {
                        continue;
                    };
                    self.path.push(Segment::Field(field.name.clone()));
                    let node = if (self.skip)(&described.name, &field.name) {
                        Node::Fixed(Arc::new(value))
                    } else {
                        self.node(&field.shape, value, matches!(field.shape, Shape::Free))
                    };
                    self.path.pop();
                    fields.push((field.name.clone(), node, emptied(field)));
                }
                Node::Fields(fields)
            }
            (Shape::Map(values), Value::Object(object)) => self.map(values, object, false),
            // The user's own values: Go decodes them, and drops nulls in maps, before it walks them.
            (Shape::Free, Value::Object(object)) => self.map(&Shape::Free, object, true),
            (Shape::List(items), Value::Array(list)) => {
                let raw = matches!(**items, Shape::Free);
                self.list(items, list, raw)
            }
            (Shape::Free, Value::Array(list)) => self.list(&Shape::Free, list, false),
            (Shape::Free, Value::Number(number)) => {
                Node::Fixed(Arc::new(Value::Number(go::as_float64(&number))))
            }
            (Shape::Any, value) => Node::Fixed(Arc::new(value)),
            (_, Value::String(text)) => match self.slot(&text) {
                None => Node::Fixed(Arc::new(Value::String(text))),
                Some(slot) => Node::Slot(slot),
            },
            (_, other) => Node::Fixed(Arc::new(other)),
        };
        self.inside_json = was_inside;
        node.settled()
    }

    fn map(&mut self, values: &Shape, object: Map<String, Value>, drop_nulls: bool) -> Node {
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object {
            if drop_nulls && value.is_null() {
                continue;
            }
            self.path.push(Segment::Field(key.clone()));
            let raw = !drop_nulls && matches!(values, Shape::Free);
            let node = self.node(values, value, raw);
            let key = match self.slot(&key) {
                None => Key::Fixed(key),
                Some(slot) => Key::Slot(slot),
            };
            self.path.pop();
            entries.push((key, node));
        }
        Node::Map(entries)
    }

    fn list(&mut self, items: &Shape, list: Vec<Value>, raw: bool) -> Node {
        let mut nodes = Vec::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            self.path.push(Segment::Index(index));
            nodes.push(self.node(items, item, raw));
            self.path.pop();
        }
        Node::List(nodes)
    }

    /// A slot for a text, unless it renders to itself: one of nothing but comments and definitions is fixed, too, and another text.
    fn slot(&mut self, text: &str) -> Option<usize> {
        let read = self.language.read(text);
        if read.as_ref().is_ok_and(|read| read.fixed() == Some(text)) {
            return None;
        }
        self.slots.push(Slot {
            source: text.into(),
            text: read,
            path: self.path.clone(),
            inside_json: self.inside_json,
        });
        Some(self.slots.len() - 1)
    }
}

impl Node {
    fn value(&self, rendered: &Rendered) -> Value {
        match self {
            Self::Fixed(value) => Value::clone(value),
            Self::Slot(slot) => Value::String(rendered.slot(*slot).to_owned()),
            Self::List(items) => Value::Array(items.iter().map(|item| item.value(rendered)).collect()),
            Self::Fields(fields) => {
                let mut object = Map::new();
                for (name, field, emptied) in fields {
                    let value = field.value(rendered);
                    if *emptied == Emptied::Goes && value.as_str().is_some_and(str::is_empty) {
                        continue;
                    }
                    object.insert(name.clone(), value);
                }
                Value::Object(object)
            }
            Self::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let key = match key {
                            Key::Fixed(key) => key.clone(),
                            Key::Slot(slot) => rendered.slot(*slot).to_owned(),
                        };
                        (key, value.value(rendered))
                    })
                    .collect(),
            ),
        }
    }

    /// A value without templates becomes a fixed one, so that rendering only shares it.
    fn settled(self) -> Self {
        let plain = match &self {
            Self::Fixed(_) | Self::Slot(_) => false,
            Self::List(items) => items.iter().all(|item| matches!(item, Self::Fixed(_))),
            Self::Fields(fields) => fields.iter().all(|(_, field, _)| matches!(field, Self::Fixed(_))),
            Self::Map(entries) => entries
                .iter()
                .all(|(key, value)| matches!((key, value), (Key::Fixed(_), Self::Fixed(_)))),
        };
        if plain {
            Self::Fixed(Arc::new(self.value(&Rendered::default())))
        } else {
            self
        }
    }
}

fn emptied(field: &Field) -> Emptied {
    if field.keeps(&Value::String(String::new())) {
        Emptied::Stays
    } else {
        Emptied::Goes
    }
}
