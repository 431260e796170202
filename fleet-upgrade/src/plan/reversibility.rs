//! What can be taken back, how, and until when: said before anything starts.

use std::fmt;

use fleet_core::{FleetCluster, HumanDuration, Provider};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::estimate::Estimates;

/// How far a cluster's upgrade can be taken back. In any case the fleet can be stopped, the cluster held, its traffic
/// shifted away, or the cluster replaced from Git and its backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reversibility {
    /// How.
    pub method: ReversalMethod,
    /// Until when; none where there is no way back from the first moment on.
    pub reversible_until: Option<Timestamp>,
}

/// How an upgrade can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReversalMethod {
    /// The old version and template are put back before the first control-plane machine of the new version has joined.
    /// After that a control plane is never downgraded: roll forward, or replace the cluster.
    AbortBeforeCommit,
    /// The provider takes the control plane back, one minor version, nodes first: EKS, within seven days.
    ProviderRollback,
    /// There is no way back: roll forward, or replace the cluster.
    RollForward,
}

impl Reversibility {
    pub(crate) fn of(
        cluster: &FleetCluster,
        control_plane_starts: Timestamp,
        end: Timestamp,
        control_plane_hops: usize,
        estimates: &Estimates,
    ) -> Self {
        let managed = cluster.nodes().control_plane == 0;
        let until = |from: Timestamp, after: HumanDuration| from.checked_add(after.as_signed()).ok();
        let (method, reversible_until) = match (cluster.provider(), managed) {
            // One minor version back, and only from the last one it came to.
            // A kubeadm node is not taken back to an older minor, silently: workers that caught up stay.
            _ if control_plane_hops == 0 => (ReversalMethod::RollForward, None),
            (Provider::Aws, true) if control_plane_hops == 1 => (
                ReversalMethod::ProviderRollback,
                until(end, HumanDuration::days(7)),
            ),
            (_, true) => (ReversalMethod::RollForward, None),
            (_, false) => (
                ReversalMethod::AbortBeforeCommit,
                until(control_plane_starts, estimates.control_plane_machine),
            ),
        };
        Self {
            method,
            reversible_until,
        }
    }
}

impl fmt::Display for Reversibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            ReversalMethod::AbortBeforeCommit => {
                f.write_str(
                    "can be aborted before the first control-plane machine of the new version joins",
                )?;
            }
            ReversalMethod::ProviderRollback => f.write_str("the provider takes one minor version back")?,
            ReversalMethod::RollForward => {
                f.write_str("no way back: roll forward, or replace the cluster")?;
            }
        }
        match self.reversible_until {
            Some(until) => write!(f, ", until about {until}"),
            None => Ok(()),
        }
    }
}
