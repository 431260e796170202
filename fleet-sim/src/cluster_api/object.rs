//! One Kubernetes object as the simulated controllers read it, in either API version.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

/// What an object is, for the controllers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// `Cluster` of `cluster.x-k8s.io`.
    Cluster,
    /// The infrastructure cluster (`AWSCluster`, `DockerCluster`, …), with its kind.
    InfrastructureCluster(Arc<str>),
    /// `KubeadmControlPlane` of `controlplane.cluster.x-k8s.io`.
    ControlPlane,
    /// `MachineDeployment` of `cluster.x-k8s.io`.
    MachineDeployment,
    /// `MachineSet` of `cluster.x-k8s.io`.
    MachineSet,
    /// `Machine` of `cluster.x-k8s.io`.
    Machine,
    /// A core `Secret` that belongs to a cluster.
    Secret,
}

impl ObjectKind {
    /// The Kubernetes kind.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cluster => "Cluster",
            Self::InfrastructureCluster(kind) => kind,
            Self::ControlPlane => "KubeadmControlPlane",
            Self::MachineDeployment => "MachineDeployment",
            Self::MachineSet => "MachineSet",
            Self::Machine => "Machine",
            Self::Secret => "Secret",
        }
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &'static str {
        match self {
            Self::Cluster | Self::MachineDeployment | Self::MachineSet | Self::Machine => GROUP,
            Self::InfrastructureCluster(_) => INFRASTRUCTURE_GROUP,
            Self::ControlPlane => CONTROL_PLANE_GROUP,
            Self::Secret => "",
        }
    }
}

/// The identity of an object in the hub. Ordered by kind, then namespace, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ObjectKey {
    /// What it is.
    pub kind: ObjectKind,
    /// The namespace it lives in.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// A key from its parts.
    pub fn new(kind: ObjectKind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}

/// Which of the two API versions an object's fields are written in.
///
/// It is read from the fields and not from `apiVersion`: a hub without conversion shows an object stored as
/// v1beta1 under either version, and what the controllers write has to match what the object's owner reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// References with `apiVersion`, `status.ready`, old counters.
    V1Beta1,
    /// References with `apiGroup`, `status.initialization`, `upToDateReplicas`.
    V1Beta2,
}

impl Shape {
    /// The version's name in an `apiVersion`.
    pub const fn version(self) -> &'static str {
        match self {
            Self::V1Beta1 => "v1beta1",
            Self::V1Beta2 => "v1beta2",
        }
    }
}

/// One object, parsed as far as the controllers need it. Cheap to share behind an [`Arc`].
#[derive(Clone)]
pub struct Object {
    key: ObjectKey,
    shape: Shape,
    created: Timestamp,
    deleting: Option<Timestamp>,
    revision: Option<u64>,
    value: Value,
}

impl Object {
    /// Reads an object of this kind; `None` when it has no name.
    pub fn new(kind: ObjectKind, value: Value) -> Option<Self> {
        let meta = value.get("metadata")?;
        let name = meta.get("name")?.as_str()?;
        let namespace = meta.get("namespace").and_then(Value::as_str).unwrap_or_default();
        let time = |field: &str| -> Option<Timestamp> { meta.get(field)?.as_str()?.parse().ok() };
        let shape = shape(&kind, &value);
        Some(Self {
            key: ObjectKey::new(kind, namespace, name),
            shape,
            created: time("creationTimestamp").unwrap_or(Timestamp::UNIX_EPOCH),
            deleting: time("deletionTimestamp"),
            revision: meta
                .get("resourceVersion")
                .and_then(Value::as_str)
                .and_then(|v| v.parse().ok()),
            value,
        })
    }

    /// Its identity.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.key.namespace
    }

    /// The version its fields are written in.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// `apiVersion`, as the hub showed it.
    pub fn api_version(&self) -> &str {
        self.str("/apiVersion")
    }

    /// `metadata.creationTimestamp`.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// `metadata.deletionTimestamp`, once somebody has asked for its deletion.
    pub fn deleting(&self) -> Option<Timestamp> {
        self.deleting
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// `metadata.resourceVersion` when it is a number, as every known API server's is.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.revision
    }

    pub(crate) fn generation(&self) -> i64 {
        self.at("/metadata/generation").as_i64().unwrap_or_default()
    }

    pub(crate) fn uid(&self) -> &str {
        self.str("/metadata/uid")
    }

    /// The value at this path (`/spec/version`, a number picks from a list); null when there is none.
    pub(crate) fn at(&self, path: &str) -> &Value {
        at(&self.value, path).unwrap_or(&Value::Null)
    }

    /// The text at this path; empty when there is none.
    pub(crate) fn str(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    pub(crate) fn truthy(&self, pointer: &str) -> bool {
        self.at(pointer).as_bool().unwrap_or_default()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.value.get("metadata")?.get("labels")?.get(key)?.as_str()
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.value.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    pub(crate) fn has_annotation_prefix(&self, prefix: &str) -> bool {
        self.at("/metadata/annotations")
            .as_object()
            .is_some_and(|all| all.keys().any(|key| key.starts_with(prefix)))
    }

    pub(crate) fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.at("/metadata/finalizers")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    pub(crate) fn has_finalizer(&self, name: &str) -> bool {
        self.finalizers().any(|f| f == name)
    }

    /// Whether an owner reference names this object (by uid, so that a namesake is not taken for it).
    pub(crate) fn is_owned_by(&self, owner: &Object) -> bool {
        self.at("/metadata/ownerReferences")
            .as_array()
            .into_iter()
            .flatten()
            .any(|reference| reference.get("uid").and_then(Value::as_str) == Some(owner.uid()))
    }

    /// The conditions in their new form, wherever this version keeps them.
    pub(crate) fn conditions(&self) -> &Value {
        match self.shape {
            Shape::V1Beta1 => self.at("/status/v1beta2/conditions"),
            Shape::V1Beta2 => self.at("/status/conditions"),
        }
    }

    /// Whether this condition (new form) is `True`.
    pub(crate) fn is(&self, condition: &str) -> bool {
        self.condition(condition)
            .and_then(|c| c.get("status"))
            .and_then(Value::as_str)
            == Some("True")
    }

    /// Since when this condition (new form) has been `True`.
    pub(crate) fn true_since(&self, condition: &str) -> Option<Timestamp> {
        let condition = self.condition(condition)?;
        (condition.get("status")?.as_str()? == "True")
            .then(|| condition.get("lastTransitionTime")?.as_str()?.parse().ok())
            .flatten()
    }

    fn condition(&self, kind: &str) -> Option<&Value> {
        self.conditions()
            .as_array()?
            .iter()
            .find(|c| c.get("type").and_then(Value::as_str) == Some(kind))
    }
}

impl fmt::Debug for Object {
    /// The key and version only: a Secret's data must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("key", &format_args!("{}", self.key))
            .field("shape", &self.shape)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// As `Value::pointer`, which allocates twice for each step of the path to undo escapes that no path here has.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/')
        .skip(1)
        .try_fold(value, |value, step| match value {
            Value::Object(fields) => fields.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
}

fn shape(kind: &ObjectKind, value: &Value) -> Shape {
    let references: &[&str] = match kind {
        ObjectKind::Cluster => &["/spec/infrastructureRef", "/spec/controlPlaneRef"],
        ObjectKind::Machine => &["/spec/infrastructureRef"],
        ObjectKind::MachineDeployment | ObjectKind::MachineSet => &["/spec/template/spec/infrastructureRef"],
        ObjectKind::ControlPlane => &[
            "/spec/machineTemplate/spec/infrastructureRef",
            "/spec/machineTemplate/infrastructureRef",
        ],
        ObjectKind::InfrastructureCluster(_) | ObjectKind::Secret => &[],
    };
    let reference = references.iter().find_map(|path| at(value, path));
    match reference {
        Some(reference) if reference.get("apiGroup").is_some() => Shape::V1Beta2,
        Some(reference) if reference.get("apiVersion").is_some() => Shape::V1Beta1,
        _ => match value.get("apiVersion").and_then(Value::as_str) {
            Some(version) if version.ends_with("/v1beta1") => Shape::V1Beta1,
            _ => Shape::V1Beta2,
        },
    }
}

pub(crate) const GROUP: &str = "cluster.x-k8s.io";
pub(crate) const CONTROL_PLANE_GROUP: &str = "controlplane.cluster.x-k8s.io";
pub(crate) const BOOTSTRAP_GROUP: &str = "bootstrap.cluster.x-k8s.io";
pub(crate) const INFRASTRUCTURE_GROUP: &str = "infrastructure.cluster.x-k8s.io";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_fields_tell_the_version_not_the_api_version() {
        let read = |reference: Value| {
            let value = json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
                "metadata": {"name": "a", "namespace": "clusters"},
                "spec": {"infrastructureRef": reference},
            });
            Object::new(ObjectKind::Cluster, value).unwrap().shape()
        };
        assert_eq!(
            read(json!({"apiVersion": "x/v1beta1", "kind": "AWSCluster", "name": "a"})),
            Shape::V1Beta1
        );
        assert_eq!(
            read(json!({"apiGroup": "x", "kind": "AWSCluster", "name": "a"})),
            Shape::V1Beta2
        );
        assert_eq!(read(Value::Null), Shape::V1Beta2);
    }

    #[test]
    fn debug_shows_no_content() {
        let secret =
            json!({"metadata": {"name": "a-kubeconfig", "namespace": "n"}, "data": {"value": "c2VjcmV0"}});
        let shown = format!("{:?}", Object::new(ObjectKind::Secret, secret).unwrap());
        assert!(
            shown.contains("a-kubeconfig") && !shown.contains("c2VjcmV0"),
            "{shown}"
        );
    }
}
