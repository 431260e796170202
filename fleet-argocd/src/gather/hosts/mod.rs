//! Code hosts over their REST APIs: open pull requests, and the repositories of an organisation.

mod azure;
mod bitbucket;
mod bitbucket_server;
mod gitea;
mod github;
mod gitlab;
mod rest;
mod scm;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use self::rest::Rest;
use super::http::HttpClient;
use super::ports::{PullRequestSource, ScmSource, SecretSource};
use crate::application_set::{PullRequestGenerator, ScmProviderGenerator};
use crate::expand::{FailureKind, PullRequest, ScmRepository, SourceFailure};

/// GitHub, GitLab, Gitea, Bitbucket Cloud, Bitbucket Server and Azure DevOps: whichever a generator names, where it says.
///
/// All pages are read; a page that fails is a failure of the whole. What was read before is asked for with its `ETag`, so that
/// what has not changed costs nothing of a rate limit. A rate limit is told with the time it ends and not waited for: that is
/// the caller's decision. A credential is sent to the host it is for and to no other.
///
/// TLS is the client's: `insecure` and `caRef` of a generator are not looked at. GitHub Apps (`appSecretName`) and AWS
/// `CodeCommit` are refused with an error that says so; for these implement [`PullRequestSource`] or [`ScmSource`].
///
/// ```no_run
/// use fleet_argocd::{CodeHosts, HttpClient, SecretSource, Sources};
/// # fn example(client: impl HttpClient + 'static, secrets: impl SecretSource + 'static) {
/// let hosts = CodeHosts::new(client, secrets);
/// let sources = Sources::new().pull_requests(hosts.clone()).scm(hosts);
/// # }
/// ```
#[derive(Clone)]
pub struct CodeHosts {
    rest: Rest,
}

impl fmt::Debug for CodeHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeHosts")
            .field("timeout", &self.rest.timeout)
            .finish_non_exhaustive()
    }
}

impl CodeHosts {
    /// Over this client, with credentials from these Secrets. An answer may take 30 seconds.
    pub fn new(client: impl HttpClient + 'static, secrets: impl SecretSource + 'static) -> Self {
        Self {
            rest: Rest::new(client, secrets),
        }
    }

    /// With another bound on each answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.rest.timeout = timeout;
        self
    }
}

#[async_trait]
impl PullRequestSource for CodeHosts {
    async fn pull_requests(&self, query: &PullRequestGenerator) -> Result<Vec<PullRequest>, SourceFailure> {
        // In the order in which Argo CD looks for the one that is set.
        if let Some(github) = &query.github {
            github::pull_requests(&self.rest, github).await
        } else if let Some(gitlab) = &query.gitlab {
            gitlab::pull_requests(&self.rest, gitlab).await
        } else if let Some(gitea) = &query.gitea {
            gitea::pull_requests(&self.rest, gitea).await
        } else if let Some(server) = &query.bitbucket_server {
            bitbucket_server::pull_requests(&self.rest, server).await
        } else if let Some(bitbucket) = &query.bitbucket {
            bitbucket::pull_requests(&self.rest, bitbucket).await
        } else if let Some(azure) = &query.azuredevops {
            azure::pull_requests(&self.rest, azure).await
        } else {
            Err(setup("pullRequest names no code host"))
        }
    }
}

#[async_trait]
impl ScmSource for CodeHosts {
    async fn repositories(&self, query: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, SourceFailure> {
        let rest = &self.rest;
        let protocol = query.clone_protocol.as_deref();
        if let Some(github) = &query.github {
            scm::repositories(&github::Organization::new(rest, github, protocol).await?, query).await
        } else if let Some(gitlab) = &query.gitlab {
            scm::repositories(&gitlab::Group::new(rest, gitlab, protocol).await?, query).await
        } else if let Some(gitea) = &query.gitea {
            scm::repositories(&gitea::Owner::new(rest, gitea, protocol).await?, query).await
        } else if let Some(server) = &query.bitbucket_server {
            scm::repositories(
                &bitbucket_server::Project::new(rest, server, protocol).await?,
                query,
            )
            .await
        } else if let Some(azure) = &query.azure_dev_ops {
            scm::repositories(&azure::TeamProject::new(rest, azure).await?, query).await
        } else if let Some(bitbucket) = &query.bitbucket {
            scm::repositories(
                &bitbucket::Workspace::new(rest, bitbucket, protocol).await?,
                query,
            )
            .await
        } else if query.aws_code_commit.is_some() {
            Err(setup(
                "awsCodeCommit is not supported here; give a source of repositories of your own",
            ))
        } else {
            Err(setup("scmProvider names no code host"))
        }
    }
}

fn setup(message: impl Into<String>) -> SourceFailure {
    SourceFailure::new(FailureKind::Setup, message)
}
