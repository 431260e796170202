//! How long recovery takes: a model of its parts, from documented figures until measured ones are there.

use std::fmt;

use jiff::SignedDuration;

use super::{PartProtection, Reach};
use crate::inventory::NamespaceState;
use crate::schedules::VolumeMethod;
use crate::text;
use crate::{Backup, DataDownload, PodVolumeRestore, Restore, RestorePhase};

/// A length of time, as likely as not and nearly certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Estimate {
    /// Half of all cases take no longer.
    pub p50: SignedDuration,
    /// Of twenty cases, nineteen take no longer.
    pub p95: SignedDuration,
}

impl Estimate {
    /// Both the same.
    pub const fn exactly(length: SignedDuration) -> Self {
        Self {
            p50: length,
            p95: length,
        }
    }

    /// Minutes, as likely as not and nearly certain.
    pub const fn minutes(p50: i64, p95: i64) -> Self {
        Self {
            p50: SignedDuration::from_mins(p50),
            p95: SignedDuration::from_mins(p95),
        }
    }

    /// One after the other. (Two delays are seldom both at their worst: the sum of the 95th percentiles is on the safe side.)
    pub fn then(self, next: Self) -> Self {
        Self {
            p50: self.p50.saturating_add(next.p50),
            p95: self.p95.saturating_add(next.p95),
        }
    }

    /// At the same time.
    pub fn beside(self, other: Self) -> Self {
        Self {
            p50: self.p50.max(other.p50),
            p95: self.p95.max(other.p95),
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.p50 == self.p95 {
            return f.pad(&text::duration(self.p50));
        }
        f.pad(&format!(
            "{} (p95 {})",
            text::duration(self.p50),
            text::duration(self.p95)
        ))
    }
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// From documentation, or from one run elsewhere.
    Documented(&'static str),
    /// Measured on this many restores or transfers.
    Measured(u32),
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documented(source) => f.pad(source),
            Self::Measured(samples) => write!(f, "measured on {samples}"),
        }
    }
}

/// How fast something goes, a second: usually, and slowly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Half of all cases are faster.
    pub p50: f64,
    /// Of twenty cases, nineteen are faster.
    pub p95: f64,
    /// Where it comes from.
    pub basis: Basis,
}

impl Rate {
    fn time(self, amount: u64) -> Estimate {
        let at = |rate: f64| {
            SignedDuration::try_from_secs_f64(amount as f64 / rate).unwrap_or(SignedDuration::MAX)
        };
        Estimate {
            p50: at(self.p50),
            p95: at(self.p95),
        }
    }
}

/// How long the parts of a recovery take.
#[derive(Clone, Debug, PartialEq)]
pub struct RtoModel {
    /// Until somebody knows.
    pub detect: Estimate,
    /// Until somebody decides.
    pub decide: Estimate,
    /// A new cluster by Cluster API.
    pub provision: Estimate,
    /// Registering it with Argo CD, and its platform components.
    pub bootstrap: Estimate,
    /// The first sync of what is in Git.
    pub sync: Estimate,
    /// Velero: installed, location available, backups synced.
    pub velero: Estimate,
    /// Pods: scheduled, images pulled, ready.
    pub pods: Estimate,
    /// Looking whether it works, and moving the traffic.
    pub verify: Estimate,
    /// Restored objects a second: two requests each, one Restore at a time.
    pub objects: Rate,
    /// Bytes a second, of one volume.
    pub bytes: Rate,
    /// Files a second, of one volume.
    pub files: Rate,
    /// A volume made of a snapshot; its blocks come when they are read.
    pub snapshot: Estimate,
    /// How many volumes are written at a time: one for each node.
    pub parallel_volumes: u32,
}

impl Default for RtoModel {
    /// Cluster and bootstrap as the platform guide measures them, objects as measured on Velero 1.18.3 with its default of 100
    /// requests a second, bytes and files from Velero's performance guide.
    fn default() -> Self {
        const GUIDE: &str = "Velero's performance guide";
        Self {
            detect: Estimate::minutes(0, 5),
            decide: Estimate::minutes(0, 10),
            provision: Estimate::minutes(15, 20),
            bootstrap: Estimate::minutes(10, 15),
            sync: Estimate::minutes(3, 5),
            velero: Estimate::minutes(3, 6),
            pods: Estimate::minutes(2, 5),
            verify: Estimate::minutes(5, 10),
            objects: Rate {
                p50: 48.0,
                p95: 40.0,
                basis: Basis::Documented("one run of 1.18.3 at 100 requests a second"),
            },
            bytes: Rate {
                p50: 107e6,
                p95: 100e6,
                basis: Basis::Documented(GUIDE),
            },
            files: Rate {
                p50: 2_800.0,
                p95: 2_000.0,
                basis: Basis::Documented(GUIDE),
            },
            snapshot: Estimate::minutes(2, 5),
            parallel_volumes: 3,
        }
    }
}

/// What is to be restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Objects.
    pub objects: u64,
    /// The volumes that are written: bytes, and files where known.
    pub volumes: Vec<(u64, Option<u64>)>,
    /// The volumes that are made of snapshots.
    pub snapshots: u32,
}

impl Work {
    /// Both.
    pub fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.volumes.extend(other.volumes);
        self.snapshots += other.snapshots;
    }

    /// The bytes that are written.
    pub fn bytes(&self) -> u64 {
        self.volumes.iter().map(|(bytes, _)| bytes).sum()
    }
}

impl RtoModel {
    /// With a server of this many requests a second: each object takes two, and a thousand a second is the latency's bound.
    pub fn with_client_qps(mut self, qps: u32) -> Self {
        if let Basis::Documented(_) = self.objects.basis {
            // 100/s at 400 requests a second was the most that one thread reached.
            let rate = (f64::from(qps) * 0.48).min(100.0);
            self.objects.p50 = rate;
            self.objects.p95 = rate * 0.83;
        }
        self
    }

    /// Applications from Git on a cluster that is there: bootstrapped and synced.
    pub fn from_git(&self) -> Estimate {
        self.bootstrap.then(self.sync)
    }

    /// A new cluster with what Git holds.
    pub fn new_cluster_from_git(&self) -> Estimate {
        self.provision.then(self.from_git())
    }

    /// A restore by Velero.
    pub fn restore(&self, work: &Work) -> Estimate {
        let of_volume = |(bytes, files): &(u64, Option<u64>)| {
            let by_bytes = self.bytes.time(*bytes);
            files.map_or(by_bytes, |files| by_bytes.beside(self.files.time(files)))
        };
        let mut data = Estimate::default();
        let mut longest = Estimate::default();
        for time in work.volumes.iter().map(of_volume) {
            data = data.then(time);
            longest = longest.beside(time);
        }
        let lanes = i32::try_from(self.parallel_volumes.max(1)).unwrap_or(i32::MAX);
        // No schedule of the volumes is shorter than this; filling the lanes greedily is near it.
        let data = Estimate {
            p50: (data.p50 / lanes).max(longest.p50),
            p95: (data.p95 / lanes).max(longest.p95),
        };
        let snapshots = if work.snapshots > 0 {
            self.snapshot
        } else {
            Estimate::default()
        };
        self.objects.time(work.objects).then(data.beside(snapshots))
    }

    /// One namespace after a loss of this reach, alone.
    pub(super) fn namespace(
        &self,
        namespace: &NamespaceState,
        parts: &[PartProtection],
        reach: Reach,
    ) -> Estimate {
        let start = self.detect.then(self.decide);
        let cluster = match reach {
            Reach::Namespace => Estimate::default(),
            Reach::Cluster | Reach::Region => self.provision.then(self.bootstrap),
        };
        let work = work_of(namespace, parts);
        let velero = if work == Work::default() {
            Estimate::default()
        } else if reach == Reach::Namespace {
            self.restore(&work)
        } else {
            self.velero.then(self.restore(&work))
        };
        start
            .then(cluster)
            .then(velero)
            .then(self.sync)
            .then(if work.objects > 0 {
                self.pods
            } else {
                Estimate::default()
            })
    }

    /// Takes measured figures where there are any.
    pub fn calibrate(&mut self, measured: &Measurements) {
        for (rate, rates) in [
            (&mut self.objects, &measured.objects),
            (&mut self.bytes, &measured.bytes),
        ] {
            let mut sorted = rates.clone();
            sorted.sort_by(f64::total_cmp);
            let at = |percent: usize| {
                sorted
                    .get((sorted.len().saturating_sub(1)) * percent / 100)
                    .copied()
            };
            // Slow is what one in twenty is slower than.
            if let (Some(p50), Some(p95)) = (at(50), at(5)) {
                *rate = Rate {
                    p50,
                    p95,
                    basis: Basis::Measured(u32::try_from(sorted.len()).unwrap_or(u32::MAX)),
                };
            }
        }
    }
}

/// What Velero must bring back of a namespace.
fn work_of(namespace: &NamespaceState, parts: &[PartProtection]) -> Work {
    let mut work = Work::default();
    let volumes = parts.iter().skip(namespace.objects.len());
    for (volume, part) in namespace.volumes.iter().zip(volumes) {
        match part.method {
            Some(VolumeMethod::FileSystem | VolumeMethod::MovedSnapshot) => {
                work.volumes.push((volume.bytes, volume.files));
            }
            Some(_) => work.snapshots += 1,
            None => continue,
        }
        work.objects += 2;
    }
    let by_velero = parts.iter().take(namespace.objects.len());
    let count = by_velero
        .filter(|part| part.recoverer == super::Recoverer::Velero)
        .count();
    work.objects += u64::try_from(count).unwrap_or(u64::MAX);
    // Without Git, all of it is Velero's: what controllers made as well.
    if count > 0 && count == namespace.objects.len() {
        work.objects = work.objects.max(namespace.object_count.into());
    }
    work
}

/// Rates of restores that were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurements {
    /// Objects a second.
    pub objects: Vec<f64>,
    /// Bytes a second, of one volume.
    pub bytes: Vec<f64>,
}

impl Measurements {
    /// Counts a restore that completed, if it was long enough to say something.
    pub fn restore(&mut self, restore: &Restore) {
        let Some(status) = &restore.status else { return };
        if status.phase != Some(RestorePhase::Completed) {
            return;
        }
        let items = status
            .progress
            .as_ref()
            .and_then(|progress| progress.items_restored);
        let times = (
            status.start_timestamp.as_ref(),
            status.completion_timestamp.as_ref(),
        );
        if let (Some(items), (Some(start), Some(end))) = (items, times) {
            self.objects
                .extend(rate(f64::from(items), end.0.duration_since(start.0)));
        }
    }

    /// Counts a volume that was written file by file.
    pub fn pod_volume_restore(&mut self, transfer: &PodVolumeRestore) {
        let Some(status) = &transfer.status else { return };
        let bytes = status.progress.as_ref().and_then(|progress| progress.bytes_done);
        let times = (
            status.start_timestamp.as_ref(),
            status.completion_timestamp.as_ref(),
        );
        if let (Some(bytes), (Some(start), Some(end))) = (bytes, times) {
            self.bytes
                .extend(rate(bytes as f64, end.0.duration_since(start.0)));
        }
    }

    /// Counts a volume that was written by the data mover.
    pub fn data_download(&mut self, transfer: &DataDownload) {
        let Some(status) = &transfer.status else { return };
        let bytes = status.progress.as_ref().and_then(|progress| progress.bytes_done);
        let times = (
            status.start_timestamp.as_ref(),
            status.completion_timestamp.as_ref(),
        );
        if let (Some(bytes), (Some(start), Some(end))) = (bytes, times) {
            self.bytes
                .extend(rate(bytes as f64, end.0.duration_since(start.0)));
        }
    }

    /// How long backups took, for those that say.
    pub fn durations<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Vec<SignedDuration> {
        let took = |backup: &Backup| {
            let status = backup.status.as_ref()?;
            let (start, end) = (
                status.start_timestamp.as_ref()?,
                status.completion_timestamp.as_ref()?,
            );
            Some(end.0.duration_since(start.0))
        };
        backups.into_iter().filter_map(took).collect()
    }
}

/// Timestamps are whole seconds: what took less than ten says little.
fn rate(amount: f64, took: SignedDuration) -> Option<f64> {
    (took >= SignedDuration::from_secs(10) && amount > 0.0).then(|| amount / took.as_secs_f64())
}

/// The length that this many of a hundred do not exceed.
pub(super) fn percentile(mut lengths: Vec<SignedDuration>, percent: usize) -> Option<SignedDuration> {
    lengths.sort_unstable();
    let place = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
    lengths.get(place).copied()
}
