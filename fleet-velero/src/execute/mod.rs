//! Runs a plan, step by step, behind ports: resumable after a kill at any moment.
//!
//! The [`Executor`] looks before it does: a step whose effect is already there is done, whoever did it. What it began it writes
//! into a [`Journal`] first, and what [`RecoverySystem::begin`] does must be harmless when done twice. So a run that was killed
//! goes on where it was, and one that was killed between doing and writing looks again and finds it done.
//!
//! Nothing is waited for in silence: a step that takes far longer than planned is diagnosed by the system it runs on, told to
//! the journal, and given up after a bound.

mod executor;
mod journal;
#[cfg(feature = "kube")]
mod kube;
mod ports;

#[cfg(feature = "kube")]
pub use self::kube::{Clients, VeleroSystem};
pub use executor::{ExecuteError, Executor, Patience, RunReport, StepTimes};
pub use journal::{Entry, Event, Journal, MemoryJournal};
pub use ports::{Approvals, Clock, Everything, RecoverySystem, StepState, SystemError, TokioClock};
