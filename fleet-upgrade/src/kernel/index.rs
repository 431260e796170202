//! The clusters of a run by what decisions ask of them, so that a decision reads those that matter and no others.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::assess;
use super::moment::{WATCHED, after};
use super::rules::Rules;
use super::{Cell, ClusterId, ClusterObservation, Observation, Phase, RunState, StageId};

/// Clusters in the order of an instant of theirs.
type ByTime = BTreeSet<(Timestamp, ClusterId)>;

/// Where every cluster is filed. What is in it follows from state and evidence alone, cluster by cluster, so that it is
/// enough to file a cluster anew when something about it has changed.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    filed: Vec<Option<Filing>>,
    stages: Vec<StageIndex>,
    /// Not started, or between hops.
    waiting: BTreeSet<ClusterId>,
    /// Starting, running, or between hops.
    in_flight: BTreeSet<ClusterId>,
    /// Failed or held.
    lost: BTreeSet<ClusterId>,
    /// There is news of them, or may be as time passes.
    restless: BTreeSet<ClusterId>,
    /// Upgraded, not known to be unwell, and never looked at.
    unseen: BTreeSet<ClusterId>,
    /// Those that work on a hop and of which there is no news: by when they were seen, if they were, and by when the hop's
    /// deadline is.
    rolling: ByTime,
    hops: ByTime,
    /// Of the quiet ones, those upgraded lately: by when they were seen, and by when they were upgraded.
    recent: ByTime,
    lately: ByTime,
    /// The time that `recent` goes by.
    now: Timestamp,
    /// The civil day that `started_today` goes by.
    day: Range<Timestamp>,
}

/// One stage's part of it.
#[derive(Debug, Clone, Default)]
struct StageIndex {
    tally: Tally,
    /// Upgraded, and well when last seen, by when that was.
    quiet: ByTime,
    /// How many have started, by when they did.
    starts: BTreeMap<Timestamp, u32>,
    started_today: u32,
}

/// How many clusters of a stage are in a phase that decisions count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) pending: u32,
    /// Starting or running.
    pub(crate) moving: u32,
    pub(crate) between: u32,
    /// Failed or held.
    pub(crate) lost: u32,
    pub(crate) gone: u32,
}

impl Tally {
    pub(crate) fn count(&mut self, phase: Phase) {
        if let Some(count) = self.of(phase) {
            *count += 1;
        }
    }

    fn discount(&mut self, phase: Phase) {
        if let Some(count) = self.of(phase) {
            *count -= 1;
        }
    }

    fn of(&mut self, phase: Phase) -> Option<&mut u32> {
        match phase {
            Phase::Pending => Some(&mut self.pending),
            Phase::Starting | Phase::Running => Some(&mut self.moving),
            Phase::Between => Some(&mut self.between),
            Phase::Failed | Phase::Held => Some(&mut self.lost),
            Phase::Gone => Some(&mut self.gone),
            Phase::Upgraded | Phase::Skipped => None,
        }
    }
}

/// What decides where a cluster is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Filing {
    stage: usize,
    phase: Phase,
    started: Option<Timestamp>,
    standing: Standing,
}

/// What is to be said of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing: it waits, or it came to its end.
    Silent,
    /// Something, perhaps.
    Restless,
    /// It is upgraded, and was never looked at.
    Unseen,
    /// It is upgraded, and well.
    Quiet {
        seen: Timestamp,
        /// When it was upgraded; none before this run.
        since: Option<Timestamp>,
    },
    /// It works on a hop, and nothing new is seen of it.
    Rolling {
        seen: Option<Timestamp>,
        deadline: Timestamp,
    },
}

impl Filing {
    fn of(rules: Rules<'_>, run: &RunState, seen: &Observation, id: ClusterId) -> Option<Self> {
        let cell = run.cell(id)?;
        Some(Self {
            stage: run.stage_of(id)?.index(),
            phase: cell.phase,
            started: cell.started,
            standing: Standing::of(rules, run, cell, seen.get(id), id),
        })
    }
}

impl Standing {
    fn of(
        rules: Rules<'_>,
        run: &RunState,
        cell: &Cell,
        seen: Option<&ClusterObservation>,
        id: ClusterId,
    ) -> Self {
        let Some(planned) = rules.cluster(run, id) else {
            return Self::Restless;
        };
        let well = |seen: &ClusterObservation| {
            seen.report()
                .is_some_and(|report| report.is_well(planned, cell.hop))
        };
        match (cell.phase, seen) {
            (Phase::Failed | Phase::Held | Phase::Gone | Phase::Skipped, _) => Self::Silent,
            // They are few, and what is done about them depends on the time.
            (Phase::Starting | Phase::Between, _) => Self::Restless,
            (Phase::Running, seen) => match cell.since {
                Some(since)
                    if seen.is_none_or(|seen| assess::news_of_hop(seen, id, cell, planned).is_none()) =>
                {
                    Self::Rolling {
                        seen: seen.map(|seen| seen.seen_at),
                        deadline: after(since, rules.deadline(planned)),
                    }
                }
                _ => Self::Restless,
            },
            _ if cell.unwell => Self::Restless,
            (Phase::Pending, None) => Self::Silent,
            // How old a backup is changes by itself.
            (Phase::Pending, Some(seen)) if well(seen) => {
                let asked = seen.readiness.is_some() && rules.readiness().is_some();
                if asked { Self::Restless } else { Self::Silent }
            }
            (Phase::Upgraded, None) => Self::Unseen,
            (Phase::Upgraded, Some(seen)) if well(seen) => Self::Quiet {
                seen: seen.seen_at,
                since: cell.since.filter(|_| cell.hops > 0),
            },
            (Phase::Pending | Phase::Upgraded, Some(_)) => Self::Restless,
        }
    }
}

impl Index {
    /// Files every cluster.
    pub(crate) fn of(rules: Rules<'_>, run: &RunState, seen: &Observation) -> Self {
        let mut index = Self {
            filed: vec![None; run.cells.len()],
            stages: vec![StageIndex::default(); run.stages.len()],
            waiting: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            lost: BTreeSet::new(),
            restless: BTreeSet::new(),
            unseen: BTreeSet::new(),
            rolling: ByTime::new(),
            hops: ByTime::new(),
            recent: ByTime::new(),
            lately: ByTime::new(),
            now: Timestamp::MIN,
            day: Timestamp::MIN..Timestamp::MIN,
        };
        for id in (0..run.cells.len()).map(ClusterId::at) {
            index.file(rules, run, seen, id);
        }
        index
    }

    /// Files one cluster anew.
    pub(crate) fn file(&mut self, rules: Rules<'_>, run: &RunState, seen: &Observation, id: ClusterId) {
        let new = Filing::of(rules, run, seen, id);
        let Some(place) = self.filed.get_mut(id.index()) else {
            return;
        };
        let old = std::mem::replace(place, new);
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.take_out(id, old);
        }
        if let Some(new) = new {
            self.put_in(id, new);
        }
    }

    fn put_in(&mut self, id: ClusterId, filing: Filing) {
        let Filing {
            stage,
            phase,
            started,
            standing,
        } = filing;
        let Some(stage) = self.stages.get_mut(stage) else {
            return;
        };
        stage.tally.count(phase);
        if let Some(at) = started {
            *stage.starts.entry(at).or_default() += 1;
            stage.started_today += u32::from(self.day.contains(&at));
        }
        match standing {
            Standing::Silent => {}
            Standing::Restless => drop(self.restless.insert(id)),
            Standing::Unseen => drop(self.unseen.insert(id)),
            Standing::Rolling { seen, deadline } => {
                self.rolling.insert((seen.unwrap_or(Timestamp::MIN), id));
                self.hops.insert((deadline, id));
            }
            Standing::Quiet { seen, since } => {
                stage.quiet.insert((seen, id));
                if let Some(since) = since.filter(|since| self.now < after(*since, WATCHED)) {
                    self.recent.insert((seen, id));
                    self.lately.insert((since, id));
                }
            }
        }
        for set in self.of_phase(phase).into_iter().flatten() {
            set.insert(id);
        }
    }

    fn take_out(&mut self, id: ClusterId, filing: Filing) {
        let Filing {
            stage,
            phase,
            started,
            standing,
        } = filing;
        let Some(stage) = self.stages.get_mut(stage) else {
            return;
        };
        stage.tally.discount(phase);
        if let Some(at) = started
            && let btree_map::Entry::Occupied(mut starts) = stage.starts.entry(at)
        {
            *starts.get_mut() -= 1;
            if *starts.get() == 0 {
                starts.remove();
            }
            stage.started_today -= u32::from(self.day.contains(&at));
        }
        match standing {
            Standing::Silent => {}
            Standing::Restless => drop(self.restless.remove(&id)),
            Standing::Unseen => drop(self.unseen.remove(&id)),
            Standing::Rolling { seen, deadline } => {
                self.rolling.remove(&(seen.unwrap_or(Timestamp::MIN), id));
                self.hops.remove(&(deadline, id));
            }
            Standing::Quiet { seen, since } => {
                stage.quiet.remove(&(seen, id));
                self.recent.remove(&(seen, id));
                if let Some(since) = since {
                    self.lately.remove(&(since, id));
                }
            }
        }
        for set in self.of_phase(phase).into_iter().flatten() {
            set.remove(&id);
        }
    }

    /// The sets that a cluster is in on account of its phase.
    fn of_phase(&mut self, phase: Phase) -> [Option<&mut BTreeSet<ClusterId>>; 2] {
        match phase {
            Phase::Pending => [Some(&mut self.waiting), None],
            Phase::Starting | Phase::Running => [Some(&mut self.in_flight), None],
            Phase::Between => [Some(&mut self.waiting), Some(&mut self.in_flight)],
            Phase::Failed | Phase::Held => [Some(&mut self.lost), None],
            Phase::Upgraded | Phase::Gone | Phase::Skipped => [None, None],
        }
    }

    /// Lets time pass: days end, and nothing stays recent. A clock that jumps back undoes that.
    pub(crate) fn pass(&mut self, rules: Rules<'_>, now: Timestamp) {
        if !self.day.contains(&now) {
            let (begin, end) = rules.day(now);
            self.day = begin..end;
            for stage in &mut self.stages {
                let starts = stage.starts.range(begin..end.max(begin));
                stage.started_today = starts.map(|(_, starts)| starts).sum();
            }
        }
        let back = now < self.now;
        self.now = now;
        if back {
            let filed = self.filed.iter().zip(0_u32..);
            for (filing, id) in filed {
                if let Some(Filing {
                    standing:
                        Standing::Quiet {
                            seen,
                            since: Some(since),
                        },
                    ..
                }) = filing
                    && now < after(*since, WATCHED)
                {
                    self.recent.insert((*seen, ClusterId(id)));
                    self.lately.insert((*since, ClusterId(id)));
                }
            }
        }
        while let Some((since, id)) = self.lately.first().copied()
            && now >= after(since, WATCHED)
        {
            self.lately.pop_first();
            if let Some(Some(Filing {
                standing: Standing::Quiet { seen, .. },
                ..
            })) = self.filed.get(id.index())
            {
                self.recent.remove(&(*seen, id));
            }
        }
    }

    pub(crate) fn tally(&self, stage: StageId) -> Tally {
        self.stages
            .get(stage.index())
            .map(|stage| stage.tally)
            .unwrap_or_default()
    }

    /// How many clusters of the stage started on that day.
    pub(crate) fn today(&self, stage: StageId) -> u32 {
        let stage = self.stages.get(stage.index());
        stage.map_or(0, |stage| stage.started_today)
    }

    /// When the day that the time is on began, and when the next one begins.
    pub(crate) fn day(&self) -> (Timestamp, Timestamp) {
        (self.day.start, self.day.end)
    }

    pub(crate) fn waiting(&self, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
        within(&self.waiting, places)
    }

    pub(crate) fn in_flight(&self, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
        within(&self.in_flight, places)
    }

    pub(crate) fn lost(&self, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
        within(&self.lost, places)
    }

    pub(crate) fn restless(&self, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
        within(&self.restless, places)
    }

    pub(crate) fn unseen(&self, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
        within(&self.unseen, places)
    }

    /// When the quiet cluster of a stage that was looked at the longest ago was looked at.
    pub(crate) fn oldest_look(&self, stage: StageId) -> Option<Timestamp> {
        let stage = self.stages.get(stage.index())?;
        stage.quiet.first().map(|(seen, _)| *seen)
    }

    /// The quiet clusters of some stages that were last seen before `now - age`, or after `now`.
    pub(crate) fn stale(
        &self,
        stages: Range<usize>,
        age: SignedDuration,
        now: Timestamp,
    ) -> impl Iterator<Item = ClusterId> {
        let stages = self.stages.get(stages).unwrap_or_default();
        stages.iter().flat_map(move |stage| stale(&stage.quiet, age, now))
    }

    /// As [`Index::stale`], and of the others of each stage the one that becomes so first.
    pub(crate) fn due(
        &self,
        stages: Range<usize>,
        age: SignedDuration,
        now: Timestamp,
    ) -> impl Iterator<Item = ClusterId> {
        let stages = self.stages.get(stages).unwrap_or_default();
        stages.iter().flat_map(move |stage| due(&stage.quiet, age, now))
    }

    /// The clusters whose hop's deadline is over, and the one whose is next.
    pub(crate) fn deadlines(&self, now: Timestamp) -> impl Iterator<Item = ClusterId> {
        let over = self.hops.range(..=(now, LAST));
        let next = self.hops.range((now, LAST)..).next();
        over.chain(next).map(|(_, id)| *id)
    }

    /// As [`Index::due`], of those that work on a hop.
    pub(crate) fn rolling_due(&self, age: SignedDuration, now: Timestamp) -> impl Iterator<Item = ClusterId> {
        due(&self.rolling, age, now)
    }

    /// As [`Index::due`], of those that were upgraded lately.
    pub(crate) fn recent_due(&self, age: SignedDuration, now: Timestamp) -> impl Iterator<Item = ClusterId> {
        due(&self.recent, age, now)
    }
}

fn within(set: &BTreeSet<ClusterId>, places: Range<usize>) -> impl Iterator<Item = ClusterId> {
    let (first, end) = (ClusterId::at(places.start), ClusterId::at(places.end));
    set.range(first..end.max(first)).copied()
}

/// The first look that is no longer stale.
fn bound(age: SignedDuration, now: Timestamp) -> (Timestamp, ClusterId) {
    (now.checked_sub(age).unwrap_or(Timestamp::MIN), ClusterId(0))
}

const LAST: ClusterId = ClusterId(u32::MAX);

fn stale(looks: &ByTime, age: SignedDuration, now: Timestamp) -> impl Iterator<Item = ClusterId> {
    let old = looks.range(..bound(age, now));
    let from_the_future = looks.range((now, LAST)..);
    old.chain(from_the_future).map(|(_, id)| *id)
}

fn due(looks: &ByTime, age: SignedDuration, now: Timestamp) -> impl Iterator<Item = ClusterId> {
    // A look that is exactly so old is due; one that is younger is the next.
    let old = looks.range(..=(bound(age, now).0, LAST));
    let next = looks.range((bound(age, now).0, LAST)..).next();
    let from_the_future = looks.range((now, LAST)..);
    old.chain(next).chain(from_the_future).map(|(_, id)| *id)
}
