//! What is done about a cluster that failed.

use async_trait::async_trait;
use fleet_core::ClusterName;

use super::BoxError;
use crate::spec::Remedy;

/// Does something about failed clusters: leads traffic away, replaces them.
///
/// Asked only where the policy has remedies. Must be idempotent by the cluster and the remedy: an order that may not have
/// arrived is given again, and one that takes its time is asked for until it is done.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Remediator: Send + Sync {
    /// Does this about the cluster, or says how far it is.
    async fn remedy(&self, cluster: &ClusterName, remedy: Remedy) -> Result<RemedyProgress, RemedyError>;
}

/// How far a remedy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemedyProgress {
    /// It is done.
    Done,
    /// It was begun, and is not done.
    InProgress,
}

/// Why a remedy was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemedyError {
    /// It can never be done; the next one is tried.
    #[error("it cannot be done: {reason}")]
    Impossible {
        /// Why.
        reason: String,
    },
    /// It did not work this time.
    #[error("it did not work this time")]
    Unavailable {
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}
