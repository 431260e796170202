//! Why an engine gave up. The run itself is in the store and can be taken up again.

use crate::kernel::Violation;
use crate::ports::RunStoreError;

/// Why an engine gave up, or could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store failed for good, or another process writes the run.
    #[error("the run's store failed")]
    Store(#[from] RunStoreError),
    /// The store has no such run.
    #[error("there is no run {run} to resume")]
    NoSuchRun {
        /// The name asked for.
        run: String,
    },
    /// The store has a run of that name with another plan.
    #[error(
        "run {run} was begun with another plan; resume it with its own, or start this one under another name"
    )]
    PlanChanged {
        /// The run.
        run: String,
    },
    /// The log lacks an entry.
    #[error("the log of run {run} lacks entry {missing}")]
    LogBroken {
        /// The run.
        run: String,
        /// The first entry that is missing.
        missing: u64,
    },
    /// The policy asks for something that the engine has nobody to ask about.
    #[error(
        "the policy asks for {what}, and the engine was given nobody to ask: give it one with Engine::{with}"
    )]
    MissingPort {
        /// What the policy asks for.
        what: &'static str,
        /// The method of the engine that takes the one to ask.
        with: &'static str,
    },
    /// The policy names a gate that the engine does not have.
    #[error(
        "spec.gates names `{gate}`, and the engine has {}: give it that gate with Engine::named_gate, or correct the name",
        if known.is_empty() { "no gates".to_owned() } else { format!("only {}", known.join(", ")) }
    )]
    MissingGate {
        /// The name.
        gate: String,
        /// The names of the gates that it has.
        known: Vec<String>,
    },
    /// A setting that no run can go by.
    #[error("the setting {setting} must be longer than zero")]
    Settings {
        /// Its name.
        setting: &'static str,
    },
    /// The engine was about to break an invariant, and stopped instead. This is a defect of this library.
    #[error("starting {cluster} would break an invariant")]
    Violation {
        /// The cluster.
        cluster: String,
        /// The invariant.
        #[source]
        source: Violation,
    },
    /// The run is over, or its engine has given up: there is no one to take the order.
    #[error("the engine of this run is no longer at work")]
    NotAtWork,
    /// The engine's task panicked, or its runtime was shut down.
    #[error("the engine's task came to an untimely end")]
    Died(#[from] tokio::task::JoinError),
}
