//! Nodes whose kubelet the target version does not support any more.

use fleet_core::MinorVersion;

use super::Subject;
use crate::finding::{Finding, Severity};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if (subject.group, subject.kind) != ("", "Node") {
        return;
    }
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
