//! The engine: runs a plan against the ports, from start to end, across restarts.

mod error;
mod handle;
mod notices;
mod progress;
mod runner;

pub use error::EngineError;
pub use handle::RunHandle;
pub use progress::{Progress, Step};

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::kernel::RunSettings;
use crate::ports::{
    Approvals, AskedGates, BackupGate, Clock, ClusterUpgrader, HealthGate, NamedGates, NoGate, Notifier,
    Preflight, Remediator, RunStore, SystemClock,
};
use crate::{PlannedStage, PreflightRequirement, UpgradePlan};

/// Runs one plan. Made of a plan and a store, given an upgrader, started.
///
/// The run's name is the plan's unless [`named`](Engine::named) otherwise. If the store has a run of that name it is taken up
/// where it was left, by the log and by what the clusters show, and nothing is done twice; its plan must be the same one
/// ([`Engine::resume`] takes it from the store).
///
/// What the kernel decides is in the store before it is done. One process at a time may drive a run: the store refuses
/// the log entries of a second one, which then ends with [`EngineError::Store`].
///
/// ```
/// use fleet_upgrade::engine::Engine;
/// use fleet_upgrade::ports::TokioClock;
/// use fleet_upgrade::testing::{InMemoryRunStore, InMemoryUpgrader};
/// # use fleet_upgrade::UpgradePlan;
/// # async fn run(plan: UpgradePlan) -> Result<(), Box<dyn std::error::Error>> {
/// let clock = TokioClock::starting_at("2026-11-02T08:00:00Z".parse()?);
/// let clusters = InMemoryUpgrader::for_plan(&plan, clock);
///
/// let run = Engine::new(plan, InMemoryRunStore::new()).upgrader(clusters).clock(clock).start();
/// let report = run.outcome().await?;
/// assert!(report.is_success());
/// # Ok(())
/// # }
/// ```
#[must_use = "an engine does nothing until it is started"]
pub struct Engine<U = NoUpgrader> {
    name: String,
    plan: UpgradePlan,
    store: Arc<dyn RunStore>,
    ports: Ports,
    settings: RunSettings,
    limits: Limits,
    upgrader: U,
}

/// What the engine asks and tells, the upgrader and the store aside.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) gate: Arc<dyn HealthGate>,
    pub(crate) named_gates: NamedGates,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) preflight: Option<Arc<dyn Preflight>>,
    pub(crate) backups: Option<Arc<dyn BackupGate>>,
    pub(crate) approvals: Option<Arc<dyn Approvals>>,
    pub(crate) notifier: Option<Arc<dyn Notifier>>,
    pub(crate) remediator: Option<Arc<dyn Remediator>>,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            gate: Arc::new(NoGate),
            named_gates: NamedGates::new(),
            clock: Arc::new(SystemClock),
            preflight: None,
            backups: None,
            approvals: None,
            notifier: None,
            remediator: None,
        }
    }
}

/// The state of an [`Engine`] that has no upgrader yet, and cannot be started.
#[derive(Debug, Clone, Copy)]
pub struct NoUpgrader;

/// The state of an [`Engine`] that can be started.
#[derive(Clone)]
pub struct WithUpgrader(Arc<dyn ClusterUpgrader>);

impl fmt::Debug for WithUpgrader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithUpgrader")
    }
}

/// How hard the engine leans on the ports.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) calls_at_once: NonZeroUsize,
    pub(crate) call_timeout: SignedDuration,
    pub(crate) store_attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let calls_at_once = NonZeroUsize::MIN.saturating_add(15);
        Self {
            calls_at_once,
            call_timeout: SignedDuration::from_secs(30),
            store_attempts: 6,
        }
    }
}

impl Engine {
    /// An engine for this plan, keeping its run in this store.
    pub fn new(plan: UpgradePlan, store: impl RunStore + 'static) -> Self {
        Self::shared(plan, Arc::new(store))
    }

    /// An engine for the run of this name that the store has, with the plan it was begun with.
    pub async fn resume(run: &str, store: impl RunStore + 'static) -> Result<Self, EngineError> {
        let stored = store
            .load(run)
            .await?
            .ok_or_else(|| EngineError::NoSuchRun { run: run.to_owned() })?;
        Ok(Self::shared(stored.plan, Arc::new(store)).named(run))
    }

    fn shared(plan: UpgradePlan, store: Arc<dyn RunStore>) -> Self {
        Self {
            name: plan.name().to_owned(),
            plan,
            store,
            ports: Ports::default(),
            settings: RunSettings::default(),
            limits: Limits::default(),
            upgrader: NoUpgrader,
        }
    }

    /// Upgrades the clusters by this.
    pub fn upgrader(self, upgrader: impl ClusterUpgrader + 'static) -> Engine<WithUpgrader> {
        let Self {
            name,
            plan,
            store,
            ports,
            settings,
            limits,
            upgrader: NoUpgrader,
        } = self;
        let upgrader = WithUpgrader(Arc::new(upgrader));
        Engine {
            name,
            plan,
            store,
            ports,
            settings,
            limits,
            upgrader,
        }
    }
}

impl<U> Engine<U> {
    /// Keeps the run under this name. Default: the plan's.
    pub fn named(mut self, run: impl Into<String>) -> Self {
        self.name = run.into();
        self
    }

    /// Judges health by this as well. Default: by what clusters report alone.
    pub fn gate(mut self, gate: impl HealthGate + 'static) -> Self {
        self.ports.gate = Arc::new(gate);
        self
    }

    /// Has this gate for policies that name it in `gates`.
    pub fn named_gate(mut self, name: impl Into<String>, gate: impl HealthGate + 'static) -> Self {
        self.ports.named_gates.insert(name.into(), Arc::new(gate));
        self
    }

    /// Asks this what breaks at the next version, where the policy says `preflight: required`.
    pub fn preflight(mut self, preflight: impl Preflight + 'static) -> Self {
        self.ports.preflight = Some(Arc::new(preflight));
        self
    }

    /// Asks this for verified backups, where the policy has a `backup`.
    pub fn backup(mut self, backups: impl BackupGate + 'static) -> Self {
        self.ports.backups = Some(Arc::new(backups));
        self
    }

    /// Asks this what people have said yes to, where a stage has an `approval`.
    pub fn approvals(mut self, approvals: impl Approvals + 'static) -> Self {
        self.ports.approvals = Some(Arc::new(approvals));
        self
    }

    /// Does by this what the policy says about failed clusters.
    pub fn remediator(mut self, remediator: impl Remediator + 'static) -> Self {
        self.ports.remediator = Some(Arc::new(remediator));
        self
    }

    /// Tells people by this what happens. Default: nobody is told.
    pub fn notifier(mut self, notifier: impl Notifier + 'static) -> Self {
        self.ports.notifier = Some(Arc::new(notifier));
        self
    }

    /// Goes by this clock. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.ports.clock = Arc::new(clock);
        self
    }

    /// Judges evidence like this. A run that has begun keeps the settings it began with.
    pub fn settings(mut self, settings: RunSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Makes at most this many calls to the upgrader and the gate at once. Default: 16.
    pub fn calls_at_once(mut self, calls: NonZeroUsize) -> Self {
        self.limits.calls_at_once = calls;
        self
    }

    /// Gives up waiting for an answer of the upgrader or the gate after this time. Default: 30 seconds.
    pub fn call_timeout(mut self, timeout: SignedDuration) -> Self {
        self.limits.call_timeout = timeout;
        self
    }
}

impl<U> Engine<U> {
    /// Whether the engine was given somebody to ask about everything that the plan asks for.
    ///
    /// # Errors
    ///
    /// [`EngineError::MissingPort`]: a run would end with it before it has begun.
    pub fn check_ports(&self) -> Result<(), EngineError> {
        check_ports(&self.plan, &self.ports)
    }
}

/// The gates that the plan's run asks.
fn asked_gates(plan: &UpgradePlan, ports: &Ports) -> Result<AskedGates, EngineError> {
    AskedGates::of(plan.gates(), Arc::clone(&ports.gate), &ports.named_gates).map_err(|rule| {
        EngineError::MissingGate {
            gate: rule.name.clone(),
            known: ports.named_gates.keys().cloned().collect(),
        }
    })
}

fn check_ports(plan: &UpgradePlan, ports: &Ports) -> Result<(), EngineError> {
    asked_gates(plan, ports).map(drop)?;
    let missing = |what, with| Err(EngineError::MissingPort { what, with });
    let asks_approval = |stage: &PlannedStage| !stage.clusters.is_empty() && !stage.approval.is_none();
    if plan.preflight() == PreflightRequirement::Required && ports.preflight.is_none() {
        return missing("a pre-flight check", "preflight");
    }
    if plan.backup().is_some() && ports.backups.is_none() {
        return missing("backups", "backup");
    }
    if !plan.on_failure().remedies.is_empty() && ports.remediator.is_none() {
        return missing("remedies", "remediator");
    }
    let asks = plan.stages().iter().any(asks_approval) || plan.on_failure().go_on.is_some();
    if asks && ports.approvals.is_none() {
        return missing("approvals", "approvals");
    }
    Ok(())
}

impl Engine<WithUpgrader> {
    /// Starts, or takes up, the run as a task on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// When there is no tokio runtime, as [`tokio::spawn`].
    pub fn start(self) -> RunHandle {
        RunHandle::spawn(self)
    }
}

impl<U: fmt::Debug> fmt::Debug for Engine<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("upgrader", &self.upgrader)
            .finish_non_exhaustive()
    }
}
