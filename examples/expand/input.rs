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
    let before = arguments.before.as_deref().map(documents).transpose()?;
    let earlier = before
        .as_ref()
        .map(|found| earlier_set(found))
        .transpose()?
        .flatten();
    let sources = sources(arguments, &set)?;
    let expansion = expanded(&set, &sources).map_err(|error| format!("{file}: {error}"))?;
    let rails = arguments.rails();
    let after: Vec<_> = expansion.iter().map(|one| one.to_value()).collect();
    let (diff, findings) = if let Some(earlier) = earlier {
        let earlier = expanded(&earlier, &sources).map_err(|error| format!("--before: {error}"))?;
        let findings = rails.check_change(&set, &earlier, &expansion);
        (earlier.diff(&expansion), findings)
    } else {
        let diff = Diff::between(&before.map(applications).unwrap_or_default(), &after);
        let mut findings = rails.check_diff(&diff);
        findings.extend(rails.check(&expansion));
        (diff, findings)
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
    let hub = RecordedSources::new(clusters(arguments.clusters.as_deref(), set)?);
    let mut sources = Sources::new().git(checkouts).clusters(hub);
    if let Some(file) = &arguments.pull_requests {
        let found = pull_requests(Snapshot::empty(), file)?;
        sources = sources.pull_requests(RecordedSources::new(found));
    }
    Ok(sources)
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
