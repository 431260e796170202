//! The watchman: checks every start and every end by what he has seen himself, not by the kernel's state.

use std::collections::{BTreeMap, BTreeSet};

use fleet_upgrade::FailureBudget;
use fleet_upgrade::kernel::{
    ApprovalPoint, BackupVerdict, ClusterId, ClusterState, Fact, FailureCause, Health, HopOrder, RunReport,
    RunState, Sight,
};
use jiff::{SignedDuration, Timestamp};

use super::Driver;

impl Driver<'_> {
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
    pub(super) fn check(&self, order: &HopOrder) {
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
            let Sight::Present(report) = &seen.sight else {
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
            self.check_remedies(id, &cluster.state);
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

    /// Whatever the policy says about failed clusters was done or given up for this one if it failed, each once, in order.
    fn check_remedies(&self, id: ClusterId, state: &ClusterState) {
        let done = self.log.iter().filter_map(|event| match &event.fact {
            Fact::RemedyDone { cluster, remedy } | Fact::RemedyFailed { cluster, remedy, .. } => {
                (*cluster == id).then_some(*remedy)
            }
            _ => None,
        });
        let is_asked = match state {
            ClusterState::Failed { cause } => *cause != FailureCause::Left,
            _ => false,
        };
        let due = self.plan.on_failure().remedies.iter().filter(|_| is_asked);
        assert_eq!(
            done.collect::<Vec<_>>(),
            due.copied().collect::<Vec<_>>(),
            "{id:?} {state:?}"
        );
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
