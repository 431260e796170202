//! What of an object cannot change.

use std::collections::BTreeSet;

use fleet_core::yaml::FieldPath;
use serde_json::Value;

use super::mistake::{Found, Problem};
use super::tree::{Tree, path};

pub(super) fn check(before: &Tree, after: &Tree, mistakes: &mut Found) {
    for (at, same) in [
        ("kind", before.kind == after.kind && before.group == after.group),
        ("metadata.name", before.name == after.name),
        ("metadata.namespace", before.namespace == after.namespace),
    ] {
        if !same {
            after.mistake(path(at), Problem::Immutable { how: None }, mistakes);
        }
    }
    for (at, how) in fixed(after.kind) {
        if before.at(at) != after.at(at) {
            after.mistake(path(at), Problem::Immutable { how: *how }, mistakes);
        }
    }
    for at in once_set(after.kind) {
        if before.at(at).is_some() && before.at(at) != after.at(at) {
            after.mistake(path(at), Problem::Immutable { how: None }, mistakes);
        }
    }
    match after.kind {
        "Cluster" => cluster(before, after, mistakes),
        "KubeadmControlPlane" => control_plane(before, after, mistakes),
        _ => {}
    }
}

const ANOTHER_TEMPLATE: Option<&str> =
    Some("make another template, and refer to it in the request that changes the version");

/// Fields that never change.
fn fixed(kind: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match kind {
        "MachineDeployment" | "MachineSet" | "MachinePool" | "Machine" | "MachineHealthCheck" => {
            &[("spec.clusterName", None)]
        }
        "ClusterResourceSet" => &[("spec.clusterSelector", None)],
        "AWSMachineTemplate"
        | "AzureMachineTemplate"
        | "VSphereMachineTemplate"
        | "DockerMachineTemplate"
        | "DevMachineTemplate" => &[("spec.template.spec", ANOTHER_TEMPLATE)],
        "AWSClusterTemplate" | "AzureClusterTemplate" | "VSphereClusterTemplate" => &[(
            "spec.template.spec",
            Some("make another template, and another ClusterClass"),
        )],
        "AWSCluster" => &[("spec.region", None)],
        "AzureCluster" => &[
            ("spec.resourceGroup", None),
            ("spec.subscriptionID", None),
            ("spec.location", None),
            ("spec.azureEnvironment", None),
        ],
        "AWSManagedControlPlane" => &[("spec.eksClusterName", None), ("spec.region", None)],
        _ => &[],
    }
}

/// Fields that do not change any more when they have a value.
fn once_set(kind: &str) -> &'static [&'static str] {
    match kind {
        "AWSCluster" => &[
            "spec.controlPlaneEndpoint",
            "spec.controlPlaneLoadBalancer.name",
            "spec.controlPlaneLoadBalancer.scheme",
            "spec.network.vpc.cidrBlock",
        ],
        "AzureCluster" | "VSphereCluster" | "DockerCluster" | "DevCluster" => &["spec.controlPlaneEndpoint"],
        "ClusterResourceSet" => &["spec.strategy"],
        _ => &[],
    }
}

fn cluster(before: &Tree, after: &Tree, mistakes: &mut Found) {
    for at in ["spec.controlPlaneRef", "spec.infrastructureRef", "spec.topology"] {
        if before.at(at).is_some() && after.at(at).is_none() {
            let problem = Problem::Missing {
                expected: "what was there: it cannot be removed",
            };
            after.mistake(path(at), problem, mistakes);
        }
    }
    // Whatever the class derived before is orphaned otherwise.
    if before.at("spec.topology").is_none()
        && after.at("spec.topology").is_some()
        && before.at("spec.controlPlaneRef").is_some()
    {
        let problem = Problem::Forbidden {
            reason: "the cluster exists without a class",
        };
        after.mistake(path("spec.topology"), problem, mistakes);
    }
}

fn control_plane(before: &Tree, after: &Tree, mistakes: &mut Found) {
    let mut changed = BTreeSet::new();
    let spec = |tree: &Tree| tree.at("spec").cloned().unwrap_or_default();
    differences(
        &mut vec!["spec".to_owned()],
        &spec(before),
        &spec(after),
        &mut changed,
    );
    for at in changed.into_iter().filter(|at| !may_change(at)) {
        let at = at.into_iter().fold(FieldPath::root(), FieldPath::field);
        after.mistake(at, Problem::Immutable { how: None }, mistakes);
    }
    let etcd = "spec.kubeadmConfigSpec.clusterConfiguration.etcd.external";
    if before.at(etcd).is_some() != after.at(etcd).is_some() {
        after.mistake(path(etcd), Problem::Immutable { how: None }, mistakes);
    }
}

/// The fields in which two trees differ, down to what is no mapping.
fn differences(at: &mut Vec<String>, before: &Value, after: &Value, out: &mut BTreeSet<Vec<String>>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for field in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                let none = Value::Null;
                at.push(field.clone());
                differences(
                    at,
                    old.get(field).unwrap_or(&none),
                    new.get(field).unwrap_or(&none),
                    out,
                );
                at.pop();
            }
        }
        _ if before == after => {}
        _ => {
            out.insert(at.clone());
        }
    }
}

/// Whether the webhook of `KubeadmControlPlane` lets a field change: what kubeadm takes over to new machines.
fn may_change(at: &[String]) -> bool {
    let fields: Vec<&str> = at.iter().map(String::as_str).collect();
    match &fields[..] {
        ["spec", "replicas" | "version"]
        | ["spec", "remediation" | "machineNaming" | "rollout", ..]
        | ["spec", "machineTemplate", "metadata" | "spec", ..] => true,
        ["spec", "kubeadmConfigSpec", "clusterConfiguration", field, ..] => [
            "etcd",
            "dns",
            "imageRepository",
            "featureGates",
            "apiServer",
            "controllerManager",
            "scheduler",
            "certificateValidityPeriodDays",
            "encryptionAlgorithm",
        ]
        .contains(field),
        ["spec", "kubeadmConfigSpec", "initConfiguration", field, ..] => [
            "nodeRegistration",
            "patches",
            "skipPhases",
            "bootstrapTokens",
            "localAPIEndpoint",
            "timeouts",
        ]
        .contains(field),
        ["spec", "kubeadmConfigSpec", "joinConfiguration", field, ..] => [
            "nodeRegistration",
            "patches",
            "skipPhases",
            "caCertPath",
            "controlPlane",
            "discovery",
            "timeouts",
        ]
        .contains(field),
        ["spec", "kubeadmConfigSpec", field, ..] => [
            "bootCommands",
            "preKubeadmCommands",
            "postKubeadmCommands",
            "files",
            "verbosity",
            "users",
            "ntp",
            "ignition",
            "diskSetup",
            "format",
            "mounts",
        ]
        .contains(field),
        _ => false,
    }
}
