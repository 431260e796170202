//! The loop: look, begin what may begin, wait, look again.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::journal::{self, Event, Journal};
use super::ports::{Approvals, Clock, Everything, RecoverySystem, StepState, SystemError};
use crate::protection::Exposure;
use crate::recovery::{RecoveryPlan, Step};
use crate::text;

/// How long the executor waits for things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Between two looks.
    pub interval: Duration,
    /// How many times its planned time (p95) a step may take before it is diagnosed, and before the run gives up.
    pub factor: u32,
    /// The least of that: steps of seconds wait for people's networks, too.
    pub least: SignedDuration,
    /// How many errors of a system in a row end the run.
    pub errors: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            factor: 3,
            least: SignedDuration::from_mins(15),
            errors: 30,
        }
    }
}

/// Why a run ended before the plan was done. It can be run again: it goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// A step cannot succeed.
    #[error("step {step} failed: {reason}{}", undo(.rollback.as_deref()))]
    Failed {
        /// The step's number.
        step: u32,
        /// Why.
        reason: String,
        /// How it is undone.
        rollback: Option<String>,
    },
    /// A step takes for ever.
    #[error("step {step} has run for {}, far longer than planned: {diagnosis}{}", text::duration(*.running), undo(.rollback.as_deref()))]
    Stuck {
        /// The step's number.
        step: u32,
        /// For how long.
        running: SignedDuration,
        /// What it waits for.
        diagnosis: String,
        /// How it is undone.
        rollback: Option<String>,
    },
    /// A system does not answer.
    #[error("step {step}: no answer after {errors} attempts")]
    System {
        /// The step's number.
        step: u32,
        /// How many attempts.
        errors: u32,
        /// The last error.
        source: SystemError,
    },
    /// The journal cannot be read or written.
    #[error("the journal cannot be used")]
    Journal(#[source] SystemError),
    /// The journal is of another plan.
    #[error("the journal is of {found}, and the plan is {expected}")]
    OtherPlan {
        /// What the journal is of.
        found: String,
        /// The plan.
        expected: String,
    },
}

fn undo(rollback: Option<&str>) -> String {
    rollback.map_or_else(String::new, |rollback| format!("; to undo: {rollback}"))
}

/// When a step was begun and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTimes {
    /// The step's number.
    pub step: u32,
    /// When it was first begun.
    pub began: Timestamp,
    /// When its effect was seen.
    pub done: Timestamp,
}

/// What a run reached, beside what was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// When the disaster was.
    pub disaster_at: Timestamp,
    /// The steps, by number.
    pub steps: Vec<StepTimes>,
    /// From the disaster until the last workload was verified and reached.
    pub achieved_rto: SignedDuration,
    /// What was planned for that.
    pub planned_rto: SignedDuration,
    /// The most that was lost of anything.
    pub achieved_rpo: Exposure,
}

/// Runs a plan.
pub struct Executor {
    system: Arc<dyn RecoverySystem>,
    journal: Arc<dyn Journal>,
    approvals: Arc<dyn Approvals>,
    clock: Arc<dyn Clock>,
    patience: Patience,
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// What is known of the steps of a run.
#[derive(Default)]
struct Progress {
    began: BTreeMap<u32, Timestamp>,
    done: BTreeMap<u32, Timestamp>,
    waiting: BTreeSet<u32>,
    /// When this run, and not one before it, began a step.
    begun_here: BTreeMap<u32, Timestamp>,
    /// When a step was last said to be stalled.
    stalled: BTreeMap<u32, Timestamp>,
    errors: BTreeMap<u32, u32>,
}

impl Executor {
    /// An executor that approves everything itself.
    pub fn new(
        system: impl RecoverySystem + 'static,
        journal: impl Journal + 'static,
        clock: impl Clock + 'static,
    ) -> Self {
        Self {
            system: Arc::new(system),
            journal: Arc::new(journal),
            approvals: Arc::new(Everything),
            clock: Arc::new(clock),
            patience: Patience::default(),
        }
    }

    /// Asks people before steps that want it.
    pub fn with_approvals(mut self, approvals: impl Approvals + 'static) -> Self {
        self.approvals = Arc::new(approvals);
        self
    }

    /// With other patience.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Runs the plan, or goes on with it, until every step is done.
    ///
    /// Dropping the future is a kill: running the same plan with the same journal goes on.
    ///
    /// # Errors
    /// A step that failed or is stuck, or a system or journal that does not answer.
    pub async fn run(&self, plan: &RecoveryPlan) -> Result<RunReport, ExecuteError> {
        let key = format!("{}@{}", plan.disaster, plan.made_at);
        let mut progress = self.resume(&key).await?;
        while progress.done.len() < plan.steps.len() {
            let mut moved = false;
            for step in &plan.steps {
                let number = step.id.number();
                let is_next = step
                    .after
                    .iter()
                    .all(|before| progress.done.contains_key(&before.number()));
                if is_next && !progress.done.contains_key(&number) {
                    moved |= self.advance(plan, step, &key, &mut progress).await?;
                }
            }
            if !moved {
                self.clock.sleep(self.patience.interval).await;
            }
        }
        Ok(report(plan, &progress))
    }

    async fn resume(&self, key: &str) -> Result<Progress, ExecuteError> {
        let mut progress = Progress::default();
        for entry in self.journal.load().await.map_err(ExecuteError::Journal)? {
            if entry.plan != key {
                return Err(ExecuteError::OtherPlan {
                    found: entry.plan,
                    expected: key.to_owned(),
                });
            }
            match entry.event {
                Event::Began => _ = progress.began.entry(entry.step).or_insert(entry.at),
                Event::Done => _ = progress.done.insert(entry.step, entry.at),
                Event::AwaitsApproval => _ = progress.waiting.insert(entry.step),
                Event::Stalled(_) => _ = progress.stalled.insert(entry.step, entry.at),
                Event::Failed(_) => {}
            }
        }
        Ok(progress)
    }

    async fn note(&self, key: &str, step: &Step, event: Event) -> Result<Timestamp, ExecuteError> {
        let at = self.clock.now();
        let entry = journal::Entry {
            plan: key.to_owned(),
            step: step.id.number(),
            at,
            event,
        };
        self.journal.append(entry).await.map_err(ExecuteError::Journal)?;
        Ok(at)
    }

    /// Takes one step as far as it goes now. Whether anything moved.
    async fn advance(
        &self,
        plan: &RecoveryPlan,
        step: &Step,
        key: &str,
        progress: &mut Progress,
    ) -> Result<bool, ExecuteError> {
        let number = step.id.number();
        let state = match self.system.observe(plan, step).await {
            Ok(state) => state,
            Err(error) => return self.count(step, error, progress),
        };
        match state {
            StepState::Done => {
                let at = self.note(key, step, Event::Done).await?;
                progress.began.entry(number).or_insert(at);
                progress.done.insert(number, at);
                Ok(true)
            }
            StepState::Failed(reason) => {
                self.note(key, step, Event::Failed(reason.clone())).await?;
                Err(ExecuteError::Failed {
                    step: number,
                    reason,
                    rollback: plan.rollback(step),
                })
            }
            StepState::NotBegun => {
                if step.wants_approval() {
                    match self.approvals.is_approved(plan, step).await {
                        Ok(true) => {}
                        Ok(false) => {
                            if progress.waiting.insert(number) {
                                self.note(key, step, Event::AwaitsApproval).await?;
                            }
                            return Ok(false);
                        }
                        Err(error) => return self.count(step, error, progress),
                    }
                }
                // Written before it is done: what was killed in between is looked for again, not forgotten.
                if let Entry::Vacant(slot) = progress.began.entry(number) {
                    slot.insert(self.note(key, step, Event::Began).await?);
                }
                if let Err(error) = self.system.begin(plan, step).await {
                    return self.count(step, error, progress);
                }
                progress.errors.remove(&number);
                match progress.begun_here.entry(number) {
                    Entry::Vacant(slot) => {
                        slot.insert(self.clock.now());
                        Ok(true)
                    }
                    // Begun, and still nothing of it is there: somebody takes it away, or the system does not do it.
                    Entry::Occupied(slot) => {
                        let (began, detail) =
                            (*slot.get(), "it was begun, and nothing of it is there".to_owned());
                        self.watch(plan, step, key, detail, began, progress).await?;
                        Ok(false)
                    }
                }
            }
            StepState::Running(detail) => {
                progress.errors.remove(&number);
                let now = self.clock.now();
                let began = *progress.began.entry(number).or_insert(now);
                self.watch(plan, step, key, detail, began, progress).await?;
                Ok(false)
            }
        }
    }

    /// Looks whether a running step takes too long.
    async fn watch(
        &self,
        plan: &RecoveryPlan,
        step: &Step,
        key: &str,
        detail: String,
        began: Timestamp,
        progress: &mut Progress,
    ) -> Result<(), ExecuteError> {
        let number = step.id.number();
        let factor = i32::try_from(self.patience.factor.max(1)).unwrap_or(i32::MAX);
        let limit = step.time.p95.saturating_mul(factor).max(self.patience.least);
        let running = self.clock.now().duration_since(began);
        if running > limit.saturating_mul(2) {
            return Err(ExecuteError::Stuck {
                step: number,
                running,
                diagnosis: detail,
                rollback: plan.rollback(step),
            });
        }
        if running > limit && !progress.stalled.contains_key(&number) {
            let at = self.note(key, step, Event::Stalled(detail)).await?;
            progress.stalled.insert(number, at);
        }
        Ok(())
    }

    fn count(&self, step: &Step, error: SystemError, progress: &mut Progress) -> Result<bool, ExecuteError> {
        let number = step.id.number();
        let errors = progress.errors.entry(number).or_default();
        *errors += 1;
        if *errors >= self.patience.errors {
            return Err(ExecuteError::System {
                step: number,
                errors: *errors,
                source: error,
            });
        }
        Ok(false)
    }
}

fn report(plan: &RecoveryPlan, progress: &Progress) -> RunReport {
    let times = progress.done.iter().map(|(step, done)| StepTimes {
        step: *step,
        began: progress.began.get(step).copied().unwrap_or(*done),
        done: *done,
    });
    let steps: Vec<StepTimes> = times.collect();
    let whole: Vec<u32> = plan
        .steps
        .iter()
        .filter(|step| step.counts_for_rto())
        .map(|step| step.id.number())
        .collect();
    let last = steps
        .iter()
        .filter(|times| whole.contains(&times.step))
        .map(|times| times.done)
        .max();
    RunReport {
        disaster_at: plan.made_at,
        achieved_rto: last.map_or(SignedDuration::ZERO, |last| last.duration_since(plan.made_at)),
        planned_rto: plan.rto.p50,
        achieved_rpo: plan.rpo,
        steps,
    }
}
