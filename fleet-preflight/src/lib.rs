#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod baseline;
mod checks;
mod deep;
mod definitions;
mod files;
mod finding;
mod fix;
mod git;
mod helm;
mod kept;
pub mod lifecycle;
mod live;
mod metrics;
mod pass;
mod platform;
mod report;
pub mod rules;
mod scan;
pub mod settings;
mod text;
mod verdict;

pub use baseline::{Baseline, BaselineError};
pub use finding::{Confidence, Finding, HelmOwner, ObjectRef, Owner, Place, Severity};
pub use fix::{FileFix, FixError, HelmFix, HelmFixError, Moved, Refused, TextFix};
pub use git::GitError;
pub use live::LiveScan;
pub use platform::{PlatformApi, PlatformError, PlatformTable};
pub use scan::Scanner;
pub use verdict::{Report, Summary, Verdict};
