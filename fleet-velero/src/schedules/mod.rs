//! Schedules: when they run, what they cover, and how each volume is saved.
//!
//! - [`Timing`]: the runs of a schedule as one version of Velero reads it: next, missed, the worst gap, names.
//! - [`Coverage`]: what a backup of a spec holds: namespaces, resources, labels, and the method of each volume.
//! - [`ResourcePolicies`]: the `ConfigMap` that says what is done with which volume, and which objects are taken.

mod coverage;
mod filters;
mod glob;
mod names;
mod policy;
mod policy_rules;
mod timing;

pub(crate) use coverage::has_old_filters;
pub use coverage::{Coverage, CoverageError, Uncovered, VolumeMethod};
pub use glob::{Glob, GlobError};
pub(crate) use names::{is_known, nearest_known};
pub(crate) use policy::bytes_of;
pub use policy::{
    ClusterScopedFilterPolicy, IncludeExcludePolicy, NamespacedFilterPolicy, PolicyError, ResourceFilter,
    ResourcePolicies, VolumeAction, VolumeActionType, VolumeConditions, VolumePolicy,
};
pub(crate) use timing::TICK;
pub use timing::{Due, Timing, backup_name};
