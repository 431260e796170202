//! Simulated Argo CD: ApplicationSets are expanded, Applications sync and become healthy.
//!
//! [`ArgoCd`] takes the place of Argo CD's controllers, seen from outside. It talks to the API through a plain
//! [`kube::Client`], on tokio's time. Syncs and rollouts take drawn times; everything else follows Argo CD 3's rules:
//!
//! - An ApplicationSet is expanded as `fleet_argocd` does it, with the clusters that are registered on the hub and the
//!   repositories that [`ArgoCd::sources`] names; its Applications are created, changed and deleted as its policy allows.
//!   A `RollingSync` goes step by step, within `maxUpdate`.
//! - An Application is compared when its source or destination changes, and is then `OutOfSync`. With automated sync, or
//!   when an `operation` asks for it, a sync runs; it ends `Succeeded` (or `Failed`, where a rule says so), `Synced` and
//!   `Progressing`, and `Healthy` after a while.
//! - What is told to be degraded is `Degraded` at once, until it is told otherwise: [`ArgoCdHandle::degrade`].
//! - Argo CD's own finalizer holds a deleted Application for as long as a sync takes.
//!
//! Nothing is deployed: no manifests are rendered, `status.resources` stays empty, a Git branch never moves by itself.

mod application;
mod application_set;
mod edge;
mod kept;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fleet_argocd::{Application, Sources};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::Hub;
use crate::cluster_api::Delay;
use crate::simulation::Simulation;

/// The simulated Argo CD: how it behaves.
///
/// ```
/// use fleet_sim::argocd::ArgoCd;
/// use fleet_sim::cluster_api::Delay;
/// use std::time::Duration;
///
/// let argocd = ArgoCd::default()
///     .seed(7)
///     .rollout(Delay::around(Duration::from_secs(90), 0.3))
///     .sync_fails(|application| application.destination == "edge-us-east");
/// # let _ = argocd;
/// ```
#[derive(Clone)]
pub struct ArgoCd {
    seed: u64,
    namespace: String,
    sources: Sources,
    /// There are sources outside the hub, and they are asked again and again.
    polls: bool,
    sync: Delay,
    rollout: Delay,
    fails: Vec<Rule>,
    degraded: Vec<Rule>,
}

/// What a rule may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplicationFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its project.
    pub project: &'a str,
    /// The cluster it goes to: the name, or where there is none, the URL.
    pub destination: &'a str,
    /// `spec.source.targetRevision`, of the first source where there are several; empty for the default branch.
    pub target_revision: &'a str,
}

type Rule = Arc<dyn Fn(&ApplicationFacts<'_>) -> bool + Send + Sync>;

impl fmt::Debug for ArgoCd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCd")
            .field("seed", &self.seed)
            .field("namespace", &self.namespace)
            .field("sources", &self.sources)
            .field("sync", &self.sync)
            .field("rollout", &self.rollout)
            .finish_non_exhaustive()
    }
}

impl Default for ArgoCd {
    /// Seed 0, namespace `argocd`, no repositories; a sync takes 20 seconds, a rollout 60.
    fn default() -> Self {
        Self {
            seed: 0,
            namespace: "argocd".to_owned(),
            sources: Sources::new(),
            polls: false,
            sync: Delay::fixed(Duration::from_secs(20)),
            rollout: Delay::fixed(Duration::from_mins(1)),
            fails: Vec::new(),
            degraded: Vec::new(),
        }
    }
}

impl ArgoCd {
    /// Where revisions and the draws from [`Delay`]s come from. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where Argo CD is installed, and cluster Secrets and projects are looked for. Default `argocd`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Who tells generators what is in Git, in code hosts and behind plugins. Clusters, projects and resources that decide
    /// on clusters always come from the hub. Asked every three minutes, as Argo CD does. Default: nobody; only list, cluster
    /// and decision generators work.
    pub fn sources(mut self, sources: Sources) -> Self {
        self.sources = sources;
        self.polls = true;
        self
    }

    /// From a sync's start to its end. Default 20 seconds.
    pub fn sync_duration(mut self, delay: impl Into<Delay>) -> Self {
        self.sync = delay.into();
        self
    }

    /// From a sync's end to the Application's being healthy. Default 60 seconds.
    pub fn rollout(mut self, delay: impl Into<Delay>) -> Self {
        self.rollout = delay.into();
        self
    }

    /// Syncs of Applications for which this holds end `Failed`. Rules add up. An automated sync that failed is tried again
    /// when the Application changes.
    pub fn sync_fails(
        mut self,
        rule: impl Fn(&ApplicationFacts<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.fails.push(Arc::new(rule));
        self
    }

    /// Applications for which this holds are degraded once they are synced. Rules add up; one that changes its mind is
    /// asked again after [`ArgoCdHandle::look_again`].
    pub fn degraded(mut self, rule: impl Fn(&ApplicationFacts<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.degraded.push(Arc::new(rule));
        self
    }

    fn holds(rules: &[Rule], application: &Application) -> bool {
        let spec = &application.spec;
        let source = spec.source.as_ref().or(spec.sources.iter().flatten().next());
        let (to, metadata) = (&spec.destination, &application.metadata);
        let facts = ApplicationFacts {
            name: application.name(),
            namespace: metadata.namespace.as_deref().unwrap_or_default(),
            project: &spec.project,
            destination: to.name.as_deref().or(to.server.as_deref()).unwrap_or_default(),
            target_revision: source
                .and_then(|source| source.target_revision.as_deref())
                .unwrap_or_default(),
        };
        rules.iter().any(|rule| rule(&facts))
    }
}

/// The running controllers. They end with it.
#[derive(Debug)]
pub struct ArgoCdHandle {
    task: JoinHandle<()>,
    commands: Arc<Commands>,
}

impl Drop for ArgoCdHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ArgoCdHandle {
    /// Lets an Application be degraded from now on, with this message, whatever is synced. One that is not there yet is
    /// degraded once it is synced.
    pub fn degrade(&self, application: impl Into<String>, message: impl Into<String>) {
        self.commands.set(application.into(), Some(message.into()));
    }

    /// Takes back [`ArgoCdHandle::degrade`]: the Application rolls out once more, and is healthy.
    pub fn recover(&self, application: impl Into<String>) {
        self.commands.set(application.into(), None);
    }

    /// Looks at every Application once more, although nothing changed: for rules that changed their mind.
    pub fn look_again(&self) {
        self.commands.changed.notify_one();
    }
}

/// What a person told the controllers.
#[derive(Debug, Default)]
struct Commands {
    degraded: Mutex<BTreeMap<String, String>>,
    changed: Notify,
}

impl Commands {
    fn set(&self, application: String, message: Option<String>) {
        let mut degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        match message {
            Some(message) => degraded.insert(application, message),
            None => degraded.remove(&application),
        };
        drop(degraded);
        self.changed.notify_one();
    }

    fn of(&self, application: &str) -> Option<String> {
        let degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        degraded.get(application).cloned()
    }
}

impl Simulation for ArgoCd {
    type Handle = ArgoCdHandle;

    fn start_on(self, hub: &Hub) -> ArgoCdHandle {
        let commands = Arc::new(Commands::default());
        ArgoCdHandle {
            task: tokio::spawn(edge::run(self, hub.clone(), Arc::clone(&commands))),
            commands,
        }
    }
}
