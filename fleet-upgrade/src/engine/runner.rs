//! The loop: look, decide, write down, act, wait.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use fleet_core::ClusterName;
use futures::future::{Either, select};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::handle::Order;
use super::notices::{self, Notices};
use super::progress::Feed;
use super::{Engine, EngineError, Limits, Ports, Progress, Step, WithUpgrader, asked_gates, check_ports};
use crate::kernel::{
    BackupVerdict, Blocker, ClusterId, ClusterObservation, Command, Counts, Fact, FailureCause, Health,
    HopOrder, LiveRun, PreflightVerdict, Readiness, ReadinessNeeds, Roster, RunReport, RunSettings, RunState,
    StageId, audit, begin, left, readiness_needs,
};
use crate::ports::{
    ClusterUpgrader, Cohorts, GateLook, RemedyError, RemedyProgress, RunStore, RunStoreError, UpgraderError,
    Verdict,
};
use crate::spec::Remedy;

/// How many times in a row the evidence is completed before a decision: looking takes time, in which more may fall due.
const LOOKS: usize = 3;

pub(super) struct Runner {
    name: String,
    roster: Roster,
    store: Arc<dyn RunStore>,
    upgrader: Arc<dyn ClusterUpgrader>,
    ports: Ports,
    notices: Notices,
    settings: RunSettings,
    limits: Limits,
    inbox: mpsc::Receiver<Order>,
    feed: Feed,
    live: LiveRun,
    /// What gates compare.
    cohorts: Cohorts,
    /// Orders that failed: how many times in a row, and when the next try is due.
    retries: BTreeMap<ClusterId, (u32, Timestamp)>,
    told: Option<Blocker>,
    /// When each failed cluster's remedy was last asked for.
    remedied: BTreeMap<ClusterId, Timestamp>,
    /// When the approvals were last asked for.
    asked: Option<Timestamp>,
}

impl Runner {
    pub(super) fn new(engine: Engine<WithUpgrader>, inbox: mpsc::Receiver<Order>, feed: Feed) -> Self {
        let Engine {
            name,
            plan,
            store,
            ports,
            settings,
            limits,
            upgrader: WithUpgrader(upgrader),
        } = engine;
        Self {
            roster: Roster::of(&plan),
            live: LiveRun::new(plan),
            cohorts: Cohorts::default(),
            retries: BTreeMap::new(),
            told: None,
            remedied: BTreeMap::new(),
            asked: None,
            notices: Notices::to(ports.notifier.clone()),
            name,
            store,
            upgrader,
            ports,
            settings,
            limits,
            inbox,
            feed,
        }
    }

    pub(super) async fn run(mut self) -> Result<RunReport, EngineError> {
        let result = self.drive().await;
        let calls = self.calls();
        calls.in_time(self.notices.close()).await;
        self.feed.close();
        match &result {
            Ok(report) => info!(run = %self.name, outcome = ?report.outcome, "the run is over"),
            Err(error) => {
                warn!(run = %self.name, %error, "the engine gives up; the run can be taken up again");
            }
        }
        result
    }

    async fn drive(&mut self) -> Result<RunReport, EngineError> {
        self.take_up().await?;
        loop {
            self.look().await;
            self.take_orders().await?;
            let now = self.ports.clock.now();
            let mut facts = Vec::new();
            let mut starts = Vec::new();
            let mut repeats = Vec::new();
            let mut remedies = Vec::new();
            let mut wait = None;
            for command in self.live.decide(now) {
                match command {
                    Command::Record(fact) => facts.push(fact),
                    Command::StartHop(order) => starts.push(order),
                    Command::RepeatStart(order) => repeats.push(order),
                    Command::Remedy { cluster, remedy } => remedies.push((cluster, remedy)),
                    Command::WaitUntil { until, on } => wait = Some((until, on)),
                    Command::Finish(_) => return Ok(RunReport::of(self.live.plan(), self.live.state())),
                }
            }
            if !facts.is_empty() {
                self.record(now, facts).await?;
            } else if !starts.is_empty() {
                self.start(now, starts).await?;
            } else if !self.repeat(now, repeats).await?
                && !self.remedy(now, remedies).await?
                && let Some((until, on)) = wait
            {
                self.wait(now, until, on).await?;
            }
        }
    }

    /// Begins the run, or takes it up where it was left.
    async fn take_up(&mut self) -> Result<(), EngineError> {
        check_ports(self.live.plan(), &self.ports)?;
        self.ports.gate = Arc::new(asked_gates(self.live.plan(), &self.ports)?);
        for (setting, value) in [
            ("evidence_max_age", self.settings.evidence_max_age),
            ("poll", self.settings.poll),
            ("unwell_limit", self.settings.unwell_limit),
        ] {
            if !value.is_positive() {
                return Err(EngineError::Settings { setting });
            }
        }
        match self.persist(|| self.store.load(&self.name)).await? {
            None => {
                self.persist(|| self.store.create(&self.name, self.live.plan()))
                    .await?;
            }
            Some(stored) if stored.plan == *self.live.plan() => {
                let state = RunState::replay(&stored.plan, &stored.events);
                self.live = LiveRun::resume(stored.plan, state);
            }
            Some(_) => {
                return Err(EngineError::PlanChanged {
                    run: self.name.clone(),
                });
            }
        }
        if let Some(missing) = self.live.state().gap() {
            return Err(EngineError::LogBroken {
                run: self.name.clone(),
                missing,
            });
        }
        self.refill_cohorts();
        let first = begin(self.live.plan(), self.settings.clone());
        if let (Command::Record(Fact::RunStarted { plan, .. }), Some(known)) =
            (&first, self.live.state().plan_digest())
            && *plan != known
        {
            return Err(EngineError::PlanChanged {
                run: self.name.clone(),
            });
        }
        let now = self.ports.clock.now();
        if self.live.state().started_at().is_none() {
            if let Command::Record(fact) = first {
                self.record(now, vec![fact]).await?;
            }
        } else if self.live.state().ended().is_none() {
            let entries = self.live.state().len();
            self.tell(now, None, None, Step::TakenUp { entries });
            self.record(now, vec![Fact::RunTakenUp]).await?;
        }
        Ok(())
    }

    /// Completes the evidence. A cluster that does not answer is evidence too.
    async fn look(&mut self) {
        self.ask_approvals().await;
        for _ in 0..LOOKS {
            let due = self.live.evidence_due(self.ports.clock.now());
            if due.is_empty() {
                return;
            }
            let calls = self.calls();
            let (plan, state) = (self.live.plan(), self.live.state());
            let looks = due.into_iter().filter_map(|id| {
                let name = self.roster.name(id)?.clone();
                let calls = calls.clone();
                let needs = readiness_needs(plan, state, id);
                let look = GateLook {
                    started: state.started(id),
                    upgraded: state.upgraded(id),
                    cohorts: self.cohorts.clone(),
                    ..GateLook::at(Timestamp::MIN)
                };
                Some(async move { (id, calls.observe(&name, needs, look).await) })
            });
            let looks: Vec<_> = stream::iter(looks)
                .buffer_unordered(self.limits.calls_at_once.get())
                .collect()
                .await;
            for (id, sight) in looks {
                self.live.observe(id, sight);
            }
        }
    }

    /// Asks for approvals while the run waits for one, as often as it looks at a cluster that is being upgraded.
    async fn ask_approvals(&mut self) {
        let now = self.ports.clock.now();
        let Some(approvals) = self.ports.approvals.clone() else {
            return;
        };
        let poll = self.live.state().settings().poll;
        let too_soon = self
            .asked
            .is_some_and(|asked| asked <= now && now < later(asked, poll));
        if too_soon || self.live.approval_due(now).is_none() {
            return;
        }
        self.asked = Some(now);
        match self.calls().in_time(approvals.granted(&self.name)).await {
            Some(Ok(granted)) => self.live.set_approvals(granted),
            Some(Err(error)) => warn!(run = %self.name, %error, "the approvals could not be read"),
            None => warn!(run = %self.name, "the approvals were not told in time"),
        }
    }

    /// Takes in what was ordered meanwhile.
    async fn take_orders(&mut self) -> Result<(), EngineError> {
        while let Ok(order) = self.inbox.try_recv() {
            self.take(order).await?;
        }
        Ok(())
    }

    async fn take(&mut self, order: Order) -> Result<(), EngineError> {
        let needless = match order.fact {
            Fact::Paused => self.live.state().paused_since().is_some(),
            Fact::Resumed => self.live.state().paused_since().is_none(),
            _ => false,
        };
        if !needless {
            self.record(self.ports.clock.now(), vec![order.fact]).await?;
        }
        // Whoever gave the order may have stopped waiting for it.
        let _ = order.taken.send(());
        Ok(())
    }

    /// Tells gates anew what all clusters have come to.
    fn refill_cohorts(&self) {
        for (name, id) in self.roster.iter() {
            self.cohorts.set(name, self.live.state().times(id));
        }
    }

    /// Writes facts down, then takes them in.
    async fn record(&mut self, at: Timestamp, facts: Vec<Fact>) -> Result<(), EngineError> {
        let first = self.live.state().next_event(at, Fact::RunTakenUp).seq;
        let events: Vec<_> = (first..)
            .zip(facts)
            .map(|(seq, fact)| crate::kernel::Event { seq, at, fact })
            .collect();
        self.persist(|| self.store.append(&self.name, &events)).await?;
        for event in events {
            let (stage, cluster) = self.subject(&event.fact);
            self.notices.tell(|| {
                notices::of_fact(
                    &self.name,
                    at,
                    &event.fact,
                    self.live.state(),
                    stage.clone(),
                    cluster.clone(),
                )
            });
            self.live.apply(&event);
            match (&event.fact, event.fact.cluster(), &cluster) {
                (_, Some(id), Some(name)) => self.cohorts.set(name, self.live.state().times(id)),
                (Fact::ClockSetBack, ..) => {
                    self.refill_cohorts();
                    self.retries.clear();
                }
                _ => {}
            }
            debug!(run = %self.name, cluster = cluster.as_ref().map(ClusterName::as_str), fact = ?event.fact, "recorded");
            self.tell(at, stage, cluster, Step::Fact(event.fact));
        }
        Ok(())
    }

    /// Starts hops: checks each a second time, writes all down, then gives the orders.
    async fn start(&mut self, now: Timestamp, orders: Vec<HopOrder>) -> Result<(), EngineError> {
        let mut after = self.live.state().clone();
        let mut facts = Vec::new();
        for order in &orders {
            audit(self.live.plan(), &after, self.live.seen(), now, order).map_err(|source| {
                let cluster = self
                    .roster
                    .name(order.cluster)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                EngineError::Violation { cluster, source }
            })?;
            let fact = Fact::HopStarted {
                cluster: order.cluster,
                hop: order.hop,
                readiness: order.readiness.clone(),
            };
            after.apply(&after.next_event(now, fact.clone()));
            facts.push(fact);
        }
        self.record(now, facts).await?;
        self.give(orders).await
    }

    /// Gives orders again that failed, those whose next try is due. Says whether there were any.
    async fn repeat(&mut self, now: Timestamp, mut orders: Vec<HopOrder>) -> Result<bool, EngineError> {
        orders.retain(|order| {
            self.retries
                .get(&order.cluster)
                .is_none_or(|(_, due)| *due <= now)
        });
        let any = !orders.is_empty();
        if any {
            self.give(orders).await?;
        }
        Ok(any)
    }

    /// Asks for what is to be done about failed clusters, no more often than it looks at one. Says whether anything came to
    /// an end.
    async fn remedy(&mut self, now: Timestamp, due: Vec<(ClusterId, Remedy)>) -> Result<bool, EngineError> {
        let Some(remediator) = self.ports.remediator.clone() else {
            return Ok(false);
        };
        let poll = self.live.state().settings().poll;
        let mut facts = Vec::new();
        for (cluster, remedy) in due {
            let too_soon = self
                .remedied
                .get(&cluster)
                .is_some_and(|asked| *asked <= now && now < later(*asked, poll));
            let Some(name) = self.roster.name(cluster).filter(|_| !too_soon) else {
                continue;
            };
            self.remedied.insert(cluster, now);
            let answer = self.calls().in_time(remediator.remedy(name, remedy)).await;
            match answer {
                Some(Ok(RemedyProgress::Done)) => facts.push(Fact::RemedyDone { cluster, remedy }),
                Some(Err(RemedyError::Impossible { reason })) => {
                    facts.push(Fact::RemedyFailed {
                        cluster,
                        remedy,
                        reason,
                    });
                }
                Some(Ok(RemedyProgress::InProgress)) | None => {}
                Some(Err(error)) => {
                    warn!(cluster = %name, %remedy, %error, "the remedy failed; it is tried again");
                }
            }
        }
        for fact in &facts {
            // The next one is asked for at once.
            if let Some(cluster) = fact.cluster() {
                self.remedied.remove(&cluster);
            }
        }
        let any = !facts.is_empty();
        if any {
            self.record(self.ports.clock.now(), facts).await?;
        }
        Ok(any)
    }

    /// Gives the orders to the clusters, and writes down how they took them.
    async fn give(&mut self, orders: Vec<HopOrder>) -> Result<(), EngineError> {
        let to_ports = self.calls();
        let calls = orders.into_iter().filter_map(|order| {
            let name = self.roster.name(order.cluster)?.clone();
            let to_ports = to_ports.clone();
            Some(async move {
                let answer = to_ports.start(&name, &order).await;
                (order, answer)
            })
        });
        let answers: Vec<_> = stream::iter(calls)
            .buffer_unordered(self.limits.calls_at_once.get())
            .collect()
            .await;
        let now = self.ports.clock.now();
        let mut facts = Vec::new();
        for (
            HopOrder {
                cluster, hop, key, ..
            },
            answer,
        ) in answers
        {
            let fact = match answer {
                Ok(()) => Some(Fact::HopAccepted { cluster, hop }),
                Err(UpgraderError::NotFound { .. }) => Some(left(self.live.plan(), cluster)),
                Err(UpgraderError::Refused { reason, .. }) => Some(Fact::ClusterFailed {
                    cluster,
                    cause: FailureCause::Refused { reason },
                }),
                Err(error @ UpgraderError::Unavailable { .. }) => {
                    let (failed, _) = self.retries.get(&cluster).copied().unwrap_or_default();
                    let pause = self.live.state().settings().poll() * (1 << failed.min(4));
                    warn!(%key, %error, "the order failed; it is given again");
                    self.retries.insert(cluster, (failed + 1, later(now, pause)));
                    None
                }
            };
            if fact.is_some() {
                self.retries.remove(&cluster);
            }
            facts.extend(fact);
        }
        if facts.is_empty() {
            return Ok(());
        }
        self.record(now, facts).await
    }

    /// Waits until something may have changed.
    async fn wait(
        &mut self,
        now: Timestamp,
        until: Option<Timestamp>,
        on: Blocker,
    ) -> Result<(), EngineError> {
        let retry = self
            .retries
            .values()
            .map(|(_, due)| *due)
            .filter(|due| *due > now)
            .min();
        let until = match (until, retry) {
            (Some(until), Some(retry)) => Some(until.min(retry)),
            (until, retry) => until.or(retry),
        };
        let news = self
            .told
            .as_ref()
            .is_none_or(|told| std::mem::discriminant(told) != std::mem::discriminant(&on));
        if news {
            self.notices.tell(|| notices::of_wait(&self.name, now, &on));
            self.tell(
                now,
                None,
                None,
                Step::Waiting {
                    until,
                    on: on.clone(),
                },
            );
            self.told = Some(on);
        }
        let clock = Arc::clone(&self.ports.clock);
        let alarm = async move {
            match until {
                Some(until) => clock.sleep_until(until).await,
                None => futures::future::pending().await,
            }
        };
        let order = tokio::select! {
            () = alarm => None,
            order = self.inbox.recv() => order,
        };
        match order {
            Some(order) => self.take(order).await,
            None => Ok(()),
        }
    }

    /// Does something with the store, a bounded number of times.
    async fn persist<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, RunStoreError>>,
    {
        let mut pause = SignedDuration::from_millis(100);
        for _ in 1..self.limits.store_attempts {
            match attempt().await {
                Err(error @ RunStoreError::Unavailable { .. }) => {
                    warn!(run = %self.name, %error, "the store failed; trying again");
                    self.ports
                        .clock
                        .sleep_until(later(self.ports.clock.now(), pause))
                        .await;
                    pause = pause.saturating_mul(3);
                }
                answer => return Ok(answer?),
            }
        }
        Ok(attempt().await?)
    }

    fn calls(&self) -> Calls {
        Calls {
            upgrader: Arc::clone(&self.upgrader),
            ports: self.ports.clone(),
            timeout: self.limits.call_timeout,
        }
    }

    fn tell(&self, at: Timestamp, stage: Option<String>, cluster: Option<ClusterName>, step: Step) {
        self.feed.tell(&Progress {
            at,
            counts: Counts::of(self.live.state()),
            stage,
            cluster,
            step,
        });
    }

    /// The stage and the cluster that a fact is about.
    fn subject(&self, fact: &Fact) -> (Option<String>, Option<ClusterName>) {
        let cluster = fact.cluster();
        let stage = fact
            .stage()
            .or_else(|| cluster.and_then(|cluster| self.live.state().stage_of(cluster)));
        let stage_name = |stage: StageId| {
            self.live
                .plan()
                .stages()
                .get(stage.index())
                .map(|stage| stage.name.clone())
        };
        (
            stage.and_then(stage_name),
            cluster.and_then(|cluster| self.roster.name(cluster)).cloned(),
        )
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.feed.close();
    }
}

/// The ports that calls go to, each call with its time limit.
#[derive(Clone)]
struct Calls {
    upgrader: Arc<dyn ClusterUpgrader>,
    ports: Ports,
    timeout: SignedDuration,
}

impl Calls {
    async fn start(&self, cluster: &ClusterName, order: &HopOrder) -> Result<(), UpgraderError> {
        let timeout = || UpgraderError::Unavailable {
            cluster: cluster.clone(),
            source: "no answer in time".into(),
        };
        self.in_time(self.upgrader.start(cluster, &order.to))
            .await
            .unwrap_or_else(|| Err(timeout()))
    }

    async fn observe(
        &self,
        cluster: &ClusterName,
        needs: Option<ReadinessNeeds<'_>>,
        look: GateLook,
    ) -> ClusterObservation {
        // What is seen holds for the moment before the question at the least.
        let seen_at = self.ports.clock.now();
        let mut report = match self.in_time(self.upgrader.observe(cluster)).await {
            Some(Ok(report)) => report,
            Some(Err(UpgraderError::NotFound { .. })) => return ClusterObservation::gone(seen_at),
            Some(Err(error)) => {
                debug!(%cluster, %error, "no answer");
                return ClusterObservation::unreachable(seen_at);
            }
            None => return ClusterObservation::unreachable(seen_at),
        };
        let look = GateLook { now: seen_at, ..look };
        if report.health == Health::Healthy {
            report.health = match self.in_time(self.ports.gate.check(cluster, &look)).await {
                Some(Ok(Verdict::Pass)) => Health::Healthy,
                Some(Ok(Verdict::Fail { reason })) => Health::Degraded { reason },
                Some(Ok(Verdict::Inconclusive) | Err(_)) | None => Health::Unknown,
            };
        }
        let healthy = report.health == Health::Healthy;
        let seen = ClusterObservation::present(seen_at, report);
        match needs {
            // Whoever is not well does not start anyway.
            Some(needs) if healthy => seen.with_readiness(self.readiness(cluster, needs, seen_at).await),
            _ => seen,
        }
    }

    /// Whether a cluster may be started, as far as the policy asks.
    async fn readiness(&self, cluster: &ClusterName, needs: ReadinessNeeds<'_>, now: Timestamp) -> Readiness {
        let mut readiness = Readiness::default();
        if let (true, Some(preflight)) = (needs.preflight, &self.ports.preflight) {
            let incomplete = |reason| PreflightVerdict::Incomplete { reason };
            readiness.preflight = Some(match self.in_time(preflight.check(cluster, needs.to)).await {
                Some(Ok(verdict)) => verdict,
                Some(Err(error)) => incomplete(error.to_string()),
                None => incomplete("no answer in time".to_owned()),
            });
        }
        if let (Some(max_age), Some(backups)) = (needs.backup, &self.ports.backups) {
            let missing = |reason| BackupVerdict::Missing { reason };
            let not_before = now.checked_sub(max_age.as_signed()).unwrap_or(Timestamp::MIN);
            readiness.backup = Some(match self.in_time(backups.check(cluster, not_before)).await {
                Some(Ok(verdict)) => verdict,
                Some(Err(error)) => missing(error.to_string()),
                None => missing("no answer in time".to_owned()),
            });
        }
        readiness
    }

    async fn in_time<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let clock = &self.ports.clock;
        let alarm = clock.sleep_until(later(clock.now(), self.timeout));
        match select(std::pin::pin!(call), alarm).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    }
}

fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
