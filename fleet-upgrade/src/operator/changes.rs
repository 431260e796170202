//! What was changed in a policy since its run began: pure.

use serde_json::Value;

use crate::FleetUpgradeSpec;

/// How many places are named; of more, their number.
const NAMED: usize = 8;

/// The places of a spec that say something else than they did, as `spec.stages[1].maxConcurrent`; none where it says the
/// same, in whatever words.
pub(super) fn changes(before: &FleetUpgradeSpec, now: &FleetUpgradeSpec) -> Vec<String> {
    if before == now {
        return Vec::new();
    }
    let mut found = Vec::new();
    // A policy consists of what JSON has.
    let value = |spec| serde_json::to_value(spec).unwrap_or_default();
    compare(&value(before), &value(now), "spec", &mut found);
    if found.len() > NAMED {
        let more = found.len() - NAMED;
        found.truncate(NAMED);
        found.push(format!("{more} more"));
    }
    found
}

fn compare(before: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (before, now) {
        (before, now) if before == now => {}
        (Value::Object(before), Value::Object(now)) => {
            let gone = before.keys().filter(|key| !now.contains_key(*key));
            for key in now.keys().chain(gone) {
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
                compare(&of(before), &of(now), &format!("{path}.{key}"), found);
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (index, (before, now)) in before.iter().zip(now).enumerate() {
                compare(before, now, &format!("{path}[{index}]"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> FleetUpgradeSpec {
        serde_json::from_value(fleet_core::yaml::documents(text).unwrap()[0].value().clone()).unwrap()
    }

    #[test]
    fn each_place_that_says_something_else_is_named() {
        let before = spec("{target: v1.31.4, stages: [{name: a, soak: 24h}, {name: b, maxConcurrent: 2}]}");
        assert!(changes(&before, &before).is_empty());
        let same = spec("{target: v1.31.4, stages: [{name: a, soak: 1d}, {name: b, maxConcurrent: 2}]}");
        assert!(changes(&before, &same).is_empty(), "a day is 24 hours");
        let other = spec(
            "{target: v1.31.4, failureBudget: 3, stages: [{name: a, selector: env=test}, {name: b, maxConcurrent: 5}]}",
        );
        let mut found = changes(&before, &other);
        found.sort();
        assert_eq!(
            found,
            [
                "spec.failureBudget",
                "spec.stages[0].selector",
                "spec.stages[0].soak",
                "spec.stages[1].maxConcurrent"
            ]
        );
        let fewer = spec("{target: v1.31.4, stages: [{name: a, soak: 24h}]}");
        assert_eq!(changes(&before, &fewer), ["spec.stages"]);
    }

    #[test]
    fn many_changes_are_counted() {
        let stages = |cap: u32| {
            let stages: Vec<String> = (0..20)
                .map(|n| format!("{{name: s{n}, maxConcurrent: {cap}}}"))
                .collect();
            spec(&format!("{{target: v1.31.4, stages: [{}]}}", stages.join(", ")))
        };
        let found = changes(&stages(1), &stages(2));
        assert_eq!(found.len(), NAMED + 1);
        assert_eq!(found[NAMED], "12 more");
    }
}
