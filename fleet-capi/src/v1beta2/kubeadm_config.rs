//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::kubeadm::BootstrapFormat;
use crate::kubeadm::BootstrapTokenDiscovery;
use crate::kubeadm::Dns;
use crate::kubeadm::EncryptionAlgorithm;
use crate::kubeadm::EnvVar;
use crate::kubeadm::ExternalEtcd;
use crate::kubeadm::File;
use crate::kubeadm::FileDiscovery;
use crate::kubeadm::Filesystem;
use crate::kubeadm::HostPathMount;
use crate::kubeadm::Ignition;
use crate::kubeadm::ImagePullPolicy;
use crate::kubeadm::JoinControlPlane;
use crate::kubeadm::KubeadmPatches;
use crate::kubeadm::LocalApiEndpoint;
use crate::kubeadm::Ntp;
use crate::kubeadm::PartitionSpec;
use crate::kubeadm::PartitionTableType;
use crate::kubeadm::User;

/// A `KubeadmConfigSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmConfigSpec {
    /// The `bootCommands` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_commands: Option<Vec<String>>,
    /// The `clusterConfiguration` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_configuration: Option<ClusterConfiguration>,
    /// The `diskSetup` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_setup: Option<DiskSetup>,
    /// The `files` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<File>>,
    /// The `format` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<BootstrapFormat>,
    /// The `ignition` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// The `initConfiguration` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_configuration: Option<InitConfiguration>,
    /// The `joinConfiguration` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_configuration: Option<JoinConfiguration>,
    /// The `mounts` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Vec<String>>>,
    /// The `ntp` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ntp: Option<Ntp>,
    /// The `postKubeadmCommands` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_kubeadm_commands: Option<Vec<String>>,
    /// The `preKubeadmCommands` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_kubeadm_commands: Option<Vec<String>>,
    /// The `users` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<User>>,
    /// The `verbosity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ClusterConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterConfiguration {
    /// The `apiServer` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server: Option<ApiServer>,
    /// The `caCertificateValidityPeriodDays` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_validity_period_days: Option<i32>,
    /// The `certificateValidityPeriodDays` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity_period_days: Option<i32>,
    /// The `certificatesDir` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_dir: Option<String>,
    /// The `controlPlaneEndpoint` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<String>,
    /// The `controllerManager` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller_manager: Option<ControlPlaneComponent>,
    /// The `dns` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
    /// The `encryptionAlgorithm` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<EncryptionAlgorithm>,
    /// The `etcd` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etcd: Option<Etcd>,
    /// The `featureGates` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_gates: Option<BTreeMap<String, bool>>,
    /// The `imageRepository` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The `scheduler` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<ControlPlaneComponent>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ApiServer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServer {
    /// The `certSANs` field.
    #[serde(rename = "certSANs", skip_serializing_if = "Option::is_none")]
    pub cert_sans: Option<Vec<String>>,
    /// The `extraArgs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// The `extraEnvs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// The `extraVolumes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_volumes: Option<Vec<HostPathMount>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Arg`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arg {
    /// The `name` field.
    pub name: String,
    /// The `value` field.
    pub value: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ControlPlaneComponent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneComponent {
    /// The `extraArgs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// The `extraEnvs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// The `extraVolumes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_volumes: Option<Vec<HostPathMount>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Etcd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Etcd {
    /// The `external` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalEtcd>,
    /// The `local` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalEtcd>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `LocalEtcd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalEtcd {
    /// The `dataDir` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<String>,
    /// The `extraArgs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// The `extraEnvs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// The `imageRepository` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The `imageTag` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// The `peerCertSANs` field.
    #[serde(rename = "peerCertSANs", skip_serializing_if = "Option::is_none")]
    pub peer_cert_sans: Option<Vec<String>>,
    /// The `serverCertSANs` field.
    #[serde(rename = "serverCertSANs", skip_serializing_if = "Option::is_none")]
    pub server_cert_sans: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `DiskSetup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiskSetup {
    /// The `filesystems` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystems: Option<Vec<Filesystem>>,
    /// The `partitions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Vec<Partition>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Partition`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    /// The `device` field.
    pub device: String,
    /// The `diskLayout` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_layout: Option<Vec<PartitionSpec>>,
    /// The `layout` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<bool>,
    /// The `overwrite` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    /// The `tableType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_type: Option<PartitionTableType>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `InitConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitConfiguration {
    /// The `bootstrapTokens` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_tokens: Option<Vec<BootstrapToken>>,
    /// The `localAPIEndpoint` field.
    #[serde(rename = "localAPIEndpoint", skip_serializing_if = "Option::is_none")]
    pub local_api_endpoint: Option<LocalApiEndpoint>,
    /// The `nodeRegistration` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_registration: Option<NodeRegistration>,
    /// The `patches` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<KubeadmPatches>,
    /// The `skipPhases` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_phases: Option<Vec<String>>,
    /// The `timeouts` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<KubeadmTimeouts>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `BootstrapToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapToken {
    /// The `description` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The `expires` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// The `groups` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The `token` field.
    pub token: SensitiveString,
    /// The `ttlSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i32>,
    /// The `usages` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usages: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NodeRegistration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRegistration {
    /// The `criSocket` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cri_socket: Option<String>,
    /// The `ignorePreflightErrors` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_preflight_errors: Option<Vec<String>>,
    /// The `imagePullPolicy` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// The `imagePullSerial` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_serial: Option<bool>,
    /// The `kubeletExtraArgs` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_extra_args: Option<Vec<Arg>>,
    /// The `name` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `taints` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<Taint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmTimeouts`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmTimeouts {
    /// The `controlPlaneComponentHealthCheckSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_component_health_check_seconds: Option<i32>,
    /// The `discoverySeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_seconds: Option<i32>,
    /// The `etcdAPICallSeconds` field.
    #[serde(rename = "etcdAPICallSeconds", skip_serializing_if = "Option::is_none")]
    pub etcd_api_call_seconds: Option<i32>,
    /// The `kubeletHealthCheckSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_health_check_seconds: Option<i32>,
    /// The `kubernetesAPICallSeconds` field.
    #[serde(rename = "kubernetesAPICallSeconds", skip_serializing_if = "Option::is_none")]
    pub kubernetes_api_call_seconds: Option<i32>,
    /// The `tlsBootstrapSeconds` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_bootstrap_seconds: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `JoinConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinConfiguration {
    /// The `caCertPath` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_cert_path: Option<String>,
    /// The `controlPlane` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<JoinControlPlane>,
    /// The `discovery` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Discovery>,
    /// The `nodeRegistration` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_registration: Option<NodeRegistration>,
    /// The `patches` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<KubeadmPatches>,
    /// The `skipPhases` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_phases: Option<Vec<String>>,
    /// The `timeouts` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<KubeadmTimeouts>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Discovery`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// The `bootstrapToken` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_token: Option<BootstrapTokenDiscovery>,
    /// The `file` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileDiscovery>,
    /// The `tlsBootstrapToken` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_bootstrap_token: Option<SensitiveString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
