//! Puts a plan together, cluster by cluster.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fleet_core::yaml::nearest;
use jiff::SignedDuration;

use super::action::{Access, Action, Owner, RestoreAction, Step, StepId};
use super::error::PlanError;
use super::fact::{BackupIndex, ClusterIndex, Fact, NamespaceIndex};
use super::{
    BackupSource, LocationRef, NamespaceOutcome, PartOutcome, Places, PlanOptions, RecoveryPlan,
    TargetCluster, order, timing,
};
use crate::disaster::{Disaster, Losses};
use crate::inventory::{ClusterState, FleetState, NamespaceState, bucket_of, region_of};
use crate::protection::{Candidate, Candidates, Estimate, Exposure, InScope, Work};
use crate::{AccessMode, BackupStorageLocation};

/// A plan in the making.
pub(super) struct Builder<'a> {
    fleet: &'a FleetState,
    disaster: &'a Disaster,
    options: &'a PlanOptions,
    losses: Losses,
    clusters: Vec<TargetCluster>,
    namespaces: Vec<NamespaceOutcome>,
    backups: Vec<BackupSource>,
    initial: BTreeSet<Fact>,
    steps: Vec<Step>,
    givers: HashMap<Fact, StepId>,
    warnings: Vec<String>,
}

/// One restore, while its parts are collected: level, backup and kinds, so that no namespace is restored more than it needs.
type RestoreKey = (u32, BackupIndex, Vec<String>);

impl<'a> Builder<'a> {
    pub(super) fn new(
        fleet: &'a FleetState,
        disaster: &'a Disaster,
        options: &'a PlanOptions,
    ) -> Result<Self, PlanError> {
        know(fleet, disaster)?;
        Ok(Self {
            losses: Losses::of(disaster, fleet),
            fleet,
            disaster,
            options,
            clusters: Vec::new(),
            namespaces: Vec::new(),
            backups: Vec::new(),
            initial: BTreeSet::new(),
            steps: Vec::new(),
            givers: HashMap::new(),
            warnings: Vec::new(),
        })
    }

    pub(super) fn build(mut self) -> Result<RecoveryPlan, PlanError> {
        let model = &self.options.model;
        self.push(
            Action::Declare,
            &[],
            &[Fact::Declared],
            &[],
            model.detect.then(model.decide),
        );
        let hub_is_lost = self.fleet.hub().is_some_and(|hub| self.losses.takes_cluster(hub));
        if !hub_is_lost {
            self.initial.insert(Fact::HubReady);
        }
        self.git();
        let (mut lost, mut left): (Vec<&ClusterState>, Vec<&ClusterState>) = self
            .fleet
            .clusters
            .iter()
            .partition(|cluster| self.losses.takes_cluster(cluster));
        // The others need the hub.
        lost.sort_by_key(|cluster| !cluster.is_hub);
        for cluster in lost {
            self.replace(cluster)?;
        }
        if let Disaster::NamespaceDeleted { cluster, namespace } = self.disaster {
            left.retain(|known| known.name == cluster.as_str());
            for cluster in left {
                self.bring_back(cluster, namespace)?;
            }
        } else {
            for cluster in left {
                self.protect_again(cluster);
            }
        }
        self.finish()
    }

    fn finish(mut self) -> Result<RecoveryPlan, PlanError> {
        let rto = timing::fill(&mut self.steps);
        let rpo = self
            .namespaces
            .iter()
            .map(|namespace| namespace.lost)
            .max()
            .unwrap_or(Exposure::Nothing);
        self.warn_of_losses();
        let missing = self.steps.iter().find_map(|step| {
            let mut needs = step.needs.iter();
            let missing =
                needs.find(|fact| !self.initial.contains(fact) && !self.givers.contains_key(fact))?;
            Some((step.id, *missing))
        });
        let plan = RecoveryPlan {
            disaster: self.disaster.clone(),
            made_at: self.options.now,
            losses: self.losses,
            clusters: self.clusters,
            namespaces: self.namespaces,
            backups: self.backups,
            initial: self.initial.into_iter().collect(),
            steps: self.steps,
            rto,
            rpo,
            warnings: self.warnings,
            places: Places {
                velero: self.options.velero_namespace.clone(),
                argocd: self.options.argocd_namespace.clone(),
                capi: self.options.capi_namespace.clone(),
            },
        };
        match missing {
            Some((id, fact)) => Err(PlanError::Unreachable {
                step: plan.title(plan.step(id)),
                fact: plan.describe(fact),
            }),
            None => Ok(plan),
        }
    }

    /// Adds a step; what it needs decides what it comes after.
    fn push(
        &mut self,
        action: Action,
        needs: &[Fact],
        gives: &[Fact],
        ends: &[Fact],
        time: Estimate,
    ) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let after: BTreeSet<StepId> = needs
            .iter()
            .filter_map(|fact| self.givers.get(fact))
            .copied()
            .collect();
        for fact in gives {
            self.givers.insert(*fact, id);
        }
        self.steps.push(Step {
            id,
            action,
            needs: needs.to_vec(),
            gives: gives.to_vec(),
            ends: ends.to_vec(),
            after: after.into_iter().collect(),
            time,
            start: SignedDuration::ZERO,
            is_critical: false,
        });
        id
    }

    fn come_after(&mut self, id: StepId, before: StepId) {
        let after = &mut self.steps[id.0 as usize].after;
        if let Err(place) = after.binary_search(&before) {
            after.insert(place, before);
        }
    }

    fn git(&mut self) {
        const PUSH: Estimate = Estimate::minutes(15, 30);
        if self.losses.git {
            let mirror = self.fleet.git.mirror.clone();
            if mirror.is_none() {
                self.warnings.push(
                    "Git has no mirror: it comes back from a developer's clone or Argo CD's repo-server cache, and is as new as that"
                        .to_owned(),
                );
            }
            if !matches!(self.disaster, Disaster::GitLost) {
                self.push(
                    Action::RestoreGit { mirror },
                    &[Fact::Declared],
                    &[Fact::GitReady],
                    &[],
                    PUSH,
                );
                return;
            }
            // The clusters run on; nothing may be pruned while Git is empty.
            let mut frozen = vec![Fact::Declared];
            let mut thawed = Vec::new();
            for cluster in &self.fleet.clusters {
                let target = self.target(cluster, false);
                let applications = self.clusters[target.0 as usize].applications.clone();
                if applications.is_empty() {
                    continue;
                }
                let fact = Fact::SyncFrozen(target);
                self.push(
                    freeze(target, &applications),
                    &[Fact::Declared, Fact::HubReady],
                    &[fact],
                    &[],
                    MINUTE,
                );
                frozen.push(fact);
                thawed.push((target, applications));
            }
            self.push(
                Action::RestoreGit { mirror },
                &frozen,
                &[Fact::GitReady],
                &[],
                PUSH,
            );
            for (cluster, applications) in thawed {
                let release = Action::ReleaseSync {
                    cluster,
                    applications,
                    namespaces: Vec::new(),
                };
                let synced = [Fact::Registered(cluster)];
                self.push(
                    release,
                    &[Fact::GitReady, Fact::SyncFrozen(cluster)],
                    &synced,
                    &[Fact::SyncFrozen(cluster)],
                    self.options.model.sync,
                );
                self.push(
                    Action::Verify { cluster },
                    &synced,
                    &[Fact::Verified(cluster)],
                    &[],
                    self.options.model.verify,
                );
            }
        } else if let Some(before) = self.losses.suspect_since {
            self.push(
                Action::RevertGit { before },
                &[Fact::Declared],
                &[Fact::GitReady],
                &[],
                PUSH,
            );
        } else {
            self.initial.insert(Fact::GitReady);
        }
    }

    fn target(&mut self, cluster: &ClusterState, is_replaced: bool) -> ClusterIndex {
        let index = ClusterIndex(u32::try_from(self.clusters.len()).unwrap_or(u32::MAX));
        let lost = cluster
            .region
            .as_ref()
            .is_some_and(|region| self.losses.regions.contains(region));
        let region = match (&self.options.target_region, is_replaced) {
            (Some(wanted), true) => Some(wanted.clone()),
            _ if lost => self.other_region(),
            _ => cluster.region.clone(),
        };
        let objects = cluster.namespaces.iter().flat_map(|namespace| {
            let volumes = namespace
                .volumes
                .iter()
                .filter_map(|volume| volume.application.as_ref());
            namespace
                .objects
                .iter()
                .filter_map(|object| object.application.as_ref())
                .chain(volumes)
        });
        let applications: BTreeSet<&String> = objects.collect();
        self.clusters.push(TargetCluster {
            name: cluster.name.to_string(),
            is_replaced,
            old_region: cluster.region.clone(),
            region,
            kubernetes: cluster.kubernetes.clone(),
            applications: applications.into_iter().cloned().collect(),
        });
        index
    }

    /// The region that most of what is left is in.
    fn other_region(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let left = |region: &&str| !self.losses.regions.contains(*region);
        for cluster in &self.fleet.clusters {
            let locations = cluster.locations.iter().filter_map(region_of).filter(left);
            for region in locations.chain(cluster.region.as_deref().filter(left)) {
                *counts.entry(region).or_default() += 1;
            }
        }
        let most = counts
            .into_iter()
            .max_by_key(|(region, count)| (*count, std::cmp::Reverse(*region)));
        most.map(|(region, _)| region.to_owned())
    }

    /// A cluster that is lost, and made anew.
    fn replace(&mut self, cluster: &ClusterState) -> Result<(), PlanError> {
        let model = &self.options.model;
        let target = self.target(cluster, true);
        if self.clusters[target.0 as usize].region.is_none() && !self.losses.regions.is_empty() {
            self.warnings.push(format!(
                "no region is known to be left for {}: name one",
                cluster.name
            ));
        }
        let fenced = Fact::SourceFenced(target);
        self.push(
            Action::FenceSource { cluster: target },
            &[Fact::Declared],
            &[fenced],
            &[],
            MINUTES,
        );
        let ready = Fact::ClusterReady(target);
        let platform = [Fact::PlatformInstalled(target), Fact::OperatorsHeld(target)];
        let frozen = Fact::SyncFrozen(target);
        if cluster.is_hub {
            self.initial.insert(frozen);
            let gives = [ready, platform[0], platform[1]];
            self.push(
                Action::ProvisionHub { cluster: target },
                &[fenced],
                &gives,
                &[],
                model.provision,
            );
        } else {
            let applications = self.clusters[target.0 as usize].applications.clone();
            self.push(
                freeze(target, &applications),
                &[Fact::Declared, Fact::HubReady],
                &[frozen],
                &[],
                MINUTE,
            );
            let needs = [fenced, Fact::HubReady, Fact::GitReady];
            self.push(
                Action::ProvisionCluster { cluster: target },
                &needs,
                &[ready],
                &[],
                model.provision,
            );
            let registered = Fact::Registered(target);
            self.push(
                Action::RegisterCluster { cluster: target },
                &[ready, frozen],
                &[registered],
                &[],
                MINUTE,
            );
            self.push(
                Action::InstallPlatform { cluster: target },
                &[registered, Fact::GitReady],
                &platform,
                &[],
                model.bootstrap,
            );
        }
        let all: BTreeMap<&str, usize> = places(cluster, |_| true);
        let (first, gates) = self.restore(cluster, target, &all)?;
        self.release(cluster, target, &all, first, &gates);
        self.settle(cluster, target, first);
        Ok(())
    }

    /// A namespace that is gone from a cluster that is there.
    fn bring_back(&mut self, cluster: &ClusterState, namespace: &str) -> Result<(), PlanError> {
        let target = self.target(cluster, false);
        self.initial.extend([
            Fact::ClusterReady(target),
            Fact::Registered(target),
            Fact::PlatformInstalled(target),
            Fact::VeleroReady(target),
            // What makes objects of this namespace is frozen with it.
            Fact::OperatorsHeld(target),
            Fact::OperatorsRunning(target),
        ]);
        let only = places(cluster, |name| name == namespace);
        let wanted = cluster.namespaces.iter().find(|known| known.name == namespace);
        let applications: BTreeSet<String> = wanted.into_iter().flat_map(applications_of).cloned().collect();
        self.clusters[target.0 as usize].applications = applications.into_iter().collect();
        let applications = self.clusters[target.0 as usize].applications.clone();
        let frozen = Fact::SyncFrozen(target);
        if applications.is_empty() {
            self.initial.insert(frozen);
        } else {
            self.push(
                freeze(target, &applications),
                &[Fact::Declared, Fact::HubReady],
                &[frozen],
                &[],
                MINUTE,
            );
        }
        let (first, gates) = self.restore(cluster, target, &only)?;
        self.release(cluster, target, &only, first, &gates);
        let done = self.done(target, first);
        self.push(
            Action::Verify { cluster: target },
            &done,
            &[Fact::Verified(target)],
            &[],
            self.options.model.verify,
        );
        self.clean_up(target, &[Fact::Verified(target)]);
        Ok(())
    }

    /// Restores what Velero is to bring back; gives the first namespace's index and, for each namespace that is restored, its gate.
    fn restore(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        among: &BTreeMap<&str, usize>,
    ) -> Result<(u32, BTreeSet<NamespaceIndex>), PlanError> {
        let first = u32::try_from(self.namespaces.len()).unwrap_or(u32::MAX);
        let levels = order::levels(cluster, among)?;
        let losses = self.losses.clone();
        let candidates = Candidates::left(cluster, &losses, self.options.now);
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
                access: Access::ReadOnly,
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

    /// Operators, then the applications, in waves.
    fn release(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        among: &BTreeMap<&str, usize>,
        first: u32,
        gates: &BTreeSet<NamespaceIndex>,
    ) {
        let model = &self.options.model;
        let all_gated: Vec<Fact> = gates.iter().map(|index| Fact::Gated(*index)).collect();
        let running = Fact::OperatorsRunning(target);
        if cluster.is_hub {
            let mut needs = vec![Fact::GitReady, Fact::PlatformInstalled(target)];
            needs.extend(&all_gated);
            let gives = [Fact::Registered(target)];
            self.push(
                Action::InstallArgoCd { cluster: target },
                &needs,
                &gives,
                &[],
                model.bootstrap,
            );
        } else if !self.initial.contains(&running) {
            let mut needs = vec![Fact::PlatformInstalled(target)];
            needs.extend(&all_gated);
            let ends = [Fact::OperatorsHeld(target)];
            self.push(
                Action::RunOperators { cluster: target },
                &needs,
                &[running],
                &ends,
                model.pods,
            );
        }
        // An application comes with the last of its namespaces, and a namespace with the last of its applications.
        let mut of_application: BTreeMap<&str, u32> = BTreeMap::new();
        for (index, place) in (first..).zip(among.values()) {
            let level = self.namespaces[index as usize].level;
            for application in applications_of(&cluster.namespaces[*place]) {
                let wave = of_application.entry(application).or_default();
                *wave = level.max(*wave);
            }
        }
        let mut waves: BTreeMap<u32, Wave<'_>> = BTreeMap::new();
        let mut wave_of: HashMap<&str, u32> = HashMap::new();
        for (index, (name, place)) in (first..).zip(among) {
            let namespace = &cluster.namespaces[*place];
            let index = NamespaceIndex(index);
            let mut last = None;
            for application in applications_of(namespace) {
                let wave = of_application.get(application.as_str()).copied().unwrap_or(0);
                let (applications, _, needs) = waves.entry(wave).or_default();
                applications.insert(application);
                if gates.contains(&index) {
                    needs.insert(Fact::Gated(index));
                }
                last = last.max(Some(wave));
            }
            if let Some(wave) = last {
                wave_of.insert(name, wave);
                if let Some((_, namespaces, _)) = waves.get_mut(&wave) {
                    namespaces.push(index);
                }
            }
        }
        let index_of: HashMap<&str, u32> = among.keys().copied().zip(first..).collect();
        let count = waves.len();
        for (number, (wave, (applications, namespaces, mut needs))) in waves.into_iter().enumerate() {
            needs.extend([Fact::GitReady, Fact::Registered(target), Fact::SyncFrozen(target)]);
            if !cluster.is_hub {
                needs.insert(running);
            }
            for index in &namespaces {
                let name = self.namespaces[index.0 as usize].name.as_str();
                let place = among.get(name).copied().unwrap_or_default();
                for needed in &cluster.namespaces[place].depends_on {
                    if let (Some(earlier), Some(index)) =
                        (wave_of.get(needed.as_str()), index_of.get(needed.as_str()))
                        && *earlier < wave
                    {
                        needs.insert(Fact::Synced(NamespaceIndex(*index)));
                    }
                }
            }
            let gives: Vec<Fact> = namespaces.iter().map(|index| Fact::Synced(*index)).collect();
            let is_last = number + 1 == count;
            let ends: Vec<Fact> = is_last.then_some(Fact::SyncFrozen(target)).into_iter().collect();
            let release = Action::ReleaseSync {
                cluster: target,
                applications: applications.into_iter().map(str::to_owned).collect(),
                namespaces,
            };
            let needs: Vec<Fact> = needs.into_iter().collect();
            let id = self.push(release, &needs, &gives, &ends, model.sync.then(model.pods));
            // The last wave ends the freeze that the others need.
            if is_last {
                let others: Vec<StepId> = self.steps[..id.0 as usize]
                    .iter()
                    .filter(|step| matches!(&step.action, Action::ReleaseSync { cluster, .. } if *cluster == target))
                    .map(|step| step.id)
                    .collect();
                for other in others {
                    self.come_after(id, other);
                }
            }
        }
    }

    /// The facts by which every namespace of a cluster is back.
    fn done(&self, target: ClusterIndex, first: u32) -> Vec<Fact> {
        let mut facts = vec![Fact::Declared];
        for (index, namespace) in (first..).zip(&self.namespaces[first as usize..]) {
            let index = NamespaceIndex(index);
            if self.givers.contains_key(&Fact::Synced(index)) {
                facts.push(Fact::Synced(index));
            } else if !namespace.backups.is_empty() {
                facts.push(Fact::Gated(index));
            }
        }
        facts.push(Fact::ClusterReady(target));
        facts
    }

    /// Verified, reached, backed up, clean.
    fn settle(&mut self, cluster: &ClusterState, target: ClusterIndex, first: u32) {
        let model = &self.options.model;
        let mut done = self.done(target, first);
        if cluster.is_hub {
            done.push(Fact::Registered(target));
            let gives = [Fact::OperatorsRunning(target), Fact::HubReady];
            let ends = [Fact::OperatorsHeld(target)];
            self.push(
                Action::ResumeClusters { cluster: target },
                &done,
                &gives,
                &ends,
                MINUTES,
            );
        }
        done.push(Fact::OperatorsRunning(target));
        let verified = Fact::Verified(target);
        self.push(
            Action::Verify { cluster: target },
            &done,
            &[verified],
            &[],
            model.verify,
        );
        let moved = Fact::TrafficMoved(target);
        self.push(
            Action::MoveTraffic { cluster: target },
            &[verified],
            &[moved],
            &[],
            MINUTES,
        );
        let schedules = self.own_location(cluster, target, Fact::VeleroReady(target));
        let needs = [Fact::LocationWritable(target), verified];
        let protect = Action::Protect {
            cluster: target,
            schedules,
        };
        self.push(
            protect,
            &needs,
            &[Fact::Protected(target)],
            &[],
            Estimate::minutes(5, 30),
        );
        self.clean_up(target, &[moved, Fact::Protected(target)]);
    }

    /// A location that the cluster may write to: what the one before it left stays untouched.
    fn own_location(&mut self, cluster: &ClusterState, target: ClusterIndex, needs: Fact) -> Vec<String> {
        let region = self.clusters[target.0 as usize].region.clone();
        let default = cluster.default_location();
        let spared = cluster.locations.iter().find(|location| {
            self.losses.spares_location(location) && location.spec.access_mode != Some(AccessMode::ReadOnly)
        });
        let template = spared.or_else(|| cluster.location(default));
        let mut location = template.map_or_else(
            || LocationRef {
                name: default.to_owned(),
                provider: "aws".to_owned(),
                bucket: format!("velero-{}", cluster.name),
                prefix: String::new(),
                region: region.clone(),
            },
            location_ref,
        );
        if spared.is_none() {
            location.bucket = format!("{}-{}", location.bucket, self.options.now.strftime("%Y%m%d"));
            location.region = region;
        }
        location.name = format!("{}-new", default.chars().take(50).collect::<String>());
        location.prefix = format!("{}-{}", cluster.name, self.options.now.strftime("%Y%m%d"));
        let add = Action::AddLocation {
            cluster: target,
            location,
            access: Access::ReadWrite,
            backups: Vec::new(),
        };
        self.push(
            add,
            &[needs, Fact::Declared],
            &[Fact::LocationWritable(target)],
            &[],
            MINUTE,
        );
        let names = cluster
            .schedules
            .iter()
            .filter_map(|schedule| schedule.metadata.name.clone());
        names.collect()
    }

    fn clean_up(&mut self, target: ClusterIndex, needs: &[Fact]) {
        let restores = self.steps.iter().filter_map(|step| match &step.action {
            Action::Restore(restore) if restore.cluster == target => Some(restore.name.clone()),
            _ => None,
        });
        let restores = restores.collect();
        self.push(
            Action::CleanUp {
                cluster: target,
                restores,
            },
            needs,
            &[Fact::Clean(target)],
            &[],
            MINUTES,
        );
    }

    /// A cluster that runs on, and whose backups went to a location that is gone.
    fn protect_again(&mut self, cluster: &ClusterState) {
        if self.losses.buckets.is_empty() {
            return;
        }
        let gone = |location: &BackupStorageLocation| self.losses.buckets.contains(bucket_of(location).0);
        let names: BTreeSet<&str> = cluster
            .locations
            .iter()
            .filter(|location| gone(location))
            .filter_map(|location| location.metadata.name.as_deref())
            .collect();
        let affected: Vec<String> = cluster
            .schedules
            .iter()
            .filter(|schedule| {
                let target = schedule.spec.template.storage_location.as_deref();
                names.contains(target.unwrap_or(cluster.default_location()))
            })
            .filter_map(|schedule| schedule.metadata.name.clone())
            .collect();
        if affected.is_empty() {
            return;
        }
        let lost = cluster
            .backups
            .iter()
            .filter(|point| names.contains(point.location.as_deref().unwrap_or(cluster.default_location())));
        let count = lost.count();
        self.warnings.push(format!(
            "{}: {count} backups are gone; nothing of its namespaces can be restored from before the first new backup, and until then a second \
             loss is final",
            cluster.name
        ));
        let target = self.target(cluster, false);
        let ready = Fact::VeleroReady(target);
        self.initial.extend([ready, Fact::ClusterReady(target)]);
        self.own_location(cluster, target, ready);
        let protect = Action::Protect {
            cluster: target,
            schedules: affected,
        };
        self.push(
            protect,
            &[Fact::LocationWritable(target)],
            &[Fact::Protected(target)],
            &[],
            Estimate::minutes(5, 30),
        );
    }

    fn warn_of_losses(&mut self) {
        let (mut volumes, mut bytes, mut objects, mut empty) = (0_u32, 0_u64, 0_u32, 0_u32);
        for part in self.namespaces.iter().flat_map(|namespace| &namespace.parts) {
            if part.lost != Exposure::Everything {
                continue;
            }
            if part.part.starts_with("persistentvolumeclaims/") {
                volumes += 1;
                bytes += part.bytes;
                empty += u32::from(part.owner == Owner::Git);
            } else {
                objects += 1;
            }
        }
        if volumes > 0 {
            let size = crate::text::bytes(bytes);
            self.warnings.push(format!(
                "the data of {volumes} volumes ({size}) is in no backup that is left: it is lost"
            ));
        }
        if empty > 0 {
            self.warnings.push(format!(
                "{empty} of the lost volumes are made by Git: they come back empty, and look healthy"
            ));
        }
        if objects > 0 {
            self.warnings.push(format!(
                "{objects} objects are neither in Git nor in a backup that is left: they are lost"
            ));
        }
        let regionless = self.fleet.clusters.iter().flat_map(|cluster| &cluster.locations);
        let regionless = regionless
            .filter(|location| region_of(location).is_none())
            .count();
        if regionless > 0 && !self.losses.regions.is_empty() {
            self.warnings.push(format!(
                "{regionless} storage locations do not say in which region they are, and count as lost: set spec.config.region"
            ));
        }
        if self
            .steps
            .iter()
            .any(|step| matches!(step.action, Action::InstallVelero { .. }))
        {
            self.warnings.push(
                "Velero's credentials and the Secret velero-repo-credentials are in no backup: have them at hand, without the second no \
                 volume data can be read"
                    .to_owned(),
            );
        }
    }
}

/// Applications that are released together, the namespaces that are in sync then, and what must hold before.
type Wave<'a> = (BTreeSet<&'a str>, Vec<NamespaceIndex>, BTreeSet<Fact>);

/// What must be restored for one namespace.
#[derive(Default)]
struct Found {
    restores: BTreeMap<BackupIndex, (BTreeSet<String>, Work)>,
    is_all_veleros: bool,
}

const MINUTE: Estimate = Estimate::minutes(1, 2);
const MINUTES: Estimate = Estimate::minutes(2, 5);

fn freeze(cluster: ClusterIndex, applications: &[String]) -> Action {
    Action::FreezeSync {
        cluster,
        applications: applications.to_vec(),
    }
}

fn places(cluster: &ClusterState, wanted: impl Fn(&str) -> bool) -> BTreeMap<&str, usize> {
    let namespaces = cluster.namespaces.iter().enumerate();
    let named = namespaces.map(|(place, namespace)| (namespace.name.as_str(), place));
    named.filter(|(name, _)| wanted(name)).collect()
}

fn applications_of(namespace: &NamespaceState) -> impl Iterator<Item = &String> {
    let volumes = namespace
        .volumes
        .iter()
        .filter_map(|volume| volume.application.as_ref());
    let objects = namespace
        .objects
        .iter()
        .filter_map(|object| object.application.as_ref());
    objects.chain(volumes)
}

fn location_ref(location: &BackupStorageLocation) -> LocationRef {
    let (bucket, prefix) = bucket_of(location);
    LocationRef {
        name: location.metadata.name.clone().unwrap_or_default(),
        provider: location.spec.provider.clone(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region: region_of(location).map(str::to_owned),
    }
}

/// Whether the fleet has what the disaster names.
fn know(fleet: &FleetState, disaster: &Disaster) -> Result<(), PlanError> {
    let near = |name: &str, all: Vec<&str>| nearest(name, all).map(str::to_owned);
    let names = || {
        fleet
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str())
            .collect::<Vec<_>>()
    };
    let locations = || fleet.clusters.iter().flat_map(|cluster| &cluster.locations);
    let known = |name: &String| {
        fleet.cluster(name).ok_or_else(|| PlanError::UnknownCluster {
            name: name.clone(),
            nearest: near(name, names()),
        })
    };
    match disaster {
        Disaster::NamespaceDeleted { cluster, namespace } => {
            let state = known(cluster)?;
            if !state.namespaces.iter().any(|known| known.name == *namespace) {
                let all = state.namespaces.iter().map(|known| known.name.as_str()).collect();
                return Err(PlanError::UnknownNamespace {
                    cluster: cluster.clone(),
                    name: namespace.clone(),
                    nearest: near(namespace, all),
                });
            }
        }
        Disaster::ClusterLost { cluster }
        | Disaster::Ransomware {
            cluster: Some(cluster),
            ..
        } => {
            known(cluster)?;
        }
        Disaster::RegionLost { region } => {
            let clusters = fleet
                .clusters
                .iter()
                .filter_map(|cluster| cluster.region.as_deref());
            let all: Vec<&str> = clusters.chain(locations().filter_map(region_of)).collect();
            if !all.contains(&region.as_str()) {
                return Err(PlanError::UnknownRegion {
                    region: region.clone(),
                    nearest: near(region, all),
                });
            }
        }
        Disaster::StorageLocationLost { bucket } => {
            let all: Vec<&str> = locations().map(|location| bucket_of(location).0).collect();
            if !all.contains(&bucket.as_str()) {
                return Err(PlanError::UnknownBucket {
                    bucket: bucket.clone(),
                    nearest: near(bucket, all),
                });
            }
        }
        Disaster::HubLost if fleet.hub().is_none() => return Err(PlanError::NoHub),
        _ => {}
    }
    Ok(())
}
