//! What follows from a write: garbage collection by owners, finalizers, and the emptying of namespaces.
//!
//! kube-apiserver leaves this to controllers that act a moment later. Here it happens in the write that causes
//! it, after the answer is fixed and before the next request, so that runs are deterministic.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::kubernetes::strategy;
use crate::object;
use crate::request::Propagation;
use crate::resources::ResourceType;
use crate::state::State;
use crate::store::{ObjectId, ResourceKey, Stored};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
/// Keeps a definition until its objects are gone.
const DEFINITION_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
/// What a pod on a node is given to end by itself.
const POD_GRACE_SECONDS: i64 = 30;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Delete the object if its owners are gone.
    CheckOwners(ObjectId),
    /// End the object's foreground deletion if nothing blocks it.
    Foreground(ObjectId),
    /// Free the object's dependents.
    Orphan(ObjectId),
    /// Empty a namespace that is being deleted.
    Namespace(Arc<str>),
    /// Remove the objects of a definition that is being deleted.
    Definition(Arc<str>),
}

/// What a delete asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    pub(crate) propagation: Option<Propagation>,
    pub(crate) grace_period_seconds: Option<i64>,
}

impl From<Propagation> for How {
    fn from(propagation: Propagation) -> Self {
        Self {
            propagation: Some(propagation),
            grace_period_seconds: None,
        }
    }
}

/// What a delete came to.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub(crate) object: Arc<Stored>,
    /// Removed, not only marked.
    pub(crate) gone: bool,
}

/// Writes to the store, and gathers what has to follow.
#[derive(Debug)]
pub(crate) struct Settling {
    now: String,
    tasks: VecDeque<Task>,
    pending: BTreeSet<Task>,
}

impl Settling {
    pub(crate) fn new(now: &str) -> Self {
        Self {
            now: now.to_owned(),
            tasks: VecDeque::new(),
            pending: BTreeSet::new(),
        }
    }

    pub(crate) fn now(&self) -> &str {
        &self.now
    }

    pub(crate) fn put(
        &mut self,
        state: &mut State,
        resource: &ResourceType,
        value: &mut Value,
    ) -> Arc<Stored> {
        let key = object::key(value);
        let earlier = state
            .store
            .get(&resource.key, &key)
            .map(|stored| stored.owners.clone());
        let stored = state.store.put(&resource.key, &resource.storage_version, value);
        let id = ObjectId {
            resource: resource.key.clone(),
            key: Arc::clone(stored.key()),
        };
        if !stored.owners.is_empty() && earlier.as_ref() != Some(&stored.owners) {
            self.push(Task::CheckOwners(id.clone()));
        }
        if object::is_deleting(value) {
            if object::has_finalizer(value, FOREGROUND) {
                self.push(Task::Foreground(id.clone()));
            }
            if object::has_finalizer(value, ORPHAN) {
                self.push(Task::Orphan(id));
            }
            if resource.is("", "namespaces") {
                self.push(Task::Namespace(Arc::clone(stored.key())));
            }
            if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
                self.push(Task::Definition(Arc::clone(stored.key())));
            }
        }
        stored
    }

    pub(crate) fn remove(
        &mut self,
        state: &mut State,
        resource: &ResourceType,
        value: &mut Value,
    ) -> Arc<Stored> {
        let stored = state
            .store
            .remove(&resource.key, &resource.storage_version, value);
        for dependent in state.store.dependents(&stored.uid) {
            self.push(Task::CheckOwners(dependent));
        }
        for owner in &stored.owners {
            if let Some(id) = state.store.by_uid(owner) {
                self.push(Task::Foreground(id.clone()));
            }
        }
        if resource.namespaced {
            self.push(Task::Namespace(stored.namespace().into()));
        }
        if resource.custom() {
            self.push(Task::Definition(
                format!("{}.{}", resource.key.plural, resource.key.group).into(),
            ));
        }
        if resource.is("apiextensions.k8s.io", "customresourcedefinitions")
            && let Some((plural, group)) = stored.name().split_once('.')
        {
            let key = ResourceKey::new(group, plural);
            state.types.uninstall(&key);
            state.store.wake(&key);
        }
        stored
    }

    /// Deletes an object, or marks it where finalizers or a grace period hold it. None if there is none.
    pub(crate) fn delete(&mut self, state: &mut State, id: &ObjectId, how: How) -> Option<Deleted> {
        let resource = Arc::clone(state.types.get(&id.resource)?);
        let stored = Arc::clone(state.store.get(&id.resource, &id.key)?);
        let (mut value, held) = self.deletion(&resource, &stored, how);
        if !held {
            let object = self.remove(state, &resource, &mut value);
            return Some(Deleted { object, gone: true });
        }
        if value == stored.value() {
            let object = stored;
            return Some(Deleted { object, gone: false });
        }
        let object = self.put(state, &resource, &mut value);
        Some(Deleted { object, gone: false })
    }

    /// What a delete makes of an object, and whether something holds it.
    pub(crate) fn deletion(&self, resource: &ResourceType, stored: &Stored, how: How) -> (Value, bool) {
        let mut value = stored.value();
        let go_type = resource.go_type.as_deref();
        let orphans = go_type.is_some_and(strategy::orphans_by_default) && !object::is_deleting(&value);
        match how.propagation.or(orphans.then_some(Propagation::Orphan)) {
            Some(Propagation::Foreground) => {
                object::remove_finalizer(&mut value, ORPHAN);
                object::add_finalizer(&mut value, FOREGROUND);
            }
            Some(Propagation::Orphan) => {
                object::remove_finalizer(&mut value, FOREGROUND);
                object::add_finalizer(&mut value, ORPHAN);
            }
            Some(Propagation::Background) => {
                object::remove_finalizer(&mut value, FOREGROUND);
                object::remove_finalizer(&mut value, ORPHAN);
            }
            None => {}
        }
        if resource.is("apiextensions.k8s.io", "customresourcedefinitions") && !object::is_deleting(&value) {
            object::add_finalizer(&mut value, DEFINITION_FINALIZER);
        }
        let is_pod = resource.is("", "pods");
        let on_a_node = is_pod && !object::text(&value, &["spec", "nodeName"]).is_empty();
        let grace = if on_a_node {
            how.grace_period_seconds.unwrap_or(POD_GRACE_SECONDS).max(0)
        } else {
            0
        };
        let is_namespace = resource.is("", "namespaces");
        let held = object::finalizers(&value).next().is_some() || grace > 0 || is_namespace;
        // Pods are ended gracefully, even where that takes no time: their last state says so.
        if !object::is_deleting(&value) && (held || is_pod) {
            let generation = object::generation(&value).filter(|generation| *generation > 0);
            let metadata = object::meta_mut(&mut value);
            metadata.insert("deletionTimestamp".into(), json!(self.now));
            if !is_namespace {
                metadata.insert("deletionGracePeriodSeconds".into(), json!(grace));
            }
            if let Some(generation) = generation {
                metadata.insert("generation".into(), json!(generation + 1));
            }
            if is_namespace {
                value["status"]["phase"] = json!("Terminating");
            }
        }
        (value, held)
    }

    /// Does all that follows, until nothing does.
    pub(crate) fn run(mut self, state: &mut State) {
        while let Some(task) = self.tasks.pop_front() {
            self.pending.remove(&task);
            match task {
                Task::CheckOwners(id) => self.check_owners(state, &id),
                Task::Foreground(id) => self.foreground(state, &id),
                Task::Orphan(id) => self.orphan(state, &id),
                Task::Namespace(name) => self.empty_namespace(state, &name),
                Task::Definition(name) => self.empty_definition(state, &name),
            }
        }
    }

    fn push(&mut self, task: Task) {
        if self.pending.insert(task.clone()) {
            self.tasks.push_back(task);
        }
    }

    fn check_owners(&mut self, state: &mut State, id: &ObjectId) {
        let Some(stored) = state.store.get(&id.resource, &id.key).cloned() else {
            return;
        };
        let value = stored.value();
        let (mut solid, mut waiting, mut absent) = (0, Vec::new(), Vec::new());
        for owner in object::owners(&value) {
            match owner_state(state, &value, owner) {
                OwnerState::Solid => solid += 1,
                OwnerState::Waiting => waiting.push(owner.uid.to_owned()),
                OwnerState::Absent => absent.push(owner.uid.to_owned()),
            }
        }
        if solid > 0 && !(waiting.is_empty() && absent.is_empty()) {
            // Others still hold it: only the references to those that go are dropped.
            waiting.extend(absent);
            self.change(state, id, |value| drop_owners(value, &waiting));
        } else if solid == 0 && !(waiting.is_empty() && absent.is_empty()) && !object::is_deleting(&value) {
            let has_dependents = !state.store.dependents(&stored.uid).is_empty();
            let policy = if object::has_finalizer(&value, ORPHAN) {
                Propagation::Orphan
            } else if object::has_finalizer(&value, FOREGROUND) || (!waiting.is_empty() && has_dependents) {
                Propagation::Foreground
            } else {
                Propagation::Background
            };
            self.delete(state, id, policy.into());
        }
    }

    fn foreground(&mut self, state: &mut State, id: &ObjectId) {
        let Some(stored) = state.store.get(&id.resource, &id.key).cloned() else {
            return;
        };
        let value = stored.value();
        if !object::is_deleting(&value) || !object::has_finalizer(&value, FOREGROUND) {
            return;
        }
        let mut blocked = false;
        for dependent in state.store.dependents(&stored.uid) {
            let Some(found) = state.store.get(&dependent.resource, &dependent.key) else {
                continue;
            };
            let blocks = object::owners(&found.value())
                .any(|owner| owner.uid == &*stored.uid && owner.blocks_deletion);
            if blocks {
                blocked = true;
                self.push(Task::CheckOwners(dependent));
            }
        }
        if !blocked {
            self.change(state, id, |value| object::remove_finalizer(value, FOREGROUND));
        }
    }

    fn orphan(&mut self, state: &mut State, id: &ObjectId) {
        let Some(stored) = state.store.get(&id.resource, &id.key).cloned() else {
            return;
        };
        if !object::has_finalizer(&stored.value(), ORPHAN) {
            return;
        }
        for dependent in state.store.dependents(&stored.uid) {
            self.change(state, &dependent, |value| {
                drop_owners(value, &[stored.uid.to_string()]);
            });
        }
        self.change(state, id, |value| object::remove_finalizer(value, ORPHAN));
    }

    fn empty_namespace(&mut self, state: &mut State, name: &str) {
        let namespaces = ResourceKey::new("", "namespaces");
        let Some(namespace) = state.store.get(&namespaces, name).cloned() else {
            return;
        };
        let mut value = namespace.value();
        if !object::is_deleting(&value) {
            return;
        }
        let mut left = Vec::new();
        for resource in state.types.iter().filter(|resource| resource.namespaced) {
            left.extend(
                state
                    .store
                    .list(&resource.key, Some(name), None)
                    .map(|object| ObjectId {
                        resource: resource.key.clone(),
                        key: Arc::clone(object.key()),
                    }),
            );
        }
        if left.is_empty()
            && object::finalizers(&value).next().is_none()
            && let Some(resource) = state.types.get(&namespaces).cloned()
        {
            self.remove(state, &resource, &mut value);
        }
        for id in left {
            let how = How {
                grace_period_seconds: Some(0),
                ..Propagation::Background.into()
            };
            self.delete(state, &id, how);
        }
    }

    fn empty_definition(&mut self, state: &mut State, name: &str) {
        let definitions = ResourceKey::new("apiextensions.k8s.io", "customresourcedefinitions");
        let Some(stored) = state.store.get(&definitions, name).cloned() else {
            return;
        };
        let Some((plural, group)) = name.split_once('.') else {
            return;
        };
        if !object::is_deleting(&stored.value()) {
            return;
        }
        let key = ResourceKey::new(group, plural);
        let left: Vec<ObjectId> = state
            .store
            .list(&key, None, None)
            .map(|object| ObjectId {
                resource: key.clone(),
                key: Arc::clone(object.key()),
            })
            .collect();
        if left.is_empty() {
            let id = ObjectId {
                resource: definitions,
                key: Arc::clone(stored.key()),
            };
            self.change(state, &id, |value| {
                object::remove_finalizer(value, DEFINITION_FINALIZER);
            });
        }
        for id in left {
            self.delete(state, &id, Propagation::Background.into());
        }
    }

    /// Changes an object's metadata as a controller would; its deletion ends with its last finalizer.
    fn change(&mut self, state: &mut State, id: &ObjectId, change: impl FnOnce(&mut Value)) {
        let Some(resource) = state.types.get(&id.resource).cloned() else {
            return;
        };
        let Some(stored) = state.store.get(&id.resource, &id.key).cloned() else {
            return;
        };
        let before = stored.value();
        let mut value = before.clone();
        change(&mut value);
        if value == before {
            return;
        }
        let ends = object::is_deleting(&value)
            && object::finalizers(&value).next().is_none()
            && !resource.is("", "namespaces");
        if ends {
            self.remove(state, &resource, &mut before.clone());
        } else {
            self.put(state, &resource, &mut value);
        }
    }
}

enum OwnerState {
    Solid,
    /// In foreground deletion, waiting for its dependents.
    Waiting,
    Absent,
}

fn owner_state(state: &State, dependent: &Value, owner: object::Owner<'_>) -> OwnerState {
    // Of a kind that is not served nothing can be known, so nothing is done.
    let Some(resource) = state.types.by_kind(owner.api_version, owner.kind) else {
        return OwnerState::Solid;
    };
    let namespace = Some(object::namespace(dependent)).filter(|_| resource.namespaced);
    let key = object::key_of(namespace, owner.name);
    match state
        .store
        .get(&resource.key, &key)
        .filter(|found| *found.uid == *owner.uid)
    {
        None => OwnerState::Absent,
        Some(found) => {
            let value = found.value();
            if object::is_deleting(&value) && object::has_finalizer(&value, FOREGROUND) {
                OwnerState::Waiting
            } else {
                OwnerState::Solid
            }
        }
    }
}

fn drop_owners(value: &mut Value, uids: &[String]) {
    let metadata = object::meta_mut(value);
    if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
        owners.retain(|owner| !uids.iter().any(|uid| owner["uid"] == uid.as_str()));
        if owners.is_empty() {
            metadata.remove("ownerReferences");
        }
    }
}
