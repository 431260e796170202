//! Clusters on vSphere.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::ApiEndpoint;
use crate::v1beta2::{DeprecatedConditions, FailureDomain, InfrastructureInitialization};
use crate::vsphere::parts::{ClusterModule, IdentityReference};

/// What the vSphere side of a cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "VSphereCluster",
    plural = "vsphereclusters",
    namespaced,
    category = "cluster-api",
    status = "VSphereClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "The infrastructure of a cluster on vSphere.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']"}"#,
    printcolumn = r#"{"name": "Server", "type": "string", "jsonPath": ".spec.server"}"#,
    printcolumn = r#"{"name": "ControlPlane Endpoint", "type": "string", "jsonPath": ".spec.controlPlaneEndpoint.host"}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Provisioned", "type": "string", "jsonPath": ".status.initialization.provisioned"}"#,
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
    pub server: String,
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
    pub conditions: Option<Vec<Condition>>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<FailureDomain>>,
    /// What has happened once while it came up; it does not change afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization: Option<InfrastructureInitialization>,
    /// The version of the vCenter.
    #[serde(rename = "vCenterVersion", skip_serializing_if = "Option::is_none")]
    pub vcenter_version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
