//! The operator is killed at every write, before and after it; and two are at work at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use fleet_upgrade::operator::RunPhase;

use crate::world::{World, mortal, spawn, three_stages};

/// Runs until the n-th write, then with another operator to the end. Says whether there were so many writes.
async fn die_and_go_on(dies_at: usize, after: bool) -> bool {
    let world = World::new(three_stages()).await;
    let (client, writes, death) = mortal(&world, dies_at, after);
    let first = spawn(world.controller(client));
    let died = tokio::select! {
        () = death.notified() => true,
        _ = world.until(|status| status.phase.is_over()) => writes.load(Ordering::SeqCst) > dies_at,
    };
    first.abort();
    let second = world.operator();
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed, "killed at write {dies_at}");
    assert_eq!(
        world.effects(),
        [1; 6],
        "killed at write {dies_at}, after it: {after}"
    );
    second.abort();
    died
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_write_no_cluster_is_started_twice_and_none_is_forgotten() {
    let mut kills = 0;
    // Before one write, after the next.
    while die_and_go_on(kills, kills % 2 == 1).await {
        kills += 1;
        assert!(kills < 500, "a run does not have so many writes");
    }
    assert!(kills > 30, "only {kills} writes");
    println!("killed at each of {kills} writes");
}

#[tokio::test(start_paused = true)]
async fn of_two_operators_without_leases_one_is_refused_by_the_store_and_no_cluster_is_started_twice() {
    let world = World::new(three_stages()).await;
    let operators = [world.operator(), world.operator(), world.operator()];
    let status = world.until(|status| status.phase.is_over()).await;
    assert_eq!(status.phase, RunPhase::Completed);
    assert_eq!(world.effects(), [1; 6]);
    operators.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_is_killed_every_few_minutes_still_ends_the_run() {
    let world = World::new(three_stages()).await;
    let mut kills = 0;
    while !world.status().await.phase.is_over() {
        let operator = world.operator();
        tokio::time::sleep(Duration::from_secs(60 + 37 * (kills % 20))).await;
        operator.abort();
        kills += 1;
        assert!(kills < 2_000, "it never ends");
    }
    assert!(kills > 10);
    assert_eq!(world.effects(), [1; 6], "after {kills} kills");
}
