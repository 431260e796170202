//! From live sources to a [`Snapshot`]: everything an ApplicationSet's generators look at, and nothing else.

mod directory;
#[cfg(feature = "http")]
mod hosts;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kube")]
mod hub;
#[cfg(feature = "http")]
mod plugin;
mod ports;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use fleet_core::yaml::FieldPath;
use futures::stream::{self, StreamExt};
use serde_json::Value;

pub use directory::{Checkouts, GitRepositories};
#[cfg(feature = "http")]
pub use hosts::CodeHosts;
#[cfg(feature = "http")]
pub use http::{HttpClient, HttpError, TowerClient};
#[cfg(feature = "kube")]
pub use hub::HubSource;
#[cfg(feature = "http")]
pub use plugin::HttpPlugins;
pub use ports::{
    ClusterSource, DecisionSource, GitSource, PluginCall, PluginSource, PullRequestSource, ScmSource,
    SecretSource,
};
pub use recorded::RecordedSources;

use crate::application_set::ApplicationSet;
use crate::expand::{
    FailureKind, GitTree, PullRequest, ScmRepository, Snapshot, SnapshotCluster, Sought, SourceFailure, Want,
    wants,
};

/// Who can tell what generators look at. What is not given cannot be told, and an ApplicationSet that asks for it cannot be
/// gathered.
#[derive(Clone, Default)]
pub struct Sources {
    git: Option<Arc<dyn GitSource>>,
    clusters: Option<Arc<dyn ClusterSource>>,
    pull_requests: Option<Arc<dyn PullRequestSource>>,
    scm: Option<Arc<dyn ScmSource>>,
    decisions: Option<Arc<dyn DecisionSource>>,
    plugins: Option<Arc<dyn PluginSource>>,
}

impl Sources {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With Git repositories.
    pub fn git(mut self, source: impl GitSource + 'static) -> Self {
        self.git = Some(Arc::new(source));
        self
    }

    /// With what is registered in an Argo CD.
    pub fn clusters(mut self, source: impl ClusterSource + 'static) -> Self {
        self.clusters = Some(Arc::new(source));
        self
    }

    /// With open pull requests.
    pub fn pull_requests(mut self, source: impl PullRequestSource + 'static) -> Self {
        self.pull_requests = Some(Arc::new(source));
        self
    }

    /// With the repositories of organisations.
    pub fn scm(mut self, source: impl ScmSource + 'static) -> Self {
        self.scm = Some(Arc::new(source));
        self
    }

    /// With resources that decide on clusters.
    pub fn decisions(mut self, source: impl DecisionSource + 'static) -> Self {
        self.decisions = Some(Arc::new(source));
        self
    }

    /// With plugins.
    pub fn plugins(mut self, source: impl PluginSource + 'static) -> Self {
        self.plugins = Some(Arc::new(source));
        self
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("git", &self.git.is_some())
            .field("clusters", &self.clusters.is_some())
            .field("pull_requests", &self.pull_requests.is_some())
            .field("scm", &self.scm.is_some())
            .field("decisions", &self.decisions.is_some())
            .field("plugins", &self.plugins.is_some())
            .finish()
    }
}

/// Sources that did not answer. An ApplicationSet is not expanded from what is left, unless that is asked for
/// ([`into_partial`](Self::into_partial)).
#[derive(Debug, thiserror::Error)]
#[error("{}", .failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
#[non_exhaustive]
pub struct GatherError {
    /// Each with the generator that asked.
    pub failures: Vec<GatherFailure>,
    snapshot: Box<Snapshot>,
}

/// A source that did not answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {what}: {failure}")]
#[non_exhaustive]
pub struct GatherFailure {
    /// The generator that asked, in the ApplicationSet.
    pub path: FieldPath,
    /// What it asked for.
    pub what: String,
    /// Why there is no answer.
    pub failure: SourceFailure,
}

impl GatherError {
    /// What was gathered, with the failures in it: generators whose sources failed cannot be expanded from it.
    /// [`Expander::partial`](crate::Expander::partial) expands the others, and the result deletes nothing.
    pub fn into_partial(self) -> Snapshot {
        *self.snapshot
    }
}

impl Snapshot {
    /// Asks the sources for everything the ApplicationSet's generators look at, and for nothing else.
    ///
    /// Generators inside a matrix may name their sources with the parameters of the first, so this asks, looks what is
    /// still missing, and asks again. Sources of one round are asked at the same time, eight at once.
    ///
    /// # Errors
    /// A source failed, or was not given. All that failed are named, each with the generator that asked.
    ///
    /// ```
    /// use fleet_argocd::{ApplicationSet, ClusterSecret, RecordedSources, Snapshot, Sources, expand};
    ///
    /// # futures::executor::block_on(async {
    /// let set = ApplicationSet::read(serde_json::json!({
    ///     "metadata": {"name": "web", "namespace": "argocd"},
    ///     "spec": {
    ///         "generators": [{"clusters": {"selector": {"matchLabels": {"env": "production"}}}}],
    ///         "template": {
    ///             "metadata": {"name": "web-{{name}}"},
    ///             "spec": {"project": "default", "destination": {"server": "{{server}}"}},
    ///         },
    ///     },
    /// }))?;
    /// let hub = Snapshot::empty()
    ///     .with_clusters(&[ClusterSecret::new("eu", "https://eu:6443").with_labels([("env", "production")])]);
    /// let sources = Sources::new().clusters(RecordedSources::new(hub));
    /// let snapshot = Snapshot::gather(&sources, &set).await?;
    /// assert_eq!(expand(&set, &snapshot)?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn gather(sources: &Sources, set: &ApplicationSet) -> Result<Self, GatherError> {
        let mut snapshot = Self::ungathered();
        let mut failures = Vec::new();
        let mut asked: Vec<Sought> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let mut wanted = wants(set, &snapshot);
            wanted.retain(|want| !asked.contains(&want.what));
            if wanted.is_empty() {
                break;
            }
            asked.extend(wanted.iter().map(|want| want.what.clone()));
            let answers: Vec<_> = stream::iter(wanted)
                .map(|want| async move {
                    let answer = sources.ask(&want.what).await;
                    (want, answer)
                })
                .buffered(AT_ONCE)
                .collect()
                .await;
            for (Want { path, what }, answer) in answers {
                if let Err(failure) = &answer {
                    failures.push(GatherFailure {
                        path,
                        what: what.to_string(),
                        failure: failure.clone(),
                    });
                }
                snapshot = match answer {
                    Ok(found) => found.added(snapshot, &what),
                    Err(failure) => what.failed(snapshot, failure),
                };
            }
        }
        if failures.is_empty() {
            Ok(snapshot)
        } else {
            Err(GatherError {
                failures,
                snapshot: Box::new(snapshot),
            })
        }
    }
}

/// What a source said.
enum Answer {
    Hub {
        clusters: BTreeMap<String, SnapshotCluster>,
        projects: Option<BTreeSet<String>>,
    },
    ConfigMap(Option<BTreeMap<String, String>>),
    Git(GitTree),
    PullRequests(Vec<PullRequest>),
    Repositories(Vec<ScmRepository>),
    Values(Vec<Value>),
}

impl Sources {
    async fn ask(&self, what: &Sought) -> Result<Answer, SourceFailure> {
        match what {
            Sought::Hub => {
                let source = given(self.clusters.as_deref(), "clusters")?;
                Ok(Answer::Hub {
                    clusters: source.clusters().await?,
                    projects: source.projects().await?,
                })
            }
            Sought::ConfigMap(name) => {
                let source = given(self.clusters.as_deref(), "clusters")?;
                source.config_map(name).await.map(Answer::ConfigMap)
            }
            Sought::Git { repo_url, revision } => {
                let source = given(self.git.as_deref(), "Git repositories")?;
                source.tree(repo_url, revision).await.map(Answer::Git)
            }
            Sought::PullRequests { query, .. } => {
                let source = given(self.pull_requests.as_deref(), "pull requests")?;
                source.pull_requests(query).await.map(Answer::PullRequests)
            }
            Sought::Repositories { query, .. } => {
                let source = given(self.scm.as_deref(), "organisations' repositories")?;
                source.repositories(query).await.map(Answer::Repositories)
            }
            Sought::Resources { api_version, plural } => {
                let source = given(self.decisions.as_deref(), "cluster decisions")?;
                source.resources(api_version, plural).await.map(Answer::Values)
            }
            Sought::Plugin {
                set,
                config_map,
                data,
                input,
            } => {
                let source = given(self.plugins.as_deref(), "plugins")?;
                let call = PluginCall::new(set, config_map, data, input.clone());
                source.parameters(&call).await.map(Answer::Values)
            }
        }
    }
}

impl Answer {
    fn added(self, snapshot: Snapshot, what: &Sought) -> Snapshot {
        match (self, what) {
            (Self::Hub { clusters, projects }, _) => match projects {
                Some(projects) => snapshot.with_hub(clusters).with_projects(projects),
                None => snapshot.with_hub(clusters),
            },
            (Self::ConfigMap(Some(data)), Sought::ConfigMap(name)) => snapshot.with_config_map(name, data),
            (Self::ConfigMap(None), Sought::ConfigMap(name)) => snapshot.without_config_map(name),
            (Self::Git(tree), Sought::Git { repo_url, revision }) => {
                snapshot.with_git(repo_url, revision, Ok(tree))
            }
            (Self::PullRequests(found), Sought::PullRequests { key, .. }) => {
                snapshot.with_pull_requests(key, Ok(found))
            }
            (Self::Repositories(found), Sought::Repositories { key, .. }) => {
                snapshot.with_repositories(key, Ok(found))
            }
            (Self::Values(found), Sought::Resources { api_version, plural }) => {
                snapshot.with_decision_resources(api_version, plural, Ok(found))
            }
            (
                Self::Values(found),
                Sought::Plugin {
                    config_map, input, ..
                },
            ) => snapshot.with_plugin(config_map, input, Ok(found)),
            // An answer is of the kind of its question.
            _ => snapshot,
        }
    }
}

fn given<'a, S: ?Sized>(source: Option<&'a S>, what: &str) -> Result<&'a S, SourceFailure> {
    source
        .ok_or_else(|| SourceFailure::new(FailureKind::NotGathered, format!("no source of {what} was given")))
}

/// How many sources are asked at the same time.
const AT_ONCE: usize = 8;
/// Combinations nest twice, and each level may name what the next one looks at; plugins and decisions need their `ConfigMap`
/// first.
const MAX_ROUNDS: usize = 12;
