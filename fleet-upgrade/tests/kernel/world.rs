//! A small world, a small engine that drives the kernel in it, and a watchman who checks every start by what he has
//! seen himself.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use fleet_core::{Fleet, FleetCluster, HumanDuration, KubernetesVersion, Labels, skew};
use fleet_upgrade::kernel::{
    ApprovalPoint, BackupVerdict, Blocker, ClusterId, ClusterObservation, ClusterReport, ClusterState,
    Command, Event, Fact, Health, HopOrder, LiveRun, Observation, Rollout, Roster, RunReport, RunSettings,
    RunState, Told, audit, begin, decide, evidence_due, readiness_needs,
};
use fleet_upgrade::kernel::{PreflightVerdict, Readiness};
use fleet_upgrade::{FailureBudget, FleetUpgrade, FleetUpgradeSpec, PlannedStage, Stage, UpgradePlan, plan};
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
    /// Somebody else has changed it.
    pub written: bool,
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
    fn desired(&self) -> &KubernetesVersion {
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
            self.written = true;
        }
        let half = |mishap: &Mishap| matches!(mishap, Mishap::HalfWritten(at) if *at <= now);
        if let Some(index) = self.mishaps.iter().position(half) {
            self.mishaps.remove(index);
            self.control_plane = KubernetesVersion::new(1, 39, 0);
            self.written = true;
        }
        let early = |mishap: &Mishap| matches!(mishap, Mishap::UpgradedByOthers(at) if *at <= now);
        if let Some(index) = self.mishaps.iter().position(early) {
            self.mishaps.remove(index);
            if self.version != self.target {
                self.control_plane = self.target.clone();
                self.rolling = Some((self.target.clone(), now));
            }
        }
    }

    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.mishaps
            .iter()
            .any(|mishap| matches!(mishap, Mishap::Vanishes(at) if *at <= now))
    }

    fn look(&mut self, now: Timestamp) -> ClusterObservation {
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
    fn order(&mut self, to: &KubernetesVersion, now: Timestamp) -> bool {
        self.pass(now);
        let answer = self.look(now);
        if !matches!(answer.sight, fleet_upgrade::kernel::Sight::Present(_)) {
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
            if self.written && !is_legal {
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

/// When the process dies, in relation to a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    BeforeAct,
    AfterAct,
}

/// What a person orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    Pause,
    Resume,
    Cancel,
}

/// One run under way.
#[derive(Debug, Clone)]
pub struct Driver<'p> {
    pub plan: &'p UpgradePlan,
    pub roster: &'p Roster,
    pub now: Timestamp,
    pub live: LiveRun<&'p UpgradePlan>,
    pub log: Vec<Event>,
    pub world: Vec<ClusterInWorld>,
    /// At how many more starts the process lives, and how it dies then.
    pub crashes: Vec<(u32, Crash)>,
    pub wishes: Vec<(Timestamp, Wish)>,
    pub starts: Vec<(Timestamp, ClusterId, u32)>,
    pub pauses: Vec<(Timestamp, Option<Timestamp>)>,
    pub steps: u32,
    /// What leaps of the clock may have added to what a soak has earned.
    pub leapt: SignedDuration,
    pub waits: Vec<Blocker>,
}

/// Where a run is after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    Busy,
    Waiting(Option<Timestamp>),
    Over,
}

impl<'p> Driver<'p> {
    pub fn new(plan: &'p UpgradePlan, roster: &'p Roster, now: Timestamp, settings: RunSettings) -> Self {
        let to_upgrade = |stage: &'p PlannedStage| {
            stage
                .clusters
                .iter()
                .map(|cluster| (cluster.oldest(), &cluster.from))
        };
        let at_target = |stage: &'p PlannedStage| {
            let clusters = stage.at_target.iter().filter(|_| !stage.at_target_left_out);
            clusters.map(|cluster| (&cluster.version, &cluster.version))
        };
        let world = plan
            .stages()
            .iter()
            .flat_map(|stage| to_upgrade(stage).chain(at_target(stage)))
            .map(|(version, control_plane)| ClusterInWorld {
                version: version.clone(),
                control_plane: control_plane.clone(),
                target: plan.target().clone(),
                written: false,
                rolling: None,
                hop: minutes(40),
                mishaps: Vec::new(),
                orders: BTreeMap::new(),
            })
            .collect();
        let mut driver = Self {
            plan,
            roster,
            now,
            live: LiveRun::new(plan),
            log: Vec::new(),
            world,
            crashes: Vec::new(),
            wishes: Vec::new(),
            starts: Vec::new(),
            pauses: Vec::new(),
            steps: 0,
            leapt: SignedDuration::ZERO,
            waits: Vec::new(),
        };
        let Command::Record(first) = begin(plan, settings) else {
            panic!("a run begins with a fact")
        };
        driver.record(first);
        driver
    }

    pub fn id(&self, name: &str) -> ClusterId {
        self.roster.id(name).unwrap()
    }

    pub fn cluster(&mut self, name: &str) -> &mut ClusterInWorld {
        let id = self.id(name);
        &mut self.world[id.index()]
    }

    pub fn started(&self, name: &str) -> Option<Timestamp> {
        let id = self.id(name);
        self.starts
            .iter()
            .find(|(_, cluster, _)| *cluster == id)
            .map(|(at, ..)| *at)
    }

    pub fn record(&mut self, fact: Fact) {
        match fact {
            Fact::Paused if self.live.state().paused_since().is_none() => self.pauses.push((self.now, None)),
            Fact::Resumed if self.live.state().paused_since().is_some() => {
                self.pauses.last_mut().unwrap().1 = Some(self.now);
            }
            _ => {}
        }
        let event = self.live.record(self.now, fact);
        self.log.push(event);
    }

    /// The process dies, and another takes the run up from the log.
    pub fn restart(&mut self) {
        self.live = LiveRun::resume(self.plan, RunState::replay(self.plan, &self.log));
        if self.live.state().ended().is_none() {
            self.record(Fact::RunTakenUp);
        }
    }

    /// The clock is ahead for a few steps, and then it is right again.
    pub fn leap(&mut self, ahead: SignedDuration) {
        let right = self.now;
        self.now += ahead;
        // Nobody can tell a leap from a look that came late.
        self.leapt += ahead.min(self.live.state().settings().evidence_max_age);
        for _ in 0..4 {
            if self.step() == Stand::Over {
                break;
            }
        }
        self.now = right;
        for cluster in &mut self.world {
            if let Some((_, since)) = &mut cluster.rolling {
                *since = right.min(*since);
            }
        }
        for (from, to) in &mut self.pauses {
            *from = right.min(*from);
            if let Some(to) = to {
                *to = right.min(*to);
            }
        }
    }

    pub fn look(&mut self) {
        let due = evidence_due(self.plan, self.live.state(), self.live.seen(), self.now);
        assert_eq!(
            self.live.evidence_due(self.now),
            due,
            "the index misses a cluster to look at"
        );
        for id in due {
            let mut seen = self.world[id.index()].look(self.now);
            if readiness_needs(self.plan, self.live.state(), id).is_some() {
                seen = seen.with_readiness(self.readiness(id));
            }
            self.live.observe(id, seen);
        }
    }

    /// Every third cluster has no backup until some time after the start, and findings for a while.
    fn readiness(&self, id: ClusterId) -> Readiness {
        let begun = self.live.state().started_at().unwrap_or(self.now);
        let since = self.now.duration_since(begun);
        let late = id.0.is_multiple_of(3);
        let backup = if late && since < SignedDuration::from_hours(5) {
            BackupVerdict::Missing {
                reason: "none yet".into(),
            }
        } else {
            BackupVerdict::Verified {
                backup: "nightly".into(),
                completed: self.now - SignedDuration::from_mins(30),
            }
        };
        let preflight = if id.0 % 4 == 1 && since < SignedDuration::from_hours(3) {
            PreflightVerdict::Incomplete {
                reason: "no answer".into(),
            }
        } else {
            PreflightVerdict::Clear { warnings: 0 }
        };
        Readiness {
            preflight: Some(preflight),
            backup: Some(backup),
        }
    }

    /// Knows this of the clusters and nothing else.
    pub fn know(&mut self, seen: Observation) {
        self.live = LiveRun::with_evidence(self.plan, self.live.state().clone(), seen);
    }

    pub fn commands(&self) -> Vec<Command> {
        decide(self.plan, self.live.state(), self.live.seen(), self.now)
    }

    /// Looks, decides and acts once. Time stands still.
    pub fn step(&mut self) -> Stand {
        self.steps += 1;
        assert!(
            self.steps < 60_000,
            "I10: the run does not end; it waits for {:?}",
            self.waits.last()
        );
        while let Some(index) = self.wishes.iter().position(|(at, _)| *at <= self.now) {
            let fact = match self.wishes.remove(index).1 {
                Wish::Pause => Fact::Paused,
                Wish::Resume => Fact::Resumed,
                Wish::Cancel => Fact::Cancelled,
            };
            self.record(fact);
        }
        self.look();
        let commands = self.commands();
        assert_eq!(commands, self.commands(), "one decision, two answers");
        assert_eq!(
            self.live.decide(self.now),
            commands,
            "the index hides something from a decision"
        );
        assert!(!commands.is_empty(), "a decision without a command");
        let mut wait = None;
        let mut busy = false;
        for command in commands {
            match command {
                Command::Record(fact) => {
                    self.record(fact);
                    busy = true;
                }
                Command::StartHop(order) => {
                    busy = true;
                    self.check(&order);
                    audit(self.plan, self.live.state(), self.live.seen(), self.now, &order)
                        .expect("the audit agrees");
                    self.record(Fact::HopStarted {
                        readiness: order.readiness.clone(),
                        cluster: order.cluster,
                        hop: order.hop,
                    });
                    self.starts.push((self.now, order.cluster, order.hop));
                    if let Some(crash) = self.crash() {
                        if crash == Crash::AfterAct {
                            self.world[order.cluster.index()].order(&order.to, self.now);
                        }
                        self.restart();
                        return Stand::Busy;
                    }
                    self.give(&order);
                }
                Command::RepeatStart(order) => {
                    assert!(
                        self.live.state().paused_since().is_none(),
                        "I8: repeated while paused"
                    );
                    assert!(
                        self.plan.calendar().is_open(self.now),
                        "I2: repeated while closed"
                    );
                    busy |= self.give(&order);
                }
                Command::WaitUntil { until, on } => {
                    assert!(until.is_none_or(|until| until > self.now), "waits for the past");
                    self.waits.push(on);
                    wait = Some(until);
                }
                Command::Finish(_) => return Stand::Over,
                _ => unreachable!(),
            }
        }
        match wait {
            Some(until) if !busy => Stand::Waiting(until),
            _ => Stand::Busy,
        }
    }

    /// Lets time pass to the next instant that matters; false when there is none.
    pub fn pass(&mut self, until: Option<Timestamp>) -> bool {
        let wish = self.wishes.iter().map(|(at, _)| *at).min();
        let next = match (until, wish) {
            (Some(until), Some(wish)) => until.min(wish),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return false,
        };
        self.now = next.max(self.now);
        true
    }

    /// Runs to the end.
    pub fn finish(&mut self) -> RunReport {
        loop {
            match self.step() {
                Stand::Busy => {}
                Stand::Waiting(until) => {
                    assert!(self.pass(until), "I10: dead-lock on {:?}", self.waits.last());
                }
                Stand::Over => return self.verify(),
            }
        }
    }

    /// Runs to a moment.
    pub fn until(&mut self, end: Timestamp) {
        loop {
            match self.step() {
                Stand::Busy => {}
                Stand::Over => return,
                Stand::Waiting(until) => {
                    if until.is_none_or(|until| until > end) && self.wishes.iter().all(|(at, _)| *at > end) {
                        self.now = end;
                        return;
                    }
                    self.pass(until);
                }
            }
        }
    }

    fn crash(&mut self) -> Option<Crash> {
        let (left, crash) = self.crashes.first_mut()?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let crash = *crash;
        self.crashes.remove(0);
        Some(crash)
    }

    fn give(&mut self, order: &HopOrder) -> bool {
        let taken = self.world[order.cluster.index()].order(&order.to, self.now);
        if taken {
            self.record(Fact::HopAccepted {
                cluster: order.cluster,
                hop: order.hop,
            });
        }
        taken
    }

    /// The watchman's book: what the log says of each cluster, read without the kernel's fold.
    fn book(&self) -> Book {
        let mut book = Book::default();
        for event in &self.log {
            match &event.fact {
                Fact::HopStarted { cluster, hop, .. } => {
                    book.flying.insert(*cluster);
                    if *hop == 0 {
                        book.began.insert(*cluster, event.at);
                    }
                }
                Fact::HopWithdrawn { cluster, hop: 0 } => {
                    book.flying.remove(cluster);
                    book.began.remove(cluster);
                }
                Fact::HopDone { cluster, hop } => {
                    let stage = self.plan.stages().iter().flat_map(|stage| &stage.clusters);
                    let name = self.roster.name(*cluster).unwrap();
                    let hops = stage
                        .filter(|planned| planned.name == *name)
                        .map(|planned| planned.hops.len());
                    if hops.sum::<usize>() == *hop as usize + 1 {
                        book.flying.remove(cluster);
                        book.upgraded.insert(*cluster, event.at);
                    }
                }
                Fact::ClusterFailed { cluster, .. } | Fact::ClusterHeld { cluster, .. } => {
                    book.flying.remove(cluster);
                    book.upgraded.remove(cluster);
                    book.bad.insert(*cluster);
                }
                Fact::ClusterAdopted { cluster } => {
                    book.flying.insert(*cluster);
                    book.began.entry(*cluster).or_insert(event.at);
                }
                Fact::ClusterGone { cluster } => {
                    book.flying.remove(cluster);
                    book.upgraded.remove(cluster);
                    book.gone.insert(*cluster);
                }
                Fact::Stopping { .. } | Fact::Cancelled => book.stopping = true,
                Fact::ClockSetBack => {
                    let times = book.began.values_mut().chain(book.upgraded.values_mut());
                    times.for_each(|at| *at = event.at.min(*at));
                }
                Fact::Approved {
                    point: ApprovalPoint::GoOn,
                    ..
                } => book.forgiven = book.bad.len(),
                _ => {}
            }
        }
        book
    }

    /// Checks a start against the invariants, by the book and the world, not by the kernel's state.
    fn check(&self, order: &HopOrder) {
        let book = self.book();
        let stage_of = |id: ClusterId| self.live.state().stage_of(id).unwrap().index();
        let stage = stage_of(order.cluster);
        let limits = &self.plan.stages()[stage];
        // I1
        for index in 0..self.world.len() {
            let id = ClusterId(u32::try_from(index).unwrap());
            let at_target = self
                .plan
                .at_target()
                .any(|cluster| Some(&cluster.name) == self.roster.name(id));
            let ended = at_target
                || book.upgraded.contains_key(&id)
                || book.bad.contains(&id)
                || book.gone.contains(&id);
            assert!(
                stage_of(id) >= stage || ended,
                "I1: {id} of an earlier stage has not ended"
            );
        }
        if let Some(before) = stage.checked_sub(1) {
            let ends = book
                .upgraded
                .iter()
                .filter(|(id, _)| stage_of(**id) == before)
                .map(|(_, at)| *at);
            if let Some(last) = ends.max() {
                let mut soaked = self.now.duration_since(last) + self.leapt;
                for (from, to) in &self.pauses {
                    let (from, to) = ((*from).max(last), to.unwrap_or(self.now));
                    soaked -= to.duration_since(from).max(SignedDuration::ZERO);
                }
                let required = self.plan.stages()[before].soak.as_signed();
                assert!(
                    soaked >= required,
                    "I1, I8: stage {before} has soaked {soaked} of {required}"
                );
            }
        }
        // I2
        let planned = self
            .plan
            .cluster(self.roster.name(order.cluster).unwrap().as_str())
            .unwrap();
        assert!(
            self.plan.calendar().is_open(self.now) && self.plan.calendar_of(planned).is_open(self.now),
            "I2: closed at {}",
            self.now
        );
        // I6
        for share in planned.domains.iter().filter(|_| order.hop == 0) {
            let domain = &self.plan.domains()[share.domain as usize];
            let away = book
                .flying
                .iter()
                .chain(book.bad.iter().filter(|_| domain.counts_failed));
            let away: u64 = away
                .filter_map(|id| self.plan.cluster(self.roster.name(*id).unwrap().as_str()))
                .flat_map(|cluster| &cluster.domains)
                .filter(|other| other.domain == share.domain)
                .map(|other| other.weight)
                .sum();
            assert!(
                away + share.weight <= domain.limit,
                "I6: {away} of {} away",
                domain.name
            );
        }
        // I7
        if let Some(backup) = self.plan.backup() {
            let Some(BackupVerdict::Verified { completed, .. }) = self.readiness(order.cluster).backup else {
                panic!("I7: there is no backup")
            };
            assert!(
                self.now.duration_since(completed) <= backup.max_age.as_signed(),
                "I7: too old"
            );
            let recorded = order
                .readiness
                .as_ref()
                .and_then(|readiness| readiness.backup.as_ref());
            assert!(recorded.is_some(), "I7: without evidence");
        }
        if order.hop == 0 {
            let flying = book.flying.iter().filter(|id| stage_of(**id) == stage).count();
            assert!(
                flying < limits.max_concurrent.get() as usize,
                "I2: {flying} under way already"
            );
            if let Some(cap) = limits.max_per_day {
                let zone = self.plan.calendar().time_zone().clone();
                let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
                let today = book.began.iter().filter(|(id, _)| stage_of(**id) == stage);
                let today = today.filter(|(_, at)| day(**at) == day(self.now)).count();
                assert!(
                    today < cap.get() as usize,
                    "I2: {today} started already on {}",
                    day(self.now)
                );
            }
        }
        // I3
        let unreachable = self.plan.unreachable_budget().map_or(0, FailureBudget::allowed);
        let tolerated = self.plan.failure_budget().allowed() + unreachable;
        assert!(!book.stopping, "I3: starts although it stops");
        let counted = book.bad.len() - book.forgiven;
        assert!(counted <= tolerated as usize, "I3: over budget");
        // I4, bugs 7 and 13
        let max_age = self.live.state().settings().evidence_max_age;
        for id in book.upgraded.keys().chain([&order.cluster]) {
            let seen = self.live.seen().get(*id).expect("I4: no evidence");
            assert!(
                self.now.duration_since(seen.seen_at) <= max_age,
                "I4: stale evidence"
            );
            let fleet_upgrade::kernel::Sight::Present(report) = &seen.sight else {
                panic!("I4: no answer")
            };
            assert_eq!(report.health, Health::Healthy, "I4: {id} is not well");
        }
        // I8
        assert!(
            self.pauses.last().is_none_or(|(_, to)| to.is_some()),
            "I8: starts while paused"
        );
        // I11
        assert!(
            !book.bad.contains(&order.cluster) && !book.gone.contains(&order.cluster),
            "I11: starts a held cluster"
        );
    }

    /// What must hold at the end.
    pub fn verify(&self) -> RunReport {
        let report = RunReport::of(self.plan, self.live.state());
        for (name, cluster) in &report.clusters {
            let terminal = !matches!(
                cluster.state,
                ClusterState::Pending | ClusterState::Running { .. } | ClusterState::BetweenHops { .. }
            );
            assert!(terminal, "I9: {name} ends as {:?}", cluster.state);
            assert!(cluster.started.is_some() || cluster.state != ClusterState::Upgraded);
            let id = self.id(name.as_str());
            let upgraded = cluster.state == ClusterState::Upgraded;
            assert_eq!(self.live.state().upgraded(id).is_some(), upgraded, "{name}");
        }
        for cluster in &self.world {
            assert!(
                cluster.orders.values().all(|count| *count == 1),
                "something was ordered twice: {cluster:?}"
            );
        }
        assert_eq!(self.live.state().len(), self.log.len() as u64);
        // I12
        assert_eq!(
            &RunState::replay(self.plan, &self.log),
            self.live.state(),
            "I12: replay"
        );
        let mut jumbled: Vec<_> = self.log.iter().rev().chain(&self.log).cloned().collect();
        jumbled.rotate_left(self.log.len() / 3);
        assert_eq!(
            &RunState::replay(self.plan, &jumbled),
            self.live.state(),
            "I12: duplicated and reordered"
        );
        let stored = serde_json::to_string(self.live.state()).unwrap();
        assert_eq!(
            &serde_json::from_str::<RunState>(&stored).unwrap(),
            self.live.state(),
            "I12: stored"
        );
        report
    }
}

#[derive(Debug, Default)]
struct Book {
    flying: BTreeSet<ClusterId>,
    began: BTreeMap<ClusterId, Timestamp>,
    upgraded: BTreeMap<ClusterId, Timestamp>,
    bad: BTreeSet<ClusterId>,
    /// Of the bad ones, how many somebody let the run go on after.
    forgiven: usize,
    gone: BTreeSet<ClusterId>,
    stopping: bool,
}
