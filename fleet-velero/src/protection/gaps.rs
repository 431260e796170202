//! What is not protected, ranked by what it would cost.

use std::cmp::Reverse;
use std::fmt;

use super::exposure::{DrClass, Exposure};
use crate::inventory::{ClusterState, NamespaceState, ObjectState, VolumeState};
use crate::schedules::Uncovered;
use crate::text;

/// Something that would be lost, all of it or more than a schedule promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The cluster.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// What: `statefulsets.apps/db`, `persistentvolumeclaims/data-db-0`.
    pub part: String,
    /// The tier of the namespace.
    pub tier: Option<String>,
    /// Why.
    pub reason: GapReason,
    /// What would be lost of it now.
    pub exposure: Exposure,
    /// How much data that is, for a volume.
    pub bytes: u64,
    /// What its data is protected by at best, for a volume.
    pub class: Option<DrClass>,
}

/// Why something is not protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GapReason {
    /// No schedule and no backup is meant to hold it.
    NotCovered(Uncovered),
    /// The cluster has no Velero, or no schedule and no backup.
    NoBackups,
    /// It is in backups, all in locations that would be lost, too.
    LocationLost,
    /// It is in backups, and its data in snapshots that would be lost, too.
    SnapshotsLost,
    /// A schedule is meant to hold it, and no usable backup does.
    NoUsableBackup,
    /// The newest usable backup is older than the schedule promises.
    Stale,
    /// It is in backups, and nothing makes new ones.
    NoSchedule,
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCovered(reason) => write!(f, "in no backup: {reason}"),
            Self::NoBackups => f.pad("no backups are made"),
            Self::LocationLost => f.pad("its backups are in a location that is lost with it"),
            Self::SnapshotsLost => f.pad("its snapshots are lost with it"),
            Self::NoUsableBackup => f.pad("no usable backup holds it"),
            Self::Stale => f.pad("its newest backup is older than its schedule promises"),
            Self::NoSchedule => f.pad("no active schedule makes new backups"),
        }
    }
}

impl Gap {
    pub(super) fn of_object(
        cluster: &ClusterState,
        namespace: &NamespaceState,
        object: &ObjectState,
        reason: GapReason,
        exposure: Exposure,
    ) -> Self {
        Self {
            cluster: cluster.name.to_string(),
            namespace: namespace.name.clone(),
            part: format!("{}/{}", object.resource, object.name),
            tier: namespace.tier.clone(),
            reason,
            exposure,
            bytes: 0,
            class: None,
        }
    }

    pub(super) fn of_volume(
        cluster: &ClusterState,
        namespace: &NamespaceState,
        volume: &VolumeState,
        reason: GapReason,
        exposure: Exposure,
        class: DrClass,
    ) -> Self {
        Self {
            cluster: cluster.name.to_string(),
            namespace: namespace.name.clone(),
            part: format!("persistentvolumeclaims/{}", volume.claim),
            tier: namespace.tier.clone(),
            reason,
            exposure,
            bytes: volume.bytes,
            class: Some(class),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} {}: {} is lost",
            self.cluster, self.namespace, self.part, self.exposure
        )?;
        if self.bytes > 0 {
            write!(f, " of {}", text::bytes(self.bytes))?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Everything before a part, much data before little, what is tiered before what is not.
pub(super) fn rank(gaps: &mut [Gap]) {
    gaps.sort_by(|a, b| {
        let key = |gap: &Gap| (Reverse(gap.exposure), Reverse(gap.bytes), gap.tier.is_none());
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.cluster, &a.namespace, &a.part).cmp(&(&b.cluster, &b.namespace, &b.part)))
    });
}
