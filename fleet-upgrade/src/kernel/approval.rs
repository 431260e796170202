//! Approvals: what a person must have said yes to before a run goes on.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment::{Moment, after};
use super::{Blocker, Command, Fact, RunState, StageCell, StageId, StagePhase};
use crate::UpgradePlan;
use crate::spec::ApprovalRule;

/// At which point of a run an approval is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ApprovalPoint {
    /// Before the stage's first cluster starts.
    BeforeStage,
    /// After the stage has soaked, before the next one begins.
    AfterStage,
    /// To go on after too many clusters failed.
    GoOn,
}

impl fmt::Display for ApprovalPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeStage => "before",
            Self::AfterStage => "after",
            Self::GoOn => "to go on with",
        })
    }
}

/// A person's yes. May be given before it is asked for; whether it counts is the policy's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// The stage's name.
    pub stage: String,
    /// Before or after it.
    pub point: ApprovalPoint,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// It counts for nothing from this instant on; none: for as long as the policy lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// An approval that the log has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant {
    pub(crate) point: ApprovalPoint,
    pub(crate) by: String,
    pub(crate) given: Timestamp,
    pub(crate) expires: Option<Timestamp>,
}

impl Grant {
    fn counts(&self, point: ApprovalPoint, now: Timestamp) -> bool {
        self.point == point && self.expires.is_none_or(|expires| now < expires)
    }
}

/// The approval that the run waits for now, if it waits for one: the stage and the point.
pub fn approval_due(plan: &UpgradePlan, run: &RunState, now: Timestamp) -> Option<(StageId, ApprovalPoint)> {
    let nothing = super::Observation::empty();
    Moment::new(plan, run, &nothing, now)?.approval_due()
}

impl<'a> Moment<'a> {
    pub(crate) fn approval_due(&self) -> Option<(StageId, ApprovalPoint)> {
        if self.run.header.is_none()
            || self.run.ended.is_some()
            || self.run.stopping.is_some()
            || self.run.cancelled.is_some()
        {
            return None;
        }
        let (stage, _, cell) = self.stage()?;
        if self.run.halted.is_some() {
            return Some((stage, ApprovalPoint::GoOn));
        }
        let point = match &cell.phase {
            StagePhase::Waiting => ApprovalPoint::BeforeStage,
            StagePhase::Active if self.moving + self.between + self.pending == 0 => ApprovalPoint::AfterStage,
            StagePhase::Soaking(soak) if soak.is_earned(self.rules.required(stage)) => {
                ApprovalPoint::AfterStage
            }
            StagePhase::Active | StagePhase::Soaking(_) | StagePhase::Done { .. } => return None,
        };
        (!self.is_approved(stage, point)).then_some((stage, point))
    }

    /// Whether a stage may pass a point: nobody is to be asked, or somebody said yes.
    pub(crate) fn is_approved(&self, stage: StageId, point: ApprovalPoint) -> bool {
        let granted = |cell: &StageCell| cell.grants.iter().any(|grant| grant.counts(point, self.now));
        self.rule(stage, point).is_none() || self.run.stages.get(stage.index()).is_some_and(granted)
    }

    pub(crate) fn approval_blocker(&self) -> Option<Blocker> {
        let (stage, point) = self.approval_due()?;
        Some(Blocker::Approval {
            stage: self.rules.stage(stage)?.name.clone(),
            point,
            by: self.rule(stage, point)?.by.clone(),
        })
    }

    fn rule(&self, stage: StageId, point: ApprovalPoint) -> Option<&'a ApprovalRule> {
        let planned = self.rules.stage(stage)?;
        if point == ApprovalPoint::GoOn {
            return self.rules.on_failure().go_on.as_ref();
        }
        // Nobody is asked to begin where there is nothing to do. What others rely on may be upgraded already: it is
        // watched, and approved, all the same.
        let is_empty = planned.clusters.is_empty();
        match point {
            ApprovalPoint::BeforeStage => planned.approval.before.as_ref().filter(|_| !is_empty),
            ApprovalPoint::AfterStage => {
                let is_relied_on = !planned.witnesses().is_empty() && self.rules.is_followed(stage);
                planned
                    .approval
                    .after
                    .as_ref()
                    .filter(|_| !is_empty || is_relied_on)
            }
            ApprovalPoint::GoOn => None,
        }
    }

    /// The approvals that count and that the log does not have yet, of those that are waited for.
    pub(crate) fn approvals(&self) -> Vec<Command> {
        let Some((stage, point)) = self.approval_due() else {
            return Vec::new();
        };
        let (Some(rule), Some(planned)) = (self.rule(stage, point), self.rules.stage(stage)) else {
            return Vec::new();
        };
        let grant = self.seen.approvals().iter().find_map(|approval| {
            let allowed = rule.by.is_empty() || rule.by.contains(&approval.by);
            let limit = rule.valid_for.map(|valid| after(approval.at, valid.as_signed()));
            let grant = Grant {
                point,
                by: approval.by.clone(),
                given: approval.at,
                expires: [approval.expires, limit].into_iter().flatten().min(),
            };
            let fits = approval.stage == planned.name
                && approval.point == point
                && !approval.by.trim().is_empty()
                && approval.at <= self.now
                && self
                    .run
                    .halted
                    .as_ref()
                    .is_none_or(|(halted, _)| approval.at >= *halted)
                && allowed
                && grant.counts(point, self.now);
            fits.then_some(grant)
        });
        let fact = grant.map(
            |Grant {
                 point,
                 by,
                 given,
                 expires,
             }| Fact::Approved {
                stage,
                point,
                by,
                given,
                expires,
            },
        );
        fact.map(Command::Record).into_iter().collect()
    }
}
