//! What people do with an object: pause, approve, cancel, delete, change the spec.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::{Fleet, FleetCluster};
use fleet_upgrade::ports::BoxError;

use fleet_upgrade::operator::{
    CANCEL, FINALIZER, FleetSource, FleetUpgradeStatus, PAUSED, RunPhase, Sharding,
};
use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::client::Body;
use serde_json::json;

use crate::world::{World, spawn, three_stages};

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
async fn a_run_whose_log_is_lost_says_so_and_is_let_go_when_it_is_deleted() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    tokio::time::sleep(Duration::from_mins(10)).await;
    operator.abort();
    let broken = Patch::Merge(json!({"status": {"run": {"openLog": "bm90IGEgbG9n"}}}));
    world
        .api()
        .patch_status("up", &PatchParams::default(), &broken)
        .await
        .unwrap();
    let operator = world.operator();
    let is_stalled = |status: &FleetUpgradeStatus| {
        let stalled = status
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Stalled");
        stalled.is_some_and(|condition| condition.status == "True")
    };
    let status = world.until(is_stalled).await;
    let why = status.waiting_for.unwrap();
    assert!(why.starts_with("the run could not be read: "), "{why}");
    assert_eq!(
        (
            status.events[0].reason.as_str(),
            status.events[0].message.as_str()
        ),
        ("Stalled", &*why)
    );
    let before = world.hub.requests().total();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let asked = world.hub.requests().total() - before;
    assert!(
        asked < 60,
        "{asked} requests in an hour, though nothing has changed"
    );
    let status = world.api().get("up").await.unwrap().status.unwrap();
    let told = status.events.iter().filter(|event| event.reason == "Stalled");
    assert_eq!(told.count(), 1, "it is told once");
    world.api().delete("up", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(20)).await;
    assert!(world.api().get_opt("up").await.unwrap().is_none());
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

#[tokio::test(start_paused = true)]
async fn an_approval_does_not_count_anew_for_the_next_operator() {
    let mut spec = three_stages();
    spec["stages"][2]["approval"] = json!({"before": {"by": ["alice"], "validFor": "1h"}});
    let world = World::new(spec).await;
    let approve = "approve-before.fleet-sdk.dev/production";
    world.annotate(approve, Some("alice")).await;
    let operator = world.operator();
    // It ran out while the first two stages soaked.
    world
        .until(|status| status.phase == RunPhase::WaitingForApproval)
        .await;
    let seen = world.status().await.approvals;
    assert_eq!((seen[0].by.as_str(), seen.len()), ("alice", 1));
    operator.abort();
    let operator = world.operator();
    tokio::time::sleep(Duration::from_hours(3)).await;
    assert_eq!(world.status().await.phase, RunPhase::WaitingForApproval);
    assert_eq!(world.status().await.approvals, seen);
    // Taken away and given again, it is a new one.
    world.annotate(approve, None).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(world.status().await.approvals.is_empty());
    world.annotate(approve, Some("alice")).await;
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_told_so_and_hides_no_other() {
    let world = World::new(three_stages()).await;
    let mut typo = three_stages();
    typo["calendar"] = json!({"timeZone": "Europe/Berln"});
    world.create("typo", typo.clone()).await;
    world.create("forgotten", typo).await;
    let operator = world.operator();
    let condition = async |name: &str| {
        let status = &world.raw().get(name).await.unwrap().data["status"];
        status["conditions"][0].clone()
    };
    world.until(|status| status.phase == RunPhase::Running).await;
    let told = condition("typo").await;
    assert_eq!(
        (&told["type"], &told["status"]),
        (&json!("Planned"), &json!("False"))
    );
    assert_eq!(told["reason"], "InvalidSpec");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.starts_with("spec.calendar") && message.contains("Europe/Berln"),
        "{message}"
    );

    // The other one goes on, and obeys: also when an operator has to begin with the list as it is.
    operator.abort();
    let operator = world.operator();
    world.annotate(PAUSED, Some("true")).await;
    world.until(|status| status.phase == RunPhase::Paused).await;
    world.annotate(PAUSED, None).await;

    // Mended, it is planned; without being mended it can be deleted.
    let mended = Patch::Merge(json!({"spec": {"calendar": {"timeZone": "Europe/Berlin"}}}));
    world
        .raw()
        .patch("typo", &PatchParams::default(), &mended)
        .await
        .unwrap();
    world
        .raw()
        .delete("forgotten", &DeleteParams::default())
        .await
        .unwrap();
    world.until(|status| status.phase.is_over()).await;
    assert_eq!(condition("typo").await["status"], "True");
    assert!(world.raw().get_opt("forgotten").await.unwrap().is_none());
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_changed_spec_is_told_at_once_place_by_place() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    world.until(|status| status.phase == RunPhase::Running).await;
    let change = async |text: &str| {
        let patch = Patch::Merge(json!({"spec": serde_json::from_str::<serde_json::Value>(text).unwrap()}));
        world
            .raw()
            .patch("up", &PatchParams::default(), &patch)
            .await
            .unwrap()
    };
    let planned = |status: &FleetUpgradeStatus| {
        let condition = &status.conditions[0];
        assert_eq!(condition.type_, "Planned");
        (condition.reason.clone(), condition.message.clone())
    };
    let told = |status: &FleetUpgradeStatus| {
        let events = status.events.iter();
        events.filter(|event| event.reason == "SpecChanged").count()
    };
    let object = change(
        r#"{"failureBudget": 2, "stages": [
        {"name": "staging", "selector": "env=staging", "maxConcurrent": 2, "soak": "60m"},
        {"name": "canary", "pick": {"count": 1}, "soak": "2h"},
        {"name": "production", "maxConcurrent": 4}]}"#,
    )
    .await;
    let status = world.until(|status| planned(status).0 == "SpecChanged").await;
    let (_, message) = planned(&status);
    assert!(
        message.contains("since: spec.failureBudget, spec.stages[2].maxConcurrent;"),
        "{message}"
    );
    assert_eq!(status.observed_generation, object.metadata.generation);
    assert_eq!(told(&status), 1);
    // The next operator says the same, and publishes it no second time.
    operator.abort();
    let operator = world.operator();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let status = world.until(|_| true).await;
    assert_eq!((planned(&status).0.as_str(), told(&status)), ("SpecChanged", 1));
    change(
        r#"{"failureBudget": null, "stages": [
        {"name": "staging", "selector": "env=staging", "maxConcurrent": 2, "soak": "1h"},
        {"name": "canary", "pick": {"count": 1}, "soak": "2h"},
        {"name": "production", "maxConcurrent": 2}]}"#,
    )
    .await;
    world.until(|status| planned(status).0 == "Planned").await;
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    operator.abort();
}

/// A fleet that others add to, and how often it was asked for.
#[derive(Clone)]
struct Growing(Arc<Mutex<(Fleet, u32)>>);

impl Growing {
    fn new(fleet: Fleet) -> Self {
        Self(Arc::new(Mutex::new((fleet, 0))))
    }

    fn grow(&self) {
        let (fleet, _) = &mut *self.0.lock().unwrap();
        let late = FleetCluster::new("late".parse().unwrap(), "v1.30.8".parse().unwrap());
        *fleet = Fleet::new(fleet.iter().cloned().chain([late])).unwrap();
    }
}

#[async_trait]
impl FleetSource for Growing {
    async fn fleet(&self) -> Result<Fleet, BoxError> {
        let (fleet, looks) = &mut *self.0.lock().unwrap();
        *looks += 1;
        Ok(fleet.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_joins_is_told_once_and_waits_for_another_run() {
    let world = World::new(three_stages()).await;
    let fleet = Growing::new(world.fleet.clone());
    let operator = spawn(world.controller(world.hub.client()).fleet(fleet.clone()));
    world.until(|status| status.phase == RunPhase::Running).await;
    fleet.grow();
    let status = world.until(|status| !status.joined.is_empty()).await;
    assert_eq!(status.joined[0].as_str(), "late");
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    let told = status
        .events
        .iter()
        .filter(|event| event.reason == "ClusterJoined");
    let told: Vec<_> = told.map(|event| event.message.as_str()).collect();
    assert_eq!(told, ["joined the fleet, and waits for another run: late"]);
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_for_who_joins_where_the_policy_ignores_it() {
    let mut spec = three_stages();
    spec["onChange"] = json!({"joining": "ignore"});
    let world = World::new(spec).await;
    let fleet = Growing::new(world.fleet.clone());
    let operator = spawn(world.controller(world.hub.client()).fleet(fleet.clone()));
    world.until(|status| status.phase == RunPhase::Running).await;
    fleet.grow();
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!((status.phase, status.joined.len()), (RunPhase::Completed, 0));
    assert_eq!(fleet.0.lock().unwrap().1, 1, "the plan needs it once");
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_spec_becomes_unreadable_goes_on_and_is_not_taken_up_again_before_it_is_mended() {
    let world = World::new(three_stages()).await;
    let operator = world.operator();
    world.until(|status| status.phase == RunPhase::Running).await;
    let spoil = Patch::Merge(json!({"spec": {"clusters": "env in ("}}));
    world
        .raw()
        .patch("up", &PatchParams::default(), &spoil)
        .await
        .unwrap();
    let phase = async || {
        let status = &world.raw().get("up").await.unwrap().data["status"];
        status["phase"].as_str().unwrap_or_default().to_owned()
    };
    // It goes on: the first stage is done and soaks.
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(phase().await, "Running");
    assert_eq!(world.effects().iter().sum::<usize>(), 2);
    let told = world.raw().get("up").await.unwrap().data["status"]["conditions"][0].clone();
    assert_eq!(told["reason"], "SpecChanged");
    assert!(
        told["message"].as_str().unwrap().contains("spec.clusters"),
        "{told}"
    );
    // The next operator cannot take it up, and says so.
    operator.abort();
    let operator = world.operator();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let told = &world.raw().get("up").await.unwrap().data["status"]["conditions"][0];
    assert_eq!(
        (&told["type"], &told["reason"]),
        (&json!("Planned"), &json!("InvalidSpec"))
    );
    assert!(
        told["message"].as_str().unwrap().starts_with("spec.clusters"),
        "{told}"
    );
    // Mended, the run goes on where it was.
    let mended = Patch::Merge(json!({"spec": {"clusters": null}}));
    world
        .raw()
        .patch("up", &PatchParams::default(), &mended)
        .await
        .unwrap();
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    assert_eq!(world.effects(), [1; 6], "nothing was done twice");
    operator.abort();
}

#[tokio::test(start_paused = true)]
async fn an_operator_ends_when_it_is_told_though_the_api_server_never_answers() {
    let world = World::new(three_stages()).await;
    let silent = tower::service_fn(|_: http::Request<Body>| {
        futures::future::pending::<Result<http::Response<Body>, std::convert::Infallible>>()
    });
    let controller = world
        .controller(Client::new(silent, "default"))
        .sharded(Sharding::one_leader("fleet", "one"));
    let shutdown = tokio::time::sleep(Duration::from_mins(1));
    let ended = tokio::time::timeout(Duration::from_mins(2), controller.run(shutdown)).await;
    ended.expect("it ends").unwrap();
}
