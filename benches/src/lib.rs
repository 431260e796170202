//! Fleets and policies of any size for the benches.

use std::collections::BTreeMap;

use fleet_core::{Fleet, FleetCluster, FleetError, HumanDuration, KubernetesVersion, Labels, NodeCounts};
use fleet_upgrade::kernel::{
    ClusterId, ClusterObservation, ClusterReport, Command, Counts, Fact, Observation, RunState, decide,
    evidence_due,
};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Pick, Stage, UpgradePlan};
use jiff::{SignedDuration, Timestamp};

/// When the benches' plans are made: a Monday morning.
pub const NOW: &str = "2026-06-01T06:00:00Z";

/// A fleet of `size` clusters: one in five staging, the others production; three regions, three tiers, 4 to 35 nodes.
pub fn fleet(size: u32) -> Result<Fleet, FleetError> {
    let cluster = |number: u32| {
        let env = if number.is_multiple_of(5) {
            "staging"
        } else {
            "production"
        };
        let region = ["eu-west", "us-east", "ap-south"][number as usize % 3];
        let tier = ["bronze", "silver", "gold"][number as usize / 7 % 3];
        let labels =
            Labels::from_pairs([("env", env), ("region", region), ("tier", tier)]).unwrap_or_default();
        // Names that do not come in the order of their numbers, as in life.
        let name = format!("{env}-{:08x}", number.wrapping_mul(2_654_435_761))
            .parse()
            .ok()?;
        let nodes = NodeCounts {
            control_plane: 3,
            workers: 1 + number % 32,
        };
        Some(
            FleetCluster::new(name, KubernetesVersion::new(1, 30, 4))
                .with_labels(labels)
                .with_nodes(nodes),
        )
    };
    Fleet::new((0..size).filter_map(cluster))
}

/// Staging, a canary, and the rest `per_day` a day.
pub fn policy(per_day: u32) -> FleetUpgrade {
    let count = |number: u32| std::num::NonZeroU32::new(number).unwrap_or(std::num::NonZeroU32::MIN);
    let env = |text: &str| text.parse().unwrap_or_default();
    let spec = FleetUpgradeSpec::new(KubernetesVersion::new(1, 31, 0))
        .stage(
            Stage::new("staging")
                .selector(env("env=staging"))
                .max_concurrent(count(per_day))
                .soak(HumanDuration::days(2)),
        )
        .stage(
            Stage::new("canary")
                .selector(env("env=production"))
                .pick(Pick::one())
                .soak(HumanDuration::days(5)),
        )
        .stage(
            Stage::new("production")
                .selector(env("env=production"))
                .max_concurrent(count(per_day))
                .max_per_day(count(per_day)),
        );
    FleetUpgrade::new("bench", spec)
}

/// Drives the kernel alone, every cluster taking 20 minutes, until half of the clusters are upgraded.
pub fn half_way(plan: &UpgradePlan) -> (RunState, Observation, Timestamp) {
    let mut now = plan.created();
    let (mut run, mut seen) = (RunState::new(plan), Observation::empty());
    let mut orders: BTreeMap<ClusterId, (Timestamp, KubernetesVersion)> = BTreeMap::new();
    loop {
        for id in evidence_due(plan, &run, &seen, now) {
            let version = match orders.get(&id) {
                Some((since, to)) if now.duration_since(*since) >= SignedDuration::from_mins(20) => {
                    to.clone()
                }
                Some(_) => continue,
                None => KubernetesVersion::new(1, 30, 4),
            };
            seen.insert(
                id,
                ClusterObservation::present(now, ClusterReport::settled(version)),
            );
        }
        if Counts::of(&run).upgraded as usize * 2 >= plan.len() {
            return (run, seen, now);
        }
        let mut until = None;
        for command in decide(plan, &run, &seen, now) {
            match command {
                Command::Record(fact) => {
                    let event = run.next_event(now, fact);
                    run.apply(&event);
                }
                Command::StartHop(order) => {
                    orders.insert(order.cluster, (now, order.to.clone()));
                    let event = run.next_event(
                        now,
                        Fact::HopStarted {
                            readiness: None,
                            cluster: order.cluster,
                            hop: order.hop,
                        },
                    );
                    run.apply(&event);
                }
                Command::WaitUntil { until: time, .. } => until = time,
                _ => return (run, seen, now),
            }
        }
        if let Some(time) = until {
            now = time
                .min(now + SignedDuration::from_mins(10))
                .max(now + SignedDuration::from_secs(1));
        }
    }
}
