//! Clusters on AWS.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::parts::{Bastion, IdentityReference};
use crate::aws::v1beta2::network::{LoadBalancerSpec, NetworkSpec};
use crate::aws::v1beta2::network_status::{Instance, NetworkStatus};
use crate::meta::{ApiEndpoint, FailureDomainSpec};
use crate::{GoDuration, v1beta1};

/// What the AWS side of a cluster should be.
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
    doc = "The infrastructure of a cluster on AWS.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "VPC", "type": "string", "jsonPath": ".spec.network.vpc.id"}"#,
    printcolumn = r#"{"name": "Endpoint", "type": "string", "jsonPath": ".spec.controlPlaneEndpoint", "priority": 1}"#,
    printcolumn = r#"{"name": "Bastion IP", "type": "string", "jsonPath": ".status.bastion.publicIp"}"#,
    printcolumn = r#"{"name": "Bastion IPv6", "type": "string", "jsonPath": ".status.bastion.ipv6Address"}"#
)]
pub struct AWSClusterSpec {
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// A machine from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Bastion>,
    /// Where the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<ApiEndpoint>,
    /// The load balancer in front of the API servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_load_balancer: Option<LoadBalancerSpec>,
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
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSpec>,
    /// The AWS partition, such as `aws-cn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The bucket that holds bootstrap data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket: Option<S3Bucket>,
    /// A second load balancer, such as an internal one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_control_plane_load_balancer: Option<LoadBalancerSpec>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The bucket that holds bootstrap data, which for Ignition is too large for user data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3Bucket {
    /// Whether a failure to delete objects is ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_effort_delete_objects: Option<bool>,
    /// The instance profile of control-plane machines, which may read it.
    #[serde(
        rename = "controlPlaneIAMInstanceProfile",
        skip_serializing_if = "Option::is_none"
    )]
    pub control_plane_iam_instance_profile: Option<String>,
    /// The name.
    pub name: String,
    /// The instance profiles of nodes, which may read it.
    #[serde(rename = "nodesIAMInstanceProfiles", skip_serializing_if = "Option::is_none")]
    pub nodes_iam_instance_profiles: Option<Vec<String>>,
    /// How long a presigned URL is valid.
    #[serde(rename = "presignedURLDuration", skip_serializing_if = "Option::is_none")]
    pub presigned_url_duration: Option<GoDuration>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the AWS side of a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSClusterStatus {
    /// A machine from which the others are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bastion: Option<Instance>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Failure domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domains: Option<BTreeMap<String, FailureDomainSpec>>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_status: Option<NetworkStatus>,
    /// Whether it is ready.
    pub ready: bool,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
