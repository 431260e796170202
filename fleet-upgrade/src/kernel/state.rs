//! What a run has come to: a fold over its log, compact enough to be read whole at every decision.

mod fold;

use std::collections::BTreeMap;

use fleet_core::KubernetesVersion;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Detail, Phase};
use super::moment::after;
use super::readiness::CLOCK_GRACE;
use super::soak::Soak;
use super::{
    Ailment, ClusterId, Event, Fact, Outcome, PlanDigest, RunSettings, StageId, StopReason,
    approval::Grant,
    rules::{Rules, members},
};
use crate::UpgradePlan;

/// The state of a run: nothing but the fold of its log, so replaying the log gives the same state.
///
/// Entries that come twice change nothing, and entries that come early wait for those before them, so that any order
/// of delivery ends in the same state.
///
/// ```text
/// Waiting -> Active -> Soaking -> Done                                         a stage
/// Pending -> Starting -> Running -> Between -> Starting .. Running -> Upgraded  a cluster, hop by hop
///    any of these, and Upgraded while the run lasts: -> Failed | Held | Gone;  at the run's end: -> Skipped
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunState {
    pub(crate) header: Option<Header>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) stages: Vec<StageCell>,
    /// What only the few clusters with a story need.
    details: BTreeMap<ClusterId, Detail>,
    pub(crate) taken_up: Option<Timestamp>,
    pub(crate) paused: Option<Timestamp>,
    pub(crate) cancelled: Option<Timestamp>,
    pub(crate) stopping: Option<StopReason>,
    /// Since when nothing starts until a person lets the run go on, and why.
    #[serde(default)]
    pub(crate) halted: Option<(Timestamp, StopReason)>,
    /// The failures, and the unreachable among them, that count no longer: somebody let the run go on after them.
    #[serde(default)]
    pub(crate) forgiven: (u32, u32),
    pub(crate) ended: Option<(Timestamp, Outcome)>,
    pub(crate) failures: u32,
    /// The versions that others brought clusters to, with how many, since somebody let the run go on.
    #[serde(default)]
    pub(crate) changed: BTreeMap<KubernetesVersion, u32>,
    /// Of the failures, those whose last ailment was that nobody could reach them.
    #[serde(default)]
    pub(crate) unreachable: u32,
    /// The latest time in the log, since a clock was last set back.
    #[serde(default)]
    latest: Option<Timestamp>,
    next_seq: u64,
    early: BTreeMap<u64, Event>,
}

impl RunState {
    /// A run of the plan that has not begun.
    pub fn new(plan: &UpgradePlan) -> Self {
        let rules = Rules::of(plan);
        let mut first = 0;
        let mut cells = Vec::new();
        let mut stages = Vec::new();
        for stage in rules.stages() {
            cells.extend(members(stage).map(|member| Cell::new(member.hops().len())));
            stages.push(StageCell {
                first,
                end: cells.len(),
                opened: None,
                phase: StagePhase::Waiting,
                grants: Vec::new(),
                forgiven: 0,
            });
            first = cells.len();
        }
        Self {
            header: None,
            cells,
            stages,
            details: BTreeMap::new(),
            taken_up: None,
            paused: None,
            cancelled: None,
            stopping: None,
            halted: None,
            forgiven: (0, 0),
            ended: None,
            failures: 0,
            changed: BTreeMap::new(),
            unreachable: 0,
            latest: None,
            next_seq: 0,
            early: BTreeMap::new(),
        }
    }

    /// The run of the plan that a log tells of.
    pub fn replay<'e>(plan: &UpgradePlan, events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut run = Self::new(plan);
        for event in events {
            run.apply(event);
        }
        run
    }

    /// Takes in one entry of the log.
    pub fn apply(&mut self, event: &Event) {
        if event.seq < self.next_seq {
            return;
        }
        if event.seq > self.next_seq {
            self.early.entry(event.seq).or_insert_with(|| event.clone());
            return;
        }
        self.take_in(event);
        while let Some(event) = self.early.remove(&self.next_seq) {
            self.take_in(&event);
        }
    }

    fn take_in(&mut self, event: &Event) {
        self.fold(event.at, &event.fact);
        self.latest = self.latest.max(Some(event.at));
        self.next_seq += 1;
    }

    /// The entry that would record a fact now: the next in the log.
    pub fn next_event(&self, at: Timestamp, fact: Fact) -> Event {
        Event {
            seq: self.next_seq,
            at,
            fact,
        }
    }

    /// The number of log entries taken in without a gap.
    pub fn len(&self) -> u64 {
        self.next_seq
    }

    /// Whether the log is empty.
    pub fn is_empty(&self) -> bool {
        self.next_seq == 0
    }

    /// The first entry that is missing although later ones have come, if any is.
    pub fn gap(&self) -> Option<u64> {
        (!self.early.is_empty()).then_some(self.next_seq)
    }

    /// When the run began, if it has.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.header.as_ref().map(|header| header.started)
    }

    /// The plan the log refers to, once the run has begun.
    pub fn plan_digest(&self) -> Option<PlanDigest> {
        self.header.as_ref().map(|header| header.plan)
    }

    /// Since when the run is paused, if it is.
    pub fn paused_since(&self) -> Option<Timestamp> {
        self.paused
    }

    /// Why the run is stopping by itself, if it is.
    pub fn stopping(&self) -> Option<&StopReason> {
        self.stopping.as_ref()
    }

    /// How and when the run ended, if it has.
    pub fn ended(&self) -> Option<(Timestamp, &Outcome)> {
        self.ended.as_ref().map(|(at, outcome)| (*at, outcome))
    }

    /// Why the run is halted until a person lets it go on, if it is.
    pub fn halted(&self) -> Option<&StopReason> {
        self.halted.as_ref().map(|(_, reason)| reason)
    }

    /// How many clusters failed or were changed by others: what the failure budget is measured against.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How evidence is judged.
    pub fn settings(&self) -> RunSettings {
        self.header
            .as_ref()
            .map_or_else(RunSettings::default, |header| header.settings.clone())
    }

    /// Whether a hop is the last one of its cluster.
    pub fn is_last_hop(&self, cluster: ClusterId, hop: u32) -> bool {
        self.cell(cluster).is_some_and(|cell| hop + 1 == cell.hops)
    }

    /// When the first hop of a cluster started; none before.
    pub fn started(&self, cluster: ClusterId) -> Option<Timestamp> {
        self.cell(cluster)?.started
    }

    /// When a cluster was upgraded by this run; none before.
    pub fn upgraded(&self, cluster: ClusterId) -> Option<Timestamp> {
        self.cell(cluster)
            .filter(|cell| cell.phase == Phase::Upgraded && cell.hops > 0)?
            .since
    }

    /// When a cluster's upgrade began and was done, where it is one that upgraded clusters may be compared with or one of
    /// them.
    #[cfg(feature = "engine")]
    pub(crate) fn times(&self, cluster: ClusterId) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
        let cell = self.cell(cluster).filter(|cell| cell.hops > 0)?;
        let is_in = !cell.phase.is_terminal() || cell.phase == Phase::Upgraded;
        is_in.then(|| (cell.started, self.upgraded(cluster)))
    }

    /// The stage that a cluster belongs to.
    pub fn stage_of(&self, cluster: ClusterId) -> Option<StageId> {
        let index = self.stages.partition_point(|stage| stage.end <= cluster.index());
        (index < self.stages.len()).then(|| StageId::at(index))
    }

    pub(crate) fn cell(&self, cluster: ClusterId) -> Option<&Cell> {
        self.cells.get(cluster.index())
    }

    pub(crate) fn detail(&self, cluster: ClusterId) -> Option<&Detail> {
        self.details.get(&cluster)
    }

    /// The cluster's ailment and since when it has one.
    pub(crate) fn unwell(&self, cluster: ClusterId) -> Option<(Timestamp, &Ailment)> {
        self.detail(cluster)
            .and_then(|detail| detail.unwell.as_ref())
            .map(|(since, ailment)| (*since, ailment))
    }

    /// Whether the log goes beyond this time, by more than clocks differ anyway.
    pub(crate) fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.latest.is_some_and(|latest| latest > after(now, CLOCK_GRACE))
    }

    /// Whether something began before this process took the run up.
    pub(crate) fn is_of_earlier_process(&self, since: Timestamp) -> bool {
        self.taken_up.is_some_and(|taken_up| since <= taken_up)
    }
}

/// What the run began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub(crate) started: Timestamp,
    pub(crate) plan: PlanDigest,
    pub(crate) settings: RunSettings,
}

/// A stage's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageCell {
    /// Its clusters are `first..end`.
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) opened: Option<Timestamp>,
    pub(crate) phase: StagePhase,
    /// The approvals it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<Grant>,
    /// How many of its failures somebody let the run go on after.
    #[serde(default)]
    pub(crate) forgiven: u32,
}

/// Where a stage is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StagePhase {
    Waiting,
    Active,
    Soaking(Soak),
    Done {
        at: Timestamp,
        soak_started: Option<Timestamp>,
    },
}
