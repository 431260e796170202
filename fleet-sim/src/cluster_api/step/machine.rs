//! Machine: from Pending to Running, and the way out.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::status::{Conditions, freeze};
use super::{Scene, control_plane, deployment, stamp};
use crate::cluster_api::MachineFacts;
use crate::cluster_api::delay::mix;
use crate::cluster_api::object::{Object, Shape};
use crate::cluster_api::snapshot::CONTROL_PLANE;

pub(super) const FINALIZER: &str = "machine.cluster.x-k8s.io";
const PRE_DRAIN: &str = "pre-drain.delete.hook.machine.cluster.x-k8s.io";
const PRE_TERMINATE: &str = "pre-terminate.delete.hook.machine.cluster.x-k8s.io";

/// How far a machine is, before and after this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Provisioning,
    Provisioned,
    Running,
    Deleting,
}

impl Phase {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Provisioning => "Provisioning",
            Self::Provisioned => "Provisioned",
            Self::Running => "Running",
            Self::Deleting => "Deleting",
        }
    }
}

pub(super) fn reconcile(scene: &mut Scene<'_>, machine: &Object) {
    if scene.snapshot.is_paused(machine) {
        let frozen = freeze(machine, scene.now);
        scene.patch_status(machine, &frozen);
        return;
    }
    if machine.deleting().is_some() {
        leave(scene, machine);
        return;
    }
    let adopted = scene.adopt(machine, Some(FINALIZER), None);
    let phase = advance(scene, machine);
    let mut spec = json!({});
    if phase != Phase::Pending && machine.str("/spec/bootstrap/dataSecretName").is_empty() {
        spec["bootstrap"]["dataSecretName"] = json!(machine.name());
    }
    if matches!(phase, Phase::Provisioned | Phase::Running) && machine.str("/spec/providerID").is_empty() {
        spec["providerID"] = json!(provider_id(machine));
    }
    // Two patches of one object in one step: the first would make the second's revision stale.
    let spec_changes = !adopted && scene.patch(machine, &json!({ "spec": spec }));
    let generation = machine.generation() + i64::from(spec_changes);
    write_status(scene, machine, phase, generation, "");
}

/// The phase it is in now: the one it was in, or the next if its time has come.
fn advance(scene: &mut Scene<'_>, machine: &Object) -> Phase {
    let snapshot = scene.snapshot;
    let is_control_plane = machine.label(CONTROL_PLANE).is_some();
    let since: Timestamp = machine
        .str("/status/lastUpdated")
        .parse()
        .unwrap_or(machine.created());
    let startup = scene
        .api
        .machine_startup
        .draw(scene.api.seed, &[machine.namespace(), machine.name(), "startup"]);
    match machine.str("/status/phase") {
        "Running" => Phase::Running,
        "Provisioned" => {
            if scene.elapsed(since, startup / 3) {
                Phase::Running
            } else {
                Phase::Provisioned
            }
        }
        "Provisioning" => {
            let facts = MachineFacts {
                cluster: snapshot.cluster.name(),
                namespace: machine.namespace(),
                name: machine.name(),
                version: machine.str("/spec/version"),
                control_plane: is_control_plane,
            };
            let never = scene.api.never_starts.iter().any(|rule| rule.applies(&facts));
            if never || !scene.elapsed(since, startup.mul_f64(2.0 / 3.0)) {
                Phase::Provisioning
            } else {
                Phase::Provisioned
            }
        }
        _ => {
            let first = is_control_plane
                && snapshot
                    .machines
                    .values()
                    .filter(|other| other.label(CONTROL_PLANE).is_some())
                    .all(|other| (machine.created(), machine.name()) <= (other.created(), other.name()));
            let may_start =
                snapshot.infrastructure_provisioned() && (first || snapshot.control_plane_initialized());
            if may_start {
                Phase::Provisioning
            } else {
                Phase::Pending
            }
        }
    }
}

fn provider_id(machine: &Object) -> String {
    let provider = match machine.str("/spec/infrastructureRef/kind") {
        kind if kind.starts_with("AWS") => "aws",
        kind if kind.starts_with("Docker") || kind.starts_with("Dev") => "docker",
        kind if kind.starts_with("Azure") => "azure",
        kind if kind.starts_with("GCP") => "gce",
        kind if kind.starts_with("VSphere") => "vsphere",
        _ => "sim",
    };
    format!("{provider}:////{}", machine.name())
}

/// Drain, infrastructure, node, and then the Machine itself.
fn leave(scene: &mut Scene<'_>, machine: &Object) {
    let since = machine.deleting().unwrap_or(scene.now);
    let never_started = machine.str("/status/nodeRef/name").is_empty();
    let words = [machine.namespace(), machine.name(), "deletion"];
    let shutdown = scene.api.machine_deletion.draw(scene.api.seed, &words);
    let reason = if machine.has_annotation_prefix(PRE_DRAIN) {
        "WaitingForPreDrainHook"
    } else if never_started || scene.elapsed(since, shutdown / 2) {
        if machine.has_annotation_prefix(PRE_TERMINATE) {
            "WaitingForPreTerminateHook"
        } else if scene.elapsed(since, shutdown) {
            scene.release(machine, FINALIZER);
            return;
        } else {
            "WaitingForInfrastructureDeletion"
        }
    } else {
        "DrainingNode"
    };
    write_status(scene, machine, Phase::Deleting, machine.generation(), reason);
}

fn write_status(scene: &mut Scene<'_>, machine: &Object, phase: Phase, generation: i64, leaving: &str) {
    let shape = machine.shape();
    let deleting = phase == Phase::Deleting;
    // A machine on its way out keeps what it had reached.
    let bootstrapped =
        phase != Phase::Pending && (!deleting || !machine.str("/spec/bootstrap/dataSecretName").is_empty());
    let provisioned = matches!(phase, Phase::Provisioned | Phase::Running)
        || deleting && !machine.str("/spec/providerID").is_empty();
    let node = phase == Phase::Running || deleting && !machine.str("/status/nodeRef/name").is_empty();
    let unseen = scene.unreachable && node && !deleting;
    let ready = phase == Phase::Running && !unseen;

    let mut c = Conditions::new();
    let min_ready =
        std::time::Duration::from_secs(machine.at("/spec/minReadySeconds").as_u64().unwrap_or_default());
    let ready_since = machine.true_since("Ready").unwrap_or(scene.now);
    let available = ready && (min_ready.is_zero() || scene.elapsed(ready_since, min_ready));
    let waiting = if ready {
        "WaitingForMinReadySeconds"
    } else {
        "NotReady"
    };
    c.good("Available", available, "Available", waiting, "");
    let why = match phase {
        Phase::Pending => "* BootstrapConfigReady: waiting for the control plane or the infrastructure",
        Phase::Provisioning => "* InfrastructureReady: waiting for the machine to start",
        Phase::Provisioned => "* NodeHealthy: waiting for the Node to join",
        Phase::Running if unseen => "* NodeHealthy: Remote connection down",
        Phase::Running => "",
        Phase::Deleting => "* Deleting: Machine deletion in progress",
    };
    if unseen {
        c.unknown("Ready", "ReadyUnknown", why);
    } else {
        c.good("Ready", ready, "Ready", "NotReady", why);
    }
    let (up_to_date, why) = up_to_date(scene, machine);
    c.good("UpToDate", up_to_date, "UpToDate", "NotUpToDate", why);
    c.good(
        "BootstrapConfigReady",
        bootstrapped,
        "Ready",
        "NotReady",
        "waiting for bootstrap data",
    );
    c.good(
        "InfrastructureReady",
        provisioned,
        "Ready",
        "NotReady",
        "waiting for the machine to start",
    );
    let inspect = if provisioned {
        "NodeDoesNotExist"
    } else {
        "InspectionFailed"
    };
    let no_node = if provisioned {
        "waiting for the Node to join"
    } else {
        "waiting for a provider ID"
    };
    let node_up = node && !deleting;
    if unseen {
        c.unknown("NodeReady", "ConnectionDown", "Remote connection down");
        c.unknown("NodeHealthy", "ConnectionDown", "Remote connection down");
    } else {
        c.good(
            "NodeReady",
            node_up,
            "NodeReady",
            if deleting { "NodeNotReady" } else { inspect },
            no_node,
        );
        c.good(
            "NodeHealthy",
            node_up,
            "NodeHealthy",
            if deleting { "NodeNotHealthy" } else { inspect },
            no_node,
        );
    }
    c.going_on("Updating", false, "");
    if deleting {
        c.row(
            "Deleting",
            true,
            leaving,
            format!("Machine deletion in progress: {leaving}"),
        );
    } else {
        c.going_on("Deleting", false, "");
    }
    c.going_on("Paused", false, "");

    let mut status = json!({ "phase": phase.name(), "observedGeneration": generation });
    if machine.str("/status/phase") != phase.name() {
        status["lastUpdated"] = stamp(scene.now);
    }
    match shape {
        Shape::V1Beta2 => {
            if bootstrapped {
                status["initialization"]["bootstrapDataSecretCreated"] = json!(true);
            }
            if provisioned {
                status["initialization"]["infrastructureProvisioned"] = json!(true);
            }
        }
        Shape::V1Beta1 => {
            status["bootstrapReady"] = json!(bootstrapped);
            status["infrastructureReady"] = json!(provisioned);
        }
    }
    if provisioned && machine.at("/status/addresses").is_null() {
        let number = mix(1, &[machine.namespace(), machine.name()]);
        let address = format!(
            "10.{}.{}.{}",
            number >> 16 & 255,
            number >> 8 & 255,
            1 + (number & 255) % 254
        );
        status["addresses"] = json!([
            { "type": "Hostname", "address": machine.name() },
            { "type": "InternalIP", "address": address },
        ]);
    }
    let version = machine.str("/spec/version");
    if node && machine.str("/status/nodeInfo/kubeletVersion") != version {
        status["nodeRef"] = match shape {
            Shape::V1Beta2 => json!({ "name": machine.name() }),
            Shape::V1Beta1 => json!({
                "apiVersion": "v1", "kind": "Node", "name": machine.name(), "uid": id(machine, "node"),
            }),
        };
        status["nodeInfo"] = node_info(machine);
    }
    let old = [
        ("Ready", "Ready"),
        ("BootstrapReady", "BootstrapConfigReady"),
        ("InfrastructureReady", "InfrastructureReady"),
        ("NodeHealthy", "NodeHealthy"),
    ];
    c.write(machine, generation, scene.now, &old, &mut status);
    scene.patch_status(machine, &status);
}

fn up_to_date(scene: &mut Scene<'_>, machine: &Object) -> (bool, String) {
    let snapshot = scene.snapshot;
    let (holds, wanted) = if let Some(owner) = snapshot.control_plane.as_deref()
        && machine.is_owned_by(owner)
    {
        (
            control_plane::is_up_to_date(scene, owner, machine),
            owner.str("/spec/version"),
        )
    } else {
        let set = snapshot.sets.iter().find(|set| machine.is_owned_by(set));
        let owner = set.and_then(|set| snapshot.deployments.iter().find(|owner| set.is_owned_by(owner)));
        match (set, owner) {
            (Some(set), Some(owner)) => (
                deployment::same_template(owner, set),
                owner.str("/spec/template/spec/version"),
            ),
            _ => (true, ""),
        }
    };
    let version = machine.str("/spec/version");
    let why = if wanted == version {
        "* Template is out of date".to_owned()
    } else {
        format!("* Version {version}, {wanted} required")
    };
    (holds, why)
}

fn node_info(machine: &Object) -> Value {
    let version = machine.str("/spec/version");
    json!({
        "architecture": "amd64",
        "bootID": id(machine, "boot"),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.12.0",
        "kubeProxyVersion": version,
        "kubeletVersion": version,
        "machineID": id(machine, "machine"),
        "operatingSystem": "linux",
        "osImage": "Simulated Linux",
        "systemUUID": id(machine, "system"),
    })
}

/// A stable identifier in the form of a UUID.
fn id(machine: &Object, what: &str) -> String {
    let words = [machine.namespace(), machine.name(), what];
    let (high, low) = (mix(2, &words), mix(3, &words));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff,
    )
}
