//! Walks objects by their schema: which fields are set, what changed, how two states merge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::field_set::FieldSet;
use crate::schema::{ListType, Schema};

/// What differs between two states of an object.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

/// The fields that an applied configuration sets.
pub(super) fn field_set(value: &Value, schema: Option<&Schema>) -> FieldSet {
    let mut set = FieldSet::default();
    for (element, child, child_schema, named) in parts(value, schema) {
        let empty_list =
            child.as_array().is_some_and(Vec::is_empty) && *list_type(child_schema) != ListType::Atomic;
        if empty_list {
            // An associative list is owned item by item, and there is none.
            if !named {
                set.members.insert(element);
            }
        } else if is_leaf(child, child_schema) {
            set.members.insert(element);
        } else {
            let below = field_set(child, child_schema);
            if !named {
                set.members.insert(element.clone());
            }
            set.add_child(element, below);
        }
    }
    set
}

/// Compares two states field by field.
pub(super) fn compare(old: &Value, new: &Value, schema: Option<&Schema>) -> Comparison {
    let mut out = Comparison::default();
    compare_parts(Some(old), Some(new), schema, &mut out);
    out
}

fn compare_parts(old: Option<&Value>, new: Option<&Value>, schema: Option<&Schema>, out: &mut Comparison) {
    let mut sides: BTreeMap<Box<str>, Sides<'_>> = BTreeMap::new();
    for (element, child, child_schema, _) in old.into_iter().flat_map(|old| parts(old, schema)) {
        sides.insert(element, (Some(child), None, child_schema));
    }
    for (element, child, child_schema, _) in new.into_iter().flat_map(|new| parts(new, schema)) {
        sides.entry(element).or_insert((None, None, child_schema)).1 = Some(child);
    }
    for (element, (old, new, child_schema)) in sides {
        if old == new {
            continue;
        }
        let leaf = |side: Option<&Value>| side.is_none_or(|value| is_leaf(value, child_schema));
        let one_kind = match (old, new) {
            // A null is a list or a map with nothing in it.
            (Some(Value::Null), _) | (_, Some(Value::Null)) => true,
            (Some(old), Some(new)) => old.is_array() == new.is_array() && old.is_object() == new.is_object(),
            _ => true,
        };
        if one_kind && !(leaf(old) && leaf(new)) {
            let mut below = Comparison::default();
            compare_parts(old, new, child_schema, &mut below);
            if old.is_none() {
                out.added.members.insert(element.clone());
            } else if new.is_none() {
                out.removed.members.insert(element.clone());
            }
            out.added.add_child(element.clone(), below.added);
            out.modified.add_child(element.clone(), below.modified);
            out.removed.add_child(element, below.removed);
        } else {
            let set = match (old, new) {
                (None, _) => &mut out.added,
                (_, None) => &mut out.removed,
                _ => &mut out.modified,
            };
            set.members.insert(element);
        }
    }
}

/// One field before and after, and its schema.
type Sides<'a> = (Option<&'a Value>, Option<&'a Value>, Option<&'a Schema>);

/// The live object with an applied configuration laid over it.
pub(super) fn merge(live: &Value, config: &Value, schema: Option<&Schema>) -> Value {
    match (live, config) {
        (Value::Object(live), Value::Object(fields)) if !is_atomic_map(schema) => {
            let mut out = live.clone();
            for (key, value) in fields {
                let (child_schema, _) = child(schema, key);
                let merged = live
                    .get(key)
                    .map_or_else(|| value.clone(), |live| merge(live, value, child_schema));
                out.insert(key.clone(), merged);
            }
            Value::Object(out)
        }
        (Value::Array(live), Value::Array(items)) if *list_type(schema) != ListType::Atomic => {
            merge_lists(live, items, schema)
        }
        _ => config.clone(),
    }
}

/// Items of both lists. Each list keeps its own order; where they disagree on shared items, the applied one wins.
fn merge_lists(live: &[Value], items: &[Value], schema: Option<&Schema>) -> Value {
    let places =
        |list: &[Value]| -> Vec<Box<str>> { list.iter().map(|item| element_of(item, schema)).collect() };
    let (left, right) = (places(live), places(items));
    let in_left: BTreeSet<&Box<str>> = left.iter().collect();
    let in_right: BTreeSet<&Box<str>> = right.iter().collect();
    let mut lives: BTreeMap<&Box<str>, &Value> = BTreeMap::new();
    for (place, item) in left.iter().zip(live) {
        lives.entry(place).or_insert(item);
    }
    let items_schema = schema.and_then(|schema| schema.items.as_deref());
    let merged = |index: usize| {
        lives.get(&right[index]).map_or_else(
            || items[index].clone(),
            |live| merge(live, &items[index], items_schema),
        )
    };
    let mut shared = right.iter().filter(|place| in_left.contains(place));
    let mut next_shared = shared.next();
    let mut done: BTreeSet<&Box<str>> = BTreeSet::new();
    let (mut out, mut l, mut r) = (Vec::new(), 0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() {
            if left[l] == right[r] {
                done.insert(&right[r]);
                out.push(merged(r));
                l += 1;
                r += 1;
                next_shared = shared.next();
                continue;
            }
            if in_right.contains(&left[l]) && next_shared.is_some_and(|next| *next != left[l]) {
                // Shared, but another shared item comes first.
                l += 1;
                continue;
            }
        }
        if l < left.len() {
            if !in_right.contains(&left[l]) {
                out.push(live[l].clone());
                l += 1;
                continue;
            }
            if done.contains(&left[l]) {
                l += 1;
            }
        }
        if r < right.len() {
            done.insert(&right[r]);
            out.push(merged(r));
            if next_shared == Some(&right[r]) {
                next_shared = shared.next();
            }
            r += 1;
        }
    }
    Value::Array(out)
}

/// Removes what was set before and is now owned by nobody.
pub(super) fn remove_abandoned(value: &mut Value, schema: Option<&Schema>, last: &FieldSet, kept: &FieldSet) {
    let none = FieldSet::default();
    let stays = |element: &str, child: &mut Value, child_schema: Option<&Schema>, named: bool| {
        // What others hold in an item that is theirs by its parts only goes with the item.
        if last.owns(element, named) && !kept.owns(element, named) {
            return false;
        }
        if let Some(last) = last.children.get(element)
            && !is_leaf(child, child_schema)
        {
            remove_abandoned(
                child,
                child_schema,
                last,
                kept.children.get(element).unwrap_or(&none),
            );
        }
        true
    };
    match value {
        Value::Object(fields) => fields.retain(|key, value| {
            let (child_schema, named) = child(schema, key);
            stays(&format!("f:{key}"), value, child_schema, named)
        }),
        Value::Array(items) => {
            let items_schema = schema.and_then(|schema| schema.items.as_deref());
            items.retain_mut(|item| {
                let element = element_of(item, schema);
                stays(&element, item, items_schema, false)
            });
        }
        _ => {}
    }
}

type Part<'v, 's> = (Box<str>, &'v Value, Option<&'s Schema>, bool);

/// The parts of a map or an associative list, and whether each is a field that the schema names.
fn parts<'v, 's>(value: &'v Value, schema: Option<&'s Schema>) -> Vec<Part<'v, 's>> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let (child_schema, named) = child(schema, key);
                (format!("f:{key}").into_boxed_str(), value, child_schema, named)
            })
            .collect(),
        Value::Array(items) => {
            let items_schema = schema.and_then(|schema| schema.items.as_deref());
            items
                .iter()
                .map(|item| (element_of(item, schema), item, items_schema, false))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn child<'s>(schema: Option<&'s Schema>, key: &str) -> (Option<&'s Schema>, bool) {
    schema.map_or((None, false), |schema| schema.child(key))
}

fn list_type(schema: Option<&Schema>) -> &ListType {
    schema.map_or(&ListType::Atomic, |schema| &schema.list_type)
}

fn is_atomic_map(schema: Option<&Schema>) -> bool {
    schema.is_some_and(|schema| schema.map_atomic)
}

/// Whether a value is owned as a whole.
fn is_leaf(value: &Value, schema: Option<&Schema>) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty() || is_atomic_map(schema),
        Value::Array(items) => items.is_empty() || *list_type(schema) == ListType::Atomic,
        _ => true,
    }
}

/// How an item of an associative list is told from the others.
fn element_of(item: &Value, schema: Option<&Schema>) -> Box<str> {
    match list_type(schema) {
        ListType::Map(keys) => {
            let items_schema = schema.and_then(|schema| schema.items.as_deref());
            let mut found = Map::new();
            for key in keys {
                let default = child(items_schema, key)
                    .0
                    .and_then(|schema| schema.default.as_ref());
                if let Some(value) = item.get(key).or(default) {
                    found.insert(key.clone(), value.clone());
                }
            }
            format!("k:{}", Value::Object(found)).into_boxed_str()
        }
        ListType::Set | ListType::Atomic => format!("v:{item}").into_boxed_str(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let definition = json!({"properties": {"spec": {"type": "object", "properties": {
            "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "args": {"type": "array", "items": {"type": "string"}},
        }}}});
        Schema::compile(&definition, "", &mut Vec::new())
    }

    #[test]
    fn named_structs_are_not_owned_but_map_entries_and_items_are() {
        let config = json!({"metadata": {"labels": {"a": "b"}},
            "spec": {"items": [{"name": "x", "size": 1}], "tags": ["t"], "args": ["a", "b"]}});
        assert_eq!(
            field_set(&config, Some(&schema())).encode(),
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:args": {}, "f:tags": {"v:\"t\"": {}},
                "f:items": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:size": {}}}}})
        );
    }

    #[test]
    fn lists_merge_by_their_type() {
        let live = json!({"spec": {"items": [{"name": "x", "size": 1}, {"name": "y"}], "tags": ["a"], "args": ["1"]}});
        let config = json!({"spec": {"items": [{"name": "z"}, {"name": "x", "size": 2}], "tags": ["b"], "args": ["2"]}});
        assert_eq!(
            merge(&live, &config, Some(&schema())),
            json!({"spec": {"items": [{"name": "z"}, {"name": "x", "size": 2}, {"name": "y"}], "tags": ["a", "b"],
                "args": ["2"]}})
        );
    }

    #[test]
    fn a_new_map_of_a_custom_resource_is_itself_added() {
        let old = json!({"apiVersion": "g/v1"});
        let new = json!({"apiVersion": "g/v1", "spec": {"items": [{"name": "x"}]}});
        assert_eq!(
            compare(&old, &new, Some(&schema())).added.encode(),
            json!({"f:spec": {".": {}, "f:items": {".": {}, "k:{\"name\":\"x\"}": {".": {}, "f:name": {}}}}})
        );
    }

    #[test]
    fn what_nobody_holds_any_more_goes() {
        let schema = schema();
        let mut live =
            json!({"spec": {"items": [{"name": "x", "size": 1}, {"name": "y"}], "tags": ["a", "b"]}});
        let last = field_set(
            &json!({"spec": {"items": [{"name": "x", "size": 1}], "tags": ["a"]}}),
            Some(&schema),
        );
        let kept = field_set(
            &json!({"spec": {"items": [{"name": "x"}], "tags": ["b"]}}),
            Some(&schema),
        );
        remove_abandoned(&mut live, Some(&schema), &last, &kept);
        assert_eq!(
            live,
            json!({"spec": {"items": [{"name": "x"}, {"name": "y"}], "tags": ["b"]}})
        );
    }
}
