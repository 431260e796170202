//! Bitbucket Cloud's REST API, version 2.0.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::rest::{Api, Paging, Rest, base, escaped, escaped_path, unless_missing};
use super::scm::{Branch, CloneLinks, Commit, Listed, Repositories, clone_url};
use crate::application_set::{PullRequestBitbucket, ScmBitbucket};
use crate::expand::{PullRequest, SourceFailure};

#[derive(Deserialize)]
struct Pull {
    id: i64,
    title: String,
    source: End,
    destination: End,
    author: Option<User>,
}

#[derive(Deserialize)]
struct End {
    branch: Named,
    /// Nothing if the fork it comes from is gone.
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    nickname: String,
}

pub(super) async fn pull_requests(
    rest: &Rest,
    bitbucket: &PullRequestBitbucket,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let (token, basic) = (bitbucket.bearer_token.as_ref(), bitbucket.basic_auth.as_ref());
    let credential = rest.token_or_basic(token, basic).await?;
    let api = rest.api(base(bitbucket.api.as_deref(), OWN), credential)?;
    let (owner, repo) = (escaped(&bitbucket.owner), escaped(&bitbucket.repo));
    let path = format!("/repositories/{owner}/{repo}/pullrequests?state=OPEN&pagelen=50");
    let pulls: Vec<Pull> = api.all(&path, Paging::Values).await?;
    Ok(pulls
        .into_iter()
        .map(|pull| PullRequest {
            number: pull.id,
            title: pull.title,
            branch: pull.source.branch.name,
            target_branch: pull.destination.branch.name,
            head_sha: pull.source.commit.map(|commit| commit.id).unwrap_or_default(),
            labels: Vec::new(),
            author: pull.author.map(|user| user.nickname).unwrap_or_default(),
        })
        .collect())
}

/// A workspace's repositories.
pub(super) struct Workspace<'r> {
    api: Api<'r>,
    bitbucket: &'r ScmBitbucket,
    protocol: Option<&'r str>,
}

impl<'r> Workspace<'r> {
    pub(super) async fn new(
        rest: &'r Rest,
        bitbucket: &'r ScmBitbucket,
        protocol: Option<&'r str>,
    ) -> Result<Self, SourceFailure> {
        let credential = rest.basic(&bitbucket.user, &bitbucket.app_password_ref).await?;
        Ok(Self {
            api: rest.api(OWN, credential)?,
            bitbucket,
            protocol,
        })
    }
}

#[derive(Deserialize)]
struct Repository {
    uuid: String,
    slug: String,
    /// Nothing if it is empty.
    mainbranch: Option<Named>,
    links: CloneLinks,
}

#[async_trait]
impl Repositories for Workspace<'_> {
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let owner = escaped(&self.bitbucket.owner);
        let path = format!("/repositories/{owner}?role=member&pagelen=100");
        let found: Vec<Repository> = self.api.all(&path, Paging::Values).await?;
        found
            .into_iter()
            .map(|one| {
                let (ssh, https) = (one.links.named("ssh"), one.links.named("https"));
                Ok(Listed {
                    organization: self.bitbucket.owner.clone(),
                    url: clone_url(self.protocol, ssh, https, "Bitbucket cloud")?,
                    path: format!("/repositories/{owner}/{}", escaped(&one.slug)),
                    repository: one.slug,
                    default_branch: one.mainbranch.map(|branch| branch.name).unwrap_or_default(),
                    labels: Vec::new(),
                    id: Value::from(one.uuid),
                })
            })
            .collect()
    }

    /// An empty repository has none.
    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        let path = format!("{}/refs/branches", repository.path);
        if self.bitbucket.all_branches == Some(true) {
            return self.api.all(&format!("{path}?pagelen=100"), Paging::Values).await;
        }
        if repository.default_branch.is_empty() {
            return Ok(Vec::new());
        }
        let branch = escaped_path(&repository.default_branch);
        let found = self.api.one(&format!("{path}/{branch}")).await;
        unless_missing(found.map(|branch| vec![branch]), Vec::new())
    }

    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (path, sha) = (escaped_path(path), escaped(&branch.commit.id));
        self.api
            .exists(&format!("{}/src/{sha}/{path}?format=meta", repository.path))
            .await
    }
}

const OWN: &str = "https://api.bitbucket.org/2.0";
