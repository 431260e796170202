//! `RollingSync`: which Application belongs to which step, and how far a live rollout is.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;
use serde_json::Value;

use crate::application::{Application, HealthStatusCode};
use crate::application_set::{ApplicationMatchExpression, ApplicationSet, RollingSyncStep};
use crate::expand::Expansion;

/// The steps of a `RollingSync` strategy with the Applications in each.
///
/// An Application is in the first step that all of whose expressions match its labels. One in no step is never synced: Argo CD
/// generates it with automated sync off, and tells nobody.
///
/// ```
/// use fleet_argocd::{ApplicationSet, RollingSyncPlan, Snapshot, expand};
///
/// let set = ApplicationSet::read(serde_json::json!({
///     "metadata": {"name": "web", "namespace": "argocd"},
///     "spec": {
///         "generators": [{"list": {"elements": [{"n": "a", "env": "dev"}, {"n": "b", "env": "prod"}, {"n": "c", "env": "lab"}]}}],
///         "strategy": {"type": "RollingSync", "rollingSync": {"steps": [
///             {"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev"]}]},
///             {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}], "maxUpdate": "10%"},
///         ]}},
///         "template": {
///             "metadata": {"name": "{{n}}", "labels": {"env": "{{env}}"}},
///             "spec": {"project": "default", "destination": {"name": "in-cluster"}},
///         },
///     },
/// }))?;
/// let plan = RollingSyncPlan::new(&set, &expand(&set, &Snapshot::empty())?)?;
/// assert_eq!(plan.steps[1].applications, ["b"]);
/// assert_eq!(plan.steps[1].max_update, 1);
/// assert_eq!(plan.unmatched, ["c"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RollingSyncPlan {
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// In no step, and so never synced.
    pub unmatched: Vec<String>,
}

/// A step with its Applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedStep {
    /// Its Applications, by name.
    pub applications: Vec<String>,
    /// How many are synced at a time, of those in the step. 0 pauses.
    pub max_update: usize,
    /// How many Argo CD syncs at a time. It counts the Applications of no step among those of the first, so a percentage
    /// there comes out too large.
    pub upstream_max_update: usize,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RollingSyncError {
    /// The strategy is another; everything is synced at once.
    #[error("spec.strategy.type is {found:?}, expected RollingSync: every Application is synced at once")]
    OtherStrategy {
        /// What it is.
        found: String,
    },
    /// There are no steps. Argo CD 3.5 then syncs nothing; 3.6 says so.
    #[error("spec.strategy.rollingSync.steps is empty: no Application is ever synced")]
    NoSteps,
    /// `maxUpdate` is neither a number nor a percentage.
    #[error(
        "spec.strategy.rollingSync.steps[{step}].maxUpdate is {found:?}, expected a number or a percentage such as 25%"
    )]
    MaxUpdate {
        /// The step's index.
        step: usize,
        /// What it is.
        found: String,
    },
}

/// How far an Application is in a rollout, as Argo CD writes it into the ApplicationSet's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum RolloutState {
    /// It waits for its step, or for room in it.
    Waiting,
    /// It is to be synced next.
    Pending,
    /// It is being synced, or its resources are coming up.
    Progressing,
    /// It is done.
    Healthy,
}

/// How far a rollout is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RollingSyncProgress {
    /// The index of the first step that is not done; nothing when all are.
    pub current: Option<usize>,
    /// Which Applications of the current step may be synced now.
    pub startable: Vec<String>,
    /// What keeps the rollout where it is.
    pub blockers: Vec<RolloutBlocker>,
    /// Applications that are done, of those in any step.
    pub done: usize,
    /// Applications in any step.
    pub total: usize,
}

/// What keeps a rollout where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum RolloutBlocker {
    /// `maxUpdate` of the step is 0.
    Paused {
        /// The step's index.
        step: usize,
    },
    /// An Application of the step is not healthy yet.
    NotHealthy {
        /// The step's index.
        step: usize,
        /// The Application.
        application: String,
        /// Its health, as it is live.
        health: String,
    },
    /// An Application of a step that was done is degraded again. Argo CD goes on all the same.
    Regressed {
        /// The step's index.
        step: usize,
        /// The Application.
        application: String,
    },
}

impl RollingSyncPlan {
    /// The plan of an ApplicationSet's strategy for what it expands to.
    ///
    /// # Errors
    /// The strategy is not `RollingSync`, has no steps, or a `maxUpdate` cannot be read.
    pub fn new(set: &ApplicationSet, expansion: &Expansion) -> Result<Self, RollingSyncError> {
        let strategy = set.spec.strategy.as_ref();
        let found = strategy.and_then(|strategy| strategy.strategy_type.as_deref());
        if found != Some("RollingSync") {
            return Err(RollingSyncError::OtherStrategy {
                found: found.unwrap_or("AllAtOnce").to_owned(),
            });
        }
        let steps: &[RollingSyncStep] = strategy
            .and_then(|strategy| strategy.rolling_sync.as_ref()?.steps.as_deref())
            .unwrap_or_default();
        if steps.is_empty() {
            return Err(RollingSyncError::NoSteps);
        }
        let mut members: Vec<Vec<String>> = vec![Vec::new(); steps.len()];
        let mut unmatched = Vec::new();
        for generated in expansion.iter() {
            let application = generated.to_value();
            let labels = application.pointer("/metadata/labels");
            let step = steps.iter().position(|step| {
                step.match_expressions
                    .iter()
                    .flatten()
                    .all(|expression| matches(expression, labels))
            });
            match step {
                Some(step) => members[step].push(generated.name().to_owned()),
                None => unmatched.push(generated.name().to_owned()),
            }
        }
        let mut planned = Vec::with_capacity(steps.len());
        for (index, (step, mut applications)) in steps.iter().zip(members).enumerate() {
            applications.sort();
            let counted = applications.len() + if index == 0 { unmatched.len() } else { 0 };
            planned.push(PlannedStep {
                max_update: max_update(step, applications.len(), index)?,
                upstream_max_update: max_update(step, counted, index)?.min(applications.len()),
                applications,
            });
        }
        unmatched.sort();
        Ok(Self {
            steps: planned,
            unmatched,
        })
    }

    /// How far the rollout is, from the live ApplicationSet and its live Applications.
    ///
    /// A step is done when all of its Applications are `Healthy` in the ApplicationSet's status and none of them is degraded
    /// now.
    pub fn progress(&self, set: &ApplicationSet, applications: &[Application]) -> RollingSyncProgress {
        let states: BTreeMap<&str, RolloutState> = set
            .status
            .iter()
            .filter_map(|status| status.application_status.as_ref())
            .flatten()
            .map(|one| (one.application.as_str(), RolloutState::read(&one.status)))
            .collect();
        let state = |name: &str| states.get(name).copied().unwrap_or(RolloutState::Waiting);
        let health = |name: &str| {
            applications
                .iter()
                .find(|one| one.metadata.name.as_deref() == Some(name))
                .and_then(|one| one.status.as_ref()?.health.as_ref()?.status.clone())
                .unwrap_or_default()
        };
        let mut progress = RollingSyncProgress {
            current: None,
            startable: Vec::new(),
            blockers: Vec::new(),
            done: 0,
            total: self.steps.iter().map(|step| step.applications.len()).sum(),
        };
        for (index, step) in self.steps.iter().enumerate() {
            let (done, open): (Vec<&String>, Vec<&String>) = step
                .applications
                .iter()
                .partition(|name| state(name) == RolloutState::Healthy);
            progress.done += done.len();
            let regressed: Vec<_> = done
                .into_iter()
                .filter(|name| health(name) == HealthStatusCode::Degraded)
                .collect();
            progress
                .blockers
                .extend(regressed.iter().map(|name| RolloutBlocker::Regressed {
                    step: index,
                    application: (*name).clone(),
                }));
            if progress.current.is_some() || (open.is_empty() && regressed.is_empty()) {
                continue;
            }
            progress.current = Some(index);
            if step.max_update == 0 && !open.is_empty() {
                progress.blockers.push(RolloutBlocker::Paused { step: index });
            }
            let (waiting, busy): (Vec<_>, Vec<_>) = open
                .into_iter()
                .partition(|name| state(name) == RolloutState::Waiting);
            let room = step.max_update.saturating_sub(busy.len());
            if regressed.is_empty() {
                progress.startable = waiting.into_iter().take(room).cloned().collect();
            }
            progress
                .blockers
                .extend(busy.into_iter().map(|name| RolloutBlocker::NotHealthy {
                    step: index,
                    application: name.clone(),
                    health: health(name).to_string(),
                }));
        }
        progress
    }
}

impl RolloutState {
    fn read(text: &str) -> Self {
        match text {
            "Pending" => Self::Pending,
            "Progressing" => Self::Progressing,
            "Healthy" => Self::Healthy,
            _ => Self::Waiting,
        }
    }
}

/// Whether a label lets an Application into a step. Operators that Argo CD does not know match no label that is there.
fn matches(expression: &ApplicationMatchExpression, labels: Option<&Value>) -> bool {
    let key = expression.key.as_deref().unwrap_or_default();
    let listed = |value: &str| expression.values.iter().flatten().any(|known| known == value);
    let value = labels.and_then(|labels| labels.get(key)?.as_str());
    match (expression.operator.as_deref(), value) {
        (Some("In"), value) => value.is_some_and(listed),
        (Some("NotIn"), Some(value)) => !listed(value),
        (_, Some(_)) => false,
        (_, None) => true,
    }
}

fn max_update(step: &RollingSyncStep, count: usize, index: usize) -> Result<usize, RollingSyncError> {
    let wrong = |found: String| RollingSyncError::MaxUpdate { step: index, found };
    match &step.max_update {
        None => Ok(count),
        Some(IntOrString::Int(number)) => usize::try_from(*number).map_err(|_| wrong(number.to_string())),
        Some(IntOrString::String(text)) => {
            let percent: usize = text
                .strip_suffix('%')
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| wrong(text.clone()))?;
            let share = count.saturating_mul(percent) / 100;
            // A percentage rounds down, but not to nothing.
            Ok(if percent > 0 && count > 0 {
                share.max(1)
            } else {
                share
            })
        }
    }
}

impl fmt::Display for RolloutBlocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused { step } => write!(f, "step {} is paused: its maxUpdate is 0", step + 1),
            Self::NotHealthy {
                step,
                application,
                health,
            } => {
                write!(f, "step {}: {application} is {health}", step + 1)
            }
            Self::Regressed { step, application } => write!(
                f,
                "step {}: {application} was healthy and is degraded again; Argo CD goes on all the same",
                step + 1
            ),
        }
    }
}
