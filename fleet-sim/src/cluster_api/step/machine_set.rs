//! MachineSet: as many machines as asked for, unless a preflight check says not now.

use std::sync::Arc;

use serde_json::{Value, json};

use super::status::{Conditions, Tally, about_machines, about_scaling, freeze};
use super::{NewMachine, Scene, control_plane, deployment, reference};
use crate::cluster_api::delay::mix;
use crate::cluster_api::object::{BOOTSTRAP_GROUP, Object, Shape};
use crate::cluster_api::snapshot::{CLUSTER_NAME, ClusterSnapshot, DELETE_MACHINE, SET_NAME};

pub(super) const FINALIZER: &str = "cluster.x-k8s.io/machineset";
/// Annotation: preflight checks to leave out, by name, or `All`.
pub(super) const SKIP_PREFLIGHT: &str = "machineset.cluster.x-k8s.io/skip-preflight-checks";
/// How many minors a kubelet may be behind its API server.
const KUBELET_SKEW: u64 = 3;

pub(super) fn reconcile(scene: &mut Scene<'_>, set: &Object) {
    let snapshot = scene.snapshot;
    if snapshot.is_paused(set) {
        let frozen = freeze(set, scene.now);
        scene.patch_status(set, &frozen);
        return;
    }
    let machines: Vec<_> = snapshot.machines_of(set).collect();
    let mut blocked = Vec::new();
    if set.deleting().is_some() {
        for machine in &machines {
            scene.delete(machine);
        }
        if machines.is_empty() {
            scene.release(set, FINALIZER);
            return;
        }
    } else {
        scene.adopt(set, Some(FINALIZER), None);
        converge(scene, set, &machines, &mut blocked);
    }
    write_status(scene, set, &machines, &blocked);
}

/// `spec.replicas`, 1 when it is not given.
pub(super) fn replicas(set: &Object) -> i64 {
    set.at("/spec/replicas").as_i64().unwrap_or(1).max(0)
}

pub(super) fn tally(snapshot: &ClusterSnapshot, set: &Object, up_to_date: bool) -> Tally {
    let mut tally = Tally::default();
    for machine in snapshot.machines_of(set) {
        tally.add(machine, up_to_date);
    }
    tally
}

fn converge(scene: &mut Scene<'_>, set: &Object, machines: &[&Arc<Object>], blocked: &mut Vec<String>) {
    let wanted = usize::try_from(replicas(set)).unwrap_or_default();
    if machines.len() < wanted {
        // Machines being deleted count until they are gone, so that there are never more than asked for.
        blocked.extend(preflight(scene, set));
        if blocked.is_empty() {
            for index in 0..wanted - machines.len() {
                add_machine(scene, set, index);
            }
        }
        return;
    }
    let leaving = machines.iter().filter(|m| m.deleting().is_some()).count();
    let excess = (machines.len() - wanted).saturating_sub(leaving);
    let mut staying: Vec<_> = machines
        .iter()
        .copied()
        .filter(|m| m.deleting().is_none())
        .collect();
    let order = match set.shape() {
        Shape::V1Beta1 => set.str("/spec/deletePolicy"),
        Shape::V1Beta2 => set.str("/spec/deletion/order"),
    };
    staying.sort_by_cached_key(|machine| {
        let age = match order {
            "Oldest" => machine.created().as_second(),
            "Newest" => -machine.created().as_second(),
            // Random, as the seed has it.
            _ => (mix(scene.api.seed, &[machine.name(), "deletion"]) >> 1).cast_signed(),
        };
        (
            machine.annotation(DELETE_MACHINE).is_none(),
            machine.is("Available"),
            age,
            machine.name(),
        )
    });
    for machine in staying.into_iter().take(excess) {
        scene.delete(machine);
    }
}

/// Why no machine may be made now, in the words of the checks.
fn preflight(scene: &Scene<'_>, set: &Object) -> Vec<String> {
    let snapshot = scene.snapshot;
    if !snapshot.infrastructure_provisioned() {
        return vec!["waiting for the Cluster's infrastructure to be ready".to_owned()];
    }
    let Some(owner) = snapshot.control_plane.as_deref() else {
        return Vec::new();
    };
    let skip = set.annotation(SKIP_PREFLIGHT).unwrap_or_default();
    let skipped = |check: &str| {
        skip.split(',')
            .any(|one| one.trim() == check || one.trim() == "All")
    };
    let mut reasons = Vec::new();
    if !skipped("ControlPlaneIsStable") {
        reasons.extend(control_plane::unstable(scene));
    }
    let (name, version) = (owner.name(), owner.str("/spec/version"));
    let own = set.str("/spec/template/spec/version");
    let (Some(theirs), Some(ours)) = (control_plane::release(version), control_plane::release(own)) else {
        return reasons;
    };
    let failed = |check: &str| format!("(\"{check}\" preflight check failed)");
    let minors = (ours.major(), ours.minor(), theirs.minor());
    let outside = ours.major() != theirs.major() || minors.1 > minors.2 || minors.2 - minors.1 > KUBELET_SKEW;
    if outside && !skipped("KubernetesVersionSkew") {
        reasons.push(format!(
            "MachineSet version {own} and KubeadmControlPlane {name} version {version} do not conform to the \
             kubernetes version skew policy {}",
            failed("KubernetesVersionSkew"),
        ));
    }
    let kubeadm = set
        .str("/spec/template/spec/bootstrap/configRef/kind")
        .starts_with("Kubeadm");
    if kubeadm && minors.1 != minors.2 && !skipped("KubeadmVersionSkew") {
        reasons.push(format!(
            "MachineSet version {own} and KubeadmControlPlane {name} version {version} do not conform to kubeadm \
             version skew policy {}",
            failed("KubeadmVersionSkew"),
        ));
    }
    reasons
}

fn add_machine(scene: &mut Scene<'_>, set: &Object, index: usize) {
    let shape = set.shape();
    let namespace = set.namespace();
    let name = scene.machine_name(set, index);
    let mut spec = set.at("/spec/template/spec").clone();
    let infrastructure = spec.get("infrastructureRef").cloned().unwrap_or_default();
    spec["infrastructureRef"] =
        control_plane::machine_infrastructure(shape, &infrastructure, &name, namespace);
    let config = set.str("/spec/template/spec/bootstrap/configRef/kind");
    if !config.is_empty() {
        let kind = config.strip_suffix("Template").unwrap_or(config);
        spec["bootstrap"]["configRef"] = reference(shape, BOOTSTRAP_GROUP, kind, &name, namespace);
    }
    let mut labels = set.at("/spec/template/metadata/labels").clone();
    labels[CLUSTER_NAME] = json!(scene.snapshot.cluster.name());
    labels[SET_NAME] = json!(set.name());
    let annotations = match set.at("/spec/template/metadata/annotations") {
        Value::Null => json!({}),
        given => given.clone(),
    };
    scene.create_machine(&NewMachine {
        owner: set,
        name,
        labels,
        annotations,
        spec,
    });
}

fn write_status(scene: &mut Scene<'_>, set: &Object, machines: &[&Arc<Object>], blocked: &[String]) {
    let snapshot = scene.snapshot;
    let owner = snapshot
        .deployments
        .iter()
        .find(|deployment| set.is_owned_by(deployment));
    let up_to_date = owner.is_none_or(|owner| deployment::same_template(owner, set));
    let deleting = set.deleting().is_some();
    let tally = tally(snapshot, set, up_to_date);
    let wanted = if deleting { 0 } else { replicas(set) };

    let mut c = Conditions::new();
    about_machines(
        &mut c,
        machines.iter().map(|m| (&***m, up_to_date)),
        ("MachinesReady", "MachinesUpToDate"),
    );
    about_scaling(&mut c, wanted, tally.replicas, blocked);
    c.going_on("Remediating", false, "");
    c.going_on("Deleting", deleting, "Waiting for Machines to be deleted");
    c.going_on("Paused", false, "");

    let selector = set.at("/spec/selector/matchLabels").as_object().map(|labels| {
        let pairs: Vec<_> = labels
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        pairs.join(",")
    });
    let mut status = json!({ "observedGeneration": set.generation(), "selector": selector });
    tally.write(set.shape(), false, &mut status);
    if set.shape() == Shape::V1Beta1 {
        status["availableReplicas"] = json!(tally.available);
        status["fullyLabeledReplicas"] = json!(tally.replicas);
    }
    let old = [("Ready", "MachinesReady"), ("MachinesReady", "MachinesReady")];
    c.write(set, set.generation(), scene.now, &old, &mut status);
    scene.patch_status(set, &status);
}
