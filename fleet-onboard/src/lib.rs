#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "kube")]
mod engine;
pub mod files;
mod request;
pub mod saga;
#[cfg(feature = "preflight")]
mod scan;
#[cfg(feature = "kube")]
pub mod steps;
pub mod verify;

#[cfg(feature = "kube")]
pub use engine::{ConfigMapStore, Context, EngineError, Onboarding, SagaStore, StoreError};
pub use files::RepositoryFile;
pub use request::{AddonSettings, OnboardRequest, RequestError};
#[cfg(feature = "preflight")]
pub use scan::ScannedEvidence;
