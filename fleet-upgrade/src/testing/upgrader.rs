//! A fleet in memory: clusters that take their time, and go wrong as told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fleet_core::{ClusterName, HumanDuration, KubernetesVersion};
use jiff::Timestamp;

use crate::UpgradePlan;
use crate::kernel::{ClusterReport, Health, Rollout, Told};
use crate::ports::{Clock, ClusterUpgrader, UpgraderError};

/// A [`ClusterUpgrader`] over a fleet in memory. Clones share the fleet.
///
/// Each hop takes [`hop_duration`](Self::hop_duration) unless the cluster has one of its own. Everything that was asked of
/// it stands in [`calls`](Self::calls).
#[derive(Clone)]
pub struct InMemoryUpgrader {
    clock: Arc<dyn Clock>,
    fleet: Arc<Mutex<FleetInMemory>>,
}

#[derive(Debug)]
struct FleetInMemory {
    clusters: BTreeMap<ClusterName, ClusterInMemory>,
    hop_duration: HumanDuration,
    calls: Vec<Call>,
    observations: u64,
}

#[derive(Debug)]
struct ClusterInMemory {
    version: KubernetesVersion,
    /// What its control plane was told, where its workers lag.
    lead: Option<KubernetesVersion>,
    rolling: Option<Rolling>,
    hop_duration: Option<HumanDuration>,
    writer: Option<String>,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Rolling {
    to: KubernetesVersion,
    started: Timestamp,
}

/// An order that the upgrader was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: ClusterName,
    /// The version.
    pub to: KubernetesVersion,
    /// Whether it changed anything: false when the cluster wanted that version already, and when the order failed.
    pub took_effect: bool,
}

/// What goes wrong with a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Its rollout never ends.
    Stuck,
    /// Its rollout gives up at once, with this reason.
    RolloutFails(String),
    /// It refuses every order, with this reason.
    Refuses(String),
    /// The next orders, this many, fail and change nothing.
    LosesOrders(u32),
    /// The next orders, this many, are taken, but the answer is lost.
    LosesAnswers(u32),
    /// It does not answer in this time.
    Unreachable {
        /// From here on.
        from: Timestamp,
        /// Until before here.
        until: Timestamp,
    },
    /// It is degraded in this time.
    Degraded {
        /// From here on.
        from: Timestamp,
        /// Until before here.
        until: Timestamp,
    },
    /// It is deleted at this time.
    Vanishes(Timestamp),
    /// Someone sets its version at this time.
    ForeignWrite {
        /// When.
        at: Timestamp,
        /// The version.
        to: KubernetesVersion,
        /// Who.
        writer: String,
    },
}

impl InMemoryUpgrader {
    /// The fleet that a plan was made for: every cluster at the version the plan found it at, hops of an hour.
    pub fn for_plan(plan: &UpgradePlan, clock: impl Clock + 'static) -> Self {
        let to_upgrade = plan
            .clusters()
            .map(|cluster| (cluster.name.clone(), cluster.oldest().clone()));
        let at_target = plan
            .at_target()
            .map(|cluster| (cluster.name.clone(), cluster.version.clone()));
        let fleet = Self::new(to_upgrade.chain(at_target), clock);
        for planned in plan.clusters().filter(|planned| planned.workers.is_some()) {
            if let Some(cluster) = fleet.lock().find(planned.name.as_str()) {
                cluster.lead = Some(planned.from.clone());
            }
        }
        fleet
    }

    /// These clusters, at these versions; hops of an hour.
    pub fn new(
        clusters: impl IntoIterator<Item = (ClusterName, KubernetesVersion)>,
        clock: impl Clock + 'static,
    ) -> Self {
        let cluster = |version| ClusterInMemory {
            version,
            lead: None,
            rolling: None,
            hop_duration: None,
            writer: None,
            faults: Vec::new(),
        };
        let fleet = FleetInMemory {
            clusters: clusters
                .into_iter()
                .map(|(name, version)| (name, cluster(version)))
                .collect(),
            hop_duration: HumanDuration::hours(1),
            calls: Vec::new(),
            observations: 0,
        };
        Self {
            clock: Arc::new(clock),
            fleet: Arc::new(Mutex::new(fleet)),
        }
    }

    /// How long hops take, unless [`hop_duration_of`](Self::hop_duration_of) says otherwise.
    pub fn hop_duration(self, duration: HumanDuration) -> Self {
        self.lock().hop_duration = duration;
        self
    }

    /// How long hops of one cluster take. A name that is not in the fleet is passed over.
    pub fn hop_duration_of(self, cluster: &str, duration: HumanDuration) -> Self {
        if let Some(cluster) = self.lock().find(cluster) {
            cluster.hop_duration = Some(duration);
        }
        self
    }

    /// Adds a fault to a cluster, also while a run is under way. A name that is not in the fleet is passed over.
    pub fn inject(&self, cluster: &str, fault: Fault) {
        if let Some(cluster) = self.lock().find(cluster) {
            cluster.faults.push(fault);
        }
    }

    /// Takes all faults from a cluster.
    pub fn heal(&self, cluster: &str) {
        if let Some(cluster) = self.lock().find(cluster) {
            cluster.faults.clear();
        }
    }

    /// Every order so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many times a cluster was looked at.
    pub fn observations(&self) -> u64 {
        self.lock().observations
    }

    fn lock(&self) -> MutexGuard<'_, FleetInMemory> {
        // The fleet of a panicking test is of no use to anyone, but it is not broken either.
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for InMemoryUpgrader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryUpgrader")
            .field("fleet", &self.fleet)
            .finish_non_exhaustive()
    }
}

impl FleetInMemory {
    fn find(&mut self, name: &str) -> Option<&mut ClusterInMemory> {
        self.clusters
            .iter_mut()
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, cluster)| cluster)
    }
}

impl ClusterInMemory {
    /// Lets time pass: rollouts end, others write.
    fn advance(&mut self, now: Timestamp, hop_duration: HumanDuration) {
        let stuck = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Stuck | Fault::RolloutFails(_)));
        if let Some(rolling) = &self.rolling
            && !stuck
            && now.duration_since(rolling.started) >= self.hop_duration.unwrap_or(hop_duration).as_signed()
        {
            self.version = rolling.to.clone();
            self.rolling = None;
        }
        let due = |fault: &Fault| matches!(fault, Fault::ForeignWrite { at, .. } if *at <= now);
        while let Some(index) = self.faults.iter().position(due) {
            if let Fault::ForeignWrite { at, to, writer } = self.faults.remove(index) {
                self.rolling = Some(Rolling { to, started: at });
                self.lead = None;
                self.writer = Some(writer);
            }
        }
    }

    fn desired(&self) -> &KubernetesVersion {
        self.rolling.as_ref().map_or(&self.version, |rolling| &rolling.to)
    }

    fn report(&self, now: Timestamp) -> ClusterReport {
        let failed = self.faults.iter().find_map(|fault| match fault {
            Fault::RolloutFails(reason) => Some(reason.clone()),
            _ => None,
        });
        let rollout = match (&self.rolling, failed) {
            (None, _) => Rollout::Settled,
            (Some(_), Some(reason)) => Rollout::Failed { reason },
            (Some(_), None) => Rollout::Rolling { updated: 0, total: 1 },
        };
        let degraded = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Degraded { from, until } if (*from..*until).contains(&now)));
        let health = if degraded {
            Health::Degraded {
                reason: "as the test says".to_owned(),
            }
        } else {
            Health::Healthy
        };
        ClusterReport {
            desired: self.desired().clone(),
            oldest: self.version.clone().min(self.desired().clone()),
            rollout,
            health,
            writer: self.writer.clone(),
            control_plane: self.lead.clone().map(|version| {
                Box::new(Told {
                    version,
                    writer: None,
                })
            }),
        }
    }

    fn refusal(&self) -> Option<String> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::Refuses(reason) => Some(reason.clone()),
            _ => None,
        })
    }

    /// Uses up one of a counted fault.
    fn spend(&mut self, counter: impl Fn(&mut Fault) -> Option<&mut u32>) -> bool {
        let left = self.faults.iter_mut().filter_map(counter).find(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

#[async_trait]
impl ClusterUpgrader for InMemoryUpgrader {
    async fn start(&self, cluster: &ClusterName, to: &KubernetesVersion) -> Result<(), UpgraderError> {
        let now = self.clock.now();
        let mut fleet = self.lock();
        let hop_duration = fleet.hop_duration;
        let mut call = Call {
            at: now,
            cluster: cluster.clone(),
            to: to.clone(),
            took_effect: false,
        };
        let answer = match fleet.clusters.get_mut(cluster) {
            Some(found) => found.reachable(cluster, now).and_then(|()| {
                found.advance(now, hop_duration);
                if let Some(reason) = found.refusal() {
                    return Err(UpgraderError::Refused {
                        cluster: cluster.clone(),
                        reason,
                    });
                }
                if found.spend(|fault| match fault {
                    Fault::LosesOrders(left) => Some(left),
                    _ => None,
                }) {
                    return Err(unavailable(cluster));
                }
                call.took_effect = found.desired() != to;
                if call.took_effect {
                    found.rolling = Some(Rolling {
                        to: to.clone(),
                        started: now,
                    });
                    found.writer = None;
                    found.lead = None;
                }
                let lost = found.spend(|fault| match fault {
                    Fault::LosesAnswers(left) => Some(left),
                    _ => None,
                });
                if lost { Err(unavailable(cluster)) } else { Ok(()) }
            }),
            None => Err(UpgraderError::NotFound {
                cluster: cluster.clone(),
            }),
        };
        fleet.calls.push(call);
        answer
    }

    async fn observe(&self, cluster: &ClusterName) -> Result<ClusterReport, UpgraderError> {
        let now = self.clock.now();
        let mut fleet = self.lock();
        fleet.observations += 1;
        let hop_duration = fleet.hop_duration;
        let found = fleet
            .clusters
            .get_mut(cluster)
            .ok_or_else(|| UpgraderError::NotFound {
                cluster: cluster.clone(),
            })?;
        found.reachable(cluster, now)?;
        found.advance(now, hop_duration);
        Ok(found.report(now))
    }
}

impl ClusterInMemory {
    fn reachable(&self, name: &ClusterName, now: Timestamp) -> Result<(), UpgraderError> {
        for fault in &self.faults {
            match fault {
                Fault::Vanishes(at) if *at <= now => {
                    return Err(UpgraderError::NotFound {
                        cluster: name.clone(),
                    });
                }
                Fault::Unreachable { from, until } if (*from..*until).contains(&now) => {
                    return Err(unavailable(name));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn unavailable(cluster: &ClusterName) -> UpgraderError {
    UpgraderError::Unavailable {
        cluster: cluster.clone(),
        source: "as the test says".into(),
    }
}
