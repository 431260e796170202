//! What the policy asks for before a start: pre-flight checks, backups, approvals; and who is told.

use async_trait::async_trait;
use fleet_core::{Fleet, FleetCluster, HumanDuration};
use fleet_upgrade::engine::{Engine, EngineError};
use fleet_upgrade::kernel::{
    Approval, ApprovalPoint, BackupVerdict, ClusterState, Event, Fact, FailureCause, Outcome,
    PreflightVerdict, Readiness,
};
use fleet_upgrade::ports::{BoxError, Clock, MockPreflight, Notice, NoticeKind, Notifier, TokioClock};
use fleet_upgrade::testing::{
    InMemoryApprovals, InMemoryBackups, InMemoryNotifier, InMemoryPreflight, InMemoryRunStore,
    InMemoryUpgrader,
};
use fleet_upgrade::{
    ApprovalRule, BackupRequirement, FailureBudget, FleetUpgrade, FleetUpgradeSpec, Stage, StageApproval,
    UpgradePlan, plan,
};
use jiff::ToSpan;

use crate::fleet::start;

/// Clusters `a`, `b` and `c`, one after the other, and what the policy asks for.
fn three(change: impl FnOnce(FleetUpgradeSpec) -> FleetUpgradeSpec) -> UpgradePlan {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap()).stage(Stage::new("all"));
    plan_of(change(spec))
}

fn plan_of(spec: FleetUpgradeSpec) -> UpgradePlan {
    let cluster = |name: &str| FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap());
    let fleet = Fleet::new(["a", "b", "c"].map(cluster)).unwrap();
    plan(&FleetUpgrade::new("to-1-31", spec), &fleet, start()).unwrap()
}

/// The clusters in the order of their starts, with what each start rested on.
fn starts(events: &[Event]) -> Vec<(u32, Option<Readiness>)> {
    let start = |event: &Event| match &event.fact {
        Fact::HopStarted {
            cluster, readiness, ..
        } => Some((cluster.0, readiness.clone())),
        _ => None,
    };
    events.iter().filter_map(start).collect()
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_blocking_findings_waits_and_lets_the_others_by() {
    let plan = three(FleetUpgradeSpec::require_preflight);
    let clock = TokioClock::starting_at(start());
    let preflight = InMemoryPreflight::new();
    let reason = "FlowSchema flowcontrol.apiserver.k8s.io/v1beta2 is gone".to_owned();
    preflight.set("a", PreflightVerdict::Blocked { reason, findings: 2 });
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan.clone(), store.clone())
        .upgrader(InMemoryUpgrader::for_plan(&plan, clock))
        .preflight(preflight.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 10.hours()).await;
    let order: Vec<_> = starts(&store.events("to-1-31"))
        .iter()
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(order, [1, 2], "b and c start, a does not");
    preflight.clear("a");
    let report = run.outcome().await.unwrap();
    assert!(report.is_success());
    for (cluster, readiness) in starts(&store.events("to-1-31")) {
        let preflight = readiness.and_then(|readiness| readiness.preflight);
        assert_eq!(
            preflight,
            Some(PreflightVerdict::Clear { warnings: 0 }),
            "of {cluster}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn i7_a_cluster_without_a_verified_backup_never_starts_and_the_run_ends() {
    let plan = three(|spec| {
        spec.backup(BackupRequirement::within(HumanDuration::hours(24)))
            .failure_budget(FailureBudget::Clusters(2.try_into().unwrap()))
    });
    let clock = TokioClock::starting_at(start());
    let backups = InMemoryBackups::new();
    backups.add("a", "a-nightly", start() - 1.hours());
    backups.add("b", "b-weekly", start() - 30.hours());
    backups.set("c", BackupVerdict::InProgress { backup: "c-1".into() });
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let store = InMemoryRunStore::new();
    let report = Engine::new(plan, store.clone())
        .upgrader(clusters.clone())
        .backup(backups)
        .clock(clock)
        .start()
        .outcome()
        .await
        .unwrap();
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(
        clusters.calls().len(),
        1,
        "only the cluster with a backup was started"
    );
    let evidence = starts(&store.events("to-1-31"))
        .remove(0)
        .1
        .unwrap()
        .backup
        .unwrap();
    assert!(matches!(evidence, BackupVerdict::Verified { backup, .. } if backup == "a-nightly"));
    for (cluster, told) in [("b", "b-weekly"), ("c", "is being made")] {
        let ClusterState::Failed { cause } = &report.clusters[cluster].state else {
            panic!("{cluster}: {:?}", report.clusters[cluster].state)
        };
        assert!(matches!(cause, FailureCause::Unwell { .. }), "{cause}");
        assert!(cause.to_string().contains(told), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_is_being_made_is_waited_for() {
    let plan = three(|spec| spec.backup(BackupRequirement::within(HumanDuration::hours(24))));
    let clock = TokioClock::starting_at(start());
    let backups = InMemoryBackups::new();
    for cluster in ["a", "b", "c"] {
        backups.set(
            cluster,
            BackupVerdict::InProgress {
                backup: "first".into(),
            },
        );
    }
    let run = Engine::new(plan.clone(), InMemoryRunStore::new())
        .upgrader(InMemoryUpgrader::for_plan(&plan, clock))
        .backup(backups.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 2.hours()).await;
    for cluster in ["a", "b", "c"] {
        backups.add(cluster, "first", start() + 2.hours());
    }
    let report = run.outcome().await.unwrap();
    assert!(report.is_success());
    let waited = report.clusters["a"]
        .started
        .unwrap()
        .duration_since(start() + 2.hours());
    assert!(
        waited <= jiff::SignedDuration::from_mins(1),
        "seen after {waited:#}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_or_hangs_lets_nothing_start() {
    let plan = three(FleetUpgradeSpec::require_preflight);
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let mut preflight = MockPreflight::new();
    preflight
        .expect_check()
        .returning(|_, _| Err("the API server is away".into()));
    let report = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .preflight(preflight)
        .clock(clock)
        .start()
        .outcome()
        .await
        .unwrap();
    assert!(matches!(report.outcome, Some(Outcome::Stopped { .. })));
    assert!(clusters.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_anybody_to_ask_does_not_begin() {
    let stage = Stage::new("all").approval(StageApproval::before(ApprovalRule::anyone()));
    let plans = [
        three(FleetUpgradeSpec::require_preflight),
        three(|spec| spec.backup(BackupRequirement::within(HumanDuration::hours(1)))),
        plan_of(FleetUpgradeSpec::new("v1.31.4".parse().unwrap()).stage(stage)),
    ];
    for plan in plans {
        let clock = TokioClock::starting_at(start());
        let clusters = InMemoryUpgrader::for_plan(&plan, clock);
        let store = InMemoryRunStore::new();
        let run = Engine::new(plan, store.clone())
            .upgrader(clusters)
            .clock(clock)
            .start();
        let error = run.outcome().await.unwrap_err();
        assert!(matches!(error, EngineError::MissingPort { .. }), "{error}");
        assert!(store.events("to-1-31").is_empty());
    }
}

/// One stage of `a`, which two people may approve, and one of the rest.
fn approved_by_the_team() -> UpgradePlan {
    let team = || ApprovalRule::by(["alice", "bob"]).valid_for(HumanDuration::days(2));
    let mut canary = StageApproval::before(team());
    canary.after = Some(team());
    plan_of(
        FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
            .stage(
                Stage::new("canary")
                    .pick(fleet_upgrade::Pick::one())
                    .soak(HumanDuration::hours(3))
                    .approval(canary),
            )
            .stage(Stage::new("rest")),
    )
}

#[tokio::test(start_paused = true)]
async fn a_stage_waits_for_the_approval_of_one_who_may_give_it() {
    let plan = approved_by_the_team();
    let clock = TokioClock::starting_at(start());
    let (approvals, notifier) = (InMemoryApprovals::new(), InMemoryNotifier::new());
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan.clone(), store.clone())
        .upgrader(InMemoryUpgrader::for_plan(&plan, clock))
        .approvals(approvals.clone())
        .notifier(notifier.clone())
        .clock(clock)
        .start();
    let (before, after) = (ApprovalPoint::BeforeStage, ApprovalPoint::AfterStage);
    // Too old, of a stranger, of nobody, for another stage, at another point, expired, from the future.
    approvals.give("canary", before, "alice", start() - 49.hours());
    approvals.give("canary", before, "mallory", start());
    approvals.give("canary", before, "", start());
    approvals.give("rest", before, "alice", start());
    approvals.add(Approval {
        stage: "canary".into(),
        point: before,
        by: "bob".into(),
        at: start() - 2.hours(),
        expires: Some(start()),
    });
    approvals.give("canary", before, "bob", start() + 900.hours());
    clock.sleep_until(start() + 20.hours()).await;
    assert!(
        starts(&store.events("to-1-31")).is_empty(),
        "nobody who may has approved"
    );
    // After the stage, in advance: counts when it is asked for.
    approvals.give("canary", after, "alice", start() + 20.hours());
    approvals.give("canary", before, "alice", start() + 20.hours());
    let report = run.outcome().await.unwrap();
    assert!(report.is_success());
    let who: Vec<_> = store
        .events("to-1-31")
        .into_iter()
        .filter_map(|event| match event.fact {
            Fact::Approved { point, by, .. } => Some((point, by)),
            _ => None,
        })
        .collect();
    assert_eq!(who, [(before, "alice".to_owned()), (after, "alice".to_owned())]);
    let kinds: Vec<_> = notifier.told().iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds[..2], [NoticeKind::RunStarted, NoticeKind::ApprovalWanted]);
    assert_eq!(kinds.last(), Some(&NoticeKind::RunEnded));
    let upgraded = kinds.iter().filter(|kind| **kind == NoticeKind::ClusterUpgraded);
    assert_eq!(upgraded.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_soaked_waits_for_its_approval_and_is_watched_meanwhile() {
    let plan = approved_by_the_team();
    let clock = TokioClock::starting_at(start());
    let approvals = InMemoryApprovals::new();
    approvals.give("canary", ApprovalPoint::BeforeStage, "bob", start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    // Long after the soak was earned, and before anybody has approved.
    let (from, until) = (start() + 10.hours(), start() + 11.hours());
    clusters.inject("a", fleet_upgrade::testing::Fault::Degraded { from, until });
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan, store.clone())
        .upgrader(clusters)
        .approvals(approvals.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 10.hours() + 45.minutes()).await;
    approvals.give("canary", ApprovalPoint::AfterStage, "bob", clock.now());
    let report = run.outcome().await.unwrap();
    assert!(report.is_success());
    let next = report.clusters["b"].started.unwrap();
    assert!(
        next >= until + 3.hours(),
        "the soak was broken, and earned again: {next}"
    );
}

/// A notifier that never comes to an end, or fails.
struct Useless {
    hangs: bool,
}

#[async_trait]
impl Notifier for Useless {
    async fn notify(&self, _: &Notice) -> Result<(), BoxError> {
        if self.hangs {
            futures::future::pending::<()>().await;
        }
        Err("nobody listens".into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_useless_notifier_does_not_hold_the_run_up() {
    for hangs in [true, false] {
        let plan = three(|spec| spec);
        let clock = TokioClock::starting_at(start());
        let report = Engine::new(plan.clone(), InMemoryRunStore::new())
            .upgrader(InMemoryUpgrader::for_plan(&plan, clock))
            .notifier(Useless { hangs })
            .clock(clock)
            .start()
            .outcome()
            .await
            .unwrap();
        assert!(report.is_success());
    }
}
