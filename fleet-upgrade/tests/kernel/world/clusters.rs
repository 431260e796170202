//! Clusters that take orders and their time, and what happens to them.

use std::collections::BTreeMap;

use fleet_core::{KubernetesVersion, skew};
use fleet_upgrade::kernel::{ClusterObservation, ClusterReport, Health, Rollout, Sight, Told};
use jiff::{SignedDuration, Timestamp};

/// What happens to a cluster, in the time that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    Stuck,
    RolloutFails,
    Unreachable(Timestamp, Timestamp),
    Degraded(Timestamp, Timestamp),
    /// The health gate has no data.
    NoData(Timestamp, Timestamp),
    /// What is seen is as old as the start of this time.
    Frozen(Timestamp, Timestamp),
    Vanishes(Timestamp),
    ForeignWrite(Timestamp),
    UpgradedByOthers(Timestamp),
    /// Somebody tells its control plane alone.
    HalfWritten(Timestamp),
    LosesOrders(u32),
    LosesAnswers(u32),
}

#[derive(Debug, Clone)]
pub struct ClusterInWorld {
    /// The oldest version that any part of it runs.
    pub version: KubernetesVersion,
    /// Somebody else has changed it, and no look has shown that yet.
    pub unseen: bool,
    /// The version everybody wants it to run in the end.
    pub target: KubernetesVersion,
    /// The version its control plane was told to run.
    pub control_plane: KubernetesVersion,
    pub rolling: Option<(KubernetesVersion, Timestamp)>,
    pub hop: SignedDuration,
    pub mishaps: Vec<Mishap>,
    /// How often each version was newly ordered.
    pub orders: BTreeMap<KubernetesVersion, u32>,
}

impl ClusterInWorld {
    pub(super) fn desired(&self) -> &KubernetesVersion {
        self.rolling.as_ref().map_or(&self.version, |(to, _)| to)
    }

    fn pass(&mut self, now: Timestamp) {
        let stuck = self
            .mishaps
            .iter()
            .any(|mishap| matches!(mishap, Mishap::Stuck | Mishap::RolloutFails));
        if !stuck
            && let Some((to, since)) = &self.rolling
            && now.duration_since(*since) >= self.hop
        {
            self.version = to.clone();
            self.rolling = None;
        }
        let foreign = |mishap: &Mishap| matches!(mishap, Mishap::ForeignWrite(at) if *at <= now);
        if let Some(index) = self.mishaps.iter().position(foreign) {
            self.mishaps.remove(index);
            self.version = KubernetesVersion::new(1, 29, 9);
            self.control_plane = self.version.clone();
            self.rolling = None;
            self.unseen = true;
        }
        let half = |mishap: &Mishap| matches!(mishap, Mishap::HalfWritten(at) if *at <= now);
        if let Some(index) = self.mishaps.iter().position(half) {
            self.mishaps.remove(index);
            self.control_plane = KubernetesVersion::new(1, 39, 0);
            self.unseen = true;
        }
        let early = |mishap: &Mishap| matches!(mishap, Mishap::UpgradedByOthers(at) if *at <= now);
        if let Some(index) = self.mishaps.iter().position(early) {
            self.mishaps.remove(index);
            if self.version != self.target {
                self.control_plane = self.target.clone();
                self.rolling = Some((self.target.clone(), now));
                self.unseen = true;
            }
        }
    }

    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.mishaps
            .iter()
            .any(|mishap| matches!(mishap, Mishap::Vanishes(at) if *at <= now))
    }

    pub(super) fn look(&mut self, now: Timestamp) -> ClusterObservation {
        let seen = self.sight(now);
        if matches!(seen.sight, Sight::Present(_)) && seen.seen_at == now {
            self.unseen = false;
        }
        seen
    }

    fn sight(&mut self, now: Timestamp) -> ClusterObservation {
        self.pass(now);
        if self.is_gone(now) {
            return ClusterObservation::gone(now);
        }
        let within = |from: &Timestamp, until: &Timestamp| (*from..*until).contains(&now);
        let mut seen_at = now;
        let mut health = Health::Healthy;
        let mut rollout = match self.rolling {
            None => Rollout::Settled,
            Some(_) => Rollout::Rolling { updated: 0, total: 1 },
        };
        for mishap in &self.mishaps {
            match mishap {
                Mishap::Unreachable(from, until) if within(from, until) => {
                    return ClusterObservation::unreachable(now);
                }
                Mishap::Degraded(from, until) if within(from, until) => {
                    health = Health::Degraded {
                        reason: "test".to_owned(),
                    };
                }
                Mishap::NoData(from, until) if within(from, until) => health = Health::Unknown,
                Mishap::Frozen(from, until) if within(from, until) => seen_at = *from,
                Mishap::RolloutFails if self.rolling.is_some() => {
                    rollout = Rollout::Failed {
                        reason: "test".to_owned(),
                    };
                }
                _ => {}
            }
        }
        let report = ClusterReport {
            desired: self.desired().clone(),
            oldest: self.version.clone(),
            rollout,
            health,
            writer: None,
            control_plane: (self.control_plane != *self.desired()).then(|| {
                Box::new(Told {
                    version: self.control_plane.clone(),
                    writer: Some("somebody".to_owned()),
                })
            }),
        };
        ClusterObservation::present(seen_at, report)
    }

    /// Takes an order; says whether the one who gave it hears of that.
    pub(super) fn order(&mut self, to: &KubernetesVersion, now: Timestamp) -> bool {
        let answer = self.sight(now);
        if !matches!(answer.sight, Sight::Present(_)) {
            return false;
        }
        for mishap in &mut self.mishaps {
            match mishap {
                Mishap::LosesOrders(left) if *left > 0 => {
                    *left -= 1;
                    return false;
                }
                _ => {}
            }
        }
        if self.desired() != to {
            let step = skew::check_control_plane_hop(&self.control_plane, to);
            let nodes = skew::check_kubelet(to, &self.version);
            let is_legal = step.is_ok() && (to.same_release(&self.control_plane) || nodes.is_ok());
            // What others did since the last look nobody could know: the cluster's own driver refuses it.
            if self.unseen && !is_legal {
                return false;
            }
            assert!(is_legal, "I5: {step:?} {nodes:?}");
            self.control_plane = to.clone();
            self.rolling = Some((to.clone(), now));
            *self.orders.entry(to.clone()).or_default() += 1;
        }
        for mishap in &mut self.mishaps {
            if let Mishap::LosesAnswers(left) = mishap
                && *left > 0
            {
                *left -= 1;
                return false;
            }
        }
        true
    }
}
