//! The rules: each with its identifier, severity, reason, link and fix.

use crate::finding::Severity;

/// One thing that is looked for.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The identifier. It never changes.
    pub id: &'static str,
    /// How bad a finding is, unless the target version makes it better or worse.
    pub severity: Severity,
    /// The rule in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub reason: &'static str,
    /// Where to read on.
    pub link: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Whether a finding means that a part of the input could not be judged.
    pub incomplete: bool,
}

/// Every rule, in the order of the documentation.
pub fn all() -> &'static [&'static Rule] {
    ALL
}

/// The rule of this identifier.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $incomplete:literal, $title:literal, $reason:literal, $link:literal, $fix:literal;)*) => {
        $(pub(crate) static $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            title: $title,
            reason: $reason,
            link: $link,
            fix: $fix,
            incomplete: $incomplete,
        };)*
        static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    API_REMOVED = "api-removed", Error, false,
        "API version removed",
        "The API server of the target version does not serve this version of the kind: the object can be neither created nor changed.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Move the manifest to the replacement before the upgrade.";
    API_DEPRECATED = "api-deprecated", Warning, false,
        "API version deprecated",
        "The API server of the target version still serves it, with a warning; a later release does not.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Move the manifest to the replacement.";
    API_OFF_BY_DEFAULT = "api-off-by-default", Info, false,
        "API version not served by default",
        "Alpha versions, and beta versions new since Kubernetes 1.24, are served only when the API server is told to.",
        "https://kubernetes.io/docs/reference/using-api/",
        "Use a version that is served by default, or keep --runtime-config in the control plane.";
    API_NOT_YET = "api-not-yet", Info, false,
        "API version newer than the target",
        "The target version does not have this version of the kind yet.",
        "https://kubernetes.io/docs/reference/using-api/",
        "Keep the manifest for clusters that have it.";
    API_IN_TEXT = "api-in-text", Warning, false,
        "Old API version in text that was not parsed",
        "The text is a template, or cannot be parsed; the old version stands in it literally.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Render the template and scan what comes out; change the version in the template.";
    API_REQUESTED = "api-requested", Warning, false,
        "Deprecated API requested",
        "Some client has asked the API server for this version since the server started. The metric names no client, and the garbage collector and backup tools set it, too.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#locate-use-of-deprecated-apis",
        "Find the client in the audit log (annotation k8s.io/deprecated) and update it.";
    PLATFORM_API_REMOVED = "platform-api-removed", Warning, false,
        "API version removed by its component",
        "The component that brings this CustomResourceDefinition has dropped the version.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/",
        "Move the manifest to the replacement before the component is upgraded.";
    PLATFORM_API_DEPRECATED = "platform-api-deprecated", Info, false,
        "API version deprecated by its component",
        "The component that brings this CustomResourceDefinition has announced the end of the version.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/",
        "Move the manifest to the replacement.";
    CRD_VERSION_NOT_SERVED = "crd-version-not-served", Warning, false,
        "Version not served by its CustomResourceDefinition",
        "A CustomResourceDefinition in the same input says `served: false` for this version, or does not list it.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/",
        "Move the manifest to a version that is served.";
    CRD_VERSION_DEPRECATED = "crd-version-deprecated", Info, false,
        "Version deprecated by its CustomResourceDefinition",
        "A CustomResourceDefinition in the same input says `deprecated: true` for this version.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-deprecation",
        "Move the manifest to the version that the warning names.";
    CRD_STORED_VERSION = "crd-stored-version", Warning, false,
        "Stored version not among the versions",
        "`status.storedVersions` names a version that `spec.versions` no longer serves; removing it strands objects in etcd.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#upgrade-existing-objects-to-a-new-stored-version",
        "Rewrite the objects, then take the version out of status.storedVersions.";
    FLAG_REMOVED = "flag-removed", Error, false,
        "Component flag removed",
        "The component does not start when it is given a flag that it does not know.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/",
        "Take the flag out before the upgrade.";
    FLAG_DEPRECATED = "flag-deprecated", Info, false,
        "Component flag deprecated",
        "The flag still works, and a later release drops it.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/",
        "Take the flag out.";
    FEATURE_GATE_REMOVED = "feature-gate-removed", Error, false,
        "Feature gate removed",
        "The component does not start when it is given a feature gate that it does not know.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates-removed/",
        "Take the gate out before the upgrade.";
    FEATURE_GATE_LOCKED = "feature-gate-locked", Error, false,
        "Feature gate locked",
        "The gate cannot be set to this value any more: the component does not start.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/",
        "Take the gate out before the upgrade.";
    ADMISSION_PLUGIN_REMOVED = "admission-plugin-removed", Error, false,
        "Admission plugin removed",
        "The API server does not start when it is told to enable a plugin that it does not know.",
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",
        "Take the plugin out of the list before the upgrade.";
    RUNTIME_CONFIG_REMOVED = "runtime-config-removed", Warning, false,
        "Removed API in runtime-config",
        "The API server is told to serve an API version that the target version does not have.",
        "https://kubernetes.io/docs/reference/using-api/#enabling-or-disabling",
        "Take it out of the list.";
    KUBE_PROXY_MODE_REMOVED = "kube-proxy-mode-removed", Error, false,
        "kube-proxy mode removed",
        "kube-proxy has no userspace mode since Kubernetes 1.26, and does not start with it.",
        "https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-modes",
        "Use mode iptables or nftables, or leave the field out.";
    DOCKER_SOCKET = "docker-socket", Warning, false,
        "Docker's socket on the node",
        "The kubelet has not used Docker since Kubernetes 1.24: the socket is not there, or knows nothing of the pods.",
        "https://kubernetes.io/docs/tasks/administer-cluster/migrating-from-dockershim/check-if-dockershim-removal-affects-you/",
        "Use the container runtime's own socket, or a tool that needs none.";
    CONTAINER_RUNTIME_OLD = "container-runtime-old", Error, false,
        "Container runtime too old",
        "The kubelet of the target version does not work with this container runtime.",
        "https://kubernetes.io/docs/setup/production-environment/container-runtimes/",
        "Upgrade the runtime before the kubelet.";
    CLOUD_PROVIDER_IN_TREE = "cloud-provider-in-tree", Error, false,
        "In-tree cloud provider",
        "The cloud providers inside of Kubernetes are gone: the last ones were dropped in 1.31.",
        "https://kubernetes.io/docs/tasks/administer-cluster/running-cloud-controller/",
        "Set the cloud provider to external and run the vendor's cloud controller manager.";
    IN_TREE_VOLUME = "in-tree-volume", Warning, false,
        "In-tree volume plugin",
        "The plugin inside of Kubernetes is gone; its volumes work only through the CSI driver that took its place.",
        "https://kubernetes.io/docs/concepts/storage/volumes/",
        "Install the CSI driver before the upgrade, and move to it.";
    IN_TREE_VOLUME_REMOVED = "in-tree-volume-removed", Error, false,
        "Removed volume plugin",
        "The volume plugin is gone and nothing takes its place: pods with such a volume do not start.",
        "https://kubernetes.io/docs/concepts/storage/volumes/",
        "Move the data to another kind of volume before the upgrade.";
    POD_SECURITY_POLICY = "pod-security-policy", Warning, false,
        "PodSecurityPolicy's remains",
        "PodSecurityPolicy is gone since Kubernetes 1.25; rules about it grant nothing.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/",
        "Use Pod Security admission (namespace labels) or a policy engine, and take the rule out.";
    RBAC_REMOVED_GROUP = "rbac-removed-group", Warning, false,
        "RBAC rule for a removed API",
        "The rule names a resource in an API group that does not have it any more: it grants nothing, and the new group is not granted.",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        "Grant the resource in the group that has it now.";
    STALE_REFERENCE = "stale-reference", Error, false,
        "Reference to a removed API",
        "The object names another one by an API that the target version does not have: it is not found, or no longer watched.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Name the API that took its place.";
    SECCOMP_ANNOTATION = "seccomp-annotation", Error, false,
        "seccomp annotation",
        "Kubernetes 1.27 and newer ignore the seccomp annotations: the pod runs without the profile.",
        "https://kubernetes.io/docs/tutorials/security/seccomp/",
        "Set securityContext.seccompProfile.";
    APPARMOR_ANNOTATION = "apparmor-annotation", Warning, false,
        "AppArmor annotation",
        "The AppArmor annotations are deprecated since Kubernetes 1.30.",
        "https://kubernetes.io/docs/tutorials/security/apparmor/",
        "Set securityContext.appArmorProfile.";
    CRITICAL_POD_ANNOTATION = "critical-pod-annotation", Warning, false,
        "critical-pod annotation",
        "The annotation has no effect since Kubernetes 1.16: the pod is not critical.",
        "https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/",
        "Set priorityClassName: system-cluster-critical or system-node-critical.";
    BETA_NODE_LABEL = "beta-node-label", Warning, false,
        "Beta node label",
        "The label is deprecated: its stable successor is there since Kubernetes 1.14 (os, arch) and 1.17 (zone, region, instance type).",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/",
        "Use the stable label.";
    MASTER_LABEL = "master-label", Error, false,
        "Node label of the old control-plane role",
        "kubeadm does not label control-plane nodes node-role.kubernetes.io/master since 1.24: the pod fits no node.",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane",
        "Use node-role.kubernetes.io/control-plane.";
    MASTER_TAINT = "master-taint", Error, false,
        "Toleration of the old control-plane taint",
        "kubeadm taints control-plane nodes node-role.kubernetes.io/control-plane since 1.25, which this pod does not tolerate.",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane-taint",
        "Tolerate node-role.kubernetes.io/control-plane.";
    LEGACY_IMAGE_REGISTRY = "legacy-image-registry", Warning, false,
        "Frozen image registry",
        "k8s.gcr.io is frozen since April 2023, and redirects only for now.",
        "https://kubernetes.io/blog/2023/03/10/image-registry-redirect/",
        "Use registry.k8s.io.";
    DEPRECATED_ANNOTATION = "deprecated-annotation", Warning, false,
        "Deprecated annotation",
        "The annotation has a field that took its place.",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/",
        "Use the field.";
    DEPRECATED_FIELD = "deprecated-field", Info, false,
        "Deprecated field",
        "The field still works, and should not be used any more.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-policy/",
        "Use what took its place.";
    REMOVED_FIELD = "removed-field", Error, false,
        "Removed field",
        "The target version does not have the field: strict validation refuses it, and otherwise it is dropped in silence.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-policy/",
        "Use what took its place.";
    CRON_SCHEDULE_ZONE = "cron-schedule-zone", Error, false,
        "Time zone in a cron schedule",
        "A CronJob whose schedule names a time zone is refused since Kubernetes 1.29.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#unsupported-timezone-specification",
        "Set spec.timeZone.";
    COMPONENT_INCOMPATIBLE = "component-incompatible", Warning, false,
        "Component outside of its supported versions",
        "The component's own documentation does not list the target version for this release.",
        "https://kubernetes.io/docs/setup/release/version-skew-policy/",
        "Upgrade the component first.";
    PDB_NEVER_EVICTS = "pdb-never-evicts", Error, false,
        "PodDisruptionBudget that never allows an eviction",
        "No pod that it covers can be evicted: draining a node waits for ever.",
        "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
        "Allow at least one disruption, or remove the budget for the upgrade.";
    SINGLE_REPLICA = "single-replica", Info, false,
        "Workload with a single replica",
        "It is down while its node is drained.",
        "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
        "Run two or more, with a PodDisruptionBudget, or accept the gap.";
    WEBHOOK_FAILS_CLOSED = "webhook-fails-closed", Warning, false,
        "Webhook that fails closed",
        "While no pod of its service is ready, the API server refuses what the webhook watches; also the pods that would bring it back.",
        "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
        "Exclude kube-system and the webhook's own namespace, run two or more replicas with a PodDisruptionBudget, or set failurePolicy: Ignore.";
    CERTIFICATE_EXPIRES = "certificate-expires", Warning, false,
        "Certificate about to expire",
        "What uses the certificate stops working when it ends.",
        "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/",
        "Renew it before the upgrade.";
    VERSION_SKEW = "version-skew", Error, false,
        "Node too old for the control plane",
        "A kubelet may be at most three minor versions older than the API server (two before Kubernetes 1.28), and never newer.",
        "https://kubernetes.io/releases/version-skew-policy/",
        "Upgrade the nodes first.";
    EMBEDDED_MANIFEST = "embedded-manifest", Warning, false,
        "Old API version in an embedded manifest",
        "A string in this object holds a manifest that something else applies.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Move the embedded manifest to the replacement.";
    UNRENDERED_VALUE = "unrendered-value", Info, false,
        "Variable instead of a value",
        "The apiVersion or kind is a variable: it cannot be judged.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Scan the text after the variables were replaced.";
    UNPARSABLE = "unparsable", Warning, true,
        "Document that cannot be parsed",
        "Nothing can be said about a document that cannot be read.",
        "https://yaml.org/spec/1.2.2/",
        "Mend the text.";
    NOT_TEXT = "not-text", Warning, true,
        "File that is not text",
        "Binary and compressed files are not read.",
        "https://yaml.org/spec/1.2.2/#51-character-set",
        "Scan what is in it, or leave it out.";
    TEMPLATE = "template", Warning, true,
        "Template that was not rendered",
        "A template is no manifest yet: only what stands in it literally can be seen.",
        "https://helm.sh/docs/helm/helm_template/",
        "Render it (helm template, kustomize build) and scan what comes out.";
    TOO_LARGE = "too-large", Warning, true,
        "Document too large",
        "A Kubernetes object cannot be this large (requests end at 3 MiB); it was searched as text only.",
        "https://kubernetes.io/docs/concepts/configuration/configmap/",
        "Split the document.";
    UNREADABLE = "unreadable", Warning, true,
        "Not readable",
        "The file, directory or resource could not be read, so nothing can be said about it.",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        "Give the scan what it needs to read it.";
    HELM_RELEASE_UNREADABLE = "helm-release-unreadable", Warning, true,
        "Helm release that cannot be decoded",
        "The record is not what Helm writes: base64, gzip and JSON.",
        "https://helm.sh/docs/topics/advanced/#storage-backends",
        "Restore the record, or delete it with helm uninstall.";
    HELM_2 = "helm-2", Warning, true,
        "Helm 2 release",
        "Helm 2 has been out of support since 2020, and its records are not read.",
        "https://helm.sh/docs/v3/topics/v2_v3_migration/",
        "Migrate it with helm-2to3.";
    ANNOTATION_UNREADABLE = "annotation-unreadable", Info, false,
        "last-applied annotation that cannot be read",
        "It holds no JSON, so it does not tell which version was applied.",
        "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/",
        "Apply the object again.";
    TOO_MANY_FINDINGS = "too-many-findings", Warning, true,
        "More findings than are kept",
        "The scan stopped keeping findings to bound its memory.",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        "Scan parts of the input.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_links_are_links() {
        for (index, rule) in all().iter().enumerate() {
            assert!(
                all()[..index].iter().all(|other| other.id != rule.id),
                "{}",
                rule.id
            );
            assert!(rule.link.starts_with("https://"), "{}", rule.id);
            assert_eq!(find(rule.id), Some(*rule));
        }
    }
}
