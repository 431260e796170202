//! One run under way in this process: its engine, and the status that follows it.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::metrics::Metrics;
use super::people::{Annotations, Events};
use super::resource::{FleetUpgradeStatus, RunObject};
use super::status::{self, Context};
use super::store::ResourceStore;
use crate::engine::{Engine, EngineError, RunHandle, Step};
use crate::kernel::{Blocker, Counts};
use crate::ports::Clock;

/// How long the status may lag behind the run: many steps, one write.
const LAG: Duration = Duration::from_secs(1);

/// A run under way. Dropping it ends its engine as the end of the process would.
pub(super) struct ActiveRun {
    pub(super) approvals: Annotations,
    handle: Arc<Mutex<Option<RunHandle>>>,
    orders: Arc<RunOrders>,
    task: JoinHandle<()>,
}

/// What was ordered already, so that an order is given once.
#[derive(Default)]
struct RunOrders {
    given: Mutex<Option<(bool, bool)>>,
}

/// What the status needs besides the stored run.
pub(super) struct Follower {
    pub(super) client: Client,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) generation: Option<i64>,
    pub(super) before: FleetUpgradeStatus,
    pub(super) current_spec: bool,
    pub(super) store: ResourceStore,
    pub(super) events: Events,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    /// Told when the run has come to an end here, good or bad.
    pub(super) over: mpsc::UnboundedSender<()>,
}

impl ActiveRun {
    pub(super) fn start(
        engine: Engine<crate::engine::WithUpgrader>,
        approvals: Annotations,
        follower: Follower,
    ) -> Self {
        let handle = engine.start();
        let progress = handle.progress();
        let handle = Arc::new(Mutex::new(Some(handle)));
        let ended = Arc::clone(&handle);
        let over = follower.over.clone();
        let task = tokio::spawn(async move {
            follow(progress, follower, ended).await;
            // Nobody listens when the operator is at rest.
            let _ = over.send(());
        });
        Self {
            approvals,
            handle,
            orders: Arc::default(),
            task,
        }
    }

    /// Whether the engine has come to its end, good or bad, and the status says so.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Pauses, resumes or cancels, where that is not how it is.
    pub(super) async fn order(&self, pause: bool, cancel: bool) -> Result<(), EngineError> {
        let handle = self.handle.lock().await;
        let Some(handle) = &*handle else { return Ok(()) };
        let mut given = self.orders.given.lock().await;
        // An order for what is so already changes nothing, so the first one of a process is always given.
        let known = *given;
        if known.is_none_or(|(paused, _)| paused != pause) {
            if pause {
                handle.pause().await?;
            } else {
                handle.resume().await?;
            }
        }
        let cancelled = known.is_some_and(|(_, cancelled)| cancelled);
        if cancel && !cancelled {
            handle.cancel().await?;
        }
        *given = Some((pause, cancel || cancelled));
        Ok(())
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(
    mut progress: impl futures::Stream<Item = crate::engine::Progress> + Unpin,
    mut follower: Follower,
    handle: Arc<Mutex<Option<RunHandle>>>,
) {
    let mut waiting: Option<Blocker> = None;
    let mut next = progress.next().await;
    while let Some(step) = next {
        note(&mut waiting, step.step);
        // Takes in what comes within the lag, and writes once.
        let lag = tokio::time::sleep(LAG);
        tokio::pin!(lag);
        next = loop {
            tokio::select! {
                step = progress.next() => match step {
                    Some(step) => note(&mut waiting, step.step),
                    None => break None,
                },
                () = &mut lag => break progress_or_end(&mut follower, waiting.as_ref(), &mut progress).await,
            }
        };
    }
    let handle = handle.lock().await.take();
    let result = match handle {
        Some(handle) => handle.outcome().await,
        None => return,
    };
    match result {
        Ok(report) => {
            info!(name = %follower.name, outcome = ?report.outcome, "the run is over");
            let mut tries = 0_u32;
            while let Err(error) = write(&mut follower, None).await {
                tries += 1;
                if tries > 10 {
                    warn!(name = %follower.name, %error, "the last status could not be written");
                    return;
                }
                tokio::time::sleep(LAG * tries).await;
            }
        }
        Err(error) => warn!(name = %follower.name, %error, "the engine gave up; it is started again"),
    }
}

async fn progress_or_end(
    follower: &mut Follower,
    waiting: Option<&Blocker>,
    progress: &mut (impl futures::Stream<Item = crate::engine::Progress> + Unpin),
) -> Option<crate::engine::Progress> {
    if let Err(error) = write(follower, waiting).await {
        warn!(name = %follower.name, %error, "the status could not be written; the next step writes it again");
    }
    progress.next().await
}

fn note(waiting: &mut Option<Blocker>, step: Step) {
    match step {
        Step::Waiting { on, .. } => *waiting = Some(on),
        Step::Fact(_) | Step::TakenUp { .. } => {}
    }
}

async fn write(follower: &mut Follower, waiting: Option<&Blocker>) -> Result<(), kube::Error> {
    let Some(snapshot) = follower.store.snapshot() else {
        return Ok(());
    };
    let now: Timestamp = follower.clock.now();
    let new = status::of_run(
        &snapshot,
        &Context {
            before: &follower.before,
            generation: follower.generation,
            waiting,
            events: follower.events.last(),
            current_spec: follower.current_spec,
            now,
        },
    );
    follower.metrics.run(
        &follower.namespace,
        &follower.name,
        new.phase,
        Counts::of(&snapshot.state),
    );
    if new == follower.before {
        return Ok(());
    }
    write_status(&follower.client, &follower.namespace, &follower.name, &new).await?;
    follower.before = new;
    Ok(())
}

/// Writes everything of a status but the record of the run, which is the store's.
pub(super) async fn write_status(
    client: &Client,
    namespace: &str,
    name: &str,
    status: &FleetUpgradeStatus,
) -> Result<(), kube::Error> {
    let mut value = serde_json::to_value(status).map_err(kube::Error::SerdeError)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("run");
        // A merge patch keeps what it does not name: what is no longer so is named.
        for field in [
            "stage",
            "waitingFor",
            "finished",
            "clustersOmitted",
            "stages",
            "clusters",
            "events",
            "conditions",
        ] {
            fields.entry(field).or_insert(serde_json::Value::Null);
        }
    }
    let api: Api<RunObject> = Api::namespaced(client.clone(), namespace);
    api.patch_status(
        name,
        &PatchParams::default(),
        &Patch::Merge(json!({"status": value})),
    )
    .await?;
    Ok(())
}
