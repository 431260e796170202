//! What an ApplicationSet makes of its Applications and says of itself: pure.

use std::collections::BTreeMap;

use fleet_argocd::{
    Application, ApplicationSet, ApplicationSetApplicationStatus, ApplicationSetCondition,
    ApplicationSetStatus, ApplicationsSyncPolicy, Expansion, HealthStatusCode, OperationPhase,
    ResourceStatus, RollingSyncPlan, SyncStatusCode, desired,
};
use jiff::Timestamp;

use super::application::{first_source, time};

/// What is to be done for one ApplicationSet.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Applications as they are to be, those that may be written.
    pub(super) write: Vec<Application>,
    /// Names of Applications that go.
    pub(super) delete: Vec<String>,
    /// Names of Applications whose step of a rolling sync has come.
    pub(super) sync: Vec<String>,
    pub(super) status: ApplicationSetStatus,
}

/// `live` are the Applications that the set owns, by name.
pub(super) fn plan(
    set: &ApplicationSet,
    expansion: &Expansion,
    live: &BTreeMap<String, Application>,
    now: Timestamp,
) -> Result<Plan, String> {
    let mut wanted = desired(set, expansion).map_err(|error| error.to_string())?;
    let policy = set
        .spec
        .sync_policy
        .as_ref()
        .and_then(|policy| policy.applications_sync.clone())
        .unwrap_or_default();
    let rolling = RollingSyncPlan::new(set, expansion).ok();
    if rolling.is_some() {
        for application in &mut wanted {
            // The controller starts the syncs.
            if let Some(policy) = &mut application.spec.sync_policy {
                policy.automated = None;
            }
        }
    }
    let mut plan = Plan {
        delete: leaving(&policy, &wanted, live),
        ..Plan::default()
    };
    let mut status = set.status.clone().unwrap_or_default();
    status.resources = Some(wanted.iter().map(|wanted| resource(wanted, live)).collect());
    status.resources_count = i64::try_from(wanted.len()).ok();
    if let Some(rolling) = &rolling {
        status.application_status = Some(rollout(rolling, set, live, now));
        let mut seen = set.clone();
        seen.status = Some(status.clone());
        let applications: Vec<Application> = live.values().cloned().collect();
        let startable = rolling.progress(&seen, &applications).startable;
        for one in status.application_status.iter_mut().flatten() {
            // What is not there yet starts when it is. What was to start and did not is asked for again.
            if live.get(&one.application).is_none_or(|live| !is_idle(live)) {
                continue;
            }
            let lost = one.status == "Pending";
            if lost || startable.contains(&one.application) {
                plan.sync.push(one.application.clone());
            }
            if startable.contains(&one.application) {
                set_state(
                    one,
                    "Pending",
                    "Application moved to Pending status, watching for the Application resource to start Progressing.",
                    now,
                );
            }
        }
    } else {
        status.application_status = None;
    }
    let generated = "Successfully generated parameters for all Applications";
    set_condition(
        &mut status,
        "ErrorOccurred",
        false,
        "ApplicationSetUpToDate",
        generated,
        now,
    );
    set_condition(
        &mut status,
        "ParametersGenerated",
        true,
        "ParametersGenerated",
        generated,
        now,
    );
    set_condition(
        &mut status,
        "ResourcesUpToDate",
        true,
        "ApplicationSetUpToDate",
        "All applications have been generated successfully",
        now,
    );
    plan.status = status;
    plan.write = wanted
        .into_iter()
        .filter(|wanted| policy.allows_update() || !live.contains_key(wanted.name()))
        .collect();
    Ok(plan)
}

/// Nothing runs and nothing has been asked for.
fn is_idle(application: &Application) -> bool {
    let status = application.status.as_ref();
    let state = status.and_then(|status| status.operation_state.as_ref());
    application.operation.is_none() && state.is_none_or(|state| state.phase != OperationPhase::Running)
}

/// What a set says of itself that cannot be expanded. Its Applications stay as they are.
pub(super) fn failed(set: &ApplicationSet, error: &str, now: Timestamp) -> ApplicationSetStatus {
    let mut status = set.status.clone().unwrap_or_default();
    let reason = "ApplicationGenerationFromParamsError";
    set_condition(&mut status, "ErrorOccurred", true, reason, error, now);
    set_condition(
        &mut status,
        "ParametersGenerated",
        false,
        "ErrorOccurred",
        error,
        now,
    );
    set_condition(
        &mut status,
        "ResourcesUpToDate",
        false,
        "ErrorOccurred",
        error,
        now,
    );
    status
}

fn leaving(
    policy: &ApplicationsSyncPolicy,
    wanted: &[Application],
    live: &BTreeMap<String, Application>,
) -> Vec<String> {
    if !policy.allows_delete() {
        return Vec::new();
    }
    let leaves = |name: &&String| !wanted.iter().any(|wanted| wanted.name() == *name);
    live.iter()
        .filter(|(_, application)| application.metadata.deletion_timestamp.is_none())
        .map(|(name, _)| name)
        .filter(leaves)
        .cloned()
        .collect()
}

fn resource(wanted: &Application, live: &BTreeMap<String, Application>) -> ResourceStatus {
    let status = live.get(wanted.name()).and_then(|live| live.status.as_ref());
    ResourceStatus {
        group: Some("argoproj.io".to_owned()),
        version: Some("v1alpha1".to_owned()),
        kind: Some("Application".to_owned()),
        namespace: wanted.metadata.namespace.clone(),
        name: wanted.metadata.name.clone(),
        status: status.and_then(|status| Some(status.sync.as_ref()?.status.clone())),
        health: status.and_then(|status| status.health.clone()),
        ..ResourceStatus::default()
    }
}

/// How far each Application of a rolling sync is now.
fn rollout(
    rolling: &RollingSyncPlan,
    set: &ApplicationSet,
    live: &BTreeMap<String, Application>,
    now: Timestamp,
) -> Vec<ApplicationSetApplicationStatus> {
    let before: BTreeMap<&str, &ApplicationSetApplicationStatus> = set
        .status
        .iter()
        .flat_map(|status| status.application_status.iter().flatten())
        .map(|one| (one.application.as_str(), one))
        .collect();
    let mut out = Vec::new();
    for (index, step) in rolling.steps.iter().enumerate() {
        for name in &step.applications {
            let mut one = before.get(name.as_str()).map_or_else(
                || ApplicationSetApplicationStatus {
                    application: name.clone(),
                    status: "Waiting".to_owned(),
                    message: "No Application status found, defaulting status to Waiting".to_owned(),
                    last_transition_time: Some(time(now)),
                    ..ApplicationSetApplicationStatus::default()
                },
                |one| (*one).clone(),
            );
            one.step = (index + 1).to_string();
            if let Some(application) = live.get(name) {
                follow(&mut one, application, now);
            }
            out.push(one);
        }
    }
    out
}

fn follow(one: &mut ApplicationSetApplicationStatus, application: &Application, now: Timestamp) {
    let Some(status) = &application.status else { return };
    let synced = status
        .sync
        .as_ref()
        .is_some_and(|sync| sync.status == SyncStatusCode::Synced);
    let health = status.health.as_ref().and_then(|health| health.status.clone());
    let healthy = health == Some(HealthStatusCode::Healthy);
    let phase = status.operation_state.as_ref().map(|state| &state.phase);
    let target = first_source(application).and_then(|source| source.target_revision.clone());
    let moved = target.iter().ne(&one.target_revisions);
    one.target_revisions = target.into_iter().collect();
    if !synced && (moved || one.status == "Healthy") && one.status != "Pending" {
        let message = "Application has pending changes, setting status to Waiting";
        set_state(one, "Waiting", message, now);
    }
    if one.status == "Waiting" && synced && healthy {
        let message = "Application resource is already Healthy, updating status from Waiting to Healthy";
        set_state(one, "Healthy", message, now);
    }
    let begun = matches!(phase, Some(OperationPhase::Running)) || synced;
    if one.status == "Pending" && begun {
        let message = "Application resource became Progressing, updating status from Pending to Progressing";
        set_state(one, "Progressing", message, now);
    }
    if one.status == "Progressing" && synced && healthy {
        let message = "Application resource became Healthy, updating status from Progressing to Healthy";
        set_state(one, "Healthy", message, now);
    }
}

fn set_state(one: &mut ApplicationSetApplicationStatus, status: &str, message: &str, now: Timestamp) {
    status.clone_into(&mut one.status);
    message.clone_into(&mut one.message);
    one.last_transition_time = Some(time(now));
}

fn set_condition(
    status: &mut ApplicationSetStatus,
    condition: &str,
    holds: bool,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let conditions = status.conditions.get_or_insert_default();
    let holds = if holds { "True" } else { "False" };
    let since = conditions
        .iter()
        .find(|found| found.condition_type == condition && found.status == holds)
        .and_then(|found| found.last_transition_time.clone());
    let new = ApplicationSetCondition {
        condition_type: condition.to_owned(),
        status: holds.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: since.or_else(|| Some(time(now))),
        ..ApplicationSetCondition::default()
    };
    match conditions
        .iter_mut()
        .find(|found| found.condition_type == condition)
    {
        Some(found) => *found = new,
        None => conditions.push(new),
    }
}
