//! A null that was written is a value, and not an absence.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads a field of any JSON type: serde would take a `null` for no value, and the field would be lost.
pub(crate) fn any_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
