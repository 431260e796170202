//! The buckets behind storage locations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// A bucket and a prefix in it, without slashes at its ends.
pub(super) type Place = (String, String);

/// Backups by bucket and prefix: they outlive the clusters that made them. Clones share one store, as clusters share buckets.
///
/// ```
/// use fleet_sim::velero::ObjectStore;
/// use serde_json::json;
///
/// let store = ObjectStore::default();
/// let backup = json!({"metadata": {"name": "daily-20260301020000"}, "status": {"phase": "Completed"}});
/// store.put("backups", "production", backup);
/// assert_eq!(store.names("backups", "production"), ["daily-20260301020000"]);
/// assert!(store.remove("backups", "production", "daily-20260301020000"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ObjectStore(Arc<Mutex<BTreeMap<Place, BTreeMap<String, Value>>>>);

impl ObjectStore {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Place, BTreeMap<String, Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a Backup there, by its name; what a cluster knows of it alone (its namespace, version and uid) is left out.
    pub fn put(&self, bucket: &str, prefix: &str, mut backup: Value) {
        let name = backup["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if let Some(metadata) = backup["metadata"].as_object_mut() {
            metadata.retain(|field, _| matches!(field.as_str(), "name" | "labels" | "annotations"));
        }
        backup["apiVersion"] = "velero.io/v1".into();
        backup["kind"] = "Backup".into();
        let place = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        self.all().entry(place).or_default().insert(name, backup);
    }

    /// Takes a backup away, as a person with the bucket's keys may. Whether it was there.
    pub fn remove(&self, bucket: &str, prefix: &str, name: &str) -> bool {
        let place = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        let mut all = self.all();
        all.get_mut(&place)
            .and_then(|backups| backups.remove(name))
            .is_some()
    }

    /// The names of the backups there.
    pub fn names(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let place = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        let all = self.all();
        all.get(&place)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect()
    }

    pub(super) fn backups(&self, place: &Place) -> Vec<Value> {
        let all = self.all();
        all.get(place)
            .into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }
}
