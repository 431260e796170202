//! A run that is followed: its state, its evidence, and an index of both that spares decisions the clusters of which
//! nothing has changed.

use std::borrow::Borrow;

use jiff::Timestamp;

use super::index::Index;
use super::moment::Moment;
use super::rules::Rules;
use super::{
    Approval, ApprovalPoint, ClusterId, ClusterObservation, Command, Event, Fact, Observation, RunState,
    StageId, decide, watch,
};
use crate::UpgradePlan;

/// A run under way: what it has come to, and what is known of its clusters.
///
/// [`decide`](super::decide()) is a function of plan, state, evidence and time, and looks at every cluster each time. Whoever
/// asks again and again keeps the state and the evidence in here instead: the answers are the same, and take time only for
/// the clusters that have changed, are on their way, or are unwell. (A build with debug assertions gives both answers, and
/// compares them.)
///
/// ```
/// use fleet_core::{Fleet, FleetCluster};
/// use fleet_upgrade::kernel::{ClusterObservation, ClusterReport, Command, LiveRun, RunSettings, begin};
/// use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, plan};
///
/// let policy = FleetUpgrade::new("to-1.31", FleetUpgradeSpec::new("v1.31.4".parse()?).stage(Stage::new("all")));
/// let fleet = Fleet::new([FleetCluster::new("eu".parse()?, "v1.30.8".parse()?)])?;
/// let now = "2026-01-05T09:00:00Z".parse()?;
/// let plan = plan(&policy, &fleet, now)?;
///
/// let mut run = LiveRun::new(&plan);
/// if let Command::Record(fact) = begin(&plan, RunSettings::default()) {
///     run.record(now, fact);
/// }
/// for cluster in run.evidence_due(now) {
///     run.observe(cluster, ClusterObservation::present(now, ClusterReport::settled("v1.30.8".parse()?)));
/// }
/// assert!(matches!(run.decide(now)[..], [Command::Record(_)]), "the stage is opened");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LiveRun<P = UpgradePlan> {
    plan: P,
    run: RunState,
    seen: Observation,
    index: Index,
}

impl<P: Borrow<UpgradePlan>> LiveRun<P> {
    /// A run of the plan that has not begun, and of whose clusters nothing is known.
    pub fn new(plan: P) -> Self {
        let run = RunState::new(plan.borrow());
        Self::resume(plan, run)
    }

    /// A run of the plan that has come to this, and of whose clusters nothing is known yet.
    pub fn resume(plan: P, run: RunState) -> Self {
        Self::with_evidence(plan, run, Observation::empty())
    }

    /// A run of the plan that has come to this, with what is known of its clusters.
    pub fn with_evidence(plan: P, run: RunState, seen: Observation) -> Self {
        let index = Index::of(Rules::of(plan.borrow()), &run, &seen);
        Self {
            plan,
            run,
            seen,
            index,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &UpgradePlan {
        self.plan.borrow()
    }

    /// What the run has come to.
    pub fn state(&self) -> &RunState {
        &self.run
    }

    /// What is known of its clusters.
    pub fn seen(&self) -> &Observation {
        &self.seen
    }

    /// Takes in one entry of the log, as [`RunState::apply`].
    pub fn apply(&mut self, event: &Event) {
        let before = self.run.len();
        self.run.apply(event);
        let cluster = event.fact.cluster();
        match (self.run.len() - before, &event.fact) {
            (0, _) => {}
            (1, Fact::RunEnded { .. } | Fact::ClockSetBack) | (2.., _) => {
                self.index = Index::of(Rules::of(self.plan.borrow()), &self.run, &self.seen);
            }
            (1, _) => cluster.into_iter().for_each(|cluster| self.file(cluster)),
        }
    }

    /// Takes in a fact as the log's next entry, and gives that.
    pub fn record(&mut self, at: Timestamp, fact: Fact) -> Event {
        let event = self.run.next_event(at, fact);
        self.apply(&event);
        event
    }

    /// Takes in what was seen of a cluster, in place of what was known.
    pub fn observe(&mut self, cluster: ClusterId, seen: ClusterObservation) {
        self.seen.insert(cluster, seen);
        self.file(cluster);
    }

    /// Forgets what is known of a cluster.
    pub fn forget(&mut self, cluster: ClusterId) {
        self.seen.forget(cluster);
        self.file(cluster);
    }

    /// The approvals that were given, in place of those known before.
    pub fn set_approvals(&mut self, approvals: Vec<Approval>) {
        self.seen.set_approvals(approvals);
    }

    /// As [`decide`](super::decide()).
    pub fn decide(&mut self, now: Timestamp) -> Vec<Command> {
        self.pass(now);
        let commands = decide::decide_at(self.plan.borrow(), &self.run, self.moment(now));
        debug_assert_eq!(
            commands,
            decide::decide(self.plan.borrow(), &self.run, &self.seen, now),
            "the index misleads"
        );
        commands
    }

    /// As [`evidence_due`](super::evidence_due).
    pub fn evidence_due(&mut self, now: Timestamp) -> Vec<ClusterId> {
        self.pass(now);
        let due = watch::due_at(self.moment(now));
        debug_assert_eq!(
            due,
            watch::evidence_due(self.plan.borrow(), &self.run, &self.seen, now),
            "the index misleads"
        );
        due
    }

    /// As [`approval_due`](super::approval_due).
    pub fn approval_due(&mut self, now: Timestamp) -> Option<(StageId, ApprovalPoint)> {
        self.pass(now);
        self.moment(now)?.approval_due()
    }

    /// The clusters of which time tells something once they are looked at again: of hops that are overdue, and of the stage
    /// that soaks.
    #[cfg(feature = "simulate")]
    pub(crate) fn ripe(&self, now: Timestamp) -> Vec<ClusterId> {
        let overdue = self.index.deadlines(now);
        let mut stages = self.run.stages.iter();
        let soaking = stages.find(|stage| matches!(stage.phase, super::StagePhase::Soaking(_)));
        let soaking = soaking.map_or(0..0, |stage| stage.first..stage.end);
        overdue.chain(soaking.map(ClusterId::at)).collect()
    }

    fn pass(&mut self, now: Timestamp) {
        self.index.pass(Rules::of(self.plan.borrow()), now);
    }

    pub(crate) fn moment(&self, now: Timestamp) -> Option<Moment<'_>> {
        Moment::with(self.plan.borrow(), &self.run, &self.seen, Some(&self.index), now)
    }

    fn file(&mut self, cluster: ClusterId) {
        let rules = Rules::of(self.plan.borrow());
        self.index.file(rules, &self.run, &self.seen, cluster);
    }
}
