//! GitLab's REST API, version 4.

use async_trait::async_trait;
use http::HeaderName;
use serde::Deserialize;
use serde_json::Value;

use super::rest::{Api, Paging, Rest, base, escaped, unless_missing};
use super::scm::{Branch, Listed, Repositories, clone_url};
use crate::application_set::{PullRequestGitlab, ScmGitlab, SecretKeyRef};
use crate::expand::{PullRequest, SourceFailure};

async fn api<'r>(
    rest: &'r Rest,
    url: Option<&str>,
    token: Option<&SecretKeyRef>,
) -> Result<Api<'r>, SourceFailure> {
    let token = rest
        .secret(HeaderName::from_static("private-token"), "", token)
        .await?;
    let url = base(url, "https://gitlab.com");
    rest.api(format!("{}/api/v4", url.trim_end_matches("/api/v4")), token)
}

#[derive(Deserialize)]
struct MergeRequest {
    iid: i64,
    title: String,
    source_branch: String,
    target_branch: String,
    /// Nothing if the branch is gone.
    sha: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    author: Option<User>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

pub(super) async fn pull_requests(
    rest: &Rest,
    gitlab: &PullRequestGitlab,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let api = api(rest, gitlab.api.as_deref(), gitlab.token_ref.as_ref()).await?;
    let mut path = format!(
        "/projects/{}/merge_requests?per_page=100",
        escaped(&gitlab.project)
    );
    let labels = gitlab.labels.as_deref().unwrap_or_default().join(",");
    for (name, value) in [
        ("labels", labels.as_str()),
        ("state", gitlab.pull_request_state.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            path = format!("{path}&{name}={}", escaped(value));
        }
    }
    let found: Vec<MergeRequest> = api.all(&path, Paging::Linked).await?;
    Ok(found
        .into_iter()
        .map(|one| PullRequest {
            number: one.iid,
            title: one.title,
            branch: one.source_branch,
            target_branch: one.target_branch,
            head_sha: one.sha.unwrap_or_default(),
            labels: one.labels,
            author: one.author.map(|user| user.username).unwrap_or_default(),
        })
        .collect())
}

/// A group's projects.
pub(super) struct Group<'r> {
    api: Api<'r>,
    gitlab: &'r ScmGitlab,
    protocol: Option<&'r str>,
}

impl<'r> Group<'r> {
    pub(super) async fn new(
        rest: &'r Rest,
        gitlab: &'r ScmGitlab,
        protocol: Option<&'r str>,
    ) -> Result<Self, SourceFailure> {
        let api = api(rest, gitlab.api.as_deref(), gitlab.token_ref.as_ref()).await?;
        Ok(Self {
            api,
            gitlab,
            protocol,
        })
    }
}

#[derive(Deserialize)]
struct Project {
    id: i64,
    path: String,
    namespace: Namespace,
    ssh_url_to_repo: String,
    http_url_to_repo: String,
    /// Nothing if the project is empty.
    default_branch: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    /// What topics were called before GitLab 14.5.
    #[serde(default)]
    tag_list: Vec<String>,
}

#[derive(Deserialize)]
struct Namespace {
    full_path: String,
}

#[async_trait]
impl Repositories for Group<'_> {
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let mut path = format!(
            "/groups/{}/projects?per_page=100&include_subgroups={}&with_shared={}",
            escaped(&self.gitlab.group),
            self.gitlab.include_subgroups == Some(true),
            self.gitlab.include_shared_projects != Some(false),
        );
        if let Some(topic) = self.gitlab.topic.as_deref().filter(|topic| !topic.is_empty()) {
            path = format!("{path}&topic={}", escaped(topic));
        }
        if self.gitlab.include_archived_repos == Some(true) {
            // As Argo CD asks; GitLab then gives the archived ones.
            path.push_str("&archived=true");
        }
        let found: Vec<Project> = self.api.all(&path, Paging::Linked).await?;
        found
            .into_iter()
            .map(|one| {
                let (ssh, https) = (&one.ssh_url_to_repo, &one.http_url_to_repo);
                Ok(Listed {
                    organization: one.namespace.full_path,
                    url: clone_url(self.protocol, ssh, https, "Gitlab")?,
                    repository: one.path,
                    default_branch: one.default_branch.unwrap_or_default(),
                    labels: if one.topics.is_empty() {
                        one.tag_list
                    } else {
                        one.topics
                    },
                    id: Value::from(one.id),
                    path: format!("/projects/{}/repository", one.id),
                })
            })
            .collect()
    }

    /// An empty project has none.
    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        let path = format!("{}/branches", repository.path);
        if self.gitlab.all_branches == Some(true) {
            let found = self
                .api
                .all(&format!("{path}?per_page=100"), Paging::Linked)
                .await;
            return unless_missing(found, Vec::new());
        }
        if repository.default_branch.is_empty() {
            return Ok(Vec::new());
        }
        let branch = escaped(&repository.default_branch);
        let found = self.api.one(&format!("{path}/{branch}")).await;
        unless_missing(found.map(|branch| vec![branch]), Vec::new())
    }

    /// A file, or a directory: versions differ in whether a directory that is not there is 404 or empty.
    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (at, path, branch) = (&repository.path, escaped(path), escaped(&branch.name));
        if self
            .api
            .exists(&format!("{at}/files/{path}?ref={branch}"))
            .await?
        {
            return Ok(true);
        }
        let listed = self
            .api
            .one::<Vec<Value>>(&format!("{at}/tree?path={path}&ref={branch}"))
            .await;
        Ok(!unless_missing(listed, Vec::new())?.is_empty())
    }
}
