//! What both versions of the Docker and development kinds share.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;

/// The container in front of the API servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DockerLoadBalancer {
    /// A `ConfigMap` with another configuration of `HAProxy`.
    #[serde(
        rename = "customHAProxyConfigTemplateRef",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_haproxy_config_template_ref: Option<ConfigMapReference>,
    /// Where the image is pulled from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The tag of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ConfigMap` in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapReference {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A path of the host in the container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The path in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_path: Option<String>,
    /// The path on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_path: Option<String>,
    /// Whether it cannot be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A cluster that is only pretended: a real API, no machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InMemoryClusterBackend {
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a development machine runs on; one of the fields is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevMachineBackend {
    /// Docker containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker: Option<DockerMachineBackend>,
    /// Pretended machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_memory: Option<InMemoryMachineBackend>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A machine in a Docker container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DockerMachineBackend {
    /// How long the bootstrap may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_timeout: Option<GoDuration>,
    /// The image of the node, instead of the one for the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_image: Option<String>,
    /// Further paths of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_mounts: Option<Vec<Mount>>,
    /// Images that are loaded into the node from the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_load_images: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pretended machine, and how long each part of it takes to come up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InMemoryMachineBackend {
    /// The API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server: Option<InMemoryComponent>,
    /// etcd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etcd: Option<InMemoryComponent>,
    /// The node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<InMemoryComponent>,
    /// The machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm: Option<InMemoryComponent>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A part of a pretended machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InMemoryComponent {
    /// How long it takes to come up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<InMemoryProvisioning>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How long a part takes to come up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InMemoryProvisioning {
    /// The time it takes.
    pub startup_duration: GoDuration,
    /// How much longer it may take by chance, as a fraction of that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_jitter: Option<GoDuration>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
