//! Taking a step: its patches, made as the objects were read.

use std::sync::Arc;

use fleet_core::{ClusterName, KubernetesVersion};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};

use super::rotation::TemplateCopy;
use super::step::holder;
use super::{
    CapiClusterDriver, Former, Half, Order, Refusal, Rotation, Step, UpgradeError, UpgradeRecord, changes,
    next_step_of,
};
use crate::rollout::read;
use crate::rollout::{
    ClusterState, FIELD_MANAGER, GroupKind, MachineGroup, ObjectRef, TemplateRef, VersionOwner,
};

impl CapiClusterDriver {
    /// Makes one patch, decided upon again as long as somebody else is quicker.
    pub(super) async fn retried(
        &self,
        cluster: &ClusterName,
        decide: impl Fn(&ClusterState) -> Result<(ObjectRef, Value), UpgradeError>,
    ) -> Result<(), UpgradeError> {
        let mut contended = ObjectRef::named("Cluster", cluster.as_str());
        for _ in 0..ATTEMPTS {
            let state = self.load(cluster).await?;
            let (object, patch) = decide(&state)?;
            if self.patch(cluster, &state.namespace, &object, patch).await? {
                return Ok(());
            }
            contended = object;
        }
        Err(contention(cluster, contended))
    }

    /// Takes the step that is due in a state. Only a refusal is an error here: waiting is a step, too.
    pub(super) async fn step(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
        record: &UpgradeRecord,
    ) -> Result<Taken, UpgradeError> {
        let ordered = &record.order;
        let in_minors = state
            .is_by_minor()
            .then(|| (state.in_minors(), ordered.in_minors()));
        let (state, order) = in_minors
            .as_ref()
            .map_or((state, ordered), |(state, order)| (state, order));
        // A patch release that the cluster does not compare is written all the same, as it was ordered.
        let written = |version: &KubernetesVersion| match &in_minors {
            Some(_) => ordered
                .stop_in(version.minor_version())
                .unwrap_or(version)
                .clone(),
            None => version.clone(),
        };
        let mut step = next_step_of(state, order);
        let is_far = matches!(
            step,
            Step::Refuse(Refusal::Hop { .. } | Refusal::WorkersTooOld { .. })
        );
        if is_far
            && state
                .topology
                .as_ref()
                .is_some_and(|topology| topology.version < order.target)
        {
            let led = self.with_offers(cluster, state).await?;
            step = next_step_of(&led, order);
        }
        let refuse = |refusal: Refusal| UpgradeError::Refused {
            cluster: cluster.clone(),
            refusal,
        };
        let writes = match &step {
            Step::Refuse(refusal) => return Err(refuse(refusal.clone())),
            Step::PatchTopology { object, .. } | Step::PatchControlPlane { object, .. } => {
                std::slice::from_ref(object)
            }
            Step::PatchWorkers { objects } => objects.as_slice(),
            _ => &[],
        };
        if record.held && !writes.is_empty() {
            return Ok(Taken::Yes(Step::Held));
        }
        if state.topology.is_some() && !order.rotations.is_empty() {
            return Err(refuse(Refusal::TopologyTemplates {
                object: Box::new(state.object.clone()),
            }));
        }
        let of_workers = |rotation: &Rotation| rotation.half != Some(Half::ControlPlane);
        let mut pools = state
            .workers
            .iter()
            .filter(|group| group.kind == GroupKind::MachinePool);
        if order.rotations.iter().any(of_workers)
            && let Some(pool) = pools.next()
        {
            return Err(refuse(Refusal::PoolTemplates {
                object: Box::new(pool.object.clone()),
            }));
        }
        let asked = state.desired_version();
        let to = match &step {
            Step::PatchTopology { from, .. } | Step::PatchControlPlane { from, .. } => {
                order.next_stop(from).unwrap_or(&order.target)
            }
            // Where the control plane is now; that is the target, or a stop on the way that the skew demands.
            _ => asked.unwrap_or(&order.target),
        };
        let way = Way {
            cluster,
            state,
            order,
            to,
            written: written(to),
        };
        if !self.overwrite_declared {
            self.leave_declared(&way, writes).await?;
        }

        let holder = holder(state);
        let marked = holder
            .and_then(|object| object.upgrade.as_ref())
            .is_some_and(|known| known.order == *ordered);
        // The version may stand already, by somebody else's hand; without the mark nobody would go on after us.
        let mark = (!marked && asked.is_some_and(|asked| order.passes(asked)))
            .then(|| holder.map(|object| (object, changes::mark(Some(record)))))
            .flatten();
        let mut patches: Vec<(&ObjectRef, Value)> = Vec::new();
        match &step {
            Step::PatchTopology { object, from } => {
                let record = with_former(record, from, None);
                patches.push((
                    object,
                    changes::marked(&changes::topology(&way.written), Some(&record)),
                ));
            }
            Step::PatchControlPlane { object, from } => {
                let Some(group) = &state.control_plane else {
                    return Ok(Taken::Yes(step));
                };
                let change = self.change(&way, group).await?;
                let record = with_former(record, from, group.template.as_ref());
                patches.push((object, changes::marked(&change, Some(&record))));
            }
            Step::PatchWorkers { objects } => {
                patches.extend(mark);
                for object in objects {
                    let mut groups = state.workers.iter();
                    if let Some(group) = groups.find(|group| group.object == *object) {
                        patches.push((object, self.change(&way, group).await?));
                    }
                }
            }
            Step::Done if marked => patches.extend(holder.map(|object| (object, changes::mark(None)))),
            Step::WaitControlPlane { .. } | Step::WaitWorkers { .. } | Step::Paused { .. } => {
                patches.extend(mark);
            }
            Step::Done | Step::Held | Step::Refuse(_) => {}
        }
        for (object, patch) in patches {
            if !self.patch(cluster, &state.namespace, object, patch).await? {
                return Ok(Taken::Conflict(object.clone()));
            }
            tracing::debug!(%cluster, %object, target = %order.target, "patched");
        }
        Ok(Taken::Yes(step))
    }

    /// A state with what its class offers. Read only where the way is too far otherwise: most hops need it not.
    async fn with_offers(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
    ) -> Result<ClusterState, UpgradeError> {
        let mut state = state.clone();
        let Some(topology) = &mut state.topology else {
            return Ok(state);
        };
        let (group, version) = state.object.api_version.split_once('/').unwrap_or_default();
        let namespace = topology.class_namespace.as_deref().unwrap_or(&state.namespace);
        let api = self.api(namespace, &GroupVersionKind::gvk(group, version, "ClusterClass"));
        topology.offers = match api.get(&topology.class).await {
            Ok(class) => read::offers(&json!(class)),
            // Whoever may not read classes takes the way stop by stop.
            Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => Vec::new(),
            Err(source) => {
                let action = format!("read ClusterClass {}", topology.class);
                return Err(api_error(cluster, action, source));
            }
        };
        Ok(state)
    }

    /// The version of a group, and the template that goes with it, which is made now if it is another one.
    async fn change(&self, way: &Way<'_>, group: &MachineGroup) -> Result<Value, UpgradeError> {
        let Some(copy) = self.copy(way, group).await? else {
            return Ok(way.change(group, None));
        };
        let name = copy.create(self.management.client(), way.cluster).await?;
        Ok(way.change(group, Some(&name)))
    }

    /// The template that goes with a version, if it is another one; it is not there yet.
    async fn copy(&self, way: &Way<'_>, group: &MachineGroup) -> Result<Option<TemplateCopy>, UpgradeError> {
        let half = match group.kind {
            GroupKind::ControlPlane => Half::ControlPlane,
            GroupKind::MachineDeployment | GroupKind::MachinePool => Half::Workers,
        };
        let changes = way.order.changes(half, way.to);
        let Some(template) = group.template.as_ref().filter(|_| !changes.is_empty()) else {
            return Ok(None);
        };
        let client = self.management.client();
        TemplateCopy::of(
            client,
            way.cluster,
            &way.state.namespace,
            template,
            way.to,
            &changes,
        )
        .await
    }

    /// All patches of a step are ours to make, or none is made, and those are told that are others' to commit.
    async fn leave_declared(&self, way: &Way<'_>, writes: &[ObjectRef]) -> Result<(), UpgradeError> {
        let mut first = None;
        let mut commit = Vec::new();
        for object in writes {
            let VersionOwner::Declared { by } = object.version_owner else {
                continue;
            };
            first.get_or_insert((object, by));
            let mut groups = way.state.control_plane.iter().chain(&way.state.workers);
            let change = match groups.find(|group| group.object == *object) {
                Some(group) => {
                    let copy = self.copy(way, group).await?;
                    commit.extend(copy.as_ref().map(TemplateCopy::to_commit));
                    way.change(group, copy.as_ref().map(TemplateCopy::name))
                }
                None => changes::topology(&way.written),
            };
            commit.push(changes::to_commit(object, &change));
        }
        let Some((object, by)) = first else {
            return Ok(());
        };
        Err(UpgradeError::Declared {
            cluster: way.cluster.clone(),
            object: Box::new(object.clone()),
            by,
            to: way.written.clone(),
            commit,
        })
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
        // What the server would drop without a word is an error: a field of the other API version, say.
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default().validation_strict()
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

/// One hop of one cluster.
struct Way<'a> {
    cluster: &'a ClusterName,
    state: &'a ClusterState,
    order: &'a Order,
    to: &'a KubernetesVersion,
    /// The same version, as it was ordered.
    written: KubernetesVersion,
}

impl Way<'_> {
    fn change(&self, group: &MachineGroup, template: Option<&str>) -> Value {
        match group.kind {
            GroupKind::ControlPlane => changes::control_plane(group, &self.written, template),
            GroupKind::MachineDeployment | GroupKind::MachinePool => {
                changes::workers(&self.written, template)
            }
        }
    }
}

/// What became of a step.
pub(super) enum Taken {
    Yes(Step),
    Conflict(ObjectRef),
}

fn with_former(
    record: &UpgradeRecord,
    version: &KubernetesVersion,
    template: Option<&TemplateRef>,
) -> UpgradeRecord {
    UpgradeRecord {
        former: Some(Former {
            version: version.clone(),
            template: template.map(|template| template.name.clone()),
        }),
        ..record.clone()
    }
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

pub(super) fn contention(cluster: &ClusterName, object: ObjectRef) -> UpgradeError {
    UpgradeError::Contended {
        cluster: cluster.clone(),
        object: Box::new(object),
    }
}

pub(super) fn api_error(cluster: &ClusterName, action: String, source: kube::Error) -> UpgradeError {
    UpgradeError::Api {
        cluster: cluster.clone(),
        action,
        source: Arc::new(source),
    }
}

/// A control plane's status changes all the time while it rolls; a patch meets a quiet moment soon.
pub(super) const ATTEMPTS: usize = 5;
