//! The engine dies at every write, before and after it, and another takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use fleet_core::HumanDuration;
use fleet_upgrade::UpgradePlan;
use fleet_upgrade::engine::{Engine, EngineError};
use fleet_upgrade::kernel::{Event, Fact, RunReport};
use fleet_upgrade::ports::{RunStore, RunStoreError, StoredRun, TokioClock};
use fleet_upgrade::testing::{Fault, InMemoryRunStore, InMemoryUpgrader};
use tokio::sync::Notify;

use crate::fleet::{effects, start, three_stages};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Death {
    BeforeWrite,
    AfterWrite,
}

/// A store at whose n-th append the process stops dead.
struct DeadlyStore {
    inner: InMemoryRunStore,
    appends: AtomicUsize,
    dies_at: usize,
    death: Death,
    died: Arc<Notify>,
}

#[async_trait]
impl RunStore for DeadlyStore {
    async fn load(&self, run: &str) -> Result<Option<StoredRun>, RunStoreError> {
        self.inner.load(run).await
    }

    async fn create(&self, run: &str, plan: &UpgradePlan) -> Result<(), RunStoreError> {
        self.inner.create(run, plan).await
    }

    async fn append(&self, run: &str, events: &[Event]) -> Result<(), RunStoreError> {
        let dies = self.appends.fetch_add(1, Ordering::SeqCst) == self.dies_at;
        if !dies || self.death == Death::AfterWrite {
            self.inner.append(run, events).await?;
        }
        if dies {
            self.died.notify_one();
            futures::future::pending::<()>().await;
        }
        Ok(())
    }
}

/// Runs until the n-th append, then takes the run up again. Says whether there were so many appends.
async fn die_and_go_on(
    dies_at: usize,
    death: Death,
) -> (bool, RunReport, InMemoryUpgrader, InMemoryRunStore) {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    clusters.inject("production-2", Fault::LosesAnswers(1));
    clusters.inject("production-3", Fault::LosesOrders(1));
    let inner = InMemoryRunStore::new();
    let died = Arc::new(Notify::new());
    let store = DeadlyStore {
        inner: inner.clone(),
        appends: AtomicUsize::new(0),
        dies_at,
        death,
        died: Arc::clone(&died),
    };
    let first = Engine::new(plan.clone(), store)
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    let outcome = first.outcome();
    tokio::select! {
        report = outcome => return (false, report.unwrap(), clusters, inner),
        () = died.notified() => {}
    }
    // The handle went with the future: the first engine is dead. The second finds the store, and the clusters.
    let second = Engine::new(plan, inner.clone())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    (true, second.outcome().await.unwrap(), clusters, inner)
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_write_is_taken_up_and_nothing_is_done_twice() {
    for death in [Death::BeforeWrite, Death::AfterWrite] {
        let mut writes = 0;
        loop {
            let (died, report, clusters, store) = die_and_go_on(writes, death).await;
            assert!(report.is_success(), "{death:?} at write {writes}: {report:?}");
            let calls = clusters.calls();
            for name in report.clusters.keys() {
                assert_eq!(
                    effects(&calls, name.as_str()),
                    1,
                    "{death:?} at write {writes}: {name}: {calls:?}"
                );
            }
            let events = store.events("to-1-31");
            assert!(
                events.iter().zip(0..).all(|(event, seq)| event.seq == seq),
                "the log has gaps"
            );
            if !died {
                break;
            }
            writes += 1;
        }
        assert!(writes > 30, "only {writes} writes");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_engines_one_gives_way() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let store = InMemoryRunStore::new();
    let engine = || {
        Engine::new(plan.clone(), store.clone())
            .upgrader(clusters.clone())
            .clock(clock)
            .start()
    };
    let (one, other) = tokio::join!(engine().outcome(), engine().outcome());
    let conflict = |result: &Result<RunReport, EngineError>| {
        matches!(result, Err(EngineError::Store(RunStoreError::Conflict { .. })))
    };
    assert!(conflict(&one) != conflict(&other), "{one:?} {other:?}");
    assert!(one.or(other).unwrap().is_success());
    for number in 0..4 {
        assert_eq!(effects(&clusters.calls(), &format!("production-{number}")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_not_taken_up_with_another_plan() {
    let clock = TokioClock::starting_at(start());
    let store = InMemoryRunStore::new();
    let plan = three_stages(2, HumanDuration::hours(1));
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    Engine::new(plan, store.clone())
        .upgrader(clusters.clone())
        .clock(clock)
        .start()
        .outcome()
        .await
        .unwrap();
    let other = three_stages(3, HumanDuration::hours(1));
    let result = Engine::new(other, store.clone())
        .upgrader(clusters)
        .clock(clock)
        .start()
        .outcome()
        .await;
    assert!(
        matches!(result, Err(EngineError::PlanChanged { .. })),
        "{result:?}"
    );
    assert!(matches!(
        Engine::resume("nothing", store).await,
        Err(EngineError::NoSuchRun { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_store_tells_a_repeated_append_from_a_foreign_one() {
    let plan = three_stages(2, HumanDuration::hours(1));
    let store = InMemoryRunStore::new();
    store.create("run", &plan).await.unwrap();
    let event = |fact| Event {
        seq: 0,
        at: start(),
        fact,
    };
    store.append("run", &[event(Fact::Paused)]).await.unwrap();
    store.append("run", &[event(Fact::Paused)]).await.unwrap();
    assert_eq!(store.events("run").len(), 1);
    let conflict = store.append("run", &[event(Fact::Cancelled)]).await;
    assert!(
        matches!(conflict, Err(RunStoreError::Conflict { seq: 0, .. })),
        "{conflict:?}"
    );
    let ahead = store
        .append(
            "run",
            &[Event {
                seq: 5,
                at: start(),
                fact: Fact::Paused,
            }],
        )
        .await;
    assert!(
        matches!(ahead, Err(RunStoreError::Conflict { seq: 5, .. })),
        "{ahead:?}"
    );
}
