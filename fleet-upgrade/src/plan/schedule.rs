//! When each cluster starts: the earliest instant that the order, the caps and the calendar allow.
//!
//! Clusters of a stage start in the stage's order and do not overtake each other: the least critical go first, also where
//! another order would finish a little earlier. With the order fixed, starting each as early as possible is
//! optimal, and loosening any limit never makes anything later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::general;
use super::openings::{Days, NEVER, Openings};
use super::{DomainShare, PlanDomain};

/// What the schedule needs to know of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) hop_seconds: i64,
    pub(crate) hops: usize,
    /// Which of the ground's calendars is its own; 0 is the fleet's.
    pub(crate) calendar: usize,
    pub(crate) domains: Vec<DomainShare>,
}

/// What all stages stand on: calendars, days and domains.
pub(crate) struct Ground<'a> {
    /// The fleet's calendar first, then those of some clusters' own.
    pub(crate) openings: Vec<Openings<'a>>,
    pub(crate) days: Days,
    pub(crate) domains: Vec<PlanDomain>,
}

/// What it needs to know of one stage.
pub(crate) struct StageJobs {
    pub(crate) jobs: Vec<Job>,
    pub(crate) max_concurrent: usize,
    pub(crate) max_per_day: Option<usize>,
    pub(crate) soak_seconds: i64,
}

/// Which constraints hold. Without one, the schedule tells what it costs.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // five independent switches
pub(crate) struct Limits {
    pub(crate) max_per_day: bool,
    pub(crate) max_concurrent: bool,
    pub(crate) soak: bool,
    pub(crate) calendar: bool,
    pub(crate) spread: bool,
}

impl Limits {
    pub(crate) const ALL: Self = Self {
        max_per_day: true,
        max_concurrent: true,
        soak: true,
        calendar: true,
        spread: true,
    };

    /// Whether a domain's limit holds: a group's is one on clusters at the same time.
    pub(super) fn hold(self, share: &DomainShare, domains: &[PlanDomain]) -> bool {
        let domain = domains.get(share.domain as usize);
        domain.is_some_and(|domain| {
            if domain.is_group() {
                self.max_concurrent
            } else {
                self.spread
            }
        })
    }
}

/// One cluster's time, in seconds since the epoch.
pub(crate) struct Slot {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// When the calendar closes on it, where that is before its end.
    pub(crate) closes_before_end: Option<i64>,
    pub(crate) bound: Bound,
    /// The day of the stage, from 1; only counted under a cap.
    pub(crate) day: u32,
}

/// What decided a start; clusters are numbered within their stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    StageStart,
    MaxConcurrent { after: usize },
    MaxPerDay,
    Calendar,
    Domain { domain: u32 },
    Order { after: usize },
}

/// One stage's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageTimes {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) soak_until: i64,
}

/// Why there is no schedule.
pub(crate) enum Unschedulable {
    /// A calendar, counted as jobs count them, does not open after this instant.
    NeverOpens {
        stage: usize,
        calendar: usize,
        after: i64,
    },
    /// The stage would end beyond what an instant can say.
    TooLate { stage: usize },
}

/// Schedules every stage from `start` on and hands out each cluster's slot, stage by stage, in order.
pub(crate) fn schedule(
    stages: &[StageJobs],
    start: i64,
    limits: Limits,
    ground: &mut Ground<'_>,
    mut slot: impl FnMut(usize, usize, Slot),
) -> Result<Vec<StageTimes>, Unschedulable> {
    let mut times = Vec::with_capacity(stages.len());
    let mut ready = start;
    for (number, stage) in stages.iter().enumerate() {
        if stage.jobs.iter().any(|job| {
            job.calendar > 0
                || job
                    .domains
                    .iter()
                    .any(|share| limits.hold(share, &ground.domains))
        }) {
            let slots = general::schedule_stage(number, stage, ready, limits, ground)?;
            let start = slots.iter().map(|slot| slot.start).min().unwrap_or(ready);
            let end = slots.iter().map(|slot| slot.end).max().unwrap_or(ready);
            for (index, job) in slots.into_iter().enumerate() {
                slot(number, index, job);
            }
            ready = close(number, stage, limits, start, end, &mut times)?;
            continue;
        }
        let Ground { openings, days, .. } = &mut *ground;
        let openings = &mut openings[0];
        let mut fit = |after, seconds| {
            if limits.calendar {
                openings.fit(after, seconds)
            } else {
                Some((after, NEVER))
            }
        };
        let max_concurrent = if limits.max_concurrent {
            stage.max_concurrent
        } else {
            usize::MAX
        };
        let max_per_day = stage.max_per_day.filter(|_| limits.max_per_day);
        let mut running: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
        let mut first = ready;
        let mut last = ready;
        let mut last_bound = Bound::StageStart;
        let mut end = ready;
        let (mut day, mut day_ends, mut on_day) = (0, i64::MIN, 0);
        for (index, job) in stage.jobs.iter().enumerate() {
            let room = if running.len() >= max_concurrent {
                running.pop().map(|Reverse(done)| done)
            } else {
                None
            };
            let room_at = room.map_or(ready, |(at, _)| at);
            let cap_at = if max_per_day.is_some_and(|cap| on_day >= cap) {
                day_ends
            } else {
                ready
            };
            let allowed = last.max(room_at).max(cap_at);

            let mut closes_before_end = None;
            let (mut begin, mut done) = (allowed, allowed);
            for hop in 0..job.hops {
                let (hop_start, closes) = fit(done, job.hop_seconds).ok_or(Unschedulable::NeverOpens {
                    stage: number,
                    calendar: 0,
                    after: done,
                })?;
                if hop == 0 {
                    begin = hop_start;
                }
                done = hop_start.saturating_add(job.hop_seconds);
                if closes < done && closes_before_end.is_none() {
                    closes_before_end = Some(closes);
                }
            }

            let bound = if cap_at > last.max(room_at) {
                Bound::MaxPerDay
            } else if begin > allowed {
                Bound::Calendar
            } else if let Some((_, after)) = room.filter(|(at, _)| *at == begin) {
                Bound::MaxConcurrent { after }
            } else if begin == ready {
                Bound::StageStart
            } else if begin == last {
                // It starts together with the one before it, and waited for the same.
                last_bound
            } else {
                Bound::Order {
                    after: index.saturating_sub(1),
                }
            };

            if max_per_day.is_some() {
                if begin >= day_ends {
                    day_ends = days.end(begin);
                    on_day = 0;
                    day += 1;
                }
                on_day += 1;
            }
            if limits.max_concurrent {
                running.push(Reverse((done, index)));
            }
            if index == 0 {
                first = begin;
            }
            last = begin;
            last_bound = bound;
            end = end.max(done);
            slot(
                number,
                index,
                Slot {
                    start: begin,
                    end: done,
                    closes_before_end,
                    bound,
                    day,
                },
            );
        }
        ready = close(number, stage, limits, first, end, &mut times)?;
    }
    Ok(times)
}

/// Notes a stage's time, its soak included, and says when the next one may start.
fn close(
    number: usize,
    stage: &StageJobs,
    limits: Limits,
    start: i64,
    end: i64,
    times: &mut Vec<StageTimes>,
) -> Result<i64, Unschedulable> {
    let soak_until = end.saturating_add(if limits.soak { stage.soak_seconds } else { 0 });
    if soak_until > LAST_SECOND {
        return Err(Unschedulable::TooLate { stage: number });
    }
    times.push(StageTimes {
        start,
        end,
        soak_until,
    });
    Ok(soak_until)
}

/// The end without caps and calendar: each stage as long as its longest cluster, and its soak.
pub(crate) fn lower_bound(stages: &[StageJobs], start: i64) -> i64 {
    stages.iter().fold(start, |ready, stage| {
        let longest = stage.jobs.iter().map(|job| {
            i64::try_from(job.hops)
                .unwrap_or(NEVER)
                .saturating_mul(job.hop_seconds)
        });
        ready
            .saturating_add(longest.max().unwrap_or(0))
            .saturating_add(stage.soak_seconds)
    })
}

/// The last whole second that a timestamp can say, in the year 9999.
const LAST_SECOND: i64 = 253_402_207_200;
