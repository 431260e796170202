//! Application: what is deployed, where from, where to, and how it fares.

mod operation;
mod resource;
mod source;
mod spec;
mod status;

pub use operation::{
    Operation, OperationInitiator, OperationPhase, OperationState, ResourceResult, SyncOperation,
    SyncOperationResource, SyncOperationResult, SyncStrategy, SyncStrategyApply, SyncStrategyHook,
};
pub use resource::Application;
pub use source::{
    ApplicationSource, CmpSource, DirectorySource, DrySource, EnvironmentVariable, HelmFileParameter,
    HelmParameter, HelmSource, HydrateTo, JsonnetSource, JsonnetVariable, KustomizePatch, KustomizeReplica,
    KustomizeSelector, KustomizeSource, PluginParameter, SourceHydrator, SyncSource,
};
pub use spec::{
    ApplicationDestination, ApplicationSpec, AutomatedSync, Backoff, IgnoreDifferences, Info,
    ManagedNamespaceMetadata, RetryStrategy, SyncPolicy,
};
pub use status::{
    ApplicationCondition, ApplicationSourceType, ApplicationStatus, ApplicationSummary, ComparedTo,
    HealthStatus, HealthStatusCode, HydrateOperation, HydratePhase, ResourceStatus, RevisionHistory,
    SourceHydratorStatus, SuccessfulHydrateOperation, SyncStatus, SyncStatusCode,
};
