//! All objects by cluster, kept up to date by watches and by the answers to our own writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::object::{Object, ObjectKey, ObjectKind};
use super::snapshot::{ClusterSnapshot, cluster_name, references};

/// A Cluster's namespace and name.
pub(super) type ClusterKey = (Arc<str>, Arc<str>);

#[derive(Default)]
pub(super) struct Index {
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    /// Which objects belong to which cluster.
    members: BTreeMap<ClusterKey, BTreeSet<ObjectKey>>,
    /// The other way round.
    homes: BTreeMap<ObjectKey, ClusterKey>,
    /// What Clusters refer to. The objects themselves need not say whose they are.
    referred: BTreeMap<ObjectKey, ClusterKey>,
}

impl Index {
    /// Takes in an object as some answer showed it. Returns the cluster to look at, or nothing when this is not
    /// news (an echo of a write of ours, an event from before it) or belongs to no cluster.
    pub(super) fn put(&mut self, object: Object) -> Option<ClusterKey> {
        let key = object.key().clone();
        if let Some(known) = self.objects.get(&key)
            && let (Some(known), Some(seen)) = (known.revision(), object.revision())
            && seen <= known
        {
            return None;
        }
        if object.deleting().is_some() && object.finalizers().next().is_none() {
            // Nothing holds it any more: this is the last that is seen of it.
            return self.remove(&key);
        }
        let object = Arc::new(object);
        if key.kind == ObjectKind::Cluster {
            self.refer(&object);
        }
        let home = self.home(&object);
        self.objects.insert(key.clone(), object);
        self.move_to(&key, home.clone());
        home
    }

    /// Forgets an object; returns the cluster it belonged to.
    pub(super) fn remove(&mut self, key: &ObjectKey) -> Option<ClusterKey> {
        self.objects.remove(key)?;
        if key.kind == ObjectKind::Cluster {
            let cluster = (key.namespace.clone(), key.name.clone());
            self.referred.retain(|_, referrer| *referrer != cluster);
        }
        let home = self.homes.get(key).cloned();
        self.move_to(key, None);
        home
    }

    /// Forgets an object that a watch saw go, unless a namesake has taken its place since.
    pub(super) fn remove_seen(&mut self, gone: &Object) -> Option<ClusterKey> {
        let known = self.objects.get(gone.key())?;
        if known.uid() == gone.uid() {
            self.remove(gone.key())
        } else {
            None
        }
    }

    /// The keys of this kind that are not in `listed`: gone while nobody watched. What is younger than the list's
    /// `revision` (made by ourselves while the list was on its way) cannot be in it.
    pub(super) fn missing(
        &self,
        kind: &ObjectKind,
        listed: &BTreeSet<ObjectKey>,
        revision: Option<u64>,
    ) -> Vec<ObjectKey> {
        let first = ObjectKey::new(kind.clone(), "", "");
        self.objects
            .range(first..)
            .take_while(|(key, _)| key.kind == *kind)
            .filter(|(key, object)| {
                let younger = revision
                    .zip(object.revision())
                    .is_some_and(|(list, own)| own > list);
                !younger && !listed.contains(*key)
            })
            .map(|(key, _)| key.clone())
            .collect()
    }

    pub(super) fn revision(&self, key: &ObjectKey) -> Option<u64> {
        self.objects.get(key)?.revision()
    }

    pub(super) fn snapshot(&self, cluster: &ClusterKey) -> Option<ClusterSnapshot> {
        let key = ObjectKey::new(ObjectKind::Cluster, cluster.0.clone(), cluster.1.clone());
        let root = self.objects.get(&key)?.clone();
        let members = self.members.get(cluster).into_iter().flatten();
        Some(ClusterSnapshot::new(
            root,
            members.filter_map(|key| self.objects.get(key).cloned()),
        ))
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = ClusterKey> {
        self.objects
            .keys()
            .take_while(|key| key.kind == ObjectKind::Cluster)
            .map(|key| (key.namespace.clone(), key.name.clone()))
    }

    fn home(&self, object: &Object) -> Option<ClusterKey> {
        let key = object.key();
        let name: Arc<str> = match key.kind {
            ObjectKind::Cluster => key.name.clone(),
            ObjectKind::ControlPlane | ObjectKind::InfrastructureCluster(_) => {
                return self.referred.get(key).cloned();
            }
            ObjectKind::Secret => key.name.strip_suffix("-kubeconfig")?.into(),
            _ => cluster_name(object)?.into(),
        };
        Some((key.namespace.clone(), name))
    }

    fn refer(&mut self, cluster: &Object) {
        let home = (cluster.key().namespace.clone(), cluster.key().name.clone());
        for key in references(cluster) {
            if self.referred.insert(key.clone(), home.clone()).as_ref() != Some(&home)
                && self.objects.contains_key(&key)
            {
                self.move_to(&key, Some(home.clone()));
            }
        }
    }

    fn move_to(&mut self, key: &ObjectKey, home: Option<ClusterKey>) {
        if self.homes.get(key) == home.as_ref() {
            return;
        }
        if let Some(old) = self.homes.remove(key)
            && let Some(members) = self.members.get_mut(&old)
        {
            members.remove(key);
            if members.is_empty() {
                self.members.remove(&old);
            }
        }
        if let Some(home) = home {
            self.members.entry(home.clone()).or_default().insert(key.clone());
            self.homes.insert(key.clone(), home);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: ObjectKind, name: &str, revision: u64, spec: &serde_json::Value) -> Object {
        let metadata = json!({"name": name, "namespace": "n", "resourceVersion": revision.to_string()});
        Object::new(
            kind,
            json!({"apiVersion": "x/v1beta2", "metadata": metadata, "spec": spec}),
        )
        .unwrap()
    }

    fn cluster(revision: u64) -> Object {
        let spec = json!({"controlPlaneRef": {"apiGroup": "x", "kind": "KubeadmControlPlane", "name": "cp"}});
        object(ObjectKind::Cluster, "a", revision, &spec)
    }

    #[test]
    fn a_control_plane_is_found_whether_it_comes_before_or_after_its_cluster() {
        for first in [true, false] {
            let mut index = Index::default();
            let control_plane = object(ObjectKind::ControlPlane, "cp", 1, &json!({}));
            if first {
                assert_eq!(index.put(control_plane.clone()), None);
            }
            let home = index.put(cluster(2)).unwrap();
            if !first {
                assert_eq!(index.put(control_plane).as_ref(), Some(&home));
            }
            assert!(index.snapshot(&home).unwrap().control_plane.is_some());
        }
    }

    #[test]
    fn old_news_is_no_news() {
        let mut index = Index::default();
        assert!(index.put(cluster(5)).is_some());
        assert_eq!(index.put(cluster(5)), None);
        assert_eq!(index.put(cluster(4)), None);
        assert!(index.put(cluster(6)).is_some());
    }

    #[test]
    fn what_a_list_no_longer_shows_is_missing_kind_by_kind() {
        let mut index = Index::default();
        let spec = json!({"clusterName": "a"});
        let home = index.put(cluster(1)).unwrap();
        index.put(object(ObjectKind::Machine, "m", 2, &spec));
        index.put(object(ObjectKind::MachineSet, "s", 3, &spec));
        let nothing = BTreeSet::new();
        assert_eq!(
            index.missing(&ObjectKind::Machine, &nothing, Some(1)),
            [],
            "the list is older"
        );
        let gone = index.missing(&ObjectKind::Machine, &nothing, Some(2));
        assert_eq!(gone.len(), 1);
        assert_eq!(index.remove(&gone[0]), Some(home.clone()));
        let snapshot = index.snapshot(&home).unwrap();
        assert!(snapshot.machines.is_empty());
        assert_eq!(snapshot.sets.len(), 1);
    }
}
