//! The fleet that the engine's tests upgrade.

use fleet_core::{Fleet, FleetCluster, HumanDuration, Labels};
use fleet_upgrade::testing::Call;
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Pick, Stage, UpgradePlan, plan};
use jiff::Timestamp;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Monday.
pub fn start() -> Timestamp {
    at("2026-03-02T08:00:00Z")
}

/// Three staging clusters, then one production cluster that soaks, then the others, three a day.
pub fn three_stages(production: usize, soak: HumanDuration) -> UpgradePlan {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(
            Stage::new("staging")
                .selector("env=staging".parse().unwrap())
                .max_concurrent(2.try_into().unwrap()),
        )
        .stage(Stage::new("canary").pick(Pick::one()).soak(soak))
        .stage(Stage::new("production").max_per_day(3.try_into().unwrap()));
    let cluster = |name: String, env: &str| {
        FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs([("env", env)]).unwrap())
    };
    let staging = (0..3).map(|number| cluster(format!("staging-{number}"), "staging"));
    let production = (0..production).map(|number| cluster(format!("production-{number}"), "production"));
    let fleet = Fleet::new(staging.chain(production)).unwrap();
    plan(&FleetUpgrade::new("to-1-31", spec), &fleet, start()).unwrap()
}

/// How often a cluster was set to a new version.
pub fn effects(calls: &[Call], cluster: &str) -> usize {
    calls
        .iter()
        .filter(|call| call.cluster.as_str() == cluster && call.took_effect)
        .count()
}
