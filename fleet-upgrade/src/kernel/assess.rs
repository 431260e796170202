//! What the evidence says: from looks at clusters to facts about them.

use fleet_core::KubernetesVersion;

use crate::spec::{OnLeaving, OnUpgradedByOthers};

use super::moment::{Moment, after};
use super::readiness::Ready;
use super::rules::{Member, Rules};
use super::{
    Ailment, Cell, ClusterId, ClusterObservation, ClusterReport, Command, Fact, FailureCause, Health,
    HopOrder, Phase, Rollout, Sight,
};

/// The facts that the evidence shows and the log does not have yet.
pub(crate) fn facts(moment: &Moment<'_>) -> Vec<Command> {
    let may_start = moment.may_start();
    let guards = moment.guards(may_start);
    let mut found = Vec::new();
    for (id, cell, planned) in moment.newsworthy(may_start) {
        let fact = match cell.phase {
            Phase::Pending if moment.seen.get(id).is_none() && !cell.unwell => None,
            Phase::Pending | Phase::Between => at_rest(moment, id, cell, planned, false),
            Phase::Upgraded => {
                let stage = moment.run.stage_of(id);
                let needed = stage.is_some_and(|stage| guards.contains(&stage.index()));
                at_rest(moment, id, cell, planned, needed)
            }
            Phase::Starting => starting(moment, id, cell, planned),
            Phase::Running => running(moment, id, cell, planned),
            Phase::Failed | Phase::Held | Phase::Gone | Phase::Skipped => None,
        };
        found.extend(fact.map(Command::Record));
    }
    found
}

/// The orders whose start is in the log, but which never reached their clusters, and may still be given.
pub(crate) fn repeats(
    moment: &Moment<'_>,
    order: impl Fn(ClusterId, &Cell, Member<'_>) -> Option<HopOrder>,
) -> Vec<Command> {
    if moment.moving == 0 || moment.guard().is_some() {
        return Vec::new();
    }
    let lost = moment.starting().filter(|(id, cell, planned)| {
        moment.closed_for(*planned).is_none()
            && later_report(moment, *id, cell).is_some_and(|report| untouched(report, cell, *planned))
    });
    lost.filter_map(|(id, cell, planned)| order(id, cell, planned).map(Command::RepeatStart))
        .collect()
}

/// A cluster that this run is not changing at the moment: it must run what it should, and be well.
fn at_rest(
    moment: &Moment<'_>,
    id: ClusterId,
    cell: &Cell,
    planned: Member<'_>,
    needed: bool,
) -> Option<Fact> {
    let Some(seen) = moment.fresh(id) else {
        // What was never looked at is waited for; what was looked at and has gone stale is a cluster that has ceased
        // to tell about itself.
        if needed && moment.is_stale(id) && !cell.unwell {
            return Some(Fact::ClusterUnwell {
                cluster: id,
                cause: Ailment::NoEvidence,
            });
        }
        return lost_patience(moment, id);
    };
    let should = planned.expected(cell.hop);
    let ailment = match &seen.sight {
        Sight::Gone => return Some(gone(moment.rules, id)),
        Sight::Present(report) if !report.is_as_told(planned, cell.hop) => {
            return Some(if is_welcome(moment, report, cell, planned) {
                Fact::ClusterAdopted { cluster: id }
            } else {
                held(id, report, planned.lead(cell.hop), should)
            });
        }
        Sight::Present(report) => seen
            .ailment()
            .or_else(|| misfit(report, should))
            .or_else(|| match moment.readiness(id, cell, seen) {
                Ready::No(ailment) => Some(ailment),
                Ready::Yes | Ready::Unasked => None,
            }),
        Sight::Unreachable => seen.ailment(),
    };
    match (moment.run.unwell(id), ailment) {
        (None, None) => None,
        (Some(_), None) => Some(Fact::ClusterWell { cluster: id }),
        (Some((_, known)), Some(ailment)) if same_kind(known, &ailment) => lost_patience(moment, id),
        (_, Some(cause)) => Some(Fact::ClusterUnwell { cluster: id, cause }),
    }
}

/// A cluster that wants the right version, but does not run it everywhere.
fn misfit(report: &ClusterReport, should: &KubernetesVersion) -> Option<Ailment> {
    let reason = match &report.rollout {
        Rollout::Failed { reason } => reason.clone(),
        _ if !report.oldest.same_release(should) => format!("a part of it runs {}", report.oldest),
        // Machines come and go in a healthy cluster: it is scaled, or one is repaired.
        Rollout::Settled | Rollout::Rolling { .. } => return None,
    };
    Some(Ailment::Degraded { reason })
}

/// The order to start is in the log; did the cluster take it?
fn starting(moment: &Moment<'_>, id: ClusterId, cell: &Cell, planned: Member<'_>) -> Option<Fact> {
    let to = planned.to(cell.hop)?;
    let since = cell.since?;
    if let Some(Sight::Gone) = moment.fresh(id).map(|seen| &seen.sight) {
        return Some(gone(moment.rules, id));
    }
    if let Some(report) = later_report(moment, id, cell) {
        if report.desired.same_release(to) {
            return Some(Fact::HopAccepted {
                cluster: id,
                hop: cell.hop,
            });
        }
        if !untouched(report, cell, planned) {
            return Some(held(id, report, to, to));
        }
        // Not taken. An order of an earlier process is decided anew, so that caps and windows hold across restarts;
        // one of this process is repeated for as long as it may be given.
        let earlier_process = moment.run.is_of_earlier_process(since);
        let closed = || moment.closed().or_else(|| moment.closed_for(planned)).is_some();
        // One that the cluster has not taken in all the time that it was offered is not put off once more.
        if earlier_process || (closed() && !overdue(moment, id, cell, planned)) {
            return Some(Fact::HopWithdrawn {
                cluster: id,
                hop: cell.hop,
            });
        }
    }
    overdue(moment, id, cell, planned).then_some(Fact::ClusterFailed {
        cluster: id,
        cause: FailureCause::NotAccepted,
    })
}

/// The cluster works on a hop.
fn running(moment: &Moment<'_>, id: ClusterId, cell: &Cell, planned: Member<'_>) -> Option<Fact> {
    let news = moment
        .fresh(id)
        .and_then(|seen| news_of_hop(seen, id, cell, planned));
    let news = news.map(|fact| match fact {
        Fact::ClusterGone { cluster } => gone(moment.rules, cluster),
        fact => fact,
    });
    news.or_else(|| {
        overdue(moment, id, cell, planned).then_some(Fact::ClusterFailed {
            cluster: id,
            cause: FailureCause::Deadline,
        })
    })
}

/// What a look at a cluster that works on a hop says, if it is news.
pub(crate) fn news_of_hop(
    seen: &ClusterObservation,
    cluster: ClusterId,
    cell: &Cell,
    planned: Member<'_>,
) -> Option<Fact> {
    let to = planned.to(cell.hop)?;
    let report = match &seen.sight {
        Sight::Gone => return Some(Fact::ClusterGone { cluster }),
        // A look from before the order shows the old version, and says nothing.
        Sight::Present(report) if is_later(seen, cell) => report,
        Sight::Present(_) | Sight::Unreachable => return None,
    };
    // Where others upgrade it, or have taken our order away, its workers may still wait for their turn.
    if !report.lead().same_release(to) {
        return Some(held(cluster, report, to, to));
    }
    if let Rollout::Failed { reason } = &report.rollout {
        let reason = reason.clone();
        let cause = FailureCause::Rollout { reason };
        return Some(Fact::ClusterFailed { cluster, cause });
    }
    (report.health == Health::Healthy && report.runs(to)).then_some(Fact::HopDone {
        cluster,
        hop: cell.hop,
    })
}

/// Whether the look is from after the cluster's hop started, and from after it took the order if it has.
fn is_later(seen: &ClusterObservation, cell: &Cell) -> bool {
    let since = cell.accepted.max(cell.since);
    since.is_some_and(|since| seen.seen_at > since)
}

/// A fresh report that is later than the cluster's order.
fn later_report<'a>(moment: &Moment<'a>, id: ClusterId, cell: &Cell) -> Option<&'a ClusterReport> {
    moment
        .fresh(id)
        .filter(|seen| is_later(seen, cell))
        .and_then(ClusterObservation::report)
}

/// Whether the cluster still wants what it did before the hop.
fn untouched(report: &ClusterReport, cell: &Cell, planned: Member<'_>) -> bool {
    report.is_as_told(planned, cell.hop)
}

/// Whether the hop's deadline is over, and someone has looked since, or tried to.
fn overdue(moment: &Moment<'_>, id: ClusterId, cell: &Cell, planned: Member<'_>) -> bool {
    let Some(deadline) = moment.deadline(id, cell, planned) else {
        return false;
    };
    let looked = moment.seen.get(id).is_some_and(|seen| seen.seen_at >= deadline) || moment.is_stale(id);
    moment.now >= deadline && looked
}

/// An ailment that has lasted too long is a failure.
fn lost_patience(moment: &Moment<'_>, id: ClusterId) -> Option<Fact> {
    let (since, ailment) = moment.run.unwell(id)?;
    let over = moment.now >= after(since, moment.settings.unwell_limit);
    over.then(|| Fact::ClusterFailed {
        cluster: id,
        cause: FailureCause::Unwell {
            ailment: ailment.clone(),
        },
    })
}

/// A cluster that left the fleet.
pub(crate) fn gone(rules: Rules<'_>, cluster: ClusterId) -> Fact {
    match rules.on_change().leaving {
        OnLeaving::Tolerate => Fact::ClusterGone { cluster },
        OnLeaving::Fail => Fact::ClusterFailed {
            cluster,
            cause: FailureCause::Left,
        },
    }
}

/// Whether somebody else has sent a cluster on its whole way before its turn, and may.
fn is_welcome(moment: &Moment<'_>, report: &ClusterReport, cell: &Cell, planned: Member<'_>) -> bool {
    let target = planned.hops().last();
    moment.rules.on_change().upgraded_by_others == OnUpgradedByOthers::Accept
        && cell.is_waiting()
        && target.is_some_and(|target| report.lead().same_release(target))
}

/// A cluster that wants something else: its control plane another version than `lead`, or else its workers than `all`.
fn held(
    cluster: ClusterId,
    report: &ClusterReport,
    lead: &KubernetesVersion,
    all: &KubernetesVersion,
) -> Fact {
    let (found, expected, writer) = match &report.control_plane {
        Some(told) if !told.version.same_release(lead) => (&told.version, lead, &told.writer),
        _ => (&report.desired, all, &report.writer),
    };
    Fact::ClusterHeld {
        cluster,
        found: found.clone(),
        expected: expected.clone(),
        writer: writer.clone(),
    }
}

/// Whether two ailments are of one kind: a change of words only is not news.
fn same_kind(a: &Ailment, b: &Ailment) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}
