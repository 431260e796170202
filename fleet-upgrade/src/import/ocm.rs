//! Open Cluster Management's rollout strategies.

use std::num::NonZeroU32;

use fleet_core::{HumanDuration, Selector};
use serde_json::Value;

use super::{Import, ImportError, count, go_duration, list};
use crate::spec::Percent;
use crate::{FailureBudget, Pick, Stage};

/// The label in which a cluster's decision group is expected.
const DECISION_GROUP: &str = "decision-group";

const ALL_AT_ONCE: &str = "all at once is not taken over: one at a time";

impl Import<'_> {
    pub(super) fn ocm(mut self, strategy: &Value) -> Result<Self, ImportError> {
        let kind = strategy["type"].as_str().unwrap_or("All");
        let (field, details) = match kind {
            "All" => ("all", &strategy["all"]),
            "Progressive" => ("progressive", &strategy["progressive"]),
            "ProgressivePerGroup" => ("progressivePerGroup", &strategy["progressivePerGroup"]),
            other => return Err(self.wrong("rolloutStrategy.type", format!("`{other}` is not known"))),
        };
        let path = format!("rolloutStrategy.{field}");
        self.only("rolloutStrategy", strategy, &["type", field]);
        let mut known = vec![
            "minSuccessTime",
            "progressDeadline",
            "maxFailures",
            "mandatoryDecisionGroups",
        ];
        // Only this kind has one.
        if kind == "Progressive" {
            known.push("maxConcurrency");
        }
        self.only(&path, details, &known);
        let soak = self
            .duration(&format!("{path}.minSuccessTime"), &details["minSuccessTime"])?
            .unwrap_or(HumanDuration::ZERO);
        if details["progressDeadline"].as_str() != Some("None") {
            let field = format!("{path}.progressDeadline");
            if let Some(deadline) = self.duration(&field, &details["progressDeadline"])? {
                self.spec = self.spec.cluster_deadline(deadline);
            }
        }
        match &details["maxFailures"] {
            Value::Null => {}
            value => match value.as_u64().and_then(|count| u32::try_from(count).ok()) {
                Some(count) => {
                    let budget = NonZeroU32::new(count).map_or(FailureBudget::NoFailure, FailureBudget::Clusters);
                    self.spec = self.spec.failure_budget(budget);
                }
                None => self.lose(
                    format!("{path}.maxFailures"),
                    format!("{value} is a share of a number that only the fleet knows; no failure is tolerated instead"),
                ),
            },
        }
        for (index, group) in list(&details["mandatoryDecisionGroups"]).enumerate() {
            let place = format!("{path}.mandatoryDecisionGroups[{index}]");
            let name = group["groupName"].as_str().map_or_else(
                || format!("group-{}", group["groupIndex"].as_u64().unwrap_or(index as u64)),
                str::to_owned,
            );
            let selector = format!("{DECISION_GROUP}={name}")
                .parse::<Selector>()
                .map_err(|error| self.wrong(&place, error.to_string()))?;
            let everyone = Percent::new(100).ok();
            let mut stage = Stage::new(name).selector(selector).soak(soak);
            stage.completion_threshold = everyone;
            self.spec = self.spec.stage(stage);
            self.lose(
                place,
                format!("a decision group is expected in the label `{DECISION_GROUP}`; {ALL_AT_ONCE}"),
            );
        }
        let mut rest = Stage::new("rest").soak(soak);
        match kind {
            "All" => self.lose("rolloutStrategy.type", ALL_AT_ONCE),
            "Progressive" => {
                let field = format!("{path}.maxConcurrency");
                let concurrency = &details["maxConcurrency"];
                if at_once(concurrency) {
                    self.lose(field, ALL_AT_ONCE);
                } else {
                    if let Some(count) = count(concurrency) {
                        rest = rest.max_concurrent(count);
                    } else {
                        let share = concurrency.as_str().and_then(|text| text.parse::<Percent>().ok());
                        if let Some(share) = share {
                            let first = Stage::new("first").pick(Pick::share(share)).soak(soak);
                            self.spec = self.spec.stage(first);
                        }
                        let note = format!(
                            "{concurrency} is a share of a number that only the fleet knows; one at a time instead"
                        );
                        self.lose(field, note);
                    }
                    // A cluster keeps its place among the concurrent ones for as long, which no knob of ours says.
                    if !soak.is_zero() {
                        self.lose(
                            format!("{path}.minSuccessTime"),
                            "after each cluster there, before another starts in its place; here once, after a stage's last \
                             cluster",
                        );
                    }
                }
            }
            // The groups are in the placement, not in the strategy.
            _ => {
                self.lose(
                    "rolloutStrategy.type",
                    "decision groups that are not mandatory go one after another there; here they are one stage, in no order \
                     of groups",
                );
                self.lose(
                    "rolloutStrategy.type",
                    "all of a group at once is not taken over: one at a time",
                );
                if !soak.is_zero() {
                    self.lose(
                        format!("{path}.minSuccessTime"),
                        "after each group there; for those that are not mandatory here once, after the last cluster",
                    );
                }
            }
        }
        self.spec = self.spec.stage(rest);
        Ok(self)
    }

    fn duration(&self, field: &str, value: &Value) -> Result<Option<HumanDuration>, ImportError> {
        let problem = match value {
            Value::Null => return Ok(None),
            Value::String(text) => match go_duration(text) {
                Some(duration) => return Ok(Some(duration)),
                None => format!("`{text}` is no duration"),
            },
            other => format!("`{other}` is no duration"),
        };
        Err(self.wrong(field, problem))
    }
}

/// Whether this `maxConcurrency` is all clusters: left out, none, or the whole of them.
fn at_once(value: &Value) -> bool {
    value.is_null() || value.as_u64() == Some(0) || matches!(value.as_str(), Some("0%" | "100%"))
}
