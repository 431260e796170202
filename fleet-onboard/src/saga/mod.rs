//! The saga as data: steps and what they require, where each of them stands, and what is to be done next. Pure.
//!
//! ```
//! use fleet_onboard::saga::{Command, Graph, OnFailure, Saga, StepSpec};
//!
//! let step = |id: &str, requires: &[&str]| StepSpec::new(id, id, requires.iter().copied());
//! let graph = Graph::new([step("provision", &[]), step("cni", &["provision"]), step("backup", &["provision"])])?;
//! let now = "2026-06-01T08:00:00Z".parse()?;
//! let mut saga = Saga::new("eu".parse()?, OnFailure::Stop, now);
//! assert_eq!(saga.decide(&graph, now), [Command::Act("provision".into())]);
//!
//! saga.start("provision", now);
//! saga.acted("provision");
//! assert_eq!(saga.decide(&graph, now), [Command::Check("provision".into())]);
//! saga.done("provision", now);
//! // Side by side.
//! assert_eq!(saga.decide(&graph, now), [Command::Act("backup".into()), Command::Act("cni".into())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod graph;
mod state;

pub use graph::{Graph, GraphError, StepId, StepSpec};
pub use state::{Command, Direction, OnFailure, Saga, StepState, Verdict};
