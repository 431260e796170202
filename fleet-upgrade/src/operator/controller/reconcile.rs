//! One look at an object: begins its run, takes it up again, gives it people's orders, or lets it go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::{Resource as _, ResourceExt as _};
use serde_json::json;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{FleetSource, FleetUpgradeController, PATIENCE};
use crate::engine::{Engine, EngineError};
use crate::operator::changes::members;
use crate::operator::metrics::Metrics;
use crate::operator::people::{Annotations, Events};
use crate::operator::resource::{FINALIZER, FleetUpgradeResource, FleetUpgradeStatus, RunObject};
use crate::operator::run::{ActiveRun, Began, Follower, SeenSpec, with_sources, write_status};
use crate::operator::status::{self, Context};
use crate::operator::store::ResourceStore;
use crate::ports::{
    BoxError, ClusterUpgrader, Notice, NoticeKind, Notifier as _, RunStore as _, RunStoreError,
};
use crate::{FleetUpgrade, plan_with};

/// Why an object could not be reconciled this time.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReconcileError {
    #[error("the API server refused or did not answer")]
    Kube(#[from] kube::Error),
    #[error("the fleet could not be read")]
    Fleet(#[source] BoxError),
    #[error("the run could not be read")]
    Store(#[from] RunStoreError),
    #[error("the engine did not take an order")]
    Engine(#[from] EngineError),
}

impl ReconcileError {
    /// Whether the run cannot be read, and trying again would change nothing: a part of its log is gone or broken.
    fn is_for_good(&self) -> bool {
        let Self::Store(RunStoreError::Unavailable { source, .. }) = self else {
            return false;
        };
        match source.downcast_ref::<kube::Error>() {
            Some(kube::Error::Api(status)) => status.code == 404,
            Some(_) => false,
            None => true,
        }
    }
}

/// What a controller has at work.
pub(super) struct Operator {
    config: FleetUpgradeController,
    fleet: Arc<dyn FleetSource>,
    upgrader: Arc<dyn ClusterUpgrader>,
    leads: watch::Receiver<BTreeSet<u32>>,
    over: mpsc::UnboundedSender<()>,
    runs: Mutex<BTreeMap<Key, Arc<ActiveRun>>>,
    /// The runs that nobody could take up. What is written about them wakes the controller at once.
    stalled: std::sync::Mutex<BTreeMap<Key, Rest>>,
}

/// The namespace and the name of an object.
type Key = (String, String);

/// That taking a run up is not tried again for a while.
#[derive(Clone, Copy)]
struct Rest {
    until: Instant,
    /// Unless its object is changed.
    generation: Option<i64>,
}

impl Operator {
    /// At work on nothing yet. It says on `over` that a run has ended.
    pub(super) fn new(
        config: FleetUpgradeController,
        fleet: Arc<dyn FleetSource>,
        upgrader: Arc<dyn ClusterUpgrader>,
        leads: watch::Receiver<BTreeSet<u32>>,
        over: mpsc::UnboundedSender<()>,
    ) -> Self {
        Self {
            config,
            fleet,
            upgrader,
            leads,
            over,
            runs: Mutex::default(),
            stalled: std::sync::Mutex::default(),
        }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.config.metrics
    }

    /// Ends what is at work; it stands still in its objects.
    pub(super) async fn rest(&self) {
        self.runs.lock().await.clear();
    }

    fn leads(&self, namespace: &str, name: &str) -> bool {
        let shard = self
            .config
            .sharding
            .as_ref()
            .map_or(0, |sharding| sharding.shard_of(namespace, name));
        self.leads.borrow().contains(&shard)
    }

    /// Stops runs at the moment their shard is lost, without waiting for a reconciliation.
    pub(super) async fn stop_what_is_lost(&self) {
        let mut leads = self.leads.clone();
        loop {
            self.config.metrics.holds(leads.borrow_and_update().len());
            self.runs
                .lock()
                .await
                .retain(|(namespace, name), _| self.leads(namespace, name));
            if leads.changed().await.is_err() {
                // Without sharding nothing is ever lost.
                futures::future::pending::<()>().await;
            }
        }
    }

    async fn begin(
        &self,
        object: &FleetUpgradeResource,
        namespace: &str,
        name: &str,
    ) -> Result<Begun, ReconcileError> {
        let Self { config, .. } = self;
        let client = &config.client;
        let store = ResourceStore::with_metrics(client.clone(), namespace, name, config.metrics.clone())
            .keeping(object.spec.policy.clone());
        let policy = FleetUpgrade::new(name, object.spec.policy.clone());
        let before = object.status.clone().unwrap_or_default();
        let (plan, policy) = if let Some(stored) = store.load(name).await? {
            (stored.plan, store.began_with().await)
        } else {
            let fleet = self.fleet.fleet().await.map_err(ReconcileError::Fleet)?;
            match plan_with(&policy, &fleet, config.clock.now(), &config.estimates) {
                Ok(plan) => (plan, Some(policy.spec)),
                Err(error) => return Ok(Begun::Refused("Refused", error.to_string())),
            }
        };
        let began = Began {
            policy,
            members: members(&plan),
        };
        let events = self.events(object, &before);
        let approvals = Annotations::new(Arc::clone(&config.clock), before.approvals.clone());
        self.take_approvals(&approvals, object, namespace, name).await?;
        let mut engine = Engine::new(plan, store.clone())
            .named(name)
            .clock(Arc::clone(&config.clock))
            .gate(Arc::clone(&config.gate))
            .settings(config.settings.clone())
            .approvals(approvals.clone())
            .notifier(events.clone());
        for (name, gate) in &config.named_gates {
            engine = engine.named_gate(name, Arc::clone(gate));
        }
        if let Some(preflight) = &config.preflight {
            engine = engine.preflight(Arc::clone(preflight));
        }
        if let Some(backups) = &config.backups {
            engine = engine.backup(Arc::clone(backups));
        }
        if let Some(remediator) = &config.remediator {
            engine = engine.remediator(Arc::clone(remediator));
        }
        if let Err(error) = engine.check_ports() {
            return Ok(Begun::Refused("Unsupported", error.to_string()));
        }
        let seen = SeenSpec {
            generation: object.metadata.generation,
            joined: before.joined.clone(),
            ..SeenSpec::default()
        };
        let (spec, seen) = watch::channel(seen);
        let follower = Follower {
            told: before.joined.iter().cloned().collect(),
            client: client.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            before,
            spec: seen,
            store,
            events,
            clock: Arc::clone(&config.clock),
            metrics: config.metrics.clone(),
            over: self.over.clone(),
        };
        let engine = engine.upgrader(Arc::clone(&self.upgrader));
        Ok(Begun::Run(Box::new(ActiveRun::start(
            engine, approvals, began, spec, follower,
        ))))
    }

    /// Takes in what people approve: when it was first seen is written down before it counts, so that it does not count anew
    /// for the operator after this one.
    async fn take_approvals(
        &self,
        approvals: &Annotations,
        object: &FleetUpgradeResource,
        namespace: &str,
        name: &str,
    ) -> Result<(), kube::Error> {
        let taken = approvals.look(object);
        if taken.seen != approvals.taken().seen {
            let api: Api<RunObject> = Api::namespaced(self.config.client.clone(), namespace);
            let patch = json!({"status": {"approvals": taken.seen}});
            api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
                .await?;
        }
        approvals.take(taken);
        Ok(())
    }

    fn events(&self, object: &FleetUpgradeResource, before: &FleetUpgradeStatus) -> Events {
        let sharding = self.config.sharding.as_ref();
        Events::new(
            self.config.client.clone(),
            sharding.map_or("fleet-upgrade", |sharding| &sharding.identity),
            object.object_ref(&()),
            before.events.clone(),
            self.config.notifier.clone(),
        )
    }

    /// What the status of an object is made of whose run is not at work.
    fn context<'a>(&self, before: &'a FleetUpgradeStatus, generation: Option<i64>) -> Context<'a> {
        Context {
            before,
            generation,
            waiting: None,
            events: Vec::new(),
            changed: &[],
            joined: &[],
            now: self.config.clock.now(),
        }
    }

    /// Says in an object's status why it is not run.
    async fn refuse(
        &self,
        generation: Option<i64>,
        namespace: &str,
        name: &str,
        before: &FleetUpgradeStatus,
        (reason, message): (&str, &str),
    ) -> Result<(), ReconcileError> {
        let new = status::of_refusal(reason, message, &self.context(before, generation));
        if new != *before {
            write_status(&self.config.client, namespace, name, &new).await?;
        }
        Ok(())
    }

    fn stalled(&self) -> MutexGuard<'_, BTreeMap<Key, Rest>> {
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long a run that nobody could take up is left alone yet.
    fn rests(&self, object: &FleetUpgradeResource, key: &Key) -> Option<Duration> {
        let mut stalled = self.stalled();
        let Rest { until, generation } = *stalled.get(key)?;
        let left = until.saturating_duration_since(Instant::now());
        let is_deleted = object.metadata.deletion_timestamp.is_some();
        if left.is_zero() || is_deleted || generation != object.metadata.generation {
            stalled.remove(key);
            return None;
        }
        Some(left)
    }

    /// Says in an object's status, and in an Event, that its run stands still until somebody has looked at it.
    async fn stall(
        &self,
        object: &FleetUpgradeResource,
        namespace: &str,
        name: &str,
        why: &str,
    ) -> Result<(), ReconcileError> {
        let key = (namespace.to_owned(), name.to_owned());
        let rest = Rest {
            until: Instant::now() + AGAIN,
            generation: object.metadata.generation,
        };
        self.stalled().insert(key, rest);
        let before = object.status.clone().unwrap_or_default();
        let mut new = status::of_stall(why, &self.context(&before, object.metadata.generation));
        if new == before {
            return Ok(());
        }
        let events = self.events(object, &before);
        let notice = Notice {
            run: name.to_owned(),
            at: self.config.clock.now(),
            kind: NoticeKind::Stalled,
            stage: None,
            cluster: None,
            text: why.to_owned(),
        };
        if let Err(error) = events.notify(&notice).await {
            warn!(%namespace, %name, %error, "an Event could not be published");
        }
        new.events = events.last();
        write_status(&self.config.client, namespace, name, &new).await?;
        Ok(())
    }

    /// Lets a deleted object go.
    async fn let_go(
        &self,
        object: &FleetUpgradeResource,
        namespace: &str,
        name: &str,
    ) -> Result<(), kube::Error> {
        self.config.metrics.forget(namespace, name);
        self.set_finalizer(&object.metadata, namespace, false).await
    }

    /// Lets a deleted object go although its run has not ended.
    async fn abandon(
        &self,
        object: &FleetUpgradeResource,
        namespace: &str,
        name: &str,
    ) -> Result<(), kube::Error> {
        warn!(%namespace, %name, "a deleted run is let go; nothing new starts, and nobody watches what is under way");
        self.let_go(object, namespace, name).await
    }

    async fn set_finalizer(
        &self,
        metadata: &ObjectMeta,
        namespace: &str,
        present: bool,
    ) -> Result<(), kube::Error> {
        let name = metadata.name.clone().unwrap_or_default();
        let mut finalizers = metadata.finalizers.clone().unwrap_or_default();
        if finalizers.iter().any(|known| known == FINALIZER) == present {
            return Ok(());
        }
        if present {
            finalizers.push(FINALIZER.to_owned());
        } else {
            finalizers.retain(|known| known != FINALIZER);
        }
        let api: Api<RunObject> = Api::namespaced(self.config.client.clone(), namespace);
        // With the version: two who change the list at once must not undo each other.
        let patch = json!({"metadata": {
            "finalizers": finalizers, "resourceVersion": metadata.resource_version,
        }});
        api.patch(&name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }
}

enum Begun {
    Run(Box<ActiveRun>),
    Refused(&'static str, String),
}

/// How often an object is looked at without a change.
const AGAIN: Duration = Duration::from_mins(5);
/// How soon a run that came to an untimely end is taken up again.
const SOON: Duration = Duration::from_secs(5);

pub(super) async fn reconcile(
    object: Arc<DynamicObject>,
    operator: Arc<Operator>,
) -> Result<Action, ReconcileError> {
    match FleetUpgradeResource::read(&object) {
        Ok(object) => reconcile_run(&object, &operator).await,
        Err(problem) => tell_invalid(&object, &problem, &operator).await,
    }
}

/// An object that says something no run could go by. A run that is at work goes on; none is begun or taken up, and the status
/// says why.
async fn tell_invalid(
    object: &DynamicObject,
    problem: &str,
    operator: &Operator,
) -> Result<Action, ReconcileError> {
    let namespace = object.namespace().unwrap_or_default();
    let name = object.name_any();
    if !operator.leads(&namespace, &name) {
        return Ok(Action::await_change());
    }
    if object.metadata.deletion_timestamp.is_some() {
        operator
            .runs
            .lock()
            .await
            .remove(&(namespace.clone(), name.clone()));
        operator.config.metrics.forget(&namespace, &name);
        operator
            .set_finalizer(&object.metadata, &namespace, false)
            .await?;
        return Ok(Action::await_change());
    }
    let status = object.data.get("status").cloned().unwrap_or_default();
    let status: FleetUpgradeStatus = serde_json::from_value(status).unwrap_or_default();
    warn!(%namespace, %name, problem, "an object cannot be read");
    let key = (namespace.clone(), name.clone());
    let at_work = operator.runs.lock().await.get(&key).cloned();
    if let Some(run) = at_work {
        run.tell_of_spec(object.metadata.generation, vec![problem.to_owned()]);
    } else if !status.phase.is_over() {
        operator
            .refuse(
                object.metadata.generation,
                &namespace,
                &name,
                &status,
                ("InvalidSpec", problem),
            )
            .await?;
    }
    Ok(Action::await_change())
}

async fn reconcile_run(object: &FleetUpgradeResource, operator: &Operator) -> Result<Action, ReconcileError> {
    let namespace = object.namespace().unwrap_or_default();
    let name = object.name_any();
    let key = (namespace.clone(), name.clone());
    if !operator.leads(&namespace, &name) {
        operator.runs.lock().await.remove(&key);
        return Ok(Action::await_change());
    }
    let status = object.status.clone().unwrap_or_default();
    let deleted = object.metadata.deletion_timestamp.is_some();
    if status.phase.is_over() || (deleted && status.run.is_none()) {
        operator.runs.lock().await.remove(&key);
        if deleted {
            operator.let_go(object, &namespace, &name).await?;
        }
        return Ok(Action::await_change());
    }
    if !deleted {
        operator.set_finalizer(&object.metadata, &namespace, true).await?;
    }
    // No lock is held while anything is waited for: a lost shard's runs are stopped at once.
    let known = operator.runs.lock().await.get(&key).cloned();
    if known.is_none()
        && let Some(left) = operator.rests(object, &key)
    {
        return Ok(Action::requeue(left));
    }
    let run = match known {
        Some(run) if run.is_over() => {
            operator.runs.lock().await.remove(&key);
            return match run.beyond_help() {
                Some(_) if deleted => {
                    operator.abandon(object, &namespace, &name).await?;
                    Ok(Action::await_change())
                }
                Some(why) => {
                    operator.stall(object, &namespace, &name, why).await?;
                    Ok(Action::requeue(AGAIN))
                }
                // Its last status has just been written, or it gave up: the next look knows which.
                None => Ok(Action::requeue(SOON)),
            };
        }
        Some(run) => run,
        None => match operator.begin(object, &namespace, &name).await {
            // Nobody could take it up, ever; whoever deletes it must not wait for that.
            Err(error) if deleted && error.is_for_good() => {
                warn!(%namespace, %name, %error, "a deleted run cannot be read");
                operator.abandon(object, &namespace, &name).await?;
                return Ok(Action::await_change());
            }
            Ok(Begun::Refused(_, message)) if deleted => {
                warn!(%namespace, %name, message, "a deleted run cannot be taken up");
                operator.abandon(object, &namespace, &name).await?;
                return Ok(Action::await_change());
            }
            Err(error) if error.is_for_good() => {
                let why = with_sources(&error);
                warn!(%namespace, %name, why, "a run cannot be read; somebody has to look at it");
                operator.stall(object, &namespace, &name, &why).await?;
                return Ok(Action::requeue(AGAIN));
            }
            Err(error) => return Err(error),
            Ok(Begun::Run(run)) => {
                let run: Arc<ActiveRun> = Arc::new(*run);
                let mut runs = operator.runs.lock().await;
                if !operator.leads(&namespace, &name) {
                    return Ok(Action::await_change());
                }
                info!(%namespace, %name, "takes a run up");
                runs.insert(key, Arc::clone(&run));
                run
            }
            Ok(Begun::Refused(reason, message)) => {
                let generation = object.metadata.generation;
                operator
                    .refuse(generation, &namespace, &name, &status, (reason, &message))
                    .await?;
                // The fleet may come to fit the policy.
                return Ok(Action::requeue(AGAIN));
            }
        },
    };
    run.look_at_spec(object.metadata.generation, &object.spec.policy);
    operator
        .take_approvals(&run.approvals, object, &namespace, &name)
        .await?;
    match run.order(object.wants_pause(), object.wants_cancel()).await {
        // It has come to its end: the next look knows how.
        Ok(()) | Err(EngineError::NotAtWork) => {}
        Err(error) => return Err(error.into()),
    }
    // Last, because a fleet may take its time. The run goes on in any case; who has joined is told another time.
    if run.wants_the_fleet() {
        match tokio::time::timeout(PATIENCE, operator.fleet.fleet()).await {
            Ok(Ok(fleet)) => run.look_at_fleet(&fleet),
            Ok(Err(error)) => warn!(%namespace, %name, %error, "the fleet could not be read"),
            Err(_) => warn!(%namespace, %name, "the fleet was not told in time"),
        }
    }
    Ok(Action::requeue(if run.is_over() { SOON } else { AGAIN }))
}

pub(super) fn on_error(_: Arc<DynamicObject>, _: &ReconcileError, _: Arc<Operator>) -> Action {
    Action::requeue(SOON)
}
