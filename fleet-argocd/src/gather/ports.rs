//! Who can tell what generators look at: one small trait a source.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

use crate::application_set::{PullRequestGenerator, ScmProviderGenerator};
use crate::expand::{GitTree, PullRequest, ScmRepository, SnapshotCluster, SourceFailure};

/// Git repositories.
#[async_trait]
pub trait GitSource: Send + Sync {
    /// The files of a repository at a revision (`HEAD`, a branch, a tag, a commit), as the generator names both.
    async fn tree(&self, repo_url: &str, revision: &str) -> Result<GitTree, SourceFailure>;
}

/// What is registered in one Argo CD.
#[async_trait]
pub trait ClusterSource: Send + Sync {
    /// The clusters, by the names of their Secrets. Credentials stay where they are.
    async fn clusters(&self) -> Result<BTreeMap<String, SnapshotCluster>, SourceFailure>;

    /// The names of the `AppProject`s. Nothing if this source does not know them: any project is then taken to exist.
    async fn projects(&self) -> Result<Option<BTreeSet<String>>, SourceFailure>;

    /// A `ConfigMap` of Argo CD's namespace; nothing if there is none.
    async fn config_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, SourceFailure>;
}

/// Open pull requests.
#[async_trait]
pub trait PullRequestSource: Send + Sync {
    /// All open pull requests of the repository that the generator names. Its filters are not the source's business.
    async fn pull_requests(&self, query: &PullRequestGenerator) -> Result<Vec<PullRequest>, SourceFailure>;
}

/// The repositories of organisations.
#[async_trait]
pub trait ScmSource: Send + Sync {
    /// The repositories of the organisation that the generator names, the default branch of each first, all branches if
    /// the generator asks for them. Of each branch, the paths that the generator's filters ask about and that are there.
    async fn repositories(&self, query: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, SourceFailure>;
}

/// Resources by which another controller decides on clusters.
#[async_trait]
pub trait DecisionSource: Send + Sync {
    /// All resources of a kind: `group/version` and the plural.
    async fn resources(&self, api_version: &str, plural: &str) -> Result<Vec<Value>, SourceFailure>;
}

/// Plugins: HTTP services that give parameters.
#[async_trait]
pub trait PluginSource: Send + Sync {
    /// The sets of parameters that a plugin gives.
    async fn parameters(&self, call: &PluginCall) -> Result<Vec<Value>, SourceFailure>;
}

/// Secrets that tokens are in.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The value of a key of a Secret in Argo CD's namespace.
    async fn secret(&self, name: &str, key: &str) -> Result<SecretString, SourceFailure>;
}

/// What is asked of a plugin.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PluginCall {
    /// The ApplicationSet.
    pub application_set: String,
    /// The plugin's `ConfigMap`.
    pub config_map: String,
    /// The service's URL.
    pub base_url: String,
    /// The Secret and the key its token is in.
    pub token: (String, String),
    /// How long to wait for the answer.
    pub timeout: Duration,
    /// The parameters that are sent; null if there are none.
    pub input: Value,
}

impl PluginCall {
    /// The call that a plugin's `ConfigMap` describes.
    pub(crate) fn new(
        application_set: &str,
        config_map: &str,
        data: &BTreeMap<String, String>,
        input: Value,
    ) -> Self {
        let text = |key: &str| data.get(key).map(String::as_str).unwrap_or_default();
        let reference = text("token").trim_start_matches('$');
        let (secret, key) = reference.split_once(':').unwrap_or(("argocd-secret", reference));
        let timeout = text("requestTimeout").parse().unwrap_or(0);
        Self {
            application_set: application_set.to_owned(),
            config_map: config_map.to_owned(),
            base_url: text("baseUrl").to_owned(),
            token: (secret.to_owned(), key.to_owned()),
            timeout: Duration::from_secs(if timeout == 0 { DEFAULT_TIMEOUT } else { timeout }),
            input,
        }
    }
}

/// Seconds that Argo CD waits for a plugin that does not say.
const DEFAULT_TIMEOUT: u64 = 30;
