//! The decision: what to do next with a cluster that is to run a version.

use std::collections::BTreeSet;

use fleet_core::{KubernetesVersion, skew};
use serde::Serialize;

#[allow(unused_imports)] // For the docs.
use super::UpgradeRecord;
use super::{Order, Phases, Refusal};
use crate::rollout::state::first_of_minor;
use crate::rollout::{ClusterState, MachineGroup, MachineRole, ObjectRef, Phase, Progress, RolloutStatus};

/// The next step of a cluster's upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)] // Whoever takes steps must know them all.
pub enum Step {
    /// It must not be done; change nothing.
    Refuse(Refusal),
    /// Set `spec.topology.version` of the Cluster: Cluster API does the rest, in order.
    PatchTopology {
        /// The Cluster.
        object: ObjectRef,
        /// The version it has.
        from: KubernetesVersion,
    },
    /// Set `spec.version` of the control plane.
    PatchControlPlane {
        /// The control plane.
        object: ObjectRef,
        /// The version it has.
        from: KubernetesVersion,
    },
    /// Wait for the control plane's machines: to reach the version, or to settle at the present one before they may
    /// go on.
    WaitControlPlane {
        /// How many have.
        progress: Progress,
    },
    /// Set `spec.template.spec.version` of these worker groups; the control plane is done.
    PatchWorkers {
        /// The `MachineDeployments` and `MachinePools`.
        objects: Vec<ObjectRef>,
    },
    /// Wait for the workers' machines.
    WaitWorkers {
        /// How many have reached the version.
        progress: Progress,
    },
    /// Somebody paused this object, and nothing else is left to do: wait until it is resumed.
    Paused {
        /// The Cluster, control plane, `MachineDeployment` or `MachinePool`.
        object: ObjectRef,
    },
    /// Somebody [holds](UpgradeRecord::held) the upgrade: what is due is not done.
    Held,
    /// Every machine runs the version, of those that were asked for.
    Done,
}

impl Step {
    /// Whether it changes the cluster.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver asks.
    pub(super) fn changes(&self) -> bool {
        matches!(
            self,
            Self::PatchTopology { .. } | Self::PatchControlPlane { .. } | Self::PatchWorkers { .. }
        )
    }
}

/// What to do next so that an order is carried out: [`next_step`], over every stop of the way.
///
/// The control plane goes from stop to stop. The workers follow at the end, or earlier where they would fall out of the
/// version skew. A cluster with a managed topology goes as a whole from stop to stop, because Cluster API takes it so; where
/// its class [leads](crate::rollout::Topology::leads_to) to the target, an order needs no stops, and Cluster API plans the way.
pub fn next_step_of(cluster: &ClusterState, order: &Order) -> Step {
    if cluster.is_by_minor() {
        return next_by_release(&cluster.in_minors(), &order.in_minors());
    }
    next_by_release(cluster, order)
}

fn next_by_release(cluster: &ClusterState, order: &Order) -> Step {
    let target = &order.target;
    let Some(current) = cluster.desired_version() else {
        return next_step(cluster, target);
    };
    if let Phases::Workers { groups } = &order.phases {
        return only_workers(cluster, current, target, groups);
    }
    let Some(next) = order.next_stop(current) else {
        return match (&order.phases, next_step(cluster, target)) {
            (Phases::ControlPlane, Step::PatchWorkers { .. } | Step::WaitWorkers { .. })
                if cluster.topology.is_none() =>
            {
                Step::Done
            }
            (_, step) => step,
        };
    };
    match next_step(cluster, next) {
        Step::Refuse(refusal @ Refusal::WorkersTooOld { .. })
            if cluster.topology.is_none() && order.phases == Phases::All =>
        {
            match next_step(cluster, current) {
                Step::Done => Step::Refuse(refusal),
                step => step,
            }
        }
        step => step,
    }
}

fn only_workers(
    cluster: &ClusterState,
    current: &KubernetesVersion,
    target: &KubernetesVersion,
    groups: &BTreeSet<String>,
) -> Step {
    let known = || cluster.workers.iter().map(|group| &group.object.name);
    // A misspelled group is not one that has nothing left to do.
    if let Some(name) = groups.iter().find(|name| !known().any(|known| known == *name)) {
        return Step::Refuse(Refusal::UnknownWorkers {
            object: Box::new(cluster.object.clone()),
            name: name.clone(),
            known: known().cloned().collect(),
        });
    }
    let step = next_step(cluster, target);
    let control_plane_first = || {
        Step::Refuse(Refusal::ControlPlaneFirst {
            object: Box::new(holder(cluster).cloned().unwrap_or_default()),
            found: current.clone(),
            to: target.clone(),
        })
    };
    let is_asked_for = |name: &String| groups.is_empty() || groups.contains(name);
    match step {
        Step::PatchTopology { .. } | Step::PatchControlPlane { .. } => control_plane_first(),
        Step::PatchWorkers { mut objects } => {
            objects.retain(|object| is_asked_for(&object.name));
            if objects.is_empty() {
                wait_for_groups(cluster, target, is_asked_for)
            } else {
                Step::PatchWorkers { objects }
            }
        }
        Step::WaitWorkers { .. } => wait_for_groups(cluster, target, is_asked_for),
        step => step,
    }
}

/// Some groups' machines only: the others may be where they were.
fn wait_for_groups(
    cluster: &ClusterState,
    target: &KubernetesVersion,
    is_asked_for: impl Fn(&String) -> bool,
) -> Step {
    let (asked, others): (Vec<_>, Vec<_>) = cluster
        .workers
        .iter()
        .partition(|group| is_asked_for(&group.object.name));
    let part = ClusterState {
        workers: asked.into_iter().cloned().collect(),
        machines: cluster
            .machines
            .iter()
            .filter(|machine| !others.iter().any(|group| holds(group, &machine.role)))
            .cloned()
            .collect(),
        ..cluster.clone()
    };
    let status = RolloutStatus::of(&part, target);
    if status.is_done() {
        return Step::Done;
    }
    Step::WaitWorkers {
        progress: status.workers(),
    }
}

/// The object that holds the cluster's version, and the record of an upgrade under way.
pub(super) fn holder(cluster: &ClusterState) -> Option<&ObjectRef> {
    match cluster.topology {
        Some(_) => Some(&cluster.object),
        None => cluster.control_plane.as_ref().map(|group| &group.object),
    }
}

/// What to do next so that `cluster` comes to run `target`.
///
/// Pure, and an answer for every state: asking again after a step was taken, or after a crash before it was, gives
/// the step that is due then. Workers are never touched before [`RolloutStatus::control_plane_is_done`], and a
/// control plane that is still rolling is not sent on to a further version.
pub fn next_step(cluster: &ClusterState, target: &KubernetesVersion) -> Step {
    if cluster.is_by_minor() {
        return decide(&cluster.in_minors(), &first_of_minor(target));
    }
    decide(cluster, target)
}

fn decide(cluster: &ClusterState, target: &KubernetesVersion) -> Step {
    let current = match check(cluster, target) {
        Ok(current) => current,
        Err(refusal) => return Step::Refuse(refusal),
    };
    let status = RolloutStatus::of(cluster, target);
    if status.is_done() {
        return Step::Done;
    }
    if cluster.paused {
        return Step::Paused {
            object: cluster.object.clone(),
        };
    }
    let control_plane = cluster.control_plane.as_ref();
    if let Some(group) = control_plane.filter(|group| group.paused && !status.control_plane_is_done()) {
        return Step::Paused {
            object: group.object.clone(),
        };
    }
    if cluster.topology.is_some() {
        return topology_step(cluster, current, target, &status);
    }
    let version = control_plane.and_then(|group| group.version.as_ref());
    if let (Some(group), false) = (control_plane, asks_for(version, target)) {
        // One rollout at a time: a control plane that has not settled has no health to build on.
        let settled = RolloutStatus::of(cluster, current);
        return if settled.control_plane_is_done() {
            Step::PatchControlPlane {
                object: group.object.clone(),
                from: current.clone(),
            }
        } else {
            Step::WaitControlPlane {
                progress: settled.control_plane(),
            }
        };
    }
    if !status.control_plane_is_done() {
        return Step::WaitControlPlane {
            progress: status.control_plane(),
        };
    }
    workers_step(cluster, target, &status)
}

fn topology_step(
    cluster: &ClusterState,
    current: &KubernetesVersion,
    target: &KubernetesVersion,
    status: &RolloutStatus,
) -> Step {
    if !asks_for(Some(current), target) {
        // Cluster API refuses a further version while the former is still being rolled out, or the hooks after it run.
        let settled = RolloutStatus::of(cluster, current);
        let in_hooks = cluster
            .topology
            .as_ref()
            .is_some_and(|topology| topology.ends_in_hooks);
        return if settled.is_done() && !in_hooks {
            Step::PatchTopology {
                object: cluster.object.clone(),
                from: current.clone(),
            }
        } else {
            wait(&settled)
        };
    }
    wait(status)
}

fn wait(status: &RolloutStatus) -> Step {
    match status.phase() {
        Phase::ControlPlane => Step::WaitControlPlane {
            progress: status.control_plane(),
        },
        Phase::Workers | Phase::Done => Step::WaitWorkers {
            progress: status.workers(),
        },
    }
}

fn workers_step(cluster: &ClusterState, target: &KubernetesVersion, status: &RolloutStatus) -> Step {
    let behind = |group: &&MachineGroup| !asks_for(group.version.as_ref(), target);
    let (paused, moving): (Vec<_>, Vec<_>) = cluster.workers.iter().partition(|group| group.paused);
    let objects: Vec<_> = moving
        .iter()
        .copied()
        .filter(behind)
        .map(|group| group.object.clone())
        .collect();
    if !objects.is_empty() {
        return Step::PatchWorkers { objects };
    }
    // A paused group keeps the cluster from being done, but only when the others are is it what we wait for.
    let others = ClusterState {
        workers: moving.into_iter().cloned().collect(),
        machines: cluster
            .machines
            .iter()
            .filter(|machine| !paused.iter().any(|group| holds(group, &machine.role)))
            .cloned()
            .collect(),
        ..cluster.clone()
    };
    match paused.first() {
        Some(group) if RolloutStatus::of(&others, target).is_done() => Step::Paused {
            object: group.object.clone(),
        },
        _ => Step::WaitWorkers {
            progress: status.workers(),
        },
    }
}

fn holds(group: &MachineGroup, role: &MachineRole) -> bool {
    match role {
        MachineRole::Deployment(name) | MachineRole::Pool(name) => *name == group.object.name,
        MachineRole::ControlPlane | MachineRole::Standalone => false,
    }
}

/// The version that is asked of the cluster now, if it may go from there to `target`.
fn check<'a>(
    cluster: &'a ClusterState,
    target: &KubernetesVersion,
) -> Result<&'a KubernetesVersion, Refusal> {
    if cluster.deleting {
        return Err(Refusal::Deleting {
            object: Box::new(cluster.object.clone()),
        });
    }
    let (Some(current), Some(control_plane)) = (cluster.desired_version(), &cluster.control_plane) else {
        return Err(Refusal::NoVersion {
            object: Box::new(cluster.object.clone()),
        });
    };
    let hop = |object: ObjectRef, from: &KubernetesVersion| {
        skew::check_control_plane_hop(from, target).map_err(|skew| Refusal::Hop {
            object: Box::new(object),
            to: target.clone(),
            skew: Box::new(skew),
        })
    };
    let holder = match cluster.topology {
        Some(_) => &cluster.object,
        None => &control_plane.object,
    };
    // What a class lists, Cluster API goes through by itself; its workers, too.
    let is_led = cluster
        .topology
        .as_ref()
        .is_some_and(|topology| topology.leads_to(target));
    if !is_led {
        hop(holder.clone(), current)?;
    }
    // The version may have been lowered behind our back, or be on its way in a topology; the machines tell.
    for machine in cluster.machines_of(control_plane) {
        let versions = [&machine.version, &machine.kubelet];
        for ahead in versions
            .into_iter()
            .flatten()
            .filter(|version| newer(version, target))
        {
            hop(ObjectRef::named("Machine", &machine.name), ahead)?;
        }
    }
    let moves = !asks_for(Some(current), target);
    for (object, version) in worker_versions(cluster) {
        if newer(version, target) {
            return Err(Refusal::WorkersNewer {
                object: Box::new(object),
                found: version.clone(),
                to: target.clone(),
            });
        }
        if moves
            && !is_led
            && let Err(skew) = skew::check_kubelet(target, version)
        {
            return Err(Refusal::WorkersTooOld {
                object: Box::new(object),
                to: target.clone(),
                skew: Box::new(skew),
            });
        }
    }
    Ok(current)
}

/// What workers ask for and run, with the object to name.
fn worker_versions(cluster: &ClusterState) -> impl Iterator<Item = (ObjectRef, &KubernetesVersion)> {
    let groups = cluster
        .workers
        .iter()
        .filter_map(|group| Some((group.object.clone(), group.version.as_ref()?)));
    let workers = cluster
        .machines
        .iter()
        .filter(|machine| machine.role != MachineRole::ControlPlane && !machine.deleting);
    let machines = workers.filter_map(|machine| {
        let version = machine.kubelet.as_ref().or(machine.version.as_ref())?;
        Some((ObjectRef::named("Machine", &machine.name), version))
    });
    groups.chain(machines)
}

fn newer(version: &KubernetesVersion, target: &KubernetesVersion) -> bool {
    version > target && !version.same_release(target)
}

fn asks_for(version: Option<&KubernetesVersion>, target: &KubernetesVersion) -> bool {
    version.is_some_and(|version| version.same_release(target))
}
