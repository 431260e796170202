//! The decision: from rules, state and evidence to what is to be done next.

use jiff::Timestamp;

use super::moment::{Moment, keeps_order};
use super::rules::{Member, Rules};
use super::{
    Ailment, ApprovalPoint, Blocker, Cell, ClusterId, Command, End, Fact, HopOrder, Observation, Outcome,
    Phase, RunSettings, RunState, Soak, StageId, StagePhase, StopReason, assess, watch,
};
use crate::UpgradePlan;
use crate::spec::AtMost;

/// What is to be done next in a run.
///
/// Pure, total and deterministic. The commands are of one of four kinds, and the caller decides again after all but
/// the last two:
///
/// - [`Record`](Command::Record)s only: news, which is taken in before anything is started on its account;
/// - [`StartHop`](Command::StartHop)s only: what may start now, already within every cap together;
/// - a [`WaitUntil`](Command::WaitUntil), perhaps after some [`RepeatStart`](Command::RepeatStart)s;
/// - a [`Finish`](Command::Finish).
///
/// The state must be that of a run of this plan ([`RunState::replay`] on the plan, guarded by
/// [`RunState::plan_digest`]); with one of other dimensions, nothing is ever done.
///
/// Looks at every cluster; a [`LiveRun`](super::LiveRun) decides the same and looks only at those that matter.
pub fn decide(plan: &UpgradePlan, run: &RunState, seen: &Observation, now: Timestamp) -> Vec<Command> {
    decide_at(plan, run, Moment::new(plan, run, seen, now))
}

/// [`decide`] at a moment; none where the state belongs to another plan.
pub(crate) fn decide_at(plan: &UpgradePlan, run: &RunState, moment: Option<Moment<'_>>) -> Vec<Command> {
    let Some(moment) = moment else {
        return vec![Command::WaitUntil {
            until: None,
            on: Blocker::AnotherPlan,
        }];
    };
    if run.header.is_none() {
        return vec![begin(plan, RunSettings::default())];
    }
    if let Some((_, outcome)) = &run.ended {
        return vec![Command::Finish(outcome.clone())];
    }
    if run.is_ahead_of(moment.now) {
        return vec![Command::Record(Fact::ClockSetBack)];
    }
    let mut news = assess::facts(&moment);
    news.extend(moment.approvals());
    news.extend(moment.overdue_remedies());
    if !news.is_empty() {
        return news;
    }
    if let Some(fact) = control(&moment).or_else(|| progress(&moment)) {
        return vec![Command::Record(fact)];
    }
    let (mut commands, blocker) = starts(&moment, plan);
    if commands.is_empty() {
        commands = assess::repeats(&moment, |id, cell, planned| {
            order(plan, &moment, id, cell, planned)
        });
        commands.extend(moment.remedies());
        commands.push(Command::WaitUntil {
            until: watch::wake(&moment, &blocker),
            on: blocker,
        });
    }
    commands
}

/// The first entry of a run's log: the command [`decide`] gives for a run that has not begun, with these settings.
pub fn begin(plan: &UpgradePlan, settings: RunSettings) -> Command {
    Command::Record(Fact::RunStarted {
        plan: Rules::of(plan).digest(),
        settings,
    })
}

/// Whether the run as a whole must stop, or is over.
fn control(moment: &Moment<'_>) -> Option<Fact> {
    let run = moment.run;
    let stop = |reason| Some(Fact::Stopping { reason });
    let out_of_reach = || {
        let stage = moment.current.filter(|_| run.cancelled.is_none())?;
        incomplete(moment, stage)
    };
    if run.stopping.is_none()
        && run.halted.is_some()
        && let Some(reason) = out_of_reach()
    {
        return stop(reason);
    }
    if run.stopping.is_none() && (run.halted.is_none() || run.cancelled.is_some()) {
        if let Some(reason) = over_budget(moment).filter(|_| run.halted.is_none()) {
            // Nobody is asked to let go on what has nothing left to do, or could not go on for another reason.
            let goes_on = run.cancelled.is_none() && moment.current.is_some() && out_of_reach().is_none();
            return match moment.rules.on_failure().go_on {
                Some(_) if goes_on => Some(Fact::Halted { reason }),
                _ => stop(reason),
            };
        }
        if run.cancelled.is_none()
            && let Some(stage) = moment.current
            && proved_nothing(moment, stage)
        {
            return stop(StopReason::StageProvedNothing { stage });
        }
        if let Some(reason) = out_of_reach() {
            return stop(reason);
        }
        let unfinished = moment.pending > 0 || moment.between > 0;
        if unfinished && !moment.open && moment.rules.calendar().next_opening(moment.now).is_none() {
            return stop(StopReason::CalendarClosed);
        }
        if unfinished
            && moment.moving == 0
            && let Some(reason) = moment.current.and_then(|stage| stuck(moment, stage))
        {
            return stop(reason);
        }
    }
    let waits = run.halted.is_some() && run.cancelled.is_none() && run.stopping.is_none();
    if moment.moving > 0 || waits || moment.has_remedies_due() {
        return None;
    }
    let outcome = match (&run.stopping, run.cancelled, moment.current) {
        (Some(reason), ..) => Outcome::Stopped {
            reason: reason.clone(),
        },
        (None, _, None) => Outcome::Completed,
        (None, Some(_), Some(_)) => Outcome::Cancelled,
        (None, None, Some(_)) => return None,
    };
    Some(Fact::RunEnded { outcome })
}

/// Which budget is exceeded, if one is; or what others did that the policy does not put up with.
fn over_budget(moment: &Moment<'_>) -> Option<StopReason> {
    let (run, budget) = (moment.run, moment.rules.budget());
    if let Some(clusters) = moment.rules.intolerable_changes(run) {
        return Some(StopReason::ChangedByOthers { clusters });
    }
    let failures = moment.rules.counted_failures(run);
    if failures > budget {
        return Some(StopReason::FailureBudget { failures, budget });
    }
    if let Some(budget) = moment.rules.unreachable_budget()
        && run.unreachable.saturating_sub(run.forgiven.1) > budget
    {
        let unreachable = run.unreachable;
        return Some(StopReason::UnreachableBudget { unreachable, budget });
    }
    let (stage, planned, cell) = moment.stage()?;
    let budget = planned.failure_budget?.allowed();
    let failures = moment.lost_here.saturating_sub(cell.forgiven);
    (failures > budget).then_some(StopReason::StageBudget {
        stage,
        failures,
        budget,
    })
}

/// Whether so many of the stage's clusters are lost that fewer can be upgraded than the policy asks for: whatever still
/// started would be put at risk for a run that cannot go on.
fn incomplete(moment: &Moment<'_>, stage: StageId) -> Option<StopReason> {
    let (_, planned, _) = moment.stage()?;
    let share = AtMost::Percent(planned.completion_threshold?);
    let needed_of = |clusters: usize| {
        let needed = share.of_rounded_up(u64::try_from(clusters).unwrap_or(u64::MAX));
        usize::try_from(needed).unwrap_or(usize::MAX)
    };
    // Each that is lost or gone lowers what is possible by one, and what is needed by one at most: as a rule there is no
    // need to count.
    let all = planned.clusters.len();
    if moment.lost_here as usize + moment.gone_here as usize <= all - needed_of(all) {
        return None;
    }
    let cells = &moment.run.cells[moment.places_of(stage)];
    let to_upgrade = cells
        .iter()
        .filter(|cell| cell.hops > 0 && cell.phase != Phase::Gone);
    let possible = to_upgrade.clone().filter(|cell| !cell.is_lost()).count();
    let needed = needed_of(to_upgrade.count());
    (possible < needed).then(|| StopReason::StageIncomplete {
        stage,
        possible: u32::try_from(possible).unwrap_or(u32::MAX),
        needed: u32::try_from(needed).unwrap_or(u32::MAX),
    })
}

/// Why no cluster of the stage that has something ahead of it will ever start, when none is on its way: the calendars of
/// some never open, and for the others there is no room in a domain, taken up by those and by what failed.
fn stuck(moment: &Moment<'_>, stage: StageId) -> Option<StopReason> {
    let never_opens = |planned| {
        matches!(
            moment.closed_for(planned),
            Some(Blocker::Calendar { opens: None })
        )
    };
    let mut first = None;
    for (_, cell, planned) in moment.waiting(stage) {
        // What is between hops for good keeps its places in its domains for good.
        let reason = match moment.usage.full(moment.rules.domains(), planned) {
            _ if never_opens(planned) => StopReason::CalendarClosed,
            Some(domain) if cell.phase == Phase::Pending => StopReason::DomainLost {
                domain: domain.name.clone(),
            },
            _ => return None,
        };
        match (&first, &reason) {
            (None, _) | (Some(StopReason::CalendarClosed), StopReason::DomainLost { .. }) => {
                first = Some(reason);
            }
            _ => {}
        }
    }
    first
}

/// Whether the stage's clusters have all ended and none is upgraded, although later stages rely on it: no news about
/// the new version is not good news.
fn proved_nothing(moment: &Moment<'_>, stage: StageId) -> bool {
    let is_last = stage.index() + 1 == moment.run.stages.len();
    let opened = moment
        .stage()
        .is_some_and(|(_, _, cell)| cell.phase != StagePhase::Waiting);
    !is_last
        && opened
        && moment.moving + moment.between + moment.pending == 0
        // A stage of which everything was left out has nothing to prove.
        && moment.members(stage).next().is_some()
        && !moment
            .members(stage)
            .any(|(_, cell, _)| cell.phase == Phase::Upgraded)
}

/// The current stage's next step.
fn progress(moment: &Moment<'_>) -> Option<Fact> {
    if moment.run.halted.is_some() {
        return None;
    }
    let (stage, _, cell) = moment.stage()?;
    match &cell.phase {
        StagePhase::Waiting if !moment.is_approved(stage, ApprovalPoint::BeforeStage) => None,
        StagePhase::Waiting => Some(Fact::StageOpened { stage }),
        StagePhase::Active if moment.moving + moment.between + moment.pending > 0 => None,
        StagePhase::Active if must_soak(moment, stage) => Some(Fact::SoakStarted { stage }),
        StagePhase::Active if !moment.is_approved(stage, ApprovalPoint::AfterStage) => None,
        StagePhase::Active => Some(Fact::StageDone { stage }),
        StagePhase::Soaking(soak) => soaking(moment, stage, soak),
        StagePhase::Done { .. } => None,
    }
}

/// A stage soaks when it asks for that, has something to watch, and changed something or has someone to protect.
fn must_soak(moment: &Moment<'_>, stage: StageId) -> bool {
    let watched = |(_, cell, _): &(ClusterId, &Cell, Member<'_>)| cell.phase == Phase::Upgraded;
    let later = || {
        let end = moment.run.stages.get(stage.index()).map_or(0, |cell| cell.end);
        moment.run.cells[end..]
            .iter()
            .any(|cell| cell.phase == Phase::Pending)
    };
    !moment.rules.required(stage).is_nothing()
        && moment.members(stage).any(|member| watched(&member))
        && (moment.members(stage).any(|(_, cell, _)| cell.started.is_some()) || later())
}

fn soaking(moment: &Moment<'_>, stage: StageId, soak: &Soak) -> Option<Fact> {
    // Of the others the oldest look is known.
    let mut oldest = moment.index.and_then(|index| index.oldest_look(stage));
    for (id, cell, planned) in moment.suspects(stage.index()..stage.index() + 1) {
        if cell.phase != Phase::Upgraded {
            continue;
        }
        if let Some((_, Ailment::Degraded { .. })) = moment.run.unwell(id) {
            return soak
                .last
                .is_some()
                .then_some(Fact::SoakBroken { stage, cluster: id });
        }
        if !moment.is_well(id, cell, planned) {
            return None;
        }
        let seen = moment.fresh(id)?.seen_at;
        oldest = Some(oldest.map_or(seen, |oldest: Timestamp| oldest.min(seen)));
    }
    let required = moment.rules.required(stage);
    // A stage whose upgraded clusters all left or failed during the soak, and nothing comes after it.
    let Some(seen) = oldest else {
        let approved = moment.is_approved(stage, ApprovalPoint::AfterStage);
        return approved.then_some(Fact::StageDone { stage });
    };
    // Only what is in the log counts: the evidence first, the end of the stage by the next decision.
    let approved = moment.is_approved(stage, ApprovalPoint::AfterStage);
    if soak.is_earned(required) && approved && moment.run.paused.is_none() {
        return Some(Fact::StageDone { stage });
    }
    if !soak.accepts(seen) {
        return None;
    }
    let news = match soak.last {
        None => true,
        Some(last) => {
            let would = soak.earned_at(seen, moment.settings.evidence_max_age, moment.run.paused);
            (would >= required.time && soak.earned < required.time)
                || seen.duration_since(last) >= moment.settings.refresh()
        }
    };
    news.then_some(Fact::SoakEvidence { stage, seen })
}

/// What may start now; if nothing may, why.
fn starts(moment: &Moment<'_>, plan: &UpgradePlan) -> (Vec<Command>, Blocker) {
    let none = |blocker| (Vec::new(), blocker);
    if let Some(blocker) = moment.closed() {
        return none(blocker);
    }
    let Some((stage, ..)) = moment.stage() else {
        return none(Blocker::Nothing);
    };
    if !moment.may_start() {
        return none(
            moment
                .full()
                .filter(|_| moment.pending > 0)
                .unwrap_or_else(|| running(moment, stage)),
        );
    }
    if let Some(blocker) = moment.guard() {
        return none(blocker);
    }
    let (mut slots, mut between) = (moment.slots(), moment.between);
    let mut usage = moment.usage.clone();
    let mut commands = Vec::new();
    let mut silent = Vec::new();
    let mut waiting = None;
    for (id, cell, planned) in moment.waiting(stage) {
        if slots == 0 && between == 0 {
            break;
        }
        match cell.phase {
            Phase::Between => between -= 1,
            Phase::Pending if slots > 0 => {}
            _ => continue,
        }
        // Those that their own calendar or their domain holds back let the others by. The fleet's calendar is everyone's:
        // where it is open for too short a time for the first, those behind it wait with it, as the plan says.
        let held_back = match cell.phase {
            Phase::Pending => moment.held_back(planned, &usage),
            _ => moment.closed_for(planned),
        };
        if let Some(blocker) = held_back {
            if cell.phase == Phase::Pending && !cell.unwell && keeps_order(planned, &blocker) {
                slots = 0;
            }
            waiting.get_or_insert(blocker);
            continue;
        }
        if !moment.is_well(id, cell, planned) {
            waiting.get_or_insert_with(|| moment.not_well(id, planned.name()));
            // One that was never looked at keeps its place; one that is known to be unwell lets the others by.
            if cell.phase == Phase::Pending && !cell.unwell {
                slots -= 1;
                usage.take(planned);
            }
            if moment.is_stale(id) && !cell.unwell {
                silent.push(Command::Record(Fact::ClusterUnwell {
                    cluster: id,
                    cause: Ailment::NoEvidence,
                }));
            }
            continue;
        }
        let Some(order) = order(plan, moment, id, cell, planned) else {
            continue;
        };
        if cell.phase == Phase::Pending {
            slots -= 1;
            usage.take(planned);
        }
        commands.push(Command::StartHop(order));
    }
    if !silent.is_empty() {
        return (silent, Blocker::Nothing);
    }
    let blocker = waiting
        .or_else(|| moment.full())
        .unwrap_or_else(|| running(moment, stage));
    (commands, blocker)
}

/// The first cluster of the stage that is on its way.
fn running(moment: &Moment<'_>, stage: StageId) -> Blocker {
    let first = moment.in_flight(stage).next();
    first.map_or(Blocker::Nothing, |(id, cell, planned)| {
        on_its_way(moment, id, cell, planned)
    })
}

pub(crate) fn on_its_way(moment: &Moment<'_>, id: ClusterId, cell: &Cell, planned: Member<'_>) -> Blocker {
    Blocker::Running {
        cluster: planned.name().clone(),
        to: planned.to(cell.hop).unwrap_or(planned.from()).clone(),
        deadline: moment.deadline(id, cell, planned).unwrap_or(moment.now),
    }
}

fn order(
    plan: &UpgradePlan,
    moment: &Moment<'_>,
    cluster: ClusterId,
    cell: &Cell,
    planned: Member<'_>,
) -> Option<HopOrder> {
    let to = planned.to(cell.hop)?.clone();
    let key = format!("{}/{}/{to}", plan.name(), planned.name());
    let readiness = moment.fresh(cluster).and_then(|seen| seen.readiness.clone());
    Some(HopOrder {
        readiness,
        cluster,
        hop: cell.hop,
        to,
        key,
    })
}

/// The exact constraint that keeps one cluster of the run from its next step.
///
/// `None` when the place is not in the plan.
pub fn why(
    plan: &UpgradePlan,
    run: &RunState,
    seen: &Observation,
    now: Timestamp,
    cluster: ClusterId,
) -> Option<Blocker> {
    let Some(moment) = Moment::new(plan, run, seen, now) else {
        return Some(Blocker::AnotherPlan);
    };
    let cell = run.cell(cluster)?;
    let planned = moment.rules.cluster(run, cluster)?;
    let stage = run.stage_of(cluster)?;
    let end = run.detail(cluster).and_then(|detail| detail.end.clone());
    let blocker = match (cell.phase, end) {
        (Phase::Upgraded, _) => Blocker::Upgraded,
        (Phase::Failed, Some(End::Failed { cause })) => Blocker::Failed { why: cause },
        (
            Phase::Held,
            Some(End::Held {
                found,
                expected,
                writer,
            }),
        ) => Blocker::Held {
            found,
            expected,
            writer,
        },
        (Phase::Gone, _) => Blocker::Gone,
        (Phase::Starting | Phase::Running, _) => on_its_way(&moment, cluster, cell, planned),
        _ => waiting(&moment, plan, stage, cluster, cell, planned),
    };
    Some(blocker)
}

/// Why a cluster that could start does not.
fn waiting(
    moment: &Moment<'_>,
    plan: &UpgradePlan,
    stage: StageId,
    cluster: ClusterId,
    cell: &Cell,
    planned: Member<'_>,
) -> Blocker {
    let for_all = moment.closed();
    match (&for_all, moment.current) {
        (
            Some(Blocker::Soak { .. } | Blocker::Approval { .. } | Blocker::Calendar { .. }) | None,
            Some(current),
        ) if current != stage => {
            let name = moment
                .rules
                .stage(current)
                .map(|stage| stage.name.clone())
                .unwrap_or_default();
            let because = for_all.unwrap_or_else(|| starts(moment, plan).1);
            return Blocker::EarlierStage {
                stage: name,
                because: Box::new(because),
            };
        }
        _ => {}
    }
    if let Some(blocker) = for_all.or_else(|| moment.guard()) {
        return blocker;
    }
    if cell.phase == Phase::Pending
        && let Some(blocker) = moment.full()
    {
        return blocker;
    }
    let held_back = match cell.phase {
        Phase::Pending => moment.held_back(planned, &moment.usage),
        _ => moment.closed_for(planned),
    };
    if let Some(blocker) = held_back {
        return blocker;
    }
    if !moment.is_well(cluster, cell, planned) && (cell.unwell || moment.seen.get(cluster).is_some()) {
        return moment.not_well(cluster, planned.name());
    }
    let chosen = starts(moment, plan)
        .0
        .into_iter()
        .any(|command| matches!(command, Command::StartHop(order) if order.cluster == cluster));
    let earlier = moment
        .members(stage)
        .take_while(|(id, ..)| *id < cluster)
        .filter(|(_, cell, _)| cell.phase == Phase::Pending && !cell.unwell)
        .last();
    match earlier {
        _ if chosen => Blocker::Nothing,
        Some((_, _, before)) => Blocker::InOrder {
            after: before.name().clone(),
        },
        None => moment.not_well(cluster, planned.name()),
    }
}
