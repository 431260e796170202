//! What holds at a point of a recovery.

use super::RecoveryPlan;

/// A cluster of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterIndex(pub(super) u32);

/// A namespace of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceIndex(pub(super) u32);

/// A backup of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupIndex(pub(super) u32);

/// A location of a plan that backups go to from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationIndex(pub(super) u32);

/// Something that holds: before the first step, or because a step made it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fact {
    /// The disaster is declared, and this plan decided on.
    Declared,
    /// The hub works: Cluster API and Argo CD.
    HubReady,
    /// Git can be read and is trusted.
    GitReady,
    /// Argo CD changes nothing on the cluster.
    SyncFrozen(ClusterIndex),
    /// What is lost can no longer write to volumes and buckets.
    SourceFenced(ClusterIndex),
    /// The cluster runs.
    ClusterReady(ClusterIndex),
    /// Argo CD knows the cluster.
    Registered(ClusterIndex),
    /// CRDs, storage classes, namespaces and the platform are there.
    PlatformInstalled(ClusterIndex),
    /// Operators do not run, and so do not answer to what is restored.
    OperatorsHeld(ClusterIndex),
    /// Operators run.
    OperatorsRunning(ClusterIndex),
    /// Velero runs.
    VeleroReady(ClusterIndex),
    /// The cluster can read the location of this backup, and does not write to it.
    LocationReadable(BackupIndex),
    /// The backup is there as an object.
    BackupVisible(BackupIndex),
    /// Velero has restored what it is to restore of the namespace.
    Restored(NamespaceIndex),
    /// What was restored is complete, data included.
    Gated(NamespaceIndex),
    /// Git owns what it is to own of the namespace, and it is in sync.
    Synced(NamespaceIndex),
    /// The cluster's workloads work.
    Verified(ClusterIndex),
    /// Requests reach the cluster.
    TrafficMoved(ClusterIndex),
    /// The cluster can write to this location.
    LocationWritable(LocationIndex),
    /// Schedules write to the location, and a first backup is completed.
    Protected(LocationIndex),
    /// Nothing of the recovery is left, and prune is on.
    Clean(ClusterIndex),
}

impl RecoveryPlan {
    /// A fact in words.
    pub fn describe(&self, fact: Fact) -> String {
        let cluster = |index| self.cluster(index).name.as_str();
        let namespace = |index| {
            let namespace = self.namespace(index);
            format!("{}/{}", cluster(namespace.cluster), namespace.name)
        };
        match fact {
            Fact::Declared => "the disaster is declared".to_owned(),
            Fact::HubReady => "the hub works".to_owned(),
            Fact::GitReady => "Git can be read and is trusted".to_owned(),
            Fact::SyncFrozen(index) => format!("sync to {} is frozen", cluster(index)),
            Fact::SourceFenced(index) => format!("the lost {} is fenced", cluster(index)),
            Fact::ClusterReady(index) => format!("{} runs", cluster(index)),
            Fact::Registered(index) => format!("Argo CD knows {}", cluster(index)),
            Fact::PlatformInstalled(index) => format!("{} has its CRDs and platform", cluster(index)),
            Fact::OperatorsHeld(index) => format!("operators of {} are held", cluster(index)),
            Fact::OperatorsRunning(index) => format!("operators of {} run", cluster(index)),
            Fact::VeleroReady(index) => format!("Velero runs on {}", cluster(index)),
            Fact::LocationReadable(index) => {
                let backup = self.backup(index);
                format!("{} reads {}", cluster(backup.cluster), backup.location.bucket)
            }
            Fact::BackupVisible(index) => {
                let backup = self.backup(index);
                format!("{} sees backup {}", cluster(backup.cluster), backup.name)
            }
            Fact::Restored(index) => format!("{} is restored", namespace(index)),
            Fact::Gated(index) => format!("{} is complete", namespace(index)),
            Fact::Synced(index) => format!("{} is in sync", namespace(index)),
            Fact::Verified(index) => format!("{} works", cluster(index)),
            Fact::TrafficMoved(index) => format!("requests reach {}", cluster(index)),
            Fact::LocationWritable(index) => {
                let own = self.location(index);
                format!("{} writes to {}", cluster(own.cluster), own.location.name)
            }
            Fact::Protected(index) => {
                let own = self.location(index);
                format!(
                    "{} is backed up to {} again",
                    cluster(own.cluster),
                    own.location.name
                )
            }
            Fact::Clean(index) => format!("nothing of the recovery is left on {}", cluster(index)),
        }
    }
}
