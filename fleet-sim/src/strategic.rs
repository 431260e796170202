//! Strategic merge patch: a merge patch that knows which lists merge by key.

use serde_json::{Map, Value};

use crate::schema::Schema;

const DIRECTIVE: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";

/// Merges a patch into a value. Lists without known keys are replaced. The error says what is wrong with the patch.
pub(crate) fn merge(value: &mut Value, patch: &Value, schema: Option<&Schema>) -> Result<(), String> {
    let Value::Object(fields) = patch else {
        *value = patch.clone();
        return Ok(());
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(target) = value else {
        return Ok(());
    };
    match fields.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => target.clear(),
        Some("delete") => {
            target.clear();
            return Ok(());
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
        let order = fields
            .get(&format!("{ELEMENT_ORDER}{key}"))
            .and_then(Value::as_array);
        match (target.get_mut(key), patch) {
            (_, Value::Null) => {
                target.remove(key);
            }
            (Some(value @ Value::Object(_)), Value::Object(_)) => merge(value, patch, child)?,
            (Some(Value::Array(items)), Value::Array(patches)) => merge_list(items, patches, order, child)?,
            (None, Value::Array(patches)) => {
                let mut items = Vec::new();
                merge_list(&mut items, patches, order, child)?;
                target.insert(key.clone(), Value::Array(items));
            }
            (_, Value::Object(_)) => {
                let mut made = Value::Object(Map::new());
                merge(&mut made, patch, child)?;
                target.insert(key.clone(), made);
            }
            (_, patch) => {
                target.insert(key.clone(), patch.clone());
            }
        }
    }
    Ok(())
}

fn merge_list(
    items: &mut Vec<Value>,
    patches: &[Value],
    order: Option<&Vec<Value>>,
    schema: Option<&Schema>,
) -> Result<(), String> {
    let merge_key = schema.and_then(|schema| schema.merge_key.as_deref());
    if merge_key.is_none() && !schema.is_some_and(|schema| schema.merges) {
        *items = patches.to_vec();
        return Ok(());
    }
    if patches.iter().any(|patch| patch[DIRECTIVE] == "replace") {
        items.clear();
    }
    let before = items.clone();
    match merge_key {
        None => {
            for patch in patches {
                if !items.contains(patch) {
                    items.push(patch.clone());
                }
            }
        }
        Some(key) => merge_items(
            items,
            patches,
            key,
            schema.and_then(|schema| schema.items.as_deref()),
        )?,
    }
    let wanted = order.map_or(patches, Vec::as_slice);
    *items = in_order(std::mem::take(items), wanted, &before, merge_key);
    Ok(())
}

fn merge_items(
    items: &mut Vec<Value>,
    patches: &[Value],
    key: &str,
    schema: Option<&Schema>,
) -> Result<(), String> {
    for patch in patches.iter().filter(|patch| patch[DIRECTIVE] != "replace") {
        if patch.get(key).is_none() {
            return Err(format!(
                "map: {} does not contain declared merge key: {key}",
                go_map(patch)
            ));
        }
        let found = items.iter().position(|item| item.get(key) == patch.get(key));
        match (found, patch[DIRECTIVE].as_str()) {
            (Some(index), Some("delete")) => {
                items.remove(index);
            }
            (None, Some("delete")) => {}
            (Some(index), _) => merge(&mut items[index], patch, schema)?,
            (None, _) => {
                let mut made = Value::Object(Map::new());
                merge(&mut made, patch, schema)?;
                items.push(made);
            }
        }
    }
    Ok(())
}

/// Items that the patch names in the patch's order, between the others in the order they had.
fn in_order(items: Vec<Value>, wanted: &[Value], before: &[Value], key: Option<&str>) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| {
        list.iter().position(|other| match key {
            Some(key) => other.get(key) == item.get(key),
            None => other == item,
        })
    };
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(wanted, item).is_some());
    named.sort_by_key(|item| place(wanted, item));
    others.sort_by_key(|item| place(before, item));
    let mut out = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (Some(_), None) => true,
            (Some(other), Some(name)) => match (place(before, other), place(before, name)) {
                (Some(other), Some(name)) => other < name,
                _ => false,
            },
            (None, Some(_)) => false,
            (None, None) => return out,
        };
        out.extend(if other_first { others.next() } else { named.next() });
    }
}

/// A map as Go prints it.
fn go_map(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten().map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{key}:{value}")
    });
    format!("map[{}]", fields.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_with_keys_merge_and_directives_delete() {
        let schema = Schema::built_in("core/v1.Container");
        let mut value =
            json!({"env": [{"name": "a", "value": "1"}, {"name": "b"}], "args": ["x"], "gone": 1});
        let patch = json!({"env": [{"name": "a", "value": "2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}],
            "args": ["y"], "gone": null});
        merge(&mut value, &patch, Some(&schema)).unwrap();
        assert_eq!(
            value,
            json!({"env": [{"name": "a", "value": "2"}, {"name": "c"}], "args": ["y"]})
        );
    }
}
