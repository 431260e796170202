//! GitHub's REST API, version 2022-11-28.

use async_trait::async_trait;
use http::header;
use serde::Deserialize;
use serde_json::Value;

use super::rest::{Api, Paging, Rest, base, escaped, escaped_path, unless_missing};
use super::scm::{Branch, Listed, Repositories, clone_url};
use super::setup;
use crate::application_set::{PullRequestGithub, ScmGithub, SecretKeyRef};
use crate::expand::{PullRequest, SourceFailure};

async fn api<'r>(
    rest: &'r Rest,
    url: Option<&str>,
    token: Option<&SecretKeyRef>,
    app: Option<&String>,
) -> Result<Api<'r>, SourceFailure> {
    if let (None, Some(app)) = (token, app) {
        return Err(setup(format!(
            "appSecretName {app}: GitHub Apps are not supported here; use tokenRef"
        )));
    }
    let token = rest.secret(header::AUTHORIZATION, "Bearer ", token).await?;
    rest.api(base(url, "https://api.github.com"), token)
}

/// A pull request, in the words that Gitea took over from GitHub.
#[derive(Deserialize)]
pub(super) struct Pull {
    number: i64,
    title: String,
    head: End,
    base: End,
    labels: Option<Vec<Label>>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    #[serde(default)]
    sha: String,
}

#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

impl From<Pull> for PullRequest {
    fn from(pull: Pull) -> Self {
        Self {
            number: pull.number,
            title: pull.title,
            branch: pull.head.branch,
            target_branch: pull.base.branch,
            head_sha: pull.head.sha,
            labels: pull
                .labels
                .into_iter()
                .flatten()
                .map(|label| label.name)
                .collect(),
            author: pull.user.map(|user| user.login).unwrap_or_default(),
        }
    }
}

pub(super) async fn pull_requests(
    rest: &Rest,
    github: &PullRequestGithub,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let app = github.app_secret_name.as_ref();
    let api = api(rest, github.api.as_deref(), github.token_ref.as_ref(), app).await?;
    let path = format!(
        "/repos/{}/{}/pulls?per_page=100",
        escaped(&github.owner),
        escaped(&github.repo)
    );
    let pulls: Vec<Pull> = api.all(&path, Paging::Linked).await?;
    Ok(pulls.into_iter().map(PullRequest::from).collect())
}

/// An organisation's repositories.
pub(super) struct Organization<'r> {
    api: Api<'r>,
    github: &'r ScmGithub,
    protocol: Option<&'r str>,
}

impl<'r> Organization<'r> {
    pub(super) async fn new(
        rest: &'r Rest,
        github: &'r ScmGithub,
        protocol: Option<&'r str>,
    ) -> Result<Self, SourceFailure> {
        let app = github.app_secret_name.as_ref();
        let api = api(rest, github.api.as_deref(), github.token_ref.as_ref(), app).await?;
        Ok(Self {
            api,
            github,
            protocol,
        })
    }
}

#[derive(Deserialize)]
struct Repository {
    id: i64,
    name: String,
    ssh_url: String,
    clone_url: String,
    default_branch: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    topics: Vec<String>,
}

#[async_trait]
impl Repositories for Organization<'_> {
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let owner = escaped(&self.github.organization);
        let path = format!("/orgs/{owner}/repos?per_page=100");
        let found: Vec<Repository> = self.api.all(&path, Paging::Linked).await?;
        let kept = found
            .into_iter()
            .filter(|one| !(one.archived && self.github.exclude_archived_repos == Some(true)));
        kept.map(|one| {
            Ok(Listed {
                organization: self.github.organization.clone(),
                url: clone_url(self.protocol, &one.ssh_url, &one.clone_url, "GitHub")?,
                default_branch: one.default_branch,
                labels: one.topics,
                id: Value::from(one.id),
                path: format!("/repos/{owner}/{}", escaped(&one.name)),
                repository: one.name,
            })
        })
        .collect()
    }

    /// An empty repository has none.
    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        let path = format!("{}/branches", repository.path);
        if self.github.all_branches == Some(true) {
            return self
                .api
                .all(&format!("{path}?per_page=100"), Paging::Linked)
                .await;
        }
        let branch = escaped_path(&repository.default_branch);
        let found = self.api.one(&format!("{path}/{branch}")).await;
        unless_missing(found.map(|branch| vec![branch]), Vec::new())
    }

    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (path, branch) = (escaped_path(path), escaped(&branch.name));
        self.api
            .exists(&format!("{}/contents/{path}?ref={branch}", repository.path))
            .await
    }
}
