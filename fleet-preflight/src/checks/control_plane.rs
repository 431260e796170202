//! What control planes and nodes are started with: flags, feature gates, admission plugins, served APIs, cloud providers.

use fleet_core::MinorVersion;
use serde_json::Value;

use super::{At, Subject};
use crate::finding::{Finding, Severity};
use crate::lifecycle::{self, Class, State};
use crate::rules;
use crate::settings;

/// A component with flags of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    ApiServer,
    ControllerManager,
    Scheduler,
    Kubelet,
    Proxy,
}

impl Component {
    pub(super) fn of_program(program: &str) -> Option<Self> {
        Some(match program {
            "kube-apiserver" => Self::ApiServer,
            "kube-controller-manager" => Self::ControllerManager,
            "kube-scheduler" => Self::Scheduler,
            "kubelet" => Self::Kubelet,
            "kube-proxy" => Self::Proxy,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
        }
    }
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let root = subject.root();
    match (subject.group, subject.kind) {
        ("kubelet.config.k8s.io", "KubeletConfiguration")
        | ("kubeproxy.config.k8s.io", "KubeProxyConfiguration") => {
            for (name, at) in root.field("featureGates").iter().flat_map(At::entries) {
                gate(subject, name, at.value.as_bool(), &at, findings);
            }
            if subject.kind == "KubeProxyConfiguration"
                && let Some(mode) = root.field("mode")
                && mode.str() == Some("userspace")
            {
                let severity = if subject.from(26) {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                let message = "kube-proxy has no mode userspace from 1.26";
                findings.push(
                    subject
                        .finding(&rules::KUBE_PROXY_MODE_REMOVED, &mode, message)
                        .severity(severity),
                );
            }
            if subject.kind == "KubeProxyConfiguration"
                && let Some(mode) = root.field("mode")
                && mode.str() == Some("ipvs")
                && subject.from(35)
            {
                let message = "kube-proxy's mode ipvs is deprecated since 1.35: use nftables";
                findings.push(subject.finding(&rules::DEPRECATED_FIELD, &mode, message));
            }
        }
        (group, _) if group == "kubeadm.k8s.io" || group.ends_with("cluster.x-k8s.io") => {
            arguments_below(subject, &root, 0, findings);
        }
        _ => {}
    }
}

/// Looks for `extraArgs` and `kubeletExtraArgs` wherever a kind or a template of Cluster API keeps them.
fn arguments_below(subject: &Subject<'_>, at: &At<'_>, depth: usize, findings: &mut Vec<Finding>) {
    if depth > 64 {
        return;
    }
    for (name, below) in at.entries() {
        let extra = match name {
            "apiServer" => Some(Component::ApiServer),
            "controllerManager" => Some(Component::ControllerManager),
            "scheduler" => Some(Component::Scheduler),
            _ => None,
        };
        if name == "criSocket" {
            cri_socket(subject, &below, findings);
        } else if name == "kubeletExtraArgs" {
            arguments(subject, Component::Kubelet, &below, findings);
        } else if let Some(component) = extra
            && let Some(arguments) = below.field("extraArgs")
        {
            self::arguments(subject, component, &arguments, findings);
        } else {
            arguments_below(subject, &below, depth + 1, findings);
        }
    }
    for item in at.items() {
        json_patch(subject, &item, findings);
        arguments_below(subject, &item, depth + 1, findings);
    }
}

/// A JSON patch of a `ClusterClass` that sets one argument: `/spec/…/apiServer/extraArgs/feature-gates`.
fn json_patch(subject: &Subject<'_>, operation: &At<'_>, findings: &mut Vec<Finding>) {
    let sets = operation.text("op") != Some("remove");
    let Some(pointer) = operation.text("path").filter(|_| sets) else {
        return;
    };
    let mut steps = pointer.rsplit('/');
    let (Some(name), Some(map), Some(owner)) = (steps.next(), steps.next(), steps.next()) else {
        return;
    };
    let component = match (map, owner) {
        ("kubeletExtraArgs", _) => Component::Kubelet,
        ("extraArgs", "apiServer") => Component::ApiServer,
        ("extraArgs", "controllerManager") => Component::ControllerManager,
        ("extraArgs", "scheduler") => Component::Scheduler,
        _ => return,
    };
    flag(
        subject,
        component,
        name,
        operation.text("value"),
        operation,
        findings,
    );
}

fn cri_socket(subject: &Subject<'_>, at: &At<'_>, findings: &mut Vec<Finding>) {
    let socket = at.str().unwrap_or("");
    if socket.ends_with("/dockershim.sock") {
        let (severity, verb) = if subject.from(24) {
            (Severity::Error, "was")
        } else {
            (Severity::Warning, "will be")
        };
        let message = format!("criSocket {socket}: dockershim {verb} removed in 1.24");
        findings.push(
            subject
                .finding(&rules::DOCKER_SOCKET, at, message)
                .severity(severity),
        );
    }
}

/// Arguments as a map (kubeadm up to v1beta3) or as a list of names and values (from v1beta4).
fn arguments(subject: &Subject<'_>, component: Component, at: &At<'_>, findings: &mut Vec<Finding>) {
    for (name, value) in at.entries() {
        flag(subject, component, name, value.str(), &value, findings);
    }
    for item in at.items() {
        if let Some(name) = item.text("name") {
            flag(subject, component, name, item.text("value"), &item, findings);
        }
    }
}

/// One flag, without its dashes.
pub(super) fn flag(
    subject: &Subject<'_>,
    component: Component,
    name: &str,
    value: Option<&str>,
    at: &At<'_>,
    findings: &mut Vec<Finding>,
) {
    let target = subject.question.target;
    let program = component.name();
    if let Some(life) = settings::flag(program, name) {
        // Deprecated with the providers inside of Kubernetes; without them this value is what they are to be left with.
        let external = (name, value) == ("cloud-provider", Some("external"));
        let rule = if life.removed.is_some_and(|removed| target >= removed) {
            Some((&rules::FLAG_REMOVED, "was removed in", life.removed))
        } else if external {
            None
        } else if life.deprecated.is_some_and(|deprecated| target >= deprecated) {
            Some((&rules::FLAG_DEPRECATED, "is deprecated since", life.deprecated))
        } else {
            None
        };
        if let Some((rule, fate, Some(release))) = rule {
            let message = format!("{program} --{name} {fate} {release}");
            let mut finding = subject.finding(rule, at, message);
            finding.removed_in = life.removed;
            finding.deprecated_in = life.deprecated;
            findings.push(finding);
        }
    }
    let value = value.unwrap_or("");
    let words = || value.split(',').map(str::trim).filter(|word| !word.is_empty());
    match name {
        "feature-gates" => {
            for word in words() {
                let (name, state) = word.split_once('=').unwrap_or((word, ""));
                gate(subject, name, state.parse().ok(), at, findings);
            }
        }
        "enable-admission-plugins" | "admission-control" if component == Component::ApiServer => {
            for word in words() {
                plugin(subject, word, at, findings);
            }
        }
        "runtime-config" if component == Component::ApiServer => {
            for word in words() {
                served(subject, word, at, findings);
            }
        }
        "cloud-provider" => cloud_provider(subject, program, value, at, findings),
        _ => {}
    }
}

fn gate(subject: &Subject<'_>, name: &str, value: Option<bool>, at: &At<'_>, findings: &mut Vec<Finding>) {
    let target = subject.question.target;
    let Some(life) = settings::gate(name) else { return };
    let finding = if let Some(removed) = life.removed.filter(|removed| target >= *removed) {
        let message = format!("the feature gate {name} was removed in {removed}");
        let mut finding = subject.finding(&rules::FEATURE_GATE_REMOVED, at, message);
        finding.removed_in = Some(removed);
        finding
    } else if let Some((since, to)) = life.locked
        && target >= since
        && value.is_some_and(|value| value != to)
    {
        let message = format!("the feature gate {name} is locked to {to} since {since}");
        subject.finding(&rules::FEATURE_GATE_LOCKED, at, message)
    } else {
        return;
    };
    findings.push(finding);
}

/// Admission plugins that are gone, with the release: the changelogs of 1.14, 1.21, 1.25 and 1.30.
const PLUGINS: [(&str, u64); 5] = [
    ("Initializers", 14),
    ("DenyEscalatingExec", 21),
    ("DenyExecOnPrivileged", 21),
    ("PodSecurityPolicy", 25),
    ("SecurityContextDeny", 30),
];

fn plugin(subject: &Subject<'_>, name: &str, at: &At<'_>, findings: &mut Vec<Finding>) {
    let Some((_, gone)) = PLUGINS.iter().find(|(plugin, _)| *plugin == name) else {
        return;
    };
    let release = MinorVersion::new(1, *gone);
    let (severity, verb) = if subject.from(*gone) {
        (Severity::Error, "was")
    } else {
        (Severity::Warning, "will be")
    };
    let message = format!("the admission plugin {name} {verb} removed in {release}");
    let mut finding = subject
        .finding(&rules::ADMISSION_PLUGIN_REMOVED, at, message)
        .severity(severity);
    finding.removed_in = Some(release);
    findings.push(finding);
}

fn served(subject: &Subject<'_>, word: &str, at: &At<'_>, findings: &mut Vec<Finding>) {
    let (name, state) = word.split_once('=').unwrap_or((word, "true"));
    if state == "false" {
        return;
    }
    let mut parts = name.split('/');
    let (group, version, plural) = match (parts.next(), parts.next(), parts.next()) {
        (Some("api") | None, ..) | (_, None, _) => return,
        (Some(group), Some(version), plural) => (group, version, plural),
    };
    let mut known = false;
    for api in lifecycle::all().filter(|api| {
        api.class == Class::Resource
            && api.group == group
            && api.version == version
            && plural.is_none_or(|plural| api.plural == Some(plural))
    }) {
        known = true;
        if !matches!(api.state(subject.question.target), State::Removed) {
            return;
        }
    }
    if known {
        let message = format!(
            "--runtime-config enables {name}, which {} does not have",
            subject.question.target
        );
        findings.push(subject.finding(&rules::RUNTIME_CONFIG_REMOVED, at, message));
    }
}

/// The cloud providers inside of Kubernetes, with the release without them: the changelogs of 1.26, 1.27 and 1.31.
const CLOUD_PROVIDERS: [(&str, u64); 6] = [
    ("openstack", 26),
    ("aws", 27),
    ("azure", 31),
    ("gce", 31),
    ("vsphere", 31),
    ("cloudstack", 15),
];

fn cloud_provider(
    subject: &Subject<'_>,
    program: &str,
    value: &str,
    at: &At<'_>,
    findings: &mut Vec<Finding>,
) {
    let Some((_, gone)) = CLOUD_PROVIDERS.iter().find(|(name, _)| *name == value) else {
        return;
    };
    let release = MinorVersion::new(1, *gone);
    let (severity, verb) = if subject.from(*gone) {
        (Severity::Error, "was")
    } else {
        (Severity::Warning, "will be")
    };
    let message = format!("{program} --cloud-provider={value}: the provider {verb} removed in {release}");
    let mut finding = subject
        .finding(&rules::CLOUD_PROVIDER_IN_TREE, at, message)
        .severity(severity);
    finding.removed_in = Some(release);
    finding.replacement = Some("--cloud-provider=external with the vendor's cloud controller manager".into());
    findings.push(finding);
}

/// Whether a value is a number of percent: `100%`.
pub(super) fn percent(value: &Value) -> Option<u64> {
    value.as_str()?.strip_suffix('%')?.parse().ok()
}
