//! Machines in Docker containers.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::docker::parts::Mount;
use crate::meta::MachineAddress;
use crate::v1beta2::DeprecatedConditions;
use crate::v1beta2::InfrastructureInitialization;

/// What one machine in a Docker container should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "DockerMachine",
    plural = "dockermachines",
    namespaced,
    category = "cluster-api",
    status = "DockerMachineStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A machine in a Docker container.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']"}"#,
    printcolumn = r#"{"name": "Provider ID", "type": "string", "jsonPath": ".spec.providerID", "priority": 10}"#,
    printcolumn = r#"{"name": "Failure domain", "type": "string", "jsonPath": ".status.failureDomain"}"#,
    printcolumn = r#"{"name": "IP", "type": "string", "jsonPath": ".status.addresses[?(@.type==\"InternalIP\")].address", "priority": 10}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Provisioned", "type": "string", "jsonPath": ".status.initialization.provisioned"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct DockerMachineSpec {
    /// How long the bootstrap may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_timeout: Option<String>,
    /// The image of the node, instead of the one for the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_image: Option<String>,
    /// Further paths of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_mounts: Option<Vec<Mount>>,
    /// Images that are loaded into the node from the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_load_images: Option<Vec<String>>,
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one machine in a Docker container is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DockerMachineStatus {
    /// The addresses of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecatedConditions>,
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// What has happened once while it came up; it does not change afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization: Option<InfrastructureInitialization>,
    /// Whether the load balancer knows the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_configured: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
