//! MachineDeployment: one set for each template, and the way from one set to the next.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::rollout::{Bounds, SetSize, grow_new, shrink_old};
use super::status::{Conditions, Tally, about_machines, about_scaling, freeze, rolling_out_message};
use super::{Scene, machine_set, owner_reference};
use crate::cluster_api::delay::suffix;
use crate::cluster_api::object::{GROUP, Object, ObjectKind, Shape};
use crate::cluster_api::snapshot::{CLUSTER_NAME, ClusterSnapshot, DEPLOYMENT_NAME, TEMPLATE_HASH};

const FINALIZER: &str = "cluster.x-k8s.io/machinedeployment";
/// What of a machine's spec makes a new set; the rest is changed in place.
const ROLLED_OUT: [&str; 4] = ["version", "bootstrap", "infrastructureRef", "failureDomain"];

pub(super) fn reconcile(scene: &mut Scene<'_>, deployment: &Object) {
    let snapshot = scene.snapshot;
    if snapshot.is_paused(deployment) {
        let frozen = freeze(deployment, scene.now);
        scene.patch_status(deployment, &frozen);
        return;
    }
    let sets = snapshot.sets_of(deployment);
    if deployment.deleting().is_some() {
        for set in &sets {
            scene.delete(set);
        }
        if sets.is_empty() {
            scene.release(deployment, FINALIZER);
            return;
        }
    } else {
        scene.adopt(deployment, Some(FINALIZER), Some(&snapshot.cluster));
        let observed = deployment.at("/status/observedGeneration").as_i64();
        if observed.is_some_and(|observed| observed < deployment.generation()) {
            // The real controller writes its status in several patches: for a moment it says that it has
            // seen the new spec while every counter and condition still speaks of the old one.
            scene.patch_status(
                deployment,
                &json!({ "observedGeneration": deployment.generation() }),
            );
            return;
        }
        converge(scene, deployment, &sets);
    }
    write_status(scene, deployment, &sets);
}

/// `spec.replicas`, 1 when it is not given.
pub(super) fn replicas(deployment: &Object) -> i64 {
    deployment.at("/spec/replicas").as_i64().unwrap_or(1).max(0)
}

/// All machines of all its sets.
pub(super) fn tally(snapshot: &ClusterSnapshot, deployment: &Object) -> Tally {
    let mut tally = Tally::default();
    for set in snapshot.sets_of(deployment) {
        let up_to_date = same_template(deployment, set);
        for machine in snapshot.machines_of(set) {
            tally.add(machine, up_to_date);
        }
    }
    tally
}

/// Whether this set's machines are what the deployment asks for.
pub(super) fn same_template(deployment: &Object, set: &Object) -> bool {
    let (wanted, made) = (
        deployment.at("/spec/template/spec"),
        set.at("/spec/template/spec"),
    );
    ROLLED_OUT
        .iter()
        .all(|field| wanted.get(field) == made.get(field))
}

fn converge(scene: &mut Scene<'_>, deployment: &Object, sets: &[&Arc<Object>]) {
    let snapshot = scene.snapshot;
    let desired = replicas(deployment);
    let after = rollout_after(scene, deployment);
    let new = sets
        .iter()
        .copied()
        .filter(|set| set.deleting().is_none() && same_template(deployment, set))
        .filter(|set| after.is_none_or(|after| set.created() >= after))
        .max_by_key(|set| machine_set::replicas(set));
    let old: Vec<_> = sets
        .iter()
        .copied()
        .filter(|set| new.is_none_or(|new| new.key() != set.key()))
        .collect();
    let size = |set: &Arc<Object>| {
        let tally = machine_set::tally(snapshot, set, true);
        SetSize {
            wanted: machine_set::replicas(set),
            actual: tally.replicas,
            available: tally.available,
        }
    };
    let old_sizes: Vec<_> = old.iter().map(|set| size(set)).collect();
    let new_size = new.map(size).unwrap_or_default();

    if deployment.truthy("/spec/paused") {
        scale_only(scene, desired, sets);
        return;
    }
    let strategy = |field: &str| match deployment.shape() {
        Shape::V1Beta1 => deployment.at(&format!("/spec/strategy/{field}")),
        Shape::V1Beta2 => deployment.at(&format!("/spec/rollout/strategy/{field}")),
    };
    let bounds = Bounds::new(
        desired,
        strategy("rollingUpdate/maxSurge"),
        strategy("rollingUpdate/maxUnavailable"),
    );
    let (target, old_targets) = if strategy("type") == "OnDelete" {
        // A machine moves to the new set when somebody deletes it: the old set does not make it anew.
        let staying = |set: &&Arc<Object>| -> i64 {
            let left = snapshot
                .machines_of(set)
                .filter(|m| m.deleting().is_none())
                .count();
            machine_set::replicas(set).min(i64::try_from(left).unwrap_or(i64::MAX))
        };
        let kept: Vec<i64> = old.iter().map(staying).collect();
        let leaving: i64 = old_sizes.iter().map(|size| size.actual).sum();
        let target = (desired - leaving.max(kept.iter().sum())).clamp(new_size.wanted.min(desired), desired);
        (target, kept)
    } else {
        (
            grow_new(bounds, new_size, &old_sizes),
            shrink_old(bounds, new_size, &old_sizes),
        )
    };
    match new {
        Some(new) => scale(scene, new, target),
        None => create_set(scene, deployment, target, after),
    }
    for (set, target) in old.iter().zip(old_targets) {
        scale(scene, set, target);
    }
    if new_size.available >= desired {
        for (set, size) in old.iter().zip(&old_sizes) {
            if size.wanted == 0 && size.actual == 0 {
                scene.delete(set);
            }
        }
    }
}

/// A paused deployment is scaled, not rolled: the newest set grows, the oldest shrink first.
fn scale_only(scene: &mut Scene<'_>, desired: i64, sets: &[&Arc<Object>]) {
    let mut excess = sets.iter().map(|set| machine_set::replicas(set)).sum::<i64>() - desired;
    if excess < 0 {
        if let Some(newest) = sets.last() {
            scale(scene, newest, machine_set::replicas(newest) - excess);
        }
        return;
    }
    for set in sets {
        let take = excess.min(machine_set::replicas(set));
        scale(scene, set, machine_set::replicas(set) - take);
        excess -= take;
    }
}

fn scale(scene: &mut Scene<'_>, set: &Object, replicas: i64) {
    if set.deleting().is_none() {
        scene.patch(set, &json!({ "spec": { "replicas": replicas } }));
    }
}

/// A time after which every machine has to be younger than it; in the future it changes nothing yet.
fn rollout_after(scene: &mut Scene<'_>, deployment: &Object) -> Option<Timestamp> {
    let after = match deployment.shape() {
        Shape::V1Beta1 => deployment.str("/spec/rolloutAfter"),
        Shape::V1Beta2 => deployment.str("/spec/rollout/after"),
    };
    let after = after.parse().ok()?;
    if after > scene.now {
        scene.wake(after);
        return None;
    }
    Some(after)
}

fn create_set(scene: &mut Scene<'_>, deployment: &Object, replicas: i64, after: Option<Timestamp>) {
    let template = deployment.at("/spec/template/spec");
    let rolled_out: Vec<String> = ROLLED_OUT
        .iter()
        .map(|field| template.get(field).unwrap_or(&Value::Null).to_string())
        .collect();
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let words: Vec<&str> = [deployment.namespace(), deployment.name(), &after]
        .into_iter()
        .chain(rolled_out.iter().map(String::as_str))
        .collect();
    let hash = suffix(scene.api.seed, &words);
    let cluster = scene.snapshot.cluster.name();
    let own = json!({ CLUSTER_NAME: cluster, DEPLOYMENT_NAME: deployment.name(), TEMPLATE_HASH: hash });
    let mut labels = deployment.at("/spec/template/metadata/labels").clone();
    if let (Some(own), true) = (own.as_object(), labels.is_object() || labels.is_null()) {
        for (key, value) in own {
            labels[key] = value.clone();
        }
    }
    let base: String = deployment.name().chars().take(57).collect();
    let mut spec = json!({
        "clusterName": cluster,
        "replicas": replicas,
        "selector": { "matchLabels": own },
        "template": { "metadata": { "labels": labels }, "spec": template },
    });
    if let Some(annotations) = deployment.at("/spec/template/metadata").get("annotations") {
        spec["template"]["metadata"]["annotations"] = annotations.clone();
    }
    match deployment.shape() {
        Shape::V1Beta2 => {
            if let Some(deletion) = deployment.at("/spec").get("deletion") {
                spec["deletion"] = deletion.clone();
            }
        }
        Shape::V1Beta1 => {
            if let Some(policy) = deployment
                .value()
                .pointer("/spec/strategy/rollingUpdate/deletePolicy")
            {
                spec["deletePolicy"] = policy.clone();
            }
        }
    }
    let body = json!({
        "apiVersion": format!("{GROUP}/{}", deployment.shape().version()),
        "kind": "MachineSet",
        "metadata": {
            "name": format!("{base}-{hash}"),
            "namespace": deployment.namespace(),
            "labels": labels,
            "annotations": deployment.at("/metadata/annotations").get(machine_set::SKIP_PREFLIGHT)
                .map_or(Value::Null, |skip| json!({ machine_set::SKIP_PREFLIGHT: skip })),
            "finalizers": [machine_set::FINALIZER],
            "ownerReferences": [owner_reference(deployment, true)],
        },
        "spec": spec,
    });
    scene.create(ObjectKind::MachineSet, without_nulls(body));
}

/// Optional fields that are absent have to be absent, not null.
fn without_nulls(mut body: Value) -> Value {
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| !value.is_null());
    }
    body
}

fn write_status(scene: &mut Scene<'_>, deployment: &Object, sets: &[&Arc<Object>]) {
    let snapshot = scene.snapshot;
    let shape = deployment.shape();
    let deleting = deployment.deleting().is_some();
    let desired = if deleting { 0 } else { replicas(deployment) };
    let tally = tally(snapshot, deployment);
    let rows: Vec<(&Object, bool)> = sets
        .iter()
        .flat_map(|set| {
            let up_to_date = same_template(deployment, set);
            snapshot
                .machines_of(set)
                .map(move |machine| (&**machine, up_to_date))
        })
        .collect();
    let outdated: Vec<&Object> = rows
        .iter()
        .filter(|(_, up_to_date)| !up_to_date)
        .map(|(m, _)| *m)
        .collect();
    let bounds = |field: &str| match shape {
        Shape::V1Beta1 => deployment.at(&format!("/spec/strategy/rollingUpdate/{field}")),
        Shape::V1Beta2 => deployment.at(&format!("/spec/rollout/strategy/rollingUpdate/{field}")),
    };
    let bounds = Bounds::new(desired, bounds("maxSurge"), bounds("maxUnavailable"));
    let least = bounds.desired - bounds.max_unavailable;

    let mut c = Conditions::new();
    let why = format!(
        "{} available replicas, at least {least} required",
        tally.available
    );
    c.good(
        "Available",
        tally.available >= least,
        "Available",
        "NotAvailable",
        why,
    );
    about_machines(
        &mut c,
        rows.iter().copied(),
        ("MachinesReady", "MachinesUpToDate"),
    );
    let version = deployment.str("/spec/template/spec/version");
    c.going_on(
        "RollingOut",
        !outdated.is_empty(),
        rolling_out_message(&outdated, version),
    );
    about_scaling(&mut c, desired, tally.replicas, &[]);
    c.going_on("Remediating", false, "");
    c.going_on("Deleting", deleting, "Waiting for MachineSets to be deleted");
    c.going_on("Paused", false, "");

    let phase = match tally.replicas.cmp(&desired) {
        Ordering::Less => "ScalingUp",
        Ordering::Greater => "ScalingDown",
        Ordering::Equal => "Running",
    };
    let mut status = json!({
        "observedGeneration": deployment.generation(),
        "phase": phase,
        "selector": format!(
            "{CLUSTER_NAME}={},{DEPLOYMENT_NAME}={}", snapshot.cluster.name(), deployment.name(),
        ),
    });
    tally.write(shape, true, &mut status);
    if shape == Shape::V1Beta1 {
        status["availableReplicas"] = json!(tally.available);
    }
    let old = [("Ready", "Available"), ("Available", "Available")];
    c.write(deployment, deployment.generation(), scene.now, &old, &mut status);
    scene.patch_status(deployment, &status);
}
