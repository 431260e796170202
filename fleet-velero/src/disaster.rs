//! Disasters as values, and what each takes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::BackupStorageLocation;
use crate::inventory::{ClusterState, FleetState, RecoveryPoint, bucket_of, region_of};
use crate::schedules::VolumeMethod;

/// Something that happens to a fleet.
///
/// ```
/// use fleet_velero::Disaster;
///
/// let lost: Disaster = "region-lost=eu-west-1".parse()?;
/// assert_eq!(lost, Disaster::RegionLost { region: "eu-west-1".into() });
/// assert_eq!(lost.to_string(), "region-lost=eu-west-1");
/// assert!("region-lost".parse::<Disaster>().is_err());
/// # Ok::<(), fleet_velero::ParseDisasterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disaster {
    /// A namespace is deleted, with everything in it and the volumes whose reclaim policy is Delete.
    NamespaceDeleted {
        /// The cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
    },
    /// A cluster is gone, with its CSI snapshots.
    ClusterLost {
        /// The cluster.
        cluster: String,
    },
    /// A region is gone: its clusters, volumes, snapshots and buckets.
    RegionLost {
        /// The region.
        region: String,
    },
    /// A bucket is gone, with every backup in it.
    StorageLocationLost {
        /// The bucket.
        bucket: String,
    },
    /// The Git host is gone; the clusters run on.
    GitLost,
    /// The cluster that runs Cluster API and Argo CD is gone; the others run on, unmanaged.
    HubLost,
    /// Everything after a time is suspect: clusters, backups, commits.
    Ransomware {
        /// The first moment that is not trusted.
        since: Timestamp,
        /// The cluster; `None`: all.
        cluster: Option<String>,
    },
}

impl fmt::Display for Disaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NamespaceDeleted { cluster, namespace } => {
                write!(f, "namespace-deleted={cluster}/{namespace}")
            }
            Self::ClusterLost { cluster } => write!(f, "cluster-lost={cluster}"),
            Self::RegionLost { region } => write!(f, "region-lost={region}"),
            Self::StorageLocationLost { bucket } => write!(f, "storage-location-lost={bucket}"),
            Self::GitLost => f.write_str("git-lost"),
            Self::HubLost => f.write_str("hub-lost"),
            Self::Ransomware { since, cluster: None } => write!(f, "ransomware={since}"),
            Self::Ransomware {
                since,
                cluster: Some(cluster),
            } => write!(f, "ransomware={since}@{cluster}"),
        }
    }
}

/// A text is not a disaster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is no disaster: expected namespace-deleted=CLUSTER/NAMESPACE, cluster-lost=CLUSTER, region-lost=REGION, \
     storage-location-lost=BUCKET, git-lost, hub-lost or ransomware=TIME[@CLUSTER]"
)]
pub struct ParseDisasterError {
    found: String,
}

impl FromStr for Disaster {
    type Err = ParseDisasterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ParseDisasterError {
            found: text.to_owned(),
        };
        let (kind, value) = text.split_once('=').unwrap_or((text, ""));
        let value = match kind {
            "git-lost" | "hub-lost" if value.is_empty() => value,
            _ => Some(value).filter(|value| !value.is_empty()).ok_or_else(refuse)?,
        };
        match kind {
            "namespace-deleted" => {
                let (cluster, namespace) = value.split_once('/').ok_or_else(refuse)?;
                Ok(Self::NamespaceDeleted {
                    cluster: cluster.to_owned(),
                    namespace: namespace.to_owned(),
                })
            }
            "cluster-lost" => Ok(Self::ClusterLost {
                cluster: value.to_owned(),
            }),
            "region-lost" => Ok(Self::RegionLost {
                region: value.to_owned(),
            }),
            "storage-location-lost" => Ok(Self::StorageLocationLost {
                bucket: value.to_owned(),
            }),
            "git-lost" if value.is_empty() => Ok(Self::GitLost),
            "hub-lost" if value.is_empty() => Ok(Self::HubLost),
            "ransomware" => {
                let (since, cluster) = match value.split_once('@') {
                    Some((since, cluster)) => (since, Some(cluster.to_owned())),
                    None => (value, None),
                };
                Ok(Self::Ransomware {
                    since: since.parse().map_err(|_| refuse())?,
                    cluster,
                })
            }
            _ => Err(refuse()),
        }
    }
}

/// What a disaster takes, and what it leaves untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Clusters that are gone.
    pub clusters: BTreeSet<String>,
    /// Namespaces that are gone, with their cluster.
    pub namespaces: BTreeSet<(String, String)>,
    /// Regions that are gone.
    pub regions: BTreeSet<String>,
    /// Buckets that are gone.
    pub buckets: BTreeSet<String>,
    /// Whether the Git host is gone.
    pub git: bool,
    /// From when on nothing is trusted.
    pub suspect_since: Option<Timestamp>,
}

impl Losses {
    /// What a disaster takes from a fleet.
    pub fn of(disaster: &Disaster, fleet: &FleetState) -> Self {
        let mut losses = Self::default();
        match disaster {
            Disaster::NamespaceDeleted { cluster, namespace } => {
                losses.namespaces.insert((cluster.clone(), namespace.clone()));
            }
            Disaster::ClusterLost { cluster } => {
                losses.clusters.insert(cluster.clone());
            }
            Disaster::RegionLost { region } => losses.lose_region(region, fleet),
            Disaster::StorageLocationLost { bucket } => {
                losses.buckets.insert(bucket.clone());
            }
            Disaster::GitLost => losses.git = true,
            Disaster::HubLost => losses
                .clusters
                .extend(fleet.hub().map(|hub| hub.name.to_string())),
            Disaster::Ransomware { since, cluster } => {
                losses.suspect_since = Some(*since);
                let infected = fleet
                    .clusters
                    .iter()
                    .filter(|known| cluster.as_deref().is_none_or(|only| known.name == *only));
                losses
                    .clusters
                    .extend(infected.map(|cluster| cluster.name.to_string()));
            }
        }
        losses
    }

    fn lose_region(&mut self, region: &str, fleet: &FleetState) {
        self.regions.insert(region.to_owned());
        self.git |= fleet.git.region.as_deref() == Some(region);
        for cluster in &fleet.clusters {
            if cluster.region.as_deref() == Some(region) {
                self.clusters.insert(cluster.name.to_string());
            }
            let gone = cluster
                .locations
                .iter()
                .filter(|location| region_of(location) == Some(region));
            self.buckets
                .extend(gone.map(|location| bucket_of(location).0.to_owned()));
        }
    }

    /// Whether a cluster is gone.
    pub fn takes_cluster(&self, cluster: &ClusterState) -> bool {
        self.clusters.contains(cluster.name.as_str())
    }

    /// Whether a namespace is gone.
    pub fn takes_namespace(&self, cluster: &ClusterState, namespace: &str) -> bool {
        let key = (cluster.name.to_string(), namespace.to_owned());
        self.takes_cluster(cluster) || self.namespaces.contains(&key)
    }

    /// Whether what is in a location can still be read. After the loss of a region, a location whose region is not known
    /// counts as gone.
    pub fn spares_location(&self, location: &BackupStorageLocation) -> bool {
        if self.buckets.contains(bucket_of(location).0) {
            return false;
        }
        self.regions.is_empty() || region_of(location).is_some_and(|region| !self.regions.contains(region))
    }

    /// Whether the data of a volume that was saved by this method into a location that is spared can still be read.
    pub fn spares_data(&self, cluster: &ClusterState, method: VolumeMethod) -> bool {
        match method {
            VolumeMethod::MovedSnapshot | VolumeMethod::FileSystem => true,
            // The handle of a CSI snapshot is an object of the cluster and a snapshot of its storage system.
            VolumeMethod::CsiSnapshot => !self.takes_cluster(cluster) && self.spares_region_of(cluster),
            VolumeMethod::NativeSnapshot => self.spares_region_of(cluster),
        }
    }

    /// Whether a recovery point is from before anything was suspect.
    pub fn trusts(&self, point: &RecoveryPoint) -> bool {
        let Some(since) = self.suspect_since else {
            return true;
        };
        point.completed.or(point.started).is_some_and(|at| at < since)
    }

    fn spares_region_of(&self, cluster: &ClusterState) -> bool {
        cluster
            .region
            .as_ref()
            .map_or(self.regions.is_empty(), |region| !self.regions.contains(region))
    }
}
