//! Nodes whose kubelet the target version does not support any more.

use fleet_core::MinorVersion;

use super::Subject;
use crate::finding::{Finding, Severity};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if (subject.group, subject.kind) != ("", "Node") {
        return;
    }
    runtime(subject, findings);
    let Some(at) = subject.root().fields(&["status", "nodeInfo", "kubeletVersion"]) else {
        return;
    };
    let target = subject.question.target;
    let text = at.str().unwrap_or("");
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let (Some(major), Some(minor)) = (
        parts.next().and_then(|part| part.parse::<u64>().ok()),
        parts.next().and_then(|part| part.parse::<u64>().ok()),
    ) else {
        let message = format!("the kubelet's version `{text}` is no version");
        findings.push(
            subject
                .finding(&rules::VERSION_SKEW, &at, message)
                .severity(Severity::Warning),
        );
        return;
    };
    let kubelet = MinorVersion::new(major, minor);
    let allowed = if target.minor >= 28 { 3 } else { 2 };
    if kubelet > target {
        let message = format!("the kubelet is {kubelet}, newer than an API server of {target}");
        findings.push(subject.finding(&rules::VERSION_SKEW, &at, message));
    } else if kubelet.major == target.major && target.minor - kubelet.minor > allowed {
        let message = format!(
            "the kubelet is {kubelet}: an API server of {target} takes kubelets from {} on",
            MinorVersion::new(target.major, target.minor - allowed)
        );
        findings.push(subject.finding(&rules::VERSION_SKEW, &at, message));
    }
}

/// Docker is gone since 1.24, and 1.35 is the last release that supports containerd 1.
fn runtime(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(at) = subject
        .root()
        .fields(&["status", "nodeInfo", "containerRuntimeVersion"])
    else {
        return;
    };
    let runtime = at.str().unwrap_or("");
    let (severity, message) = if runtime.starts_with("docker://") && subject.from(24) {
        let message = format!("the node runs {runtime}: the kubelet has no dockershim since 1.24");
        (Severity::Error, message)
    } else if runtime.starts_with("containerd://1.") && subject.from(36) {
        let message = format!("the node runs {runtime}: 1.35 is the last release that supports containerd 1");
        (Severity::Warning, message)
    } else {
        return;
    };
    findings.push(
        subject
            .finding(&rules::CONTAINER_RUNTIME_OLD, &at, message)
            .severity(severity),
    );
}
