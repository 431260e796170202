//! What a step wants done, as data, and how little of it is sent.

use serde_json::{Map, Value};

use super::object::ObjectKey;

/// One change a step asks for.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Write {
    /// Create this object.
    Create {
        /// What it will be.
        key: ObjectKey,
        /// The whole object.
        body: Value,
    },
    /// Merge-patch the object (its metadata or spec).
    Patch {
        /// Which object.
        key: ObjectKey,
        /// The `apiVersion` to address it by.
        api_version: String,
        /// The JSON merge patch.
        body: Value,
    },
    /// Merge-patch the object's status subresource.
    PatchStatus {
        /// Which object.
        key: ObjectKey,
        /// The `apiVersion` to address it by.
        api_version: String,
        /// The JSON merge patch, with `status` at the top.
        body: Value,
    },
    /// Ask for the object's deletion.
    Delete {
        /// Which object.
        key: ObjectKey,
        /// The `apiVersion` to address it by.
        api_version: String,
        /// Only this very object, not a namesake that came after it.
        uid: String,
    },
}

impl Write {
    /// The object it is about.
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Create { key, .. }
            | Self::Patch { key, .. }
            | Self::PatchStatus { key, .. }
            | Self::Delete { key, .. } => key,
        }
    }
}

impl std::fmt::Debug for Write {
    /// The verb and the object; the body only where it cannot hold a credential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create { key, .. } => write!(f, "create {key}"),
            Self::Patch { key, body, .. } => write!(f, "patch {key} {body}"),
            Self::PatchStatus { key, body, .. } => write!(f, "patch status of {key} {body}"),
            Self::Delete { key, .. } => write!(f, "delete {key}"),
        }
    }
}

/// The merge patch that brings `current` to `wanted` in every field that `wanted` names, or nothing if it is
/// there already. A null in `wanted` removes; fields it does not name are left alone.
pub(crate) fn merge_diff(current: &Value, wanted: &Value) -> Option<Value> {
    let Value::Object(wanted) = wanted else {
        return (current != wanted).then(|| wanted.clone());
    };
    let empty = Map::new();
    let current = current.as_object().unwrap_or(&empty);
    let mut patch = Map::new();
    for (field, value) in wanted {
        let now = current.get(field).unwrap_or(&Value::Null);
        if let Some(change) = merge_diff(now, value) {
            patch.insert(field.clone(), change);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_sent() {
        let current = json!({"a": 1, "b": {"c": [1], "d": 2}, "other": true});
        assert_eq!(merge_diff(&current, &json!({"a": 1, "b": {"c": [1]}})), None);
        assert_eq!(
            merge_diff(
                &current,
                &json!({"a": 2, "b": {"c": [1], "d": null}, "e": {"f": 1}, "g": null})
            ),
            Some(json!({"a": 2, "b": {"d": null}, "e": {"f": 1}})),
        );
    }
}
