//! What is wrong with a policy whatever the calendar: knobs that can do nothing, or that speak against each other.

use std::collections::BTreeSet;

use fleet_core::HumanDuration;

use super::assign::Assignment;
use super::refusal::{ClusterSample, PlanProblem};
use crate::pick::Take;
use crate::spec::{ApprovalRule, FailureBudget, FleetUpgrade, Stage, StageApproval};

/// Finds them all.
pub(crate) fn contradictions(
    policy: &FleetUpgrade,
    assignment: &Assignment<'_>,
    problems: &mut Vec<PlanProblem>,
) {
    remedies(policy, assignment, problems);
    unusable_gates(policy, problems);
    approvers(policy, problems);
    zero_durations(policy, problems);
    for (index, stage) in policy.spec.stages.iter().enumerate() {
        group_names(policy, index, stage, problems);
        picks(policy, index, stage, assignment, problems);
        stage_budget(policy, index, stage, problems);
    }
}

/// Groups that have no name, or each other's.
fn group_names(policy: &FleetUpgrade, index: usize, stage: &Stage, problems: &mut Vec<PlanProblem>) {
    let groups = &stage.groups;
    for (number, group) in groups.iter().enumerate() {
        let earlier = groups[..number].iter();
        if group.name.trim().is_empty() || earlier.map(|group| &group.name).any(|name| *name == group.name) {
            problems.push(PlanProblem::GroupName {
                place: policy.place(format!("spec.stages[{index}].groups[{number}].name")),
                name: group.name.clone(),
                stage: stage.name.clone(),
            });
        }
    }
}

/// Picks of no name at all, and of labels that tell nothing.
fn picks(
    policy: &FleetUpgrade,
    index: usize,
    stage: &Stage,
    assignment: &Assignment<'_>,
    problems: &mut Vec<PlanProblem>,
) {
    let path = format!("spec.stages[{index}].pick");
    match stage.pick.as_ref().map(|pick| &pick.take) {
        Some(Take::Names(names)) if names.is_empty() => problems.push(PlanProblem::NoNames {
            place: policy.place(format!("{path}.names")),
        }),
        Some(Take::Coverage(coverage)) => {
            for (number, label) in coverage.labels.iter().enumerate() {
                let is_known = assignment
                    .clusters
                    .iter()
                    .any(|cluster| cluster.label(label).is_some());
                if !is_known && !assignment.clusters.is_empty() {
                    problems.push(PlanProblem::UnknownLabel {
                        place: policy.place(format!("{path}.coverage.labels[{number}]")),
                        label: label.clone(),
                    });
                }
            }
        }
        _ => {}
    }
}

/// A budget of a stage that the whole run's makes unreachable.
fn stage_budget(policy: &FleetUpgrade, index: usize, stage: &Stage, problems: &mut Vec<PlanProblem>) {
    let spec = &policy.spec;
    let unreachable = spec.unreachable_budget.map_or(0, FailureBudget::allowed);
    let run = spec.failure_budget.allowed().saturating_add(unreachable);
    if let Some(own) = stage.failure_budget.map(FailureBudget::allowed)
        && own > run
    {
        problems.push(PlanProblem::StageBudgetBeyondRun {
            place: policy.place(format!("spec.stages[{index}].failureBudget")),
            stage: stage.name.clone(),
            own,
            run,
        });
    }
}

/// Remedies that some clusters' providers do not have, and those that are to be done twice.
fn remedies(policy: &FleetUpgrade, assignment: &Assignment<'_>, problems: &mut Vec<PlanProblem>) {
    let mut known = BTreeSet::new();
    for (index, remedy) in policy.spec.on_failure.remedies.iter().enumerate() {
        if !known.insert(remedy) {
            problems.push(PlanProblem::RemedyTwice {
                place: policy.place(format!("spec.onFailure.remedies[{index}]")),
                remedy: *remedy,
            });
        }
        let mut clusters = ClusterSample::default();
        let mut why = "";
        for cluster in &assignment.clusters {
            if let Some(reason) = remedy.impossible_on(cluster) {
                clusters.add(cluster.name());
                why = reason;
            }
        }
        if clusters.count > 0 {
            problems.push(PlanProblem::RemedyImpossible {
                place: policy.place(format!("spec.onFailure.remedies[{index}]")),
                remedy: *remedy,
                why,
                clusters,
            });
        }
    }
}

/// Gates that have no name, or each other's.
fn unusable_gates(policy: &FleetUpgrade, problems: &mut Vec<PlanProblem>) {
    let gates = &policy.spec.gates;
    for (index, gate) in gates.iter().enumerate() {
        let place = policy.place(format!("spec.gates[{index}].name"));
        if gate.name.trim().is_empty() {
            problems.push(PlanProblem::UnnamedGate { place });
        } else if gates[..index].iter().any(|earlier| earlier.name == gate.name) {
            let name = gate.name.clone();
            problems.push(PlanProblem::DuplicateGate { place, name });
        }
    }
}

/// Approvals that nobody could give: those who may are listed, and none of them has a name.
fn approvers(policy: &FleetUpgrade, problems: &mut Vec<PlanProblem>) {
    let spec = &policy.spec;
    let mut check = |rule: &Option<ApprovalRule>, path: String| {
        let named =
            |rule: &ApprovalRule| rule.by.is_empty() || rule.by.iter().any(|by| !by.trim().is_empty());
        if rule.as_ref().is_some_and(|rule| !named(rule)) {
            let place = policy.place(path);
            problems.push(PlanProblem::NobodyApproves { place });
        }
    };
    check(&spec.on_failure.go_on, "spec.onFailure.goOn.by".to_owned());
    for (index, stage) in spec.stages.iter().enumerate() {
        check(
            &stage.approval.before,
            format!("spec.stages[{index}].approval.before.by"),
        );
        check(
            &stage.approval.after,
            format!("spec.stages[{index}].approval.after.by"),
        );
    }
}

/// Limits of no time at all, under which no cluster could ever be upgraded.
fn zero_durations(policy: &FleetUpgrade, problems: &mut Vec<PlanProblem>) {
    let spec = &policy.spec;
    let mut check = |duration: Option<HumanDuration>, path: String, mend: &'static str| {
        if duration.is_some_and(|duration| duration.is_zero()) {
            let place = policy.place(path);
            problems.push(PlanProblem::ZeroDuration { place, mend });
        }
    };
    check(
        spec.cluster_deadline,
        "spec.clusterDeadline".to_owned(),
        "write how long one hop of a cluster may take, such as 2h",
    );
    check(
        spec.unwell_limit,
        "spec.unwellLimit".to_owned(),
        "write how long a cluster may be unwell, such as 24h",
    );
    check(
        spec.backup.as_ref().map(|backup| backup.max_age),
        "spec.backup.maxAge".to_owned(),
        "write how old a backup may be, such as 24h",
    );
    let valid = |rule: &Option<ApprovalRule>| rule.as_ref().and_then(|rule| rule.valid_for);
    let mend = "write how long an approval counts, such as 7d, or leave it out for ever";
    check(
        valid(&spec.on_failure.go_on),
        "spec.onFailure.goOn.validFor".to_owned(),
        mend,
    );
    for (index, stage) in spec.stages.iter().enumerate() {
        let StageApproval { before, after } = &stage.approval;
        for (point, rule) in [("before", before), ("after", after)] {
            check(
                valid(rule),
                format!("spec.stages[{index}].approval.{point}.validFor"),
                mend,
            );
        }
    }
}
