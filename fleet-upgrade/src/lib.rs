#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "engine")]
pub mod adapters;
#[cfg(feature = "engine")]
pub mod engine;
mod estimate;
#[cfg(feature = "yaml")]
mod fleet_file;
#[cfg(feature = "yaml")]
pub mod import;
pub mod kernel;
#[cfg(feature = "operator")]
pub mod operator;
mod pick;
mod plan;
#[cfg(feature = "engine")]
pub mod ports;
#[cfg(feature = "simulate")]
pub mod simulate;
pub mod slo;
mod spec;
#[cfg(feature = "testing")]
pub mod testing;

pub use estimate::Estimates;
#[cfg(feature = "yaml")]
pub use fleet_file::{FleetFileError, fleet_from_yaml, read_fleet};
pub use pick::{Coverage, Pick, PickOrder, Take};
pub use plan::{
    AtTarget, ClusterSample, Constraint, ConstraintEffect, DomainShare, PlanDomain, PlanError, PlanProblem,
    PlanViolation, PlanWarning, PlannedCluster, PlannedStage, Reason, Relaxation, RelaxedTo, ReversalMethod,
    Reversibility, StartBound, UpgradePlan, Why, plan, plan_with,
};
#[cfg(feature = "yaml")]
pub use spec::SpecError;
pub use spec::{
    API_VERSION, ApprovalRule, AtMost, AtMostError, BackupRequirement, ClusterCalendar, Deadline,
    DeadlineError, FailureBudget, FleetUpgrade, FleetUpgradeSpec, GateMoment, GateRule, Group, KIND,
    OnAtTarget, OnChange, OnChangedByOthers, OnFailure, OnJoining, OnLeaving, OnUpgradedByOthers, Percent,
    Place, PreflightRequirement, Remedy, SoakRule, SpreadRule, Stage, StageApproval, Weight,
};
