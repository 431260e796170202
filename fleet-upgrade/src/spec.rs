//! The policy: what to upgrade to, in which stages, at which pace.

mod budget;
mod change;
mod deadline;
mod failure;
mod gate;
mod place;
#[cfg(feature = "yaml")]
mod read;
mod readiness;
mod spread;
mod wire;

pub use budget::FailureBudget;
pub use change::{OnAtTarget, OnChange, OnChangedByOthers, OnJoining, OnLeaving, OnUpgradedByOthers};
pub use deadline::{Deadline, DeadlineError};
pub use failure::{OnFailure, Remedy};
pub use gate::{GateMoment, GateRule};
pub use place::Place;
#[cfg(feature = "yaml")]
pub use read::SpecError;
pub use readiness::{ApprovalRule, BackupRequirement, PreflightRequirement, SoakRule, StageApproval};
pub use spread::{AtMost, AtMostError, Percent, SpreadRule, Weight};

use std::num::NonZeroU32;

use fleet_core::{Calendar, HumanDuration, KubernetesVersion, Selector};
use serde::{Deserialize, Serialize};

use crate::pick::Pick;
use place::Source;

/// The API group and version of our own resources.
pub const API_VERSION: &str = "fleet-sdk.dev/v1alpha1";

/// The kind of an upgrade policy.
pub const KIND: &str = "FleetUpgrade";

/// An upgrade policy with its name: the whole of one `FleetUpgrade` document.
///
/// Read one with [`FleetUpgrade::from_yaml`] or [`FleetUpgrade::read`] (feature `yaml`), or build it:
///
/// ```
/// use fleet_core::HumanDuration;
/// use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Pick, Stage};
///
/// let spec = FleetUpgradeSpec::new("v1.31.4".parse()?)
///     .stage(Stage::new("staging").selector("env=staging".parse()?).max_concurrent(2u32.try_into()?))
///     .stage(Stage::new("canary").pick(Pick::one()).soak(HumanDuration::days(5)))
///     .stage(Stage::new("production").max_per_day(3u32.try_into()?));
/// let policy = FleetUpgrade::new("to-1.31", spec);
/// assert_eq!(policy.spec.stages.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two policies are equal when their names and specs are; where they were read from does not count.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "wire::Document", into = "wire::Document")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schemars",
    schemars(with = "wire::Document", rename = "FleetUpgrade")
)]
#[non_exhaustive]
pub struct FleetUpgrade {
    /// The policy's name, `metadata.name`.
    pub name: String,
    /// What it asks for.
    pub spec: FleetUpgradeSpec,
    source: Source,
}

impl FleetUpgrade {
    /// A policy made in code.
    pub fn new(name: impl Into<String>, spec: FleetUpgradeSpec) -> Self {
        Self {
            name: name.into(),
            spec,
            source: Source::default(),
        }
    }

    /// Where a field of this policy stands: its path, and its file, line and column when it was read from YAML.
    ///
    /// `path` is written as in `spec.stages[1].selector`. A field that the text leaves out is placed at the nearest
    /// field around it.
    pub fn place(&self, path: impl Into<String>) -> Place {
        self.source.place(path.into())
    }
}

impl PartialEq for FleetUpgrade {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.spec == other.spec
    }
}

/// What an upgrade policy asks for: `spec` of a `FleetUpgrade`.
///
/// The defaults gate: one cluster at a time in each stage, no failure tolerated. What contradicts itself or the
/// fleet is found by [`plan`](crate::plan()), which refuses it before anything starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FleetUpgradeSpec {
    /// The Kubernetes version every cluster ends at, complete: `v1.31.4`.
    pub target: KubernetesVersion,
    /// Versions to pass through when the target is more than one minor away, one for each minor between, ascending.
    /// A cluster takes those that lie ahead of it and skips the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<KubernetesVersion>,
    /// Patch releases there are images for: a minor version on the way that has no hop is passed at the newest of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<KubernetesVersion>,
    /// The clusters this policy is about. Default: every cluster of the fleet.
    #[serde(default = "Selector::everything", skip_serializing_if = "is_everything")]
    pub clusters: Selector,
    /// The stages, in order. A stage starts when the one before it is upgraded and has soaked.
    pub stages: Vec<Stage>,
    /// When clusters may be started. Its time zone is also the one in which a day of `maxPerDay` is counted.
    /// Default: at any time, days in UTC.
    #[serde(default = "Calendar::always", skip_serializing_if = "is_always")]
    pub calendar: Calendar,
    /// Calendars of some clusters' own: those start only when theirs is open, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_calendars: Vec<ClusterCalendar>,
    /// How much of each region, pair, tenant or of the capacity may be away at a time. Default: no such limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<SpreadRule>,
    /// Until when all must have ended, such as the end of life of the old version. A plan that would end later is refused,
    /// with the smallest change that would meet it. Default: no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// How many clusters may be lost to their being unreachable before nothing new starts; these then do not count against
    /// `failureBudget`. Default: they count as failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable_budget: Option<FailureBudget>,
    /// How many clusters may fail before nothing new starts. Default: none.
    #[serde(default, skip_serializing_if = "FailureBudget::is_none")]
    pub failure_budget: FailureBudget,
    /// What is done about failed clusters, and whether the run may go on after too many. Default: they are held, and beyond
    /// the budget the run ends.
    #[serde(default, skip_serializing_if = "OnFailure::is_default")]
    pub on_failure: OnFailure,
    /// What is done about clusters that join, leave, are upgraded already, or are changed by others. Default: joining ones are
    /// told of, leaving ones tolerated, those at the target watched, and what others change is held.
    #[serde(default, skip_serializing_if = "OnChange::is_default")]
    pub on_change: OnChange,
    /// A cluster whose hop takes longer than this has failed. Default: twice what the hop is expected to take, and `2h` at
    /// least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_deadline: Option<HumanDuration>,
    /// A cluster that is looked at without being upgraded, before its turn or after, and has been unwell or unreachable for
    /// this long, has failed. Default: as the engine is set, `24h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwell_limit: Option<HumanDuration>,
    /// Whether a cluster must have passed a pre-flight check before each hop. Default: `none`.
    #[serde(default, skip_serializing_if = "PreflightRequirement::is_none")]
    pub preflight: PreflightRequirement,
    /// The verified backup that a cluster must have before each hop. Default: none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupRequirement>,
    /// The health gates that clusters must pass, by the names under which the engine has them, beside those that are asked in any
    /// case. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateRule>,
}

impl FleetUpgradeSpec {
    /// A policy to this version, without stages yet, and otherwise the defaults.
    pub fn new(target: KubernetesVersion) -> Self {
        Self {
            target,
            hops: Vec::new(),
            versions: Vec::new(),
            cluster_calendars: Vec::new(),
            spread: Vec::new(),
            deadline: None,
            unreachable_budget: None,
            clusters: Selector::everything(),
            stages: Vec::new(),
            calendar: Calendar::always(),
            failure_budget: FailureBudget::default(),
            on_failure: OnFailure::default(),
            on_change: OnChange::default(),
            cluster_deadline: None,
            unwell_limit: None,
            preflight: PreflightRequirement::None,
            backup: None,
            gates: Vec::new(),
        }
    }

    /// Passes through these versions, one for each minor between; see [`hops`](Self::hops).
    pub fn hops(mut self, hops: impl IntoIterator<Item = KubernetesVersion>) -> Self {
        self.hops = hops.into_iter().collect();
        self
    }

    /// Passes minor versions without a hop at the newest of these; see [`versions`](Self::versions).
    pub fn versions(mut self, versions: impl IntoIterator<Item = KubernetesVersion>) -> Self {
        self.versions = versions.into_iter().collect();
        self
    }

    /// Starts clusters that match only when this calendar is open, too.
    pub fn cluster_calendar(mut self, selector: Selector, calendar: Calendar) -> Self {
        self.cluster_calendars
            .push(ClusterCalendar { selector, calendar });
        self
    }

    /// Keeps to this limit as well.
    pub fn spread(mut self, rule: SpreadRule) -> Self {
        self.spread.push(rule);
        self
    }

    /// Must have ended by then.
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Tolerates this many unreachable clusters, beside the failed ones.
    pub fn unreachable_budget(mut self, budget: FailureBudget) -> Self {
        self.unreachable_budget = Some(budget);
        self
    }

    /// Is about these clusters only.
    pub fn clusters(mut self, selector: Selector) -> Self {
        self.clusters = selector;
        self
    }

    /// Adds a stage after those there are.
    pub fn stage(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// Starts clusters only when this calendar is open.
    pub fn calendar(mut self, calendar: Calendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// Tolerates this many failed clusters.
    pub fn failure_budget(mut self, budget: FailureBudget) -> Self {
        self.failure_budget = budget;
        self
    }

    /// Does this on failure.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Takes a hop that lasts longer than this for failed.
    pub fn cluster_deadline(mut self, deadline: HumanDuration) -> Self {
        self.cluster_deadline = Some(deadline);
        self
    }

    /// Takes a cluster for failed that has been unwell for this long without being upgraded.
    pub fn unwell_limit(mut self, limit: HumanDuration) -> Self {
        self.unwell_limit = Some(limit);
        self
    }

    /// Does this when the fleet changes under the run.
    pub fn on_change(mut self, on_change: OnChange) -> Self {
        self.on_change = on_change;
        self
    }

    /// Starts only clusters on which nothing breaks at their next version.
    pub fn require_preflight(mut self) -> Self {
        self.preflight = PreflightRequirement::Required;
        self
    }

    /// Starts only clusters with such a backup.
    pub fn backup(mut self, backup: BackupRequirement) -> Self {
        self.backup = Some(backup);
        self
    }

    /// Asks this gate as well.
    pub fn gate(mut self, gate: GateRule) -> Self {
        self.gates.push(gate);
        self
    }
}

/// One stage of a policy: which clusters, how many at a time, how fast, and how long to watch them afterwards.
///
/// A stage takes from the clusters that no earlier stage took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Stage {
    /// The stage's name, unlike the other stages' names.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1)))]
    pub name: String,
    /// Which clusters. Default: every cluster that no earlier stage took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Takes only some of those clusters and leaves the rest to later stages. Default: takes all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
    /// Groups that are upgraded side by side, each with a limit of its own. Every cluster of the stage is in exactly one.
    /// Default: none, the stage is one group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// How many clusters are upgraded at the same time. Default: 1; with groups, what they add up to.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub max_concurrent: NonZeroU32,
    /// How many clusters are started on one day of the calendar's time zone. Default: no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_day: Option<NonZeroU32>,
    /// How long the upgraded clusters are watched before the next stage starts, from the end of the stage's last
    /// cluster. A day is 24 hours. Default: `0s`, the next stage follows at once.
    #[serde(default, skip_serializing_if = "SoakRule::is_none")]
    pub soak: SoakRule,
    /// The share of the stage's clusters that must have ended upgraded for the run to go on, rounded up. Clusters that left
    /// the fleet do not count. As soon as too many failed for it, nothing more starts. Default: one cluster, and the failure
    /// budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_threshold: Option<Percent>,
    /// How many clusters of this stage may fail before nothing new starts, beside the whole run's budget. Default: no such
    /// limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_budget: Option<FailureBudget>,
    /// Who must say yes before the stage begins, and before the next one does. Default: nobody is asked.
    #[serde(default, skip_serializing_if = "StageApproval::is_none")]
    pub approval: StageApproval,
}

impl Stage {
    /// A stage of every cluster that no earlier stage took, one at a time.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            selector: None,
            pick: None,
            groups: Vec::new(),
            completion_threshold: None,
            failure_budget: None,
            max_concurrent: NonZeroU32::MIN,
            max_per_day: None,
            soak: SoakRule::default(),
            approval: StageApproval::default(),
        }
    }

    /// Takes only clusters that match.
    pub fn selector(mut self, selector: Selector) -> Self {
        self.selector = Some(selector);
        self
    }

    /// Takes only some of the clusters that match.
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = Some(pick);
        self
    }

    /// Adds a group.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Goes on only when this share of the stage's clusters is upgraded.
    pub fn completion_threshold(mut self, share: Percent) -> Self {
        self.completion_threshold = Some(share);
        self
    }

    /// Tolerates this many failed clusters in this stage.
    pub fn failure_budget(mut self, budget: FailureBudget) -> Self {
        self.failure_budget = Some(budget);
        self
    }

    /// Upgrades up to this many clusters at the same time.
    pub fn max_concurrent(mut self, clusters: NonZeroU32) -> Self {
        self.max_concurrent = clusters;
        self
    }

    /// Starts up to this many clusters on one day.
    pub fn max_per_day(mut self, clusters: NonZeroU32) -> Self {
        self.max_per_day = Some(clusters);
        self
    }

    /// Watches the upgraded clusters this long before the next stage starts.
    pub fn soak(mut self, soak: HumanDuration) -> Self {
        self.soak.min_time = soak;
        self
    }

    /// Looks at them this often, and finds all well each time, before the next stage starts.
    pub fn soak_samples(mut self, samples: NonZeroU32) -> Self {
        self.soak.min_samples = Some(samples);
        self
    }

    /// Waits for these approvals.
    pub fn approval(mut self, approval: StageApproval) -> Self {
        self.approval = approval;
        self
    }
}

/// A part of a stage with a limit of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// Its name, unlike those of the stage's other groups.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1)))]
    pub name: String,
    /// Which of the stage's clusters.
    pub selector: Selector,
    /// How many of them are upgraded at the same time. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub max_concurrent: NonZeroU32,
}

impl Group {
    /// These clusters, one at a time.
    pub fn new(name: impl Into<String>, selector: Selector) -> Self {
        Self {
            name: name.into(),
            selector,
            max_concurrent: NonZeroU32::MIN,
        }
    }

    /// So many at a time.
    pub fn max_concurrent(mut self, clusters: NonZeroU32) -> Self {
        self.max_concurrent = clusters;
        self
    }
}

/// When some clusters may be started, beside the policy's calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClusterCalendar {
    /// Which clusters.
    pub selector: Selector,
    /// When.
    pub calendar: Calendar,
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
fn is_one(count: &NonZeroU32) -> bool {
    *count == NonZeroU32::MIN
}

fn is_everything(selector: &Selector) -> bool {
    *selector == Selector::everything()
}

fn is_always(calendar: &Calendar) -> bool {
    *calendar == Calendar::always()
}
