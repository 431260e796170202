//! What the executor asks of the world.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::recovery::{RecoveryPlan, Step};

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepState {
    /// Nothing of it is there.
    NotBegun,
    /// It runs; the text says how far it is, or what it waits for.
    Running(String),
    /// What it gives is there.
    Done,
    /// It cannot succeed any more; the text says why.
    Failed(String),
}

/// A system did not answer, or refused.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct SystemError {
    context: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl SystemError {
    /// What was tried, and the error.
    pub fn new(
        context: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            context: context.into(),
            source: source.into(),
        }
    }
}

/// The systems that a recovery touches: Velero, Cluster API, Argo CD, Git, DNS.
#[async_trait]
pub trait RecoverySystem: Send + Sync {
    /// How far a step is, from what is there and not from what was begun.
    async fn observe(&self, plan: &RecoveryPlan, step: &Step) -> Result<StepState, SystemError>;

    /// Begins a step. Must be harmless when it was begun before.
    async fn begin(&self, plan: &RecoveryPlan, step: &Step) -> Result<(), SystemError>;
}

/// People who say yes.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// Whether a step that wants approval may begin.
    async fn is_approved(&self, plan: &RecoveryPlan, step: &Step) -> Result<bool, SystemError>;
}

/// Approves everything: for drills, and for those who approved the whole plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everything;

#[async_trait]
impl Approvals for Everything {
    async fn is_approved(&self, _: &RecoveryPlan, _: &Step) -> Result<bool, SystemError> {
        Ok(true)
    }
}

/// The time, and waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, length: std::time::Duration);
}

/// A clock that begins where it is told and goes with tokio's time, which is virtual when the runtime is paused.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Timestamp,
    origin: Instant,
}

impl TokioClock {
    /// A clock that shows this time now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            start,
            origin: Instant::now(),
        }
    }

    /// The machine's time.
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, length: std::time::Duration) {
        tokio::time::sleep(length).await;
    }
}
