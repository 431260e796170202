//! Cluster API v1beta1: deprecated, and served until Cluster API 1.16.

mod cluster;
mod cluster_class;
mod cluster_resource_set;
mod condition;
mod health_check;
mod ip_address;
mod kubeadm_config;
mod kubeadm_config_template;
mod kubeadm_control_plane;
mod kubeadm_control_plane_template;
mod machine;
mod machine_deployment;
mod machine_drain_rule;
mod machine_health_check;
mod machine_pool;
mod machine_set;
mod topology;

pub use crate::addons::{
    DrainBehavior, DrainRule, DrainedMachines, DrainedPods, MachinePoolPhase, ResourceBinding, ResourceKind,
    ResourceReference, ResourceSetBinding, ResourceSetStrategy,
};
pub use crate::class::{
    ClassJsonPatch, ClusterClassUpgrade, ClusterClassUpgradeExternal, FieldErrorReason, JsonPatchOperation,
    JsonPatchValueSource, PatchDefinition, PatchSelector, PatchSelectorClasses, PatchSelectorMatch,
    ValidationRule, VariableSchema, VariableSchemaProps, VariableType,
};
pub use crate::kubeadm::{
    BootstrapFormat, BootstrapTokenDiscovery, ContainerLinuxConfig, ContentFormat, Dns, EncryptionAlgorithm,
    EnvVar, EnvVarSource, ExecEnv, ExternalEtcd, FieldSelector, File, FileDiscovery, FileDiscoveryKubeConfig,
    FileEncoding, FileKeySelector, Filesystem, HostPathMount, Ignition, ImagePullPolicy, JoinControlPlane,
    KeySelector, KubeConfigAuthProvider, KubeConfigCluster, KubeConfigExec, KubeConfigUser, KubeadmPatches,
    LocalApiEndpoint, Ntp, PartitionSpec, PartitionTableType, ResourceFieldSelector, SecretKeyReference,
    SecretSource, User,
};
pub use crate::meta::LocalReference;
pub use crate::meta::{
    AddressType, ApiEndpoint, ClusterNetwork, ClusterPhase, ConditionGate, ConditionStatus,
    DeletionOrderPolicy, FailureDomainSpec, KubeadmControlPlaneRollingUpdate, MachineAddress,
    MachineDeletionStatus, MachineDeploymentPhase, MachineDeploymentRemediation, MachineNaming, MachinePhase,
    MachineTaint, NetworkRanges, NodeInfo, NodeSwap, Polarity, ReplicaSummary, RolloutAfter, RolloutBefore,
    RolloutStrategyType, TaintEffect, TaintPropagation, TemplateMeta, UpgradePlanStep, VersionReplicas,
};
pub use cluster::{Cluster, ClusterSpec, ClusterStatus, ClusterV1beta2Status};
pub use cluster_class::{
    ClassTemplate, ClusterClass, ClusterClassPatch, ClusterClassSpec, ClusterClassStatus,
    ClusterClassStatusVariable, ClusterClassStatusVariableDefinition, ClusterClassVariable,
    ControlPlaneClass, ExternalPatch, MachineDeploymentClass, MachineHealthCheckClass, MachinePoolClass,
    WorkerTemplates, WorkersClass,
};
pub use cluster_resource_set::{
    ClusterResourceSet, ClusterResourceSetBinding, ClusterResourceSetBindingSpec, ClusterResourceSetSpec,
    ClusterResourceSetStatus,
};
pub use condition::{Condition, ConditionSeverity};
pub use health_check::{UnhealthyCondition, UnhealthyMachineCondition};
pub use ip_address::{IPAddress, IPAddressClaim, IPAddressClaimSpec, IPAddressClaimStatus, IPAddressSpec};
pub use kubeadm_config::{
    ApiServer, BootstrapToken, ClusterConfiguration, ControlPlaneComponent, Discovery, DiskSetup, Etcd,
    InitConfiguration, JoinConfiguration, KubeadmConfig, KubeadmConfigSpec, KubeadmConfigStatus, LocalEtcd,
    Networking, NodeRegistration, Partition,
};
pub use kubeadm_config_template::{
    KubeadmConfigTemplate, KubeadmConfigTemplateResource, KubeadmConfigTemplateSpec,
};
pub use kubeadm_control_plane::{
    KubeadmControlPlane, KubeadmControlPlaneMachineTemplate, KubeadmControlPlaneRemediation,
    KubeadmControlPlaneRolloutStrategy, KubeadmControlPlaneSpec, KubeadmControlPlaneStatus, LastRemediation,
};
pub use kubeadm_control_plane_template::{
    KubeadmControlPlaneTemplate, KubeadmControlPlaneTemplateMachineTemplate,
    KubeadmControlPlaneTemplateResource, KubeadmControlPlaneTemplateResourceSpec,
    KubeadmControlPlaneTemplateSpec,
};
pub use machine::{Bootstrap, Machine, MachineSpec, MachineStatus, V1beta2Conditions};
pub use machine_deployment::{
    MachineDeployment, MachineDeploymentRollingUpdate, MachineDeploymentSpec, MachineDeploymentStatus,
    MachineDeploymentStrategy,
};
pub use machine_drain_rule::{MachineDrainRule, MachineDrainRuleSpec};
pub use machine_health_check::{MachineHealthCheck, MachineHealthCheckSpec, MachineHealthCheckStatus};
pub use machine_pool::{MachinePool, MachinePoolSpec, MachinePoolStatus};
pub use machine_set::{MachineSet, MachineSetSpec, MachineSetStatus, MachineTemplate, V1beta2Replicas};
pub use topology::{
    ClusterVariable, ControlPlaneTopology, MachineDeploymentTopology, MachineHealthCheckTopology,
    MachinePoolTopology, Topology, VariableOverrides, WorkersTopology,
};
