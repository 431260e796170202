//! Kubernetes' built-in types: how they are decoded, completed and checked.

mod decode;
mod defaults;
pub(crate) mod protobuf;
mod quantity;
pub(crate) mod strategy;
mod types;
mod validate;
mod walk;

pub(crate) use decode::{Decoded, decode, kind_of};
pub(crate) use defaults::apply_defaults;
pub(crate) use types::{Field, ListMerge, Shape, Type, go_document, go_json, structure};
pub(crate) use validate::{label_key_violations, label_value_violation, qualified_name_violations, validate};
pub(crate) use walk::forget_empty_lists;
