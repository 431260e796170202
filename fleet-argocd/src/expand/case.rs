//! An ApplicationSet with everything its generators look at, in one JSON object: for tests and for CI jobs.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::snapshot::{FailureKind, GitTree, PullRequest, ScmRepository, Snapshot, SourceFailure};
use super::{Expansion, expand, shape};
use crate::application_set::ApplicationSet;
use crate::cluster::ClusterSecretError;

/// An ApplicationSet with everything its generators look at.
///
/// Read from the JSON of one case: `applicationSet`, `clusters` (Secrets), `secrets`, `configMaps`, `projects`, `repos`,
/// `pullRequests`, `scmRepos`, `decisionResources`, `plugins` and the rest.
///
/// ```
/// use fleet_argocd::ExpandCase;
///
/// let case = ExpandCase::read(serde_json::json!({
///     "name": "directories",
///     "applicationSet": {
///         "metadata": {"name": "apps", "namespace": "argocd"},
///         "spec": {
///             "generators": [{"git": {"repoURL": "r", "revision": "HEAD", "directories": [{"path": "apps/*"}]}}],
///             "template": {
///                 "metadata": {"name": "{{path.basename}}"},
///                 "spec": {"project": "default", "destination": {"name": "in-cluster"}},
///             },
///         },
///     },
///     "repos": {"r": {"files": {"apps/web/kustomization.yaml": ""}}},
/// }))?;
/// let expansion = case.expand()?;
/// assert_eq!(expansion.iter().map(|one| one.name()).collect::<Vec<_>>(), ["web"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExpandCase {
    name: String,
    set: ApplicationSet,
    snapshot: Snapshot,
}

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The ApplicationSet does not have the types of one. The text is Argo CD's where it fails as well.
    #[error("{message}")]
    ApplicationSet {
        /// What does not fit.
        message: String,
    },
    /// Another part of the case does not have its type.
    #[error("`{part}` of the case {name} cannot be read")]
    Part {
        /// The case.
        name: String,
        /// The key.
        part: &'static str,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A cluster's Secret cannot be read.
    #[error("the clusters of the case {name} cannot be read")]
    Cluster {
        /// The case.
        name: String,
        /// What is wrong.
        #[source]
        source: ClusterSecretError,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    name: String,
    application_set: Value,
    argocd_namespace: String,
    clusters: Vec<Secret>,
    secrets: Vec<Secret>,
    config_maps: Vec<ConfigMap>,
    projects: Option<Vec<String>>,
    repos: BTreeMap<String, WrittenRepository>,
    new_git_file_globbing: bool,
    include_hidden_directories: bool,
    pull_requests: Value,
    pull_request_error: Option<WrittenError>,
    scm_repos: Option<Vec<ScmRepository>>,
    scm_error: Option<String>,
    decision_resources: Vec<Value>,
    plugins: BTreeMap<String, Value>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            name: String::new(),
            application_set: Value::Null,
            argocd_namespace: "argocd".to_owned(),
            clusters: Vec::new(),
            secrets: Vec::new(),
            config_maps: Vec::new(),
            projects: None,
            repos: BTreeMap::new(),
            new_git_file_globbing: false,
            include_hidden_directories: false,
            pull_requests: Value::Null,
            pull_request_error: None,
            scm_repos: None,
            scm_error: None,
            decision_resources: Vec::new(),
            plugins: BTreeMap::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenRepository {
    files: BTreeMap<String, String>,
    symlinks: BTreeMap<String, String>,
    error: Option<String>,
    revisions: BTreeMap<String, WrittenRepository>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenError {
    message: String,
    not_found: bool,
}

impl ExpandCase {
    /// Reads a case.
    ///
    /// # Errors
    /// A part of it does not have its type.
    pub fn read(value: Value) -> Result<Self, CaseError> {
        let name = value
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let part = |part: &'static str, source| CaseError::Part {
            name: name.clone(),
            part,
            source,
        };
        let written = Written::deserialize(value).map_err(|source| part("case", source))?;
        let set = ApplicationSet::read(written.application_set.clone())?;
        let snapshot = written.snapshot(&set)?;
        Ok(Self {
            name: written.name,
            set,
            snapshot,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ApplicationSet.
    pub fn application_set(&self) -> &ApplicationSet {
        &self.set
    }

    /// What its generators look at.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The expansion.
    ///
    /// # Errors
    /// Those of [`expand`].
    pub fn expand(&self) -> Result<Expansion, super::ExpandError> {
        expand(&self.set, &self.snapshot)
    }
}

impl ApplicationSet {
    /// Reads an ApplicationSet as Argo CD's API machinery does: nulls are passed over, and types are checked.
    ///
    /// # Errors
    /// It does not have the types of one; the text is Go's.
    pub fn read(value: Value) -> Result<Self, CaseError> {
        let shape = shape::of("ApplicationSet");
        if let Some(message) = shape.decode_error(&value, "v1alpha1.ApplicationSet") {
            return Err(CaseError::ApplicationSet { message });
        }
        Self::deserialize(shape.without_nulls(value)).map_err(|error| CaseError::ApplicationSet {
            message: error.to_string(),
        })
    }
}

impl Written {
    fn snapshot(&self, set: &ApplicationSet) -> Result<Snapshot, CaseError> {
        let mut snapshot =
            Snapshot::from_secrets(&self.argocd_namespace, &self.clusters).map_err(|source| {
                CaseError::Cluster {
                    name: self.name.clone(),
                    source,
                }
            })?;
        snapshot.switches.new_git_file_globbing = self.new_git_file_globbing;
        snapshot.switches.include_hidden_directories = self.include_hidden_directories;
        if let Some(projects) = &self.projects {
            snapshot = snapshot.with_projects(projects.iter().cloned());
        }
        let written = serde_json::to_value(set).unwrap_or_default();
        for (url, revision) in referred_revisions(&written) {
            let tree = self.repository(&url, &revision);
            snapshot = snapshot.with_git(url, revision, tree);
        }
        // Repositories whose URL or revision is a template are offered at the revisions one would name.
        if written.to_string().contains("{{") {
            for (url, repository) in &self.repos {
                for revision in ["HEAD", "main", "master", ""]
                    .into_iter()
                    .chain(repository.revisions.keys().map(String::as_str))
                {
                    snapshot = snapshot.with_git(url.as_str(), revision, self.repository(url, revision));
                }
            }
        }
        snapshot = self.providers(snapshot)?;
        for config_map in &self.config_maps {
            let name = config_map.metadata.name.clone().unwrap_or_default();
            let mut data = config_map.data.clone().unwrap_or_default();
            if self.plugins.contains_key(&name) {
                data.entry("baseUrl".to_owned())
                    .or_insert_with(|| "http://plugin".to_owned());
            }
            if let (Some(api_version), Some(kind)) = (data.get("apiVersion"), data.get("kind")) {
                snapshot = snapshot.with_decision_resources(
                    api_version,
                    kind,
                    Ok(self.resources(api_version, kind)),
                );
            }
            snapshot = self.plugin_answers(snapshot, &name, &data);
            snapshot = snapshot.with_config_map(name, data);
        }
        Ok(snapshot)
    }

    fn repository(&self, url: &str, revision: &str) -> Result<GitTree, SourceFailure> {
        let internal = |message: &str| {
            SourceFailure::new(
                FailureKind::NotFound,
                format!(
                    "rpc error: code = Internal desc = unable to resolve git revision {revision}: {message}"
                ),
            )
        };
        let repository = self
            .repos
            .get(url)
            .ok_or_else(|| internal("repository not found"))?;
        if let Some(error) = &repository.error {
            return Err(SourceFailure::new(FailureKind::Unavailable, error.as_str()));
        }
        let at = repository.revisions.get(revision).unwrap_or(repository);
        if let Some(error) = &at.error {
            return Err(SourceFailure::new(FailureKind::Unavailable, error.as_str()));
        }
        let tree = GitTree::new(at.files.clone());
        Ok(at
            .symlinks
            .iter()
            .fold(tree, |tree, (path, target)| tree.with_symlink(path, target)))
    }

    fn providers(&self, mut snapshot: Snapshot) -> Result<Snapshot, CaseError> {
        let read = |value: &Value| {
            Vec::<PullRequest>::deserialize(value).map_err(|source| CaseError::Part {
                name: self.name.clone(),
                part: "pullRequests",
                source,
            })
        };
        if let Value::Object(by_repository) = &self.pull_requests {
            for (repository, found) in by_repository {
                snapshot = snapshot.with_pull_requests(repository, Ok(read(found)?));
            }
        }
        let for_all = match (&self.pull_request_error, &self.pull_requests) {
            (Some(error), _) => {
                let kind = if error.not_found {
                    FailureKind::NotFound
                } else {
                    FailureKind::Unavailable
                };
                Some(Err(SourceFailure::new(kind, error.message.as_str())))
            }
            (None, found @ Value::Array(_)) => Some(Ok(read(found)?)),
            _ => None,
        };
        if let Some(found) = for_all {
            snapshot = snapshot.with_pull_requests(ANY, found);
        }
        let found = match (&self.scm_error, &self.scm_repos) {
            (Some(error), _) => Some(Err(SourceFailure::new(FailureKind::Denied, error.as_str()))),
            (None, Some(found)) => Some(Ok(found.clone())),
            (None, None) => None,
        };
        if let Some(found) = found {
            snapshot = snapshot.with_repositories(ANY, found);
        }
        Ok(snapshot)
    }

    fn resources(&self, api_version: &str, kind: &str) -> Vec<Value> {
        let named = |resource: &Value| {
            let found = resource["kind"].as_str().unwrap_or_default().to_lowercase();
            resource["apiVersion"] == api_version && (found == kind || plural(&found) == kind)
        };
        self.decision_resources
            .iter()
            .filter(|resource| named(resource))
            .cloned()
            .collect()
    }

    fn plugin_answers(
        &self,
        mut snapshot: Snapshot,
        name: &str,
        data: &BTreeMap<String, String>,
    ) -> Snapshot {
        let Some(plugin) = self.plugins.get(name) else {
            return snapshot;
        };
        if let Err(failure) = self.plugin_token(data) {
            return snapshot.with_plugin(name, &Value::Null, Err(failure));
        }
        if let Some(answers) = plugin.get("byInput").and_then(Value::as_array) {
            for answer in answers {
                let parameters = answer["parameters"].as_array().cloned().unwrap_or_default();
                snapshot = snapshot.with_plugin(name, &answer["input"], Ok(parameters));
            }
            return snapshot;
        }
        let answer = match plugin.get("status").and_then(Value::as_u64) {
            Some(status) if !(200..300).contains(&status) => Err(SourceFailure::new(
                FailureKind::Unavailable,
                format!(
                    "API error with status code {status}: {}",
                    error_message(&plugin["body"])
                ),
            )),
            _ => Ok(plugin["parameters"].as_array().cloned().unwrap_or_default()),
        };
        snapshot.with_plugin(name, &Value::Null, answer)
    }

    /// Whether the token a plugin's `ConfigMap` refers to is there.
    fn plugin_token(&self, data: &BTreeMap<String, String>) -> Result<(), SourceFailure> {
        let Some(reference) = data.get("token").filter(|token| token.starts_with('$')) else {
            return Ok(());
        };
        let secret = reference
            .split_once(':')
            .map_or("argocd-secret", |(name, _)| &name[1..]);
        let there = self
            .secrets
            .iter()
            .any(|known| known.metadata.name.as_deref() == Some(secret));
        if there {
            return Ok(());
        }
        Err(SourceFailure::new(
            FailureKind::Setup,
            format!(
                "error fetching Secret token: error fetching secret {}/{secret}: secrets \"{secret}\" not found",
                self.argocd_namespace
            ),
        ))
    }
}

/// The repositories and revisions that generators name.
fn referred_revisions(value: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Object(git)) = fields.get("git") {
                    let text = |key: &str| {
                        git.get(key)
                            .and_then(Value::as_str)
                            .unwrap_or_default()
                            .to_owned()
                    };
                    found.push((text("repoURL"), text("revision")));
                }
                fields.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(&value["spec"]["generators"], &mut found);
    found
}

/// What a service says is wrong.
fn error_message(body: &Value) -> String {
    let parsed = match body {
        Value::String(text) => serde_json::from_str::<Map<String, Value>>(text).ok(),
        Value::Object(fields) => Some(fields.clone()),
        _ => None,
    };
    match (parsed, body) {
        (Some(fields), _) => ["message", "error"]
            .iter()
            .find_map(|key| fields.get(*key)?.as_str())
            .unwrap_or_default()
            .to_owned(),
        (None, Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A kind's plural, as Kubernetes guesses it.
fn plural(kind: &str) -> String {
    if kind.ends_with('s') {
        format!("{kind}es")
    } else if let Some(stem) = kind.strip_suffix('y') {
        format!("{stem}ies")
    } else {
        format!("{kind}s")
    }
}

/// Stands for every repository and organisation.
const ANY: &str = "*";
