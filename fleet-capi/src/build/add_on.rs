//! What a new cluster gets as soon as its API server answers.

use crate::v1beta2::{ResourceKind, ResourceReference, ResourceSetStrategy};

/// Manifests in `ConfigMap` and `Secret` objects of the cluster's namespace: a network plug-in, a cloud controller. They become a
/// `ClusterResourceSet` for this one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct AddOn {
    pub(super) name: String,
    pub(super) resources: Vec<ResourceReference>,
    pub(super) strategy: ResourceSetStrategy,
}

impl AddOn {
    /// An add-on of a name, applied once.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            resources: Vec::new(),
            strategy: ResourceSetStrategy::ApplyOnce,
        }
    }

    /// The manifests of a `ConfigMap`.
    pub fn config_map(self, name: impl Into<String>) -> Self {
        self.resource(ResourceKind::ConfigMap, name.into())
    }

    /// The manifests of a `Secret` of the type `addons.cluster.x-k8s.io/resource-set`.
    pub fn secret(self, name: impl Into<String>) -> Self {
        self.resource(ResourceKind::Secret, name.into())
    }

    /// Applied again whenever the manifests change.
    pub fn kept_current(mut self) -> Self {
        self.strategy = ResourceSetStrategy::Reconcile;
        self
    }

    fn resource(mut self, kind: ResourceKind, name: String) -> Self {
        self.resources.push(ResourceReference {
            kind,
            name,
            extra: fleet_core::Extra::new(),
        });
        self
    }
}
