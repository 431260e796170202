//! Cluster API v1beta2: the version to write, stored since Cluster API 1.11.

mod cluster;
mod kubeadm_config;
mod kubeadm_config_template;
mod kubeadm_control_plane;
mod machine;
mod machine_deployment;
mod machine_set;
mod reference;
mod topology;

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
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
pub use kubeadm_config::{
    ApiServer, Arg, BootstrapToken, ClusterConfiguration, ControlPlaneComponent, Discovery, DiskSetup, Etcd,
    InitConfiguration, JoinConfiguration, KubeadmConfigSpec, KubeadmTimeouts, LocalEtcd, NodeRegistration,
    Partition,
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
pub use machine::{
    Bootstrap, DeletionTimeouts, Machine, MachineInitialization, MachineSpec, MachineStatus, NodeReference,
    V1beta1Failure, V1beta1FailureContainer,
};
pub use machine_deployment::{
    MachineDeployment, MachineDeploymentDeprecated, MachineDeploymentRollingUpdate, MachineDeploymentRollout,
    MachineDeploymentRolloutStrategy, MachineDeploymentSpec, MachineDeploymentStatus,
    MachineDeploymentV1beta1Status,
};
pub use machine_set::{
    DeletionOrder, MachineSet, MachineSetDeprecated, MachineSetSpec, MachineSetStatus,
    MachineSetV1beta1Status, MachineTemplate,
};
pub use reference::ContractReference;
pub use topology::{
    ClassReference, ClusterVariable, ControlPlaneHealthCheck, ControlPlaneHealthCheckRemediation,
    ControlPlaneTopology, HealthChecks, MachineDeploymentHealthCheck,
    MachineDeploymentHealthCheckRemediation, MachineDeploymentTopology, MachineDeploymentTopologyDeletion,
    MachinePoolTopology, RemediationTemplateReference, RemediationTrigger, Topology,
    UnhealthyMachineCondition, UnhealthyNodeCondition, VariableOverrides, WorkersTopology,
};
