//! Which resources exist: the built-in ones, and those that definitions add.

mod builtin;
mod definition;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub(crate) use builtin::is_built_in_group;
pub(crate) use definition::{established, read_definition};

use crate::schema::Schema;
use crate::status::FieldError;
use crate::store::ResourceKey;
use crate::table::Column;

/// What names a resource's objects may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// A DNS-1123 subdomain: most resources.
    Subdomain,
    /// A DNS-1123 label.
    Label,
    /// Any path segment: RBAC.
    PathSegment,
    /// Not checked: events.
    Any,
}

/// How one kind differs from the common rules.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // Independent of each other: a kind may have any of them.
pub(crate) struct Traits {
    pub(crate) name: NameRule,
    /// Replacing needs no resourceVersion.
    pub(crate) unconditional_update: bool,
    /// Replacing what is not there creates it.
    pub(crate) create_on_update: bool,
    /// `metadata.generation` is kept.
    pub(crate) generation: bool,
    /// A create may bring a status although there is a status subresource.
    pub(crate) status_on_create: bool,
    /// A delete answers with the object instead of a Status.
    pub(crate) returns_deleted: bool,
    /// Status writes may change labels and annotations too.
    pub(crate) status_keeps_metadata: bool,
    /// Whether all of a list can be deleted at once.
    pub(crate) deletes_collections: bool,
}

/// One version under which a resource is served.
#[derive(Debug, Clone)]
pub(crate) struct ServedVersion {
    pub(crate) name: Arc<str>,
    pub(crate) served: bool,
    pub(crate) schema: Arc<Schema>,
    pub(crate) status: bool,
    pub(crate) scale: Option<ScalePaths>,
    pub(crate) selectable_fields: Vec<String>,
    /// Told to whoever uses a version that is on its way out.
    pub(crate) deprecation: Option<Arc<str>>,
    /// What a table of these objects shows.
    pub(crate) columns: Arc<[Column]>,
}

/// Where the scale subresource finds its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScalePaths {
    pub(crate) spec_replicas: Vec<String>,
    pub(crate) status_replicas: Vec<String>,
    pub(crate) selector: Vec<String>,
}

impl ScalePaths {
    /// A replica count that cannot be one.
    pub(crate) fn violation(&self, object: &Value) -> Option<FieldError> {
        let path = format!(".{}", self.spec_replicas.join("."));
        let value = self
            .spec_replicas
            .iter()
            .try_fold(object, |value, part| value.get(part))?;
        let go_type = match value {
            Value::Number(number) if number.is_f64() => "float64",
            Value::Number(_) => {
                let negative = value.as_i64().is_some_and(|number| number < 0);
                return negative
                    .then(|| FieldError::invalid(path, value, "should be a non-negative integer"));
            }
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => return None,
        };
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let detail = format!("{path} accessor error: {shown} is of the type {go_type}, expected int64");
        Some(FieldError::invalid(path, &json!(0), detail))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ResourceType {
    pub(crate) key: ResourceKey,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    /// Most preferred first, as discovery lists them.
    pub(crate) versions: Vec<ServedVersion>,
    pub(crate) storage_version: Arc<str>,
    pub(crate) traits: Traits,
    /// The Go type in the table of types; none where a definition added the resource.
    pub(crate) go_type: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Registry {
    types: BTreeMap<ResourceKey, Arc<ResourceType>>,
}

impl ResourceType {
    pub(crate) fn version(&self, name: &str) -> Option<&ServedVersion> {
        self.versions.iter().find(|version| &*version.name == name)
    }

    /// Added by a definition.
    pub(crate) fn custom(&self) -> bool {
        self.go_type.is_none()
    }

    pub(crate) fn group(&self) -> &str {
        &self.key.group
    }

    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.key.group.is_empty() {
            version.to_owned()
        } else {
            format!("{}/{version}", self.key.group)
        }
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        &*self.key.group == group && &*self.key.plural == plural
    }

    /// The entries of an `APIResourceList` for one version.
    pub(crate) fn discovery(&self, version: &ServedVersion) -> Vec<Value> {
        let plural = &*self.key.plural;
        let mut verbs = vec![
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "create",
            "update",
            "watch",
        ];
        if !self.traits.deletes_collections {
            verbs.retain(|verb| *verb != "deletecollection");
        }
        let mut entry = json!({
            "name": plural, "singularName": self.singular, "namespaced": self.namespaced, "kind": self.kind, "verbs": verbs,
        });
        if !self.short_names.is_empty() {
            entry["shortNames"] = json!(self.short_names);
        }
        if !self.categories.is_empty() {
            entry["categories"] = json!(self.categories);
        }
        let mut entries = vec![entry];
        let verbs = ["get", "patch", "update"];
        if version.status {
            entries.push(json!({"name": format!("{plural}/status"), "singularName": "",
                "namespaced": self.namespaced, "kind": self.kind, "verbs": verbs}));
        }
        if version.scale.is_some() {
            entries.push(json!({"name": format!("{plural}/scale"), "singularName": "",
                "namespaced": self.namespaced, "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": verbs}));
        }
        entries
    }
}

impl Registry {
    pub(crate) fn with_built_ins() -> Self {
        let types = builtin::all()
            .map(|resource| (resource.key.clone(), Arc::new(resource)))
            .collect();
        Self { types }
    }

    pub(crate) fn get(&self, key: &ResourceKey) -> Option<&Arc<ResourceType>> {
        self.types.get(key)
    }

    /// The resource of a path, if it is served in this version.
    pub(crate) fn served(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<ResourceType>> {
        let resource = self.types.get(&ResourceKey::new(group, plural))?;
        resource
            .version(version)
            .is_some_and(|version| version.served)
            .then_some(resource)
    }

    /// The resource whose objects have this apiVersion and kind.
    pub(crate) fn by_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<ResourceType>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.types.values().find(|resource| {
            resource.group() == group && resource.kind == kind && resource.version(version).is_some()
        })
    }

    pub(crate) fn install(&mut self, resource: ResourceType) {
        self.types.insert(resource.key.clone(), Arc::new(resource));
    }

    pub(crate) fn uninstall(&mut self, key: &ResourceKey) {
        self.types.remove(key);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<ResourceType>> {
        self.types.values()
    }
}

/// Kubernetes' order of versions: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then anything else by name.
pub(crate) fn version_order(a: &str, b: &str) -> std::cmp::Ordering {
    let rank = |version: &str| -> Option<(u8, u64, u64)> {
        let rest = version.strip_prefix('v')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major = rest[..digits].parse().ok()?;
        match &rest[digits..] {
            "" => Some((2, major, 0)),
            stage if stage.starts_with("beta") => Some((1, major, stage[4..].parse().ok()?)),
            stage if stage.starts_with("alpha") => Some((0, major, stage[5..].parse().ok()?)),
            _ => None,
        }
    };
    rank(b).cmp(&rank(a)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_maturity_then_number() {
        let mut versions = ["v1alpha1", "foo", "v1beta1", "v1", "v10", "v1beta2", "v2"];
        versions.sort_by(|a, b| version_order(a, b));
        assert_eq!(
            versions,
            ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "foo"]
        );
    }
}
