//! A GitOps repository of clusters: `clusters/<name>/*.yaml` as typed objects and as a [`Fleet`], and edits of it
//! that change nothing but what was asked for.
//!
//! ```no_run
//! use fleet_capi::ClusterRepository;
//!
//! let repository = ClusterRepository::open("gitops-repo/clusters")?;
//! for cluster in repository.fleet()?.iter() {
//!     println!("{} {}", cluster.name(), cluster.version());
//! }
//! for edit in repository.set_version("production-eu-west", &"v1.31.0".parse()?)? {
//!     print!("{edit}"); // a unified diff
//!     edit.write()?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! Each directory below the one that is opened belongs to a cluster. Its `*.yaml` and `*.yml` files are read, with as
//! many documents each as they have; both API versions may stand side by side. Hidden names, other files, directories
//! deeper down and `kustomization.yaml` are left alone: nothing is rendered here. A manifest *beside* the directories,
//! where it would be overlooked, is an error.
//!
//! # What is refused
//!
//! What the schemas of the kinds do not have, names and references that Cluster API would refuse or never resolve, and
//! versions that are none, each with its place: see [`RepositoryError`]. All errors of a repository come together, as [`RepositoryErrors`]. What a newer Cluster API has
//! that the models do not know can be let through: see [`RepositoryOptions`].

// Errors carry places and paths by value: they are collected, not passed up through hot calls.
#![allow(clippy::result_large_err)]

mod edit;
mod error;
mod fields;
mod fleet;
mod options;
mod read;
mod resolve;
mod shapes;

use std::path::{Path, PathBuf};

use fleet_core::yaml::{Document, FieldPath, Position};
use fleet_core::{Fleet, KubernetesVersion};
use serde_json::Value;

pub use edit::FileEdit;
pub use error::{Place, RepositoryError, RepositoryErrors};
pub use options::{References, RepositoryOptions, UnknownFields, UnknownKinds};

use crate::Object;
use read::{Contents, SourceFile};
use resolve::ClusterEntry;

/// The clusters of a GitOps repository, as they stand in its files.
#[derive(Debug, Clone)]
pub struct ClusterRepository {
    root: PathBuf,
    files: Vec<SourceFile>,
    objects: Vec<RepositoryObject>,
    /// In the order of the clusters' names.
    clusters: Vec<ClusterEntry>,
}

impl ClusterRepository {
    /// Reads the repository at a path: the directory that holds one directory for each cluster.
    ///
    /// # Errors
    /// Everything that is wrong with it, not only the first thing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RepositoryErrors> {
        RepositoryOptions::default().open(path)
    }

    /// How to read less strictly.
    pub fn options() -> RepositoryOptions {
        RepositoryOptions::default()
    }

    fn read(root: &Path, options: &RepositoryOptions) -> Result<Self, RepositoryErrors> {
        let mut contents = Contents::read(root, options);
        let clusters = resolve::clusters(&mut contents, options);
        if contents.objects.is_empty() && contents.errors.iter().all(is_no_cluster) {
            contents.errors = vec![RepositoryError::Empty {
                path: root.to_owned(),
            }];
        }
        RepositoryErrors::check(contents.errors)?;
        Ok(Self {
            root: root.to_owned(),
            files: contents.files,
            objects: contents.objects,
            clusters,
        })
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The clusters, in the order of their names.
    pub fn clusters(&self) -> impl Iterator<Item = RepositoryCluster<'_>> {
        self.clusters.iter().map(|entry| RepositoryCluster {
            repository: self,
            entry,
        })
    }

    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Option<RepositoryCluster<'_>> {
        self.clusters().find(|cluster| cluster.name() == name)
    }

    /// All objects in an order in which they can be applied: templates, infrastructure, control planes, clusters,
    /// machines; within each, in the order of files and documents.
    pub fn objects(&self) -> impl Iterator<Item = &RepositoryObject> {
        self.in_order((0..self.objects.len()).collect())
    }

    /// The clusters as a fleet: names, labels and versions as they are written, numbers of nodes by the replicas.
    ///
    /// The version is the control plane's. What an API server would fill in counts as it would fill it in: one
    /// replica where none is said.
    ///
    /// # Errors
    /// Clusters whose version cannot be found.
    pub fn fleet(&self) -> Result<Fleet, RepositoryErrors> {
        fleet::fleet(self)
    }

    /// The edits that bring a cluster to a version: `spec.version` of its control plane, the versions of its
    /// `MachineDeployments` and other worker groups, `spec.topology.version` where it has a topology. One for each file
    /// that changes; none for what is there already.
    ///
    /// Only those scalars change, with their quotes; comments, layout and line ends stay. Nothing is written: see
    /// [`FileEdit::write`]. Whether the cluster *may* go there is the planner's question, not asked here.
    pub fn set_version(
        &self,
        cluster: &str,
        version: &KubernetesVersion,
    ) -> Result<Vec<FileEdit>, RepositoryErrors> {
        edit::set_version(self, cluster, version)
    }

    fn in_order(&self, mut indices: Vec<usize>) -> impl Iterator<Item = &RepositoryObject> {
        indices.sort_by_key(|index| (self.objects.get(*index).map(RepositoryObject::rank), *index));
        indices.into_iter().filter_map(|index| self.objects.get(index))
    }
}

/// One object of a repository, and where it stands.
#[derive(Debug, Clone)]
pub struct RepositoryObject {
    file: usize,
    path: PathBuf,
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    object: Option<Object>,
    document: Document,
}

impl RepositoryObject {
    /// The typed object; `None` only for a kind without a model, under [`UnknownKinds::Keep`].
    pub fn object(&self) -> Option<&Object> {
        self.object.as_ref()
    }

    /// The object as it is written.
    pub fn value(&self) -> &Value {
        self.document.value()
    }

    /// The file, as reached from the path that was opened.
    pub fn file(&self) -> &Path {
        &self.path
    }

    /// Its `apiVersion`.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Its `kind`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace, if one is written.
    pub fn namespace(&self) -> Option<&str> {
        Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }

    /// Where a field of it stands; where what is around it stands, for a field that is not there.
    pub fn place(&self, field: &FieldPath) -> Place {
        Place {
            file: self.path.clone(),
            position: self.document.position(field).unwrap_or(TOP),
        }
    }

    fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.value().pointer(pointer)?.as_str()
    }

    /// Where it comes in the order of applying.
    fn rank(&self) -> u8 {
        match (self.group(), self.kind.as_str()) {
            ("", "Namespace") => 0,
            (_, kind) if kind.ends_with("Template") || kind == "ClusterClass" => 1,
            ("infrastructure.cluster.x-k8s.io", _) => 2,
            ("controlplane.cluster.x-k8s.io", _) => 3,
            ("cluster.x-k8s.io", "Cluster") => 4,
            ("cluster.x-k8s.io", _) => 5,
            _ => 6,
        }
    }
}

/// One cluster of a repository.
#[derive(Debug, Clone, Copy)]
pub struct RepositoryCluster<'a> {
    repository: &'a ClusterRepository,
    entry: &'a ClusterEntry,
}

impl<'a> RepositoryCluster<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        self.object().name()
    }

    /// Its namespace, if one is written.
    pub fn namespace(self) -> Option<&'a str> {
        self.object().namespace()
    }

    /// The Cluster itself.
    pub fn object(self) -> &'a RepositoryObject {
        &self.repository.objects[self.entry.cluster]
    }

    /// What `spec.controlPlaneRef` names.
    pub fn control_plane(self) -> Option<&'a RepositoryObject> {
        self.entry
            .control_plane
            .and_then(|index| self.repository.objects.get(index))
    }

    /// What `spec.infrastructureRef` names.
    pub fn infrastructure(self) -> Option<&'a RepositoryObject> {
        self.entry
            .infrastructure
            .and_then(|index| self.repository.objects.get(index))
    }

    /// Its `MachineDeployments`.
    pub fn machine_deployments(self) -> impl Iterator<Item = &'a RepositoryObject> {
        self.workers().filter(|object| object.kind == "MachineDeployment")
    }

    /// Whatever holds workers of it: `MachineDeployments`, `MachinePools`, `MachineSets` and Machines of their own.
    pub fn workers(self) -> impl Iterator<Item = &'a RepositoryObject> {
        self.entry
            .workers
            .iter()
            .filter_map(|index| self.repository.objects.get(*index))
    }

    /// All objects that belong to it, in an order in which they can be applied.
    pub fn objects(self) -> impl Iterator<Item = &'a RepositoryObject> {
        self.repository.in_order(self.entry.objects.clone())
    }

    /// The files of these objects.
    pub fn files(self) -> impl Iterator<Item = &'a Path> {
        let mut files: Vec<_> = self.objects().map(|object| object.file).collect();
        files.sort_unstable();
        files.dedup();
        let repository = self.repository;
        files
            .into_iter()
            .filter_map(move |file| Some(repository.files.get(file)?.path.as_path()))
    }
}

/// Where a file begins.
const TOP: Position = Position { line: 1, column: 1 };

fn is_no_cluster(error: &RepositoryError) -> bool {
    matches!(error, RepositoryError::NoCluster { .. })
}
