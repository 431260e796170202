//! What holds one cluster's start, and when it could start without that.

use std::fmt;

use fleet_core::ClusterName;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::build::instant;
use super::openings::{Days, Openings, seconds_up};
use super::render::date;
use super::{PlannedCluster, StartBound, UpgradePlan};

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
    /// The earliest time at which it could start if only that did not hold. Equal to `start` where nothing holds it.
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
        let before = &stage.clusters[..place];
        let previous = stage_index.checked_sub(1).map(|index| &self.stages[index]);
        let mut openings = Openings::new(self.calendar_of(planned));

        let ready = previous.map_or(seconds_up(self.created), |stage| stage.soak_until.as_second());
        let start = planned.start.as_second();
        // Those that start together wait for the same; what went before them is what counts.
        let order = before
            .iter()
            .rev()
            .find(|earlier| earlier.start < planned.start)
            .map_or(ready, starts);
        let room = room_at(before, stage.max_concurrent.get() as usize).unwrap_or(ready);
        let cap = self
            .cap_at(before, stage.max_per_day.map(|cap| cap.get() as usize))
            .unwrap_or(ready);
        let bound = planned.reason.start().clone();
        let mut waits_for_soak_of = None;
        let allowed = match &bound {
            StartBound::StageStart => {
                let unsoaked = previous.filter(|stage| !stage.soak.is_zero());
                waits_for_soak_of = unsoaked.map(|stage| stage.name.clone());
                unsoaked.map_or(start, |stage| stage.end.as_second())
            }
            StartBound::MaxConcurrent { .. } => ready.max(order).max(cap),
            StartBound::MaxPerDay { .. } => ready.max(order).max(room),
            StartBound::Calendar { .. } => ready.max(order).max(room).max(cap),
            StartBound::Domain { .. } | StartBound::Order { .. } => ready.max(room).max(cap),
        };
        let otherwise = match bound {
            StartBound::Calendar { .. } => allowed,
            _ => openings
                .fit(allowed, planned.hop_estimate.as_signed().as_secs())
                .map_or(start, |(opens, _)| opens),
        };
        Some(Why {
            cluster: planned.name.clone(),
            stage: stage.name.clone(),
            start: planned.start,
            bound,
            waits_for_soak_of,
            otherwise: instant(otherwise.min(start)),
            zone: self.calendar.time_zone().clone(),
        })
    }

    /// The end of the day on which the clusters before used the cap up.
    fn cap_at(&self, before: &[PlannedCluster], cap: Option<usize>) -> Option<i64> {
        let first_of_last = before.len().checked_sub(cap?)?;
        let day_ends = Days::new(self.calendar.time_zone().clone()).end(starts(&before[first_of_last]));
        (starts(before.last()?) < day_ends).then_some(day_ends)
    }
}

/// When fewer than `max` of these clusters are still under way.
fn room_at(before: &[PlannedCluster], max: usize) -> Option<i64> {
    let mut ends: Vec<i64> = before.iter().map(|cluster| cluster.end.as_second()).collect();
    let place = ends.len().checked_sub(max)?;
    Some(*ends.select_nth_unstable(place).1)
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
