//! The bugs of other fleet upgraders that ours must not have.

use fleet_core::HumanDuration;
use fleet_upgrade::UpgradePlan;
use fleet_upgrade::kernel::{
    Blocker, ClusterState, Outcome, Roster, RunReport, RunSettings, StageId, StopReason, why,
};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::world::{Driver, Mishap, StageLike, Wish, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

fn forever() -> Timestamp {
    at("2030-01-01T00:00:00Z")
}

fn run(plan: &UpgradePlan, setup: impl FnOnce(&mut Driver<'_>)) -> (RunReport, Vec<(String, Timestamp)>) {
    let roster = Roster::of(plan);
    let mut driver = Driver::new(plan, &roster, at(MONDAY), RunSettings::default());
    setup(&mut driver);
    let report = driver.finish();
    let starts = driver
        .starts
        .iter()
        .map(|(at, id, _)| (roster.name(*id).unwrap().to_string(), *at))
        .collect();
    (report, starts)
}

fn two_stages(first: StageLike, failures: u32) -> UpgradePlan {
    a_plan(
        &[first, StageLike::of(3)],
        1,
        |spec| spec.failure_budget(budget(failures)),
        at(MONDAY),
    )
}

fn stopped_by_budget(report: &RunReport) -> bool {
    matches!(
        report.outcome,
        Some(Outcome::Stopped {
            reason: StopReason::FailureBudget { .. }
        })
    )
}

#[test]
fn bug_01_a_timed_out_cluster_within_the_budget_does_not_start_the_next_stage_while_another_is_under_way() {
    let plan = two_stages(StageLike::of(2).at_once(2), 1);
    let (report, starts) = run(&plan, |driver| {
        driver.cluster("s0-c0").mishaps.push(Mishap::Stuck);
        driver.cluster("s0-c1").hop = minutes(119);
    });
    assert_eq!(report.outcome, Some(Outcome::Completed));
    // The stuck one times out after 2 h. The slow one ends shortly before that; without it, the stage would be over.
    let last = report.clusters["s0-c0"]
        .ended
        .max(report.clusters["s0-c1"].ended)
        .unwrap();
    assert!(
        starts
            .iter()
            .filter(|(name, _)| name.starts_with("s1"))
            .all(|(_, at)| *at >= last)
    );
    assert!(matches!(
        report.clusters["s0-c0"].state,
        ClusterState::Failed { .. }
    ));
}

#[test]
fn bug_02_a_timed_out_cluster_within_the_budget_does_not_skip_the_soak() {
    let plan = two_stages(StageLike::of(2).at_once(2).soak(HumanDuration::days(5)), 1);
    let (report, starts) = run(&plan, |driver| {
        driver.cluster("s0-c0").mishaps.push(Mishap::Stuck);
    });
    let failed = report.clusters["s0-c0"].ended.unwrap();
    let next = starts.iter().find(|(name, _)| name.starts_with("s1")).unwrap().1;
    assert_eq!(next.duration_since(failed), SignedDuration::from_hours(120));
}

#[test]
fn bug_03_a_stage_that_times_out_as_a_whole_never_lets_production_start() {
    let plan = two_stages(StageLike::of(1), 3);
    let (report, starts) = run(&plan, |driver| {
        driver.cluster("s0-c0").mishaps.push(Mishap::Stuck);
    });
    assert_eq!(starts.len(), 1, "only the canary started");
    let reason = StopReason::StageProvedNothing { stage: StageId(0) };
    assert_eq!(report.outcome, Some(Outcome::Stopped { reason }));
    assert_eq!(report.clusters["s1-c0"].state, ClusterState::Skipped);
}

#[test]
fn bug_04_a_failure_that_is_known_stops_also_those_that_stand_before_it() {
    let plan = a_plan(&[StageLike::of(4).at_once(2)], 1, |spec| spec, at(MONDAY));
    let (report, starts) = run(&plan, |driver| {
        // The later name fails in the same look that shows the earlier one done, and a place free.
        driver.cluster("s0-c0").hop = minutes(1);
        driver.cluster("s0-c1").mishaps.push(Mishap::RolloutFails);
    });
    assert_eq!(starts.len(), 2);
    assert!(stopped_by_budget(&report));
}

#[test]
fn bug_05_a_budget_larger_than_the_fleet_tolerates_as_many_as_it_says() {
    let plan = a_plan(
        &[StageLike::of(4)],
        1,
        |spec| spec.failure_budget(budget(1_000)),
        at(MONDAY),
    );
    let (report, starts) = run(&plan, |driver| {
        for name in ["s0-c0", "s0-c1", "s0-c2"] {
            driver.cluster(name).mishaps.push(Mishap::RolloutFails);
        }
    });
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(starts.len(), 4);
    assert_eq!(report.clusters["s0-c3"].state, ClusterState::Upgraded);
}

#[test]
fn bug_05_a_soak_is_not_begun_anew_at_every_decision() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::hours(10)), 0);
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let mut begins = 0;
    for quarter in 0..50 {
        driver.until(at(MONDAY) + (15 * quarter).minutes());
    }
    begins += driver
        .log
        .iter()
        .filter(|event| matches!(event.fact, fleet_upgrade::kernel::Fact::SoakStarted { .. }))
        .count();
    assert_eq!(begins, 1);
    assert!(driver.started("s1-c0").is_some());
}

#[test]
fn bug_06_and_08_the_defaults_start_one_cluster_at_a_time() {
    let plan = a_plan(&[StageLike::of(10)], 1, |spec| spec, at(MONDAY));
    let (_, starts) = run(&plan, |_| {});
    for pair in starts.windows(2) {
        assert!(
            pair[1].1.duration_since(pair[0].1) >= minutes(40),
            "two at once: {pair:?}"
        );
    }
}

#[test]
fn bug_06_clusters_of_other_stages_count_in_no_stages_total() {
    // A step of ten canaries and a hundred others: a tenth of a stage is a tenth of that stage.
    let text = "
apiVersion: fleet-sdk.dev/v1alpha1
kind: FleetUpgrade
metadata: {name: up}
spec:
  target: v1.31.0
  stages:
  - {name: first, selector: env=canary, pick: {share: 10%}}
  - {name: canaries, selector: env=canary}
  - {name: rest}
";
    let policy = fleet_upgrade::FleetUpgrade::from_yaml(text, "up.yaml").unwrap();
    let cluster = |number: usize| {
        let env = if number < 10 { "canary" } else { "production" };
        fleet_core::FleetCluster::new(
            format!("c{number:03}").parse().unwrap(),
            "v1.30.4".parse().unwrap(),
        )
        .with_labels(fleet_core::Labels::from_pairs([("env", env)]).unwrap())
    };
    let fleet = fleet_core::Fleet::new((0..110).map(cluster)).unwrap();
    let plan = fleet_upgrade::plan(&policy, &fleet, at(MONDAY)).unwrap();
    assert_eq!(plan.stages()[0].clusters.len(), 1);
}

#[test]
fn bug_07_a_canary_that_degrades_after_its_soak_stops_production() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::hours(1)), 0);
    let degrades = at(MONDAY) + 2.hours();
    let (report, starts) = run(&plan, |driver| {
        driver
            .cluster("s0-c0")
            .mishaps
            .push(Mishap::Degraded(degrades, forever()));
    });
    assert!(
        starts.iter().any(|(name, _)| name == "s1-c0"),
        "the soak was over before"
    );
    assert!(starts.iter().all(|(_, at)| *at < degrades + minutes(30)));
    assert!(starts.len() < 4);
    assert!(stopped_by_budget(&report));
}

#[test]
fn bug_07_a_canary_that_degrades_in_its_soak_soaks_anew_after_it_recovered() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::hours(10)), 0);
    let recovers = at(MONDAY) + 9.hours();
    let (report, starts) = run(&plan, |driver| {
        driver
            .cluster("s0-c0")
            .mishaps
            .push(Mishap::Degraded(at(MONDAY) + 8.hours(), recovers));
    });
    assert!(report.is_success());
    let next = starts.iter().find(|(name, _)| name.starts_with("s1")).unwrap().1;
    assert!(next >= recovers + 10.hours());
}

#[test]
fn bug_09_a_cluster_that_never_started_is_told_with_its_reason() {
    let plan = two_stages(StageLike::of(1), 0);
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    let report = driver.finish();
    assert_eq!(report.unfinished().count(), 4, "every cluster is accounted for");
    let because = why(
        &plan,
        driver.live.state(),
        driver.live.seen(),
        driver.now,
        driver.id("s1-c2"),
    )
    .unwrap();
    assert!(
        because
            .to_string()
            .contains("1 failed, and the policy tolerates no failure"),
        "{because}"
    );
}

#[test]
fn bug_10_a_pause_keeps_the_soak_that_was_earned_and_adds_nothing() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::hours(10)), 0);
    let undisturbed = run(&plan, |_| {}).1[1].1;
    let (pause, resume) = (at(MONDAY) + 5.hours(), at(MONDAY) + 77.hours());
    let (report, later) = run(&plan, |driver| {
        driver.wishes = vec![(pause, Wish::Pause), (resume, Wish::Resume)];
    });
    assert!(report.is_success());
    assert_eq!(
        later[1].1.duration_since(undisturbed),
        SignedDuration::from_hours(72),
        "as much later as it was paused"
    );
}

#[test]
fn bug_11_a_cluster_that_leaves_does_not_abort_the_run() {
    let plan = a_plan(&[StageLike::of(3), StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let (report, _) = run(&plan, |driver| {
        driver.cluster("s0-c1").mishaps.push(Mishap::Vanishes(at(MONDAY)));
        driver
            .cluster("s1-c0")
            .mishaps
            .push(Mishap::Vanishes(at(MONDAY) + 130.minutes()));
    });
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(report.clusters["s0-c1"].state, ClusterState::Gone);
    assert_eq!(report.clusters["s1-c1"].state, ClusterState::Upgraded);
}

#[test]
fn bug_12_a_soak_is_never_forced_to_end() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::days(40)), 0);
    let (_, starts) = run(&plan, |_| {});
    assert!(starts[1].1.duration_since(starts[0].1) >= SignedDuration::from_hours(40 * 24));
}

#[test]
fn bug_13_no_data_is_no_success() {
    let plan = two_stages(StageLike::of(1).soak(HumanDuration::hours(10)), 0);
    let (from, until) = (at(MONDAY) + 2.hours(), at(MONDAY) + 20.hours());
    for mishap in [
        Mishap::NoData(from, until),
        Mishap::Unreachable(from, until),
        Mishap::Frozen(from, until),
    ] {
        let (report, starts) = run(&plan, |driver| driver.cluster("s0-c0").mishaps.push(mishap));
        assert!(report.is_success(), "{mishap:?}");
        // 40 to 120 minutes were earned before, and are kept; the blind hours earn nothing.
        let next = starts[1].1;
        assert!(
            next >= until + 10.hours() - 80.minutes() && next <= until + 10.hours(),
            "{mishap:?}: {next}"
        );
    }
}

#[test]
fn bug_14_a_cluster_too_many_minors_behind_is_refused_and_not_planned_as_nothing() {
    let text = "
apiVersion: fleet-sdk.dev/v1alpha1
kind: FleetUpgrade
metadata: {name: up}
spec: {target: v1.34.0, stages: [{name: all}]}
";
    let policy = fleet_upgrade::FleetUpgrade::from_yaml(text, "up.yaml").unwrap();
    let cluster = fleet_core::FleetCluster::new("old".parse().unwrap(), "v1.30.4".parse().unwrap());
    let fleet = fleet_core::Fleet::new([cluster]).unwrap();
    let error = fleet_upgrade::plan(&policy, &fleet, at(MONDAY)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("4 minor versions ahead of one cluster (old)"),
        "{error}"
    );
    // With a patch release pinned for each minor between, it goes through them all.
    let hops = text.replace(
        "target: v1.34.0,",
        "target: v1.34.0, hops: [v1.31.9, v1.32.4, v1.33.2],",
    );
    let policy = fleet_upgrade::FleetUpgrade::from_yaml(&hops, "up.yaml").unwrap();
    let plan = fleet_upgrade::plan(&policy, &fleet, at(MONDAY)).unwrap();
    assert_eq!(plan.clusters().next().unwrap().hops.len(), 4);
}

#[test]
fn bug_14_workers_minors_behind_are_upgraded_also_where_the_control_plane_is_at_the_target() {
    let lagging = StageLike {
        workers_lag: true,
        at_target: 1,
        ..StageLike::of(0)
    };
    let plan = a_plan(&[lagging], 1, |spec| spec, at(MONDAY));
    assert_eq!(plan.at_target().count(), 0);
    let (report, starts) = run(&plan, |_| {});
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(starts.len(), 1, "one hop: the workers");
    // Four minors behind, they catch up before the control plane goes on.
    let lagging = StageLike {
        workers_lag: true,
        ..StageLike::of(1)
    };
    let plan = a_plan(&[lagging], 1, |spec| spec, at(MONDAY));
    let hops: Vec<String> = plan
        .clusters()
        .next()
        .unwrap()
        .hops
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(hops, ["v1.30.4", "v1.31.2"]);
    let (report, starts) = run(&plan, |_| {});
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(starts.len(), 2);
}

#[test]
fn why_names_the_constraint_that_is_in_the_way() {
    let plan = two_stages(StageLike::of(2).soak(HumanDuration::days(5)), 0);
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let ask = |driver: &Driver<'_>, name: &str| {
        why(
            &plan,
            driver.live.state(),
            driver.live.seen(),
            driver.now,
            driver.id(name),
        )
        .unwrap()
    };
    driver.until(at(MONDAY) + 10.minutes());
    assert!(matches!(ask(&driver, "s0-c0"), Blocker::Running { .. }));
    assert!(matches!(ask(&driver, "s0-c1"), Blocker::Concurrency { running, .. } if running == *"s0-c0"));
    let Blocker::EarlierStage { stage, .. } = ask(&driver, "s1-c0") else {
        panic!()
    };
    assert_eq!(stage, "s0");
    driver.until(at(MONDAY) + 24.hours());
    let Blocker::EarlierStage { because, .. } = ask(&driver, "s1-c2") else {
        panic!()
    };
    let Blocker::Soak { until, .. } = *because else {
        panic!("{because:?}")
    };
    assert!(until.unwrap() > at(MONDAY) + 121.hours());
    driver.until(at(MONDAY) + (121 * 60 + 40).minutes());
    assert!(matches!(ask(&driver, "s1-c1"), Blocker::Concurrency { running, .. } if running == *"s1-c0"));
}
