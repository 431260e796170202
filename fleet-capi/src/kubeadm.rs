//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::text_enum::text_enum;

/// A `EnvVar`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    /// The `name` field.
    pub name: String,
    /// The `value` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The `valueFrom` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<EnvVarSource>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `EnvVarSource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvVarSource {
    /// The `configMapKeyRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeySelector>,
    /// The `fieldRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldSelector>,
    /// The `fileKeyRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_key_ref: Option<FileKeySelector>,
    /// The `resourceFieldRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_field_ref: Option<ResourceFieldSelector>,
    /// The `secretKeyRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeySelector>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KeySelector`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeySelector {
    /// The `key` field.
    pub key: String,
    /// The `name` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `optional` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `FieldSelector`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldSelector {
    /// The `apiVersion` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The `fieldPath` field.
    pub field_path: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `FileKeySelector`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileKeySelector {
    /// The `key` field.
    pub key: String,
    /// The `optional` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// The `path` field.
    pub path: String,
    /// The `volumeName` field.
    pub volume_name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ResourceFieldSelector`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceFieldSelector {
    /// The `containerName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// The `divisor` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divisor: Option<IntOrString>,
    /// The `resource` field.
    pub resource: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `HostPathMount`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostPathMount {
    /// The `hostPath` field.
    pub host_path: String,
    /// The `mountPath` field.
    pub mount_path: String,
    /// The `name` field.
    pub name: String,
    /// The `pathType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_type: Option<String>,
    /// The `readOnly` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Dns`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dns {
    /// The `imageRepository` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_repository: Option<String>,
    /// The `imageTag` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ExternalEtcd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalEtcd {
    /// The `caFile` field.
    pub ca_file: String,
    /// The `certFile` field.
    pub cert_file: String,
    /// The `endpoints` field.
    pub endpoints: Vec<String>,
    /// The `keyFile` field.
    pub key_file: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Filesystem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filesystem {
    /// The `device` field.
    pub device: String,
    /// The `extraOpts` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_opts: Option<Vec<String>>,
    /// The `filesystem` field.
    pub filesystem: String,
    /// The `label` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The `overwrite` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    /// The `partition` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The `replaceFS` field.
    #[serde(rename = "replaceFS", skip_serializing_if = "Option::is_none")]
    pub replace_fs: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `PartitionSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionSpec {
    /// The `partitionType` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_type: Option<String>,
    /// The `percentage` field.
    pub percentage: i32,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `File`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// The `append` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append: Option<bool>,
    /// The `content` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<SensitiveString>,
    /// The `contentFormat` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_format: Option<ContentFormat>,
    /// The `contentFrom` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_from: Option<SecretSource>,
    /// The `encoding` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<FileEncoding>,
    /// The `owner` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The `path` field.
    pub path: String,
    /// The `permissions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SecretSource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretSource {
    /// The `secret` field.
    pub secret: SecretKeyReference,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `SecretKeyReference`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyReference {
    /// The `key` field.
    pub key: String,
    /// The `name` field.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Ignition`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ignition {
    /// The `containerLinuxConfig` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_linux_config: Option<ContainerLinuxConfig>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ContainerLinuxConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerLinuxConfig {
    /// The `additionalConfig` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_config: Option<SensitiveString>,
    /// The `strict` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `LocalApiEndpoint`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalApiEndpoint {
    /// The `advertiseAddress` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertise_address: Option<String>,
    /// The `bindPort` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_port: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmPatches`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmPatches {
    /// The `directory` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `JoinControlPlane`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinControlPlane {
    /// The `localAPIEndpoint` field.
    #[serde(rename = "localAPIEndpoint", skip_serializing_if = "Option::is_none")]
    pub local_api_endpoint: Option<LocalApiEndpoint>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `BootstrapTokenDiscovery`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapTokenDiscovery {
    /// The `apiServerEndpoint` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_endpoint: Option<String>,
    /// The `caCertHashes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_cert_hashes: Option<Vec<String>>,
    /// The `token` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<SensitiveString>,
    /// The `unsafeSkipCAVerification` field.
    #[serde(rename = "unsafeSkipCAVerification", skip_serializing_if = "Option::is_none")]
    pub unsafe_skip_ca_verification: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `FileDiscovery`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileDiscovery {
    /// The `kubeConfig` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<FileDiscoveryKubeConfig>,
    /// The `kubeConfigPath` field.
    pub kube_config_path: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `FileDiscoveryKubeConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileDiscoveryKubeConfig {
    /// The `cluster` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<KubeConfigCluster>,
    /// The `user` field.
    pub user: KubeConfigUser,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeConfigCluster`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeConfigCluster {
    /// The `certificateAuthorityData` field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::bytes")]
    pub certificate_authority_data: Option<ByteString>,
    /// The `insecureSkipTLSVerify` field.
    #[serde(rename = "insecureSkipTLSVerify", skip_serializing_if = "Option::is_none")]
    pub insecure_skip_tls_verify: Option<bool>,
    /// The `proxyURL` field.
    #[serde(rename = "proxyURL", skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    /// The `server` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The `tlsServerName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_server_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeConfigUser`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeConfigUser {
    /// The `authProvider` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_provider: Option<KubeConfigAuthProvider>,
    /// The `exec` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<KubeConfigExec>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeConfigAuthProvider`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeConfigAuthProvider {
    /// The `config` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<BTreeMap<String, SensitiveString>>,
    /// The `name` field.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeConfigExec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeConfigExec {
    /// The `apiVersion` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The `args` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// The `command` field.
    pub command: String,
    /// The `env` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<ExecEnv>>,
    /// The `provideClusterInfo` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provide_cluster_info: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ExecEnv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecEnv {
    /// The `name` field.
    pub name: String,
    /// The `value` field.
    pub value: SensitiveString,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `Ntp`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ntp {
    /// The `enabled` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The `servers` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `User`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The `gecos` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gecos: Option<String>,
    /// The `groups` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// The `homeDir` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_dir: Option<String>,
    /// The `inactive` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inactive: Option<bool>,
    /// The `lockPassword` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_password: Option<bool>,
    /// The `name` field.
    pub name: String,
    /// The `passwd` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passwd: Option<SensitiveString>,
    /// The `passwdFrom` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passwd_from: Option<SecretSource>,
    /// The `primaryGroup` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_group: Option<String>,
    /// The `shell` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// The `sshAuthorizedKeys` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_authorized_keys: Option<Vec<String>>,
    /// The `sudo` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

text_enum! {
    /// A `EncryptionAlgorithm`.
    pub enum EncryptionAlgorithm {
        EcdsaP256 = "ECDSA-P256",
        EcdsaP384 = "ECDSA-P384",
        Rsa2048 = "RSA-2048",
        Rsa3072 = "RSA-3072",
        Rsa4096 = "RSA-4096",
    }
}

text_enum! {
    /// A `PartitionTableType`.
    pub enum PartitionTableType {
        Mbr = "mbr",
        Gpt = "gpt",
    }
}

text_enum! {
    /// A `ContentFormat`.
    pub enum ContentFormat {
        Raw = "Raw",
        Template = "Template",
    }
}

text_enum! {
    /// A `FileEncoding`.
    pub enum FileEncoding {
        Base64 = "base64",
        Gzip = "gzip",
        GzipBase64 = "gzip+base64",
    }
}

text_enum! {
    /// A `BootstrapFormat`.
    pub enum BootstrapFormat {
        CloudConfig = "cloud-config",
        Ignition = "ignition",
    }
}

text_enum! {
    /// A `ImagePullPolicy`.
    pub enum ImagePullPolicy {
        Always = "Always",
        IfNotPresent = "IfNotPresent",
        Never = "Never",
    }
}
