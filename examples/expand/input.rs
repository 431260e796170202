//! What the command line names, read.

use std::error::Error;
use std::fs;
use std::path::Path;

use fleet_argocd::{
    ApplicationSet, Checkouts, Diff, Expansion, Finding, PullRequest, RecordedSources, Snapshot, Sources,
    expand,
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
    let before = arguments.before.as_deref().map(before).transpose()?;
    let sources = sources(arguments, &set)?;
    let expansion = expanded(&set, &sources).map_err(|error| format!("{file}: {error}"))?;
    let rails = arguments.rails();
    let after: Vec<_> = expansion.iter().map(|one| one.to_value()).collect();
    let (diff, findings) = match before.unwrap_or_default() {
        Before::Set(earlier) => {
            let earlier = expanded(&earlier, &sources).map_err(|error| format!("--before: {error}"))?;
            let findings = rails.check_change(&set, &earlier, &expansion);
            (earlier.diff(&expansion), findings)
        }
        Before::Applications(earlier) => {
            let diff = Diff::between(&earlier, &after);
            let mut findings = rails.check_diff(&diff);
            findings.extend(rails.check(&expansion));
            (diff, findings)
        }
    };
    Ok(Preview {
        expansion,
        diff,
        findings,
    })
}

/// The expansion from what the sources say. What the command line does not give is an error, not nothing.
fn expanded(set: &ApplicationSet, sources: &Sources) -> Result<Expansion, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let snapshot = runtime.block_on(Snapshot::gather(sources, set))?;
    Ok(expand(set, &snapshot)?)
}

fn sources(arguments: &Arguments, set: &ApplicationSet) -> Result<Sources, Box<dyn Error>> {
    let mut checkouts = Checkouts::new();
    for argument in &arguments.repo {
        let (url, directory) = argument
            .rsplit_once('=')
            .ok_or_else(|| format!("--repo {argument} is not URL=DIR"))?;
        if !Path::new(directory).is_dir() {
            return Err(format!("--repo {argument}: {directory} is not a directory").into());
        }
        checkouts = checkouts.with(url, directory);
    }
    let mut sources = Sources::new().git(checkouts);
    if let Some(path) = &arguments.clusters {
        sources = sources.clusters(RecordedSources::new(clusters(path, set)?));
    }
    if let Some(file) = &arguments.pull_requests {
        let found = pull_requests(Snapshot::empty(), file)?;
        sources = sources.pull_requests(RecordedSources::new(found));
    }
    Ok(sources)
}

fn application_set(file: &str) -> Result<ApplicationSet, Box<dyn Error>> {
    let mut sets = items(documents(file)?);
    sets.retain(|value| value["kind"] == "ApplicationSet");
    let set = match (sets.pop(), sets.len()) {
        (Some(set), 0) => set,
        (None, _) => {
            return Err(format!(
                "{file}: found no object of kind ApplicationSet, whose generators are below spec"
            )
            .into());
        }
        (Some(_), others) => {
            return Err(format!("{file}: found {} ApplicationSets, expected one", others + 1).into());
        }
    };
    ApplicationSet::read(set).map_err(|error| format!("{file}: {error}").into())
}

/// What there was.
enum Before {
    Set(Box<ApplicationSet>),
    Applications(Vec<Value>),
}

impl Default for Before {
    fn default() -> Self {
        Self::Applications(Vec::new())
    }
}

fn before(file: &str) -> Result<Before, Box<dyn Error>> {
    let found = items(documents(file)?);
    if let Some(set) = found.iter().find(|value| value["kind"] == "ApplicationSet") {
        let set = ApplicationSet::read(set.clone()).map_err(|error| format!("{file}: {error}"))?;
        return Ok(Before::Set(Box::new(set)));
    }
    // Something else would count as Applications that go.
    let other = found.iter().position(|value| {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or("Application");
        kind != "Application" || !value["metadata"]["name"].is_string()
    });
    if let Some(index) = other {
        return Err(format!(
            "{file}: object {} is no Application with a name; expected an ApplicationSet, or Applications as -o json or -o yaml writes them",
            index + 1
        )
        .into());
    }
    Ok(Before::Applications(
        found.into_iter().map(expanded_part).collect(),
    ))
}

/// Of an Application what an expansion says: an API server adds its own, and the output of this program the kind.
fn expanded_part(mut application: Value) -> Value {
    if let Some(fields) = application.as_object_mut() {
        fields.retain(|field, _| ["metadata", "spec"].contains(&field.as_str()));
    }
    if let Some(metadata) = application["metadata"].as_object_mut() {
        let said = ["name", "namespace", "labels", "annotations", "finalizers"];
        metadata.retain(|field, _| said.contains(&field.as_str()));
    }
    application
}

/// Objects from documents: themselves, or those in a list of them.
fn items(found: Vec<Value>) -> Vec<Value> {
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

fn clusters(path: &str, set: &ApplicationSet) -> Result<Snapshot, Box<dyn Error>> {
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
        for value in items(documents(&file)?) {
            if value["kind"] != "Secret" {
                return Err(format!(
                    "{file}: found kind {}, expected Argo CD's cluster Secrets",
                    value["kind"]
                )
                .into());
            }
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
        let pulls: Vec<PullRequest> = Vec::deserialize(value).map_err(|error| format!("{file}: {error}"))?;
        // Without its commit a preview would follow the main branch.
        match pulls
            .iter()
            .position(|pull| pull.number == 0 || pull.head_sha.is_empty())
        {
            Some(index) => {
                Err(format!("{file}: pull request {} has no number or no headSHA", index + 1).into())
            }
            None => Ok(pulls),
        }
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
