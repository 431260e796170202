//! Schedules: when they run, what they cover, and how each volume is saved.
//!
//! - [`Timing`]: the runs of a schedule as one version of Velero reads it: next, missed, the worst gap, names.
//! - [`Coverage`]: what a backup of a spec holds: namespaces, resources, labels, and the method of each volume.
//! - [`ResourcePolicies`]: the `ConfigMap` that says what is done with which volume.

mod coverage;
mod glob;
mod policy;
mod timing;

pub use coverage::{Coverage, CoverageError, Uncovered, VolumeMethod};
pub(crate) use coverage::{is_known, nearest_known};
pub use glob::{Glob, GlobError};
pub(crate) use policy::bytes_of;
pub use policy::{
    ClusterScopedFilterPolicy, IncludeExcludePolicy, NamespacedFilterPolicy, PolicyError, ResourceFilter,
    ResourcePolicies, VolumeAction, VolumeActionType, VolumeConditions, VolumePolicy,
};
pub(crate) use timing::TICK;
pub use timing::{Due, Timing, backup_name};
