//! Several replicas: one leads each shard, a dead one's shards are taken over, and they are shared out evenly.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet_upgrade::operator::{RunPhase, Sharding};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ListParams};

use crate::world::{World, spawn, three_stages};

async fn leases(world: &World) -> BTreeMap<String, Option<String>> {
    let api: Api<Lease> = Api::namespaced(world.hub.client(), "fleet");
    let leases = api.list(&ListParams::default()).await.unwrap();
    leases
        .items
        .into_iter()
        .filter_map(|lease| Some((lease.metadata.name?, lease.spec?.holder_identity)))
        .collect()
}

async fn holders(world: &World) -> BTreeMap<String, Option<String>> {
    let mut shards = leases(world).await;
    shards.retain(|name, _| !name.contains("member"));
    shards
}

async fn members(world: &World) -> Vec<String> {
    let mut members = leases(world).await;
    members.retain(|name, _| name.contains("member"));
    members.into_keys().collect()
}

fn count(holders: &BTreeMap<String, Option<String>>, identity: &str) -> usize {
    holders
        .values()
        .filter(|holder| holder.as_deref() == Some(identity))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_dead_leaders_run_is_taken_over_when_its_lease_runs_out() {
    let world = World::new(three_stages()).await;
    let replica = |identity: &str| {
        spawn(
            world
                .controller(world.hub.client())
                .sharded(Sharding::one_leader("fleet", identity)),
        )
    };
    let first = replica("one");
    tokio::time::sleep(Duration::from_mins(20)).await;
    let second = replica("two");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(count(&holders(&world).await, "one"), 1, "the second stands by");
    first.abort();
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(count(&holders(&world).await, "two"), 1);
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    assert_eq!(world.effects(), [1; 6]);
    second.abort();
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_shut_down_gives_its_lease_up_at_once() {
    let world = World::new(three_stages()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let controller = world
        .controller(world.hub.client())
        .sharded(Sharding::one_leader("fleet", "one"));
    let first = tokio::spawn(controller.run(async move {
        let _ = stopped.await;
    }));
    tokio::time::sleep(Duration::from_mins(20)).await;
    stop.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(holders(&world).await.into_values().flatten().count(), 0);
    assert!(members(&world).await.is_empty(), "{:?}", members(&world).await);
}

#[tokio::test(start_paused = true)]
async fn replicas_that_are_gone_leave_no_leases_behind() {
    let world = World::new(three_stages()).await;
    let replica = |identity: &str| {
        let sharding = Sharding::one_leader("fleet", identity);
        spawn(world.controller(world.hub.client()).sharded(sharding))
    };
    let alive = replica("alive");
    for identity in ["one", "two", "three"] {
        let killed = replica(identity);
        tokio::time::sleep(Duration::from_mins(1)).await;
        killed.abort();
    }
    let there = ["alive", "one", "three", "two"].map(|identity| format!("fleet-upgrade-member-{identity}"));
    assert_eq!(
        members(&world).await,
        there,
        "a replica that was away for a moment keeps its own"
    );
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(members(&world).await, ["fleet-upgrade-member-alive"]);
    assert_eq!(count(&holders(&world).await, "alive"), 1);
    alive.abort();
}

#[tokio::test(start_paused = true)]
async fn shards_are_shared_out_and_taken_over() {
    let world = World::new(three_stages()).await;
    for name in ["a", "b", "c", "d", "e"] {
        world.create(name, three_stages()).await;
    }
    let replica = |identity: &str| {
        let sharding = Sharding::one_leader("fleet", identity).shards(6);
        spawn(world.controller(world.hub.client()).sharded(sharding))
    };
    let first = replica("one");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(count(&holders(&world).await, "one"), 6, "alone it leads all");
    let (second, third) = (replica("two"), replica("three"));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let now = holders(&world).await;
    assert_eq!(
        ["one", "two", "three"].map(|identity| count(&now, identity)),
        [2, 2, 2],
        "{now:?}"
    );
    first.abort();
    second.abort();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(count(&holders(&world).await, "three"), 6);
    third.abort();
}
