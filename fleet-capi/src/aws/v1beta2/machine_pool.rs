//! Auto-scaling groups of EC2 instances.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::aws::enums::{
    LifecycleHookResult, LifecycleTransition, MarketType, OnDemandAllocationStrategy, SpotAllocationStrategy,
    ZoneSubnetType,
};
use crate::aws::parts::{AmiReference, SpotMarketOptions, Volume};
use crate::aws::v1beta2::machine::{Ignition, ResourceReference};
use crate::aws::v1beta2::network_status::{InstanceMetadataOptions, PrivateDnsName};
use crate::v1beta1;

/// What an auto-scaling group should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta2",
    kind = "AWSMachinePool",
    plural = "awsmachinepools",
    namespaced,
    shortname = "awsmp",
    category = "cluster-api",
    status = "AWSMachinePoolStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A pool of EC2 instances in an auto-scaling group.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"}"#,
    printcolumn = r#"{"name": "MinSize", "type": "integer", "jsonPath": ".spec.minSize"}"#,
    printcolumn = r#"{"name": "MaxSize", "type": "integer", "jsonPath": ".spec.maxSize"}"#,
    printcolumn = r#"{"name": "LaunchTemplate ID", "type": "string", "jsonPath": ".status.launchTemplateID"}"#
)]
pub struct AWSMachinePoolSpec {
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// Which subnets of the availability zones are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_subnet_type: Option<ZoneSubnetType>,
    /// Availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    /// What the instances are launched from.
    pub aws_launch_template: LaunchTemplate,
    /// Whether a spot instance at risk is replaced before AWS takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_rebalance: Option<bool>,
    /// The time between two scalings, such as `300s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_cool_down: Option<String>,
    /// How long a new instance is not yet counted as warm, such as `300s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_instance_warmup: Option<String>,
    /// How bootstrap data reaches Ignition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// What is waited for when an instance comes or goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_hooks: Option<Vec<LifecycleHook>>,
    /// The most instances there may be.
    pub max_size: i32,
    /// The fewest instances there may be.
    pub min_size: i32,
    /// Several instance types, on demand and spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The identities of the machines at the infrastructure provider.
    #[serde(rename = "providerIDList", skip_serializing_if = "Option::is_none")]
    pub provider_id_list: Option<Vec<String>>,
    /// How instances are replaced when the launch template changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_preferences: Option<RefreshPreferences>,
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnets: Option<Vec<ResourceReference>>,
    /// Which processes of the auto-scaling group stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend_processes: Option<SuspendProcesses>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an auto-scaling group is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachinePoolStatus {
    /// The state of the auto-scaling group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asg_status: Option<String>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Why it will not come up, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// Why it will not come up, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The kind of the objects that stand for the machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_machine_kind: Option<String>,
    /// The instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<AWSMachinePoolInstanceStatus>>,
    /// The id of the launch template.
    #[serde(rename = "launchTemplateID", skip_serializing_if = "Option::is_none")]
    pub launch_template_id: Option<String>,
    /// The version of the launch template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_template_version: Option<String>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// How many instances there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the instances of a group are launched from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaunchTemplate {
    /// Further security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<ResourceReference>>,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<AmiReference>,
    /// The capacity reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_id: Option<String>,
    /// Whether open capacity reservations are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_preference: Option<String>,
    /// Nitro enclaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enclave_options: Option<EnclaveOptions>,
    /// The instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<String>,
    /// The operating system of the image that is looked up.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// How the name of the image that is looked up is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The AWS account that owns the image that is looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The instance metadata service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_options: Option<InstanceMetadataOptions>,
    /// The instance type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// How the capacity is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_type: Option<MarketType>,
    /// The name of the launch template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Further volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The DNS name inside the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name: Option<PrivateDnsName>,
    /// The root volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// A spot instance, and how it is bid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The version of the launch template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_number: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Nitro enclaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnclaveOptions {
    /// Whether the instance can run them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is waited for when an instance comes or goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleHook {
    /// What happens when there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_result: Option<LifecycleHookResult>,
    /// How long an answer is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub heartbeat_timeout: Option<GoDuration>,
    /// When it is called.
    pub lifecycle_transition: LifecycleTransition,
    /// The name.
    pub name: String,
    /// What its target is told besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_metadata: Option<String>,
    /// The ARN of what is notified.
    #[serde(rename = "notificationTargetARN", skip_serializing_if = "Option::is_none")]
    pub notification_target_arn: Option<String>,
    /// The ARN of the IAM role that may notify the target.
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much is on demand and how much is spot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstancesDistribution {
    /// Which instance types on-demand capacity is bought of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_allocation_strategy: Option<OnDemandAllocationStrategy>,
    /// How many instances are on demand at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_base_capacity: Option<i64>,
    /// How much of the rest is on demand, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_percentage_above_base_capacity: Option<i64>,
    /// Which pools spot capacity is bought from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_allocation_strategy: Option<SpotAllocationStrategy>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An instance type of a mixed group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceOverride {
    /// The instance type.
    pub instance_type: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A group of several instance types.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MixedInstancesPolicy {
    /// How much is on demand and how much is spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances_distribution: Option<InstancesDistribution>,
    /// The instance types, the preferred one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Vec<InstanceOverride>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How instances are replaced when the launch template changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshPreferences {
    /// Whether instances are left alone when the launch template changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// Seconds until a new instance counts as ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_warmup: Option<i64>,
    /// How much of the group may be in service at most, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_healthy_percentage: Option<i64>,
    /// How much of the group stays in service at least, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_healthy_percentage: Option<i64>,
    /// How instances are replaced; AWS knows `Rolling`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Processes of an auto-scaling group; `true` suspends one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Processes {
    /// Attaching instances to load balancers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_to_load_balancer: Option<bool>,
    /// Scaling by alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_notification: Option<bool>,
    /// Balancing the availability zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub az_rebalance: Option<bool>,
    /// Checking the health of instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<bool>,
    /// Replacing instances when the launch template changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_refresh: Option<bool>,
    /// Launching instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch: Option<bool>,
    /// Replacing unhealthy instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_unhealthy: Option<bool>,
    /// Scaling by the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_actions: Option<bool>,
    /// Terminating instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminate: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which processes of the auto-scaling group stand still.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuspendProcesses {
    /// Whether all processes stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// The processes one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Processes>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One instance of a pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachinePoolInstanceStatus {
    /// The instance.
    #[serde(rename = "instanceID", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The Kubernetes version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
