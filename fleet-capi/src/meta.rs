//! What both versions of Cluster API's own kinds share.

use std::collections::BTreeMap;

use fleet_core::{Extra, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition of someone else's that counts into `Ready` or `Available`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionGate {
    /// The type of the condition.
    pub condition_type: String,
    /// Which status is the good one; `Positive` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A taint that Cluster API puts on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineTaint {
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
    /// The key.
    pub key: String,
    /// For how long it is kept on the node.
    pub propagation: TaintPropagation,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An address of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineAddress {
    /// The address.
    pub address: String,
    /// Which kind.
    #[serde(rename = "type")]
    pub type_: AddressType,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How far the deletion of a machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeletionStatus {
    /// Since when the node is drained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_start_time: Option<Time>,
    /// Since when volumes are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_node_volume_detach_start_time: Option<Time>,
    /// Since when pre-drain hooks are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_pre_drain_hook_start_time: Option<Time>,
    /// Since when pre-terminate hooks are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_pre_terminate_hook_start_time: Option<Time>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the kubelet says about its node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// The processor architecture.
    pub architecture: String,
    /// Changes with every boot.
    #[serde(rename = "bootID")]
    pub boot_id: String,
    /// The container runtime and its version.
    pub container_runtime_version: String,
    /// The version of the kernel.
    pub kernel_version: String,
    /// The version of kube-proxy.
    pub kube_proxy_version: String,
    /// The version of the kubelet.
    pub kubelet_version: String,
    /// The machine's id, from its operating system.
    #[serde(rename = "machineID")]
    pub machine_id: String,
    /// The operating system.
    pub operating_system: String,
    /// The name of the operating system's image.
    pub os_image: String,
    /// The swap space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<NodeSwap>,
    /// The machine's UUID, from its firmware.
    #[serde(rename = "systemUUID")]
    pub system_uuid: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The swap space of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeSwap {
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the names of new machines are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineNaming {
    /// A Go template of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The labels and annotations that objects made from a template get.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateMeta {
    /// Annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How many machines run a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionReplicas {
    /// How many machines run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The Kubernetes version.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How many unhealthy machines are replaced at a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineDeploymentRemediation {
    /// How many unhealthy machines are replaced at a time, as a number or a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The networks inside a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetwork {
    /// The port the API servers listen on; 6443 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_port: Option<i32>,
    /// The addresses of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<NetworkRanges>,
    /// The DNS domain of services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_domain: Option<String>,
    /// The addresses of services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<NetworkRanges>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The address ranges of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkRanges {
    /// Address ranges, such as `192.168.0.0/16`.
    pub cidr_blocks: Vec<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// When machines are replaced, changed or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAfter {
    /// When this time has passed, machines older than it are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A failure domain, by whose name it stands in a map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureDomainSpec {
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// Whether control-plane machines may run there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The machines of the control plane, or of all workers, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSummary {
    /// How many are available: ready for `minReadySeconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// How many machines there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_replicas: Option<i32>,
    /// How many are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// How many machines there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// How many are as the spec wants them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_date_replicas: Option<i32>,
    /// The versions still to go through, the next one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_plan: Option<Vec<UpgradePlanStep>>,
    /// How many machines run which version, by what their kubelets say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<VersionReplicas>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A version on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlanStep {
    /// The Kubernetes version of this step.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What makes machines be replaced in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutBefore {
    /// Replaces a machine this many days before its certificates expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_expiry_days: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How many machines more there may be during a rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeadmControlPlaneRollingUpdate {
    /// 1 adds a machine before one goes, 0 takes one away first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Which status of a condition is the good one.
    pub enum Polarity {
        /// `True` is good.
        Positive = "Positive",
        /// `False` is good.
        Negative = "Negative",
    }
}

open_enum! {
    /// What a taint does to pods that do not tolerate it.
    pub enum TaintEffect {
        /// New ones stay away.
        NoSchedule = "NoSchedule",
        /// New ones stay away if they can.
        PreferNoSchedule = "PreferNoSchedule",
        /// Running ones are evicted as well.
        NoExecute = "NoExecute",
    }
}

open_enum! {
    /// For how long Cluster API keeps a taint on a node.
    pub enum TaintPropagation {
        /// For good.
        Always = "Always",
        /// Until the node is set up; whoever removes it then is left alone.
        OnInitialization = "OnInitialization",
    }
}

open_enum! {
    /// What kind of address.
    pub enum AddressType {
        Hostname = "Hostname",
        ExternalIp = "ExternalIP",
        InternalIp = "InternalIP",
        ExternalDns = "ExternalDNS",
        InternalDns = "InternalDNS",
    }
}

open_enum! {
    /// How far a machine is.
    pub enum MachinePhase {
        /// Waiting for its bootstrap data.
        Pending = "Pending",
        /// Its infrastructure is being made.
        Provisioning = "Provisioning",
        /// Its infrastructure is there, its node is not.
        Provisioned = "Provisioned",
        /// It is a node.
        Running = "Running",
        /// It is being updated in place.
        Updating = "Updating",
        /// It is on its way out.
        Deleting = "Deleting",
        /// Its infrastructure is gone.
        Deleted = "Deleted",
        /// It will not come up; v1beta1 only.
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

open_enum! {
    /// Which machines go first.
    pub enum DeletionOrderPolicy {
        Random = "Random",
        Newest = "Newest",
        Oldest = "Oldest",
    }
}

open_enum! {
    /// How machines are replaced.
    pub enum RolloutStrategyType {
        /// A few at a time.
        RollingUpdate = "RollingUpdate",
        /// Only those someone deletes.
        OnDelete = "OnDelete",
    }
}

open_enum! {
    /// What a deployment of machines is doing.
    pub enum MachineDeploymentPhase {
        ScalingUp = "ScalingUp",
        ScalingDown = "ScalingDown",
        Running = "Running",
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

open_enum! {
    /// How far a cluster is.
    pub enum ClusterPhase {
        Pending = "Pending",
        Provisioning = "Provisioning",
        /// Infrastructure and control plane are there.
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

open_enum! {
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

/// Another object of the same namespace whose kind is known; without a name it leads nowhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalReference {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
