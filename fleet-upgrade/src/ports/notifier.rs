//! Tells people what happens in a run.

use std::fmt;

use async_trait::async_trait;
use fleet_core::ClusterName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::BoxError;

/// Tells people what happens: a chat, a pager, Kubernetes Events.
///
/// A notice is told once, in order, best effort: one that fails, or is slow, never holds the run up. What must not be lost
/// is in the run's log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Tells this.
    async fn notify(&self, notice: &Notice) -> Result<(), BoxError>;
}

/// Something that people may want to know at once. Prints as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Notice {
    /// The run.
    pub run: String,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of thing happened.
    pub kind: NoticeKind,
    /// The stage it is about; none when it is about the whole run.
    pub stage: Option<String>,
    /// The cluster it is about; none when it is about a stage or the whole run.
    pub cluster: Option<ClusterName>,
    /// What happened, in a sentence without names.
    pub text: String,
}

impl Notice {
    /// Whether somebody has to do something.
    pub fn is_urgent(&self) -> bool {
        matches!(
            self.kind,
            NoticeKind::ApprovalWanted
                | NoticeKind::ClusterFailed
                | NoticeKind::ClusterHeld
                | NoticeKind::ClockSetBack
                | NoticeKind::SpecChanged
                | NoticeKind::RemedyFailed
                | NoticeKind::Stalled
                | NoticeKind::Stopping
        )
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.run)?;
        if let Some(stage) = &self.stage {
            write!(f, ", stage {stage}")?;
        }
        if let Some(cluster) = &self.cluster {
            write!(f, ", cluster {cluster}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The run began.
    RunStarted,
    /// A stage began.
    StageStarted,
    /// A stage's clusters have ended, and are watched.
    StageSoaking,
    /// A stage is over.
    StageDone,
    /// A person must say yes.
    ApprovalWanted,
    /// A person said yes.
    Approved,
    /// A cluster is being upgraded.
    ClusterStarted,
    /// A cluster runs the target.
    ClusterUpgraded,
    /// A cluster is not well, or may not start.
    ClusterUnwell,
    /// A cluster is well again.
    ClusterWell,
    /// A cluster failed.
    ClusterFailed,
    /// Someone else changed a cluster's version.
    ClusterHeld,
    /// Something was done about a failed cluster.
    Remedied,
    /// Something could not be done about a failed cluster.
    RemedyFailed,
    /// A cluster left the fleet.
    ClusterGone,
    /// Nothing new starts any more.
    Stopping,
    /// Clusters joined the fleet while the run was under way: another run upgrades them.
    ClusterJoined,
    /// Someone changed the policy of a run that goes by the one it began with.
    SpecChanged,
    /// The clock was set back while the run was under way.
    ClockSetBack,
    /// The run cannot go on until somebody has looked at it.
    Stalled,
    /// Someone paused the run.
    Paused,
    /// Someone let the run go on.
    Resumed,
    /// The run is over.
    RunEnded,
}

impl NoticeKind {
    /// Its name, in Kubernetes' style: `ClusterFailed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunStarted => "RunStarted",
            Self::StageStarted => "StageStarted",
            Self::StageSoaking => "StageSoaking",
            Self::StageDone => "StageDone",
            Self::ApprovalWanted => "ApprovalWanted",
            Self::Approved => "Approved",
            Self::ClusterStarted => "ClusterStarted",
            Self::ClusterUpgraded => "ClusterUpgraded",
            Self::ClusterUnwell => "ClusterUnwell",
            Self::ClusterWell => "ClusterWell",
            Self::ClusterFailed => "ClusterFailed",
            Self::ClusterHeld => "ClusterHeld",
            Self::Remedied => "Remedied",
            Self::RemedyFailed => "RemedyFailed",
            Self::ClusterGone => "ClusterGone",
            Self::Stopping => "Stopping",
            Self::ClusterJoined => "ClusterJoined",
            Self::SpecChanged => "SpecChanged",
            Self::ClockSetBack => "ClockSetBack",
            Self::Stalled => "Stalled",
            Self::Paused => "Paused",
            Self::Resumed => "Resumed",
            Self::RunEnded => "RunEnded",
        }
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
