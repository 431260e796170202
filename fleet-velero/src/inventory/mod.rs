//! What a fleet holds and how it is backed up: the facts that analysis, linting and planning start from.
//!
//! Everything here is plain data. Programs fill it from directories, from API servers or from their own records; the
//! functions that decide never look anywhere else.

mod gather;
mod point;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::ClusterName;
use jiff::SignedDuration;

pub use gather::{DEPENDS_ON, DISPOSABLE, Gather, ObjectSource, TIER};
pub use point::{CLOCK_SKEW, PointState, RecoveryPoint, ScopeId, ScopeTable};
pub use server::{ParseVersionError, Server, VeleroVersion};

use crate::{BackupStorageLocation, ResourcePolicies, Schedule, VolumeSnapshotLocation};

/// A fleet: its clusters, and the Git repositories that describe it.
#[derive(Clone, Debug, Default)]
pub struct FleetState {
    /// The clusters, the hub among them.
    pub clusters: Vec<ClusterState>,
    /// Git, and what Argo CD does with it.
    pub git: GitState,
    /// What one wants to reach, by tier.
    pub objectives: BTreeMap<String, Objective>,
}

impl FleetState {
    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Option<&ClusterState> {
        self.clusters.iter().find(|cluster| cluster.name == *name)
    }

    /// The regions that copies of each cluster's data lie in, as far as its locations name them: what
    /// [`fleet_core::purpose::Facts::copies`] asks for.
    pub fn copies(&self) -> BTreeMap<ClusterName, BTreeSet<String>> {
        let regions = |cluster: &ClusterState| {
            let regions = cluster.locations.iter().filter_map(region_of);
            (cluster.name.clone(), regions.map(str::to_owned).collect())
        };
        self.clusters.iter().map(regions).collect()
    }

    /// The cluster that runs Cluster API and Argo CD, if one is marked.
    pub fn hub(&self) -> Option<&ClusterState> {
        self.clusters.iter().find(|cluster| cluster.is_hub)
    }
}

/// What one wants of a tier of namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    /// The most data one may lose, as time.
    pub rpo: SignedDuration,
    /// The longest one may be down.
    pub rto: SignedDuration,
}

/// Git, and what Argo CD does with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitState {
    /// The region the Git host is in; `None`: outside of the fleet's regions.
    pub region: Option<String>,
    /// A second remote that is kept equal.
    pub mirror: Option<String>,
    /// How Argo CD finds what it owns.
    pub tracking: Tracking,
}

/// How Argo CD finds what it owns (`application.resourceTrackingMethod`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracking {
    /// By an annotation that names the object itself: copies elsewhere are not taken for it.
    #[default]
    Annotation,
    /// By a label: whatever carries it and is not in Git is pruned.
    Label,
}

/// One cluster.
#[derive(Clone, Debug)]
pub struct ClusterState {
    /// Its name.
    pub name: ClusterName,
    /// Its region.
    pub region: Option<String>,
    /// The region or jurisdiction that its data must not leave: the label `data-residency` of
    /// [`fleet_core::purpose`].
    pub data_residency: Option<String>,
    /// Its Kubernetes version, as its replacement is to have it.
    pub kubernetes: Option<String>,
    /// Whether it runs Cluster API and Argo CD for the others.
    pub is_hub: bool,
    /// Its Velero server; `None` when it has none.
    pub server: Option<Server>,
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// Where backups are kept.
    pub locations: Vec<BackupStorageLocation>,
    /// Where snapshots are made.
    pub snapshot_locations: Vec<VolumeSnapshotLocation>,
    /// What the backups are of: equal for all backups of a schedule, so kept once.
    pub scopes: ScopeTable,
    /// The backups.
    pub backups: Vec<RecoveryPoint>,
    /// The backups that each location really holds, by location; without an entry the cluster's word is taken.
    pub bucket_listings: BTreeMap<String, BTreeSet<String>>,
    /// The resource policies, by the name of their `ConfigMap`.
    pub policies: BTreeMap<String, ResourcePolicies>,
    /// Why the server refuses those that are not among them, by name.
    pub refused_policies: BTreeMap<String, String>,
    /// The namespaces with what one would want back.
    pub namespaces: Vec<NamespaceState>,
    /// When a restore drill of this cluster's backups last went well.
    pub last_drill: Option<jiff::Timestamp>,
}

impl ClusterState {
    /// A cluster without Velero and namespaces.
    pub fn new(name: ClusterName) -> Self {
        Self {
            name,
            region: None,
            data_residency: None,
            kubernetes: None,
            is_hub: false,
            server: None,
            schedules: Vec::new(),
            locations: Vec::new(),
            snapshot_locations: Vec::new(),
            scopes: ScopeTable::default(),
            backups: Vec::new(),
            bucket_listings: BTreeMap::new(),
            policies: BTreeMap::new(),
            refused_policies: BTreeMap::new(),
            namespaces: Vec::new(),
            last_drill: None,
        }
    }

    /// The location of this name.
    pub fn location(&self, name: &str) -> Option<&BackupStorageLocation> {
        self.locations
            .iter()
            .find(|location| location.metadata.name.as_deref() == Some(name))
    }

    /// The location that backups go to which name none: the one marked as default, else the server's.
    pub fn default_location(&self) -> &str {
        let marked = self
            .locations
            .iter()
            .find(|location| location.spec.default == Some(true));
        marked
            .and_then(|location| location.metadata.name.as_deref())
            .or_else(|| {
                self.server
                    .as_ref()
                    .map(|server| server.default_location.as_str())
            })
            .unwrap_or("default")
    }
}

/// The region a location's bucket is in: its setting `region`.
pub fn region_of(location: &BackupStorageLocation) -> Option<&str> {
    location.spec.config.as_ref()?.get("region").map(String::as_str)
}

/// The bucket and prefix of a location, as one key.
pub fn bucket_of(location: &BackupStorageLocation) -> (&str, &str) {
    let store = &location.spec.object_storage;
    let prefix = store.prefix.as_deref().unwrap_or_default();
    (store.bucket.as_str(), prefix.trim_matches('/'))
}

/// One namespace, and what one would want back of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamespaceState {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The tier whose objectives hold.
    pub tier: Option<String>,
    /// The namespaces that must be back before this one.
    pub depends_on: Vec<String>,
    /// The objects that matter: workloads, Secrets, custom resources. What controllers make of them is left out.
    pub objects: Vec<ObjectState>,
    /// The volumes.
    pub volumes: Vec<VolumeState>,
    /// How many objects there are in all, for the estimate of a restore; 0: as many as are listed.
    pub object_count: u32,
}

/// One object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectState {
    /// Its resource, with the group (`deployments.apps`, `secrets`).
    pub resource: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The Argo CD Application that makes it from Git.
    pub application: Option<String>,
    /// Whether an outside system makes it again: a Secret of External Secrets, a certificate.
    pub synced: bool,
}

/// One `PersistentVolumeClaim`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeState {
    /// The claim's name.
    pub claim: String,
    /// The claim's labels.
    pub labels: BTreeMap<String, String>,
    /// The application that makes the claim (not its data) from Git.
    pub application: Option<String>,
    /// Its storage class.
    pub storage_class: Option<String>,
    /// The CSI driver; `None`: not a CSI volume.
    pub driver: Option<String>,
    /// Whether there is a `VolumeSnapshotClass` of the driver that Velero may use.
    pub has_snapshot_class: bool,
    /// Its volume mode; `None`: `Filesystem`.
    pub volume_mode: Option<String>,
    /// Its access modes (`ReadWriteOnce`).
    pub access_modes: Vec<String>,
    /// How much data it holds.
    pub bytes: u64,
    /// How many files it holds, where known.
    pub files: Option<u64>,
    /// The pod that mounts it.
    pub pod: Option<VolumePod>,
    /// Whether the data can be thrown away: caches, scratch.
    pub disposable: bool,
}

impl VolumeState {
    /// The volume mode, as the API server completes it.
    pub fn mode(&self) -> &str {
        self.volume_mode.as_deref().unwrap_or("Filesystem")
    }
}

/// The pod that mounts a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumePod {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether its annotation `backup.velero.io/backup-volumes` names the volume.
    pub opts_in: bool,
    /// Whether its annotation `backup.velero.io/backup-volumes-excludes` names the volume.
    pub opts_out: bool,
}
