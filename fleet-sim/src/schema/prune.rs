//! Drops what a schema does not know, and fills in what it defaults.

use serde_json::{Map, Value};

use super::{Additional, Schema, field, map};

impl Schema {
    /// Removes fields that the schema does not name, and returns their paths in order.
    pub(crate) fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut dropped = Vec::new();
        // Nearly always there is nothing to drop, and then no path has to be spelled out.
        if self.knows(value) {
            return dropped;
        }
        self.prune_at(value, "", &mut dropped);
        dropped.sort();
        dropped
    }

    /// Whether every field is one that the schema names.
    fn knows(&self, value: &Value) -> bool {
        if self.built_in {
            return true;
        }
        match value {
            Value::Object(fields) => fields.iter().all(|(key, child)| {
                if let Some(schema) = self.properties.get(key) {
                    return schema.knows(child);
                }
                match &self.additional {
                    _ if self.embedded_resource && is_identity(key) => true,
                    Additional::Schema(schema) => schema.knows(child),
                    Additional::Anything => true,
                    Additional::Unsaid => self.preserve_unknown,
                }
            }),
            Value::Array(list) => match &self.items {
                Some(items) => list.iter().all(|item| items.knows(item)),
                None => true,
            },
            _ => true,
        }
    }

    fn prune_at(&self, value: &mut Value, path: &str, dropped: &mut Vec<String>) {
        if self.built_in {
            return;
        }
        match value {
            Value::Object(map) => {
                map.retain(|key, child| {
                    let path = field(path, key);
                    if let Some(schema) = self.properties.get(key) {
                        schema.prune_at(child, &path, dropped);
                        return true;
                    }
                    if self.embedded_resource && is_identity(key) {
                        return true;
                    }
                    match &self.additional {
                        Additional::Schema(schema) => schema.prune_at(child, &path, dropped),
                        Additional::Anything => {}
                        Additional::Unsaid if self.preserve_unknown => {}
                        Additional::Unsaid => {
                            dropped.push(path);
                            return false;
                        }
                    }
                    true
                });
            }
            Value::Array(list) => {
                if let Some(items) = &self.items {
                    for (index, item) in list.iter_mut().enumerate() {
                        items.prune_at(item, &format!("{path}[{index}]"), dropped);
                    }
                }
            }
            _ => {}
        }
    }

    /// Sets absent fields to their defaults. A null where none is allowed counts as absent.
    pub(crate) fn apply_defaults(&self, value: &mut Value) {
        if self.built_in {
            return;
        }
        match value {
            Value::Object(_) => self.default_fields(map(value)),
            Value::Array(list) => {
                if let Some(items) = &self.items {
                    for item in list {
                        items.apply_defaults(item);
                    }
                }
            }
            _ => {}
        }
    }

    fn allows_null(&self, key: &str) -> bool {
        match (self.properties.get(key), &self.additional) {
            (Some(schema), _) | (None, Additional::Schema(schema)) => schema.nullable,
            _ => true,
        }
    }

    fn default_fields(&self, fields: Option<&mut Map<String, Value>>) {
        let Some(fields) = fields else { return };
        for (key, schema) in &self.properties {
            let Some(default) = &schema.default else { continue };
            let replaceable = fields
                .get(key)
                .is_none_or(|found| found.is_null() && !schema.nullable);
            if replaceable {
                fields.insert(key.clone(), default.clone());
            }
        }
        if fields.values().any(Value::is_null) {
            fields.retain(|key, child| !child.is_null() || self.allows_null(key));
        }
        for (key, child) in fields.iter_mut() {
            match self.properties.get(key) {
                Some(schema) => schema.apply_defaults(child),
                None => {
                    if let Additional::Schema(schema) = &self.additional {
                        schema.apply_defaults(child);
                    }
                }
            }
        }
    }
}

/// What every embedded object has.
fn is_identity(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let definition = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "replicas": {"type": "integer", "default": 1},
            "strategy": {"type": "object", "default": {}, "properties": {"type": {"type": "string", "default": "Rolling"}}},
            "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"},
                "size": {"type": "string", "default": "small"}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"strict": {"type": "object", "properties": {"a": {"type": "string"}}}}},
        }}}});
        let mut errors = Vec::new();
        let schema = Schema::compile(&definition, "", &mut errors);
        assert_eq!(errors, []);
        schema
    }

    #[test]
    fn unknown_fields_go_unless_they_are_preserved() {
        let mut value = json!({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "a"},
            "spec": {"x": 1, "items": [{"name": "a", "y": 2}], "free": {"z": 3, "strict": {"a": "b", "c": "d"}}}});
        let dropped = schema().prune(&mut value);
        assert_eq!(dropped, ["spec.free.strict.c", "spec.items[0].y", "spec.x"]);
        assert_eq!(
            value["spec"],
            json!({"items": [{"name": "a"}], "free": {"z": 3, "strict": {"a": "b"}}})
        );
    }

    #[test]
    fn defaults_reach_into_lists_and_into_defaults() {
        let mut value = json!({"spec": {"replicas": null, "items": [{"name": "a"}]}});
        schema().apply_defaults(&mut value);
        assert_eq!(
            value["spec"],
            json!({"replicas": 1, "strategy": {"type": "Rolling"}, "items": [{"name": "a", "size": "small"}]})
        );
    }
}
