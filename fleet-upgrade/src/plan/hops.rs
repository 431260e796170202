//! Which versions a cluster passes through: one minor at a time, never back.

use std::collections::BTreeMap;

use fleet_core::{FleetCluster, KubernetesVersion, MinorVersion, skew};

use super::refusal::{ClusterSample, PlanProblem};
use crate::spec::FleetUpgrade;

/// The ways to the target, by the minor version they start from.
pub(crate) struct Paths(BTreeMap<MinorVersion, Vec<KubernetesVersion>>);

impl Paths {
    /// The versions a cluster goes through; none when all of it runs the target's release already.
    pub(crate) fn of<'a>(&'a self, cluster: &'a FleetCluster, target: &KubernetesVersion) -> Way<'a> {
        let version = cluster.version();
        let on: &[KubernetesVersion] = if version.same_release(target) {
            &[]
        } else {
            self.0.get(&version.minor_version()).map_or(&[], Vec::as_slice)
        };
        // The workers are brought along with each hop; those that the first would leave too far behind go before it.
        let catch_up = cluster.workers_lag()
            && on
                .first()
                .is_none_or(|hop| skew::check_kubelet(hop, cluster.worker_version()).is_err());
        Way {
            catch_up: catch_up.then(|| (if on.is_empty() { target } else { version }).clone()),
            on,
        }
    }
}

/// The versions of one cluster's way.
pub(crate) struct Way<'a> {
    /// The control plane's own version, to which the workers must catch up first.
    catch_up: Option<KubernetesVersion>,
    on: &'a [KubernetesVersion],
}

impl Way<'_> {
    pub(crate) fn len(&self) -> usize {
        usize::from(self.catch_up.is_some()) + self.on.len()
    }

    /// How many of the hops change the control plane.
    pub(crate) fn control_plane_hops(&self) -> usize {
        self.on.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn versions(self) -> Vec<KubernetesVersion> {
        self.catch_up.into_iter().chain(self.on.iter().cloned()).collect()
    }
}

/// Finds the way of every cluster. What has none goes to `problems`.
pub(crate) fn paths(
    policy: &FleetUpgrade,
    clusters: &[&FleetCluster],
    problems: &mut Vec<PlanProblem>,
) -> Paths {
    let target = &policy.spec.target;
    check_hops(policy, problems);

    let mut newer = ClusterSample::default();
    let mut newest = target;
    let mut by_minor: BTreeMap<MinorVersion, ClusterSample> = BTreeMap::new();
    for cluster in clusters {
        let version = cluster.version();
        if version.same_release(target) {
            continue;
        }
        if version > target {
            newer.add(cluster.name());
            newest = newest.max(version);
        } else {
            by_minor
                .entry(version.minor_version())
                .or_default()
                .add(cluster.name());
        }
    }
    if newer.count > 0 {
        problems.push(PlanProblem::Downgrade {
            place: policy.place("spec.target"),
            target: target.clone(),
            newest: newest.release(),
            clusters: newer,
        });
    }

    let mut paths = BTreeMap::new();
    for (from, clusters) in by_minor {
        let distance = from.distance(target.minor_version());
        if from.major != target.major() {
            let place = policy.place("spec.target");
            problems.push(PlanProblem::OtherMajor {
                place,
                target: target.clone(),
                from,
                clusters,
            });
            continue;
        }
        let (path, missing) = path(from, target, &policy.spec.hops, &policy.spec.versions);
        if missing.is_empty() {
            paths.insert(from, path);
        } else {
            let place = policy.place("spec.hops");
            problems.push(PlanProblem::TooFar {
                place,
                target: target.clone(),
                from,
                distance,
                missing,
                clusters,
            });
        }
    }
    let paths = Paths(paths);
    check_workers(policy, clusters, &paths, problems);
    paths
}

/// Workers that a hop would bring down, or that are newer than the control plane they are left with. Somebody upgraded half of
/// a cluster by hand.
fn check_workers(
    policy: &FleetUpgrade,
    clusters: &[&FleetCluster],
    paths: &Paths,
    problems: &mut Vec<PlanProblem>,
) {
    let target = &policy.spec.target;
    // By the version their control planes go to: the newest workers, and whether one hop brings all of them there.
    let mut ahead: BTreeMap<&KubernetesVersion, (&KubernetesVersion, bool, ClusterSample)> = BTreeMap::new();
    for cluster in clusters {
        let (version, workers) = (cluster.version(), cluster.worker_version());
        if workers <= version {
            continue;
        }
        let next = paths.of(cluster, target).on.first();
        let is_ahead = match next {
            Some(hop) => workers > hop && !workers.same_release(hop),
            None => version.same_release(target) && skew::check_kubelet(version, workers).is_err(),
        };
        if is_ahead {
            let (newest, is_near, sample) = ahead
                .entry(next.unwrap_or(target))
                .or_insert_with(|| (workers, true, ClusterSample::default()));
            *newest = (*newest).max(workers);
            *is_near &= skew::check_control_plane_hop(version, workers).is_ok();
            sample.add(cluster.name());
        }
    }
    for (hop, (workers, is_near, clusters)) in ahead {
        let workers = workers.release();
        let (field, mend) = if hop == target {
            let how = if is_near {
                ""
            } else {
                "bring the control planes up to that by hand, and "
            };
            (
                "spec.target",
                format!("{how}raise the target to at least {workers}"),
            )
        } else {
            let is_pinned = policy.spec.hops.contains(hop);
            let field = if is_pinned { "spec.hops" } else { "spec.versions" };
            let mend = if workers.minor_version() == hop.minor_version() {
                format!("pass {} at {workers} or later", hop.minor_version())
            } else {
                format!("bring the control planes up to {workers} by hand first")
            };
            (field, mend)
        };
        problems.push(PlanProblem::WorkersAhead {
            place: policy.place(field),
            hop: hop.clone(),
            workers,
            clusters,
            mend,
        });
    }
}

/// The way from one minor version to the target, and the minors on it for which nothing is pinned.
fn path(
    from: MinorVersion,
    target: &KubernetesVersion,
    hops: &[KubernetesVersion],
    versions: &[KubernetesVersion],
) -> (Vec<KubernetesVersion>, Vec<MinorVersion>) {
    let mut path = Vec::new();
    let mut missing = Vec::new();
    let mut next = from.next();
    while next < target.minor_version() {
        let newest = || {
            versions
                .iter()
                // A pre-release is passed through only where it is pinned.
                .filter(|version| version.minor_version() == next && version.pre_release().is_none())
                .max()
        };
        match hops
            .iter()
            .find(|hop| hop.minor_version() == next)
            .or_else(newest)
        {
            Some(hop) => path.push(hop.clone()),
            None => missing.push(next),
        }
        if missing.len() >= MOST_MISSING {
            break;
        }
        next = next.next();
    }
    path.push(target.clone());
    (path, missing)
}

/// A target of `v1.99999.0` is a mistake that needs no list of everything before it.
const MOST_MISSING: usize = 64;

fn check_hops(policy: &FleetUpgrade, problems: &mut Vec<PlanProblem>) {
    let target = &policy.spec.target;
    let hops = &policy.spec.hops;
    for (index, hop) in hops.iter().enumerate() {
        let place = || policy.place(format!("spec.hops[{index}]"));
        if hop.minor_version() >= target.minor_version() {
            problems.push(PlanProblem::HopBeyondTarget {
                place: place(),
                hop: hop.clone(),
                target: target.clone(),
            });
        }
        if let Some(previous) = index.checked_sub(1).map(|before| &hops[before])
            && previous.minor_version() >= hop.minor_version()
        {
            problems.push(PlanProblem::HopOrder {
                place: place(),
                hop: hop.clone(),
                previous: previous.clone(),
            });
        }
    }
}
