//! What stops a drain or goes down with it: budgets that never allow an eviction, single replicas, webhooks that fail closed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::control_plane::percent;
use super::{At, Subject};
use crate::finding::{Finding, ObjectRef, Place};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    match (subject.group, subject.kind) {
        ("policy", "PodDisruptionBudget") => budget(subject, findings),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => webhooks(subject, findings),
        _ => {}
    }
}

fn budget(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let root = subject.root();
    let Some(spec) = root.field("spec") else { return };
    if let Some(at) = spec.field("maxUnavailable")
        && (at.value.as_u64() == Some(0) || percent(at.value) == Some(0))
    {
        let message = "maxUnavailable is 0: no pod that it covers can be evicted";
        findings.push(subject.finding(&rules::PDB_NEVER_EVICTS, &at, message));
    } else if let Some(at) = spec.field("minAvailable")
        && percent(at.value).is_some_and(|percent| percent >= 100)
    {
        let message = "minAvailable is 100%: no pod that it covers can be evicted";
        findings.push(subject.finding(&rules::PDB_NEVER_EVICTS, &at, message));
    } else if let Some(status) = root.field("status") {
        let number = |name| status.value.get(name).and_then(Value::as_u64);
        if let (Some(expected), Some(desired)) = (number("expectedPods"), number("desiredHealthy"))
            && expected > 0
            && desired >= expected
        {
            let message =
                format!("{desired} of {expected} pods must be healthy: none of them can be evicted");
            findings.push(subject.finding(&rules::PDB_NEVER_EVICTS, &status, message));
        }
    }
}

fn webhooks(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let root = subject.root();
    // The default of v1beta1 was to ignore failures.
    let fails_closed = subject.object.api_version.ends_with("/v1");
    for webhook in root.field("webhooks").iter().flat_map(At::items) {
        let policy = webhook.text("failurePolicy");
        if policy == Some("Ignore") || policy.is_none() && !fails_closed {
            continue;
        }
        let Some(service) = webhook.fields(&["clientConfig", "service"]) else {
            continue;
        };
        let namespace = service.text("namespace").unwrap_or("");
        let concerns = watched(&webhook);
        if concerns.is_empty() || excludes(&webhook, namespace) {
            continue;
        }
        let message = format!(
            "{} fails closed on {} and runs in the cluster as {namespace}/{}: while its pods are drained, they cannot be \
             made again",
            webhook.text("name").unwrap_or("a webhook"),
            concerns.join(", "),
            service.text("name").unwrap_or("?"),
        );
        findings.push(subject.finding(&rules::WEBHOOK_FAILS_CLOSED, &webhook, message));
    }
}

/// What a webhook watches of that which a drain needs.
fn watched(webhook: &At<'_>) -> Vec<&'static str> {
    let mut watched = Vec::new();
    for rule in webhook.field("rules").iter().flat_map(At::items) {
        let has = |field: &str, words: &[&str]| {
            rule.field(field).iter().flat_map(At::items).any(|item| {
                item.str()
                    .is_some_and(|word| word == "*" || words.contains(&word))
            })
        };
        if !has("operations", &["CREATE", "UPDATE"]) {
            continue;
        }
        for (group, resource, words) in [
            ("", "pods", &["pods", "pods/*", "*/*", "pods/eviction"][..]),
            ("", "nodes", &["nodes", "nodes/*", "*/*"][..]),
            ("coordination.k8s.io", "leases", &["leases", "*/*"][..]),
        ] {
            if has("apiGroups", &[group]) && has("resources", words) && !watched.contains(&resource) {
                watched.push(resource);
            }
        }
    }
    watched
}

/// Whether the webhook leaves its own namespace alone, as far as its selector says.
fn excludes(webhook: &At<'_>, namespace: &str) -> bool {
    let Some(selector) = webhook.field("namespaceSelector") else {
        return false;
    };
    let labels = selector.value.get("matchLabels").and_then(Value::as_object);
    if labels.is_some_and(|labels| !labels.is_empty()) {
        // Only namespaces that someone labelled for it.
        return true;
    }
    selector
        .field("matchExpressions")
        .iter()
        .flat_map(At::items)
        .any(|expression| match expression.text("operator") {
            Some("NotIn") => expression
                .field("values")
                .iter()
                .flat_map(At::items)
                .any(|value| value.str() == Some(namespace)),
            Some("In" | "Exists") => true,
            _ => false,
        })
}

/// Budgets and workloads of one input, to be matched when all of it was seen.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    counted: Vec<Budget>,
    workloads: BTreeMap<String, Vec<Workload>>,
    kept: usize,
}

#[derive(Debug)]
struct Budget {
    labels: Vec<u64>,
    min_available: u64,
    object: ObjectRef,
    place: Place,
}

/// There are many of them: labels are kept as their hashes.
#[derive(Debug)]
struct Workload {
    name: Box<str>,
    labels: Box<[u64]>,
    replicas: u64,
}

fn hash(name: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, value).hash(&mut hasher);
    hasher.finish()
}

/// How many workloads are kept to match budgets against.
const MAX_WORKLOADS: usize = 20_000;

impl Budgets {
    /// Keeps a budget that counts pods.
    pub(crate) fn budget(&mut self, subject: &Subject<'_>) {
        let root = subject.root();
        let Some(minimum) = root.fields(&["spec", "minAvailable"]) else {
            return;
        };
        let expressions = root.fields(&["spec", "selector", "matchExpressions"]);
        let Some(labels) = root.fields(&["spec", "selector", "matchLabels"]) else {
            return;
        };
        let labels: Vec<u64> = labels
            .entries()
            .filter_map(|(name, value)| Some(hash(name, value.str()?)))
            .collect();
        let Some(min_available) = minimum.value.as_u64() else {
            return;
        };
        if expressions.is_some() || labels.is_empty() || self.counted.len() >= MAX_WORKLOADS {
            return;
        }
        self.counted.push(Budget {
            labels,
            min_available,
            object: subject.object.clone(),
            place: (subject.place)(&minimum.path),
        });
    }

    /// Keeps a workload; says whether there was room for it.
    pub(crate) fn workload<'l>(
        &mut self,
        object: &ObjectRef,
        replicas: u64,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
    ) -> bool {
        if self.kept >= MAX_WORKLOADS {
            return false;
        }
        self.kept += 1;
        let namespace = object.namespace.clone().unwrap_or_default();
        self.workloads.entry(namespace).or_default().push(Workload {
            name: format!("{} {}", object.kind, object.name.as_deref().unwrap_or("")).into(),
            labels: labels.map(|(name, value)| hash(name, value)).collect(),
            replicas,
        });
        true
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.counted.extend(other.counted);
        for (namespace, workloads) in other.workloads {
            self.workloads.entry(namespace).or_default().extend(workloads);
        }
        self.kept += other.kept;
    }

    /// Budgets that ask for as many pods as their one workload has.
    pub(crate) fn findings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for budget in self.counted {
            let namespace = budget.object.namespace.as_deref().unwrap_or("");
            let covered: Vec<&Workload> = self
                .workloads
                .get(namespace)
                .into_iter()
                .flatten()
                .filter(|workload| budget.labels.iter().all(|label| workload.labels.contains(label)))
                .collect();
            let pods: u64 = covered.iter().map(|workload| workload.replicas).sum();
            let Some(first) = covered.first() else { continue };
            if pods > 0 && budget.min_available >= pods {
                let message = format!(
                    "minAvailable is {} and {} has {pods} pods: none of them can be evicted",
                    budget.min_available, first.name
                );
                findings.push(Finding::new(
                    &rules::PDB_NEVER_EVICTS,
                    budget.place,
                    budget.object,
                    message,
                ));
            }
        }
        findings
    }
}
