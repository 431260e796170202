//! Clusters on vSphere.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::{ApiEndpoint, FailureDomainSpec};
use crate::v1beta1;
use crate::v1beta1::V1beta2Conditions;
use crate::vsphere::parts::{ClusterModule, IdentityReference};

/// What the vSphere side of a cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "VSphereCluster",
    plural = "vsphereclusters",
    namespaced,
    category = "cluster-api",
    status = "VSphereClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "The infrastructure of a cluster on vSphere.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "Server", "type": "string", "jsonPath": ".spec.server"}"#,
    printcolumn = r#"{"name": "ControlPlaneEndpoint", "type": "string", "jsonPath": ".spec.controlPlaneEndpoint.host", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct VSphereClusterSpec {
    /// Cluster modules, which keep machines of one group on different hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_modules: Option<Vec<ClusterModule>>,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// Whether no cluster modules are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_cluster_module: Option<bool>,
    /// The failure domains that control-plane machines use; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain_selector: Option<LabelSelector>,
    /// The credentials the controllers act with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_ref: Option<IdentityReference>,
    /// The address of the vCenter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The SHA-1 checksum of the vCenter's certificate; unverified where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the vSphere side of a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VSphereClusterStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// The version of the vCenter.
    #[serde(rename = "vCenterVersion", skip_serializing_if = "Option::is_none")]
    pub vcenter_version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
