//! What a backup of a spec holds, and how each volume's data is saved.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::{Selector, SelectorError};

use super::filters::{NamespaceFilters, ResourceFilters};
use super::glob::Glob;
use super::names::resolve;
use super::policy::{IncludeExcludePolicy, ResourcePolicies, VolumeActionType, VolumePolicy, action_of};
use crate::BackupSpec;
use crate::inventory::{ClusterState, NamespaceState, ObjectState, Server, VolumeState};

/// What a backup of a spec holds, on one cluster.
#[derive(Clone, Debug)]
pub struct Coverage {
    included_namespaces: Vec<Glob>,
    excluded_namespaces: Vec<Glob>,
    namespaced: Names,
    cluster_scoped: ClusterScoped,
    /// Any of them; none: every object.
    selectors: Vec<Selector>,
    /// Whether objects are listed over all namespaces at once: then the selectors hold beside those of a policy, and else the
    /// policy's replace them.
    lists_all: bool,
    namespace_filters: NamespaceFilters,
    cluster_filters: ResourceFilters,
    volumes: Volumes,
}

/// The cluster-scoped kinds of a backup.
#[derive(Clone, Debug)]
enum ClusterScoped {
    /// Only what something namespaced pulls in.
    None,
    /// All that the names take.
    Taken(Names),
    /// Only what is included by name.
    Named(Names),
}

/// Kinds of resources in and out; out wins.
#[derive(Clone, Debug, Default)]
struct Names {
    included: Vec<String>,
    excluded: Vec<String>,
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // Flags of a backup and of a server.
struct Volumes {
    snapshots: bool,
    file_by_file: bool,
    moves_data: bool,
    node_agent: bool,
    csi: bool,
    /// The providers that have a snapshot location in this backup.
    providers: Vec<String>,
    policies: Vec<VolumePolicy>,
}

/// How a volume's data is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum VolumeMethod {
    /// A CSI snapshot: it stays in the storage system of the cluster, and is known to this cluster alone.
    CsiSnapshot,
    /// A snapshot by a provider's plugin: it stays in the volume's region.
    NativeSnapshot,
    /// A CSI snapshot whose data is moved into the object store.
    MovedSnapshot,
    /// File by file, into the object store.
    FileSystem,
}

impl VolumeMethod {
    /// Whether the data ends up in the backup's storage location.
    pub fn is_in_object_store(self) -> bool {
        matches!(self, Self::MovedSnapshot | Self::FileSystem)
    }

    /// Whether data comes back only into pods that Velero itself creates.
    pub fn needs_pods(self) -> bool {
        self == Self::FileSystem
    }
}

impl fmt::Display for VolumeMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CsiSnapshot => "CSI snapshot",
            Self::NativeSnapshot => "native snapshot",
            Self::MovedSnapshot => "moved snapshot",
            Self::FileSystem => "file system backup",
        })
    }
}

/// Why something is not in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Uncovered {
    /// Its namespace is not included.
    NamespaceNotIncluded,
    /// Its namespace is excluded.
    NamespaceExcluded,
    /// Its kind is not included, or excluded.
    Kind,
    /// It does not have the labels.
    Labels,
    /// It, or its namespace, has the label `velero.io/exclude-from-backup`.
    ExcludedByLabel,
    /// Snapshots are turned off, and it is not copied file by file.
    SnapshotsOff,
    /// A resource policy filters its namespace, and does not name its kind.
    KindNotInPolicy,
    /// A resource policy names its kind, and not it.
    NameNotInPolicy,
    /// A resource policy skips it.
    SkippedByPolicy,
    /// It is to be copied file by file, and no pod mounts it.
    NoPod,
    /// Its data is to leave the node, and no node agent runs.
    NoNodeAgent,
    /// Its driver has no `VolumeSnapshotClass` that Velero may use.
    NoSnapshotClass,
    /// No snapshot location is of its provider, CSI snapshots are off, and it is not copied file by file.
    NoSnapshotter,
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NamespaceNotIncluded => "its namespace is not included",
            Self::NamespaceExcluded => "its namespace is excluded",
            Self::Kind => "its kind is left out",
            Self::Labels => "it does not have the labels",
            Self::ExcludedByLabel => "it is labelled velero.io/exclude-from-backup",
            Self::SnapshotsOff => "snapshots are off",
            Self::KindNotInPolicy => "the resource policy of its namespace does not name its kind",
            Self::NameNotInPolicy => "the resource policy of its namespace leaves out its name",
            Self::SkippedByPolicy => "a resource policy skips it",
            Self::NoPod => "no pod mounts it, so no file is copied",
            Self::NoNodeAgent => "no node agent runs, so no data leaves a node",
            Self::NoSnapshotClass => "its driver has no VolumeSnapshotClass for Velero",
            Self::NoSnapshotter => "nothing can snapshot it",
        })
    }
}

/// A spec cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// A label selector is refused.
    #[error("a label selector cannot be read")]
    Selector(#[from] SelectorError),
    /// The policy filters objects, and so do `includedResources`, `excludedResources` or `includeClusterResources`.
    #[error("old filters cannot be combined with the filters of resource policy {0}")]
    OldFiltersWithPolicy(String),
    /// The policy itself is refused.
    #[error("resource policy {0} is refused")]
    RefusedPolicy(String),
}

const EXCLUDE_LABEL: &str = "velero.io/exclude-from-backup";

impl Coverage {
    /// What a backup of this spec on this cluster holds.
    ///
    /// # Errors
    /// A label selector that Kubernetes refuses, or filters that Velero refuses together.
    pub fn of(spec: &BackupSpec, cluster: &ClusterState) -> Result<Self, CoverageError> {
        let globs = |list: &Option<Vec<String>>| -> Vec<Glob> {
            list.iter().flatten().map(|text| Glob::lenient(text)).collect()
        };
        let selectors = spec
            .label_selector
            .iter()
            .chain(spec.or_label_selectors.iter().flatten())
            .map(Selector::try_from)
            .collect::<Result<_, _>>()?;
        let lists_all = spec
            .included_namespaces
            .as_ref()
            .is_none_or(|list| list.is_empty() || list.iter().any(|name| name == "*"));
        let all_namespaces = lists_all && spec.excluded_namespaces.as_ref().is_none_or(Vec::is_empty);
        let policies = policies_of(spec, cluster)?;
        let (namespaced, cluster_scoped) = if has_old_filters(spec) {
            if let (Some(policies), Some(reference)) = (policies, &spec.resource_policy)
                && policies.filters_objects()
            {
                return Err(CoverageError::OldFiltersWithPolicy(reference.name.clone()));
            }
            let old = Names::of(spec.included_resources.as_ref(), spec.excluded_resources.as_ref());
            let cluster_scoped = if spec.include_cluster_resources.unwrap_or(all_namespaces) {
                ClusterScoped::Taken(old.clone())
            } else {
                ClusterScoped::None
            };
            (old, cluster_scoped)
        } else {
            let policy = policies.and_then(|policies| policies.include_exclude_policy.as_ref());
            scoped(spec, policy, all_namespaces)
        };
        Ok(Self {
            included_namespaces: globs(&spec.included_namespaces),
            excluded_namespaces: globs(&spec.excluded_namespaces),
            namespaced,
            cluster_scoped,
            selectors,
            lists_all,
            namespace_filters: policies
                .map(NamespaceFilters::of)
                .transpose()?
                .unwrap_or_default(),
            cluster_filters: policies
                .and_then(|policies| policies.cluster_scoped_filter_policy.as_ref())
                .map(|policy| ResourceFilters::of(&policy.resource_filters))
                .transpose()?
                .unwrap_or_default(),
            volumes: Volumes::of(spec, cluster, policies),
        })
    }

    /// Whether a namespace is held.
    ///
    /// # Errors
    /// Why not.
    pub fn namespace(&self, namespace: &NamespaceState) -> Result<(), Uncovered> {
        let name = namespace.name.as_str();
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(name));
        if any(&self.excluded_namespaces) {
            Err(Uncovered::NamespaceExcluded)
        } else if is_excluded(&namespace.labels) {
            Err(Uncovered::ExcludedByLabel)
        } else if self.included_namespaces.is_empty() || any(&self.included_namespaces) {
            Ok(())
        } else {
            Err(Uncovered::NamespaceNotIncluded)
        }
    }

    /// Whether an object of a namespace that is held is held, too.
    ///
    /// # Errors
    /// Why not.
    pub fn object(&self, namespace: &str, object: &ObjectState) -> Result<(), Uncovered> {
        self.selected(namespace, &object.resource, &object.name, &object.labels)
    }

    /// Whether a cluster-scoped object is held without anything namespaced pulling it in.
    ///
    /// # Errors
    /// Why not.
    pub fn cluster_scoped(&self, object: &ObjectState) -> Result<(), Uncovered> {
        if !self.cluster_scoped.take(&object.resource) {
            return Err(Uncovered::Kind);
        }
        if is_excluded(&object.labels) {
            return Err(Uncovered::ExcludedByLabel);
        }
        match self.cluster_filters.of_resource(&object.resource) {
            Some(filter) => filter.take(&object.name, &object.labels),
            None if self.selects(&object.labels) => Ok(()),
            None => Err(Uncovered::Labels),
        }
    }

    /// How the data of a volume of a namespace that is held is saved.
    ///
    /// # Errors
    /// Why it is not. A backup says nothing of it, and completes.
    pub fn volume(&self, namespace: &str, volume: &VolumeState) -> Result<VolumeMethod, Uncovered> {
        const CLAIMS: &str = "persistentvolumeclaims";
        let pod = volume.pod.as_ref();
        let pod_is_held =
            pod.is_some_and(|pod| self.selected(namespace, "pods", &pod.name, &pod.labels).is_ok());
        let claim = self.selected(namespace, CLAIMS, &volume.claim, &volume.labels);
        // A pod that is held brings its claims with it, if their kind may be in the backup at all.
        if let Err(reason) = claim
            && !(pod_is_held && matches!(reason, Uncovered::Labels | Uncovered::KindNotInPolicy))
        {
            return Err(reason);
        }
        let volumes = &self.volumes;
        match action_of(&volumes.policies, volume) {
            Some(VolumeActionType::Skip | VolumeActionType::Custom) => Err(Uncovered::SkippedByPolicy),
            Some(VolumeActionType::FsBackup) => volumes.file_by_file(pod_is_held),
            Some(VolumeActionType::Snapshot) => volumes.snapshot(volume),
            None => {
                let wants_files = pod.is_some_and(|pod| {
                    pod.opts_in && !volumes.file_by_file || volumes.file_by_file && !pod.opts_out
                });
                if wants_files {
                    volumes.file_by_file(pod_is_held)
                } else if volumes.snapshots {
                    volumes.snapshot(volume)
                } else {
                    Err(Uncovered::SnapshotsOff)
                }
            }
        }
    }

    fn selected(
        &self,
        namespace: &str,
        resource: &str,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), Uncovered> {
        if !self.namespaced.take(resource) {
            return Err(Uncovered::Kind);
        }
        if is_excluded(labels) {
            return Err(Uncovered::ExcludedByLabel);
        }
        match self.namespace_filters.of_namespace(namespace) {
            Some(filters) => {
                let filter = filters.of_resource(resource).ok_or(Uncovered::KindNotInPolicy)?;
                filter.take(name, labels)?;
                if self.lists_all && !self.selects(labels) {
                    return Err(Uncovered::Labels);
                }
                Ok(())
            }
            None if self.selects(labels) => Ok(()),
            None => Err(Uncovered::Labels),
        }
    }

    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let value_of = |key: &str| labels.get(key).map(String::as_str);
        self.selectors.is_empty() || self.selectors.iter().any(|s| s.matches_with(value_of))
    }
}

/// The policies a spec names. Of another kind than a `ConfigMap` they are passed over, as the server does.
fn policies_of<'a>(
    spec: &BackupSpec,
    cluster: &'a ClusterState,
) -> Result<Option<&'a ResourcePolicies>, CoverageError> {
    let reference = spec.resource_policy.as_ref();
    let Some(reference) = reference.filter(|one| one.kind.eq_ignore_ascii_case("configmap")) else {
        return Ok(None);
    };
    if cluster.refused_policies.contains_key(&reference.name) {
        return Err(CoverageError::RefusedPolicy(reference.name.clone()));
    }
    Ok(cluster.policies.get(&reference.name))
}

/// Whether a spec has filters of the old sort, which go by resource wherever it lives.
pub(crate) fn has_old_filters(spec: &BackupSpec) -> bool {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    spec.include_cluster_resources.is_some()
        || some(&spec.included_resources)
        || some(&spec.excluded_resources)
}

/// The kinds that the scoped filters take, with those of a policy beside them.
fn scoped(
    spec: &BackupSpec,
    policy: Option<&IncludeExcludePolicy>,
    all_namespaces: bool,
) -> (Names, ClusterScoped) {
    let mut namespaced = Names::of(
        spec.included_namespace_scoped_resources.as_ref(),
        spec.excluded_namespace_scoped_resources.as_ref(),
    );
    let mut cluster_scoped = Names::of(
        spec.included_cluster_scoped_resources.as_ref(),
        spec.excluded_cluster_scoped_resources.as_ref(),
    );
    if let Some(policy) = policy {
        namespaced.add(
            &policy.included_namespace_scoped_resources,
            &policy.excluded_namespace_scoped_resources,
        );
        cluster_scoped.add(
            &policy.included_cluster_scoped_resources,
            &policy.excluded_cluster_scoped_resources,
        );
    }
    let is_whole = all_namespaces && namespaced.are_all();
    let cluster_scoped =
        if is_whole && cluster_scoped.included.is_empty() && cluster_scoped.excluded.is_empty() {
            ClusterScoped::Taken(cluster_scoped)
        } else {
            ClusterScoped::Named(cluster_scoped)
        };
    (namespaced, cluster_scoped)
}

fn is_excluded(labels: &BTreeMap<String, String>) -> bool {
    labels.get(EXCLUDE_LABEL).is_some_and(|value| value == "true")
}

impl Names {
    fn of(included: Option<&Vec<String>>, excluded: Option<&Vec<String>>) -> Self {
        let resolved =
            |list: Option<&Vec<String>>| list.into_iter().flatten().map(|name| resolve(name)).collect();
        Self {
            included: resolved(included),
            excluded: resolved(excluded),
        }
    }

    /// Adds what a policy says where the spec says nothing.
    fn add(&mut self, included: &[String], excluded: &[String]) {
        for name in excluded.iter().map(|name| resolve(name)) {
            if !self.mention(&name) {
                self.excluded.push(name);
            }
        }
        for name in included.iter().map(|name| resolve(name)) {
            if !self.mention(&name) {
                self.included.push(name);
            }
        }
    }

    fn mention(&self, resource: &str) -> bool {
        any(&self.included, resource) || any(&self.excluded, resource)
    }

    fn are_all(&self) -> bool {
        self.excluded.is_empty() && (self.included.is_empty() || self.included == ["*"])
    }

    fn take(&self, resource: &str) -> bool {
        !any(&self.excluded, resource) && (self.included.is_empty() || any(&self.included, resource))
    }
}

fn any(names: &[String], resource: &str) -> bool {
    names.iter().any(|name| Glob::lenient(name).matches(resource))
}

impl ClusterScoped {
    fn take(&self, resource: &str) -> bool {
        match self {
            Self::None => false,
            Self::Taken(names) => names.take(resource),
            Self::Named(names) => !any(&names.excluded, resource) && any(&names.included, resource),
        }
    }
}

impl Volumes {
    fn of(spec: &BackupSpec, cluster: &ClusterState, policies: Option<&ResourcePolicies>) -> Self {
        let default = Server::default();
        let server = cluster.server.as_ref().unwrap_or(&default);
        let wanted = spec.volume_snapshot_locations.as_deref();
        let provider_of = |name: &str| {
            let mut all = cluster.snapshot_locations.iter();
            let found = all.find(|location| location.metadata.name.as_deref() == Some(name))?;
            Some(found.spec.provider.clone())
        };
        let providers = match wanted {
            Some(names) if !names.is_empty() => names.iter().filter_map(|name| provider_of(name)).collect(),
            // Without names, the one location of each provider is taken; of several, the server refuses the backup.
            _ => cluster
                .snapshot_locations
                .iter()
                .map(|location| location.spec.provider.clone())
                .collect(),
        };
        Self {
            snapshots: spec.snapshot_volumes != Some(false),
            file_by_file: spec
                .default_volumes_to_fs_backup
                .or(spec.default_volumes_to_restic)
                .unwrap_or(server.default_volumes_to_fs_backup),
            moves_data: spec
                .snapshot_move_data
                .unwrap_or(server.default_snapshot_move_data),
            node_agent: server.node_agent,
            csi: server.csi,
            providers,
            policies: policies.map_or_else(Vec::new, |policies| policies.volume_policies.clone()),
        }
    }

    fn file_by_file(&self, pod_is_held: bool) -> Result<VolumeMethod, Uncovered> {
        if !pod_is_held {
            Err(Uncovered::NoPod)
        } else if self.node_agent {
            Ok(VolumeMethod::FileSystem)
        } else {
            Err(Uncovered::NoNodeAgent)
        }
    }

    fn snapshot(&self, volume: &VolumeState) -> Result<VolumeMethod, Uncovered> {
        if let Some(driver) = &volume.driver {
            if self.csi && volume.has_snapshot_class {
                return match (self.moves_data, self.node_agent) {
                    (false, _) => Ok(VolumeMethod::CsiSnapshot),
                    (true, true) => Ok(VolumeMethod::MovedSnapshot),
                    (true, false) => Err(Uncovered::NoNodeAgent),
                };
            }
            return match provider_of(driver) {
                Some(provider) if self.has_provider(provider) => Ok(VolumeMethod::NativeSnapshot),
                _ if self.csi => Err(Uncovered::NoSnapshotClass),
                _ => Err(Uncovered::NoSnapshotter),
            };
        }
        if self.providers.is_empty() {
            Err(Uncovered::NoSnapshotter)
        } else {
            Ok(VolumeMethod::NativeSnapshot)
        }
    }

    fn has_provider(&self, provider: &str) -> bool {
        let short = |name: &str| name.rsplit('/').next() == Some(provider);
        self.providers.iter().any(|name| short(name))
    }
}

/// The provider whose plugin can snapshot the volumes of a CSI driver.
fn provider_of(driver: &str) -> Option<&'static str> {
    match driver {
        "ebs.csi.aws.com" => Some("aws"),
        "disk.csi.azure.com" => Some("azure"),
        "pd.csi.storage.gke.io" => Some("gcp"),
        _ => None,
    }
}
