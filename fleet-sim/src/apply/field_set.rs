//! A set of field paths, in the form of `fieldsV1`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// A tree of path elements, each in its `fieldsV1` spelling: `f:name`, `k:{"type":"Ready"}`, `v:"a"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// Paths that end here and are in the set.
    pub(super) members: BTreeSet<Box<str>>,
    pub(super) children: BTreeMap<Box<str>, FieldSet>,
}

impl FieldSet {
    pub(super) fn decode(fields: &Value) -> Self {
        let mut set = Self::default();
        for (element, below) in fields
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != ".")
        {
            let is_leaf = below.as_object().is_none_or(Map::is_empty);
            if is_leaf || below.get(".").is_some() {
                set.members.insert(element.as_str().into());
            }
            if !is_leaf {
                set.add_child(element.as_str().into(), Self::decode(below));
            }
        }
        set
    }

    pub(super) fn encode(&self) -> Value {
        let mut out = Map::new();
        for (element, below) in &self.children {
            let mut below = below.encode();
            if self.members.contains(element) {
                below["."] = json!({});
            }
            out.insert(element.to_string(), below);
        }
        for element in &self.members {
            out.entry(element.to_string()).or_insert_with(|| json!({}));
        }
        Value::Object(out)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    pub(super) fn add_child(&mut self, element: Box<str>, below: Self) {
        if !below.is_empty() {
            self.children.insert(element, below);
        }
    }

    /// Whether a field or an item belongs to the set: a field that the type names does when anything below it does.
    pub(super) fn owns(&self, element: &str, named: bool) -> bool {
        self.members.contains(element) || (named && self.children.contains_key(element))
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.members.extend(other.members.iter().cloned());
        for (element, below) in &other.children {
            self.children.entry(element.clone()).or_default().extend(below);
        }
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        let mut out = Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, below) in &self.children {
            let rest = other
                .children
                .get(element)
                .map_or_else(|| below.clone(), |other| below.without(other));
            out.add_child(element.clone(), rest);
        }
        out
    }

    pub(super) fn common(&self, other: &Self) -> Self {
        let mut out = Self {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, below) in &self.children {
            if let Some(other) = other.children.get(element) {
                out.add_child(element.clone(), below.common(other));
            }
        }
        out
    }

    /// Drops what is never owned: the object's identity and what the server keeps.
    pub(super) fn strip_identity(&mut self) {
        for element in ["f:apiVersion", "f:kind", "f:metadata"] {
            self.members.remove(element);
        }
        self.children.remove("f:apiVersion");
        if let Some(metadata) = self.children.get_mut("f:metadata") {
            for field in IDENTITY {
                metadata.members.remove(field);
                metadata.children.remove(field);
            }
            if metadata.is_empty() {
                self.children.remove("f:metadata");
            }
        }
    }

    /// Drops top-level fields, with all below them.
    pub(super) fn remove_fields(&mut self, fields: &[&str]) {
        for field in fields {
            let element = format!("f:{field}");
            self.members.remove(element.as_str());
            self.children.remove(element.as_str());
        }
    }

    /// Every path in the set, as errors write it: `.spec.items[name="a"].size`.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.collect_paths("", &mut out);
        out
    }

    fn collect_paths(&self, prefix: &str, out: &mut Vec<String>) {
        for element in &self.members {
            out.push(format!("{prefix}{}", shown(element)));
        }
        for (element, below) in &self.children {
            below.collect_paths(&format!("{prefix}{}", shown(element)), out);
        }
    }
}

const IDENTITY: [&str; 10] = [
    "f:name",
    "f:namespace",
    "f:creationTimestamp",
    "f:deletionTimestamp",
    "f:deletionGracePeriodSeconds",
    "f:selfLink",
    "f:uid",
    "f:generation",
    "f:managedFields",
    "f:resourceVersion",
];

fn shown(element: &str) -> String {
    match element.split_at_checked(2) {
        Some(("f:", field)) => format!(".{field}"),
        Some(("k:", keys)) => {
            let keys: Value = serde_json::from_str(keys).unwrap_or_default();
            let pairs = keys
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value}"));
            format!("[{}]", pairs.collect::<Vec<_>>().join(","))
        }
        Some(("v:", value)) => format!("[={value}]"),
        _ => format!("[{}]", element.trim_start_matches("i:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_v1_is_read_and_written_unchanged() {
        let fields = json!({
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:items": {"k:{\"name\":\"x\"}": {".": {}, "f:size": {}}}, "f:replicas": {}},
        });
        let set = FieldSet::decode(&fields);
        assert_eq!(set.encode(), fields);
        assert_eq!(
            set.paths(),
            [
                ".metadata.labels",
                ".metadata.labels.a",
                ".spec.replicas",
                ".spec.items[name=\"x\"]",
                ".spec.items[name=\"x\"].size"
            ]
        );
        assert!(set.without(&set).is_empty());
        assert_eq!(set.common(&set), set);
    }
}
