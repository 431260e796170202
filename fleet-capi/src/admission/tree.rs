//! An object as the webhooks see it: v1beta2, as a tree.

use fleet_core::yaml::FieldPath;
use serde_json::Value;

use super::mistake::{Found, Mistake, Ordered, Problem};
use crate::conversion::to_v1beta2;
use crate::{CLUSTER_NAME_LABEL, Object};

/// One object.
pub(super) struct Tree {
    pub group: String,
    pub kind: &'static str,
    pub name: String,
    pub namespace: String,
    pub value: Value,
}

impl Tree {
    /// The objects, as far as they can be converted.
    pub fn of_all<'a>(objects: impl IntoIterator<Item = &'a Object>, mistakes: &mut Found) -> Vec<Self> {
        let trees = objects.into_iter().filter_map(|object| match Self::of(object) {
            Ok(tree) => Some(tree),
            Err(reason) => {
                mistakes.insert(Ordered(Mistake {
                    kind: object.api_kind().kind.to_owned(),
                    name: object.name().to_owned(),
                    path: FieldPath::root(),
                    problem: Problem::Unconvertible { reason },
                }));
                None
            }
        });
        trees.collect()
    }

    fn of(object: &Object) -> Result<Self, String> {
        let kind = object.api_kind();
        let group = kind.api_version.split('/').next().unwrap_or_default().to_owned();
        // The providers convert for themselves, and what is checked of theirs is the same in both versions.
        let is_own = !group.starts_with("infrastructure.") && kind.api_version.ends_with("/v1beta1");
        let value = if is_own {
            to_v1beta2(object)
                .map_err(|error| error.to_string())?
                .to_value()
                .map_err(|error| error.to_string())?
        } else {
            object.to_value().map_err(|error| error.to_string())?
        };
        Ok(Self {
            group,
            kind: kind.kind,
            name: object.name().to_owned(),
            namespace: object.namespace().unwrap_or("default").to_owned(),
            value,
        })
    }

    /// The value at a path such as `spec.replicas`.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(&self.value, |value, field| value.get(field))
            .filter(|value| !value.is_null())
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn list(&self, path: &str) -> &[Value] {
        self.at(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The cluster it belongs to.
    pub fn cluster(&self) -> Option<&str> {
        if self.kind == "Cluster" {
            return Some(&self.name);
        }
        let label = || self.at("metadata.labels")?.get(CLUSTER_NAME_LABEL)?.as_str();
        self.text("spec.clusterName").or_else(label)
    }

    /// Whether it is of this kind of Cluster API itself, not of a provider's.
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    pub fn mistake(&self, path: FieldPath, problem: Problem, mistakes: &mut Found) {
        mistakes.insert(Ordered(Mistake {
            kind: self.kind.to_owned(),
            name: self.name.clone(),
            path,
            problem,
        }));
    }
}

/// A path from fields with dots between them.
pub(super) fn path(fields: &str) -> FieldPath {
    fields.split('.').fold(FieldPath::root(), FieldPath::field)
}
