//! A fleet from a file.

use std::path::{Path, PathBuf};

use fleet_core::yaml::{self, DecodeProblem, FieldPath, FileError, Segment, YamlError};
use fleet_core::{Fleet, FleetCluster, FleetError};
use serde::Deserialize;
use serde_json::Value;

use crate::spec::Place;

/// The longest fleet file that is read, in bytes: 256 MiB.
const LONGEST: u64 = 256 << 20;

/// Reads a fleet from a YAML or JSON file.
///
/// The file is a list of clusters, or a mapping with the list under `clusters`, in one document or in several:
///
/// ```yaml
/// apiVersion: fleet-sdk.dev/v1alpha1   # may be left out, as kind and metadata
/// kind: Fleet
/// clusters:
/// - name: production-eu-west           # unlike all others
///   version: v1.30.4                   # what its control plane runs
///   workerVersion: v1.29.9             # the oldest among its workers; default: the control plane's
///   labels: {env: production, region: eu-west, tier: gold}
///   provider: aws                      # default: unknown
///   nodes: {controlPlane: 3, workers: 12}   # controlPlane 0: the provider runs it
///   criticality: high                  # default: by the labels criticality and tier
///   failureDomains: [eu-west-1a, eu-west-1b]
/// ```
///
/// Unknown fields and names that stand twice are refused, with file, line and column.
///
/// # Errors
///
/// A file that cannot be read, that is not YAML, or that is no fleet.
pub fn read_fleet(path: impl AsRef<Path>) -> Result<Fleet, FleetFileError> {
    let path = path.as_ref();
    let text = yaml::read_file(path, LONGEST).map_err(|source| FleetFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    fleet_from_yaml(&text, &path.display().to_string())
}

/// Reads a fleet from text, as [`read_fleet`] does. `file` is what errors call it.
///
/// ```
/// use fleet_upgrade::fleet_from_yaml;
///
/// let fleet = fleet_from_yaml("- {name: eu, version: v1.30.4}\n- {name: us, version: v1.30.4}\n", "fleet.yaml")?;
/// assert_eq!(fleet.len(), 2);
/// let error = fleet_from_yaml("- {name: eu, verion: v1.30.4}\n", "fleet.yaml").unwrap_err().to_string();
/// assert!(error.starts_with("fleet.yaml:1:14: [0].verion: unknown field"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`read_fleet`], the file aside.
pub fn fleet_from_yaml(text: &str, file: &str) -> Result<Fleet, FleetFileError> {
    let place = |position: Option<yaml::Position>, path: &FieldPath| {
        let path = if path.is_root() {
            String::new()
        } else {
            path.to_string()
        };
        Place::new(Some(file.into()), position.map(|at| (at.line, at.column)), path)
    };
    let documents = yaml::documents(text).map_err(|problem| FleetFileError::NotYaml {
        place: place(problem.position(), problem.path().unwrap_or(&FieldPath::root())),
        problem: Box::new(problem),
    })?;
    let mut clusters: Vec<FleetCluster> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    for document in &documents {
        let (list, at) = match document.value() {
            Value::Array(_) => (document.decode::<Vec<FleetCluster>>(), FieldPath::root()),
            Value::Object(fields) if fields.contains_key("clusters") => (
                document.decode::<FleetDocument>().map(|file| file.clusters),
                FieldPath::root().field("clusters"),
            ),
            _ => {
                return Err(FleetFileError::NotAFleet {
                    place: place(Some(document.start()), &FieldPath::root()),
                });
            }
        };
        let list = list.map_err(|error| FleetFileError::Field {
            place: place(Some(error.position()), error.path()),
            problem: Box::new(error.problem().clone()),
            mend: mend(error.path()),
        })?;
        for (index, cluster) in list.into_iter().enumerate() {
            let path = at.clone().index(index);
            if let Some(first) = places.insert(cluster.name().clone(), place(document.position(&path), &path))
            {
                return Err(FleetFileError::Twice {
                    place: place(document.position(&path), &path),
                    name: cluster.name().to_string(),
                    first: Box::new(first),
                });
            }
            clusters.push(cluster);
        }
    }
    Fleet::new(clusters).map_err(FleetFileError::Fleet)
}

/// What to write in a field of a cluster.
fn mend(path: &FieldPath) -> &'static str {
    let field = path.segments().iter().rev().find_map(|segment| match segment {
        Segment::Field(name) => Some(name.as_str()),
        Segment::Index(_) => None,
    });
    match field {
        Some("version" | "workerVersion") => {
            "write a complete version with its patch release, such as v1.30.4"
        }
        Some("criticality") => "write low, medium, high or critical",
        Some("provider") => "write the infrastructure's name, such as aws or vsphere",
        Some("nodes" | "controlPlane" | "workers") => {
            "write how many machines there are, as in `nodes: {controlPlane: 3, workers: 12}`"
        }
        Some("labels") => "write labels as Kubernetes has them, as in `labels: {env: production}`",
        _ => "",
    }
}

/// A document with its clusters under `clusters`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FleetDocument {
    #[serde(default)]
    #[allow(dead_code)] // what a Kubernetes object has
    api_version: Option<String>,
    #[serde(default)]
    #[allow(dead_code)]
    kind: Option<String>,
    #[serde(default)]
    #[allow(dead_code)]
    metadata: Option<Value>,
    clusters: Vec<FleetCluster>,
}

/// A file that is no fleet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetFileError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The text is not YAML.
    #[error("{place}: {problem}")]
    NotYaml {
        /// Where reading stopped.
        place: Place,
        /// Why.
        problem: Box<YamlError>,
    },
    /// A field is not what a fleet has there.
    #[error("{place}: {problem}{}", if mend.is_empty() { String::new() } else { format!("; {mend}") })]
    Field {
        /// The field.
        place: Place,
        /// What was found and what was expected.
        problem: Box<DecodeProblem>,
        /// What to write instead; empty where the problem says it.
        mend: &'static str,
    },
    /// The document is something else.
    #[error(
        "{place}: found no list of clusters; write a list such as `- {{name: eu, version: v1.30.4}}`, or one under `clusters:`"
    )]
    NotAFleet {
        /// The document.
        place: Place,
    },
    /// Two clusters have one name.
    #[error(
        "{place}: cluster `{name}` stands at {first} already; a name identifies one cluster of the fleet: rename one of them"
    )]
    Twice {
        /// The later one.
        place: Place,
        /// The name.
        name: String,
        /// The earlier one.
        first: Box<Place>,
    },
    /// The clusters make no fleet.
    #[error(transparent)]
    Fleet(FleetError),
}
