//! Taking a step: its patches, made as the objects were read.

use std::sync::Arc;

use fleet_core::{ClusterName, KubernetesVersion};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};

use super::rotation::rotate;
use super::step::holder;
use super::{
    CapiClusterDriver, Former, Half, Order, Refusal, Rotation, Step, UpgradeError, UpgradeRecord, changes,
    next_step_of,
};
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
        let step = next_step_of(state, order);
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
        self.check_owners(cluster, writes, &ordered.target)?;

        let holder = holder(state);
        let marked = holder
            .and_then(|object| object.upgrade.as_ref())
            .is_some_and(|known| known.order == *ordered);
        let asked = state.desired_version();
        // The version may stand already, by somebody else's hand; without the mark nobody would go on after us.
        let mark = (!marked && asked.is_some_and(|asked| order.passes(asked)))
            .then(|| holder.map(|object| (object, changes::mark(Some(record)))))
            .flatten();
        let mut patches: Vec<(&ObjectRef, Value)> = Vec::new();
        match &step {
            Step::PatchTopology { object, from } => {
                let record = with_former(record, from, None);
                patches.push((object, changes::topology(&written(next_of(order, from)), &record)));
            }
            Step::PatchControlPlane { object, from } => {
                let Some(group) = &state.control_plane else {
                    return Ok(Taken::Yes(step));
                };
                let to = next_of(order, from);
                let template = self.rotated(cluster, state, group, order, to).await?;
                let record = with_former(record, from, group.template.as_ref());
                let patch = changes::control_plane(group, &written(to), template.as_deref(), Some(&record));
                patches.push((object, patch));
            }
            Step::PatchWorkers { objects } => {
                patches.extend(mark);
                // Where the control plane is now; that is the target, or a stop on the way that the skew demands.
                let to = asked.unwrap_or(&order.target);
                for object in objects {
                    let mut groups = state.workers.iter();
                    let Some(group) = groups.find(|group| group.object == *object) else {
                        continue;
                    };
                    let template = self.rotated(cluster, state, group, order, to).await?;
                    patches.push((object, changes::workers(&written(to), template.as_deref())));
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

    /// The template that goes with a version, if it is another one.
    async fn rotated(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
        group: &MachineGroup,
        order: &Order,
        version: &KubernetesVersion,
    ) -> Result<Option<String>, UpgradeError> {
        let half = match group.kind {
            GroupKind::ControlPlane => Half::ControlPlane,
            GroupKind::MachineDeployment | GroupKind::MachinePool => Half::Workers,
        };
        let changes = order.changes(half, version);
        let Some(template) = group.template.as_ref().filter(|_| !changes.is_empty()) else {
            return Ok(None);
        };
        let client = self.management.client();
        rotate(client, cluster, &state.namespace, template, version, &changes).await
    }

    /// All patches of a step are ours to make, or none is made.
    fn check_owners(
        &self,
        cluster: &ClusterName,
        writes: &[ObjectRef],
        target: &KubernetesVersion,
    ) -> Result<(), UpgradeError> {
        for object in writes.iter().filter(|_| !self.overwrite_declared) {
            if let VersionOwner::Declared { by } = object.version_owner {
                return Err(UpgradeError::Declared {
                    cluster: cluster.clone(),
                    object: Box::new(object.clone()),
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

fn next_of<'a>(order: &'a Order, from: &KubernetesVersion) -> &'a KubernetesVersion {
    order.next_stop(from).unwrap_or(&order.target)
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
