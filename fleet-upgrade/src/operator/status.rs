//! From a run to its status: pure.

use std::num::NonZeroU32;

use fleet_core::ClusterName;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::resource::{ClusterStatus, EventStatus, FleetUpgradeStatus, RunPhase, StageStatus};
use super::store::Snapshot;
use crate::kernel::{Blocker, ClusterState, Counts, Outcome, RunReport, StageState};

/// How many clusters the status lists.
const LISTED: usize = 200;

/// Everything a status is made of, the stored run aside.
pub(super) struct Context<'a> {
    pub(super) before: &'a FleetUpgradeStatus,
    pub(super) generation: Option<i64>,
    pub(super) waiting: Option<&'a Blocker>,
    pub(super) events: Vec<EventStatus>,
    /// What the spec says that the run does not go by.
    pub(super) changed: &'a [String],
    /// The clusters that the spec is about and the run is not.
    pub(super) joined: &'a [ClusterName],
    pub(super) now: Timestamp,
}

/// The status of a run, the record of it aside, which only the store writes.
pub(super) fn of_run(snapshot: &Snapshot, context: &Context<'_>) -> FleetUpgradeStatus {
    let (plan, state) = (&*snapshot.plan, &snapshot.state);
    let report = RunReport::of(plan, state);
    let counts = Counts::of(state);
    let phase = phase(&report, state.paused_since().is_some(), context.waiting);
    let stages: Vec<StageStatus> = report
        .stages
        .iter()
        .map(|stage| StageStatus {
            name: stage.name.clone(),
            state: stage.state,
            upgraded: stage.clusters.upgraded,
            running: stage.clusters.running,
            failed: stage.clusters.failed + stage.clusters.held,
            total: stage.clusters.total(),
        })
        .collect();
    let current = report
        .stages
        .iter()
        .find(|stage| stage.state != StageState::Done)
        .map(|stage| stage.name.clone());
    let mut status = FleetUpgradeStatus {
        observed_generation: context.generation,
        phase,
        target: Some(plan.target().to_string()),
        progress: Some(format!("{}/{}", counts.upgraded, counts.total())),
        stage: current.filter(|_| !phase.is_over()),
        waiting_for: context
            .waiting
            .filter(|_| !phase.is_over())
            .map(ToString::to_string),
        started: report.started,
        planned_finish: Some(plan.finish()),
        finished: report.finished,
        stages,
        events: context.events.clone(),
        joined: context.joined.iter().take(LISTED).cloned().collect(),
        ..FleetUpgradeStatus::default()
    };
    (status.clusters, status.clusters_omitted) = clusters(&report);
    status.conditions = conditions(&report, phase, context);
    status
}

/// The status of a policy that cannot be planned.
pub(super) fn of_refusal(reason: &str, message: &str, context: &Context<'_>) -> FleetUpgradeStatus {
    let mut status = context.before.clone();
    status.observed_generation = context.generation;
    status.phase = RunPhase::Refused;
    status.conditions = vec![condition(context, "Planned", false, reason, &shortened(message))];
    status
}

/// The status of a run that nobody can take up as things are.
pub(super) fn of_stall(message: &str, context: &Context<'_>) -> FleetUpgradeStatus {
    let mut status = context.before.clone();
    let message = shortened(message);
    for (kind, holds) in [("Progressing", false), ("Stalled", true)] {
        status.conditions.retain(|known| known.type_ != kind);
        status
            .conditions
            .push(condition(context, kind, holds, "Stalled", &message));
    }
    status.waiting_for = Some(message);
    status
}

/// A condition's message holds 32 KiB.
fn shortened(message: &str) -> String {
    message.chars().take(8 << 10).collect()
}

/// The reason of the condition `Planned` when the run goes by something else than the spec.
pub(super) const SPEC_CHANGED: &str = "SpecChanged";

/// What people are told of changes that count for nothing.
pub(super) fn spec_changed(changed: &[String]) -> Option<String> {
    (!changed.is_empty()).then(|| {
        format!(
            "the run goes by the policy it began with, and not by what was changed since: {}; make a new FleetUpgrade for it",
            changed.join(", ")
        )
    })
}

fn phase(report: &RunReport, paused: bool, waiting: Option<&Blocker>) -> RunPhase {
    match &report.outcome {
        Some(Outcome::Completed) => RunPhase::Completed,
        Some(Outcome::Stopped { .. }) => RunPhase::Stopped,
        Some(Outcome::Cancelled) => RunPhase::Cancelled,
        None if paused => RunPhase::Paused,
        None if matches!(waiting, Some(Blocker::Approval { .. })) => RunPhase::WaitingForApproval,
        None => RunPhase::Running,
    }
}

fn clusters(report: &RunReport) -> (Vec<ClusterStatus>, Option<NonZeroU32>) {
    let rank = |state: &ClusterState| match state {
        ClusterState::Failed { .. } | ClusterState::Held { .. } => 0,
        ClusterState::Running { .. } | ClusterState::BetweenHops { .. } => 1,
        ClusterState::Gone | ClusterState::Skipped => 2,
        ClusterState::Pending => 3,
        ClusterState::Upgraded | ClusterState::AlreadyAtTarget => 4,
    };
    let mut all: Vec<_> = report.clusters.iter().collect();
    all.sort_by_key(|(_, cluster)| rank(&cluster.state));
    let omitted = all.len().saturating_sub(LISTED);
    let listed = all.into_iter().take(LISTED).map(|(name, cluster)| ClusterStatus {
        name: name.to_string(),
        stage: cluster.stage.clone(),
        state: cluster.state.to_string(),
        version: cluster.reached.to_string(),
    });
    let omitted = u32::try_from(omitted).ok().and_then(NonZeroU32::new);
    (listed.collect(), omitted)
}

fn conditions(report: &RunReport, phase: RunPhase, context: &Context<'_>) -> Vec<Condition> {
    let outcome = report
        .outcome
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let waiting = context.waiting.map(ToString::to_string).unwrap_or_default();
    let planned = match spec_changed(context.changed) {
        None => condition(
            context,
            "Planned",
            true,
            "Planned",
            "the policy is planned for the fleet",
        ),
        Some(message) => condition(context, "Planned", true, SPEC_CHANGED, &message),
    };
    let running = !phase.is_over() && phase != RunPhase::Paused;
    vec![
        planned,
        condition(context, "Progressing", running, phase.as_str(), &waiting),
        condition(context, "Paused", phase == RunPhase::Paused, phase.as_str(), ""),
        condition(
            context,
            "ApprovalRequired",
            phase == RunPhase::WaitingForApproval,
            phase.as_str(),
            if phase == RunPhase::WaitingForApproval {
                &waiting
            } else {
                ""
            },
        ),
        condition(context, "Stalled", false, phase.as_str(), ""),
        condition(context, "Complete", report.is_success(), phase.as_str(), &outcome),
        condition(
            context,
            "Stopped",
            matches!(phase, RunPhase::Stopped | RunPhase::Cancelled),
            phase.as_str(),
            &outcome,
        ),
    ]
}

/// A condition, which keeps the time of its last transition where it says the same as before.
fn condition(context: &Context<'_>, kind: &str, holds: bool, reason: &str, message: &str) -> Condition {
    let status = if holds { "True" } else { "False" };
    let known = context
        .before
        .conditions
        .iter()
        .find(|known| known.type_ == kind && known.status == status);
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: context.generation,
        last_transition_time: known
            .map_or_else(|| Time(context.now), |known| known.last_transition_time.clone()),
    }
}
