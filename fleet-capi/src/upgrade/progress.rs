//! How far one cluster's upgrade is, and how long it has stood still.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;
use serde::Serialize;

use super::step::holder;
use super::{Order, Step, next_step};
use crate::rollout::{Blocked, ClusterState, Pace, Patience, Phase, Progress, ProgressClock, RolloutStatus};

/// How far one cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterProgress {
    /// The oldest version that runs in the control plane; `None` while nothing runs.
    pub version: Option<KubernetesVersion>,
    /// The oldest version that any machine runs; `None` while nothing runs.
    pub oldest: Option<KubernetesVersion>,
    /// The version that was asked of the cluster when it was read, before any patch.
    pub asked: Option<KubernetesVersion>,
    /// The version it is held against.
    pub target: KubernetesVersion,
    /// The oldest version that is asked of the workers, where that is older than what is asked of the control plane and no
    /// order is under way that will bring them on. Machines, phase and blockers are then held against what each part
    /// was told: a cluster that rests so is in the phase [`Phase::Done`] and yet not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers_behind: Option<KubernetesVersion>,
    /// The field manager that last wrote the version that is asked, where the server has kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// The same of the workers that are behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers_writer: Option<String>,
    /// Machines at that version, of those that should be there.
    pub machines: Progress,
    /// Which half is rolling.
    pub phase: Phase,
    /// Every machine runs the version, and nothing speaks against it.
    pub done: bool,
    /// What holds it up at this moment, and whom to blame.
    pub blocked: Option<Blocked>,
    /// The step that was due. Patches were made, unless the cluster was only looked at.
    pub step: Step,
    /// Whether it moves, or has stood still for too long; `None` without
    /// [patience](super::CapiClusterDriver::with_patience).
    pub pace: Option<Pace>,
}

impl ClusterProgress {
    /// What a state and the step that is due in it tell.
    pub fn new(state: &ClusterState, target: &KubernetesVersion, step: Step) -> Self {
        let status = RolloutStatus::of(state, target);
        Self {
            version: state.running_version().cloned(),
            oldest: state.oldest_version().cloned(),
            asked: state.desired_version().cloned(),
            target: target.clone(),
            workers_behind: None,
            writer: holder(state).and_then(|object| object.version_writer.clone()),
            workers_writer: None,
            machines: status.progress(),
            phase: status.phase(),
            done: status.is_done() || step == Step::Done,
            blocked: status.blocked().cloned(),
            step,
            pace: None,
        }
    }

    /// What a state tells of a cluster for which no order is under way.
    pub fn at_rest(state: &ClusterState, asked: &KubernetesVersion) -> Self {
        let progress = Self::new(state, asked, next_step(state, asked));
        let Some(behind) = state.workers_behind() else {
            return progress;
        };
        let told = RolloutStatus::of(&state.as_told(), asked);
        let lagging = state
            .workers
            .iter()
            .find(|group| group.version.as_ref() == Some(behind));
        Self {
            workers_behind: Some(behind.clone()),
            workers_writer: lagging.and_then(|group| group.object.version_writer.clone()),
            machines: told.progress(),
            phase: told.phase(),
            blocked: told.blocked().cloned(),
            ..progress
        }
    }

    /// The same on the way of an order. Where versions are compared by minor, the version asked for is the
    /// one that was ordered.
    pub(super) fn of(state: &ClusterState, order: &Order, step: Step) -> Self {
        let progress = Self::new(state, &order.target, step);
        let ordered = order.stop_of(state).filter(|_| state.is_by_minor());
        Self {
            asked: ordered.cloned().or(progress.asked),
            ..progress
        }
    }
}

/// A clock for each cluster that is not done.
pub(super) struct Timer {
    pub(super) patience: Patience,
    pub(super) now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) clocks: Mutex<BTreeMap<ClusterName, ProgressClock>>,
}

impl Timer {
    pub(super) fn pace(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
        progress: &ClusterProgress,
    ) -> Pace {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.done {
            clocks.remove(cluster);
            return Pace::Done;
        }
        let (now, status) = ((self.now)(), RolloutStatus::of(state, &progress.target));
        // A step is a movement, whatever stood still before it.
        let clock = clocks.entry(cluster.clone()).or_insert_with(|| {
            let before = if progress.step.changes() {
                &ClusterState::default()
            } else {
                state
            };
            ProgressClock::start(before, &status, now)
        });
        clock.look(state, &status, now);
        clock.pace(&status, self.patience, now)
    }

    /// Begins anew: somebody has done something about a cluster that stood still, or believes so.
    pub(super) fn restart(&self, cluster: &ClusterName, state: &ClusterState, target: &KubernetesVersion) {
        let status = RolloutStatus::of(state, target);
        let clock = ProgressClock::start(&ClusterState::default(), &status, (self.now)());
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        clocks.insert(cluster.clone(), clock);
    }
}
