//! What is known of one cluster's machines, whatever API version it was read in.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::{KubernetesVersion, VersionError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::owner::VersionOwner;
use super::read;
use crate::upgrade::UpgradeRecord;

/// One cluster as Cluster API shows it: what is asked for, and what is there.
///
/// It is read from objects of either API version, typed or not ([`from_objects`](Self::from_objects)); every
/// status field may be absent. Two states that are equal mean that nothing has moved between them: that is what a
/// caller's own deadline can be held against, because Cluster API has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // Made by hand in tests and by embedders with sources of their own.
pub struct ClusterState {
    /// The Cluster's name.
    pub name: String,
    /// Its namespace; empty where none was said.
    pub namespace: String,
    /// `Cluster.spec.paused`, or the annotation `cluster.x-k8s.io/paused` on the Cluster: nothing moves.
    pub paused: bool,
    /// The Cluster is being deleted.
    pub deleting: bool,
    /// `Cluster.spec.topology`, for a cluster managed through a `ClusterClass`.
    pub topology: Option<Topology>,
    /// The Cluster's own conditions, by type.
    pub conditions: BTreeMap<String, Condition>,
    /// The control plane object; `None` while the Cluster has none yet.
    pub control_plane: Option<MachineGroup>,
    /// The `MachineDeployments` and `MachinePools`, by name.
    pub workers: Vec<MachineGroup>,
    /// The `MachineSets`, by name: they alone say why a `MachineDeployment` does not move.
    pub machine_sets: Vec<MachineSetState>,
    /// All machines of the cluster, by name.
    pub machines: Vec<MachineState>,
    /// Where the Cluster object stands in the API.
    pub object: ObjectRef,
    /// `metadata.generation` of the Cluster.
    pub generation: Option<i64>,
    /// When anything last changed in these objects, as far as they tell: the latest of their creation and deletion
    /// times, of the transitions of their conditions and of the writes recorded in `metadata.managedFields`. It is what
    /// a [`ProgressClock`](super::ProgressClock) begins with, so that a restart does not forget how long a machine has
    /// been stuck.
    pub last_change: Option<Timestamp>,
}

impl ClusterState {
    /// Reads the state of the cluster called `name` from Cluster API objects: the Cluster, its control plane, its
    /// `MachineDeployments`, `MachinePools`, `MachineSets` and Machines, in any order and in either API version.
    ///
    /// Objects of other clusters, and of kinds that do not matter here, are passed over.
    pub fn from_objects<T: Serialize>(
        name: &str,
        objects: impl IntoIterator<Item = T>,
    ) -> Result<Self, StateError> {
        let mut values = Vec::new();
        for object in objects {
            values.push(serde_json::to_value(object).map_err(StateError::NotJson)?);
        }
        Self::from_values(name, &values)
    }

    /// As [`from_objects`](Self::from_objects), for objects that are JSON already.
    pub fn from_values(name: &str, objects: &[Value]) -> Result<Self, StateError> {
        read::cluster(name, objects)
    }

    /// Whether versions are compared by their minor alone. EKS takes and reports minors (`v1.34`, read here as `v1.34.0`),
    /// and its nodes run whatever patch release their image has.
    pub fn is_by_minor(&self) -> bool {
        let control_plane = self.control_plane.as_ref();
        control_plane.is_some_and(|group| group.object.kind == EKS)
    }

    /// The same cluster with each version at the first release of its minor.
    pub(crate) fn in_minors(&self) -> Self {
        let mut state = self.clone();
        if let Some(topology) = &mut state.topology {
            topology.version = first_of_minor(&topology.version);
        }
        for group in state.control_plane.iter_mut().chain(&mut state.workers) {
            group.version = group.version.as_ref().map(first_of_minor);
            if let Some(versions) = &mut group.versions {
                let mut minors = BTreeMap::new();
                for (version, nodes) in versions.iter() {
                    *minors.entry(first_of_minor(version)).or_default() += nodes;
                }
                *versions = minors;
            }
        }
        for machine in &mut state.machines {
            for version in [&mut machine.version, &mut machine.kubelet] {
                *version = version.as_ref().map(first_of_minor);
            }
        }
        state
    }

    /// The version that is asked for: of the topology, else of the control plane.
    pub fn desired_version(&self) -> Option<&KubernetesVersion> {
        match &self.topology {
            Some(topology) => Some(&topology.version),
            None => self.control_plane.as_ref()?.version.as_ref(),
        }
    }

    /// The oldest version that is asked of a worker group, where that is older than what is asked of the control plane:
    /// an upgrade that stopped half-way. `None` for a managed topology, whose workers Cluster API brings on by itself.
    pub fn workers_behind(&self) -> Option<&KubernetesVersion> {
        let asked = self.desired_version().filter(|_| self.topology.is_none())?;
        let groups = self.workers.iter().filter_map(|group| group.version.as_ref());
        groups.min().filter(|oldest| self.is_behind(oldest, asked))
    }

    fn is_behind(&self, version: &KubernetesVersion, asked: &KubernetesVersion) -> bool {
        is_behind(version, asked, self.is_by_minor())
    }

    /// The same cluster with each worker group that is [behind](Self::workers_behind) at the version of the control plane,
    /// as far as it runs what was asked of it: to hold a cluster against what every part of it was told.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver looks.
    pub(crate) fn as_told(&self) -> Self {
        let mut state = self.clone();
        let Some(asked) = self.desired_version() else {
            return state;
        };
        for (told, group) in self.workers.iter().zip(&mut state.workers) {
            let Some(version) = told
                .version
                .as_ref()
                .filter(|version| self.is_behind(version, asked))
            else {
                continue;
            };
            let by_minor = self.is_by_minor();
            let raise = |found: &KubernetesVersion| {
                let is_as_told = if by_minor {
                    found.minor_version() == version.minor_version()
                } else {
                    found.same_release(version)
                };
                (if is_as_told { asked } else { found }).clone()
            };
            group.version = Some(asked.clone());
            if let Some(versions) = &mut group.versions {
                let mut raised = BTreeMap::new();
                for (found, nodes) in versions.iter() {
                    *raised.entry(raise(found)).or_default() += nodes;
                }
                *versions = raised;
            }
            let role = match told.kind {
                GroupKind::MachinePool => MachineRole::Pool(told.object.name.clone()),
                GroupKind::MachineDeployment | GroupKind::ControlPlane => {
                    MachineRole::Deployment(told.object.name.clone())
                }
            };
            for machine in state.machines.iter_mut().filter(|machine| machine.role == role) {
                for found in [&mut machine.version, &mut machine.kubelet].into_iter().flatten() {
                    *found = raise(found);
                }
            }
        }
        state
    }

    /// The oldest version that a control-plane machine runs; what the control plane reports, for one without
    /// machines. `None` while nothing runs.
    pub fn running_version(&self) -> Option<&KubernetesVersion> {
        let kubelets = self
            .machines
            .iter()
            .filter(|machine| machine.role == MachineRole::ControlPlane);
        let reported = self.control_plane.iter().flat_map(|group| group.versions.iter());
        kubelets
            .filter_map(|machine| machine.kubelet.as_ref())
            .min()
            .or_else(|| reported.flat_map(BTreeMap::keys).min())
    }

    /// The oldest version that any machine runs which is not on its way out; where versions are compared by minor, the
    /// [control plane's](Self::running_version). `None` while nothing runs.
    pub fn oldest_version(&self) -> Option<&KubernetesVersion> {
        let workers = self.machines.iter().filter(|machine| {
            machine.role != MachineRole::ControlPlane && !machine.deleting && !self.is_by_minor()
        });
        let kubelets = workers.filter_map(|machine| machine.kubelet.as_ref());
        self.running_version().into_iter().chain(kubelets).min()
    }

    /// The machines of one group.
    pub fn machines_of<'a>(&'a self, group: &'a MachineGroup) -> impl Iterator<Item = &'a MachineState> {
        self.machines
            .iter()
            .filter(move |machine| match (&machine.role, group.kind) {
                (MachineRole::ControlPlane, GroupKind::ControlPlane) => true,
                (MachineRole::Deployment(name), GroupKind::MachineDeployment)
                | (MachineRole::Pool(name), GroupKind::MachinePool) => *name == group.object.name,
                _ => false,
            })
    }

    /// The machines that no group known here answers for: standalone ones, and those of a `MachineDeployment` that is
    /// not there (any more).
    pub fn strays(&self) -> impl Iterator<Item = &MachineState> {
        self.machines.iter().filter(|machine| match &machine.role {
            MachineRole::ControlPlane => self.control_plane.is_none(),
            MachineRole::Deployment(name) => !self.has_workers(GroupKind::MachineDeployment, name),
            MachineRole::Pool(name) => !self.has_workers(GroupKind::MachinePool, name),
            MachineRole::Standalone => true,
        })
    }

    fn has_workers(&self, kind: GroupKind, name: &str) -> bool {
        let mut groups = self.workers.iter();
        groups.any(|group| group.kind == kind && group.object.name == name)
    }
}

/// Whether workers of a version are behind a control plane of another, by the minor alone where no more is compared.
pub(crate) fn is_behind(version: &KubernetesVersion, asked: &KubernetesVersion, by_minor: bool) -> bool {
    if by_minor {
        version.minor_version() < asked.minor_version()
    } else {
        version < asked && !version.same_release(asked)
    }
}

/// The control plane that AWS runs.
pub(crate) const EKS: &str = "AWSManagedControlPlane";

pub(crate) fn first_of_minor(version: &KubernetesVersion) -> KubernetesVersion {
    KubernetesVersion::new(version.major(), version.minor(), 0)
}

/// A cluster managed through `Cluster.spec.topology`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct Topology {
    /// `spec.topology.version`.
    pub version: KubernetesVersion,
    /// The name of its `ClusterClass`.
    pub class: String,
    /// The namespace of its `ClusterClass`, where that is another one than the Cluster's.
    pub class_namespace: Option<String>,
    /// The versions that the class lists in `spec.kubernetesVersions`: Cluster API takes a cluster from each to any later one by
    /// itself, minor by minor, with as few rollouts of the workers as the skew allows. Empty where the class lists none, or
    /// where only the Cluster was read and not its class.
    pub offers: Vec<KubernetesVersion>,
    /// The control-plane versions that Cluster API still means to pass through, the next one first:
    /// `status.controlPlane.upgradePlan`. Empty before Cluster API 1.12 and when there is nothing to do.
    pub control_plane_plan: Vec<KubernetesVersion>,
    /// The same of the workers: `status.workers.upgradePlan`. Shorter, where the skew lets workers skip minors.
    pub workers_plan: Vec<KubernetesVersion>,
    /// Whether the hooks after the last upgrade (`AfterClusterUpgrade`) are still to run: everything is done, and until they
    /// have let it go Cluster API takes no other version.
    pub ends_in_hooks: bool,
    /// What holds the upgrade back on purpose: the keys of `before-upgrade.hook.cluster.cluster.x-k8s.io/` annotations
    /// of the Cluster, and the worker topologies (by name) that are annotated to be deferred or to hold the sequence.
    pub holds: Vec<String>,
}

impl Topology {
    /// Whether Cluster API goes up to a version by itself, however many minors away it is.
    pub fn leads_to(&self, target: &KubernetesVersion) -> bool {
        leads_to(&self.offers, &self.version, target)
    }
}

/// Whether versions that a class offers are a way up: the target itself, and one of every minor before it.
pub(crate) fn leads_to(
    offers: &[KubernetesVersion],
    from: &KubernetesVersion,
    target: &KubernetesVersion,
) -> bool {
    let between = (from.minor() + 1)..target.minor();
    from < target
        && from.major() == target.major()
        && offers.iter().any(|offer| offer.same_release(target))
        && between.into_iter().all(|minor| {
            let is_of_it =
                |offer: &KubernetesVersion| offer.major() == from.major() && offer.minor() == minor;
            offers.iter().any(is_of_it)
        })
}

/// Machines that roll together: a control plane, a `MachineDeployment` or a `MachinePool`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct MachineGroup {
    /// What it is.
    pub kind: GroupKind,
    /// Where it stands in the API.
    pub object: ObjectRef,
    /// The version asked for: `spec.version`, `spec.template.spec.version`.
    pub version: Option<KubernetesVersion>,
    /// `spec.replicas`; `None` for a control plane without machines of its own (a managed one).
    pub replicas: Option<u32>,
    /// The infrastructure machine template that its machines are made from.
    pub template: Option<TemplateRef>,
    /// Does not roll: `spec.paused`, or the annotation `cluster.x-k8s.io/paused`.
    pub paused: bool,
    /// Its rollout strategy is `OnDelete`: machines are replaced only when someone deletes them.
    pub on_delete: bool,
    /// `metadata.generation`.
    pub generation: Option<i64>,
    /// `status.observedGeneration`. By itself it proves nothing: `MachineDeployments` write it about a second before
    /// the counters that go with it.
    pub observed_generation: Option<i64>,
    /// `status.replicas`.
    pub current: Option<u32>,
    /// `status.upToDateReplicas` (`updatedReplicas` in v1beta1).
    pub up_to_date: Option<u32>,
    /// `status.availableReplicas`.
    pub available: Option<u32>,
    /// `status.versions`: how many nodes run which version, as their kubelets say. `None` before Cluster API 1.14;
    /// for a control plane without machines, its `status.version`.
    pub versions: Option<BTreeMap<KubernetesVersion, u32>>,
    /// Its conditions, by type.
    pub conditions: BTreeMap<String, Condition>,
}

/// A reference to a machine template, in either API version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct TemplateRef {
    /// Its API group.
    pub group: String,
    /// Its version, where the reference names one (v1beta1).
    pub version: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// The kinds of [`MachineGroup`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)] // What Cluster API knows; a fourth would change every rule of this module.
pub enum GroupKind {
    /// The object of `Cluster.spec.controlPlaneRef`.
    #[default]
    ControlPlane,
    /// A `MachineDeployment`.
    MachineDeployment,
    /// A `MachinePool`.
    MachinePool,
}

/// A `MachineSet`, as far as its `MachineDeployment`'s rollout needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct MachineSetState {
    /// Its name.
    pub name: String,
    /// The `MachineDeployment` it belongs to, by the label `cluster.x-k8s.io/deployment-name`.
    pub deployment: Option<String>,
    /// `spec.template.spec.version`.
    pub version: Option<KubernetesVersion>,
    /// `spec.replicas`.
    pub replicas: Option<u32>,
    /// Its conditions, by type.
    pub conditions: BTreeMap<String, Condition>,
}

/// One Machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct MachineState {
    /// Its name.
    pub name: String,
    /// Which group it belongs to.
    pub role: MachineRole,
    /// `spec.version`.
    pub version: Option<KubernetesVersion>,
    /// `status.nodeInfo.kubeletVersion`: what its node really runs; `None` until there is a node.
    pub kubelet: Option<KubernetesVersion>,
    /// It has a deletion timestamp.
    pub deleting: bool,
    /// `status.phase`.
    pub phase: Option<String>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// When it began to leave: `metadata.deletionTimestamp`.
    pub deleted: Option<Timestamp>,
    /// When its node began to be drained: `status.deletion.nodeDrainStartTime`.
    pub drain_started: Option<Timestamp>,
    /// When it began to wait for its volumes: `status.deletion.waitForNodeVolumeDetachStartTime`.
    pub volume_wait_started: Option<Timestamp>,
    /// Its conditions, by type.
    pub conditions: BTreeMap<String, Condition>,
    /// Its conditions are the old ones of v1beta1, which know no `Available` and no `UpToDate`.
    pub old_conditions: bool,
}

/// Which group a Machine belongs to, by its labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)]
pub enum MachineRole {
    /// Label `cluster.x-k8s.io/control-plane`.
    ControlPlane,
    /// Label `cluster.x-k8s.io/deployment-name`.
    Deployment(String),
    /// Label `cluster.x-k8s.io/pool-name`.
    Pool(String),
    /// None of them.
    #[default]
    Standalone,
}

/// A condition, in the form of `metav1.Condition`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct Condition {
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, for people.
    pub message: String,
    /// Since when it has this status: `lastTransitionTime`.
    pub since: Option<Timestamp>,
    /// Which `metadata.generation` it speaks of: `observedGeneration`.
    pub observed_generation: Option<i64>,
}

impl Condition {
    /// Whether its status is `True`.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    /// Whether its status is `False`.
    pub fn is_false(&self) -> bool {
        self.status == "False"
    }
}

/// Where an object stands in the API, and which state of it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)]
pub struct ObjectRef {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.resourceVersion`, for a patch that must not meet another state than the one decided upon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// The upgrade that has been started through this SDK and not finished yet: the annotation
    /// [`UPGRADE_ANNOTATION`](super::UPGRADE_ANNOTATION).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Box<UpgradeRecord>>,
    /// Who decides on the version that the object asks for.
    pub version_owner: VersionOwner,
    /// The field manager that wrote that version last, where the server has kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_writer: Option<String>,
}

impl ObjectRef {
    /// Names an object by kind and name.
    pub fn named(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            ..Self::default()
        }
    }
}

/// As `KubeadmControlPlane production-eu-west`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Why objects do not make a [`ClusterState`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An object cannot be written as JSON.
    #[error("an object cannot be written as JSON")]
    NotJson(#[source] serde_json::Error),
    /// No Cluster of the name is among the objects.
    #[error("no Cluster `{name}` among the objects; give the Cluster itself too")]
    NoCluster {
        /// The name.
        name: String,
    },
    /// A version that is asked for is not one.
    #[error("{object}: {field} is no Kubernetes version; write it as v1.31.0")]
    Version {
        /// The object.
        object: Box<ObjectRef>,
        /// The field's path.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: VersionError,
    },
}
