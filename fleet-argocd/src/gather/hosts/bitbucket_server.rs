//! Bitbucket Server's (and Data Center's) REST API, version 1.0.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::rest::{Api, Paging, Rest, escaped, escaped_path, unless_missing};
use super::scm::{Branch, CloneLinks, Commit, Listed, Repositories, clone_url};
use crate::application_set::{BasicAuthRef, BearerTokenRef, PullRequestBitbucketServer, ScmBitbucketServer};
use crate::expand::{PullRequest, SourceFailure};

async fn api<'r>(
    rest: &'r Rest,
    url: &str,
    token: Option<&BearerTokenRef>,
    basic: Option<&BasicAuthRef>,
) -> Result<Api<'r>, SourceFailure> {
    let credential = rest.token_or_basic(token, basic).await?;
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix("/rest").unwrap_or(url);
    rest.api(format!("{url}/rest/api/1.0"), credential)
}

#[derive(Deserialize)]
struct Pull {
    id: i64,
    title: String,
    #[serde(rename = "fromRef")]
    from: Ref,
    #[serde(rename = "toRef")]
    to: Ref,
    author: Option<Author>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ref {
    display_id: String,
    #[serde(default)]
    latest_commit: String,
}

impl From<Ref> for Branch {
    fn from(found: Ref) -> Self {
        Self {
            name: found.display_id,
            commit: Commit {
                id: found.latest_commit,
            },
        }
    }
}

#[derive(Deserialize)]
struct Author {
    user: User,
}

#[derive(Deserialize)]
struct User {
    name: String,
}

pub(super) async fn pull_requests(
    rest: &Rest,
    server: &PullRequestBitbucketServer,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let (token, basic) = (server.bearer_token.as_ref(), server.basic_auth.as_ref());
    let api = api(rest, &server.api, token, basic).await?;
    let (project, repo) = (escaped(&server.project), escaped(&server.repo));
    let path = format!("/projects/{project}/repos/{repo}/pull-requests?limit=100");
    let pulls: Vec<Pull> = api.all(&path, Paging::Values).await?;
    Ok(pulls
        .into_iter()
        .map(|pull| PullRequest {
            number: pull.id,
            title: pull.title,
            branch: pull.from.display_id,
            target_branch: pull.to.display_id,
            head_sha: pull.from.latest_commit,
            labels: Vec::new(),
            author: pull.author.map(|author| author.user.name).unwrap_or_default(),
        })
        .collect())
}

/// A project's repositories.
pub(super) struct Project<'r> {
    api: Api<'r>,
    server: &'r ScmBitbucketServer,
    protocol: Option<&'r str>,
}

impl<'r> Project<'r> {
    pub(super) async fn new(
        rest: &'r Rest,
        server: &'r ScmBitbucketServer,
        protocol: Option<&'r str>,
    ) -> Result<Self, SourceFailure> {
        let (token, basic) = (server.bearer_token.as_ref(), server.basic_auth.as_ref());
        Ok(Self {
            api: api(rest, &server.api, token, basic).await?,
            server,
            protocol,
        })
    }

    /// The default branch. Nothing if the repository is empty, which versions say with 404 or with no content.
    async fn default_branch(&self, path: &str) -> Result<Option<Ref>, SourceFailure> {
        let found = self.api.one_if_any(&format!("{path}/branches/default")).await;
        unless_missing(found, None)
    }
}

#[derive(Deserialize)]
struct Repository {
    id: i64,
    slug: String,
    name: String,
    project: Key,
    links: CloneLinks,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[async_trait]
impl Repositories for Project<'_> {
    /// Those that are not empty.
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let path = format!("/projects/{}/repos?limit=100", escaped(&self.server.project));
        let found: Vec<Repository> = self.api.all(&path, Paging::Values).await?;
        let mut listed = Vec::with_capacity(found.len());
        for one in found {
            let (project, slug) = (escaped(&one.project.key), escaped(&one.slug));
            let path = format!("/projects/{project}/repos/{slug}");
            let Some(branch) = self.default_branch(&path).await? else {
                continue;
            };
            let (ssh, https) = (one.links.named("ssh"), one.links.named("http"));
            listed.push(Listed {
                organization: one.project.key,
                url: clone_url(self.protocol, ssh, https, "Bitbucket Server")?,
                repository: one.name,
                default_branch: branch.display_id,
                labels: Vec::new(),
                id: Value::from(one.id),
                path,
            });
        }
        Ok(listed)
    }

    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        if self.server.all_branches == Some(true) {
            let path = format!("{}/branches?limit=100", repository.path);
            let branches: Vec<Ref> = self.api.all(&path, Paging::Values).await?;
            return Ok(branches.into_iter().map(Branch::from).collect());
        }
        let branch = self.default_branch(&repository.path).await?;
        Ok(branch.map(Branch::from).into_iter().collect())
    }

    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (path, branch) = (escaped_path(path), escaped(&branch.name));
        self.api
            .exists(&format!(
                "{}/browse/{path}?at={branch}&type=true",
                repository.path
            ))
            .await
    }
}
