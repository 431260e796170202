//! The hand on a run: watch it, pause it, end it.

use futures::Stream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::progress::Feed;
use super::runner::Runner;
use super::{Engine, EngineError, Progress, WithUpgrader};
use crate::kernel::{Fact, RunReport};

/// A run that is under way.
///
/// Dropping the handle ends the engine's task at once, as the end of its process would. The run stays in its store, and
/// another engine can take it up.
#[derive(Debug)]
#[must_use = "dropping the handle ends the engine's task"]
pub struct RunHandle {
    orders: mpsc::Sender<Order>,
    feed: Feed,
    task: JoinHandle<Result<RunReport, EngineError>>,
}

/// An order from outside, with the one who waits for its being taken.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) fact: Fact,
    pub(crate) taken: oneshot::Sender<()>,
}

impl RunHandle {
    pub(super) fn spawn(engine: Engine<WithUpgrader>) -> Self {
        let (orders, inbox) = mpsc::channel(8);
        let feed = Feed::open();
        let runner = Runner::new(engine, inbox, feed.clone());
        Self {
            orders,
            feed,
            task: tokio::spawn(runner.run()),
        }
    }

    /// Every step from now on. Ends when the engine does.
    pub fn progress(&self) -> impl Stream<Item = Progress> + Send + Unpin + use<> {
        self.feed.listen()
    }

    /// Pauses the run. When this returns, the pause is in the log and nothing new starts; what is under way goes on, and
    /// is watched. Pausing a paused run changes nothing.
    pub async fn pause(&self) -> Result<(), EngineError> {
        self.order(Fact::Paused).await
    }

    /// Lets a paused run go on. Soak that was earned before the pause still counts.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.order(Fact::Resumed).await
    }

    /// Cancels the run: nothing new starts, what is under way is seen to its end, then the run ends.
    pub async fn cancel(&self) -> Result<(), EngineError> {
        self.order(Fact::Cancelled).await
    }

    /// Waits for the run's end. A run that stopped by itself is an end like another: see
    /// [`RunReport::outcome`] and [`RunReport::is_success`].
    pub async fn outcome(mut self) -> Result<RunReport, EngineError> {
        (&mut self.task).await?
    }

    async fn order(&self, fact: Fact) -> Result<(), EngineError> {
        let (taken, answer) = oneshot::channel();
        self.orders
            .send(Order { fact, taken })
            .await
            .map_err(|_| EngineError::NotAtWork)?;
        answer.await.map_err(|_| EngineError::NotAtWork)
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
