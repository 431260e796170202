//! What the hub remembers: every object as its JSON text, one revision counter, a bounded history of changes.

mod saved;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use saved::SavedStore;

use crate::object;

/// What the history of one resource may take: large objects leave it sooner than others.
const MAX_HISTORY_BYTES: usize = 256 * 1024 * 1024;

/// A kind of resource, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceKey {
    pub(crate) group: Arc<str>,
    pub(crate) plural: Arc<str>,
}

/// One object's place: its resource, and `namespace/name` or `name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectId {
    pub(crate) resource: ResourceKey,
    pub(crate) key: Arc<str>,
}

/// One revision of an object.
///
/// Kept as compact JSON, since most readers want nothing but bytes; what selectors and garbage collection ask
/// for stands beside it.
#[derive(Debug)]
pub(crate) struct Stored {
    key: Arc<str>,
    json: Bytes,
    /// Where the text goes on after `kind` and `apiVersion`, which come first.
    body_at: u16,
    /// Keys and values in turn, each ended by a NUL: one piece of memory however many there are.
    labels: Box<str>,
    pub(crate) uid: Arc<str>,
    pub(crate) owners: Box<[Box<str>]>,
    /// Its deletion has been asked for.
    pub(crate) deleting: bool,
    pub(crate) revision: u64,
    /// The API version it is written in, without the group.
    pub(crate) version: Arc<str>,
}

/// One write: an object's state after it, and before it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) object: Arc<Stored>,
    pub(crate) previous: Option<Arc<Stored>>,
    pub(crate) deleted: bool,
}

/// The history does not reach back to the revision asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// The oldest revision that can still be asked for.
    pub(crate) oldest: u64,
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<Arc<str>, Arc<Stored>>,
    history: VecDeque<Change>,
    /// What the objects in the history take as text.
    history_bytes: usize,
    /// The newest revision that fell out of the history.
    compacted: u64,
    wake: watch::Sender<u64>,
}

#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    history_limit: usize,
    history_bytes_limit: usize,
    collections: BTreeMap<ResourceKey, Collection>,
    /// By hash, since nobody asks for them in order and uids lie far apart.
    uids: HashMap<Arc<str>, ObjectId>,
    dependents: HashMap<Box<str>, BTreeSet<ObjectId>>,
}

impl ResourceKey {
    pub(crate) fn new(group: &str, plural: &str) -> Self {
        Self {
            group: group.into(),
            plural: plural.into(),
        }
    }
}

impl Stored {
    fn new(key: Arc<str>, version: Arc<str>, revision: u64, value: &Value) -> Self {
        let mut labels = String::new();
        for (key, label) in object::labels(value) {
            labels.extend([key, "\0", label, "\0"]);
        }
        let owners = object::owners(value).map(|owner| owner.uid.into()).collect();
        let (json, body_at) = written(value);
        Self {
            key,
            body_at,
            // Boxed, so that it keeps no room to grow.
            json: Bytes::from(json.into_boxed_slice()),
            labels: labels.into_boxed_str(),
            uid: object::uid(value).into(),
            owners,
            deleting: object::is_deleting(value),
            revision,
            version,
        }
    }

    pub(crate) fn key(&self) -> &Arc<str> {
        &self.key
    }

    pub(crate) fn name(&self) -> &str {
        self.key.rsplit_once('/').map_or(&*self.key, |(_, name)| name)
    }

    pub(crate) fn namespace(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let mut parts = self.labels.split_terminator('\0');
        while let (Some(found), Some(value)) = (parts.next(), parts.next()) {
            if found == key {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// The text after `kind` and `apiVersion`, without the opening brace: how lists of built-in types show their items.
    pub(crate) fn untyped_json(&self) -> &[u8] {
        &self.json[usize::from(self.body_at)..]
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}

/// The object as compact JSON, `kind` and `apiVersion` first, and where the rest begins.
fn written(value: &Value) -> (Vec<u8>, u16) {
    let head = format!(
        "{{\"kind\":{},\"apiVersion\":{},",
        Value::from(object::kind(value)),
        Value::from(object::api_version(value))
    );
    let mut json = head.into_bytes();
    let body_at = u16::try_from(json.len()).unwrap_or(u16::MAX);
    let mut first = true;
    for (key, field) in value.as_object().into_iter().flatten() {
        if matches!(key.as_str(), "kind" | "apiVersion") {
            continue;
        }
        if !std::mem::take(&mut first) {
            json.push(b',');
        }
        // A Value always serialises: its keys are strings and its numbers finite. So does a key.
        let _ = serde_json::to_writer(&mut json, key);
        json.push(b':');
        let _ = serde_json::to_writer(&mut json, field);
    }
    json.push(b'}');
    (json, body_at)
}

impl Store {
    pub(crate) fn new(history_limit: usize) -> Self {
        Self {
            revision: 0,
            history_limit,
            history_bytes_limit: MAX_HISTORY_BYTES,
            collections: BTreeMap::new(),
            uids: HashMap::new(),
            dependents: HashMap::new(),
        }
    }

    /// Writes one revision of an object, and its number into the object's metadata.
    pub(crate) fn put(
        &mut self,
        resource: &ResourceKey,
        version: &Arc<str>,
        value: &mut Value,
    ) -> Arc<Stored> {
        self.commit(resource, version, value, false)
    }

    /// Removes an object. Its last state, under a revision of its own, is what watchers see.
    pub(crate) fn remove(
        &mut self,
        resource: &ResourceKey,
        version: &Arc<str>,
        value: &mut Value,
    ) -> Arc<Stored> {
        self.commit(resource, version, value, true)
    }

    fn commit(
        &mut self,
        resource: &ResourceKey,
        version: &Arc<str>,
        value: &mut Value,
        deleted: bool,
    ) -> Arc<Stored> {
        self.revision += 1;
        object::set_resource_version(value, self.revision);
        let key: Arc<str> = object::key(value).into();
        let stored = Arc::new(Stored::new(
            Arc::clone(&key),
            Arc::clone(version),
            self.revision,
            value,
        ));
        let (revision, limit) = (self.revision, self.history_limit);
        let bytes_limit = self.history_bytes_limit;
        let collection = self.collection(resource);
        let previous = if deleted {
            collection.objects.remove(&key)
        } else {
            collection.objects.insert(Arc::clone(&key), Arc::clone(&stored))
        };
        collection.history.push_back(Change {
            object: Arc::clone(&stored),
            previous: previous.clone(),
            deleted,
        });
        collection.history_bytes += stored.json.len();
        // The last change stays, whatever it takes: watches have to hear of it.
        while collection.history.len() > limit
            || collection.history_bytes > bytes_limit && collection.history.len() > 1
        {
            if let Some(change) = collection.history.pop_front() {
                collection.history_bytes -= change.object.json.len();
                collection.compacted = change.object.revision;
            }
        }
        collection.wake.send_replace(revision);
        let id = ObjectId {
            resource: resource.clone(),
            key,
        };
        if let Some(previous) = &previous {
            self.forget(&id, previous);
        }
        if !deleted {
            self.remember(&id, &stored);
        }
        stored
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, resource: &ResourceKey, key: &str) -> Option<&Arc<Stored>> {
        self.collections.get(resource)?.objects.get(key)
    }

    pub(crate) fn by_uid(&self, uid: &str) -> Option<&ObjectId> {
        self.uids.get(uid)
    }

    /// The objects that name this uid as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<ObjectId> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// Objects in key order, of one namespace or all, from the first key after `after`.
    pub(crate) fn list<'a>(
        &'a self,
        resource: &ResourceKey,
        namespace: Option<&'a str>,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Stored>> + use<'a> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let from = match (namespace, after) {
            (Some(namespace), None) => Some(format!("{namespace}/")),
            _ => None,
        };
        let objects = self
            .collections
            .get(resource)
            .map(|collection| &collection.objects);
        objects
            .into_iter()
            .flat_map(move |objects| match &from {
                Some(from) => objects.range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded)),
                None => objects.range::<str, _>((start, Bound::Unbounded)),
            })
            .map(|(_, object)| object)
            .take_while(move |object| namespace.is_none_or(|namespace| object.namespace() == namespace))
    }

    /// The same as [`Store::list`], as it was at an earlier revision.
    pub(crate) fn list_at(
        &self,
        resource: &ResourceKey,
        namespace: Option<&str>,
        after: Option<&str>,
        revision: u64,
    ) -> Result<Vec<Arc<Stored>>, Compacted> {
        // The first change of an object since then knows what it was before.
        let mut then: BTreeMap<&str, Option<&Arc<Stored>>> = BTreeMap::new();
        for change in self.changes_since(resource, revision)? {
            then.entry(change.object.key())
                .or_insert(change.previous.as_ref());
        }
        let in_range = |object: &Arc<Stored>| {
            namespace.is_none_or(|namespace| object.namespace() == namespace)
                && after.is_none_or(|after| &**object.key() > after)
        };
        let unchanged = self
            .list(resource, namespace, after)
            .filter(|object| !then.contains_key(&**object.key()));
        let mut objects: Vec<Arc<Stored>> = unchanged.cloned().collect();
        objects.extend(
            then.values()
                .filter_map(|object| object.cloned())
                .filter(in_range),
        );
        objects.sort_by(|a, b| a.key().cmp(b.key()));
        Ok(objects)
    }

    /// What happened to a resource after a revision, oldest first.
    pub(crate) fn changes_since(
        &self,
        resource: &ResourceKey,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Change>, Compacted> {
        let collection = self.collections.get(resource);
        if let Some(collection) = collection.filter(|collection| revision < collection.compacted) {
            return Err(Compacted {
                oldest: collection.compacted,
            });
        }
        Ok(collection.into_iter().flat_map(move |collection| {
            let first = collection
                .history
                .partition_point(|change| change.object.revision <= revision);
            collection.history.range(first..)
        }))
    }

    /// Told the newest revision whenever the resource changes.
    pub(crate) fn subscribe(&mut self, resource: &ResourceKey) -> watch::Receiver<u64> {
        self.collection(resource).wake.subscribe()
    }

    /// Wakes the watches of a resource without a change: it is no longer served.
    pub(crate) fn wake(&mut self, resource: &ResourceKey) {
        let revision = self.revision;
        self.collection(resource).wake.send_replace(revision);
    }

    fn collection(&mut self, resource: &ResourceKey) -> &mut Collection {
        self.collections
            .entry(resource.clone())
            .or_insert_with(|| Collection {
                objects: BTreeMap::new(),
                history: VecDeque::new(),
                history_bytes: 0,
                compacted: 0,
                wake: watch::Sender::new(0),
            })
    }

    fn remember(&mut self, id: &ObjectId, object: &Stored) {
        self.uids.insert(Arc::clone(&object.uid), id.clone());
        for owner in &object.owners {
            self.dependents
                .entry(owner.clone())
                .or_default()
                .insert(id.clone());
        }
    }

    fn forget(&mut self, id: &ObjectId, object: &Stored) {
        self.uids.remove(&object.uid);
        for owner in &object.owners {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(id);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn thing(namespace: &str, name: &str, n: u32) -> Value {
        json!({"metadata": {"namespace": namespace, "name": name, "uid": format!("{namespace}-{name}")}, "n": n})
    }

    fn names(objects: &[Arc<Stored>]) -> Vec<String> {
        objects
            .iter()
            .map(|object| format!("{}@{}", object.key(), object.revision))
            .collect()
    }

    #[test]
    fn an_earlier_revision_is_rebuilt_from_the_history() {
        let (things, v1) = (ResourceKey::new("g", "things"), Arc::from("v1"));
        let mut store = Store::new(100);
        for name in ["a", "b", "c"] {
            store.put(&things, &v1, &mut thing("x", name, 0));
        }
        store.put(&things, &v1, &mut thing("x", "b", 1));
        store.remove(&things, &v1, &mut thing("x", "a", 0));
        store.put(&things, &v1, &mut thing("xy", "z", 0));
        let at = |revision, after| names(&store.list_at(&things, Some("x"), after, revision).unwrap());
        assert_eq!(at(3, None), ["x/a@1", "x/b@2", "x/c@3"]);
        assert_eq!(at(4, Some("x/a")), ["x/b@4", "x/c@3"]);
        let now: Vec<Arc<Stored>> = store.list(&things, Some("x"), None).cloned().collect();
        assert_eq!(names(&now), ["x/b@4", "x/c@3"]);
        assert_eq!(
            names(&store.list_at(&things, None, None, 6).unwrap()),
            ["x/b@4", "x/c@3", "xy/z@6"]
        );
    }

    #[test]
    fn what_fell_out_of_the_history_is_told() {
        let (things, v1) = (ResourceKey::new("g", "things"), Arc::from("v1"));
        let mut store = Store::new(2);
        for n in 0..5 {
            store.put(&things, &v1, &mut thing("x", "a", n));
        }
        assert_eq!(
            store.changes_since(&things, 2).err(),
            Some(Compacted { oldest: 3 })
        );
        assert_eq!(store.changes_since(&things, 3).unwrap().count(), 2);
    }

    #[test]
    fn the_history_of_large_objects_is_short() {
        let (things, v1) = (ResourceKey::new("g", "things"), Arc::from("v1"));
        let mut store = Store::new(1_000);
        store.history_bytes_limit = 10_000;
        for n in 0..100 {
            let mut large = thing("x", "a", n);
            large["text"] = json!("x".repeat(3_000));
            store.put(&things, &v1, &mut large);
        }
        assert_eq!(
            store.changes_since(&things, 96).err(),
            Some(Compacted { oldest: 97 })
        );
        assert_eq!(store.changes_since(&things, 97).unwrap().count(), 3);
        let mut larger = thing("x", "a", 0);
        larger["text"] = json!("x".repeat(30_000));
        store.put(&things, &v1, &mut larger);
        assert_eq!(store.changes_since(&things, 100).unwrap().count(), 1);
    }
}
