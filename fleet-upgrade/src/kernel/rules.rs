//! The plan as the kernel reads it: the one place that knows the plan's shape.

use std::num::NonZeroU32;

use fleet_core::{Calendar, ClusterName, HumanDuration, KubernetesVersion};
use jiff::{SignedDuration, Timestamp};

use super::{ClusterId, PlanDigest, RunSettings, RunState, StageId};
use crate::spec::{FailureBudget, OnChange, OnChangedByOthers, OnFailure, PreflightRequirement};
use crate::{AtTarget, DomainShare, PlanDomain, PlannedCluster, PlannedStage, UpgradePlan};

/// A plan's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'p> {
    plan: &'p UpgradePlan,
}

impl<'p> Rules<'p> {
    pub(crate) fn of(plan: &'p UpgradePlan) -> Self {
        Self { plan }
    }

    pub(crate) fn stages(self) -> &'p [PlannedStage] {
        self.plan.stages()
    }

    pub(crate) fn stage(self, stage: StageId) -> Option<&'p PlannedStage> {
        self.stages().get(stage.index())
    }

    /// Whether a later stage has something to upgrade.
    pub(crate) fn is_followed(self, stage: StageId) -> bool {
        let mut later = self.stages().iter().skip(stage.index() + 1);
        later.any(|stage| !stage.clusters.is_empty())
    }

    pub(crate) fn calendar(self) -> &'p Calendar {
        self.plan.calendar()
    }

    /// The parts of the fleet of which only so much may be away.
    pub(crate) fn domains(self) -> &'p [PlanDomain] {
        self.plan.domains()
    }

    /// When a cluster may start.
    pub(crate) fn calendar_of(self, cluster: Member<'_>) -> &'p Calendar {
        let own = cluster
            .calendar()
            .and_then(|own| self.plan.cluster_calendars.get(own as usize));
        own.unwrap_or_else(|| self.calendar())
    }

    /// What is done about failed clusters.
    pub(crate) fn on_failure(self) -> &'p OnFailure {
        self.plan.on_failure()
    }

    /// How many unreachable clusters are tolerated beside the failures; none where they count as such.
    pub(crate) fn unreachable_budget(self) -> Option<u32> {
        self.plan.unreachable_budget().map(FailureBudget::allowed)
    }

    /// The failures that count against the budget: unreachable clusters have one of their own where the policy says so.
    pub(crate) fn counted_failures(self, run: &RunState) -> u32 {
        let counted = match self.unreachable_budget() {
            Some(_) => run.failures.saturating_sub(run.unreachable),
            None => run.failures,
        };
        counted.saturating_sub(self.forgiven(run))
    }

    /// How many clusters others have changed, where that is to stop the fleet and nobody has let it go on since.
    pub(crate) fn intolerable_changes(self, run: &RunState) -> Option<u32> {
        if self.on_change().changed_by_others != OnChangedByOthers::Stop {
            return None;
        }
        // Whoever brings a cluster to the target before its turn is another case.
        let elsewhere = run
            .changed
            .iter()
            .filter(|(version, _)| !version.same_release(self.plan.target()));
        let clusters = elsewhere.map(|(_, clusters)| clusters).sum();
        (clusters > 0).then_some(clusters)
    }

    /// The failures among them that somebody let the run go on after.
    fn forgiven(self, run: &RunState) -> u32 {
        match self.unreachable_budget() {
            Some(_) => run.forgiven.0.saturating_sub(run.forgiven.1),
            None => run.forgiven.0,
        }
    }

    /// How many failures are tolerated.
    pub(crate) fn budget(self) -> u32 {
        self.plan.failure_budget().allowed()
    }

    /// How long a hop of a cluster may take.
    pub(crate) fn deadline(self, cluster: Member<'_>) -> SignedDuration {
        match cluster {
            Member::ToUpgrade(cluster) => self.plan.deadline_of(cluster).as_signed(),
            Member::AtTarget(_) => SignedDuration::ZERO,
        }
    }

    /// What is done when the fleet changes under the run.
    pub(crate) fn on_change(self) -> OnChange {
        self.plan.on_change()
    }

    /// How evidence is judged: as the run began, and as the policy says.
    pub(crate) fn settings(self, run: &RunState) -> RunSettings {
        let settings = run.settings();
        let unwell_limit = self.plan.unwell_limit();
        RunSettings {
            unwell_limit: unwell_limit.map_or(settings.unwell_limit, HumanDuration::as_signed),
            ..settings
        }
    }

    /// What a stage's soak must earn.
    pub(crate) fn required(self, stage: StageId) -> Required {
        self.stage(stage)
            .map_or_else(Required::default, |stage| Required {
                time: stage.soak.as_signed(),
                samples: stage.soak_samples.map_or(0, NonZeroU32::get),
            })
    }

    /// What is to be asked before a start: the pre-flight check, and how old a backup may be.
    pub(crate) fn readiness(self) -> Option<(bool, Option<HumanDuration>)> {
        let preflight = self.plan.preflight == PreflightRequirement::Required;
        let backup = self.plan.backup.as_ref().map(|backup| backup.max_age);
        (preflight || backup.is_some()).then_some((preflight, backup))
    }

    /// The cluster at a place, found through the run's stage bounds.
    pub(crate) fn cluster(self, run: &RunState, cluster: ClusterId) -> Option<Member<'p>> {
        let stage = run.stage_of(cluster)?;
        let index = cluster
            .index()
            .checked_sub(run.stages.get(stage.index())?.first)?;
        let stage = self.stage(stage)?;
        let to_upgrade = stage.clusters.get(index).map(Member::ToUpgrade);
        to_upgrade.or_else(|| {
            stage
                .witnesses()
                .get(index - stage.clusters.len())
                .map(Member::AtTarget)
        })
    }

    /// When the civil day of `now` began and when the next one begins, in the calendar's time zone.
    pub(crate) fn day(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let zoned = now.to_zoned(self.calendar().time_zone().clone());
        // A day that the time zone or the range of time does not have is the moment itself: it only counts more.
        let begin = zoned.start_of_day().map_or(now, |day| day.timestamp());
        let next = zoned
            .tomorrow()
            .and_then(|day| day.start_of_day())
            .map_or(Timestamp::MAX, |day| day.timestamp());
        (begin, next)
    }

    /// A digest of the whole plan.
    pub(crate) fn digest(self) -> PlanDigest {
        // A plan consists of strings, numbers and lists: there is nothing in it that JSON cannot write.
        PlanDigest::of_bytes(&serde_json::to_vec(self.plan).unwrap_or_default())
    }
}

/// What a soak must earn: watched time, and looks that found all well.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Required {
    pub(crate) time: SignedDuration,
    pub(crate) samples: u32,
}

impl Required {
    pub(crate) fn is_nothing(self) -> bool {
        !self.time.is_positive() && self.samples == 0
    }
}

/// The clusters of a stage in the order of their places: first those to upgrade, as they start, then those that run the
/// target already, which bear witness only.
pub(crate) fn members(stage: &PlannedStage) -> impl Iterator<Item = Member<'_>> {
    stage
        .clusters
        .iter()
        .map(Member::ToUpgrade)
        .chain(stage.witnesses().iter().map(Member::AtTarget))
}

/// One cluster of a plan: nothing but where it stands, so that a pass over all of them reads only those it asks about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member<'p> {
    ToUpgrade(&'p PlannedCluster),
    /// It runs the target already: no hop, no domain it could take up, no calendar.
    AtTarget(&'p AtTarget),
}

impl<'p> Member<'p> {
    pub(crate) fn name(self) -> &'p ClusterName {
        match self {
            Self::ToUpgrade(cluster) => &cluster.name,
            Self::AtTarget(cluster) => &cluster.name,
        }
    }

    /// The version it runs before its first hop: the oldest of any part of it.
    pub(crate) fn from(self) -> &'p KubernetesVersion {
        match self {
            Self::ToUpgrade(cluster) => cluster.oldest(),
            Self::AtTarget(cluster) => &cluster.version,
        }
    }

    pub(crate) fn hops(self) -> &'p [KubernetesVersion] {
        match self {
            Self::ToUpgrade(cluster) => &cluster.hops,
            Self::AtTarget(_) => &[],
        }
    }

    pub(crate) fn domains(self) -> &'p [DomainShare] {
        match self {
            Self::ToUpgrade(cluster) => &cluster.domains,
            Self::AtTarget(_) => &[],
        }
    }

    /// How long a hop is expected to take.
    pub(crate) fn hop_estimate(self) -> SignedDuration {
        match self {
            Self::ToUpgrade(cluster) => cluster.hop_estimate.as_signed(),
            Self::AtTarget(_) => SignedDuration::ZERO,
        }
    }

    pub(crate) fn calendar(self) -> Option<u32> {
        match self {
            Self::ToUpgrade(cluster) => cluster.calendar,
            Self::AtTarget(_) => None,
        }
    }

    /// The version it is expected to run when this many of its hops are done.
    pub(crate) fn expected(self, hops: u32) -> &'p KubernetesVersion {
        let done = (hops as usize).checked_sub(1);
        done.and_then(|last| self.hops().get(last)).unwrap_or(self.from())
    }

    /// The version its control plane is expected to be told when this many of its hops are done.
    pub(crate) fn lead(self, hops: u32) -> &'p KubernetesVersion {
        match self {
            Self::ToUpgrade(cluster) if hops == 0 => &cluster.from,
            _ => self.expected(hops),
        }
    }

    /// The version of a hop.
    pub(crate) fn to(self, hop: u32) -> Option<&'p KubernetesVersion> {
        self.hops().get(hop as usize)
    }
}

/// Translates between names and places, in a plan.
///
/// ```
/// # fn translate(plan: &fleet_upgrade::UpgradePlan) -> Option<()> {
/// use fleet_upgrade::kernel::Roster;
///
/// let roster = Roster::of(plan);
/// let place = roster.id("production-eu-west")?;
/// assert_eq!(roster.name(place)?.as_str(), "production-eu-west");
/// # Some(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Roster {
    names: Vec<ClusterName>,
    by_name: Vec<ClusterId>,
}

impl Roster {
    /// The plan's clusters.
    pub fn of(plan: &UpgradePlan) -> Self {
        let names: Vec<ClusterName> = plan
            .stages()
            .iter()
            .flat_map(members)
            .map(|member| member.name().clone())
            .collect();
        let mut by_name: Vec<ClusterId> = (0..names.len()).map(ClusterId::at).collect();
        by_name.sort_by(|a, b| names[a.index()].cmp(&names[b.index()]));
        Self { names, by_name }
    }

    /// A cluster's place.
    pub fn id(&self, name: &str) -> Option<ClusterId> {
        let found = self
            .by_name
            .binary_search_by(|id| self.names[id.index()].as_str().cmp(name))
            .ok()?;
        self.by_name.get(found).copied()
    }

    /// The cluster at a place.
    pub fn name(&self, cluster: ClusterId) -> Option<&ClusterName> {
        self.names.get(cluster.index())
    }

    /// All clusters with their places.
    pub fn iter(&self) -> impl Iterator<Item = (&ClusterName, ClusterId)> {
        let ids = (0..self.names.len()).map(ClusterId::at);
        self.names.iter().zip(ids)
    }

    /// The number of clusters.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no cluster.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
