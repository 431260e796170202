//! Azure DevOps' REST API, version 7.1.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::rest::{Api, Paging, Rest, base, escaped, unless_missing};
use super::scm::{Branch, Commit, Listed, Repositories};
use crate::application_set::{PullRequestAzureDevOps, ScmAzureDevOps, SecretKeyRef};
use crate::expand::{PullRequest, SourceFailure};

async fn api<'r>(
    rest: &'r Rest,
    url: Option<&str>,
    organization: &str,
    project: &str,
    token: Option<&SecretKeyRef>,
) -> Result<Api<'r>, SourceFailure> {
    // A token is the password of a user without a name.
    let credential = match token {
        Some(token) => rest.basic("", token).await?,
        None => None,
    };
    let url = base(url, "https://dev.azure.com");
    let (organization, project) = (escaped(organization), escaped(project));
    rest.api(format!("{url}/{organization}/{project}/_apis/git"), credential)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    #[serde(rename = "pullRequestId")]
    id: i64,
    #[serde(default)]
    title: String,
    source_ref_name: String,
    target_ref_name: String,
    last_merge_source_commit: Option<Commit>,
    labels: Option<Vec<Label>>,
    created_by: Option<Person>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    #[serde(default)]
    unique_name: String,
}

/// Of the repository itself: one that does not exist is an error and not one without pull requests.
pub(super) async fn pull_requests(
    rest: &Rest,
    azure: &PullRequestAzureDevOps,
) -> Result<Vec<PullRequest>, SourceFailure> {
    let (url, token) = (azure.api.as_deref(), azure.token_ref.as_ref());
    let api = api(rest, url, &azure.organization, &azure.project, token).await?;
    let path = format!(
        "/repositories/{}/pullrequests?searchCriteria.status=active&$top={PAGE}&{VERSION}",
        escaped(&azure.repo)
    );
    let pulls: Vec<Pull> = api.all(&path, Paging::Skipping(PAGE)).await?;
    Ok(pulls
        .into_iter()
        .filter_map(|pull| {
            // One that was never merged on trial has no commit yet; Argo CD passes it over, too.
            let head = pull.last_merge_source_commit?;
            let author = pull
                .created_by
                .map(|person| person.unique_name)
                .unwrap_or_default();
            Some(PullRequest {
                number: pull.id,
                title: pull.title,
                branch: short(&pull.source_ref_name).to_owned(),
                target_branch: short(&pull.target_ref_name).to_owned(),
                head_sha: head.id,
                labels: pull
                    .labels
                    .into_iter()
                    .flatten()
                    .map(|label| label.name)
                    .collect(),
                author: author.split('@').next().unwrap_or_default().to_owned(),
            })
        })
        .collect())
}

/// A team project's repositories.
pub(super) struct TeamProject<'r> {
    api: Api<'r>,
    azure: &'r ScmAzureDevOps,
}

impl<'r> TeamProject<'r> {
    pub(super) async fn new(rest: &'r Rest, azure: &'r ScmAzureDevOps) -> Result<Self, SourceFailure> {
        let (url, token) = (azure.api.as_deref(), Some(&azure.access_token_ref));
        Ok(Self {
            api: api(rest, url, &azure.organization, &azure.team_project, token).await?,
            azure,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    id: Option<String>,
    name: Option<String>,
    remote_url: Option<String>,
    default_branch: Option<String>,
}

#[async_trait]
impl Repositories for TeamProject<'_> {
    /// Those that are not empty.
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure> {
        let path = format!("/repositories?{VERSION}");
        let found: Vec<Repository> = self.api.all(&path, Paging::Value).await?;
        Ok(found
            .into_iter()
            .filter_map(|one| {
                let (id, repository) = (one.id?, one.name?);
                Some(Listed {
                    organization: self.azure.organization.clone(),
                    url: one.remote_url?,
                    default_branch: short(&one.default_branch?).to_owned(),
                    labels: Vec::new(),
                    path: format!("/repositories/{}", escaped(&id)),
                    id: Value::from(id),
                    repository,
                })
            })
            .collect())
    }

    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure> {
        let path = format!("{}/stats/branches", repository.path);
        let found = if self.azure.all_branches == Some(true) {
            self.api.all(&format!("{path}?{VERSION}"), Paging::Value).await
        } else {
            let branch = escaped(&repository.default_branch);
            let path = format!("{path}?name={branch}&{VERSION}");
            self.api.one(&path).await.map(|branch| vec![branch])
        };
        unless_missing(found, Vec::new())
    }

    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure> {
        let (path, branch) = (escaped(path), escaped(&branch.name));
        let version = format!("versionDescriptor.version={branch}&versionDescriptor.versionType=branch");
        self.api
            .exists(&format!(
                "{}/items?path=/{path}&{version}&{VERSION}",
                repository.path
            ))
            .await
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

const VERSION: &str = "api-version=7.1";
/// Pull requests in one answer.
const PAGE: usize = 100;
