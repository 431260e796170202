//! The Cluster: its infrastructure, its roll-up status, and its end.

use serde_json::json;

use super::status::{Conditions, Tally, freeze};
use super::{Scene, control_plane, deployment};
use crate::cluster_api::delay::mix;
use crate::cluster_api::object::{Object, ObjectKind, Shape};

const FINALIZER: &str = "cluster.cluster.x-k8s.io";
const INFRASTRUCTURE_FINALIZER: &str = "infrastructurecluster.infrastructure.cluster.x-k8s.io";
const API_SERVER_PORT: u16 = 6443;

pub(super) fn reconcile(scene: &mut Scene<'_>) {
    let snapshot = scene.snapshot;
    let cluster = &*snapshot.cluster;
    if snapshot.is_paused(cluster) {
        let frozen = freeze(cluster, scene.now);
        scene.patch_status(cluster, &frozen);
    } else if cluster.deleting().is_some() {
        tear_down(scene);
    } else {
        scene.adopt(cluster, Some(FINALIZER), None);
    }
    infrastructure(scene);
    if snapshot.is_paused(cluster) {
        return;
    }
    if let Some(infrastructure) = snapshot.infrastructure.as_deref()
        && is_provisioned(infrastructure)
    {
        let endpoint = infrastructure.at("/spec/controlPlaneEndpoint");
        if cluster.str("/spec/controlPlaneEndpoint/host").is_empty() && !endpoint.is_null() {
            scene.patch(cluster, &json!({ "spec": { "controlPlaneEndpoint": endpoint } }));
        }
    }
    write_status(scene);
}

/// The infrastructure provider's part: the network and the load balancer of the API server.
fn infrastructure(scene: &mut Scene<'_>) {
    let snapshot = scene.snapshot;
    let Some(infrastructure) = snapshot.infrastructure.as_deref() else {
        return;
    };
    if snapshot.is_paused(infrastructure) {
        let paused = freeze(infrastructure, scene.now);
        // A provider of the older contract has its own conditions; the pause shows on the Cluster.
        if reports_initialization(scene, infrastructure) {
            scene.patch_status(infrastructure, &paused);
        }
        return;
    }
    if infrastructure.deleting().is_some() {
        if snapshot.machines.is_empty() {
            scene.release(infrastructure, INFRASTRUCTURE_FINALIZER);
        }
        return;
    }
    if snapshot.cluster.deleting().is_some() {
        return;
    }
    scene.adopt(
        infrastructure,
        Some(INFRASTRUCTURE_FINALIZER),
        Some(&snapshot.cluster),
    );
    let words = [
        infrastructure.namespace(),
        infrastructure.name(),
        "infrastructure",
    ];
    let startup = scene.api.infrastructure_startup.draw(scene.api.seed, &words);
    if !is_provisioned(infrastructure) && !scene.elapsed(infrastructure.created(), startup) {
        return;
    }
    if infrastructure.str("/spec/controlPlaneEndpoint/host").is_empty() {
        let endpoint = json!({ "host": host(infrastructure), "port": API_SERVER_PORT });
        scene.patch(
            infrastructure,
            &json!({ "spec": { "controlPlaneEndpoint": endpoint } }),
        );
    }
    let mut status = json!({});
    if reports_initialization(scene, infrastructure) {
        status["initialization"]["provisioned"] = json!(true);
        let mut conditions = Conditions::new();
        conditions.row("Ready", true, "Ready", "");
        conditions.going_on("Paused", false, "");
        conditions.write(
            infrastructure,
            infrastructure.generation(),
            scene.now,
            &[],
            &mut status,
        );
    } else {
        status["ready"] = json!(true);
    }
    scene.patch_status(infrastructure, &status);
}

/// Providers of the contract v1beta2 report `status.initialization`, those of v1beta1 `status.ready`. AWS
/// follows v1beta1 under an API version it calls v1beta2.
fn reports_initialization(scene: &Scene<'_>, infrastructure: &Object) -> bool {
    let asked_for = scene.snapshot.cluster.str("/spec/infrastructureRef/apiVersion");
    infrastructure.shape() == Shape::V1Beta2
        && !asked_for.ends_with("/v1beta1")
        && !infrastructure.key().kind.as_str().starts_with("AWS")
}

pub(super) fn is_provisioned(infrastructure: &Object) -> bool {
    infrastructure.truthy("/status/initialization/provisioned") || infrastructure.truthy("/status/ready")
}

/// An address in 198.18.0.0/15 (reserved for benchmarks), or a name such as a cloud's load balancer has.
fn host(infrastructure: &Object) -> String {
    match &infrastructure.key().kind {
        ObjectKind::InfrastructureCluster(kind) if kind.starts_with("AWS") => {
            let region = infrastructure.str("/spec/region");
            let region = if region.is_empty() { "region" } else { region };
            format!("{}-apiserver.{region}.elb.example.com", infrastructure.name())
        }
        _ => {
            let number = mix(0, &[infrastructure.namespace(), infrastructure.name()]);
            format!(
                "198.{}.{}.{}",
                18 + (number >> 16 & 1),
                number >> 8 & 255,
                1 + (number & 255) % 254
            )
        }
    }
}

/// Workers first, then the control plane, then the infrastructure, then the Cluster itself.
fn tear_down(scene: &mut Scene<'_>) {
    let snapshot = scene.snapshot;
    let cluster = &*snapshot.cluster;
    let workers_left = snapshot.has_workers();
    for deployment in &snapshot.deployments {
        scene.delete(deployment);
    }
    for set in snapshot
        .sets
        .iter()
        .filter(|set| !snapshot.deployments.iter().any(|d| set.is_owned_by(d)))
    {
        scene.delete(set);
    }
    for machine in snapshot.machines.values() {
        let owner_left = snapshot.sets.iter().any(|set| machine.is_owned_by(set))
            || snapshot
                .control_plane
                .as_ref()
                .is_some_and(|owner| machine.is_owned_by(owner));
        if !owner_left {
            scene.delete(machine);
        }
    }
    if workers_left {
        return;
    }
    if let Some(control_plane) = &snapshot.control_plane {
        scene.delete(control_plane);
    } else if !snapshot.machines.is_empty() {
        // Waits for the last machines.
    } else if let Some(infrastructure) = &snapshot.infrastructure {
        scene.delete(infrastructure);
    } else {
        if let Some(kubeconfig) = &snapshot.kubeconfig {
            scene.delete(kubeconfig);
        }
        scene.release(cluster, FINALIZER);
    }
}

fn write_status(scene: &mut Scene<'_>) {
    let snapshot = scene.snapshot;
    let cluster = &*snapshot.cluster;
    let deleting = cluster.deleting().is_some();
    let infrastructure = snapshot.infrastructure.as_deref();
    let provisioned = infrastructure.is_some_and(is_provisioned);
    let endpoint = !cluster.str("/spec/controlPlaneEndpoint/host").is_empty();
    let initialized = snapshot.control_plane_initialized();

    let (mut control, mut workers) = (Tally::default(), Tally::default());
    let (mut control_wanted, mut workers_wanted) = (0, 0);
    let (mut rolling, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    let mut collect = |object: &Object| {
        let name = format!("* {} {}", object.key().kind.as_str(), object.name());
        for (condition, list) in [
            ("RollingOut", &mut rolling),
            ("ScalingUp", &mut up),
            ("ScalingDown", &mut down),
        ] {
            if object.is(condition) {
                list.push(name.clone());
            }
        }
    };
    if let Some(object) = snapshot.control_plane.as_deref() {
        control = control_plane::tally(scene, object);
        control_wanted = control_plane::replicas(object);
        collect(object);
    }
    for object in &snapshot.deployments {
        let tally = deployment::tally(snapshot, object);
        let wanted = deployment::replicas(object);
        collect(object);
        workers.merge(&tally);
        workers_wanted += wanted;
    }

    let control_available = snapshot
        .control_plane
        .as_ref()
        .is_some_and(|object| object.is("Available"));
    let unavailable: Vec<_> = snapshot
        .deployments
        .iter()
        .filter(|object| !object.is("Available"))
        .map(|object| format!("* MachineDeployment {} is not available", object.name()))
        .collect();
    let reachable = initialized && control.ready > 0 && !scene.unreachable;

    let mut c = Conditions::new();
    let available = reachable && control_available && unavailable.is_empty() && provisioned && !deleting;
    let mut why = Vec::new();
    if deleting {
        why.push("* Cluster is being deleted".to_owned());
    }
    if !provisioned {
        why.push("* Infrastructure is not provisioned".to_owned());
    }
    if !control_available {
        why.push("* Control plane is not available".to_owned());
    }
    why.extend(unavailable.iter().cloned());
    c.good(
        "Available",
        available,
        "Available",
        "NotAvailable",
        why.join("\n"),
    );
    c.good(
        "InfrastructureReady",
        provisioned,
        "Ready",
        "NotReady",
        "Infrastructure is not provisioned",
    );
    c.good(
        "ControlPlaneInitialized",
        initialized,
        "Initialized",
        "NotInitialized",
        "Control plane is not initialized",
    );
    c.good(
        "ControlPlaneAvailable",
        control_available,
        "Available",
        "NotAvailable",
        "Control plane is not available",
    );
    let no_workers = snapshot.deployments.is_empty();
    let yes = if no_workers { "NoWorkers" } else { "Available" };
    c.good(
        "WorkersAvailable",
        unavailable.is_empty(),
        yes,
        "NotAvailable",
        unavailable.join("\n"),
    );
    let share = |count: i64, all: i64, what: &str| format!("{count} of {all} machines are {what}");
    c.good(
        "ControlPlaneMachinesReady",
        control.ready == control.replicas,
        "Ready",
        "NotReady",
        share(control.ready, control.replicas, "ready"),
    );
    c.good(
        "WorkerMachinesReady",
        workers.ready == workers.replicas,
        "Ready",
        "NotReady",
        share(workers.ready, workers.replicas, "ready"),
    );
    c.good(
        "ControlPlaneMachinesUpToDate",
        control.up_to_date == control.replicas,
        "UpToDate",
        "NotUpToDate",
        share(control.up_to_date, control.replicas, "up to date"),
    );
    c.good(
        "WorkerMachinesUpToDate",
        workers.up_to_date == workers.replicas,
        "UpToDate",
        "NotUpToDate",
        share(workers.up_to_date, workers.replicas, "up to date"),
    );
    c.good(
        "RemoteConnectionProbe",
        reachable,
        "ProbeSucceeded",
        "ProbeFailed",
        if scene.unreachable {
            "Remote connection probe failed"
        } else {
            "Remote connection not established yet"
        },
    );
    c.going_on("RollingOut", !rolling.is_empty(), rolling.join("\n"));
    c.going_on("ScalingUp", !up.is_empty(), up.join("\n"));
    c.going_on("ScalingDown", !down.is_empty(), down.join("\n"));
    c.going_on("Remediating", false, "");
    c.going_on(
        "Deleting",
        deleting,
        "Waiting for what belongs to the Cluster to be deleted",
    );
    c.going_on("Paused", false, "");

    let phase = if deleting {
        "Deleting"
    } else if provisioned && endpoint {
        "Provisioned"
    } else if snapshot.infrastructure.is_some() || snapshot.control_plane.is_some() {
        "Provisioning"
    } else {
        "Pending"
    };
    let mut status = json!({ "phase": phase, "observedGeneration": cluster.generation() });
    let roll_up = match cluster.shape() {
        Shape::V1Beta2 => {
            // A first provisioning is not taken back.
            if provisioned {
                status["initialization"]["infrastructureProvisioned"] = json!(true);
            }
            if initialized {
                status["initialization"]["controlPlaneInitialized"] = json!(true);
            }
            &mut status
        }
        Shape::V1Beta1 => {
            status["infrastructureReady"] = json!(provisioned);
            status["controlPlaneReady"] = json!(reachable);
            &mut status["v1beta2"]
        }
    };
    if snapshot.control_plane.is_some() {
        roll_up["controlPlane"] = control.roll_up(control_wanted);
    }
    if !no_workers {
        roll_up["workers"] = workers.roll_up(workers_wanted);
    }
    let old = [
        ("Ready", "Available"),
        ("ControlPlaneInitialized", "ControlPlaneInitialized"),
        ("ControlPlaneReady", "ControlPlaneAvailable"),
        ("InfrastructureReady", "InfrastructureReady"),
    ];
    c.write(cluster, cluster.generation(), scene.now, &old, &mut status);
    scene.patch_status(cluster, &status);
}
