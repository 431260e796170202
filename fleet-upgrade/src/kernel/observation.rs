//! What the world shows now: the evidence a decision rests on.

use fleet_core::KubernetesVersion;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::Member;
use super::{Ailment, Approval, ClusterId, Readiness};

/// What is known of the clusters, by their place in the plan. What is not in it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    slots: Vec<Option<ClusterObservation>>,
    approvals: Vec<Approval>,
}

impl Observation {
    /// Nothing is known of any cluster.
    pub fn empty() -> Self {
        Self::default()
    }

    /// What is known of a cluster.
    pub fn get(&self, cluster: ClusterId) -> Option<&ClusterObservation> {
        self.slots.get(cluster.index()).and_then(Option::as_ref)
    }

    /// Adds what was seen of a cluster, in place of what was known.
    pub fn insert(&mut self, cluster: ClusterId, seen: ClusterObservation) {
        if self.slots.len() <= cluster.index() {
            self.slots.resize(cluster.index() + 1, None);
        }
        self.slots[cluster.index()] = Some(seen);
    }

    /// Forgets what is known of a cluster.
    pub fn forget(&mut self, cluster: ClusterId) {
        if let Some(slot) = self.slots.get_mut(cluster.index()) {
            *slot = None;
        }
    }

    /// The approvals that were given, in place of those known before.
    pub fn set_approvals(&mut self, approvals: Vec<Approval>) {
        self.approvals = approvals;
    }

    /// The approvals that were given, as far as that is known.
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// What is known, if it is neither older than `max_age` nor from the future (a clock that jumped back proves
    /// nothing).
    pub(crate) fn fresh(
        &self,
        cluster: ClusterId,
        max_age: SignedDuration,
        now: Timestamp,
    ) -> Option<&ClusterObservation> {
        self.get(cluster).filter(|seen| seen.is_fresh(max_age, now))
    }
}

/// One look at one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterObservation {
    /// When it was seen so.
    pub seen_at: Timestamp,
    /// What was seen.
    pub sight: Sight,
    /// Whether it may be started; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
}

impl ClusterObservation {
    /// The cluster answered.
    pub fn present(seen_at: Timestamp, report: ClusterReport) -> Self {
        Self {
            seen_at,
            sight: Sight::Present(report),
            readiness: None,
        }
    }

    /// With what was asked before a start.
    pub fn with_readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = Some(readiness);
        self
    }

    /// The cluster did not answer.
    pub fn unreachable(seen_at: Timestamp) -> Self {
        Self {
            seen_at,
            sight: Sight::Unreachable,
            readiness: None,
        }
    }

    /// The cluster is no longer there.
    pub fn gone(seen_at: Timestamp) -> Self {
        Self {
            seen_at,
            sight: Sight::Gone,
            readiness: None,
        }
    }

    pub(crate) fn is_fresh(&self, max_age: SignedDuration, now: Timestamp) -> bool {
        self.seen_at <= now && now.duration_since(self.seen_at) <= max_age
    }

    /// The report, if the cluster answered.
    pub(crate) fn report(&self) -> Option<&ClusterReport> {
        match &self.sight {
            Sight::Present(report) => Some(report),
            Sight::Unreachable | Sight::Gone => None,
        }
    }

    /// What is wrong with a cluster that is not being upgraded, if anything is.
    pub(crate) fn ailment(&self) -> Option<Ailment> {
        match &self.sight {
            Sight::Present(report) => match &report.health {
                Health::Healthy => None,
                Health::Degraded { reason } => Some(Ailment::Degraded {
                    reason: reason.clone(),
                }),
                Health::Unknown => Some(Ailment::NoEvidence),
            },
            Sight::Unreachable => Some(Ailment::Unreachable),
            Sight::Gone => None,
        }
    }
}

/// What a look at a cluster showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Sight {
    /// It answered.
    Present(ClusterReport),
    /// It did not answer, or the question could not be put.
    Unreachable,
    /// It no longer exists.
    Gone,
}

/// What a cluster reports of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// The version all of it was told to run. Where its workers were told an older one than its control plane, and
    /// nothing is under way that will bring them on, it is theirs.
    pub desired: KubernetesVersion,
    /// The oldest version that any part of it (control plane or worker) still runs.
    pub oldest: KubernetesVersion,
    /// How far its rollout is.
    pub rollout: Rollout,
    /// How it is.
    pub health: Health,
    /// Who last set `desired`, where that is known.
    pub writer: Option<String>,
    /// What its control plane was told, where that is another version than `desired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<Box<Told>>,
}

/// A version that a part of a cluster was told to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // What, and by whom.
pub struct Told {
    /// The version.
    pub version: KubernetesVersion,
    /// Who told it last, where that is known.
    pub writer: Option<String>,
}

impl ClusterReport {
    /// A healthy cluster at rest at a version.
    pub fn settled(version: KubernetesVersion) -> Self {
        Self {
            desired: version.clone(),
            oldest: version,
            rollout: Rollout::Settled,
            health: Health::Healthy,
            writer: None,
            control_plane: None,
        }
    }

    /// The version its control plane was told to run.
    pub(crate) fn lead(&self) -> &KubernetesVersion {
        self.control_plane
            .as_ref()
            .map_or(&self.desired, |told| &told.version)
    }

    /// Whether it was told what it should be after so many of its hops, and nobody has told it anything else.
    pub(crate) fn is_as_told(&self, planned: Member<'_>, hops: u32) -> bool {
        self.lead().same_release(planned.lead(hops)) && self.desired.same_release(planned.expected(hops))
    }

    /// Whether it is as it should be after so many of its hops, in all its parts, and is well.
    pub(crate) fn is_well(&self, planned: Member<'_>, hops: u32) -> bool {
        self.health == Health::Healthy
            && !matches!(self.rollout, Rollout::Failed { .. })
            && self.is_as_told(planned, hops)
            && self.oldest.same_release(planned.expected(hops))
    }

    /// Whether all of it runs the version and nothing moves.
    pub(crate) fn runs(&self, version: &KubernetesVersion) -> bool {
        self.rollout == Rollout::Settled
            && self.desired.same_release(version)
            && self.oldest.same_release(version)
    }
}

/// How far a cluster's rollout is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Rollout {
    /// Nothing is being rolled.
    Settled,
    /// Machines are being replaced.
    Rolling {
        /// Machines that run the new version and are ready.
        updated: u32,
        /// Machines that there will be.
        total: u32,
    },
    /// It gave up.
    Failed {
        /// Why.
        reason: String,
    },
}

/// How a cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Health {
    /// As it should be.
    Healthy,
    /// Not as it should be.
    Degraded {
        /// What is wrong.
        reason: String,
    },
    /// Nothing can be said: no data, too little data, or only a part of it. Never counts as healthy.
    Unknown,
}
