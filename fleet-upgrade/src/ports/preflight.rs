//! What breaks on a cluster at its next version.

use async_trait::async_trait;
use fleet_core::{ClusterName, KubernetesVersion};

use super::BoxError;
use crate::kernel::PreflightVerdict;

/// Looks for what breaks on a cluster at a version, before the cluster is started to it.
///
/// Asked only where the policy says `preflight: required`: for a cluster about to start, and again for each hop, as long
/// as the cluster waits. An implementation that takes long remembers its answer.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Preflight: Send + Sync {
    /// What breaks on the cluster at this version.
    ///
    /// What could not be looked at makes the verdict [`PreflightVerdict::Incomplete`]; so does an error. Neither lets the
    /// cluster start.
    async fn check(
        &self,
        cluster: &ClusterName,
        to: &KubernetesVersion,
    ) -> Result<PreflightVerdict, BoxError>;
}
