//! Large fleets: planned in time that grows with their size, not with its square.

// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

mod calendars;

use std::time::{Duration, Instant};

use fleet_core::{Fleet, FleetCluster, KubernetesVersion, Labels, NodeCounts};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Pick, PlanWarning, Stage, plan};

fn fleet(size: u32) -> Fleet {
    let regions = ["eu-west", "us-east", "ap-south"];
    let tiers = ["bronze", "silver", "gold"];
    Fleet::new((0..size).map(|number| {
        let at = |values: [&'static str; 3]| values[(number % 3) as usize];
        let env = if number % 10 == 0 { "staging" } else { "production" };
        FleetCluster::new(
            format!("cluster-{number:06}").parse().unwrap(),
            KubernetesVersion::new(1, 30, 8),
        )
        .with_labels(
            Labels::from_pairs([("env", env), ("region", at(regions)), ("tier", at(tiers))]).unwrap(),
        )
        .with_nodes(NodeCounts {
            control_plane: 3,
            workers: number % 17,
        })
    }))
    .unwrap()
}

fn policy(per_day: u32) -> FleetUpgrade {
    let spec = FleetUpgradeSpec::new(KubernetesVersion::new(1, 31, 4))
        .stage(
            Stage::new("staging")
                .selector("env=staging".parse().unwrap())
                .max_concurrent(20u32.try_into().unwrap()),
        )
        .stage(
            Stage::new("canary")
                .selector("env=production".parse().unwrap())
                .pick(Pick::count(3u32.try_into().unwrap()))
                .soak("5d".parse().unwrap()),
        )
        .stage(
            Stage::new("production")
                .max_concurrent(5u32.try_into().unwrap())
                .max_per_day(per_day.try_into().unwrap()),
        );
    FleetUpgrade::new("large", spec)
}

fn time(size: u32) -> Duration {
    let (mut policy, fleet) = (policy(3), fleet(size));
    // Years of weekday windows: what a schedule that looks at every hour would be slow on.
    policy.spec.calendar = calendars::number(2);
    let now = "2026-01-05T09:00:00Z".parse().unwrap();
    let best = (0..5).map(|_| {
        let start = Instant::now();
        let plan = plan(&policy, &fleet, now).unwrap();
        let took = start.elapsed();
        assert_eq!(plan.len(), size as usize);
        took
    });
    best.min().unwrap()
}

#[test]
fn time_grows_with_the_fleet_and_not_with_its_square() {
    let (small, large) = (time(1_000), time(20_000));
    println!("1,000: {small:?}; 20,000: {large:?}");
    // n log n is 29 times; a quadratic planner would take 400 times. The rest is room for a busy machine.
    assert!(large < small * 200, "1,000: {small:?}; 20,000: {large:?}");
}

#[test]
fn a_large_plan_keeps_every_rule_and_warns_that_the_cap_cannot_keep_up() {
    let plan = plan(&policy(3), &fleet(2_000), "2026-01-05T09:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(plan.check(), Ok(()));
    let warning = plan
        .warnings()
        .iter()
        .find(|warning| matches!(warning, PlanWarning::CapCannotKeepUp { .. }));
    assert_eq!(
        warning.unwrap().to_string(),
        "stage `production` takes 598 days at 3 a day; a new minor version appears every 105 days, so the fleet falls \
         behind; it would take at least 17 a day to keep up"
    );
}
