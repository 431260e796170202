//! The table of built-in resources. A new one is one more line.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{NameRule, ResourceType, ScalePaths, ServedVersion, Traits};
use crate::schema::Schema;
use crate::store::ResourceKey;

/// Built-in groups, the core group first.
pub(crate) const KNOWN_GROUPS: [&str; 7] = [
    "",
    "apiextensions.k8s.io",
    "apps",
    "batch",
    "coordination.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
];

struct BuiltIn {
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
    /// What the resource has or does besides the common: see `traits`.
    marks: &'static [Mark],
    /// Fields, besides metadata's, that lists can be selected by.
    selectable: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Status,
    Scale,
    Generation,
    /// Replacing needs the resourceVersion.
    Conditional,
    CreateOnUpdate,
    StatusOnCreate,
    ReturnsDeleted,
    LabelName,
    Label1035Name,
    SegmentName,
}

use Mark::{
    Conditional, CreateOnUpdate, Generation, Label1035Name, LabelName, ReturnsDeleted, Scale, SegmentName,
    Status, StatusOnCreate,
};

const fn row(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
    marks: &'static [Mark],
    selectable: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        group,
        kind,
        plural,
        short,
        namespaced,
        marks,
        selectable,
    }
}

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
const POD_FIELDS: &[&str] = &[
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
];
const WORKLOAD: &[Mark] = &[Status, Scale, Generation];
const RBAC: &str = "rbac.authorization.k8s.io";

const TABLE: &[BuiltIn] = &[
    row("", "ConfigMap", "configmaps", &["cm"], true, &[], &[]),
    row(
        "",
        "Event",
        "events",
        &["ev"],
        true,
        &[CreateOnUpdate],
        EVENT_FIELDS,
    ),
    row(
        "",
        "Namespace",
        "namespaces",
        &["ns"],
        false,
        &[Status, StatusOnCreate, LabelName],
        &["status.phase"],
    ),
    row(
        "",
        "Node",
        "nodes",
        &["no"],
        false,
        &[Status, StatusOnCreate],
        &["spec.unschedulable"],
    ),
    row(
        "",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        &["pvc"],
        true,
        &[Status, ReturnsDeleted],
        &[],
    ),
    row(
        "",
        "Pod",
        "pods",
        &["po"],
        true,
        &[Status, ReturnsDeleted],
        POD_FIELDS,
    ),
    row("", "Secret", "secrets", &[], true, &[], &["type"]),
    row(
        "",
        "Service",
        "services",
        &["svc"],
        true,
        &[Status, CreateOnUpdate, ReturnsDeleted, Label1035Name],
        &["spec.clusterIP", "spec.type"],
    ),
    row(
        "",
        "ServiceAccount",
        "serviceaccounts",
        &["sa"],
        true,
        &[ReturnsDeleted],
        &[],
    ),
    row(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        &["crd", "crds"],
        false,
        &[Status, Generation, Conditional, ReturnsDeleted],
        &[],
    ),
    row(
        "apps",
        "DaemonSet",
        "daemonsets",
        &["ds"],
        true,
        &[Status, Generation],
        &[],
    ),
    row(
        "apps",
        "Deployment",
        "deployments",
        &["deploy"],
        true,
        WORKLOAD,
        &[],
    ),
    row(
        "apps",
        "ReplicaSet",
        "replicasets",
        &["rs"],
        true,
        WORKLOAD,
        &["status.replicas"],
    ),
    row(
        "apps",
        "StatefulSet",
        "statefulsets",
        &["sts"],
        true,
        WORKLOAD,
        &[],
    ),
    row(
        "batch",
        "CronJob",
        "cronjobs",
        &["cj"],
        true,
        &[Status, Generation],
        &[],
    ),
    row(
        "batch",
        "Job",
        "jobs",
        &[],
        true,
        &[Status, Generation],
        &["status.successful"],
    ),
    row(
        "coordination.k8s.io",
        "Lease",
        "leases",
        &[],
        true,
        &[Conditional, CreateOnUpdate],
        &[],
    ),
    row(
        "policy",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        &["pdb"],
        true,
        &[Status, Generation, Conditional],
        &[],
    ),
    row(
        RBAC,
        "ClusterRole",
        "clusterroles",
        &[],
        false,
        &[CreateOnUpdate, SegmentName],
        &[],
    ),
    row(
        RBAC,
        "ClusterRoleBinding",
        "clusterrolebindings",
        &[],
        false,
        &[CreateOnUpdate, SegmentName],
        &[],
    ),
    row(
        RBAC,
        "Role",
        "roles",
        &[],
        true,
        &[CreateOnUpdate, SegmentName],
        &[],
    ),
    row(
        RBAC,
        "RoleBinding",
        "rolebindings",
        &[],
        true,
        &[CreateOnUpdate, SegmentName],
        &[],
    ),
];

pub(super) fn all() -> impl Iterator<Item = ResourceType> {
    TABLE.iter().map(BuiltIn::resource)
}

impl BuiltIn {
    fn resource(&self) -> ResourceType {
        let has = |mark| self.marks.contains(&mark);
        let version: Arc<str> = "v1".into();
        ResourceType {
            key: ResourceKey::new(self.group, self.plural),
            kind: self.kind.to_owned(),
            list_kind: format!("{}List", self.kind),
            singular: self.kind.to_lowercase(),
            short_names: self.short.iter().map(|short| (*short).to_owned()).collect(),
            categories: Vec::new(),
            namespaced: self.namespaced,
            versions: vec![ServedVersion {
                name: Arc::clone(&version),
                served: true,
                schema: Arc::new(Schema::built_in(&shape(self.kind))),
                status: has(Status),
                scale: has(Scale).then(workload_scale),
                selectable_fields: self.selectable.iter().map(|field| (*field).to_owned()).collect(),
            }],
            storage_version: version,
            traits: Traits {
                name: match () {
                    () if has(LabelName) => NameRule::Label,
                    () if has(Label1035Name) => NameRule::Label1035,
                    () if has(SegmentName) => NameRule::PathSegment,
                    () => NameRule::Subdomain,
                },
                unconditional_update: !has(Conditional),
                create_on_update: has(CreateOnUpdate),
                generation: has(Generation),
                status_on_create: has(StatusOnCreate) || !has(Status),
                returns_deleted: has(ReturnsDeleted),
                status_keeps_metadata: true,
            },
            custom: false,
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

/// The lists and maps of a kind that are not merged by the default rules.
fn shape(kind: &str) -> Value {
    let conditions = json!({"properties": {"conditions": keyed(&["type"], &json!({}))}});
    match kind {
        "Pod" => json!({"properties": {"spec": pod_spec(), "status": conditions}}),
        "Node" => json!({"properties": {"spec": {}, "status": {"properties": {
            "conditions": keyed(&["type"], &json!({})), "addresses": keyed(&["type"], &json!({}))}}}}),
        "Service" => json!({"properties": {
            "spec": {"properties": {"ports": keyed(&["port", "protocol"], &json!({"properties": {"protocol": {"default": "TCP"}}})), "selector": atomic()}},
            "status": conditions}}),
        "ServiceAccount" => json!({"properties": {"secrets": keyed(&["name"], &json!({}))}}),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => json!({"properties": {
            "spec": {"properties": {"selector": atomic(), "template": {"properties": {"spec": pod_spec()}}}},
            "status": conditions}}),
        "CronJob" => json!({"properties": {"spec": {"properties": {"jobTemplate": {"properties": {"spec":
            {"properties": {"selector": atomic(), "template": {"properties": {"spec": pod_spec()}}}}}}}}}}),
        "CustomResourceDefinition" => {
            json!({"properties": {"spec": {"properties": {"versions": {"type": "array"}}},
            "status": conditions}})
        }
        "PodDisruptionBudget" => {
            json!({"properties": {"spec": {"properties": {"selector": atomic()}}, "status": conditions}})
        }
        _ => json!({"properties": {"status": conditions}}),
    }
}

fn pod_spec() -> Value {
    let port = json!({"properties": {"protocol": {"default": "TCP"}}});
    let container = json!({"properties": {
        "env": keyed(&["name"], &json!({})),
        "ports": keyed(&["containerPort", "protocol"], &port),
        "volumeMounts": keyed(&["mountPath"], &json!({})),
        "volumeDevices": keyed(&["devicePath"], &json!({})),
    }});
    json!({"properties": {
        "containers": keyed(&["name"], &container),
        "initContainers": keyed(&["name"], &container),
        "ephemeralContainers": keyed(&["name"], &container),
        "volumes": keyed(&["name"], &json!({})),
        "imagePullSecrets": keyed(&["name"], &json!({})),
        "hostAliases": keyed(&["ip"], &json!({})),
        "topologySpreadConstraints": keyed(&["topologyKey", "whenUnsatisfiable"], &json!({})),
        "nodeSelector": atomic(),
    }})
}

fn keyed(keys: &[&str], items: &Value) -> Value {
    let mut list = Map::new();
    list.insert("type".into(), json!("array"));
    list.insert("x-kubernetes-list-type".into(), json!("map"));
    list.insert("x-kubernetes-list-map-keys".into(), json!(keys));
    list.insert("items".into(), items.clone());
    Value::Object(list)
}

fn atomic() -> Value {
    json!({"x-kubernetes-map-type": "atomic"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_the_table_is_known() {
        for row in TABLE {
            assert!(KNOWN_GROUPS.contains(&row.group), "{}", row.group);
        }
    }
}
