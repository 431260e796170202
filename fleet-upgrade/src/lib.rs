#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "engine")]
pub mod adapters;
#[cfg(feature = "engine")]
pub mod engine;
mod estimate;
pub mod kernel;
mod pick;
mod plan;
#[cfg(feature = "engine")]
pub mod ports;
pub mod slo;
mod spec;
#[cfg(feature = "testing")]
pub mod testing;

pub use estimate::Estimates;
pub use pick::{Pick, PickOrder};
pub use plan::{
    AtTarget, ClusterSample, Constraint, ConstraintEffect, PlanError, PlanProblem, PlanViolation,
    PlanWarning, PlannedCluster, PlannedStage, Reason, StartBound, UpgradePlan, Why, plan, plan_with,
};
#[cfg(feature = "yaml")]
pub use spec::SpecError;
pub use spec::{
    API_VERSION, ApprovalRule, BackupRequirement, FailureBudget, FleetUpgrade, FleetUpgradeSpec, KIND, Place,
    PreflightRequirement, SoakRule, Stage, StageApproval,
};
