//! Where a saga stands, and what is to be done next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_core::ClusterName;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::graph::{Graph, StepId, StepSpec};

/// A saga of one cluster: all that is kept, and all that a process needs to go on where another one ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Saga {
    /// The cluster.
    pub cluster: ClusterName,
    /// When it began.
    pub started: Timestamp,
    /// What happens when a step has failed for good.
    pub on_failure: OnFailure,
    /// Forward, or back.
    pub direction: Direction,
    /// The steps that were begun.
    pub steps: BTreeMap<StepId, StepState>,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// What happens when a step has failed for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OnFailure {
    /// The saga stops and says where; it can be resumed.
    #[default]
    Stop,
    /// What was done is undone, the last step first.
    Compensate,
}

/// Where a saga is going.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Direction {
    /// To a cluster that takes workloads.
    #[default]
    Forward,
    /// To where it began.
    Back,
}

/// How a saga ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Verdict {
    /// Every step is done.
    Done {
        /// When.
        at: Timestamp,
    },
    /// A step failed for good; nothing was undone.
    Stopped {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// A step failed for good, and what was done is undone.
    Compensated {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why it failed.
        reason: String,
    },
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StepState {
    /// When the present attempt began.
    pub since: Timestamp,
    /// How often it was tried, the present attempt included.
    pub attempts: u32,
    /// Whether its action was carried out, so that only its outcome is waited for.
    #[serde(default)]
    pub acted: bool,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Timestamp>,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Whether it failed for good.
    #[serde(default)]
    pub failed: bool,
    /// How often undoing it failed.
    #[serde(default)]
    pub undo_attempts: u32,
    /// Whether it was undone.
    #[serde(default)]
    pub compensated: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Carry out a step's action; it may have been carried out before.
    Act(StepId),
    /// Look whether a step is done.
    Check(StepId),
    /// A step has taken longer than its budget: it failed.
    TimeOut(StepId),
    /// Undo a step; it may have been undone before.
    Compensate(StepId),
    /// Nothing more.
    End(Verdict),
}

impl Saga {
    /// A saga that has not begun.
    pub fn new(cluster: ClusterName, on_failure: OnFailure, now: Timestamp) -> Self {
        Self {
            cluster,
            started: now,
            on_failure,
            direction: Direction::Forward,
            steps: BTreeMap::new(),
            verdict: None,
        }
    }

    /// What is to be done now; nothing when it has ended.
    pub fn decide(&self, graph: &Graph, now: Timestamp) -> Vec<Command> {
        if self.verdict.is_some() {
            return Vec::new();
        }
        match self.direction {
            Direction::Forward => self.forward(graph, now),
            Direction::Back => self.back(graph, now),
        }
    }

    fn forward(&self, graph: &Graph, now: Timestamp) -> Vec<Command> {
        let is_done = |id: &StepId| self.steps.get(id).is_some_and(|step| step.done.is_some());
        let mut commands = Vec::new();
        let mut runs = false;
        for spec in graph.steps() {
            match self.steps.get(&spec.id) {
                Some(step) if step.done.is_some() || step.failed => {}
                Some(step) => {
                    runs = true;
                    commands.push(if now.duration_since(step.since) > spec.budget {
                        Command::TimeOut(spec.id.clone())
                    } else if step.acted {
                        Command::Check(spec.id.clone())
                    } else {
                        Command::Act(spec.id.clone())
                    });
                }
                // One failed for good: what runs may end, and nothing begins.
                None if self.failure().is_some() => {}
                None if spec.requires.iter().all(is_done) => commands.push(Command::Act(spec.id.clone())),
                None => {}
            }
        }
        if let Some((step, state)) = self.failure()
            && !runs
        {
            return vec![Command::End(Verdict::Stopped {
                at: now,
                step: step.clone(),
                reason: state.reason.clone(),
            })];
        }
        if graph.steps().iter().all(|spec| is_done(&spec.id)) {
            return vec![Command::End(Verdict::Done { at: now })];
        }
        commands
    }

    /// Each step after those that require it.
    fn back(&self, graph: &Graph, now: Timestamp) -> Vec<Command> {
        let stands = |id: &str| self.steps.get(id).is_some_and(|step| !step.compensated);
        let next = graph
            .steps()
            .iter()
            .filter(|spec| stands(&spec.id) && !graph.dependents(&spec.id).any(|other| stands(&other.id)));
        let commands: Vec<_> = next.map(|spec| Command::Compensate(spec.id.clone())).collect();
        if !commands.is_empty() {
            return commands;
        }
        let (step, reason) = self
            .failure()
            .map(|(step, state)| (step.clone(), state.reason.clone()))
            .unwrap_or_default();
        vec![Command::End(Verdict::Compensated {
            at: now,
            step,
            reason,
        })]
    }

    /// The first step that failed for good.
    fn failure(&self) -> Option<(&StepId, &StepState)> {
        self.steps.iter().find(|(_, step)| step.failed)
    }

    /// A step's action is about to be carried out.
    pub fn start(&mut self, id: &str, now: Timestamp) {
        self.steps.entry(id.to_owned()).or_insert(StepState {
            since: now,
            attempts: 1,
            acted: false,
            done: None,
            reason: String::new(),
            failed: false,
            undo_attempts: 0,
            compensated: false,
        });
    }

    /// A step's action was carried out.
    pub fn acted(&mut self, id: &str) {
        if let Some(step) = self.steps.get_mut(id) {
            step.acted = true;
        }
    }

    /// A step waits for something.
    pub fn waits(&mut self, id: &str, reason: impl Into<String>) {
        if let Some(step) = self.steps.get_mut(id) {
            step.reason = reason.into();
        }
    }

    /// A step is done.
    pub fn done(&mut self, id: &str, now: Timestamp) {
        if let Some(step) = self.steps.get_mut(id) {
            step.done = Some(now);
            step.reason.clear();
        }
    }

    /// An attempt failed: another one begins, or the step has failed for good.
    pub fn fails(&mut self, spec: &StepSpec, reason: impl Into<String>, now: Timestamp) {
        let Some(step) = self.steps.get_mut(&spec.id) else {
            return;
        };
        step.reason = reason.into();
        if step.attempts < spec.attempts {
            step.attempts += 1;
            step.since = now;
            step.acted = false;
        } else {
            step.failed = true;
        }
    }

    /// A step failed for good, however often it may be tried: another attempt would find the same.
    pub fn fails_for_good(&mut self, id: &str, reason: impl Into<String>) {
        if let Some(step) = self.steps.get_mut(id) {
            step.reason = reason.into();
            step.failed = true;
        }
    }

    /// A step could not be undone: it is tried again, ten times; then the saga stops, so that a person sees what was left.
    pub fn cannot_undo(&mut self, id: &str, reason: impl Into<String>, now: Timestamp) {
        const TRIES: u32 = 10;
        let reason = format!("cannot be undone: {}", reason.into());
        let Some(step) = self.steps.get_mut(id) else {
            return;
        };
        step.undo_attempts += 1;
        step.reason.clone_from(&reason);
        if step.undo_attempts >= TRIES {
            self.verdict = Some(Verdict::Stopped {
                at: now,
                step: id.to_owned(),
                reason,
            });
        }
    }

    /// A step was undone.
    pub fn compensated(&mut self, id: &str) {
        if let Some(step) = self.steps.get_mut(id) {
            step.compensated = true;
        }
    }

    /// The saga ends, or turns round.
    pub fn end(&mut self, verdict: Verdict) {
        if matches!(verdict, Verdict::Stopped { .. }) && self.on_failure == OnFailure::Compensate {
            self.direction = Direction::Back;
        } else {
            self.verdict = Some(verdict);
        }
    }

    /// Goes on after it stopped: steps that failed are tried again, as often as at first.
    pub fn resume(&mut self) {
        if matches!(self.verdict, Some(Verdict::Stopped { .. })) {
            self.verdict = None;
            self.steps.retain(|_, step| !step.failed);
        }
    }

    /// How long each finished step took: what the next saga's [`eta`](Self::eta) is made of.
    pub fn measured(&self) -> BTreeMap<StepId, SignedDuration> {
        let steps = self.steps.iter();
        steps
            .filter_map(|(id, step)| Some((id.clone(), step.done?.duration_since(step.since))))
            .collect()
    }

    /// When it will be done, as long as nothing fails: the longest way through what is left. Each step takes what it took in a saga
    /// before, else what its spec says; one that already takes longer is counted as ending now.
    pub fn eta(
        &self,
        graph: &Graph,
        measured: &BTreeMap<StepId, SignedDuration>,
        now: Timestamp,
    ) -> Timestamp {
        let takes = |spec: &StepSpec| {
            let whole = measured.get(&spec.id).copied().unwrap_or(spec.typical);
            match self.steps.get(&spec.id) {
                Some(step) if step.done.is_some() => SignedDuration::ZERO,
                Some(step) => whole
                    .saturating_sub(now.duration_since(step.since))
                    .max(SignedDuration::ZERO),
                None => whole,
            }
        };
        now.checked_add(graph.longest(takes)).unwrap_or(now)
    }

    /// The share of the steps that are done, 0 to 1.
    pub fn progress(&self, graph: &Graph) -> f64 {
        let done = self.steps.values().filter(|step| step.done.is_some()).count();
        done as f64 / graph.steps().len().max(1) as f64
    }

    /// The saga as a checklist.
    pub fn checklist(&self, graph: &Graph, now: Timestamp) -> String {
        let mut text = String::new();
        for spec in graph.steps() {
            let (mark, note) = match self.steps.get(&spec.id) {
                None => ("□", String::new()),
                Some(step) if step.compensated => ("↩", "undone".to_owned()),
                Some(step) if step.failed => ("✗", step.reason.clone()),
                Some(StepState {
                    done: Some(done),
                    since,
                    ..
                }) => ("✓", format!("{:#}", done.duration_since(*since))),
                Some(step) => {
                    let since = now.duration_since(step.since);
                    let again = if step.attempts > 1 {
                        format!(", attempt {}", step.attempts)
                    } else {
                        String::new()
                    };
                    let waits = if step.reason.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", step.reason)
                    };
                    ("▶", format!("for {since:#}{again}{waits}"))
                }
            };
            let _ = writeln!(text, "{mark} {:12} {:58} {note}", spec.id, spec.title);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + minute * 60).unwrap()
    }

    fn graph() -> Graph {
        let step = |id: &str, requires: &[&str]| StepSpec::new(id, id, requires.iter().copied()).attempts(2);
        Graph::new([
            step("a", &[]),
            step("b", &["a"]),
            step("c", &["a"]),
            step("d", &["b", "c"]),
        ])
        .unwrap()
    }

    fn do_step(saga: &mut Saga, id: &str, from: i64, to: i64) {
        saga.start(id, at(from));
        saga.acted(id);
        saga.done(id, at(to));
    }

    #[test]
    fn a_failure_lets_what_runs_end_and_begins_nothing() {
        let (graph, mut saga) = (graph(), Saga::new("x".parse().unwrap(), OnFailure::Stop, at(0)));
        do_step(&mut saga, "a", 0, 1);
        saga.start("b", at(1));
        saga.start("c", at(1));
        saga.acted("c");
        let b = graph.step("b").unwrap();
        saga.fails(b, "no route", at(2));
        assert_eq!(saga.steps["b"].attempts, 2);
        saga.fails(b, "no route", at(3));
        assert_eq!(saga.decide(&graph, at(3)), [Command::Check("c".into())]);
        saga.done("c", at(4));
        let end = saga.decide(&graph, at(4));
        assert!(
            matches!(&end[..], [Command::End(Verdict::Stopped { step, reason, .. })] if step == "b" && reason == "no route")
        );
        let [Command::End(verdict)] = &end[..] else {
            unreachable!()
        };
        saga.end(verdict.clone());
        assert!(saga.decide(&graph, at(5)).is_empty());
        saga.resume();
        assert_eq!(saga.decide(&graph, at(9)), [Command::Act("b".into())]);
    }

    #[test]
    fn what_takes_too_long_failed_and_what_was_done_is_undone_last_first() {
        let (graph, mut saga) = (
            graph(),
            Saga::new("x".parse().unwrap(), OnFailure::Compensate, at(0)),
        );
        do_step(&mut saga, "a", 0, 1);
        do_step(&mut saga, "b", 1, 2);
        saga.start("c", at(1));
        assert_eq!(saga.decide(&graph, at(30)), [Command::TimeOut("c".into())]);
        saga.fails_for_good("c", "too long");
        let [Command::End(verdict)] = &saga.decide(&graph, at(30))[..] else {
            unreachable!()
        };
        saga.end(verdict.clone());
        assert_eq!(
            saga.decide(&graph, at(31)),
            [Command::Compensate("b".into()), Command::Compensate("c".into())]
        );
        saga.compensated("b");
        assert_eq!(saga.decide(&graph, at(31)), [Command::Compensate("c".into())]);
        saga.compensated("c");
        assert_eq!(saga.decide(&graph, at(31)), [Command::Compensate("a".into())]);
        saga.compensated("a");
        let end = saga.decide(&graph, at(32));
        assert!(matches!(&end[..], [Command::End(Verdict::Compensated { step, .. })] if step == "c"));
    }

    #[test]
    fn the_end_is_the_longest_way_and_measured_times_count() {
        let (graph, mut saga) = (graph(), Saga::new("x".parse().unwrap(), OnFailure::Stop, at(0)));
        let measured = [
            ("a".to_owned(), SignedDuration::from_mins(15)),
            ("c".to_owned(), SignedDuration::from_mins(5)),
        ]
        .into();
        // a 15, then c 5 beside b 1, then d 1.
        assert_eq!(saga.eta(&graph, &measured, at(0)), at(21));
        saga.start("a", at(0));
        assert_eq!(saga.eta(&graph, &measured, at(10)), at(21));
        assert_eq!(saga.eta(&graph, &measured, at(18)), at(24));
        saga.done("a", at(18));
        assert_eq!(saga.eta(&graph, &measured, at(18)), at(24));
        assert_eq!(saga.measured()["a"], SignedDuration::from_mins(18));
        assert!((saga.progress(&graph) - 0.25).abs() < 1e-9);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut saga = Saga::new("x".parse().unwrap(), OnFailure::Compensate, at(0));
        do_step(&mut saga, "a", 0, 1);
        saga.start("b", at(1));
        saga.waits("b", "for c");
        let text = serde_json::to_string(&saga).unwrap();
        assert_eq!(serde_json::from_str::<Saga>(&text).unwrap(), saga);
    }
}
