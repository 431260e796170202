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
        let (guards, deadline) = (self.guards(may_start), self.rules.deadline());
        self.candidates(self.begun(), move |index, places, ids| {
            ids.extend(index.restless(places));
            ids.extend(index.overdue(deadline, now));
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
        let ids = match self.index {
            Some(index) => Ids::Known(index.in_flight(places)),
            None => Ids::All(places),
        };
        self.at(ids).filter(|(_, cell, _)| cell.is_in_flight())
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

    /// The clusters, but for those that wait for their start, of which a look may be due, and of those of which none is
    /// the ones of which it is the next to be; in plan order.
    pub(crate) fn looked_at(&self, may_start: bool) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let (age, poll, now) = (self.settings.refresh(), self.settings.poll(), self.now);
        let (guards, deadline) = (self.guards(may_start), self.rules.deadline());
        self.candidates(self.begun(), move |index, places, ids| {
            ids.extend(index.rolling_due(poll, now));
            ids.extend(index.overdue(deadline, now));
            ids.extend(index.restless(places.clone()));
            ids.extend(index.unseen(places));
            ids.extend(index.due(guards, age, now));
            ids.extend(index.recent_due(age, now));
        })
    }

    /// The clusters of a stage that wait for their next start, in plan order.
    pub(crate) fn waiting(&self, stage: StageId) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let places = self.places_of(stage);
        let ids = match self.index {
            Some(index) => Ids::Known(index.waiting(places)),
            None => Ids::All(places),
        };
        self.at(ids).filter(|(_, cell, _)| cell.is_waiting())
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
        let ids = match self.index {
            Some(index) => {
                let mut ids = Vec::new();
                known(index, places, &mut ids);
                ids.sort_unstable();
                ids.dedup();
                Ids::Known(ids.into_iter())
            }
            None => Ids::All(places),
        };
        self.at(ids)
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

enum Ids<I> {
    All(Range<usize>),
    Known(I),
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
