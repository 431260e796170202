#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod apply;
#[cfg(feature = "argocd")]
pub mod argocd;
mod clock;
pub mod cluster_api;
mod entropy;
pub mod faults;
mod field_selector;
mod gc;
mod handlers;
#[cfg(feature = "http")]
pub mod http;
mod hub;
mod kubernetes;
pub mod metrics;
mod names;
mod object;
mod request;
mod resources;
mod schema;
mod simulation;
mod snapshot;
mod state;
mod status;
mod store;
mod strategic;
mod table;
#[cfg(feature = "velero")]
pub mod velero;
#[cfg(feature = "velero")]
mod wake;

pub use hub::{Hub, HubBody, HubBuilder, HubError, HubService, RequestCounts};
pub use request::Verb;
pub use simulation::Simulation;
pub use snapshot::SnapshotError;
