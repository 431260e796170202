//! kubeadm's configuration, and the control planes made with it.

use serde_json::{Value, json};

use super::machine::{
    CONDITIONS, CONTROL_PLANE_COUNTERS, COUNTERS, counters, drop_false, fill_gates, require_strategy,
};
use super::tree::{Move, Way, args, fill, get, intend, items, part, put, same, seconds, take};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

pub(super) fn kubeadm_config(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    config(c, tree, "spec")?;
    c.carry(tree, CONDITIONS.iter().chain(&FAILURE))?;
    c.carry(
        tree,
        &[same("status.ready", "status.initialization.dataSecretCreated")],
    )?;
    match c.way {
        Way::Up => {
            intend_config(c, tree, "spec");
            drop_newer(tree);
            c.intend(tree, "status.initialization.dataSecretCreated");
            fill(tree, &[("status.deprecated.v1beta1", json!({}))]);
        }
        Way::Down => {
            drop_older(tree);
            fill(tree, &[("spec", json!({})), ("status.ready", false.into())]);
            fill_config(&mut tree["spec"]);
        }
    }
    Ok(())
}

pub(super) fn kubeadm_config_template(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    config(c, tree, "spec.template.spec")?;
    match c.way {
        Way::Up => {
            intend_config(c, tree, "spec.template.spec");
            drop_newer(tree);
        }
        Way::Down => {
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec.template.metadata", json!({})),
                    ("spec.template.spec", json!({})),
                ],
            );
            fill_config(&mut tree["spec"]["template"]["spec"]);
        }
    }
    Ok(())
}

pub(super) fn kubeadm_control_plane(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    config(c, tree, "spec.kubeadmConfigSpec")?;
    if let Some(spec) = part(tree, "spec") {
        control_plane_spec(c, spec)?;
        c.reference(
            spec,
            match c.way {
                Way::Up => "machineTemplate.spec.infrastructureRef",
                Way::Down => "machineTemplate.infrastructureRef",
            },
        )?;
    }
    c.carry(tree, CONDITIONS.iter().chain(&FAILURE).chain(&COUNTERS))?;
    c.carry(
        tree,
        &[
            same(
                "status.initialized",
                "status.initialization.controlPlaneInitialized",
            ),
            same("status.lastRemediation.timestamp", "status.lastRemediation.time"),
        ],
    )?;
    match c.way {
        Way::Up => {
            take(tree, "status.ready");
            intend_config(c, tree, "spec.kubeadmConfigSpec");
            drop_newer(tree);
            c.intend(tree, "status.initialization.controlPlaneInitialized");
            intend_control_plane(c, tree, "spec");
            require_strategy(c, &mut tree["spec"]);
            fill(tree, &[("status.replicas", 0.into())]);
            fill(tree, &counters(&CONTROL_PLANE_COUNTERS));
        }
        Way::Down => {
            let ready = get(tree, "status.readyReplicas").and_then(Value::as_i64) > Some(0);
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec.kubeadmConfigSpec", json!({})),
                    ("spec.machineTemplate.metadata", json!({})),
                    ("spec.machineTemplate.infrastructureRef", json!({})),
                    ("spec.version", "".into()),
                    ("status.initialized", false.into()),
                    ("status.ready", ready.into()),
                    ("status.replicas", 0.into()),
                    ("status.readyReplicas", 0.into()),
                    ("status.unavailableReplicas", 0.into()),
                    ("status.updatedReplicas", 0.into()),
                ],
            );
            if let Some(remediation) = part(tree, "status.lastRemediation") {
                fill(remediation, &[("retryCount", 0.into())]);
            }
            fill_control_plane(&mut tree["spec"]);
        }
    }
    Ok(())
}

pub(super) fn kubeadm_control_plane_template(
    c: &Conversion<'_>,
    tree: &mut Value,
) -> Result<(), ConversionError> {
    config(c, tree, "spec.template.spec.kubeadmConfigSpec")?;
    if let Some(spec) = part(tree, "spec.template.spec") {
        let has_strategy = spec.get("rolloutStrategy").is_some();
        control_plane_spec(c, spec)?;
        if c.way == Way::Up && has_strategy {
            fill(spec, &[("rollout.strategy.type", "RollingUpdate".into())]);
        }
    }
    match c.way {
        Way::Up => {
            intend_config(c, tree, "spec.template.spec.kubeadmConfigSpec");
            drop_newer(tree);
            intend_control_plane(c, tree, "spec.template.spec");
        }
        Way::Down => {
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec.template.metadata", json!({})),
                    ("spec.template.spec.kubeadmConfigSpec", json!({})),
                    ("spec.template.spec.machineTemplate.metadata", json!({})),
                ],
            );
            fill_control_plane(&mut tree["spec"]["template"]["spec"]);
        }
    }
    Ok(())
}

const FAILURE: [Move; 2] = [
    same("status.failureReason", "status.deprecated.v1beta1.failureReason"),
    same(
        "status.failureMessage",
        "status.deprecated.v1beta1.failureMessage",
    ),
];

/// Relative to the spec of a control plane, or of a template of one.
const CONTROL_PLANE: [Move; 14] = [
    same("rolloutBefore", "rollout.before"),
    same("rolloutAfter", "rollout.after"),
    same("rolloutStrategy.type", "rollout.strategy.type"),
    same(
        "rolloutStrategy.rollingUpdate.maxSurge",
        "rollout.strategy.rollingUpdate.maxSurge",
    ),
    same("remediationStrategy.maxRetry", "remediation.maxRetry"),
    seconds(
        "remediationStrategy.minHealthyPeriod",
        "remediation.minHealthyPeriodSeconds",
    ),
    seconds(
        "remediationStrategy.retryPeriod",
        "remediation.retryPeriodSeconds",
    ),
    same("machineNamingStrategy", "machineNaming"),
    same(
        "machineTemplate.infrastructureRef",
        "machineTemplate.spec.infrastructureRef",
    ),
    same(
        "machineTemplate.readinessGates",
        "machineTemplate.spec.readinessGates",
    ),
    same("machineTemplate.taints", "machineTemplate.spec.taints"),
    seconds(
        "machineTemplate.nodeDrainTimeout",
        "machineTemplate.spec.deletion.nodeDrainTimeoutSeconds",
    ),
    seconds(
        "machineTemplate.nodeVolumeDetachTimeout",
        "machineTemplate.spec.deletion.nodeVolumeDetachTimeoutSeconds",
    ),
    seconds(
        "machineTemplate.nodeDeletionTimeout",
        "machineTemplate.spec.deletion.nodeDeletionTimeoutSeconds",
    ),
];

fn control_plane_spec(c: &Conversion<'_>, spec: &mut Value) -> Result<(), ConversionError> {
    c.carry(spec, &CONTROL_PLANE)?;
    if c.way == Way::Up {
        for emptied in ["rolloutStrategy", "remediationStrategy"] {
            take(spec, emptied);
        }
    }
    Ok(())
}

fn intend_control_plane(c: &Conversion<'_>, tree: &mut Value, spec: &str) {
    // Without a remediation there is nothing that could have said 0.
    if get(tree, &format!("{spec}.remediation")).is_some() {
        c.intend(tree, &format!("{spec}.remediation.retryPeriodSeconds"));
    }
}

fn fill_control_plane(spec: &mut Value) {
    if let Some(remediation) = part(spec, "remediationStrategy") {
        fill(remediation, &[("retryPeriod", "0s".into())]);
    }
    if let Some(template) = part(spec, "machineTemplate") {
        fill_gates(template);
    }
    fill_config(&mut spec["kubeadmConfigSpec"]);
}

/// Relative to kubeadm's configuration.
const CONFIG: [Move; 6] = [
    args("clusterConfiguration.apiServer.extraArgs"),
    args("clusterConfiguration.controllerManager.extraArgs"),
    args("clusterConfiguration.scheduler.extraArgs"),
    args("clusterConfiguration.etcd.local.extraArgs"),
    args("initConfiguration.nodeRegistration.kubeletExtraArgs"),
    args("joinConfiguration.nodeRegistration.kubeletExtraArgs"),
];

/// The two timeouts that v1beta1 has, in other places.
const TIMEOUTS: [Move; 2] = [
    seconds(
        "clusterConfiguration.apiServer.timeoutForControlPlane",
        "initConfiguration.timeouts.controlPlaneComponentHealthCheckSeconds",
    ),
    seconds(
        "joinConfiguration.discovery.timeout",
        "joinConfiguration.timeouts.tlsBootstrapSeconds",
    ),
];

/// What v1beta2 dropped: Cluster API fills it in, or nothing reads it.
const DROPPED: [&str; 10] = [
    "useExperimentalRetryJoin",
    "clusterConfiguration.apiVersion",
    "clusterConfiguration.kind",
    "clusterConfiguration.clusterName",
    "clusterConfiguration.kubernetesVersion",
    "clusterConfiguration.networking",
    "initConfiguration.apiVersion",
    "initConfiguration.kind",
    "joinConfiguration.apiVersion",
    "joinConfiguration.kind",
];

fn config(c: &Conversion<'_>, tree: &mut Value, path: &str) -> Result<(), ConversionError> {
    if get(tree, path).is_none() {
        // There may be timeouts to give back.
        return Ok(());
    }
    let Some(spec) = part(tree, path) else {
        return Ok(());
    };
    c.carry(spec, &CONFIG)?;
    divisors(spec);
    for token in items(spec, "initConfiguration.bootstrapTokens") {
        c.carry(token, &[seconds("ttl", "ttlSeconds")])?;
    }
    c.carry(spec, &TIMEOUTS)?;
    match c.way {
        Way::Up => {
            for dropped in DROPPED {
                take(spec, dropped);
            }
            timeouts(c, spec, path);
        }
        Way::Down => {
            for timeouts in ["initConfiguration.timeouts", "joinConfiguration.timeouts"] {
                take(spec, timeouts);
            }
        }
    }
    Ok(())
}

/// Writes what kubeadm's configuration always has inside an object of v1beta2, as its encoder does.
pub(super) fn write_divisors(kind: &str, tree: &mut Value) {
    let path = match kind {
        "KubeadmConfig" => "spec",
        "KubeadmConfigTemplate" => "spec.template.spec",
        "KubeadmControlPlane" => "spec.kubeadmConfigSpec",
        "KubeadmControlPlaneTemplate" => "spec.template.spec.kubeadmConfigSpec",
        _ => return,
    };
    if let Some(spec) = part(tree, path) {
        divisors(spec);
    }
}

/// A resource is counted in ones where nothing else is said: Go writes that with a 0.
fn divisors(spec: &mut Value) {
    for component in [
        "clusterConfiguration.apiServer.extraEnvs",
        "clusterConfiguration.controllerManager.extraEnvs",
        "clusterConfiguration.scheduler.extraEnvs",
        "clusterConfiguration.etcd.local.extraEnvs",
    ] {
        for variable in items(spec, component) {
            if let Some(resource) = part(variable, "valueFrom.resourceFieldRef") {
                fill(resource, &[("divisor", "0".into())]);
            }
        }
    }
}

/// Gives back the timeouts v1beta1 does not know, beneath the two it knows.
fn timeouts(c: &Conversion<'_>, spec: &mut Value, path: &str) {
    let health_check = take(
        spec,
        "initConfiguration.timeouts.controlPlaneComponentHealthCheckSeconds",
    );
    let tls = take(spec, "joinConfiguration.timeouts.tlsBootstrapSeconds");
    for configuration in ["initConfiguration", "joinConfiguration"] {
        if let Some(kept) = c.kept(&format!("{path}.{configuration}.timeouts")) {
            put(spec, &format!("{configuration}.timeouts"), kept.clone());
        }
    }
    if let Some(seconds) = &health_check {
        put(
            spec,
            "initConfiguration.timeouts.controlPlaneComponentHealthCheckSeconds",
            seconds.clone(),
        );
    }
    if health_check.is_some() || tls.is_some() {
        // What holds for the first machine holds for the others: v1beta1 has one setting for both.
        take(
            spec,
            "joinConfiguration.timeouts.controlPlaneComponentHealthCheckSeconds",
        );
        if let Some(seconds) = health_check {
            put(
                spec,
                "joinConfiguration.timeouts.controlPlaneComponentHealthCheckSeconds",
                seconds,
            );
        }
        if let Some(seconds) = tls {
            put(spec, "joinConfiguration.timeouts.tlsBootstrapSeconds", seconds);
        }
    }
}

/// The lists whose items have a flag, what the items are known by, and the flag.
const FLAGS: [(&str, &str, &str); 4] = [
    (
        "clusterConfiguration.apiServer.extraVolumes",
        "hostPath",
        "readOnly",
    ),
    (
        "clusterConfiguration.controllerManager.extraVolumes",
        "hostPath",
        "readOnly",
    ),
    (
        "clusterConfiguration.scheduler.extraVolumes",
        "hostPath",
        "readOnly",
    ),
    ("files", "path", "append"),
];

const SINGLE_FLAGS: [&str; 4] = [
    "joinConfiguration.discovery.bootstrapToken.unsafeSkipCAVerification",
    "joinConfiguration.discovery.file.kubeConfig.cluster.insecureSkipTLSVerify",
    "joinConfiguration.discovery.file.kubeConfig.user.exec.provideClusterInfo",
    "ignition.containerLinuxConfig.strict",
];

/// Gives back what v1beta2 had said with a `false`.
fn intend_config(c: &Conversion<'_>, tree: &mut Value, path: &str) {
    let kept = c.kept(path);
    let Some(spec) = part(tree, path) else { return };
    for flag in SINGLE_FLAGS {
        let holder = flag.rsplit_once('.').map_or(flag, |(holder, _)| holder);
        if get(spec, holder).is_some() {
            intend(spec, flag, kept.and_then(|kept| get(kept, flag)));
        }
    }
    for (list, id, flag) in FLAGS {
        // Several items of one name share what the first of them says, as upstream has it.
        let mut first: Vec<(Value, Option<Value>)> = Vec::new();
        for item in items(spec, list) {
            let said = if let Some((_, said)) = first.iter().find(|(name, _)| *name == item[id]) {
                said.clone()
            } else {
                let said = item.get(flag).cloned();
                first.push((item[id].clone(), said.clone()));
                said
            };
            take(item, flag);
            if let Some(said) = said {
                item[flag] = said;
            }
            let kept = kept.and_then(|kept| get(kept, list)).and_then(Value::as_array);
            let kept = kept.and_then(|kept| kept.iter().find(|kept| kept[id] == item[id]));
            intend(item, flag, kept.and_then(|kept| kept.get(flag)));
        }
    }
    for partition in items(spec, "diskSetup.partitions") {
        fill(partition, &[("layout", false.into())]);
    }
}

fn fill_config(spec: &mut Value) {
    for flag in SINGLE_FLAGS {
        drop_false(spec, flag);
    }
    for (list, _, flag) in FLAGS {
        for item in items(spec, list) {
            drop_false(item, flag);
        }
    }
    for partition in items(spec, "diskSetup.partitions") {
        fill(partition, &[("layout", false.into())]);
    }
    if let Some(cluster) = part(spec, "clusterConfiguration") {
        fill(
            cluster,
            &[
                ("apiServer", json!({})),
                ("controllerManager", json!({})),
                ("dns", json!({})),
                ("etcd", json!({})),
                ("networking", json!({})),
                ("scheduler", json!({})),
            ],
        );
    }
    for (configuration, inner) in [
        ("initConfiguration", "localAPIEndpoint"),
        ("initConfiguration", "nodeRegistration"),
        ("joinConfiguration", "discovery"),
        ("joinConfiguration", "nodeRegistration"),
    ] {
        if let Some(configuration) = part(spec, configuration) {
            fill(configuration, &[(inner, json!({}))]);
        }
    }
    if let Some(control_plane) = part(spec, "joinConfiguration.controlPlane") {
        fill(control_plane, &[("localAPIEndpoint", json!({}))]);
    }
}
