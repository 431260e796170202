//! What one loses, and who brings the rest back.

use std::fmt;

use fleet_core::cron::Gap;
use jiff::SignedDuration;

use crate::text;

/// What one loses of something, as time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exposure {
    /// Nothing: Git, or another system, has it.
    Nothing,
    /// What was written in this time.
    Last(SignedDuration),
    /// All of it.
    Everything,
}

impl Exposure {
    /// Whether it is no more than this.
    pub fn is_within(self, limit: SignedDuration) -> bool {
        match self {
            Self::Nothing => true,
            Self::Last(length) => length <= limit,
            Self::Everything => false,
        }
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.pad("nothing"),
            Self::Last(length) => f.pad(&text::duration(*length)),
            Self::Everything => f.pad("everything"),
        }
    }
}

/// Where the worst case of a schedule comes from. Just before the next backup completes, the newest one is of the start of
/// the one before: the interval and the duration add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// The schedule.
    pub schedule: String,
    /// The longest gap between two runs over five years.
    pub gap: Gap,
    /// How many failed runs are tolerated: each adds a gap.
    pub failures: u32,
    /// How late the server may see that a run is due.
    pub tick: SignedDuration,
    /// How long other schedules of the same namespaces that run at the same time keep it waiting.
    pub queue: SignedDuration,
    /// How long a backup takes until it can be used, its data uploads included (95th percentile).
    pub duration: SignedDuration,
    /// How many backups that was measured on; 0: not measured.
    pub samples: u32,
    /// How long until the object is in the other region.
    pub replication: SignedDuration,
}

impl Interval {
    /// The interval alone: what is commonly called the RPO of a schedule.
    pub fn nominal(&self) -> SignedDuration {
        self.gap.length()
    }

    /// The worst case.
    pub fn worst(&self) -> SignedDuration {
        self.gap
            .length()
            .saturating_mul(i32::try_from(self.failures.saturating_add(1)).unwrap_or(i32::MAX))
            .saturating_add(self.tick)
            .saturating_add(self.queue)
            .saturating_add(self.duration)
            .saturating_add(self.replication)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.schedule, text::duration(self.gap.length()))?;
        if self.failures > 0 {
            write!(f, " x {}", self.failures + 1)?;
        }
        write!(f, " + {} tick", text::duration(self.tick))?;
        for (length, what) in [
            (self.queue, "queue"),
            (self.duration, "backup"),
            (self.replication, "replication"),
        ] {
            if !length.is_zero() {
                write!(f, " + {} {what}", text::duration(length))?;
            }
        }
        write!(f, " = {}", text::duration(self.worst()))
    }
}

/// Who recovers something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recoverer {
    /// Nobody: it is gone.
    Nobody,
    /// Velero.
    Velero,
    /// Git, by Argo CD, or the outside system that syncs it.
    Git,
    /// Both have it; Git is to own it.
    Both,
}

impl Recoverer {
    pub(super) fn of(git: bool, velero: bool) -> Self {
        match (git, velero) {
            (true, true) => Self::Both,
            (true, false) => Self::Git,
            (false, true) => Self::Velero,
            (false, false) => Self::Nobody,
        }
    }

    /// Of a whole: nobody if a part is nobody's, both if parts are Git's and parts Velero's.
    pub(super) fn of_all(parts: impl Iterator<Item = Self>) -> Self {
        let (mut git, mut velero, mut nobody) = (false, false, false);
        for part in parts {
            match part {
                Self::Nobody => nobody = true,
                Self::Velero => velero = true,
                Self::Git | Self::Both => git = true,
            }
        }
        if nobody {
            Self::Nobody
        } else {
            Self::of(git || !velero, velero)
        }
    }
}

impl fmt::Display for Recoverer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nobody => "nobody",
            Self::Velero => "Velero",
            Self::Git => "Git",
            Self::Both => "both",
        })
    }
}

/// How far the data of a volume is from what may be lost; each class also survives what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DrClass {
    /// Nowhere but in the volume.
    None,
    /// In a snapshot that the cluster itself knows of: survives the loss of the namespace.
    ClusterSnapshot,
    /// In a snapshot of the region: survives the loss of the cluster.
    RegionalSnapshot,
    /// In a bucket of the same region: survives the loss of the region's storage system.
    RegionalBucket,
    /// In a bucket of another region: survives the loss of the region.
    RemoteBucket,
}

impl fmt::Display for DrClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::ClusterSnapshot => "snapshot in the cluster",
            Self::RegionalSnapshot => "snapshot in the region",
            Self::RegionalBucket => "bucket in the region",
            Self::RemoteBucket => "bucket in another region",
        })
    }
}
