//! The store as plain data, and back: every object and every change of the history, each revision once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{Change, Collection, ObjectId, ResourceKey, Store, Stored};
use crate::object;

/// A store at rest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedStore {
    revision: u64,
    history_limit: usize,
    collections: Vec<SavedCollection>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedCollection {
    group: String,
    plural: String,
    compacted: u64,
    /// Every revision that is an object's state, or in the history.
    revisions: Vec<SavedRevision>,
    /// Those that are the objects' states now.
    objects: Vec<usize>,
    history: Vec<SavedChange>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedRevision {
    revision: u64,
    version: String,
    /// As text, so that not a digit of a number changes.
    json: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedChange {
    object: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl Store {
    pub(crate) fn save(&self) -> SavedStore {
        let collections = self.collections.iter();
        SavedStore {
            revision: self.revision,
            history_limit: self.history_limit,
            collections: collections
                .map(|(key, collection)| collection.save(key))
                .collect(),
        }
    }

    /// The store as it was saved; an error says what does not hold together.
    pub(crate) fn restore(saved: SavedStore) -> Result<Self, String> {
        let mut store = Self::new(saved.history_limit.max(1));
        store.revision = saved.revision;
        for collection in saved.collections {
            let key = ResourceKey::new(&collection.group, &collection.plural);
            let named = |error: String| format!("{}.{}: {error}", collection.plural, collection.group);
            let restored = Collection::restore(&collection, saved.revision).map_err(named)?;
            for object in restored.objects.values() {
                let id = ObjectId {
                    resource: key.clone(),
                    key: Arc::clone(object.key()),
                };
                store.remember(&id, object);
            }
            store.collections.insert(key, restored);
        }
        Ok(store)
    }
}

impl Collection {
    fn save(&self, key: &ResourceKey) -> SavedCollection {
        let mut pool = Pool::default();
        let objects = self.objects.values().map(|object| pool.index(object)).collect();
        let history = self.history.iter().map(|change| SavedChange {
            object: pool.index(&change.object),
            previous: change.previous.as_ref().map(|previous| pool.index(previous)),
            deleted: change.deleted,
        });
        SavedCollection {
            group: key.group.to_string(),
            plural: key.plural.to_string(),
            compacted: self.compacted,
            objects,
            history: history.collect(),
            revisions: pool.revisions,
        }
    }

    fn restore(saved: &SavedCollection, newest: u64) -> Result<Self, String> {
        let mut versions: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let mut revisions = Vec::with_capacity(saved.revisions.len());
        for revision in &saved.revisions {
            let version = versions.entry(&revision.version);
            let version = Arc::clone(version.or_insert_with(|| revision.version.as_str().into()));
            revisions.push(Arc::new(revision.restore(version, newest)?));
        }
        let at = |index: usize| {
            let found = revisions.get(index).cloned();
            found.ok_or_else(|| format!("revision {index} of {} is named and not there", revisions.len()))
        };
        let mut objects = BTreeMap::new();
        for index in &saved.objects {
            let object = at(*index)?;
            objects.insert(Arc::clone(object.key()), object);
        }
        let mut history = VecDeque::with_capacity(saved.history.len());
        for change in &saved.history {
            history.push_back(Change {
                object: at(change.object)?,
                previous: change.previous.map(at).transpose()?,
                deleted: change.deleted,
            });
        }
        Ok(Self {
            objects,
            history_bytes: history.iter().map(|change| change.object.json.len()).sum(),
            history,
            compacted: saved.compacted,
            wake: watch::Sender::new(newest),
        })
    }
}

impl SavedRevision {
    fn restore(&self, version: Arc<str>, newest: u64) -> Result<Stored, String> {
        let value: Value = serde_json::from_str(&self.json)
            .map_err(|error| format!("revision {} is no JSON: {error}", self.revision))?;
        let told = object::resource_version(&value);
        if told != self.revision.to_string() || self.revision > newest {
            return Err(format!(
                "an object of revision {} says {told:?}, of {newest}",
                self.revision
            ));
        }
        let mut stored = Stored::new(object::key(&value).into(), version, self.revision, &value);
        stored.json = Bytes::copy_from_slice(self.json.as_bytes());
        Ok(stored)
    }
}

/// Revisions by their number: one collection has each only once.
#[derive(Default)]
struct Pool {
    revisions: Vec<SavedRevision>,
    known: BTreeMap<u64, usize>,
}

impl Pool {
    fn index(&mut self, object: &Stored) -> usize {
        *self.known.entry(object.revision).or_insert_with(|| {
            self.revisions.push(SavedRevision {
                revision: object.revision,
                version: object.version.to_string(),
                json: String::from_utf8_lossy(&object.json).into_owned(),
            });
            self.revisions.len() - 1
        })
    }
}
