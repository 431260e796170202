//! The planner: from a policy and a fleet to a plan, or to everything that is wrong.

use std::num::NonZeroU32;

use fleet_core::{Fleet, HumanDuration};
use jiff::Timestamp;

use super::assign::{Assignment, assign};
use super::contradictions::contradictions;
use super::domains::Domains;
use super::feasible::relaxations;
use super::hops::{Paths, paths};
use super::openings::{Days, Openings, seconds_up};
use super::refusal::{PlanError, PlanProblem};
use super::schedule::{
    Bound, Ground, Job, Limits, Slot, StageJobs, StageTimes, Unschedulable, lower_bound, schedule,
};
use super::{
    AtTarget, Constraint, ConstraintEffect, PlanDomain, PlannedCluster, PlannedStage, Reason, Reversibility,
    StartBound, UpgradePlan, warn,
};
use crate::estimate::Estimates;
use crate::pick::{Pick, Take};
use crate::spec::{FleetUpgrade, OnAtTarget, Stage};

/// Plans an upgrade with the default [`Estimates`].
///
/// The plan depends on nothing but the arguments: not on a clock, not on the order in which the fleet was put together.
/// Clusters of a stage start in the order least critical, smallest, name (a pick may say otherwise), do not
/// overtake each other, and each starts as early as the stages, the caps and the calendar allow. A hop starts
/// only when the calendar is open for as long as the hop is expected to take, where it ever is.
///
/// # Errors
///
/// A policy that contradicts itself or does not fit the fleet is refused, with every problem that was found.
pub fn plan(policy: &FleetUpgrade, fleet: &Fleet, now: Timestamp) -> Result<UpgradePlan, PlanError> {
    plan_with(policy, fleet, now, &Estimates::default())
}

/// Plans an upgrade as [`plan`] does, with these estimates of how long things take.
///
/// # Errors
///
/// As [`plan`].
pub fn plan_with(
    policy: &FleetUpgrade,
    fleet: &Fleet,
    now: Timestamp,
    estimates: &Estimates,
) -> Result<UpgradePlan, PlanError> {
    let mut problems = Vec::new();
    let assignment = assign(policy, fleet, &mut problems);
    let paths = paths(policy, &assignment.clusters, &mut problems);
    let domains = Domains::of(policy, &assignment, &paths, &mut problems);
    contradictions(policy, &assignment, &mut problems);
    let start = seconds_up(now);
    let calendars = std::iter::once(&policy.spec.calendar).chain(&domains.calendars);
    let mut ground = Ground {
        openings: calendars.map(Openings::new).collect(),
        days: Days::new(policy.spec.calendar.time_zone().clone()),
        domains: domains.list.clone(),
    };
    if ground.openings[0].fit(start, 1).is_none() {
        problems.push(PlanProblem::NeverOpens {
            place: policy.place("spec.calendar"),
            after: now,
            waiting: "the upgrade".to_owned(),
        });
    } else {
        let target = &policy.spec.target;
        let waits = |calendar: u32| {
            let mut clusters = (0..).zip(&assignment.clusters);
            clusters.any(|(number, cluster)| {
                domains.calendar(number) == calendar && !paths.of(cluster, target).is_empty()
            })
        };
        let own = ground.openings[1..].iter_mut().zip(domains.calendar_rules());
        for (number, (openings, (rule, clusters))) in (1..).zip(own) {
            if openings.fit(start, 1).is_none() && waits(number) {
                problems.push(PlanProblem::NeverOpens {
                    place: policy.place(format!("spec.clusterCalendars[{rule}].calendar")),
                    after: now,
                    waiting: clusters.to_string(),
                });
            }
        }
    }
    if !problems.is_empty() {
        return Err(PlanError::new(&policy.name, problems));
    }

    let mut draft = Draft::new(policy, &assignment, &paths, &domains, estimates);
    let mut slots: Vec<Vec<Slot>> = draft
        .jobs
        .iter()
        .map(|stage| Vec::with_capacity(stage.jobs.len()))
        .collect();
    let times = schedule(&draft.jobs, start, Limits::ALL, &mut ground, |stage, _, slot| {
        slots[stage].push(slot);
    })
    .map_err(|cause| refuse(policy, &domains, &cause))?;
    let finish = times.last().map_or(start, |stage| stage.soak_until);
    let bound = lower_bound(&draft.jobs, start);
    if let Some(deadline) = policy.spec.deadline {
        let last = deadline.at(policy.spec.calendar.time_zone());
        if instant(finish) > last {
            let relaxations = relaxations(&mut draft, policy, &domains, start, last.as_second(), &mut ground);
            let problem = PlanProblem::MissesDeadline {
                place: policy.place("spec.deadline"),
                deadline: last,
                finish: instant(finish),
                lower_bound: instant(bound),
                relaxations,
            };
            return Err(PlanError::new(&policy.name, vec![problem]));
        }
    }
    let effects = effects(policy, &draft.jobs, start, finish, &mut ground);
    let binding_constraint = binding(&effects, &draft.jobs, start, finish, bound, &mut ground);
    let warnings = warn::warnings(policy, &assignment, &draft, &slots, &times, &mut ground);

    let stages = (0..)
        .zip(&draft.members)
        .zip(slots)
        .zip(&times)
        .map(|(((index, members), slots), times)| {
            planned_stage(
                policy,
                &assignment,
                &paths,
                &draft,
                &ground.domains,
                estimates,
                index,
                members,
                &slots,
                *times,
            )
        })
        .collect();
    Ok(UpgradePlan {
        name: policy.name.clone(),
        target: policy.spec.target.clone(),
        created: now,
        calendar: policy.spec.calendar.clone(),
        failure_budget: policy.spec.failure_budget,
        cluster_deadline: policy.spec.cluster_deadline,
        unwell_limit: policy.spec.unwell_limit,
        on_change: policy.spec.on_change,
        preflight: policy.spec.preflight,
        backup: policy.spec.backup.clone(),
        gates: policy.spec.gates.clone(),
        unreachable_budget: policy.spec.unreachable_budget,
        on_failure: policy.spec.on_failure.clone(),
        domains: domains.list,
        cluster_calendars: domains.calendars,
        stages,
        finish: instant(finish),
        lower_bound: instant(bound),
        binding_constraint,
        effects: effects
            .into_iter()
            .map(|(constraint, finish)| ConstraintEffect {
                constraint,
                finish_without: instant(finish),
            })
            .collect(),
        warnings,
        index: super::Index::default(),
    })
}

/// The stages as the scheduler sees them.
pub(crate) struct Draft {
    /// For each stage, the clusters to upgrade, in order, by their number in the assignment.
    pub(crate) members: Vec<Vec<u32>>,
    /// For each stage, the clusters with nothing to do.
    pub(crate) at_target: Vec<Vec<u32>>,
    pub(crate) jobs: Vec<StageJobs>,
    /// For each stage, how long it soaks; nothing where no upgrade comes before the end of its soak or after it.
    pub(crate) soaks: Vec<HumanDuration>,
}

impl Draft {
    fn new(
        policy: &FleetUpgrade,
        assignment: &Assignment<'_>,
        paths: &Paths,
        domains: &Domains,
        estimates: &Estimates,
    ) -> Self {
        let target = &policy.spec.target;
        // In the clusters' own order: stages come by them in another, and memory likes that less.
        let ways = assignment
            .clusters
            .iter()
            .map(|cluster| paths.of(cluster, target));
        let hops: Vec<usize> = ways.map(|way| way.len()).collect();
        let hops = |member: u32| hops[member as usize];
        let nodes = assignment.clusters.iter().map(|cluster| cluster.nodes());
        let hop_seconds: Vec<i64> = nodes.map(|nodes| estimates.hop_seconds(nodes)).collect();
        let (mut members, mut at_target) = (Vec::new(), Vec::new());
        for stage in &assignment.stages {
            let (done, todo): (Vec<u32>, Vec<u32>) =
                stage.members.iter().partition(|member| hops(**member) == 0);
            at_target.push(done);
            members.push(todo);
        }
        let last = members.iter().rposition(|stage| !stage.is_empty());
        let mut jobs = Vec::new();
        let mut soaks = Vec::new();
        for (index, (stage, members)) in policy.spec.stages.iter().zip(&members).enumerate() {
            // Behind the last upgrade there is nothing left to watch, and nothing in a stage of which all was left out.
            let watches = !members.is_empty()
                || (!at_target[index].is_empty() && policy.spec.on_change.at_target != OnAtTarget::LeaveOut);
            let soak = if watches && last.is_some_and(|last| index <= last) {
                stage.soak.expected()
            } else {
                HumanDuration::ZERO
            };
            soaks.push(soak);
            jobs.push(StageJobs {
                jobs: members
                    .iter()
                    .map(|&member| Job {
                        hop_seconds: hop_seconds[member as usize],
                        hops: hops(member),
                        calendar: domains.calendar(member) as usize,
                        domains: domains.shares(member).to_vec(),
                    })
                    .collect(),
                max_concurrent: places(stage).get() as usize,
                max_per_day: stage.max_per_day.map(|cap| cap.get() as usize),
                soak_seconds: soak
                    .as_signed()
                    .as_millis()
                    .div_euclid(1000)
                    .try_into()
                    .unwrap_or(i64::MAX)
                    + i64::from(soak.as_signed().subsec_nanos() > 0),
            });
        }
        Self {
            members,
            at_target,
            jobs,
            soaks,
        }
    }
}

/// What each constraint that the policy sets costs: the finish without it, the largest gain first.
fn effects(
    policy: &FleetUpgrade,
    jobs: &[StageJobs],
    start: i64,
    finish: i64,
    ground: &mut Ground<'_>,
) -> Vec<(Constraint, i64)> {
    let mut effects: Vec<(Constraint, i64)> = SWITCHES
        .into_iter()
        .filter(|(constraint, _, _)| match constraint {
            Constraint::MaxPerDay => jobs.iter().any(|stage| stage.max_per_day.is_some()),
            Constraint::MaxConcurrent => {
                jobs.iter().any(|stage| stage.jobs.len() > stage.max_concurrent)
                    || ground.domains.iter().any(PlanDomain::is_group)
            }
            Constraint::Soak => jobs.iter().any(|stage| stage.soak_seconds > 0),
            Constraint::Calendar => !policy.spec.calendar.is_always() || ground.openings.len() > 1,
            Constraint::Spread => !ground.domains.iter().all(PlanDomain::is_group),
            Constraint::Work => false,
        })
        .map(|(constraint, without, _)| (constraint, without))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(constraint, without)| {
            (
                constraint,
                finish_under(without, jobs, start, ground).unwrap_or(finish),
            )
        })
        .collect();
    effects.sort_by_key(|(_, finish)| *finish);
    effects
}

/// The constraint without which the plan would finish earliest. Where two hold it together, so that neither alone makes
/// a difference, the one which delays more by itself.
fn binding(
    effects: &[(Constraint, i64)],
    jobs: &[StageJobs],
    start: i64,
    finish: i64,
    bound: i64,
    ground: &mut Ground<'_>,
) -> Constraint {
    match effects.first() {
        Some((constraint, without)) if *without < finish => return *constraint,
        _ if finish <= bound => return Constraint::Work,
        _ => {}
    }
    let mut largest = (Constraint::Work, bound);
    for (constraint, _, only) in SWITCHES {
        if let Some(alone) = finish_under(only, jobs, start, ground)
            && alone > largest.1
        {
            largest = (constraint, alone);
        }
    }
    largest.0
}

pub(crate) fn finish_under(
    limits: Limits,
    jobs: &[StageJobs],
    start: i64,
    ground: &mut Ground<'_>,
) -> Option<i64> {
    let times = schedule(jobs, start, limits, ground, |_, _, _| {}).ok()?;
    Some(times.last().map_or(start, |stage| stage.soak_until))
}

/// Each constraint with the limits that hold without it, and those that hold beside the stages and soaks with it alone.
const SWITCHES: [(Constraint, Limits, Limits); 5] = {
    let none = Limits {
        max_per_day: false,
        max_concurrent: false,
        soak: true,
        calendar: false,
        spread: false,
    };
    [
        (
            Constraint::MaxPerDay,
            Limits {
                max_per_day: false,
                ..Limits::ALL
            },
            Limits {
                max_per_day: true,
                ..none
            },
        ),
        (
            Constraint::MaxConcurrent,
            Limits {
                max_concurrent: false,
                ..Limits::ALL
            },
            Limits {
                max_concurrent: true,
                ..none
            },
        ),
        (
            Constraint::Soak,
            Limits {
                soak: false,
                ..Limits::ALL
            },
            none,
        ),
        (
            Constraint::Calendar,
            Limits {
                calendar: false,
                ..Limits::ALL
            },
            Limits {
                calendar: true,
                ..none
            },
        ),
        (
            Constraint::Spread,
            Limits {
                spread: false,
                ..Limits::ALL
            },
            Limits { spread: true, ..none },
        ),
    ]
};

/// How many clusters of a stage may be upgraded at the same time: with groups, what those add up to.
pub(crate) fn places(stage: &Stage) -> NonZeroU32 {
    let groups = stage.groups.iter().map(|group| group.max_concurrent);
    groups
        .reduce(|all, group| all.saturating_add(group.get()))
        .unwrap_or(stage.max_concurrent)
}

#[allow(clippy::too_many_arguments)] // everything that a stage of a plan is made of
fn planned_stage(
    policy: &FleetUpgrade,
    assignment: &Assignment<'_>,
    paths: &Paths,
    draft: &Draft,
    domains: &[PlanDomain],
    estimates: &Estimates,
    index: usize,
    members: &[u32],
    slots: &[Slot],
    times: StageTimes,
) -> PlannedStage {
    let stage = &policy.spec.stages[index];
    let target = &policy.spec.target;
    let cluster = |member: u32| assignment.clusters[member as usize];
    let of = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let rank_of: Vec<u32> = if stage.pick.is_some() {
        let ranks = (1..).zip(&assignment.stages[index].members);
        ranks
            .filter(|(_, member)| !paths.of(cluster(**member), target).is_empty())
            .map(|(rank, _)| rank)
            .collect()
    } else {
        Vec::new()
    };
    let selector = stage.selector.as_ref().map(ToString::to_string);
    let clusters = (0..)
        .zip(members)
        .zip(slots)
        .map(|((place, &member), slot): ((u32, _), _)| {
            let from = cluster(member);
            let start = start_bound(places(stage), stage.max_per_day, slot, domains, |index| {
                cluster(members[index]).name().clone()
            });
            let taken = &assignment.stages[index];
            let rank = rank_of.get(place as usize).copied().unwrap_or(place + 1);
            let reason = match &stage.pick {
                Some(Pick {
                    take: Take::Coverage(_),
                    ..
                }) => Reason::Covering {
                    rank,
                    candidates: taken.candidates,
                    covers: taken.covers.get(rank as usize - 1).copied().unwrap_or(0),
                    pairs: taken.pairs,
                    start,
                },
                Some(Pick {
                    take: Take::Names(_), ..
                }) => Reason::Named { rank, start },
                Some(pick) => Reason::Picked {
                    rank,
                    candidates: taken.candidates,
                    selector: selector.clone(),
                    order: pick.order.clone(),
                    criticality: from.criticality(),
                    nodes: from.nodes().total(),
                    start,
                },
                None => Reason::Ordered {
                    position: place + 1,
                    of,
                    day: stage.max_per_day.map(|_| slot.day),
                    start,
                },
            };
            let job = &draft.jobs[index].jobs[place as usize];
            let hop_seconds = job.hop_seconds;
            let way = paths.of(from, target);
            // Where workers catch up first, the control plane begins behind that: when is known where its hop is the last, and
            // at the earliest right after.
            let begins = match (way.len(), way.control_plane_hops()) {
                (2, 1) => slot.end - hop_seconds,
                (all, hops) => slot.start + i64::try_from(all - hops).unwrap_or(0) * hop_seconds,
            };
            PlannedCluster {
                reversibility: Reversibility::of(
                    from,
                    instant(begins),
                    instant(slot.end),
                    way.control_plane_hops(),
                    estimates,
                ),
                domains: job.domains.clone(),
                calendar: u32::try_from(job.calendar)
                    .ok()
                    .and_then(|own| own.checked_sub(1)),
                name: from.name().clone(),
                from: from.version().clone(),
                workers: from.workers_lag().then(|| from.worker_version().clone()),
                hops: way.versions(),
                start: instant(slot.start),
                end: instant(slot.end),
                hop_estimate: HumanDuration::seconds(u32::try_from(hop_seconds).unwrap_or(u32::MAX)),
                reason,
            }
        })
        .collect();
    PlannedStage {
        name: stage.name.clone(),
        clusters,
        at_target: draft.at_target[index]
            .iter()
            .map(|&member| AtTarget {
                name: cluster(member).name().clone(),
                version: cluster(member).version().clone(),
            })
            .collect(),
        at_target_left_out: policy.spec.on_change.at_target == OnAtTarget::LeaveOut,
        max_concurrent: places(stage),
        completion_threshold: stage.completion_threshold,
        failure_budget: stage.failure_budget,
        max_per_day: stage.max_per_day,
        soak: draft.soaks[index],
        soak_samples: stage.soak.min_samples.filter(|_| !draft.soaks[index].is_zero()),
        approval: stage.approval.clone(),
        start: instant(times.start),
        end: instant(times.end),
        soak_until: instant(times.soak_until),
    }
}

fn start_bound(
    max_concurrent: std::num::NonZeroU32,
    max_per_day: Option<std::num::NonZeroU32>,
    slot: &Slot,
    domains: &[PlanDomain],
    name_of: impl Fn(usize) -> fleet_core::ClusterName,
) -> StartBound {
    match slot.bound {
        Bound::StageStart => StartBound::StageStart,
        Bound::MaxConcurrent { after } => StartBound::MaxConcurrent {
            max: max_concurrent,
            after: name_of(after),
        },
        Bound::MaxPerDay => StartBound::MaxPerDay {
            max: max_per_day.unwrap_or(std::num::NonZeroU32::MAX),
            day: slot.day,
        },
        Bound::Calendar => StartBound::Calendar {
            opens: instant(slot.start),
        },
        Bound::Domain { domain } => domains
            .get(domain as usize)
            .map_or(StartBound::StageStart, |domain| StartBound::Domain {
                domain: domain.name.clone(),
                limit: domain.limit,
            }),
        Bound::Order { after } => StartBound::Order {
            after: name_of(after),
        },
    }
}

fn refuse(policy: &FleetUpgrade, domains: &Domains, cause: &Unschedulable) -> PlanError {
    let problem = match *cause {
        Unschedulable::NeverOpens {
            stage,
            calendar,
            after,
        } => {
            let own = calendar
                .checked_sub(1)
                .and_then(|own| domains.calendar_rules().get(own));
            let stage = &policy.spec.stages[stage].name;
            let (field, waiting) = match own {
                None => ("spec.calendar".to_owned(), format!("the rest of stage `{stage}`")),
                Some((rule, clusters)) => (
                    format!("spec.clusterCalendars[{rule}].calendar"),
                    format!("what is left in stage `{stage}` of {clusters}"),
                ),
            };
            PlanProblem::NeverOpens {
                place: policy.place(field),
                after: instant(after),
                waiting,
            }
        }
        Unschedulable::TooLate { stage } => PlanProblem::EndsTooLate {
            place: policy.place(format!("spec.stages[{stage}]")),
            stage: policy.spec.stages[stage].name.clone(),
        },
    };
    PlanError::new(&policy.name, vec![problem])
}

/// The schedule refuses what ends too late, so the last instant stands in only for sums beyond it.
pub(crate) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
