//! In-memory ports, for an embedder's own tests and for programs that only rehearse.

mod store;
mod upgrader;

pub use store::InMemoryRunStore;
pub use upgrader::{Call, Fault, InMemoryUpgrader};
