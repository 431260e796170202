//! What a run has come to on one cluster.

use fleet_core::KubernetesVersion;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::remedies::Remedies;
use super::{Ailment, FailureCause};

/// A cluster's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cell {
    pub(crate) phase: Phase,
    /// Whether there is bad news of it: the news itself is in the details.
    pub(crate) unwell: bool,
    /// The hop it is on; between hops the next one; at the end how many are done.
    pub(crate) hop: u32,
    /// How many hops it has.
    pub(crate) hops: u32,
    /// When it came into its phase; a hop that was accepted counts from its start.
    pub(crate) since: Option<Timestamp>,
    /// When it is known to have taken the order of its hop: looks from before say nothing about that.
    pub(crate) accepted: Option<Timestamp>,
    /// When its first hop started.
    pub(crate) started: Option<Timestamp>,
}

impl Cell {
    pub(super) fn new(hops: usize) -> Self {
        let hops = u32::try_from(hops).unwrap_or(u32::MAX);
        // A cluster without hops runs the target already.
        let phase = if hops == 0 {
            Phase::Upgraded
        } else {
            Phase::Pending
        };
        Self {
            phase,
            unwell: false,
            hop: 0,
            hops,
            since: None,
            accepted: None,
            started: None,
        }
    }

    /// Whether something may still happen to it: also to an upgraded one, while the run lasts.
    pub(crate) fn is_live(&self) -> bool {
        !self.phase.is_terminal() || self.phase == Phase::Upgraded
    }

    /// Whether it takes up one of its stage's places.
    pub(crate) fn is_in_flight(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Running | Phase::Between)
    }

    /// Whether it has a start ahead of it.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Between)
    }

    /// Whether it came to an end at which its capacity may be missing.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.phase, Phase::Failed | Phase::Held)
    }
}

/// Where a cluster is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Phase {
    Pending,
    /// A hop's start is recorded; whether the cluster knows of it is not.
    Starting,
    /// The cluster works on a hop.
    Running,
    /// A hop is done, the next one has not started.
    Between,
    Upgraded,
    Failed,
    Held,
    Gone,
    Skipped,
}

impl Phase {
    pub(crate) fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Upgraded | Self::Failed | Self::Held | Self::Gone | Self::Skipped
        )
    }
}

/// What is kept of a cluster with a story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    pub(super) unwell: Option<(Timestamp, Ailment)>,
    pub(crate) end: Option<End>,
    /// For how long its next hop was ordered in vain, before the order was taken back.
    #[serde(default)]
    pub(crate) offered: SignedDuration,
    #[serde(default)]
    pub(crate) remedies: Remedies,
}

/// How a cluster ended that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum End {
    Failed {
        cause: FailureCause,
    },
    Held {
        found: KubernetesVersion,
        expected: KubernetesVersion,
        writer: Option<String>,
    },
}
