//! Templates of clusters on vSphere.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::TemplateMeta;
use crate::vsphere::v1beta2::cluster::VSphereClusterSpec;

/// What new `VSphereCluster` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "VSphereClusterTemplate",
    plural = "vsphereclustertemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    doc = "What the infrastructure of clusters on vSphere is made from.",
    printcolumn = r#"{"name": "ClusterClass", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"ClusterClass\")].name"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct VSphereClusterTemplateSpec {
    /// What new objects are made from.
    pub template: VSphereClusterTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `VSphereCluster` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VSphereClusterTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<VSphereClusterSpec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
