//! A policy from YAML, and back; every mistake with its file, line, column and field.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fleet_core::purpose::Constraints;
use fleet_core::yaml::{
    self, DecodeProblem, Document, DuplicateKeys, FieldPath, FileError, Position, ReadOptions, YamlError,
};
use fleet_core::{ClusterName, Selector};
use ipnet::IpNet;
use serde::Deserialize;
use serde_json::Value;

use super::{CiliumSettings, Member, MeshPolicy, Pools, SubmarinerSettings, Technology, Topology};

/// The longest policy that is read, in bytes: 32 MiB, which is more than 10,000 members.
const LONGEST: u64 = 32 << 20;
const API_VERSION: &str = "fleet-sdk.dev/v1alpha1";
const KIND: &str = "MeshPolicy";

/// The text that a policy was read from.
#[derive(Debug)]
pub(crate) struct Source {
    file: String,
    document: Document,
}

impl MeshPolicy {
    /// Reads the policy in a file.
    ///
    /// # Errors
    /// A file that cannot be read, that is not YAML, or that does not hold exactly one policy and nothing else.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, PolicyError> {
        let path = path.as_ref();
        let text = yaml::read_file(path, LONGEST).map_err(|source| PolicyError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::from_yaml(&text, &path.display().to_string())
    }

    /// Reads a policy from text. `file` is what errors call it.
    ///
    /// ```
    /// use fleet_mesh::MeshPolicy;
    ///
    /// let text = "
    /// apiVersion: fleet-sdk.dev/v1alpha1
    /// kind: MeshPolicy
    /// metadata: {name: production}
    /// spec:
    ///   cilium: {version: v1.18}
    /// ";
    /// let error = MeshPolicy::from_yaml(text, "mesh.yaml").unwrap_err().to_string();
    /// assert!(error.starts_with("mesh.yaml:6:21: spec.cilium.version: found `v1.18`"), "{error}");
    /// ```
    ///
    /// # Errors
    /// As [`read`](Self::read), the file aside.
    pub fn from_yaml(text: &str, file: &str) -> Result<Self, PolicyError> {
        let place = |position: Option<Position>| match position {
            Some(Position { line, column, .. }) => format!("{file}:{line}:{column}"),
            None => file.to_owned(),
        };
        let mut options = ReadOptions::default();
        // Which of two members was meant is anyone's guess.
        options.duplicate_keys = DuplicateKeys::Refuse;
        let mut documents = yaml::documents_with(text, &options).map_err(|problem| PolicyError::NotYaml {
            at: place(problem.position()),
            problem: Box::new(problem),
        })?;
        let (Some(document), true) = (documents.pop(), documents.is_empty()) else {
            return Err(PolicyError::NotOne { at: place(None) });
        };
        for (field, expected) in [("kind", KIND), ("apiVersion", API_VERSION)] {
            let found = document.value().get(field).and_then(Value::as_str);
            if found != Some(expected) {
                return Err(PolicyError::WrongType {
                    at: place(document.position(&FieldPath::root().field(field))),
                    field,
                    found: found.map(str::to_owned),
                    expected,
                });
            }
        }
        let wire: Wire = document.decode().map_err(|error| PolicyError::Field {
            at: place(Some(error.position())),
            path: error.path().clone(),
            problem: Box::new(error.problem().clone()),
        })?;
        let field = |path: FieldPath, message: String| PolicyError::Field {
            at: place(document.position(&path)),
            path,
            problem: Box::new(DecodeProblem::Invalid { message }),
        };
        let spec = FieldPath::root().field("spec");
        let technology = match (wire.spec.cilium, wire.spec.submariner) {
            (Some(cilium), None) => Technology::Cilium(cilium),
            (None, Some(submariner)) => Technology::Submariner(submariner),
            (found, _) => {
                let found = if found.is_some() { "both" } else { "neither" };
                let message = format!(
                    "found {found} of `cilium` and `submariner`, expected one; a cluster is in one mesh of one kind"
                );
                return Err(field(spec, message));
            }
        };
        Ok(Self {
            name: wire.metadata.name,
            selector: wire.spec.selector,
            technology,
            topology: wire.spec.topology,
            pools: wire.spec.pools,
            reserved: wire.spec.reserved,
            constraints: wire.spec.constraints,
            members: wire.spec.members,
            source: Some(Arc::new(Source {
                file: file.to_owned(),
                document,
            })),
        })
    }

    /// Where a field of the policy stands, as `file:line:column`; `None` for a policy that was not read from text.
    pub fn place(&self, field: &FieldPath) -> Option<String> {
        let source = self.source.as_deref()?;
        let Position { line, column, .. } = source.document.position(field)?;
        Some(format!("{}:{line}:{column}", source.file))
    }
}

/// A policy that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The text is not YAML.
    #[error("{at}: {problem}")]
    NotYaml {
        /// Where reading stopped.
        at: String,
        /// Why.
        problem: Box<YamlError>,
    },
    /// The text holds no document, or several.
    #[error("{at}: expected exactly one {KIND}; keep each policy in a file of its own")]
    NotOne {
        /// The file.
        at: String,
    },
    /// The document is something else.
    #[error(
        "{at}: found {}, expected `{expected}`; write `{field}: {expected}`",
        found.as_ref().map_or_else(|| format!("no {field}"), |found| format!("{field} `{found}`"))
    )]
    WrongType {
        /// Where.
        at: String,
        /// `kind` or `apiVersion`.
        field: &'static str,
        /// What stands there.
        found: Option<String>,
        /// What should.
        expected: &'static str,
    },
    /// A field is not what a policy has there.
    #[error("{at}: {}{problem}", if path.is_root() { String::new() } else { format!("{path}: ") })]
    Field {
        /// Where.
        at: String,
        /// The field.
        path: FieldPath,
        /// What was found and what was expected.
        problem: Box<DecodeProblem>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    selector: Selector,
    #[serde(default)]
    cilium: Option<CiliumSettings>,
    #[serde(default)]
    submariner: Option<SubmarinerSettings>,
    #[serde(default)]
    topology: Topology,
    #[serde(default)]
    pools: Pools,
    #[serde(default, deserialize_with = "fleet_core::cidr::list")]
    reserved: Vec<IpNet>,
    #[serde(default)]
    constraints: Constraints,
    #[serde(default)]
    members: BTreeMap<ClusterName, Member>,
}
