//! kubeadm's configuration.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::kubeadm::{
    BootstrapFormat, BootstrapTokenDiscovery, Dns, EncryptionAlgorithm, EnvVar, ExternalEtcd, File,
    FileDiscovery, Filesystem, HostPathMount, Ignition, ImagePullPolicy, JoinControlPlane, KubeadmPatches,
    LocalApiEndpoint, Ntp, PartitionSpec, PartitionTableType, User,
};
use crate::v1beta2::machine::V1beta1FailureContainer;

/// How kubeadm turns a machine into a node: what cloud-init or Ignition writes and runs.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "bootstrap.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "KubeadmConfig",
    plural = "kubeadmconfigs",
    namespaced,
    category = "cluster-api",
    status = "KubeadmConfigStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "The bootstrap configuration of one machine, and the data made from it.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']"}"#,
    printcolumn = r#"{"name": "Paused", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Paused\")].status", "priority": 10}"#,
    printcolumn = r#"{"name": "Data secret created", "type": "string", "jsonPath": ".status.initialization.dataSecretCreated"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct KubeadmConfigSpec {
    /// Commands cloud-init runs early in every boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_commands: Option<Vec<String>>,
    /// What holds for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_configuration: Option<ClusterConfiguration>,
    /// Disks to partition and format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_setup: Option<DiskSetup>,
    /// Files to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<File>>,
    /// What reads the bootstrap data: cloud-init or Ignition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<BootstrapFormat>,
    /// What only Ignition needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// What the first control-plane machine does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_configuration: Option<InitConfiguration>,
    /// What every further machine does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_configuration: Option<JoinConfiguration>,
    /// Mount points, as the fields of a line of `/etc/fstab`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Vec<String>>>,
    /// Where the machine takes its time from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ntp: Option<Ntp>,
    /// Commands that run after kubeadm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_kubeadm_commands: Option<Vec<String>>,
    /// Commands that run before kubeadm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_kubeadm_commands: Option<Vec<String>>,
    /// Users to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<User>>,
    /// How much kubeadm logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of a bootstrap configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmConfigStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// The `Secret` that holds the bootstrap data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_secret_name: Option<String>,
    /// What v1beta1 had in the status, until v1beta1 is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<V1beta1FailureContainer>,
    /// What has happened once while the data was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization: Option<KubeadmConfigInitialization>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What has happened once while bootstrap data was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmConfigInitialization {
    /// The bootstrap data is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_secret_created: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// kubeadm's configuration of the whole cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterConfiguration {
    /// The API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server: Option<ApiServer>,
    /// Days a generated certificate authority is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_validity_period_days: Option<i32>,
    /// Days a generated certificate is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity_period_days: Option<i32>,
    /// Where certificates are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_dir: Option<String>,
    /// Where the API server is reached, as `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<String>,
    /// The controller manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller_manager: Option<ControlPlaneComponent>,
    /// The DNS server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
    /// The kind of keys and certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<EncryptionAlgorithm>,
    /// etcd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etcd: Option<Etcd>,
    /// kubeadm's feature gates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_gates: Option<BTreeMap<String, bool>>,
    /// Where images are pulled from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The scheduler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<ControlPlaneComponent>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the API server runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServer {
    /// Further names the certificate is valid for.
    #[serde(rename = "certSANs", skip_serializing_if = "Option::is_none")]
    pub cert_sans: Option<Vec<String>>,
    /// Further flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// Further environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// Further paths of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_volumes: Option<Vec<HostPathMount>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A flag of a component; a name may stand more than once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arg {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the controller manager or the scheduler runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneComponent {
    /// Further flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// Further environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// Further paths of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_volumes: Option<Vec<HostPathMount>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where etcd runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Etcd {
    /// An etcd that runs elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalEtcd>,
    /// An etcd on the control-plane machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalEtcd>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An etcd on the control-plane machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalEtcd {
    /// Where the data is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<String>,
    /// Further flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_args: Option<Vec<Arg>>,
    /// Further environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_envs: Option<Vec<EnvVar>>,
    /// Where images are pulled from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The tag of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// Further names the certificate for other members is valid for.
    #[serde(rename = "peerCertSANs", skip_serializing_if = "Option::is_none")]
    pub peer_cert_sans: Option<Vec<String>>,
    /// Further names the certificate for clients is valid for.
    #[serde(rename = "serverCertSANs", skip_serializing_if = "Option::is_none")]
    pub server_cert_sans: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The disks cloud-init partitions and formats.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiskSetup {
    /// File systems to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystems: Option<Vec<Filesystem>>,
    /// Disks to partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Vec<Partition>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A disk to partition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    /// The device.
    pub device: String,
    /// The partitions, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_layout: Option<Vec<PartitionSpec>>,
    /// One partition over the whole disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<bool>,
    /// Whether something that is there is overwritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    /// The kind of partition table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_type: Option<PartitionTableType>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// kubeadm's configuration of the first control-plane machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitConfiguration {
    /// The tokens with which nodes join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_tokens: Option<Vec<BootstrapToken>>,
    /// Where the API server of this machine listens.
    #[serde(rename = "localAPIEndpoint", skip_serializing_if = "Option::is_none")]
    pub local_api_endpoint: Option<LocalApiEndpoint>,
    /// How the node joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_registration: Option<NodeRegistration>,
    /// Patches of the files kubeadm generates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<KubeadmPatches>,
    /// Phases of kubeadm that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_phases: Option<Vec<String>>,
    /// How long kubeadm waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<KubeadmTimeouts>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A token with which nodes join.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapToken {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// The groups a holder of the token is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The token.
    pub token: SensitiveString,
    /// Seconds it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i32>,
    /// What it may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usages: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the node joins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRegistration {
    /// The socket of the container runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cri_socket: Option<String>,
    /// Checks of kubeadm whose errors are ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_preflight_errors: Option<Vec<String>>,
    /// When images are pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Whether images are pulled one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_serial: Option<bool>,
    /// Further flags of the kubelet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_extra_args: Option<Vec<Arg>>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Taints of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<Taint>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How long kubeadm waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmTimeouts {
    /// Seconds for a component of the control plane to become healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_component_health_check_seconds: Option<i32>,
    /// Seconds to find the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_seconds: Option<i32>,
    /// Seconds for a request to etcd.
    #[serde(rename = "etcdAPICallSeconds", skip_serializing_if = "Option::is_none")]
    pub etcd_api_call_seconds: Option<i32>,
    /// Seconds for the kubelet to become healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_health_check_seconds: Option<i32>,
    /// Seconds for a request to the API server.
    #[serde(rename = "kubernetesAPICallSeconds", skip_serializing_if = "Option::is_none")]
    pub kubernetes_api_call_seconds: Option<i32>,
    /// Seconds for the kubelet to get its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_bootstrap_seconds: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// kubeadm's configuration of all further machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinConfiguration {
    /// The path of the certificate authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_cert_path: Option<String>,
    /// Joins as a control-plane machine; absent for a worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<JoinControlPlane>,
    /// How the machine finds and trusts the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Discovery>,
    /// How the node joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_registration: Option<NodeRegistration>,
    /// Patches of the files kubeadm generates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<KubeadmPatches>,
    /// Phases of kubeadm that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_phases: Option<Vec<String>>,
    /// How long kubeadm waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<KubeadmTimeouts>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a joining machine finds and trusts the API server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// Trust by a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_token: Option<BootstrapTokenDiscovery>,
    /// Trust by a kubeconfig file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileDiscovery>,
    /// The token for the certificate request, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_bootstrap_token: Option<SensitiveString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
