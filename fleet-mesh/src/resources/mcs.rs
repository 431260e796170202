//! The Multi-Cluster Services API (KEP-1645, multicluster.x-k8s.io/v1alpha1) and the About API (KEP-2149).

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{MeshPlan, PlannedMember};

/// Nothing yet: the Service of the same name is exported.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "multicluster.x-k8s.io",
    version = "v1alpha1",
    kind = "ServiceExport",
    plural = "serviceexports",
    shortname = "svcex",
    namespaced,
    status = "ServiceExportStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct ServiceExportSpec {
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether a Service is exported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceExportStatus {
    /// See [`ExportCondition`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

fleet_core::open_enum! {
    /// The conditions of a `ServiceExport`.
    pub enum ExportCondition {
        /// The Service can be exported.
        Valid = "Valid",
        /// It is.
        Ready = "Ready",
        /// Clusters export the same Service with different properties.
        Conflict = "Conflict",
    }
}

/// A Service that other clusters export.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "multicluster.x-k8s.io",
    version = "v1alpha1",
    kind = "ServiceImport",
    plural = "serviceimports",
    shortname = "svcim",
    namespaced,
    status = "ServiceImportStatus",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct ServiceImportSpec {
    /// The ports.
    #[serde(default)]
    pub ports: Vec<ImportPort>,
    /// The addresses, of one address family each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// Whether it has an address, or its Pods are asked for one by one.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<ImportType>,
    /// `None` or `ClientIP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_affinity: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

fleet_core::open_enum! {
    /// The type of a `ServiceImport`.
    pub enum ImportType {
        /// With an address that is the same in all clusters of the set.
        ClusterSetIp = "ClusterSetIP",
        /// Without.
        Headless = "Headless",
    }
}

/// A port of a `ServiceImport`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportPort {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Default `TCP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What is spoken there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
    /// Its number.
    #[serde(default)]
    pub port: i32,
}

/// Where an imported Service comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceImportStatus {
    /// The clusters that export it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ImportCluster>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A cluster that exports a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(clippy::exhaustive_structs)] // a name
pub struct ImportCluster {
    /// Its name in the mesh.
    #[serde(default)]
    pub cluster: String,
}

/// One property of a cluster (about.k8s.io/v1alpha1).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "about.k8s.io",
    version = "v1alpha1",
    kind = "ClusterProperty",
    plural = "clusterproperties",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterPropertySpec {
    /// Its value.
    #[serde(default)]
    pub value: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What says which `ClusterSet` a member is in, and under which name: its properties `clusterset.k8s.io` and `cluster.clusterset.k8s.io`. A
/// `ClusterSet` has no object of its own.
pub fn clusterset_membership(plan: &MeshPlan, member: &PlannedMember) -> [ClusterProperty; 2] {
    let set = match plan.islands() {
        [_] => plan.name(),
        islands => islands
            .get(member.island)
            .map_or(plan.name(), |island| island.name.as_str()),
    };
    [
        ("clusterset.k8s.io", set),
        ("cluster.clusterset.k8s.io", member.name.as_str()),
    ]
    .map(|(name, value)| {
        ClusterProperty::new(
            name,
            ClusterPropertySpec {
                value: value.to_owned(),
                extra: Extra::new(),
            },
        )
    })
}
