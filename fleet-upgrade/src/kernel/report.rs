//! What a run came to, for people and for machines: names instead of places.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{Member, Rules, members};
use super::{Cell, ClusterId, End, FailureCause, Outcome, Phase, RunState, StageCell, StagePhase};
use crate::UpgradePlan;

/// A run as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunReport {
    /// The plan's name.
    pub name: String,
    /// The version the run upgrades to.
    pub target: KubernetesVersion,
    /// How the run ended; none while it lasts.
    pub outcome: Option<Outcome>,
    /// When it began; none before.
    pub started: Option<Timestamp>,
    /// When it ended; none while it lasts.
    pub finished: Option<Timestamp>,
    /// The stages, in order.
    pub stages: Vec<StageReport>,
    /// The clusters, by name.
    pub clusters: BTreeMap<ClusterName, ClusterOutcome>,
}

impl RunReport {
    /// The report of a run of the plan.
    pub fn of(plan: &UpgradePlan, run: &RunState) -> Self {
        let mut report = Self {
            name: plan.name().to_owned(),
            target: plan.target().clone(),
            outcome: run.ended().map(|(_, outcome)| outcome.clone()),
            started: run.started_at(),
            finished: run.ended().map(|(at, _)| at),
            stages: Vec::new(),
            clusters: BTreeMap::new(),
        };
        for (cell, stage) in run.stages.iter().zip(Rules::of(plan).stages()) {
            let mut counts = Counts::default();
            for (offset, planned) in members(stage).enumerate() {
                let id = ClusterId::at(cell.first + offset);
                let Some(state) = cluster_state(run, id, planned) else {
                    continue;
                };
                counts.add(&state);
                let of = run.cell(id);
                report.clusters.insert(
                    planned.name().clone(),
                    ClusterOutcome {
                        stage: stage.name.clone(),
                        from: planned.from().clone(),
                        reached: reached(run, id, planned),
                        started: of.and_then(|cell| cell.started),
                        ended: of
                            .filter(|cell| cell.phase.is_terminal())
                            .and_then(|cell| cell.since),
                        state,
                    },
                );
            }
            report.stages.push(StageReport::of(&stage.name, cell, counts));
        }
        report
    }

    /// Whether the run is over and every cluster runs the target.
    pub fn is_success(&self) -> bool {
        let upgraded = |cluster: &ClusterOutcome| {
            matches!(
                cluster.state,
                ClusterState::Upgraded | ClusterState::AlreadyAtTarget
            )
        };
        self.outcome == Some(Outcome::Completed) && self.clusters.values().all(upgraded)
    }

    /// The clusters that did not end well, with their names.
    pub fn unfinished(&self) -> impl Iterator<Item = (&ClusterName, &ClusterOutcome)> {
        self.clusters.iter().filter(|(_, cluster)| {
            !matches!(
                cluster.state,
                ClusterState::Upgraded | ClusterState::AlreadyAtTarget
            )
        })
    }
}

/// One stage of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: StageState,
    /// When it began; none before.
    pub opened: Option<Timestamp>,
    /// When its soak began; none before, and none for a stage without one.
    pub soak_started: Option<Timestamp>,
    /// When it was done; none before.
    pub done: Option<Timestamp>,
    /// How many of its clusters are where.
    pub clusters: Counts,
}

impl StageReport {
    fn of(name: &str, cell: &StageCell, clusters: Counts) -> Self {
        let (state, soak_started, done) = match &cell.phase {
            StagePhase::Waiting => (StageState::Waiting, None, None),
            StagePhase::Active => (StageState::Active, None, None),
            StagePhase::Soaking(soak) => (StageState::Soaking, Some(soak.started), None),
            StagePhase::Done { at, soak_started } => (StageState::Done, *soak_started, Some(*at)),
        };
        Self {
            name: name.to_owned(),
            state,
            opened: cell.opened,
            soak_started,
            done,
            clusters,
        }
    }
}

/// Where a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StageState {
    /// It has not begun.
    Waiting,
    /// Its clusters are upgraded.
    Active,
    /// Its clusters have ended and are watched.
    Soaking,
    /// It is over.
    Done,
}

impl fmt::Display for StageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Soaking => "soaking",
            Self::Done => "done",
        })
    }
}

/// How many clusters are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Counts {
    /// Not started.
    pub pending: u32,
    /// Under way.
    pub running: u32,
    /// At the target, upgraded by this run or before it.
    pub upgraded: u32,
    /// Failed.
    pub failed: u32,
    /// Changed by someone else.
    pub held: u32,
    /// Left the fleet.
    pub gone: u32,
    /// Not ended when the run did.
    pub skipped: u32,
}

impl Counts {
    /// The counts of a whole run.
    pub fn of(run: &RunState) -> Self {
        let mut counts = Self::default();
        for cell in &run.cells {
            let count = match cell.phase {
                Phase::Pending => &mut counts.pending,
                Phase::Starting | Phase::Running | Phase::Between => &mut counts.running,
                Phase::Upgraded => &mut counts.upgraded,
                Phase::Failed => &mut counts.failed,
                Phase::Held => &mut counts.held,
                Phase::Gone => &mut counts.gone,
                Phase::Skipped => &mut counts.skipped,
            };
            *count += 1;
        }
        counts
    }

    /// Those that have come to an end, good or bad.
    pub fn done(&self) -> u32 {
        self.upgraded + self.failed + self.held + self.gone + self.skipped
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.done() + self.pending + self.running
    }

    fn add(&mut self, state: &ClusterState) {
        let count = match state {
            ClusterState::Pending => &mut self.pending,
            ClusterState::Running { .. } | ClusterState::BetweenHops { .. } => &mut self.running,
            ClusterState::Upgraded | ClusterState::AlreadyAtTarget => &mut self.upgraded,
            ClusterState::Failed { .. } => &mut self.failed,
            ClusterState::Held { .. } => &mut self.held,
            ClusterState::Gone => &mut self.gone,
            ClusterState::Skipped => &mut self.skipped,
        };
        *count += 1;
    }
}

/// One cluster of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterOutcome {
    /// Its stage.
    pub stage: String,
    /// Where it is, at the end one of the terminal states.
    #[serde(flatten)]
    pub state: ClusterState,
    /// The version it had when the plan was made.
    pub from: KubernetesVersion,
    /// The last version this run has seen it complete.
    pub reached: KubernetesVersion,
    /// When its first hop started.
    pub started: Option<Timestamp>,
    /// When it came to its end.
    pub ended: Option<Timestamp>,
}

/// Where a cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ClusterState {
    /// Not started.
    Pending,
    /// On its way to a version.
    Running {
        /// That version.
        to: KubernetesVersion,
    },
    /// A hop is done, the next one has not started.
    BetweenHops {
        /// The next hop's version.
        next: KubernetesVersion,
    },
    /// Terminal: upgraded to the target by this run.
    Upgraded,
    /// Terminal: at the target before this run.
    AlreadyAtTarget,
    /// Terminal: failed.
    Failed {
        /// Why.
        #[serde(flatten)]
        cause: FailureCause,
    },
    /// Terminal: changed by someone else.
    Held {
        /// The version it was found at.
        found: KubernetesVersion,
        /// The version this run expected.
        expected: KubernetesVersion,
        /// Who changed it, where that is known.
        writer: Option<String>,
    },
    /// Terminal: left the fleet.
    Gone,
    /// Terminal: not at the target when the run ended.
    Skipped,
}

impl fmt::Display for ClusterState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("pending"),
            Self::Running { to } => write!(f, "on its way to {to}"),
            Self::BetweenHops { next } => write!(f, "waits for its hop to {next}"),
            Self::Upgraded => f.write_str("upgraded"),
            Self::AlreadyAtTarget => f.write_str("already at the target"),
            Self::Failed { cause } => write!(f, "failed: {cause}"),
            Self::Held {
                found,
                expected,
                writer,
            } => {
                write!(f, "held: expected at {expected}, found at {found}")?;
                writer
                    .as_ref()
                    .map_or(Ok(()), |writer| write!(f, ", changed by {writer}"))
            }
            Self::Gone => f.write_str("left the fleet"),
            Self::Skipped => f.write_str("skipped"),
        }
    }
}

/// Where one cluster of a run is; none when the place is not in the plan.
pub(crate) fn cluster_state(run: &RunState, id: ClusterId, planned: Member<'_>) -> Option<ClusterState> {
    let cell: &Cell = run.cell(id)?;
    let next = || planned.to(cell.hop).unwrap_or(planned.from()).clone();
    Some(
        match (cell.phase, run.detail(id).and_then(|detail| detail.end.as_ref())) {
            (Phase::Pending, _) => ClusterState::Pending,
            (Phase::Starting | Phase::Running, _) => ClusterState::Running { to: next() },
            (Phase::Between, _) => ClusterState::BetweenHops { next: next() },
            (Phase::Upgraded, _) if cell.hops == 0 => ClusterState::AlreadyAtTarget,
            (Phase::Upgraded, _) => ClusterState::Upgraded,
            (
                Phase::Held,
                Some(End::Held {
                    found,
                    expected,
                    writer,
                }),
            ) => ClusterState::Held {
                found: found.clone(),
                expected: expected.clone(),
                writer: writer.clone(),
            },
            (Phase::Failed, Some(End::Failed { cause })) => ClusterState::Failed { cause: cause.clone() },
            // The fold keeps an end with each of the two phases; a state edited by hand may lack it.
            (Phase::Held | Phase::Failed, _) => ClusterState::Failed {
                cause: FailureCause::Deadline,
            },
            (Phase::Gone, _) => ClusterState::Gone,
            (Phase::Skipped, _) => ClusterState::Skipped,
        },
    )
}

fn reached(run: &RunState, id: ClusterId, planned: Member<'_>) -> KubernetesVersion {
    planned.expected(run.cell(id).map_or(0, |cell| cell.hop)).clone()
}
