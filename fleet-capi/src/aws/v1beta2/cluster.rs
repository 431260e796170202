//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::aws::parts::Bastion;
use crate::aws::parts::IdentityReference;
use crate::aws::v1beta2::network::LoadBalancerSpec;
use crate::aws::v1beta2::network::NetworkSpec;
use crate::aws::v1beta2::network_status::Instance;
use crate::aws::v1beta2::network_status::NetworkStatus;
use crate::meta::ApiEndpoint;
use crate::meta::FailureDomainSpec;
use crate::v1beta1;

/// A `AWSClusterSpec`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSCluster",
    plural = "awsclusters",
    namespaced,
    shortname = "awsc",
    category = "cluster-api",
    status = "AWSClusterStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A `AWSCluster`.",
    printcolumn(name = "Cluster", type_ = "string", json_path = ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.ready"),
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.network.vpc.id"),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".spec.controlPlaneEndpoint", priority = 1),
    printcolumn(name = "Bastion IP", type_ = "string", json_path = ".status.bastion.publicIp"),
    printcolumn(name = "Bastion IPv6", type_ = "string", json_path = ".status.bastion.ipv6Address"),
)]
pub struct AWSClusterSpec {
    /// The `additionalTags` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The `bastion` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Bastion>,
    /// The `controlPlaneEndpoint` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// The `controlPlaneLoadBalancer` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_load_balancer: Option<LoadBalancerSpec>,
    /// The `identityRef` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_ref: Option<IdentityReference>,
    /// The `imageLookupBaseOS` field.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// The `imageLookupFormat` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The `imageLookupOrg` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The `network` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSpec>,
    /// The `partition` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The `region` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The `s3Bucket` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket: Option<S3Bucket>,
    /// The `secondaryControlPlaneLoadBalancer` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_control_plane_load_balancer: Option<LoadBalancerSpec>,
    /// The `sshKeyName` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `S3Bucket`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3Bucket {
    /// The `bestEffortDeleteObjects` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_effort_delete_objects: Option<bool>,
    /// The `controlPlaneIAMInstanceProfile` field.
    #[serde(rename = "controlPlaneIAMInstanceProfile", skip_serializing_if = "Option::is_none")]
    pub control_plane_iam_instance_profile: Option<String>,
    /// The `name` field.
    pub name: String,
    /// The `nodesIAMInstanceProfiles` field.
    #[serde(rename = "nodesIAMInstanceProfiles", skip_serializing_if = "Option::is_none")]
    pub nodes_iam_instance_profiles: Option<Vec<String>>,
    /// The `presignedURLDuration` field.
    #[serde(rename = "presignedURLDuration", skip_serializing_if = "Option::is_none")]
    pub presigned_url_duration: Option<GoDuration>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `AWSClusterStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSClusterStatus {
    /// The `bastion` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Instance>,
    /// The `conditions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// The `failureDomains` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// The `networkStatus` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_status: Option<NetworkStatus>,
    /// The `ready` field.
    pub ready: bool,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
