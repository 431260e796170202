//! Directories and files of a Git repository.

use std::collections::BTreeMap;

use fleet_core::yaml::{self, FieldPath};
use serde_json::{Map, Value, json};

use super::super::error::ExpandError;
use super::super::go;
use super::super::go_yaml;
use super::super::params::{Kind, Layer, ParamSet};
use super::super::patterns::{Pathspec, Pattern};
use super::super::snapshot::{GitEntry, GitTree, SourceFailure};
use super::values::ValueTemplates;
use super::{Context, Outcome, Sought, flattened_into, is_looking, normalized_name, other};
use crate::application_set::GitGenerator;

pub(super) fn run(
    generator: &GitGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    // Which projects there are is known with the clusters.
    if is_looking(context) {
        drop(context.clusters(path));
    }
    let project = context.project;
    if !project.contains("{{") && !context.snapshot.has_project(project) {
        return Err(other(
            path.clone(),
            format!("error getting project {project}: appprojects.argoproj.io \"{project}\" not found"),
        ));
    }
    let words = "error generating params from git: ";
    if generator
        .directories
        .as_ref()
        .is_some_and(|items| !items.is_empty())
    {
        directories(generator, path, context).map_err(|error| error.within(words))
    } else if generator.files.as_ref().is_some_and(|items| !items.is_empty()) {
        files(generator, path, context).map_err(|error| error.within(words))
    } else {
        Err(other(path.clone(), "ApplicationSet is empty"))
    }
}

fn directories(generator: &GitGenerator, path: &FieldPath, context: &Context<'_>) -> Outcome<Vec<ParamSet>> {
    let tree = tree(generator, path, context).map_err(|failure| {
        let words = "error getting directories from repo: error retrieving Git Directories: ";
        ExpandError::source(path.clone(), failure.within(words))
    })?;
    // A pattern that cannot be read matches nothing.
    let patterns: Vec<_> = generator
        .directories
        .iter()
        .flatten()
        .filter_map(|item| {
            Some((
                Pattern::path_match(&item.path).ok()?,
                item.exclude.unwrap_or_default(),
            ))
        })
        .collect();
    let words = "error generating params from apps: failed to append templated values: ";
    let values = ValueTemplates::new(generator.values.as_ref(), path, words, context);
    let hidden = context.snapshot.switches.include_hidden_directories;
    tree.directories(hidden)
        .into_iter()
        .filter(|directory| {
            let mut included = false;
            for (pattern, exclude) in &patterns {
                if pattern.matches(directory) {
                    if *exclude {
                        return false;
                    }
                    included = true;
                }
            }
            included
        })
        .map(|directory| {
            let mut layer = Layer::default();
            path_params(&mut layer, generator, directory, None, context.go);
            values.applied(layer, context)
        })
        .collect()
}

fn files(generator: &GitGenerator, path: &FieldPath, context: &Context<'_>) -> Outcome<Vec<ParamSet>> {
    let tree = tree(generator, path, context).map_err(|failure| {
        ExpandError::source(path.clone(), failure.within("error retrieving Git files: "))
    })?;
    let mut selected: BTreeMap<&str, &str> = BTreeMap::new();
    for exclude in [false, true] {
        for (index, item) in generator.files.iter().flatten().enumerate() {
            if item.exclude.unwrap_or_default() != exclude {
                continue;
            }
            let found = select(tree, &item.path, context).map_err(|(verb, message)| {
                other(
                    path.clone().field("files").index(index).field("path"),
                    format!(
                        "error retrieving Git files: rpc error: code = Internal desc = unable to {verb} files. repo {} with revision {} pattern {}: {message}",
                        generator.repo_url, generator.revision, item.path
                    ),
                )
            })?;
            for (file, text) in found {
                if exclude {
                    selected.remove(file);
                } else {
                    selected.insert(file, text);
                }
            }
        }
    }
    let words = "failed to append templated values: ";
    let mut sets = Vec::new();
    for (file, text) in selected {
        let place = format!(
            "unable to process file '{file}' from repository '{}': ",
            generator.repo_url
        );
        let objects = objects(text)
            .map_err(|message| other(path.clone(), format!("{place}unable to parse file: {message}")))?;
        let values = ValueTemplates::new(generator.values.as_ref(), path, words, context);
        for object in objects {
            let mut layer = Layer::default();
            if context.go {
                layer.map = object;
                layer.map.values_mut().for_each(go::decoded);
            } else {
                flattened_into(&mut layer, "", &Value::Object(object));
            }
            let (directory, name) = file.rsplit_once('/').unwrap_or((".", file));
            path_params(&mut layer, generator, directory, Some(name), context.go);
            sets.push(
                values
                    .applied(layer, context)
                    .map_err(|error| error.within(&place))?,
            );
        }
    }
    Ok(sets)
}

fn tree<'a>(
    generator: &GitGenerator,
    path: &FieldPath,
    context: &Context<'a>,
) -> Result<&'a GitTree, SourceFailure> {
    let (repo_url, revision) = (&generator.repo_url, &generator.revision);
    context
        .found(context.snapshot.git(repo_url, revision), path, || Sought::Git {
            repo_url: repo_url.clone(),
            revision: revision.clone(),
        })
        .map(|tree| &**tree)
}

type Selected<'a> = Vec<(&'a str, &'a str)>;

/// The files a pattern selects, with their texts; an error says at what it fails and how.
fn select<'a>(
    tree: &'a GitTree,
    pattern: &str,
    context: &Context<'_>,
) -> Result<Selected<'a>, (&'static str, String)> {
    let mut found = Vec::new();
    let read = |path: &'a str| {
        tree.read(path)
            .map(|text| (path, text))
            .map_err(|problem| ("read", format!("read /repo/{path}: {}", problem.message())))
    };
    if context.snapshot.switches.new_git_file_globbing {
        let clean = clean(pattern);
        let matcher =
            Pattern::doublestar(&clean).map_err(|_| ("list", "syntax error in pattern".to_owned()))?;
        if let Some(directory) = tree
            .directories(true)
            .into_iter()
            .find(|directory| matcher.matches(directory))
        {
            return Err(("read", format!("read /repo/{directory}: is a directory")));
        }
        for (path, entry) in tree.entries() {
            let inside = !matches!(entry, GitEntry::Symlink(_))
                || !matches!(tree.read(path), Err(super::super::snapshot::ReadProblem::Outside));
            if inside && matcher.matches(path) {
                found.push(read(path)?);
            }
        }
    } else {
        let pattern = if pattern.is_empty() { "." } else { pattern };
        let spec = Pathspec::parse(pattern).map_err(|error| {
            (
                "list",
                format!(
                    "`git ls-files --full-name -z -- {pattern}` failed exit status 128: {}",
                    error.0
                ),
            )
        })?;
        for (path, _) in tree.entries() {
            if spec.selects(path) {
                found.push(read(path)?);
            }
        }
    }
    Ok(found)
}

/// The pattern as it reads below the root of the checkout.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The objects of a file: one, or a list of them. An empty file is one without fields.
fn objects(text: &str) -> Result<Vec<Map<String, Value>>, String> {
    let documents = yaml::documents(text).map_err(|error| {
        format!(
            "error converting YAML to JSON: {}",
            go_yaml::message(&error, text)
        )
    })?;
    let mismatch = |found: &Value, whole: &str| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type {whole}",
            go::kind(found)
        )
    };
    match documents.into_iter().next().map(yaml::Document::into_value) {
        None | Some(Value::Null) => Ok(vec![Map::new()]),
        Some(Value::Object(object)) => Ok(vec![object]),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => Ok(object),
                Value::Null => Ok(Map::new()),
                other => Err(mismatch(&other, "map[string]interface {}")),
            })
            .collect(),
        Some(other) => Err(mismatch(&other, "[]map[string]interface {}")),
    }
}

/// The parameters about a path. They replace those of the same name.
fn path_params(layer: &mut Layer, generator: &GitGenerator, path: &str, file: Option<&str>, go: bool) {
    let base = path.rsplit('/').next().unwrap_or(path);
    let prefix = generator
        .path_param_prefix
        .as_deref()
        .filter(|prefix| !prefix.is_empty());
    if go {
        let mut about = json!({
            "path": path,
            "basename": base,
            "basenameNormalized": normalized_name(base),
            "segments": path.split('/').collect::<Vec<_>>(),
        });
        if let (Some(file), Some(about)) = (file, about.as_object_mut()) {
            about.insert("filename".to_owned(), file.into());
            about.insert("filenameNormalized".to_owned(), normalized_name(file).into());
        }
        if let Some(prefix) = prefix {
            layer.insert(prefix, json!({ "path": about }));
            layer.mark(&[prefix, "path", "segments"], Kind::StringList);
        } else {
            layer.insert("path", about);
            layer.mark(&["path", "segments"], Kind::StringList);
        }
        return;
    }
    let name = prefix.map_or_else(|| "path".to_owned(), |prefix| format!("{prefix}.path"));
    layer.insert(format!("{name}.basename"), base);
    layer.insert(format!("{name}.basenameNormalized"), normalized_name(base));
    if let Some(file) = file {
        layer.insert(format!("{name}.filename"), file);
        layer.insert(format!("{name}.filenameNormalized"), normalized_name(file));
    }
    for (index, segment) in path.split('/').enumerate() {
        if !segment.is_empty() {
            layer.insert(format!("{name}[{index}]"), segment);
        }
    }
    layer.insert(name, path);
}
