//! Schemas of the built-in types: how their fields are owned and merged, from the table of Go types.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{Additional, JsonType, ListType, Schema};
use crate::kubernetes::{Field, ListMerge, Shape, Type, structure};

/// Schemas made so far, shared by all that mention the type and by all hubs of the process.
static MADE: LazyLock<Mutex<HashMap<String, Arc<Schema>>>> = LazyLock::new(Mutex::default);

impl Schema {
    /// The schema of a built-in type: `core/v1.Pod`.
    pub(crate) fn built_in(name: &str) -> Arc<Self> {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        of_struct(name, &mut made, &mut Vec::new())
    }

    /// `ObjectMeta`, as every object has it.
    pub(crate) fn metadata() -> Arc<Self> {
        Self::built_in("meta/v1.ObjectMeta")
    }
}

fn of_struct(name: &str, made: &mut HashMap<String, Arc<Schema>>, above: &mut Vec<String>) -> Arc<Schema> {
    if let Some(schema) = made.get(name) {
        return Arc::clone(schema);
    }
    let mut schema = Schema {
        json_type: Some(JsonType::Object),
        built_in: true,
        ..Schema::default()
    };
    let recursive = above.iter().any(|outer| outer == name);
    let Some(structure) = structure(name).filter(|_| !recursive) else {
        // A type within itself is owned as a whole.
        schema.map_atomic = true;
        return Arc::new(schema);
    };
    above.push(name.to_owned());
    schema.map_atomic = structure.atomic;
    for (key, field) in &structure.fields {
        schema
            .properties
            .insert(key.clone(), of_field(field, made, above));
    }
    above.pop();
    let schema = Arc::new(schema);
    made.insert(name.to_owned(), Arc::clone(&schema));
    schema
}

fn of_field(field: &Field, made: &mut HashMap<String, Arc<Schema>>, above: &mut Vec<String>) -> Arc<Schema> {
    let schema = of_type(&field.ty, made, above);
    let list_type = match &field.list {
        None => ListType::Atomic,
        Some(ListMerge::Set) => ListType::Set,
        Some(ListMerge::Map(keys)) => ListType::Map(keys.clone()),
    };
    let plain = list_type == ListType::Atomic && !field.atomic && field.default.is_none() && !field.merges;
    if plain {
        return schema;
    }
    Arc::new(Schema {
        map_atomic: schema.map_atomic || field.atomic,
        list_type,
        default: field.default.clone(),
        merge_key: field.merge_key.clone(),
        merges: field.merges,
        ..(*schema).clone()
    })
}

fn of_type(ty: &Type, made: &mut HashMap<String, Arc<Schema>>, above: &mut Vec<String>) -> Arc<Schema> {
    let mut schema = Schema {
        built_in: true,
        ..Schema::default()
    };
    match &ty.shape {
        Shape::Struct(name) => return of_struct(name, made, above),
        Shape::List(item) => {
            schema.json_type = Some(JsonType::Array);
            schema.items = Some(of_type(item, made, above));
        }
        Shape::Map(item) => {
            schema.json_type = Some(JsonType::Object);
            schema.additional = Additional::Schema(of_type(item, made, above));
        }
        Shape::Raw => {
            schema.preserve_unknown = true;
            schema.map_atomic = true;
        }
        Shape::IntOrString => schema.int_or_string = true,
        _ => {}
    }
    Arc::new(schema)
}
