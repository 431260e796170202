//! Cluster API v1beta1: deprecated, and served until Cluster API 1.16.

mod cluster;
mod condition;
mod kubeadm_config;
mod kubeadm_config_template;
mod kubeadm_control_plane;
mod machine;
mod machine_deployment;
mod machine_set;
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
pub use cluster::{Cluster, ClusterSpec, ClusterStatus, ClusterV1beta2Status};
pub use condition::{Condition, ConditionSeverity};
pub use kubeadm_config::{
    ApiServer, BootstrapToken, ClusterConfiguration, ControlPlaneComponent, Discovery, DiskSetup, Etcd,
    InitConfiguration, JoinConfiguration, KubeadmConfigSpec, LocalEtcd, Networking, NodeRegistration,
    Partition,
};
pub use kubeadm_config_template::{
    KubeadmConfigTemplate, KubeadmConfigTemplateResource, KubeadmConfigTemplateSpec,
};
pub use kubeadm_control_plane::{
    KubeadmControlPlane, KubeadmControlPlaneMachineTemplate, KubeadmControlPlaneRemediation,
    KubeadmControlPlaneRolloutStrategy, KubeadmControlPlaneSpec, KubeadmControlPlaneStatus, LastRemediation,
};
pub use machine::{Bootstrap, Machine, MachineSpec, MachineStatus, V1beta2Conditions};
pub use machine_deployment::{
    MachineDeployment, MachineDeploymentRollingUpdate, MachineDeploymentSpec, MachineDeploymentStatus,
    MachineDeploymentStrategy,
};
pub use machine_set::{MachineSet, MachineSetSpec, MachineSetStatus, MachineTemplate, V1beta2Replicas};
pub use topology::{
    ClusterVariable, ControlPlaneTopology, MachineDeploymentTopology, MachineHealthCheckTopology,
    MachinePoolTopology, Topology, UnhealthyCondition, UnhealthyMachineCondition, VariableOverrides,
    WorkersTopology,
};
