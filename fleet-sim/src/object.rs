//! Reads and writes the metadata of an object that is still plain JSON.

use serde_json::{Map, Value, json};

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) blocks_deletion: bool,
    pub(crate) controls: bool,
}

pub(crate) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    let found = path.iter().try_fold(object, |value, part| value.get(part));
    found.and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object
        .get("metadata")?
        .get(field)
        .filter(|value| !value.is_null())
}

/// The metadata as a map, made where it is missing or no map.
pub(crate) fn meta_mut(object: &mut Value) -> &mut Map<String, Value> {
    map_mut(map_mut(object).entry("metadata").or_insert_with(|| json!({})))
}

pub(crate) fn map_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a map above"),
    }
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, &["metadata", "uid"])
}

pub(crate) fn kind(object: &Value) -> &str {
    text(object, &["kind"])
}

pub(crate) fn api_version(object: &Value) -> &str {
    text(object, &["apiVersion"])
}

/// `namespace/name`, or `name` outside of namespaces: the order of etcd's keys.
pub(crate) fn key(object: &Value) -> String {
    key_of(
        Some(namespace(object)).filter(|namespace| !namespace.is_empty()),
        name(object),
    )
}

pub(crate) fn key_of(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

/// Labels in the order of their keys.
pub(crate) fn labels(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let mut labels: Vec<(&str, &str)> = meta(object, "labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect();
    labels.sort_unstable();
    labels.into_iter()
}

pub(crate) fn owners(object: &Value) -> impl Iterator<Item = Owner<'_>> {
    meta(object, "ownerReferences")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|owner| Owner {
            api_version: api_version(owner),
            kind: kind(owner),
            name: text(owner, &["name"]),
            uid: text(owner, &["uid"]),
            blocks_deletion: owner["blockOwnerDeletion"] == true,
            controls: owner["controller"] == true,
        })
}

pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    meta(object, "finalizers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    finalizers(object).any(|found| found == finalizer)
}

pub(crate) fn add_finalizer(object: &mut Value, finalizer: &str) {
    if !has_finalizer(object, finalizer) {
        let list = meta_mut(object).entry("finalizers").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!(finalizer));
        }
    }
}

pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let metadata = meta_mut(object);
    if let Some(Value::Array(list)) = metadata.get_mut("finalizers") {
        list.retain(|found| found != finalizer);
        if list.is_empty() {
            metadata.remove("finalizers");
        }
    }
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    meta(object, "deletionTimestamp").is_some()
}

pub(crate) fn generation(object: &Value) -> Option<i64> {
    meta(object, "generation")?.as_i64()
}

pub(crate) fn resource_version(object: &Value) -> &str {
    text(object, &["metadata", "resourceVersion"])
}

pub(crate) fn set_resource_version(object: &mut Value, revision: u64) {
    meta_mut(object).insert("resourceVersion".into(), json!(revision.to_string()));
}

/// Takes over a field of the metadata from another state of the object, absence included.
pub(crate) fn keep_meta(object: &mut Value, from: &Value, field: &str) {
    match meta(from, field) {
        Some(value) => meta_mut(object).insert(field.to_owned(), value.clone()),
        None => meta_mut(object).remove(field),
    };
}

/// Takes over a top-level field from another state of the object, absence included.
pub(crate) fn keep_field(object: &mut Value, from: &Value, field: &str) {
    match from.get(field) {
        Some(value) => map_mut(object).insert(field.to_owned(), value.clone()),
        None => map_mut(object).remove(field),
    };
}

/// About how many bytes the value takes as text, if it nests no deeper than this many levels.
pub(crate) fn weight(value: &Value, levels: usize) -> Option<usize> {
    match value {
        Value::Array(items) => {
            let levels = levels.checked_sub(1)?;
            items
                .iter()
                .try_fold(2, |sum, item| Some(sum + 1 + weight(item, levels)?))
        }
        Value::Object(fields) => {
            let levels = levels.checked_sub(1)?;
            fields.iter().try_fold(2, |sum, (key, item)| {
                Some(sum + 4 + key.len() + weight(item, levels)?)
            })
        }
        Value::String(text) => Some(text.len() + 2),
        _ => Some(8),
    }
}
