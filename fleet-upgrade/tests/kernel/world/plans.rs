//! Plans in a few words: stages with clusters `s0-c0`, `s0-c1`, `s1-c0`..

use std::num::NonZeroU32;

use fleet_core::{Fleet, FleetCluster, HumanDuration, KubernetesVersion, Labels};
use fleet_upgrade::{FailureBudget, FleetUpgrade, FleetUpgradeSpec, Stage, UpgradePlan, plan};
use jiff::{SignedDuration, Timestamp};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// What a stage of a test is like.
#[derive(Debug, Clone)]
pub struct StageLike {
    pub clusters: usize,
    pub at_target: usize,
    /// Of two clusters the workers of one lag: in turn so far that they may come along, and too far.
    pub workers_lag: bool,
    pub max_concurrent: u32,
    pub max_per_day: Option<u32>,
    pub soak: HumanDuration,
}

impl StageLike {
    pub fn of(clusters: usize) -> Self {
        Self {
            clusters,
            at_target: 0,
            workers_lag: false,
            max_concurrent: 1,
            max_per_day: None,
            soak: HumanDuration::ZERO,
        }
    }

    pub fn at_once(mut self, clusters: u32) -> Self {
        self.max_concurrent = clusters;
        self
    }

    pub fn per_day(mut self, clusters: u32) -> Self {
        self.max_per_day = Some(clusters);
        self
    }

    pub fn soak(mut self, soak: HumanDuration) -> Self {
        self.soak = soak;
        self
    }
}

/// A plan with clusters `s0-c0`, `s0-c1`, `s1-c0`.. in stages `s0`, `s1`..
pub fn a_plan(
    stages: &[StageLike],
    minors: u64,
    change: impl FnOnce(FleetUpgradeSpec) -> FleetUpgradeSpec,
    now: Timestamp,
) -> UpgradePlan {
    let target = KubernetesVersion::new(1, 30 + minors, 2);
    let mut spec = FleetUpgradeSpec::new(target.clone());
    if minors > 1 {
        spec = spec.hops((1..minors).map(|minor| KubernetesVersion::new(1, 30 + minor, 1)));
    }
    let mut clusters = Vec::new();
    for (index, like) in stages.iter().enumerate() {
        let name = format!("s{index}");
        let mut stage = Stage::new(&name)
            .selector(format!("stage={name}").parse().unwrap())
            .max_concurrent(NonZeroU32::new(like.max_concurrent).unwrap())
            .soak(like.soak);
        if let Some(cap) = like.max_per_day {
            stage = stage.max_per_day(NonZeroU32::new(cap).unwrap());
        }
        spec = spec.stage(stage);
        for number in 0..like.clusters + like.at_target {
            let old = number < like.clusters;
            let version = if old {
                KubernetesVersion::new(1, 30, 4)
            } else {
                target.clone()
            };
            let mut cluster = FleetCluster::new(format!("s{index}-c{number}").parse().unwrap(), version);
            if like.workers_lag && number % 2 == 0 {
                let minor = if number % 4 == 0 { 27 } else { 28 };
                cluster = cluster.with_worker_version(KubernetesVersion::new(1, minor, 9));
            }
            let (pair, half) = (format!("s{index}-p{}", number / 2), ["a", "b"][number % 2]);
            let labels = [("stage", name.as_str()), ("pair", &pair), ("half", half)];
            clusters.push(cluster.with_labels(Labels::from_pairs(labels).unwrap()));
        }
    }
    let policy = FleetUpgrade::new("test", change(spec));
    plan(&policy, &Fleet::new(clusters).unwrap(), now).unwrap()
}

pub fn budget(clusters: u32) -> FailureBudget {
    NonZeroU32::new(clusters).map_or(FailureBudget::NoFailure, FailureBudget::Clusters)
}
