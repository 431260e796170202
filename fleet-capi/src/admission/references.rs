//! References to objects, all of which must be there.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::yaml::{FieldPath, nearest};
use serde_json::Value;

use super::mistake::{Found, Problem};
use super::tree::{Tree, path};

pub(super) fn check(new: &[Tree], there: &[Tree], mistakes: &mut Found) {
    let mut names: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for object in there {
        let key = (object.group.as_str(), object.kind, object.namespace.as_str());
        names.entry(key).or_default().insert(&object.name);
    }
    for object in new {
        let key = (object.group.as_str(), object.kind, object.namespace.as_str());
        if !names.entry(key).or_default().insert(&object.name) {
            let problem = Problem::Duplicate {
                name: object.name.clone(),
            };
            object.mistake(path("metadata.name"), problem, mistakes);
        }
    }
    let none = BTreeSet::new();
    for object in new {
        for (at, target) in targets(object) {
            let key = (
                target.group.as_str(),
                target.kind.as_str(),
                object.namespace.as_str(),
            );
            let known = names.get(&key).unwrap_or(&none);
            if !known.contains(target.name.as_str()) {
                let problem = Problem::Unresolved {
                    suggestion: nearest(&target.name, known.iter().copied()).map(str::to_owned),
                    kind: target.kind,
                    name: target.name,
                };
                object.mistake(at, problem, mistakes);
            }
        }
        worker_classes(object, new, there, mistakes);
    }
}

struct Target {
    group: String,
    kind: String,
    name: String,
}

/// What an object refers to, in its own namespace.
fn targets(object: &Tree) -> Vec<(FieldPath, Target)> {
    let paths: &[&str] = match object.kind {
        "Cluster" => &["spec.controlPlaneRef", "spec.infrastructureRef"],
        "KubeadmControlPlane" => &["spec.machineTemplate.spec.infrastructureRef"],
        "MachineDeployment" | "MachineSet" | "MachinePool" => &[
            "spec.template.spec.infrastructureRef",
            "spec.template.spec.bootstrap.configRef",
        ],
        "Machine" => &["spec.infrastructureRef", "spec.bootstrap.configRef"],
        "ClusterClass" => &[
            "spec.infrastructure.templateRef",
            "spec.controlPlane.templateRef",
            "spec.controlPlane.machineInfrastructure.templateRef",
        ],
        _ => &[],
    };
    let mut found: Vec<_> = paths
        .iter()
        .filter_map(|at| Some((path(at), target(object.at(at)?)?)))
        .collect();
    if object.is("ClusterClass") {
        for groups in ["machineDeployments", "machinePools"] {
            let at = format!("spec.workers.{groups}");
            for (index, class) in object.list(&at).iter().enumerate() {
                for part in ["bootstrap", "infrastructure"] {
                    let reference = class.get(part).and_then(|part| part.get("templateRef"));
                    if let Some(target) = reference.and_then(target) {
                        let at = path(&at).index(index).field(part).field("templateRef");
                        found.push((at, target));
                    }
                }
            }
        }
    }
    let named = |at: &str, kind: &str| {
        let name = object.text(at)?.to_owned();
        Some((
            path(at),
            Target {
                group: "cluster.x-k8s.io".to_owned(),
                kind: kind.to_owned(),
                name,
            },
        ))
    };
    let is_elsewhere = object.text("spec.topology.classRef.namespace").is_some();
    let class = named("spec.topology.classRef.name", "ClusterClass").filter(|_| !is_elsewhere);
    let found = found.into_iter().map(|(at, target)| (at.field("name"), target));
    found
        .chain(class)
        .chain(named("spec.clusterName", "Cluster"))
        .collect()
}

fn target(reference: &Value) -> Option<Target> {
    let text = |field: &str| reference.get(field)?.as_str().map(str::to_owned);
    let version = || Some(text("apiVersion")?.split_once('/')?.0.to_owned());
    Some(Target {
        group: text("apiGroup").or_else(version)?,
        kind: text("kind")?,
        name: text("name")?,
    })
}

/// The groups of a topology are made from classes of workers that the `ClusterClass` must have.
fn worker_classes(object: &Tree, new: &[Tree], there: &[Tree], mistakes: &mut Found) {
    let Some(name) = object.text("spec.topology.classRef.name") else {
        return;
    };
    let namespace = object
        .text("spec.topology.classRef.namespace")
        .unwrap_or(&object.namespace);
    let mut classes = new.iter().chain(there);
    let Some(class) =
        classes.find(|it| it.is("ClusterClass") && it.name == name && it.namespace == namespace)
    else {
        return;
    };
    for groups in ["machineDeployments", "machinePools"] {
        let offered: BTreeSet<&str> = class
            .list(&format!("spec.workers.{groups}"))
            .iter()
            .filter_map(|offer| offer.get("class")?.as_str())
            .collect();
        let at = format!("spec.topology.workers.{groups}");
        for (index, group) in object.list(&at).iter().enumerate() {
            let Some(wanted) = group.get("class").and_then(Value::as_str) else {
                continue;
            };
            if !offered.contains(wanted) {
                let problem = Problem::Unresolved {
                    kind: "worker class".to_owned(),
                    name: wanted.to_owned(),
                    suggestion: nearest(wanted, offered.iter().copied()).map(str::to_owned),
                };
                object.mistake(path(&at).index(index).field("class"), problem, mistakes);
            }
        }
    }
}
