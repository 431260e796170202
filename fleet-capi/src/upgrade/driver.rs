//! Taking the steps on a management cluster.

use std::sync::OnceLock;

use fleet_core::{ClusterName, KubernetesVersion};
use futures::future::try_join_all;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::discovery::oneshot;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Step, UpgradeError, next_step};
use crate::CLUSTER_NAME_LABEL;
use crate::rollout::{
    Blocked, ClusterState, FIELD_MANAGER, ObjectRef, Phase, Progress, RolloutStatus, UPGRADE_ANNOTATION,
    VersionOwner,
};

/// Upgrades clusters of one management cluster, hop by hop, by patching their objects.
///
/// The driver keeps nothing: what was started stands in the objects. [`start`](Self::start) marks the object that holds
/// the version with the annotation [`UPGRADE_ANNOTATION`] in the very patch that changes it, and
/// [`observe`](Self::observe), in this process or in another one, goes on from there. Both can be called any number of
/// times.
///
/// # Requests
///
/// Looking at a cluster takes six requests, however many machines it has: the Cluster, its control plane, and one list
/// each of its `MachineDeployments`, `MachinePools`, `MachineSets` and Machines, by the label
/// `cluster.x-k8s.io/cluster-name`. One more, once, on a server that serves v1beta1 only; two more where the control
/// plane's kind is not `KubeadmControlPlane`, to find its version. A step adds one patch for each object it changes.
///
/// # Patches
///
/// Changes are merge patches of the one field, with the field manager `fleet-sdk`, and with the `resourceVersion` the
/// decision was made on: what somebody else changed in between is never overwritten, but read and decided upon again.
/// Not server-side apply: without force it fails against every object that a GitOps tool or `kubectl` created, because
/// they own the version; with force it takes the field away from them for good.
#[derive(Clone)]
pub struct CapiClusterDriver {
    client: Client,
    namespace: Option<String>,
    overwrite_declared: bool,
    /// `v1beta2`, or `v1beta1` on a server that has nothing newer. Found with the first cluster.
    version: std::sync::Arc<OnceLock<&'static str>>,
}

impl std::fmt::Debug for CapiClusterDriver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("CapiClusterDriver");
        debug.field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl CapiClusterDriver {
    /// A driver for the clusters of all namespaces. Names must then be unique among them, as they are in a fleet.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            namespace: None,
            overwrite_declared: false,
            version: std::sync::Arc::default(),
        }
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..self
        }
    }

    /// Writes versions also where Argo CD, Flux, Helm or `kubectl apply` keep them. They may put them back: only for
    /// tools that are told to ignore the field. Without it such a step is [`UpgradeError::Declared`].
    pub fn overwrite_declared(self) -> Self {
        Self {
            overwrite_declared: true,
            ..self
        }
    }

    /// Brings a cluster on its way to a version: takes the step that is due. Already under way, or there, is fine.
    ///
    /// The control plane goes first; the workers follow when [`observe`](Self::observe) finds it done.
    ///
    /// # Errors
    /// [`UpgradeError::Refused`] when the cluster may not go there, [`UpgradeError::NotReady`] when it cannot go yet:
    /// somebody paused it, or it is still rolling to another version. Nothing was changed then.
    pub async fn start(
        &self,
        cluster: &ClusterName,
        target: &KubernetesVersion,
    ) -> Result<ClusterProgress, UpgradeError> {
        let progress = self.advance(cluster, target).await?;
        let sent = progress
            .asked
            .as_ref()
            .is_some_and(|asked| asked.same_release(target));
        let waits = matches!(
            progress.step,
            Step::Paused { .. } | Step::WaitControlPlane { .. } | Step::WaitWorkers { .. }
        );
        if waits && !sent {
            return Err(UpgradeError::NotReady {
                cluster: cluster.clone(),
                asked: progress.asked,
                step: Box::new(progress.step),
            });
        }
        Ok(progress)
    }

    /// Takes the step that is due on a cluster's way to a version, if one is, and tells how far the cluster is.
    pub async fn advance(
        &self,
        cluster: &ClusterName,
        target: &KubernetesVersion,
    ) -> Result<ClusterProgress, UpgradeError> {
        let mut contended = ObjectRef::named("Cluster", cluster.as_str());
        for _ in 0..ATTEMPTS {
            let state = self.load(cluster).await?;
            match self.step(cluster, &state, target).await? {
                Taken::Yes(step) => return Ok(ClusterProgress::new(&state, target, step)),
                Taken::Conflict(object) => contended = object,
            }
        }
        Err(UpgradeError::Contended {
            cluster: cluster.clone(),
            object: Box::new(contended),
        })
    }

    /// How far a cluster is on its way to the version that is asked of it. When an upgrade was
    /// [started](Self::start) and its next step is due, takes that step: the workers, when the control plane is done.
    ///
    /// A cluster whose upgrade was not started through this SDK, or whose version somebody else has changed since, is
    /// looked at and not touched.
    pub async fn observe(&self, cluster: &ClusterName) -> Result<ClusterProgress, UpgradeError> {
        let state = self.load(cluster).await?;
        let Some(asked) = state.desired_version().cloned() else {
            return Err(UpgradeError::Refused {
                cluster: cluster.clone(),
                refusal: super::Refusal::NoVersion {
                    object: Box::new(state.object.clone()),
                },
            });
        };
        let ours = holder(&state).and_then(|object| object.upgrading_to.as_ref());
        if ours.is_some_and(|to| to.same_release(&asked)) {
            return match self.step(cluster, &state, &asked).await? {
                Taken::Yes(step) => Ok(ClusterProgress::new(&state, &asked, step)),
                Taken::Conflict(_) => self.advance(cluster, &asked).await,
            };
        }
        let step = next_step(&state, &asked);
        Ok(ClusterProgress::new(&state, &asked, step))
    }

    /// Reads a cluster's state.
    pub async fn load(&self, cluster: &ClusterName) -> Result<ClusterState, UpgradeError> {
        let found = self.find(cluster).await?;
        let namespace = text(&found, "/metadata/namespace").unwrap_or_default();
        let version = self.version.get().copied().unwrap_or(V1BETA2);
        let control_plane = self.control_plane(cluster, &found, namespace, version);
        let lists = ["MachineDeployment", "MachinePool", "MachineSet", "Machine"];
        let lists = try_join_all(lists.map(|kind| self.list(cluster, namespace, version, kind)));
        let (control_plane, lists) = futures::future::try_join(control_plane, lists).await?;
        let mut objects: Vec<Value> = control_plane
            .into_iter()
            .chain(lists.into_iter().flatten())
            .collect();
        objects.push(found);
        ClusterState::from_values(cluster.as_str(), &objects).map_err(|source| UpgradeError::State {
            cluster: cluster.clone(),
            source: Box::new(source),
        })
    }

    /// Takes the step that is due in a state. Only a refusal is an error here: waiting is a step, too.
    async fn step(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
        target: &KubernetesVersion,
    ) -> Result<Taken, UpgradeError> {
        let step = next_step(state, target);
        let version = target.to_string();
        let mark = json!({UPGRADE_ANNOTATION: version});
        let holder = holder(state);
        let marked = holder
            .and_then(|object| object.upgrading_to.as_ref())
            .is_some_and(|to| to.same_release(target));
        let patches: Vec<(&ObjectRef, Value)> = match &step {
            Step::Refuse(refusal) => {
                return Err(UpgradeError::Refused {
                    cluster: cluster.clone(),
                    refusal: refusal.clone(),
                });
            }
            Step::PatchTopology { object, .. } => {
                let patch =
                    json!({"metadata": {"annotations": mark}, "spec": {"topology": {"version": version}}});
                vec![(object, patch)]
            }
            Step::PatchControlPlane { object, .. } => {
                let patch = json!({"metadata": {"annotations": mark}, "spec": {"version": version}});
                vec![(object, patch)]
            }
            // The version stands already; without the mark nobody would go on after this process.
            Step::PatchWorkers { .. }
            | Step::WaitControlPlane { .. }
            | Step::WaitWorkers { .. }
            | Step::Paused { .. }
                if !marked && state.desired_version().is_some_and(|it| it.same_release(target)) =>
            {
                let mark = holder.map(|object| (object, json!({"metadata": {"annotations": mark}})));
                let workers = worker_patches(&step, &version);
                mark.into_iter().chain(workers).collect()
            }
            Step::PatchWorkers { .. } => worker_patches(&step, &version).collect(),
            Step::Done if marked => {
                let unmark = json!({"metadata": {"annotations": {UPGRADE_ANNOTATION: null}}});
                holder.map(|object| (object, unmark)).into_iter().collect()
            }
            Step::WaitControlPlane { .. } | Step::WaitWorkers { .. } | Step::Paused { .. } | Step::Done => {
                Vec::new()
            }
        };
        self.check_owners(cluster, &patches, target)?;
        for (object, patch) in patches {
            if !self.patch(cluster, &state.namespace, object, patch).await? {
                return Ok(Taken::Conflict(object.clone()));
            }
            tracing::debug!(%cluster, %object, %target, "patched");
        }
        Ok(Taken::Yes(step))
    }

    /// All patches of a step are ours to make, or none is made.
    fn check_owners(
        &self,
        cluster: &ClusterName,
        patches: &[(&ObjectRef, Value)],
        target: &KubernetesVersion,
    ) -> Result<(), UpgradeError> {
        let writes = patches
            .iter()
            .filter(|(_, patch)| !self.overwrite_declared && patch.get("spec").is_some());
        for (object, _) in writes {
            if let VersionOwner::Declared { by } = object.version_owner {
                return Err(UpgradeError::Declared {
                    cluster: cluster.clone(),
                    object: Box::new((*object).clone()),
                    by,
                    to: target.clone(),
                });
            }
        }
        Ok(())
    }

    /// Patches an object as it was read; `false` when it has changed since.
    async fn patch(
        &self,
        cluster: &ClusterName,
        namespace: &str,
        object: &ObjectRef,
        mut patch: Value,
    ) -> Result<bool, UpgradeError> {
        if let (Some(version), Some(metadata)) = (&object.resource_version, patch.as_object_mut()) {
            let metadata = metadata.entry("metadata").or_insert_with(|| json!({}));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert("resourceVersion".to_owned(), json!(version));
            }
        }
        let (group, version) = object
            .api_version
            .split_once('/')
            .unwrap_or(("", &object.api_version));
        let api = self.api(namespace, &GroupVersionKind::gvk(group, version, &object.kind));
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        match api.patch(&object.name, &params, &Patch::Merge(patch)).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(source) => Err(api_error(cluster, format!("patch {object}"), source)),
        }
    }

    /// Finds the Cluster, and with the first one the API version that the server serves.
    async fn find(&self, cluster: &ClusterName) -> Result<Value, UpgradeError> {
        let known = self.version.get().copied();
        let versions = known.map_or(vec![V1BETA2, V1BETA1], |version| vec![version]);
        for version in versions {
            if let Some(found) = self.find_in(cluster, version).await? {
                // Another task may have found it at the same time, and then found the same.
                let _ = self.version.set(version);
                return Ok(found);
            }
        }
        Err(UpgradeError::NotFound {
            cluster: cluster.clone(),
            namespace: self.namespace.clone(),
        })
    }

    async fn find_in(&self, cluster: &ClusterName, version: &str) -> Result<Option<Value>, UpgradeError> {
        let kind = GroupVersionKind::gvk(CORE_GROUP, version, "Cluster");
        let error = |source| api_error(cluster, "read the Cluster".to_owned(), source);
        if let Some(namespace) = &self.namespace {
            let found = self
                .api(namespace, &kind)
                .get_opt(cluster.as_str())
                .await
                .map_err(error)?;
            return Ok(found.map(|object| value(object, &kind)));
        }
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &ApiResource::from_gvk(&kind));
        let params = ListParams::default().fields(&format!("metadata.name={cluster}"));
        let found = match api.list(&params).await {
            Ok(list) => list.items,
            Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
            Err(source) => return Err(error(source)),
        };
        // A server that does not know the field selector gives all.
        let mut found: Vec<Value> = found
            .into_iter()
            .filter(|object| object.metadata.name.as_deref() == Some(cluster.as_str()))
            .map(|object| value(object, &kind))
            .collect();
        if found.len() > 1 {
            let namespaces = found.iter().filter_map(|it| text(it, "/metadata/namespace"));
            return Err(UpgradeError::Ambiguous {
                cluster: cluster.clone(),
                namespaces: namespaces.map(str::to_owned).collect(),
            });
        }
        Ok(found.pop())
    }

    async fn control_plane(
        &self,
        cluster: &ClusterName,
        found: &Value,
        namespace: &str,
        version: &str,
    ) -> Result<Option<Value>, UpgradeError> {
        let reference = |field: &str| text(found, &format!("/spec/controlPlaneRef/{field}"));
        let (Some(kind), Some(name)) = (reference("kind"), reference("name")) else {
            return Ok(None);
        };
        let group = reference("apiGroup").or_else(|| Some(reference("apiVersion")?.split_once('/')?.0));
        let group = group.unwrap_or(CONTROL_PLANE_GROUP);
        let error = |source| api_error(cluster, format!("read {kind} {name}"), source);
        let kind = if (group, kind) == (CONTROL_PLANE_GROUP, "KubeadmControlPlane") {
            GroupVersionKind::gvk(group, version, kind)
        } else {
            // Another provider's versions are its own; the reference in v1beta2 does not name one.
            let group = oneshot::group(&self.client, group).await.map_err(error)?;
            match group.recommended_kind(kind) {
                Some((resource, _)) => {
                    GroupVersionKind::gvk(&resource.group, &resource.version, &resource.kind)
                }
                None => return Ok(None),
            }
        };
        let object = self.api(namespace, &kind).get_opt(name).await.map_err(error)?;
        Ok(object.map(|object| value(object, &kind)))
    }

    async fn list(
        &self,
        cluster: &ClusterName,
        namespace: &str,
        version: &str,
        kind: &str,
    ) -> Result<Vec<Value>, UpgradeError> {
        let kind = GroupVersionKind::gvk(CORE_GROUP, version, kind);
        let params = ListParams::default().labels(&format!("{CLUSTER_NAME_LABEL}={cluster}"));
        match self.api(namespace, &kind).list(&params).await {
            Ok(list) => Ok(list
                .items
                .into_iter()
                .map(|object| value(object, &kind))
                .collect()),
            // MachinePools are a feature gate's; a hub without them has none.
            Err(kube::Error::Api(status)) if status.code == 404 && kind.kind == "MachinePool" => {
                Ok(Vec::new())
            }
            Err(source) => Err(api_error(cluster, format!("list {}s", kind.kind), source)),
        }
    }

    fn api(&self, namespace: &str, kind: &GroupVersionKind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &ApiResource::from_gvk(kind))
    }
}

/// How far one cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterProgress {
    /// The oldest version that runs in the control plane; `None` while nothing runs.
    pub version: Option<KubernetesVersion>,
    /// The version that was asked of the cluster when it was read, before any patch.
    pub asked: Option<KubernetesVersion>,
    /// The version it is held against.
    pub target: KubernetesVersion,
    /// Machines at that version, of those that should be there.
    pub machines: Progress,
    /// Which half is rolling.
    pub phase: Phase,
    /// Every machine runs the version, and nothing speaks against it.
    pub done: bool,
    /// What holds it up at this moment, and whom to blame.
    pub blocked: Option<Blocked>,
    /// The step that was due. Patches were made, unless the cluster was only looked at.
    pub step: Step,
}

impl ClusterProgress {
    /// What a state and the step that is due in it tell.
    pub fn new(state: &ClusterState, target: &KubernetesVersion, step: Step) -> Self {
        let status = RolloutStatus::of(state, target);
        Self {
            version: state.running_version().cloned(),
            asked: state.desired_version().cloned(),
            target: target.clone(),
            machines: status.progress(),
            phase: status.phase(),
            done: status.is_done(),
            blocked: status.blocked().cloned(),
            step,
        }
    }
}

enum Taken {
    Yes(Step),
    Conflict(ObjectRef),
}

/// The object that holds the cluster's version, and the mark of an upgrade under way.
fn holder(state: &ClusterState) -> Option<&ObjectRef> {
    match state.topology {
        Some(_) => Some(&state.object),
        None => state.control_plane.as_ref().map(|group| &group.object),
    }
}

fn worker_patches<'a>(step: &'a Step, version: &str) -> impl Iterator<Item = (&'a ObjectRef, Value)> {
    let objects = match step {
        Step::PatchWorkers { objects } => objects.as_slice(),
        _ => &[],
    };
    let patch = json!({"spec": {"template": {"spec": {"version": version}}}});
    objects.iter().map(move |object| (object, patch.clone()))
}

/// Items of a list do not say what they are; here they do.
fn value(object: DynamicObject, kind: &GroupVersionKind) -> Value {
    let mut value = object.data;
    if !value.is_object() {
        value = json!({});
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), json!(kind.api_version()));
        fields.insert("kind".to_owned(), json!(kind.kind));
        fields.insert("metadata".to_owned(), json!(object.metadata));
    }
    value
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

fn api_error(cluster: &ClusterName, action: String, source: kube::Error) -> UpgradeError {
    UpgradeError::Api {
        cluster: cluster.clone(),
        action,
        source: Box::new(source),
    }
}

const CORE_GROUP: &str = "cluster.x-k8s.io";
const CONTROL_PLANE_GROUP: &str = "controlplane.cluster.x-k8s.io";
const V1BETA2: &str = "v1beta2";
const V1BETA1: &str = "v1beta1";

/// A control plane's status changes all the time while it rolls; a patch meets a quiet moment soon.
const ATTEMPTS: usize = 5;
