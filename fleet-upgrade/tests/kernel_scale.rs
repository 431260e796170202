//! One decision over ten thousand clusters. Run it with `--release -- --ignored --nocapture` for the figures.

// Clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use fleet_core::{Fleet, FleetCluster};
use fleet_upgrade::kernel::{
    ClusterId, ClusterObservation, ClusterReport, Command, Event, Fact, Observation, RunState, begin, decide,
    evidence_due,
};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, UpgradePlan, plan};
use jiff::Timestamp;

const CLUSTERS: u32 = 10_000;

fn a_plan(now: Timestamp) -> UpgradePlan {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(Stage::new("all").max_concurrent(NonZeroU32::new(50).unwrap()));
    let cluster = |number| {
        FleetCluster::new(
            format!("c{number:05}").parse().unwrap(),
            "v1.30.8".parse().unwrap(),
        )
    };
    let fleet = Fleet::new((0..CLUSTERS).map(cluster)).unwrap();
    plan(&FleetUpgrade::new("scale", spec), &fleet, now).unwrap()
}

fn apply(run: &mut RunState, at: Timestamp, fact: Fact) {
    let event: Event = run.next_event(at, fact);
    run.apply(&event);
}

#[test]
#[ignore = "a measurement"]
fn one_decision_over_ten_thousand_clusters() {
    let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    let plan = a_plan(now);
    for upgraded in [0, CLUSTERS / 2, CLUSTERS - 100] {
        let mut run = RunState::new(&plan);
        let mut seen = Observation::empty();
        let Command::Record(first) = begin(&plan, fleet_upgrade::kernel::RunSettings::default()) else {
            panic!()
        };
        apply(&mut run, now, first);
        for command in decide(&plan, &run, &seen, now) {
            let Command::Record(fact) = command else {
                panic!("{command:?}")
            };
            apply(&mut run, now, fact);
        }
        for cluster in (0..upgraded).map(ClusterId) {
            apply(&mut run, now, Fact::HopStarted { cluster, hop: 0 });
            apply(&mut run, now, Fact::HopDone { cluster, hop: 0 });
            seen.insert(
                cluster,
                ClusterObservation::present(now, ClusterReport::settled(plan.target().clone())),
            );
        }
        let due = evidence_due(&plan, &run, &seen, now);
        for cluster in due {
            let report = ClusterReport::settled("v1.30.8".parse().unwrap());
            seen.insert(cluster, ClusterObservation::present(now, report));
        }
        let mut best = Duration::MAX;
        let mut best_due = Duration::MAX;
        for _ in 0..20 {
            let begun = Instant::now();
            let commands = decide(&plan, &run, &seen, now);
            best = best.min(begun.elapsed());
            assert_eq!(commands.len(), 50, "fifty start");
            let begun = Instant::now();
            assert!(evidence_due(&plan, &run, &seen, now).is_empty());
            best_due = best_due.min(begun.elapsed());
        }
        // All places taken: nothing to do.
        for command in decide(&plan, &run, &seen, now) {
            let Command::StartHop(order) = command else {
                panic!()
            };
            apply(
                &mut run,
                now,
                Fact::HopStarted {
                    cluster: order.cluster,
                    hop: 0,
                },
            );
        }
        let mut idle = Duration::MAX;
        for _ in 0..20 {
            let begun = Instant::now();
            let commands = decide(&plan, &run, &seen, now);
            idle = idle.min(begun.elapsed());
            assert!(matches!(commands[..], [Command::WaitUntil { .. }]));
        }
        println!("{upgraded:>5} upgraded: start 50: {best:?}, wait: {idle:?}, evidence_due: {best_due:?}");
        assert!(best < Duration::from_millis(100), "{best:?}");
    }
}
