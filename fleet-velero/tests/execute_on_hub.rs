//! The executor on the embedded hub: killed at every step, it goes on, and nothing is restored twice.
#![cfg(feature = "kube")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleets;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fleet_sim::Hub;
use fleet_velero::execute::{
    Approvals, Entry, Event, ExecuteError, Executor, Journal, MemoryJournal, Patience, RecoverySystem,
    StepState, SystemError, TokioClock, VeleroSystem,
};
use fleet_velero::recovery::{Action, PlanOptions, RecoveryPlan, Step, recovery_plan};
use fleet_velero::{Backup, BackupStorageLocation, Disaster, Restore, crds};
use jiff::SignedDuration;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

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

fn hub() -> Hub {
    Hub::builder()
        .crds(crds())
        .seed(7)
        .starting_at(now())
        .create_missing_namespaces(true)
        .start()
        .unwrap()
}

/// A Velero that works until it is dropped.
struct Velero(tokio::task::JoinHandle<()>);

impl Drop for Velero {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Velero, as far as a recovery sees it. `stuck` restores never end.
fn spawn_velero(hub: &Hub, backups: Vec<Backup>, stuck: bool) -> Velero {
    let client = hub.client();
    Velero(tokio::spawn(async move {
        loop {
            look(&client, &backups, stuck).await.unwrap();
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    }))
}

async fn look(client: &Client, bucket: &[Backup], stuck: bool) -> Result<(), kube::Error> {
    let locations: Api<BackupStorageLocation> = Api::namespaced(client.clone(), "velero");
    let backups: Api<Backup> = Api::namespaced(client.clone(), "velero");
    let restores: Api<Restore> = Api::namespaced(client.clone(), "velero");
    for location in locations
        .list(&ListParams::default())
        .await?
        .iter()
        .filter(|one| one.status.is_none())
    {
        set(&locations, &location.name_any(), json!({"phase": "Available"})).await?;
        for backup in bucket {
            match backups.create(&PostParams::default(), backup).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                made => _ = made?,
            }
        }
    }
    for backup in backups
        .list(&ListParams::default())
        .await?
        .iter()
        .filter(|one| one.status.is_none())
    {
        set(&backups, &backup.name_any(), json!({"phase": "Completed"})).await?;
    }
    for restore in restores.list(&ListParams::default()).await? {
        let status = match &restore.status {
            None => json!({"phase": "InProgress", "progress": {"itemsRestored": 1, "totalItems": 3}}),
            Some(_) if stuck => continue,
            Some(_) => json!({"phase": "Completed", "progress": {"itemsRestored": 3, "totalItems": 3}}),
        };
        set(&restores, &restore.name_any(), status).await?;
    }
    Ok(())
}

async fn set<K>(api: &Api<K>, name: &str, status: Value) -> Result<(), kube::Error>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    api.patch(
        name,
        &PatchParams::default(),
        &Patch::Merge(&json!({"status": status})),
    )
    .await
    .map(drop)
}

fn plan() -> RecoveryPlan {
    let lost = Disaster::ClusterLost {
        cluster: "production-eu-west".to_owned(),
    };
    recovery_plan(&guide_fleet(), &lost, &PlanOptions::at(now())).unwrap()
}

/// The backups of a plan, as they stand in the bucket.
fn bucket(plan: &RecoveryPlan) -> Vec<Backup> {
    let backup = |name: &String| -> Backup {
        serde_json::from_value(json!({
            "apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": name, "namespace": "velero"},
            "spec": {}, "status": {"phase": "Completed"},
        }))
        .unwrap()
    };
    plan.backups.iter().map(|source| backup(&source.name)).collect()
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
    let _velero = spawn_velero(&hub, bucket(&plan), false);
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
        let _velero = spawn_velero(&hub, bucket(&plan), false);
        executor(&hub, &world, journal.clone()).run(&plan).await.unwrap();
        journal.entries().len()
    };
    assert!(whole >= 2 * plan.steps.len() - 4, "{whole}");
    for at in 0..whole {
        let (hub, world, journal) = (hub(), World::default(), MemoryJournal::default());
        let _velero = spawn_velero(&hub, bucket(&plan), false);
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
async fn a_restore_that_never_ends_is_diagnosed_and_given_up() {
    let (hub, world, plan) = (hub(), World::default(), plan());
    let _velero = spawn_velero(&hub, bucket(&plan), true);
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
    assert_eq!(diagnosis, "the restore is InProgress, 1 of 3 objects");
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
    let _velero = spawn_velero(&hub, bucket(&plan), false);
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
