//! What happens next to one Application: pure, from what stands on the hub and the time.

use fleet_argocd::{
    Application, ApplicationSource, ApplicationStatus, ComparedTo, HealthStatus, HealthStatusCode, Operation,
    OperationInitiator, OperationPhase, OperationState, RevisionHistory, SyncOperation, SyncOperationResult,
    SyncStatus, SyncStatusCode,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::ArgoCd;
use crate::clock::to_rfc3339;
use crate::cluster_api::{Delay, mix};

const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// Past deployments that are kept, as Argo CD does by default.
const HISTORY: usize = 10;

/// What an Application becomes, if it changes, and else when to look again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Turn {
    pub(super) write: Option<Box<Application>>,
    pub(super) next: Option<Timestamp>,
}

impl Turn {
    fn write(application: Application) -> Self {
        Self {
            write: Some(Box::new(application)),
            next: None,
        }
    }

    fn later(next: Timestamp) -> Self {
        Self {
            write: None,
            next: Some(next),
        }
    }
}

impl ArgoCd {
    /// `degraded` is what a person told of this Application.
    pub(super) fn turn(&self, application: &Application, degraded: Option<&str>, now: Timestamp) -> Turn {
        if application.metadata.deletion_timestamp.is_some() {
            return self.end(application, now);
        }
        let status = application.status.clone().unwrap_or_default();
        let phase = status.operation_state.as_ref().map(|state| &state.phase);
        if let (Some(OperationPhase::Running), Some(state)) = (phase, &status.operation_state) {
            return self.run_on(application, state, now);
        }
        let sync = status.sync.clone().unwrap_or_default();
        if sync.compared_to.as_ref() != Some(&compared_to(application)) {
            return self.compare(application, now);
        }
        if let Some(operation) = &application.operation {
            return begin(application, operation.clone(), now);
        }
        if sync.status != SyncStatusCode::OutOfSync {
            return self.health(application, degraded, now);
        }
        let failed = phase.is_some_and(|phase| *phase != OperationPhase::Succeeded);
        if is_automated(application) && !failed {
            let operation = Operation {
                sync: Some(SyncOperation {
                    revision: sync.revision,
                    ..SyncOperation::default()
                }),
                initiated_by: Some(OperationInitiator {
                    automated: Some(true),
                    ..OperationInitiator::default()
                }),
                ..Operation::default()
            };
            return begin(application, operation, now);
        }
        Turn::default()
    }

    /// Finds out that something else is wanted than was deployed.
    fn compare(&self, application: &Application, now: Timestamp) -> Turn {
        let mut after = application.clone();
        let status = after.status.get_or_insert_default();
        status.sync = Some(SyncStatus {
            status: SyncStatusCode::OutOfSync,
            compared_to: Some(compared_to(application)),
            revision: Some(self.revision(application)),
            ..SyncStatus::default()
        });
        // What ran before ran for something else.
        status.operation_state = None;
        if status.health.is_none() {
            status.health = Some(health(HealthStatusCode::Missing, None, now));
        }
        status.reconciled_at = Some(time(now));
        Turn::write(after)
    }

    fn run_on(&self, application: &Application, state: &OperationState, now: Timestamp) -> Turn {
        let started = state.started_at.as_ref().map_or(now, |time| time.0);
        let end = started + self.draw(self.sync, application, started);
        if now < end {
            return Turn::later(end);
        }
        let mut after = application.clone();
        let mut state = state.clone();
        state.finished_at = Some(time(now));
        if Self::holds(&self.fails, application) {
            state.phase = OperationPhase::Failed;
            state.message = Some("one or more objects failed to apply, reason: simulated failure".to_owned());
            after.status.get_or_insert_default().operation_state = Some(state);
            return Turn::write(after);
        }
        let (revision, spec) = (self.revision(application), &application.spec);
        state.phase = OperationPhase::Succeeded;
        state.message = Some("successfully synced (all tasks run)".to_owned());
        state.sync_result = Some(SyncOperationResult {
            revision: revision.clone(),
            source: spec.source.clone(),
            sources: spec.sources.clone(),
            ..SyncOperationResult::default()
        });
        let status = after.status.get_or_insert_default();
        remember(
            status,
            RevisionHistory {
                revision: Some(revision.clone()),
                source: spec.source.clone(),
                sources: spec.sources.clone(),
                deployed_at: state.finished_at.clone(),
                deploy_started_at: state.started_at.clone(),
                initiated_by: state.operation.initiated_by.clone(),
                ..RevisionHistory::default()
            },
        );
        status.operation_state = Some(state);
        status.sync = Some(SyncStatus {
            status: SyncStatusCode::Synced,
            compared_to: Some(compared_to(application)),
            revision: Some(revision),
            ..SyncStatus::default()
        });
        status.health = Some(health(HealthStatusCode::Progressing, None, now));
        status.reconciled_at = Some(time(now));
        Turn::write(after)
    }

    fn health(&self, application: &Application, degraded: Option<&str>, now: Timestamp) -> Turn {
        let status = application.status.as_ref();
        let found = status
            .and_then(|status| status.health.clone())
            .unwrap_or_default();
        let becomes = |code: HealthStatusCode, message: Option<&str>| {
            let mut after = application.clone();
            after.status.get_or_insert_default().health = Some(health(code, message, now));
            Turn::write(after)
        };
        let rule = Self::holds(&self.degraded, application).then_some("simulated degradation");
        match (degraded.or(rule), found.status.unwrap_or_default()) {
            (Some(_), HealthStatusCode::Degraded) | (None, HealthStatusCode::Healthy) => Turn::default(),
            (Some(message), _) => becomes(HealthStatusCode::Degraded, Some(message)),
            (None, HealthStatusCode::Progressing) => {
                let since = found.last_transition_time.map_or(now, |time| time.0);
                let end = since + self.draw(self.rollout, application, since);
                if now < end {
                    Turn::later(end)
                } else {
                    becomes(HealthStatusCode::Healthy, None)
                }
            }
            (None, _) => becomes(HealthStatusCode::Progressing, None),
        }
    }

    /// Holds a deleted Application while what it deployed is taken away.
    fn end(&self, application: &Application, now: Timestamp) -> Turn {
        let mut after = application.clone();
        let (Some(asked), Some(finalizers)) = (
            &application.metadata.deletion_timestamp,
            &mut after.metadata.finalizers,
        ) else {
            return Turn::default();
        };
        let before = finalizers.len();
        finalizers.retain(|finalizer| !is_own(finalizer));
        if finalizers.len() == before {
            return Turn::default();
        }
        let end = asked.0 + self.draw(self.sync, application, asked.0);
        if now < end {
            Turn::later(end)
        } else {
            Turn::write(after)
        }
    }

    fn draw(&self, delay: Delay, application: &Application, since: Timestamp) -> SignedDuration {
        let namespace = application.metadata.namespace.as_deref().unwrap_or_default();
        let parts = ["argocd", namespace, application.name(), &to_rfc3339(since)];
        SignedDuration::try_from(delay.draw(self.seed, &parts)).unwrap_or(SignedDuration::MAX)
    }

    /// What a branch or tag stands for: always the same commit, under one seed. A chart's version is its own revision.
    fn revision(&self, application: &Application) -> String {
        let Some(source) = first_source(application) else {
            return String::new();
        };
        let target = source.target_revision.clone().unwrap_or_default();
        if source.chart.as_ref().is_some_and(|chart| !chart.is_empty()) || is_commit(&target) {
            return target;
        }
        let part = |number: &str| format!("{:016x}", mix(self.seed, &[&source.repo_url, &target, number]));
        let mut commit = part("0") + &part("1") + &part("2");
        commit.truncate(40);
        commit
    }
}

pub(super) fn first_source(application: &Application) -> Option<&ApplicationSource> {
    let spec = &application.spec;
    spec.source
        .as_ref()
        .or_else(|| spec.sources.iter().flatten().next())
}

fn begin(application: &Application, operation: Operation, now: Timestamp) -> Turn {
    let mut after = application.clone();
    after.operation = None;
    after.status.get_or_insert_default().operation_state = Some(OperationState {
        operation,
        phase: OperationPhase::Running,
        message: Some("waiting for completion of sync tasks".to_owned()),
        started_at: Some(time(now)),
        ..OperationState::default()
    });
    Turn::write(after)
}

fn remember(status: &mut ApplicationStatus, mut entry: RevisionHistory) {
    let history = status.history.get_or_insert_default();
    entry.id = history.last().map_or(0, |last| last.id + 1);
    history.push(entry);
    history.drain(..history.len().saturating_sub(HISTORY));
}

/// What of a spec is compared with a cluster.
fn compared_to(application: &Application) -> ComparedTo {
    let spec = &application.spec;
    ComparedTo {
        source: spec.source.clone(),
        sources: spec.sources.clone(),
        destination: spec.destination.clone(),
        ignore_differences: spec.ignore_differences.clone(),
        ..ComparedTo::default()
    }
}

fn health(code: HealthStatusCode, message: Option<&str>, now: Timestamp) -> HealthStatus {
    HealthStatus {
        status: Some(code),
        message: message.map(str::to_owned),
        last_transition_time: Some(time(now)),
        ..HealthStatus::default()
    }
}

/// Kubernetes' times are whole seconds.
pub(super) fn time(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

fn is_automated(application: &Application) -> bool {
    let policy = application.spec.sync_policy.as_ref();
    policy
        .and_then(|policy| policy.automated.as_ref())
        .is_some_and(|automated| automated.enabled != Some(false))
}

fn is_own(finalizer: &str) -> bool {
    let rest = finalizer.strip_prefix(FINALIZER);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}
