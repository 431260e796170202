//! What is to be done next.

use fleet_core::KubernetesVersion;
use jiff::Timestamp;

use crate::spec::Remedy;

use super::{Blocker, ClusterId, Fact, Outcome, Readiness};

/// One thing to do, or to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Add the fact to the log, then decide again.
    Record(Fact),
    /// Start a hop: first add [`Fact::HopStarted`] to the log, then tell the cluster, then decide again.
    StartHop(HopOrder),
    /// Tell the cluster again of a hop whose start is in the log, because evidence from after it shows that the order
    /// never reached the cluster. Nothing is recorded.
    RepeatStart(HopOrder),
    /// Ask for something to be done about a failed cluster, or how far it is. The answer is recorded when it is an end.
    Remedy {
        /// The cluster.
        cluster: ClusterId,
        /// What.
        remedy: Remedy,
    },
    /// Nothing to do before `until`, unless evidence changes or someone gives an order; without it, until then.
    WaitUntil {
        /// The next instant at which the decision can change by itself.
        until: Option<Timestamp>,
        /// What the next start waits for.
        on: Blocker,
    },
    /// The run is over.
    Finish(Outcome),
}

/// The order to take one cluster to one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopOrder {
    /// The cluster.
    pub cluster: ClusterId,
    /// Which of its hops, from 0.
    pub hop: u32,
    /// The version.
    pub to: KubernetesVersion,
    /// The same for every repetition of the same order, and for no other: `PLAN/CLUSTER/VERSION`.
    pub key: String,
    /// The pre-flight check and the backup it rests on; none where the policy asks for neither.
    pub readiness: Option<Readiness>,
}
