//! Git repositories on this machine: checked out in a directory, or read at a revision.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;

use super::ports::GitSource;
use crate::expand::{FailureKind, GitTree, SourceFailure};

/// Repositories that are checked out in directories. A checkout stands for every revision: it is the change under review.
#[derive(Clone, Debug, Default)]
pub struct Checkouts {
    directories: BTreeMap<String, PathBuf>,
}

impl Checkouts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the repository of this URL in this directory.
    pub fn with(mut self, repo_url: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.directories.insert(repo_url.into(), directory.into());
        self
    }
}

#[async_trait]
impl GitSource for Checkouts {
    async fn tree(&self, repo_url: &str, _: &str) -> Result<GitTree, SourceFailure> {
        let directory = self.directories.get(repo_url).ok_or_else(|| unknown(repo_url))?;
        GitTree::from_directory(directory).map_err(|error| {
            SourceFailure::new(
                FailureKind::Unavailable,
                format!("{}: {error}", directory.display()),
            )
        })
    }
}

/// Repositories, cloned or bare, read at the revision the generator names, with the `git` of this machine.
///
/// Branches are looked for as they are and below `origin/`. Nothing is fetched and nothing is checked out.
#[derive(Clone, Debug, Default)]
pub struct GitRepositories {
    repositories: BTreeMap<String, PathBuf>,
}

impl GitRepositories {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the repository of this URL in this directory.
    pub fn with(mut self, repo_url: impl Into<String>, repository: impl Into<PathBuf>) -> Self {
        self.repositories.insert(repo_url.into(), repository.into());
        self
    }
}

#[async_trait]
impl GitSource for GitRepositories {
    async fn tree(&self, repo_url: &str, revision: &str) -> Result<GitTree, SourceFailure> {
        let repository = self.repositories.get(repo_url).ok_or_else(|| unknown(repo_url))?;
        GitTree::at_revision(repository, revision)
    }
}

fn unknown(repo_url: &str) -> SourceFailure {
    SourceFailure::new(
        FailureKind::NotFound,
        format!("no directory is known for the repository {repo_url}"),
    )
}
