//! In-memory ports, for an embedder's own tests and for programs that only rehearse.

mod gates;
mod store;
mod upgrader;

pub use gates::{
    InMemoryApprovals, InMemoryBackups, InMemoryNotifier, InMemoryPreflight, InMemoryRemediator,
};
pub use store::InMemoryRunStore;
pub use upgrader::{Call, Fault, InMemoryUpgrader};
