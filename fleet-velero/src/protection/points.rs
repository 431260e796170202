//! What of a cluster's backups is left after a loss, and what its schedules promise.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use fleet_core::cron::{CronDialect, Gap as CronGap};
use jiff::{SignedDuration, Timestamp};

use super::exposure::{DrClass, Exposure, Interval};
use super::gaps::GapReason;
use super::rto::percentile;
use super::{AnalysisOptions, Reach};
use crate::disaster::Losses;
use crate::inventory::{
    ClusterState, NamespaceState, ObjectState, PointState, RecoveryPoint, ScopeId, Server, VolumeState,
    region_of,
};
use crate::schedules::{Coverage, TICK, Timing, Uncovered, VolumeMethod};
use crate::{BackupSpec, BackupStorageLocation, BackupStorageLocationPhase};

/// The runs of expressions, each computed once for all clusters.
#[derive(Default)]
pub(super) struct GapCache(HashMap<(String, CronDialect, String), Option<Rc<Runs>>>);

struct Runs {
    gap: CronGap,
    week: Vec<Timestamp>,
}

impl GapCache {
    fn runs(&mut self, expression: &str, server: &Server, now: Timestamp) -> Option<Rc<Runs>> {
        const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
        let dialect = server.version.cron_dialect();
        let zone = server.time_zone.iana_name().unwrap_or_default().to_owned();
        let key = (expression.to_owned(), dialect, zone);
        let runs = self.0.entry(key).or_insert_with(|| {
            let timing = Timing::read(expression, server).ok()?;
            let until = now.checked_add(WEEK).ok()?;
            Some(Rc::new(Runs {
                gap: timing.worst_gap(now)?,
                week: timing.upcoming(now).take_while(|at| *at < until).collect(),
            }))
        });
        runs.clone()
    }
}

/// A backup that can be restored from.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) point: &'a RecoveryPoint,
    pub(crate) location: &'a BackupStorageLocation,
}

/// The backups of one scope in one location.
struct Group<'a> {
    coverage: Rc<Coverage>,
    /// Whether the location is left.
    is_left: bool,
    /// Whether the location is in another region than the cluster.
    is_remote: bool,
    /// The newest that holds every object it is meant to.
    objects: Option<Candidate<'a>>,
    /// The newest that holds every volume, too.
    volumes: Option<Candidate<'a>>,
}

/// An active schedule, and what it promises.
struct Promise {
    coverage: Rc<Coverage>,
    is_left: bool,
    interval: Interval,
}

/// What of a cluster's backups is left after a loss.
pub(crate) struct Candidates<'a> {
    cluster: &'a ClusterState,
    losses: &'a Losses,
    groups: Vec<Group<'a>>,
    promises: Vec<Promise>,
    /// How many backups are from after the time that is asked about, and none of these.
    pub(crate) ahead: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn of(
        cluster: &'a ClusterState,
        losses: &'a Losses,
        options: &AnalysisOptions,
        cache: &mut GapCache,
    ) -> Self {
        let mut candidates = Self::left(cluster, losses, options.now);
        candidates.promises = promises(cluster, losses, options, cache);
        candidates
    }

    /// The backups alone, for a plan.
    pub(crate) fn left(cluster: &'a ClusterState, losses: &'a Losses, now: Timestamp) -> Self {
        let mut coverages: BTreeMap<ScopeId, Rc<Coverage>> = BTreeMap::new();
        for (id, spec) in cluster.scopes.iter() {
            if let Ok(coverage) = Coverage::of(spec, cluster) {
                coverages.insert(id, Rc::new(coverage));
            }
        }
        let default = cluster.default_location();
        let mut ahead = 0;
        let mut groups: BTreeMap<(ScopeId, &str), Group<'a>> = BTreeMap::new();
        for point in &cluster.backups {
            let name = point.location.as_deref().unwrap_or(default);
            let state = point.state(now);
            ahead += usize::from(state == PointState::NotYet);
            if !matches!(state, PointState::Usable | PointState::VolumesMissing) || !losses.trusts(point) {
                continue;
            }
            let (Some(started), Some(location), Some(coverage)) =
                (point.started, cluster.location(name), coverages.get(&point.scope))
            else {
                continue;
            };
            let listing = cluster.bucket_listings.get(name);
            if listing.is_some_and(|listing| !listing.contains(&point.name)) {
                continue;
            }
            let group = groups.entry((point.scope, name)).or_insert_with(|| Group {
                coverage: Rc::clone(coverage),
                is_left: losses.spares_location(location) && is_available(location),
                is_remote: is_remote(location, cluster),
                objects: None,
                volumes: None,
            });
            let newer = |known: &Option<Candidate<'_>>| {
                known
                    .as_ref()
                    .is_none_or(|known| known.point.started < Some(started))
            };
            if newer(&group.objects) {
                group.objects = Some(Candidate { point, location });
            }
            if state == PointState::Usable && newer(&group.volumes) {
                group.volumes = Some(Candidate { point, location });
            }
        }
        Self {
            cluster,
            losses,
            groups: groups.into_values().collect(),
            promises: Vec::new(),
            ahead,
        }
    }

    /// Those that are meant to hold a namespace.
    pub(crate) fn holding<'c>(&'c self, namespace: &'c NamespaceState) -> InScope<'c, 'a> {
        let mut why = Uncovered::NamespaceNotIncluded;
        let mut holds = |coverage: &Coverage| match coverage.namespace(namespace) {
            Ok(()) => true,
            Err(reason) => {
                why = why.max(reason);
                false
            }
        };
        InScope {
            groups: self
                .groups
                .iter()
                .filter(|group| holds(&group.coverage))
                .collect(),
            promises: self
                .promises
                .iter()
                .filter(|promise| holds(&promise.coverage))
                .collect(),
            candidates: self,
            namespace: &namespace.name,
            why,
        }
    }
}

fn is_available(location: &BackupStorageLocation) -> bool {
    let phase = location.status.as_ref().and_then(|status| status.phase.as_ref());
    phase != Some(&BackupStorageLocationPhase::Unavailable)
}

fn is_remote(location: &BackupStorageLocation, cluster: &ClusterState) -> bool {
    let region = region_of(location);
    region.is_some() && region != cluster.region.as_deref()
}

/// The backups and schedules that are meant to hold one namespace.
pub(crate) struct InScope<'c, 'a> {
    groups: Vec<&'c Group<'a>>,
    promises: Vec<&'c Promise>,
    candidates: &'c Candidates<'a>,
    namespace: &'c str,
    why: Uncovered,
}

/// The best there is for one object or volume.
#[allow(clippy::struct_excessive_bools)] // Each is a reason of its own.
pub(crate) struct Best<'c> {
    pub(crate) newest: Option<&'c Candidate<'c>>,
    pub(crate) method: Option<VolumeMethod>,
    pub(super) interval: Option<&'c Interval>,
    pub(super) class: DrClass,
    /// Whether any backup or schedule at all is meant to hold it.
    is_meant: bool,
    /// Whether a usable backup of it is in a location that is gone.
    was_in_lost_location: bool,
    /// Whether its data is in snapshots that are gone.
    was_in_lost_snapshot: bool,
    why: Uncovered,
    has_schedules: bool,
}

impl<'c, 'a: 'c> InScope<'c, 'a> {
    /// The best for an object.
    pub(crate) fn object(&self, object: &ObjectState) -> Best<'c> {
        self.best(
            |coverage| coverage.object(self.namespace, object).map(|()| None),
            |group| group.objects.as_ref(),
        )
    }

    /// The best for a volume, its data included.
    pub(crate) fn volume(&self, volume: &VolumeState) -> Best<'c> {
        self.best(
            |coverage| coverage.volume(self.namespace, volume).map(Some),
            |group| group.volumes.as_ref(),
        )
    }

    fn best(
        &self,
        held: impl Fn(&Coverage) -> Result<Option<VolumeMethod>, Uncovered>,
        newest: impl Fn(&'c Group<'a>) -> Option<&'c Candidate<'a>>,
    ) -> Best<'c> {
        let Candidates { cluster, losses, .. } = self.candidates;
        let mut best = Best {
            newest: None,
            method: None,
            interval: None,
            class: DrClass::None,
            is_meant: false,
            was_in_lost_location: false,
            was_in_lost_snapshot: false,
            why: self.why,
            has_schedules: !self.candidates.promises.is_empty() || !self.candidates.groups.is_empty(),
        };
        let spares =
            |method: Option<VolumeMethod>| method.is_none_or(|method| losses.spares_data(cluster, method));
        for group in &self.groups {
            let method = match held(&group.coverage) {
                Ok(method) => method,
                Err(why) => {
                    best.why = best.why.max(why);
                    continue;
                }
            };
            best.is_meant = true;
            let Some(candidate) = newest(group) else { continue };
            best.class = best.class.max(class_of(method, group.is_remote));
            if !group.is_left {
                best.was_in_lost_location = true;
            } else if !spares(method) {
                best.was_in_lost_snapshot = true;
            } else if best
                .newest
                .is_none_or(|known| known.point.started < candidate.point.started)
            {
                best.newest = Some(candidate);
                best.method = method;
            }
        }
        for promise in &self.promises {
            match held(&promise.coverage) {
                Ok(method) => {
                    best.is_meant = true;
                    let better = best
                        .interval
                        .is_none_or(|known| promise.interval.worst() < known.worst());
                    if promise.is_left && spares(method) && better {
                        best.interval = Some(&promise.interval);
                    } else if !promise.is_left {
                        best.was_in_lost_location = true;
                    } else if !spares(method) {
                        best.was_in_lost_snapshot = true;
                    }
                }
                Err(why) => best.why = best.why.max(why),
            }
        }
        best
    }
}

fn class_of(method: Option<VolumeMethod>, is_remote: bool) -> DrClass {
    match (method, is_remote) {
        (Some(VolumeMethod::CsiSnapshot), _) => DrClass::ClusterSnapshot,
        (Some(VolumeMethod::NativeSnapshot), _) => DrClass::RegionalSnapshot,
        (_, true) => DrClass::RemoteBucket,
        (_, false) => DrClass::RegionalBucket,
    }
}

impl Best<'_> {
    pub(super) fn exposure(&self, now: Timestamp) -> Exposure {
        let started = self.newest.and_then(|candidate| candidate.point.started);
        // A start a little ahead is a clock that is wrong, not a gain.
        started.map_or(Exposure::Everything, |at| {
            Exposure::Last(now.duration_since(at).max(SignedDuration::ZERO))
        })
    }

    pub(super) fn worst(&self) -> Exposure {
        self.interval
            .map_or(Exposure::Everything, |interval| Exposure::Last(interval.worst()))
    }

    /// Why it is not as well protected as it should be, if it is not.
    pub(super) fn reason(&self, options: &AnalysisOptions) -> Option<GapReason> {
        let now = self.exposure(options.now);
        match (self.newest, self.interval) {
            (Some(_), Some(interval)) => (!now.is_within(interval.worst())).then_some(GapReason::Stale),
            (Some(_), None) => Some(GapReason::NoSchedule),
            (None, _) if self.was_in_lost_snapshot => Some(GapReason::SnapshotsLost),
            (None, _) if self.was_in_lost_location && options.reach != Reach::Namespace => {
                Some(GapReason::LocationLost)
            }
            (None, _) if self.is_meant => Some(GapReason::NoUsableBackup),
            (None, _) if self.has_schedules => Some(GapReason::NotCovered(self.why)),
            (None, _) => Some(GapReason::NoBackups),
        }
    }
}

/// What the active schedules of a cluster promise.
fn promises(
    cluster: &ClusterState,
    losses: &Losses,
    options: &AnalysisOptions,
    cache: &mut GapCache,
) -> Vec<Promise> {
    struct Active<'a> {
        name: &'a str,
        spec: &'a BackupSpec,
        runs: Rc<Runs>,
        coverage: Rc<Coverage>,
        duration: SignedDuration,
        samples: u32,
    }
    let Some(server) = &cluster.server else {
        return Vec::new();
    };
    let mut durations: HashMap<&str, Vec<SignedDuration>> = HashMap::new();
    let taken = cluster
        .backups
        .iter()
        .filter(|point| !point.is_ahead_of(options.now));
    for point in taken {
        if let (Some(schedule), Some(duration)) = (&point.schedule, point.duration()) {
            durations.entry(schedule).or_default().push(duration);
        }
    }
    let mut active = Vec::new();
    for schedule in cluster
        .schedules
        .iter()
        .filter(|schedule| Timing::is_active(schedule))
    {
        let name = schedule.metadata.name.as_deref().unwrap_or_default();
        let (Some(runs), Ok(coverage)) = (
            cache.runs(&schedule.spec.schedule, server, options.now),
            Coverage::of(&schedule.spec.template, cluster),
        ) else {
            continue;
        };
        let measured = durations.remove(name).unwrap_or_default();
        active.push(Active {
            name,
            spec: &schedule.spec.template,
            runs,
            coverage: Rc::new(coverage),
            samples: u32::try_from(measured.len()).unwrap_or(u32::MAX),
            duration: percentile(measured, 95).unwrap_or_default(),
        });
    }
    let of_one = |this: &Active<'_>| {
        let waits_for = |other: &&Active<'_>| {
            other.name != this.name
                && runs_meet(&this.runs.week, &other.runs.week)
                && cluster.namespaces.iter().any(|namespace| {
                    this.coverage.namespace(namespace).is_ok() && other.coverage.namespace(namespace).is_ok()
                })
        };
        let queue = active.iter().filter(waits_for).map(|other| other.duration);
        let location = cluster.location(
            this.spec
                .storage_location
                .as_deref()
                .unwrap_or(cluster.default_location()),
        );
        let remote = location.is_some_and(|location| is_remote(location, cluster));
        Promise {
            coverage: Rc::clone(&this.coverage),
            is_left: location
                .is_some_and(|location| losses.spares_location(location) && is_available(location)),
            interval: Interval {
                schedule: this.name.to_owned(),
                gap: this.runs.gap,
                failures: options.tolerated_failures,
                tick: TICK,
                queue: queue.sum(),
                duration: this.duration,
                samples: this.samples,
                replication: if remote {
                    options.replication_lag
                } else {
                    SignedDuration::ZERO
                },
            },
        }
    };
    active.iter().map(of_one).collect()
}

/// Whether two ordered lists of times have one in common.
fn runs_meet(a: &[Timestamp], b: &[Timestamp]) -> bool {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => a.next(),
            std::cmp::Ordering::Greater => b.next(),
        };
    }
    false
}
