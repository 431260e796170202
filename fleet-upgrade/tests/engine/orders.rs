//! Orders from people: pause, resume, cancel.

use fleet_core::HumanDuration;
use fleet_upgrade::engine::{Engine, EngineError, Step};
use fleet_upgrade::kernel::{Blocker, ClusterReport, Fact, Outcome};
use fleet_upgrade::ports::{Clock, MockClusterUpgrader, TokioClock};
use fleet_upgrade::testing::{InMemoryRunStore, InMemoryUpgrader};
use futures::StreamExt;
use jiff::ToSpan;

use crate::fleet::{start, three_stages};

#[tokio::test(start_paused = true)]
async fn nothing_is_ever_started_while_paused() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let mut clusters = MockClusterUpgrader::new();
    clusters.expect_start().never();
    clusters
        .expect_observe()
        .returning(|_| Ok(ClusterReport::settled("v1.30.8".parse().unwrap())));
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .clock(clock)
        .start();
    // The order is in before the task has begun: it is taken before the first decision.
    run.pause().await.unwrap();
    clock.sleep_until(start() + 500.hours()).await;
    drop(run);
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_in_force_when_it_returns_and_a_resumed_run_ends() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan, store.clone())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 90.minutes()).await;
    run.pause().await.unwrap();
    run.pause().await.unwrap();
    let before = clusters.calls().len();
    clock.sleep_until(start() + 80.hours()).await;
    assert_eq!(clusters.calls().len(), before, "started while paused");
    run.resume().await.unwrap();
    assert!(run.outcome().await.unwrap().is_success());
    let pauses = store
        .events("to-1-31")
        .iter()
        .filter(|event| event.fact == Fact::Paused)
        .count();
    assert_eq!(pauses, 1, "a second pause is no news");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_with_what_is_under_way() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 10.minutes()).await;
    run.cancel().await.unwrap();
    let report = run.outcome().await.unwrap();
    assert_eq!(report.outcome, Some(Outcome::Cancelled));
    assert_eq!(clusters.calls().len(), 2);
    assert_eq!(report.stages[0].clusters.upgraded, 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_to_a_run_that_is_over_is_refused() {
    let plan = three_stages(2, HumanDuration::hours(1));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .clock(clock)
        .start();
    run.progress().for_each(|_| futures::future::ready(())).await;
    assert!(matches!(run.pause().await, Err(EngineError::NotAtWork)));
    assert!(run.outcome().await.unwrap().is_success());
}

#[tokio::test(start_paused = true)]
async fn a_run_says_what_it_waits_for() {
    let plan = three_stages(6, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .clock(clock)
        .start();
    let steps: Vec<_> = run.progress().collect().await;
    let waits = |wanted: fn(&Blocker) -> bool| {
        steps
            .iter()
            .any(|step| matches!(&step.step, Step::Waiting { on, .. } if wanted(on)))
    };
    assert!(waits(|on| matches!(on, Blocker::Concurrency { .. })));
    assert!(waits(
        |on| matches!(on, Blocker::Soak { stage, .. } if stage == "canary")
    ));
    assert!(waits(
        |on| matches!(on, Blocker::DayCap { stage, .. } if stage == "production")
    ));
}
