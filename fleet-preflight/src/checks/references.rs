//! What objects say about other objects' APIs: targets of autoscalers, what webhooks and policies watch, what projects allow.

use super::{At, Subject};
use crate::finding::Finding;
use crate::finding::Severity;
use crate::lifecycle::{self, Class, State};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let root = subject.root();
    match (subject.group, subject.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => target(subject, &root, "scaleTargetRef", findings),
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => target(subject, &root, "targetRef", findings),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            for webhook in root.field("webhooks").iter().flat_map(At::items) {
                for rule in webhook.field("rules").iter().flat_map(At::items) {
                    watched(subject, &rule, findings);
                }
            }
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy") => {
            let rules = root.fields(&["spec", "matchConstraints", "resourceRules"]);
            for rule in rules.iter().flat_map(At::items) {
                watched(subject, &rule, findings);
            }
        }
        ("argoproj.io", "AppProject") => {
            for list in [
                "clusterResourceWhitelist",
                "clusterResourceBlacklist",
                "namespaceResourceWhitelist",
                "namespaceResourceBlacklist",
            ] {
                for item in root.fields(&["spec", list]).iter().flat_map(At::items) {
                    project(subject, list, &item, findings);
                }
            }
        }
        _ => {}
    }
}

/// Autoscalers find their target by group and kind: another version of the same group will do.
fn target(subject: &Subject<'_>, root: &At<'_>, field: &str, findings: &mut Vec<Finding>) {
    let Some(reference) = root.fields(&["spec", field]) else {
        return;
    };
    let (Some(api_version), Some(kind)) = (reference.text("apiVersion"), reference.text("kind")) else {
        return;
    };
    let (group, _) = lifecycle::split(api_version);
    if let Some(instead) = gone(subject, |api| api.group == group && api.kind == kind) {
        let at = reference.field("apiVersion").unwrap_or(reference);
        let message = format!(
            "spec.{field} names {api_version} {kind}, which {} does not have: the autoscaler does not find it{instead}",
            subject.question.target
        );
        findings.push(subject.finding(&rules::STALE_REFERENCE, &at, message));
    }
}

/// A rule of a webhook or policy that matches nothing any more. One that names something else as well is only longer than needed.
fn watched(subject: &Subject<'_>, rule: &At<'_>, findings: &mut Vec<Finding>) {
    let words = |name: &str| -> Vec<String> {
        let at = rule.field(name);
        let items = at.iter().flat_map(At::items);
        items.filter_map(|item| item.str().map(str::to_owned)).collect()
    };
    let (groups, versions) = (words("apiGroups"), words("apiVersions"));
    let Some(resources) = rule.field("resources") else {
        return;
    };
    for item in resources.items() {
        let resource = item.str().unwrap_or("").split('/').next().unwrap_or("");
        let matches = |api: &lifecycle::Lifecycle| {
            api.plural == Some(resource)
                && groups.iter().any(|group| group == "*" || group == api.group)
                && versions
                    .iter()
                    .any(|version| version == "*" || version == api.version)
        };
        if let Some(instead) = gone(subject, matches) {
            let message = format!(
                "the rule watches {resource} of {} {}, which {} does not have: it sees none of them{instead}",
                groups.join(", "),
                versions.join(", "),
                subject.question.target
            );
            let finding = subject.finding(&rules::STALE_REFERENCE, &item, message);
            findings.push(finding.severity(Severity::Warning));
        }
    }
}

fn project(subject: &Subject<'_>, list: &str, item: &At<'_>, findings: &mut Vec<Finding>) {
    let (Some(group), Some(kind)) = (item.text("group"), item.text("kind")) else {
        return;
    };
    if let Some(instead) = gone(subject, |api| api.group == group && api.kind == kind) {
        let message = format!(
            "{list} names {kind} of {group}, which {} does not have{instead}",
            subject.question.target
        );
        let finding = subject.finding(&rules::STALE_REFERENCE, item, message);
        findings.push(finding.severity(Severity::Warning));
    }
}

/// Whether something is known to match and all of it is gone; then what to say of its replacement.
fn gone(subject: &Subject<'_>, matches: impl Fn(&lifecycle::Lifecycle) -> bool) -> Option<String> {
    let target = subject.question.target;
    let mut newest = None;
    for api in lifecycle::all().filter(|api| api.class == Class::Resource && matches(api)) {
        if api.state(target) != State::Removed {
            return None;
        }
        newest = Some(api);
    }
    let replacement = newest?.replacement_at(target);
    Some(replacement.map_or_else(String::new, |replacement| format!("; use {replacement}")))
}
