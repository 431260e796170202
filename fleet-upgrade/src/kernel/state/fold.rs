//! What each entry of the log changes.

use jiff::{SignedDuration, Timestamp};

use super::{Header, RunState, StageCell, StagePhase};
use crate::kernel::approval::Grant;
use crate::kernel::cell::{Cell, Detail, End, Phase};
use crate::kernel::soak::Soak;
use crate::kernel::{Ailment, ApprovalPoint, ClusterId, Fact, FailureCause, StageId};

impl RunState {
    /// Takes in what happened at a time.
    pub(super) fn fold(&mut self, at: Timestamp, fact: &Fact) {
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
