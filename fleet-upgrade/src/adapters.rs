//! The ports on real systems, each behind its feature.

#[cfg(feature = "capi")]
mod capi;
#[cfg(feature = "preflight")]
mod preflight;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "velero")]
mod velero;

#[cfg(feature = "operator")]
pub use capi::CapiFleet;
#[cfg(feature = "capi")]
pub use capi::CapiUpgrader;
#[cfg(feature = "preflight")]
pub use preflight::ClusterScan;
#[cfg(feature = "prometheus")]
pub use prometheus::{BaseUrlError, Fetch, HttpFetch, Prometheus, SloGate};
#[cfg(feature = "velero")]
pub use velero::VeleroGate;
