//! Which stage takes which cluster.

use std::collections::BTreeMap;

use fleet_core::{ClusterName, Fleet, FleetCluster};

use super::coverage::Features;
use super::refusal::{ClusterSample, PlanProblem};
use super::survey::Survey;
use crate::pick::{self, Take};
use crate::spec::{AtMost, FleetUpgrade};

/// The clusters a policy is about, and which stage takes each.
pub(crate) struct Assignment<'a> {
    /// In name order.
    pub(crate) clusters: Vec<&'a FleetCluster>,
    pub(crate) survey: Survey<'a>,
    /// For each stage, in order.
    pub(crate) stages: Vec<Taken>,
}

/// What one stage takes: indices into the clusters, in the order in which they are to start.
pub(crate) struct Taken {
    pub(crate) members: Vec<u32>,
    /// How many clusters the stage chose from.
    pub(crate) candidates: u32,
    /// For a pick by coverage: how many pairs of features each member was the first to have.
    pub(crate) covers: Vec<u32>,
    /// How many there are.
    pub(crate) pairs: u32,
}

/// Assigns every cluster to a stage. What is wrong goes to `problems`; the assignment then means nothing.
pub(crate) fn assign<'a>(
    policy: &FleetUpgrade,
    fleet: &'a Fleet,
    problems: &mut Vec<PlanProblem>,
) -> Assignment<'a> {
    let spec = &policy.spec;
    let clusters: Vec<&FleetCluster> = fleet
        .iter()
        .filter(|cluster| spec.clusters.matches(cluster.labels()))
        .collect();
    if fleet.is_empty() {
        problems.push(PlanProblem::EmptyFleet {
            place: policy.place("spec.clusters"),
        });
    } else if clusters.is_empty() {
        problems.push(PlanProblem::NothingSelected {
            place: policy.place("spec.clusters"),
            selector: spec.clusters.to_string(),
            clusters: fleet.len(),
        });
    }
    check_stage_names(policy, problems);

    let survey = Survey::of(policy, &clusters);
    let mut taken_by: Vec<Option<usize>> = vec![None; clusters.len()];
    let mut stages = Vec::with_capacity(spec.stages.len());
    for (index, stage) in spec.stages.iter().enumerate() {
        let mut members = candidates(policy, index, &clusters, &survey, &taken_by, problems);
        let candidates = u32::try_from(members.len()).unwrap_or(u32::MAX);
        let (mut covers, mut pairs) = (Vec::new(), 0);
        match &stage.pick {
            Some(pick) => {
                pick::sort(&pick.order, &clusters, &survey.criticality, &mut members);
                match &pick.take {
                    Take::Count(count) => members.truncate(count.get() as usize),
                    Take::Share(share) => {
                        let of = AtMost::Percent(*share).of_rounded_up(members.len() as u64);
                        members.truncate(usize::try_from(of).unwrap_or(usize::MAX));
                    }
                    Take::Names(names) => {
                        members = named(policy, index, names, &clusters, &members, problems);
                    }
                    Take::Coverage(coverage) => {
                        let from: Vec<&FleetCluster> =
                            members.iter().map(|member| clusters[*member as usize]).collect();
                        let features = Features::of(&from, &coverage.labels);
                        let most = coverage.at_most.map_or(usize::MAX, |most| most.get() as usize);
                        let chosen = features.cover(most);
                        pairs = features.pairs();
                        covers = chosen.iter().map(|chosen| chosen.covers).collect();
                        members = chosen.iter().map(|chosen| members[chosen.candidate]).collect();
                    }
                }
            }
            None => pick::sort(
                &pick::default_order(),
                &clusters,
                &survey.criticality,
                &mut members,
            ),
        }
        for &member in &members {
            taken_by[member as usize] = Some(index);
        }
        stages.push(Taken {
            members,
            candidates,
            covers,
            pairs,
        });
    }

    let mut unmatched = ClusterSample::default();
    for (cluster, _) in clusters
        .iter()
        .zip(&taken_by)
        .filter(|(_, stage)| stage.is_none())
    {
        unmatched.add(cluster.name());
    }
    if unmatched.count > 0 && !spec.stages.is_empty() {
        problems.push(PlanProblem::Unmatched {
            place: policy.place("spec.stages"),
            clusters: unmatched,
        });
    }
    Assignment {
        clusters,
        survey,
        stages,
    }
}

/// The clusters that a pick names, in its order.
fn named(
    policy: &FleetUpgrade,
    index: usize,
    names: &[ClusterName],
    clusters: &[&FleetCluster],
    candidates: &[u32],
    problems: &mut Vec<PlanProblem>,
) -> Vec<u32> {
    let by_name: BTreeMap<&ClusterName, u32> = candidates
        .iter()
        .map(|member| (clusters[*member as usize].name(), *member))
        .collect();
    let mut members = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        match by_name.get(name) {
            Some(member) if !members.contains(member) => members.push(*member),
            found => problems.push(PlanProblem::PickedName {
                place: policy.place(format!("spec.stages[{index}].pick.names[{place}]")),
                name: name.clone(),
                twice: found.is_some(),
            }),
        }
    }
    members
}

/// The clusters that a stage may take: those that match and that no earlier stage took.
fn candidates(
    policy: &FleetUpgrade,
    index: usize,
    clusters: &[&FleetCluster],
    survey: &Survey<'_>,
    taken_by: &[Option<usize>],
    problems: &mut Vec<PlanProblem>,
) -> Vec<u32> {
    let stages = &policy.spec.stages;
    let stage = &stages[index];
    let mut free = Vec::new();
    let mut earlier: BTreeMap<usize, ClusterSample> = BTreeMap::new();
    for &number in &survey.matching[index] {
        match taken_by[number as usize] {
            None => free.push(number),
            Some(by) => earlier
                .entry(by)
                .or_default()
                .add(clusters[number as usize].name()),
        }
    }
    let selector_path = format!("spec.stages[{index}].selector");
    let mut ambiguous = false;
    if stage.selector.is_some() {
        for (by, sample) in &earlier {
            // A stage with a pick takes some and leaves the rest: a later stage is meant to match the same clusters.
            if stages[*by].pick.is_none() {
                ambiguous = true;
                problems.push(PlanProblem::MatchedTwice {
                    place: policy.place(&selector_path),
                    first: stages[*by].name.clone(),
                    second: stage.name.clone(),
                    clusters: sample.clone(),
                });
            }
        }
    }
    if free.is_empty() && !ambiguous && !clusters.is_empty() {
        let place = policy.place(&selector_path);
        let name = stage.name.clone();
        problems.push(match (&stage.selector, earlier.is_empty()) {
            (Some(selector), true) => PlanProblem::StageMatchesNothing {
                place,
                stage: name,
                selector: selector.to_string(),
                clusters: clusters.len(),
            },
            _ => PlanProblem::StageLeftEmpty {
                place,
                stage: name,
                matching: earlier.values().map(|sample| sample.count).sum(),
                earlier: earlier.keys().map(|by| stages[*by].name.clone()).collect(),
            },
        });
    }
    free
}

fn check_stage_names(policy: &FleetUpgrade, problems: &mut Vec<PlanProblem>) {
    if policy.spec.stages.is_empty() {
        problems.push(PlanProblem::NoStages {
            place: policy.place("spec.stages"),
        });
    }
    let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, stage) in policy.spec.stages.iter().enumerate() {
        let place = policy.place(format!("spec.stages[{index}].name"));
        if stage.name.trim().is_empty() {
            problems.push(PlanProblem::UnnamedStage { place });
        } else if stage.name.contains(char::is_control) {
            let name = stage.name.clone();
            problems.push(PlanProblem::StageNameControl { place, name });
        } else if let Some(first) = first_of.get(stage.name.as_str()) {
            let first = format!("spec.stages[{first}]");
            problems.push(PlanProblem::DuplicateStage {
                place,
                name: stage.name.clone(),
                first,
            });
        } else {
            first_of.insert(&stage.name, index);
        }
    }
}
