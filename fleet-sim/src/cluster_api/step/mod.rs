//! The pure core: what the controllers of one cluster do next, given everything the hub shows of it.

mod cluster;
mod control_plane;
mod deployment;
mod machine;
mod machine_set;
mod rollout;
mod status;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::object::{GROUP, Object, ObjectKind, Shape};
use super::snapshot::{CLUSTER_NAME, ClusterSnapshot};
use super::write::{Write, merge_diff};
use super::{ClusterApi, ClusterFacts, ClusterRule};

/// What one step asks for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Step {
    /// The changes to make, in this order.
    pub writes: Vec<Write>,
    /// When to look again even if nothing changes until then; `None` when only a change can matter.
    pub wake_at: Option<Timestamp>,
}

pub(super) fn step(api: &ClusterApi, snapshot: &ClusterSnapshot, now: Timestamp) -> Step {
    let template = snapshot
        .control_plane
        .as_deref()
        .map(control_plane::template)
        .unwrap_or_default();
    let facts = ClusterFacts {
        name: snapshot.cluster.name(),
        namespace: snapshot.cluster.namespace(),
        version: snapshot
            .control_plane
            .as_deref()
            .map_or("", |control_plane| control_plane.str("/spec/version")),
    };
    let mut scene = Scene {
        stalls: ClusterRule::any(&api.stalls, &facts),
        unreachable: ClusterRule::any(&api.unreachable, &facts),
        api,
        snapshot,
        now,
        template,
        writes: Vec::new(),
        wake_at: None,
    };
    cluster::reconcile(&mut scene);
    control_plane::reconcile(&mut scene);
    for deployment in &snapshot.deployments {
        deployment::reconcile(&mut scene, deployment);
    }
    for set in &snapshot.sets {
        machine_set::reconcile(&mut scene, set);
    }
    for machine in snapshot.machines.values() {
        machine::reconcile(&mut scene, machine);
    }
    Step {
        writes: scene.writes,
        wake_at: scene.wake_at,
    }
}

/// What the controllers see while they decide, and what they have decided so far.
struct Scene<'a> {
    api: &'a ClusterApi,
    snapshot: &'a ClusterSnapshot,
    now: Timestamp,
    /// What the control plane's machines are made from: see [`control_plane::template`].
    template: String,
    /// The control plane stops at one replica: a fault.
    stalls: bool,
    /// Nothing in the cluster can be seen: a fault.
    unreachable: bool,
    writes: Vec<Write>,
    wake_at: Option<Timestamp>,
}

impl Scene<'_> {
    /// Looks again at this moment, or earlier if something else asks for it.
    fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Whether `delay` has passed since `since`; if not, looks again when it has.
    fn elapsed(&mut self, since: Timestamp, delay: Duration) -> bool {
        let due = add(since, delay);
        if due <= self.now {
            return true;
        }
        self.wake(due);
        false
    }

    fn create(&mut self, kind: ObjectKind, body: Value) {
        if let Some(object) = Object::new(kind, body) {
            let key = object.key().clone();
            self.writes.push(Write::Create {
                key,
                body: object.value().clone(),
            });
        }
    }

    /// Merge-patches metadata and spec with what differs; returns whether anything did.
    fn patch(&mut self, object: &Object, wanted: &Value) -> bool {
        let Some(body) = merge_diff(object.value(), wanted) else {
            return false;
        };
        self.writes.push(Write::Patch {
            key: object.key().clone(),
            api_version: address(object),
            body,
        });
        true
    }

    /// Merge-patches the status with what differs from `wanted`.
    fn patch_status(&mut self, object: &Object, wanted: &Value) {
        if let Some(status) = merge_diff(object.at("/status"), wanted) {
            let body = json!({ "status": status });
            self.writes.push(Write::PatchStatus {
                key: object.key().clone(),
                api_version: address(object),
                body,
            });
        }
    }

    fn delete(&mut self, object: &Object) {
        if object.deleting().is_none() {
            self.writes.push(Write::Delete {
                key: object.key().clone(),
                api_version: address(object),
                uid: object.uid().to_owned(),
            });
        }
    }

    /// Makes sure of finalizer, cluster label and owner; returns whether it had to.
    fn adopt(&mut self, object: &Object, finalizer: Option<&str>, owner: Option<&Object>) -> bool {
        let mut metadata = json!({});
        if let Some(finalizer) = finalizer
            && !object.has_finalizer(finalizer)
        {
            let all: Vec<_> = object.finalizers().chain([finalizer]).collect();
            metadata["finalizers"] = json!(all);
        }
        if let Some(owner) = owner {
            metadata["labels"] = json!({ CLUSTER_NAME: self.snapshot.cluster.name() });
            if !object.is_owned_by(owner) {
                let mut owners = object
                    .at("/metadata/ownerReferences")
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                owners.push(owner_reference(owner, false));
                metadata["ownerReferences"] = Value::Array(owners);
            }
        }
        self.patch_list(object, &json!({ "metadata": metadata }))
    }

    /// Lets go of a deleted object.
    fn release(&mut self, object: &Object, finalizer: &str) {
        if object.has_finalizer(finalizer) {
            let rest: Vec<_> = object.finalizers().filter(|f| *f != finalizer).collect();
            self.patch_list(object, &json!({ "metadata": { "finalizers": rest } }));
        }
    }

    /// A patch that replaces a list others may add to: only on the revision it was computed from.
    fn patch_list(&mut self, object: &Object, wanted: &Value) -> bool {
        let Some(mut body) = merge_diff(object.value(), wanted) else {
            return false;
        };
        body["metadata"]["resourceVersion"] = object.at("/metadata/resourceVersion").clone();
        self.writes.push(Write::Patch {
            key: object.key().clone(),
            api_version: address(object),
            body,
        });
        true
    }
}

/// The `apiVersion` under which an object's own fields are what its schema says.
fn address(object: &Object) -> String {
    match &object.key().kind {
        ObjectKind::InfrastructureCluster(_) | ObjectKind::Secret => object.api_version().to_owned(),
        kind => format!("{}/{}", kind.group(), object.shape().version()),
    }
}

fn owner_reference(owner: &Object, controller: bool) -> Value {
    let mut reference = json!({
        "apiVersion": address(owner),
        "kind": owner.key().kind.as_str(),
        "name": owner.name(),
        "uid": owner.uid(),
    });
    if controller {
        reference["controller"] = json!(true);
        reference["blockOwnerDeletion"] = json!(true);
    }
    reference
}

/// A reference to an object of a provider, in the form of this version.
fn reference(shape: Shape, group: &str, kind: &str, name: &str, namespace: &str) -> Value {
    match shape {
        Shape::V1Beta1 => json!({
            "apiVersion": format!("{group}/{}", shape.version()), "kind": kind, "name": name, "namespace": namespace,
        }),
        Shape::V1Beta2 => json!({ "apiGroup": group, "kind": kind, "name": name }),
    }
}

/// A Machine that `owner` makes, from a machine spec in the owner's version.
struct NewMachine<'a> {
    owner: &'a Object,
    name: String,
    labels: Value,
    annotations: Value,
    spec: Value,
}

impl Scene<'_> {
    fn create_machine(&mut self, new: &NewMachine<'_>) {
        let shape = new.owner.shape();
        let body = json!({
            "apiVersion": format!("{GROUP}/{}", shape.version()),
            "kind": "Machine",
            "metadata": {
                "name": new.name,
                "namespace": new.owner.namespace(),
                "labels": new.labels,
                "annotations": new.annotations,
                "finalizers": [machine::FINALIZER],
                "ownerReferences": [owner_reference(new.owner, true)],
            },
            "spec": new.spec,
        });
        self.create(ObjectKind::Machine, body);
    }

    /// A name for the `index`-th machine that `owner` makes in this step, unused so far.
    fn machine_name(&self, owner: &Object, index: usize) -> String {
        let moment = self.now.as_nanosecond().to_string();
        (0..1_000_u32)
            .map(|attempt| {
                let words = [
                    owner.namespace(),
                    owner.name(),
                    &moment,
                    &index.to_string(),
                    &attempt.to_string(),
                ];
                // 63 is what a node name in a label allows; the suffix and its dash take 6.
                let base: String = owner.name().chars().take(57).collect();
                format!("{base}-{}", super::delay::suffix(self.api.seed, &words))
            })
            .find(|name| !self.snapshot.machines.contains_key(name.as_str()))
            .unwrap_or_default()
    }
}

fn add(at: Timestamp, delay: Duration) -> Timestamp {
    SignedDuration::try_from(delay)
        .ok()
        .and_then(|delay| at.checked_add(delay).ok())
        .unwrap_or(Timestamp::MAX)
}

/// A time as Kubernetes writes it: whole seconds.
fn stamp(at: Timestamp) -> Value {
    json!(crate::clock::to_rfc3339(at))
}
