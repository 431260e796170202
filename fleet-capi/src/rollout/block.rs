//! The search for what holds a rollout up, and for the object to blame.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::KubernetesVersion;
use jiff::Timestamp;
use serde::Serialize;

use super::state::{
    ClusterState, Condition, MachineGroup, MachineRole, MachineSetState, MachineState, ObjectRef,
};
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
    /// Since when, as far as Cluster API tells.
    pub since: Option<Timestamp>,
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
    /// Somebody holds the upgrade of a topology: a hook annotation, a deferred worker group, a runtime extension.
    Held,
    /// A worker group replaces machines only when someone deletes them, and old ones are left.
    OnDelete,
    /// A machine is being updated in place.
    UpdatingInPlace,
    /// An old machine is on its way out, and at another step than those above.
    Deleting,
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
            Self::Held => "is held back",
            Self::OnDelete => "waits for someone to delete its old machines",
            Self::UpdatingInPlace => "is being updated in place",
            Self::Deleting => "is being deleted",
        })
    }
}

/// Everything that holds a rollout up, the gravest first: what will not pass by itself, then old machines that do not
/// go, then control-plane machines that do not come, then groups that do not move, then other machines that do not come.
pub(super) fn find_blocks(cluster: &ClusterState, target: &KubernetesVersion) -> Vec<Blocked> {
    let leaving = cluster.machines.iter().filter_map(leaving);
    // A control plane that waits for its health waits for such a machine of its own: that one is to blame.
    let (members, others): (Vec<_>, Vec<_>) = cluster
        .machines
        .iter()
        .partition(|machine| machine.role == MachineRole::ControlPlane);
    let members = members.into_iter().filter_map(coming);
    let others = others.into_iter().filter_map(coming);
    paused(cluster, target)
        .into_iter()
        .chain(unreachable(cluster))
        .chain(held(cluster, target))
        .chain(leaving)
        .chain(members)
        .chain(cluster.control_plane.as_ref().and_then(waiting_control_plane))
        .chain(cluster.machine_sets.iter().filter_map(preflight))
        .chain(others)
        .chain(waiting_for_deletion(cluster, target))
        .chain(unmanaged(cluster, target))
        .collect()
}

fn by_condition(object: ObjectRef, reason: BlockReason, condition: &Condition) -> Blocked {
    Blocked {
        object,
        reason,
        message: condition.message.clone(),
        since: condition.since,
    }
}

fn without_message(object: &ObjectRef, reason: BlockReason, since: Option<Timestamp>) -> Blocked {
    Blocked {
        object: object.clone(),
        reason,
        message: String::new(),
        since,
    }
}

fn paused(cluster: &ClusterState, target: &KubernetesVersion) -> Vec<Blocked> {
    // The status of a paused object is frozen; only this condition of it is written still.
    let since =
        |conditions: &BTreeMap<String, Condition>| conditions.get("Paused").filter(|it| it.is_true())?.since;
    if cluster.paused {
        return vec![without_message(
            &cluster.object,
            BlockReason::Paused,
            since(&cluster.conditions),
        )];
    }
    unfinished_groups(cluster, target)
        .filter(|group| group.paused)
        .map(|group| without_message(&group.object, BlockReason::Paused, since(&group.conditions)))
        .collect()
}

fn unfinished_groups<'a>(
    cluster: &'a ClusterState,
    target: &'a KubernetesVersion,
) -> impl Iterator<Item = &'a MachineGroup> {
    let groups = cluster.control_plane.iter().chain(&cluster.workers);
    groups.filter(|group| {
        let mut open = Vec::new();
        examine_group(cluster, group, target, &mut open);
        !open.is_empty()
    })
}

fn unreachable(cluster: &ClusterState) -> Option<Blocked> {
    let probe = cluster.conditions.get("RemoteConnectionProbe")?;
    let object = cluster.object.clone();
    probe
        .is_false()
        .then(|| by_condition(object, BlockReason::Unreachable, probe))
}

/// A topology whose upgrade somebody holds: Cluster API names the hooks in the message.
fn held(cluster: &ClusterState, target: &KubernetesVersion) -> Option<Blocked> {
    let topology = cluster.topology.as_ref()?;
    let open = is(Some(&topology.version), target) && unfinished_groups(cluster, target).next().is_some();
    let condition = cluster
        .conditions
        .get("TopologyReconciled")
        .filter(|it| !it.is_true());
    let says_so = condition.is_some_and(|it| it.message.contains("hook") || it.message.contains("blocking"));
    let is_held = says_so || !topology.holds.is_empty();
    if !(open && is_held) {
        return None;
    }
    let mut message = topology.holds.join(", ");
    if let Some(condition) = condition.filter(|it| !it.message.is_empty()) {
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&condition.message);
    }
    Some(Blocked {
        object: cluster.object.clone(),
        reason: BlockReason::Held,
        message,
        since: condition.and_then(|it| it.since),
    })
}

fn leaving(machine: &MachineState) -> Option<Blocked> {
    if !machine.deleting {
        return None;
    }
    let Some(deleting) = machine.conditions.get("Deleting") else {
        return Some(without_message(
            &machine_ref(machine),
            BlockReason::Deleting,
            machine.deleted,
        ));
    };
    let (reason, began) = match deleting.reason.as_str() {
        "WaitingForPreDrainHook" => (BlockReason::PreDrainHook, None),
        "DrainingNode" => (BlockReason::Draining, machine.drain_started),
        "WaitingForVolumeDetach" => (BlockReason::VolumeDetach, machine.volume_wait_started),
        "WaitingForPreTerminateHook" => (BlockReason::PreTerminateHook, None),
        "WaitingForInfrastructureDeletion" => (BlockReason::InfrastructureDeletion, None),
        _ => (BlockReason::Deleting, None),
    };
    // The condition has been true since the deletion began, whatever its reason was in between.
    let since = began.or(machine.deleted).or(deleting.since);
    Some(Blocked {
        since,
        ..by_condition(machine_ref(machine), reason, deleting)
    })
}

fn waiting_control_plane(group: &MachineGroup) -> Option<Blocked> {
    let conditions = ["ScalingUp", "ScalingDown"].map(|name| group.conditions.get(name));
    let blocked = |condition: &&Condition| condition.message.contains("blocked");
    let condition = conditions.into_iter().flatten().find(blocked)?;
    Some(by_condition(
        group.object.clone(),
        BlockReason::ControlPlaneHealth,
        condition,
    ))
}

fn preflight(set: &MachineSetState) -> Option<Blocked> {
    let scaling = set.conditions.get("ScalingUp")?;
    let object = ObjectRef::named("MachineSet", &set.name);
    scaling
        .message
        .contains("preflight")
        .then(|| by_condition(object, BlockReason::Preflight, scaling))
}

fn coming(machine: &MachineState) -> Option<Blocked> {
    if machine.deleting {
        return None;
    }
    if let Some(updating) = machine.conditions.get("Updating").filter(|it| it.is_true()) {
        return Some(by_condition(
            machine_ref(machine),
            BlockReason::UpdatingInPlace,
            updating,
        ));
    }
    let stages = [
        ("BootstrapConfigReady", BlockReason::Bootstrap),
        ("InfrastructureReady", BlockReason::Infrastructure),
        ("NodeHealthy", BlockReason::Node),
    ];
    stages.into_iter().find_map(|(name, reason)| {
        let condition = machine.conditions.get(name).filter(|it| !it.is_true())?;
        let blocked = by_condition(machine_ref(machine), reason, condition);
        Some(Blocked {
            since: blocked.since.or(machine.created),
            ..blocked
        })
    })
}

fn waiting_for_deletion<'a>(
    cluster: &'a ClusterState,
    target: &'a KubernetesVersion,
) -> impl Iterator<Item = Blocked> + 'a {
    let asks = |group: &&MachineGroup| group.on_delete && is(group.version.as_ref(), target);
    let old = |group: &&MachineGroup| {
        let mut machines = cluster.machines_of(group);
        machines.any(|machine| !machine.deleting && !is(machine.version.as_ref(), target))
    };
    let groups = cluster
        .workers
        .iter()
        .filter(asks)
        .filter(move |group| old(group));
    groups.map(|group| {
        let rolling = group.conditions.get("RollingOut").and_then(|it| it.since);
        without_message(&group.object, BlockReason::OnDelete, rolling)
    })
}

fn unmanaged<'a>(
    cluster: &'a ClusterState,
    target: &'a KubernetesVersion,
) -> impl Iterator<Item = Blocked> + 'a {
    let strays = cluster
        .strays()
        .filter(|machine| !is(machine.version.as_ref(), target));
    strays.map(|stray| without_message(&machine_ref(stray), BlockReason::Unmanaged, stray.created))
}
