//! What a run did, so that another goes on.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SystemError;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The plan, as `disaster@time`: a journal of another plan is refused.
    pub plan: String,
    /// The step's number.
    pub step: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What happened to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// It is about to begin.
    Began,
    /// What it gives is there.
    Done,
    /// It waits for a person.
    AwaitsApproval,
    /// It takes far longer than planned; the text says what it waits for.
    Stalled(String),
    /// It cannot succeed.
    Failed(String),
}

/// Where entries are kept. An entry that was appended must be there after a crash.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Every entry, in order.
    async fn load(&self) -> Result<Vec<Entry>, SystemError>;

    /// Adds one.
    async fn append(&self, entry: Entry) -> Result<(), SystemError>;
}

/// A journal in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal(Arc<Mutex<Vec<Entry>>>);

impl MemoryJournal {
    /// The entries so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn load(&self) -> Result<Vec<Entry>, SystemError> {
        Ok(self.entries())
    }

    async fn append(&self, entry: Entry) -> Result<(), SystemError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        Ok(())
    }
}
