//! What was changed in a policy, and in the fleet, since a run began: pure.

use std::collections::BTreeSet;

use fleet_core::{ClusterName, Fleet};
use serde_json::Value;

use crate::{FleetUpgradeSpec, UpgradePlan};

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

/// The clusters that a plan knows.
pub(super) fn members(plan: &UpgradePlan) -> BTreeSet<ClusterName> {
    let to_upgrade = plan.clusters().map(|cluster| &cluster.name);
    let at_target = plan.at_target().map(|cluster| &cluster.name);
    to_upgrade.chain(at_target).cloned().collect()
}

/// The clusters that the policy is about, that are not at its target, and that a plan of it does not know, because they have
/// joined the fleet since.
pub(super) fn joined(
    policy: &FleetUpgradeSpec,
    members: &BTreeSet<ClusterName>,
    fleet: &Fleet,
) -> Vec<ClusterName> {
    let new = fleet.select(&policy.clusters).filter(|cluster| {
        let is_done = cluster.version().same_release(&policy.target) && !cluster.workers_lag();
        !is_done && !members.contains(cluster.name())
    });
    new.map(|cluster| cluster.name().clone()).collect()
}

/// Some names, and how many more there are.
pub(super) fn listed(names: &[ClusterName]) -> String {
    let mut words: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    if names.len() > NAMED {
        words.push(format!("{} more", names.len() - NAMED));
    }
    words.join(", ")
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
    fn who_joined_is_told_where_the_policy_is_about_it() {
        let fleet = |text: &str| crate::fleet_from_yaml(text, "fleet.yaml").unwrap();
        let policy = spec("{target: v1.31.4, clusters: env=prod, stages: [{name: all}]}");
        let then = fleet(
            "[{name: a, version: v1.30.4, labels: {env: prod}}, {name: b, version: v1.31.4, labels: {env: prod}}]",
        );
        let named = crate::FleetUpgrade::new("up", policy.clone());
        let plan = crate::plan(&named, &then, "2026-03-02T08:00:00Z".parse().unwrap()).unwrap();
        let members = members(&plan);
        let now = fleet(
            "[{name: a, version: v1.30.4, labels: {env: prod}}, {name: b, version: v1.31.4, labels: {env: prod}},
              {name: c, version: v1.30.4, labels: {env: prod}}, {name: d, version: v1.31.4, labels: {env: prod}},
              {name: e, version: v1.31.4, workerVersion: v1.30.4, labels: {env: prod}}, {name: f, version: v1.30.4}]",
        );
        assert_eq!(listed(&joined(&policy, &members, &now)), "c, e");
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
