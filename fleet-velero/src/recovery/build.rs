//! Puts a plan together, cluster by cluster.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fleet_core::purpose::Breach;
use fleet_core::yaml::nearest;
use jiff::{SignedDuration, Timestamp};

use super::action::{Action, Step, StepId};
use super::error::PlanError;
use super::fact::{ClusterIndex, Fact};
use super::{
    BackupSource, NamespaceOutcome, OwnLocation, Places, PlanOptions, RecoveryPlan, TargetCluster, timing,
};
use crate::disaster::{Disaster, Losses};
use crate::inventory::{ClusterState, FleetState, NamespaceState, bucket_of, region_of};
use crate::protection::{Estimate, Exposure};

/// A plan in the making.
pub(super) struct Builder<'a> {
    pub(super) fleet: &'a FleetState,
    pub(super) disaster: &'a Disaster,
    pub(super) options: &'a PlanOptions,
    pub(super) losses: Losses,
    pub(super) clusters: Vec<TargetCluster>,
    pub(super) namespaces: Vec<NamespaceOutcome>,
    pub(super) backups: Vec<BackupSource>,
    pub(super) locations: Vec<OwnLocation>,
    pub(super) initial: BTreeSet<Fact>,
    pub(super) steps: Vec<Step>,
    pub(super) givers: HashMap<Fact, StepId>,
    pub(super) warnings: Vec<String>,
    /// Clusters with backups from after the time of the plan, and how many.
    pub(super) ahead: Vec<(&'a str, usize)>,
    /// The regions of clusters and locations, and how many of them are in each.
    regions: BTreeMap<&'a str, usize>,
    /// Buckets that a location takes whole, without a prefix: Velero refuses such a location when another has a prefix there.
    pub(super) whole_buckets: BTreeSet<&'a str>,
    /// Clusters for which there is no region that their data may be in.
    breaches: Vec<Breach>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        fleet: &'a FleetState,
        disaster: &'a Disaster,
        options: &'a PlanOptions,
    ) -> Result<Self, PlanError> {
        know(fleet, disaster, options.now)?;
        let mut regions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut whole_buckets = BTreeSet::new();
        for cluster in &fleet.clusters {
            let buckets = cluster.locations.iter().map(bucket_of);
            whole_buckets.extend(
                buckets
                    .filter(|(_, prefix)| prefix.is_empty())
                    .map(|(bucket, _)| bucket),
            );
            let of_locations = cluster.locations.iter().filter_map(region_of);
            for region in of_locations.chain(cluster.region.as_deref()) {
                *regions.entry(region).or_default() += 1;
            }
        }
        Ok(Self {
            losses: Losses::of(disaster, fleet),
            fleet,
            disaster,
            options,
            clusters: Vec::new(),
            namespaces: Vec::new(),
            backups: Vec::new(),
            locations: Vec::new(),
            initial: BTreeSet::new(),
            steps: Vec::new(),
            givers: HashMap::new(),
            warnings: Vec::new(),
            ahead: Vec::new(),
            regions,
            whole_buckets,
            breaches: Vec::new(),
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
        if let Some(region) = &self.options.target_region
            && self.losses.regions.contains(region)
        {
            return Err(PlanError::LostTarget {
                region: region.clone(),
            });
        }
        if !self.breaches.is_empty() {
            return Err(PlanError::Residency {
                breaches: self.breaches,
            });
        }
        let rto = timing::fill(&mut self.steps);
        let rpo = self
            .namespaces
            .iter()
            .map(|namespace| namespace.lost)
            .max()
            .unwrap_or(Exposure::Nothing);
        self.warn_of_losses();
        self.warn_of_clocks();
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
            locations: self.locations,
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
    pub(super) fn push(
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

    pub(super) fn come_after(&mut self, id: StepId, before: StepId) {
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

    pub(super) fn target(&mut self, cluster: &ClusterState, is_replaced: bool) -> ClusterIndex {
        let index = ClusterIndex(u32::try_from(self.clusters.len()).unwrap_or(u32::MAX));
        let lost = cluster
            .region
            .as_ref()
            .is_some_and(|region| self.losses.regions.contains(region));
        let region = match (&self.options.target_region, is_replaced) {
            (Some(wanted), true) => Some(wanted.clone()),
            _ if lost => self.other_region(cluster.data_residency.as_deref(), None),
            _ => cluster.region.clone(),
        };
        if let Some(residency) = &cluster.data_residency
            && !region
                .as_deref()
                .is_some_and(|region| self.options.constraints.is_in(region, residency))
        {
            if is_replaced {
                self.breaches.push(Breach::Residency {
                    cluster: cluster.name.clone(),
                    residency: residency.clone(),
                    region: region.clone(),
                });
            } else {
                // Its data is there already: nothing is moved by bringing it back.
                self.warnings.push(format!(
                    "the data of {} must stay in {residency}, and the cluster stands in {}",
                    cluster.name,
                    region.as_deref().unwrap_or("no region that is known")
                ));
            }
        }
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

    /// Whether a region is left, and data of this residency may be in it.
    pub(super) fn is_left(&self, region: &str, residency: Option<&str>) -> bool {
        !self.losses.regions.contains(region)
            && residency.is_none_or(|residency| self.options.constraints.is_in(region, residency))
    }

    /// The region that most of what is left is in, apart from this one; of those that the data may be in.
    pub(super) fn other_region(&self, residency: Option<&str>, apart_from: Option<&str>) -> Option<String> {
        let left = self
            .regions
            .iter()
            .filter(|(region, _)| Some(**region) != apart_from && self.is_left(region, residency));
        let most = left.max_by_key(|(region, count)| (**count, std::cmp::Reverse(**region)));
        most.map(|(region, _)| (*region).to_owned())
    }

    /// A cluster that is lost, and made anew.
    fn replace(&mut self, cluster: &'a ClusterState) -> Result<(), PlanError> {
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
    fn bring_back(&mut self, cluster: &'a ClusterState, namespace: &str) -> Result<(), PlanError> {
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
}

pub(super) const MINUTE: Estimate = Estimate::minutes(1, 2);
pub(super) const MINUTES: Estimate = Estimate::minutes(2, 5);

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

pub(super) fn applications_of(namespace: &NamespaceState) -> impl Iterator<Item = &String> {
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

/// Whether the fleet has what the disaster names, and it can have happened.
fn know(fleet: &FleetState, disaster: &Disaster, now: Timestamp) -> Result<(), PlanError> {
    if let Disaster::Ransomware { since, .. } = disaster
        && *since > now
    {
        return Err(PlanError::NotYet { since: *since, now });
    }
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
