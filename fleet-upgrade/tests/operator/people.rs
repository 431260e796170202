//! What people do with an object: pause, approve, cancel, delete, change the spec.

use std::time::Duration;

use fleet_upgrade::operator::{CANCEL, FINALIZER, PAUSED, RunPhase};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::world::{World, three_stages};

#[tokio::test(start_paused = true)]
async fn a_run_is_paused_by_annotation_and_by_field() {
    let world = World::new(three_stages()).await;
    world.annotate(PAUSED, Some("true")).await;
    let operator = world.operator();
    let status = world.until(|status| status.phase == RunPhase::Paused).await;
    assert!(
        status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Paused" && condition.status == "True")
    );
    tokio::time::sleep(Duration::from_hours(10)).await;
    assert!(
        world.clusters.calls().len() <= 2,
        "what had begun before the pause was taken, and no more"
    );
    world.annotate(PAUSED, None).await;
    world.until(|status| status.phase == RunPhase::Running).await;
    let pause = |paused: bool| Patch::Merge(json!({"spec": {"paused": paused}}));
    world
        .api()
        .patch("up", &PatchParams::default(), &pause(true))
        .await
        .unwrap();
    world.until(|status| status.phase == RunPhase::Paused).await;
    let before = world.clusters.calls().len();
    tokio::time::sleep(Duration::from_hours(10)).await;
    assert_eq!(world.clusters.calls().len(), before);
    world
        .api()
        .patch("up", &PatchParams::default(), &pause(false))
        .await
        .unwrap();
    assert_eq!(
        world.until(|status| status.phase.is_over()).await.phase,
        RunPhase::Completed
    );
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stage_is_approved_by_annotation() {
    let mut spec = three_stages();
    spec["stages"][2]["approval"] = json!({"before": {"by": ["alice"]}});
    let world = World::new(spec).await;
    let operator = world.operator();
    let status = world
        .until(|status| status.phase == RunPhase::WaitingForApproval)
        .await;
    assert!(
        status
            .waiting_for
            .unwrap()
            .contains("before stage production, of alice")
    );
    world
        .annotate("approve-before.fleet-sdk.dev/production", Some("mallory"))
        .await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(world.status().await.phase, RunPhase::WaitingForApproval);
    world
        .annotate("approve-before.fleet-sdk.dev/production", Some("alice"))
        .await;
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_sees_what_is_under_way_to_its_end() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    tokio::time::sleep(Duration::from_mins(10)).await;
    world.annotate(CANCEL, Some("true")).await;
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Cancelled);
    assert_eq!(world.effects().iter().sum::<usize>(), 2, "the two of staging");
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_deleted_object_stays_until_what_is_under_way_has_ended() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let object = world.api().get("up").await.unwrap();
    assert_eq!(object.metadata.finalizers.unwrap(), [FINALIZER]);
    world.api().delete("up", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(20)).await;
    assert!(
        world.api().get_opt("up").await.unwrap().is_some(),
        "two clusters are under way"
    );
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert!(world.api().get_opt("up").await.unwrap().is_none());
    assert_eq!(world.effects().iter().sum::<usize>(), 2);
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stage_is_approved_in_the_spec_for_as_long_as_the_approval_counts() {
    let mut spec = three_stages();
    spec["stages"][2]["approval"] = json!({"before": {"by": ["alice"]}});
    let world = World::new(spec).await;
    let approve = |by: &str, expires: &str| {
        Patch::Merge(json!({"spec": {"approvals": [
            {"stage": "production", "point": "beforeStage", "by": by, "expires": expires}]}}))
    };
    let patch = async |approvals: Patch<serde_json::Value>| {
        world
            .api()
            .patch("up", &PatchParams::default(), &approvals)
            .await
            .unwrap();
    };
    let operator = world.operator();
    world
        .until(|status| status.phase == RunPhase::WaitingForApproval)
        .await;
    for (by, expires) in [
        ("mallory", "2100-01-01T00:00:00Z"),
        ("alice", "2020-01-01T00:00:00Z"),
    ] {
        patch(approve(by, expires)).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(
            world.status().await.phase,
            RunPhase::WaitingForApproval,
            "{by} {expires}"
        );
    }
    patch(approve("alice", "2100-01-01T00:00:00Z")).await;
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    operator.abort();
}
