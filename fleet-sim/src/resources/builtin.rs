//! The table of built-in resources. A new one is one more line.

use std::sync::Arc;

use super::{NameRule, ResourceType, ScalePaths, ServedVersion, Traits};
use crate::schema::Schema;
use crate::store::ResourceKey;
use crate::table;

struct BuiltIn {
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    /// What the resource has or does besides the common: see `traits`.
    marks: &'static [Mark],
    /// Fields, besides metadata's, that lists can be selected by.
    selectable: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// In no namespace.
    Cluster,
    /// In the category `all`.
    All,
    /// In the category `api-extensions`.
    ApiExtensions,
    Status,
    Scale,
    Generation,
    /// Replacing needs the resourceVersion.
    Conditional,
    CreateOnUpdate,
    StatusOnCreate,
    ReturnsDeleted,
    LabelName,
    SegmentName,
    AnyName,
    /// Deleted one by one only.
    NoDeleteCollection,
}

use Mark::{
    All, AnyName, ApiExtensions, Cluster, Conditional, CreateOnUpdate, Generation, LabelName,
    NoDeleteCollection, ReturnsDeleted, Scale, SegmentName, Status, StatusOnCreate,
};

const fn row(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    marks: &'static [Mark],
    selectable: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        group,
        kind,
        plural,
        short,
        marks,
        selectable,
    }
}

const NONE: &[&str] = &[];
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.resourceVersion",
    "involvedObject.uid",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
const NEW_EVENT_FIELDS: &[&str] = &[
    "regarding.kind",
    "regarding.name",
    "regarding.namespace",
    "regarding.uid",
    "reason",
    "reportingController",
    "type",
];
const POD_FIELDS: &[&str] = &[
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];

const ADMISSION: &str = "admissionregistration.k8s.io";
const DEFINITIONS: &str = "apiextensions.k8s.io";
const COORDINATION: &str = "coordination.k8s.io";
const DISCOVERY: &str = "discovery.k8s.io";
const EVENTS: &str = "events.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const SCHEDULING: &str = "scheduling.k8s.io";
const STORAGE: &str = "storage.k8s.io";

#[rustfmt::skip] // One line a resource, as in a table.
const TABLE: &[BuiltIn] = &[
    row("", "ConfigMap", "configmaps", &["cm"], &[], NONE),
    row("", "Endpoints", "endpoints", &["ep"], &[CreateOnUpdate], NONE),
    row("", "Event", "events", &["ev"], &[CreateOnUpdate, AnyName], EVENT_FIELDS),
    row("", "LimitRange", "limitranges", &["limits"], &[CreateOnUpdate], NONE),
    row("", "Namespace", "namespaces", &["ns"], &[Cluster, Status, StatusOnCreate, LabelName, NoDeleteCollection], &["status.phase"]),
    row("", "Node", "nodes", &["no"], &[Cluster, Status, StatusOnCreate], &["spec.unschedulable"]),
    row("", "PersistentVolume", "persistentvolumes", &["pv"], &[Cluster, Status, ReturnsDeleted], NONE),
    row("", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"], &[Status, ReturnsDeleted], NONE),
    row("", "Pod", "pods", &["po"], &[All, Status, ReturnsDeleted, Generation], POD_FIELDS),
    row("", "PodTemplate", "podtemplates", &[], &[Generation, ReturnsDeleted], NONE),
    row("", "ReplicationController", "replicationcontrollers", &["rc"], &[All, Status, Scale, Generation], &["status.replicas"]),
    row("", "ResourceQuota", "resourcequotas", &["quota"], &[Status, ReturnsDeleted], NONE),
    row("", "Secret", "secrets", &[], &[], &["type"]),
    row("", "Service", "services", &["svc"], &[All, Status, CreateOnUpdate, ReturnsDeleted, LabelName], &["spec.clusterIP", "spec.type"]),
    row("", "ServiceAccount", "serviceaccounts", &["sa"], &[ReturnsDeleted], NONE),
    row(ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", &[], &[Cluster, ApiExtensions, Generation, Conditional], NONE),
    row(ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", &[], &[Cluster, ApiExtensions, Generation, Conditional], NONE),
    row(DEFINITIONS, "CustomResourceDefinition", "customresourcedefinitions", &["crd", "crds"], &[Cluster, ApiExtensions, Status, Generation, Conditional, ReturnsDeleted], NONE),
    row("apps", "ControllerRevision", "controllerrevisions", &[], &[], NONE),
    row("apps", "DaemonSet", "daemonsets", &["ds"], &[All, Status, Generation], NONE),
    row("apps", "Deployment", "deployments", &["deploy"], &[All, Status, Scale, Generation], NONE),
    row("apps", "ReplicaSet", "replicasets", &["rs"], &[All, Status, Scale, Generation], &["status.replicas"]),
    row("apps", "StatefulSet", "statefulsets", &["sts"], &[All, Status, Scale, Generation], NONE),
    row("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"], &[All, Status], NONE),
    row("batch", "CronJob", "cronjobs", &["cj"], &[All, Status, Generation], NONE),
    row("batch", "Job", "jobs", &[], &[All, Status, Generation], &["status.successful"]),
    row(COORDINATION, "Lease", "leases", &[], &[Conditional, CreateOnUpdate], NONE),
    row(DISCOVERY, "EndpointSlice", "endpointslices", &[], &[Generation], NONE),
    row(EVENTS, "Event", "events", &["ev"], &[CreateOnUpdate, AnyName], NEW_EVENT_FIELDS),
    row(NETWORKING, "Ingress", "ingresses", &["ing"], &[Status, Generation], NONE),
    row(NETWORKING, "IngressClass", "ingressclasses", &[], &[Cluster, Generation], NONE),
    row(NETWORKING, "NetworkPolicy", "networkpolicies", &["netpol"], &[Generation], NONE),
    row("policy", "PodDisruptionBudget", "poddisruptionbudgets", &["pdb"], &[Status, Generation, Conditional], NONE),
    row(RBAC, "ClusterRole", "clusterroles", &[], &[Cluster, CreateOnUpdate, SegmentName], NONE),
    row(RBAC, "ClusterRoleBinding", "clusterrolebindings", &[], &[Cluster, CreateOnUpdate, SegmentName], NONE),
    row(RBAC, "Role", "roles", &[], &[CreateOnUpdate, SegmentName], NONE),
    row(RBAC, "RoleBinding", "rolebindings", &[], &[CreateOnUpdate, SegmentName], NONE),
    row(SCHEDULING, "PriorityClass", "priorityclasses", &["pc"], &[Cluster, Generation], NONE),
    row(STORAGE, "CSIDriver", "csidrivers", &[], &[Cluster, Generation, ReturnsDeleted], NONE),
    row(STORAGE, "CSINode", "csinodes", &[], &[Cluster, ReturnsDeleted], NONE),
    row(STORAGE, "StorageClass", "storageclasses", &["sc"], &[Cluster, ReturnsDeleted], NONE),
    row(STORAGE, "VolumeAttachment", "volumeattachments", &[], &[Cluster, Status, ReturnsDeleted], NONE),
];

/// Whether the group is one of the built-in ones, which answer for paths within them.
pub(crate) fn is_built_in_group(group: &str) -> bool {
    TABLE.iter().any(|row| row.group == group)
}

pub(super) fn all() -> impl Iterator<Item = ResourceType> {
    TABLE.iter().map(BuiltIn::resource)
}

impl BuiltIn {
    fn version(&self) -> &'static str {
        if self.group == "autoscaling" { "v2" } else { "v1" }
    }

    /// The Go type in the table of types: `core/v1.Pod`.
    fn go_type(&self) -> String {
        let package = match self.group.split('.').next().unwrap_or_default() {
            "" => "core",
            first => first,
        };
        format!("{package}/{}.{}", self.version(), self.kind)
    }

    fn resource(&self) -> ResourceType {
        let has = |mark| self.marks.contains(&mark);
        let version: Arc<str> = self.version().into();
        let go_type = self.go_type();
        let category = |mark, name: &str| has(mark).then(|| name.to_owned());
        ResourceType {
            key: ResourceKey::new(self.group, self.plural),
            kind: self.kind.to_owned(),
            list_kind: format!("{}List", self.kind),
            singular: self.kind.to_lowercase(),
            short_names: self.short.iter().map(|short| (*short).to_owned()).collect(),
            categories: category(All, "all")
                .into_iter()
                .chain(category(ApiExtensions, "api-extensions"))
                .collect(),
            namespaced: !has(Cluster),
            versions: vec![ServedVersion {
                name: Arc::clone(&version),
                served: true,
                schema: Schema::built_in(&go_type),
                status: has(Status),
                scale: has(Scale).then(workload_scale),
                selectable_fields: self.selectable.iter().map(|field| (*field).to_owned()).collect(),
                columns: table::built_in(&go_type).into(),
                deprecation: (self.kind == "Endpoints").then(|| {
                    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".into()
                }),
            }],
            storage_version: version,
            traits: Traits {
                name: match () {
                    () if has(LabelName) => NameRule::Label,
                    () if has(SegmentName) => NameRule::PathSegment,
                    () if has(AnyName) => NameRule::Any,
                    () => NameRule::Subdomain,
                },
                unconditional_update: !has(Conditional),
                create_on_update: has(CreateOnUpdate),
                generation: has(Generation),
                status_on_create: has(StatusOnCreate) || !has(Status),
                returns_deleted: has(ReturnsDeleted),
                status_keeps_metadata: true,
                deletes_collections: !has(NoDeleteCollection),
            },
            go_type: Some(go_type),
        }
    }
}

fn workload_scale() -> ScalePaths {
    let path = |parts: [&str; 2]| parts.iter().map(|part| (*part).to_owned()).collect();
    ScalePaths {
        spec_replicas: path(["spec", "replicas"]),
        status_replicas: path(["status", "replicas"]),
        selector: path(["spec", "selector"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_type_in_the_table_of_types() {
        for row in TABLE {
            assert!(
                crate::kubernetes::structure(&row.go_type()).is_some(),
                "{}",
                row.go_type()
            );
        }
    }
}
