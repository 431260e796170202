//! KubeadmControlPlane: the first machine, the others one after the other, and rollouts machine by machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use fleet_core::KubernetesVersion;
use serde_json::{Value, json};

use super::status::{Conditions, Tally, about_machines, about_scaling, freeze, rolling_out_message};
use super::{NewMachine, Scene, owner_reference, reference};
use crate::cluster_api::delay::mix;
use crate::cluster_api::object::{BOOTSTRAP_GROUP, INFRASTRUCTURE_GROUP, Object, ObjectKind, Shape};
use crate::cluster_api::snapshot::{
    CLUSTER_NAME, CONTROL_PLANE, CONTROL_PLANE_NAME, DELETE_MACHINE, cluster_name,
};

const FINALIZER: &str = "kubeadm.controlplane.cluster.x-k8s.io";
/// Stands for what the real controller reads from the machine's own infrastructure and bootstrap objects,
/// which the simulation does not make: the template a machine came from.
const TEMPLATE: &str = "sim.fleet-sdk.dev/template";

pub(super) fn reconcile(scene: &mut Scene<'_>) {
    let snapshot = scene.snapshot;
    let Some(control_plane) = snapshot.control_plane.as_deref() else {
        return;
    };
    if snapshot.is_paused(control_plane) {
        let frozen = freeze(control_plane, scene.now);
        scene.patch_status(control_plane, &frozen);
        return;
    }
    let machines: Vec<_> = snapshot.machines_of(control_plane).collect();
    let mut blocked = Vec::new();
    if control_plane.deleting().is_some() {
        tear_down(scene, control_plane, &machines, &mut blocked);
    } else {
        scene.adopt(control_plane, Some(FINALIZER), Some(&snapshot.cluster));
        if snapshot.infrastructure_provisioned()
            && !snapshot.cluster.str("/spec/controlPlaneEndpoint/host").is_empty()
            && snapshot.cluster.deleting().is_none()
        {
            kubeconfig(scene, control_plane);
            converge(scene, control_plane, &machines, &mut blocked);
        } else {
            blocked.push("waiting for the Cluster's infrastructure to be ready".to_owned());
        }
    }
    write_status(scene, control_plane, &machines, &blocked);
}

/// `spec.replicas`, 1 when it is not given.
pub(super) fn replicas(control_plane: &Object) -> i64 {
    control_plane.at("/spec/replicas").as_i64().unwrap_or(1)
}

/// Whether this machine is what the control plane's spec asks for now.
pub(super) fn is_up_to_date(scene: &mut Scene<'_>, control_plane: &Object, machine: &Object) -> bool {
    if machine.str("/spec/version") != control_plane.str("/spec/version") {
        return false;
    }
    if machine
        .annotation(TEMPLATE)
        .is_some_and(|made_from| made_from != scene.template)
    {
        return false;
    }
    let after = match control_plane.shape() {
        Shape::V1Beta1 => control_plane.str("/spec/rolloutAfter"),
        Shape::V1Beta2 => control_plane.str("/spec/rollout/after"),
    };
    match after.parse() {
        Ok(after) if after > scene.now => {
            scene.wake(after);
            true
        }
        Ok(after) => machine.created() >= after,
        Err(_) => true,
    }
}

pub(super) fn tally(scene: &mut Scene<'_>, control_plane: &Object) -> Tally {
    let snapshot = scene.snapshot;
    let mut tally = Tally::default();
    for machine in snapshot.machines_of(control_plane) {
        tally.add(machine, is_up_to_date(scene, control_plane, machine));
    }
    tally
}

/// Whether machines of an older version are still there, or the first one is not there yet.
pub(super) fn unstable(scene: &Scene<'_>) -> Option<String> {
    let control_plane = scene.snapshot.control_plane.as_deref()?;
    let name = control_plane.name();
    let check = "\"ControlPlaneIsStable\" preflight check failed";
    if !scene.snapshot.control_plane_initialized() {
        return Some(format!("KubeadmControlPlane {name} is provisioning ({check})"));
    }
    let version = control_plane.str("/spec/version");
    let upgrading = scene
        .snapshot
        .machines_of(control_plane)
        .any(|machine| machine.str("/spec/version") != version);
    upgrading.then(|| format!("KubeadmControlPlane {name} is upgrading to {version} ({check})"))
}

/// At most one machine is made or removed in one step, and only from a healthy whole.
fn converge(
    scene: &mut Scene<'_>,
    control_plane: &Object,
    machines: &[&Arc<Object>],
    blocked: &mut Vec<String>,
) {
    let wanted = replicas(control_plane);
    let count = i64::try_from(machines.len()).unwrap_or(i64::MAX);
    let outdated: Vec<_> = machines
        .iter()
        .copied()
        .filter(|m| !is_up_to_date(scene, control_plane, m))
        .collect();

    let current = machines.len() - outdated.len();
    if scene.stalls && current >= 1 && (count < wanted || !outdated.is_empty()) {
        blocked.push("waiting for etcd cluster to become healthy".to_owned());
        return;
    }
    let grow = if outdated.is_empty() {
        count < wanted
    } else {
        count < wanted + max_surge(control_plane)
    };
    if grow {
        if count > 0 && !scene.snapshot.control_plane_initialized() {
            blocked.push("waiting for the first control plane machine to join".to_owned());
        } else {
            blocked.extend(preflight(machines, None));
        }
        if blocked.is_empty() {
            add_machine(scene, control_plane, machines);
        }
    } else if !outdated.is_empty() || count > wanted {
        let candidates = if outdated.is_empty() {
            machines.to_vec()
        } else {
            outdated
        };
        if let Some(victim) = choose(machines, &candidates) {
            blocked.extend(preflight(machines, Some(victim)));
            if blocked.is_empty() {
                scene.delete(victim);
            }
        }
    }
}

/// Version v1beta1 and v1beta2 keep it in different places; 1 when it is not given.
fn max_surge(control_plane: &Object) -> i64 {
    let value = match control_plane.shape() {
        Shape::V1Beta1 => control_plane.at("/spec/rolloutStrategy/rollingUpdate/maxSurge"),
        Shape::V1Beta2 => control_plane.at("/spec/rollout/strategy/rollingUpdate/maxSurge"),
    };
    let surge = value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    surge.unwrap_or(1).clamp(0, 1)
}

/// Why the control plane must not change now. The machine that is about to go need not be healthy.
fn preflight(machines: &[&Arc<Object>], leaving: Option<&Arc<Object>>) -> Vec<String> {
    let mut reasons = Vec::new();
    for machine in machines {
        if machine.deleting().is_some() {
            reasons.push(format!("waiting for Machine {} to be deleted", machine.name()));
        }
    }
    let healthy = machines
        .iter()
        .filter(|machine| leaving.is_none_or(|leaving| leaving.key() != machine.key()))
        .filter(|machine| machine.deleting().is_none())
        .all(|machine| machine.is("Ready"));
    if !healthy {
        reasons.push("waiting for control plane components to become healthy".to_owned());
        reasons.push("waiting for etcd cluster to become healthy".to_owned());
    }
    reasons
}

/// The one to go: marked for deletion, else one that never came up, else from the fullest failure domain, else
/// the oldest.
fn choose<'a>(machines: &[&'a Arc<Object>], candidates: &[&'a Arc<Object>]) -> Option<&'a Arc<Object>> {
    let mut domains = BTreeMap::<&str, i64>::new();
    for machine in machines {
        *domains.entry(machine.str("/spec/failureDomain")).or_default() += 1;
    }
    candidates.iter().copied().min_by_key(|machine| {
        let crowd = domains
            .get(machine.str("/spec/failureDomain"))
            .copied()
            .unwrap_or_default();
        (
            machine.annotation(DELETE_MACHINE).is_none(),
            machine.is("Ready"),
            -crowd,
            machine.created(),
            machine.name(),
        )
    })
}

fn add_machine(scene: &mut Scene<'_>, control_plane: &Object, machines: &[&Arc<Object>]) {
    let shape = control_plane.shape();
    let name = scene.machine_name(control_plane, 0);
    let cluster = scene.snapshot.cluster.name();
    let (infrastructure, extra) = match shape {
        Shape::V1Beta1 => {
            let mut extra = json!({});
            for field in [
                "nodeDrainTimeout",
                "nodeVolumeDetachTimeout",
                "nodeDeletionTimeout",
            ] {
                if let Some(value) = control_plane.at("/spec/machineTemplate").get(field) {
                    extra[field] = value.clone();
                }
            }
            (control_plane.at("/spec/machineTemplate/infrastructureRef"), extra)
        }
        Shape::V1Beta2 => {
            let mut extra = json!({});
            for field in ["deletion", "readinessGates", "taints"] {
                if let Some(value) = control_plane.at("/spec/machineTemplate/spec").get(field) {
                    extra[field] = value.clone();
                }
            }
            (
                control_plane.at("/spec/machineTemplate/spec/infrastructureRef"),
                extra,
            )
        }
    };
    let namespace = control_plane.namespace();
    let mut spec = extra;
    spec["clusterName"] = json!(cluster);
    spec["version"] = control_plane.at("/spec/version").clone();
    spec["bootstrap"] =
        json!({ "configRef": reference(shape, BOOTSTRAP_GROUP, "KubeadmConfig", &name, namespace) });
    spec["infrastructureRef"] = machine_infrastructure(shape, infrastructure, &name, namespace);
    if let Some(domain) = emptiest_domain(scene.snapshot.infrastructure.as_deref(), machines) {
        spec["failureDomain"] = json!(domain);
    }
    let mut labels = control_plane.at("/spec/machineTemplate/metadata/labels").clone();
    labels[CLUSTER_NAME] = json!(cluster);
    labels[CONTROL_PLANE] = json!("");
    labels[CONTROL_PLANE_NAME] = json!(control_plane.name());
    let mut annotations = control_plane
        .at("/spec/machineTemplate/metadata/annotations")
        .clone();
    annotations[TEMPLATE] = json!(scene.template);
    scene.create_machine(&NewMachine {
        owner: control_plane,
        name,
        labels,
        annotations,
        spec,
    });
}

/// The machine's own infrastructure object: the template's kind without `Template`, the machine's name.
pub(super) fn machine_infrastructure(shape: Shape, template: &Value, name: &str, namespace: &str) -> Value {
    let text = |field: &str| template.get(field).and_then(Value::as_str).unwrap_or_default();
    let kind = text("kind");
    let kind = kind.strip_suffix("Template").unwrap_or(kind);
    let group = match shape {
        Shape::V1Beta2 => text("apiGroup"),
        Shape::V1Beta1 => text("apiVersion").split('/').next().unwrap_or_default(),
    };
    let group = if group.is_empty() {
        INFRASTRUCTURE_GROUP
    } else {
        group
    };
    let mut made = reference(shape, group, kind, name, namespace);
    if shape == Shape::V1Beta1 {
        made["apiVersion"] = template.get("apiVersion").cloned().unwrap_or_else(|| json!(""));
    }
    made
}

fn emptiest_domain(infrastructure: Option<&Object>, machines: &[&Arc<Object>]) -> Option<String> {
    let domains: Vec<String> = match infrastructure?.at("/status/failureDomains") {
        Value::Array(list) => list
            .iter()
            .filter_map(|domain| domain.get("name")?.as_str().map(str::to_owned))
            .collect(),
        Value::Object(map) => map.keys().cloned().collect(),
        _ => return None,
    };
    domains.into_iter().min_by_key(|domain| {
        let crowd = machines
            .iter()
            .filter(|m| m.str("/spec/failureDomain") == domain)
            .count();
        (crowd, domain.clone())
    })
}

/// What a machine is made from, in a few letters: changes whenever the machine would come out differently.
pub(super) fn template(control_plane: &Object) -> String {
    let infrastructure = match control_plane.shape() {
        Shape::V1Beta1 => control_plane.str("/spec/machineTemplate/infrastructureRef/name"),
        Shape::V1Beta2 => control_plane.str("/spec/machineTemplate/spec/infrastructureRef/name"),
    };
    let config = control_plane.at("/spec/kubeadmConfigSpec").to_string();
    format!("{infrastructure}.{:08x}", mix(0, &[&config]) >> 32)
}

fn tear_down(
    scene: &mut Scene<'_>,
    control_plane: &Object,
    machines: &[&Arc<Object>],
    blocked: &mut Vec<String>,
) {
    if scene.snapshot.has_workers() {
        blocked.push("waiting for worker machines to be deleted first".to_owned());
        return;
    }
    for machine in machines {
        scene.delete(machine);
    }
    if machines.is_empty() {
        if let Some(kubeconfig) = &scene.snapshot.kubeconfig {
            scene.delete(kubeconfig);
        }
        scene.release(control_plane, FINALIZER);
    }
}

/// The Secret with the credentials of the new cluster. They open nothing: there is nothing behind the address.
fn kubeconfig(scene: &mut Scene<'_>, control_plane: &Object) {
    if scene.snapshot.kubeconfig.is_some() {
        return;
    }
    let cluster = &scene.snapshot.cluster;
    let name = cluster.name();
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let pem = |what: &str| {
        let content = base64(&format!("simulated {what} of cluster {name}"));
        base64(&format!(
            "-----BEGIN {what}-----\n{content}\n-----END {what}-----\n"
        ))
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": {
            "server": format!(
                "https://{}:{}",
                cluster.str("/spec/controlPlaneEndpoint/host"),
                cluster.at("/spec/controlPlaneEndpoint/port").as_i64().unwrap_or(6443),
            ),
            "certificate-authority-data": pem("CERTIFICATE"),
        }}],
        "users": [{ "name": format!("{name}-admin"), "user": {
            "client-certificate-data": pem("CERTIFICATE"),
            "client-key-data": pem("PRIVATE KEY"),
        }}],
        "contexts": [{ "name": format!("{name}-admin@{name}"), "context": {
            "cluster": name, "user": format!("{name}-admin"),
        }}],
        "current-context": format!("{name}-admin@{name}"),
        "preferences": {},
    });
    // JSON is YAML: every reader of kubeconfigs takes it.
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": format!("{name}-kubeconfig"),
            "namespace": cluster.namespace(),
            "labels": { CLUSTER_NAME: name },
            "ownerReferences": [owner_reference(control_plane, true)],
        },
        "type": "cluster.x-k8s.io/secret",
        "data": { "value": base64(&config.to_string()) },
    });
    scene.create(ObjectKind::Secret, body);
}

fn write_status(
    scene: &mut Scene<'_>,
    control_plane: &Object,
    machines: &[&Arc<Object>],
    blocked: &[String],
) {
    let snapshot = scene.snapshot;
    let shape = control_plane.shape();
    let wanted = if control_plane.deleting().is_some() {
        0
    } else {
        replicas(control_plane)
    };
    let version = control_plane.str("/spec/version");
    let rows: Vec<(&Object, bool)> = machines
        .iter()
        .map(|m| (&***m, is_up_to_date(scene, control_plane, m)))
        .collect();
    let mut tally = Tally::default();
    for (machine, up_to_date) in &rows {
        tally.add(machine, *up_to_date);
    }
    let outdated: Vec<&Object> = rows
        .iter()
        .filter(|(_, up_to_date)| !up_to_date)
        .map(|(m, _)| *m)
        .collect();
    let joined = machines.iter().any(|m| !m.str("/status/nodeRef/name").is_empty());
    let initialized = joined || snapshot.control_plane_initialized();
    // etcd answers while more than half of its members do.
    let quorum = tally.replicas / 2 + 1;
    let available = initialized && tally.replicas > 0 && tally.ready >= quorum;

    let mut c = Conditions::new();
    let why = if initialized {
        format!(
            "{} of {} control plane machines are healthy, {quorum} are needed",
            tally.ready, tally.replicas
        )
    } else {
        "Control plane not yet initialized".to_owned()
    };
    c.good("Available", available, "Available", "NotAvailable", why);
    c.good(
        "Initialized",
        initialized,
        "Initialized",
        "NotInitialized",
        "No control plane machine has joined yet",
    );
    c.good(
        "CertificatesAvailable",
        snapshot.kubeconfig.is_some(),
        "Available",
        "NotAvailable",
        "Waiting for the Cluster's infrastructure",
    );
    let healthy = tally.ready == tally.replicas && initialized;
    c.good(
        "ControlPlaneComponentsHealthy",
        healthy,
        "Healthy",
        "NotHealthy",
        format!("{} of {} machines are healthy", tally.ready, tally.replicas),
    );
    c.good(
        "EtcdClusterHealthy",
        healthy,
        "Healthy",
        "NotHealthy",
        format!("{} of {} members are healthy", tally.ready, tally.replicas),
    );
    about_machines(
        &mut c,
        rows.iter().copied(),
        ("MachinesReady", "MachinesUpToDate"),
    );
    c.going_on(
        "RollingOut",
        !outdated.is_empty(),
        rolling_out_message(&outdated, version),
    );
    about_scaling(&mut c, wanted, tally.replicas, blocked);
    c.going_on("Remediating", false, "");
    c.going_on("Deleting", control_plane.deleting().is_some(), blocked.join("\n"));
    c.going_on("Paused", false, "");

    let mut status = json!({
        "observedGeneration": control_plane.generation(),
        "selector": format!("{CLUSTER_NAME}={},{CONTROL_PLANE}", cluster_name(control_plane).unwrap_or(snapshot.cluster.name())),
    });
    tally.write(shape, true, &mut status);
    let lowest = machines
        .iter()
        .map(|m| m.str("/spec/version"))
        .min_by_key(|version| release(version));
    if let Some(lowest) = lowest {
        status["version"] = json!(lowest);
    }
    match shape {
        Shape::V1Beta2 => {
            if initialized {
                status["initialization"]["controlPlaneInitialized"] = json!(true);
            }
        }
        Shape::V1Beta1 => {
            status["initialized"] = json!(initialized);
            status["ready"] = json!(tally.ready > 0);
        }
    }
    let old = [
        ("Ready", "Available"),
        ("Available", "Initialized"),
        ("CertificatesAvailable", "CertificatesAvailable"),
        ("ControlPlaneComponentsHealthy", "ControlPlaneComponentsHealthy"),
        ("EtcdClusterHealthy", "EtcdClusterHealthy"),
        ("MachinesReady", "MachinesReady"),
        ("MachinesSpecUpToDate", "MachinesUpToDate"),
    ];
    c.write(
        control_plane,
        control_plane.generation(),
        scene.now,
        &old,
        &mut status,
    );
    scene.patch_status(control_plane, &status);
}

/// A version for comparing; what does not parse comes first.
pub(super) fn release(version: &str) -> Option<KubernetesVersion> {
    version.parse().ok()
}
