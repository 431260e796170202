//! What the watches have brought, by cluster: a look at one is a look-up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Notify;

use super::feed::Source;
use super::record::{Content, ControlPlane, Facts, Record, WorkerFacts};
use crate::rollout::{ClusterState, GroupKind, ObjectRef, StateError};

/// All clusters of a management cluster.
#[derive(Default)]
pub(super) struct Index {
    /// By name, then by namespace: a fleet knows clusters by name.
    clusters: BTreeMap<String, BTreeMap<String, Entry>>,
    /// By namespace, kind and name.
    control_planes: BTreeMap<Place, ControlPlane>,
    /// The Cluster that each control plane is of.
    governed: BTreeMap<Place, String>,
}

type Place = (String, String, String);

/// One cluster.
#[derive(Default)]
pub(crate) struct Entry {
    /// The Cluster object itself is there; its parts may come before it and go after it.
    known: bool,
    state: Arc<ClusterState>,
    pub(crate) facts: Facts,
    pub(crate) control_plane_replicas: Option<u32>,
    pub(crate) workers: BTreeMap<(GroupKind, String), WorkerFacts>,
    /// Objects that cannot be read, by kind and name.
    faults: BTreeMap<(String, String), Arc<StateError>>,
    changed: Arc<Notify>,
}

/// Why there is no state of a cluster.
pub(super) enum Missing {
    Nowhere,
    Several(Vec<String>),
    Unreadable(Arc<StateError>),
}

impl Index {
    /// The state of the cluster of a name, and what tells of its next change.
    pub(super) fn state(&self, name: &str) -> Result<(Arc<ClusterState>, Arc<Notify>), Missing> {
        let entry = self.entry(name)?;
        match entry.faults.values().next() {
            Some(fault) => Err(Missing::Unreadable(Arc::clone(fault))),
            None => Ok((Arc::clone(&entry.state), Arc::clone(&entry.changed))),
        }
    }

    fn entry(&self, name: &str) -> Result<&Entry, Missing> {
        let places = self.clusters.get(name).into_iter().flatten();
        let mut known = places.filter(|(_, entry)| entry.known);
        let (Some((namespace, entry)), next) = (known.next(), known.next()) else {
            return Err(Missing::Nowhere);
        };
        let Some((other, _)) = next else {
            return Ok(entry);
        };
        let all = [namespace, other]
            .into_iter()
            .chain(known.map(|(namespace, _)| namespace));
        Err(Missing::Several(all.cloned().collect()))
    }

    /// Every cluster.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.clusters
            .values()
            .flat_map(BTreeMap::values)
            .filter(|entry| entry.known)
    }

    /// The control plane's kind of one cluster.
    pub(super) fn control_plane_kind(&self, name: &str) -> Option<(String, String)> {
        let (group, kind, _) = self.entry(name).ok()?.facts.control_plane.as_ref()?;
        Some((group.clone(), kind.clone()))
    }

    /// Takes in how an object is now.
    pub(super) fn put(&mut self, source: &Source, record: Record) {
        let Record {
            namespace,
            name,
            owner,
            revision,
            last_change,
            content,
        } = record;
        if let Ok(Content::ControlPlane(control_plane)) = content {
            return self.put_control_plane(
                source,
                (namespace, source.kind().to_owned(), name),
                *control_plane,
            );
        }
        let place = (namespace.clone(), source.kind().to_owned(), name.clone());
        let owner = owner.or_else(|| self.governed.get(&place).cloned());
        let Some(owner) = owner else { return };
        let entry = self.make(&owner, &namespace);
        let fault = (source.kind().to_owned(), name.clone());
        let content = match content {
            Ok(content) => content,
            Err(error) => {
                entry.known |= matches!(source, Source::Cluster);
                entry.faults.insert(fault, error);
                return entry.changed.notify_waiters();
            }
        };
        entry.faults.remove(&fault);
        let state = Arc::make_mut(&mut entry.state);
        state.last_change = state.last_change.max(last_change);
        match content {
            Content::Cluster(head) => {
                if entry.known && is_older(revision, &state.object) {
                    return;
                }
                entry.known = true;
                let before = std::mem::replace(state, head.state);
                state.last_change = state.last_change.max(before.last_change);
                state.control_plane = before.control_plane;
                state.workers = before.workers;
                state.machine_sets = before.machine_sets;
                state.machines = before.machines;
                let governs = entry.facts.control_plane.clone();
                entry.facts = head.facts;
                let governs_now = entry.facts.control_plane.clone();
                entry.changed.notify_waiters();
                if governs != governs_now {
                    self.governs(&owner, &namespace, governs, governs_now);
                }
                return;
            }
            Content::Workers(workers) => {
                let key = (workers.group.kind, name);
                let found = state
                    .workers
                    .binary_search_by(|group| (group.kind, &group.object.name).cmp(&(key.0, &key.1)));
                match found {
                    Ok(at) if is_older(revision, &state.workers[at].object) => return,
                    Ok(at) => state.workers[at] = workers.group,
                    Err(at) => state.workers.insert(at, workers.group),
                }
                entry.workers.insert(key, workers.facts);
            }
            Content::Set(set) => match state.machine_sets.binary_search_by(|it| it.name.cmp(&name)) {
                Ok(at) => state.machine_sets[at] = *set,
                Err(at) => state.machine_sets.insert(at, *set),
            },
            Content::Machine(machine) => match state.machines.binary_search_by(|it| it.name.cmp(&name)) {
                Ok(at) => state.machines[at] = *machine,
                Err(at) => state.machines.insert(at, *machine),
            },
            Content::ControlPlane(_) => {}
        }
        entry.changed.notify_waiters();
    }

    /// Takes in that an object is gone.
    pub(super) fn remove(&mut self, source: &Source, namespace: &str, name: &str, owner: Option<&str>) {
        let place = (namespace.to_owned(), source.kind().to_owned(), name.to_owned());
        if source.is_control_plane() {
            self.control_planes.remove(&place);
        }
        let owner = owner
            .map(str::to_owned)
            .or_else(|| self.governed.get(&place).cloned());
        let Some(owner) = owner else { return };
        let Some(places) = self.clusters.get_mut(&owner) else {
            return;
        };
        let Some(entry) = places.get_mut(namespace) else {
            return;
        };
        entry.faults.remove(&(source.kind().to_owned(), name.to_owned()));
        let state = Arc::make_mut(&mut entry.state);
        match source {
            Source::Cluster => {
                entry.known = false;
                state.object = ObjectRef::default();
                let governed = entry.facts.control_plane.take();
                entry.facts = Facts::default();
                if let Some((_, kind, name)) = governed {
                    self.governed.remove(&(namespace.to_owned(), kind, name));
                    state.control_plane = None;
                    entry.control_plane_replicas = None;
                }
            }
            Source::ControlPlane { .. } => {
                state.control_plane = None;
                entry.control_plane_replicas = None;
            }
            Source::MachineDeployment | Source::MachinePool => {
                let kind = source.group_kind();
                state
                    .workers
                    .retain(|group| group.kind != kind || group.object.name != name);
                entry.workers.remove(&(kind, name.to_owned()));
            }
            Source::MachineSet => state.machine_sets.retain(|set| set.name != name),
            Source::Machine => state.machines.retain(|machine| machine.name != name),
        }
        entry.changed.notify_waiters();
        let is_empty = state.workers.is_empty() && state.machine_sets.is_empty() && state.machines.is_empty();
        if !entry.known && is_empty {
            places.remove(namespace);
            if places.is_empty() {
                self.clusters.remove(&owner);
            }
        }
    }

    /// Takes in all objects of a kind: what is not among them is gone.
    pub(super) fn replace(&mut self, source: &Source, records: Vec<Record>) {
        let listed: BTreeSet<_> = records
            .iter()
            .map(|record| (record.namespace.clone(), record.name.clone()))
            .collect();
        for (namespace, name, owner) in self.names(source) {
            let key = (namespace, name);
            if !listed.contains(&key) {
                self.remove(source, &key.0, &key.1, owner.as_deref());
            }
        }
        for record in records {
            self.put(source, record);
        }
    }

    /// Namespace, name and Cluster of every object of a kind.
    fn names(&self, source: &Source) -> Vec<(String, String, Option<String>)> {
        if source.is_control_plane() {
            let places = self
                .control_planes
                .keys()
                .filter(|(_, kind, _)| kind == source.kind());
            return places
                .map(|(namespace, _, name)| (namespace.clone(), name.clone(), None))
                .collect();
        }
        let mut names = Vec::new();
        for (owner, places) in &self.clusters {
            for (namespace, entry) in places {
                let state = &entry.state;
                let kind = source.group_kind();
                let here: Vec<&str> = match source {
                    Source::Cluster if entry.known => vec![owner],
                    Source::Cluster | Source::ControlPlane { .. } => Vec::new(),
                    Source::MachineDeployment | Source::MachinePool => {
                        let groups = state.workers.iter().filter(|group| group.kind == kind);
                        groups.map(|group| group.object.name.as_str()).collect()
                    }
                    Source::MachineSet => state.machine_sets.iter().map(|set| set.name.as_str()).collect(),
                    Source::Machine => state
                        .machines
                        .iter()
                        .map(|machine| machine.name.as_str())
                        .collect(),
                };
                let faulty = entry.faults.keys().filter(|(kind, _)| kind == source.kind());
                let all = here.into_iter().chain(faulty.map(|(_, name)| name.as_str()));
                names.extend(all.map(|name| (namespace.clone(), name.to_owned(), Some(owner.clone()))));
            }
        }
        names
    }

    fn put_control_plane(&mut self, source: &Source, place: Place, control_plane: ControlPlane) {
        let revision = control_plane.group.object.resource_version.as_deref();
        let revision = revision.and_then(|text| text.parse().ok());
        let known = self.control_planes.get(&place);
        if known.is_some_and(|known| is_older(revision, &known.group.object)) {
            return;
        }
        if let Some(owner) = self.governed.get(&place).cloned() {
            let entry = self.make(&owner, &place.0);
            entry.faults.remove(&(source.kind().to_owned(), place.2.clone()));
            entry.govern(Some(&control_plane));
        }
        self.control_planes.insert(place, control_plane);
    }

    /// A Cluster refers to another control plane than before.
    fn governs(&mut self, owner: &str, namespace: &str, before: Option<Reference>, now: Option<Reference>) {
        if let Some((_, kind, name)) = before {
            self.governed.remove(&(namespace.to_owned(), kind, name));
        }
        let place = now.map(|(_, kind, name)| (namespace.to_owned(), kind, name));
        let control_plane = place
            .as_ref()
            .and_then(|place| self.control_planes.get(place))
            .cloned();
        if let Some(place) = place {
            self.governed.insert(place, owner.to_owned());
        }
        self.make(owner, namespace).govern(control_plane.as_ref());
    }

    fn make(&mut self, owner: &str, namespace: &str) -> &mut Entry {
        self.clusters
            .entry(owner.to_owned())
            .or_default()
            .entry(namespace.to_owned())
            .or_default()
    }
}

type Reference = (String, String, String);

impl Entry {
    pub(crate) fn state(&self) -> &ClusterState {
        &self.state
    }

    fn govern(&mut self, control_plane: Option<&ControlPlane>) {
        let state = Arc::make_mut(&mut self.state);
        state.control_plane = control_plane.map(|it| it.group.clone());
        state.last_change = state.last_change.max(control_plane.and_then(|it| it.last_change));
        self.control_plane_replicas = control_plane.map(|it| it.replicas);
        self.changed.notify_waiters();
    }
}

/// What a patch answered may be known before the watch tells of it; it is not overwritten by what was before.
fn is_older(revision: Option<u64>, known: &ObjectRef) -> bool {
    let known = known
        .resource_version
        .as_deref()
        .and_then(|text| text.parse::<u64>().ok());
    matches!((revision, known), (Some(new), Some(known)) if new < known)
}
