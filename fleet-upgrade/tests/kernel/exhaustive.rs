//! Every run of a small fleet with up to two mishaps, each at every moment at which the kernel decides.

use std::collections::HashSet;

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
    states: HashSet<String>,
    runs: u64,
}

fn explore(mut driver: Driver<'_>, mishaps_left: u32, from: usize, explored: &mut Explored) {
    let mut first = from;
    loop {
        if mishaps_left > 0 {
            let key = format!(
                "{mishaps_left} {first} {} {:?} {:?} {:?} {}",
                driver.now,
                driver.world,
                driver.crashes,
                driver.wishes,
                serde_json::to_string(&driver.run).unwrap()
            );
            if !explored.states.insert(key) {
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

#[test]
fn every_run_of_three_clusters_in_two_stages_with_two_mishaps_keeps_the_invariants() {
    let settings = RunSettings {
        evidence_max_age: minutes(90),
        poll: minutes(20),
        unwell_limit: minutes(180),
    };
    let mut explored = Explored::default();
    for (failures, mishaps) in [(0, 2), (1, 1), (9, 1)] {
        let stages = [
            StageLike::of(1).soak(HumanDuration::hours(1)),
            StageLike::of(2).at_once(2),
        ];
        let plan = a_plan(
            &stages,
            1,
            |spec| spec.failure_budget(budget(failures)),
            at(MONDAY),
        );
        let roster = Roster::of(&plan);
        let driver = Driver::new(&plan, &roster, at(MONDAY), settings.clone());
        explore(driver, mishaps, 0, &mut explored);
    }
    println!(
        "{} runs, {} states at which something could happen",
        explored.runs,
        explored.states.len()
    );
    assert!(explored.runs > 10_000, "only {} runs", explored.runs);
}
