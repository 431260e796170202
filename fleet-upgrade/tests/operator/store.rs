//! The store: runs of 10,000 clusters in objects of a bearable size, one writer, lost answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fleet_core::{Fleet, FleetCluster};
use fleet_upgrade::kernel::{ClusterId, Event, Fact, RunSettings, RunState, begin};
use fleet_upgrade::operator::ResourceStore;
use fleet_upgrade::ports::{RunStore, RunStoreError};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, UpgradePlan, plan};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams};

use crate::world::{World, three_stages};

fn a_plan(clusters: u32) -> UpgradePlan {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(Stage::new("all").max_concurrent(500.try_into().unwrap()));
    let cluster = |number: u32| {
        FleetCluster::new(
            format!("cluster-{number:05}").parse().unwrap(),
            "v1.30.8".parse().unwrap(),
        )
    };
    let fleet = Fleet::new((0..clusters).map(cluster)).unwrap();
    plan(&FleetUpgrade::new("up", spec), &fleet, now()).unwrap()
}

fn now() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

/// The log of a run in which all goes well.
fn log(plan: &UpgradePlan) -> Vec<Event> {
    let mut facts = Vec::new();
    if let fleet_upgrade::kernel::Command::Record(first) = begin(plan, RunSettings::default()) {
        facts.push(first);
    }
    for number in 0..u32::try_from(plan.len()).unwrap() {
        let (cluster, hop) = (ClusterId(number), 0);
        facts.push(Fact::HopStarted {
            cluster,
            hop,
            readiness: None,
        });
        facts.push(Fact::HopAccepted { cluster, hop });
        facts.push(Fact::HopDone { cluster, hop });
    }
    (0..)
        .zip(facts)
        .map(|(seq, fact)| Event { seq, at: now(), fact })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_clusters_fit_into_objects_of_a_bearable_size() {
    let world = World::new(three_stages()).await;
    let plan = a_plan(10_000);
    let store = ResourceStore::new(world.hub.client(), "fleet", "up");
    store.create("up", &plan).await.unwrap();
    let events = log(&plan);
    for some in events.chunks(300) {
        store.append("up", some).await.unwrap();
    }
    let again = ResourceStore::new(world.hub.client(), "fleet", "up");
    let stored = again.load("up").await.unwrap().unwrap();
    assert_eq!(stored.plan, plan);
    assert_eq!(stored.events, events);
    let object = serde_json::to_vec(&world.api().get("up").await.unwrap())
        .unwrap()
        .len();
    assert!(object < 256 << 10, "the object has {object} bytes");
    let maps: Api<ConfigMap> = Api::namespaced(world.hub.client(), "fleet");
    let maps = maps.list(&ListParams::default()).await.unwrap().items;
    let largest = maps
        .iter()
        .map(|map| serde_json::to_vec(map).unwrap().len())
        .max()
        .unwrap();
    assert!(largest < 1 << 20, "the largest ConfigMap has {largest} bytes");
    assert!(
        maps.iter()
            .all(|map| map.immutable == Some(true) && map.metadata.owner_references.is_some())
    );
    println!(
        "10,000 clusters: the object {object} bytes, {} ConfigMaps, the largest {largest} bytes",
        maps.len()
    );
}

/// A client that cannot read ConfigMaps while it is told so.
fn hiccups(world: &World, blind: Arc<AtomicBool>) -> kube::Client {
    let inner = world.hub.client();
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (inner, blind) = (inner.clone(), Arc::clone(&blind));
        async move {
            let is_map =
                request.method() == http::Method::GET && request.uri().path().contains("/configmaps/");
            if is_map && blind.load(Ordering::SeqCst) {
                return Ok(http::Response::builder()
                    .status(500)
                    .body(kube::client::Body::empty())
                    .unwrap());
            }
            inner.send(request).await
        }
    });
    kube::Client::new(service, "default")
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_could_read_only_half_overwrites_nothing() {
    let world = World::new(three_stages()).await;
    let plan = a_plan(3_000);
    let blind = Arc::new(AtomicBool::new(true));
    let old = ResourceStore::new(hiccups(&world, Arc::clone(&blind)), "fleet", "up");
    let new = ResourceStore::new(world.hub.client(), "fleet", "up");
    old.create("up", &plan).await.unwrap();
    let events = log(&plan);
    new.load("up").await.unwrap();
    new.append("up", &events).await.unwrap();
    let mut other = events[0].clone();
    other.fact = Fact::Cancelled;
    for answer in 0..2 {
        let appended = old.append("up", &[other.clone()]).await;
        assert!(
            matches!(appended, Err(RunStoreError::Unavailable { .. })),
            "{answer}: {appended:?}"
        );
    }
    blind.store(false, Ordering::SeqCst);
    let appended = old.append("up", &[other]).await;
    assert!(
        matches!(appended, Err(RunStoreError::Conflict { .. })),
        "{appended:?}"
    );
    assert_eq!(new.load("up").await.unwrap().unwrap().events, events);
}

#[tokio::test(start_paused = true)]
async fn of_two_writers_one_is_refused_and_a_repeated_append_is_none() {
    let world = World::new(three_stages()).await;
    let plan = a_plan(3);
    let (one, other) = (
        ResourceStore::new(world.hub.client(), "fleet", "up"),
        ResourceStore::new(world.hub.client(), "fleet", "up"),
    );
    one.create("up", &plan).await.unwrap();
    other.create("up", &plan).await.unwrap();
    assert!(matches!(
        other.create("up", &a_plan(4)).await,
        Err(RunStoreError::Conflict { .. })
    ));
    let events = log(&plan);
    one.append("up", &events[..2]).await.unwrap();
    one.append("up", &events[..2]).await.unwrap();
    // The other does not know of the first one's entries: the very same are passed over, others are refused.
    other.append("up", &events[..2]).await.unwrap();
    let mut different = events[2].clone();
    different.fact = Fact::Cancelled;
    one.append("up", &events[2..3]).await.unwrap();
    assert!(matches!(
        other.append("up", &[different]).await,
        Err(RunStoreError::Conflict { seq: 2, .. })
    ));
    // A gap is refused, too.
    assert!(one.append("up", &events[5..6]).await.is_err());
    let stored = other.load("up").await.unwrap().unwrap();
    assert_eq!(stored.events, events[..3]);
    assert_eq!(RunState::replay(&plan, &stored.events).len(), 3);
}
