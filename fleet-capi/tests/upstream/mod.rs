//! Upstream's schemas beside ours, and objects its conversion webhooks take.

// Each test uses a part; the helpers of a test fail the test, as the test itself does.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::panic)]

pub mod valid;

use fleet_capi::crds;
use serde_json::Value;

pub use crd_conformance::{KindVersion as Pair, diff};

/// The folders that hold upstream's schemas of our kinds.
pub const FOLDERS: [&str; 5] = ["cluster-api", "docker", "aws", "azure", "vsphere"];

/// Every version of every kind, or `None` where upstream's files are not at hand.
pub fn pairs() -> Option<Vec<Pair>> {
    crd_conformance::pairs(&crds(), &FOLDERS)
}

/// Drops what Go's encoder may write for nothing: empty objects, lists and texts.
pub fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(object) => object.retain(|_, inner| {
            drop_empty(inner);
            match inner {
                Value::Object(inner) => !inner.is_empty(),
                Value::Array(inner) => !inner.is_empty(),
                Value::String(inner) => !inner.is_empty(),
                other => !other.is_null(),
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}
