//! Ports that fail, and clusters that go wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use fleet_core::HumanDuration;
use fleet_upgrade::UpgradePlan;
use fleet_upgrade::engine::{Engine, EngineError};
use fleet_upgrade::kernel::{
    ClusterReport, ClusterState, Event, FailureCause, Outcome, RunReport, RunSettings, StopReason,
};
use fleet_upgrade::ports::{
    Clock, MockClusterUpgrader, MockHealthGate, RunStore, RunStoreError, StoredRun, TokioClock, Verdict,
};
use fleet_upgrade::testing::{Fault, InMemoryRunStore, InMemoryUpgrader};
use jiff::{SignedDuration, ToSpan};

use crate::fleet::{effects, start, three_stages};

async fn run_with(faults: &[(&str, Fault)]) -> (RunReport, InMemoryUpgrader) {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    for (cluster, fault) in faults {
        clusters.inject(cluster, fault.clone());
    }
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .clock(clock)
        .start();
    (run.outcome().await.unwrap(), clusters)
}

#[tokio::test(start_paused = true)]
async fn lost_orders_are_given_again_and_lost_answers_are_found_out() {
    let faults = [
        ("staging-0", Fault::LosesOrders(4)),
        ("staging-1", Fault::LosesAnswers(2)),
    ];
    let (report, clusters) = run_with(&faults).await;
    assert!(report.is_success());
    assert_eq!(effects(&clusters.calls(), "staging-0"), 1);
    assert_eq!(effects(&clusters.calls(), "staging-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn orders_that_never_arrive_fail_the_cluster_at_its_deadline_after_a_bounded_number_of_tries() {
    let (report, clusters) = run_with(&[("staging-0", Fault::LosesOrders(u32::MAX))]).await;
    let ClusterState::Failed { cause } = &report.clusters["staging-0"].state else {
        panic!("{report:?}")
    };
    assert_eq!(*cause, FailureCause::NotAccepted);
    let tries = clusters
        .calls()
        .iter()
        .filter(|call| call.cluster.as_str() == "staging-0")
        .count();
    assert!((5..40).contains(&tries), "{tries} tries");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fails_the_cluster_at_once_and_stops_the_run() {
    let (report, _) = run_with(&[("production-1", Fault::Refuses("no such machine image".to_owned()))]).await;
    assert!(matches!(
        report.outcome,
        Some(Outcome::Stopped {
            reason: StopReason::FailureBudget { .. }
        })
    ));
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.contains("no such machine image"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_writer_is_named() {
    let (at, to) = (start() + 30.minutes(), "v1.30.9".parse().unwrap());
    let (report, _) = run_with(&[(
        "staging-0",
        Fault::ForeignWrite {
            at,
            to,
            writer: "argocd".to_owned(),
        },
    )])
    .await;
    let ClusterState::Held { found, writer, .. } = &report.clusters["staging-0"].state else {
        panic!("{report:?}")
    };
    assert_eq!(
        (found.to_string().as_str(), writer.as_deref()),
        ("v1.30.9", Some("argocd"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_cannot_be_reached_holds_production_until_it_can() {
    let (from, until) = (start() + 4.hours(), start() + 20.hours());
    let fault = Fault::Unreachable { from, until };
    let canary = three_stages(4, HumanDuration::hours(3)).stages()[1].clusters[0]
        .name
        .to_string();
    let (report, clusters) = run_with(&[(&canary, fault)]).await;
    assert!(report.is_success());
    let calls = clusters.calls();
    let next = calls
        .iter()
        .find(|call| call.cluster.as_str().starts_with("production") && call.cluster != *canary);
    assert!(next.unwrap().at >= until);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_fails_in_the_soak_stops_production() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let canary = plan.stages()[1].clusters[0].name.clone();
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let mut gate = MockHealthGate::new();
    gate.expect_check().returning(move |cluster, look| {
        let burns = *cluster == canary && look.now > start() + 4.hours();
        Ok(if burns {
            Verdict::Fail {
                reason: "burns its budget".to_owned(),
            }
        } else {
            Verdict::Pass
        })
    });
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .gate(gate)
        .clock(clock)
        .start();
    let report = run.outcome().await.unwrap();
    assert!(matches!(report.outcome, Some(Outcome::Stopped { .. })));
    assert_eq!(report.stages[2].clusters.skipped, 3);
    assert_eq!(clusters.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_cannot_tell_lets_nothing_start() {
    let plan = three_stages(4, HumanDuration::hours(3));
    let clock = TokioClock::starting_at(start());
    let mut clusters = MockClusterUpgrader::new();
    clusters.expect_start().never();
    clusters
        .expect_observe()
        .returning(|_| Ok(ClusterReport::settled("v1.30.8".parse().unwrap())));
    let mut gate = MockHealthGate::new();
    gate.expect_check().returning(|_, _| Err("no such query".into()));
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .gate(gate)
        .clock(clock)
        .start();
    let report = run.outcome().await.unwrap();
    assert!(
        matches!(report.outcome, Some(Outcome::Stopped { .. })),
        "{report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_is_given_up() {
    struct Silent;
    #[async_trait]
    impl fleet_upgrade::ports::ClusterUpgrader for Silent {
        async fn start(
            &self,
            _: &fleet_core::ClusterName,
            _: &fleet_core::KubernetesVersion,
        ) -> Result<(), fleet_upgrade::ports::UpgraderError> {
            panic!("nothing is known of this cluster")
        }

        async fn observe(
            &self,
            _: &fleet_core::ClusterName,
        ) -> Result<ClusterReport, fleet_upgrade::ports::UpgraderError> {
            futures::future::pending().await
        }
    }
    let plan = three_stages(2, HumanDuration::hours(1));
    let clock = TokioClock::starting_at(start());
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(Silent)
        .clock(clock)
        .start();
    let report = run.outcome().await.unwrap();
    assert!(
        matches!(report.outcome, Some(Outcome::Stopped { .. })),
        "{report:?}"
    );
}

/// A store of which every append fails so many times before it works.
struct FlakyStore {
    inner: InMemoryRunStore,
    fails: usize,
    calls: AtomicUsize,
}

#[async_trait]
impl RunStore for FlakyStore {
    async fn load(&self, run: &str) -> Result<Option<StoredRun>, RunStoreError> {
        self.inner.load(run).await
    }

    async fn create(&self, run: &str, plan: &UpgradePlan) -> Result<(), RunStoreError> {
        self.inner.create(run, plan).await
    }

    async fn append(&self, run: &str, events: &[Event]) -> Result<(), RunStoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        // What is written and not acknowledged is the worst failure: the next try finds it there.
        self.inner.append(run, events).await?;
        match call % (self.fails + 1) {
            last if last == self.fails => Ok(()),
            _ => Err(RunStoreError::Unavailable {
                run: run.to_owned(),
                source: "lost acknowledgement".into(),
            }),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_is_tried_again_and_one_that_fails_for_good_ends_the_engine() {
    for (fails, survives) in [(3, true), (usize::MAX - 1, false)] {
        let plan = three_stages(2, HumanDuration::hours(1));
        let clock = TokioClock::starting_at(start());
        let clusters = InMemoryUpgrader::for_plan(&plan, clock);
        let store = FlakyStore {
            inner: InMemoryRunStore::new(),
            fails,
            calls: AtomicUsize::new(0),
        };
        let result = Engine::new(plan, store)
            .upgrader(clusters.clone())
            .clock(clock)
            .start()
            .outcome()
            .await;
        if survives {
            assert!(result.unwrap().is_success());
        } else {
            assert!(
                matches!(result, Err(EngineError::Store(RunStoreError::Unavailable { .. }))),
                "{result:?}"
            );
            assert!(clusters.calls().is_empty(), "acted on what is not written down");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn settings_that_no_run_can_go_by_are_refused() {
    let plan = three_stages(2, HumanDuration::hours(1));
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let settings = RunSettings {
        evidence_max_age: SignedDuration::ZERO,
        ..RunSettings::default()
    };
    let engine = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .clock(clock)
        .settings(settings);
    let result = engine.start().outcome().await;
    assert!(
        matches!(
            result,
            Err(EngineError::Settings {
                setting: "evidence_max_age"
            })
        ),
        "{result:?}"
    );
    assert_eq!(clock.now(), start());
}
