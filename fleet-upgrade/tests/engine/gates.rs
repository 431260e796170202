//! Gates that the policy names.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fleet_core::{ClusterName, Fleet, FleetCluster, HumanDuration};
use fleet_upgrade::engine::{Engine, EngineError};
use fleet_upgrade::kernel::Outcome;
use fleet_upgrade::ports::{BoxError, GateLook, HealthGate, TokioClock, Verdict};
use fleet_upgrade::testing::{InMemoryRunStore, InMemoryUpgrader};
use fleet_upgrade::{
    FleetUpgrade, FleetUpgradeSpec, GateMoment, GateRule, PlanProblem, Stage, UpgradePlan, plan,
};

use crate::fleet::start;

/// Fails clusters at one moment of their upgrade.
struct FailsWhen(fn(&GateLook) -> bool);

#[async_trait]
impl HealthGate for FailsWhen {
    async fn check(&self, _: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        let reason = "slow".to_owned();
        Ok(if self.0(look) {
            Verdict::Fail { reason }
        } else {
            Verdict::Pass
        })
    }
}

/// Passes everything, and sees it.
struct Sees<F>(F);

#[async_trait]
impl<F: Fn(&ClusterName, &GateLook) + Send + Sync> HealthGate for Sees<F> {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        self.0(cluster, look);
        Ok(Verdict::Pass)
    }
}

fn policy(gates: &[GateRule]) -> FleetUpgrade {
    let stage = Stage::new("all").soak(HumanDuration::hours(2));
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap()).stage(stage);
    FleetUpgrade::new(
        "to-1-31",
        gates.iter().cloned().fold(spec, FleetUpgradeSpec::gate),
    )
}

fn planned(gates: &[GateRule]) -> UpgradePlan {
    plan(&policy(gates), &fleet(), start()).unwrap()
}

fn fleet() -> Fleet {
    let cluster = |name: &str| FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap());
    Fleet::new(["a", "b"].map(cluster)).unwrap()
}

/// How a run ends whose gate `slo` fails clusters then, and how many clusters were started.
async fn ends(rule: GateRule, fails: fn(&GateLook) -> bool) -> (Outcome, usize) {
    let plan = planned(&[rule]);
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let engine = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .named_gate("slo", FailsWhen(fails))
        .clock(clock);
    let report = engine.start().outcome().await.unwrap();
    (report.outcome.unwrap(), clusters.calls().len())
}

#[tokio::test(start_paused = true)]
async fn a_gate_keeps_clusters_from_starting_and_stops_after_their_upgrade() {
    let before: fn(&GateLook) -> bool = |look| look.started.is_none();
    let after: fn(&GateLook) -> bool = |look| look.upgraded.is_some();
    let (outcome, started) = ends(GateRule::new("slo"), before).await;
    assert!(
        matches!(outcome, Outcome::Stopped { .. }) && started == 0,
        "{outcome}"
    );
    // The look that shows the first one done lets the second one start; the one after it fails the first.
    let (outcome, started) = ends(GateRule::new("slo"), after).await;
    assert!(
        matches!(outcome, Outcome::Stopped { .. }) && started == 2,
        "{outcome}"
    );
    // Who is asked after the upgrade says nothing before it, and the other way round.
    let (outcome, started) = ends(GateRule::new("slo").when(GateMoment::After), before).await;
    assert!(outcome == Outcome::Completed && started == 2, "{outcome}");
    let (outcome, started) = ends(GateRule::new("slo").when(GateMoment::Before), after).await;
    assert!(outcome == Outcome::Completed && started == 2, "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_knows_which_clusters_are_upgraded_and_which_have_not_begun() {
    let names = |clusters: Vec<ClusterName>| clusters.iter().map(ToString::to_string).collect::<String>();
    let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let book = Arc::clone(&seen);
    let gate = Sees(move |_: &ClusterName, look: &GateLook| {
        let cohorts = (
            names(look.cohorts.upgraded(look.now)),
            names(look.cohorts.control(look.now)),
        );
        book.lock().unwrap().push(cohorts);
    });
    let plan = planned(&[]);
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let engine = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters)
        .gate(gate)
        .clock(clock);
    engine.start().outcome().await.unwrap();
    let mut seen = seen.lock().unwrap().clone();
    seen.dedup();
    let expected = [("", "ab"), ("", "b"), ("a", "b"), ("a", ""), ("ab", "")]
        .map(|(upgraded, control)| (upgraded.into(), control.into()));
    assert_eq!(*seen, expected);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_the_engine_does_not_have_is_refused_before_anything_starts() {
    let plan = planned(&[GateRule::new("slo")]);
    let clock = TokioClock::starting_at(start());
    let clusters = InMemoryUpgrader::for_plan(&plan, clock);
    let run = Engine::new(plan, InMemoryRunStore::new())
        .upgrader(clusters.clone())
        .named_gate("slow", FailsWhen(|_| false))
        .clock(clock)
        .start();
    let error = run.outcome().await.unwrap_err();
    assert!(
        matches!(&error, EngineError::MissingGate { gate, .. } if gate == "slo"),
        "{error:?}"
    );
    assert!(error.to_string().contains("only slow"), "{error}");
    assert!(clusters.calls().is_empty());
}

#[test]
fn a_gate_has_a_name_of_its_own() {
    for (gates, expected) in [
        (
            [GateRule::new("slo"), GateRule::new("slo").when(GateMoment::After)],
            "spec.gates[1].name: gate `slo` is named twice",
        ),
        (
            [GateRule::new("slo"), GateRule::new(" ")],
            "spec.gates[1].name: found an empty name",
        ),
    ] {
        let error = plan(&policy(&gates), &fleet(), start()).unwrap_err();
        let problem = &error.problems()[0];
        assert!(matches!(
            problem,
            PlanProblem::DuplicateGate { .. } | PlanProblem::UnnamedGate { .. }
        ));
        assert!(problem.to_string().starts_with(expected), "{problem}");
    }
}
