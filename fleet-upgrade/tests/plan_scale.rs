//! Large fleets: every rule holds in their plans too. How long planning takes is measured in `benches`.

// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

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

fn policy() -> FleetUpgrade {
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
                .max_per_day(3u32.try_into().unwrap()),
        );
    FleetUpgrade::new("large", spec)
}

#[test]
fn a_large_plan_keeps_every_rule_and_warns_that_the_cap_cannot_keep_up() {
    let plan = plan(&policy(), &fleet(2_000), "2026-01-05T09:00:00Z".parse().unwrap()).unwrap();
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
