//! What holds one cluster's start, and when it could start without that.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::ClusterName;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::build::instant;
use super::openings::{Days, Openings, seconds_up};
use super::render::date;
use super::{PlannedCluster, PlannedStage, StartBound, UpgradePlan};

/// Why a cluster starts when it does. Prints as a sentence, in the time zone of the plan's calendar.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Why {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its stage.
    pub stage: String,
    /// When it starts.
    pub start: Timestamp,
    /// What decided that.
    pub bound: StartBound,
    /// The stage whose soak its own stage waits for, where that is what decided it.
    pub waits_for_soak_of: Option<String>,
    /// The earliest time at which it could start if only that did not hold, with all others at their times. Equal to
    /// `start` where nothing holds it, or something else holds it as long.
    pub otherwise: Timestamp,
    zone: TimeZone,
}

impl UpgradePlan {
    /// What holds this cluster's start: the constraint, and the earliest time it could start without it, all else
    /// unchanged. `None` for a cluster that is not to be upgraded.
    pub fn why(&self, cluster: &str) -> Option<Why> {
        let (stage_index, place) = self.locate(cluster)?;
        let stage = &self.stages[stage_index];
        let planned = &stage.clusters[place];
        let previous = stage_index.checked_sub(1).map(|index| &self.stages[index]);
        let bound = planned.reason.start().clone();
        let unsoaked = previous.filter(|stage| bound == StartBound::StageStart && !stage.soak.is_zero());
        let ready = match (unsoaked, previous) {
            (Some(unsoaked), _) => unsoaked.end,
            (None, Some(previous)) => previous.soak_until,
            (None, None) => self.created,
        };
        let otherwise = self
            .start_without_bound(stage, planned, seconds_up(ready))
            .map_or(planned.start, |start| planned.start.min(instant(start)));
        Some(Why {
            cluster: planned.name.clone(),
            stage: stage.name.clone(),
            start: planned.start,
            bound,
            waits_for_soak_of: unsoaked.map(|stage| stage.name.clone()),
            otherwise,
            zone: self.calendar.time_zone().clone(),
        })
    }

    /// The earliest start from `ready` on that keeps all but the constraint that holds the cluster, while the others of
    /// its stage stay at their times: also those behind it, which may have overtaken it.
    fn start_without_bound(&self, stage: &PlannedStage, planned: &PlannedCluster, ready: i64) -> Option<i64> {
        let bound = planned.reason.start();
        let others: Vec<&PlannedCluster> = stage
            .clusters
            .iter()
            .filter(|other| other.name != planned.name)
            .collect();

        let mut crowded = Vec::new();
        if !matches!(bound, StartBound::MaxConcurrent { .. }) {
            let room = u64::from(stage.max_concurrent.get()) - 1;
            crowded.extend(spans_beyond(room, &others, |_| 1));
        }
        for share in &planned.domains {
            let held = self.domains.get(share.domain as usize).filter(|held| {
                !matches!(bound, StartBound::Domain { domain, limit } if (domain, limit) == (&held.name, &held.limit))
            });
            if let Some(held) = held {
                let room = held.limit.saturating_sub(share.weight);
                crowded.extend(spans_beyond(room, &others, |other| {
                    weight_in(other, share.domain)
                }));
            }
        }
        crowded.sort_unstable();

        let cap = stage
            .max_per_day
            .filter(|_| !matches!(bound, StartBound::MaxPerDay { .. }));
        let mut days = Days::new(self.calendar.time_zone().clone());
        // By the day's end.
        let mut on_day: BTreeMap<i64, u32> = BTreeMap::new();
        if cap.is_some() {
            for other in &others {
                *on_day.entry(days.end(starts(other))).or_default() += 1;
            }
        }

        let mut openings = match bound {
            StartBound::Calendar { .. } => None,
            _ => Some(Openings::new(self.calendar_of(planned))),
        };
        let hop = planned.hop_estimate.as_signed().as_secs();
        let mut fit = |after| match &mut openings {
            Some(openings) => openings.fit(after, hop).map(|(opens, _)| opens),
            None => Some(after),
        };
        // The first start from then on that the calendar and the cap allow, and the end that goes with it.
        let mut slot = |mut after| loop {
            let start = fit(after)?;
            if let Some(cap) = cap {
                let day_ends = days.end(start);
                if on_day.get(&day_ends).is_some_and(|on_day| *on_day >= cap.get()) {
                    after = day_ends;
                    continue;
                }
            }
            let end = (1..planned.hops.len()).try_fold(start + hop, |end, _| Some(fit(end)? + hop))?;
            return Some((start, end));
        };

        let (mut start, mut end) = slot(ready.max(order(stage, planned).unwrap_or(ready)))?;
        for (from, to) in crowded {
            if from >= end {
                break;
            }
            // A later start before `to` would meet the same span.
            if to > start {
                (start, end) = slot(to)?;
            }
        }
        Some(start)
    }
}

/// When the last of those started which went before the cluster, where clusters do not overtake each other. Those that
/// start together with it wait for the same.
fn order(stage: &PlannedStage, planned: &PlannedCluster) -> Option<i64> {
    let overtakes = |cluster: &PlannedCluster| cluster.calendar.is_some() || !cluster.domains.is_empty();
    if matches!(planned.reason.start(), StartBound::Order { .. }) || stage.clusters.iter().any(overtakes) {
        return None;
    }
    let before = stage.clusters.iter().map(starts);
    before.filter(|start| *start < starts(planned)).max()
}

/// The spans in which more than `room` of these clusters is under way.
fn spans_beyond(
    room: u64,
    clusters: &[&PlannedCluster],
    weight: impl Fn(&PlannedCluster) -> u64,
) -> Vec<(i64, i64)> {
    let mut changes: Vec<(i64, i128)> = Vec::new();
    for cluster in clusters {
        let weight = i128::from(weight(cluster));
        if weight > 0 {
            changes.push((starts(cluster), weight));
            changes.push((cluster.end.as_second(), -weight));
        }
    }
    // At one instant, what ends comes first: it makes room for what starts.
    changes.sort_unstable();
    let mut spans = Vec::new();
    let (mut under_way, mut since) = (0, None);
    for (at, change) in changes {
        under_way += change;
        if under_way > i128::from(room) {
            since = since.or(Some(at));
        } else if let Some(from) = since.take() {
            spans.push((from, at));
        }
    }
    spans
}

fn weight_in(cluster: &PlannedCluster, domain: u32) -> u64 {
    let share = cluster.domains.iter().find(|share| share.domain == domain);
    share.map_or(0, |share| share.weight)
}

fn starts(cluster: &PlannedCluster) -> i64 {
    cluster.start.as_second()
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            stage,
            bound,
            zone,
            ..
        } = self;
        write!(f, "{cluster} (stage {stage}) starts {}: ", date(self.start, zone))?;
        match (&self.waits_for_soak_of, bound) {
            (Some(previous), _) => write!(f, "waits for the soak of stage {previous}")?,
            (None, StartBound::Calendar { .. }) => {
                f.write_str("before that the calendar is closed or not open long enough")?;
            }
            (None, StartBound::StageStart) => f.write_str("as soon as its stage may start")?,
            (None, bound) => write!(f, "{bound}")?,
        }
        if self.otherwise < self.start {
            write!(f, "; otherwise it could start {}", date(self.otherwise, zone))?;
        }
        Ok(())
    }
}
