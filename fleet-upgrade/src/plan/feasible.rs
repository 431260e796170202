//! Whether a plan ends in time, and the smallest change of the policy by which it would.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::HumanDuration;
use jiff::Timestamp;

use super::build::{Draft, finish_under, instant, places};
use super::domains::{Domains, Origin};
use super::schedule::{Ground, Limits, StageJobs};
use crate::spec::{AtMost, FleetUpgrade, Percent};

/// A change of one field of the policy, all else unchanged, by which the deadline would be met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relaxation {
    /// The field's path.
    pub field: String,
    /// What it would have to be.
    pub change: RelaxedTo,
    /// When the plan would finish then.
    pub finish: Timestamp,
}

/// What a field would have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelaxedTo {
    /// A larger count.
    Count {
        /// What it is.
        from: NonZeroU32,
        /// The smallest that is enough.
        to: NonZeroU32,
    },
    /// A larger share.
    Share {
        /// What it is.
        from: Percent,
        /// The smallest that is enough.
        to: Percent,
    },
    /// A shorter time.
    Duration {
        /// What it is.
        from: HumanDuration,
        /// The longest, in whole hours, that is short enough.
        to: HumanDuration,
    },
}

impl RelaxedTo {
    /// How much of a change it is: 1 is twice the count, or half of the time.
    pub(crate) fn size(&self) -> f64 {
        match self {
            Self::Count { from, to } => f64::from(to.get()) / f64::from(from.get()) - 1.0,
            Self::Share { from, to } => f64::from(to.get()) / f64::from(from.get()) - 1.0,
            Self::Duration { from, to } => {
                let (from, to) = (from.as_signed().as_secs_f64(), to.as_signed().as_secs_f64());
                from / to.max(60.0) - 1.0
            }
        }
    }
}

impl fmt::Display for Relaxation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.change {
            RelaxedTo::Count { from, to } => write!(f, "{} from {from} to {to}", self.field)?,
            RelaxedTo::Share { from, to } => write!(f, "{} from {from} to {to}", self.field)?,
            RelaxedTo::Duration { from, to } => write!(f, "{} from {from} to {to}", self.field)?,
        }
        write!(f, " (finishes {})", self.finish)
    }
}

/// The single changes of the policy by which it would end in time, the smallest first.
pub(crate) fn relaxations(
    draft: &mut Draft,
    policy: &FleetUpgrade,
    domains: &Domains,
    start: i64,
    deadline: i64,
    ground: &mut Ground<'_>,
) -> Vec<Relaxation> {
    let mut search = Search {
        jobs: &mut draft.jobs,
        policy,
        domains,
        start,
        deadline,
        ground,
        found: Vec::new(),
    };
    for index in 0..policy.spec.stages.len() {
        search.stage(index);
    }
    for index in 0..policy.spec.spread.len() {
        search.spread(index);
    }
    let mut found = search.found;
    found.sort_by(|a, b| a.change.size().total_cmp(&b.change.size()));
    found
}

/// Tries one knob after the other, and puts each back.
struct Search<'s, 'c> {
    jobs: &'s mut Vec<StageJobs>,
    policy: &'s FleetUpgrade,
    domains: &'s Domains,
    start: i64,
    deadline: i64,
    ground: &'s mut Ground<'c>,
    found: Vec<Relaxation>,
}

impl Search<'_, '_> {
    fn stage(&mut self, index: usize) {
        let stage = &self.policy.spec.stages[index];
        let most = u32::try_from(self.jobs[index].jobs.len()).unwrap_or(u32::MAX);
        let field = |field: &str| format!("spec.stages[{index}].{field} (stage {})", stage.name);
        if let Some(cap) = stage.max_per_day {
            self.count(field("maxPerDay"), cap, most, |search, count| {
                search.jobs[index].max_per_day = Some(count as usize);
            });
        }
        if stage.groups.is_empty() {
            self.count(
                field("maxConcurrent"),
                stage.max_concurrent,
                most,
                |search, count| {
                    search.jobs[index].max_concurrent = count as usize;
                },
            );
        }
        for (number, group) in stage.groups.iter().enumerate() {
            let origin = Origin::Group {
                stage: index,
                group: number,
            };
            let Some(domain) = self.domains.of_origin(origin).next() else {
                continue;
            };
            let others = places(stage).get() - group.max_concurrent.get();
            let field = field(&format!("groups[{number}].maxConcurrent"));
            self.count(field, group.max_concurrent, most, |search, count| {
                search.jobs[index].max_concurrent = others.saturating_add(count) as usize;
                search.ground.domains[domain].limit = u64::from(count);
            });
        }
        let soak = self.jobs[index].soak_seconds;
        let hours = u32::try_from(soak / HOUR).unwrap_or(u32::MAX);
        if hours == 0 {
            return;
        }
        let better = smallest_count(0, hours, self.deadline, |fewer| {
            self.jobs[index].soak_seconds = soak - i64::from(fewer) * HOUR;
            self.finish()
        });
        self.jobs[index].soak_seconds = soak;
        if let Some((fewer, finish)) = better {
            let left = u32::try_from(soak - i64::from(fewer) * HOUR).unwrap_or(0);
            let change = RelaxedTo::Duration {
                from: stage.soak.expected(),
                to: HumanDuration::seconds(left),
            };
            self.note(field("soak"), change, finish);
        }
    }

    fn spread(&mut self, index: usize) {
        let affected: Vec<usize> = self.domains.of_origin(Origin::Spread(index)).collect();
        let totals = affected.iter().map(|domain| self.domains.total(*domain));
        let Some(largest) = totals.max() else { return };
        let field = format!("spec.spread[{index}].maxUnavailable");
        match self.policy.spec.spread[index].max_unavailable {
            AtMost::Count(from) => {
                let most = u32::try_from(largest).unwrap_or(u32::MAX);
                self.count(field, from, most, |search, count| {
                    for domain in &affected {
                        search.ground.domains[*domain].limit = u64::from(count);
                    }
                });
            }
            AtMost::Percent(from) => {
                let limits: Vec<u64> = affected
                    .iter()
                    .map(|domain| self.ground.domains[*domain].limit)
                    .collect();
                let better = smallest_count(u32::from(from.get()), 100, self.deadline, |percent| {
                    let share = Percent::new(u8::try_from(percent).unwrap_or(100)).unwrap_or(from);
                    for domain in &affected {
                        let total = self.domains.total(*domain);
                        self.ground.domains[*domain].limit = AtMost::Percent(share).of_rounded_down(total);
                    }
                    self.finish()
                });
                for (domain, limit) in affected.iter().zip(limits) {
                    self.ground.domains[*domain].limit = limit;
                }
                let to = better.and_then(|(percent, finish)| {
                    Some((Percent::new(u8::try_from(percent).ok()?).ok()?, finish))
                });
                if let Some((to, finish)) = to {
                    self.note(field, RelaxedTo::Share { from, to }, finish);
                }
            }
        }
    }

    /// Tries larger counts.
    fn count(&mut self, field: String, from: NonZeroU32, most: u32, set: impl Fn(&mut Self, u32)) {
        if from.get() >= most {
            return;
        }
        let better = smallest_count(from.get(), most, self.deadline, |count| {
            set(self, count);
            self.finish()
        });
        set(self, from.get());
        if let Some((to, finish)) = better.and_then(|(to, at)| Some((NonZeroU32::new(to)?, at))) {
            self.note(field, RelaxedTo::Count { from, to }, finish);
        }
    }

    fn finish(&mut self) -> Option<i64> {
        finish_under(Limits::ALL, self.jobs, self.start, self.ground)
    }

    fn note(&mut self, field: String, change: RelaxedTo, finish: Timestamp) {
        self.found.push(Relaxation {
            field,
            change,
            finish,
        });
    }
}

const HOUR: i64 = 60 * 60;

/// The smallest value above `from`, up to `most`, with which `finish_with` is not after the deadline; and that finish.
/// `finish_with` does not grow with its argument.
pub(crate) fn smallest_count(
    from: u32,
    most: u32,
    deadline: i64,
    mut finish_with: impl FnMut(u32) -> Option<i64>,
) -> Option<(u32, Timestamp)> {
    let mut enough = |count: u32| finish_with(count).filter(|finish| *finish <= deadline);
    let mut best = (most, enough(most)?);
    let (mut low, mut high) = (from, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match enough(middle) {
            Some(finish) => (best, high) = ((middle, finish), middle),
            None => low = middle,
        }
    }
    Some((best.0, instant(best.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_count_that_is_enough_is_found() {
        for needed in 2..=50_u32 {
            let finish = |count: u32| Some(i64::from(count < needed) * 100);
            let found = smallest_count(1, 50, 10, finish).map(|(count, _)| count);
            assert_eq!(found, Some(needed));
        }
        assert_eq!(smallest_count(1, 50, 10, |_| Some(11)), None);
    }
}
