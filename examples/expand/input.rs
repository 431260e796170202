//! What the command line names, read.

use std::error::Error;
use std::fs;
use std::path::Path;

use fleet_argocd::{
    ApplicationSet, Diff, Expansion, Finding, GitTree, GuardRails, PullRequest, Snapshot, expand,
};
use fleet_core::yaml;
use k8s_openapi::api::core::v1::Secret;
use serde::Deserialize;
use serde_json::Value;

use crate::Arguments;

/// An expansion, what it changes, and what is flagged.
pub struct Preview {
    pub expansion: Expansion,
    pub diff: Diff,
    pub findings: Vec<Finding>,
}

pub fn read(arguments: &Arguments) -> Result<Preview, Box<dyn Error>> {
    let file = arguments.applicationset.as_deref().unwrap_or_default();
    let set = application_set(file)?;
    let mut snapshot = clusters(arguments.clusters.as_deref(), &set)?;
    if let Some(file) = &arguments.pull_requests {
        snapshot = pull_requests(snapshot, file)?;
    }
    let before = arguments.before.as_deref().map(documents).transpose()?;
    let earlier = before
        .as_ref()
        .map(|found| earlier_set(found))
        .transpose()?
        .flatten();
    for argument in &arguments.repo {
        let (url, directory) = argument
            .rsplit_once('=')
            .ok_or_else(|| format!("--repo {argument} is not URL=DIR"))?;
        let tree =
            GitTree::from_directory(Path::new(directory)).map_err(|error| format!("{directory}: {error}"))?;
        for revision in [&set]
            .into_iter()
            .chain(&earlier)
            .flat_map(|set| revisions(set, url))
        {
            snapshot = snapshot.with_git(url, revision, Ok(tree.clone()));
        }
    }
    let expansion = expand(&set, &snapshot).map_err(|error| format!("{file}: {error}"))?;
    let rails = GuardRails::default();
    let mut findings = rails.check(&expansion);
    let after: Vec<_> = expansion.iter().map(|one| one.to_value()).collect();
    let diff = match (before, earlier) {
        (None, _) => Diff::between(&[], &after),
        (Some(_), Some(earlier)) => expand(&earlier, &snapshot)?.diff(&expansion),
        (Some(found), None) => Diff::between(&applications(found), &after),
    };
    findings.extend(rails.check_diff(&diff));
    Ok(Preview {
        expansion,
        diff,
        findings,
    })
}

fn application_set(file: &str) -> Result<ApplicationSet, Box<dyn Error>> {
    let found = documents(file)?;
    let set = found
        .into_iter()
        .find(|value| value["kind"] == "ApplicationSet")
        .ok_or_else(|| format!("{file}: found no object of kind ApplicationSet"))?;
    ApplicationSet::read(set).map_err(|error| format!("{file}: {error}").into())
}

fn earlier_set(found: &[Value]) -> Result<Option<ApplicationSet>, Box<dyn Error>> {
    let set = found.iter().find(|value| value["kind"] == "ApplicationSet");
    Ok(set.map(|set| ApplicationSet::read(set.clone())).transpose()?)
}

/// Applications from documents: themselves, or a list of them.
fn applications(found: Vec<Value>) -> Vec<Value> {
    found
        .into_iter()
        .flat_map(|value| match value {
            Value::Array(items) => items,
            Value::Object(mut fields) if fields.contains_key("items") => match fields.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            },
            other => vec![other],
        })
        .collect()
}

fn clusters(path: Option<&str>, set: &ApplicationSet) -> Result<Snapshot, Box<dyn Error>> {
    let Some(path) = path else {
        return Ok(Snapshot::empty());
    };
    let mut files = Vec::new();
    if Path::new(path).is_dir() {
        for entry in fs::read_dir(path).map_err(|error| format!("{path}: {error}"))? {
            let file = entry?.path();
            let is_manifest = file
                .extension()
                .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known));
            if is_manifest {
                files.push(file.to_string_lossy().into_owned());
            }
        }
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    let namespace = set.metadata.namespace.as_deref().unwrap_or("argocd");
    let mut secrets = Vec::new();
    for file in files {
        for value in applications(documents(&file)?) {
            let mut secret = Secret::deserialize(value).map_err(|error| format!("{file}: {error}"))?;
            secret
                .metadata
                .namespace
                .get_or_insert_with(|| namespace.to_owned());
            secrets.push(secret);
        }
    }
    Ok(Snapshot::from_secrets(namespace, &secrets)?)
}

fn pull_requests(mut snapshot: Snapshot, file: &str) -> Result<Snapshot, Box<dyn Error>> {
    let found = documents(file)?.into_iter().next().unwrap_or_default();
    let list = |value| -> Result<Vec<PullRequest>, Box<dyn Error>> {
        Vec::deserialize(value).map_err(|error| format!("{file}: {error}").into())
    };
    match found {
        Value::Object(by_repository) => {
            for (repository, found) in by_repository {
                snapshot = snapshot.with_pull_requests(repository, Ok(list(found)?));
            }
        }
        found => snapshot = snapshot.with_pull_requests("*", Ok(list(found)?)),
    }
    Ok(snapshot)
}

fn documents(file: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let documents = yaml::documents(&text).map_err(|error| format!("{file}: {error}"))?;
    Ok(documents.into_iter().map(yaml::Document::into_value).collect())
}

/// The revisions of a repository that an ApplicationSet names. A checkout stands for all of them.
fn revisions(set: &ApplicationSet, url: &str) -> Vec<String> {
    fn walk(value: &Value, url: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if fields.get("repoURL").and_then(Value::as_str) == Some(url) {
                    let revision = fields.get("revision").and_then(Value::as_str);
                    found.push(revision.unwrap_or_default().to_owned());
                }
                fields.values().for_each(|value| walk(value, url, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, url, found)),
            _ => {}
        }
    }
    let mut found = vec!["HEAD".to_owned()];
    walk(
        &serde_json::to_value(&set.spec.generators).unwrap_or_default(),
        url,
        &mut found,
    );
    found
}
