//! The executor on the embedded hub: killed at every step, it goes on, and nothing is restored twice.
#![cfg(feature = "kube")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fleets;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fleet_sim::faults::Fault;
use fleet_sim::velero::{ObjectStore, Velero};
use fleet_sim::{Hub, Verb};
use fleet_velero::execute::{
    Approvals, Entry, Event, ExecuteError, Executor, Journal, MemoryJournal, Patience, RecoverySystem,
    StepState, SystemError, TokioClock, VeleroSystem,
};
use fleet_velero::recovery::{Action, PlanOptions, RecoveryPlan, Step, recovery_plan};
use fleet_velero::{Disaster, Restore, crds};
use jiff::SignedDuration;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde_json::json;

use fleets::{guide_fleet, now};

/// Everything but Velero: it outlives the executor, and counts what was begun.
#[derive(Clone, Default)]
struct World(Arc<Mutex<BTreeMap<u32, u32>>>);

#[async_trait]
impl RecoverySystem for World {
    async fn observe(&self, _: &RecoveryPlan, step: &Step) -> Result<StepState, SystemError> {
        let begun = self.0.lock().unwrap().contains_key(&step.id.number());
        Ok(if begun {
            StepState::Done
        } else {
            StepState::NotBegun
        })
    }

    async fn begin(&self, _: &RecoveryPlan, step: &Step) -> Result<(), SystemError> {
        *self.0.lock().unwrap().entry(step.id.number()).or_default() += 1;
        Ok(())
    }
}

/// A journal whose disk stops at one of its lines: the process is as good as killed there.
struct Stops {
    inner: MemoryJournal,
    at: usize,
}

#[async_trait]
impl Journal for Stops {
    async fn load(&self) -> Result<Vec<Entry>, SystemError> {
        self.inner.load().await
    }

    async fn append(&self, entry: Entry) -> Result<(), SystemError> {
        if self.inner.entries().len() == self.at {
            std::future::pending::<()>().await;
        }
        self.inner.append(entry).await
    }
}

/// A journal whose disk stops once so many steps are done.
struct StopsAfter {
    inner: MemoryJournal,
    steps: usize,
}

#[async_trait]
impl Journal for StopsAfter {
    async fn load(&self) -> Result<Vec<Entry>, SystemError> {
        self.inner.load().await
    }

    async fn append(&self, entry: Entry) -> Result<(), SystemError> {
        let ends = entry.event == Event::Done;
        self.inner.append(entry).await?;
        let all = self.inner.entries();
        let done = all.iter().filter(|entry| entry.event == Event::Done).count();
        if ends && done == self.steps {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn hub() -> Hub {
    Hub::builder()
        .crds(crds())
        .seed(7)
        .starting_at(now())
        .create_missing_namespaces(true)
        .start()
        .unwrap()
}

/// The hub's Velero, with a plan's backups in their buckets.
fn velero(plan: &RecoveryPlan) -> Velero {
    let store = ObjectStore::default();
    for source in &plan.backups {
        let backup = json!({
            "metadata": {"name": source.name}, "spec": {},
            "status": {"phase": "Completed", "progress": {"itemsBackedUp": 3, "totalItems": 3}},
        });
        store.put(&source.location.bucket, &source.location.prefix, backup);
    }
    Velero::default().object_store(store)
}

fn plan() -> RecoveryPlan {
    let lost = Disaster::ClusterLost {
        cluster: "production-eu-west".to_owned(),
    };
    recovery_plan(&guide_fleet(), &lost, &PlanOptions::at(now())).unwrap()
}

fn executor(hub: &Hub, world: &World, journal: impl Journal + 'static) -> Executor {
    let system = VeleroSystem::new(hub.client(), world.clone());
    let patience = Patience {
        interval: Duration::from_secs(15),
        ..Patience::default()
    };
    Executor::new(system, journal, TokioClock::starting_at(hub.now())).with_patience(patience)
}

async fn names<K>(hub: &Hub) -> Vec<String>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(hub.client(), "velero");
    api.list(&ListParams::default())
        .await
        .unwrap()
        .iter()
        .map(kube::ResourceExt::name_any)
        .collect()
}

fn restores_of(plan: &RecoveryPlan) -> Vec<String> {
    let restores = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Restore(restore) => Some(restore.name.clone()),
        _ => None,
    });
    restores.collect()
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_run_to_its_end() {
    let (hub, world, plan) = (hub(), World::default(), plan());
    let _velero = hub.simulate(velero(&plan));
    let journal = MemoryJournal::default();
    let report = executor(&hub, &world, journal.clone()).run(&plan).await.unwrap();
    assert_eq!(report.steps.len(), plan.steps.len());
    assert!(report.achieved_rto > SignedDuration::ZERO && report.achieved_rto < report.planned_rto);
    assert_eq!(names::<Restore>(&hub).await, restores_of(&plan));
    assert!(world.0.lock().unwrap().values().all(|times| *times == 1));
    // A second run finds everything done, and does nothing.
    let again = executor(&hub, &world, journal).run(&plan).await.unwrap();
    assert_eq!(again.steps.len(), plan.steps.len());
    assert!(world.0.lock().unwrap().values().all(|times| *times == 1));
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_line_of_its_journal_it_goes_on() {
    let plan = plan();
    let whole = {
        let (hub, world, journal) = (hub(), World::default(), MemoryJournal::default());
        let _velero = hub.simulate(velero(&plan));
        executor(&hub, &world, journal.clone()).run(&plan).await.unwrap();
        journal.entries().len()
    };
    assert!(whole >= 2 * plan.steps.len() - 4, "{whole}");
    for at in 0..whole {
        let (hub, world, journal) = (hub(), World::default(), MemoryJournal::default());
        let _velero = hub.simulate(velero(&plan));
        let stops = Stops {
            inner: journal.clone(),
            at,
        };
        let killed = executor(&hub, &world, stops);
        let long = Duration::from_hours(2);
        assert!(
            tokio::time::timeout(long, killed.run(&plan)).await.is_err(),
            "{at}: it was not killed"
        );
        let report = executor(&hub, &world, journal.clone()).run(&plan).await.unwrap();
        assert_eq!(report.steps.len(), plan.steps.len(), "{at}");
        // Each restore is there once, and nothing was begun twice: a Began without its effect is looked for, not done again
        // when the effect is there.
        assert_eq!(names::<Restore>(&hub).await, restores_of(&plan), "{at}");
        assert!(
            world.0.lock().unwrap().values().all(|times| *times == 1),
            "{at}: {:?}",
            world.0
        );
    }
}

#[tokio::test(start_paused = true)]
async fn killed_after_every_step_it_goes_on() {
    let plan = plan();
    for last in 1..=plan.steps.len() {
        let (hub, world, journal) = (hub(), World::default(), MemoryJournal::default());
        let _velero = hub.simulate(velero(&plan));
        let stops = StopsAfter {
            inner: journal.clone(),
            steps: last,
        };
        let killed = executor(&hub, &world, stops);
        let long = Duration::from_hours(2);
        assert!(
            tokio::time::timeout(long, killed.run(&plan)).await.is_err(),
            "{last}"
        );
        let done = journal
            .entries()
            .into_iter()
            .filter(|entry| entry.event == Event::Done);
        assert_eq!(done.count(), last);
        let report = executor(&hub, &world, journal.clone()).run(&plan).await.unwrap();
        assert_eq!(report.steps.len(), plan.steps.len(), "{last}");
        assert_eq!(names::<Restore>(&hub).await, restores_of(&plan), "{last}");
        assert!(
            world.0.lock().unwrap().values().all(|times| *times == 1),
            "{last}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_every_kind_change_nothing_of_the_outcome() {
    let plan = plan();
    let ms = Duration::from_millis;
    let faults: [(&str, Fault); 11] = [
        ("conflicts", Fault::conflict().on_verb(Verb::Patch).times(3)),
        ("too many requests", Fault::too_many_requests(1).at_rate(0.2)),
        ("internal errors", Fault::internal_error().at_rate(0.2)),
        ("unavailable", Fault::unavailable().at_rate(0.2)),
        ("no answer", Fault::time_out(ms(300)).at_rate(0.1)),
        ("no connection", Fault::unreachable().at_rate(0.2)),
        (
            "half an answer",
            Fault::cut_body(40).on_verb(Verb::List).at_rate(0.3),
        ),
        (
            "changes without an answer",
            Fault::lost_acknowledgement().on_verb(Verb::Create).at_rate(0.5),
        ),
        (
            "old news",
            Fault::stale_read().on_verbs([Verb::Get, Verb::List]).at_rate(0.3),
        ),
        ("slow", Fault::latency(ms(900))),
        (
            "minutes of nothing",
            Fault::unreachable().between(ms(0), Duration::from_mins(3)),
        ),
    ];
    for (name, fault) in faults {
        let (hub, world, journal) = (hub(), World::default(), MemoryJournal::default());
        let _velero = hub.simulate(velero(&plan));
        hub.inject(fault);
        let mut runs = 0;
        // A process that gives up on errors is started again.
        let report = loop {
            match executor(&hub, &world, journal.clone()).run(&plan).await {
                Ok(report) => break report,
                Err(error) => assert!(matches!(error, ExecuteError::System { .. }), "{name}: {error}"),
            }
            runs += 1;
            assert!(runs < 50, "{name}: no end");
        };
        hub.faults().clear();
        assert_eq!(report.steps.len(), plan.steps.len(), "{name}");
        assert_eq!(names::<Restore>(&hub).await, restores_of(&plan), "{name}");
        assert!(
            world.0.lock().unwrap().values().all(|times| *times == 1),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_somebody_deletes_again_and_again_is_given_up() {
    let (hub, world, plan) = (hub(), World::default(), plan());
    let _velero = hub.simulate(velero(&plan));
    let restores: Api<Restore> = Api::namespaced(hub.client(), "velero");
    let meddler = tokio::spawn(async move {
        loop {
            let all = (DeleteParams::default(), ListParams::default());
            _ = restores.delete_collection(&all.0, &all.1).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let journal = MemoryJournal::default();
    let run = executor(&hub, &world, journal.clone());
    let outcome = tokio::time::timeout(Duration::from_hours(24), run.run(&plan)).await;
    meddler.abort();
    let error = outcome.expect("it must not wait for ever").unwrap_err();
    let ExecuteError::Stuck { diagnosis, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(diagnosis, "it was begun, and nothing of it is there");
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_never_ends_is_diagnosed_and_given_up() {
    let (hub, world, plan) = (hub(), World::default(), plan());
    let _velero = hub.simulate(velero(&plan).restore_hangs(|_| true));
    let journal = MemoryJournal::default();
    let error = executor(&hub, &world, journal.clone())
        .run(&plan)
        .await
        .unwrap_err();
    let ExecuteError::Stuck {
        diagnosis, rollback, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(diagnosis, "the restore is InProgress, 0 of 3 objects");
    assert!(rollback.as_ref().unwrap().contains("restore delete"));
    let stalled = journal
        .entries()
        .into_iter()
        .filter(|entry| matches!(entry.event, Event::Stalled(_)));
    assert_eq!(stalled.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_people_must_approve_waits_for_them() {
    /// Says yes once it is told to.
    #[derive(Clone, Default)]
    struct Person(Arc<Mutex<bool>>);

    #[async_trait]
    impl Approvals for Person {
        async fn is_approved(&self, _: &RecoveryPlan, _: &Step) -> Result<bool, SystemError> {
            Ok(*self.0.lock().unwrap())
        }
    }

    let (hub, world, plan) = (hub(), World::default(), plan());
    let _velero = hub.simulate(velero(&plan));
    let (journal, person) = (MemoryJournal::default(), Person::default());
    let executor = executor(&hub, &world, journal.clone()).with_approvals(person.clone());
    let hour = Duration::from_hours(1);
    assert!(tokio::time::timeout(hour, executor.run(&plan)).await.is_err());
    assert_eq!(
        journal
            .entries()
            .iter()
            .map(|entry| &entry.event)
            .collect::<Vec<_>>(),
        [&Event::AwaitsApproval]
    );
    *person.0.lock().unwrap() = true;
    executor.run(&plan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_another_plan_is_refused() {
    let (hub, world, plan) = (hub(), World::default(), plan());
    let journal = MemoryJournal::default();
    let entry = Entry {
        plan: "git-lost@2026-06-11T09:20:00Z".to_owned(),
        step: 1,
        at: now(),
        event: Event::Done,
    };
    journal.append(entry).await.unwrap();
    let error = executor(&hub, &world, journal).run(&plan).await.unwrap_err();
    assert!(matches!(error, ExecuteError::OtherPlan { .. }), "{error}");
}
