//! A small engine: looks, decides, acts, dies and is taken up again.

use std::collections::BTreeMap;

use fleet_upgrade::kernel::{
    BackupVerdict, Blocker, ClusterId, Command, Event, Fact, HopOrder, LiveRun, Observation,
    PreflightVerdict, Readiness, Roster, RunReport, RunSettings, RunState, approval_due, audit, begin,
    decide, evidence_due, readiness_needs,
};
use fleet_upgrade::{PlannedStage, Remedy, UpgradePlan};
use jiff::{SignedDuration, Timestamp};

use super::{ClusterInWorld, minutes};

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
    /// When each remedy was first asked for.
    pub asked: BTreeMap<(ClusterId, Remedy), Timestamp>,
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
                unseen: false,
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
            asked: BTreeMap::new(),
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
    pub(super) fn readiness(&self, id: ClusterId) -> Readiness {
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
        assert_eq!(
            self.live.approval_due(self.now),
            approval_due(self.plan, self.live.state(), self.now),
            "the index hides who is asked"
        );
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
                Command::Remedy { cluster, remedy } => busy |= self.remedy(cluster, remedy),
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

    /// Of every three clusters the first is helped at once and the second in half an hour; nobody can lead the third one's users
    /// away, and its successor never comes. Says whether the remedy has come to its end.
    fn remedy(&mut self, cluster: ClusterId, remedy: Remedy) -> bool {
        let asked = *self.asked.entry((cluster, remedy)).or_insert(self.now);
        let is_done = match cluster.0 % 3 {
            0 => true,
            1 => self.now.duration_since(asked) >= minutes(30),
            _ => false,
        };
        if is_done {
            self.record(Fact::RemedyDone { cluster, remedy });
            return true;
        }
        let is_impossible = cluster.0 % 3 == 2 && remedy == Remedy::ShiftTraffic;
        if is_impossible {
            let reason = "nowhere to go".to_owned();
            self.record(Fact::RemedyFailed {
                cluster,
                remedy,
                reason,
            });
        }
        is_impossible
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
}
