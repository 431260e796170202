//! Templates of clusters on vSphere.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vsphere::v1beta1::cluster::VSphereClusterSpec;

/// What new `VSphereCluster` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "VSphereClusterTemplate",
    plural = "vsphereclustertemplates",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What the infrastructure of clusters on vSphere is made from."
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
    /// What they should be.
    pub spec: VSphereClusterSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
