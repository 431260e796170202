//! Reads JSON texts, one or several after each other, without building what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use fleet_core::yaml::Segment;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Contents, Found, Outline, holds_objects, open_lists};

/// What is in the JSON texts; `None` when they are not JSON (a YAML parser may still read them).
pub(crate) fn read(text: &str) -> Option<Contents<'_>> {
    let mut found = Vec::new();
    let mut documents = 0;
    let mut lines = Lines::new(text);
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.ok()?;
        documents += 1;
        visit(value, None, &[], &mut lines, &mut found, 0)?;
    }
    let objects = open_lists(found);
    Some(Contents {
        others: objects.iter().filter(|outline| !outline.is_object()).count() as u64,
        objects: objects.into_iter().filter(Outline::is_object).collect(),
        documents,
    })
}

#[derive(Deserialize)]
struct Object<'t> {
    #[serde(borrow, rename = "apiVersion")]
    api_version: Option<&'t RawValue>,
    #[serde(borrow)]
    kind: Option<&'t RawValue>,
    #[serde(borrow)]
    metadata: Option<&'t RawValue>,
    #[serde(borrow)]
    items: Option<&'t RawValue>,
    #[serde(borrow)]
    objects: Option<&'t RawValue>,
    #[serde(borrow)]
    spec: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'t> {
    #[serde(borrow)]
    name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    namespace: Option<Cow<'t, str>>,
}

#[derive(Deserialize)]
struct Spec<'t> {
    replicas: Option<u64>,
    #[serde(borrow)]
    template: Option<&'t RawValue>,
}

/// The labels of the Pods that a workload makes.
fn pod_labels<'t>(template: &RawValue) -> Option<Vec<(Cow<'t, str>, Cow<'t, str>)>> {
    #[derive(Deserialize)]
    struct Template {
        metadata: Labelled,
    }
    #[derive(Deserialize)]
    struct Labelled {
        labels: BTreeMap<String, String>,
    }
    let template: Template = serde_json::from_str(template.get()).ok()?;
    let labels = template.metadata.labels.into_iter();
    Some(
        labels
            .map(|(name, value)| (Cow::Owned(name), Cow::Owned(value)))
            .collect(),
    )
}

fn visit<'t>(
    raw: &'t RawValue,
    list: Option<usize>,
    path: &[Segment],
    lines: &mut Lines<'t>,
    found: &mut Vec<Found<'t>>,
    depth: usize,
) -> Option<()> {
    let text = raw.get();
    let (line, column) = lines.place(text);
    let outline = Outline {
        line,
        column,
        path: path.to_vec(),
        ..Outline::default()
    };
    let first = text.as_bytes().first().copied();
    if depth > 64 || !matches!(first, Some(b'{' | b'[')) {
        if list.is_none() && first != Some(b'n') {
            found.push(Found {
                outline,
                list,
                has_items: false,
                top: false,
            });
        }
        return Some(());
    }
    let index = found.len();
    found.push(Found {
        outline,
        list,
        has_items: first == Some(b'['),
        top: first == Some(b'[') && list.is_none(),
    });
    if first == Some(b'[') {
        if list.is_some() {
            return Some(());
        }
        return items(raw, index, path, lines, found, depth);
    }
    // Twice the same key: YAML readers take the last, serde refuses.
    let object: Object<'t> = serde_json::from_str(text).ok()?;
    let string = |raw: Option<&'t RawValue>| {
        raw.and_then(|raw| serde_json::from_str::<Text<'t>>(raw.get()).ok())
            .map(|text| text.0)
    };
    if let Some(version) = object.api_version {
        // The place of the key, not of its value.
        let (line, column) = lines.place_of_key(version.get(), "\"apiVersion\"");
        found[index].outline.line = line;
        found[index].outline.column = column;
    }
    let metadata = object
        .metadata
        .and_then(|raw| serde_json::from_str::<Metadata<'t>>(raw.get()).ok());
    let outline = &mut found[index].outline;
    outline.api_version = string(object.api_version);
    outline.kind = string(object.kind);
    if let Some(metadata) = metadata {
        outline.name = metadata.name;
        outline.namespace = metadata.namespace;
    }
    let lists = [("items", object.items), ("objects", object.objects)];
    for (field, raw) in lists {
        if let Some(raw) = raw.filter(|raw| raw.get().starts_with('[') && holds_objects(field)) {
            found[index].has_items = true;
            let mut path = path.to_vec();
            path.push(Segment::Field(field.to_owned()));
            items(raw, index, &path, lines, found, depth)?;
        }
    }
    let spec = object
        .spec
        .and_then(|raw| serde_json::from_str::<Spec<'_>>(raw.get()).ok());
    if let Some(spec) = spec {
        let outline = &mut found[index].outline;
        outline.replicas = spec.replicas;
        if let Some(template) = spec.template.filter(|_| outline.makes_pods()) {
            outline.labels = pod_labels(template).unwrap_or_default();
        }
    }
    Some(())
}

fn items<'t>(
    raw: &'t RawValue,
    list: usize,
    path: &[Segment],
    lines: &mut Lines<'t>,
    found: &mut Vec<Found<'t>>,
    depth: usize,
) -> Option<()> {
    let items: Vec<&'t RawValue> = serde_json::from_str(raw.get()).ok()?;
    for (number, item) in items.into_iter().enumerate() {
        let mut path = path.to_vec();
        path.push(Segment::Index(number));
        visit(item, Some(list), &path, lines, found, depth + 1)?;
    }
    Some(())
}

#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// Finds lines and columns of slices of a text, cheaply when they are asked for in order.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Where a slice of the text begins.
    fn place(&mut self, slice: &str) -> (u64, u64) {
        let offset = (slice.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.place_at(offset.min(self.text.len()))
    }

    fn place_of_key(&mut self, value: &str, key: &str) -> (u64, u64) {
        let offset = (value.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or("");
        // A key with escapes is not found: then the value's place must do.
        self.place_at(before.rfind(key).unwrap_or(offset))
    }

    fn place_at(&mut self, offset: usize) -> (u64, u64) {
        let bytes = self.text.as_bytes();
        if offset < self.at {
            self.at = 0;
            self.line = 1;
        }
        self.line += memchr::memchr_iter(b'\n', &bytes[self.at..offset]).count() as u64;
        self.at = offset;
        let start = memchr::memrchr(b'\n', &bytes[..offset]).map_or(0, |newline| newline + 1);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |text| text.chars().count());
        (self.line, column as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_arrays_and_several_texts_are_opened() {
        let text = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\n\"items\":[{\"kind\":\"A\",\n\"apiVersion\":\"b/v1\"}]}\n\
                    {\"apiVersion\":\"v1\",\"kind\":\"C\",\"metadata\":{\"name\":\"\\u0061\"}}\n[{\"apiVersion\":\"v1\",\"kind\":\"D\"}]";
        let contents = read(text).unwrap();
        let seen: Vec<_> = contents
            .objects
            .iter()
            .map(|o| (o.line, o.kind.as_deref().unwrap(), o.name.as_deref()))
            .collect();
        assert_eq!(seen, [(3, "A", None), (4, "C", Some("a")), (5, "D", None)]);
        assert_eq!(contents.documents, 3);
    }

    #[test]
    fn the_labels_of_a_workload_s_pods_are_read() {
        let text = r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2,"template":{"metadata":{"labels":{"app":"a"}}}}}"#;
        let contents = read(text).unwrap();
        assert_eq!(contents.objects[0].labels, [("app".into(), "a".into())]);
        assert_eq!(contents.objects[0].replicas, Some(2));
        let text = text.replace("\"a\"", "1");
        assert_eq!(read(&text).unwrap().objects[0].labels, []);
    }

    #[test]
    fn what_is_not_json_is_left_to_others() {
        assert!(read("{a: b}").is_none());
        assert!(read("{\"kind\":\"a\",\"kind\":\"b\"}").is_none());
        assert!(read(&"[".repeat(10_000)).is_none());
    }
}
