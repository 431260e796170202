//! Types.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text_enum::text_enum;

/// A `ConditionGate`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionGate {
    /// The `conditionType` field.
    pub condition_type: String,
    /// The `polarity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `MachineTaint`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineTaint {
    /// The `effect` field.
    pub effect: TaintEffect,
    /// The `key` field.
    pub key: String,
    /// The `propagation` field.
    pub propagation: TaintPropagation,
    /// The `value` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `MachineAddress`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineAddress {
    /// The `address` field.
    pub address: String,
    /// The `type` field.
    #[serde(rename = "type")]
    pub type_: AddressType,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `MachineDeletionStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeletionStatus {
    /// The `nodeDrainStartTime` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_start_time: Option<Time>,
    /// The `waitForNodeVolumeDetachStartTime` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_node_volume_detach_start_time: Option<Time>,
    /// The `waitForPreDrainHookStartTime` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_pre_drain_hook_start_time: Option<Time>,
    /// The `waitForPreTerminateHookStartTime` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_pre_terminate_hook_start_time: Option<Time>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NodeInfo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// The `architecture` field.
    pub architecture: String,
    /// The `bootID` field.
    #[serde(rename = "bootID")]
    pub boot_id: String,
    /// The `containerRuntimeVersion` field.
    pub container_runtime_version: String,
    /// The `kernelVersion` field.
    pub kernel_version: String,
    /// The `kubeProxyVersion` field.
    pub kube_proxy_version: String,
    /// The `kubeletVersion` field.
    pub kubelet_version: String,
    /// The `machineID` field.
    #[serde(rename = "machineID")]
    pub machine_id: String,
    /// The `operatingSystem` field.
    pub operating_system: String,
    /// The `osImage` field.
    pub os_image: String,
    /// The `swap` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<NodeSwap>,
    /// The `systemUUID` field.
    #[serde(rename = "systemUUID")]
    pub system_uuid: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NodeSwap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeSwap {
    /// The `capacity` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `MachineNaming`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineNaming {
    /// The `template` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `TemplateMeta`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateMeta {
    /// The `annotations` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The `labels` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `VersionReplicas`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionReplicas {
    /// The `replicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The `version` field.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `MachineDeploymentRemediation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentRemediation {
    /// The `maxInFlight` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ClusterNetwork`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetwork {
    /// The `apiServerPort` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_port: Option<i32>,
    /// The `pods` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<NetworkRanges>,
    /// The `serviceDomain` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_domain: Option<String>,
    /// The `services` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<NetworkRanges>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `NetworkRanges`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkRanges {
    /// The `cidrBlocks` field.
    pub cidr_blocks: Vec<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `RolloutAfter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAfter {
    /// The `after` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `FailureDomainSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureDomainSpec {
    /// The `attributes` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// The `controlPlane` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `ReplicaSummary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSummary {
    /// The `availableReplicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// The `desiredReplicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_replicas: Option<i32>,
    /// The `readyReplicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// The `replicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The `upToDateReplicas` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_date_replicas: Option<i32>,
    /// The `upgradePlan` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_plan: Option<Vec<UpgradePlanStep>>,
    /// The `versions` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<VersionReplicas>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `UpgradePlanStep`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlanStep {
    /// The `version` field.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `RolloutBefore`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutBefore {
    /// The `certificatesExpiryDays` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_expiry_days: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A `KubeadmControlPlaneRollingUpdate`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneRollingUpdate {
    /// The `maxSurge` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

text_enum! {
    /// A `Polarity`.
    pub enum Polarity {
        Positive = "Positive",
        Negative = "Negative",
    }
}

text_enum! {
    /// A `TaintEffect`.
    pub enum TaintEffect {
        NoSchedule = "NoSchedule",
        PreferNoSchedule = "PreferNoSchedule",
        NoExecute = "NoExecute",
    }
}

text_enum! {
    /// A `TaintPropagation`.
    pub enum TaintPropagation {
        Always = "Always",
        OnInitialization = "OnInitialization",
    }
}

text_enum! {
    /// A `AddressType`.
    pub enum AddressType {
        Hostname = "Hostname",
        ExternalIp = "ExternalIP",
        InternalIp = "InternalIP",
        ExternalDns = "ExternalDNS",
        InternalDns = "InternalDNS",
    }
}

text_enum! {
    /// A `MachinePhase`.
    pub enum MachinePhase {
        Pending = "Pending",
        Provisioning = "Provisioning",
        Provisioned = "Provisioned",
        Running = "Running",
        Updating = "Updating",
        Deleting = "Deleting",
        Deleted = "Deleted",
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

text_enum! {
    /// A `DeletionOrderPolicy`.
    pub enum DeletionOrderPolicy {
        Random = "Random",
        Newest = "Newest",
        Oldest = "Oldest",
    }
}

text_enum! {
    /// A `RolloutStrategyType`.
    pub enum RolloutStrategyType {
        RollingUpdate = "RollingUpdate",
        OnDelete = "OnDelete",
    }
}

text_enum! {
    /// A `MachineDeploymentPhase`.
    pub enum MachineDeploymentPhase {
        ScalingUp = "ScalingUp",
        ScalingDown = "ScalingDown",
        Running = "Running",
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

text_enum! {
    /// A `ClusterPhase`.
    pub enum ClusterPhase {
        Pending = "Pending",
        Provisioning = "Provisioning",
        Provisioned = "Provisioned",
        Deleting = "Deleting",
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

/// Where the API server of a cluster is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiEndpoint {
    /// A host name or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

text_enum! {
    /// Whether a condition holds.
    pub enum ConditionStatus {
        /// It holds.
        True = "True",
        /// It does not hold.
        False = "False",
        /// Nobody can say.
        Unknown = "Unknown",
    }
}

/// The strategy upstream takes where none is given.
impl Default for RolloutStrategyType {
    fn default() -> Self {
        Self::RollingUpdate
    }
}
