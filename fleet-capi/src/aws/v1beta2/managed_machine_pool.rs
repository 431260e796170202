//! EKS node groups.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{CapacityType, EksAmiType, NodeTaintEffect, ZoneSubnetType};
use crate::aws::v1beta2::machine_pool::{LaunchTemplate, LifecycleHook};
use crate::v1beta1;

/// What an EKS node group should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSManagedMachinePool",
    plural = "awsmanagedmachinepools",
    namespaced,
    shortname = "awsmmp",
    category = "cluster-api",
    status = "AWSManagedMachinePoolStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "An EKS node group.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"}"#
)]
pub struct AWSManagedMachinePoolSpec {
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami_type: Option<EksAmiType>,
    /// The release of the machine image; the newest of the Kubernetes version where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami_version: Option<String>,
    /// Which subnets of the availability zones are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_subnet_type: Option<ZoneSubnetType>,
    /// Availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// What the instances are launched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_launch_template: Option<LaunchTemplate>,
    /// How the capacity is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_type: Option<CapacityType>,
    /// The size of the root volume, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size: Option<i32>,
    /// The name at EKS; made from namespace and name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eks_nodegroup_name: Option<String>,
    /// The instance type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Labels of the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// What is waited for when an instance comes or goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_hooks: Option<Vec<LifecycleHook>>,
    /// Whether EKS repairs nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_repair_config: Option<NodeRepairConfig>,
    /// The identities of the machines at the infrastructure provider.
    #[serde(rename = "providerIDList", skip_serializing_if = "Option::is_none")]
    pub provider_id_list: Option<Vec<String>>,
    /// How the nodes are reached over SSH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_access: Option<RemoteAccess>,
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
    /// The bounds of the group's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ManagedMachinePoolScaling>,
    /// The subnets.
    #[serde(rename = "subnetIDs", skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    /// Taints of the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<NodeTaint>>,
    /// How many nodes are replaced at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an EKS node group is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSManagedMachinePoolStatus {
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Why it will not come up, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// Why it will not come up, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The id of the launch template.
    #[serde(rename = "launchTemplateID", skip_serializing_if = "Option::is_none")]
    pub launch_template_id: Option<String>,
    /// The version of the launch template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_template_version: Option<String>,
    /// Whether it is ready.
    pub ready: bool,
    /// How many nodes there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether EKS repairs nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRepairConfig {
    /// Whether it repairs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the nodes are reached over SSH.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteAccess {
    /// Whether port 22 is open to the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// The security groups that may connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_security_groups: Option<Vec<String>>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The bounds of the group's size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedMachinePoolScaling {
    /// The most instances there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<i32>,
    /// The fewest instances there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A taint that EKS puts on the nodes of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeTaint {
    /// What it does to pods that do not tolerate it.
    pub effect: NodeTaintEffect,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How many nodes are replaced at a time; one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateConfig {
    /// The number of nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<i64>,
    /// The share of the nodes, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable_percentage: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
