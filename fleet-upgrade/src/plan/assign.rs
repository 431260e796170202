//! Which stage takes which cluster.

use std::collections::BTreeMap;

use fleet_core::{Fleet, FleetCluster, Labels};

use super::refusal::{ClusterSample, PlanProblem};
use crate::pick;
use crate::spec::{FleetUpgrade, Stage};

/// The clusters a policy is about, and which stage takes each.
pub(crate) struct Assignment<'a> {
    /// In name order.
    pub(crate) clusters: Vec<&'a FleetCluster>,
    /// For each stage, in order.
    pub(crate) stages: Vec<Taken>,
}

/// What one stage takes: indices into the clusters, in the order in which they are to start.
pub(crate) struct Taken {
    pub(crate) members: Vec<u32>,
    /// How many clusters the stage chose from.
    pub(crate) candidates: u32,
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

    let mut taken_by: Vec<Option<usize>> = vec![None; clusters.len()];
    let mut stages = Vec::with_capacity(spec.stages.len());
    for (index, stage) in spec.stages.iter().enumerate() {
        let mut members = candidates(policy, index, &clusters, &taken_by, problems);
        let candidates = u32::try_from(members.len()).unwrap_or(u32::MAX);
        match &stage.pick {
            Some(pick) => {
                pick::sort(&pick.order, &clusters, &mut members);
                members.truncate(pick.count.get() as usize);
            }
            None => pick::sort(&pick::default_order(), &clusters, &mut members),
        }
        for &member in &members {
            taken_by[member as usize] = Some(index);
        }
        stages.push(Taken { members, candidates });
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
    Assignment { clusters, stages }
}

/// The clusters that a stage may take: those that match and that no earlier stage took.
fn candidates(
    policy: &FleetUpgrade,
    index: usize,
    clusters: &[&FleetCluster],
    taken_by: &[Option<usize>],
    problems: &mut Vec<PlanProblem>,
) -> Vec<u32> {
    let stages = &policy.spec.stages;
    let stage = &stages[index];
    let mut free = Vec::new();
    let mut earlier: BTreeMap<usize, ClusterSample> = BTreeMap::new();
    for ((number, cluster), taken) in (0..).zip(clusters).zip(taken_by) {
        if !matches(stage, cluster.labels()) {
            continue;
        }
        match taken {
            None => free.push(number),
            Some(by) => earlier.entry(*by).or_default().add(cluster.name()),
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

fn matches(stage: &Stage, labels: &Labels) -> bool {
    stage
        .selector
        .as_ref()
        .is_none_or(|selector| selector.matches(labels))
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
