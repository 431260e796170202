//! The repositories of an organisation with their branches, however the host is asked.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::Value;

use super::setup;
use crate::application_set::ScmProviderGenerator;
use crate::expand::{ScmRepository, SourceFailure};

/// A repository as its host lists it.
pub(super) struct Listed {
    pub(super) organization: String,
    pub(super) repository: String,
    pub(super) url: String,
    pub(super) default_branch: String,
    pub(super) labels: Vec<String>,
    pub(super) id: Value,
    /// Where it is in the API.
    pub(super) path: String,
}

/// A branch and the commit it stands at. Hosts differ only in what they call the commit and its id.
#[derive(Deserialize)]
pub(super) struct Branch {
    pub(super) name: String,
    #[serde(alias = "target")]
    pub(super) commit: Commit,
}

/// A commit.
#[derive(Deserialize)]
pub(super) struct Commit {
    #[serde(rename = "sha", alias = "id", alias = "hash", alias = "commitId")]
    pub(super) id: String,
}

/// An organisation on a code host.
#[async_trait]
pub(super) trait Repositories: Sync {
    /// Its repositories.
    async fn listed(&self) -> Result<Vec<Listed>, SourceFailure>;

    /// The default branch, or all branches if the generator asks for them.
    async fn branches(&self, repository: &Listed) -> Result<Vec<Branch>, SourceFailure>;

    /// Whether a path, which begins and ends with no slash, is in a branch.
    async fn has(&self, repository: &Listed, branch: &Branch, path: &str) -> Result<bool, SourceFailure>;
}

/// All branches that the generator asks for, the default one of each repository first, with those paths that its filters ask
/// about.
pub(super) async fn repositories(
    host: &dyn Repositories,
    query: &ScmProviderGenerator,
) -> Result<Vec<ScmRepository>, SourceFailure> {
    let asked = asked_paths(query);
    let looked_at = |listed: Listed| {
        let asked = &asked;
        async move {
            let mut branches = host.branches(&listed).await?;
            branches.sort_by_key(|branch| branch.name != listed.default_branch);
            let mut found = Vec::with_capacity(branches.len());
            for branch in branches {
                let mut paths = Vec::new();
                for path in asked {
                    if host.has(&listed, &branch, path.trim_matches('/')).await? {
                        paths.push(path.trim_end_matches('/').to_owned());
                    }
                }
                found.push(ScmRepository {
                    organization: listed.organization.clone(),
                    repository: listed.repository.clone(),
                    url: listed.url.clone(),
                    branch: branch.name,
                    sha: branch.commit.id,
                    labels: listed.labels.clone(),
                    repository_id: listed.id.clone(),
                    paths,
                });
            }
            Ok::<_, SourceFailure>(found)
        }
    };
    let listed = host.listed().await?;
    stream::iter(listed)
        .map(looked_at)
        .buffered(AT_ONCE)
        .try_concat()
        .await
}

/// The paths that the generator's filters ask about.
fn asked_paths(query: &ScmProviderGenerator) -> BTreeSet<&str> {
    query
        .filters
        .iter()
        .flatten()
        .flat_map(|filter| [&filter.paths_exist, &filter.paths_do_not_exist])
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect()
}

/// The URL to clone from, by the protocol that the generator asks for.
pub(super) fn clone_url(
    protocol: Option<&str>,
    ssh: &str,
    https: &str,
    host: &str,
) -> Result<String, SourceFailure> {
    match protocol.unwrap_or_default() {
        "" | "ssh" => Ok(ssh.to_owned()),
        "https" => Ok(https.to_owned()),
        other => Err(setup(format!("unknown clone protocol for {host} {other}"))),
    }
}

/// Where a repository can be cloned from, as Bitbucket says it.
#[derive(Deserialize)]
pub(super) struct CloneLinks {
    #[serde(default)]
    clone: Vec<CloneLink>,
}

#[derive(Deserialize)]
struct CloneLink {
    name: String,
    href: String,
}

impl CloneLinks {
    pub(super) fn named(&self, name: &str) -> &str {
        let link = self.clone.iter().find(|link| link.name == name);
        link.map_or("", |link| link.href.as_str())
    }
}

/// How many repositories of an organisation are looked at at the same time.
const AT_ONCE: usize = 8;
