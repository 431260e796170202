//! A run that is followed decides as one that is looked at from scratch: in whatever order its log comes, and whatever the
//! clock does. (Every other test of this directory asks both at every step.)

use fleet_core::HumanDuration;
use fleet_upgrade::kernel::{
    ClusterId, Command, Event, Fact, LiveRun, Observation, Roster, RunSettings, decide, evidence_due,
};
use fleet_upgrade::{AtMost, FleetUpgradeSpec, SpreadRule, UpgradePlan};
use jiff::{Timestamp, ToSpan};

use crate::world::{Driver, Mishap, StageLike, Stand, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// Two stages, the first of which soaks, with a cap a day and one of each pair at a time.
fn a_busy_plan() -> UpgradePlan {
    let stages = [
        StageLike::of(3).at_once(2).soak(HumanDuration::hours(6)),
        StageLike::of(6).at_once(3).per_day(4),
    ];
    let change = |spec: FleetUpgradeSpec| {
        spec.failure_budget(budget(5))
            .spread(SpreadRule::by(["pair"], AtMost::Count(1.try_into().unwrap())))
    };
    a_plan(&stages, 2, change, at(MONDAY))
}

/// Asks both.
fn same(live: &mut LiveRun<&UpgradePlan>, plan: &UpgradePlan, now: Timestamp) -> Vec<Command> {
    let commands = decide(plan, live.state(), live.seen(), now);
    assert_eq!(live.decide(now), commands);
    assert_eq!(
        live.evidence_due(now),
        evidence_due(plan, live.state(), live.seen(), now)
    );
    commands
}

/// The steps of a run with a failure and a cluster that is unwell for a while (the moment, the length of the log, what was
/// known), and its log.
fn history(plan: &UpgradePlan) -> (Vec<(Timestamp, usize, Observation)>, Vec<Event>) {
    let roster = Roster::of(plan);
    let mut driver = Driver::new(plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c1").mishaps.push(Mishap::RolloutFails);
    let ill = Mishap::Degraded(at(MONDAY) + 4.hours(), at(MONDAY) + 5.hours());
    driver.cluster("s0-c0").mishaps.push(ill);
    let mut moments = Vec::new();
    loop {
        moments.push((driver.now, driver.log.len(), driver.live.seen().clone()));
        match driver.step() {
            Stand::Busy => {}
            Stand::Over => return (moments, driver.log),
            Stand::Waiting(until) => assert!(driver.pass(until)),
        }
    }
}

#[test]
fn entries_that_come_late_twice_and_in_any_order_are_all_filed() {
    let plan = a_busy_plan();
    let (_, log) = history(&plan);
    let now = log.last().unwrap().at;
    for width in [2, 3, 7, log.len()] {
        let mut live = LiveRun::new(&plan);
        for some in log.chunks(width) {
            for event in some.iter().rev().chain(some) {
                live.apply(event);
                same(&mut live, &plan, now);
            }
        }
        assert!(live.state().ended().is_some());
    }
}

#[test]
fn a_clock_that_jumps_is_followed_in_both_directions() {
    let plan = a_busy_plan();
    let mut live = LiveRun::new(&plan);
    let (moments, log) = history(&plan);
    let mut waits = 0;
    for (now, known, seen) in moments {
        live = LiveRun::with_evidence(&plan, live.state().clone(), seen);
        for event in log
            .iter()
            .take(known)
            .skip(usize::try_from(live.state().len()).unwrap())
        {
            live.apply(event);
        }
        // Days ahead, when nothing is recent and all evidence is old, and back; and to a day before.
        for hours in [0, 30, 0, 100, 1, -30, 0] {
            same(&mut live, &plan, now + minutes(hours * 60));
        }
        let waiting = same(&mut live, &plan, now);
        waits += usize::from(matches!(waiting.last(), Some(Command::WaitUntil { .. })));
    }
    assert!(waits > 20, "{waits}");
}

#[test]
fn what_is_forgotten_counts_no_longer() {
    let plan = a_busy_plan();
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    while driver.started("s1-c0").is_none() {
        if let Stand::Waiting(until) = driver.step() {
            driver.pass(until);
        }
    }
    let now = driver.now;
    let upgraded = driver.id("s0-c0");
    let due = driver.live.evidence_due(now);
    assert!(!due.contains(&upgraded), "it was just looked at");
    driver.live.forget(upgraded);
    // Of a cluster that is unknown to the plan nothing is kept.
    driver.live.forget(ClusterId(99));
    same(&mut driver.live, &plan, now);
    assert!(driver.live.evidence_due(now).contains(&upgraded));
    let paused = driver.live.record(now, Fact::Paused);
    assert_eq!(paused.seq + 1, driver.live.state().len());
    same(&mut driver.live, &plan, now);
}
