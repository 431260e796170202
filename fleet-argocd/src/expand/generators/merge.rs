//! One map of parameters laid over another, as mergo does it.

use serde_json::{Map, Value};

use super::super::params::{Kind, Layer};

/// Lays `over` over `base`: maps are united at every depth, all else is taken from `over`, also when it is empty.
///
/// The error is what Go's runtime says when a map of strings is to take what may be no string.
pub(super) fn overlay(base: &mut Layer, over: &Layer) -> Result<(), String> {
    let mut path = Vec::new();
    let kinds = std::mem::take(&mut base.kinds);
    let mut united = Layer {
        map: Map::new(),
        kinds,
    };
    let merged = merge(&mut base.map, &over.map, &mut path, &mut united, over);
    base.kinds = united.kinds;
    merged
}

fn merge(
    base: &mut Map<String, Value>,
    over: &Map<String, Value>,
    path: &mut Vec<String>,
    kinds: &mut Layer,
    over_layer: &Layer,
) -> Result<(), String> {
    for (key, value) in over {
        path.push(key.clone());
        if let (Some(Value::Object(base)), Value::Object(over)) = (base.get_mut(key), value) {
            if kinds.kind(path) == Some(Kind::Strings)
                && over_layer.kind(path) != Some(Kind::Strings)
                && !over.is_empty()
            {
                return Err(NOT_A_STRING.to_owned());
            }
            merge(base, over, path, kinds, over_layer)?;
        } else {
            kinds.kinds.retain(|(marked, _)| !marked.starts_with(path));
            let from_over = over_layer
                .kinds
                .iter()
                .filter(|(marked, _)| marked.starts_with(path));
            kinds.kinds.extend(from_over.cloned());
            base.insert(key.clone(), value.clone());
        }
        path.pop();
    }
    Ok(())
}

const NOT_A_STRING: &str =
    "panic: reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string";
