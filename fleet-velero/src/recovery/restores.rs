//! What Velero restores of a cluster: from which backups, in which order, behind which gates.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;

use super::action::{Action, Owner, RestoreAction, StepId};
use super::build::{Builder, MINUTE};
use super::error::PlanError;
use super::fact::{BackupIndex, ClusterIndex, Fact, NamespaceIndex};
use super::{BackupSource, LocationRef, NamespaceOutcome, PartOutcome, order};
use crate::BackupStorageLocation;
use crate::inventory::{ClusterState, NamespaceState, bucket_of, region_of};
use crate::protection::{Candidate, Candidates, Estimate, Exposure, InScope, Work};

/// One restore, while its parts are collected: level, backup and kinds, so that no namespace is restored more than it needs.
type RestoreKey = (u32, BackupIndex, Vec<String>);

/// What must be restored for one namespace.
#[derive(Default)]
struct Found {
    restores: BTreeMap<BackupIndex, (BTreeSet<String>, Work)>,
    is_all_veleros: bool,
}

impl<'a> Builder<'a> {
    /// Restores what Velero is to bring back; gives the first namespace's index and, for each namespace that is restored, its gate.
    pub(super) fn restore(
        &mut self,
        cluster: &'a ClusterState,
        target: ClusterIndex,
        among: &BTreeMap<&str, usize>,
    ) -> Result<(u32, BTreeSet<NamespaceIndex>), PlanError> {
        let first = u32::try_from(self.namespaces.len()).unwrap_or(u32::MAX);
        let levels = order::levels(cluster, among)?;
        let losses = self.losses.clone();
        let candidates = Candidates::left(cluster, &losses, self.options.now);
        self.note_ahead(cluster, candidates.ahead);
        let mut groups: BTreeMap<RestoreKey, RestoreAction> = BTreeMap::new();
        let mut known: HashMap<String, BackupIndex> = HashMap::new();
        for (name, place) in among {
            let namespace = &cluster.namespaces[*place];
            let level = levels.get(name).copied().unwrap_or(0);
            let index = NamespaceIndex(u32::try_from(self.namespaces.len()).unwrap_or(u32::MAX));
            let mut found = Found::default();
            let in_scope = candidates.holding(namespace);
            let parts = self.parts(cluster, target, namespace, &in_scope, &mut known, &mut found);
            for (backup, (kinds, work)) in &found.restores {
                let all = found.is_all_veleros && found.restores.len() == 1;
                let kinds: Vec<String> = if all {
                    Vec::new()
                } else {
                    kinds.iter().cloned().collect()
                };
                let mut work = work.clone();
                if all {
                    work.objects = work.objects.max(namespace.object_count.into());
                }
                let key = (level, *backup, kinds.clone());
                let group = groups.entry(key).or_insert_with(|| RestoreAction {
                    cluster: target,
                    name: String::new(),
                    backup: *backup,
                    namespaces: Vec::new(),
                    resources: kinds,
                    work: Work::default(),
                });
                group.namespaces.push(index);
                group.work.add(work);
            }
            self.namespaces.push(NamespaceOutcome {
                cluster: target,
                name: (*name).to_owned(),
                level,
                backups: found.restores.keys().copied().collect(),
                lost: parts
                    .iter()
                    .map(|part| part.lost)
                    .max()
                    .unwrap_or(Exposure::Nothing),
                parts,
            });
        }
        let before = self.locations(target, &groups);
        let gates = self.restores(cluster, target, first, groups, before);
        Ok((first, gates))
    }

    /// What becomes of the parts of a namespace, and what must be restored for it.
    fn parts(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        namespace: &NamespaceState,
        in_scope: &InScope<'_, '_>,
        known: &mut HashMap<String, BackupIndex>,
        found: &mut Found,
    ) -> Vec<PartOutcome> {
        let now = self.options.now;
        let age = |candidate: &Candidate<'_>| {
            let started = candidate.point.started.unwrap_or(now);
            Exposure::Last(now.duration_since(started).max(SignedDuration::ZERO))
        };
        found.is_all_veleros = !namespace.objects.is_empty()
            && namespace
                .objects
                .iter()
                .all(|object| object.application.is_none() && !object.synced)
            && namespace
                .volumes
                .iter()
                .all(|volume| volume.application.is_none());
        let mut parts = Vec::with_capacity(namespace.objects.len() + namespace.volumes.len());
        for object in &namespace.objects {
            let part = format!("{}/{}", object.resource, object.name);
            let in_git = object.application.is_some() || object.synced;
            let best = in_scope.object(object);
            let candidate = best.newest.filter(|_| !in_git);
            let backup = candidate.map(|candidate| self.backup(cluster, target, candidate, known));
            if let Some(backup) = backup {
                let (kinds, work) = found.restores.entry(backup).or_default();
                kinds.insert(object.resource.clone());
                work.objects += 1;
            }
            parts.push(PartOutcome {
                part,
                owner: match (in_git, candidate) {
                    (true, _) => Owner::Git,
                    (false, Some(_)) => Owner::Velero,
                    (false, None) => Owner::Nobody,
                },
                is_synced: object.synced && object.application.is_none(),
                backup,
                method: None,
                lost: match (in_git, candidate) {
                    (true, _) => Exposure::Nothing,
                    (false, Some(candidate)) => age(candidate),
                    (false, None) => Exposure::Everything,
                },
                bytes: 0,
            });
        }
        for volume in &namespace.volumes {
            let best = in_scope.volume(volume);
            let candidate = best.newest.filter(|_| !volume.disposable);
            let backup = candidate.map(|candidate| self.backup(cluster, target, candidate, known));
            if let (Some(backup), Some(method)) = (backup, best.method) {
                let (kinds, work) = found.restores.entry(backup).or_default();
                kinds.extend(["persistentvolumeclaims", "persistentvolumes"].map(str::to_owned));
                work.objects += 2;
                if method.needs_pods() {
                    kinds.insert("pods".to_owned());
                    work.objects += 1;
                }
                if method.is_in_object_store() {
                    work.volumes.push((volume.bytes, volume.files));
                } else {
                    work.snapshots += 1;
                }
            }
            parts.push(PartOutcome {
                part: format!("persistentvolumeclaims/{}", volume.claim),
                owner: match (&volume.application, candidate) {
                    (Some(_), _) => Owner::Git,
                    (None, Some(_)) => Owner::Velero,
                    (None, None) => Owner::Nobody,
                },
                is_synced: false,
                backup,
                method: backup.and(best.method),
                lost: match candidate {
                    _ if volume.disposable => Exposure::Nothing,
                    Some(candidate) => age(candidate),
                    None => Exposure::Everything,
                },
                bytes: volume.bytes,
            });
        }
        parts
    }

    fn backup(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        candidate: &Candidate<'_>,
        known: &mut HashMap<String, BackupIndex>,
    ) -> BackupIndex {
        if let Some(index) = known.get(&candidate.point.name) {
            return *index;
        }
        let index = BackupIndex(u32::try_from(self.backups.len()).unwrap_or(u32::MAX));
        known.insert(candidate.point.name.clone(), index);
        self.backups.push(BackupSource {
            name: candidate.point.name.clone(),
            cluster: target,
            made_by: cluster.name.to_string(),
            started: candidate.point.started.unwrap_or(self.options.now),
            location: location_ref(candidate.location),
        });
        index
    }

    /// Velero and the locations that are read, where they are not there; gives a step that the restores come after.
    fn locations(
        &mut self,
        target: ClusterIndex,
        groups: &BTreeMap<RestoreKey, RestoreAction>,
    ) -> Option<StepId> {
        let backups: BTreeSet<BackupIndex> = groups.keys().map(|(_, backup, _)| *backup).collect();
        let is_replaced = self.clusters[target.0 as usize].is_replaced;
        let ready = Fact::VeleroReady(target);
        if !is_replaced {
            for backup in backups {
                self.initial
                    .extend([Fact::LocationReadable(backup), Fact::BackupVisible(backup)]);
            }
            return None;
        }
        let platform = Fact::PlatformInstalled(target);
        self.push(
            Action::InstallVelero { cluster: target },
            &[platform],
            &[ready],
            &[],
            self.options.model.velero,
        );
        let mut by_location: BTreeMap<LocationRef, Vec<BackupIndex>> = BTreeMap::new();
        for backup in backups {
            let location = self.backups[backup.0 as usize].location.clone();
            by_location.entry(location).or_default().push(backup);
        }
        for (location, backups) in by_location {
            let gives: Vec<Fact> = backups
                .iter()
                .map(|backup| Fact::LocationReadable(*backup))
                .collect();
            let add = Action::AddLocation {
                cluster: target,
                location,
                backups: backups.clone(),
            };
            self.push(add, &[ready, Fact::SourceFenced(target)], &gives, &[], MINUTE);
            for backup in backups {
                let (needs, gives) = ([Fact::LocationReadable(backup)], [Fact::BackupVisible(backup)]);
                self.push(
                    Action::AwaitBackup {
                        cluster: target,
                        backup,
                    },
                    &needs,
                    &gives,
                    &[],
                    MINUTE,
                );
            }
        }
        if self.options.storage_classes.is_empty() || groups.is_empty() {
            return None;
        }
        let map = Action::MapStorageClasses {
            cluster: target,
            classes: self.options.storage_classes.clone(),
        };
        let seconds = Estimate::exactly(SignedDuration::from_secs(10));
        Some(self.push(map, &[ready], &[], &[], seconds))
    }

    /// The restores, one after the other as Velero does them, each behind a gate.
    fn restores(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        first: u32,
        groups: BTreeMap<RestoreKey, RestoreAction>,
        mut before: Option<StepId>,
    ) -> BTreeSet<NamespaceIndex> {
        let mut waiting: HashMap<NamespaceIndex, usize> = HashMap::new();
        for index in groups.values().flat_map(|group| &group.namespaces) {
            *waiting.entry(*index).or_default() += 1;
        }
        let by_name: HashMap<String, NamespaceIndex> = (first..)
            .zip(&self.namespaces[first as usize..])
            .map(|(index, namespace)| (namespace.name.clone(), NamespaceIndex(index)))
            .collect();
        let restored: BTreeSet<NamespaceIndex> = waiting.keys().copied().collect();
        for (number, (_, mut restore)) in groups.into_iter().enumerate() {
            restore.name = self.restore_name(target, number + 1);
            let mut needs = vec![
                Fact::BackupVisible(restore.backup),
                Fact::SyncFrozen(target),
                Fact::PlatformInstalled(target),
                Fact::OperatorsHeld(target),
                Fact::Declared,
            ];
            for index in &restore.namespaces {
                let name = &self.namespaces[index.0 as usize].name;
                let state = cluster
                    .namespaces
                    .iter()
                    .find(|namespace| namespace.name == *name);
                let needed = state.into_iter().flat_map(|namespace| &namespace.depends_on);
                let gated = needed
                    .filter_map(|name| by_name.get(name))
                    .filter(|index| restored.contains(index));
                needs.extend(gated.map(|index| Fact::Gated(*index)));
            }
            needs.sort_unstable();
            needs.dedup();
            let mut complete = Vec::new();
            for index in &restore.namespaces {
                if let Some(count) = waiting.get_mut(index) {
                    *count -= 1;
                    if *count == 0 {
                        complete.push(*index);
                    }
                }
            }
            let gives: Vec<Fact> = complete.iter().map(|index| Fact::Restored(*index)).collect();
            let gated: Vec<Fact> = complete.iter().map(|index| Fact::Gated(*index)).collect();
            let gate = Action::Gate {
                cluster: target,
                restore: restore.name.clone(),
                namespaces: restore.namespaces.clone(),
            };
            let time = self.options.model.restore(&restore.work);
            let id = self.push(Action::Restore(restore), &needs, &gives, &[], time);
            if let Some(before) = before {
                self.come_after(id, before);
            }
            let gate = self.push(gate, &gives, &gated, &[], MINUTE);
            self.come_after(gate, id);
            before = Some(gate);
        }
        restored
    }

    fn restore_name(&self, target: ClusterIndex, number: usize) -> String {
        let cluster = &self.clusters[target.0 as usize].name;
        let at = self.options.now.strftime("%Y%m%d%H%M%S");
        let cut: String = cluster.chars().take(40).collect();
        format!("dr-{}-{at}-{number}", cut.trim_end_matches(['-', '.']))
    }
}

pub(super) fn location_ref(location: &BackupStorageLocation) -> LocationRef {
    let (bucket, prefix) = bucket_of(location);
    LocationRef {
        name: location.metadata.name.clone().unwrap_or_default(),
        provider: location.spec.provider.clone(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region: region_of(location).map(str::to_owned),
    }
}
