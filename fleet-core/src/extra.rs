//! The fields of a Kubernetes object that a typed model does not know.

use std::collections::{BTreeMap, btree_map};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fields an upstream newer than this library has added, kept as they were read.
///
/// Every struct of a typed resource ends in one, flattened: what was read and not understood is written back
/// unchanged, so that reading an object, changing one field and writing it again loses nothing.
///
/// ```
/// use fleet_core::Extra;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Topology {
///     version: String,
///     #[serde(flatten)]
///     extra: Extra,
/// }
///
/// let read: Topology = serde_json::from_str(r#"{"version":"v1.31.0","colour":"blue"}"#)?;
/// assert_eq!(read.extra.get("colour"), Some(&"blue".into()));
/// assert_eq!(serde_json::to_string(&read)?, r#"{"version":"v1.31.0","colour":"blue"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Schema
///
/// With the feature `schemars`, a struct with a flattened `Extra` derives a schema with
/// `x-kubernetes-preserve-unknown-fields: true`, so that an API server keeps those fields as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(BTreeMap<String, Value>);

impl Extra {
    /// No fields.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a field, and returns the value it had.
    pub fn insert(&mut self, field: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(field.into(), value.into())
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field)
    }

    /// The value of a field, if it is there.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// Whether every field of the object is known to the model.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields are unknown.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The fields in the order of their names.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Value> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a String, &'a Value);
    type IntoIter = btree_map::Iter<'a, String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Extra {
    type Item = (String, Value);
    type IntoIter = btree_map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, Value)> for Extra {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl From<BTreeMap<String, Value>> for Extra {
    fn from(fields: BTreeMap<String, Value>) -> Self {
        Self(fields)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Extra {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Extra".into()
    }

    // A `$ref` could not be merged into the struct it is flattened into.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    struct Outer {
        #[serde(skip_serializing_if = "Option::is_none")]
        known: Option<Box<Outer>>,
        #[serde(flatten)]
        extra: Extra,
    }

    #[test]
    fn unknown_fields_of_every_type_survive_at_every_level() {
        let value = json!({
            "known": { "known": { "list": [1, null, {"a": 1.5}] }, "text": "x" },
            "null": null, "no": false, "empty": {}, "big": u64::MAX, "negative": i64::MIN,
        });
        let read: Outer = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read.extra.len(), 5);
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }

    #[test]
    fn nothing_unknown_writes_nothing() {
        assert_eq!(serde_json::to_string(&Outer::default()).unwrap(), "{}");
    }

    #[cfg(feature = "schemars")]
    #[test]
    fn the_schema_of_the_struct_preserves_unknown_fields() {
        #[derive(schemars::JsonSchema)]
        #[allow(dead_code)]
        struct Flat {
            known: String,
            #[schemars(flatten)]
            extra: Extra,
        }
        let schema = schemars::schema_for!(Flat).to_value();
        assert_eq!(schema["x-kubernetes-preserve-unknown-fields"], true);
        assert_eq!(schema["properties"], json!({"known": {"type": "string"}}));
        assert_eq!(schema["required"], json!(["known"]));
        assert!(schema.get("additionalProperties").is_none());
    }
}
