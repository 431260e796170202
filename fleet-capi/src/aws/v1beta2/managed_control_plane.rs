//! EKS control planes.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{
    AccessEntryType, AccessScopeType, AddonConflictResolution, AuthenticationMode, TokenMethod, UpgradePolicy,
};
use crate::aws::parts::{Bastion, IdentityReference};
use crate::aws::v1beta2::network::NetworkSpec;
use crate::aws::v1beta2::network_status::{Instance, NetworkStatus};
use crate::kubeadm::EnvVar;
use crate::meta::{ApiEndpoint, FailureDomainSpec};
use crate::v1beta1;

/// What an EKS control plane should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "controlplane.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSManagedControlPlane",
    plural = "awsmanagedcontrolplanes",
    namespaced,
    shortname = "awsmcp",
    category = "cluster-api",
    status = "AWSManagedControlPlaneStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An EKS control plane.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "VPC", "type": "string", "jsonPath": ".spec.network.vpc.id"}"#,
    printcolumn = r#"{"name": "Endpoint", "type": "string", "jsonPath": ".spec.controlPlaneEndpoint.host", "priority": 1}"#,
    printcolumn = r#"{"name": "Bastion IP", "type": "string", "jsonPath": ".status.bastion.publicIp"}"#
)]
pub struct AWSManagedControlPlaneSpec {
    /// Who may use the cluster, and by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_config: Option<AccessConfig>,
    /// AWS principals that may use the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_entries: Option<Vec<AccessEntry>>,
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// EKS add-ons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addons: Option<Vec<EksAddon>>,
    /// Whether IAM trusts the service accounts of the cluster.
    #[serde(rename = "associateOIDCProvider", skip_serializing_if = "Option::is_none")]
    pub associate_oidc_provider: Option<bool>,
    /// A machine from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Bastion>,
    /// Whether EKS installs its network add-ons when the cluster is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_self_managed_addons: Option<bool>,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// The name at EKS; made from namespace and name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eks_cluster_name: Option<String>,
    /// What is encrypted with a key of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_config: Option<EncryptionConfig>,
    /// From where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_access: Option<EndpointAccess>,
    /// AWS users and roles as users of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_authenticator_config: Option<IamAuthenticatorConfig>,
    /// The AWS identity the controllers act as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_ref: Option<IdentityReference>,
    /// The operating system of the image that is looked up.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// How the name of the image that is looked up is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The AWS account that owns the image that is looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The kube-proxy that EKS brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_proxy: Option<KubeProxy>,
    /// Which logs go to `CloudWatch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<ControlPlaneLogging>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSpec>,
    /// An `OpenID` provider whose users may use the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc_identity_provider_config: Option<OidcIdentityProviderConfig>,
    /// The AWS partition, such as `aws-cn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether the control plane keeps to private subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrict_private_subnets: Option<bool>,
    /// Further policies of the IAM role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_additional_policies: Option<Vec<String>>,
    /// The IAM role; one that exists is not deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// The path of the IAM role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_path: Option<String>,
    /// The ARN of the policy that bounds the IAM role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_permissions_boundary: Option<String>,
    /// A further address range, for pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_cidr_block: Option<String>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// How the kubeconfig gets its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_method: Option<TokenMethod>,
    /// What happens at the end of standard support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_policy: Option<UpgradePolicy>,
    /// The Kubernetes version, of which EKS takes the minor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The network plug-in that EKS brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_cni: Option<VpcCni>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an EKS control plane is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSManagedControlPlaneStatus {
    /// EKS add-ons as AWS has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addons: Option<Vec<AddonState>>,
    /// A machine from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Instance>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Whether the control plane has no machines of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_managed_control_plane: Option<bool>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// Why it will not come up, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// The `OpenID` provider of the users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_provider_status: Option<IdentityProviderStatus>,
    /// Whether the API server has answered once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialized: Option<bool>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_status: Option<NetworkStatus>,
    /// The `metadata.generation` this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The `OpenID` provider of the service accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc_provider: Option<OidcProviderStatus>,
    /// Whether it is ready.
    pub ready: bool,
    /// The Kubernetes version that EKS runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who may use the cluster, and by what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessConfig {
    /// What says who may use the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_mode: Option<AuthenticationMode>,
    /// Whether who makes the cluster is its administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_cluster_creator_admin_permissions: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How far an access policy reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessScope {
    /// The namespaces it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// The whole cluster, or namespaces.
    pub type_: AccessScopeType,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A set of rights that AWS defines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessPolicy {
    /// How far it reaches.
    pub access_scope: AccessScope,
    /// The ARN of the policy.
    #[serde(rename = "policyARN")]
    pub policy_arn: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An AWS principal that may use the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessEntry {
    /// Sets of rights that AWS defines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_policies: Option<Vec<AccessPolicy>>,
    /// The groups of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_groups: Option<Vec<String>>,
    /// The ARN of the role or user.
    #[serde(rename = "principalARN")]
    pub principal_arn: String,
    /// What kind of principal it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_: Option<AccessEntryType>,
    /// The name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An EKS add-on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EksAddon {
    /// Its settings, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// What happens to settings that somebody changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict_resolution: Option<AddonConflictResolution>,
    /// The name.
    pub name: String,
    /// Whether it stays in the cluster when it is taken from this list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preserve_on_delete: Option<bool>,
    /// The ARN of the IAM role of its service account.
    #[serde(rename = "serviceAccountRoleARN", skip_serializing_if = "Option::is_none")]
    pub service_account_role_arn: Option<String>,
    /// The version of the add-on.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is encrypted with a key of one's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionConfig {
    /// The ARN or alias of the KMS key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The resources that are encrypted; EKS takes `secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// From where the API server is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointAccess {
    /// Whether it is reached from the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Whether it is reached from the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// The address ranges it is reached from.
    #[serde(rename = "publicCIDRs", skip_serializing_if = "Option::is_none")]
    pub public_cidrs: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An AWS role as a user of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleMapping {
    /// The groups of the user.
    pub groups: Vec<String>,
    /// The ARN of the role.
    pub rolearn: String,
    /// The name of the user.
    pub username: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An AWS user as a user of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserMapping {
    /// The groups of the user.
    pub groups: Vec<String>,
    /// The ARN of the user.
    pub userarn: String,
    /// The name of the user.
    pub username: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// AWS users and roles as users of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IamAuthenticatorConfig {
    /// AWS roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_roles: Option<Vec<RoleMapping>>,
    /// AWS users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_users: Option<Vec<UserMapping>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The kube-proxy that EKS brings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeProxy {
    /// Whether it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which logs go to `CloudWatch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "one for each log, as upstream has them"
)]
pub struct ControlPlaneLogging {
    /// The log of the API server.
    pub api_server: bool,
    /// The audit log.
    pub audit: bool,
    /// The log of the IAM authenticator.
    pub authenticator: bool,
    /// The log of the controller manager.
    pub controller_manager: bool,
    /// The log of the scheduler.
    pub scheduler: bool,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An `OpenID` provider whose users may use the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcIdentityProviderConfig {
    /// The audience of the tokens.
    pub client_id: String,
    /// The claim that holds the groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// What is put before the groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_prefix: Option<String>,
    /// The name of the configuration.
    pub identity_provider_config_name: String,
    /// The URL of the provider.
    pub issuer_url: String,
    /// Claims that a token must have, with their values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_claims: Option<BTreeMap<String, String>>,
    /// Tags of the association.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The claim that holds the name of the user; `sub` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_claim: Option<String>,
    /// What is put before the name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_prefix: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The network plug-in that EKS brings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VpcCni {
    /// Whether it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// Environment variables of the daemon set `aws-node`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is wrong with an add-on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddonIssue {
    /// What is wrong, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The AWS resources that are affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_ids: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An EKS add-on as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddonState {
    /// The ARN.
    pub arn: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<Vec<AddonIssue>>,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Time>,
    /// The name.
    pub name: String,
    /// The ARN of the IAM role of its service account.
    #[serde(rename = "serviceAccountRoleARN", skip_serializing_if = "Option::is_none")]
    pub service_account_role_arn: Option<String>,
    /// How it is, such as `ACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The version of the add-on.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An identity provider as AWS has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderStatus {
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// How it is, such as `ACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The `OpenID` provider of the cluster's service accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcProviderStatus {
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// A trust policy for IAM roles of service accounts, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_policy: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
