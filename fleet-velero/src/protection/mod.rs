//! Protection analysis: who recovers what, what would be lost, how long it would take.
//!
//! [`analyse`] is a pure function of the fleet's state. It answers for a [`Reach`]: losing a namespace, a cluster or its whole
//! region is not the same, as snapshots stay where they were made.
//!
//! - [`Exposure`] is what one loses, as time: nothing (Git has it), a length of time, or everything.
//! - [`Interval`] says where the worst case comes from: the cron's longest gap, the server's minute, the queue, the backup itself.
//! - [`RtoModel`] estimates how long recovery takes, from documented figures until measured ones are there.
//! - [`Gap`]s are ranked by what they would cost, [`Verdict`]s hold the fleet against its objectives.

mod exposure;
mod gaps;
mod points;
mod rto;
mod verdict;

use jiff::{SignedDuration, Timestamp};

pub use exposure::{DrClass, Exposure, Interval, Recoverer};
pub use gaps::{Gap, GapReason};
pub(crate) use points::{Candidate, Candidates, InScope};
pub use rto::{Basis, Estimate, Measurements, Rate, RtoModel, Work};
pub use verdict::Verdict;

use crate::disaster::Losses;
use crate::inventory::{ClusterState, FleetState, NamespaceState};
use crate::schedules::VolumeMethod;

/// How much a disaster takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// One namespace.
    Namespace,
    /// One cluster.
    Cluster,
    /// A cluster's whole region.
    Region,
}

impl Reach {
    /// What of this reach would be lost of one cluster.
    fn losses(self, cluster: &ClusterState, fleet: &FleetState) -> Losses {
        let name = cluster.name.to_string();
        match (self, &cluster.region) {
            (Self::Namespace, _) => Losses::default(),
            (Self::Region, Some(region)) => Losses::of(
                &crate::Disaster::RegionLost {
                    region: region.clone(),
                },
                fleet,
            ),
            (Self::Cluster | Self::Region, _) => Losses {
                clusters: [name].into(),
                ..Losses::default()
            },
        }
    }
}

/// What the analysis assumes.
#[derive(Clone, Debug)]
pub struct AnalysisOptions {
    /// The time it is made at.
    pub now: Timestamp,
    /// How much is lost.
    pub reach: Reach,
    /// How many runs of a schedule may fail in a row before somebody mends it.
    pub tolerated_failures: u32,
    /// How long an object store takes to copy to another region; counted for locations in another region than the cluster's.
    pub replication_lag: SignedDuration,
    /// How long recovery takes.
    pub model: RtoModel,
}

impl AnalysisOptions {
    /// At this time, for the loss of clusters, with no failure tolerated and the documented figures.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            reach: Reach::Cluster,
            tolerated_failures: 0,
            replication_lag: SignedDuration::ZERO,
            model: RtoModel::default(),
        }
    }

    /// For another reach.
    pub fn with_reach(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }
}

/// How well a fleet is protected.
#[derive(Clone, Debug)]
pub struct Protection {
    /// When.
    pub now: Timestamp,
    /// Against what.
    pub reach: Reach,
    /// Namespace by namespace, in the order of the fleet.
    pub namespaces: Vec<NamespaceProtection>,
    /// What is not protected, the most costly first.
    pub gaps: Vec<Gap>,
    /// The fleet beside its objectives.
    pub verdicts: Vec<Verdict>,
}

impl Protection {
    /// One namespace's protection.
    pub fn namespace(&self, cluster: &str, namespace: &str) -> Option<&NamespaceProtection> {
        let mut all = self.namespaces.iter();
        all.find(|found| found.cluster == cluster && found.namespace == namespace)
    }
}

/// How well one namespace is protected.
#[derive(Clone, Debug)]
pub struct NamespaceProtection {
    /// The cluster.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// Its tier.
    pub tier: Option<String>,
    /// Who recovers it.
    pub recoverer: Recoverer,
    /// What would be lost now.
    pub rpo_now: Exposure,
    /// What would be lost at the worst moment, while the schedules run as they should.
    pub rpo_worst: Exposure,
    /// Where the worst case comes from: the schedule that binds.
    pub interval: Option<Interval>,
    /// The newest backup that holds all of what Velero must bring back; of several, the oldest of them.
    pub backup: Option<String>,
    /// How long recovery takes.
    pub rto: Estimate,
    /// The parts: objects first, then volumes, each as in the inventory.
    pub parts: Vec<PartProtection>,
    /// The least that any volume with data is protected by.
    pub class: Option<DrClass>,
}

/// How one object or volume is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartProtection {
    /// Who recovers it.
    pub recoverer: Recoverer,
    /// What of it would be lost now.
    pub now: Exposure,
    /// What of it would be lost at the worst moment.
    pub worst: Exposure,
    /// How its data is saved, for a volume.
    pub method: Option<VolumeMethod>,
}

/// How well a fleet is protected.
pub fn analyse(fleet: &FleetState, options: &AnalysisOptions) -> Protection {
    let mut namespaces = Vec::with_capacity(
        fleet
            .clusters
            .iter()
            .map(|cluster| cluster.namespaces.len())
            .sum(),
    );
    let mut gaps = Vec::new();
    let mut gap_cache = points::GapCache::default();
    for cluster in &fleet.clusters {
        let losses = options.reach.losses(cluster, fleet);
        let candidates = Candidates::of(cluster, &losses, options, &mut gap_cache);
        for namespace in &cluster.namespaces {
            namespaces.push(of_namespace(cluster, namespace, &candidates, options, &mut gaps));
        }
    }
    gaps::rank(&mut gaps);
    let verdicts = verdict::of(fleet, &namespaces);
    Protection {
        now: options.now,
        reach: options.reach,
        namespaces,
        gaps,
        verdicts,
    }
}

fn of_namespace(
    cluster: &ClusterState,
    namespace: &NamespaceState,
    candidates: &Candidates<'_>,
    options: &AnalysisOptions,
    gaps: &mut Vec<Gap>,
) -> NamespaceProtection {
    let in_scope = candidates.holding(namespace);
    let mut parts = Vec::with_capacity(namespace.objects.len() + namespace.volumes.len());
    let mut binding = Binding::default();
    for object in &namespace.objects {
        let found = in_scope.object(object);
        let in_git = object.application.is_some();
        let held = found.newest.is_some();
        let recoverer = Recoverer::of(in_git || object.synced, held);
        let (now, worst) = if in_git || object.synced {
            (Exposure::Nothing, Exposure::Nothing)
        } else {
            (found.exposure(options.now), found.worst())
        };
        if !in_git && !object.synced {
            binding.take(worst, &found);
            if let Some(reason) = found.reason(options) {
                gaps.push(Gap::of_object(cluster, namespace, object, reason, now));
            }
        }
        parts.push(PartProtection {
            recoverer,
            now,
            worst,
            method: None,
        });
    }
    let mut class: Option<DrClass> = None;
    for volume in &namespace.volumes {
        if volume.disposable {
            parts.push(PartProtection {
                recoverer: Recoverer::of(volume.application.is_some(), false),
                now: Exposure::Nothing,
                worst: Exposure::Nothing,
                method: None,
            });
            continue;
        }
        let found = in_scope.volume(volume);
        let (now, worst) = (found.exposure(options.now), found.worst());
        binding.take(worst, &found);
        class = Some(class.map_or(found.class, |class| class.min(found.class)));
        if let Some(reason) = found.reason(options) {
            gaps.push(Gap::of_volume(
                cluster,
                namespace,
                volume,
                reason,
                now,
                found.class,
            ));
        }
        parts.push(PartProtection {
            recoverer: Recoverer::of(false, found.newest.is_some()),
            now,
            worst,
            method: found.newest.and(found.method),
        });
    }
    let worst_of =
        |of: fn(&PartProtection) -> Exposure| parts.iter().map(of).max().unwrap_or(Exposure::Nothing);
    NamespaceProtection {
        cluster: cluster.name.to_string(),
        namespace: namespace.name.clone(),
        tier: namespace.tier.clone(),
        recoverer: Recoverer::of_all(parts.iter().map(|part| part.recoverer)),
        rpo_now: worst_of(|part| part.now),
        rpo_worst: worst_of(|part| part.worst),
        interval: binding.interval.map(|(_, interval)| interval.clone()),
        backup: binding.oldest.map(|candidate| candidate.point.name.clone()),
        rto: options.model.namespace(namespace, &parts, options.reach),
        parts,
        class,
    }
}

/// The part of a namespace that is worst off, so far.
#[derive(Default)]
struct Binding<'c> {
    interval: Option<(Exposure, &'c Interval)>,
    oldest: Option<&'c Candidate<'c>>,
}

impl<'c> Binding<'c> {
    fn take(&mut self, worst: Exposure, found: &points::Best<'c>) {
        if let Some(interval) = found.interval
            && self.interval.is_none_or(|(known, _)| worst > known)
        {
            self.interval = Some((worst, interval));
        }
        if let Some(candidate) = found.newest
            && self
                .oldest
                .is_none_or(|known| candidate.point.started < known.point.started)
        {
            self.oldest = Some(candidate);
        }
    }
}
