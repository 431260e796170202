//! The guide's scenario: twenty clusters in three weeks, an SLO burn on the second production day, and how the run goes on.

use async_trait::async_trait;
use fleet_core::{ClusterName, Fleet, FleetCluster, Labels};
use fleet_upgrade::engine::Engine;
use fleet_upgrade::kernel::{ApprovalPoint, ClusterState, Fact, Outcome, RunSettings};
use fleet_upgrade::ports::{BoxError, Clock, GateLook, HealthGate, NoticeKind, TokioClock, Verdict};
use fleet_upgrade::slo::{Reading, Requests, Slo, SloVerdict};
use fleet_upgrade::testing::{
    InMemoryApprovals, InMemoryNotifier, InMemoryRemediator, InMemoryRunStore, InMemoryUpgrader,
};
use fleet_upgrade::{FleetUpgrade, Remedy, plan};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::fleet::at;

const POLICY: &str = "
apiVersion: fleet-sdk.dev/v1alpha1
kind: FleetUpgrade
metadata: {name: to-1.31}
spec:
  target: v1.31.4
  calendar:
    timeZone: Europe/Berlin
    windows: [{days: Mon-Fri, start: '09:00', duration: 8h}]
  stages:
  - {name: staging, selector: env=staging, maxConcurrent: 2, soak: 2d}
  - {name: canary, pick: {count: 1}, soak: 5d}
  - {name: production, maxConcurrent: 3, maxPerDay: 3}
  onFailure:
    remedies: [shiftTraffic, replace]
    goOn: {by: [sre-lead]}
";

/// An SLO gate over a world in which one cluster starts to fail half of its requests at some moment.
struct Burning {
    slo: Slo,
    cluster: ClusterName,
    from: Timestamp,
}

#[async_trait]
impl HealthGate for Burning {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        let burns = *cluster == self.cluster;
        let verdict = self
            .slo
            .judge(look.upgraded.unwrap_or(Timestamp::MIN), look.now, |window| {
                // A hundred requests a second; what failed of them failed since the burn began.
                let total = window.length().as_secs_f64() * 100.0;
                let burning = window
                    .to
                    .duration_since(self.from.max(window.from))
                    .as_secs_f64()
                    .max(0.0);
                let errors = if burns { burning * 50.0 } else { 0.0 };
                Reading::Requests(Requests::new(errors, total))
            });
        Ok(match verdict {
            SloVerdict::Pass => Verdict::Pass,
            SloVerdict::Fail(burn) => Verdict::Fail {
                reason: burn.to_string(),
            },
            SloVerdict::Inconclusive(_) => Verdict::Inconclusive,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_slo_burn_on_the_second_production_day_stops_the_fleet_and_the_run_goes_on_after_an_approval() {
    let monday = at("2026-03-02T08:00:00Z");
    let cluster = |name: String, env: &str| {
        FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs([("env", env)]).unwrap())
    };
    let staging = (0..4).map(|number| cluster(format!("staging-{number}"), "staging"));
    let production = (0..16).map(|number| cluster(format!("prod-{number:02}"), "production"));
    let fleet = Fleet::new(staging.chain(production)).unwrap();
    let policy = FleetUpgrade::from_yaml(POLICY, "to-1.31.yaml").unwrap();
    let plan = plan(&policy, &fleet, monday).unwrap();
    // The plan of the guide: week 1 staging, week 2 the canary, from week 3 on three a day.
    assert_eq!(
        plan.stages()[1].start,
        at("2026-03-04T08:40:00Z"),
        "Wednesday, after two days of soak"
    );
    let first_day = plan.stages()[2].start;
    assert_eq!(plan.stages()[2].clusters.len(), 15);

    // The first of the second production day burns from two hours after its upgrade.
    let burned = &plan.stages()[2].clusters[3];
    assert_ne!(burned.start.duration_since(first_day).as_hours(), 0);
    let from = burned.end + 2.hours();
    let gate = Burning {
        slo: Slo::new("99.9%".parse().unwrap(), "30d".parse().unwrap()).unwrap(),
        cluster: burned.name.clone(),
        from,
    };
    let settings = RunSettings {
        evidence_max_age: SignedDuration::from_mins(15),
        unwell_limit: SignedDuration::from_mins(30),
        ..RunSettings::default()
    };
    let clock = TokioClock::starting_at(monday);
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let (approvals, notifier, remediator) = (
        InMemoryApprovals::new(),
        InMemoryNotifier::new(),
        InMemoryRemediator::taking(3),
    );
    let store = InMemoryRunStore::new();
    let run = Engine::new(plan.clone(), store.clone())
        .upgrader(clusters.clone())
        .gate(gate)
        .approvals(approvals.clone())
        .notifier(notifier.clone())
        .remediator(remediator.clone())
        .settings(settings)
        .clock(clock)
        .start();
    clock.sleep_until(from + 30.hours()).await;

    // Nothing has started since the burn could be seen: the gate's short window is five minutes, and it is read every five.
    let noticed = from + 10.minutes();
    let late: Vec<_> = clusters
        .calls()
        .into_iter()
        .filter(|call| call.at > noticed)
        .collect();
    assert!(late.is_empty(), "{late:?}");
    let told = |kind: NoticeKind| {
        notifier
            .told()
            .into_iter()
            .find(|notice| notice.kind == kind)
            .unwrap()
    };
    let unwell = told(NoticeKind::ClusterUnwell);
    assert_eq!(unwell.cluster.as_ref(), Some(&burned.name));
    assert!(
        unwell.at <= noticed,
        "the burn of {from} was noticed {}",
        unwell.at
    );
    assert!(
        unwell.text.contains("times too fast"),
        "the gate's evidence: {}",
        unwell.text
    );
    // The burned cluster is held, its traffic shifted and the cluster replaced, in this order; nothing is downgraded.
    let failed = told(NoticeKind::ClusterFailed);
    assert!(failed.at <= noticed + 31.minutes());
    let done = [
        (burned.name.clone(), Remedy::ShiftTraffic),
        (burned.name.clone(), Remedy::Replace),
    ];
    assert_eq!(remediator.done(), done);
    let target = plan.target().clone();
    assert!(clusters.calls().iter().all(|call| call.to == target));
    assert!(
        told(NoticeKind::ApprovalWanted)
            .text
            .contains("until somebody lets the run go on")
    );

    // A stranger's word counts for nothing, nor does one from before.
    approvals.give("production", ApprovalPoint::GoOn, "somebody", clock.now());
    approvals.give("production", ApprovalPoint::GoOn, "sre-lead", from);
    let before = clusters.calls().len();
    clock.sleep_until(clock.now() + 24.hours()).await;
    assert_eq!(clusters.calls().len(), before);
    approvals.give("production", ApprovalPoint::GoOn, "sre-lead", clock.now());
    let report = run.outcome().await.unwrap();
    assert_eq!(report.outcome, Some(Outcome::Completed));
    for (name, cluster) in &report.clusters {
        if *name == burned.name {
            assert!(matches!(cluster.state, ClusterState::Failed { .. }));
        } else {
            assert_eq!(cluster.state, ClusterState::Upgraded, "{name}");
        }
    }
    let events = store.events("to-1.31");
    let halts = events
        .iter()
        .filter(|event| matches!(event.fact, Fact::Halted { .. }))
        .count();
    assert_eq!(halts, 1);
    println!(
        "burn {from}, noticed {}, failed {}, run ended {}",
        unwell.at,
        failed.at,
        report.finished.unwrap()
    );
}
