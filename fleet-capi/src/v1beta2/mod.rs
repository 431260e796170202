//! Cluster API v1beta2: the version to write, stored since Cluster API 1.11.

mod cluster;
mod cluster_class;
mod cluster_resource_set;
mod deprecated;
mod extension_config;
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
mod provisioned;
mod reference;
mod topology;

pub use crate::addons::{
    DrainBehavior, DrainRule, DrainedMachines, DrainedPods, ExtensionClientConfig, ExtensionHandler,
    ExtensionServiceReference, FailurePolicy, GroupVersionHook, MachinePoolPhase, ResourceBinding,
    ResourceKind, ResourceReference, ResourceSetBinding, ResourceSetStrategy,
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
pub use crate::meta::{
    AddressType, ApiEndpoint, ClusterNetwork, ClusterPhase, ConditionGate, ConditionStatus,
    DeletionOrderPolicy, FailureDomainSpec, KubeadmControlPlaneRollingUpdate, MachineAddress,
    MachineDeletionStatus, MachineDeploymentPhase, MachineDeploymentRemediation, MachineNaming, MachinePhase,
    MachineTaint, NetworkRanges, NodeInfo, NodeSwap, Polarity, ReplicaSummary, RolloutAfter, RolloutBefore,
    RolloutStrategyType, TaintEffect, TaintPropagation, TemplateMeta, UpgradePlanStep, VersionReplicas,
};
pub use cluster::{Cluster, ClusterInitialization, ClusterSpec, ClusterStatus, FailureDomain};
pub use cluster_class::{
    ClassTemplate, ClusterClass, ClusterClassPatch, ClusterClassSpec, ClusterClassStatus,
    ClusterClassStatusVariable, ClusterClassStatusVariableDefinition, ClusterClassVariable,
    ControlPlaneClass, ControlPlaneClassHealthCheck, ExternalPatch, InfrastructureClass,
    MachineDeploymentClass, MachineDeploymentClassHealthCheck, MachineDeploymentClassRollout,
    MachinePoolClass, WorkersClass,
};
pub use cluster_resource_set::{
    ClusterResourceSet, ClusterResourceSetBinding, ClusterResourceSetBindingSpec, ClusterResourceSetSpec,
    ClusterResourceSetStatus,
};
pub use deprecated::{DeprecatedConditions, V1beta1Conditions};
pub use extension_config::{ExtensionConfig, ExtensionConfigSpec, ExtensionConfigStatus};
pub use health_check::{
    HealthCheckRemediation, HealthChecks, RemediationTrigger, UnhealthyMachineCondition,
    UnhealthyNodeCondition,
};
pub use ip_address::{IPAddress, IPAddressClaim, IPAddressClaimSpec, IPAddressClaimStatus, IPAddressSpec};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
pub use kubeadm_config::{
    ApiServer, Arg, BootstrapToken, ClusterConfiguration, ControlPlaneComponent, Discovery, DiskSetup, Etcd,
    InitConfiguration, JoinConfiguration, KubeadmConfig, KubeadmConfigInitialization, KubeadmConfigSpec,
    KubeadmConfigStatus, KubeadmTimeouts, LocalEtcd, NodeRegistration, Partition,
};
pub use kubeadm_config_template::{
    KubeadmConfigTemplate, KubeadmConfigTemplateResource, KubeadmConfigTemplateSpec,
};
pub use kubeadm_control_plane::{
    KubeadmControlPlane, KubeadmControlPlaneDeprecated, KubeadmControlPlaneInitialization,
    KubeadmControlPlaneMachineSpec, KubeadmControlPlaneMachineTemplate, KubeadmControlPlaneRemediation,
    KubeadmControlPlaneRollout, KubeadmControlPlaneRolloutStrategy, KubeadmControlPlaneSpec,
    KubeadmControlPlaneStatus, KubeadmControlPlaneV1beta1Status, LastRemediation,
};
pub use kubeadm_control_plane_template::{
    KubeadmControlPlaneTemplate, KubeadmControlPlaneTemplateMachineSpec,
    KubeadmControlPlaneTemplateMachineTemplate, KubeadmControlPlaneTemplateResource,
    KubeadmControlPlaneTemplateResourceSpec, KubeadmControlPlaneTemplateSpec,
};
pub use machine::{
    Bootstrap, DeletionTimeouts, Machine, MachineInitialization, MachineSpec, MachineStatus, NodeReference,
    V1beta1Failure, V1beta1FailureContainer,
};
pub use machine_deployment::{
    MachineDeployment, MachineDeploymentDeprecated, MachineDeploymentRollingUpdate, MachineDeploymentRollout,
    MachineDeploymentRolloutStrategy, MachineDeploymentSpec, MachineDeploymentStatus,
    MachineDeploymentV1beta1Status,
};
pub use machine_drain_rule::{MachineDrainRule, MachineDrainRuleSpec};
pub use machine_health_check::{MachineHealthCheck, MachineHealthCheckSpec, MachineHealthCheckStatus};
pub use machine_pool::{
    MachinePool, MachinePoolDeprecated, MachinePoolSpec, MachinePoolStatus, MachinePoolV1beta1Status,
};
pub use machine_set::{
    DeletionOrder, MachineSet, MachineSetDeprecated, MachineSetSpec, MachineSetStatus,
    MachineSetV1beta1Status, MachineTemplate,
};
pub use provisioned::InfrastructureInitialization;
pub use reference::ContractReference;
pub use reference::{NameReference, TemplateReference};
pub use topology::{
    ClassReference, ClusterVariable, ControlPlaneHealthCheck, ControlPlaneTopology,
    MachineDeploymentHealthCheck, MachineDeploymentHealthCheckRemediation, MachineDeploymentTopology,
    MachineDeploymentTopologyDeletion, MachinePoolTopology, Topology, VariableOverrides, WorkersTopology,
};
