//! Steps and what they require, in an order that exists.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::Serialize;

/// What identifies a step: a short word, such as `provision`.
pub type StepId = String;

/// A step, as the saga knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StepSpec {
    /// What identifies it.
    pub id: StepId,
    /// What a person reads.
    pub title: String,
    /// The steps that must be done before.
    pub requires: BTreeSet<StepId>,
    /// How long it may take before it counts as failed. Default 15 minutes.
    pub budget: SignedDuration,
    /// How long it takes as a rule: measured ones count before this. Default 1 minute.
    pub typical: SignedDuration,
    /// How often it may be tried. Default 3.
    pub attempts: u32,
}

impl StepSpec {
    /// A step with the defaults.
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        requires: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            requires: requires.into_iter().map(Into::into).collect(),
            budget: SignedDuration::from_mins(15),
            typical: SignedDuration::from_mins(1),
            attempts: 3,
        }
    }

    /// How long it may take, and how long it takes as a rule.
    pub fn takes(self, typical: SignedDuration, budget: SignedDuration) -> Self {
        Self {
            budget,
            typical,
            ..self
        }
    }

    /// How often it may be tried.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }
}

/// Steps whose requirements can all be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// In an order in which they can be done, one after the other.
    steps: Vec<StepSpec>,
}

/// Steps that can never all be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two steps have one id.
    #[error("two steps are called `{id}`; rename one, or replace the other")]
    Same {
        /// The id.
        id: StepId,
    },
    /// A step requires one that is not there.
    #[error(
        "step `{step}` requires `{requires}`, which is no step here; add it, or take the requirement out"
    )]
    Unknown {
        /// The step.
        step: StepId,
        /// What it requires.
        requires: StepId,
    },
    /// Steps require each other.
    #[error("steps require each other and none can be first: {}; take one requirement out", cycle.join(" requires "))]
    Cycle {
        /// The way round, the first one again at its end.
        cycle: Vec<StepId>,
    },
    /// A step that may never be tried, or may take no time.
    #[error("step `{step}` has no attempts or no time; give it at least one of each")]
    Impossible {
        /// The step.
        step: StepId,
    },
}

impl Graph {
    /// Orders steps: what is required comes first, else by id.
    ///
    /// # Errors
    /// As [`GraphError`] says.
    pub fn new(steps: impl IntoIterator<Item = StepSpec>) -> Result<Self, GraphError> {
        let mut by_id: BTreeMap<StepId, StepSpec> = BTreeMap::new();
        for step in steps {
            if step.attempts == 0 || step.budget <= SignedDuration::ZERO {
                return Err(GraphError::Impossible { step: step.id });
            }
            let id = step.id.clone();
            if by_id.insert(id.clone(), step).is_some() {
                return Err(GraphError::Same { id });
            }
        }
        for step in by_id.values() {
            if let Some(requires) = step.requires.iter().find(|id| !by_id.contains_key(*id)) {
                return Err(GraphError::Unknown {
                    step: step.id.clone(),
                    requires: requires.clone(),
                });
            }
        }
        let mut ordered: Vec<StepSpec> = Vec::new();
        let mut done: BTreeSet<StepId> = BTreeSet::new();
        while ordered.len() < by_id.len() {
            let next = by_id
                .values()
                .find(|step| !done.contains(&step.id) && step.requires.is_subset(&done));
            let Some(next) = next else {
                return Err(GraphError::Cycle {
                    cycle: cycle(&by_id, &done),
                });
            };
            done.insert(next.id.clone());
            ordered.push(next.clone());
        }
        Ok(Self { steps: ordered })
    }

    /// The steps, in an order in which they can be done.
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }

    /// One of them.
    pub fn step(&self, id: &str) -> Option<&StepSpec> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps that require another one, directly.
    pub fn dependents<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a StepSpec> {
        self.steps.iter().filter(move |step| step.requires.contains(id))
    }

    /// How long everything takes from the start, side by side where it can be: the longest way.
    pub fn longest(&self, takes: impl Fn(&StepSpec) -> SignedDuration) -> SignedDuration {
        let mut ends: BTreeMap<&str, SignedDuration> = BTreeMap::new();
        for step in &self.steps {
            let start = step.requires.iter().filter_map(|id| ends.get(id.as_str())).max();
            let end = start.copied().unwrap_or_default().saturating_add(takes(step));
            ends.insert(&step.id, end);
        }
        ends.into_values().max().unwrap_or_default()
    }
}

/// A way round among the steps that are left: follows requirements until one comes again.
fn cycle(by_id: &BTreeMap<StepId, StepSpec>, done: &BTreeSet<StepId>) -> Vec<StepId> {
    let mut way: Vec<StepId> = Vec::new();
    let mut next = by_id.keys().find(|id| !done.contains(*id)).cloned();
    while let Some(id) = next {
        if let Some(start) = way.iter().position(|seen| *seen == id) {
            way.drain(..start);
            way.push(id);
            return way;
        }
        let requires = by_id.get(&id).map(|step| &step.requires);
        next = requires.and_then(|requires| requires.iter().find(|id| !done.contains(*id)).cloned());
        way.push(id);
    }
    way
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(id: &str, requires: &[&str]) -> StepSpec {
        StepSpec::new(id, id, requires.iter().copied())
    }

    #[test]
    fn what_can_never_be_met_is_refused() {
        let error = |steps: Vec<StepSpec>| Graph::new(steps).unwrap_err().to_string();
        assert_eq!(
            error(vec![step("a", &["b"])]),
            "step `a` requires `b`, which is no step here; add it, or take the requirement out"
        );
        assert_eq!(
            error(vec![
                step("0", &[]),
                step("a", &["0", "c"]),
                step("b", &["a"]),
                step("c", &["b"]),
                step("d", &["c"])
            ]),
            "steps require each other and none can be first: a requires c requires b requires a; take one requirement out"
        );
        assert!(error(vec![step("a", &["a"])]).contains("a requires a"));
        assert!(error(vec![step("a", &[]), step("a", &[])]).contains("two steps are called `a`"));
        assert!(error(vec![step("a", &[]).attempts(0)]).contains("no attempts"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn an_order_has_requirements_first(edges in proptest::collection::vec((0u8..8, 0u8..8), 0..16)) {
            let steps: Vec<_> = (0u8..8)
                .map(|id| {
                    let requires = edges.iter().filter(|(from, _)| *from == id).map(|(_, to)| format!("s{to}"));
                    StepSpec::new(format!("s{id}"), "", requires)
                })
                .collect();
            match Graph::new(steps) {
                Ok(graph) => {
                    for (place, step) in graph.steps().iter().enumerate() {
                        for required in &step.requires {
                            prop_assert!(graph.steps()[..place].iter().any(|before| before.id == *required));
                        }
                    }
                }
                Err(GraphError::Cycle { cycle }) => {
                    prop_assert!(cycle.len() > 1 && cycle.first() == cycle.last());
                    for pair in cycle.windows(2) {
                        let is_edge = |(from, to): &(u8, u8)| format!("s{from}") == pair[0] && format!("s{to}") == pair[1];
                        prop_assert!(edges.iter().any(is_edge), "{cycle:?}");
                    }
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
    }
}
