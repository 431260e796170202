//! Runs kept in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::UpgradePlan;
use crate::kernel::Event;
use crate::ports::{RunStore, RunStoreError, StoredRun};

/// A [`RunStore`] in memory. Clones share what they keep, so that a test can hand one to an engine, end that engine, and
/// hand another to the next.
#[derive(Debug, Clone, Default)]
pub struct InMemoryRunStore {
    runs: Arc<Mutex<BTreeMap<String, StoredRun>>>,
}

impl InMemoryRunStore {
    /// A store without runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run's log so far; empty when there is no such run.
    pub fn events(&self, run: &str) -> Vec<Event> {
        self.lock()
            .get(run)
            .map(|stored| stored.events.clone())
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, StoredRun>> {
        // A map that a panicking test left behind is still a map.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RunStore for InMemoryRunStore {
    async fn load(&self, run: &str) -> Result<Option<StoredRun>, RunStoreError> {
        Ok(self.lock().get(run).cloned())
    }

    async fn create(&self, run: &str, plan: &UpgradePlan) -> Result<(), RunStoreError> {
        let mut runs = self.lock();
        match runs.get(run) {
            Some(stored) if stored.plan == *plan => Ok(()),
            Some(_) => Err(RunStoreError::Conflict {
                run: run.to_owned(),
                seq: 0,
            }),
            None => {
                runs.insert(
                    run.to_owned(),
                    StoredRun {
                        plan: plan.clone(),
                        events: Vec::new(),
                    },
                );
                Ok(())
            }
        }
    }

    async fn append(&self, run: &str, events: &[Event]) -> Result<(), RunStoreError> {
        let mut runs = self.lock();
        let stored = runs
            .get_mut(run)
            .ok_or_else(|| RunStoreError::NotFound { run: run.to_owned() })?;
        let conflict = |seq| RunStoreError::Conflict {
            run: run.to_owned(),
            seq,
        };
        let mut new = Vec::new();
        for event in events {
            let known = usize::try_from(event.seq)
                .ok()
                .and_then(|seq| stored.events.get(seq));
            match known {
                Some(known) if known == event => {}
                None if event.seq == (stored.events.len() + new.len()) as u64 => new.push(event.clone()),
                _ => return Err(conflict(event.seq)),
            }
        }
        stored.events.extend(new);
        Ok(())
    }
}
