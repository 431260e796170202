//! What a backup of a spec holds, and how each volume's data is saved.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::{Selector, SelectorError};

use super::glob::Glob;
use super::policy::{ResourcePolicies, VolumeActionType};
use crate::BackupSpec;
use crate::inventory::{ClusterState, NamespaceState, ObjectState, Server, VolumeState};

/// What a backup of a spec holds, on one cluster.
#[derive(Clone, Debug)]
pub struct Coverage {
    included_namespaces: Vec<Glob>,
    excluded_namespaces: Vec<Glob>,
    namespaced: Names,
    cluster_scoped: Option<Names>,
    /// Any of them; none: every object.
    selectors: Vec<Selector>,
    volumes: Volumes,
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
    policies: Option<ResourcePolicies>,
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
}

const EXCLUDE_LABEL: &str = "velero.io/exclude-from-backup";

impl Coverage {
    /// What a backup of this spec on this cluster holds.
    ///
    /// # Errors
    /// A label selector that Kubernetes refuses.
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
        let all_namespaces = spec
            .included_namespaces
            .as_ref()
            .is_none_or(|list| list.is_empty() || list.iter().any(|name| name == "*"))
            && spec.excluded_namespaces.as_ref().is_none_or(Vec::is_empty);
        let old = Names::of(spec.included_resources.as_ref(), spec.excluded_resources.as_ref());
        let scoped = [
            &spec.included_namespace_scoped_resources,
            &spec.excluded_namespace_scoped_resources,
            &spec.included_cluster_scoped_resources,
            &spec.excluded_cluster_scoped_resources,
        ]
        .iter()
        .any(|list| list.is_some());
        let (namespaced, cluster_scoped) = if scoped {
            let cluster_scoped = Names::of(
                spec.included_cluster_scoped_resources.as_ref(),
                spec.excluded_cluster_scoped_resources.as_ref(),
            );
            let named = spec.included_cluster_scoped_resources.is_some();
            (
                Names::of(
                    spec.included_namespace_scoped_resources.as_ref(),
                    spec.excluded_namespace_scoped_resources.as_ref(),
                ),
                (named || all_namespaces).then_some(cluster_scoped),
            )
        } else {
            let everything = all_namespaces && old.included.is_empty() && selectors_empty(spec);
            let cluster_scoped = spec.include_cluster_resources.unwrap_or(everything);
            (old.clone(), cluster_scoped.then_some(old))
        };
        Ok(Self {
            included_namespaces: globs(&spec.included_namespaces),
            excluded_namespaces: globs(&spec.excluded_namespaces),
            namespaced,
            cluster_scoped,
            selectors,
            volumes: Volumes::of(spec, cluster),
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
    pub fn object(&self, object: &ObjectState) -> Result<(), Uncovered> {
        self.selected(&object.resource, &object.labels)
    }

    /// Whether cluster-scoped objects of this resource are held without anything namespaced pulling them in.
    pub fn cluster_scoped(&self, resource: &str) -> bool {
        self.cluster_scoped
            .as_ref()
            .is_some_and(|names| names.take(resource))
    }

    /// How the data of a volume of a namespace that is held is saved.
    ///
    /// # Errors
    /// Why it is not. A backup says nothing of it, and completes.
    pub fn volume(&self, volume: &VolumeState) -> Result<VolumeMethod, Uncovered> {
        const CLAIMS: &str = "persistentvolumeclaims";
        let pod = volume.pod.as_ref();
        let pod_is_held = pod.is_some_and(|pod| self.selected("pods", &pod.labels).is_ok());
        let claim = self.selected(CLAIMS, &volume.labels);
        // A pod that is held brings its claims with it, if their kind may be in the backup at all.
        if let Err(reason) = claim
            && !(pod_is_held && reason == Uncovered::Labels)
        {
            return Err(reason);
        }
        let volumes = &self.volumes;
        match volumes
            .policies
            .as_ref()
            .and_then(|policies| policies.action_of(volume))
        {
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

    fn selected(&self, resource: &str, labels: &BTreeMap<String, String>) -> Result<(), Uncovered> {
        if !self.namespaced.take(resource) {
            return Err(Uncovered::Kind);
        }
        if is_excluded(labels) {
            return Err(Uncovered::ExcludedByLabel);
        }
        let value_of = |key: &str| labels.get(key).map(String::as_str);
        if self.selectors.is_empty() || self.selectors.iter().any(|s| s.matches_with(value_of)) {
            Ok(())
        } else {
            Err(Uncovered::Labels)
        }
    }
}

fn selectors_empty(spec: &BackupSpec) -> bool {
    spec.label_selector.is_none() && spec.or_label_selectors.is_none()
}

fn is_excluded(labels: &BTreeMap<String, String>) -> bool {
    labels.get(EXCLUDE_LABEL).is_some_and(|value| value == "true")
}

impl Names {
    fn of(included: Option<&Vec<String>>, excluded: Option<&Vec<String>>) -> Self {
        let resolved =
            |list: Option<&Vec<String>>| list.into_iter().flatten().map(|name| resolve(name)).collect();
        let mut included: Vec<String> = resolved(included);
        if included.iter().any(|name| name == "*") {
            included.clear();
        }
        Self {
            included,
            excluded: resolved(excluded),
        }
    }

    fn take(&self, resource: &str) -> bool {
        let any = |names: &[String]| names.iter().any(|name| Glob::lenient(name).matches(resource));
        !any(&self.excluded) && (self.included.is_empty() || any(&self.included))
    }
}

impl Volumes {
    fn of(spec: &BackupSpec, cluster: &ClusterState) -> Self {
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
        let reference = spec.resource_policy.as_ref();
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
            policies: reference
                .and_then(|reference| cluster.policies.get(&reference.name))
                .cloned(),
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

/// Resources that a backup may be asked for by other names: plural with group, then singular, short names and kinds.
const KNOWN: &[(&str, &[&str])] = &[
    ("configmaps", &["configmap", "cm"]),
    ("cronjobs.batch", &["cronjob", "cj", "cronjobs"]),
    (
        "customresourcedefinitions.apiextensions.k8s.io",
        &[
            "customresourcedefinition",
            "crd",
            "crds",
            "customresourcedefinitions",
        ],
    ),
    ("daemonsets.apps", &["daemonset", "ds", "daemonsets"]),
    ("deployments.apps", &["deployment", "deploy", "deployments"]),
    ("endpoints", &["ep"]),
    ("events", &["event", "ev"]),
    (
        "horizontalpodautoscalers.autoscaling",
        &["horizontalpodautoscaler", "hpa", "horizontalpodautoscalers"],
    ),
    ("ingresses.networking.k8s.io", &["ingress", "ing", "ingresses"]),
    ("jobs.batch", &["job", "jobs"]),
    ("limitranges", &["limitrange", "limits"]),
    ("namespaces", &["namespace", "ns"]),
    (
        "networkpolicies.networking.k8s.io",
        &["networkpolicy", "netpol", "networkpolicies"],
    ),
    ("nodes", &["node", "no"]),
    ("persistentvolumeclaims", &["persistentvolumeclaim", "pvc"]),
    ("persistentvolumes", &["persistentvolume", "pv"]),
    (
        "poddisruptionbudgets.policy",
        &["poddisruptionbudget", "pdb", "poddisruptionbudgets"],
    ),
    ("pods", &["pod", "po"]),
    ("replicasets.apps", &["replicaset", "rs", "replicasets"]),
    ("replicationcontrollers", &["replicationcontroller", "rc"]),
    ("resourcequotas", &["resourcequota", "quota"]),
    (
        "rolebindings.rbac.authorization.k8s.io",
        &["rolebinding", "rolebindings"],
    ),
    ("roles.rbac.authorization.k8s.io", &["role", "roles"]),
    (
        "clusterrolebindings.rbac.authorization.k8s.io",
        &["clusterrolebinding", "clusterrolebindings"],
    ),
    (
        "clusterroles.rbac.authorization.k8s.io",
        &["clusterrole", "clusterroles"],
    ),
    ("secrets", &["secret"]),
    ("serviceaccounts", &["serviceaccount", "sa"]),
    ("services", &["service", "svc"]),
    ("statefulsets.apps", &["statefulset", "sts", "statefulsets"]),
    (
        "storageclasses.storage.k8s.io",
        &["storageclass", "sc", "storageclasses"],
    ),
    (
        "volumesnapshotclasses.snapshot.storage.k8s.io",
        &["volumesnapshotclass", "vsclass", "volumesnapshotclasses"],
    ),
    (
        "volumesnapshotcontents.snapshot.storage.k8s.io",
        &["volumesnapshotcontent", "vsc", "volumesnapshotcontents"],
    ),
    (
        "volumesnapshots.snapshot.storage.k8s.io",
        &["volumesnapshot", "vs", "volumesnapshots"],
    ),
];

/// The plural with its group, for what every cluster has; else the name as it is.
pub(crate) fn resolve(name: &str) -> String {
    let lower = name.to_lowercase();
    let known = KNOWN
        .iter()
        .find(|(plural, others)| *plural == lower || others.contains(&lower.as_str()));
    known.map_or(lower, |(plural, _)| (*plural).to_owned())
}

/// Whether a name is one that every cluster has.
pub(crate) fn is_known(name: &str) -> bool {
    let lower = name.to_lowercase();
    KNOWN
        .iter()
        .any(|(plural, others)| *plural == lower || others.contains(&lower.as_str()))
}

/// The nearest name that every cluster has.
pub(crate) fn nearest_known(name: &str) -> Option<&'static str> {
    let names = KNOWN
        .iter()
        .flat_map(|(plural, others)| std::iter::once(plural).chain(*others).copied());
    fleet_core::yaml::nearest(name, names)
}
