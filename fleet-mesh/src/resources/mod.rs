//! The objects of a mesh, typed: Cilium's clusterwide policies, global Services, the Multi-Cluster Services API, Submariner.
//!
//! What is read and written again is unchanged, fields of a newer upstream included.

mod mcs;
mod policy;
mod service;
mod submariner;

pub use mcs::{
    ClusterProperty, ClusterPropertySpec, ExportCondition, ImportCluster, ImportPort, ImportType,
    ServiceExport, ServiceExportSpec, ServiceExportStatus, ServiceImport, ServiceImportSpec,
    ServiceImportStatus, clusterset_membership,
};
pub use policy::{
    CiliumClusterwideNetworkPolicy, CiliumClusterwideNetworkPolicySpec, DefaultDeny, DnsRule, EgressRule,
    EndpointSelector, Entity, IngressRule, PortProtocol, PortRule, PortRules, default_deny,
};
pub use service::{
    AFFINITY_ANNOTATION, Affinity, GLOBAL_ANNOTATION, SHARED_ANNOTATION, global_service, make_global,
};
#[cfg(feature = "kube")]
pub(crate) use submariner::submariner_states;
pub use submariner::{
    Broker, BrokerSpec, Connection, ConnectionStatus, EndpointSpec, Gateway, GatewaySpec, GatewayStatus,
    HaStatus, broker,
};
