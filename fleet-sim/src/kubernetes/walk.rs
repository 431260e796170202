//! Walks an object by its Go types: every struct in it, outermost first, with its place.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::types::{Omit, Shape, Type, structure};

/// Calls `visit` with the name and the fields of every struct below `value`, the struct itself first.
pub(super) fn visit_mut(
    name: &str,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &mut Map<String, Value>),
) {
    let (Some(structure), Value::Object(fields)) = (structure(name), value) else {
        return;
    };
    visit(name, fields);
    for (key, child) in fields {
        if let Some(field) = structure.fields.get(key) {
            visit_type_mut(&field.ty, child, visit);
        }
    }
}

fn visit_type_mut(ty: &Type, value: &mut Value, visit: &mut impl FnMut(&str, &mut Map<String, Value>)) {
    match (&ty.shape, value) {
        (Shape::Struct(name), value @ Value::Object(_)) => visit_mut(name, value, visit),
        (Shape::List(item), Value::Array(items)) if holds_structs(item) => {
            for child in items {
                visit_type_mut(item, child, visit);
            }
        }
        (Shape::Map(item), Value::Object(entries)) if holds_structs(item) => {
            for child in entries.values_mut() {
                visit_type_mut(item, child, visit);
            }
        }
        _ => {}
    }
}

/// Forgets empty lists that are written even when they are empty: what is stored as protocol buffers does not tell an
/// empty list from none.
pub(crate) fn forget_empty_lists(name: &str, value: &mut Value) {
    visit_mut(name, value, &mut |name, fields| {
        let Some(structure) = structure(name) else { return };
        for (key, value) in fields {
            let never = structure
                .fields
                .get(key)
                .is_some_and(|field| field.omit == Omit::Never);
            if never && value.as_array().is_some_and(Vec::is_empty) {
                *value = Value::Null;
            }
        }
    });
}

/// Calls `visit` with the name, the fields and the path of every struct below `value`, the struct itself first.
pub(super) fn visit(
    name: &str,
    value: &Value,
    path: &mut String,
    visitor: &mut impl FnMut(&str, &Map<String, Value>, &str),
) {
    let (Some(structure), Value::Object(fields)) = (structure(name), value) else {
        return;
    };
    visitor(name, fields, path);
    let end = path.len();
    for (key, child) in fields {
        if let Some(field) = structure.fields.get(key) {
            if end > 0 {
                path.push('.');
            }
            path.push_str(key);
            visit_type(&field.ty, child, path, visitor);
            path.truncate(end);
        }
    }
}

fn visit_type(
    ty: &Type,
    value: &Value,
    path: &mut String,
    visitor: &mut impl FnMut(&str, &Map<String, Value>, &str),
) {
    let end = path.len();
    match (&ty.shape, value) {
        (Shape::Struct(name), Value::Object(_)) => visit(name, value, path, visitor),
        (Shape::List(item), Value::Array(items)) if holds_structs(item) => {
            for (index, child) in items.iter().enumerate() {
                // Writing to a String does not fail.
                let _ = write!(path, "[{index}]");
                visit_type(item, child, path, visitor);
                path.truncate(end);
            }
        }
        (Shape::Map(item), Value::Object(entries)) if holds_structs(item) => {
            for (key, child) in entries {
                let _ = write!(path, "[{key}]");
                visit_type(item, child, path, visitor);
                path.truncate(end);
            }
        }
        _ => {}
    }
}

fn holds_structs(ty: &Type) -> bool {
    match &ty.shape {
        Shape::Struct(_) => true,
        Shape::List(item) | Shape::Map(item) => holds_structs(item),
        _ => false,
    }
}
