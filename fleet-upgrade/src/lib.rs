#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod estimate;
mod pick;
mod plan;
mod spec;

pub use estimate::Estimates;
pub use pick::{Pick, PickOrder};
pub use plan::{
    AtTarget, Constraint, ConstraintEffect, PlanWarning, PlannedCluster, PlannedStage, Reason, StartBound, UpgradePlan,
};
pub use spec::{API_VERSION, FailureBudget, FleetUpgrade, FleetUpgradeSpec, KIND, Place, Stage};
