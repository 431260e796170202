//! Holds a plan against what every plan must keep, computed anew from its dates alone.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::{ClusterName, KubernetesVersion, skew};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{PlannedCluster, PlannedStage, UpgradePlan};

/// Something a plan must not do. [`plan`](crate::plan()) makes no such plan; one that was stored and edited may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanViolation {
    /// A cluster stands in the plan more than once.
    #[error("cluster {cluster} stands in the plan more than once")]
    Repeated {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A cluster starts before its stage may.
    #[error("cluster {cluster} starts {start}, before its stage `{stage}` may at {ready}")]
    BeforeStage {
        /// The cluster.
        cluster: ClusterName,
        /// Its stage.
        stage: String,
        /// When it starts.
        start: Timestamp,
        /// When the stage before it has soaked, or the plan was made.
        ready: Timestamp,
    },
    /// A stage's own times do not fit its clusters or its soak.
    #[error("stage `{stage}`: its {field} is {found}, by its clusters and soak it is {expected}")]
    StageTimes {
        /// The stage.
        stage: String,
        /// `start`, `end` or `soakUntil`.
        field: &'static str,
        /// What the plan says.
        found: Timestamp,
        /// What it should say.
        expected: Timestamp,
    },
    /// More clusters are under way than the stage allows.
    #[error("stage `{stage}`: {running} clusters are under way at {at}, at most {max} may")]
    TooManyAtOnce {
        /// The stage.
        stage: String,
        /// When.
        at: Timestamp,
        /// How many.
        running: usize,
        /// The limit.
        max: u32,
    },
    /// More clusters start on a day than the stage allows.
    #[error("stage `{stage}`: {started} clusters start on {day}, at most {max} may")]
    TooManyOnDay {
        /// The stage.
        stage: String,
        /// The day, in the calendar's time zone.
        day: Date,
        /// How many.
        started: usize,
        /// The cap.
        max: u32,
    },
    /// More of a domain is away than may be.
    #[error("stage `{stage}`: {away} of {domain} are away at {at}, at most {limit} may")]
    DomainExceeded {
        /// The stage.
        stage: String,
        /// The domain.
        domain: String,
        /// When.
        at: Timestamp,
        /// How much is away.
        away: u64,
        /// The limit.
        limit: u64,
    },
    /// A cluster starts when the calendar is closed.
    #[error("cluster {cluster} starts {start}, when the calendar is closed")]
    CalendarClosed {
        /// The cluster.
        cluster: ClusterName,
        /// When it starts.
        start: Timestamp,
    },
    /// A cluster ends before its hops can be done.
    #[error("cluster {cluster} ends before its hops are done")]
    TooShort {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A hop that no control plane may make.
    #[error("cluster {cluster} goes from {from} to {to}, which is not one step up")]
    IllegalHop {
        /// The cluster.
        cluster: ClusterName,
        /// From this version.
        from: KubernetesVersion,
        /// To this one.
        to: KubernetesVersion,
    },
    /// A cluster does not end at the plan's target.
    #[error("cluster {cluster} does not end at the target")]
    NotAtTarget {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The plan's end is not that of its last stage, or lies before its lower bound.
    #[error("the plan's finish {finish} is not that of its last stage, or before its lower bound")]
    Finish {
        /// The plan's finish.
        finish: Timestamp,
    },
}

impl UpgradePlan {
    /// Recomputes what every plan must keep: each cluster once, stages in order and soaked, limits and caps at every
    /// instant and on every day, the calendar, legal hops that end at the target.
    ///
    /// # Errors
    ///
    /// Everything that is violated.
    pub fn check(&self) -> Result<(), Vec<PlanViolation>> {
        let mut violations = Vec::new();
        let mut seen = BTreeSet::new();
        let names = self
            .clusters()
            .map(|cluster| &cluster.name)
            .chain(self.at_target().map(|done| &done.name));
        for name in names {
            if !seen.insert(name) {
                violations.push(PlanViolation::Repeated {
                    cluster: name.clone(),
                });
            }
        }
        let mut ready = self.created;
        for stage in &self.stages {
            for cluster in &stage.clusters {
                if cluster.start < ready {
                    violations.push(PlanViolation::BeforeStage {
                        cluster: cluster.name.clone(),
                        stage: stage.name.clone(),
                        start: cluster.start,
                        ready,
                    });
                }
                self.check_cluster(cluster, &mut violations);
            }
            check_times(stage, &mut violations);
            check_concurrency(stage, &mut violations);
            self.check_days(stage, &mut violations);
            self.check_domains(stage, &mut violations);
            ready = stage.soak_until;
        }
        let last = self.stages.last().map_or(self.created, |stage| stage.soak_until);
        if self.finish != last || self.lower_bound > self.finish {
            violations.push(PlanViolation::Finish { finish: self.finish });
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations)
        }
    }

    fn check_cluster(&self, cluster: &PlannedCluster, violations: &mut Vec<PlanViolation>) {
        let name = || cluster.name.clone();
        if !self.calendar_of(cluster).is_open(cluster.start) {
            violations.push(PlanViolation::CalendarClosed {
                cluster: name(),
                start: cluster.start,
            });
        }
        let hops = i32::try_from(cluster.hops.len()).unwrap_or(i32::MAX);
        let work = cluster.hop_estimate.as_signed().checked_mul(hops);
        if work.is_none_or(|work| cluster.end.duration_since(cluster.start) < work) {
            violations.push(PlanViolation::TooShort { cluster: name() });
        }
        let (mut from, mut workers) = (&cluster.from, cluster.oldest());
        for to in &cluster.hops {
            if skew::check_control_plane_hop(from, to).is_err()
                || skew::check_kubelet(to, workers).is_err() && !to.same_release(from)
                || to.same_release(workers)
            {
                violations.push(PlanViolation::IllegalHop {
                    cluster: name(),
                    from: from.clone(),
                    to: to.clone(),
                });
            }
            (from, workers) = (to, to);
        }
        if cluster.hops.last() != Some(&self.target) {
            violations.push(PlanViolation::NotAtTarget { cluster: name() });
        }
    }

    /// Sweeps over all starts and ends of each domain's clusters.
    fn check_domains(&self, stage: &PlannedStage, violations: &mut Vec<PlanViolation>) {
        let mut events: Vec<(Timestamp, bool, u32, u64)> = Vec::new();
        for cluster in &stage.clusters {
            for share in &cluster.domains {
                events.push((cluster.start, true, share.domain, share.weight));
                events.push((cluster.end, false, share.domain, share.weight));
            }
        }
        events.sort_unstable();
        let mut used = vec![0_u64; self.domains.len()];
        for (at, starts, number, weight) in events {
            let (Some(used), Some(domain)) =
                (used.get_mut(number as usize), self.domains.get(number as usize))
            else {
                continue;
            };
            if !starts {
                *used = used.saturating_sub(weight);
                continue;
            }
            *used = used.saturating_add(weight);
            if *used > domain.limit {
                violations.push(PlanViolation::DomainExceeded {
                    stage: stage.name.clone(),
                    domain: domain.name.clone(),
                    at,
                    away: *used,
                    limit: domain.limit,
                });
            }
        }
    }

    fn check_days(&self, stage: &PlannedStage, violations: &mut Vec<PlanViolation>) {
        let Some(cap) = stage.max_per_day else { return };
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        for cluster in &stage.clusters {
            let day = cluster.start.to_zoned(self.calendar.time_zone().clone()).date();
            *days.entry(day).or_default() += 1;
        }
        for (day, started) in days
            .into_iter()
            .filter(|(_, started)| *started > cap.get() as usize)
        {
            violations.push(PlanViolation::TooManyOnDay {
                stage: stage.name.clone(),
                day,
                started,
                max: cap.get(),
            });
        }
    }
}

fn check_times(stage: &PlannedStage, violations: &mut Vec<PlanViolation>) {
    let mut expect = |field, found: Timestamp, expected: Timestamp| {
        if found != expected {
            violations.push(PlanViolation::StageTimes {
                stage: stage.name.clone(),
                field,
                found,
                expected,
            });
        }
    };
    let starts = stage.clusters.iter().map(|cluster| cluster.start);
    expect("start", stage.start, starts.min().unwrap_or(stage.start));
    let ends = stage.clusters.iter().map(|cluster| cluster.end);
    expect("end", stage.end, ends.max().unwrap_or(stage.start));
    // A soak of fractions of a second ends on the next whole one.
    let soaked = stage
        .end
        .checked_add(stage.soak.as_signed())
        .unwrap_or(Timestamp::MAX);
    let soaked = Timestamp::from_second(super::openings::seconds_up(soaked)).unwrap_or(Timestamp::MAX);
    expect("soakUntil", stage.soak_until, soaked);
}

/// Sweeps over all starts and ends; at one instant, what ends makes room for what starts.
fn check_concurrency(stage: &PlannedStage, violations: &mut Vec<PlanViolation>) {
    let starts = stage.clusters.iter().map(|cluster| (cluster.start, true));
    let ends = stage.clusters.iter().map(|cluster| (cluster.end, false));
    let mut events: Vec<(Timestamp, bool)> = starts.chain(ends).collect();
    events.sort_unstable();
    let mut running: usize = 0;
    for (at, starts) in events {
        if starts {
            running += 1;
            if running > stage.max_concurrent.get() as usize {
                let max = stage.max_concurrent.get();
                violations.push(PlanViolation::TooManyAtOnce {
                    stage: stage.name.clone(),
                    at,
                    running,
                    max,
                });
            }
        } else {
            running = running.saturating_sub(1);
        }
    }
}
