//! Sources that answer what a snapshot holds: for tests, and for replaying what was gathered elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;

use super::ports::{
    ClusterSource, DecisionSource, GitSource, PluginCall, PluginSource, PullRequestSource, ScmSource,
};
use crate::application_set::{PullRequestGenerator, ScmProviderGenerator};
use crate::expand::{
    GitTree, PullRequest, ScmRepository, Snapshot, SnapshotCluster, SourceFailure, pull_request_query,
    scm_query,
};

/// Every port, answered from a snapshot, failures included. It keeps a log of what was asked.
#[derive(Clone, Debug)]
pub struct RecordedSources {
    snapshot: Arc<Snapshot>,
    log: Arc<Mutex<Vec<String>>>,
}

impl RecordedSources {
    /// Answers what the snapshot holds.
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            log: Arc::default(),
        }
    }

    /// What was asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    fn note(&self, what: impl Into<String>) {
        if let Ok(mut log) = self.log.lock() {
            log.push(what.into());
        }
    }
}

#[async_trait]
impl GitSource for RecordedSources {
    async fn tree(&self, repo_url: &str, revision: &str) -> Result<GitTree, SourceFailure> {
        self.note(format!("git {repo_url} {revision}"));
        self.snapshot
            .git(repo_url, revision)
            .map(|tree| GitTree::clone(tree))
    }
}

#[async_trait]
impl ClusterSource for RecordedSources {
    async fn clusters(&self) -> Result<BTreeMap<String, SnapshotCluster>, SourceFailure> {
        self.note("clusters");
        let known = self.snapshot.known_clusters()?;
        Ok(known
            .iter()
            .map(|(name, cluster)| (name.clone(), SnapshotCluster::clone(cluster)))
            .collect())
    }

    async fn projects(&self) -> Result<Option<BTreeSet<String>>, SourceFailure> {
        Ok(self.snapshot.known_projects().cloned())
    }

    async fn config_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, SourceFailure> {
        self.note(format!("configmap {name}"));
        Ok(self.snapshot.config_map(name).cloned())
    }
}

#[async_trait]
impl PullRequestSource for RecordedSources {
    async fn pull_requests(&self, query: &PullRequestGenerator) -> Result<Vec<PullRequest>, SourceFailure> {
        let key = pull_request_query(query).map(|(key, _)| key).unwrap_or_default();
        self.note(format!("pull requests {key}"));
        self.snapshot.pull_requests(&key).map(|found| found.to_vec())
    }
}

#[async_trait]
impl ScmSource for RecordedSources {
    async fn repositories(&self, query: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, SourceFailure> {
        let key = scm_query(query).map(|(key, _)| key).unwrap_or_default();
        self.note(format!("repositories {key}"));
        self.snapshot.repositories(&key).map(|found| found.to_vec())
    }
}

#[async_trait]
impl DecisionSource for RecordedSources {
    async fn resources(&self, api_version: &str, plural: &str) -> Result<Vec<Value>, SourceFailure> {
        self.note(format!("resources {api_version}/{plural}"));
        self.snapshot
            .resources(api_version, plural)
            .map(|found| found.to_vec())
    }
}

#[async_trait]
impl PluginSource for RecordedSources {
    async fn parameters(&self, call: &PluginCall) -> Result<Vec<Value>, SourceFailure> {
        self.note(format!("plugin {} {}", call.config_map, call.input));
        self.snapshot
            .plugin(&call.config_map, &call.input)
            .map(|found| found.to_vec())
    }
}
