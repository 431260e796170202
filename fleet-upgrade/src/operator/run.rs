//! One run under way in this process: its engine, and the status that follows it.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use fleet_core::{ClusterName, Fleet};
use futures::StreamExt as _;
use jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};

use super::changes::{changes, joined, listed};
use super::metrics::Metrics;
use super::people::{Annotations, Events};
use super::resource::{FleetUpgradeStatus, RunObject};
use super::status::{self, Context};
use super::store::ResourceStore;
use crate::engine::{Engine, EngineError, RunHandle, Step};
use crate::kernel::{Blocker, Counts};
use crate::ports::{Clock, Notice, NoticeKind, Notifier as _};
use crate::{FleetUpgradeSpec, OnJoining};

/// How long the status may lag behind the run: many steps, one write.
const LAG: Duration = Duration::from_secs(1);

/// How often the fleet is looked at for clusters that have joined.
const FLEET_EVERY: Duration = Duration::from_mins(4);

/// A run under way. Dropping it ends its engine as the end of the process would.
pub(super) struct ActiveRun {
    pub(super) approvals: Annotations,
    handle: Arc<Mutex<Option<RunHandle>>>,
    orders: Arc<RunOrders>,
    began: Began,
    spec: watch::Sender<SeenSpec>,
    /// When the fleet was last looked at.
    looked: std::sync::Mutex<Option<Instant>>,
    beyond_help: Arc<OnceLock<String>>,
    task: JoinHandle<()>,
}

/// What a run began with.
pub(super) struct Began {
    /// The policy, where it was kept.
    pub(super) policy: Option<FleetUpgradeSpec>,
    /// The clusters that the plan knows.
    pub(super) members: BTreeSet<ClusterName>,
}

/// The spec as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SeenSpec {
    pub(super) generation: Option<i64>,
    /// What in it the run does not go by.
    pub(super) changed: Vec<String>,
    /// The clusters that it is about, and the run is not.
    pub(super) joined: Vec<ClusterName>,
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
    pub(super) before: FleetUpgradeStatus,
    pub(super) spec: watch::Receiver<SeenSpec>,
    /// The joined clusters that people were told of.
    pub(super) told: BTreeSet<ClusterName>,
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
        began: Began,
        spec: watch::Sender<SeenSpec>,
        follower: Follower,
    ) -> Self {
        let handle = engine.start();
        let progress = handle.progress();
        let handle = Arc::new(Mutex::new(Some(handle)));
        let ended = Arc::clone(&handle);
        let over = follower.over.clone();
        let beyond_help = Arc::new(OnceLock::new());
        let lost = Arc::clone(&beyond_help);
        let task = tokio::spawn(async move {
            follow(progress, follower, ended, &lost).await;
            // Nobody listens when the operator is at rest.
            let _ = over.send(());
        });
        Self {
            approvals,
            handle,
            orders: Arc::default(),
            began,
            spec,
            looked: std::sync::Mutex::default(),
            beyond_help,
            task,
        }
    }

    /// Tells in the status what the spec says that the run does not go by.
    pub(super) fn look_at_spec(&self, generation: Option<i64>, policy: &FleetUpgradeSpec) {
        let began_with = self.began.policy.as_ref();
        let changed = began_with.map_or_else(Vec::new, |before| changes(before, policy));
        self.tell_of_spec(generation, changed);
    }

    pub(super) fn tell_of_spec(&self, generation: Option<i64>, changed: Vec<String>) {
        self.see(|seen| (seen.generation, seen.changed) = (generation, changed));
    }

    /// Whether the policy wants to know who joins, and the fleet was not looked at for a while. An object changes with every
    /// step of its run, a fleet does not.
    pub(super) fn wants_the_fleet(&self) -> bool {
        let policy = self.began.policy.as_ref();
        if policy.is_none_or(|policy| policy.on_change.joining == OnJoining::Ignore) {
            return false;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.is_none_or(|at| at.elapsed() >= FLEET_EVERY);
        if is_due {
            *looked = Some(Instant::now());
        }
        is_due
    }

    /// Tells in the status which clusters have joined the fleet since the run began.
    pub(super) fn look_at_fleet(&self, fleet: &Fleet) {
        let Began { policy, members } = &self.began;
        let joined = policy.as_ref().map(|policy| joined(policy, members, fleet));
        self.see(|seen| seen.joined = joined.unwrap_or_default());
    }

    fn see(&self, change: impl FnOnce(&mut SeenSpec)) {
        self.spec.send_if_modified(|known| {
            let before = known.clone();
            change(known);
            *known != before
        });
    }

    /// Whether the engine has come to its end, good or bad, and the status says so.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Why the engine gave up, where taking the run up again does not mend that.
    pub(super) fn beyond_help(&self) -> Option<&str> {
        self.beyond_help.get().map(String::as_str)
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
    beyond_help: &OnceLock<String>,
) {
    let mut waiting: Option<Blocker> = None;
    'run: loop {
        tokio::select! {
            step = progress.next() => match step {
                Some(step) => note(&mut waiting, step.step),
                None => break,
            },
            Ok(()) = follower.spec.changed() => tell_changes(&mut follower).await,
        }
        // Takes in what comes within the lag, and writes once.
        let lag = tokio::time::sleep(LAG);
        tokio::pin!(lag);
        loop {
            tokio::select! {
                step = progress.next() => match step {
                    Some(step) => note(&mut waiting, step.step),
                    None => break 'run,
                },
                () = &mut lag => break,
            }
        }
        // What the status is going to say is told first, or it would seem to be known.
        if follower.spec.has_changed().unwrap_or(false) {
            tell_changes(&mut follower).await;
        }
        if let Err(error) = write(&mut follower, waiting.as_ref()).await {
            warn!(name = %follower.name, %error, "the status could not be written; the next step writes it again");
        }
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
        Err(error) => {
            let for_good = matches!(
                error,
                EngineError::PlanChanged { .. }
                    | EngineError::LogBroken { .. }
                    | EngineError::NoSuchRun { .. }
                    | EngineError::Violation { .. }
            );
            if for_good {
                warn!(name = %follower.name, %error, "the engine gave up; somebody has to look at it");
                let _ = beyond_help.set(with_sources(&error));
            } else {
                warn!(name = %follower.name, %error, "the engine gave up; it is started again");
            }
        }
    }
}

/// An error and what it came from, in one line.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Publishes that the spec was changed or that clusters have joined, unless the status said just that before.
async fn tell_changes(follower: &mut Follower) {
    let seen = follower.spec.borrow_and_update().clone();
    let mut news = Vec::new();
    if let Some(text) = status::spec_changed(&seen.changed) {
        let mut conditions = follower.before.conditions.iter();
        if !conditions.any(|known| known.reason == status::SPEC_CHANGED && known.message == text) {
            news.push((NoticeKind::SpecChanged, text));
        }
    }
    let is_new = |name: &&ClusterName| !follower.told.contains(*name);
    let new: Vec<ClusterName> = seen.joined.iter().filter(is_new).cloned().collect();
    if !new.is_empty() {
        follower.told.extend(new.iter().cloned());
        let text = format!("joined the fleet, and waits for another run: {}", listed(&new));
        news.push((NoticeKind::ClusterJoined, text));
    }
    for (kind, text) in news {
        let notice = Notice {
            run: follower.name.clone(),
            at: follower.clock.now(),
            kind,
            stage: None,
            cluster: None,
            text,
        };
        if let Err(error) = follower.events.notify(&notice).await {
            warn!(name = %follower.name, %error, "an Event could not be published");
        }
    }
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
    let spec = follower.spec.borrow().clone();
    let new = status::of_run(
        &snapshot,
        &Context {
            before: &follower.before,
            generation: spec.generation,
            waiting,
            events: follower.events.last(),
            changed: &spec.changed,
            joined: &spec.joined,
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
            "joined",
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
