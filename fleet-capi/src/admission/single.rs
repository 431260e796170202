//! One object by itself.

use fleet_core::yaml::FieldPath;
use fleet_core::{LabelError, Labels};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::mistake::{Found, Problem};
use super::tree::{Tree, path};
use crate::CLUSTER_NAME_LABEL;

pub(super) fn check(object: &Tree, mistakes: &mut Found) {
    name(object, mistakes);
    labels(object, "metadata", mistakes);
    version(object, mistakes);
    cluster_name(object, mistakes);
    match object.kind {
        "Cluster" => cluster(object, mistakes),
        "MachineDeployment" | "MachineSet" | "MachinePool" => machines(object, mistakes),
        "MachineHealthCheck" => health_check(object, mistakes),
        "ClusterResourceSet" => resource_set(object, mistakes),
        _ => {}
    }
}

fn resource_set(object: &Tree, mistakes: &mut Found) {
    if is_empty(object.at("spec.clusterSelector")) {
        let problem = Problem::Missing {
            expected: "labels; one that matches every cluster is refused",
        };
        object.mistake(path("spec.clusterSelector"), problem, mistakes);
    }
    if object.list("spec.resources").is_empty() {
        let problem = Problem::Missing {
            expected: "a ConfigMap or a Secret with what is to be applied",
        };
        object.mistake(path("spec.resources"), problem, mistakes);
    }
}

/// Labels and the keys of annotations, as an API server takes them.
fn labels(object: &Tree, meta: &str, mistakes: &mut Found) {
    let pairs = |field: &str| {
        let found = object.at(&format!("{meta}.{field}")).and_then(Value::as_object);
        found.into_iter().flatten()
    };
    let labels = pairs("labels").filter_map(|(key, value)| Some(("labels", key, value.as_str()?)));
    // An annotation's value is anything; its key is one of a label.
    let annotations = pairs("annotations").map(|(key, _)| ("annotations", key, ""));
    for (field, key, value) in labels.chain(annotations) {
        let (found, expected) = match Labels::from_pairs([(key, value)]) {
            Ok(_) => continue,
            Err(LabelError::Value { .. }) => (
                value,
                "at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends",
            ),
            Err(_) => (
                key.as_str(),
                "a key such as team or example.com/team, with at most 63 letters, digits, dashes, underscores and dots as its name",
            ),
        };
        let problem = Problem::Invalid {
            found: format!("{found:?}"),
            expected,
        };
        object.mistake(path(meta).field(field).field(key), problem, mistakes);
    }
}

fn name(object: &Tree, mistakes: &mut Found) {
    // These names become the values of labels.
    let longest = match object.kind {
        "Cluster" | "MachineDeployment" | "MachineSet" | "MachinePool" => 63,
        _ => 253,
    };
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && word.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if object.name.len() > longest || !object.name.split('.').all(is_word) {
        let expected = if longest == 63 {
            "lower-case letters, digits, dashes and dots, 63 characters at most"
        } else {
            "lower-case letters, digits, dashes and dots, 253 characters at most"
        };
        let problem = Problem::Invalid {
            found: format!("{:?}", object.name),
            expected,
        };
        object.mistake(path("metadata.name"), problem, mistakes);
    }
    let namespace = &object.namespace;
    if namespace.len() > 63 || !is_word(namespace) {
        let problem = Problem::Invalid {
            found: format!("{namespace:?}"),
            expected: "lower-case letters, digits and dashes, 63 characters at most",
        };
        object.mistake(path("metadata.namespace"), problem, mistakes);
    }
}

/// Where a kind says a Kubernetes version.
pub(super) fn version_path(kind: &str) -> Option<&'static str> {
    match kind {
        "Cluster" => Some("spec.topology.version"),
        "KubeadmControlPlane" | "Machine" | "AWSManagedControlPlane" | "AzureASOManagedControlPlane" => {
            Some("spec.version")
        }
        "MachineDeployment" | "MachineSet" | "MachinePool" => Some("spec.template.spec.version"),
        _ => None,
    }
}

fn version(object: &Tree, mistakes: &mut Found) {
    let Some(at) = version_path(object.kind) else {
        return;
    };
    let Some(text) = object.text(at) else {
        let needed =
            object.is("KubeadmControlPlane") || object.is("Cluster") && object.at("spec.topology").is_some();
        if needed {
            let expected = "a Kubernetes version, such as v1.34.0";
            object.mistake(path(at), Problem::Missing { expected }, mistakes);
        }
        return;
    };
    // EKS and AKS take `v1.34` as well, and leave the rest to the provider.
    let is_managed = object.kind.contains("Managed");
    let parsed: Result<fleet_core::KubernetesVersion, _> = text.parse();
    // A missing `v` is put there by the webhooks.
    let is_version = parsed.is_ok() && text.split('.').count() >= 3;
    let is_minor = is_managed && text.trim_start_matches('v').split('.').count() >= 2;
    if !is_version && !is_minor {
        let problem = Problem::Invalid {
            found: format!("{text:?}"),
            expected: "a Kubernetes version with all its parts, such as v1.34.0",
        };
        object.mistake(path(at), problem, mistakes);
    }
}

fn cluster_name(object: &Tree, mistakes: &mut Found) {
    let inner = "spec.template.spec.clusterName";
    let (Some(outer), Some(found)) = (object.text("spec.clusterName"), object.text(inner)) else {
        return;
    };
    if outer != found {
        let problem = Problem::Differs {
            found: found.to_owned(),
            other: path("spec.clusterName"),
            expected: outer.to_owned(),
        };
        object.mistake(path(inner), problem, mistakes);
    }
}

fn cluster(object: &Tree, mistakes: &mut Found) {
    let made_of = ["spec.controlPlaneRef", "spec.infrastructureRef", "spec.topology"];
    if made_of.iter().all(|at| object.at(at).is_none()) {
        let expected = "controlPlaneRef and infrastructureRef, or topology";
        object.mistake(path("spec"), Problem::Missing { expected }, mistakes);
    }
    if object.at("spec.topology").is_some() && object.text("spec.topology.classRef.name").is_none() {
        let problem = Problem::Missing {
            expected: "the name of a ClusterClass",
        };
        object.mistake(path("spec.topology.classRef.name"), problem, mistakes);
    }
    for groups in ["machineDeployments", "machinePools"] {
        let at = format!("spec.topology.workers.{groups}");
        unique_names(object, &at, mistakes);
    }
    let annotation = "topology.cluster.x-k8s.io/upgrade-concurrency";
    let found = object
        .at("metadata.annotations")
        .and_then(|it| it.get(annotation)?.as_str());
    if let Some(found) = found.filter(|text| text.parse::<u32>().map_or(true, |number| number < 1)) {
        let problem = Problem::Invalid {
            found: format!("{found:?}"),
            expected: "a number from 1 on",
        };
        object.mistake(path("metadata.annotations").field(annotation), problem, mistakes);
    }
}

fn unique_names(object: &Tree, at: &str, mistakes: &mut Found) {
    let mut seen = std::collections::BTreeSet::new();
    for (index, group) in object.list(at).iter().enumerate() {
        let Some(name) = group.get("name").and_then(Value::as_str) else {
            continue;
        };
        if !seen.insert(name) {
            let problem = Problem::Duplicate {
                name: name.to_owned(),
            };
            object.mistake(path(at).index(index).field("name"), problem, mistakes);
        }
    }
}

fn machines(object: &Tree, mistakes: &mut Found) {
    let bootstrap = "spec.template.spec.bootstrap";
    let has = |field: &str| {
        object
            .at(bootstrap)
            .is_some_and(|it| it.get(field).is_some_and(|value| !value.is_null()))
    };
    if !has("configRef") && !has("dataSecretName") {
        let expected = "configRef or dataSecretName";
        object.mistake(path(bootstrap), Problem::Missing { expected }, mistakes);
    }
    if object.is("MachinePool") {
        return;
    }
    // An empty selector is filled in by the webhook, together with the labels that it selects.
    if let Some(labels) = object.at("spec.selector.matchLabels").and_then(Value::as_object) {
        let found = object.at("spec.template.metadata.labels");
        for (key, value) in labels {
            let here = found.and_then(|labels| labels.get(key));
            // The webhook adds these two to a template that has them not.
            let is_added = here.is_none()
                && [CLUSTER_NAME_LABEL, "cluster.x-k8s.io/deployment-name"].contains(&key.as_str());
            if here != Some(value) && !is_added {
                let problem = Problem::Missing {
                    expected: "the labels of spec.selector",
                };
                object.mistake(
                    path("spec.template.metadata.labels").field(key),
                    problem,
                    mistakes,
                );
            }
        }
    }
    labels(object, "spec.template.metadata", mistakes);
    naming(object, "spec.machineNaming.template", mistakes);
    let limits = "spec.rollout.strategy.rollingUpdate";
    let is_zero = |field: &str| {
        object
            .at(limits)
            .and_then(|it| it.get(field))
            .is_some_and(|value| value == 0 || value == "0%" || value == "0")
    };
    if is_zero("maxSurge") && is_zero("maxUnavailable") {
        let problem = Problem::Invalid {
            found: "0".to_owned(),
            expected: "more than 0 where maxSurge is 0: no machine could ever be replaced",
        };
        object.mistake(path(limits).field("maxUnavailable"), problem, mistakes);
    }
}

/// Names of machines must differ from each other.
pub(super) fn naming(object: &Tree, at: &str, mistakes: &mut Found) {
    if let Some(template) = object.text(at)
        && !template.contains(".random")
    {
        let problem = Problem::Invalid {
            found: format!("{template:?}"),
            expected: "a template with {{ .random }} in it",
        };
        object.mistake(path(at), problem, mistakes);
    }
}

fn health_check(object: &Tree, mistakes: &mut Found) {
    if is_empty(object.at("spec.selector")) {
        let problem = Problem::Missing {
            expected: "labels; one that matches every machine is refused",
        };
        object.mistake(path("spec.selector"), problem, mistakes);
    }
    let cluster = object
        .at("spec.selector.matchLabels")
        .and_then(|labels| labels.get(CLUSTER_NAME_LABEL)?.as_str());
    if let (Some(found), Some(expected)) = (cluster, object.text("spec.clusterName"))
        && found != expected
    {
        let problem = Problem::Differs {
            found: found.to_owned(),
            other: path("spec.clusterName"),
            expected: expected.to_owned(),
        };
        let at = path("spec.selector.matchLabels").field(CLUSTER_NAME_LABEL);
        object.mistake(at, problem, mistakes);
    }
    let at = "spec.checks.nodeStartupTimeoutSeconds";
    // 0 is for ever.
    if let Some(seconds) = object
        .at(at)
        .and_then(Value::as_i64)
        .filter(|it| *it != 0 && *it < 30)
    {
        let problem = Problem::Invalid {
            found: seconds.to_string(),
            expected: "at least 30, or 0 for no limit",
        };
        object.mistake(path(at), problem, mistakes);
    }
    let at: FieldPath = path("spec.remediation.triggerIf.unhealthyInRange");
    if let Some(range) = object.text("spec.remediation.triggerIf.unhealthyInRange")
        && !is_range(range)
    {
        let problem = Problem::Invalid {
            found: format!("{range:?}"),
            expected: "a range such as [3-5]",
        };
        object.mistake(at, problem, mistakes);
    }
}

fn is_range(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner
        .and_then(|inner| inner.split_once('-'))
        .is_some_and(|(least, most)| {
            matches!((least.parse::<u32>(), most.parse::<u32>()), (Ok(least), Ok(most)) if least <= most)
        })
}

fn is_empty(selector: Option<&Value>) -> bool {
    let selector = selector
        .cloned()
        .and_then(|value| serde_json::from_value::<LabelSelector>(value).ok());
    selector.is_none_or(|selector| {
        selector.match_labels.is_none_or(|labels| labels.is_empty())
            && selector
                .match_expressions
                .is_none_or(|expressions| expressions.is_empty())
    })
}
