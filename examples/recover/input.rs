//! A fleet in a directory: `fleet.yaml` says what no object says, `clusters/NAME/` holds each cluster's objects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fleet_core::{ClusterName, HumanDuration, yaml};
use fleet_velero::inventory::{Gather, GitState, Objective, Tracking};
use jiff::Timestamp;
use serde::Deserialize;

use crate::Read;

/// The longest file that is read, in bytes: 64 MiB, as `kubectl get -A` writes long ones.
const LONGEST_FILE: u64 = 64 << 20;

/// `fleet.yaml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    api_version: String,
    kind: String,
    #[serde(default)]
    #[allow(dead_code)] // Its name is for people.
    metadata: serde_json::Value,
    spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    objectives: BTreeMap<String, ObjectiveSpec>,
    #[serde(default)]
    git: GitSpec,
    /// The regions of each jurisdiction that a `dataResidency` names.
    #[serde(default)]
    jurisdictions: BTreeMap<String, BTreeSet<String>>,
    clusters: Vec<ClusterSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectiveSpec {
    rpo: HumanDuration,
    rto: HumanDuration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GitSpec {
    region: Option<String>,
    mirror: Option<String>,
    tracking: TrackingSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TrackingSpec {
    #[default]
    Annotation,
    Label,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClusterSpec {
    name: ClusterName,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    data_residency: Option<String>,
    #[serde(default)]
    kubernetes: Option<String>,
    #[serde(default)]
    hub: bool,
    /// When a restore drill last went well.
    #[serde(default)]
    last_drill: Option<Timestamp>,
    /// The names that each bucket really holds, by location.
    #[serde(default)]
    bucket_listings: BTreeMap<String, BTreeSet<String>>,
}

/// Reads a fleet, or says everything that is wrong with it.
pub(crate) fn read(directory: &Path) -> Result<Read, Vec<String>> {
    let manifest = manifest(&directory.join("fleet.yaml")).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    let mut read = Read::default();
    read.fleet.git = GitState {
        region: manifest.git.region,
        mirror: manifest.git.mirror,
        tracking: match manifest.git.tracking {
            TrackingSpec::Annotation => Tracking::Annotation,
            TrackingSpec::Label => Tracking::Label,
        },
    };
    let objectives = manifest.objectives.into_iter().map(|(tier, wanted)| {
        let (rpo, rto) = (wanted.rpo.as_signed(), wanted.rto.as_signed());
        (tier, Objective { rpo, rto })
    });
    read.fleet.objectives = objectives.collect();
    read.constraints.jurisdictions = manifest.jurisdictions;
    let mut names = BTreeSet::new();
    for spec in manifest.clusters {
        if !names.insert(spec.name.to_string()) {
            mistakes.push(format!(
                "{}: cluster {} is named twice",
                directory.join("fleet.yaml").display(),
                spec.name
            ));
            continue;
        }
        let mut gather = Gather::new(spec.name.clone());
        let cluster = gather.cluster_mut();
        cluster.region = spec.region;
        cluster.data_residency = spec.data_residency;
        cluster.kubernetes = spec.kubernetes;
        cluster.is_hub = spec.hub;
        cluster.last_drill = spec.last_drill;
        cluster.bucket_listings = spec.bucket_listings;
        let folder = directory.join("clusters").join(spec.name.as_str());
        match yaml_files(&folder) {
            Ok(files) => {
                for file in files {
                    add_file(&mut gather, &file, &mut mistakes);
                }
            }
            Err(mistake) => mistakes.push(mistake),
        }
        read.restores
            .push((spec.name.to_string(), gather.restores().to_vec()));
        let measured = gather.measurements();
        read.measured.objects.extend(&measured.objects);
        read.measured.bytes.extend(&measured.bytes);
        read.fleet.clusters.push(gather.finish());
    }
    if mistakes.is_empty() {
        Ok(read)
    } else {
        Err(mistakes)
    }
}

fn manifest(path: &Path) -> Result<Spec, String> {
    let shown = path.display();
    let text = yaml::read_file(path, LONGEST_FILE).map_err(|error| unreadable(path, &error))?;
    let documents = yaml::documents(&text).map_err(|error| at(path, &error))?;
    let [document] = documents.as_slice() else {
        return Err(format!(
            "{shown}: found {} documents, expected one RecoveryFleet",
            documents.len()
        ));
    };
    let manifest: Manifest = document
        .decode()
        .map_err(|error| format!("{shown}:{}: {error}", error.position()))?;
    if manifest.kind != "RecoveryFleet" || manifest.api_version != "fleet-sdk.dev/v1alpha1" {
        let at = document.start();
        return Err(format!(
            "{shown}:{at}: found {} {}, expected fleet-sdk.dev/v1alpha1 RecoveryFleet",
            manifest.api_version, manifest.kind
        ));
    }
    Ok(manifest.spec)
}

/// Adds every object of a file; of a list, every item.
fn add_file(gather: &mut Gather, path: &Path, mistakes: &mut Vec<String>) {
    let shown = path.display();
    let text = match yaml::read_file(path, LONGEST_FILE) {
        Ok(text) => text,
        Err(error) => return mistakes.push(unreadable(path, &error)),
    };
    let documents = match yaml::documents(&text) {
        Ok(documents) => documents,
        Err(error) => return mistakes.push(at(path, &error)),
    };
    for document in documents {
        let value = document.value();
        if let Some(items) = value["items"].as_array() {
            for (place, item) in items.iter().enumerate() {
                if let Err(error) = gather.add(item) {
                    mistakes.push(format!("{shown}:{}: items[{place}]: {error}", document.start()));
                }
            }
        } else if value["kind"].as_str().is_none() {
            mistakes.push(format!(
                "{shown}:{}: kind: found none, expected a Kubernetes object",
                document.start()
            ));
        } else if let Err(error) = gather.add(&document) {
            mistakes.push(format!("{shown}:{}: {error}", error.position()));
        }
    }
}

/// The YAML files of a directory and those below it, by name.
fn yaml_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", directory.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Links are not followed into directories: one to above would have no end.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file that cannot be read, with its place where it has one.
fn unreadable(path: &Path, error: &yaml::FileError) -> String {
    let gap = if error.position().is_some() { "" } else { " " };
    format!("{}:{gap}{error}", path.display())
}

/// An error of the text itself, with its place.
fn at(path: &Path, error: &yaml::YamlError) -> String {
    let place = error
        .position()
        .map_or_else(String::new, |position| format!(":{position}"));
    format!("{}{place}: {error}", path.display())
}
