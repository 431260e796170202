//! Strategic merge patch: a merge patch that knows which lists merge by key.

use serde_json::{Map, Value};

use crate::schema::{ListType, Schema};

const DIRECTIVE: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const RETAIN_KEYS: &str = "$retainKeys";

/// Merges a patch into a value. Lists without known keys are replaced.
pub(crate) fn merge(value: &mut Value, patch: &Value, schema: Option<&Schema>) {
    let Value::Object(fields) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(target) = value else { return };
    match fields.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => target.clear(),
        Some("delete") => {
            target.clear();
            return;
        }
        _ => {}
    }
    if let Some(Value::Array(kept)) = fields.get(RETAIN_KEYS) {
        target.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    for (key, patch) in fields {
        if let Some(list) = key.strip_prefix(DELETE_FROM) {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (target.get_mut(list), patch) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if key.starts_with('$') {
            continue;
        }
        let child = schema.and_then(|schema| schema.child(key).0);
        match (target.get_mut(key), patch) {
            (_, Value::Null) => {
                target.remove(key);
            }
            (Some(value @ Value::Object(_)), Value::Object(_)) => merge(value, patch, child),
            (Some(Value::Array(items)), Value::Array(patches)) => merge_list(items, patches, child),
            (None, Value::Array(patches)) => {
                let mut items = Vec::new();
                merge_list(&mut items, patches, child);
                target.insert(key.clone(), Value::Array(items));
            }
            (_, Value::Object(_)) => {
                let mut made = Value::Object(Map::new());
                merge(&mut made, patch, child);
                target.insert(key.clone(), made);
            }
            (_, patch) => {
                target.insert(key.clone(), patch.clone());
            }
        }
    }
}

fn merge_list(items: &mut Vec<Value>, patches: &[Value], schema: Option<&Schema>) {
    let list_type = schema.map_or(&ListType::Atomic, |schema| &schema.list_type);
    if patches.iter().any(|patch| patch[DIRECTIVE] == "replace") {
        items.clear();
    }
    match list_type {
        ListType::Atomic => *items = patches.to_vec(),
        ListType::Set => {
            for patch in patches {
                if !items.contains(patch) {
                    items.push(patch.clone());
                }
            }
        }
        ListType::Map(keys) => {
            // A patch list is merged by its first key alone, as the types' patchMergeKey names one.
            let Some(key) = keys.first() else { return };
            let items_schema = schema.and_then(|schema| schema.items.as_deref());
            for patch in patches.iter().filter(|patch| patch.get(key).is_some()) {
                let found = items.iter().position(|item| item.get(key) == patch.get(key));
                match (found, patch[DIRECTIVE].as_str()) {
                    (Some(index), Some("delete")) => {
                        items.remove(index);
                    }
                    (None, Some("delete")) => {}
                    (Some(index), _) => merge(&mut items[index], patch, items_schema),
                    (None, _) => {
                        let mut made = Value::Object(Map::new());
                        merge(&mut made, patch, items_schema);
                        items.push(made);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_with_keys_merge_and_directives_delete() {
        let definition = json!({"properties": {"env": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"]}}});
        let schema = Schema::built_in(&definition);
        let mut value =
            json!({"env": [{"name": "a", "value": "1"}, {"name": "b"}], "args": ["x"], "gone": 1});
        let patch = json!({"env": [{"name": "a", "value": "2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}],
            "args": ["y"], "gone": null});
        merge(&mut value, &patch, Some(&schema));
        assert_eq!(
            value,
            json!({"env": [{"name": "a", "value": "2"}, {"name": "c"}], "args": ["y"]})
        );
    }
}
