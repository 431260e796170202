//! The rule by which a rollout is done, and the search for what holds it up.

use std::fmt;

use fleet_core::KubernetesVersion;
use jiff::Timestamp;
use serde::Serialize;

use super::block::{Blocked, find_blocks};
use super::state::{
    ClusterState, Condition, GroupKind, MachineGroup, MachineState, ObjectRef, first_of_minor,
};

/// How far a cluster is on its way to one version.
///
/// A cluster is [done](Self::is_done) when nothing speaks against it: every control plane and worker group asks for
/// the version and has exactly as many machines as it should; every machine asks for it, runs a kubelet of it, is
/// ready, available and up to date and is not being deleted; and counters, `status.versions` and conditions agree.
/// What does speak against it stands in [`unfinished`](Self::unfinished), thing by thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    target: KubernetesVersion,
    phase: Phase,
    control_plane: Progress,
    workers: Progress,
    groups: Vec<GroupProgress>,
    unfinished: Vec<Unfinished>,
    blockers: Vec<Blocked>,
}

impl RolloutStatus {
    /// Holds a cluster against the version it is to run.
    pub fn of(cluster: &ClusterState, target: &KubernetesVersion) -> Self {
        if !cluster.is_by_minor() {
            return Self::by_release(cluster, target);
        }
        Self {
            target: target.clone(),
            ..Self::by_release(&cluster.in_minors(), &first_of_minor(target))
        }
    }

    fn by_release(cluster: &ClusterState, target: &KubernetesVersion) -> Self {
        let mut unfinished = Vec::new();
        let mut groups = Vec::new();
        let mut control_plane = Progress::default();
        match &cluster.control_plane {
            Some(group) => {
                control_plane = progress(cluster, group, target);
                examine_group(cluster, group, target, &mut unfinished);
                groups.push(GroupProgress::of(group, control_plane, unfinished.is_empty()));
            }
            None => unfinished.push(Unfinished {
                object: cluster.object.clone(),
                why: Why::NoControlPlane,
            }),
        }
        let control_plane_done = unfinished.is_empty();

        let mut workers = Progress::default();
        for group in &cluster.workers {
            let machines = progress(cluster, group, target);
            workers += machines;
            let before = unfinished.len();
            examine_group(cluster, group, target, &mut unfinished);
            groups.push(GroupProgress::of(group, machines, unfinished.len() == before));
        }
        for machine in cluster.strays() {
            workers.desired += 1;
            workers.at_target += u32::from(runs(machine, target));
            examine_machine(machine, target, &mut unfinished);
        }
        if cluster.topology.is_some() {
            examine_topology(cluster, target, &mut unfinished);
        }
        let phase = match (control_plane_done, unfinished.is_empty()) {
            (_, true) => Phase::Done,
            (false, _) => Phase::ControlPlane,
            (true, false) => Phase::Workers,
        };
        Self {
            target: target.clone(),
            phase,
            control_plane,
            workers,
            groups,
            blockers: if phase == Phase::Done {
                Vec::new()
            } else {
                find_blocks(cluster, target)
            },
            unfinished,
        }
    }

    /// Whether the whole cluster runs the version.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Whether the control plane does, whatever the workers do.
    pub fn control_plane_is_done(&self) -> bool {
        self.phase != Phase::ControlPlane
    }

    /// The version it was held against.
    pub fn target(&self) -> &KubernetesVersion {
        &self.target
    }

    /// What is rolling, or next to roll.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// All machines.
    pub fn progress(&self) -> Progress {
        let mut all = self.control_plane;
        all += self.workers;
        all
    }

    /// The control plane's machines.
    pub fn control_plane(&self) -> Progress {
        self.control_plane
    }

    /// The workers' machines.
    pub fn workers(&self) -> Progress {
        self.workers
    }

    /// Everything that is not as it is to be, the control plane's first. Empty when done.
    pub fn unfinished(&self) -> &[Unfinished] {
        &self.unfinished
    }

    /// Each control plane and worker group by itself: the control plane first, then the workers by name.
    pub fn groups(&self) -> &[GroupProgress] {
        &self.groups
    }

    /// The gravest of the [`blockers`](Self::blockers).
    pub fn blocked(&self) -> Option<&Blocked> {
        self.blockers.first()
    }

    /// Everything that holds the rollout up now, the gravest first: what will not pass by itself, then old machines that
    /// do not go, groups that do not move, new machines that do not come. A machine that drains or starts up shows here
    /// too: only a [`ProgressClock`](super::ProgressClock) can tell slow from stuck.
    pub fn blockers(&self) -> &[Blocked] {
        &self.blockers
    }
}

/// As `v1.31.0: workers 3/5; Machine eu-x7: is being drained: pod shop/db-0`.
impl fmt::Display for RolloutStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, progress) = match self.phase {
            Phase::Done => ("done", self.progress()),
            Phase::ControlPlane => ("control plane", self.control_plane),
            Phase::Workers => ("workers", self.workers),
        };
        write!(f, "{}: {what} {progress}", self.target)?;
        match self.blocked() {
            Some(blocked) => write!(f, "; {blocked}"),
            None => Ok(()),
        }
    }
}

/// How far one control plane or worker group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupProgress {
    /// Which one.
    pub object: ObjectRef,
    /// What it is.
    pub kind: GroupKind,
    /// Its machines.
    pub machines: Progress,
    /// Nothing of it speaks against the version.
    pub done: bool,
    /// Since when Cluster API calls it rolling; `None` where it does not, and for `MachinePools`, which do not say.
    pub rolling_since: Option<Timestamp>,
}

impl GroupProgress {
    fn of(group: &MachineGroup, machines: Progress, done: bool) -> Self {
        let rolling = group.conditions.get("RollingOut").filter(|it| it.is_true());
        Self {
            object: group.object.clone(),
            kind: group.kind,
            machines,
            done,
            rolling_since: rolling.and_then(|it| it.since),
        }
    }
}

/// What is rolling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)] // A cluster has these two halves.
pub enum Phase {
    /// The control plane: the workers must wait.
    ControlPlane,
    /// The workers; the control plane is done.
    Workers,
    /// Neither.
    Done,
}

/// Machines at the version that was asked for, of those that should be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct Progress {
    /// Nodes that run the version, never more than `desired`.
    pub at_target: u32,
    /// Nodes wanted.
    pub desired: u32,
}

impl std::ops::AddAssign for Progress {
    fn add_assign(&mut self, other: Self) {
        self.at_target = self.at_target.saturating_add(other.at_target);
        self.desired = self.desired.saturating_add(other.desired);
    }
}

/// As `3/5`.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.at_target, self.desired)
    }
}

/// One thing that is not yet as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct Unfinished {
    /// Where.
    pub object: ObjectRef,
    /// What.
    pub why: Why,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.why)
    }
}

/// What is not yet as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Why {
    /// The Cluster has no control plane object.
    NoControlPlane,
    /// Another version, or none, is asked for.
    Asks {
        /// What is asked for.
        found: Option<KubernetesVersion>,
        /// What should be.
        target: KubernetesVersion,
    },
    /// The node runs another version, or there is no node yet.
    Runs {
        /// What its kubelet says.
        found: Option<KubernetesVersion>,
        /// What should be.
        target: KubernetesVersion,
    },
    /// The machine is being deleted.
    Deleting,
    /// The controller has not yet seen the latest change.
    NotObserved,
    /// There are more or fewer machines than asked for.
    Machines {
        /// How many there are.
        found: u32,
        /// How many are asked for.
        wanted: u32,
    },
    /// A counter of the status says something else than the number of replicas.
    Counter {
        /// Its name in v1beta2.
        name: &'static str,
        /// What it says.
        found: u32,
        /// What it should say.
        wanted: u32,
    },
    /// `status.versions` shows other versions too, or too few nodes.
    Versions {
        /// Nodes of the version.
        at_target: u32,
        /// Nodes of all versions.
        total: u32,
        /// Nodes asked for.
        wanted: u32,
    },
    /// The group has no Machines and reports no versions: what it runs cannot be known.
    VersionsUnknown,
    /// A condition is not what it is in a settled cluster.
    Condition {
        /// Its type.
        name: String,
        /// `True`, `False`, `Unknown`; `None` when the condition is not there.
        status: Option<String>,
        /// Its message.
        message: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoControlPlane => write!(f, "has no control plane"),
            Self::Asks {
                found: Some(found),
                target,
            } => write!(f, "asks for {found}, not {target}"),
            Self::Asks { found: None, target } => write!(f, "asks for no version, not {target}"),
            Self::Runs {
                found: Some(found),
                target,
            } => write!(f, "runs {found}, not {target}"),
            Self::Runs { found: None, target } => write!(f, "has no node of {target} yet"),
            Self::Deleting => write!(f, "is being deleted"),
            Self::NotObserved => write!(f, "its controller has not seen the latest change"),
            Self::Machines { found, wanted } => write!(f, "has {found} of {wanted} machines"),
            Self::Counter { name, found, wanted } => write!(f, "status.{name} is {found}, not {wanted}"),
            Self::Versions {
                at_target,
                total,
                wanted,
            } => write!(
                f,
                "status.versions has {at_target} of {wanted} nodes at the version, {total} nodes in all"
            ),
            Self::VersionsUnknown => write!(f, "reports neither machines nor status.versions"),
            Self::Condition {
                name,
                status,
                message,
            } => {
                write!(f, "{name} is {}", status.as_deref().unwrap_or("not there"))?;
                if message.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {message}")
                }
            }
        }
    }
}

fn progress(cluster: &ClusterState, group: &MachineGroup, target: &KubernetesVersion) -> Progress {
    let machines = cluster.machines_of(group);
    let running = count(machines.filter(|machine| runs(machine, target)));
    let found = count(cluster.machines_of(group));
    let reported = group
        .versions
        .as_ref()
        .map_or((0, 0), |versions| at(versions, target));
    // A pool without Machine objects, and a managed control plane, are known by what they report.
    let (at_target, found) = if found == 0 { reported } else { (running, found) };
    let desired = group.replicas.unwrap_or(found);
    Progress {
        at_target: at_target.min(desired),
        desired,
    }
}

fn runs(machine: &MachineState, target: &KubernetesVersion) -> bool {
    let kubelet = machine.kubelet.as_ref();
    !machine.deleting && kubelet.is_some_and(|kubelet| kubelet.same_release(target))
}

pub(super) fn examine_group(
    cluster: &ClusterState,
    group: &MachineGroup,
    target: &KubernetesVersion,
    unfinished: &mut Vec<Unfinished>,
) {
    for machine in cluster.machines_of(group) {
        examine_machine(machine, target, unfinished);
    }
    let mut say = |why| {
        unfinished.push(Unfinished {
            object: group.object.clone(),
            why,
        });
    };
    if !is(group.version.as_ref(), target) {
        say(Why::Asks {
            found: group.version.clone(),
            target: target.clone(),
        });
    }
    if let (Some(observed), Some(generation)) = (group.observed_generation, group.generation)
        && observed < generation
    {
        say(Why::NotObserved);
    }
    let found = count(cluster.machines_of(group));
    let wanted = group.replicas.unwrap_or(found);
    let reports_machines = found > 0 || group.kind == GroupKind::MachineDeployment;
    if reports_machines && found != wanted {
        say(Why::Machines { found, wanted });
    }
    match &group.versions {
        Some(versions) => {
            let (at_target, total) = at(versions, target);
            // What has no replicas reports one version, and not how many run it.
            let wanted = group.replicas.unwrap_or(total);
            if (at_target, total) != (wanted, wanted) {
                say(Why::Versions {
                    at_target,
                    total,
                    wanted,
                });
            }
        }
        None if found == 0 && wanted > 0 || group.replicas.is_none() => say(Why::VersionsUnknown),
        None => {}
    }
    if let Some(wanted) = group.replicas {
        let counters = [
            ("replicas", group.current),
            ("upToDateReplicas", group.up_to_date),
            ("availableReplicas", group.available),
        ];
        // How a pool's replicas are counted as up to date is its provider's affair; its versions tell.
        let counters = counters.into_iter().filter(|(name, _)| {
            group.kind != GroupKind::MachinePool || group.versions.is_none() || *name != "upToDateReplicas"
        });
        for (name, found) in counters {
            if let Some(found) = found.filter(|found| *found != wanted) {
                say(Why::Counter { name, found, wanted });
            }
        }
    }
    for name in ["RollingOut", "ScalingUp", "ScalingDown"] {
        if let Some(condition) = group
            .conditions
            .get(name)
            .filter(|condition| !condition.is_false())
        {
            say(unsettled(name, Some(condition)));
        }
    }
}

fn examine_machine(machine: &MachineState, target: &KubernetesVersion, unfinished: &mut Vec<Unfinished>) {
    let mut say = |why| {
        unfinished.push(Unfinished {
            object: machine_ref(machine),
            why,
        });
    };
    if machine.deleting {
        say(Why::Deleting);
        return;
    }
    if !is(machine.version.as_ref(), target) {
        say(Why::Asks {
            found: machine.version.clone(),
            target: target.clone(),
        });
        return;
    }
    if !is(machine.kubelet.as_ref(), target) {
        say(Why::Runs {
            found: machine.kubelet.clone(),
            target: target.clone(),
        });
        return;
    }
    // v1beta1's own conditions end at Ready.
    let required: &[&str] = if machine.old_conditions {
        &["Ready"]
    } else {
        &["Ready", "Available"]
    };
    for name in required {
        let condition = machine.conditions.get(*name);
        if !condition.is_some_and(Condition::is_true) {
            say(unsettled(name, condition));
        }
    }
    // An update in place: the kubelet may be new before the rest of the machine is.
    if let Some(condition) = machine.conditions.get("Updating").filter(|it| it.is_true()) {
        say(unsettled("Updating", Some(condition)));
    }
    // Written by the machine's owner, and not at all for a machine that has none.
    if let Some(condition) = machine.conditions.get("UpToDate").filter(|it| !it.is_true()) {
        say(unsettled("UpToDate", Some(condition)));
    }
}

fn examine_topology(cluster: &ClusterState, target: &KubernetesVersion, unfinished: &mut Vec<Unfinished>) {
    let mut say = |why| {
        unfinished.push(Unfinished {
            object: cluster.object.clone(),
            why,
        });
    };
    let asked = cluster.topology.as_ref().map(|topology| &topology.version);
    if !is(asked, target) {
        say(Why::Asks {
            found: asked.cloned(),
            target: target.clone(),
        });
    }
    if let Some(condition) = cluster
        .conditions
        .get("TopologyReconciled")
        .filter(|it| !it.is_true())
    {
        say(unsettled("TopologyReconciled", Some(condition)));
    }
    let observed = cluster
        .conditions
        .get("TopologyReconciled")
        .and_then(|condition| condition.observed_generation);
    if let (Some(observed), Some(generation)) = (observed, cluster.generation)
        && observed < generation
    {
        say(Why::NotObserved);
    }
}

fn unsettled(name: &str, condition: Option<&Condition>) -> Why {
    Why::Condition {
        name: name.to_owned(),
        status: condition.map(|condition| condition.status.clone()),
        message: condition
            .map(|condition| condition.message.clone())
            .unwrap_or_default(),
    }
}

pub(super) fn machine_ref(machine: &MachineState) -> ObjectRef {
    ObjectRef::named("Machine", &machine.name)
}

pub(super) fn is(found: Option<&KubernetesVersion>, target: &KubernetesVersion) -> bool {
    found.is_some_and(|found| found.same_release(target))
}

/// Nodes at a version, and nodes in all.
fn at(
    versions: &std::collections::BTreeMap<KubernetesVersion, u32>,
    target: &KubernetesVersion,
) -> (u32, u32) {
    let at_target = versions
        .iter()
        .filter(|(version, _)| version.same_release(target));
    (at_target.map(|(_, nodes)| nodes).sum(), versions.values().sum())
}

fn count<'a>(machines: impl Iterator<Item = &'a MachineState>) -> u32 {
    u32::try_from(machines.count()).unwrap_or(u32::MAX)
}
