//! A second opinion on a start, by other means than the decision's: the engine asks it before it acts.

use fleet_core::Calendar;
use jiff::{SignedDuration, Timestamp};

use super::readiness;
use super::rules::{Member, Rules};
use super::{ApprovalPoint, ClusterId, HopOrder, Observation, Phase, RunState, StagePhase};
use crate::UpgradePlan;
use crate::plan::openings::Openings;

/// An invariant that a start would break. It can only come from a defect in [`decide`](super::decide()) or from a state
/// that was not made by it; the engine refuses to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The order names a cluster or hop that is not next.
    #[error("the cluster's next hop is another one")]
    NotNext,
    /// I1: a stage would start before its turn.
    #[error("an earlier stage is not done, or this one is not open (I1)")]
    StageOrder,
    /// I2: more clusters than allowed at a time.
    #[error("more clusters than the stage's maxConcurrent would be under way (I2)")]
    Concurrency,
    /// I2: more clusters than allowed on a day.
    #[error("more clusters than the stage's maxPerDay would start on one day (I2)")]
    DayCap,
    /// I6: more of a part of the fleet than may be away.
    #[error("more of a domain than its limit would be away (I6)")]
    Domain,
    /// I2: outside every window, in a freeze, or in a window that is too short for what is left of it.
    #[error("the calendar is closed, or closes before the hop can end (I2)")]
    Calendar,
    /// I3: after the failure budget was breached.
    #[error("the failure budget is breached, or the run is stopping (I3)")]
    Stopping,
    /// I4: without fresh evidence that the upgraded clusters and this one are well.
    #[error("there is no fresh evidence that this cluster and the upgraded ones are well (I4)")]
    Evidence,
    /// I7: without the pre-flight check or the backup that the policy asks for.
    #[error("there is no clear pre-flight check or no verified backup of this cluster (I7)")]
    Readiness,
    /// I1: without the approval that the policy asks for.
    #[error("the stage was not approved (I1)")]
    Approval,
    /// I8: while paused.
    #[error("the run is paused (I8)")]
    Paused,
}

/// Whether a start keeps the invariants, in the state before it is recorded.
pub fn audit(
    plan: &UpgradePlan,
    run: &RunState,
    seen: &Observation,
    now: Timestamp,
    order: &HopOrder,
) -> Result<(), Violation> {
    let rules = Rules::of(plan);
    let cell = run.cell(order.cluster).ok_or(Violation::NotNext)?;
    let planned = rules.cluster(run, order.cluster).ok_or(Violation::NotNext)?;
    let stage = run.stage_of(order.cluster).ok_or(Violation::NotNext)?;
    let limits = rules.stage(stage).ok_or(Violation::NotNext)?;
    let first = cell.phase == Phase::Pending;
    if !(first || cell.phase == Phase::Between)
        || cell.hop != order.hop
        || planned.to(order.hop) != Some(&order.to)
    {
        return Err(Violation::NotNext);
    }
    let (before, rest) = run.stages.split_at(stage.index().min(run.stages.len()));
    let done = before
        .iter()
        .all(|stage| matches!(stage.phase, StagePhase::Done { .. }));
    let Some(own) = rest.first() else {
        return Err(Violation::StageOrder);
    };
    if !done || own.phase != StagePhase::Active {
        return Err(Violation::StageOrder);
    }
    if run.paused.is_some() {
        return Err(Violation::Paused);
    }
    if run.stopping.is_some()
        || run.halted.is_some()
        || run.cancelled.is_some()
        || run.ended.is_some()
        || rules.counted_failures(run) > rules.budget()
        || rules.intolerable_changes(run).is_some()
        || limits.failure_budget.is_some_and(|budget| {
            let lost = run.cells[own.first..own.end].iter().filter(|cell| cell.is_lost());
            lost.count() > budget.allowed() as usize + own.forgiven as usize
        })
        || rules
            .unreachable_budget()
            .is_some_and(|budget| run.unreachable.saturating_sub(run.forgiven.1) > budget)
    {
        return Err(Violation::Stopping);
    }
    let calendar = rules.calendar_of(planned);
    if !calendar.is_open(now) || !would_end_in_time(calendar, now, planned.hop_estimate()) {
        return Err(Violation::Calendar);
    }
    let members = &run.cells[own.first..own.end];
    if first {
        let under_way = members.iter().filter(|cell| cell.is_in_flight()).count();
        if under_way >= limits.max_concurrent.get() as usize {
            return Err(Violation::Concurrency);
        }
        for share in planned.domains() {
            let away = away(rules, run, share.domain).saturating_add(share.weight);
            if rules
                .domains()
                .get(share.domain as usize)
                .is_none_or(|domain| away > domain.limit)
            {
                return Err(Violation::Domain);
            }
        }
        if let Some(cap) = limits.max_per_day {
            let zone = rules.calendar().time_zone();
            let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
            let today = members
                .iter()
                .filter_map(|cell| cell.started)
                .filter(|at| date(*at) == date(now))
                .count();
            if today >= cap.get() as usize {
                return Err(Violation::DayCap);
            }
        }
    }
    let max_age = run.settings().evidence_max_age;
    let witnesses = run.cells[..own.end]
        .iter()
        .enumerate()
        .filter(|(index, cell)| cell.phase == Phase::Upgraded || *index == order.cluster.index());
    for (index, cell) in witnesses {
        let id = ClusterId::at(index);
        let well = rules.cluster(run, id).is_some_and(|planned| {
            seen.fresh(id, max_age, now)
                .and_then(super::ClusterObservation::report)
                .is_some_and(|report| report.is_well(planned, cell.hop))
        });
        if cell.unwell || !well {
            return Err(Violation::Evidence);
        }
    }
    if limits.approval.before.is_some()
        && !own
            .grants
            .iter()
            .any(|grant| grant.point == ApprovalPoint::BeforeStage)
    {
        return Err(Violation::Approval);
    }
    if let Some(needs) = readiness::needs(rules, run, order.cluster) {
        let ready = readiness::judge(&needs, order.readiness.as_ref(), now, readiness::CLOCK_GRACE);
        if ready != readiness::Ready::Yes {
            return Err(Violation::Readiness);
        }
    }
    Ok(())
}

/// Whether a hop that starts now ends before the calendar closes, or there is no window long enough, by the planner's means.
fn would_end_in_time(calendar: &Calendar, now: Timestamp, takes: SignedDuration) -> bool {
    let seconds = takes.as_secs();
    let fit = Openings::new(calendar).fit(now.as_second(), seconds);
    fit.is_none_or(|(opens, closes)| opens <= now.as_second() || closes - opens < seconds)
}

/// How much of a domain is away, counted cluster by cluster.
fn away(rules: Rules<'_>, run: &RunState, domain: u32) -> u64 {
    let counts_failed = rules
        .domains()
        .get(domain as usize)
        .is_some_and(|domain| domain.counts_failed);
    let ids = (0..run.cells.len()).map(ClusterId::at);
    ids.filter(|id| {
        run.cell(*id).is_some_and(|cell| {
            cell.is_in_flight() || (counts_failed && matches!(cell.phase, Phase::Failed | Phase::Held))
        })
    })
    .filter_map(|id| rules.cluster(run, id))
    .flat_map(Member::domains)
    .filter(|share| share.domain == domain)
    .map(|share| share.weight)
    .sum()
}
