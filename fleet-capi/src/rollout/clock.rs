//! The clock that Cluster API does not have: since when a rollout has not moved, and when that is too long.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::block::Blocked;
use super::state::{ClusterState, Condition};
use super::status::RolloutStatus;

/// How long a rollout may stand still before it counts as stuck.
///
/// Both times are generous by default: a bare-metal machine takes its time, and a drain may rightly wait for an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // Two numbers, made by hand.
pub struct Patience {
    /// How long nothing at all may move: no machine appears, changes its phase or goes, no message changes. Default: 15
    /// minutes.
    pub standstill: SignedDuration,
    /// How long no further machine may reach the version while things do move: machines that are made and remediated
    /// again and again, for ever. Default: 2 hours.
    pub fruitless: SignedDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            standstill: SignedDuration::from_mins(15),
            fruitless: SignedDuration::from_hours(2),
        }
    }
}

/// Since when a rollout has not moved. Cluster API has neither a progress deadline nor a failed state, so whoever waits
/// must keep the time; this does, and never asks what time it is.
///
/// ```
/// use fleet_capi::rollout::{ClusterState, Pace, Patience, ProgressClock, RolloutStatus};
/// use jiff::{SignedDuration, Timestamp};
///
/// let state = ClusterState { name: "eu".to_owned(), ..ClusterState::default() };
/// let status = RolloutStatus::of(&state, &"v1.31.0".parse()?);
/// let began: Timestamp = "2026-11-24T08:00:00Z".parse()?;
///
/// let mut clock = ProgressClock::start(&state, &status, began);
/// let later = began + SignedDuration::from_mins(20);
/// clock.look(&state, &status, later);
/// assert!(matches!(clock.pace(&status, Patience::default(), later), Pace::Stuck { since, .. } if since == began));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressClock {
    seen: Vec<String>,
    at_target: u32,
    moved: Timestamp,
    advanced: Timestamp,
}

impl ProgressClock {
    /// Begins to watch. What stood still before is counted as far as the objects tell: see
    /// [`ClusterState::last_change`].
    pub fn start(state: &ClusterState, status: &RolloutStatus, now: Timestamp) -> Self {
        let moved = state.last_change.map_or(now, |change| change.min(now));
        Self {
            seen: fingerprint(state),
            at_target: status.progress().at_target,
            moved,
            advanced: moved,
        }
    }

    /// Takes in what the cluster looks like now.
    pub fn look(&mut self, state: &ClusterState, status: &RolloutStatus, now: Timestamp) {
        let seen = fingerprint(state);
        if seen != self.seen {
            self.seen = seen;
            self.moved = now;
        }
        let at_target = status.progress().at_target;
        if at_target > self.at_target {
            self.advanced = now;
        }
        // A machine that was lost again must be won again before it counts.
        self.at_target = at_target;
    }

    /// When something last moved.
    pub fn moved(&self) -> Timestamp {
        self.moved
    }

    /// Whether the rollout moves, or has stood still for too long, and whom to blame then.
    pub fn pace(&self, status: &RolloutStatus, patience: Patience, now: Timestamp) -> Pace {
        if status.is_done() {
            return Pace::Done;
        }
        let stuck = |since: Timestamp| Pace::Stuck {
            since,
            cause: status.blocked().cloned().map(Box::new),
        };
        if now.duration_since(self.moved) >= patience.standstill {
            stuck(self.moved)
        } else if now.duration_since(self.advanced) >= patience.fruitless {
            stuck(self.advanced)
        } else {
            Pace::Moving
        }
    }

    /// When the rollout will count as stuck if nothing moves until then: the moment to look again.
    pub fn deadline(&self, patience: Patience) -> Timestamp {
        let end =
            |from: Timestamp, length: SignedDuration| from.checked_add(length).unwrap_or(Timestamp::MAX);
        end(self.moved, patience.standstill).min(end(self.advanced, patience.fruitless))
    }
}

/// How a rollout goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)] // It is done, it moves, or it does not.
pub enum Pace {
    /// There is nothing left to do.
    Done,
    /// It has moved lately.
    Moving,
    /// It has not for too long.
    Stuck {
        /// Since when.
        since: Timestamp,
        /// The gravest hindrance; `None` where Cluster API gives no hint at all.
        cause: Option<Box<Blocked>>,
    },
}

/// Everything whose change is a movement, and nothing else: resource versions and times move by themselves.
fn fingerprint(state: &ClusterState) -> Vec<String> {
    let conditions = |conditions: &std::collections::BTreeMap<String, Condition>| {
        let texts = conditions.iter().map(|(name, condition)| {
            format!(
                "{name}={}/{}/{}",
                condition.status, condition.reason, condition.message
            )
        });
        texts.collect::<Vec<_>>().join("|")
    };
    let groups = state.control_plane.iter().chain(&state.workers).map(|group| {
        let counters = [group.replicas, group.current, group.up_to_date, group.available];
        format!(
            "{} {:?} {counters:?} {:?} {}",
            group.object,
            group.version,
            group.versions,
            conditions(&group.conditions)
        )
    });
    let sets = state
        .machine_sets
        .iter()
        .map(|set| format!("{} {:?} {}", set.name, set.replicas, conditions(&set.conditions)));
    let machines = state.machines.iter().map(|machine| {
        let (version, kubelet) = (&machine.version, &machine.kubelet);
        let deleting = machine.deleting;
        format!(
            "{} {:?} {version:?} {kubelet:?} {deleting} {}",
            machine.name,
            machine.phase,
            conditions(&machine.conditions)
        )
    });
    let cluster = format!("{:?} {}", state.topology, conditions(&state.conditions));
    groups
        .chain(sets)
        .chain(machines)
        .chain(std::iter::once(cluster))
        .collect()
}
