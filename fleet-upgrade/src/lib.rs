#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod estimate;
mod pick;
mod plan;
mod spec;

pub use estimate::Estimates;
pub use pick::{Pick, PickOrder};
pub use plan::{
    AtTarget, ClusterSample, Constraint, ConstraintEffect, PlanError, PlanProblem, PlanWarning, PlannedCluster,
    PlannedStage, Reason, StartBound, UpgradePlan, PlanViolation, Why, plan, plan_with,
};
pub use spec::{API_VERSION, FailureBudget, FleetUpgrade, FleetUpgradeSpec, KIND, Place, Stage};
#[cfg(feature = "yaml")]
pub use spec::SpecError;
