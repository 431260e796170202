//! From text to documents: one pass over the parser's events builds values and positions together.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::error::{Position, ValueProblem, YamlError};
use super::node::{Children, Entry, Node, narrow};
use super::path::{FieldPath, Segment};
use super::scalar::Scalar;
use super::{Document, DuplicateKeys, ReadOptions};

/// Reads every document of a text; see [`documents`](super::documents).
pub(super) fn read(text: &str, options: &ReadOptions) -> Result<Vec<Document>, YamlError> {
    // Offsets are kept in 32 bits.
    let limit = options.max_bytes.min(u32::MAX as usize - 1);
    if text.len() > limit {
        return Err(YamlError::TooLarge {
            found: text.len(),
            limit,
        });
    }
    let mut parser_options = granit_parser::options! {
        // libyaml, which go-yaml follows, differs from YAML 1.2 in these two.
        block_scalar_eof_without_line_feed: true,
        bom_inside_document_as_content: true,
        flow_nesting_limit: options.max_depth,
        block_nesting_limit: options.max_depth,
    };
    parser_options.set_emit_comments(false);
    let parser: Parser<'_, StrInput<'_>> = Parser::new_from_str_with_options(text, parser_options);
    let mut reader = Reader {
        options,
        frames: Vec::new(),
        anchors: HashMap::new(),
        documents: Vec::new(),
        values: 0,
        document_values: 0,
        aliased: 0,
    };
    for event in parser {
        let (event, span) = event.map_err(|error| {
            let position = position(*error.marker());
            if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
                YamlError::TooDeep {
                    position,
                    limit: options.max_depth,
                }
            } else {
                YamlError::Syntax {
                    position,
                    problem: error.kind().to_string(),
                }
            }
        })?;
        reader.event(event, span)?;
    }
    Ok(reader.documents)
}

struct Reader<'o> {
    options: &'o ReadOptions,
    /// The collections that are open, the outermost first.
    frames: Vec<Frame>,
    anchors: HashMap<usize, Option<Anchored>>,
    documents: Vec<Document>,
    /// Values of the whole text, those repeated by aliases included.
    values: usize,
    /// The same for the current document, with keys.
    document_values: usize,
    /// How many of those came from aliases.
    aliased: usize,
}

/// A value with an anchor, ready to be repeated.
#[derive(Clone)]
struct Anchored {
    value: Value,
    node: Node,
    weight: Weight,
    key: Option<String>,
}

/// What a value costs.
#[derive(Clone, Copy)]
struct Weight {
    values: usize,
    depth: usize,
}

const SCALAR: Weight = Weight { values: 1, depth: 0 };

struct Frame {
    at: Marker,
    anchor: usize,
    weight: Weight,
    content: Content,
}

enum Content {
    Items {
        values: Vec<Value>,
        nodes: Vec<Node>,
    },
    Fields {
        values: Map<String, Value>,
        entries: Vec<Entry>,
        key: Option<Key>,
    },
}

enum Key {
    Field { name: String, at: Marker },
    Merge { at: Marker },
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                self.document_values = 0;
                self.aliased = 0;
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), span),
            Event::Alias(id) => self.alias(id, span),
            Event::SequenceStart(_, anchor, _) => self.open(
                anchor,
                span.start,
                "a sequence",
                Content::Items {
                    values: Vec::new(),
                    nodes: Vec::new(),
                },
            ),
            Event::MappingStart(_, anchor, _) => self.open(
                anchor,
                span.start,
                "a mapping",
                Content::Fields {
                    values: Map::new(),
                    entries: Vec::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), YamlError> {
        let plain = style == ScalarStyle::Plain;
        let namespaced = tag.map(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
        let merge_tag = matches!(&namespaced, Some(Some(name)) if name == "merge");
        if self.expects_key() && text == "<<" && (plain && tag.is_none() || merge_tag) {
            self.count(span.start, SCALAR)?;
            self.set_key(Key::Merge { at: span.start });
            return Ok(());
        }
        let scalar = match namespaced {
            None if plain => Scalar::plain(text),
            None | Some(None) => Scalar::Str(text),
            Some(Some(name)) => Scalar::tagged(&name, text).map_err(|mismatch| {
                self.refuse(
                    span.start,
                    ValueProblem::Tag {
                        found: mismatch.found,
                        expected: mismatch.expected,
                    },
                )
            })?,
        };
        self.count(span.start, SCALAR)?;
        let expects_key = self.expects_key();
        let key = (expects_key || anchor != 0)
            .then(|| scalar.clone().into_key())
            .flatten();
        if expects_key && anchor == 0 {
            return self.key(key, span.start);
        }
        let Some(value) = scalar.into_value() else {
            return Err(self.refuse(span.start, ValueProblem::NotFinite));
        };
        let mut node = Node::new(span.start, Children::None);
        // A block scalar's span does not start at its `|`, so replacing it would leave that behind.
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if let Some(range) = span.byte_range().filter(|range| !block && !range.is_empty()) {
            node.start = narrow(range.start);
            node.end = narrow(range.end);
        }
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Some(Anchored {
                    value: value.clone(),
                    node: node.clone(),
                    weight: SCALAR,
                    key: key.clone(),
                }),
            );
            if expects_key {
                return self.key(key, span.start);
            }
        }
        self.complete(value, node, SCALAR, false)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), YamlError> {
        self.count(span.start, SCALAR)?;
        let Some(Some(anchored)) = self.anchors.get(&id) else {
            return Err(self.refuse(span.start, ValueProblem::SelfReference));
        };
        let weight = anchored.weight;
        if self.frames.len() + weight.depth > self.options.max_depth {
            return Err(self.too_deep(span.start));
        }
        // Before anything is copied, or the copy is the harm.
        self.aliased += weight.values;
        self.count(span.start, weight)?;
        if self.aliased > 100
            && self.document_values > 1_000
            && self.aliased as f64 / self.document_values as f64 > allowed_alias_ratio(self.document_values)
        {
            return Err(YamlError::ExcessiveAliasing {
                position: position(span.start),
            });
        }
        let Some(Some(anchored)) = self.anchors.get(&id).cloned() else {
            return Ok(());
        };
        if self.expects_key() {
            if !matches!(anchored.node.children, Children::None) {
                return Err(self.refuse(
                    span.start,
                    ValueProblem::Key {
                        found: "a collection",
                    },
                ));
            }
            return self.key(anchored.key, span.start);
        }
        let mut node = anchored.node.without_spans();
        node.line = narrow(span.start.line());
        node.column = narrow(span.start.col()).saturating_add(1);
        self.complete(anchored.value, node, weight, true)
    }

    fn open(
        &mut self,
        anchor: usize,
        at: Marker,
        found: &'static str,
        content: Content,
    ) -> Result<(), YamlError> {
        if self.expects_key() {
            return Err(self.refuse(at, ValueProblem::Key { found }));
        }
        if self.frames.len() >= self.options.max_depth {
            return Err(self.too_deep(at));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.count(at, SCALAR)?;
        self.frames.push(Frame {
            at,
            anchor,
            weight: SCALAR,
            content,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let (value, children) = match frame.content {
            Content::Items { values, nodes, .. } => (Value::Array(values), Children::Items(nodes)),
            Content::Fields { values, entries, .. } => (Value::Object(values), Children::Fields(entries)),
        };
        let node = Node::new(frame.at, children);
        let weight = Weight {
            values: frame.weight.values,
            depth: frame.weight.depth + 1,
        };
        if frame.anchor != 0 {
            self.anchors.insert(
                frame.anchor,
                Some(Anchored {
                    value: value.clone(),
                    node: node.clone(),
                    weight,
                    key: None,
                }),
            );
        }
        self.complete(value, node, weight, false)
    }

    /// Puts a finished value where it belongs.
    fn complete(&mut self, value: Value, node: Node, weight: Weight, aliased: bool) -> Result<(), YamlError> {
        let Some(frame) = self.frames.last_mut() else {
            // kubectl passes over empty documents, too.
            if !value.is_null() {
                self.documents.push(Document { value, root: node });
            }
            return Ok(());
        };
        frame.weight.values += weight.values;
        frame.weight.depth = frame.weight.depth.max(weight.depth);
        match &mut frame.content {
            Content::Items { values, nodes } => {
                values.push(value);
                nodes.push(node);
                Ok(())
            }
            Content::Fields { values, entries, key } => {
                frame.weight.values += 1;
                match key.take() {
                    Some(Key::Field { name, at }) => {
                        let first = put(values, entries, name, at, value, node);
                        match first {
                            Some((first, name)) if self.options.duplicate_keys == DuplicateKeys::Refuse => {
                                Err(YamlError::DuplicateKey {
                                    position: position(at),
                                    path: self.path().field(name),
                                    first,
                                })
                            }
                            _ => Ok(()),
                        }
                    }
                    Some(Key::Merge { at }) => {
                        let merged = merge(values, entries, value, node, aliased);
                        if merged {
                            Ok(())
                        } else {
                            Err(self.refuse(at, ValueProblem::Merge))
                        }
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn key(&mut self, key: Option<String>, at: Marker) -> Result<(), YamlError> {
        let Some(name) = key else {
            return Err(self.refuse(
                at,
                ValueProblem::Key {
                    found: "null or a number too large",
                },
            ));
        };
        self.set_key(Key::Field { name, at });
        Ok(())
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Frame {
            content: Content::Fields { key, .. },
            ..
        }) = self.frames.last_mut()
        {
            *key = Some(new);
        }
    }

    fn count(&mut self, at: Marker, weight: Weight) -> Result<(), YamlError> {
        self.values += weight.values;
        self.document_values += weight.values;
        if self.values > self.options.max_values {
            return Err(YamlError::TooManyValues {
                position: position(at),
                limit: self.options.max_values,
            });
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame {
                content: Content::Fields { key: None, .. },
                ..
            })
        )
    }

    fn path(&self) -> FieldPath {
        let segments: Vec<Segment> = self
            .frames
            .iter()
            .filter_map(|frame| match &frame.content {
                Content::Items { values, .. } => Some(Segment::Index(values.len())),
                Content::Fields { key, .. } => match key.as_ref()? {
                    Key::Field { name, .. } => Some(Segment::Field(name.clone())),
                    Key::Merge { .. } => Some(Segment::Field("<<".to_owned())),
                },
            })
            .collect();
        FieldPath::from(segments)
    }

    fn refuse(&self, at: Marker, problem: ValueProblem) -> YamlError {
        YamlError::Value {
            position: position(at),
            path: self.path(),
            problem,
        }
    }

    fn too_deep(&self, at: Marker) -> YamlError {
        YamlError::TooDeep {
            position: position(at),
            limit: self.options.max_depth,
        }
    }
}

/// Sets a field; says where it stood already.
fn put(
    values: &mut Map<String, Value>,
    entries: &mut Vec<Entry>,
    name: String,
    at: Marker,
    value: Value,
    node: Node,
) -> Option<(Position, String)> {
    let entry = Entry {
        key: name.as_str().into(),
        line: narrow(at.line()),
        column: narrow(at.col()).saturating_add(1),
        node,
    };
    if values.insert(name, value).is_none() {
        entries.push(entry);
        return None;
    }
    let old = entries.iter_mut().find(|old| old.key == entry.key)?;
    let first = Position {
        line: old.line.into(),
        column: old.column.into(),
    };
    *old = entry;
    Some((first, old.key.to_string()))
}

/// Merges `<<`'s value in, the way go-yaml does: over what stands before it, the first of several mappings winning.
fn merge(
    values: &mut Map<String, Value>,
    entries: &mut Vec<Entry>,
    value: Value,
    node: Node,
    aliased: bool,
) -> bool {
    match (value, node.children) {
        (Value::Object(map), Children::Fields(merged)) => {
            let mut map = map;
            for entry in merged {
                let Some(value) = map.remove(&*entry.key) else {
                    continue;
                };
                let at = Marker::new(0, entry.line as usize, entry.column.saturating_sub(1) as usize);
                put(values, entries, entry.key.into(), at, value, entry.node);
            }
            true
        }
        (Value::Array(items), Children::Items(nodes)) if !aliased && items.iter().all(Value::is_object) => {
            items
                .into_iter()
                .zip(nodes)
                .rev()
                .all(|(item, node)| merge(values, entries, item, node, true))
        }
        _ => false,
    }
}

/// How much of a document may come from aliases: go-yaml's rule, so that what Kubernetes reads is read.
fn allowed_alias_ratio(values: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let values = values as f64;
    if values <= LOW {
        0.99
    } else if values >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * (values - LOW) / (HIGH - LOW)
    }
}

fn position(at: Marker) -> Position {
    Position {
        line: at.line() as u64,
        column: at.col() as u64 + 1,
    }
}
