//! Looks over a plan for what its author may not have meant.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use fleet_core::{ClusterName, HumanDuration};

use super::assign::Assignment;
use super::build::{Draft, instant};
use super::schedule::{Ground, Slot, StageTimes};
use super::survey::Kinds;
use super::{PlanWarning, RELEASE_RHYTHM_DAYS};
use crate::pick::{PickOrder, Take};
use crate::spec::{FleetUpgrade, Stage};

pub(crate) fn warnings(
    policy: &FleetUpgrade,
    assignment: &Assignment<'_>,
    draft: &Draft,
    slots: &[Vec<Slot>],
    times: &[StageTimes],
    ground: &mut Ground<'_>,
) -> Vec<PlanWarning> {
    let mut warnings = Vec::new();
    for (index, stage) in policy.spec.stages.iter().enumerate() {
        let Some(pick) = &stage.pick else { continue };
        let found = assignment.stages[index].candidates;
        if let Take::Count(wanted) = pick.take
            && found < wanted.get()
        {
            warnings.push(PlanWarning::FewerThanPicked {
                stage: stage.name.clone(),
                wanted,
                found,
            });
        }
        // Whoever is asked in between can look first.
        let goes_on_at_once = |next: &&Stage| {
            stage.soak.is_none() && stage.approval.after.is_none() && next.approval.before.is_none()
        };
        if let Some(next) = policy.spec.stages.get(index + 1).filter(goes_on_at_once) {
            warnings.push(PlanWarning::PickWithoutSoak {
                stage: stage.name.clone(),
                next: next.name.clone(),
            });
        }
        if let ([], Some(first)) = (&*draft.members[index], draft.at_target[index].first())
            && let Some(next) =
                (index + 1..draft.members.len()).find(|later| !draft.members[*later].is_empty())
        {
            warnings.push(PlanWarning::PickUpgradesNothing {
                stage: stage.name.clone(),
                first: assignment.clusters[*first as usize].name().clone(),
                next: policy.spec.stages[next].name.clone(),
            });
        }
        not_representative(&stage.name, assignment, index, &mut warnings);
    }
    for (index, stage) in policy.spec.stages.iter().enumerate() {
        let Some(cap) = stage.max_per_day else { continue };
        let seconds = times[index].end - times[index].start;
        if seconds > i64::from(RELEASE_RHYTHM_DAYS) * DAY {
            let open = open_days(times[index].start, ground).max(1);
            let needed = u32::try_from(slots[index].len())
                .unwrap_or(u32::MAX)
                .div_ceil(open);
            // Where it is not the cap that takes so long, a higher one would change nothing.
            if needed <= cap.get() {
                continue;
            }
            warnings.push(PlanWarning::CapCannotKeepUp {
                stage: stage.name.clone(),
                cap,
                days: u32::try_from((seconds + DAY - 1) / DAY).unwrap_or(u32::MAX),
                needed: NonZeroU32::new(needed).unwrap_or(NonZeroU32::MIN),
            });
        }
    }
    pairs_at_once(assignment, draft, slots, &mut warnings);
    cells_at_once(assignment, draft, slots, &mut warnings);
    testers_come_later(policy, assignment, &mut warnings);
    unknown_criticality(policy, assignment, &mut warnings);
    longer_than_deadline(policy, assignment, draft, &mut warnings);
    longer_than_window(assignment, draft, slots, &mut warnings);
    warnings
}

/// What later stages have that nothing up to the pick covers, by region, provider and tier.
fn not_representative(
    stage: &str,
    assignment: &Assignment<'_>,
    pick: usize,
    warnings: &mut Vec<PlanWarning>,
) {
    let (covered, later) = assignment.stages.split_at(pick + 1);
    for (dimension, kinds) in &assignment.survey.dimensions {
        let found = |stages: &[super::assign::Taken]| {
            let mut found = vec![false; kinds.len()];
            let members = stages.iter().flat_map(|stage| &stage.members);
            for kind in members.filter_map(|member| kinds.of(*member)) {
                found[kind as usize] = true;
            }
            found
        };
        let both = (0..).zip(found(later).into_iter().zip(found(covered)));
        let mut uncovered: Vec<String> = both
            .filter(|(_, (later, covered))| *later && !covered)
            .map(|(kind, _)| kinds.value(kind).to_owned())
            .collect();
        if !uncovered.is_empty() {
            uncovered.sort_unstable();
            warnings.push(PlanWarning::NotRepresentative {
                stage: stage.to_owned(),
                dimension: (*dimension).to_owned(),
                uncovered,
            });
        }
    }
}

/// Both halves of a disaster-recovery pair away at the same time, where no spread keeps them apart.
fn pairs_at_once(
    assignment: &Assignment<'_>,
    draft: &Draft,
    slots: &[Vec<Slot>],
    warnings: &mut Vec<PlanWarning>,
) {
    if let Some(found) = away_together(assignment, draft, slots, &assignment.survey.pair) {
        warnings.push(PlanWarning::PairAtOnce {
            pairs: found.groups,
            pair: found.group,
            one: found.one,
            other: found.other,
        });
    }
}

/// Production clusters of one cell away at the same time.
fn cells_at_once(
    assignment: &Assignment<'_>,
    draft: &Draft,
    slots: &[Vec<Slot>],
    warnings: &mut Vec<PlanWarning>,
) {
    if let Some(found) = away_together(assignment, draft, slots, &assignment.survey.cell) {
        warnings.push(PlanWarning::CellAtOnce {
            cells: found.groups,
            cell: found.group,
            one: found.one,
            other: found.other,
        });
    }
}

/// Groups of clusters of which two are away at the same time: how many, and the first one.
struct Together {
    groups: u32,
    group: String,
    one: ClusterName,
    other: ClusterName,
}

fn away_together(
    assignment: &Assignment<'_>,
    draft: &Draft,
    slots: &[Vec<Slot>],
    groups: &Kinds<'_>,
) -> Option<Together> {
    if groups.len() == 0 {
        return None;
    }
    let mut away: BTreeMap<&str, Vec<(i64, i64, u32)>> = BTreeMap::new();
    let times = draft.members.iter().flatten().zip(slots.iter().flatten());
    for (member, slot) in times {
        if let Some(group) = groups.of(*member) {
            away.entry(groups.value(group))
                .or_default()
                .push((slot.start, slot.end, *member));
        }
    }
    let name = |member: u32| assignment.clusters[member as usize].name().clone();
    let mut first = None;
    let mut count = 0;
    for (group, mut spans) in away {
        spans.sort_unstable();
        if let Some(both) = spans.windows(2).find(|both| both[1].0 < both[0].1) {
            count += 1;
            first.get_or_insert((group, both[0].2, both[1].2));
        }
    }
    first.map(|(group, one, other)| Together {
        groups: count,
        group: group.to_owned(),
        one: name(one),
        other: name(other),
    })
}

/// Of the clusters that are there to try new versions, at least one belongs into the first stage.
fn testers_come_later(policy: &FleetUpgrade, assignment: &Assignment<'_>, warnings: &mut Vec<PlanWarning>) {
    let (Some(stage), Some((first, later))) = (policy.spec.stages.first(), assignment.stages.split_first())
    else {
        return;
    };
    let is_tester = |member: &&u32| assignment.survey.tester[**member as usize];
    if first.members.iter().any(|member| is_tester(&member)) {
        return;
    }
    // Members are numbered in the order of their names.
    let testers = later.iter().flat_map(|stage| &stage.members).filter(is_tester);
    let (count, lowest) = testers.fold((0, None), |(count, lowest): (u32, Option<u32>), member| {
        (
            count + 1,
            Some(lowest.map_or(*member, |lowest| lowest.min(*member))),
        )
    });
    if let Some(lowest) = lowest {
        warnings.push(PlanWarning::TestersComeLater {
            clusters: count,
            first: assignment.clusters[lowest as usize].name().clone(),
            stage: stage.name.clone(),
        });
    }
}

/// A critical cluster among the first, because of a misspelled label, is what the order is there to prevent.
fn unknown_criticality(policy: &FleetUpgrade, assignment: &Assignment<'_>, warnings: &mut Vec<PlanWarning>) {
    let mut stages = policy.spec.stages.iter();
    let is_ordered_by_it = |stage: &Stage| match &stage.pick {
        Some(pick) => !matches!(pick.take, Take::Names(_)) && pick.order.contains(&PickOrder::LeastCritical),
        None => true,
    };
    if !stages.any(is_ordered_by_it) {
        return;
    }
    let unread = &assignment.survey.unread;
    warnings.extend(
        unread
            .iter()
            .map(|((label, counts_as), unread)| PlanWarning::UnknownCriticality {
                label: (*label).to_owned(),
                clusters: unread.clusters,
                first: unread.first.name().clone(),
                value: unread.value.to_owned(),
                counts_as: *counts_as,
            }),
    );
}

fn longer_than_deadline(
    policy: &FleetUpgrade,
    assignment: &Assignment<'_>,
    draft: &Draft,
    warnings: &mut Vec<PlanWarning>,
) {
    // The default is longer than any hop.
    let Some(deadline) = policy.spec.cluster_deadline else {
        return;
    };
    let jobs = draft.jobs.iter().flat_map(|stage| &stage.jobs);
    let members = draft.members.iter().flatten();
    let late = jobs
        .zip(members)
        .filter(|(job, _)| job.hop_seconds > deadline.as_signed().as_secs());
    let (mut clusters, mut longest) = (0, None);
    for (job, member) in late {
        clusters += 1;
        longest = match longest {
            Some((seconds, member)) if seconds >= job.hop_seconds => Some((seconds, member)),
            _ => Some((job.hop_seconds, *member)),
        };
    }
    if let Some((seconds, member)) = longest {
        warnings.push(PlanWarning::LongerThanDeadline {
            clusters,
            longest: assignment.clusters[member as usize].name().clone(),
            estimate: HumanDuration::seconds(u32::try_from(seconds).unwrap_or(u32::MAX)),
            deadline,
        });
    }
}

fn longer_than_window(
    assignment: &Assignment<'_>,
    draft: &Draft,
    slots: &[Vec<Slot>],
    warnings: &mut Vec<PlanWarning>,
) {
    let members = draft.members.iter().flatten();
    let over = slots.iter().flatten().zip(members);
    let mut over = over.filter_map(|(slot, member)| Some((slot.closes_before_end?, *member)));
    if let Some((closes, member)) = over.next() {
        warnings.push(PlanWarning::LongerThanWindow {
            clusters: u32::try_from(over.count() + 1).unwrap_or(u32::MAX),
            first: assignment.clusters[member as usize].name().clone(),
            closes: instant(closes),
        });
    }
}

/// On how many days the calendar opens, in the time between two minor releases.
fn open_days(from: i64, ground: &mut Ground<'_>) -> u32 {
    let Ground { openings, days, .. } = ground;
    let until = from + i64::from(RELEASE_RHYTHM_DAYS) * DAY;
    let mut count = 0;
    let mut at = from;
    while let Some((opens, _)) = openings[0].fit(at, 1) {
        if opens >= until {
            break;
        }
        count += 1;
        at = days.end(opens);
    }
    count
}

const DAY: i64 = 24 * 60 * 60;
