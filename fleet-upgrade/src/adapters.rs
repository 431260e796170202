//! The ports on real systems, each behind its feature.

#[cfg(feature = "health")]
mod applications;
#[cfg(feature = "capi")]
mod capi;
#[cfg(feature = "capi")]
mod capi_remedies;
#[cfg(any(feature = "health", feature = "preflight"))]
mod clients;
#[cfg(feature = "prometheus")]
mod cohort;
#[cfg(feature = "http")]
mod fetch;
#[cfg(feature = "health")]
mod jobs;
#[cfg(feature = "preflight")]
mod preflight;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "velero")]
mod velero;
#[cfg(feature = "webhook")]
mod webhook;
#[cfg(feature = "health")]
mod workloads;

#[cfg(feature = "health")]
pub use applications::ApplicationGate;
#[cfg(feature = "operator")]
pub use capi::CapiFleet;
#[cfg(feature = "capi")]
pub use capi::CapiUpgrader;
#[cfg(feature = "capi")]
pub use capi_remedies::CapiRemediator;
#[cfg(feature = "prometheus")]
pub use cohort::CohortGate;
#[cfg(feature = "http")]
pub use fetch::{BaseUrlError, Fetch, HttpFetch};
#[cfg(feature = "health")]
pub use jobs::{JobGate, JobTemplateError};
#[cfg(feature = "preflight")]
pub use preflight::ClusterScan;
#[cfg(feature = "prometheus")]
pub use prometheus::{Prometheus, SloGate};
#[cfg(feature = "velero")]
pub use velero::VeleroGate;
#[cfg(feature = "webhook")]
pub use webhook::WebhookGate;
#[cfg(feature = "health")]
pub use workloads::WorkloadGate;
