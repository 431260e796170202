//! The plan: each cluster's stage, hops, start and end, with the reason for each.

mod assign;
mod build;
mod check;
mod contradictions;
mod coverage;
mod domains;
mod feasible;
mod general;
mod hops;
pub(crate) mod openings;
mod reason;
mod refusal;
mod render;
mod reversibility;
mod schedule;
mod survey;
mod warn;
mod warning;
mod why;

pub use build::{plan, plan_with};
pub use check::PlanViolation;
pub use domains::{DomainShare, PlanDomain};
pub use feasible::{Relaxation, RelaxedTo};
pub use reason::{Reason, StartBound};
pub use refusal::{ClusterSample, PlanError, PlanProblem};
pub use reversibility::{ReversalMethod, Reversibility};
pub use warning::PlanWarning;
pub use why::Why;

use std::num::NonZeroU32;
use std::sync::OnceLock;

use fleet_core::{Calendar, ClusterName, HumanDuration, KubernetesVersion};
use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::spec::{
    BackupRequirement, FailureBudget, GateRule, OnChange, OnFailure, Percent, PreflightRequirement,
    StageApproval,
};

/// An upgrade of a fleet, laid out in time: what [`plan`](crate::plan()) returns.
///
/// A plan is data. It carries everything a run needs to go by (calendar, budgets, deadlines), so that a run does not
/// change when the policy's file does; it can be stored as JSON, compared, and printed as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlan {
    pub(crate) name: String,
    pub(crate) target: KubernetesVersion,
    pub(crate) created: Timestamp,
    pub(crate) calendar: Calendar,
    pub(crate) failure_budget: FailureBudget,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_deadline: Option<HumanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unwell_limit: Option<HumanDuration>,
    #[serde(default, skip_serializing_if = "OnChange::is_default")]
    pub(crate) on_change: OnChange,
    #[serde(default, skip_serializing_if = "PreflightRequirement::is_none")]
    pub(crate) preflight: PreflightRequirement,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<BackupRequirement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gates: Vec<GateRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unreachable_budget: Option<FailureBudget>,
    #[serde(default, skip_serializing_if = "OnFailure::is_default")]
    pub(crate) on_failure: OnFailure,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) domains: Vec<PlanDomain>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cluster_calendars: Vec<Calendar>,
    pub(crate) stages: Vec<PlannedStage>,
    pub(crate) finish: Timestamp,
    pub(crate) lower_bound: Timestamp,
    pub(crate) binding_constraint: Constraint,
    pub(crate) effects: Vec<ConstraintEffect>,
    pub(crate) warnings: Vec<PlanWarning>,
    #[serde(skip)]
    pub(crate) index: Index,
}

impl UpgradePlan {
    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version every cluster ends at.
    pub fn target(&self) -> &KubernetesVersion {
        &self.target
    }

    /// The instant the plan was made for; nothing starts before it.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When clusters may be started, and the time zone in which days are counted.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// How many clusters may fail before nothing new starts.
    pub fn failure_budget(&self) -> FailureBudget {
        self.failure_budget
    }

    /// A hop that takes longer than this has failed; none where that depends on the cluster, see
    /// [`deadline_of`](Self::deadline_of).
    pub fn cluster_deadline(&self) -> Option<HumanDuration> {
        self.cluster_deadline
    }

    /// A hop of this cluster that takes longer than this has failed: as the policy says, else twice what it is expected to
    /// take, and two hours at least.
    pub fn deadline_of(&self, cluster: &PlannedCluster) -> HumanDuration {
        self.cluster_deadline.unwrap_or_else(|| {
            let twice = cluster.hop_estimate.as_signed().saturating_mul(2).as_secs();
            let twice = HumanDuration::seconds(u32::try_from(twice).unwrap_or(u32::MAX));
            twice.max(HumanDuration::hours(2))
        })
    }

    /// How long a cluster that is not being upgraded may be unwell before it has failed; none where the engine says it.
    pub fn unwell_limit(&self) -> Option<HumanDuration> {
        self.unwell_limit
    }

    /// What is done when the fleet changes under the run.
    pub fn on_change(&self) -> OnChange {
        self.on_change
    }

    /// Whether a cluster must have passed a pre-flight check before each hop.
    pub fn preflight(&self) -> PreflightRequirement {
        self.preflight
    }

    /// The verified backup that a cluster must have before each hop.
    pub fn backup(&self) -> Option<&BackupRequirement> {
        self.backup.as_ref()
    }

    /// The health gates that the policy names.
    pub fn gates(&self) -> &[GateRule] {
        &self.gates
    }

    /// How many clusters may be lost to their being unreachable; none where they count as failed.
    pub fn unreachable_budget(&self) -> Option<FailureBudget> {
        self.unreachable_budget
    }

    /// What is done about failed clusters, and whether the run may go on after too many.
    pub fn on_failure(&self) -> &OnFailure {
        &self.on_failure
    }

    /// The parts of the fleet of which only so much may be away at a time.
    pub fn domains(&self) -> &[PlanDomain] {
        &self.domains
    }

    /// When a cluster may be started: its own calendar together with the fleet's.
    pub fn calendar_of(&self, cluster: &PlannedCluster) -> &Calendar {
        let own = cluster
            .calendar
            .and_then(|own| self.cluster_calendars.get(own as usize));
        own.unwrap_or(&self.calendar)
    }

    /// The stages, in order.
    pub fn stages(&self) -> &[PlannedStage] {
        &self.stages
    }

    /// Every cluster that is to be upgraded, by stage and then in the order of [`PlannedStage::clusters`].
    pub fn clusters(&self) -> impl Iterator<Item = &PlannedCluster> {
        self.stages.iter().flat_map(|stage| &stage.clusters)
    }

    /// The number of clusters that are to be upgraded.
    pub fn len(&self) -> usize {
        self.stages.iter().map(|stage| stage.clusters.len()).sum()
    }

    /// Whether there is nothing to upgrade.
    pub fn is_empty(&self) -> bool {
        self.stages.iter().all(|stage| stage.clusters.is_empty())
    }

    /// The clusters that run the target already, by stage.
    pub fn at_target(&self) -> impl Iterator<Item = &AtTarget> {
        self.stages.iter().flat_map(|stage| &stage.at_target)
    }

    /// A cluster that is to be upgraded. Takes logarithmic time.
    pub fn cluster(&self, name: &str) -> Option<&PlannedCluster> {
        self.locate(name)
            .map(|(stage, place)| &self.stages[stage].clusters[place])
    }

    /// The stage in which a cluster is to be upgraded. Takes logarithmic time.
    pub fn stage_of(&self, name: &str) -> Option<&PlannedStage> {
        self.locate(name).map(|(stage, _)| &self.stages[stage])
    }

    /// When the last stage is upgraded and has soaked.
    pub fn finish(&self) -> Timestamp {
        self.finish
    }

    /// When the plan could finish at the earliest: the same stages and soaks, but in each stage every cluster at once,
    /// at any time of day.
    pub fn lower_bound(&self) -> Timestamp {
        self.lower_bound
    }

    /// The constraint without which the plan would finish earliest.
    pub fn binding_constraint(&self) -> Constraint {
        self.binding_constraint
    }

    /// For each constraint the policy sets, when the plan would finish without it; the largest gain first.
    pub fn effects(&self) -> &[ConstraintEffect] {
        &self.effects
    }

    /// What the policy allows but people should know before they start.
    pub fn warnings(&self) -> &[PlanWarning] {
        &self.warnings
    }

    pub(crate) fn locate(&self, name: &str) -> Option<(usize, usize)> {
        let by_name = self.index.0.get_or_init(|| {
            let mut by_name: Vec<(ClusterName, usize, usize)> = Vec::with_capacity(self.len());
            for (s, stage) in self.stages.iter().enumerate() {
                by_name.extend(
                    stage
                        .clusters
                        .iter()
                        .enumerate()
                        .map(|(c, cluster)| (cluster.name.clone(), s, c)),
                );
            }
            by_name.sort_unstable();
            by_name
        });
        let found = by_name
            .binary_search_by(|(key, ..)| key.as_str().cmp(name))
            .ok()?;
        Some((by_name[found].1, by_name[found].2))
    }
}

/// One stage of a plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedStage {
    /// The stage's name.
    pub name: String,
    /// The clusters to upgrade, in the stage's order. They start in it, but those that wait for their own domain or their
    /// own calendar let others by. May be empty when all run the target already.
    pub clusters: Vec<PlannedCluster>,
    /// The clusters that run the target already; nothing is started for them.
    pub at_target: Vec<AtTarget>,
    /// Whether nobody looks at those.
    #[serde(default)]
    pub at_target_left_out: bool,
    /// How many clusters are upgraded at the same time.
    pub max_concurrent: NonZeroU32,
    /// How many clusters are started on one day of the calendar's time zone; no limit when absent.
    pub max_per_day: Option<NonZeroU32>,
    /// How long the stage soaks after its last cluster.
    pub soak: HumanDuration,
    /// How many looks of the soak must find all well; as many as its time brings when absent.
    #[serde(default)]
    pub soak_samples: Option<NonZeroU32>,
    /// Who must say yes before the stage and after it.
    #[serde(default)]
    pub approval: StageApproval,
    /// The share of its clusters that must have ended upgraded for the run to go on.
    #[serde(default)]
    pub completion_threshold: Option<Percent>,
    /// How many of its clusters may fail before nothing new starts.
    #[serde(default)]
    pub failure_budget: Option<FailureBudget>,
    /// When the stage's first cluster starts; for a stage without clusters, when the stage before it has soaked.
    pub start: Timestamp,
    /// When the stage's last cluster is expected to be upgraded.
    pub end: Timestamp,
    /// When it has soaked, and the next stage may start.
    pub soak_until: Timestamp,
}

impl PlannedStage {
    /// The clusters at the target that bear witness to how it does.
    pub(crate) fn witnesses(&self) -> &[AtTarget] {
        if self.at_target_left_out {
            &[]
        } else {
            &self.at_target
        }
    }
}

impl Serialize for PlannedStage {
    /// Writes each cluster with its stage's name, so that an entry says everything by itself.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let clusters: Vec<_> = self
            .clusters
            .iter()
            .map(|cluster| ClusterEntry {
                cluster,
                stage: &self.name,
            })
            .collect();
        let mut entry = serializer.serialize_struct("PlannedStage", 14)?;
        entry.serialize_field("name", &self.name)?;
        entry.serialize_field("start", &self.start)?;
        entry.serialize_field("end", &self.end)?;
        entry.serialize_field("soakUntil", &self.soak_until)?;
        entry.serialize_field("maxConcurrent", &self.max_concurrent)?;
        entry.serialize_field("maxPerDay", &self.max_per_day)?;
        entry.serialize_field("soak", &self.soak)?;
        if let Some(samples) = self.soak_samples {
            entry.serialize_field("soakSamples", &samples)?;
        }
        if let Some(share) = self.completion_threshold {
            entry.serialize_field("completionThreshold", &share)?;
        }
        if let Some(budget) = self.failure_budget {
            entry.serialize_field("failureBudget", &budget)?;
        }
        if !self.approval.is_none() {
            entry.serialize_field("approval", &self.approval)?;
        }
        entry.serialize_field("clusters", &clusters)?;
        entry.serialize_field("atTarget", &self.at_target)?;
        if self.at_target_left_out {
            entry.serialize_field("atTargetLeftOut", &true)?;
        }
        entry.end()
    }
}

/// One cluster's place in a plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedCluster {
    /// The cluster.
    pub name: ClusterName,
    /// The version its control plane runs now.
    pub from: KubernetesVersion,
    /// The oldest version among its workers, where they are behind the control plane.
    #[serde(default)]
    pub workers: Option<KubernetesVersion>,
    /// The versions it goes to, one after the other; the last is the target. Never empty. The first is the control plane's
    /// own where the workers must catch up before it may go on, or there is nothing else to do.
    pub hops: Vec<KubernetesVersion>,
    /// When its first hop starts.
    pub start: Timestamp,
    /// When its last hop is expected to end.
    pub end: Timestamp,
    /// How long each hop is expected to take.
    pub hop_estimate: HumanDuration,
    /// Why it stands here. In JSON, `reason` is the text and `because` the data.
    #[serde(rename = "because")]
    pub reason: Reason,
    /// How far its upgrade can be taken back.
    pub reversibility: Reversibility,
    /// Its parts in the plan's domains.
    #[serde(default)]
    pub domains: Vec<DomainShare>,
    /// Its calendar, by its place among the plan's cluster calendars; none: the fleet's.
    #[serde(default)]
    pub calendar: Option<u32>,
}

impl PlannedCluster {
    /// The oldest version that any part of it runs now: it counts as the cluster's.
    pub fn oldest(&self) -> &KubernetesVersion {
        self.workers.as_ref().unwrap_or(&self.from)
    }

    /// What it runs now, for people: `v1.30.4`, or `v1.30.4 (workers v1.28.9)`.
    pub fn running(&self) -> String {
        match &self.workers {
            Some(workers) => format!("{} (workers {workers})", self.from),
            None => self.from.to_string(),
        }
    }
}

struct ClusterEntry<'a> {
    cluster: &'a PlannedCluster,
    stage: &'a str,
}

impl Serialize for ClusterEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PlannedCluster {
            name,
            from,
            workers,
            hops,
            start,
            end,
            hop_estimate,
            reason,
            reversibility,
            domains,
            calendar,
        } = self.cluster;
        let mut entry = serializer.serialize_struct("PlannedCluster", 12)?;
        entry.serialize_field("name", name)?;
        entry.serialize_field("stage", self.stage)?;
        entry.serialize_field("from", from)?;
        if let Some(workers) = workers {
            entry.serialize_field("workers", workers)?;
        }
        entry.serialize_field("hops", hops)?;
        entry.serialize_field("start", start)?;
        entry.serialize_field("end", end)?;
        entry.serialize_field("hopEstimate", hop_estimate)?;
        entry.serialize_field("reason", &format_args!("{}: {reason}", self.stage))?;
        entry.serialize_field("because", reason)?;
        entry.serialize_field("reversibility", reversibility)?;
        if !domains.is_empty() {
            entry.serialize_field("domains", domains)?;
        }
        if let Some(calendar) = calendar {
            entry.serialize_field("calendar", calendar)?;
        }
        entry.end()
    }
}

/// A cluster for which there is nothing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AtTarget {
    /// The cluster.
    pub name: ClusterName,
    /// What it runs: the target's release, perhaps with a vendor's suffix.
    pub version: KubernetesVersion,
}

/// What can hold a plan up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Constraint {
    /// The stages' caps per day.
    MaxPerDay,
    /// The stages' and their groups' limits on clusters at the same time.
    MaxConcurrent,
    /// The stages' soaks.
    Soak,
    /// Windows and freezes, the fleet's and the clusters' own.
    Calendar,
    /// The limits on regions, pairs and the capacity.
    Spread,
    /// Nothing but the time that the upgrades themselves take.
    Work,
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::MaxPerDay => "maxPerDay",
            Self::MaxConcurrent => "maxConcurrent",
            Self::Soak => "soak",
            Self::Calendar => "calendar",
            Self::Spread => "spread",
            Self::Work => "work",
        })
    }
}

/// What one constraint costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConstraintEffect {
    /// The constraint, in all stages.
    pub constraint: Constraint,
    /// When the plan would finish if the policy did not set it, and all else stayed.
    pub finish_without: Timestamp,
}

/// Clusters by name, filled at the first look-up: a plan that is only printed or stored does not pay for it.
#[derive(Default)]
pub(crate) struct Index(OnceLock<Vec<(ClusterName, usize, usize)>>);

impl Clone for Index {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Index")
    }
}

/// How often Kubernetes releases a minor version: three a year, about every 15 weeks.
pub(crate) const RELEASE_RHYTHM_DAYS: u32 = 15 * 7;
