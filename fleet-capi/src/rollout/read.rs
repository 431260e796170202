//! From Cluster API objects, in JSON and in either API version, to a [`ClusterState`].

use std::collections::BTreeMap;

use fleet_core::{KubernetesVersion, MinorVersion, VersionError};
use jiff::Timestamp;
use serde_json::Value;

use super::UPGRADE_ANNOTATION;
use super::owner::{VersionOwner, writer};
use super::state::{
    ClusterState, Condition, EKS, GroupKind, MachineGroup, MachineRole, MachineSetState, MachineState,
    ObjectRef, StateError, TemplateRef, Topology,
};
use crate::CLUSTER_NAME_LABEL;

pub(super) fn cluster(name: &str, objects: &[Value]) -> Result<ClusterState, StateError> {
    let cluster = objects
        .iter()
        .find(|object| kind(object) == "Cluster" && text(object, "/metadata/name") == Some(name))
        .ok_or_else(|| StateError::NoCluster {
            name: name.to_owned(),
        })?;
    let mut state = head(cluster)?;
    let control_plane = control_plane_of(cluster);
    let siblings = objects.iter().filter(|object| {
        let stands_in = text(object, "/metadata/namespace").unwrap_or_default();
        stands_in == state.namespace || stands_in.is_empty() || state.namespace.is_empty()
    });
    let siblings: Vec<_> = siblings.collect();
    if let Some(topology) = &mut state.topology {
        let namespace = topology.class_namespace.as_deref().unwrap_or(&state.namespace);
        let class = objects.iter().find(|object| {
            let stands_in = text(object, "/metadata/namespace").unwrap_or_default();
            kind(object) == "ClusterClass"
                && text(object, "/metadata/name") == Some(&topology.class)
                && (stands_in == namespace || stands_in.is_empty() || namespace.is_empty())
        });
        topology.offers = class.map(offers).unwrap_or_default();
    }
    for object in siblings {
        let kind = kind(object);
        if text(object, "/metadata/name").is_some_and(|name| Some((kind, name)) == control_plane) {
            state.control_plane = Some(group(GroupKind::ControlPlane, object)?);
            state.last_change = state.last_change.max(last_change(object));
            continue;
        }
        if owner(object) != Some(name) {
            continue;
        }
        state.last_change = state.last_change.max(last_change(object));
        match kind {
            "MachineDeployment" => state.workers.push(group(GroupKind::MachineDeployment, object)?),
            "MachinePool" => state.workers.push(group(GroupKind::MachinePool, object)?),
            "MachineSet" => state.machine_sets.push(machine_set(object)?),
            "Machine" => state.machines.push(machine(object)?),
            _ => {}
        }
    }
    state
        .workers
        .sort_by(|a, b| (a.kind, &a.object.name).cmp(&(b.kind, &b.object.name)));
    state.machine_sets.sort_by(|a, b| a.name.cmp(&b.name));
    state.machines.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(state)
}

/// What the Cluster object itself says; the rest is empty.
pub(crate) fn head(cluster: &Value) -> Result<ClusterState, StateError> {
    let topology = match cluster.pointer("/spec/topology") {
        Some(_) => version(cluster, "spec.topology.version")?.map(|version| topology(cluster, version)),
        None => None,
    };
    Ok(ClusterState {
        name: text(cluster, "/metadata/name").unwrap_or_default().to_owned(),
        namespace: text(cluster, "/metadata/namespace")
            .unwrap_or_default()
            .to_owned(),
        paused: flag(cluster, "/spec/paused") || has_pause_annotation(cluster),
        deleting: cluster.pointer("/metadata/deletionTimestamp").is_some(),
        topology,
        conditions: conditions(cluster).0,
        object: object_ref(cluster),
        generation: number(cluster, "/metadata/generation"),
        last_change: last_change(cluster),
        ..ClusterState::default()
    })
}

/// Kind and name of a Cluster's control plane.
pub(crate) fn control_plane_of(cluster: &Value) -> Option<(&str, &str)> {
    Some((
        text(cluster, "/spec/controlPlaneRef/kind")?,
        text(cluster, "/spec/controlPlaneRef/name")?,
    ))
}

fn topology(cluster: &Value, version: KubernetesVersion) -> Topology {
    let plan = |half: &str| {
        let steps = cluster.pointer(&format!("/status/{half}/upgradePlan"));
        let steps = steps.and_then(Value::as_array).into_iter().flatten();
        steps
            .filter_map(|step| text(step, "/version")?.parse().ok())
            .collect()
    };
    let annotations = cluster
        .pointer("/metadata/annotations")
        .and_then(Value::as_object);
    let hooks = annotations
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter(|key| key.starts_with(BEFORE_UPGRADE_HOOK));
    let ends_in_hooks = annotation(cluster, PENDING_HOOKS)
        .is_some_and(|hooks| hooks.split(',').any(|hook| hook == "AfterClusterUpgrade"));
    let groups = ["machineDeployments", "machinePools"]
        .map(|kind| cluster.pointer(&format!("/spec/topology/workers/{kind}")));
    let held = groups
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
        .filter(|group| HOLDS.iter().any(|hold| annotation(group, hold).is_some()));
    let holds = hooks
        .cloned()
        .chain(held.filter_map(|group| text(group, "/name").map(str::to_owned)))
        .collect();
    let class = |field: &str| text(cluster, &format!("/spec/topology/{field}"));
    Topology {
        version,
        class: class("classRef/name")
            .or(class("class"))
            .unwrap_or_default()
            .to_owned(),
        class_namespace: class("classRef/namespace")
            .or(class("classNamespace"))
            .map(str::to_owned),
        offers: Vec::new(),
        control_plane_plan: plan("controlPlane"),
        workers_plan: plan("workers"),
        ends_in_hooks,
        holds,
    }
}

/// The versions that a `ClusterClass` offers.
pub(crate) fn offers(class: &Value) -> Vec<KubernetesVersion> {
    let versions = class
        .pointer("/spec/kubernetesVersions")
        .and_then(Value::as_array);
    let versions = versions.into_iter().flatten().filter_map(Value::as_str);
    versions.filter_map(|version| version.parse().ok()).collect()
}

/// The latest moment that an object tells of.
pub(crate) fn last_change(object: &Value) -> Option<Timestamp> {
    let metadata =
        ["/metadata/creationTimestamp", "/metadata/deletionTimestamp"].map(|pointer| time(object, pointer));
    let lists = [
        ("/metadata/managedFields", "/time"),
        ("/status/conditions", "/lastTransitionTime"),
        ("/status/v1beta2/conditions", "/lastTransitionTime"),
    ];
    let listed = lists.into_iter().flat_map(|(list, field)| {
        let items = object
            .pointer(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        items.map(move |item| time(item, field))
    });
    metadata.into_iter().chain(listed).flatten().max()
}

const BEFORE_UPGRADE_HOOK: &str = "before-upgrade.hook.cluster.cluster.x-k8s.io/";
/// The hooks that Cluster API has still to call, with commas between them.
const PENDING_HOOKS: &str = "runtime.cluster.x-k8s.io/pending-hooks";
const HOLDS: [&str; 2] = [
    "topology.cluster.x-k8s.io/defer-upgrade",
    "topology.cluster.x-k8s.io/hold-upgrade-sequence",
];

/// The name of the Cluster that an object belongs to.
pub(crate) fn owner(object: &Value) -> Option<&str> {
    text(object, "/spec/clusterName").or_else(|| label(object, CLUSTER_NAME_LABEL))
}

pub(crate) fn group(kind: GroupKind, object: &Value) -> Result<MachineGroup, StateError> {
    let version = match kind {
        GroupKind::ControlPlane => version(object, "spec.version")?,
        GroupKind::MachineDeployment | GroupKind::MachinePool => {
            version(object, "spec.template.spec.version")?
        }
    };
    let replicas = count(object, "/spec/replicas").or(match kind {
        // The webhooks' default; a control plane that has no such field has no machines of its own.
        GroupKind::ControlPlane if self::kind(object) != "KubeadmControlPlane" => None,
        _ => Some(1),
    });
    let counter = |name: &str| {
        count(object, &format!("/status/{name}"))
            .or_else(|| count(object, &format!("/status/v1beta2/{name}")))
    };
    Ok(MachineGroup {
        kind,
        object: object_ref(object),
        version,
        replicas,
        template: template(object),
        paused: flag(object, "/spec/paused") || has_pause_annotation(object),
        on_delete: ["/spec/rollout/strategy/type", "/spec/strategy/type"]
            .iter()
            .any(|pointer| text(object, pointer) == Some("OnDelete")),
        generation: number(object, "/metadata/generation"),
        observed_generation: number(object, "/status/observedGeneration"),
        current: count(object, "/status/replicas"),
        up_to_date: counter("upToDateReplicas").or_else(|| count(object, "/status/updatedReplicas")),
        available: counter("availableReplicas"),
        versions: versions(object, replicas),
        conditions: conditions(object).0,
    })
}

/// The reference to the machine template, wherever the kind and version have it.
fn template(object: &Value) -> Option<TemplateRef> {
    let places = [
        "/spec/machineTemplate/spec/infrastructureRef",
        "/spec/machineTemplate/infrastructureRef",
        "/spec/template/spec/infrastructureRef",
    ];
    let reference = places.iter().find_map(|place| object.pointer(place))?;
    let (group, version) = match text(reference, "/apiVersion").and_then(|it| it.split_once('/')) {
        Some((group, version)) => (group, Some(version.to_owned())),
        None => (text(reference, "/apiGroup")?, None),
    };
    Some(TemplateRef {
        group: group.to_owned(),
        version,
        kind: text(reference, "/kind")?.to_owned(),
        name: text(reference, "/name")?.to_owned(),
    })
}

/// `status.versions`; for control planes without machines, which report one version, `status.version`.
fn versions(object: &Value, replicas: Option<u32>) -> Option<BTreeMap<KubernetesVersion, u32>> {
    if let Some(Value::Array(items)) = object.pointer("/status/versions") {
        let read = |item: &Value| Some((text(item, "/version")?.parse().ok()?, count(item, "/replicas")?));
        let mut versions = BTreeMap::new();
        for item in items {
            let (version, nodes) = read(item)?;
            let known: &mut u32 = versions.entry(version).or_default();
            *known = known.saturating_add(nodes);
        }
        return Some(versions);
    }
    match (replicas, text(object, "/status/version")) {
        (None, Some(text)) => Some(BTreeMap::from([(parse(object, text).ok()?, 1)])),
        _ => None,
    }
}

pub(crate) fn machine_set(object: &Value) -> Result<MachineSetState, StateError> {
    Ok(MachineSetState {
        name: text(object, "/metadata/name").unwrap_or_default().to_owned(),
        deployment: label(object, "cluster.x-k8s.io/deployment-name").map(str::to_owned),
        version: version(object, "spec.template.spec.version")?,
        replicas: count(object, "/spec/replicas"),
        conditions: conditions(object).0,
    })
}

pub(crate) fn machine(object: &Value) -> Result<MachineState, StateError> {
    let role = if label(object, "cluster.x-k8s.io/control-plane").is_some() {
        MachineRole::ControlPlane
    } else if let Some(name) = label(object, "cluster.x-k8s.io/deployment-name") {
        MachineRole::Deployment(name.to_owned())
    } else if let Some(name) = label(object, "cluster.x-k8s.io/pool-name") {
        MachineRole::Pool(name.to_owned())
    } else {
        MachineRole::Standalone
    };
    let (conditions, old_conditions) = conditions(object);
    Ok(MachineState {
        name: text(object, "/metadata/name").unwrap_or_default().to_owned(),
        role,
        version: version(object, "spec.version")?,
        // A kubelet may call itself anything; what does not parse is no version that anyone asked for.
        kubelet: text(object, "/status/nodeInfo/kubeletVersion").and_then(|text| text.parse().ok()),
        deleting: object.pointer("/metadata/deletionTimestamp").is_some(),
        phase: text(object, "/status/phase").map(str::to_owned),
        created: time(object, "/metadata/creationTimestamp"),
        deleted: time(object, "/metadata/deletionTimestamp"),
        drain_started: time(object, "/status/deletion/nodeDrainStartTime"),
        volume_wait_started: time(object, "/status/deletion/waitForNodeVolumeDetachStartTime"),
        conditions,
        old_conditions,
    })
}

/// The conditions in today's form: under `status.v1beta2` where v1beta1 has them, else `status.conditions`. The
/// second value says that these are v1beta1's old ones.
fn conditions(object: &Value) -> (BTreeMap<String, Condition>, bool) {
    let newer = object.pointer("/status/v1beta2/conditions");
    let found = newer.or_else(|| object.pointer("/status/conditions"));
    let read = |item: &Value| {
        let condition = Condition {
            status: text(item, "/status")?.to_owned(),
            reason: text(item, "/reason").unwrap_or_default().to_owned(),
            message: text(item, "/message").unwrap_or_default().to_owned(),
            since: time(item, "/lastTransitionTime"),
            observed_generation: number(item, "/observedGeneration"),
        };
        Some((text(item, "/type")?.to_owned(), condition))
    };
    let conditions = found.and_then(Value::as_array).into_iter().flatten();
    let version = text(object, "/apiVersion").unwrap_or_default();
    (
        conditions.filter_map(read).collect(),
        newer.is_none() && version.ends_with("/v1beta1"),
    )
}

fn object_ref(object: &Value) -> ObjectRef {
    ObjectRef {
        api_version: written_version(object),
        kind: kind(object).to_owned(),
        name: text(object, "/metadata/name").unwrap_or_default().to_owned(),
        resource_version: text(object, "/metadata/resourceVersion").map(str::to_owned),
        // What does not parse is not ours, or of a later version than this one.
        upgrade: annotation(object, UPGRADE_ANNOTATION).and_then(|text| serde_json::from_str(text).ok()),
        version_owner: VersionOwner::of(object, version_path(kind(object))),
        version_writer: writer(object, version_path(kind(object))),
    }
}

fn version_path(kind: &str) -> &'static [&'static str] {
    match kind {
        "Cluster" => &["spec", "topology", "version"],
        "MachineDeployment" | "MachinePool" | "MachineSet" => &["spec", "template", "spec", "version"],
        _ => &["spec", "version"],
    }
}

/// The `apiVersion` whose shape the object has: the one to patch it in.
///
/// It is the one it was read in, but for an API server without conversion webhooks (an embedded hub, a plain
/// kube-apiserver with the CRDs): that one relabels what was written as v1beta1, and would then refuse it as v1beta2.
fn written_version(object: &Value) -> String {
    let read = text(object, "/apiVersion").unwrap_or_default();
    let is_older = [
        "/spec/infrastructureRef/apiVersion",
        "/spec/template/spec/infrastructureRef/apiVersion",
    ]
    .iter()
    .any(|pointer| object.pointer(pointer).is_some())
        || (kind(object) == "KubeadmControlPlane"
            && object
                .pointer("/spec/machineTemplate/infrastructureRef")
                .is_some());
    match read.split_once('/') {
        Some((group @ ("cluster.x-k8s.io" | "controlplane.cluster.x-k8s.io"), "v1beta2")) if is_older => {
            format!("{group}/v1beta1")
        }
        _ => read.to_owned(),
    }
}

/// A version that is asked for. One that does not parse is an error; an absent one is not.
fn version(object: &Value, field: &'static str) -> Result<Option<KubernetesVersion>, StateError> {
    let pointer = format!("/{}", field.replace('.', "/"));
    let Some(text) = text(object, &pointer).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    parse(object, text)
        .map(Some)
        .map_err(|source| StateError::Version {
            object: Box::new(object_ref(object)),
            field,
            source,
        })
}

fn parse(object: &Value, text: &str) -> Result<KubernetesVersion, VersionError> {
    if kind(object) == EKS {
        return version_of_eks(text);
    }
    text.parse()
}

/// A version of EKS, whose webhook takes the patch release away: `v1.34` is `v1.34.0`.
pub(crate) fn version_of_eks(text: &str) -> Result<KubernetesVersion, VersionError> {
    match text.parse::<MinorVersion>() {
        Ok(minor) => Ok(KubernetesVersion::new(minor.major, minor.minor, 0)),
        Err(_) => text.parse(),
    }
}

fn has_pause_annotation(object: &Value) -> bool {
    annotation(object, "cluster.x-k8s.io/paused").is_some()
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

fn kind(object: &Value) -> &str {
    text(object, "/kind").unwrap_or_default()
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer)?.parse().ok()
}

fn flag(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

fn count(object: &Value, pointer: &str) -> Option<u32> {
    object.pointer(pointer)?.as_u64()?.try_into().ok()
}
