//! What happened in a run: the entries of its append-only log.

use std::fmt;

use fleet_core::KubernetesVersion;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ApprovalPoint, ClusterId, Readiness, StageId};
use crate::spec::Remedy;

/// One entry of a run's log.
///
/// `seq` numbers the entries from 0 without gaps. It makes the fold immune to entries that come twice or out of
/// order, and it is what a store refuses a second writer by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// The entry's number in the log, from 0.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// What happened.
///
/// Every fact is checked against the state when it is applied; one that the state does not allow (a hop that ends
/// before it began) changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Fact {
    /// The run began.
    RunStarted {
        /// The digest of the plan that the places in this log refer to.
        plan: PlanDigest,
        /// How evidence is judged in this run.
        settings: RunSettings,
    },
    /// A process took the run up again; whatever an earlier process was about to do may not have been done.
    RunTakenUp,
    /// The clock of whoever has the run at work is behind times that the log has already: they come to count as this
    /// entry's. Without that, what a clock recorded that was ahead for a moment would keep everything waiting until then.
    ClockSetBack,
    /// The stage began: from here on its clusters may start.
    StageOpened {
        /// The stage.
        stage: StageId,
    },
    /// The decision to start a hop, recorded before anything is asked of the cluster.
    HopStarted {
        /// The cluster.
        cluster: ClusterId,
        /// Which of its hops, from 0.
        hop: u32,
        /// The pre-flight check and the backup it rests on; none where the policy asks for neither.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        readiness: Option<Readiness>,
    },
    /// The cluster has taken the order: it now wants the hop's version.
    HopAccepted {
        /// The cluster.
        cluster: ClusterId,
        /// Which of its hops, from 0.
        hop: u32,
    },
    /// A recorded start that never reached the cluster, taken back: it may not be made now, or it was an earlier
    /// process that failed to make it. The ordinary rules decide again.
    HopWithdrawn {
        /// The cluster.
        cluster: ClusterId,
        /// Which of its hops, from 0.
        hop: u32,
    },
    /// The hop ended well: everything in the cluster runs its version and is healthy.
    HopDone {
        /// The cluster.
        cluster: ClusterId,
        /// Which of its hops, from 0.
        hop: u32,
    },
    /// The cluster failed, for good as far as this run goes.
    ClusterFailed {
        /// The cluster.
        cluster: ClusterId,
        /// Why.
        cause: FailureCause,
    },
    /// The cluster's version changed without this run: nothing more is done to it.
    ClusterHeld {
        /// The cluster.
        cluster: ClusterId,
        /// The version it was found to want or to run.
        found: KubernetesVersion,
        /// The version this run expected.
        expected: KubernetesVersion,
        /// Who changed it, where the cluster tells.
        writer: Option<String>,
    },
    /// Somebody else has brought the cluster to the target before its turn, and the policy accepts that: it counts as under way.
    ClusterAdopted {
        /// The cluster.
        cluster: ClusterId,
    },
    /// The cluster left the fleet.
    ClusterGone {
        /// The cluster.
        cluster: ClusterId,
    },
    /// Evidence about the cluster turned bad, or ceased. Nothing starts while that is so.
    ClusterUnwell {
        /// The cluster.
        cluster: ClusterId,
        /// What is wrong with it.
        cause: Ailment,
    },
    /// Evidence about the cluster is good again.
    ClusterWell {
        /// The cluster.
        cluster: ClusterId,
    },
    /// Something was done about a failed cluster.
    RemedyDone {
        /// The cluster.
        cluster: ClusterId,
        /// What.
        remedy: Remedy,
    },
    /// Something could not be done about a failed cluster.
    RemedyFailed {
        /// The cluster.
        cluster: ClusterId,
        /// What.
        remedy: Remedy,
        /// Why not.
        reason: String,
    },
    /// Nothing new starts until a person lets the run go on.
    Halted {
        /// Why.
        reason: StopReason,
    },
    /// A person said yes.
    Approved {
        /// The stage.
        stage: StageId,
        /// Before or after it.
        point: ApprovalPoint,
        /// Who.
        by: String,
        /// When.
        given: Timestamp,
        /// From here on it counts for nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// The last of the stage's clusters ended; its soak runs.
    SoakStarted {
        /// The stage.
        stage: StageId,
    },
    /// All that the stage upgraded was seen healthy at `seen`. The time since the last such moment counts towards
    /// the soak, unless it was paused or longer than the evidence may be old.
    SoakEvidence {
        /// The stage.
        stage: StageId,
        /// The instant for which the evidence holds: that of the oldest observation in it.
        seen: Timestamp,
    },
    /// A cluster of the stage degraded: what was earned is lost, the soak begins anew once it has recovered.
    SoakBroken {
        /// The stage.
        stage: StageId,
        /// The cluster.
        cluster: ClusterId,
    },
    /// The stage is over: its clusters have ended, its soak is earned.
    StageDone {
        /// The stage.
        stage: StageId,
    },
    /// Someone paused the run.
    Paused,
    /// Someone let the run go on.
    Resumed,
    /// Someone cancelled the run: nothing new starts, what is under way is seen to its end.
    Cancelled,
    /// The run must stop: nothing new starts, what is under way is seen to its end.
    Stopping {
        /// Why.
        reason: StopReason,
    },
    /// The run is over; clusters that had not ended are skipped.
    RunEnded {
        /// How.
        outcome: Outcome,
    },
}

/// How evidence is judged in a run; recorded with its start, so that every process that takes the run up judges alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RunSettings {
    /// Evidence older than this counts for nothing. Default: one hour.
    pub evidence_max_age: SignedDuration,
    /// How often a cluster that is being upgraded is looked at. Default: 30 seconds.
    pub poll: SignedDuration,
    /// How long a cluster that is looked at without being upgraded may be unwell before it counts as failed. Default: 24 hours.
    pub unwell_limit: SignedDuration,
}

impl RunSettings {
    /// How often a cluster is looked at whose health matters, but which is not being upgraded: three times within
    /// the age that evidence may have, so that one lost look costs nothing.
    pub fn refresh(&self) -> SignedDuration {
        (self.evidence_max_age / 3).max(SignedDuration::from_secs(1))
    }

    /// How often a cluster that is being upgraded is looked at, never more than once a millisecond.
    pub(crate) fn poll(&self) -> SignedDuration {
        self.poll.max(SignedDuration::from_millis(1))
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            evidence_max_age: SignedDuration::from_hours(1),
            poll: SignedDuration::from_secs(30),
            unwell_limit: SignedDuration::from_hours(24),
        }
    }
}

/// A short fingerprint of a plan, so that a log is never replayed against another plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanDigest(u64);

impl PlanDigest {
    /// The digest of a plan's text (FNV-1a: a guard against mistakes, not against forgery).
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<PlanDigest> for String {
    fn from(digest: PlanDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for PlanDigest {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

/// Why a cluster failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum FailureCause {
    /// The hop took longer than the policy's cluster deadline.
    Deadline,
    /// The order to start was never taken within the deadline.
    NotAccepted,
    /// The cluster's upgrader refused, for good.
    Refused {
        /// Its reason.
        reason: String,
    },
    /// The rollout itself ended in failure.
    Rollout {
        /// Its reason.
        reason: String,
    },
    /// It left the fleet, and the policy takes that for a failure.
    Left,
    /// Unwell for longer than the run's `unwell_limit`.
    Unwell {
        /// What was wrong with it.
        ailment: Ailment,
    },
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline => f.write_str("not upgraded within its deadline"),
            Self::NotAccepted => f.write_str("did not take the order to upgrade within its deadline"),
            Self::Refused { reason } => write!(f, "refused to upgrade: {reason}"),
            Self::Rollout { reason } => write!(f, "the rollout failed: {reason}"),
            Self::Left => f.write_str("left the fleet"),
            Self::Unwell { ailment } => write!(f, "{ailment} for too long"),
        }
    }
}

/// What is wrong with a cluster, or with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ailment", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Ailment {
    /// It reports that it is not healthy, or a health gate says so.
    Degraded {
        /// What it reports.
        reason: String,
    },
    /// It does not answer.
    Unreachable,
    /// What is known of it is too old, or does not allow a verdict.
    NoEvidence,
    /// Something on it breaks at the version it is to be started to, or nobody can say.
    Preflight {
        /// What was found.
        reason: String,
    },
    /// It has no verified backup that is recent enough.
    Backup {
        /// What there is instead.
        reason: String,
    },
}

impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Degraded { reason } => write!(f, "degraded ({reason})"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::NoEvidence => f.write_str("without fresh evidence"),
            Self::Preflight { reason } => write!(f, "blocked by its pre-flight check ({reason})"),
            Self::Backup { reason } => write!(f, "not backed up ({reason})"),
        }
    }
}

/// Why a run stopped by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum StopReason {
    /// More clusters failed or were changed by others than the policy tolerates.
    FailureBudget {
        /// How many.
        failures: u32,
        /// How many the policy tolerates.
        budget: u32,
    },
    /// No cluster of the stage ended upgraded, so that there is nothing to trust the next stage to.
    StageProvedNothing {
        /// The stage.
        stage: StageId,
    },
    /// More clusters were lost to their being unreachable than the policy tolerates.
    UnreachableBudget {
        /// How many.
        unreachable: u32,
        /// How many the policy tolerates.
        budget: u32,
    },
    /// Clusters were brought to other versions by others, and the policy does not put up with that.
    ChangedByOthers {
        /// How many.
        clusters: u32,
    },
    /// More clusters of a stage failed than the policy tolerates in it.
    StageBudget {
        /// The stage.
        stage: StageId,
        /// How many.
        failures: u32,
        /// How many the policy tolerates.
        budget: u32,
    },
    /// Fewer clusters of a stage can be upgraded than the policy asks for.
    StageIncomplete {
        /// The stage.
        stage: StageId,
        /// How many can, or are already.
        possible: u32,
        /// How many the policy asks for.
        needed: u32,
    },
    /// So much of every remaining cluster's part of the fleet has failed that none may be taken away.
    DomainLost {
        /// The first of those parts.
        domain: String,
    },
    /// The calendar never opens again.
    CalendarClosed,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Outcome {
    /// Every stage is done; clusters may have failed within the budget.
    Completed,
    /// The run stopped by itself.
    Stopped {
        /// Why.
        #[serde(flatten)]
        reason: StopReason,
    },
    /// Someone cancelled it.
    Cancelled,
}

impl Fact {
    /// The cluster this is about, if it is about one.
    pub fn cluster(&self) -> Option<ClusterId> {
        match self {
            Self::HopStarted { cluster, .. }
            | Self::HopAccepted { cluster, .. }
            | Self::HopWithdrawn { cluster, .. }
            | Self::HopDone { cluster, .. }
            | Self::ClusterFailed { cluster, .. }
            | Self::ClusterHeld { cluster, .. }
            | Self::ClusterAdopted { cluster }
            | Self::ClusterGone { cluster }
            | Self::ClusterUnwell { cluster, .. }
            | Self::ClusterWell { cluster }
            | Self::RemedyDone { cluster, .. }
            | Self::RemedyFailed { cluster, .. }
            | Self::SoakBroken { cluster, .. } => Some(*cluster),
            _ => None,
        }
    }

    /// The stage this is about, if it is about a stage.
    pub fn stage(&self) -> Option<StageId> {
        match self {
            Self::StageOpened { stage }
            | Self::SoakStarted { stage }
            | Self::SoakEvidence { stage, .. }
            | Self::SoakBroken { stage, .. }
            | Self::Approved { stage, .. }
            | Self::StageDone { stage } => Some(*stage),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_fnv_1a() {
        assert_eq!(PlanDigest::of_bytes(b"").to_string(), "cbf29ce484222325");
        assert_eq!(PlanDigest::of_bytes(b"foobar").to_string(), "85944171f73967e8");
    }
}
