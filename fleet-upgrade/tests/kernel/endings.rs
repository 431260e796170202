//! How stages and runs end: shares that are enough, budgets, domains that are lost, halts, and what is said of each cluster then.

use std::num::NonZeroU32;

use fleet_core::HumanDuration;
use fleet_upgrade::kernel::{
    Ailment, Approval, ApprovalPoint, Blocker, Command, Fact, FailureCause, Outcome, Roster, RunSettings,
    StageId, StopReason, evidence_due, why,
};
use fleet_upgrade::{ApprovalRule, AtMost, OnFailure, Percent, Remedy, SpreadRule, UpgradePlan};
use jiff::ToSpan;

use crate::world::{Driver, Mishap, StageLike, Stand, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// Five clusters one after the other, of which three in five are enough, and one after them.
fn three_in_five() -> UpgradePlan {
    let enough = |mut spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.stages[0].completion_threshold = Some(Percent::new(60).unwrap());
        spec.failure_budget(budget(5))
    };
    a_plan(&[StageLike::of(5), StageLike::of(1)], 1, enough, at(MONDAY))
}

/// Runs the plan while something happens to some clusters of its first stage.
fn finish(plan: &UpgradePlan, mishaps: &[(&str, Mishap)]) -> (Outcome, usize) {
    let roster = Roster::of(plan);
    let mut driver = Driver::new(plan, &roster, at(MONDAY), RunSettings::default());
    for (name, mishap) in mishaps {
        driver.cluster(name).mishaps.push(*mishap);
    }
    let outcome = driver.finish().outcome.unwrap();
    (outcome, driver.starts.len())
}

#[test]
fn a_stage_stops_as_soon_as_too_few_of_it_can_be_upgraded() {
    let plan = three_in_five();
    let fails = |names: &[&'static str]| -> Vec<(&'static str, Mishap)> {
        names.iter().map(|name| (*name, Mishap::RolloutFails)).collect()
    };
    assert_eq!(
        finish(&plan, &fails(&["s0-c0", "s0-c1"])),
        (Outcome::Completed, 6)
    );
    let incomplete = StopReason::StageIncomplete {
        stage: StageId(0),
        possible: 2,
        needed: 3,
    };
    let stopped = Outcome::Stopped { reason: incomplete };
    // With the third that fails it is out of reach, whatever comes of the other two.
    for (names, starts) in [
        (["s0-c0", "s0-c1", "s0-c2"], 3),
        (["s0-c0", "s0-c1", "s0-c3"], 4),
        (["s0-c1", "s0-c3", "s0-c4"], 5),
    ] {
        assert_eq!(
            finish(&plan, &fails(&names)),
            (stopped.clone(), starts),
            "{names:?}"
        );
    }
}

#[test]
fn where_all_are_needed_the_first_failure_stops_the_stage() {
    let all = |mut spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.stages[0].completion_threshold = Some(Percent::new(100).unwrap());
        spec.failure_budget(budget(5))
    };
    let plan = a_plan(&[StageLike::of(5), StageLike::of(1)], 1, all, at(MONDAY));
    let reason = StopReason::StageIncomplete {
        stage: StageId(0),
        possible: 4,
        needed: 5,
    };
    let (outcome, starts) = finish(&plan, &[("s0-c1", Mishap::RolloutFails)]);
    assert_eq!((outcome, starts), (Outcome::Stopped { reason }, 2));
}

#[test]
fn a_cluster_that_is_gone_is_no_part_of_the_share() {
    // Three are left: two of them are 67 %.
    let gone = at(MONDAY) - 1.minute();
    let mishaps = [
        ("s0-c1", Mishap::Vanishes(gone)),
        ("s0-c2", Mishap::Vanishes(gone)),
        ("s0-c3", Mishap::RolloutFails),
    ];
    assert_eq!(finish(&three_in_five(), &mishaps), (Outcome::Completed, 4));
    // Two are left, and both are needed.
    let mut mishaps = mishaps.to_vec();
    mishaps.push(("s0-c4", Mishap::Vanishes(gone)));
    let reason = StopReason::StageIncomplete {
        stage: StageId(0),
        possible: 1,
        needed: 2,
    };
    assert_eq!(
        finish(&three_in_five(), &mishaps),
        (Outcome::Stopped { reason }, 2),
        "the first started before the fourth, which failed"
    );
}

#[test]
fn a_domain_that_will_not_come_back_stops_the_run_when_nobody_else_is_left() {
    // Of each pair one may be away: with `c0` broken, `c1` can never start; `c2` and `c3` are a pair of their own.
    let spread = |spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.spread(SpreadRule::by(["pair"], AtMost::Count(NonZeroU32::MIN)))
            .failure_budget(budget(4))
    };
    let plan = a_plan(&[StageLike::of(4)], 1, spread, at(MONDAY));
    let (outcome, starts) = finish(&plan, &[("s0-c0", Mishap::RolloutFails)]);
    let Outcome::Stopped {
        reason: StopReason::DomainLost { domain },
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(domain.contains("s0-p0"), "{domain}");
    assert_eq!(starts, 3, "the other pair is not held up");
}

#[test]
fn whether_a_domain_is_lost_is_asked_when_nothing_is_on_its_way() {
    let spread = |spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.spread(SpreadRule::by(["pair"], AtMost::Count(NonZeroU32::MIN)))
            .failure_budget(budget(4))
    };
    // `c0` fails at once, `c1` is its pair, and `c2` is on its way meanwhile.
    let plan = a_plan(&[StageLike::of(3).at_once(2)], 1, spread, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    driver.finish();
    let place = |wanted: fn(&Fact) -> bool| driver.log.iter().position(|event| wanted(&event.fact));
    let done = place(|fact| matches!(fact, Fact::HopDone { .. }));
    let stopping = place(|fact| matches!(fact, Fact::Stopping { .. }));
    assert!(done.is_some() && done < stopping, "{done:?} {stopping:?}");
}

/// Three clusters; the first failure halts the run until Ada lets it go on.
fn halting() -> UpgradePlan {
    let halts = |spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.on_failure(OnFailure::default().go_on(ApprovalRule::by(["ada"])))
    };
    a_plan(&[StageLike::of(3)], 1, halts, at(MONDAY))
}

fn go_on(by: &str, given: jiff::Timestamp) -> Approval {
    Approval {
        stage: "s0".to_owned(),
        point: ApprovalPoint::GoOn,
        by: by.to_owned(),
        at: given,
        expires: None,
    }
}

#[test]
fn a_halted_run_goes_on_when_the_right_person_says_so_after_the_halt() {
    let plan = halting();
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    driver.live.set_approvals(vec![go_on("ada", at(MONDAY))]);
    driver.until(at(MONDAY) + 12.hours());
    let failures = StopReason::FailureBudget {
        failures: 1,
        budget: 0,
    };
    assert_eq!(driver.live.state().halted(), Some(&failures));
    assert_eq!(driver.live.state().stopping(), None);
    driver.live.set_approvals(vec![go_on("eve", driver.now)]);
    driver.until(at(MONDAY) + 24.hours());
    assert_eq!(
        driver.starts.len(),
        1,
        "nothing starts on an old or a stranger's word"
    );

    driver.live.set_approvals(vec![go_on("ada", driver.now)]);
    let report = driver.finish();
    assert_eq!(report.outcome, Some(Outcome::Completed));
    assert_eq!(driver.starts.len(), 3);
    let halts = driver
        .log
        .iter()
        .filter(|event| matches!(event.fact, Fact::Halted { .. }));
    assert_eq!(
        halts.count(),
        1,
        "a failure that was forgiven halts nothing again"
    );
}

#[test]
fn what_was_forgiven_in_one_stage_is_no_credit_for_another() {
    let halts = |mut spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.stages[1].failure_budget = Some(budget(0));
        spec.failure_budget(budget(2))
            .on_failure(OnFailure::default().go_on(ApprovalRule::by(["ada"])))
    };
    let stages = [StageLike::of(4), StageLike::of(3)];
    let plan = a_plan(&stages, 1, halts, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    for name in ["s0-c0", "s0-c1", "s0-c2", "s1-c0"] {
        driver.cluster(name).mishaps.push(Mishap::RolloutFails);
    }
    driver.until(at(MONDAY) + 24.hours());
    driver.live.set_approvals(vec![go_on("ada", driver.now)]);
    driver.until(at(MONDAY) + 72.hours());
    let halted = StopReason::StageBudget {
        stage: StageId(1),
        failures: 1,
        budget: 0,
    };
    assert_eq!(driver.live.state().halted(), Some(&halted));
    let again = Approval {
        stage: "s1".to_owned(),
        ..go_on("ada", driver.now)
    };
    driver.live.set_approvals(vec![again]);
    assert_eq!(driver.finish().outcome, Some(Outcome::Completed));
}

#[test]
fn nobody_is_asked_to_let_a_run_go_on_that_could_not() {
    let halts = |mut spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.stages[0].completion_threshold = Some(Percent::new(60).unwrap());
        spec.on_failure(OnFailure::default().go_on(ApprovalRule::by(["ada"])))
    };
    let plan = a_plan(&[StageLike::of(5), StageLike::of(1)], 1, halts, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    for name in ["s0-c0", "s0-c1", "s0-c2"] {
        driver.cluster(name).mishaps.push(Mishap::RolloutFails);
    }
    for failed in 1..=2 {
        driver.until(at(MONDAY) + 24.hours() * failed);
        assert!(driver.live.state().halted().is_some(), "{failed}");
        driver.live.set_approvals(vec![go_on("ada", driver.now)]);
    }
    let report = driver.finish();
    // The two before it were forgiven, each by an approval.
    let reason = StopReason::FailureBudget {
        failures: 1,
        budget: 0,
    };
    assert_eq!(report.outcome, Some(Outcome::Stopped { reason }));
    assert_eq!(driver.starts.len(), 3);

    // It comes to that while the run is halted already: the second was under way when the first failed.
    let at_once = |mut spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.stages[0].completion_threshold = Some(Percent::new(80).unwrap());
        spec.on_failure(OnFailure::default().go_on(ApprovalRule::by(["ada"])))
    };
    let plan = a_plan(&[StageLike::of(5).at_once(2)], 1, at_once, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    driver.cluster("s0-c1").mishaps.push(Mishap::Stuck);
    driver.until(at(MONDAY) + 30.minutes());
    assert!(driver.live.state().halted().is_some());
    let reason = StopReason::StageIncomplete {
        stage: StageId(0),
        possible: 3,
        needed: 4,
    };
    assert_eq!(driver.finish().outcome, Some(Outcome::Stopped { reason }));
}

#[test]
fn a_run_ends_when_everything_about_its_failed_clusters_was_done_or_given_up() {
    let remedies = |spec: fleet_upgrade::FleetUpgradeSpec| {
        let remedies = [Remedy::ShiftTraffic, Remedy::Replace];
        spec.on_failure(OnFailure::default().remedies(remedies))
            .failure_budget(budget(3))
    };
    let plan = a_plan(&[StageLike::of(3).at_once(3)], 1, remedies, at(MONDAY));
    let roster = Roster::of(&plan);
    let settings = RunSettings::default();
    // How long the world takes for both of a cluster's remedies: the third one's successor never comes.
    for (name, takes) in [
        ("s0-c0", minutes(0)),
        ("s0-c1", minutes(60)),
        ("s0-c2", settings.unwell_limit),
    ] {
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), settings.clone());
        driver.cluster(name).mishaps.push(Mishap::RolloutFails);
        driver.finish();
        let time = |wanted: &dyn Fn(&Fact) -> bool| {
            let found = driver.log.iter().rev().find(|event| wanted(&event.fact));
            found.unwrap().at
        };
        let failed = time(&|fact| matches!(fact, Fact::ClusterFailed { .. }));
        let done = time(&|fact| matches!(fact, Fact::RemedyDone { .. } | Fact::RemedyFailed { .. }));
        let ended = time(&|fact| matches!(fact, Fact::RunEnded { .. }));
        let took = done.duration_since(failed);
        assert!(
            took >= takes && took <= takes + settings.refresh(),
            "{name}: {took:#}"
        );
        assert!(ended >= done, "{name}");
    }
}

#[test]
fn a_calendar_that_closes_for_good_stops_the_run_at_once() {
    let sold = r#"{"freezes": [{"from": "2026-03-02T08:30:00Z", "to": "2200-01-01", "reason": "sold"}]}"#;
    let closes = |spec: fleet_upgrade::FleetUpgradeSpec| spec.calendar(serde_json::from_str(sold).unwrap());
    let plan = a_plan(&[StageLike::of(2)], 1, closes, at("2026-02-27T08:00:00Z"));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 29.minutes());
    assert_eq!(driver.live.state().stopping(), None);
    driver.until(at(MONDAY) + 31.minutes());
    let reason = StopReason::CalendarClosed;
    assert_eq!(
        driver.live.state().stopping(),
        Some(&reason),
        "while its first cluster is on its way"
    );
    assert_eq!(driver.finish().outcome, Some(Outcome::Stopped { reason }));
    assert_eq!(driver.starts.len(), 1);
}

#[test]
fn what_was_forgiven_out_of_reach_is_no_credit_for_failures() {
    let halts = |spec: fleet_upgrade::FleetUpgradeSpec| {
        spec.unreachable_budget(budget(3))
            .on_failure(OnFailure::default().go_on(ApprovalRule::by(["ada"])))
    };
    let plan = a_plan(&[StageLike::of(6)], 1, halts, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    for name in ["s0-c0", "s0-c1"] {
        let lost = Mishap::Unreachable(at(MONDAY), at(MONDAY) + 1_000.hours());
        driver.cluster(name).mishaps.push(lost);
    }
    // By the time this one fails, those two have been given up.
    driver.cluster("s0-c2").mishaps.push(Mishap::Stuck);
    driver.cluster("s0-c3").mishaps.push(Mishap::RolloutFails);
    driver.until(at(MONDAY) + 48.hours());
    assert!(driver.live.state().halted().is_some());
    driver.live.set_approvals(vec![go_on("ada", driver.now)]);
    driver.until(driver.now + 24.hours());
    let halted = driver.live.state().halted();
    let failures = StopReason::FailureBudget {
        failures: 1,
        budget: 0,
    };
    assert_eq!(halted, Some(&failures), "the next failure halts again");
}

#[test]
fn clusters_that_wait_for_good_for_different_reasons_end_the_run() {
    // `c0` fails and takes the pair with it, `c1` is its pair, and `c2` has a calendar that never opens again.
    let spread = |spec: fleet_upgrade::FleetUpgradeSpec| {
        let never = r#"{"freezes": [{"from": "2026-03-01", "to": "2200-01-01", "reason": "sold"}]}"#;
        spec.spread(SpreadRule::by(["pair"], AtMost::Count(NonZeroU32::MIN)))
            .failure_budget(budget(4))
            .cluster_calendar(
                "pair=s0-p1".parse().unwrap(),
                serde_json::from_str(never).unwrap(),
            )
    };
    let plan = a_plan(&[StageLike::of(3)], 1, spread, at("2026-02-27T08:00:00Z"));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    let outcome = driver.finish().outcome.unwrap();
    let Outcome::Stopped {
        reason: StopReason::DomainLost { domain },
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(domain.contains("s0-p0"), "{domain}");
}

#[test]
fn a_halted_run_can_be_cancelled() {
    let plan = halting();
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    driver.until(at(MONDAY) + 3.hours());
    assert!(driver.live.state().halted().is_some());
    driver.record(Fact::Cancelled);
    let report = driver.finish();
    assert_eq!(report.outcome, Some(Outcome::Cancelled));
    assert_eq!(driver.starts.len(), 1);
}

#[test]
fn an_upgraded_cluster_is_left_alone_while_nothing_can_start() {
    for (stage, why) in [
        (
            StageLike::of(3),
            "its place is taken, so nobody starts on the others' account",
        ),
        (
            StageLike::of(2).at_once(2),
            "there is a place, and nobody left to take it",
        ),
    ] {
        let patient = |spec: fleet_upgrade::FleetUpgradeSpec| spec.cluster_deadline(HumanDuration::days(9));
        let plan = a_plan(&[stage], 1, patient, at(MONDAY));
        let roster = Roster::of(&plan);
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        driver.cluster("s0-c1").hop = minutes(6 * 24 * 60);
        driver.until(at(MONDAY) + 96.hours());
        let (first, second) = (driver.id("s0-c0"), driver.id("s0-c1"));
        assert!(driver.live.state().upgraded(first).is_some());
        driver.now += 2.hours();
        let due = evidence_due(&plan, driver.live.state(), driver.live.seen(), driver.now);
        assert_eq!(due, [second], "{why}");
    }
}

#[test]
fn what_keeps_a_cluster_back_is_told_at_every_point_of_its_life() {
    let plan = a_plan(
        &[StageLike::of(5), StageLike::of(1)],
        1,
        |spec| {
            spec.failure_budget(budget(5))
                .cluster_deadline(HumanDuration::days(9))
        },
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c1").mishaps.push(Mishap::RolloutFails);
    driver
        .cluster("s0-c2")
        .mishaps
        .push(Mishap::Vanishes(at(MONDAY) + 30.minutes()));
    driver
        .cluster("s0-c3")
        .mishaps
        .push(Mishap::ForeignWrite(at(MONDAY) + 30.minutes()));
    driver.cluster("s0-c4").hop = minutes(10_000);
    driver.until(at(MONDAY) + 4.hours());
    let why = |driver: &Driver<'_>, name: &str| {
        let id = driver.id(name);
        why(&plan, driver.live.state(), driver.live.seen(), driver.now, id).unwrap()
    };
    assert_eq!(why(&driver, "s0-c0"), Blocker::Upgraded);
    assert!(matches!(
        why(&driver, "s0-c1"),
        Blocker::Failed {
            why: FailureCause::Rollout { .. }
        }
    ));
    assert_eq!(why(&driver, "s0-c2"), Blocker::Gone);
    assert!(matches!(why(&driver, "s0-c3"), Blocker::Held { found, .. } if found.to_string() == "v1.29.9"));
    assert!(matches!(why(&driver, "s0-c4"), Blocker::Running { cluster, .. } if cluster.as_str() == "s0-c4"));
    assert!(
        matches!(why(&driver, "s1-c0"), Blocker::EarlierStage { stage, because }
            if stage == "s0" && matches!(*because, Blocker::Running { .. }))
    );
    let nobody = fleet_upgrade::kernel::ClusterId(99);
    assert_eq!(
        fleet_upgrade::kernel::why(&plan, driver.live.state(), driver.live.seen(), driver.now, nobody),
        None
    );
    while driver.step() != Stand::Over {
        driver.now += 1.hour();
    }
    assert!(matches!(
        why(&driver, "s1-c0"),
        Blocker::Ended { .. } | Blocker::Upgraded
    ));
}

#[test]
fn what_a_cluster_waits_for_before_its_start_is_told_too() {
    let plan = a_plan(&[StageLike::of(3)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    while !driver
        .commands()
        .iter()
        .any(|command| matches!(command, Command::StartHop(_)))
    {
        driver.step();
        driver.look();
    }
    let why = |driver: &Driver<'_>, name: &str| {
        let id = driver.id(name);
        why(&plan, driver.live.state(), driver.live.seen(), driver.now, id).unwrap()
    };
    assert_eq!(why(&driver, "s0-c0"), Blocker::Nothing, "it starts now");
    driver.until(at(MONDAY) + 5.minutes());
    let full = |blocker: &Blocker| matches!(blocker, Blocker::Concurrency { running, .. } if running.as_str() == "s0-c0");
    assert!(full(driver.waits.last().unwrap()), "{:?}", driver.waits.last());
    assert!(full(&why(&driver, "s0-c1")));
}

#[test]
fn causes_read_as_sentences() {
    let told = [
        (FailureCause::Deadline, "not upgraded within its deadline"),
        (
            FailureCause::NotAccepted,
            "did not take the order to upgrade within its deadline",
        ),
        (
            FailureCause::Refused { reason: "no".into() },
            "refused to upgrade: no",
        ),
        (
            FailureCause::Rollout {
                reason: "no image".into(),
            },
            "the rollout failed: no image",
        ),
    ];
    for (cause, text) in told {
        assert_eq!(cause.to_string(), text);
    }
    let unwell = FailureCause::Unwell {
        ailment: Ailment::Unreachable,
    };
    assert!(unwell.to_string().ends_with(" for too long"));
}
