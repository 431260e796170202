//! How long a cluster's hop is expected to take.

use std::num::NonZeroU32;

use fleet_core::{HumanDuration, NodeCounts};
use serde::{Deserialize, Serialize};

/// How long upgrades take, to give a plan its dates.
///
/// The defaults are assumptions, not measurements: machines of a public cloud that join within minutes, replaced one
/// at a time. Measure your own and say so; a plan is only as good as these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Estimates {
    /// To replace one control-plane machine; they are replaced one after the other. Default: `8m`.
    pub control_plane_machine: HumanDuration,
    /// To upgrade a control plane that the provider runs, which is one without control-plane machines of its own.
    /// Default: `20m`.
    pub managed_control_plane: HumanDuration,
    /// To replace one worker, which is created, joins, and lets the old one drain. Default: `5m`.
    pub worker_machine: HumanDuration,
    /// How many workers are replaced at the same time. Default: 1, as Cluster API's `maxSurge`.
    pub workers_at_once: NonZeroU32,
}

impl Default for Estimates {
    fn default() -> Self {
        Self {
            control_plane_machine: HumanDuration::minutes(8),
            managed_control_plane: HumanDuration::minutes(20),
            worker_machine: HumanDuration::minutes(5),
            workers_at_once: NonZeroU32::MIN,
        }
    }
}

impl Estimates {
    /// The time for one hop of a cluster with these nodes: the control plane, then the workers. At least a second.
    pub fn hop(&self, nodes: NodeCounts) -> HumanDuration {
        HumanDuration::seconds(u32::try_from(self.hop_seconds(nodes)).unwrap_or(u32::MAX))
    }

    pub(crate) fn hop_seconds(&self, nodes: NodeCounts) -> i64 {
        let seconds = |duration: HumanDuration| duration.as_signed().as_secs();
        let control_plane = match nodes.control_plane {
            0 => seconds(self.managed_control_plane),
            machines => seconds(self.control_plane_machine).saturating_mul(i64::from(machines)),
        };
        let turns = i64::from(nodes.workers.div_ceil(self.workers_at_once.get()));
        // A hop that takes no time would make instants of the plan coincide that happen one after the other.
        control_plane
            .saturating_add(seconds(self.worker_machine).saturating_mul(turns))
            .clamp(1, i64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(control_plane: u32, workers: u32) -> NodeCounts {
        NodeCounts {
            control_plane,
            workers,
        }
    }

    #[test]
    fn counts_machines_and_turns() {
        let mut estimates = Estimates::default();
        assert_eq!(estimates.hop(nodes(3, 5)), HumanDuration::minutes(3 * 8 + 5 * 5));
        estimates.workers_at_once = NonZeroU32::new(2).unwrap();
        assert_eq!(estimates.hop(nodes(3, 5)), HumanDuration::minutes(3 * 8 + 3 * 5));
    }

    #[test]
    fn a_managed_control_plane_has_its_own_time() {
        assert_eq!(
            Estimates::default().hop(nodes(0, 2)),
            HumanDuration::minutes(20 + 10)
        );
    }

    #[test]
    fn takes_some_time_and_never_overflows() {
        let estimates = Estimates {
            managed_control_plane: HumanDuration::ZERO,
            ..Estimates::default()
        };
        assert_eq!(estimates.hop(nodes(0, 0)), HumanDuration::seconds(1));
        assert_eq!(
            estimates.hop(nodes(u32::MAX, u32::MAX)),
            HumanDuration::seconds(u32::MAX)
        );
    }
}
