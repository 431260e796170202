//! A run from an object's creation to its end, as `kubectl` shows it.

use fleet_upgrade::operator::RunPhase;
use fleet_upgrade::ports::NoGate;
use serde_json::json;

use crate::world::{World, spawn, three_stages};

#[tokio::test(start_paused = true)]
async fn a_run_is_planned_run_and_told() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    assert_eq!(status.progress.as_deref(), Some("6/6"));
    assert_eq!(status.target.as_deref(), Some("v1.31.4"));
    assert_eq!(world.effects(), [1; 6]);
    let condition = |kind: &str| {
        let found = status.conditions.iter().find(|condition| condition.type_ == kind);
        found.unwrap_or_else(|| panic!("{kind}")).status.clone()
    };
    let conditions = [
        "Planned",
        "Progressing",
        "Paused",
        "ApprovalRequired",
        "Stalled",
        "Complete",
        "Stopped",
    ]
    .map(condition);
    assert_eq!(
        conditions,
        ["True", "False", "False", "False", "False", "True", "False"]
    );
    let stages: Vec<_> = status
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.upgraded, stage.total))
        .collect();
    assert_eq!(
        stages,
        [("staging", 2, 2), ("canary", 1, 1), ("production", 3, 3)]
    );
    assert_eq!(status.clusters.len(), 6);
    assert!(
        status
            .clusters
            .iter()
            .all(|cluster| cluster.version == "v1.31.4" && cluster.state == "upgraded")
    );
    assert_eq!(status.events[0].reason, "RunEnded");
    assert!(status.finished.is_some() && status.planned_finish.is_some());
    let events = world.hub.requests();
    assert!(events.total() < 400, "{} requests for 6 clusters", events.total());
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_planned_is_refused_and_planned_when_it_fits() {
    let world =
        World::new(json!({"target": "v1.31.4", "stages": [{"name": "staging", "selector": "env=staging"}]}))
            .await;
    let operator = world.operator();
    let status = world.until(|status| status.phase == RunPhase::Refused).await;
    let condition = &status.conditions[0];
    assert_eq!(
        (condition.type_.as_str(), condition.status.as_str()),
        ("Planned", "False")
    );
    assert!(
        condition.message.contains("no stage takes 4 clusters"),
        "{}",
        condition.message
    );
    assert!(world.clusters.calls().is_empty());
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn what_the_policy_asks_for_and_the_operator_does_not_have_is_refused() {
    let mut spec = three_stages();
    spec["backup"] = json!({"maxAge": "24h"});
    let world = World::new(spec).await;
    let operator = world.operator();
    let status = world.until(|status| status.phase == RunPhase::Refused).await;
    assert_eq!(status.conditions[0].reason, "Unsupported");
    assert!(
        status.conditions[0]
            .message
            .contains("the policy asks for backups")
    );
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_failed_cluster_stops_the_run_and_is_listed_first() {
    let world = World::new(three_stages()).await;
    world.clusters.inject(
        "prod-1",
        fleet_upgrade::testing::Fault::RolloutFails("quota".into()),
    );
    let operator = world.operator();
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Stopped);
    assert_eq!(status.clusters[0].name, "prod-1");
    assert!(status.clusters[0].state.contains("quota"));
    let stopped = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Stopped")
        .unwrap();
    assert!(
        stopped
            .message
            .contains("1 failed, and the policy tolerates no failure"),
        "{}",
        stopped.message
    );
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_the_policy_names_and_the_operator_does_not_have_is_refused() {
    let mut spec = three_stages();
    spec["gates"] = json!([{"name": "slo", "when": "after"}]);
    let world = World::new(spec).await;
    let controller = world.controller(world.hub.client()).named_gate("jobs", NoGate);
    let operator = spawn(controller);
    let status = world.until(|status| status.phase == RunPhase::Refused).await;
    assert_eq!(status.conditions[0].reason, "Unsupported");
    let message = &status.conditions[0].message;
    assert!(
        message.contains("spec.gates names `slo`") && message.contains("only jobs"),
        "{message}"
    );
    operator.abort();
    let operator = spawn(world.controller(world.hub.client()).named_gate("slo", NoGate));
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    operator.abort();
}
