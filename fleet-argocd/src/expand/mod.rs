//! From an ApplicationSet and a snapshot to the Applications Argo CD would make of them.

mod bounds;
mod case;
mod diff;
mod error;
mod expander;
mod expansion;
mod fasttemplate;
mod generators;
mod go;
mod go_yaml;
mod guard;
mod params;
mod patch;
mod patterns;
mod selector;
mod shape;
mod snapshot;
mod template;
mod text;
mod wants;

pub use bounds::Bounds;
pub use case::{CaseError, ExpandCase};
pub use diff::{ApplicationChange, Diff, FieldChange, Rename};
pub use error::{ExpandError, GeneratorProblem};
pub use expander::{Expander, expand};
pub use expansion::{Expansion, GeneratedApplication, Provenance, Warning};
pub use generators::GeneratorKind;
pub(crate) use generators::{pull_request_query, scm_query};
pub use guard::{Finding, GuardRails, Rail};
pub use params::Params;
pub use snapshot::{
    FailureKind, GitEntry, GitTree, PullRequest, ScmRepository, Snapshot, SnapshotCluster, SourceFailure,
    Switches,
};
pub(crate) use wants::{Sought, Want, wants};
