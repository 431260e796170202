//! The ports on real systems, each behind its feature.

#[cfg(feature = "capi")]
mod capi;

#[cfg(feature = "capi")]
pub use capi::CapiUpgrader;
