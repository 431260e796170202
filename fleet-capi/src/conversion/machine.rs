//! Machines, and what makes and keeps several of them.

use serde_json::{Value, json};

use super::tree::{Move, Way, fill, get, part, put, same, seconds, take};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

/// How long each part of a machine's deletion may take.
pub(super) const DELETION: [Move; 3] = [
    seconds("nodeDrainTimeout", "deletion.nodeDrainTimeoutSeconds"),
    seconds(
        "nodeVolumeDetachTimeout",
        "deletion.nodeVolumeDetachTimeoutSeconds",
    ),
    seconds("nodeDeletionTimeout", "deletion.nodeDeletionTimeoutSeconds"),
];

/// The conditions of both versions, which stand in both, each under its own name.
pub(super) const CONDITIONS: [Move; 2] = [
    same("status.conditions", "status.deprecated.v1beta1.conditions"),
    same("status.v1beta2.conditions", "status.conditions"),
];

const FAILURE: [Move; 2] = [
    same("status.failureReason", "status.deprecated.v1beta1.failureReason"),
    same(
        "status.failureMessage",
        "status.deprecated.v1beta1.failureMessage",
    ),
];

/// The counters, which mean something else in each version.
pub(super) const COUNTERS: [Move; 7] = [
    same("status.readyReplicas", "status.deprecated.v1beta1.readyReplicas"),
    same(
        "status.availableReplicas",
        "status.deprecated.v1beta1.availableReplicas",
    ),
    same(
        "status.unavailableReplicas",
        "status.deprecated.v1beta1.unavailableReplicas",
    ),
    same(
        "status.updatedReplicas",
        "status.deprecated.v1beta1.updatedReplicas",
    ),
    same("status.v1beta2.readyReplicas", "status.readyReplicas"),
    same("status.v1beta2.availableReplicas", "status.availableReplicas"),
    same("status.v1beta2.upToDateReplicas", "status.upToDateReplicas"),
];

const PROVISIONING: [Move; 2] = [
    same(
        "status.bootstrapReady",
        "status.initialization.bootstrapDataSecretCreated",
    ),
    same(
        "status.infrastructureReady",
        "status.initialization.infrastructureProvisioned",
    ),
];

/// How machines are replaced, for a deployment and for the classes and topologies of one.
pub(super) const STRATEGY: [Move; 4] = [
    same("strategy.type", "rollout.strategy.type"),
    same(
        "strategy.rollingUpdate.maxSurge",
        "rollout.strategy.rollingUpdate.maxSurge",
    ),
    same(
        "strategy.rollingUpdate.maxUnavailable",
        "rollout.strategy.rollingUpdate.maxUnavailable",
    ),
    same("strategy.rollingUpdate.deletePolicy", "deletion.order"),
];

pub(super) fn machine(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    if let Some(spec) = part(tree, "spec") {
        machine_spec(c, spec)?;
    }
    status(c, tree, &[])?;
    match c.way {
        Way::Up => {
            if let Some(name) = take(tree, "status.nodeRef")
                .as_ref()
                .and_then(|node| node.get("name"))
            {
                put(tree, "status.nodeRef.name", name.clone());
            }
            drop_newer(tree);
            fill(tree, &[("spec", json!({}))]);
            require_machine_spec(&mut tree["spec"]);
            c.intend(tree, "status.initialization.bootstrapDataSecretCreated");
            c.intend(tree, "status.initialization.infrastructureProvisioned");
            if c.kept.is_some() {
                for path in ["spec.minReadySeconds", "status.phase", "status.failureDomain"] {
                    take(tree, path);
                    if let Some(value) = c.kept(path) {
                        put(tree, path, value.clone());
                    }
                }
            }
        }
        Way::Down => {
            for path in ["spec.minReadySeconds", "status.failureDomain"] {
                take(tree, path);
            }
            if get(tree, "status.phase").is_some_and(|phase| phase == "Updating") {
                put(tree, "status.phase", "Running".into());
            }
            if let Some(node) = part(tree, "status.nodeRef") {
                node["apiVersion"] = "v1".into();
                node["kind"] = "Node".into();
            }
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec", json!({})),
                    ("status.bootstrapReady", false.into()),
                    ("status.infrastructureReady", false.into()),
                ],
            );
            fill_machine_spec(&mut tree["spec"]);
        }
    }
    Ok(())
}

pub(super) fn machine_set(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    template(c, tree)?;
    c.carry(
        tree,
        &[
            same("spec.deletePolicy", "spec.deletion.order"),
            same("spec.machineNamingStrategy", "spec.machineNaming"),
            same(
                "status.fullyLabeledReplicas",
                "status.deprecated.v1beta1.fullyLabeledReplicas",
            ),
        ],
    )?;
    status(c, tree, &COUNTERS)?;
    match c.way {
        Way::Up => {
            if get(tree, "spec.template.spec.minReadySeconds").is_some_and(|seconds| seconds == 0) {
                take(tree, "spec.template.spec.minReadySeconds");
            }
            drop_newer(tree);
            require_template(tree);
            fill(tree, &[("status.replicas", 0.into())]);
            fill(tree, &[("spec.selector", json!({}))]);
            fill(tree, &counters(&SET_COUNTERS));
        }
        Way::Down => {
            if get(tree, "spec.minReadySeconds").is_some_and(|seconds| seconds == 0) {
                take(tree, "spec.minReadySeconds");
            }
            drop_older(tree);
            fill_template(tree);
            fill(
                tree,
                &[
                    ("spec.selector", json!({})),
                    ("status.replicas", 0.into()),
                    ("status.fullyLabeledReplicas", 0.into()),
                    ("status.readyReplicas", 0.into()),
                    ("status.availableReplicas", 0.into()),
                ],
            );
        }
    }
    Ok(())
}

pub(super) fn machine_deployment(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    template(c, tree)?;
    if let Some(spec) = part(tree, "spec") {
        c.carry(spec, &STRATEGY)?;
        c.carry(
            spec,
            &[
                same("strategy.remediation.maxInFlight", "remediation.maxInFlight"),
                same("rolloutAfter", "rollout.after"),
                same("machineNamingStrategy", "machineNaming"),
            ],
        )?;
    }
    status(c, tree, &COUNTERS)?;
    match c.way {
        Way::Up => {
            for path in [
                "spec.progressDeadlineSeconds",
                "spec.revisionHistoryLimit",
                "spec.strategy",
            ] {
                take(tree, path);
            }
            drop_newer(tree);
            require_template(tree);
            fill(tree, &[("spec.selector", json!({}))]);
            if let Some(spec) = part(tree, "spec") {
                require_strategy(c, spec);
            }
            c.intend(tree, "spec.paused");
            fill(tree, &[("status.replicas", 0.into())]);
            fill(tree, &counters(&DEPLOYMENT_COUNTERS));
        }
        Way::Down => {
            drop_false(tree, "spec.paused");
            drop_older(tree);
            fill_template(tree);
            fill(
                tree,
                &[
                    ("spec.selector", json!({})),
                    ("status.replicas", 0.into()),
                    ("status.updatedReplicas", 0.into()),
                    ("status.readyReplicas", 0.into()),
                    ("status.availableReplicas", 0.into()),
                    ("status.unavailableReplicas", 0.into()),
                ],
            );
        }
    }
    Ok(())
}

pub(super) fn machine_pool(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    template(c, tree)?;
    status(c, tree, &COUNTERS)?;
    match c.way {
        Way::Up => {
            drop_zero_counters(tree, "status.deprecated.v1beta1");
            drop_newer(tree);
            require_template(tree);
            c.intend(tree, "status.initialization.bootstrapDataSecretCreated");
            c.intend(tree, "status.initialization.infrastructureProvisioned");
            fill(
                tree,
                &[
                    ("status.deprecated.v1beta1", json!({})),
                    ("status.replicas", 0.into()),
                ],
            );
        }
        Way::Down => {
            drop_zero_counters(tree, "status");
            drop_older(tree);
            fill_template(tree);
            fill(
                tree,
                &[
                    ("status.replicas", 0.into()),
                    ("status.bootstrapReady", false.into()),
                    ("status.infrastructureReady", false.into()),
                ],
            );
        }
    }
    Ok(())
}

/// A pool leaves out a counter of v1beta1 that is 0; the others never do.
fn drop_zero_counters(tree: &mut Value, status: &str) {
    for count in ["readyReplicas", "availableReplicas", "unavailableReplicas"] {
        let path = format!("{status}.{count}");
        if get(tree, &path).is_some_and(|count| count == 0) {
            take(tree, &path);
        }
    }
}

/// Writes the counters of v1beta1 inside an object of v1beta2 as its encoder does.
pub(super) fn write_counters(kind: &str, tree: &mut Value) {
    if get(tree, "status.deprecated.v1beta1").is_none() {
        return;
    }
    match kind {
        "MachineSet" => fill(tree, &counters(&SET_COUNTERS)),
        "MachineDeployment" => fill(tree, &counters(&DEPLOYMENT_COUNTERS)),
        "KubeadmControlPlane" => fill(tree, &counters(&CONTROL_PLANE_COUNTERS)),
        "MachinePool" => drop_zero_counters(tree, "status.deprecated.v1beta1"),
        _ => {}
    }
}

const SET_COUNTERS: [&str; 3] = ["availableReplicas", "fullyLabeledReplicas", "readyReplicas"];
const DEPLOYMENT_COUNTERS: [&str; 4] = [
    "availableReplicas",
    "readyReplicas",
    "unavailableReplicas",
    "updatedReplicas",
];
pub(super) const CONTROL_PLANE_COUNTERS: [&str; 3] =
    ["readyReplicas", "unavailableReplicas", "updatedReplicas"];

/// What the status of each of these kinds has.
fn status(c: &Conversion<'_>, tree: &mut Value, counters: &[Move]) -> Result<(), ConversionError> {
    // In one go: what was `conditions` becomes something else, and something else becomes `conditions`.
    let moves = CONDITIONS
        .iter()
        .chain(&FAILURE)
        .chain(&PROVISIONING)
        .chain(counters);
    c.carry(tree, moves)
}

/// The template of machines, and how long they must be ready: beside it in v1beta1, inside it in v1beta2.
fn template(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    if let Some(spec) = part(tree, "spec.template.spec") {
        machine_spec(c, spec)?;
    }
    c.carry(
        tree,
        &[same("spec.minReadySeconds", "spec.template.spec.minReadySeconds")],
    )
}

fn machine_spec(c: &Conversion<'_>, spec: &mut Value) -> Result<(), ConversionError> {
    c.carry(spec, &DELETION)?;
    c.reference(spec, "infrastructureRef")?;
    c.reference(spec, "bootstrap.configRef")
}

fn fill_machine_spec(spec: &mut Value) {
    fill(
        spec,
        &[
            ("clusterName", "".into()),
            ("bootstrap", json!({})),
            ("infrastructureRef", json!({})),
        ],
    );
    fill_gates(spec);
}

/// Puts in what v1beta2 requires of a machine, where v1beta1 has nothing.
fn require_machine_spec(spec: &mut Value) {
    fill(
        spec,
        &[
            ("clusterName", "".into()),
            ("bootstrap", json!({})),
            ("infrastructureRef.apiGroup", "".into()),
            ("infrastructureRef.kind", "".into()),
            ("infrastructureRef.name", "".into()),
        ],
    );
}

/// Puts in what v1beta2 requires of a template of machines, where v1beta1 has nothing.
fn require_template(tree: &mut Value) {
    fill(
        tree,
        &[("spec.clusterName", "".into()), ("spec.template.spec", json!({}))],
    );
    require_machine_spec(&mut tree["spec"]["template"]["spec"]);
}

fn fill_template(tree: &mut Value) {
    fill(
        tree,
        &[
            ("spec.clusterName", "".into()),
            ("spec.template.metadata", json!({})),
            ("spec.template.spec", json!({})),
        ],
    );
    fill_machine_spec(&mut tree["spec"]["template"]["spec"]);
}

/// A strategy without a type is a rolling update, as upstream's defaults have it; v1beta2 requires the type.
pub(super) fn require_strategy(c: &Conversion<'_>, deployment: &mut Value) {
    if c.way == Way::Up && get(deployment, "rollout.strategy").is_some() {
        fill(deployment, &[("rollout.strategy.type", "RollingUpdate".into())]);
    }
}

/// The type of a readiness gate is always written.
pub(super) fn fill_gates(spec: &mut Value) {
    for gate in super::tree::items(spec, "readinessGates") {
        fill(gate, &[("conditionType", "".into())]);
    }
}

/// A `false` is no different from nothing where v1beta1 has no third value.
pub(super) fn drop_false(tree: &mut Value, path: &str) {
    let (holder, flag) = match path.rsplit_once('.') {
        Some((holder, flag)) => (part(tree, holder), flag),
        None => (Some(tree), path),
    };
    if let Some(holder) = holder.and_then(Value::as_object_mut)
        && holder.get(flag) == Some(&Value::Bool(false))
    {
        holder.remove(flag);
    }
}

/// The counters of v1beta1 are always there, under `deprecated`.
pub(super) fn counters(names: &[&'static str]) -> Vec<(&'static str, Value)> {
    let path = |name: &&'static str| match *name {
        "availableReplicas" => "status.deprecated.v1beta1.availableReplicas",
        "fullyLabeledReplicas" => "status.deprecated.v1beta1.fullyLabeledReplicas",
        "readyReplicas" => "status.deprecated.v1beta1.readyReplicas",
        "unavailableReplicas" => "status.deprecated.v1beta1.unavailableReplicas",
        _ => "status.deprecated.v1beta1.updatedReplicas",
    };
    names.iter().map(|name| (path(name), 0.into())).collect()
}
