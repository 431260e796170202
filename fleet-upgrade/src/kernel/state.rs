//! What a run has come to: a fold over its log, compact enough to be read whole at every decision.

use std::collections::BTreeMap;

use fleet_core::KubernetesVersion;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ApprovalPoint;
use super::cell::{Cell, Detail, End, Phase};
use super::moment::after;
use super::readiness::CLOCK_GRACE;
use super::soak::Soak;
use super::{
    Ailment, ClusterId, Event, Fact, FailureCause, Outcome, PlanDigest, RunSettings, StageId, StopReason,
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

    fn fold(&mut self, at: Timestamp, fact: &Fact) {
        if let Fact::RunStarted { plan, settings } = fact {
            if self.header.is_none() {
                self.header = Some(Header {
                    started: at,
                    plan: *plan,
                    settings: settings.clone(),
                });
            }
            return;
        }
        if self.header.is_none() || self.ended.is_some() {
            return;
        }
        match fact {
            Fact::RunStarted { .. } => {}
            Fact::ClockSetBack => self.set_back(at),
            Fact::RunTakenUp => self.taken_up = self.taken_up.max(Some(at)),
            Fact::StageOpened { stage } => {
                if let Some(cell) = self.stages.get_mut(stage.index())
                    && cell.phase == StagePhase::Waiting
                {
                    cell.phase = StagePhase::Active;
                    cell.opened = Some(at);
                }
            }
            Fact::HopStarted { cluster, hop, .. } => self.on_cell(*cluster, |cell| {
                let next = match cell.phase {
                    Phase::Pending => 0,
                    Phase::Between => cell.hop,
                    _ => return,
                };
                if *hop == next && *hop < cell.hops {
                    cell.phase = Phase::Starting;
                    cell.since = Some(at);
                    cell.accepted = None;
                    cell.started = cell.started.or(Some(at));
                }
            }),
            Fact::HopAccepted { cluster, hop } => {
                self.on_cell(*cluster, |cell| {
                    if cell.phase == Phase::Starting && cell.hop == *hop {
                        cell.phase = Phase::Running;
                        cell.accepted = Some(at);
                    }
                });
                self.forget_offers(*cluster);
            }
            Fact::HopWithdrawn { cluster, hop } => self.withdraw(at, *cluster, *hop),
            Fact::HopDone { cluster, hop } => self.on_cell(*cluster, |cell| {
                if matches!(cell.phase, Phase::Starting | Phase::Running) && cell.hop == *hop {
                    cell.hop += 1;
                    cell.since = Some(at);
                    cell.phase = if cell.hop == cell.hops {
                        Phase::Upgraded
                    } else {
                        Phase::Between
                    };
                }
            }),
            Fact::ClusterFailed { cluster, cause } => {
                let lost = matches!(
                    cause,
                    FailureCause::Unwell {
                        ailment: Ailment::Unreachable
                    }
                );
                if lost && self.cell(*cluster).is_some_and(Cell::is_live) {
                    self.unreachable = self.unreachable.saturating_add(1);
                }
                let end = End::Failed { cause: cause.clone() };
                self.end_cluster(at, *cluster, Phase::Failed, Some(end));
            }
            Fact::ClusterHeld {
                cluster,
                found,
                expected,
                writer,
            } => {
                let (found, expected, writer) = (found.clone(), expected.clone(), writer.clone());
                if self.cell(*cluster).is_some_and(Cell::is_live) {
                    *self.changed.entry(found.clone()).or_default() += 1;
                }
                self.end_cluster(
                    at,
                    *cluster,
                    Phase::Held,
                    Some(End::Held {
                        found,
                        expected,
                        writer,
                    }),
                );
            }
            Fact::ClusterAdopted { cluster } => {
                if self.cell(*cluster).is_some_and(Cell::is_waiting) {
                    self.make_well(*cluster);
                    self.on_cell(*cluster, |cell| {
                        cell.phase = Phase::Running;
                        cell.hop = cell.hops.saturating_sub(1);
                        (cell.since, cell.accepted) = (Some(at), Some(at));
                        cell.started = cell.started.or(Some(at));
                    });
                }
            }
            Fact::ClusterGone { cluster } => self.end_cluster(at, *cluster, Phase::Gone, None),
            Fact::ClusterUnwell { cluster, cause } => {
                if self.cell(*cluster).is_some_and(Cell::is_live) {
                    let detail = self.details.entry(*cluster).or_default();
                    let since = detail.unwell.as_ref().map_or(at, |(since, _)| *since);
                    detail.unwell = Some((since, cause.clone()));
                    self.on_cell(*cluster, |cell| cell.unwell = true);
                }
            }
            Fact::ClusterWell { cluster } => self.make_well(*cluster),
            Fact::Approved {
                point: ApprovalPoint::GoOn,
                ..
            } => {
                if self.halted.take().is_some() {
                    self.forgiven = (self.failures, self.unreachable);
                    self.changed.clear();
                    for stage in &mut self.stages {
                        let lost = self.cells[stage.first..stage.end]
                            .iter()
                            .filter(|cell| cell.is_lost());
                        stage.forgiven = u32::try_from(lost.count()).unwrap_or(u32::MAX);
                    }
                }
            }
            Fact::Halted { reason } => {
                if self.halted.is_none() {
                    self.halted = Some((at, reason.clone()));
                }
            }
            Fact::RemedyDone { cluster, .. } | Fact::RemedyFailed { cluster, .. } => {
                if self
                    .cell(*cluster)
                    .is_some_and(|cell| cell.phase == Phase::Failed)
                {
                    let remedies = &mut self.details.entry(*cluster).or_default().remedies;
                    remedies.over = remedies.over.saturating_add(1);
                    remedies.since = Some(at);
                }
            }
            Fact::Approved {
                stage,
                point,
                by,
                given,
                expires,
            } => {
                if let Some(cell) = self.stages.get_mut(stage.index()) {
                    cell.grants.push(Grant {
                        point: *point,
                        by: by.clone(),
                        given: *given,
                        expires: *expires,
                    });
                }
            }
            Fact::SoakStarted { stage } => {
                if let Some(cell) = self.stages.get_mut(stage.index())
                    && cell.phase == StagePhase::Active
                {
                    cell.phase = StagePhase::Soaking(Soak::starting(at));
                }
            }
            Fact::SoakEvidence { stage, seen } => {
                let (max_age, paused) = (self.settings().evidence_max_age, self.paused);
                self.on_soak(*stage, |soak| soak.credit(*seen, max_age, paused));
            }
            Fact::SoakBroken { stage, .. } => self.on_soak(*stage, |soak| soak.lose(at)),
            Fact::StageDone { stage } => {
                if let Some(cell) = self.stages.get_mut(stage.index())
                    && matches!(cell.phase, StagePhase::Active | StagePhase::Soaking(_))
                {
                    let soak_started = match &cell.phase {
                        StagePhase::Soaking(soak) => Some(soak.started),
                        _ => None,
                    };
                    cell.phase = StagePhase::Done { at, soak_started };
                }
            }
            Fact::Paused => self.paused = self.paused.or(Some(at)),
            Fact::Resumed => {
                if let Some(since) = self.paused.take() {
                    for stage in &mut self.stages {
                        if let StagePhase::Soaking(soak) = &mut stage.phase {
                            soak.mask(since, at);
                        }
                    }
                }
            }
            Fact::Cancelled => self.cancelled = self.cancelled.or(Some(at)),
            Fact::Stopping { reason } => {
                if self.stopping.is_none() {
                    self.stopping = Some(reason.clone());
                }
            }
            Fact::RunEnded { outcome } => {
                for cell in self.cells.iter_mut().filter(|cell| !cell.phase.is_terminal()) {
                    cell.phase = Phase::Skipped;
                    cell.since = Some(at);
                }
                self.ended = Some((at, outcome.clone()));
            }
        }
    }

    /// Whether the log goes beyond this time, by more than clocks differ anyway.
    pub(crate) fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.latest.is_some_and(|latest| latest > after(now, CLOCK_GRACE))
    }

    /// Brings everything that lies after this time to it: of what was measured from there, nothing has passed yet.
    fn set_back(&mut self, to: Timestamp) {
        self.latest = Some(to);
        // An order from there is nobody's at work: it is decided anew.
        let ordered =
            |cell: &Cell| cell.phase == Phase::Starting && cell.since.is_some_and(|since| since > to);
        if self.taken_up.is_some() && self.cells.iter().any(ordered) {
            self.taken_up = Some(to);
        }
        let max_age = self.settings().evidence_max_age;
        let earlier = |at: &mut Timestamp| *at = (*at).min(to);
        let maybe = |at: &mut Option<Timestamp>| at.iter_mut().for_each(earlier);
        for at in [&mut self.taken_up, &mut self.paused, &mut self.cancelled] {
            maybe(at);
        }
        self.header
            .iter_mut()
            .for_each(|header| earlier(&mut header.started));
        self.halted.iter_mut().for_each(|(at, _)| earlier(at));
        for cell in &mut self.cells {
            for at in [&mut cell.since, &mut cell.accepted, &mut cell.started] {
                maybe(at);
            }
        }
        for stage in &mut self.stages {
            maybe(&mut stage.opened);
            match &mut stage.phase {
                StagePhase::Waiting | StagePhase::Active => {}
                StagePhase::Soaking(soak) => soak.set_back(to, max_age),
                StagePhase::Done { at, soak_started } => {
                    earlier(at);
                    maybe(soak_started);
                }
            }
        }
        for detail in self.details.values_mut() {
            detail.unwell.iter_mut().for_each(|(since, _)| earlier(since));
            detail.offered = SignedDuration::ZERO;
            maybe(&mut detail.remedies.since);
        }
    }

    /// Takes an order back that its cluster has not taken.
    fn withdraw(&mut self, at: Timestamp, cluster: ClusterId, hop: u32) {
        let Some(cell) = self.cells.get_mut(cluster.index()) else {
            return;
        };
        if cell.phase != Phase::Starting || cell.hop != hop {
            return;
        }
        let since = cell.since;
        cell.since = Some(at);
        if hop == 0 {
            cell.phase = Phase::Pending;
            cell.since = None;
            cell.started = None;
        } else {
            cell.phase = Phase::Between;
        }
        // Of an order that an earlier process gave nobody knows for how long it was offered.
        if let Some(since) = since.filter(|since| !self.is_of_earlier_process(*since)) {
            let offered = &mut self.details.entry(cluster).or_default().offered;
            *offered = offered.saturating_add(at.duration_since(since).max(SignedDuration::ZERO));
        }
    }

    fn forget_offers(&mut self, cluster: ClusterId) {
        if let Some(detail) = self.details.get_mut(&cluster) {
            detail.offered = SignedDuration::ZERO;
            if *detail == Detail::default() {
                self.details.remove(&cluster);
            }
        }
    }

    /// Whether something began before this process took the run up.
    pub(crate) fn is_of_earlier_process(&self, since: Timestamp) -> bool {
        self.taken_up.is_some_and(|taken_up| since <= taken_up)
    }

    fn end_cluster(&mut self, at: Timestamp, cluster: ClusterId, phase: Phase, end: Option<End>) {
        if !self.cell(cluster).is_some_and(Cell::is_live) {
            return;
        }
        self.make_well(cluster);
        self.on_cell(cluster, |cell| {
            cell.phase = phase;
            cell.since = Some(at);
        });
        if phase != Phase::Gone {
            self.failures = self.failures.saturating_add(1);
        }
        if let Some(end) = end {
            self.details.entry(cluster).or_default().end = Some(end);
        }
    }

    fn make_well(&mut self, cluster: ClusterId) {
        self.on_cell(cluster, |cell| cell.unwell = false);
        if let Some(detail) = self.details.get_mut(&cluster) {
            detail.unwell = None;
            if *detail == Detail::default() {
                self.details.remove(&cluster);
            }
        }
    }

    fn on_cell(&mut self, cluster: ClusterId, change: impl FnOnce(&mut Cell)) {
        if let Some(cell) = self.cells.get_mut(cluster.index()) {
            change(cell);
        }
    }

    fn on_soak(&mut self, stage: StageId, change: impl FnOnce(&mut Soak)) {
        if let Some(StageCell {
            phase: StagePhase::Soaking(soak),
            ..
        }) = self.stages.get_mut(stage.index())
        {
            change(soak);
        }
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
