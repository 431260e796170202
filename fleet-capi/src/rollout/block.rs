//! The search for what holds a rollout up, and for the object to blame.

use std::fmt;

use fleet_core::KubernetesVersion;
use serde::Serialize;

use super::state::{ClusterState, Condition, MachineGroup, MachineState, ObjectRef};
use super::status::{examine_group, is, machine_ref};

/// What holds a rollout up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct Blocked {
    /// The object to blame.
    pub object: ObjectRef,
    /// What kind of hindrance it is.
    pub reason: BlockReason,
    /// What Cluster API says about it; empty where it says nothing.
    pub message: String,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)?;
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

/// The kinds of hindrance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BlockReason {
    /// Somebody paused it. It will not go on by itself.
    Paused,
    /// An old machine waits for a pre-drain hook.
    PreDrainHook,
    /// An old machine is being drained; the message names the pods and budgets it waits for.
    Draining,
    /// An old machine waits for its volumes to be detached.
    VolumeDetach,
    /// An old machine waits for a pre-terminate hook.
    PreTerminateHook,
    /// An old machine's infrastructure does not go away.
    InfrastructureDeletion,
    /// The control plane waits for its own health before the next machine.
    ControlPlaneHealth,
    /// A `MachineSet` makes no machines because its pre-flight checks fail.
    Preflight,
    /// A new machine's infrastructure is not there.
    Infrastructure,
    /// A new machine's bootstrap data is not there.
    Bootstrap,
    /// A new machine's node did not join or is not healthy.
    Node,
    /// A machine belongs to no group that could be rolled: a standalone one, say.
    Unmanaged,
    /// The management cluster does not reach the workload cluster.
    Unreachable,
}

impl fmt::Display for BlockReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "is paused",
            Self::PreDrainHook => "waits for a pre-drain hook",
            Self::Draining => "is being drained",
            Self::VolumeDetach => "waits for its volumes to be detached",
            Self::PreTerminateHook => "waits for a pre-terminate hook",
            Self::InfrastructureDeletion => "waits for its infrastructure to be deleted",
            Self::ControlPlaneHealth => "waits for the control plane to be healthy",
            Self::Preflight => "pre-flight checks fail",
            Self::Infrastructure => "waits for its infrastructure",
            Self::Bootstrap => "waits for its bootstrap data",
            Self::Node => "waits for its node",
            Self::Unmanaged => "is managed by nothing that can be rolled",
            Self::Unreachable => "cannot be reached from the management cluster",
        })
    }
}

/// The gravest hindrance: what will not pass by itself first, then old machines that do not go, then groups that do
/// not move, then new machines that do not come.
pub(super) fn find_block(cluster: &ClusterState, target: &KubernetesVersion) -> Option<Blocked> {
    paused(cluster, target)
        .or_else(|| unreachable(cluster))
        .or_else(|| cluster.machines.iter().find_map(leaving))
        .or_else(|| cluster.control_plane.as_ref().and_then(waiting_control_plane))
        .or_else(|| preflight(cluster))
        .or_else(|| cluster.machines.iter().find_map(coming))
        .or_else(|| unmanaged(cluster, target))
}

fn paused(cluster: &ClusterState, target: &KubernetesVersion) -> Option<Blocked> {
    let block = |object: &ObjectRef| Blocked {
        object: object.clone(),
        reason: BlockReason::Paused,
        message: String::new(),
    };
    if cluster.paused {
        return Some(block(&cluster.object));
    }
    let groups = cluster.control_plane.iter().chain(&cluster.workers);
    let mut paused = groups.filter(|group| group.paused);
    paused
        .find(|group| {
            let mut open = Vec::new();
            examine_group(cluster, group, target, &mut open);
            !open.is_empty()
        })
        .map(|group| block(&group.object))
}

fn unreachable(cluster: &ClusterState) -> Option<Blocked> {
    let probe = cluster.conditions.get("RemoteConnectionProbe")?;
    probe.is_false().then(|| Blocked {
        object: cluster.object.clone(),
        reason: BlockReason::Unreachable,
        message: probe.message.clone(),
    })
}

fn leaving(machine: &MachineState) -> Option<Blocked> {
    let deleting = machine.conditions.get("Deleting").filter(|_| machine.deleting)?;
    let reason = match deleting.reason.as_str() {
        "WaitingForPreDrainHook" => BlockReason::PreDrainHook,
        "DrainingNode" => BlockReason::Draining,
        "WaitingForVolumeDetach" => BlockReason::VolumeDetach,
        "WaitingForPreTerminateHook" => BlockReason::PreTerminateHook,
        "WaitingForInfrastructureDeletion" => BlockReason::InfrastructureDeletion,
        _ => return None,
    };
    Some(Blocked {
        object: machine_ref(machine),
        reason,
        message: deleting.message.clone(),
    })
}

fn waiting_control_plane(group: &MachineGroup) -> Option<Blocked> {
    let conditions = ["ScalingUp", "ScalingDown"].map(|name| group.conditions.get(name));
    let blocked = |condition: &&Condition| condition.message.contains("blocked");
    let condition = conditions.into_iter().flatten().find(blocked)?;
    Some(Blocked {
        object: group.object.clone(),
        reason: BlockReason::ControlPlaneHealth,
        message: condition.message.clone(),
    })
}

fn preflight(cluster: &ClusterState) -> Option<Blocked> {
    cluster.machine_sets.iter().find_map(|set| {
        let scaling = set.conditions.get("ScalingUp")?;
        scaling.message.contains("preflight").then(|| Blocked {
            object: ObjectRef::named("MachineSet", &set.name),
            reason: BlockReason::Preflight,
            message: scaling.message.clone(),
        })
    })
}

fn coming(machine: &MachineState) -> Option<Blocked> {
    if machine.deleting {
        return None;
    }
    let stages = [
        ("BootstrapConfigReady", BlockReason::Bootstrap),
        ("InfrastructureReady", BlockReason::Infrastructure),
        ("NodeHealthy", BlockReason::Node),
    ];
    stages.into_iter().find_map(|(name, reason)| {
        let condition = machine.conditions.get(name).filter(|it| !it.is_true())?;
        Some(Blocked {
            object: machine_ref(machine),
            reason,
            message: condition.message.clone(),
        })
    })
}

fn unmanaged(cluster: &ClusterState, target: &KubernetesVersion) -> Option<Blocked> {
    let stray = cluster
        .strays()
        .find(|machine| !is(machine.version.as_ref(), target))?;
    Some(Blocked {
        object: machine_ref(stray),
        reason: BlockReason::Unmanaged,
        message: String::new(),
    })
}
