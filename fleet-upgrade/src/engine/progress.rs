//! What a run tells while it goes on.

use std::sync::{Arc, Mutex, PoisonError};

use fleet_core::ClusterName;
use futures::{Stream, stream};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::kernel::{Blocker, Counts, Fact};

/// One step of a run, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Progress {
    /// When.
    pub at: Timestamp,
    /// How many clusters are where, after this step.
    pub counts: Counts,
    /// The stage this is about; none when it is about the whole run.
    pub stage: Option<String>,
    /// The cluster this is about; none when it is about a stage or the whole run.
    pub cluster: Option<ClusterName>,
    /// What happened.
    pub step: Step,
}

impl Progress {
    /// How many clusters have come to an end, good or bad.
    pub fn done(&self) -> u32 {
        self.counts.done()
    }

    /// How many clusters there are.
    pub fn total(&self) -> u32 {
        self.counts.total()
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Step {
    /// The run was taken up, with a log of this many entries.
    TakenUp {
        /// The number of entries.
        entries: u64,
    },
    /// A fact was added to the log.
    Fact(Fact),
    /// There is nothing to do; told when the reason is another one than before.
    Waiting {
        /// Until when, unless something happens before.
        until: Option<Timestamp>,
        /// What the next start waits for.
        on: Blocker,
    },
}

/// Hands every step to every listener.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// None once the run's task is over.
    listeners: Arc<Mutex<Option<Vec<mpsc::UnboundedSender<Progress>>>>>,
}

impl Feed {
    pub(crate) fn open() -> Self {
        Self {
            listeners: Arc::new(Mutex::new(Some(Vec::new()))),
        }
    }

    pub(crate) fn listen(&self) -> impl Stream<Item = Progress> + Send + Unpin + use<> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        if let Some(listeners) = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            listeners.push(sender);
        }
        stream::poll_fn(move |context| receiver.poll_recv(context))
    }

    pub(crate) fn tell(&self, progress: &Progress) {
        if let Some(listeners) = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            listeners.retain(|listener| listener.send(progress.clone()).is_ok());
        }
    }

    pub(crate) fn close(&self) {
        *self.listeners.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
