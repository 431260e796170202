//! When each step can begin, how long the whole takes, and which steps decide that.

use jiff::SignedDuration;

use super::action::{Action, Step};
use crate::protection::Estimate;

/// Fills in starts and the critical path, and gives the time until the last workload is verified and reached.
pub(super) fn fill(steps: &mut [Step]) -> Estimate {
    let mut ends: Vec<Estimate> = Vec::with_capacity(steps.len());
    for step in steps.iter_mut() {
        let begin = step
            .after
            .iter()
            .map(|id| ends[id.0 as usize])
            .fold(Estimate::default(), Estimate::beside);
        step.start = begin.p50;
        ends.push(begin.then(step.time));
    }
    let last: Vec<usize> = if steps
        .iter()
        .any(|step| matches!(step.action, Action::Verify { .. }))
    {
        (0..steps.len())
            .filter(|at| steps[*at].counts_for_rto())
            .collect()
    } else {
        (0..steps.len()).collect()
    };
    let whole = last
        .iter()
        .map(|at| ends[*at])
        .fold(Estimate::default(), Estimate::beside);
    let mut at = last.into_iter().find(|at| ends[*at].p50 == whole.p50);
    while let Some(place) = at {
        steps[place].is_critical = true;
        let start: SignedDuration = steps[place].start;
        at = steps[place]
            .after
            .iter()
            .map(|id| id.0 as usize)
            .find(|before| ends[*before].p50 == start);
    }
    whole
}
