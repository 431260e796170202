//! The managers of one object's fields: reads, changes and writes `metadata.managedFields`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::field_set::FieldSet;
use super::merge::{compare, field_set, merge, remove_abandoned};
use crate::object;
use crate::schema::Schema;
use crate::status::{ApiError, ApiResult, Cause};

/// How a manager wrote. Appliers come first where managers are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

/// Who writes now, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) manager: &'a str,
    pub(crate) api_version: &'a str,
    pub(crate) subresource: &'a str,
    /// RFC 3339.
    pub(crate) now: &'a str,
}

/// What tells managers apart. An applier is the same whatever version it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ManagerId {
    manager: String,
    operation: Operation,
    api_version: Option<String>,
    subresource: String,
}

#[derive(Debug, Clone)]
struct Entry {
    api_version: String,
    time: String,
    fields: FieldSet,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Managers(BTreeMap<ManagerId, Entry>);

impl Managers {
    pub(crate) fn of(object: &Value) -> Self {
        Self::read(object::meta(object, "managedFields"))
    }

    /// Reads `metadata.managedFields`.
    pub(crate) fn read(entries: Option<&Value>) -> Self {
        let entries = entries.and_then(Value::as_array);
        let mut managers = Self::default();
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| object::text(entry, &[key]).to_owned();
            let operation = if text("operation") == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            };
            let api_version = text("apiVersion");
            let id = ManagerId {
                manager: text("manager"),
                operation,
                api_version: (operation == Operation::Update).then(|| api_version.clone()),
                subresource: text("subresource"),
            };
            let fields = entry.get("fieldsV1").map(FieldSet::decode).unwrap_or_default();
            if !fields.is_empty() {
                managers.0.insert(
                    id,
                    Entry {
                        api_version,
                        time: text("time"),
                        fields,
                    },
                );
            }
        }
        managers
    }

    /// Whether the same managers own the same fields, whenever they wrote them.
    pub(crate) fn same_fields(&self, other: &Self) -> bool {
        let same = |((a, x), (b, y)): ((&ManagerId, &Entry), (&ManagerId, &Entry))| {
            a == b && x.api_version == y.api_version && x.fields == y.fields
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes itself into the object's metadata.
    pub(crate) fn store(&self, object: &mut Value) {
        let mut entries: Vec<(&ManagerId, &Entry)> = self.0.iter().collect();
        entries.sort_by(|(a, x), (b, y)| {
            (a.operation, &x.time, &a.manager, &x.api_version, &a.subresource).cmp(&(
                b.operation,
                &y.time,
                &b.manager,
                &y.api_version,
                &b.subresource,
            ))
        });
        let listed: Vec<Value> = entries.into_iter().map(|(id, entry)| id.encode(entry)).collect();
        let metadata = object::meta_mut(object);
        if listed.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".into(), Value::Array(listed));
        }
    }

    /// Records an ordinary write: who writes takes what it changes, but for the fields that this endpoint resets.
    pub(crate) fn update(
        &mut self,
        old: &Value,
        new: &Value,
        schema: &Schema,
        writer: Writer<'_>,
        reset: &[&str],
    ) {
        let changes = compare(old, new, Some(schema));
        let mut taken = changes.added;
        taken.extend(&changes.modified);
        taken.strip_identity();
        taken.remove_fields(reset);
        self.take_away(None, &taken, &changes.removed);
        if taken.is_empty() {
            return;
        }
        let id = writer.id(Operation::Update);
        let entry = self.0.entry(id).or_insert_with(|| Entry {
            api_version: writer.api_version.to_owned(),
            time: String::new(),
            fields: FieldSet::default(),
        });
        writer.now.clone_into(&mut entry.time);
        entry.fields.extend(&taken);
    }

    /// Lays an applied configuration over the live object: refused if it changes what others own, unless forced.
    pub(crate) fn apply(
        &mut self,
        live: &Value,
        config: &Value,
        schema: &Schema,
        writer: Writer<'_>,
        reset: &[&str],
        force: bool,
    ) -> ApiResult<Value> {
        let id = writer.id(Operation::Apply);
        let mut merged = merge(live, config, Some(schema));
        let mut fields = field_set(config, Some(schema));
        fields.strip_identity();
        fields.remove_fields(reset);
        let last = self.0.remove(&id);
        if let Some(last) = &last {
            let mut kept = fields.clone();
            self.0.values().for_each(|entry| kept.extend(&entry.fields));
            remove_abandoned(&mut merged, Some(schema), &last.fields, &kept);
        }
        let changes = compare(live, &merged, Some(schema));
        let mut taken = changes.added;
        taken.extend(&changes.modified);
        taken.strip_identity();
        if !force {
            self.refuse_conflicts(&taken)?;
        }
        self.take_away(Some(&id), &taken, &changes.removed);
        if !fields.is_empty() {
            // The time moves with what is written, whatever the server then makes of it.
            let time = match last {
                _ if merged != *live => writer.now.to_owned(),
                Some(last) => last.time,
                None => String::new(),
            };
            self.0.insert(
                id,
                Entry {
                    api_version: writer.api_version.to_owned(),
                    time,
                    fields,
                },
            );
        }
        Ok(merged)
    }

    /// An applier's time moves when its write changed the object.
    pub(crate) fn touch(&mut self, writer: Writer<'_>) {
        if let Some(entry) = self.0.get_mut(&writer.id(Operation::Apply)) {
            writer.now.clone_into(&mut entry.time);
        }
    }

    /// Takes from all managers but one what someone else has just set, and what is no longer there.
    fn take_away(&mut self, but: Option<&ManagerId>, taken: &FieldSet, removed: &FieldSet) {
        for (id, entry) in &mut self.0 {
            if Some(id) == but {
                continue;
            }
            entry.fields = entry.fields.without(taken).without(removed);
        }
        self.0.retain(|_, entry| !entry.fields.is_empty());
    }

    fn refuse_conflicts(&self, taken: &FieldSet) -> ApiResult<()> {
        let mut causes = Vec::new();
        let mut by_manager: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, entry) in &self.0 {
            for path in entry.fields.common(taken).paths() {
                let manager = id.shown();
                causes.push(Cause {
                    reason: "FieldManagerConflict",
                    message: format!("conflict with {manager}"),
                    field: path.clone(),
                });
                by_manager.entry(manager).or_default().push(path);
            }
        }
        let message = match causes.as_slice() {
            [] => return Ok(()),
            [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
            many => {
                let lists = by_manager.iter().map(|(manager, paths)| {
                    let paths: Vec<String> = paths.iter().map(|path| format!("- {path}")).collect();
                    format!("conflicts with {manager}:\n{}", paths.join("\n"))
                });
                let lists: Vec<String> = lists.collect();
                format!("Apply failed with {} conflicts: {}", many.len(), lists.join("\n"))
            }
        };
        Err(ApiError::apply_conflict(message, causes))
    }
}

impl Writer<'_> {
    fn id(&self, operation: Operation) -> ManagerId {
        ManagerId {
            manager: self.manager.to_owned(),
            operation,
            api_version: (operation == Operation::Update).then(|| self.api_version.to_owned()),
            subresource: self.subresource.to_owned(),
        }
    }
}

impl ManagerId {
    fn encode(&self, entry: &Entry) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut out = json!({
            "apiVersion": entry.api_version, "fieldsType": "FieldsV1", "fieldsV1": entry.fields.encode(),
            "manager": self.manager, "operation": operation,
        });
        if !entry.time.is_empty() {
            out["time"] = json!(entry.time);
        }
        if !self.subresource.is_empty() {
            out["subresource"] = json!(self.subresource);
        }
        out
    }

    fn shown(&self) -> String {
        let mut out = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            out = format!("{out} with subresource {:?}", self.subresource);
        }
        if let Some(api_version) = &self.api_version {
            out = format!("{out} using {api_version}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(manager: &'static str) -> Writer<'static> {
        Writer {
            manager,
            api_version: "g/v1",
            subresource: "",
            now: "2026-01-01T00:00:00Z",
        }
    }

    #[test]
    fn changing_what_another_applied_is_a_conflict_and_force_takes_it_over() {
        let schema = Schema::anything();
        let mut managers = Managers::default();
        let empty = json!({});
        let (one, two) = (json!({"spec": {"a": 1, "b": 1}}), json!({"spec": {"a": 2}}));
        let live = managers
            .apply(&empty, &one, &schema, writer("one"), &[], false)
            .unwrap();
        let refused = managers
            .clone()
            .apply(&live, &two, &schema, writer("two"), &[], false)
            .unwrap_err();
        assert_eq!(
            refused.message,
            "Apply failed with 1 conflict: conflict with \"one\": .spec.a"
        );
        let live = managers
            .apply(&live, &two, &schema, writer("two"), &[], true)
            .unwrap();
        assert_eq!(live, json!({"spec": {"a": 2, "b": 1}}));
        // One no longer owns `a`: leaving it out does not remove it.
        let live = managers
            .apply(
                &live,
                &json!({"spec": {"b": 1}}),
                &schema,
                writer("one"),
                &[],
                false,
            )
            .unwrap();
        assert_eq!(live, json!({"spec": {"a": 2, "b": 1}}));
        let live = managers
            .apply(&live, &json!({}), &schema, writer("two"), &[], false)
            .unwrap();
        assert_eq!(live, json!({"spec": {"b": 1}}));
    }

    #[test]
    fn setting_the_same_value_is_shared_ownership() {
        let schema = Schema::anything();
        let mut managers = Managers::default();
        let config = json!({"spec": {"a": 1}});
        let live = managers
            .apply(&json!({}), &config, &schema, writer("one"), &[], false)
            .unwrap();
        let live = managers
            .apply(&live, &config, &schema, writer("two"), &[], false)
            .unwrap();
        let live = managers
            .apply(&live, &json!({}), &schema, writer("one"), &[], false)
            .unwrap();
        assert_eq!(live, config);
    }

    #[test]
    fn an_update_takes_what_it_changes() {
        let schema = Schema::anything();
        let mut managers = Managers::default();
        let live = managers
            .apply(
                &json!({}),
                &json!({"spec": {"a": 1}}),
                &schema,
                writer("one"),
                &[],
                false,
            )
            .unwrap();
        let new = json!({"spec": {"a": 2}});
        managers.update(&live, &new, &schema, writer("edit"), &[]);
        let refused = managers
            .apply(
                &new,
                &json!({"spec": {"a": 3}}),
                &schema,
                writer("one"),
                &[],
                false,
            )
            .unwrap_err();
        assert_eq!(
            refused.message,
            "Apply failed with 1 conflict: conflict with \"edit\" using g/v1: .spec.a"
        );
    }
}
