//! The schedule of a stage in which clusters may overtake each other: those that wait for their own domain or their own
//! calendar let the others by.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::DomainShare;
use super::openings::{NEVER, Openings};
use super::schedule::{Bound, Ground, Job, Limits, Slot, StageJobs, Unschedulable};

/// Schedules one stage from `ready` on, event by event: whenever a place, a domain, a day or a calendar opens, every
/// cluster that may start does, in the stage's order.
pub(crate) fn schedule_stage(
    number: usize,
    stage: &StageJobs,
    ready: i64,
    limits: Limits,
    ground: &mut Ground<'_>,
) -> Result<Vec<Slot>, Unschedulable> {
    let Ground {
        openings,
        days,
        domains,
    } = ground;
    let max_concurrent = if limits.max_concurrent {
        stage.max_concurrent
    } else {
        usize::MAX
    };
    let max_per_day = stage.max_per_day.filter(|_| limits.max_per_day);
    let mut firsts = Firsts::default();
    let mut used: Vec<u64> = vec![0; domains.len()];
    let mut slots: Vec<Option<Slot>> = stage.jobs.iter().map(|_| None).collect();
    // What each cluster waited for by itself, and in which pass; what it waited for with all the others.
    let mut own: Vec<(usize, Bound)> = vec![(usize::MAX, Bound::StageStart); stage.jobs.len()];
    let mut shared = Bound::StageStart;
    let mut pending: Vec<usize> = (0..stage.jobs.len()).collect();
    let mut running: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
    let (mut day, mut day_ends, mut on_day) = (0_u32, i64::MIN, 0_usize);
    let mut now = ready;
    let mut ended_last = None;
    let mut pass: usize = 0;
    while !pending.is_empty() {
        pass += 1;
        while let Some(Reverse((end, index))) = running.peek().copied()
            && end <= now
        {
            running.pop();
            release(&mut used, &stage.jobs[index].domains);
            ended_last = Some(index);
        }
        let mut wake: Option<i64> = None;
        let mut at = |instant: i64| wake = Some(wake.map_or(instant, |wake: i64| wake.min(instant)));
        let mut left = Vec::with_capacity(pending.len());
        for (position, &index) in pending.iter().enumerate() {
            if running.len() >= max_concurrent {
                // Whose end makes room is known when it has come.
                shared = Bound::MaxConcurrent { after: index };
                left.extend_from_slice(&pending[position..]);
                break;
            }
            if max_per_day.is_some_and(|cap| on_day >= cap && now < day_ends) {
                at(day_ends);
                shared = Bound::MaxPerDay;
                left.extend_from_slice(&pending[position..]);
                break;
            }
            let job = &stage.jobs[index];
            let full = job.domains.iter().find(|share| {
                let place = share.domain as usize;
                limits.hold(share, domains) && used[place].saturating_add(share.weight) > domains[place].limit
            });
            if let Some(share) = full {
                own[index] = (pass, Bound::Domain { domain: share.domain });
                left.push(index);
                continue;
            }
            let never = |after| Unschedulable::NeverOpens {
                stage: number,
                calendar: job.calendar,
                after,
            };
            let (opens, closes) = firsts.fit(job, now, limits, openings).ok_or_else(|| never(now))?;
            if opens > now {
                own[index] = (pass, Bound::Calendar);
                at(opens);
                // The fleet's calendar is everyone's: those behind it wait with it.
                if job.calendar == 0 {
                    shared = Bound::Calendar;
                    left.extend_from_slice(&pending[position..]);
                    break;
                }
                left.push(index);
                continue;
            }
            let slot = hops(job, (now, closes), limits, openings).map_err(never)?;
            if max_per_day.is_some() {
                if now >= day_ends {
                    day_ends = days.end(now);
                    on_day = 0;
                    day += 1;
                }
                on_day += 1;
            }
            for share in &job.domains {
                used[share.domain as usize] += share.weight;
            }
            running.push(Reverse((slot.end, index)));
            let waited = if own[index].0 == pass - 1 {
                own[index].1
            } else {
                shared
            };
            let bound = match waited {
                Bound::MaxConcurrent { after } => Bound::MaxConcurrent {
                    after: ended_last.unwrap_or(after),
                },
                bound => bound,
            };
            slots[index] = Some(Slot { bound, day, ..slot });
        }
        pending = left;
        if pending.is_empty() {
            break;
        }
        if let Some(Reverse((end, _))) = running.peek() {
            at(*end);
        }
        match wake {
            Some(wake) if wake > now => now = wake,
            // Nothing runs, nothing opens: no cluster fits into its domain, which the planner refuses before.
            _ => return Err(Unschedulable::TooLate { stage: number }),
        }
    }
    Ok(slots.into_iter().flatten().collect())
}

/// When first hops fit, by calendar and length, and since when that is known: until then nothing opens sooner, so that
/// clusters which wait together ask once.
#[derive(Default)]
struct Firsts(BTreeMap<(usize, i64), (i64, (i64, i64))>);

impl Firsts {
    fn fit(
        &mut self,
        job: &Job,
        now: i64,
        limits: Limits,
        openings: &mut [Openings<'_>],
    ) -> Option<(i64, i64)> {
        if !limits.calendar {
            return Some((now, NEVER));
        }
        let key = (job.calendar, job.hop_seconds);
        if let Some((asked, fit)) = self.0.get(&key)
            && (*asked..=fit.0).contains(&now)
            && (fit.0 > now || *asked == now)
        {
            return Some(*fit);
        }
        let fit = openings.get_mut(job.calendar)?.fit(now, job.hop_seconds)?;
        self.0.insert(key, (now, fit));
        Some(fit)
    }
}

/// A cluster's hops, one after the other, each when its calendar is open for so long: the first one now, before the calendar
/// closes. Or from when on the calendar does not open for one of them.
fn hops(
    job: &Job,
    (now, closes): (i64, i64),
    limits: Limits,
    openings: &mut [Openings<'_>],
) -> Result<Slot, i64> {
    let mut done = now;
    let mut closes_before_end = None;
    for hop in 0..job.hops {
        let (start, closes) = if hop == 0 {
            (now, closes)
        } else if limits.calendar {
            let openings = openings.get_mut(job.calendar);
            openings
                .and_then(|openings| openings.fit(done, job.hop_seconds))
                .ok_or(done)?
        } else {
            (done, NEVER)
        };
        done = start.saturating_add(job.hop_seconds);
        if closes < done && closes_before_end.is_none() {
            closes_before_end = Some(closes);
        }
    }
    Ok(Slot {
        start: now,
        end: done,
        closes_before_end,
        bound: Bound::StageStart,
        day: 0,
    })
}

fn release(used: &mut [u64], shares: &[DomainShare]) {
    for share in shares {
        if let Some(used) = used.get_mut(share.domain as usize) {
            *used = used.saturating_sub(share.weight);
        }
    }
}
