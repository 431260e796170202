#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod baseline;
mod files;
mod finding;
pub mod lifecycle;
mod pass;
mod platform;
mod report;
pub mod rules;
mod scan;
mod text;
mod verdict;

pub use baseline::{Baseline, BaselineError};
pub use finding::{Confidence, Finding, HelmOwner, ObjectRef, Owner, Place, Severity};
pub use platform::{PlatformApi, PlatformError, PlatformTable};
pub use scan::Scanner;
pub use verdict::{Report, Summary, Verdict};
