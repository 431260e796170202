//! What pods say: annotations, node labels, tolerations, volumes, images, and the flags of control-plane components.

use fleet_core::MinorVersion;

use super::control_plane::{Component, flag};
use super::{At, Subject};
use crate::finding::{Finding, Severity};
use crate::rules;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(pod) = pod(subject) else { return };
    if let Some(annotations) = pod.fields(&["metadata", "annotations"]) {
        self::annotations(subject, &annotations, findings);
    }
    let Some(spec) = pod.field("spec") else { return };
    node_labels(subject, &spec, findings);
    tolerations(subject, &spec, findings);
    for volume in spec.field("volumes").iter().flat_map(At::items) {
        self::volume(subject, &volume, findings);
        docker_socket(subject, &volume, findings);
    }
    for field in ["initContainers", "containers"] {
        for container in spec.field(field).iter().flat_map(At::items) {
            self::container(subject, &container, findings);
        }
    }
    if let (Some(old), None) = (spec.field("serviceAccount"), spec.field("serviceAccountName")) {
        let message = "serviceAccount is the old name of serviceAccountName";
        findings.push(subject.finding(&rules::DEPRECATED_FIELD, &old, message));
    }
}

/// The pod that an object is or makes: with `metadata` and `spec`.
fn pod<'a>(subject: &Subject<'a>) -> Option<At<'a>> {
    let root = subject.root();
    match (subject.group, subject.kind) {
        ("", "Pod") => Some(root),
        ("", "PodTemplate") => root.field("template"),
        ("", "ReplicationController")
        | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet")
        | ("batch", "Job") => root.fields(&["spec", "template"]),
        ("batch", "CronJob") => root.fields(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

fn annotations(subject: &Subject<'_>, annotations: &At<'_>, findings: &mut Vec<Finding>) {
    for (name, at) in annotations.entries() {
        if name == "seccomp.security.alpha.kubernetes.io/pod"
            || name.starts_with("container.seccomp.security.alpha.kubernetes.io/")
        {
            let (severity, fate) = if subject.from(27) {
                (Severity::Error, "is ignored since 1.27")
            } else {
                (Severity::Warning, "is ignored from 1.27")
            };
            let message = format!("the annotation {name} {fate}: set securityContext.seccompProfile");
            let finding = subject.finding(&rules::SECCOMP_ANNOTATION, &at, message);
            findings.push(finding.severity(severity));
        } else if name.starts_with("container.apparmor.security.beta.kubernetes.io/") && subject.from(30) {
            let message = format!(
                "the annotation {name} is deprecated since 1.30: set securityContext.appArmorProfile"
            );
            findings.push(subject.finding(&rules::APPARMOR_ANNOTATION, &at, message));
        } else if name == "scheduler.alpha.kubernetes.io/critical-pod" && subject.from(16) {
            let message = format!("the annotation {name} has no effect since 1.16: set priorityClassName");
            findings.push(subject.finding(&rules::CRITICAL_POD_ANNOTATION, &at, message));
        } else if matches!(
            name,
            "security.alpha.kubernetes.io/sysctls" | "security.alpha.kubernetes.io/unsafe-sysctls"
        ) {
            let message =
                format!("the annotation {name} has no effect since 1.11: set securityContext.sysctls");
            findings.push(subject.finding(&rules::DEPRECATED_ANNOTATION, &at, message));
        }
    }
}

const MASTER: &str = "node-role.kubernetes.io/master";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

fn node_labels(subject: &Subject<'_>, spec: &At<'_>, findings: &mut Vec<Finding>) {
    for (name, at) in spec.field("nodeSelector").iter().flat_map(At::entries) {
        node_label(subject, name, &at, true, findings);
    }
    let Some(affinity) = spec.fields(&["affinity", "nodeAffinity"]) else {
        return;
    };
    let required = affinity
        .fields(&[
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms",
        ])
        .into_iter()
        .flat_map(|terms| terms.items());
    let preferred = affinity
        .field("preferredDuringSchedulingIgnoredDuringExecution")
        .into_iter()
        .flat_map(|terms| terms.items())
        .filter_map(|term| term.field("preference"));
    for (term, must) in required
        .map(|term| (term, true))
        .chain(preferred.map(|term| (term, false)))
    {
        for expression in term.field("matchExpressions").iter().flat_map(At::items) {
            let positive = matches!(expression.text("operator"), Some("In" | "Exists"));
            if let Some(key) = expression.field("key") {
                node_label(subject, key.str().unwrap_or(""), &key, must && positive, findings);
            }
        }
    }
}

fn node_label(subject: &Subject<'_>, name: &str, at: &At<'_>, must: bool, findings: &mut Vec<Finding>) {
    if name == MASTER {
        let severity = if subject.from(24) && must {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = format!("kubeadm does not label nodes {MASTER} from 1.24: use {CONTROL_PLANE}");
        findings.push(
            subject
                .finding(&rules::MASTER_LABEL, at, message)
                .severity(severity),
        );
        return;
    }
    let stable = match name {
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        _ => return,
    };
    let message = format!("the node label {name} is deprecated: use {stable}");
    findings.push(subject.finding(&rules::BETA_NODE_LABEL, at, message));
}

fn tolerations(subject: &Subject<'_>, spec: &At<'_>, findings: &mut Vec<Finding>) {
    let Some(tolerations) = spec.field("tolerations") else {
        return;
    };
    let tolerates_new = tolerations
        .items()
        .any(|toleration| match toleration.text("key") {
            None | Some("") => true,
            Some(key) => key == CONTROL_PLANE,
        });
    if tolerates_new {
        return;
    }
    let old = tolerations
        .items()
        .find(|toleration| toleration.text("key") == Some(MASTER));
    if let Some(old) = old {
        let severity = if subject.from(24) {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message =
            format!("tolerates {MASTER} but not {CONTROL_PLANE}, which kubeadm taints nodes with from 1.24");
        findings.push(
            subject
                .finding(&rules::MASTER_TAINT, &old, message)
                .severity(severity),
        );
    }
}

/// A volume plugin inside of Kubernetes.
pub(super) struct Plugin {
    field: &'static str,
    /// `kubernetes.io/NAME` as provisioner of a `StorageClass`.
    provisioner: &'static str,
    /// The release without it.
    gone: u64,
    /// The CSI driver that its volumes are redirected to.
    driver: Option<&'static str>,
}

const fn plugin(
    field: &'static str,
    provisioner: &'static str,
    gone: u64,
    driver: Option<&'static str>,
) -> Plugin {
    Plugin {
        field,
        provisioner,
        gone,
        driver,
    }
}

/// From the documentation of volumes: <https://kubernetes.io/docs/concepts/storage/volumes/>.
static PLUGINS: &[Plugin] = &[
    plugin("awsElasticBlockStore", "aws-ebs", 27, Some("ebs.csi.aws.com")),
    plugin("azureDisk", "azure-disk", 27, Some("disk.csi.azure.com")),
    plugin("azureFile", "azure-file", 30, Some("file.csi.azure.com")),
    plugin("cinder", "cinder", 26, Some("cinder.csi.openstack.org")),
    plugin("gcePersistentDisk", "gce-pd", 28, Some("pd.csi.storage.gke.io")),
    plugin(
        "vsphereVolume",
        "vsphere-volume",
        30,
        Some("csi.vsphere.vmware.com"),
    ),
    plugin("portworxVolume", "portworx-volume", 36, Some("pxd.portworx.com")),
    plugin("glusterfs", "glusterfs", 26, None),
    plugin("cephfs", "cephfs", 31, None),
    plugin("rbd", "rbd", 31, None),
    plugin("flocker", "flocker", 25, None),
    plugin("quobyte", "quobyte", 25, None),
    plugin("storageos", "storageos", 25, None),
    plugin("scaleIO", "scaleio", 22, None),
];

/// A volume of a pod, or the spec of a `PersistentVolume`.
pub(super) fn volume(subject: &Subject<'_>, volume: &At<'_>, findings: &mut Vec<Finding>) {
    for found in PLUGINS {
        if let Some(at) = volume.field(found.field) {
            findings.push(plugin_finding(subject, found, found.field, &at));
        }
    }
    if let Some(at) = volume.field("gitRepo") {
        let (severity, fate) = if subject.from(33) {
            (
                Severity::Error,
                "are refused since 1.33 unless the kubelet is told otherwise",
            )
        } else {
            (Severity::Warning, "are deprecated, and refused from 1.33")
        };
        let message = format!("gitRepo volumes {fate}: clone in an init container");
        findings.push(
            subject
                .finding(&rules::IN_TREE_VOLUME_REMOVED, &at, message)
                .severity(severity),
        );
    }
}

/// Pods that talk to the Docker of their node.
fn docker_socket(subject: &Subject<'_>, volume: &At<'_>, findings: &mut Vec<Finding>) {
    let Some(path) = volume.fields(&["hostPath", "path"]) else {
        return;
    };
    if let Some(socket @ ("/var/run/docker.sock" | "/run/docker.sock" | "/var/run/dockershim.sock")) =
        path.str()
    {
        let severity = if subject.from(24) {
            Severity::Warning
        } else {
            Severity::Info
        };
        let message = format!("mounts {socket}: from 1.24 on the kubelet does not run its pods with Docker");
        findings.push(
            subject
                .finding(&rules::DOCKER_SOCKET, &path, message)
                .severity(severity),
        );
    }
}

/// The provisioner of a `StorageClass`.
pub(super) fn provisioner(subject: &Subject<'_>, at: &At<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = at.str().and_then(|name| name.strip_prefix("kubernetes.io/")) else {
        return;
    };
    if let Some(found) = PLUGINS.iter().find(|plugin| plugin.provisioner == name) {
        findings.push(plugin_finding(subject, found, at.str().unwrap_or(name), at));
    }
}

fn plugin_finding(subject: &Subject<'_>, plugin: &Plugin, name: &str, at: &At<'_>) -> Finding {
    let gone = subject.from(plugin.gone);
    let release = MinorVersion::new(1, plugin.gone);
    let mut finding = if let Some(driver) = plugin.driver {
        let message = if gone {
            format!("{name} has no plugin since {release}: it works only with the CSI driver {driver}")
        } else {
            format!("{name} loses its plugin in {release}: install the CSI driver {driver} before")
        };
        let severity = if gone { Severity::Warning } else { Severity::Info };
        subject
            .finding(&rules::IN_TREE_VOLUME, at, message)
            .severity(severity)
    } else {
        let (severity, verb) = if gone {
            (Severity::Error, "was")
        } else {
            (Severity::Warning, "will be")
        };
        let message = format!("{name} {verb} removed in {release}, and no driver takes its volumes over");
        subject
            .finding(&rules::IN_TREE_VOLUME_REMOVED, at, message)
            .severity(severity)
    };
    finding.removed_in = Some(release);
    finding.replacement = plugin.driver.map(|driver| format!("CSI driver {driver}").into());
    finding
}

fn container(subject: &Subject<'_>, container: &At<'_>, findings: &mut Vec<Finding>) {
    if let Some(image) = container.field("image")
        && let Some(rest) = image.str().and_then(|image| image.strip_prefix("k8s.gcr.io/"))
    {
        let message = format!("k8s.gcr.io is frozen since April 2023: use registry.k8s.io/{rest}");
        let mut finding = subject.finding(&rules::LEGACY_IMAGE_REGISTRY, &image, message);
        finding.replacement = Some(format!("registry.k8s.io/{rest}").into());
        findings.push(finding);
    }
    let arguments: Vec<At<'_>> = ["command", "args"]
        .iter()
        .filter_map(|field| container.field(field))
        .flat_map(|list| list.items())
        .collect();
    let component = arguments.iter().find_map(|argument| {
        let program = argument.str()?.rsplit('/').next()?;
        Component::of_program(program)
    });
    let Some(component) = component else { return };
    for argument in &arguments {
        if let Some((name, value)) = argument.str().and_then(split_flag) {
            flag(subject, component, name, value, argument, findings);
        }
    }
}

fn split_flag(argument: &str) -> Option<(&str, Option<&str>)> {
    let rest = argument.strip_prefix("--")?;
    Some(match rest.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (rest, None),
    })
}
