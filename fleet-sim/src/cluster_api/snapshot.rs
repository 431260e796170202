//! Everything the hub holds about one cluster, as one consistent value.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::object::{Object, ObjectKey, ObjectKind};

/// One cluster with all that belongs to it: what [`ClusterApi::step`](super::ClusterApi::step) decides on.
#[derive(Clone, Debug)]
pub struct ClusterSnapshot {
    pub(crate) cluster: Arc<Object>,
    pub(crate) infrastructure: Option<Arc<Object>>,
    pub(crate) control_plane: Option<Arc<Object>>,
    pub(crate) deployments: Vec<Arc<Object>>,
    pub(crate) sets: Vec<Arc<Object>>,
    /// By name, so that every decision that looks at several sees them in one order.
    pub(crate) machines: BTreeMap<Arc<str>, Arc<Object>>,
    pub(crate) kubeconfig: Option<Arc<Object>>,
}

impl ClusterSnapshot {
    /// Picks what belongs to this cluster out of `objects`: what it refers to, what carries its name as label or
    /// in `spec.clusterName`. The order of `objects` does not matter.
    pub fn new(cluster: Arc<Object>, objects: impl IntoIterator<Item = Arc<Object>>) -> Self {
        let mut snapshot = Self {
            infrastructure: None,
            control_plane: None,
            deployments: Vec::new(),
            sets: Vec::new(),
            machines: BTreeMap::new(),
            kubeconfig: None,
            cluster,
        };
        let references = references(&snapshot.cluster);
        let kubeconfig = format!("{}-kubeconfig", snapshot.cluster.name());
        for object in objects {
            if object.namespace() != snapshot.cluster.namespace() {
                continue;
            }
            match object.key().kind {
                ObjectKind::InfrastructureCluster(_) if references.contains(object.key()) => {
                    snapshot.infrastructure = Some(object);
                }
                ObjectKind::ControlPlane if references.contains(object.key()) => {
                    snapshot.control_plane = Some(object);
                }
                ObjectKind::Secret if object.name() == kubeconfig => snapshot.kubeconfig = Some(object),
                ObjectKind::MachineDeployment | ObjectKind::MachineSet | ObjectKind::Machine
                    if cluster_name(&object) == Some(snapshot.cluster.name()) =>
                {
                    match object.key().kind {
                        ObjectKind::MachineDeployment => snapshot.deployments.push(object),
                        ObjectKind::MachineSet => snapshot.sets.push(object),
                        _ => {
                            snapshot.machines.insert(object.key().name.clone(), object);
                        }
                    }
                }
                _ => {}
            }
        }
        snapshot.deployments.sort_by(|a, b| a.key().cmp(b.key()));
        snapshot.sets.sort_by(|a, b| a.key().cmp(b.key()));
        snapshot
    }

    /// The machines this object owns, by name.
    pub(crate) fn machines_of<'a>(&'a self, owner: &'a Object) -> impl Iterator<Item = &'a Arc<Object>> {
        self.machines
            .values()
            .filter(move |machine| machine.is_owned_by(owner))
    }

    /// The sets this deployment owns, oldest first.
    pub(crate) fn sets_of(&self, deployment: &Object) -> Vec<&Arc<Object>> {
        let mut sets: Vec<_> = self
            .sets
            .iter()
            .filter(|set| set.is_owned_by(deployment))
            .collect();
        sets.sort_by(|a, b| (a.created(), a.name()).cmp(&(b.created(), b.name())));
        sets
    }

    pub(crate) fn is_paused(&self, object: &Object) -> bool {
        self.cluster.truthy("/spec/paused") || object.annotation(PAUSED).is_some()
    }

    /// Whether anything is left of the workers: deployments, sets, or machines outside the control plane.
    pub(crate) fn has_workers(&self) -> bool {
        !self.deployments.is_empty()
            || !self.sets.is_empty()
            || self
                .machines
                .values()
                .any(|machine| machine.label(CONTROL_PLANE).is_none())
    }

    pub(crate) fn infrastructure_provisioned(&self) -> bool {
        self.cluster
            .truthy("/status/initialization/infrastructureProvisioned")
            || self.cluster.truthy("/status/infrastructureReady")
    }

    pub(crate) fn control_plane_initialized(&self) -> bool {
        self.control_plane.as_ref().is_some_and(|control_plane| {
            control_plane.truthy("/status/initialization/controlPlaneInitialized")
                || control_plane.truthy("/status/initialized")
        })
    }
}

/// The cluster an object says it belongs to.
pub(crate) fn cluster_name(object: &Object) -> Option<&str> {
    let by_spec = object.str("/spec/clusterName");
    if by_spec.is_empty() {
        object.label(CLUSTER_NAME)
    } else {
        Some(by_spec)
    }
}

/// The control plane and the infrastructure a Cluster refers to.
pub(crate) fn references(cluster: &Object) -> Vec<ObjectKey> {
    let read = |pointer: &str| -> Option<(String, String)> {
        let reference = cluster.at(pointer);
        let text = |field: &str| reference.get(field).and_then(Value::as_str).map(str::to_owned);
        Some((text("kind")?, text("name")?))
    };
    let namespace = cluster.key().namespace.clone();
    let mut keys = Vec::with_capacity(2);
    if let Some((kind, name)) = read("/spec/controlPlaneRef")
        && kind == ObjectKind::ControlPlane.as_str()
    {
        keys.push(ObjectKey::new(ObjectKind::ControlPlane, namespace.clone(), name));
    }
    if let Some((kind, name)) = read("/spec/infrastructureRef") {
        keys.push(ObjectKey::new(
            ObjectKind::InfrastructureCluster(kind.into()),
            namespace,
            name,
        ));
    }
    keys
}

/// Label: the cluster an object belongs to.
pub(crate) const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
/// Label: a control plane machine.
pub(crate) const CONTROL_PLANE: &str = "cluster.x-k8s.io/control-plane";
/// Label: the control plane a machine belongs to.
pub(crate) const CONTROL_PLANE_NAME: &str = "cluster.x-k8s.io/control-plane-name";
/// Label: the deployment a set or machine belongs to.
pub(crate) const DEPLOYMENT_NAME: &str = "cluster.x-k8s.io/deployment-name";
/// Label: the set a machine belongs to.
pub(crate) const SET_NAME: &str = "cluster.x-k8s.io/set-name";
/// Label: which template of the deployment a set and its machines come from.
pub(crate) const TEMPLATE_HASH: &str = "machine-template-hash";
/// Annotation: controllers leave this object alone.
pub(crate) const PAUSED: &str = "cluster.x-k8s.io/paused";
/// Annotation: delete this machine first when scaling down.
pub(crate) const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";
