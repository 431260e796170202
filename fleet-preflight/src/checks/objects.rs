//! Annotations, fields and grants of single kinds.

use super::pods::{provisioner, volume};
use super::{At, Subject};
use crate::finding::{Finding, Severity};
use crate::lifecycle::{self, Class, State};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let root = subject.root();
    let annotation = |name| root.fields(&["metadata", "annotations", name]);
    match (subject.group, subject.kind) {
        ("networking.k8s.io" | "extensions", "Ingress") => {
            if let Some(at) = annotation("kubernetes.io/ingress.class") {
                deprecated(
                    subject,
                    &at,
                    "kubernetes.io/ingress.class",
                    "spec.ingressClassName",
                    findings,
                );
            }
        }
        ("storage.k8s.io", "StorageClass") => {
            let name = "storageclass.beta.kubernetes.io/is-default-class";
            if let Some(at) = annotation(name) {
                let stable = "the annotation storageclass.kubernetes.io/is-default-class";
                deprecated(subject, &at, name, stable, findings);
            }
            if let Some(at) = root.field("provisioner") {
                provisioner(subject, &at, findings);
            }
        }
        ("", "PersistentVolume" | "PersistentVolumeClaim") => {
            let name = "volume.beta.kubernetes.io/storage-class";
            if let Some(at) = annotation(name) {
                deprecated(subject, &at, name, "spec.storageClassName", findings);
            }
            if let Some(spec) = root.field("spec") {
                volume(subject, &spec, findings);
            }
        }
        ("", "Service") => {
            for (name, instead, since) in [
                (
                    "service.alpha.kubernetes.io/tolerate-unready-endpoints",
                    "spec.publishNotReadyAddresses",
                    11,
                ),
                (
                    "service.kubernetes.io/topology-aware-hints",
                    "spec.trafficDistribution or the annotation service.kubernetes.io/topology-mode",
                    27,
                ),
            ] {
                if let Some(at) = annotation(name).filter(|_| subject.from(since)) {
                    deprecated(subject, &at, name, instead, findings);
                }
            }
            service(subject, &root, findings);
        }
        ("", "ServiceAccount") => {
            let name = "kubernetes.io/enforce-mountable-secrets";
            if let Some(at) = annotation(name).filter(|_| subject.from(32)) {
                deprecated(
                    subject,
                    &at,
                    name,
                    "namespaces of their own for what must be kept apart",
                    findings,
                );
            }
        }
        ("batch", "CronJob") => schedule(subject, &root, findings),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => grants(subject, &root, findings),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => stored_versions(subject, &root, findings),
        ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
            cilium(subject, &root, findings);
        }
        ("kyverno.io", "Policy" | "ClusterPolicy") => {
            for field in ["validationFailureAction", "validationFailureActionOverrides"] {
                if let Some(at) = root.fields(&["spec", field]) {
                    let message =
                        format!("Kyverno deprecates spec.{field}: set failureAction in each rule's validate");
                    findings.push(subject.finding(&rules::DEPRECATED_FIELD, &at, message));
                }
            }
        }
        _ => {}
    }
    if let Some(at) = root.fields(&["metadata", "clusterName"])
        && !subject.group.contains("x-k8s.io")
    {
        let (severity, verb) = if subject.from(24) {
            (Severity::Error, "was")
        } else {
            (Severity::Warning, "will be")
        };
        let message = format!("metadata.clusterName {verb} removed in 1.24");
        findings.push(
            subject
                .finding(&rules::REMOVED_FIELD, &at, message)
                .severity(severity),
        );
    }
}

fn deprecated(subject: &Subject<'_>, at: &At<'_>, name: &str, instead: &str, findings: &mut Vec<Finding>) {
    let message = format!("the annotation {name} is deprecated: use {instead}");
    findings.push(subject.finding(&rules::DEPRECATED_ANNOTATION, at, message));
}

fn service(subject: &Subject<'_>, root: &At<'_>, findings: &mut Vec<Finding>) {
    if let Some(at) = root.fields(&["spec", "loadBalancerIP"])
        && subject.from(24)
        && at.str() != Some("")
    {
        let message =
            "spec.loadBalancerIP is deprecated since 1.24: use the annotation of the load balancer's vendor";
        findings.push(subject.finding(&rules::DEPRECATED_FIELD, &at, message));
    }
    if let Some(at) = root.fields(&["spec", "externalIPs"])
        && subject.from(36)
        && at.items().next().is_some()
    {
        let message = "spec.externalIPs is deprecated since 1.36: use a load balancer or the Gateway API";
        findings.push(subject.finding(&rules::DEPRECATED_FIELD, &at, message));
    }
    if let Some(at) = root.fields(&["spec", "topologyKeys"]) {
        let (severity, verb) = if subject.from(22) {
            (Severity::Error, "was")
        } else {
            (Severity::Warning, "will be")
        };
        let message = format!("spec.topologyKeys {verb} removed in 1.22: use spec.trafficDistribution");
        findings.push(
            subject
                .finding(&rules::REMOVED_FIELD, &at, message)
                .severity(severity),
        );
    }
}

fn schedule(subject: &Subject<'_>, root: &At<'_>, findings: &mut Vec<Finding>) {
    let Some(at) = root.fields(&["spec", "schedule"]) else {
        return;
    };
    if at.str().is_some_and(|schedule| schedule.contains("TZ=")) {
        let (severity, fate) = if subject.from(29) {
            (Severity::Error, "refused since 1.29")
        } else {
            (Severity::Warning, "refused from 1.29")
        };
        let message = format!("a schedule that names its time zone is {fate}: set spec.timeZone");
        findings.push(
            subject
                .finding(&rules::CRON_SCHEDULE_ZONE, &at, message)
                .severity(severity),
        );
    }
}

fn grants(subject: &Subject<'_>, root: &At<'_>, findings: &mut Vec<Finding>) {
    let strings = |at: Option<At<'_>>| -> Vec<String> {
        let items = at.iter().flat_map(At::items).collect::<Vec<_>>();
        items
            .iter()
            .filter_map(|item| item.str().map(str::to_owned))
            .collect()
    };
    // The API server keeps its own roles as it wants them.
    if root
        .fields(&["metadata", "labels", "kubernetes.io/bootstrapping"])
        .is_some()
    {
        return;
    }
    let rules: Vec<At<'_>> = root.field("rules").iter().flat_map(At::items).collect();
    for rule in &rules {
        let groups = strings(rule.field("apiGroups"));
        let Some(resources) = rule.field("resources") else {
            continue;
        };
        for item in resources.items() {
            let resource = item.str().unwrap_or("").split('/').next().unwrap_or("");
            if resource == "podsecuritypolicies" && subject.from(25) {
                let message = "grants podsecuritypolicies, which are gone since 1.25";
                findings.push(subject.finding(&rules::POD_SECURITY_POLICY, &item, message));
                continue;
            }
            // A grant that names the new group as well is only more than needed.
            let gone = groups.iter().find(|group| is_gone(subject, group, resource));
            let still = groups
                .iter()
                .any(|group| group == "*" || is_served(subject, group, resource));
            if let (Some(group), false) = (gone, still) {
                let message = format!(
                    "grants {resource} in the API group {group}, which does not have them in {}",
                    subject.question.target
                );
                findings.push(subject.finding(&rules::RBAC_REMOVED_GROUP, &item, message));
            }
        }
    }
}

fn versions<'a>(
    group: &'a str,
    resource: &'a str,
) -> impl Iterator<Item = &'static lifecycle::Lifecycle> + use<'a> {
    lifecycle::all()
        .filter(move |api| api.class == Class::Resource && api.group == group && api.plural == Some(resource))
}

fn is_gone(subject: &Subject<'_>, group: &str, resource: &str) -> bool {
    let mut known = false;
    versions(group, resource).all(|api| {
        known = true;
        api.state(subject.question.target) == State::Removed
    }) && known
}

fn is_served(subject: &Subject<'_>, group: &str, resource: &str) -> bool {
    versions(group, resource).any(|api| api.state(subject.question.target) != State::Removed)
}

fn stored_versions(subject: &Subject<'_>, root: &At<'_>, findings: &mut Vec<Finding>) {
    let Some(stored) = root.fields(&["status", "storedVersions"]) else {
        return;
    };
    let Some(versions) = root.fields(&["spec", "versions"]) else {
        return;
    };
    for item in stored.items() {
        let Some(name) = item.str() else { continue };
        let version = versions
            .items()
            .find(|version| version.text("name") == Some(name));
        let problem = match version {
            None => "does not list it",
            Some(version)
                if version.value.get("served").and_then(serde_json::Value::as_bool) == Some(false) =>
            {
                "does not serve it"
            }
            Some(_) => continue,
        };
        let message = format!("objects may be stored as {name}, and spec.versions {problem}");
        findings.push(subject.finding(&rules::CRD_STORED_VERSION, &item, message));
    }
}

fn cilium(subject: &Subject<'_>, root: &At<'_>, findings: &mut Vec<Finding>) {
    let specs = root
        .field("spec")
        .into_iter()
        .chain(root.field("specs").iter().flat_map(At::items).collect::<Vec<_>>());
    for spec in specs {
        for (direction, field) in [("ingress", "fromRequires"), ("egress", "toRequires")] {
            for rule in spec.field(direction).iter().flat_map(At::items) {
                if let Some(at) = rule.field(field) {
                    let message = format!("Cilium refuses {field} from 1.19");
                    findings.push(
                        subject
                            .finding(&rules::DEPRECATED_FIELD, &at, message)
                            .severity(Severity::Warning),
                    );
                }
            }
        }
    }
}
