//! Manifests of a directory, each with the place it stands at.

use std::fs;
use std::path::{Path, PathBuf};

use fleet_core::yaml;
use serde_json::Value;

const MAX_FILE_BYTES: u64 = 256 << 20;
/// Directories in directories. More is a loop, or a mistake.
const MAX_DEPTH: usize = 32;

/// One object as it stands in a file.
#[derive(Debug)]
pub struct Manifest {
    /// `FILE:LINE`.
    pub place: String,
    pub object: Value,
}

impl Manifest {
    pub fn is_definition(&self) -> bool {
        self.object["kind"] == "CustomResourceDefinition"
    }

    pub fn text(&self, path: &str) -> &str {
        self.object
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Every object in a directory (or one file) and below it, in the order of paths. Lists are taken apart.
pub fn read(directory: &Path, definitions_only: bool, mistakes: &mut Vec<String>) -> Vec<Manifest> {
    let mut files = Vec::new();
    if let Err(error) = find(directory, MAX_DEPTH, &mut files) {
        mistakes.push(error);
    }
    let mut found = Vec::new();
    for file in files {
        documents(&file, definitions_only, &mut found, mistakes);
    }
    if found.is_empty() && mistakes.is_empty() {
        let what = if definitions_only {
            "CustomResourceDefinition"
        } else {
            "manifest (.yaml, .yml or .json)"
        };
        mistakes.push(format!("{}: found no {what}", directory.display()));
    }
    found
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Err(format!(
            "{}: directories nest deeper than {MAX_DEPTH} levels",
            path.display()
        ));
    }
    let entries = fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let manifest = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if !hidden && (path.is_dir() || manifest) {
            find(&path, depth - 1, files)?;
        }
    }
    Ok(())
}

fn documents(file: &Path, definitions_only: bool, found: &mut Vec<Manifest>, mistakes: &mut Vec<String>) {
    let shown = file.display();
    let text = match yaml::read_file(file, MAX_FILE_BYTES) {
        Ok(text) => text,
        Err(error) => return mistakes.push(format!("{shown}: {error}")),
    };
    let documents = match yaml::documents(&text) {
        Ok(documents) => documents,
        // A template, say, beside the definitions.
        Err(_) if definitions_only && !text.contains("CustomResourceDefinition") => return,
        Err(error) => {
            let place = error
                .position()
                .map_or_else(|| shown.to_string(), |position| format!("{shown}:{position}"));
            return mistakes.push(format!("{place}: {error}"));
        }
    };
    for document in documents {
        let place = format!("{shown}:{}", document.start().line);
        take(document.into_value(), &place, definitions_only, found, mistakes);
    }
}

fn take(
    mut object: Value,
    place: &str,
    definitions_only: bool,
    found: &mut Vec<Manifest>,
    mistakes: &mut Vec<String>,
) {
    let kind = object["kind"].as_str().unwrap_or_default();
    if kind.ends_with("List") && object["items"].is_array() {
        if let Value::Array(items) = object["items"].take() {
            for item in items {
                take(item, place, definitions_only, found, mistakes);
            }
        }
        return;
    }
    let manifest = Manifest {
        place: place.to_owned(),
        object,
    };
    if definitions_only && !manifest.is_definition() {
        return;
    }
    for (field, path) in [
        ("apiVersion", "/apiVersion"),
        ("kind", "/kind"),
        ("metadata.name", "/metadata/name"),
    ] {
        if manifest.text(path).is_empty() {
            mistakes.push(format!(
                "{place}: {field} is missing: every manifest needs apiVersion, kind and metadata.name"
            ));
            return;
        }
    }
    found.push(manifest);
}
