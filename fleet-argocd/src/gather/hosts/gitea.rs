//! Gitea's (and Forgejo's) REST API, version 1.

use async_trait::async_trait;
use http::header;
use serde::Deserialize;
use serde_json::Value;

use super::github::{Label, Pull};
use super::rest::{Api, Paging, Rest, escaped, escaped_path};
use super::scm::{Branch, Listed, Repositories, clone_url};
use crate::application_set::{PullRequestGitea, ScmGitea, SecretKeyRef};
use crate::expand::{PullRequest, SourceFailure};

async fn api<'r>(rest: &'r Rest, url: &str, token: Option<&SecretKeyRef>) -> Result<Api<'r>, SourceFailure> {
    let token = rest.secret(header::AUTHORIZATION, "token ", token).await?;
    rest.api(format!("{}/api/v1", url.trim_end_matches('/')), token)
}

pub(super) async fn pull_requests(
    rest: &Rest,
    gitea: &PullRequestGitea,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let api = api(rest, &gitea.api, gitea.token_ref.as_ref()).await?;
    let (owner, repo) = (escaped(&gitea.owner), escaped(&gitea.repo));
    let path = format!("/repos/{owner}/{repo}/pulls?state=open&limit=50");
    let pulls: Vec<Pull> = api.all(&path, Paging::Linked).await?;
    Ok(pulls.into_iter().map(PullRequest::from).collect())
}

/// An organisation's repositories.
pub(super) struct Owner<'r> {
    api: Api<'r>,
    gitea: &'r ScmGitea,
    protocol: Option<&'r str>,
}

impl<'r> Owner<'r> {
    pub(super) async fn new(
        rest: &'r Rest,
        gitea: &'r ScmGitea,
        protocol: Option<&'r str>,
    ) -> Result<Self, SourceFailure> {
        let api = api(rest, &gitea.api, gitea.token_ref.as_ref()).await?;
        Ok(Self { api, gitea, protocol })
    }
}

#[derive(Deserialize)]
struct Repository {
    id: i64,
    name: String,
    ssh_url: String,
    html_url: String,
    default_branch: String,
    #[serde(default)]
    archived: bool,
}

#[async_trait]
impl Repositories for Owner<'_> {
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let owner = escaped(&self.gitea.owner);
        let path = format!("/orgs/{owner}/repos?limit=50");
        let found: Vec<Repository> = self.api.all(&path, Paging::Linked).await?;
        let mut listed = Vec::with_capacity(found.len());
        for one in found {
            if one.archived && self.gitea.exclude_archived_repos == Some(true) {
                continue;
            }
            let path = format!("/repos/{owner}/{}", escaped(&one.name));
            // The labels of its issues: what Argo CD takes for a repository's.
            let labels = format!("{path}/labels?limit=50");
            let labels: Vec<Label> = self.api.all(&labels, Paging::Linked).await?;
            listed.push(Listed {
                organization: self.gitea.owner.clone(),
                url: clone_url(self.protocol, &one.ssh_url, &one.html_url, "Gitea")?,
                repository: one.name,
                default_branch: one.default_branch,
                labels: labels.into_iter().map(|label| label.name).collect(),
                id: Value::from(one.id),
                path,
            });
        }
        Ok(listed)
    }

    /// A default branch that is not there is an error, as in Argo CD.
    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        let path = format!("{}/branches", repository.path);
        if self.gitea.all_branches == Some(true) {
            return self.api.all(&format!("{path}?limit=50"), Paging::Linked).await;
        }
        let branch = escaped_path(&repository.default_branch);
        Ok(vec![self.api.one(&format!("{path}/{branch}")).await?])
    }

    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (path, branch) = (escaped_path(path), escaped(&branch.name));
        self.api
            .exists(&format!("{}/contents/{path}?ref={branch}", repository.path))
            .await
    }
}
