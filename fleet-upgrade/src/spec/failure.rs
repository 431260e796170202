//! What is done about a cluster that failed, and whether the run may go on after too many did.

use std::fmt;

use fleet_core::{FleetCluster, Provider};
use serde::{Deserialize, Serialize};

use super::ApprovalRule;

/// What happens on failure.
///
/// In any case nothing new starts beyond the failure budget, and a failed cluster is left as it is: held. A control plane is
/// never downgraded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OnFailure {
    /// What is done about a failed cluster, one after the other. Default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// Beyond the failure budget the run halts until one of these people lets it go on; the failures so far then count no
    /// longer. Default: the run ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_on: Option<ApprovalRule>,
}

impl OnFailure {
    /// Does this about a failed cluster.
    pub fn remedies(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies = remedies.into_iter().collect();
        self
    }

    /// Halts beyond the budget until somebody lets the run go on.
    pub fn go_on(mut self, rule: ApprovalRule) -> Self {
        self.go_on = Some(rule);
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What can be done about a cluster that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Remedy {
    /// Put the old version and template back, while no control-plane machine of the new one has joined. Impossible where the
    /// provider runs the control plane.
    Abort,
    /// Lead the workload back to the worker pool of the old version, where one is kept beside the new one. Impossible on a cluster
    /// without workers.
    FallBack,
    /// Lead its users to other clusters.
    ShiftTraffic,
    /// Make a new cluster from Git and restore its data; the old one is kept until people have looked at it.
    Replace,
}

impl Remedy {
    /// Why a cluster's provider cannot do this; none where it can, or where nobody knows.
    pub(crate) fn impossible_on(self, cluster: &FleetCluster) -> Option<&'static str> {
        let provided = cluster.nodes().control_plane == 0 && *cluster.provider() != Provider::Unknown;
        match self {
            Self::Abort if provided => {
                Some("the provider runs the control plane, whose upgrade cannot be taken back")
            }
            Self::FallBack if cluster.nodes().workers == 0 => {
                Some("there are no workers, and so no worker pool to fall back to")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abort => "abort",
            Self::FallBack => "fallBack",
            Self::ShiftTraffic => "shiftTraffic",
            Self::Replace => "replace",
        })
    }
}
