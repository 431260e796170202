//! Whole runs.

use fleet_core::HumanDuration;
use fleet_upgrade::engine::{Engine, Step};
use fleet_upgrade::kernel::{Fact, Outcome, RunState, StageState};
use fleet_upgrade::ports::TokioClock;
use fleet_upgrade::testing::{InMemoryRunStore, InMemoryUpgrader};
use futures::StreamExt;
use jiff::SignedDuration;

use crate::fleet::{effects, start, three_stages};

#[tokio::test(start_paused = true)]
async fn three_stages_with_five_days_of_soak_end_in_virtual_weeks() {
    let plan = three_stages(10, HumanDuration::days(5));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan.clone(), store.clone())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    let progress = run.progress();
    let steps = tokio::spawn(progress.collect::<Vec<_>>());
    let report = run.outcome().await.unwrap();

    assert!(report.is_success(), "{report:?}");
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert!(report.stages.iter().all(|stage| stage.state == StageState::Done));
    let canary = &report.stages[1];
    let soaked = canary.done.unwrap().duration_since(canary.soak_started.unwrap());
    assert!(soaked >= SignedDuration::from_hours(120), "{soaked}");
    assert!(soaked < SignedDuration::from_hours(121), "{soaked}");
    // Nine clusters at three a day: three days, the first of them the day on which the soak ends.
    let days = report.finished.unwrap().duration_since(canary.done.unwrap());
    assert!(
        days > SignedDuration::from_hours(36) && days < SignedDuration::from_hours(72),
        "{days}"
    );
    for name in report.clusters.keys() {
        assert_eq!(effects(&clusters.calls(), name.as_str()), 1, "{name}");
    }

    let steps = steps.await.unwrap();
    let last = steps.last().unwrap();
    assert_eq!((last.done(), last.total()), (13, 13));
    let done: Vec<_> = steps
        .iter()
        .filter(|step| matches!(step.step, Step::Fact(Fact::StageDone { .. })))
        .map(|step| step.stage.clone().unwrap())
        .collect();
    assert_eq!(done, ["staging", "canary", "production"]);
    assert_eq!(
        RunState::replay(&plan, &store.events("to-1-31"))
            .ended()
            .map(|(at, _)| Some(at)),
        Some(report.finished)
    );
    serde_json::to_value(&report).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_over_is_reported_again_and_nothing_is_done() {
    let plan = three_stages(2, HumanDuration::hours(1));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let store = InMemoryRunStore::new();
    let first = Engine::new(plan, store.clone())
        .upgrader(clusters.clone())
        .clock(clock)
        .start()
        .outcome()
        .await;
    let calls = clusters.calls();
    let again = Engine::resume("to-1-31", store).await.unwrap();
    let second = again
        .upgrader(clusters.clone())
        .clock(clock)
        .start()
        .outcome()
        .await;
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(clusters.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_run_looks_only_at_what_matters() {
    let plan = three_stages(10, HumanDuration::days(5));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    run.outcome().await.unwrap();
    // 13 hops of an hour at two looks a minute, a soak and the day after each upgrade at three looks an hour, and a few
    // before each start.
    let looks = clusters.observations();
    assert!(
        looks < 13 * 121 + 120 * 3 + 13 * 30 + 13 * 24 * 3,
        "{looks} looks"
    );
}
