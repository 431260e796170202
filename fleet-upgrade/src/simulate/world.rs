//! One rehearsal: a world that the kernel looks at and acts on, from event to event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fleet_core::KubernetesVersion;
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::Odds;
use super::odds::Defect;
use crate::UpgradePlan;
use crate::kernel::{
    ClusterId, ClusterObservation, ClusterReport, Command, Counts, Fact, Health, HopOrder, LiveRun, Outcome,
    PlanDigest, Rollout, RunSettings, Told,
};

/// How one rehearsal ended.
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) finish: Timestamp,
    pub(super) failed: u32,
    /// How many clusters a defect had harmed; none where the odds have none.
    pub(super) harmed: Option<u32>,
}

/// The run as every rehearsal finds it: it has begun, and nothing has happened.
pub(super) fn begun(plan: &UpgradePlan) -> LiveRun<&UpgradePlan> {
    // Nothing happens in these worlds without an event, so that evidence does not age.
    let settings = RunSettings {
        evidence_max_age: SignedDuration::from_hours(24 * 365 * 1_000),
        poll: SignedDuration::from_hours(24 * 365),
        ..RunSettings::default()
    };
    let mut run = LiveRun::new(plan);
    let begins = Fact::RunStarted {
        // Nobody takes this run up with another plan.
        plan: PlanDigest::of_bytes(&[]),
        settings,
    };
    run.record(plan.created(), begins);
    run
}

pub(super) struct World<'p> {
    begun: &'p LiveRun<&'p UpgradePlan>,
    odds: &'p Odds,
    random: ChaCha8Rng,
    now: Timestamp,
    live: LiveRun<&'p UpgradePlan>,
    clusters: Vec<Cluster>,
    /// When a hop ends or a defect shows, earliest first.
    events: BinaryHeap<Reverse<(Timestamp, u32)>>,
    defect: Option<&'p Defect>,
}

struct Cluster {
    version: KubernetesVersion,
    /// What its control plane was told, where its workers lag.
    lead: Option<KubernetesVersion>,
    estimate: SignedDuration,
    rolling: Option<Rolling>,
    /// When it shows that the new version harms it.
    shows: Option<Timestamp>,
    harmed: bool,
}

struct Rolling {
    to: KubernetesVersion,
    /// None: never.
    ends: Option<Timestamp>,
}

impl<'p> World<'p> {
    pub(super) fn new(begun: &'p LiveRun<&'p UpgradePlan>, odds: &'p Odds, seed: u64, number: u64) -> Self {
        let plan = begun.plan();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Runs of one seed are independent of each other and of their number.
        random.set_stream(number);
        let cluster = |version: &KubernetesVersion, estimate| Cluster {
            version: version.clone(),
            lead: None,
            estimate,
            rolling: None,
            shows: None,
            harmed: false,
        };
        let clusters = plan.stages().iter().flat_map(|stage| {
            let to_upgrade = stage.clusters.iter().map(|planned| Cluster {
                lead: planned.workers.as_ref().map(|_| planned.from.clone()),
                ..cluster(planned.oldest(), planned.hop_estimate.as_signed())
            });
            let at_target = stage
                .witnesses()
                .iter()
                .map(|planned| cluster(&planned.version, SignedDuration::ZERO));
            to_upgrade.chain(at_target)
        });
        Self {
            clusters: clusters.collect(),
            begun,
            odds,
            random,
            now: plan.created(),
            live: begun.clone(),
            events: BinaryHeap::new(),
            defect: None,
        }
    }

    /// Runs to the end, and, where the odds have a defect, a second time with it.
    pub(super) fn run(mut self) -> Ending {
        let (seed, number) = (self.random.get_seed(), self.random.get_stream());
        self.go();
        let harmed = self.odds.defect.as_ref().map(|defect| {
            let mut bad = World::new(self.begun, self.odds, 0, number);
            bad.random = ChaCha8Rng::from_seed(seed);
            bad.random.set_stream(number | SECOND_WORLD);
            bad.defect = Some(defect);
            bad.go();
            u32::try_from(bad.clusters.iter().filter(|cluster| cluster.harmed).count()).unwrap_or(u32::MAX)
        });
        let run = self.live.state();
        let (finish, outcome) = run.ended().unwrap_or((self.now, &Outcome::Cancelled));
        Ending {
            outcome: outcome.clone(),
            finish,
            failed: Counts::of(run).failed,
            harmed,
        }
    }

    fn go(&mut self) {
        loop {
            self.look();
            let mut until = None;
            let mut busy = false;
            for command in self.live.decide(self.now) {
                match command {
                    Command::Record(fact) => {
                        self.record(fact);
                        busy = true;
                    }
                    Command::StartHop(order) => {
                        self.start(&order);
                        busy = true;
                    }
                    Command::RepeatStart(order) => self.start(&order),
                    Command::WaitUntil { until: at, .. } => until = at,
                    Command::Remedy { .. } => {}
                    Command::Finish(_) => return,
                }
            }
            if !busy && !self.pass(until) {
                return;
            }
        }
    }

    fn record(&mut self, fact: Fact) {
        self.live.record(self.now, fact);
    }

    fn look(&mut self) {
        for id in self.live.evidence_due(self.now) {
            self.look_at(id);
        }
    }

    fn look_at(&mut self, id: ClusterId) {
        let Some(cluster) = self.clusters.get(id.index()) else {
            return;
        };
        let (desired, rollout) = match &cluster.rolling {
            Some(rolling) => (&rolling.to, Rollout::Rolling { updated: 0, total: 1 }),
            None => (&cluster.version, Rollout::Settled),
        };
        let sick = cluster.shows.is_some_and(|shows| shows <= self.now);
        let health = if sick {
            Health::Degraded {
                reason: "the version harms it".to_owned(),
            }
        } else {
            Health::Healthy
        };
        let report = ClusterReport {
            desired: desired.clone(),
            oldest: cluster.version.clone(),
            rollout,
            health,
            writer: None,
            control_plane: cluster
                .lead
                .clone()
                .filter(|_| cluster.rolling.is_none())
                .map(|version| {
                    Box::new(Told {
                        version,
                        writer: None,
                    })
                }),
        };
        let seen = ClusterObservation::present(self.now, report);
        self.live.observe(id, seen);
    }

    fn start(&mut self, order: &HopOrder) {
        self.record(Fact::HopStarted {
            cluster: order.cluster,
            hop: order.hop,
            readiness: order.readiness.clone(),
        });
        let fails = self.random.random::<f64>() < self.odds.hop_fails;
        let factor = (self.odds.duration_spread * normal(&mut self.random)).exp();
        let Some(cluster) = self.clusters.get_mut(order.cluster.index()) else {
            return;
        };
        let takes = (cluster.estimate.as_secs_f64() * factor).clamp(1.0, LONGEST);
        let ends = (!fails)
            .then(|| SignedDuration::from_secs(whole(takes)))
            .and_then(|takes| self.now.checked_add(takes).ok());
        if let Some(ends) = ends {
            self.events.push(Reverse((ends, order.cluster.0)));
        }
        cluster.rolling = Some(Rolling {
            to: order.to.clone(),
            ends,
        });
        self.record(Fact::HopAccepted {
            cluster: order.cluster,
            hop: order.hop,
        });
    }

    /// Lets time pass to the next event or to the kernel's alarm; false when neither comes.
    fn pass(&mut self, until: Option<Timestamp>) -> bool {
        let event = self.events.peek().map(|Reverse((at, _))| *at);
        let next = match (event, until) {
            (Some(event), Some(until)) => event.min(until),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return false,
        };
        self.now = self.now.max(next);
        while let Some(Reverse((at, number))) = self.events.peek().copied()
            && at <= self.now
        {
            self.events.pop();
            self.happen(number);
            // Evidence is pushed by what happens, not polled.
            self.look_at(ClusterId(number));
        }
        // An alarm is for what only a new look can tell: a soak that is earned, a hop that is overdue.
        if event.is_none_or(|event| event > self.now) {
            for id in self.live.ripe(self.now) {
                self.look_at(id);
            }
        }
        true
    }

    /// A hop ends, or a defect shows.
    fn happen(&mut self, number: u32) {
        let Some(cluster) = self.clusters.get_mut(number as usize) else {
            return;
        };
        if cluster
            .rolling
            .as_ref()
            .and_then(|rolling| rolling.ends)
            .is_none_or(|ends| ends > self.now)
        {
            return;
        }
        let Some(rolling) = cluster.rolling.take() else {
            return;
        };
        cluster.version = rolling.to;
        cluster.lead = None;
        let Some(defect) = self
            .defect
            .filter(|_| cluster.version == *self.live.plan().target())
        else {
            return;
        };
        let harmed = self.random.random::<f64>() < defect.share;
        let wait = -(1.0 - self.random.random::<f64>()).ln() * defect.shows_after.as_signed().as_secs_f64();
        if harmed {
            cluster.harmed = true;
            let shows = SignedDuration::from_secs(whole(wait.clamp(0.0, LONGEST)));
            cluster.shows = self.now.checked_add(shows).ok();
            if let Some(shows) = cluster.shows {
                self.events.push(Reverse((shows, number)));
            }
        }
    }
}

/// A draw from the standard normal distribution, by Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// Whole seconds: nobody plans by less.
#[allow(clippy::cast_possible_truncation)] // draws are clamped far below
fn whole(seconds: f64) -> i64 {
    seconds.round() as i64
}

/// Thirty years, in seconds: no draw is longer.
const LONGEST: f64 = 30.0 * 365.0 * 24.0 * 3600.0;

/// The bit that tells the second world's stream of chance from the first's.
const SECOND_WORLD: u64 = 1 << 63;
