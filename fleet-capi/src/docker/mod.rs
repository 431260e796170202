//! The infrastructure provider for Docker and in-memory clusters: tests and development, not production.

mod parts;
mod pools;
pub mod v1beta1;
pub mod v1beta2;
