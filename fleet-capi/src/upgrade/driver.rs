//! Taking the steps on a management cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet_core::{ClusterName, KubernetesVersion};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Step, UpgradeError, next_step};
use crate::management::ManagementCluster;
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
/// Looking at a cluster takes none: a [`ManagementCluster`] keeps one watch for each kind, whatever the number of
/// clusters. A step takes one patch for each object that it changes, and its answer is known to the next look. One more
/// where somebody else has changed the object just before.
///
/// # Patches
///
/// Changes are merge patches of the one field, with the field manager `fleet-sdk`, and with the `resourceVersion` the
/// decision was made on: what somebody else changed in between is never overwritten, but read and decided upon again.
/// Not server-side apply: without force it fails against every object that a GitOps tool or `kubectl` created, because
/// they own the version; with force it takes the field away from them for good.
#[derive(Clone)]
pub struct CapiClusterDriver {
    management: ManagementCluster,
    overwrite_declared: bool,
    looks: Arc<Mutex<BTreeMap<ClusterName, Look>>>,
}

/// What was found when a cluster was last looked at and nothing was to be done. Most looks find the same.
struct Look {
    state: Arc<ClusterState>,
    progress: ClusterProgress,
}

impl std::fmt::Debug for CapiClusterDriver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("CapiClusterDriver");
        debug
            .field("management", &self.management)
            .finish_non_exhaustive()
    }
}

impl From<ManagementCluster> for CapiClusterDriver {
    /// Shares the watches of others who look at this management cluster.
    fn from(management: ManagementCluster) -> Self {
        Self {
            management,
            overwrite_declared: false,
            looks: Arc::default(),
        }
    }
}

impl CapiClusterDriver {
    /// A driver for the clusters of all namespaces. Names must then be unique among them, as they are in a fleet.
    pub fn new(client: Client) -> Self {
        Self::from(ManagementCluster::new(client))
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            management: self.management.in_namespace(namespace),
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
        if let Some(look) = self
            .looks()
            .get(cluster)
            .filter(|look| Arc::ptr_eq(&look.state, &state))
        {
            return Ok(look.progress.clone());
        }
        let progress = self.look(cluster, &state).await?;
        let look = Look {
            state: Arc::clone(&state),
            progress: progress.clone(),
        };
        // What was patched is news to the next look; it finds another state then.
        self.looks().insert(cluster.clone(), look);
        Ok(progress)
    }

    fn looks(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Look>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
    ) -> Result<ClusterProgress, UpgradeError> {
        let Some(asked) = state.desired_version().cloned() else {
            return Err(UpgradeError::Refused {
                cluster: cluster.clone(),
                refusal: super::Refusal::NoVersion {
                    object: Box::new(state.object.clone()),
                },
            });
        };
        let ours = holder(state).and_then(|object| object.upgrading_to.as_ref());
        if ours.is_some_and(|to| to.same_release(&asked)) {
            return match self.step(cluster, state, &asked).await? {
                Taken::Yes(step) => Ok(ClusterProgress::new(state, &asked, step)),
                Taken::Conflict(_) => self.advance(cluster, &asked).await,
            };
        }
        let step = next_step(state, &asked);
        Ok(ClusterProgress::new(state, &asked, step))
    }

    /// The state of a cluster.
    pub async fn load(&self, cluster: &ClusterName) -> Result<Arc<ClusterState>, UpgradeError> {
        Ok(self.management.state(cluster).await?)
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
        let answer = match api.patch(&object.name, &params, &Patch::Merge(patch)).await {
            Ok(patched) => (patched, true),
            // The watch has not told yet what it is now; the next decision needs it.
            Err(kube::Error::Api(status)) if status.code == 409 => match api.get(&object.name).await {
                Ok(found) => (found, false),
                Err(source) => return Err(api_error(cluster, format!("read {object}"), source)),
            },
            Err(source) => return Err(api_error(cluster, format!("patch {object}"), source)),
        };
        let (found, patched) = answer;
        self.management.learn(&value(found, object));
        Ok(patched)
    }

    fn api(&self, namespace: &str, kind: &GroupVersionKind) -> Api<DynamicObject> {
        let client = self.management.client().clone();
        Api::namespaced_with(client, namespace, &ApiResource::from_gvk(kind))
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

/// As JSON that says what it is.
fn value(object: DynamicObject, reference: &ObjectRef) -> Value {
    let mut value = object.data;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), json!(reference.api_version));
        fields.insert("kind".to_owned(), json!(reference.kind));
        fields.insert("metadata".to_owned(), json!(object.metadata));
    }
    value
}

fn api_error(cluster: &ClusterName, action: String, source: kube::Error) -> UpgradeError {
    UpgradeError::Api {
        cluster: cluster.clone(),
        action,
        source: Arc::new(source),
    }
}

/// A control plane's status changes all the time while it rolls; a patch meets a quiet moment soon.
const ATTEMPTS: usize = 5;
