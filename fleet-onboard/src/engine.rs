//! Runs a saga: keeps its state in the Kubernetes API, carries out what is decided, and goes on wherever another process ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::ClusterName;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use tracing::info;

use crate::saga::{Command, Direction, Graph, GraphError, OnFailure, Saga, StepId, StepSpec};
use crate::steps::{Evidence, Progress, Step, StepFailure};
use crate::{OnboardRequest, RepositoryFile};

/// What a step may use.
#[derive(Clone)]
#[non_exhaustive]
pub struct Context {
    /// The hub: management cluster and Argo CD.
    pub hub: Client,
    /// What the cluster shall be.
    pub request: Arc<OnboardRequest>,
    /// What was found out about the cluster.
    pub evidence: Arc<dyn Evidence>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("cluster", &self.request.name())
            .finish_non_exhaustive()
    }
}

/// Where sagas are kept. One writer at a time: a write that another one overtook is refused.
#[async_trait]
pub trait SagaStore: Send + Sync {
    /// The saga of a cluster, if there is one.
    async fn load(&self, cluster: &ClusterName) -> Result<Option<Saga>, StoreError>;
    /// Keeps a saga.
    async fn save(&self, saga: &Saga) -> Result<(), StoreError>;
}

/// A saga that could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process carries out the same saga.
    #[error("another process has gone on with the onboarding of {cluster}; leave it to that one")]
    Overtaken {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The API server refused, or could not be reached.
    #[error("the state of the onboarding of {cluster} cannot be kept or read")]
    Kubernetes {
        /// The cluster.
        cluster: ClusterName,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
    /// What is kept is no saga.
    #[error(
        "what is kept of the onboarding of {cluster} is no saga: {problem}; remove the ConfigMap to begin again"
    )]
    Unreadable {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        problem: String,
    },
}

/// Sagas as `ConfigMap`s `onboarding-<cluster>` of a namespace of the hub.
#[derive(Clone)]
pub struct ConfigMapStore {
    maps: Api<ConfigMap>,
    /// The resource version of what was last read or written.
    version: Arc<std::sync::Mutex<Option<String>>>,
}

impl std::fmt::Debug for ConfigMapStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigMapStore").finish_non_exhaustive()
    }
}

impl ConfigMapStore {
    /// A store for one saga; another process has one of its own.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self {
            maps: Api::namespaced(client, namespace),
            version: Arc::default(),
        }
    }

    fn remember(&self, map: &ConfigMap) {
        let mut version = self
            .version
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        version.clone_from(&map.metadata.resource_version);
    }
}

#[async_trait]
impl SagaStore for ConfigMapStore {
    async fn load(&self, cluster: &ClusterName) -> Result<Option<Saga>, StoreError> {
        let found = self.maps.get_opt(&name(cluster)).await;
        let found = found.map_err(|source| StoreError::Kubernetes {
            cluster: cluster.clone(),
            source: Box::new(source),
        })?;
        let Some(map) = found else { return Ok(None) };
        self.remember(&map);
        let text = map
            .data
            .as_ref()
            .and_then(|data| data.get(KEY))
            .map_or("", String::as_str);
        serde_json::from_str(text)
            .map(Some)
            .map_err(|error| StoreError::Unreadable {
                cluster: cluster.clone(),
                problem: error.to_string(),
            })
    }

    async fn save(&self, saga: &Saga) -> Result<(), StoreError> {
        let cluster = || saga.cluster.clone();
        let text = serde_json::to_string(saga).map_err(|error| StoreError::Unreadable {
            cluster: cluster(),
            problem: error.to_string(),
        })?;
        let version = self
            .version
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name(&saga.cluster)),
                labels: Some([("fleet-sdk.dev/cluster".to_owned(), saga.cluster.to_string())].into()),
                resource_version: version.clone(),
                ..ObjectMeta::default()
            },
            data: Some([(KEY.to_owned(), text)].into()),
            ..ConfigMap::default()
        };
        let parameters = PostParams::default();
        let written = match version {
            Some(_) => self.maps.replace(&name(&saga.cluster), &parameters, &map).await,
            None => self.maps.create(&parameters, &map).await,
        };
        match written {
            Ok(map) => {
                self.remember(&map);
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 409 => {
                Err(StoreError::Overtaken { cluster: cluster() })
            }
            Err(source) => Err(StoreError::Kubernetes {
                cluster: cluster(),
                source: Box::new(source),
            }),
        }
    }
}

fn name(cluster: &ClusterName) -> String {
    format!("onboarding-{cluster}")
}

const KEY: &str = "saga.json";

/// An onboarding that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The steps cannot all be done.
    #[error("the steps cannot all be done")]
    Graph(#[from] GraphError),
    /// A step can never be done for this request.
    #[error("step `{step}` can never be done: {reason}")]
    Impossible {
        /// The step.
        step: StepId,
        /// Why, and how to mend it.
        reason: String,
    },
    /// The state cannot be kept.
    #[error("the onboarding cannot go on")]
    Store(#[from] StoreError),
    /// A step's files cannot be made.
    #[error("the files of step `{step}` cannot be made")]
    Files {
        /// The step.
        step: StepId,
        /// Why.
        #[source]
        source: fleet_core::yaml::YamlError,
    },
}

/// The onboarding (or off-boarding) of a cluster: its steps, open to a platform's own.
pub struct Onboarding {
    context: Context,
    steps: BTreeMap<StepId, Arc<dyn Step>>,
    graph: Graph,
    on_failure: OnFailure,
    interval: Duration,
}

impl std::fmt::Debug for Onboarding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Onboarding")
            .field("cluster", &self.context.request.name())
            .field("steps", &self.steps.keys())
            .finish_non_exhaustive()
    }
}

impl Onboarding {
    /// An onboarding with these steps; those of the same id replace each other, the last one counts: `steps::onboarding()` and then a
    /// platform's own.
    ///
    /// # Errors
    /// Steps that can never all be done.
    pub fn new(
        hub: Client,
        request: OnboardRequest,
        evidence: Arc<dyn Evidence>,
        steps: impl IntoIterator<Item = Arc<dyn Step>>,
    ) -> Result<Self, EngineError> {
        let steps: BTreeMap<_, _> = steps.into_iter().map(|step| (step.spec().id, step)).collect();
        let graph = Graph::new(steps.values().map(|step| step.spec()))?;
        for (step, it) in &steps {
            if let Some(reason) = it.impossible(&request) {
                let step = step.clone();
                return Err(EngineError::Impossible { step, reason });
            }
        }
        Ok(Self {
            graph,
            steps,
            context: Context {
                hub,
                request: Arc::new(request),
                evidence,
            },
            on_failure: OnFailure::default(),
            interval: Duration::from_secs(10),
        })
    }

    /// What happens when a step has failed for good.
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// How often it is looked at. Default 10 seconds.
    pub fn every(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The steps and what they require.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The change of the repository: the files of every step, in the order of their paths.
    ///
    /// # Errors
    /// A step whose files cannot be made.
    pub fn files(&self) -> Result<Vec<RepositoryFile>, EngineError> {
        let mut files: BTreeMap<String, RepositoryFile> = BTreeMap::new();
        for (id, step) in &self.steps {
            let made = step
                .files(&self.context.request)
                .map_err(|source| EngineError::Files {
                    step: id.clone(),
                    source,
                })?;
            files.extend(made.into_iter().map(|file| (file.path.clone(), file)));
        }
        Ok(files.into_values().collect())
    }

    /// Carries the saga out until it ends: begins it, or goes on where it stands. What is about to be done is kept before it is done, so that a
    /// process that ends anywhere leaves enough for the next one. `watch` sees every state.
    ///
    /// `now` is the clock.
    ///
    /// # Errors
    /// State that cannot be kept; another process that carries out the same saga. A step that fails is no error: it is in the saga's verdict.
    pub async fn run(
        &self,
        store: &dyn SagaStore,
        now: impl Fn() -> Timestamp,
        mut watch: impl FnMut(&Saga),
    ) -> Result<Saga, EngineError> {
        let cluster = self.context.request.cluster.name();
        let mut saga = if let Some(saga) = store.load(cluster).await? {
            saga
        } else {
            let saga = Saga::new(cluster.clone(), self.on_failure, now());
            store.save(&saga).await?;
            saga
        };
        loop {
            watch(&saga);
            let commands = saga.decide(&self.graph, now());
            if commands.is_empty() {
                return Ok(saga);
            }
            let before = saga.clone();
            self.carry_out(commands, &mut saga, store, &now).await?;
            if saga != before {
                store.save(&saga).await?;
            }
            let runs = saga
                .steps
                .values()
                .any(|step| step.done.is_none() && !step.failed && step.acted);
            if saga.verdict.is_none() && (runs || saga.direction == Direction::Back) {
                tokio::time::sleep(self.interval).await;
            }
        }
    }

    /// Tries again what failed for good.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn resume(&self, store: &dyn SagaStore) -> Result<(), EngineError> {
        if let Some(mut saga) = store.load(self.context.request.cluster.name()).await? {
            saga.resume();
            store.save(&saga).await?;
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        commands: Vec<Command>,
        saga: &mut Saga,
        store: &dyn SagaStore,
        now: &impl Fn() -> Timestamp,
    ) -> Result<(), EngineError> {
        let acts: BTreeSet<_> = commands
            .iter()
            .filter_map(|command| match command {
                Command::Act(id) => Some(id.clone()),
                _ => None,
            })
            .collect();
        if !acts.is_empty() {
            for id in &acts {
                saga.start(id, now());
            }
            // Intent first: what is done twice is done by steps that can be done twice.
            store.save(saga).await?;
        }
        let outcomes = join_all(commands.into_iter().map(|command| self.one(command, saga))).await;
        for (command, outcome) in outcomes {
            self.record(command, outcome, saga, now());
        }
        Ok(())
    }

    /// Carries out one command, within what is left of the step's budget.
    async fn one(&self, command: Command, saga: &Saga) -> (Command, Result<Progress, StepFailure>) {
        let step = |id: &str| self.steps.get(id).zip(self.graph.step(id));
        let outcome = match &command {
            Command::Act(id) | Command::Check(id) | Command::Compensate(id) => match step(id) {
                Some((step, spec)) => {
                    info!(cluster = %saga.cluster, step = %id, "{}", spec.title);
                    let work = async {
                        match &command {
                            Command::Act(_) => step
                                .act(&self.context)
                                .await
                                .map(|()| Progress::Waiting(String::new())),
                            Command::Check(_) => step.check(&self.context).await,
                            _ => step.compensate(&self.context).await.map(|()| Progress::Done),
                        }
                    };
                    within(spec, work).await
                }
                None => Err(StepFailure::for_good("is no step of this onboarding any more")),
            },
            Command::TimeOut(_) | Command::End(_) => Ok(Progress::Done),
        };
        (command, outcome)
    }

    fn record(
        &self,
        command: Command,
        outcome: Result<Progress, StepFailure>,
        saga: &mut Saga,
        now: Timestamp,
    ) {
        match (command, outcome) {
            (Command::Act(id), Ok(_)) => saga.acted(&id),
            (Command::Check(id), Ok(Progress::Done)) => saga.done(&id, now),
            (Command::Check(id), Ok(Progress::Waiting(reason))) => saga.waits(&id, reason),
            (Command::Act(id) | Command::Check(id), Err(failure)) => match self.graph.step(&id) {
                Some(spec) if failure.may_pass => saga.fails(spec, failure.reason, now),
                _ => saga.fails_for_good(&id, failure.reason),
            },
            (Command::TimeOut(id), _) => {
                let spec = self.graph.step(&id);
                let waits = saga
                    .steps
                    .get(&id)
                    .map(|step| step.reason.clone())
                    .unwrap_or_default();
                let budget = spec.map_or(SignedDuration::ZERO, |spec| spec.budget);
                let waits = if waits.is_empty() {
                    String::new()
                } else {
                    format!("; it waited: {waits}")
                };
                let reason = format!("took longer than its budget of {budget:#}{waits}");
                saga.fails_for_good(&id, reason);
            }
            (Command::Compensate(id), Ok(_)) => saga.compensated(&id),
            (Command::Compensate(id), Err(failure)) => saga.cannot_undo(&id, failure.reason, now),
            (Command::End(verdict), _) => {
                info!(cluster = %saga.cluster, ?verdict, "ends");
                saga.end(verdict);
            }
        }
    }
}

/// A step that hangs is one that fails.
async fn within(
    spec: &StepSpec,
    work: impl Future<Output = Result<Progress, StepFailure>>,
) -> Result<Progress, StepFailure> {
    let budget = Duration::try_from(spec.budget).unwrap_or(Duration::MAX);
    match tokio::time::timeout(budget, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(StepFailure::may_pass(format!("hung for {:#}", spec.budget))),
    }
}
