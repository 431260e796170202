//! Placeholder.
mod clock;
pub mod cluster_api;
