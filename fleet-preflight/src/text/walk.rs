//! Reads any YAML event by event, keeping only what names the objects in it; where aliases or merges have a say in that, as a tree.

use std::borrow::Cow;
use std::collections::HashMap;

use fleet_core::yaml::{self, Document, FieldPath, ReadOptions, Segment};
use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use serde_json::Value;

use super::{Contents, Found, MAX_DEPTH, MAX_VALUES, Outline, Problem, holds_objects, open_lists};
use crate::checks::{Typed, objects_in};

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
    if walker.needs_tree {
        return tree(text);
    }
    let objects = open_lists(walker.found);
    Ok(Contents {
        others: objects.iter().filter(|outline| !outline.is_object()).count() as u64,
        objects: objects.into_iter().filter(Outline::is_object).collect(),
        documents: walker.documents,
    })
}

/// What is in the documents of a text, with everything in its place that aliases and merges stand for.
fn tree(text: &str) -> Result<Contents<'static>, Problem> {
    let mut options = ReadOptions::default();
    options.max_depth = MAX_DEPTH;
    options.max_values = MAX_VALUES;
    let documents = yaml::documents_with(text, &options).map_err(|error| {
        let at = error.position();
        Problem {
            line: at.map_or(1, |at| at.line),
            column: at.map_or(1, |at| at.column),
            message: format!("its aliases cannot be followed: {error}"),
        }
    })?;
    let mut contents = Contents::default();
    for document in documents.iter().filter(|document| !document.value().is_null()) {
        let before = contents.objects.len();
        let objects = objects_in(document.value()).into_iter();
        contents
            .objects
            .extend(objects.map(|(path, typed)| outline(document, path, typed)));
        contents.documents += 1;
        contents.others += u64::from(contents.objects.len() == before);
    }
    Ok(contents)
}

fn outline(document: &Document, path: Vec<Segment>, typed: Typed<'_>) -> Outline<'static> {
    let object = path.iter().fold(FieldPath::root(), |at, segment| match segment {
        Segment::Field(name) => at.field(name.as_str()),
        Segment::Index(index) => at.index(*index),
    });
    let at = document
        .key_position(&object.clone().field("apiVersion"))
        .or_else(|| document.position(&object));
    let metadata = |name: &str| {
        let text = typed.value.get("metadata")?.get(name)?.as_str()?;
        Some(Cow::Owned(text.to_owned()))
    };
    Outline {
        namespace: metadata("namespace"),
        name: metadata("name"),
        line: at.map_or(1, |at| at.line),
        column: at.map_or(1, |at| at.column),
        replicas: typed.value.pointer("/spec/replicas").and_then(Value::as_u64),
        labels: labels(typed.value),
        path,
        api_version: Some(Cow::Owned(typed.api_version)),
        kind: Some(Cow::Owned(typed.kind)),
    }
}

fn labels(object: &Value) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .and_then(Value::as_object);
    let text = |value: &Value| Some(Cow::Owned(value.as_str()?.to_owned()));
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(name, value)| Some((Cow::Owned(name.clone()), text(value)?)))
        .collect()
}

#[derive(Default)]
struct Walker<'t> {
    frames: Vec<Frame>,
    found: Vec<Found<'t>>,
    documents: u64,
    /// Scalars with an anchor. They are short or not kept: only names are looked for.
    anchors: HashMap<usize, Option<Cow<'t, str>>>,
    /// An alias or a merge stands where it may name an object: events alone do not tell what it brings.
    needs_tree: bool,
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
    /// `spec.template`, its `metadata`, and the `labels` in that.
    Template,
    TemplateMetadata,
    PodLabels,
    /// The sequence of a list's items.
    Items,
    Other,
}

impl Role {
    fn leads_to_labels(self) -> bool {
        matches!(
            self,
            Self::Spec | Self::Template | Self::TemplateMetadata | Self::PodLabels
        )
    }
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
                if !self.anchors.contains_key(&id) {
                    self.needs_tree |= self.names_objects();
                }
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

    /// Whether a collection that begins here may be an object, hold some, or name one.
    fn names_objects(&self) -> bool {
        let Some(Frame { kind, role, .. }) = self.frames.last() else {
            return false;
        };
        match (kind, role) {
            (
                FrameKind::Mapping {
                    key: Some(key),
                    expects_key: false,
                },
                Role::Object,
            ) => matches!(&**key, "metadata" | "spec" | "<<") || holds_objects(key),
            (
                FrameKind::Mapping {
                    key: Some(key),
                    expects_key: false,
                },
                Role::Metadata,
            ) => &**key == "<<",
            (
                FrameKind::Mapping {
                    key: Some(key),
                    expects_key: false,
                },
                role,
            ) if role.leads_to_labels() => {
                matches!(&**key, "template" | "metadata" | "labels" | "<<")
            }
            (FrameKind::Sequence { .. }, Role::Items) => true,
            _ => false,
        }
    }

    /// What a collection that begins here is, by where it stands.
    fn role_of_next(&mut self, mapping: bool, at: Marker) -> (Option<usize>, Role) {
        let Some(parent) = self.frames.last() else {
            self.documents += 1;
            let index = self.begin(at, None, Vec::new(), !mapping);
            return (Some(index), if mapping { Role::Object } else { Role::Items });
        };
        // A merge of mappings that stand right there, or of several.
        if let (FrameKind::Mapping { key: Some(key), .. }, Role::Object | Role::Metadata) =
            (&parent.kind, parent.role)
        {
            self.needs_tree |= &**key == "<<";
        }
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
            (FrameKind::Mapping { key: Some(key), .. }, Role::Spec) if mapping && &**key == "template" => {
                (object, Role::Template)
            }
            (FrameKind::Mapping { key: Some(key), .. }, Role::Template)
                if mapping && &**key == "metadata" =>
            {
                (object, Role::TemplateMetadata)
            }
            (FrameKind::Mapping { key: Some(key), .. }, Role::TemplateMetadata)
                if mapping && &**key == "labels" =>
            {
                if let Some(found) = object.and_then(|index| self.found.get_mut(index)) {
                    found.outline.labels.clear();
                }
                (object, Role::PodLabels)
            }
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
                // The longest name that counts is a label's.
                *key = Some(if name.len() <= 317 { name.into() } else { "".into() });
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
                    (Role::PodLabels, name) => {
                        let label = value.map(|value| (Cow::Owned(name.to_owned()), value));
                        outline.labels.extend(label);
                    }
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
    fn the_labels_of_a_workload_s_pods_are_read() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1, template: {metadata: {labels: {app: a, b/c: !!str d}}}}\n";
        let contents = read(text).unwrap();
        assert_eq!(
            contents.objects[0].labels,
            [("app".into(), "a".into()), ("b/c".into(), "d".into())]
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
    fn aliases_and_merges_are_followed_where_they_name_objects() {
        let expected = |line, name: &str| (line, format!("policy/v1beta1 PodDisruptionBudget {name}"));
        let merged = "x: &m {apiVersion: policy/v1beta1}\n<<: *m\nkind: PodDisruptionBudget\n";
        assert_eq!(objects(merged), [expected(1, "")]);
        let own = "<<: {apiVersion: v1, kind: Pod}\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n";
        assert_eq!(objects(own), [expected(2, "")]);
        let several = "x: [&a {apiVersion: policy/v1beta1}, &b {kind: PodDisruptionBudget}]\n<<: [*a, *b]\n";
        assert_eq!(objects(several), [expected(1, "")]);
        let metadata =
            "x: &m {name: a}\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: *m\n";
        assert_eq!(objects(metadata), [expected(2, "a")]);
        let inside = "x: &m {name: a}\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  <<: *m\n  labels: {}\n";
        assert_eq!(objects(inside), [expected(2, "a")]);
        let items = "x: &b {apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}\napiVersion: v1\n\
                     kind: List\nitems:\n- *b\n- <<: *b\n  metadata: {name: b}\n";
        let names: Vec<String> = objects(items).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, [expected(0, "a").1, expected(0, "b").1]);
        // What names nothing is not followed, however much it would be.
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\napiVersion: v1\nkind: A\nc: *b\n";
        assert_eq!(objects(bomb), [(3, "v1 A ".to_owned())]);
        let levels: Vec<String> = (1..40)
            .map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1))
            .collect();
        let bomb = format!(
            "a0: &a0 {{x: y}}\n{}apiVersion: v1\nkind: List\nitems: *a39\n",
            levels.concat()
        );
        assert!(
            read(&bomb)
                .unwrap_err()
                .message
                .starts_with("its aliases cannot be followed")
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
