//! The ports on real systems, each behind its feature.

#[cfg(feature = "capi")]
mod capi;
#[cfg(feature = "preflight")]
mod preflight;

#[cfg(feature = "capi")]
pub use capi::CapiUpgrader;
#[cfg(feature = "preflight")]
pub use preflight::ClusterScan;
