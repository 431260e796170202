//! Schemas: how a whole one is made, and those of fields whose shape is the user's own.

use kube::core::schema::{OptionalEnum, OptionalIntOrString, StructuralSchemaRewriter};
use schemars::generate::SchemaSettings;
use schemars::transform::AddNullable;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The structural schema of a type, as `kube`'s derive makes it: nothing referred to, everything in place.
pub(crate) fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::openapi3()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(AddNullable::default())
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .with_transform(OptionalIntOrString)
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Any value at all.
pub(crate) fn preserved_value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// Any object.
pub(crate) fn preserved_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// A list of anything.
pub(crate) fn preserved_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": preserved_value(generator) })
}

/// An object whose values are anything.
pub(crate) fn preserved_map(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": preserved_value(generator) })
}
