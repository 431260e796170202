//! What a run needs of the world: small traits, each with a real and an in-memory implementation.
//!
//! | port | asks | implementations |
//! |---|---|---|
//! | [`ClusterUpgrader`] | take this cluster to that version; how is it? | `adapters::capi` (feature `capi`), `testing::InMemoryUpgrader` |
//! | [`HealthGate`] | is this cluster well, by some other measure? | `adapters::{WorkloadGate, ApplicationGate, JobGate}` (feature `health`), `SloGate` (`prometheus`), `WebhookGate` (`webhook`), your own; [`NoGate`] is the default |
//! | [`Preflight`] | what breaks on this cluster at that version? | `adapters::ClusterScan` (feature `preflight`), `testing::InMemoryPreflight` |
//! | [`BackupGate`] | does this cluster have a verified backup? | `testing::InMemoryBackups` |
//! | [`Remediator`] | do this about a failed cluster | `adapters::CapiRemediator` (feature `capi`), `testing::InMemoryRemediator` |
//! | [`Approvals`] | who has said yes? | `testing::InMemoryApprovals` |
//! | [`Notifier`] | tell people this | `testing::InMemoryNotifier` |
//! | [`RunStore`] | keep this run's plan and log | `operator::ResourceStore` (feature `operator`), `testing::InMemoryRunStore` |
//! | [`Clock`] | what time is it? | [`SystemClock`], [`TokioClock`] |
//!
//! With the feature `mock` each trait has a `mockall` mock: `MockClusterUpgrader` and so on.

mod approvals;
mod backup;
mod clock;
pub(crate) mod cohorts;
mod gates;
mod notifier;
mod preflight;
mod remediator;
mod shared;

pub use approvals::Approvals;
pub use backup::BackupGate;
pub use clock::{SystemClock, TokioClock};
pub use cohorts::Cohorts;
pub(crate) use gates::{AskedGates, NamedGates};
pub use notifier::{Notice, NoticeKind, Notifier};
pub use preflight::Preflight;
pub use remediator::{Remediator, RemedyError, RemedyProgress};

#[cfg(feature = "mock")]
pub use approvals::MockApprovals;
#[cfg(feature = "mock")]
pub use backup::MockBackupGate;
#[cfg(feature = "mock")]
pub use notifier::MockNotifier;
#[cfg(feature = "mock")]
pub use preflight::MockPreflight;
#[cfg(feature = "mock")]
pub use remediator::MockRemediator;

use std::error::Error as StdError;

use async_trait::async_trait;
use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;

use crate::UpgradePlan;
use crate::kernel::{ClusterReport, Event};

/// A cause from below a port.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Upgrades clusters, one order at a time.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ClusterUpgrader: Send + Sync {
    /// Orders the cluster to run the version, and returns as soon as it has taken the order.
    ///
    /// Must be idempotent: an order for the version that the cluster wants already changes nothing. An order that may
    /// not have arrived is given again.
    async fn start(&self, cluster: &ClusterName, to: &KubernetesVersion) -> Result<(), UpgraderError>;

    /// What the cluster reports of itself now.
    async fn observe(&self, cluster: &ClusterName) -> Result<ClusterReport, UpgraderError>;
}

/// Why an upgrader could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgraderError {
    /// The cluster does not exist (any more).
    #[error("cluster {cluster} does not exist")]
    NotFound {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The order can never be carried out; the cluster is failed at once.
    #[error("cluster {cluster} cannot be upgraded: {reason}")]
    Refused {
        /// The cluster.
        cluster: ClusterName,
        /// Why.
        reason: String,
    },
    /// It did not work this time; it is tried again until the cluster's deadline.
    #[error("cluster {cluster} could not be reached")]
    Unavailable {
        /// The cluster.
        cluster: ClusterName,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

/// Judges a cluster's health by a measure of its own, in addition to what the cluster reports.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait HealthGate: Send + Sync {
    /// The verdict on an upgraded cluster, or one about to be started, at this moment.
    ///
    /// An error counts as [`Verdict::Inconclusive`].
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError>;
}

/// When a gate looks, and what it may look back to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateLook {
    /// The moment.
    pub now: Timestamp,
    /// When the cluster's upgrade began; none before. What was measured before that says nothing about the new version.
    pub started: Option<Timestamp>,
    /// When its upgrade was done; none before.
    pub upgraded: Option<Timestamp>,
    /// The other clusters of its run; nobody outside of one.
    pub cohorts: Cohorts,
}

impl GateLook {
    /// A look at a cluster whose upgrade has not begun.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            started: None,
            upgraded: None,
            cohorts: Cohorts::default(),
        }
    }
}

/// What a health gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The cluster is well.
    Pass,
    /// The cluster is not well.
    Fail {
        /// Why not.
        reason: String,
    },
    /// Nothing can be said: no data, too little, or only a part of it. Never lets anything go on.
    Inconclusive,
}

impl Verdict {
    /// The verdict of several: the first that fails; without one, inconclusive where one of them is or there is none.
    pub fn together(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut together = None;
        for verdict in verdicts {
            match verdict {
                Self::Fail { .. } => return verdict,
                Self::Inconclusive => together = Some(verdict),
                Self::Pass => together = together.or(Some(verdict)),
            }
        }
        together.unwrap_or(Self::Inconclusive)
    }
}

/// The gate that knows nothing against any cluster: health is what the cluster reports.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGate;

#[async_trait]
impl HealthGate for NoGate {
    async fn check(&self, _cluster: &ClusterName, _look: &GateLook) -> Result<Verdict, BoxError> {
        Ok(Verdict::Pass)
    }
}

/// Keeps runs: for each a plan, written once, and a log, only ever appended to.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RunStore: Send + Sync {
    /// The run of that name, if there is one.
    async fn load(&self, run: &str) -> Result<Option<StoredRun>, RunStoreError>;

    /// Begins a run. Creating a run that exists with the very same plan changes nothing; with another plan it is a
    /// [`RunStoreError::Conflict`].
    async fn create(&self, run: &str, plan: &UpgradePlan) -> Result<(), RunStoreError>;

    /// Adds entries to the run's log, all or none, durable when it returns.
    ///
    /// The entries' numbers continue the log. Entries that are there already, the very same, are passed over, so that an
    /// append whose acknowledgement was lost can be repeated; a different entry under a number that is taken is a
    /// [`RunStoreError::Conflict`]: another process writes this run.
    async fn append(&self, run: &str, events: &[Event]) -> Result<(), RunStoreError>;
}

/// A run as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// The plan it was begun with.
    pub plan: UpgradePlan,
    /// Its log.
    pub events: Vec<Event>,
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunStoreError {
    /// Someone else has written what was to be written. Trying again does not help.
    #[error("run {run} was written by another process (entry {seq})")]
    Conflict {
        /// The run.
        run: String,
        /// The number of the entry that differs; 0 also for the plan.
        seq: u64,
    },
    /// The run does not exist.
    #[error("run {run} does not exist; create it first")]
    NotFound {
        /// The run.
        run: String,
    },
    /// It did not work this time.
    #[error("run {run} could not be read or written")]
    Unavailable {
        /// The run.
        run: String,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

/// The time, and waiting for it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns when that time has come; at once when it is past.
    async fn sleep_until(&self, at: Timestamp);
}
