//! Everything that can be wrong with a repository, each with its place.

use std::fmt;
use std::path::{Path, PathBuf};

use fleet_core::skew::SkewError;
use fleet_core::yaml::{DecodeProblem, FieldPath, Position, YamlError};
use fleet_core::{FleetError, LabelError, NameError, VersionError};

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs)]
pub struct Place {
    /// The file, as reached from the path that was opened.
    pub file: PathBuf,
    /// Line and column.
    pub position: Position,
}

/// As `clusters/eu/cluster.yaml:12:3`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.position)
    }
}

/// One thing that is wrong with a repository.
///
/// The text starts with the place, as compilers write it: `file:line:column: field: what`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// A file or directory cannot be read or written.
    #[error("{}: cannot be accessed", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// What was opened is no directory.
    #[error("{}: is no directory; open the directory that holds one directory for each cluster", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// There is no cluster in the repository.
    #[error("{}: holds no cluster; expected <name>/*.yaml with a Cluster each", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// A manifest lies beside the cluster directories, where it would not be read.
    #[error("{}: lies outside of any cluster's directory; move it to {}/<cluster>/", file.display(), directory(file))]
    OutsideCluster {
        /// The file.
        file: PathBuf,
    },
    /// A symbolic link leads out of the repository, or in a circle.
    #[error("{}: the link leads to {}; expected a {kind} inside the repository, so replace the link by a copy", path.display(), target.display(), kind = expected)]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// What may be linked here: `file` or `directory`.
        expected: &'static str,
    },
    /// A name that ends in `.yaml` or `.yml` is no regular file.
    #[error("{}: is no regular file; expected a YAML file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file is larger than the limit.
    #[error("{}: has {found} bytes, more than the limit of {limit}; split it or raise RepositoryOptions::max_file_bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is not UTF-8.
    #[error("{at}: is not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The first byte that is not.
        at: Place,
    },
    /// A file is not YAML.
    #[error("{at}: cannot be read as YAML")]
    NotYaml {
        /// Where it is not.
        at: Place,
        /// What is wrong.
        #[source]
        source: YamlError,
    },
    /// A document is no Kubernetes object.
    #[error("{at}: {field}: is missing or no text; every document needs apiVersion, kind and metadata.name")]
    NotAnObject {
        /// The document.
        at: Place,
        /// The field that makes an object.
        field: &'static str,
    },
    /// There is no model for a kind.
    #[error("{at}: kind: {api_version} {kind} is no kind known here{}", maybe(suggestion.as_deref(), "; remove it, or set UnknownKinds::Keep to leave it unread"))]
    UnknownKind {
        /// The document.
        at: Place,
        /// The `apiVersion` found.
        api_version: String,
        /// The `kind` found.
        kind: String,
        /// The nearest kind that is known.
        suggestion: Option<String>,
    },
    /// A kind has no such field.
    #[error("{at}: {path}: is no field of {kind}{}", maybe(suggestion.as_deref(), "; remove it, or set UnknownFields::Keep"))]
    UnknownField {
        /// The field's name in its mapping.
        at: Place,
        /// The field.
        path: FieldPath,
        /// The kind.
        kind: String,
        /// The nearest field there is.
        suggestion: Option<String>,
    },
    /// A field that a kind needs is not there.
    #[error("{at}: {path}: is missing; expected {expected}")]
    MissingField {
        /// The mapping it is missing in.
        at: Place,
        /// The field.
        path: FieldPath,
        /// The type it should have.
        expected: String,
    },
    /// A field holds another type than its kind says.
    #[error("{at}: {path}: found {found}, expected {expected}{hint}", hint = quoting(found, expected))]
    WrongType {
        /// The value.
        at: Place,
        /// The field.
        path: FieldPath,
        /// What is there, shortened; only its type in a mapping that may hold secrets.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A field does not fit its kind in a way that types alone do not say.
    #[error("{at}: {path}: {problem}")]
    Field {
        /// The value.
        at: Place,
        /// The field.
        path: FieldPath,
        /// What was found and expected.
        problem: DecodeProblem,
    },
    /// A version is not one.
    #[error("{at}: {path}: unreadable version")]
    Version {
        /// The value.
        at: Place,
        /// The field.
        path: FieldPath,
        /// What is wrong with it.
        #[source]
        source: VersionError,
    },
    /// A Cluster's name is not one.
    #[error("{at}: metadata.name: cannot name a cluster")]
    Name {
        /// The value.
        at: Place,
        /// What is wrong with it.
        #[source]
        source: NameError,
    },
    /// A Cluster's labels are not labels.
    #[error("{at}: metadata.labels: cannot be labels of a cluster")]
    Label {
        /// The labels.
        at: Place,
        /// What is wrong with them.
        #[source]
        source: LabelError,
    },
    /// Two Clusters have one name. Namespaces do not tell clusters of a fleet apart.
    #[error(
        "{at}: metadata.name: a cluster called `{name}` stands already at {first}; rename one of the two"
    )]
    DuplicateCluster {
        /// The second.
        at: Place,
        /// The name.
        name: String,
        /// The first.
        first: Place,
    },
    /// Two objects have one kind, namespace and name.
    #[error(
        "{at}: metadata.name: {kind} `{name}` stands already at {first}; remove or rename one of the two"
    )]
    DuplicateObject {
        /// The second.
        at: Place,
        /// The kind.
        kind: String,
        /// The name.
        name: String,
        /// The first.
        first: Place,
    },
    /// A directory holds no Cluster.
    #[error("{}: holds no Cluster; add it, or move the directory elsewhere", directory.display())]
    NoCluster {
        /// The directory.
        directory: PathBuf,
    },
    /// A reference names an object that is not in the repository.
    #[error("{at}: {path}: {kind} `{name}`{} is not in the repository{}", namespace_text(namespace), maybe(suggestion.as_deref(), "; add it, or correct the reference"))]
    Unresolved {
        /// The reference.
        at: Place,
        /// The field.
        path: FieldPath,
        /// The kind it refers to.
        kind: String,
        /// The name it refers to.
        name: String,
        /// The namespace it would stand in; empty for none.
        namespace: String,
        /// The nearest name of that kind and namespace.
        suggestion: Option<String>,
    },
    /// A Cluster says no version that could be found.
    #[error(
        "{at}: spec: says no Kubernetes version; expected controlPlaneRef to name a control plane with spec.version, or topology.version"
    )]
    NoVersion {
        /// The Cluster.
        at: Place,
    },
    /// Workers may not run that version under their control plane.
    #[error(
        "{at}: {path}: is not supported under the control plane at {control_plane}; bring the workers within the version skew"
    )]
    Skew {
        /// The workers' version.
        at: Place,
        /// The field.
        path: FieldPath,
        /// Where the control plane's version stands.
        control_plane: Place,
        /// Which rule is broken.
        #[source]
        source: SkewError,
    },
    /// The clusters do not make a fleet.
    #[error("the clusters do not make a fleet")]
    Fleet(#[source] FleetError),
    /// A cluster that was asked for is not in the repository.
    #[error("{}: no cluster called `{name}`{}", path.display(), maybe(suggestion.as_deref(), ""))]
    UnknownCluster {
        /// The repository.
        path: PathBuf,
        /// The name.
        name: String,
        /// The nearest name there is.
        suggestion: Option<String>,
    },
    /// A scalar cannot be edited without changing something else: it is an alias, or has an anchor that is used.
    #[error("{at}: {path}: is shared through an anchor and cannot be changed alone; write the value out")]
    NotEditable {
        /// The value.
        at: Place,
        /// The field.
        path: FieldPath,
    },
    /// A new value cannot be written in a scalar's place.
    #[error("{at}: {path}: cannot be replaced")]
    Replace {
        /// The value.
        at: Place,
        /// The field.
        path: FieldPath,
        /// Why.
        #[source]
        source: YamlError,
    },
    /// A file is not what it was when it was read; nothing was written to it.
    #[error("{}: was changed since it was read; open the repository again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl RepositoryError {
    /// The place in a file, where the error has one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::NotUtf8 { at }
            | Self::NotYaml { at, .. }
            | Self::NotAnObject { at, .. }
            | Self::UnknownKind { at, .. }
            | Self::UnknownField { at, .. }
            | Self::MissingField { at, .. }
            | Self::WrongType { at, .. }
            | Self::Field { at, .. }
            | Self::Version { at, .. }
            | Self::Name { at, .. }
            | Self::Label { at, .. }
            | Self::DuplicateCluster { at, .. }
            | Self::DuplicateObject { at, .. }
            | Self::Unresolved { at, .. }
            | Self::NoVersion { at }
            | Self::Skew { at, .. }
            | Self::NotEditable { at, .. }
            | Self::Replace { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The file or directory.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::NotADirectory { path }
            | Self::Empty { path }
            | Self::OutsideCluster { file: path }
            | Self::Link { path, .. }
            | Self::NotAFile { path }
            | Self::TooLarge { path, .. }
            | Self::NoCluster { directory: path }
            | Self::UnknownCluster { path, .. }
            | Self::Changed { path } => Some(path),
            _ => self.place().map(|place| place.file.as_path()),
        }
    }

    /// The field, where the error is about one.
    pub fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::UnknownField { path, .. }
            | Self::MissingField { path, .. }
            | Self::WrongType { path, .. }
            | Self::Field { path, .. }
            | Self::Version { path, .. }
            | Self::Unresolved { path, .. }
            | Self::Skew { path, .. }
            | Self::NotEditable { path, .. }
            | Self::Replace { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// Everything that is wrong with a repository, in the order of files and lines; never empty.
///
/// Its text has one line for each error, with the causes at the end of the line.
#[derive(Debug)]
pub struct RepositoryErrors {
    errors: Vec<RepositoryError>,
}

impl RepositoryErrors {
    /// `Err` with what was found, if anything was.
    pub(super) fn check(mut errors: Vec<RepositoryError>) -> Result<(), Self> {
        let key = |error: &RepositoryError| {
            let position = error
                .place()
                .map(|place| (place.position.line, place.position.column));
            (error.path().map(Path::to_owned), position)
        };
        errors.sort_by_cached_key(key);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self { errors })
        }
    }

    /// The errors.
    pub fn iter(&self) -> std::slice::Iter<'_, RepositoryError> {
        self.errors.iter()
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.errors.len()
    }
}

impl From<RepositoryError> for RepositoryErrors {
    fn from(error: RepositoryError) -> Self {
        Self { errors: vec![error] }
    }
}

impl<'a> IntoIterator for &'a RepositoryErrors {
    type Item = &'a RepositoryError;
    type IntoIter = std::slice::Iter<'a, RepositoryError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for RepositoryErrors {
    type Item = RepositoryError;
    type IntoIter = std::vec::IntoIter<RepositoryError>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl fmt::Display for RepositoryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
            // There are many errors here, so a caller cannot walk one chain: the causes are told in place.
            let mut cause = std::error::Error::source(error);
            while let Some(source) = cause {
                write!(f, ": {source}")?;
                cause = source.source();
            }
        }
        Ok(())
    }
}

impl std::error::Error for RepositoryErrors {}

fn maybe(suggestion: Option<&str>, otherwise: &str) -> String {
    match suggestion {
        Some(suggestion) => format!("; did you mean `{suggestion}`?"),
        None => otherwise.to_owned(),
    }
}

/// YAML's classic: `version: 1.30` is a number.
fn quoting(found: &str, expected: &str) -> &'static str {
    let scalar = found.starts_with("number") || found.starts_with("boolean");
    if scalar && expected.starts_with("string") {
        "; put it in quotes"
    } else {
        ""
    }
}

fn namespace_text(namespace: &str) -> String {
    if namespace.is_empty() {
        String::new()
    } else {
        format!(" in namespace `{namespace}`")
    }
}

fn directory(file: &Path) -> String {
    file.parent().unwrap_or(file).display().to_string()
}
