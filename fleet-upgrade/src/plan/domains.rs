//! The domains of a policy for a fleet: regions, pairs, groups, shares of the capacity; and each cluster's own calendar.

use std::collections::BTreeMap;

use fleet_core::{Calendar, FleetCluster};
use serde::{Deserialize, Serialize};

use super::assign::Assignment;
use super::hops::Paths;
use super::refusal::{ClusterSample, PlanProblem};
use crate::spec::FleetUpgrade;

/// A part of the fleet of which only so much may be away at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlanDomain {
    /// Its name, such as `region=eu-west` or `group canary/eu`.
    pub name: String,
    /// How much may be away: clusters, or nodes where the policy weighs by nodes.
    pub limit: u64,
    /// Whether what failed or is held counts as away; for a spread it does, for a group it does not.
    pub counts_failed: bool,
}

impl PlanDomain {
    /// Whether it is a group of a stage: what failed in one is nobody's missing capacity.
    pub(crate) fn is_group(&self) -> bool {
        !self.counts_failed
    }
}

/// A cluster's part in a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DomainShare {
    /// The domain, by its place in the plan's list.
    pub domain: u32,
    /// How much of the domain is away when this cluster is.
    pub weight: u64,
}

/// What of a policy makes a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A rule of `spread`.
    Spread(usize),
    /// A group of a stage.
    Group { stage: usize, group: usize },
}

/// All domains, and what is each cluster's, by its number in the assignment.
pub(crate) struct Domains {
    pub(crate) list: Vec<PlanDomain>,
    /// For each domain, what of the policy makes it, and all that weighs in it.
    origins: Vec<(Origin, u64)>,
    /// Empty where the policy has no domains at all.
    shares: Vec<Vec<DomainShare>>,
    /// The calendars of clusters with one of their own; the fleet's own is not among them.
    pub(crate) calendars: Vec<Calendar>,
    calendar_rules: Vec<(usize, ClusterSample)>,
    /// 0 is the fleet's calendar, others are one more than their place in the list. Empty where all have that one.
    calendar_of: Vec<u32>,
}

impl Domains {
    pub(crate) fn of(
        policy: &FleetUpgrade,
        assignment: &Assignment<'_>,
        paths: &Paths,
        problems: &mut Vec<PlanProblem>,
    ) -> Self {
        let mut all = Self {
            list: Vec::new(),
            origins: Vec::new(),
            shares: Vec::new(),
            calendars: Vec::new(),
            calendar_rules: Vec::new(),
            calendar_of: Vec::new(),
        };
        all.add_spreads(policy, &assignment.clusters, paths, problems);
        all.add_groups(policy, assignment, problems);
        all.add_calendars(policy, &assignment.clusters, problems);
        all
    }

    /// The domains that one rule of the policy makes, by their places.
    pub(crate) fn of_origin(&self, origin: Origin) -> impl Iterator<Item = usize> {
        let origins = self.origins.iter().enumerate();
        origins
            .filter(move |(_, (of, _))| *of == origin)
            .map(|(place, _)| place)
    }

    /// All that weighs in a domain.
    pub(crate) fn total(&self, domain: usize) -> u64 {
        self.origins.get(domain).map_or(0, |(_, total)| *total)
    }

    /// For each calendar of clusters' own, the last of the rules that made it, and whose it is.
    pub(crate) fn calendar_rules(&self) -> &[(usize, ClusterSample)] {
        &self.calendar_rules
    }

    pub(crate) fn shares(&self, member: u32) -> &[DomainShare] {
        self.shares.get(member as usize).map_or(&[], Vec::as_slice)
    }

    /// The calendar of a cluster, as [`calendar_of`](Self::calendar_of) counts.
    pub(crate) fn calendar(&self, member: u32) -> u32 {
        self.calendar_of.get(member as usize).copied().unwrap_or(0)
    }

    fn add_spreads(
        &mut self,
        policy: &FleetUpgrade,
        clusters: &[&FleetCluster],
        paths: &Paths,
        problems: &mut Vec<PlanProblem>,
    ) {
        for (index, rule) in policy.spec.spread.iter().enumerate() {
            let mut members: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            for (number, cluster) in (0..).zip(clusters) {
                if let Some(domain) = rule.domain(cluster) {
                    members.entry(domain).or_default().push(number);
                }
            }
            if members.is_empty() && !clusters.is_empty() {
                problems.push(PlanProblem::SpreadMatchesNothing {
                    place: policy.place(format!("spec.spread[{index}].labels")),
                    labels: rule.labels.join(", "),
                });
            }
            for (name, members) in members {
                let weight = |number: u32| rule.weight(clusters[number as usize]);
                let total = members.iter().map(|number| weight(*number)).sum();
                let limit = rule.max_unavailable.of_rounded_down(total);
                // What can all be away at once holds nobody up.
                if total <= limit {
                    continue;
                }
                let mut too_heavy = ClusterSample::default();
                let mut heaviest = 0;
                for number in members.iter().filter(|number| weight(**number) > limit) {
                    let cluster = clusters[*number as usize];
                    // One with nothing to do never wants to be away.
                    if !paths.of(cluster, &policy.spec.target).is_empty() {
                        too_heavy.add(cluster.name());
                        heaviest = heaviest.max(weight(*number));
                    }
                }
                if too_heavy.count > 0 {
                    problems.push(PlanProblem::DomainTooSmall {
                        place: policy.place(format!("spec.spread[{index}].maxUnavailable")),
                        domain: name.clone(),
                        max_unavailable: rule.max_unavailable,
                        total,
                        heaviest,
                        weigh_by: rule.weigh_by,
                        clusters: too_heavy,
                    });
                }
                self.add(
                    PlanDomain {
                        name,
                        limit,
                        counts_failed: true,
                    },
                    (Origin::Spread(index), total),
                    clusters.len(),
                    members.into_iter().map(|number| (number, weight(number))),
                );
            }
        }
    }

    fn add_groups(
        &mut self,
        policy: &FleetUpgrade,
        assignment: &Assignment<'_>,
        problems: &mut Vec<PlanProblem>,
    ) {
        for (index, (stage, taken)) in policy.spec.stages.iter().zip(&assignment.stages).enumerate() {
            if stage.groups.is_empty() {
                continue;
            }
            let path = format!("spec.stages[{index}]");
            if stage.max_concurrent.get() > 1 {
                problems.push(PlanProblem::GroupsAndMaxConcurrent {
                    place: policy.place(format!("{path}.maxConcurrent")),
                    stage: stage.name.clone(),
                });
            }
            let mut members: Vec<Vec<u32>> = vec![Vec::new(); stage.groups.len()];
            let mut unmatched = ClusterSample::default();
            let mut twice: BTreeMap<(usize, usize), ClusterSample> = BTreeMap::new();
            for &number in &taken.members {
                let cluster = assignment.clusters[number as usize];
                let mut matching = (0..stage.groups.len())
                    .filter(|group| stage.groups[*group].selector.matches(cluster.labels()));
                match (matching.next(), matching.next()) {
                    (None, _) => unmatched.add(cluster.name()),
                    (Some(group), None) => members[group].push(number),
                    (Some(one), Some(other)) => twice.entry((one, other)).or_default().add(cluster.name()),
                }
            }
            let all_matched = unmatched.count == 0;
            if !all_matched {
                problems.push(PlanProblem::GroupUnmatched {
                    place: policy.place(format!("{path}.groups")),
                    stage: stage.name.clone(),
                    clusters: unmatched,
                });
            }
            for ((one, other), clusters) in twice {
                problems.push(PlanProblem::MatchedTwice {
                    place: policy.place(format!("{path}.groups[{other}].selector")),
                    first: stage.groups[one].name.clone(),
                    second: stage.groups[other].name.clone(),
                    clusters,
                });
            }
            for (number, (group, members)) in stage.groups.iter().zip(members).enumerate() {
                // Where others are in no group, that is what there is to be mended.
                if members.is_empty() && all_matched && !taken.members.is_empty() {
                    problems.push(PlanProblem::GroupMatchesNothing {
                        place: policy.place(format!("{path}.groups[{number}].selector")),
                        group: group.name.clone(),
                        stage: stage.name.clone(),
                    });
                }
                self.add(
                    PlanDomain {
                        name: format!("group {}/{}", stage.name, group.name),
                        limit: u64::from(group.max_concurrent.get()),
                        counts_failed: false,
                    },
                    (
                        Origin::Group {
                            stage: index,
                            group: number,
                        },
                        members.len() as u64,
                    ),
                    assignment.clusters.len(),
                    members.into_iter().map(|number| (number, 1)),
                );
            }
        }
    }

    fn add(
        &mut self,
        domain: PlanDomain,
        origin: (Origin, u64),
        clusters: usize,
        members: impl Iterator<Item = (u32, u64)>,
    ) {
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(domain);
        self.origins.push(origin);
        if self.shares.is_empty() {
            self.shares = vec![Vec::new(); clusters];
        }
        for (member, weight) in members {
            self.shares[member as usize].push(DomainShare {
                domain: number,
                weight,
            });
        }
    }

    fn add_calendars(
        &mut self,
        policy: &FleetUpgrade,
        clusters: &[&FleetCluster],
        problems: &mut Vec<PlanProblem>,
    ) {
        let rules = &policy.spec.cluster_calendars;
        if rules.is_empty() {
            return;
        }
        for (index, rule) in rules.iter().enumerate() {
            let matches = |cluster: &&FleetCluster| rule.selector.matches(cluster.labels());
            if !clusters.is_empty() && !clusters.iter().any(matches) {
                problems.push(PlanProblem::CalendarMatchesNothing {
                    place: policy.place(format!("spec.clusterCalendars[{index}].selector")),
                    selector: rule.selector.clone(),
                });
            }
        }
        let mut known: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        self.calendar_of = clusters
            .iter()
            .map(|cluster| {
                let matching: Vec<usize> = (0..rules.len())
                    .filter(|rule| rules[*rule].selector.matches(cluster.labels()))
                    .collect();
                if matching.is_empty() {
                    return 0;
                }
                let calendar = *known.entry(matching).or_insert_with_key(|matching| {
                    let both = matching
                        .iter()
                        .fold(policy.spec.calendar.clone(), |calendar, rule| {
                            calendar.intersect(&rules[*rule].calendar)
                        });
                    self.calendars.push(both);
                    let last = matching.last().copied().unwrap_or_default();
                    self.calendar_rules.push((last, ClusterSample::default()));
                    u32::try_from(self.calendars.len()).unwrap_or(u32::MAX)
                });
                if let Some((_, whose)) = self.calendar_rules.get_mut(calendar as usize - 1) {
                    whose.add(cluster.name());
                }
                calendar
            })
            .collect();
    }
}
