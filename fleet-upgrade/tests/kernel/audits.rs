//! The second opinion on a start: each invariant that it knows, broken once.

use std::num::NonZeroU32;

use fleet_core::HumanDuration;
use fleet_upgrade::kernel::{
    Ailment, ClusterId, ClusterObservation, ClusterReport, Command, Fact, FailureCause, HopOrder,
    Observation, Roster, RunSettings, StopReason, Violation, audit,
};
use fleet_upgrade::{
    ApprovalRule, AtMost, BackupRequirement, FailureBudget, FleetUpgradeSpec, OnChange, OnChangedByOthers,
    SpreadRule, StageApproval, UpgradePlan,
};
use jiff::{Timestamp, ToSpan};

use crate::world::{Driver, StageLike, Stand, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

/// Runs until the kernel would start something, and returns what.
fn first_order(driver: &mut Driver<'_>) -> HopOrder {
    next_order(driver, 0)
}

/// Runs until the kernel would start something after so many starts.
fn next_order(driver: &mut Driver<'_>, starts: usize) -> HopOrder {
    for _ in 0..500 {
        driver.look();
        let order = driver.commands().into_iter().find_map(|command| match command {
            Command::StartHop(order) => Some(order),
            _ => None,
        });
        match order {
            Some(order) if driver.starts.len() >= starts => return order,
            _ => {
                if let Stand::Waiting(until) = driver.step() {
                    driver.pass(until);
                }
            }
        }
    }
    panic!("nothing starts: {:?}", driver.waits.last())
}

fn judged(driver: &Driver<'_>, order: &HopOrder) -> Result<(), Violation> {
    audit(
        driver.plan,
        driver.live.state(),
        driver.live.seen(),
        driver.now,
        order,
    )
}

/// Two stages of two clusters that go two minors.
fn plan(change: impl FnOnce(FleetUpgradeSpec) -> FleetUpgradeSpec) -> UpgradePlan {
    a_plan(&[StageLike::of(2), StageLike::of(2)], 2, change, at(MONDAY))
}

fn driver<'p>(plan: &'p UpgradePlan, roster: &'p Roster) -> Driver<'p> {
    Driver::new(plan, roster, at(MONDAY), RunSettings::default())
}

#[test]
fn an_order_is_of_the_next_hop() {
    let plan = plan(|spec| spec);
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = first_order(&mut driver);
    assert_eq!(judged(&driver, &order), Ok(()));
    let target = plan.target().clone();
    for wrong in [
        HopOrder {
            hop: 1,
            ..order.clone()
        },
        HopOrder {
            hop: 1,
            to: target.clone(),
            ..order.clone()
        },
        HopOrder {
            to: target,
            ..order.clone()
        },
        HopOrder {
            cluster: ClusterId(99),
            ..order.clone()
        },
    ] {
        assert_eq!(judged(&driver, &wrong), Err(Violation::NotNext), "{wrong:?}");
    }
    driver.step();
    assert_eq!(driver.starts.len(), 1);
    assert_eq!(
        judged(&driver, &order),
        Err(Violation::NotNext),
        "it is under way"
    );
}

#[test]
fn a_later_stage_waits_for_its_turn() {
    let plan = plan(|spec| spec);
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = first_order(&mut driver);
    let later = HopOrder {
        cluster: driver.id("s1-c0"),
        ..order.clone()
    };
    assert_eq!(judged(&driver, &later), Err(Violation::StageOrder));
    // Before the stage is opened, its own clusters wait, too.
    let fresh = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert_eq!(judged(&fresh, &order), Err(Violation::StageOrder));
}

#[test]
fn orders_from_people_and_breached_budgets_end_all_starts() {
    let plan = plan(|spec| spec);
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = first_order(&mut driver);
    let reason = || StopReason::CalendarClosed;
    let other = driver.id("s0-c1");
    let (found, expected) = (plan.target().clone(), plan.target().clone());
    for (fact, violation) in [
        (Fact::Paused, Violation::Paused),
        (Fact::Cancelled, Violation::Stopping),
        (Fact::Stopping { reason: reason() }, Violation::Stopping),
        (Fact::Halted { reason: reason() }, Violation::Stopping),
        (
            Fact::ClusterHeld {
                cluster: other,
                found,
                expected,
                writer: None,
            },
            Violation::Stopping,
        ),
    ] {
        let mut driver = driver.clone();
        driver.record(fact.clone());
        assert_eq!(judged(&driver, &order), Err(violation), "{fact:?}");
    }
}

type Policy = Box<dyn FnOnce(FleetUpgradeSpec) -> FleetUpgradeSpec>;

#[test]
fn each_budget_by_itself_ends_all_starts() {
    let lost = |ailment| FailureCause::Unwell { ailment };
    let degraded = Ailment::Degraded {
        reason: "slow".into(),
    };
    let stop = OnChange::default().changed_by_others(OnChangedByOthers::Stop);
    let cases: [(Policy, Option<FailureCause>); 4] = [
        (Box::new(|spec| spec), Some(lost(degraded.clone()))),
        (
            Box::new(|mut spec| {
                spec.stages[0].failure_budget = Some(FailureBudget::NoFailure);
                spec.failure_budget(budget(5))
            }),
            Some(lost(degraded)),
        ),
        (
            Box::new(|spec| {
                spec.failure_budget(budget(5))
                    .unreachable_budget(FailureBudget::NoFailure)
            }),
            Some(lost(Ailment::Unreachable)),
        ),
        (
            Box::new(move |spec| spec.failure_budget(budget(5)).on_change(stop)),
            None,
        ),
    ];
    for (number, (policy, cause)) in cases.into_iter().enumerate() {
        let plan = plan(policy);
        let roster = Roster::of(&plan);
        let mut driver = driver(&plan, &roster);
        let order = first_order(&mut driver);
        let cluster = driver.id("s0-c1");
        assert_eq!(judged(&driver, &order), Ok(()));
        driver.record(match cause {
            Some(cause) => Fact::ClusterFailed { cluster, cause },
            None => Fact::ClusterHeld {
                cluster,
                found: "v1.39.0".parse().unwrap(),
                expected: plan.target().clone(),
                writer: None,
            },
        });
        assert_eq!(judged(&driver, &order), Err(Violation::Stopping), "{number}");
    }
}

#[test]
fn caps_hold_also_for_an_order_that_was_forged() {
    let stages = [StageLike::of(4).at_once(3).per_day(2)];
    let spread = SpreadRule::by(["pair"], AtMost::Count(NonZeroU32::MIN));
    let plans = [
        a_plan(&[StageLike::of(4)], 1, |spec| spec, at(MONDAY)),
        a_plan(&stages, 1, |spec| spec, at(MONDAY)),
        a_plan(
            &[StageLike::of(4).at_once(3)],
            1,
            |spec| spec.spread(spread),
            at(MONDAY),
        ),
    ];
    // One more than may be under way; one more than may start on a day; the other half of a pair.
    let expected = [
        (1, "s0-c1", Violation::Concurrency),
        (2, "s0-c2", Violation::DayCap),
        (1, "s0-c1", Violation::Domain),
    ];
    for (plan, (started, forged, violation)) in plans.iter().zip(expected) {
        let roster = Roster::of(plan);
        let mut driver = driver(plan, &roster);
        let order = first_order(&mut driver);
        let names: Vec<_> = (0..started).map(|number| format!("s0-c{number}")).collect();
        for name in &names {
            let cluster = driver.id(name);
            driver.record(Fact::HopStarted {
                readiness: None,
                cluster,
                hop: 0,
            });
        }
        driver.look();
        let now = driver.now;
        for number in 0..4 {
            let report = ClusterReport::settled("v1.30.4".parse().unwrap());
            let seen = ClusterObservation::present(now, report);
            driver.live.observe(ClusterId(number), seen);
        }
        let forged = HopOrder {
            cluster: driver.id(forged),
            ..order
        };
        assert_eq!(judged(&driver, &forged), Err(violation));
        // A day later, with the first of them done, there is room again where time gives it.
        if violation == Violation::DayCap {
            driver.now = now + minutes(24 * 60);
            for number in 0..4 {
                let report = ClusterReport::settled("v1.30.4".parse().unwrap());
                let seen = ClusterObservation::present(driver.now, report);
                driver.live.observe(ClusterId(number), seen);
            }
            assert_eq!(judged(&driver, &forged), Ok(()));
        }
    }
}

#[test]
fn the_calendar_is_open() {
    let calendar = r#"{"windows": [{"start": "08:00", "duration": "2h"}]}"#;
    let plan = plan(|spec| spec.calendar(serde_json::from_str(calendar).unwrap()));
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = first_order(&mut driver);
    assert_eq!(judged(&driver, &order), Ok(()));
    driver.now = at(MONDAY) + 119.minutes();
    assert_eq!(
        judged(&driver, &order),
        Err(Violation::Calendar),
        "tomorrow there is time for it"
    );
    driver.now = at(MONDAY) + 2.hours();
    assert_eq!(judged(&driver, &order), Err(Violation::Calendar));
}

#[test]
fn a_hop_that_fits_no_window_may_begin_in_any() {
    let calendar = r#"{"windows": [{"start": "08:00", "duration": "10m"}]}"#;
    let plan = plan(|spec| spec.calendar(serde_json::from_str(calendar).unwrap()));
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = first_order(&mut driver);
    driver.now = at(MONDAY) + 5.minutes();
    assert_eq!(
        judged(&driver, &order),
        Ok(()),
        "tomorrow there is no more time for it"
    );
}

/// Reports of all clusters at their first version, seen then.
fn all_seen(driver: &Driver<'_>, seen_at: Timestamp) -> Observation {
    let mut seen = Observation::empty();
    for number in 0..u32::try_from(driver.world.len()).unwrap() {
        let report = ClusterReport::settled(driver.world[number as usize].version.clone());
        seen.insert(ClusterId(number), ClusterObservation::present(seen_at, report));
    }
    seen
}

#[test]
fn the_cluster_and_those_upgraded_are_known_to_be_well() {
    let plan = a_plan(&[StageLike::of(1), StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let order = next_order(&mut driver, 1);
    assert_eq!(order.cluster, driver.id("s1-c0"));
    let max_age = RunSettings::default().evidence_max_age;
    driver.know(all_seen(&driver, driver.now - max_age));
    assert_eq!(judged(&driver, &order), Ok(()), "as old as it may be");
    driver.know(all_seen(&driver, driver.now - max_age - minutes(1)));
    assert_eq!(judged(&driver, &order), Err(Violation::Evidence), "too old");
    for name in ["s0-c0", "s1-c0"] {
        driver.know(all_seen(&driver, driver.now));
        let id = driver.id(name);
        driver.live.forget(id);
        assert_eq!(
            judged(&driver, &order),
            Err(Violation::Evidence),
            "nothing of {name}"
        );
        let report = ClusterReport::settled("v1.29.0".parse().unwrap());
        let wrong = ClusterObservation::present(driver.now, report);
        driver.live.observe(id, wrong);
        assert_eq!(
            judged(&driver, &order),
            Err(Violation::Evidence),
            "{name} at another version"
        );
    }
    // One that has not started is no witness.
    driver.know(all_seen(&driver, driver.now));
    let id = driver.id("s1-c1");
    driver.live.forget(id);
    assert_eq!(judged(&driver, &order), Ok(()));
    let cluster = driver.id("s0-c0");
    driver.record(Fact::ClusterUnwell {
        cluster,
        cause: fleet_upgrade::kernel::Ailment::Unreachable,
    });
    driver.know(all_seen(&driver, driver.now));
    assert_eq!(
        judged(&driver, &order),
        Err(Violation::Evidence),
        "known to be unwell"
    );
}

#[test]
fn what_the_policy_asks_for_is_there() {
    let plan = plan(|mut spec| {
        spec.stages[0].approval = StageApproval::before(ApprovalRule::anyone());
        spec.backup(BackupRequirement::within(HumanDuration::hours(1)))
    });
    let roster = Roster::of(&plan);
    let mut driver = driver(&plan, &roster);
    let stage = fleet_upgrade::kernel::StageId(0);
    driver.record(Fact::StageOpened { stage });
    let order = HopOrder {
        cluster: driver.id("s0-c1"),
        hop: 0,
        to: "v1.31.1".parse().unwrap(),
        key: String::new(),
        readiness: None,
    };
    driver.know(all_seen(&driver, driver.now));
    assert_eq!(judged(&driver, &order), Err(Violation::Approval));
    driver.record(Fact::Approved {
        stage,
        point: fleet_upgrade::kernel::ApprovalPoint::AfterStage,
        by: "alice".into(),
        given: driver.now,
        expires: None,
    });
    assert_eq!(
        judged(&driver, &order),
        Err(Violation::Approval),
        "of another point"
    );
    driver.record(Fact::Approved {
        stage,
        point: fleet_upgrade::kernel::ApprovalPoint::BeforeStage,
        by: "alice".into(),
        given: driver.now,
        expires: None,
    });
    assert_eq!(judged(&driver, &order), Err(Violation::Readiness));
    let backup = fleet_upgrade::kernel::BackupVerdict::Verified {
        backup: "nightly".into(),
        completed: driver.now - minutes(30),
    };
    let readiness = fleet_upgrade::kernel::Readiness {
        backup: Some(backup),
        preflight: None,
    };
    let order = HopOrder {
        readiness: Some(readiness),
        ..order
    };
    assert_eq!(judged(&driver, &order), Ok(()));
    driver.now += 2.hours();
    driver.know(all_seen(&driver, driver.now));
    assert_eq!(
        judged(&driver, &order),
        Err(Violation::Readiness),
        "the backup is too old now"
    );
}
