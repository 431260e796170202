//! One moment of a run: what the parts of a decision all look at, found in one pass.

use std::cell::RefCell;
use std::collections::BTreeMap;

use fleet_core::ClusterName;
use jiff::{SignedDuration, Timestamp};

use super::domains::Usage;
use super::index::{Index, Tally};
use super::readiness::Ready;
use super::rules::{Member, Required, Rules};
use super::windows::Admission;
use super::{
    Blocker, Cell, ClusterId, ClusterObservation, Observation, Phase, RunSettings, RunState, StageCell,
    StageId, StagePhase,
};
use crate::{PlannedStage, UpgradePlan};

/// A run at a moment.
pub(crate) struct Moment<'a> {
    pub(crate) rules: Rules<'a>,
    pub(crate) run: &'a RunState,
    pub(crate) seen: &'a Observation,
    pub(crate) now: Timestamp,
    /// The clusters by what is asked of them; without it, all are asked.
    pub(crate) index: Option<&'a Index>,
    pub(crate) settings: RunSettings,
    /// The first stage that is not over.
    pub(crate) current: Option<StageId>,
    /// Clusters of the current stage that take up a place.
    pub(crate) in_flight: u32,
    /// Starting or running clusters, in all stages.
    pub(crate) moving: u32,
    /// Clusters between hops.
    pub(crate) between: u32,
    /// Clusters of the current stage that have not started.
    pub(crate) pending: u32,
    /// Clusters of the current stage that failed or are held.
    pub(crate) lost_here: u32,
    /// Clusters of the current stage that left the fleet.
    pub(crate) gone_here: u32,
    /// Clusters that the current stage started on the day of `now`.
    pub(crate) started_today: u32,
    /// The next civil day.
    pub(crate) tomorrow: Timestamp,
    pub(crate) open: bool,
    /// What each domain has away.
    pub(crate) usage: Usage,
    /// What the calendars say to hops that take so long, as far as it was asked.
    admissions: RefCell<BTreeMap<(Option<u32>, SignedDuration), Admission>>,
}

impl<'a> Moment<'a> {
    /// The moment, or nothing if the state belongs to another plan.
    pub(crate) fn new(
        plan: &'a UpgradePlan,
        run: &'a RunState,
        seen: &'a Observation,
        now: Timestamp,
    ) -> Option<Self> {
        Self::with(plan, run, seen, None, now)
    }

    /// The moment, with an index of this state and evidence.
    pub(crate) fn with(
        plan: &'a UpgradePlan,
        run: &'a RunState,
        seen: &'a Observation,
        index: Option<&'a Index>,
        now: Timestamp,
    ) -> Option<Self> {
        let rules = Rules::of(plan);
        let fits = run.stages.len() == rules.stages().len()
            && run.stages.iter().zip(rules.stages()).all(|(cell, stage)| {
                cell.first <= cell.end
                    && cell.end - cell.first == stage.clusters.len() + stage.witnesses().len()
                    && cell.end <= run.cells.len()
            });
        if !fits {
            return None;
        }
        let current = run
            .stages
            .iter()
            .position(|stage| !matches!(stage.phase, StagePhase::Done { .. }))
            .map(StageId::at);
        let mut moment = Self {
            rules,
            run,
            seen,
            now,
            index,
            settings: rules.settings(run),
            current,
            in_flight: 0,
            moving: 0,
            between: 0,
            pending: 0,
            lost_here: 0,
            gone_here: 0,
            started_today: 0,
            tomorrow: Timestamp::MAX,
            open: false,
            usage: Usage::default(),
            admissions: RefCell::default(),
        };
        if run.ended.is_none() && run.header.is_some() {
            moment.count();
            moment.usage = Usage::of(&moment);
        }
        Some(moment)
    }

    fn count(&mut self) {
        let (today, tomorrow) = self.index.map_or_else(|| self.rules.day(self.now), Index::day);
        self.tomorrow = tomorrow;
        self.open = self.rules.calendar().is_open(self.now);
        let Some((stage, ..)) = self.stage() else {
            return;
        };
        let tally = if let Some(index) = self.index {
            self.started_today = index.today(stage);
            index.tally(stage)
        } else {
            let mut tally = Tally::default();
            for cell in &self.run.cells[self.places_of(stage)] {
                tally.count(cell.phase);
                if cell.started.is_some_and(|at| today <= at && at < tomorrow) {
                    self.started_today += 1;
                }
            }
            tally
        };
        self.moving = tally.moving;
        self.between = tally.between;
        self.pending = tally.pending;
        self.lost_here = tally.lost;
        self.gone_here = tally.gone;
        self.in_flight = tally.moving + tally.between;
    }

    /// The current stage: its place, its rules and its state.
    pub(crate) fn stage(&self) -> Option<(StageId, &'a PlannedStage, &'a StageCell)> {
        let id = self.current?;
        Some((id, self.rules.stage(id)?, self.run.stages.get(id.index())?))
    }

    pub(crate) fn fresh(&self, cluster: ClusterId) -> Option<&'a ClusterObservation> {
        self.seen.fresh(cluster, self.settings.evidence_max_age, self.now)
    }

    /// Whether what is known of the cluster is there, but too old.
    pub(crate) fn is_stale(&self, cluster: ClusterId) -> bool {
        self.seen.get(cluster).is_some() && self.fresh(cluster).is_none()
    }

    /// Whether fresh evidence says that a cluster which is not being upgraded runs what it should and is well.
    /// Whether it may also be started, where it could be.
    pub(crate) fn is_well(&self, id: ClusterId, cell: &Cell, planned: Member<'_>) -> bool {
        !cell.unwell
            && self.fresh(id).is_some_and(|seen| {
                seen.report()
                    .is_some_and(|report| report.is_well(planned, cell.hop))
                    && self.readiness(id, cell, seen) == Ready::Yes
            })
    }

    /// What keeps the whole run from starting anything, whatever the evidence: orders, the calendar, the soak.
    pub(crate) fn closed(&self) -> Option<Blocker> {
        if let Some((_, outcome)) = &self.run.ended {
            return Some(Blocker::Ended {
                outcome: outcome.clone(),
            });
        }
        if self.run.header.is_none() {
            return Some(Blocker::NotStarted);
        }
        if let Some(why) = &self.run.stopping {
            return Some(Blocker::Stopping { why: why.clone() });
        }
        if self.run.cancelled.is_some() {
            return Some(Blocker::Cancelled);
        }
        if let Some(since) = self.run.paused {
            return Some(Blocker::Paused { since });
        }
        if let Some(blocker) = self.approval_blocker().or_else(|| self.soaking()) {
            return Some(blocker);
        }
        if !self.open {
            return Some(Blocker::Calendar {
                opens: self.rules.calendar().next_opening(self.now),
            });
        }
        None
    }

    /// The soak of the current stage, if it soaks.
    pub(crate) fn soaking(&self) -> Option<Blocker> {
        let (id, planned, cell) = self.stage()?;
        let StagePhase::Soaking(soak) = &cell.phase else {
            return None;
        };
        let Required {
            time: required,
            samples,
        } = self.rules.required(id);
        let earning = soak.last.filter(|_| self.run.paused.is_none());
        let missing = samples.saturating_sub(soak.samples);
        let left = (required - soak.earned).max(
            self.settings
                .refresh()
                .saturating_mul(i32::try_from(missing).unwrap_or(i32::MAX)),
        );
        let until = earning.and_then(|last| last.checked_add(left).ok());
        Some(Blocker::Soak {
            stage: planned.name.clone(),
            earned: soak.earned,
            required,
            until,
        })
    }

    /// When what the soak of the current stage lacks is earned, if all stays well.
    pub(crate) fn soak_over(&self) -> Option<Timestamp> {
        match self.soaking()? {
            Blocker::Soak { until, .. } => until,
            _ => None,
        }
    }

    /// Why a cluster's calendar keeps it from starting: it is closed, or closes before the hop's end.
    pub(crate) fn closed_for(&self, cluster: Member<'_>) -> Option<Blocker> {
        let calendar = self.rules.calendar_of(cluster);
        if calendar.is_always() {
            return None;
        }
        // There are as many answers as there are sizes of clusters, and many clusters.
        let takes = cluster.hop_estimate();
        let mut known = self.admissions.borrow_mut();
        let admission = known
            .entry((cluster.calendar(), takes))
            .or_insert_with(|| Admission::of(calendar, self.now, takes));
        match *admission {
            Admission::Granted => None,
            Admission::Deferred(opens) => Some(Blocker::Calendar { opens }),
        }
    }

    /// When the first of the clusters that a calendar keeps from starting may start, of those that were asked about.
    pub(crate) fn next_admission(&self) -> Option<Timestamp> {
        let known = self.admissions.borrow();
        let deferred = known.values().filter_map(|admission| match admission {
            Admission::Granted => None,
            Admission::Deferred(opens) => *opens,
        });
        deferred.min()
    }

    /// Why a cluster that has not started may not now, as far as its domains and its calendar go.
    pub(crate) fn held_back(&self, cluster: Member<'_>, usage: &Usage) -> Option<Blocker> {
        match usage.full(self.rules.domains(), cluster) {
            Some(domain) => Some(Blocker::Domain {
                domain: domain.name.clone(),
                limit: domain.limit,
            }),
            None => self.closed_for(cluster),
        }
    }

    /// When a cluster that has begun a hop has had its time for it.
    pub(crate) fn deadline(&self, id: ClusterId, cell: &Cell, planned: Member<'_>) -> Option<Timestamp> {
        let deadline = after(cell.since?, self.rules.deadline(planned));
        let had = match cell.phase {
            Phase::Starting => self
                .run
                .detail(id)
                .map_or(SignedDuration::ZERO, |detail| detail.offered),
            _ => SignedDuration::ZERO,
        };
        Some(deadline.checked_sub(had).unwrap_or(Timestamp::MIN))
    }

    /// What keeps the current stage from starting another cluster: its places and its day.
    pub(crate) fn full(&self) -> Option<Blocker> {
        let (id, planned, _) = self.stage()?;
        if self.in_flight >= planned.max_concurrent.get() {
            let (_, _, first) = self.in_flight(id).next()?;
            let running = first.name().clone();
            return Some(Blocker::Concurrency {
                stage: planned.name.clone(),
                limit: planned.max_concurrent,
                running,
            });
        }
        let per_day = planned.max_per_day?;
        (self.started_today >= per_day.get()).then(|| Blocker::DayCap {
            stage: planned.name.clone(),
            per_day,
            resets: self.tomorrow,
        })
    }

    /// How many more clusters the current stage may start now, as far as places and the day go.
    pub(crate) fn slots(&self) -> u32 {
        let Some((_, planned, _)) = self.stage() else {
            return 0;
        };
        let places = planned.max_concurrent.get().saturating_sub(self.in_flight);
        let today = planned
            .max_per_day
            .map_or(u32::MAX, |cap| cap.get().saturating_sub(self.started_today));
        places.min(today)
    }

    /// Whether something would start now if all evidence were good.
    pub(crate) fn may_start(&self) -> bool {
        self.closed().is_none()
            && self
                .stage()
                .is_some_and(|(_, _, cell)| cell.phase == StagePhase::Active)
            && (self.between > 0 || (self.pending > 0 && self.slots() > 0))
    }

    /// What is wrong with the clusters upgraded so far, if anything is: nothing starts then.
    pub(crate) fn guard(&self) -> Option<Blocker> {
        self.suspects(self.stages_begun())
            .filter(|(_, cell, _)| cell.phase == Phase::Upgraded)
            .find(|(id, cell, planned)| !self.is_well(*id, cell, *planned))
            .map(|(id, _, planned)| self.not_well(id, planned.name()))
    }

    /// Why a cluster cannot be said to be well.
    pub(crate) fn not_well(&self, id: ClusterId, name: &ClusterName) -> Blocker {
        match self.run.unwell(id) {
            Some((since, ailment)) => Blocker::Unwell {
                cluster: name.clone(),
                ailment: ailment.clone(),
                fails_at: after(since, self.settings.unwell_limit),
            },
            None => Blocker::Evidence {
                cluster: name.clone(),
            },
        }
    }

    /// Whether a cluster was upgraded so lately that it is watched also while nothing starts: the sooner it is known to
    /// be unwell, the sooner something is done about it.
    pub(crate) fn is_recent(&self, cell: &Cell) -> bool {
        let upgraded = cell.since.filter(|_| cell.hops > 0);
        upgraded.is_some_and(|since| self.now < after(since, WATCHED))
    }
}

/// Whether a cluster that is held back by this keeps those behind it waiting: the fleet's calendar does, its own does not.
pub(crate) fn keeps_order(cluster: Member<'_>, held_back: &Blocker) -> bool {
    cluster.calendar().is_none() && matches!(held_back, Blocker::Calendar { .. })
}

/// How long an upgraded cluster is watched in any case.
pub(crate) const WATCHED: SignedDuration = SignedDuration::from_hours(24);

/// A later instant, at most the last there is.
pub(crate) fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
