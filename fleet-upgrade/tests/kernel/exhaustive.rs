//! Every run of a small fleet with its mishaps, each at every moment at which the kernel decides.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use fleet_core::HumanDuration;
use fleet_upgrade::kernel::{Roster, RunSettings};

use crate::world::{Crash, Driver, Mishap, StageLike, Stand, Wish, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// What may happen at a moment, numbered: `cluster * KINDS + kind`, then what concerns the process.
const KINDS: usize = 9;

fn mishap(driver: &mut Driver<'_>, number: usize) {
    let (from, until) = (driver.now, driver.now + minutes(100));
    let clusters = driver.world.len();
    if number >= clusters * KINDS {
        match number - clusters * KINDS {
            0 => driver.restart(),
            1 => driver.crashes.push((0, Crash::BeforeAct)),
            2 => driver.crashes.push((0, Crash::AfterAct)),
            3 => driver.wishes.extend([(from, Wish::Pause), (until, Wish::Resume)]),
            _ => driver.wishes.push((from, Wish::Cancel)),
        }
        return;
    }
    let mishap = match number % KINDS {
        0 => Mishap::Stuck,
        1 => Mishap::RolloutFails,
        2 => Mishap::Unreachable(from, until),
        3 => Mishap::Degraded(from, until),
        4 => Mishap::Frozen(from, until),
        5 => Mishap::Vanishes(from),
        6 => Mishap::ForeignWrite(from),
        7 => Mishap::LosesOrders(1),
        _ => Mishap::LosesAnswers(1),
    };
    driver.world[number / KINDS].mishaps.push(mishap);
}

#[derive(Default)]
struct Explored {
    /// Each by a digest of 128 bits: there are too many to be kept.
    states: HashSet<u128>,
    runs: u64,
}

fn digest(driver: &Driver<'_>, mishaps_left: u32, first: usize) -> u128 {
    let state = format!(
        "{mishaps_left} {first} {} {:?} {:?} {:?} {}",
        driver.now,
        driver.world,
        driver.crashes,
        driver.wishes,
        serde_json::to_string(driver.live.state()).unwrap()
    );
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &state).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

fn explore(mut driver: Driver<'_>, mishaps_left: u32, from: usize, explored: &mut Explored) {
    let mut first = from;
    loop {
        if mishaps_left > 0 {
            if !explored.states.insert(digest(&driver, mishaps_left, first)) {
                return;
            }
            for number in first..driver.world.len() * KINDS + 5 {
                let mut other = driver.clone();
                mishap(&mut other, number);
                explore(other, mishaps_left - 1, number + 1, explored);
            }
        }
        first = 0;
        loop {
            match driver.step() {
                Stand::Busy => {}
                Stand::Over => {
                    driver.verify();
                    explored.runs += 1;
                    return;
                }
                Stand::Waiting(until) => {
                    assert!(driver.pass(until), "dead-lock on {:?}", driver.waits.last());
                    break;
                }
            }
        }
    }
}

/// Explores every run of a plan with so many clusters in each stage, up to two at once in the last, and so many mishaps.
fn explored(clusters: &[usize], failures: u32, mishaps: u32) -> Explored {
    let settings = RunSettings {
        evidence_max_age: minutes(90),
        poll: minutes(20),
        unwell_limit: minutes(180),
    };
    let last = clusters.len() - 1;
    let stages: Vec<StageLike> = clusters
        .iter()
        .enumerate()
        .map(|(index, clusters)| match index {
            0 => StageLike::of(*clusters).soak(HumanDuration::hours(1)),
            _ if index == last => StageLike::of(*clusters).at_once(2),
            _ => StageLike::of(*clusters),
        })
        .collect();
    let plan = a_plan(
        &stages,
        1,
        |spec| spec.failure_budget(budget(failures)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut explored = Explored::default();
    explore(
        Driver::new(&plan, &roster, at(MONDAY), settings),
        mishaps,
        0,
        &mut explored,
    );
    println!(
        "{clusters:?} clusters, budget {failures}, {mishaps} mishaps: {} runs, {} states at which something could happen",
        explored.runs,
        explored.states.len()
    );
    explored
}

/// How many mishaps a run has at most in the larger explorations: the environment variable `FLEET_MISHAPS` says it where the
/// machine has the time.
fn mishaps() -> u32 {
    let asked = std::env::var("FLEET_MISHAPS").ok();
    asked.map_or(1, |mishaps| mishaps.parse().expect("FLEET_MISHAPS is a number"))
}

#[test]
fn every_run_of_three_clusters_in_two_stages_keeps_the_invariants() {
    let runs: u64 = [0, 1, 9]
        .map(|failures| explored(&[1, 2], failures, mishaps()).runs)
        .iter()
        .sum();
    assert!(runs > 500, "only {runs} runs");
}

#[test]
fn every_run_of_four_clusters_in_three_stages_keeps_the_invariants() {
    let runs: u64 = [0, 2]
        .map(|failures| explored(&[1, 1, 2], failures, mishaps()).runs)
        .iter()
        .sum();
    assert!(runs > 500, "only {runs} runs");
}
