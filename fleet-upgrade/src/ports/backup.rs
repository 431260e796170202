//! The backup that a cluster can be restored from if its upgrade goes wrong.

use async_trait::async_trait;
use fleet_core::ClusterName;
use jiff::Timestamp;

use super::BoxError;
use crate::kernel::BackupVerdict;

/// Knows the backups of a cluster, and may make one.
///
/// Asked only where the policy has a `backup`: for a cluster about to start, and again for each hop, as long as the
/// cluster waits. Must be idempotent: an implementation that makes a backup when there is none makes one, and
/// answers [`BackupVerdict::InProgress`] until it is done.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait BackupGate: Send + Sync {
    /// The newest verified backup of the cluster that was completed at `not_before` or later.
    ///
    /// Verified means more than completed: nothing failed or was left out, and what it rests on (its storage, its volume
    /// snapshots) is there. An error counts as [`BackupVerdict::Missing`].
    async fn check(&self, cluster: &ClusterName, not_before: Timestamp) -> Result<BackupVerdict, BoxError>;
}
