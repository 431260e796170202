//! Which clusters must be looked at, and when the next decision is due.

use jiff::{SignedDuration, Timestamp};

use super::moment::{Moment, after};
use super::{Ailment, Blocker, ClusterId, Observation, Phase, RunState, StagePhase};
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
    let Some(moment) = Moment::new(plan, run, seen, now) else {
        return Vec::new();
    };
    let mut due = Vec::new();
    each_watched(&moment, |id, every| {
        if seen
            .get(id)
            .is_none_or(|seen| seen.seen_at > now || after(seen.seen_at, every) <= now)
        {
            due.push(id);
        }
    });
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
    if moment.pending + moment.between > 0 {
        for calendar in moment.rules.own_calendars() {
            if !calendar.is_open(moment.now)
                && let Some(opens) = calendar.next_opening(moment.now)
            {
                at(opens);
            }
        }
    }
    if moment.pending > 0 && moment.started_today > 0 {
        at(moment.tomorrow);
    }
    each_watched(moment, |id, every| {
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
            && let Some(since) = cell.since
        {
            at(after(since, moment.rules.deadline()));
        }
    });
    next
}

/// Calls back with every cluster that matters now, and how often it is to be looked at.
fn each_watched(moment: &Moment<'_>, mut watched: impl FnMut(ClusterId, SignedDuration)) {
    if moment.run.header.is_none() || moment.run.ended.is_some() {
        return;
    }
    let (poll, refresh) = (moment.settings.poll(), moment.settings.refresh());
    let may_start = moment.may_start();
    let soaking = moment
        .stage()
        .is_some_and(|(_, _, cell)| matches!(cell.phase, StagePhase::Soaking(_)));
    let mut slots = moment.slots();
    for (id, cell, planned) in moment.begun() {
        match cell.phase {
            Phase::Starting | Phase::Running => watched(id, poll),
            // A backup that is being made, a finding that is being mended: the cluster keeps the others waiting.
            Phase::Pending | Phase::Between
                if moment
                    .run
                    .unwell(id)
                    .is_some_and(|(_, ailment)| matches!(ailment, Ailment::Backup { .. })) =>
            {
                watched(id, poll);
            }
            Phase::Pending if cell.unwell => watched(id, refresh),
            Phase::Pending
                if may_start && slots > 0 && moment.held_back(planned, &moment.usage).is_none() =>
            {
                slots -= 1;
                watched(id, refresh);
            }
            Phase::Between if cell.unwell || may_start => watched(id, refresh),
            Phase::Upgraded
                if cell.unwell
                    || may_start
                    || moment.is_recent(cell)
                    || (soaking && moment.is_guard(id, false)) =>
            {
                watched(id, refresh);
            }
            _ => {}
        }
    }
}
