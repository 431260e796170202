//! Development clusters.

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::docker::parts::{DockerLoadBalancer, InMemoryClusterBackend};
use crate::meta::ApiEndpoint;
use crate::v1beta2::{self, DeprecatedConditions, FailureDomain, InfrastructureInitialization};

/// What a development cluster should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "DevCluster",
    plural = "devclusters",
    namespaced,
    category = "cluster-api",
    status = "DevClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "The infrastructure of a development cluster: Docker, or in memory.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct DevClusterSpec {
    /// What it runs on.
    pub backend: DevClusterBackend,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a development cluster runs on; one of the fields is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevClusterBackend {
    /// Docker containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker: Option<DockerClusterBackend>,
    /// Pretended machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_memory: Option<InMemoryClusterBackend>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A cluster of Docker containers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DockerClusterBackend {
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<FailureDomain>>,
    /// The container in front of the API servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<DockerLoadBalancer>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a development cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevClusterStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta2::Condition>>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<Vec<FailureDomain>>,
    /// What has happened once while it came up; it does not change afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization: Option<InfrastructureInitialization>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
