//! The controller: what it is made of, and how it is run and brought to rest.

mod reconcile;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::Fleet;
use futures::{FutureExt as _, StreamExt as _};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::Controller;
use kube::runtime::watcher;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use self::reconcile::{Operator, on_error, reconcile};
use super::lease::{Elector, Sharding};
use super::metrics::Metrics;
use super::resource::FleetUpgradeResource;
use crate::Estimates;
use crate::kernel::RunSettings;
use crate::ports::{
    BackupGate, BoxError, Clock, ClusterUpgrader, HealthGate, NamedGates, NoGate, Notifier, Preflight,
    Remediator, SystemClock,
};

/// How long is waited for what is at work when the operator is to end, and for a fleet that is slow to tell itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the operator learns which clusters there are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait FleetSource: Send + Sync {
    /// The fleet as it is now, with each cluster's version and labels.
    async fn fleet(&self) -> Result<Fleet, BoxError>;
}

#[async_trait]
impl FleetSource for Fleet {
    async fn fleet(&self) -> Result<Fleet, BoxError> {
        Ok(self.clone())
    }
}

/// Runs the `FleetUpgrade` objects of a management cluster; see the [module](super).
#[must_use = "a controller does nothing until it is run"]
pub struct FleetUpgradeController {
    client: Client,
    namespace: Option<String>,
    fleet: Option<Arc<dyn FleetSource>>,
    upgrader: Option<Arc<dyn ClusterUpgrader>>,
    gate: Arc<dyn HealthGate>,
    named_gates: NamedGates,
    preflight: Option<Arc<dyn Preflight>>,
    backups: Option<Arc<dyn BackupGate>>,
    notifier: Option<Arc<dyn Notifier>>,
    remediator: Option<Arc<dyn Remediator>>,
    clock: Arc<dyn Clock>,
    settings: RunSettings,
    estimates: Estimates,
    sharding: Option<Sharding>,
    metrics: Metrics,
}

impl std::fmt::Debug for FleetUpgradeController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FleetUpgradeController")
            .field("namespace", &self.namespace)
            .field("sharding", &self.sharding)
            .finish_non_exhaustive()
    }
}

/// Why an operator cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// Nobody said which clusters there are, or what upgrades them.
    #[error("the controller was given no {what}: give it one with FleetUpgradeController::{what}")]
    Missing {
        /// `fleet` or `upgrader`.
        what: &'static str,
    },
}

impl FleetUpgradeController {
    /// A controller of the objects of all namespaces. It needs at least a [`fleet`](Self::fleet) and an
    /// [`upgrader`](Self::upgrader).
    pub fn new(client: Client) -> Self {
        Self {
            client,
            namespace: None,
            fleet: None,
            upgrader: None,
            gate: Arc::new(NoGate),
            named_gates: NamedGates::new(),
            preflight: None,
            backups: None,
            notifier: None,
            remediator: None,
            clock: Arc::new(SystemClock),
            settings: RunSettings::default(),
            estimates: Estimates::default(),
            sharding: None,
            metrics: Metrics::default(),
        }
    }

    /// Only the objects of one namespace.
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Learns from this which clusters there are. A plan is made of what it says when the run begins.
    pub fn fleet(mut self, fleet: impl FleetSource + 'static) -> Self {
        self.fleet = Some(Arc::new(fleet));
        self
    }

    /// Upgrades clusters by this.
    pub fn upgrader(mut self, upgrader: impl ClusterUpgrader + 'static) -> Self {
        self.upgrader = Some(Arc::new(upgrader));
        self
    }

    /// Judges health by this as well. Default: by what clusters report alone.
    pub fn gate(mut self, gate: impl HealthGate + 'static) -> Self {
        self.gate = Arc::new(gate);
        self
    }

    /// Has this gate for policies that name it in `gates`. A policy that names another is refused.
    pub fn named_gate(mut self, name: impl Into<String>, gate: impl HealthGate + 'static) -> Self {
        self.named_gates.insert(name.into(), Arc::new(gate));
        self
    }

    /// Asks this what breaks at the next version, where a policy says `preflight: required`.
    pub fn preflight(mut self, preflight: impl Preflight + 'static) -> Self {
        self.preflight = Some(Arc::new(preflight));
        self
    }

    /// Asks this for verified backups, where a policy has a `backup`.
    pub fn backup(mut self, backups: impl BackupGate + 'static) -> Self {
        self.backups = Some(Arc::new(backups));
        self
    }

    /// Tells people by this, beside the objects' Events.
    pub fn notifier(mut self, notifier: impl Notifier + 'static) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// Does by this what a policy says about failed clusters.
    pub fn remediator(mut self, remediator: impl Remediator + 'static) -> Self {
        self.remediator = Some(Arc::new(remediator));
        self
    }

    /// Goes by this clock. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Judges evidence like this, in runs that begin from now on.
    pub fn settings(mut self, settings: RunSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Plans with these estimates.
    pub fn estimates(mut self, estimates: Estimates) -> Self {
        self.estimates = estimates;
        self
    }

    /// Shares the objects out among replicas. Default: this process runs all of them, and must be the only one.
    pub fn sharded(mut self, sharding: Sharding) -> Self {
        self.sharding = Some(sharding);
        self
    }

    /// Its metrics, to be served.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Runs until `shutdown`. What is under way then stands still in its object until an operator takes it up.
    ///
    /// # Errors
    ///
    /// A controller without a fleet or an upgrader.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + Sync + 'static,
    ) -> Result<(), OperatorError> {
        let missing = |what| OperatorError::Missing { what };
        let fleet = self.fleet.clone().ok_or_else(|| missing("fleet"))?;
        let upgrader = self.upgrader.clone().ok_or_else(|| missing("upgrader"))?;
        let (leads, elector) = match &self.sharding {
            None => (watch::channel(BTreeSet::from([0])).1, None),
            Some(sharding) => {
                let (elector, leads) = Elector::new(self.client.clone(), sharding.clone());
                (leads, Some(elector))
            }
        };
        // Not by its type: one object that does not fit it must not hide the others.
        let kind = ApiResource::erase::<FleetUpgradeResource>(&());
        let api: Api<DynamicObject> = match &self.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
        };
        let shutdown = shutdown.shared();
        let (over, ended) = mpsc::unbounded_channel();
        let client = self.client.clone();
        let sharding = self.sharding.clone();
        let operator = Arc::new(Operator::new(self, fleet, upgrader, leads.clone(), over));
        let changes = futures::stream::unfold(leads, |mut leads| async {
            leads.changed().await.ok()?;
            Some(((), leads))
        });
        let ends = futures::stream::unfold(ended, |mut ended| async {
            ended.recv().await?;
            Some(((), ended))
        });
        let changes = futures::stream::select(changes, ends);
        let controller = Controller::new_with(api, watcher::Config::default(), kind)
            .reconcile_all_on(changes)
            .graceful_shutdown_on(shutdown.clone())
            .run(reconcile, on_error, Arc::clone(&operator))
            .for_each(|result| {
                if let Err(error) = &result
                    && !matches!(error, kube::runtime::controller::Error::ObjectNotFound(_))
                {
                    warn!(%error, "a reconciliation failed");
                }
                operator.metrics().reconciled(result.is_ok());
                futures::future::ready(())
            });
        let election = async {
            match elector {
                Some(elector) => elector.run().await,
                None => futures::future::pending().await,
            }
        };
        let watchdog = operator.stop_what_is_lost();
        // A controller that has never listed its objects does not hear of the shutdown.
        let patience = async {
            shutdown.await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            () = controller => {}
            () = election => {}
            () = watchdog => {}
            () = patience => warn!("the controller did not come to rest in time"),
        }
        operator.rest().await;
        if let Some(sharding) = sharding {
            let release = Elector::release(client, sharding);
            if tokio::time::timeout(PATIENCE, release).await.is_err() {
                warn!("the Leases could not be given up in time; they run out");
            }
        }
        info!("the operator is at rest");
        Ok(())
    }
}
