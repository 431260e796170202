//! Which clusters must be looked at, and when the next decision is due.

use jiff::{SignedDuration, Timestamp};

use super::moment::{Moment, after, keeps_order};
use super::rules::Member;
use super::{Ailment, Blocker, ClusterId, Observation, Phase, RunState};
use crate::UpgradePlan;

/// The clusters that [`decide`](super::decide()) needs a new look at, in plan order: those that are being upgraded,
/// those that are unwell, those that soak, and, when something could start, those upgraded so far and the next to start.
/// A cluster that decides nothing is not looked at.
pub fn evidence_due(
    plan: &UpgradePlan,
    run: &RunState,
    seen: &Observation,
    now: Timestamp,
) -> Vec<ClusterId> {
    due_at(Moment::new(plan, run, seen, now))
}

/// [`evidence_due`] at a moment; none where the state belongs to another plan.
pub(crate) fn due_at(moment: Option<Moment<'_>>) -> Vec<ClusterId> {
    let Some(moment) = moment else {
        return Vec::new();
    };
    let mut due = Vec::new();
    each_watched(&moment, |id, _, every| {
        let seen = moment.seen.get(id);
        if seen.is_none_or(|seen| seen.seen_at > moment.now || after(seen.seen_at, every) <= moment.now) {
            due.push(id);
        }
    });
    due.sort_unstable();
    due
}

/// When the decision can next change by itself.
pub(crate) fn wake(moment: &Moment<'_>, blocker: &Blocker) -> Option<Timestamp> {
    let mut next: Option<Timestamp> = None;
    let mut at = |instant: Timestamp| {
        if instant > moment.now {
            next = Some(next.map_or(instant, |next| next.min(instant)));
        }
    };
    match blocker {
        Blocker::Calendar { opens: Some(opens) } => at(*opens),
        Blocker::DayCap { resets, .. } => at(*resets),
        Blocker::Soak {
            until: Some(until), ..
        } => at(*until),
        Blocker::Approval { .. } => at(after(moment.now, moment.settings.poll())),
        _ => {}
    }
    if moment.has_remedies_due() {
        at(after(moment.now, moment.settings.poll()));
    }
    if let Some(opens) = moment.next_admission() {
        at(opens);
    }
    if moment.pending > 0 && moment.started_today > 0 {
        at(moment.tomorrow);
    }
    each_watched(moment, |id, planned, every| {
        // A look that brought nothing new is repeated no sooner than one that did.
        let due = moment.seen.get(id).map(|seen| after(seen.seen_at, every));
        at(due
            .filter(|due| *due > moment.now && *due <= after(moment.now, every))
            .unwrap_or_else(|| after(moment.now, every)));
        if let Some((since, _)) = moment.run.unwell(id) {
            at(after(since, moment.settings.unwell_limit));
        }
        if let Some(cell) = moment.run.cell(id)
            && matches!(cell.phase, Phase::Starting | Phase::Running)
            && let Some(deadline) = moment.deadline(id, cell, planned)
        {
            at(deadline);
        }
    });
    next
}

/// Calls back with every cluster that matters now, and how often it is to be looked at. With an index, of those that are
/// well and were looked at in time only with the ones of which a look is due next.
fn each_watched(moment: &Moment<'_>, mut watched: impl FnMut(ClusterId, Member<'_>, SignedDuration)) {
    if moment.run.header.is_none() || moment.run.ended.is_some() {
        return;
    }
    let (poll, refresh) = (moment.settings.poll(), moment.settings.refresh());
    let may_start = moment.may_start();
    let guards = moment.guards(may_start);
    let is_guard = |id| {
        let stage = moment.run.stage_of(id);
        stage.is_some_and(|stage| guards.contains(&stage.index()))
    };
    // What a soak still lacks is a look from when it is over.
    let soaked = moment.soak_over();
    let backup_of = |id| matches!(moment.run.unwell(id), Some((_, Ailment::Backup { .. })));
    for (id, cell, planned) in moment.looked_at(may_start) {
        let every = match cell.phase {
            Phase::Starting | Phase::Running => Some(poll),
            // A backup that is being made, a finding that is being mended: the cluster keeps the others waiting.
            Phase::Pending | Phase::Between if cell.unwell && backup_of(id) => Some(poll),
            Phase::Pending => cell.unwell.then_some(refresh),
            Phase::Between => (cell.unwell || may_start).then_some(refresh),
            Phase::Upgraded if is_guard(id) => Some(until_soaked(moment, id, soaked).min(refresh)),
            Phase::Upgraded => (cell.unwell || moment.is_recent(cell)).then_some(refresh),
            Phase::Failed | Phase::Held | Phase::Gone | Phase::Skipped => None,
        };
        if let Some(every) = every {
            watched(id, planned, every);
        }
    }
    let Some(stage) = moment.current.filter(|_| may_start) else {
        return;
    };
    let mut slots = moment.slots();
    for (id, cell, planned) in moment.waiting(stage) {
        if slots == 0 {
            break;
        }
        if cell.phase != Phase::Pending || cell.unwell {
            continue;
        }
        match moment.held_back(planned, &moment.usage) {
            None => {
                watched(id, planned, refresh);
                slots -= 1;
            }
            Some(blocker) if keeps_order(planned, &blocker) => break,
            Some(_) => {}
        }
    }
}

/// How long after the last look at a cluster that soaks the next one is due, so that the end of the soak is seen.
fn until_soaked(moment: &Moment<'_>, id: ClusterId, soaked: Option<Timestamp>) -> SignedDuration {
    let seen = moment.seen.get(id).map(|seen| seen.seen_at);
    match (seen, soaked) {
        (Some(seen), Some(soaked)) if seen < soaked => {
            soaked.duration_since(seen).max(moment.settings.poll())
        }
        _ => SignedDuration::MAX,
    }
}
