//! Which clusters a question can be about: all that have begun, or those that the index knows of.
//!
//! The questions themselves are put to each candidate elsewhere, so that a decision is the same either way; an index only
//! spares it the clusters of which the answer is known.

use std::ops::Range;
use std::vec;

use super::index::Index;
use super::moment::Moment;
use super::rules::{Member, Rules};
use super::{Cell, ClusterId, Phase, RunState, StageId, StagePhase};

/// A cluster of a run: its place, its state, its plan.
pub(crate) type Candidate<'a> = (ClusterId, &'a Cell, Member<'a>);

impl<'a> Moment<'a> {
    /// Where news may come from, in plan order.
    pub(crate) fn newsworthy(&self, may_start: bool) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let (age, now) = (self.settings.evidence_max_age, self.now);
        let guards = self.guards(may_start);
        self.candidates(self.begun(), move |index, places, ids| {
            ids.extend(index.restless(places));
            ids.extend(index.deadlines(now));
            ids.extend(index.stale(guards, age, now));
        })
    }

    /// The clusters of some stages that are upgraded and perhaps not known to be well, in plan order.
    pub(crate) fn suspects(&self, stages: Range<usize>) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let (age, now) = (self.settings.evidence_max_age, self.now);
        self.candidates(self.places(stages.clone()), move |index, places, ids| {
            ids.extend(index.restless(places.clone()));
            ids.extend(index.unseen(places));
            ids.extend(index.stale(stages, age, now));
        })
    }

    /// The clusters of a stage that are on their way, in plan order.
    pub(crate) fn in_flight(&self, stage: StageId) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let places = self.places_of(stage);
        let known = self.index.map(|index| index.in_flight(places.clone()));
        self.at(Ids::of(known, places))
            .filter(|(_, cell, _)| cell.is_in_flight())
    }

    /// The clusters whose start is in the log and perhaps not with them, in plan order.
    pub(crate) fn starting(&self) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        self.candidates(self.begun(), |index, places, ids| {
            ids.extend(index.restless(places));
        })
        .filter(|(_, cell, _)| cell.phase == Phase::Starting)
    }

    /// The clusters that failed or are held, in plan order.
    pub(crate) fn lost(&self) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        self.candidates(self.begun(), |index, places, ids| ids.extend(index.lost(places)))
            .filter(|(_, cell, _)| cell.is_lost())
    }

    /// The clusters that take up a part of a domain, or have taken it with them, in plan order.
    pub(crate) fn away(&self) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        self.candidates(self.begun(), |index, places, ids| {
            ids.extend(index.in_flight(places.clone()));
            ids.extend(index.lost(places));
        })
    }

    /// The clusters, but for those that wait for their start, of which a look may be due; of the others at least the one
    /// whose look is due first; in plan order.
    pub(crate) fn looked_at(&self, may_start: bool) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let (age, poll, now) = (self.settings.refresh(), self.settings.poll(), self.now);
        let guards = self.guards(may_start);
        // A soak that is over lacks looks, each at a time of its own: no order of theirs says which is due next.
        let lacks_looks = self.soak_over().is_some_and(|soaked| soaked <= now);
        self.candidates(self.begun(), move |index, places, ids| {
            if lacks_looks {
                ids.extend(places.map(ClusterId::at));
                return;
            }
            ids.extend(index.rolling_due(poll, now));
            ids.extend(index.deadlines(now));
            ids.extend(index.restless(places.clone()));
            ids.extend(index.unseen(places));
            ids.extend(index.due(guards, age, now));
            ids.extend(index.recent_due(age, now));
        })
    }

    /// The clusters of a stage that wait for their next start, in plan order.
    pub(crate) fn waiting(&self, stage: StageId) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let places = self.places_of(stage);
        let known = self.index.map(|index| index.waiting(places.clone()));
        self.at(Ids::of(known, places))
            .filter(|(_, cell, _)| cell.is_waiting())
    }

    /// The clusters of one stage, in plan order.
    pub(crate) fn members(&self, stage: StageId) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        self.at(self.places_of(stage).map(ClusterId::at))
    }

    /// The stages whose upgraded clusters decide something now: all that have begun when something may start, and the one
    /// that soaks.
    pub(crate) fn guards(&self, may_start: bool) -> Range<usize> {
        match self.stage() {
            Some((id, ..)) if may_start => 0..id.index() + 1,
            Some((id, _, cell)) if matches!(cell.phase, StagePhase::Soaking(_)) => id.index()..id.index() + 1,
            _ => 0..0,
        }
    }

    /// The places in the stages that have begun: no other cluster can have moved.
    pub(crate) fn begun(&self) -> Range<usize> {
        self.places(self.stages_begun())
    }

    pub(crate) fn stages_begun(&self) -> Range<usize> {
        0..self
            .current
            .map_or(self.run.stages.len(), |stage| stage.index() + 1)
    }

    pub(crate) fn places_of(&self, stage: StageId) -> Range<usize> {
        self.places(stage.index()..stage.index() + 1)
    }

    fn places(&self, stages: Range<usize>) -> Range<usize> {
        match self.run.stages.get(stages).unwrap_or_default() {
            [] => 0..0,
            [only] => only.first..only.end,
            [first, .., last] => first.first..last.end,
        }
    }

    fn candidates(
        &self,
        places: Range<usize>,
        known: impl FnOnce(&Index, Range<usize>, &mut Vec<ClusterId>),
    ) -> Candidates<'a, Ids<vec::IntoIter<ClusterId>>> {
        let known = self.index.map(|index| {
            let mut ids = Vec::new();
            known(index, places.clone(), &mut ids);
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter()
        });
        self.at(Ids::of(known, places))
    }

    fn at<I>(&self, ids: I) -> Candidates<'a, I> {
        Candidates {
            ids,
            run: self.run,
            rules: self.rules,
        }
    }
}

/// The clusters at some places.
struct Candidates<'a, I> {
    ids: I,
    run: &'a RunState,
    rules: Rules<'a>,
}

impl<'a, I: Iterator<Item = ClusterId>> Iterator for Candidates<'a, I> {
    type Item = Candidate<'a>;

    fn next(&mut self) -> Option<Candidate<'a>> {
        let id = self.ids.next()?;
        Some((id, self.run.cell(id)?, self.rules.cluster(self.run, id)?))
    }
}

/// The places to look at: all of a range, or those that an index knows of.
enum Ids<I> {
    All(Range<usize>),
    Known(I),
}

impl<I> Ids<I> {
    fn of(known: Option<I>, all: Range<usize>) -> Self {
        known.map_or(Self::All(all), Self::Known)
    }
}

impl<I: Iterator<Item = ClusterId>> Iterator for Ids<I> {
    type Item = ClusterId;

    fn next(&mut self) -> Option<ClusterId> {
        match self {
            Self::All(places) => places.next().map(ClusterId::at),
            Self::Known(ids) => ids.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use fleet_core::{Fleet, FleetCluster, KubernetesVersion};
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::kernel::{
        ClusterObservation, ClusterReport, Command, Fact, LiveRun, Rollout, RunSettings, begin,
    };
    use crate::{FleetUpgrade, FleetUpgradeSpec, Stage, UpgradePlan, plan};

    const OLD: KubernetesVersion = KubernetesVersion::new(1, 30, 8);

    /// Thirty clusters, five at a time.
    fn thirty() -> UpgradePlan {
        let stage = Stage::new("all").max_concurrent(5.try_into().unwrap());
        let spec = FleetUpgradeSpec::new(KubernetesVersion::new(1, 31, 4)).stage(stage);
        let cluster = |number: u32| FleetCluster::new(format!("c{number:02}").parse().unwrap(), OLD);
        let fleet = Fleet::new((0..30).map(cluster)).unwrap();
        let now = "2026-03-02T08:00:00Z".parse().unwrap();
        plan(&FleetUpgrade::new("up", spec), &fleet, now).unwrap()
    }

    /// A run of which five clusters work on their hop, so many are upgraded, and the others wait.
    fn under_way(plan: &UpgradePlan, upgraded: usize) -> (LiveRun<&UpgradePlan>, Timestamp) {
        let mut now = plan.created();
        let mut run = LiveRun::new(plan);
        if let Command::Record(fact) = begin(plan, RunSettings::default()) {
            run.record(now, fact);
        }
        let mut rolling: Vec<ClusterId> = Vec::new();
        let mut done = 0;
        loop {
            for id in run.evidence_due(now) {
                let mut report = ClusterReport::settled(OLD);
                if rolling.contains(&id) {
                    report.desired = plan.target().clone();
                    report.rollout = Rollout::Rolling { updated: 0, total: 3 };
                } else if run.state().started(id).is_some() {
                    report = ClusterReport::settled(plan.target().clone());
                }
                run.observe(id, ClusterObservation::present(now, report));
            }
            for command in run.decide(now) {
                match command {
                    Command::Record(fact) => {
                        run.record(now, fact);
                    }
                    Command::StartHop(order) => {
                        let (cluster, hop) = (order.cluster, order.hop);
                        let readiness = None;
                        run.record(
                            now,
                            Fact::HopStarted {
                                cluster,
                                hop,
                                readiness,
                            },
                        );
                        run.record(now, Fact::HopAccepted { cluster, hop });
                        rolling.push(cluster);
                    }
                    Command::WaitUntil { .. } if done == upgraded => return (run, now),
                    _ => {
                        now = now.checked_add(SignedDuration::from_mins(10)).unwrap();
                        done += rolling.len().min(upgraded - done);
                        rolling.clear();
                    }
                }
            }
        }
    }

    #[test]
    fn those_that_are_well_or_wait_are_no_candidates() {
        let plan = thirty();
        let (mut run, now) = under_way(&plan, 15);
        let count = |run: &LiveRun<&UpgradePlan>, now| {
            let moment = run.moment(now).unwrap();
            assert_eq!((moment.moving, moment.pending), (5, 10));
            [
                moment.newsworthy(true).count(),
                moment.suspects(0..1).count(),
                moment.starting().count(),
                moment.lost().count(),
                moment.away().count(),
            ]
        };
        run.decide(now);
        // News comes from the hop whose deadline is next, if from any.
        assert_eq!(count(&run, now), [1, 0, 0, 0, 5]);
        // Of twenty that are looked at again and again, the next one and the first deadline.
        assert!(run.moment(now).unwrap().looked_at(false).count() <= 4);
        let scratch = Moment::new(&plan, run.state(), run.seen(), now).unwrap();
        assert_eq!(
            (scratch.newsworthy(true).count(), scratch.suspects(0..1).count()),
            (30, 30)
        );

        // One that is seen unwell is one more, and one that nobody knows.
        run.observe(ClusterId(3), ClusterObservation::unreachable(now));
        assert_eq!(count(&run, now), [2, 1, 0, 0, 5]);
        run.forget(ClusterId(4));
        assert_eq!(count(&run, now), [2, 2, 0, 0, 5]);
        // After a day all evidence is old, and all deadlines are over: only those that wait, and the one that nobody knows, are
        // no news.
        let later = now.checked_add(SignedDuration::from_hours(24)).unwrap();
        run.decide(later);
        assert_eq!(count(&run, later), [19, 15, 0, 0, 5]);
    }
}
