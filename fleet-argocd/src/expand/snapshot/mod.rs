//! What the generators look at, taken at one moment.

mod git;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use git::ReadProblem;
pub use git::{GitEntry, GitTree};
pub use source::{FailureKind, PullRequest, ScmRepository, SourceFailure};

use crate::cluster::{ClusterSecret, ClusterSecretError, SECRET_TYPE_LABEL, secret_text};

/// Everything outside the ApplicationSet that an expansion depends on.
///
/// What was looked at stands here with what was found, which may be nothing; what could not be read stands here with the
/// reason ([`SourceFailure`]); what was never looked at does not stand here, and an expansion that needs it fails. So a
/// source that did not answer never looks like one that is empty. Clusters are the exception in name only:
/// [`empty`](Self::empty) says that none is registered.
///
/// A snapshot holds no credentials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Snapshot {
    clusters: BTreeMap<String, Arc<SnapshotCluster>>,
    clusters_failure: Option<SourceFailure>,
    /// The `AppProject`s that exist; none given: not looked at, and any literal project is taken to exist.
    projects: Option<BTreeSet<String>>,
    git: BTreeMap<String, BTreeMap<String, Answer<GitTree>>>,
    pull_requests: BTreeMap<String, Answer<[PullRequest]>>,
    repositories: BTreeMap<String, Answer<[ScmRepository]>>,
    config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// Looked for, and not there.
    absent_config_maps: BTreeSet<String>,
    /// Looked for, without an answer.
    failed_config_maps: BTreeMap<String, SourceFailure>,
    resources: BTreeMap<String, Answer<[Value]>>,
    plugins: BTreeMap<String, BTreeMap<String, Answer<[Value]>>>,
    /// Argo CD's switches that change what generators give.
    pub switches: Switches,
}

/// What a source said, or why it did not.
type Answer<T> = Result<Arc<T>, SourceFailure>;

/// Switches of Argo CD's controllers that change what generators give. All are off by default, as in Argo CD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::exhaustive_structs)] // Upstream's switches; a new one is a new field and a new minor version.
pub struct Switches {
    /// `--enable-new-git-file-globbing`: patterns of files are doublestar's instead of `git ls-files`'.
    pub new_git_file_globbing: bool,
    /// `ARGOCD_REPO_SERVER_INCLUDE_HIDDEN_DIRECTORIES`.
    pub include_hidden_directories: bool,
}

/// What the clusters generator knows of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotCluster {
    /// The cluster's name in Argo CD.
    pub name: String,
    /// The URL of its API server.
    pub server: String,
    /// The `AppProject` it is registered for; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The labels of its Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The annotations of its Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Snapshot {
    /// Nothing at all: no cluster is registered.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds clusters as they are registered.
    pub fn with_clusters<'a>(mut self, clusters: impl IntoIterator<Item = &'a ClusterSecret>) -> Self {
        for cluster in clusters {
            self.clusters.insert(
                cluster.secret_name.clone(),
                Arc::new(SnapshotCluster::from(cluster)),
            );
        }
        self
    }

    /// Takes the cluster Secrets of Argo CD's namespace from a list of Secrets; other Secrets are passed over.
    ///
    /// Credentials are not read, so a cluster whose `config` is broken still counts, as it does in Argo CD.
    ///
    /// # Errors
    /// A cluster Secret has no name, or a name, server or project that is not text.
    pub fn from_secrets<'a>(
        argocd_namespace: &str,
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, ClusterSecretError> {
        let mut snapshot = Self::default();
        for secret in secrets {
            let metadata = &secret.metadata;
            let labels = metadata.labels.clone().unwrap_or_default();
            let is_cluster = labels
                .get(SECRET_TYPE_LABEL)
                .is_some_and(|kind| kind == "cluster");
            if !is_cluster || metadata.namespace.as_deref() != Some(argocd_namespace) {
                continue;
            }
            let secret_name = metadata.name.clone().ok_or(ClusterSecretError::Unnamed)?;
            let cluster = SnapshotCluster {
                name: secret_text(secret, "name")?.unwrap_or_default(),
                server: secret_text(secret, "server")?.unwrap_or_default(),
                project: secret_text(secret, "project")?.unwrap_or_default(),
                labels,
                annotations: metadata.annotations.clone().unwrap_or_default(),
            };
            snapshot.clusters.insert(secret_name, Arc::new(cluster));
        }
        Ok(snapshot)
    }

    /// The clusters in the order of their Secrets' names.
    pub fn clusters(&self) -> impl Iterator<Item = &SnapshotCluster> {
        self.clusters.values().map(|cluster| &**cluster)
    }

    /// Says that the clusters could not be listed.
    pub fn without_clusters(mut self, failure: SourceFailure) -> Self {
        self.clusters_failure = Some(failure);
        self
    }

    /// Says which `AppProject`s exist.
    pub fn with_projects<P: Into<String>>(mut self, projects: impl IntoIterator<Item = P>) -> Self {
        self.projects = Some(projects.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a Git repository at a revision, as the generators name it (`HEAD`, a branch, a tag, a commit).
    pub fn with_git(
        mut self,
        repo_url: impl Into<String>,
        revision: impl Into<String>,
        tree: Result<GitTree, SourceFailure>,
    ) -> Self {
        self.git
            .entry(repo_url.into())
            .or_default()
            .insert(revision.into(), tree.map(Arc::new));
        self
    }

    /// Adds the open pull requests of a repository (`owner/repo`, or GitLab's project), unfiltered; `*` stands for every
    /// repository that is not named.
    pub fn with_pull_requests(
        mut self,
        repository: impl Into<String>,
        found: Result<Vec<PullRequest>, SourceFailure>,
    ) -> Self {
        self.pull_requests
            .insert(repository.into(), found.map(Into::into));
        self
    }

    /// Adds the repositories of an organisation with their branches, unfiltered; of each the default branch comes
    /// first. `*` stands for every organisation that is not named.
    pub fn with_repositories(
        mut self,
        organization: impl Into<String>,
        found: Result<Vec<ScmRepository>, SourceFailure>,
    ) -> Self {
        self.repositories
            .insert(organization.into(), found.map(Into::into));
        self
    }

    /// Adds a `ConfigMap` of Argo CD's namespace, which cluster decisions and plugins refer to.
    pub fn with_config_map(mut self, name: impl Into<String>, data: BTreeMap<String, String>) -> Self {
        self.config_maps.insert(name.into(), data);
        self
    }

    /// Adds the resources of a kind (`group/version` and the plural) that decide on clusters.
    pub fn with_decision_resources(
        mut self,
        api_version: &str,
        plural: &str,
        found: Result<Vec<Value>, SourceFailure>,
    ) -> Self {
        self.resources
            .insert(format!("{api_version}/{plural}"), found.map(Into::into));
        self
    }

    /// Adds a plugin's answer to an input: its sets of parameters. Null stands for every input that is not given.
    pub fn with_plugin(
        mut self,
        config_map: impl Into<String>,
        input: &Value,
        answer: Result<Vec<Value>, SourceFailure>,
    ) -> Self {
        self.plugins
            .entry(config_map.into())
            .or_default()
            .insert(input.to_string(), answer.map(Into::into));
        self
    }

    /// Nothing, and nothing looked at yet.
    pub(crate) fn ungathered() -> Self {
        Self::default().without_clusters(SourceFailure::not_gathered("what is registered in Argo CD"))
    }

    /// Says which clusters are registered, by the names of their Secrets.
    pub(crate) fn with_hub(mut self, clusters: BTreeMap<String, SnapshotCluster>) -> Self {
        self.clusters_failure = None;
        self.clusters = clusters
            .into_iter()
            .map(|(name, cluster)| (name, Arc::new(cluster)))
            .collect();
        self
    }

    /// The clusters by the names of their Secrets.
    #[cfg(feature = "kube")]
    pub(crate) fn into_clusters(self) -> BTreeMap<String, SnapshotCluster> {
        self.clusters
            .into_iter()
            .map(|(name, cluster)| (name, Arc::unwrap_or_clone(cluster)))
            .collect()
    }

    /// Says that there is no `ConfigMap` of this name.
    pub(crate) fn without_config_map(mut self, name: impl Into<String>) -> Self {
        self.absent_config_maps.insert(name.into());
        self
    }

    pub(crate) fn with_config_map_failure(mut self, name: impl Into<String>, failure: SourceFailure) -> Self {
        self.failed_config_maps.insert(name.into(), failure);
        self
    }

    /// Whether nobody has looked for a `ConfigMap`.
    pub(crate) fn lacks_config_map(&self, name: &str) -> bool {
        !self.config_maps.contains_key(name)
            && !self.absent_config_maps.contains(name)
            && !self.failed_config_maps.contains_key(name)
    }

    pub(crate) fn config_map_failure(&self, name: &str) -> Option<&SourceFailure> {
        self.failed_config_maps.get(name)
    }

    pub(crate) fn known_projects(&self) -> Option<&BTreeSet<String>> {
        self.projects.as_ref()
    }

    pub(crate) fn known_clusters(&self) -> Result<&BTreeMap<String, Arc<SnapshotCluster>>, SourceFailure> {
        match &self.clusters_failure {
            None => Ok(&self.clusters),
            Some(failure) => Err(failure.clone()),
        }
    }

    pub(crate) fn has_project(&self, name: &str) -> bool {
        self.projects
            .as_ref()
            .is_none_or(|projects| projects.contains(name))
    }

    pub(crate) fn git(&self, repo_url: &str, revision: &str) -> Result<&Arc<GitTree>, SourceFailure> {
        found(
            self.git
                .get(repo_url)
                .and_then(|revisions| revisions.get(revision)),
            || format!("the repository {repo_url} at revision {revision:?}"),
        )
    }

    pub(crate) fn pull_requests(&self, repository: &str) -> Result<&Arc<[PullRequest]>, SourceFailure> {
        let answer = self
            .pull_requests
            .get(repository)
            .or_else(|| self.pull_requests.get("*"));
        found(answer, || format!("the pull requests of {repository}"))
    }

    pub(crate) fn repositories(&self, organization: &str) -> Result<&Arc<[ScmRepository]>, SourceFailure> {
        let answer = self
            .repositories
            .get(organization)
            .or_else(|| self.repositories.get("*"));
        found(answer, || format!("the repositories of {organization}"))
    }

    pub(crate) fn config_map(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.config_maps.get(name)
    }

    pub(crate) fn resources(&self, api_version: &str, plural: &str) -> Result<&Arc<[Value]>, SourceFailure> {
        found(self.resources.get(&format!("{api_version}/{plural}")), || {
            format!("the resources {plural} of {api_version}")
        })
    }

    pub(crate) fn plugin(&self, config_map: &str, input: &Value) -> Result<&Arc<[Value]>, SourceFailure> {
        found(
            self.plugins
                .get(config_map)
                .and_then(|answers| answers.get(&input.to_string()).or_else(|| answers.get("null"))),
            || format!("the plugin {config_map}'s answer to {input}"),
        )
    }
}

fn found<T>(
    answer: Option<&Result<T, SourceFailure>>,
    what: impl FnOnce() -> String,
) -> Result<&T, SourceFailure> {
    match answer {
        Some(Ok(found)) => Ok(found),
        Some(Err(failure)) => Err(failure.clone()),
        None => Err(SourceFailure::not_gathered(what())),
    }
}

impl From<&ClusterSecret> for SnapshotCluster {
    fn from(cluster: &ClusterSecret) -> Self {
        let mut labels = cluster.labels.clone();
        labels.insert(SECRET_TYPE_LABEL.to_owned(), "cluster".to_owned());
        Self {
            name: cluster.name.clone(),
            server: cluster.server.clone(),
            project: cluster.project.clone().unwrap_or_default(),
            labels,
            annotations: cluster.annotations.clone(),
        }
    }
}
