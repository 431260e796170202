//! Everything the hub's one lock guards.

use jiff::Timestamp;
use serde_json::json;

use crate::clock::to_rfc3339;
use crate::entropy::Entropy;
use crate::resources::Registry;
use crate::store::{ResourceKey, Store};

/// Namespaces that a fresh cluster has.
const FIRST_NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) types: Registry,
    pub(crate) entropy: Entropy,
    pub(crate) create_namespaces: bool,
}

impl State {
    pub(crate) fn new(seed: u64, history: usize, create_namespaces: bool, now: Timestamp) -> Self {
        let mut state = Self {
            store: Store::new(history),
            types: Registry::with_built_ins(),
            entropy: Entropy::seeded(seed),
            create_namespaces,
        };
        for name in FIRST_NAMESPACES {
            state.create_namespace(name, now);
        }
        state
    }

    pub(crate) fn create_namespace(&mut self, name: &str, now: Timestamp) {
        let mut namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {
                "name": name, "uid": self.entropy.uid(), "creationTimestamp": to_rfc3339(now),
                "labels": {"kubernetes.io/metadata.name": name},
            },
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        self.store
            .put(&ResourceKey::new("", "namespaces"), &"v1".into(), &mut namespace);
    }
}
