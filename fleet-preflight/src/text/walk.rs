//! Reads any YAML event by event, keeping only what names the objects in it.

use std::borrow::Cow;
use std::collections::HashMap;

use fleet_core::yaml::Segment;
use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::{Contents, Found, MAX_DEPTH, Outline, Problem, holds_objects, open_lists};

/// What is in the documents of a text.
///
/// # Errors
/// Where and why the parser gave up.
pub(crate) fn read(text: &str) -> Result<Contents<'_>, Problem> {
    let mut options = granit_parser::options! {
        block_scalar_eof_without_line_feed: true,
        bom_inside_document_as_content: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let parser: Parser<'_, StrInput<'_>> = Parser::new_from_str_with_options(text, options);
    let mut walker = Walker::default();
    for event in parser {
        let (event, span) = event.map_err(|error| Problem {
            line: error.marker().line() as u64,
            column: error.marker().col() as u64 + 1,
            message: format!("not valid YAML: {}", error.kind()),
        })?;
        walker.event(event, span)?;
    }
    let objects = open_lists(walker.found);
    Ok(Contents {
        others: objects.iter().filter(|outline| !outline.is_object()).count() as u64,
        objects: objects.into_iter().filter(Outline::is_object).collect(),
        documents: walker.documents,
    })
}

#[derive(Default)]
struct Walker<'t> {
    frames: Vec<Frame>,
    found: Vec<Found<'t>>,
    documents: u64,
    /// Scalars with an anchor. They are short or not kept: only names are looked for.
    anchors: HashMap<usize, Option<Cow<'t, str>>>,
}

struct Frame {
    kind: FrameKind,
    /// The object that this collection is, or is a part of.
    object: Option<usize>,
    /// What the collection is to its object.
    role: Role,
}

enum FrameKind {
    Mapping {
        key: Option<Box<str>>,
        expects_key: bool,
    },
    Sequence {
        next: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The object itself.
    Object,
    Metadata,
    Spec,
    /// The sequence of a list's items.
    Items,
    Other,
}

impl<'t> Walker<'t> {
    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = (!null).then_some(text);
                if anchor != 0 {
                    let short = value.as_ref().filter(|text| text.len() <= 512).cloned();
                    self.anchors.insert(anchor, short);
                }
                self.scalar(value, span.start);
            }
            Event::Alias(id) => {
                let value = self.anchors.get(&id).cloned().flatten();
                self.scalar(value, span.start);
            }
            Event::MappingStart(..) => self.open(span.start, true)?,
            Event::SequenceStart(..) => self.open(span.start, false)?,
            Event::MappingEnd | Event::SequenceEnd => {
                self.frames.pop();
                self.complete();
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, at: Marker, mapping: bool) -> Result<(), Problem> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Problem {
                line: at.line() as u64,
                column: at.col() as u64 + 1,
                message: format!("collections are nested more than {MAX_DEPTH} deep"),
            });
        }
        let (object, role) = self.role_of_next(mapping, at);
        let kind = if mapping {
            FrameKind::Mapping {
                key: None,
                expects_key: true,
            }
        } else {
            FrameKind::Sequence { next: 0 }
        };
        self.frames.push(Frame { kind, object, role });
        Ok(())
    }

    /// What a collection that begins here is, by where it stands.
    fn role_of_next(&mut self, mapping: bool, at: Marker) -> (Option<usize>, Role) {
        let Some(parent) = self.frames.last() else {
            self.documents += 1;
            let index = self.begin(at, None, Vec::new(), !mapping);
            return (Some(index), if mapping { Role::Object } else { Role::Items });
        };
        let (object, role) = (parent.object, parent.role);
        match (&parent.kind, role) {
            (FrameKind::Mapping { key: Some(key), .. }, Role::Object) => match &**key {
                "metadata" if mapping => {
                    if let Some(found) = object.and_then(|index| self.found.get_mut(index)) {
                        found.outline.name = None;
                        found.outline.namespace = None;
                    }
                    (object, Role::Metadata)
                }
                "spec" if mapping => (object, Role::Spec),
                field if !mapping && holds_objects(field) => {
                    if let Some(found) = object.and_then(|index| self.found.get_mut(index)) {
                        found.has_items = true;
                    }
                    (object, Role::Items)
                }
                _ => (object, Role::Other),
            },
            (FrameKind::Sequence { next }, Role::Items) if mapping => {
                let mut path = object.map_or(Vec::new(), |index| self.found[index].outline.path.clone());
                if let Some(FrameKind::Mapping { key: Some(key), .. }) =
                    self.frames.iter().rev().nth(1).map(|frame| &frame.kind)
                {
                    path.push(Segment::Field(key.to_string()));
                }
                path.push(Segment::Index(*next));
                (Some(self.begin(at, object, path, false)), Role::Object)
            }
            _ => (object, Role::Other),
        }
    }

    fn begin(&mut self, at: Marker, list: Option<usize>, path: Vec<Segment>, top: bool) -> usize {
        self.found.push(Found {
            outline: Outline {
                line: at.line() as u64,
                column: at.col() as u64 + 1,
                path,
                ..Outline::default()
            },
            list,
            has_items: top,
            top,
        });
        self.found.len() - 1
    }

    fn scalar(&mut self, value: Option<Cow<'t, str>>, at: Marker) {
        let Some(frame) = self.frames.last_mut() else {
            if value.is_some() {
                self.documents += 1;
                self.begin(at, None, Vec::new(), false);
            }
            return;
        };
        if let FrameKind::Mapping { key, expects_key } = &mut frame.kind {
            if *expects_key {
                *expects_key = false;
                let name = value.as_deref().unwrap_or("");
                // The place of the version is the place of its key.
                if frame.role == Role::Object
                    && name == "apiVersion"
                    && let Some(found) = frame.object.and_then(|index| self.found.get_mut(index))
                {
                    found.outline.line = at.line() as u64;
                    found.outline.column = at.col() as u64 + 1;
                }
                *key = Some(if name.len() <= 64 { name.into() } else { "".into() });
                return;
            }
            let key = key.as_deref().unwrap_or("");
            if let Some(found) = frame.object.and_then(|index| self.found.get_mut(index)) {
                let outline = &mut found.outline;
                match (frame.role, key) {
                    (Role::Object, "apiVersion") => outline.api_version = value,
                    (Role::Object, "kind") => outline.kind = value,
                    (Role::Object, "metadata") => {
                        outline.name = None;
                        outline.namespace = None;
                    }
                    (Role::Metadata, "name") => outline.name = value,
                    (Role::Metadata, "namespace") => outline.namespace = value,
                    (Role::Spec, "replicas") => outline.replicas = value.and_then(|text| text.parse().ok()),
                    _ => {}
                }
            }
        }
        self.complete();
    }

    /// A value has ended: the collection around it goes on.
    fn complete(&mut self) {
        match self.frames.last_mut().map(|frame| &mut frame.kind) {
            Some(FrameKind::Mapping { expects_key, .. }) => *expects_key = !*expects_key,
            Some(FrameKind::Sequence { next }) => *next += 1,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Vec<(u64, String)> {
        let name = |outline: &Outline<'_>| {
            format!(
                "{} {} {}",
                outline.api_version.as_deref().unwrap_or(""),
                outline.kind.as_deref().unwrap_or(""),
                outline.name.as_deref().unwrap_or("")
            )
        };
        let contents = read(text).unwrap();
        contents
            .objects
            .iter()
            .map(|outline| (outline.line, name(outline)))
            .collect()
    }

    #[test]
    fn anchors_tags_quotes_and_blocks_are_read() {
        let text = "x: &av v1\n\"apiVersion\": *av\n? kind\n: !!str Pod\nmetadata: &m {name: a}\n";
        assert_eq!(objects(text), [(2, "v1 Pod a".to_owned())]);
        assert_eq!(
            objects("apiVersion: >-\n  v1\nkind: |-\n  Pod\n"),
            [(1, "v1 Pod ".to_owned())]
        );
    }

    #[test]
    fn lists_are_opened() {
        let text = "apiVersion: v1\nitems:\n- kind: A\n  apiVersion: b/v1\n- apiVersion: v1\n  kind: List\n  items:\n  - \
                    {apiVersion: c/v1, kind: D}\nkind: List\n";
        assert_eq!(
            objects(text),
            [(4, "b/v1 A ".to_owned()), (8, "c/v1 D ".to_owned())]
        );
        assert_eq!(
            objects("apiVersion: a/v1\nkind: BList\nitems:\n- metadata: {name: x}\n"),
            [(4, "a/v1 B x".to_owned())]
        );
        assert_eq!(
            objects("- {apiVersion: v1, kind: A}\n- 3\n"),
            [(1, "v1 A ".to_owned())]
        );
        assert_eq!(objects("apiVersion: v1\nkind: List\nitems: []\n"), []);
        // A field called items in something that is no list is its own business.
        assert_eq!(
            objects("apiVersion: v1\nkind: A\nitems:\n- {apiVersion: v1, kind: B}\n"),
            [(1, "v1 A ".to_owned())]
        );
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = "[".repeat(100_000);
        assert!(read(&text).is_err());
        assert_eq!(
            objects(&format!(
                "apiVersion: v1\nkind: A\nx: {}{}\n",
                "[".repeat(300),
                "]".repeat(300)
            ))
            .len(),
            1
        );
    }
}
