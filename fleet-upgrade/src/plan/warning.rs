//! What a policy allows but people should know before they start.

use std::num::NonZeroU32;

use fleet_core::{ClusterName, Criticality, HumanDuration};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something a plan does that its author may not have meant. In JSON, with its `text`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(
    remote = "Self",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
#[non_exhaustive]
pub enum PlanWarning {
    /// The stage takes longer than Kubernetes takes to the next minor release.
    #[error(
        "stage `{stage}` takes {days} days at {cap} a day; a new minor version appears every {} days, so the fleet falls \
         behind; it would take at least {needed} a day to keep up",
        super::RELEASE_RHYTHM_DAYS
    )]
    CapCannotKeepUp {
        /// The stage.
        stage: String,
        /// Its cap per day.
        cap: NonZeroU32,
        /// How many days it takes.
        days: u32,
        /// The smallest cap at which the starts fit in the time between two minor releases.
        needed: NonZeroU32,
    },
    /// The picked clusters leave out values that occur in later stages.
    #[error(
        "stage `{stage}` is not representative: no cluster up to it has {dimension} {}, which later stages have",
        uncovered.join(", ")
    )]
    NotRepresentative {
        /// The stage with the pick.
        stage: String,
        /// `region`, `provider` or `tier`.
        dimension: String,
        /// The values that nothing up to this stage covers.
        uncovered: Vec<String>,
    },
    /// Both halves of a disaster-recovery pair, which share the value of the label `dr-pair`, are away at the same time.
    #[error(
        "{pairs} disaster-recovery pairs, {pair} first ({one} and {other}), have both halves away at the same time; keep them \
         apart with `spread: [{{labels: [dr-pair], maxUnavailable: 1}}]`"
    )]
    PairAtOnce {
        /// How many pairs.
        pairs: u32,
        /// The first of them, by the label's value.
        pair: String,
        /// One half.
        one: ClusterName,
        /// The other.
        other: ClusterName,
    },
    /// Production clusters of one cell, which share the value of the label `blast-radius`, are away at the same time.
    #[error(
        "{cells} cells, {cell} first ({one} and {other}), have several production clusters away at the same time; a cell is meant to \
         fail alone: keep them apart with `spread: [{{labels: [blast-radius], maxUnavailable: 1}}]`"
    )]
    CellAtOnce {
        /// How many cells.
        cells: u32,
        /// The first of them, by the label's value.
        cell: String,
        /// One of its clusters.
        one: ClusterName,
        /// Another.
        other: ClusterName,
    },
    /// Clusters that are there to try new versions (label `version-testing`) and are not critical: none is in the first stage.
    #[error(
        "{clusters} clusters that are there to try new versions, {first} first, come after stage `{stage}`: take one of them into \
         it, or put a stage before it with the selector `version-testing=true`"
    )]
    TestersComeLater {
        /// How many clusters.
        clusters: u32,
        /// The first of them, by name.
        first: ClusterName,
        /// The first stage.
        stage: String,
    },
    /// A stage with a pick is followed by another without a pause to look at it.
    #[error(
        "stage `{stage}` picks canaries but does not soak: stage `{next}` starts as soon as they are upgraded"
    )]
    PickWithoutSoak {
        /// The stage with the pick.
        stage: String,
        /// The one after it.
        next: String,
    },
    /// All that a stage picks runs the target already: the version is tried on nothing before the next stage.
    #[error(
        "stage `{stage}` picks only clusters that run the target already, {first} first: nothing is upgraded there before stage \
         `{next}` is; pick others, or leave the stage out"
    )]
    PickUpgradesNothing {
        /// The stage with the pick.
        stage: String,
        /// The first that it picks.
        first: ClusterName,
        /// The first later stage that upgrades anything.
        next: String,
    },
    /// There are fewer clusters than the stage wants to pick.
    #[error("stage `{stage}` picks {wanted}, but only {found} clusters are left for it: it takes them all")]
    FewerThanPicked {
        /// The stage.
        stage: String,
        /// What its pick asks for.
        wanted: NonZeroU32,
        /// What there is.
        found: u32,
    },
    /// Labels that say how critical a cluster is have values that are not known.
    #[error(
        "label `{label}` of {clusters} clusters says no criticality that is known (`{value}` of {first} first): with \
         `criticality` low, medium, high or critical, or `tier` bronze, silver, gold or platinum, they would be ordered \
         by it; now they count as {counts_as}"
    )]
    UnknownCriticality {
        /// `criticality` or `tier`.
        label: String,
        /// How many clusters.
        clusters: u32,
        /// The first of them, by name.
        first: ClusterName,
        /// What its label says.
        value: String,
        /// What they count as.
        counts_as: Criticality,
    },
    /// Hops are expected to take longer than the policy lets them.
    #[error(
        "{clusters} clusters, the longest of them {longest}, are expected to need up to {estimate} for one hop, longer \
         than clusterDeadline {deadline}: they would count as failed"
    )]
    LongerThanDeadline {
        /// How many clusters.
        clusters: u32,
        /// The one whose hops take longest.
        longest: ClusterName,
        /// The time of one of its hops.
        estimate: HumanDuration,
        /// The policy's deadline.
        deadline: HumanDuration,
    },
    /// Hops are expected to go on after the calendar has closed, because no window is long enough.
    #[error(
        "{clusters} clusters, {first} first, are expected to be under way when the calendar closes: no window is as long \
         as their hops"
    )]
    LongerThanWindow {
        /// How many clusters.
        clusters: u32,
        /// The first of them.
        first: ClusterName,
        /// When the calendar closes on it.
        closes: Timestamp,
    },
}

impl Serialize for PlanWarning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            #[serde(flatten, with = "PlanWarning")]
            data: &'a PlanWarning,
            text: String,
        }
        Entry {
            data: self,
            text: self.to_string(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PlanWarning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}
