//! Fleets that change under a run: clusters that leave, that others upgrade or change, that are at the target already.

use fleet_core::{HumanDuration, KubernetesVersion};
use fleet_upgrade::kernel::{
    Approval, ApprovalPoint, ClusterObservation, ClusterReport, ClusterState, Command, Fact, FailureCause,
    Outcome, Roster, RunReport, RunSettings, StopReason, Told,
};
use fleet_upgrade::{
    ApprovalRule, FleetUpgradeSpec, OnAtTarget, OnChange, OnChangedByOthers, OnFailure, OnLeaving,
    OnUpgradedByOthers, Remedy,
};
use jiff::ToSpan;

use crate::world::{Driver, Mishap, StageLike, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// A run of three clusters one after the other, and of one after a soak, with this policy and this mishap of `s0-c1`.
fn run(change: OnChange, failures: u32, mishap: Mishap) -> RunReport {
    let stages = [StageLike::of(3).soak(HumanDuration::hours(1)), StageLike::of(1)];
    let plan = a_plan(
        &stages,
        2,
        |spec| spec.on_change(change).failure_budget(budget(failures)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c1").mishaps.push(mishap);
    driver.finish()
}

fn state<'r>(report: &'r RunReport, cluster: &str) -> &'r ClusterState {
    &report.clusters[cluster].state
}

#[test]
fn who_is_upgraded_by_others_is_held_or_welcome() {
    let early = Mishap::UpgradedByOthers(at(MONDAY) + 10.minutes());
    let report = run(OnChange::default(), 1, early);
    assert!(
        matches!(state(&report, "s0-c1"), ClusterState::Held { .. }),
        "{report:?}"
    );
    let accept = OnChange::default().upgraded_by_others(OnUpgradedByOthers::Accept);
    let report = run(accept, 0, early);
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert!(report.is_success(), "{report:?}");
    assert_eq!(*state(&report, "s0-c1"), ClusterState::Upgraded);
}

#[test]
fn who_is_being_upgraded_by_others_takes_up_a_place_and_has_a_deadline() {
    let accept = OnChange::default().upgraded_by_others(OnUpgradedByOthers::Accept);
    let plan = a_plan(
        &[StageLike::of(3)],
        1,
        |spec| spec.on_change(accept).failure_budget(budget(1)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver
        .cluster("s0-c1")
        .mishaps
        .extend([Mishap::UpgradedByOthers(at(MONDAY) + 10.minutes()), Mishap::Stuck]);
    let report = driver.finish();
    assert_eq!(
        *state(&report, "s0-c1"),
        ClusterState::Failed {
            cause: FailureCause::Deadline
        }
    );
    let adopted = driver
        .log
        .iter()
        .find(|event| matches!(event.fact, Fact::ClusterAdopted { .. }));
    let adopted = adopted.expect("it is welcome").at;
    let third = driver.started("s0-c2").unwrap();
    assert!(
        third >= adopted + 2.hours(),
        "its place was free before: {adopted}, {third}"
    );
    assert!(driver.world[1].orders.is_empty(), "nothing was asked of it");
}

#[test]
fn another_version_than_the_target_is_welcome_to_nobody() {
    let accept = OnChange::default().upgraded_by_others(OnUpgradedByOthers::Accept);
    let report = run(accept, 1, Mishap::ForeignWrite(at(MONDAY) + 10.minutes()));
    assert!(
        matches!(state(&report, "s0-c1"), ClusterState::Held { .. }),
        "{report:?}"
    );
}

#[test]
fn a_control_plane_that_others_change_alone_is_a_change_too() {
    // Before its turn, under way, and after its upgrade.
    for minute in [10, 50, 100] {
        let report = run(
            OnChange::default(),
            1,
            Mishap::HalfWritten(at(MONDAY) + minute.minutes()),
        );
        let ClusterState::Held { found, writer, .. } = state(&report, "s0-c1") else {
            panic!("{minute}: {report:?}")
        };
        assert_eq!(
            (found.to_string().as_str(), writer.as_deref()),
            ("v1.39.0", Some("somebody")),
            "{minute}"
        );
    }
}

#[test]
fn workers_that_others_change_alone_are_told_with_who_did_it() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.look();
    let cluster = driver.id("s0-c1");
    let (old, foreign) = (KubernetesVersion::new(1, 30, 4), KubernetesVersion::new(1, 29, 9));
    let mut report = ClusterReport::settled(old.clone());
    report.desired = foreign.clone();
    report.writer = Some("eve".to_owned());
    report.control_plane = Some(Box::new(Told {
        version: old.clone(),
        writer: Some("delivery".to_owned()),
    }));
    driver
        .live
        .observe(cluster, ClusterObservation::present(driver.now, report));
    let held = Command::Record(Fact::ClusterHeld {
        cluster,
        found: foreign,
        expected: old,
        writer: Some("eve".to_owned()),
    });
    assert!(driver.commands().contains(&held), "{:?}", driver.commands());
}

#[test]
fn who_is_brought_to_the_target_is_not_somewhere_else() {
    let stop = OnChange::default().changed_by_others(OnChangedByOthers::Stop);
    let report = run(stop, 3, Mishap::UpgradedByOthers(at(MONDAY) + 10.minutes()));
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert!(matches!(state(&report, "s0-c1"), ClusterState::Held { .. }));
}

#[test]
fn a_stage_of_which_everything_was_left_out_has_nothing_to_prove() {
    let first = StageLike {
        at_target: 2,
        ..StageLike::of(0)
    };
    let change = OnChange::default().at_target(OnAtTarget::LeaveOut);
    let plan = a_plan(
        &[first, StageLike::of(1)],
        1,
        |spec| spec.on_change(change),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
}

#[test]
fn what_others_change_stops_the_fleet_where_the_policy_says_so() {
    let stop = OnChange::default().changed_by_others(OnChangedByOthers::Stop);
    let written = Mishap::ForeignWrite(at(MONDAY) + 10.minutes());
    let report = run(stop, 3, written);
    let reason = StopReason::ChangedByOthers { clusters: 1 };
    assert_eq!(report.outcome, Some(Outcome::Stopped { reason }));
    assert_eq!(*state(&report, "s0-c2"), ClusterState::Skipped);
    // Within the budget it is tolerated otherwise.
    let report = run(OnChange::default(), 3, written);
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(*state(&report, "s0-c2"), ClusterState::Upgraded);
}

#[test]
fn a_fleet_that_others_stopped_goes_on_when_somebody_lets_it() {
    let stop = OnChange::default().changed_by_others(OnChangedByOthers::Stop);
    let policy = |spec: FleetUpgradeSpec| {
        let go_on = OnFailure::default().go_on(ApprovalRule::anyone());
        spec.on_change(stop).on_failure(go_on).failure_budget(budget(3))
    };
    let plan = a_plan(&[StageLike::of(3)], 1, policy, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let written = Mishap::ForeignWrite(at(MONDAY) + 10.minutes());
    driver.cluster("s0-c1").mishaps.push(written);
    driver.until(at(MONDAY) + 5.hours());
    assert!(driver.live.state().halted().is_some());
    driver.live.set_approvals(vec![Approval {
        stage: "s0".to_owned(),
        point: ApprovalPoint::GoOn,
        by: "ada".to_owned(),
        at: driver.now,
        expires: None,
    }]);
    let report = driver.finish();
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(*state(&report, "s0-c2"), ClusterState::Upgraded);
}

#[test]
fn who_leaves_is_missed_or_a_failure_that_nothing_is_done_about() {
    let leaves = Mishap::Vanishes(at(MONDAY) + 50.minutes());
    let report = run(OnChange::default(), 0, leaves);
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(*state(&report, "s0-c1"), ClusterState::Gone);
    let fail = OnChange::default().leaving(OnLeaving::Fail);
    let report = run(fail, 0, leaves);
    assert!(
        matches!(report.outcome, Some(Outcome::Stopped { .. })),
        "{report:?}"
    );
    let failed = ClusterState::Failed {
        cause: FailureCause::Left,
    };
    assert_eq!(*state(&report, "s0-c1"), failed);
    // The run does not wait for a remedy of what is not there.
    let plan = a_plan(
        &[StageLike::of(2)],
        1,
        |spec| {
            let replace = OnFailure::default().remedies([Remedy::Replace]);
            spec.on_change(fail).on_failure(replace).failure_budget(budget(1))
        },
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver
        .cluster("s0-c0")
        .mishaps
        .push(Mishap::Vanishes(at(MONDAY) + 10.minutes()));
    let report = driver.finish();
    assert_eq!(*state(&report, "s0-c0"), failed);
    assert!(driver.now.duration_since(at(MONDAY)) < minutes(5 * 60));
}

#[test]
fn who_is_at_the_target_bears_witness_or_is_left_out() {
    let outcome = |rule| {
        let first = StageLike {
            at_target: 1,
            ..StageLike::of(1)
        };
        let change = OnChange::default().at_target(rule);
        let plan = a_plan(
            &[first, StageLike::of(1)],
            1,
            |spec| spec.on_change(change),
            at(MONDAY),
        );
        assert_eq!(plan.at_target().count(), 1, "it is named in any case");
        let roster = Roster::of(&plan);
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        if roster.id("s0-c1").is_some() {
            let sick = Mishap::Degraded(at(MONDAY), at(MONDAY) + minutes(40 * 24 * 60));
            driver.cluster("s0-c1").mishaps.push(sick);
        }
        driver.finish().outcome.unwrap()
    };
    assert!(matches!(outcome(OnAtTarget::Watch), Outcome::Stopped { .. }));
    assert_eq!(outcome(OnAtTarget::LeaveOut), Outcome::Completed);
}

#[test]
fn a_policy_says_how_long_a_cluster_may_be_unwell_and_large_ones_have_longer_deadlines() {
    let fails_after = |limit: Option<HumanDuration>| {
        let with_limit = |spec: FleetUpgradeSpec| match limit {
            Some(limit) => spec.unwell_limit(limit),
            None => spec,
        };
        let plan = a_plan(&[StageLike::of(3)], 1, with_limit, at(MONDAY));
        let roster = Roster::of(&plan);
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        let (from, until) = (at(MONDAY) + 50.minutes(), at(MONDAY) + minutes(9 * 24 * 60));
        driver
            .cluster("s0-c0")
            .mishaps
            .push(Mishap::Unreachable(from, until));
        driver.finish();
        let failed = driver
            .log
            .iter()
            .find(|event| matches!(event.fact, Fact::ClusterFailed { .. }));
        failed.unwrap().at.duration_since(from).as_hours()
    };
    assert_eq!(fails_after(Some(HumanDuration::hours(3))), 3);
    assert_eq!(fails_after(None), 24);

    let size = |workers: u32| {
        let nodes = fleet_core::NodeCounts {
            control_plane: 3,
            workers,
        };
        let cluster = fleet_core::FleetCluster::new("eu".parse().unwrap(), "v1.30.4".parse().unwrap())
            .with_nodes(nodes);
        let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap()).stage(fleet_upgrade::Stage::new("all"));
        let policy = fleet_upgrade::FleetUpgrade::new("up", spec);
        let fleet = fleet_core::Fleet::new([cluster]).unwrap();
        let plan = fleet_upgrade::plan(&policy, &fleet, at(MONDAY)).unwrap();
        assert!(plan.warnings().is_empty(), "{:?}", plan.warnings());
        let cluster = plan.clusters().next().unwrap();
        (
            cluster.hop_estimate.as_signed(),
            plan.deadline_of(cluster).as_signed(),
        )
    };
    assert_eq!(size(1).1, minutes(120));
    let (takes, deadline) = size(500);
    assert!(
        takes > minutes(120) && deadline == takes * 2,
        "{takes} {deadline}"
    );
}
