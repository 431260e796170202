//! Approvals: whose counts, when, and for how long.

use fleet_core::HumanDuration;
use fleet_upgrade::kernel::{
    Approval, ApprovalPoint, Fact, Outcome, Roster, RunSettings, RunState, StageId, StopReason, approval_due,
};
use fleet_upgrade::{ApprovalRule, FleetUpgradeSpec, StageApproval, UpgradePlan};
use jiff::{Timestamp, ToSpan};

use crate::world::{Driver, StageLike, a_plan, at, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// Two stages of one cluster, the first of which soaks for an hour and asks for these approvals.
fn plan_with(approval: StageApproval) -> UpgradePlan {
    let stages = [StageLike::of(1).soak(HumanDuration::hours(1)), StageLike::of(1)];
    let ask = |mut spec: FleetUpgradeSpec| {
        spec.stages[0].approval = approval;
        spec
    };
    a_plan(&stages, 1, ask, at(MONDAY))
}

fn approval(stage: &str, point: ApprovalPoint, by: &str, given: Timestamp) -> Approval {
    Approval {
        stage: stage.to_owned(),
        point,
        by: by.to_owned(),
        at: given,
        expires: None,
    }
}

fn opened(driver: &Driver<'_>, number: u32) -> bool {
    let opens = |fact: &Fact| {
        *fact
            == Fact::StageOpened {
                stage: StageId(number),
            }
    };
    driver.log.iter().any(|event| opens(&event.fact))
}

#[test]
fn a_stage_begins_with_the_approval_of_one_who_may_give_it() {
    let rule = ApprovalRule::by(["alice", "bob"]).valid_for(HumanDuration::hours(2));
    let plan = plan_with(StageApproval::before(rule));
    let roster = Roster::of(&plan);
    let now = at(MONDAY) + 3.hours();
    let before = ApprovalPoint::BeforeStage;
    let good = approval("s0", before, "bob", now - minutes(30));
    let wrong = [
        approval("s1", before, "bob", now),
        approval("s0", ApprovalPoint::AfterStage, "bob", now),
        approval("s0", before, "mallory", now),
        approval("s0", before, " ", now),
        approval("s0", before, "bob", now + minutes(1)),
        approval("s0", before, "bob", now - minutes(120)),
        Approval {
            expires: Some(now),
            ..good.clone()
        },
    ];
    let given = |approvals: Vec<Approval>| {
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        driver.until(now);
        assert_eq!(
            approval_due(&plan, driver.live.state(), now),
            Some((StageId(0), before))
        );
        driver.live.set_approvals(approvals);
        driver.step();
        driver.step();
        driver
    };
    for wrong in wrong {
        let driver = given(vec![wrong.clone()]);
        assert!(!opened(&driver, 0), "{wrong:?}");
        let waits = driver.waits.last().unwrap().to_string();
        assert_eq!(waits, "an approval is asked for before stage s0, of alice or bob");
    }
    for good in [
        good.clone(),
        approval("s0", before, "alice", now),
        approval("s0", before, "bob", now - minutes(119)),
        Approval {
            expires: Some(now + minutes(1)),
            ..good
        },
    ] {
        let driver = given(vec![good.clone()]);
        assert!(opened(&driver, 0), "{good:?}");
        assert_eq!(approval_due(&plan, driver.live.state(), now), None);
    }
}

#[test]
fn a_run_that_has_not_begun_or_comes_to_its_end_asks_for_no_approval() {
    let plan = plan_with(StageApproval::before(ApprovalRule::anyone()));
    let roster = Roster::of(&plan);
    let mut asks = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    asks.until(at(MONDAY) + 1.hours());
    let due = |driver: &Driver<'_>| approval_due(&plan, driver.live.state(), driver.now);
    assert_eq!(due(&asks), Some((StageId(0), ApprovalPoint::BeforeStage)));
    assert_eq!(approval_due(&plan, &RunState::new(&plan), asks.now), None);
    let reason = StopReason::ChangedByOthers { clusters: 1 };
    let outcome = Outcome::Completed;
    for fact in [
        Fact::Cancelled,
        Fact::Stopping { reason },
        Fact::RunEnded { outcome },
    ] {
        let mut driver = asks.clone();
        driver.record(fact.clone());
        assert_eq!(due(&driver), None, "{fact:?}");
    }
}

#[test]
fn an_approval_that_runs_out_before_it_is_used_counts_no_longer() {
    let plan = plan_with(StageApproval::after(ApprovalRule::anyone()));
    let roster = Roster::of(&plan);
    let after = ApprovalPoint::AfterStage;
    // Given while the stage soaks: it is taken in when it is asked for, and no sooner.
    let run = |expires: Timestamp| {
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        let given = Approval {
            expires: Some(expires),
            ..approval("s0", after, "alice", at(MONDAY))
        };
        driver.live.set_approvals(vec![given]);
        driver.until(at(MONDAY) + 6.hours());
        driver
    };
    assert!(!opened(&run(at(MONDAY) + 1.hours()), 1));
    assert!(opened(&run(at(MONDAY) + 5.hours()), 1));
}

#[test]
fn a_stage_ends_with_an_approval_after_its_soak() {
    let plan = plan_with(StageApproval::after(ApprovalRule::anyone()));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 30.minutes());
    assert_eq!(
        approval_due(&plan, driver.live.state(), driver.now),
        None,
        "it is under way"
    );
    driver.until(at(MONDAY) + 70.minutes());
    assert_eq!(
        approval_due(&plan, driver.live.state(), driver.now),
        None,
        "it soaks"
    );
    driver.until(at(MONDAY) + 20.hours());
    let due = Some((StageId(0), ApprovalPoint::AfterStage));
    assert_eq!(approval_due(&plan, driver.live.state(), driver.now), due);
    assert_eq!(
        driver.waits.last().unwrap().to_string(),
        "an approval is asked for after stage s0"
    );
    let given = approval("s0", ApprovalPoint::AfterStage, "alice", driver.now);
    driver.live.set_approvals(vec![given]);
    assert!(driver.finish().is_success());
    assert!(driver.started("s1-c0").unwrap() >= at(MONDAY) + 20.hours());
}

#[test]
fn what_others_rely_on_is_approved_also_where_it_is_upgraded_already() {
    let canary = StageLike {
        at_target: 2,
        ..StageLike::of(0).soak(HumanDuration::hours(1))
    };
    let ask = |mut spec: FleetUpgradeSpec| {
        let alice = ApprovalRule::by(["alice"]);
        spec.stages[0].approval = StageApproval::after(alice.clone());
        spec.stages[1].approval = StageApproval::after(alice);
        spec
    };
    // Nothing comes behind the last stage: nobody is asked there.
    let last = StageLike {
        at_target: 1,
        ..StageLike::of(0)
    };
    let mut stages = [canary, StageLike::of(1), last];
    let plan = a_plan(&stages, 1, ask, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 20.hours());
    let due = Some((StageId(0), ApprovalPoint::AfterStage));
    assert_eq!(approval_due(&plan, driver.live.state(), driver.now), due);
    assert!(driver.started("s1-c0").is_none());
    let given = ["s0", "s1"].map(|stage| approval(stage, ApprovalPoint::AfterStage, "alice", driver.now));
    driver.live.set_approvals(given.to_vec());
    assert!(driver.finish().is_success());
    stages[1] = StageLike {
        at_target: 1,
        ..StageLike::of(0)
    };
    let plan = a_plan(&stages, 1, ask, at(MONDAY));
    let roster = Roster::of(&plan);
    assert!(
        Driver::new(&plan, &roster, at(MONDAY), RunSettings::default())
            .finish()
            .is_success()
    );
}

#[test]
fn nobody_is_asked_about_a_stage_with_nothing_to_do() {
    let stages = [
        StageLike {
            at_target: 2,
            ..StageLike::of(0)
        },
        StageLike::of(1),
    ];
    let ask = |mut spec: FleetUpgradeSpec| {
        spec.stages[0].approval = StageApproval::before(ApprovalRule::anyone());
        spec
    };
    let plan = a_plan(&stages, 1, ask, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
}
