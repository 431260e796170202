//! Rules that no peer has wrong, each by itself.

use fleet_core::{HumanDuration, KubernetesVersion};
use fleet_upgrade::kernel::{
    Ailment, Blocker, ClusterId, ClusterObservation, ClusterReport, ClusterState, Command, Counts, Event,
    Fact, FailureCause, Observation, Outcome, Roster, RunSettings, RunState, StopReason, decide, why,
};
use fleet_upgrade::{ApprovalRule, AtMost, FleetUpgradeSpec, Group, SpreadRule, StageApproval};
use jiff::ToSpan;

use crate::world::{Crash, Driver, Mishap, StageLike, Stand, Wish, a_plan, at, budget, minutes};

const MONDAY: &str = "2026-03-02T08:00:00Z";

#[test]
fn hops_go_one_after_the_other() {
    let plan = a_plan(&[StageLike::of(2)], 3, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
    let hops: Vec<_> = driver.starts.iter().map(|(_, id, hop)| (id.0, *hop)).collect();
    assert_eq!(hops, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
}

#[test]
fn a_pause_between_hops_holds_the_next_hop() {
    let plan = a_plan(&[StageLike::of(1)], 2, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.wishes = vec![
        (at(MONDAY) + 5.minutes(), Wish::Pause),
        (at(MONDAY) + 30.hours(), Wish::Resume),
    ];
    assert!(driver.finish().is_success());
    assert_eq!(driver.starts[1].0, at(MONDAY) + 30.hours());
}

#[test]
fn a_foreign_version_holds_the_cluster_and_names_what_was_found() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver
        .cluster("s0-c0")
        .mishaps
        .push(Mishap::ForeignWrite(at(MONDAY) + 10.minutes()));
    let report = driver.finish();
    let ClusterState::Held { found, .. } = &report.clusters["s0-c0"].state else {
        panic!()
    };
    assert_eq!(found.to_string(), "v1.29.9");
    assert_eq!(report.clusters["s0-c1"].state, ClusterState::Skipped);
}

#[test]
fn a_cancelled_run_sees_what_is_under_way_to_its_end() {
    let plan = a_plan(&[StageLike::of(3)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.wishes = vec![(at(MONDAY) + 5.minutes(), Wish::Cancel)];
    let report = driver.finish();
    assert_eq!(report.outcome, Some(Outcome::Cancelled));
    assert_eq!(report.clusters["s0-c0"].state, ClusterState::Upgraded);
    assert_eq!(report.clusters["s0-c1"].state, ClusterState::Skipped);
}

#[test]
fn an_unwell_cluster_lets_the_next_one_by_until_it_recovers() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let recovers = at(MONDAY) + 3.hours();
    driver
        .cluster("s0-c0")
        .mishaps
        .push(Mishap::Unreachable(at(MONDAY), recovers));
    assert!(driver.finish().is_success());
    assert!(driver.started("s0-c1").unwrap() < driver.started("s0-c0").unwrap());
    assert!(driver.started("s0-c0").unwrap() >= recovers);
}

#[test]
fn an_ailment_that_turns_into_another_is_told_and_counts_from_the_first() {
    let plan = a_plan(
        &[StageLike::of(2)],
        1,
        |spec| spec.failure_budget(budget(1)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let settings = RunSettings::default();
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), settings.clone());
    let (ill, lost) = (at(MONDAY) + 10.minutes(), at(MONDAY) + 168.hours());
    driver.cluster("s0-c0").mishaps = vec![Mishap::Degraded(at(MONDAY), ill), Mishap::Unreachable(ill, lost)];
    assert_eq!(driver.finish().outcome, Some(Outcome::Completed));
    let id = driver.id("s0-c0");
    let told: Vec<_> = driver
        .log
        .iter()
        .filter(|event| event.fact.cluster() == Some(id))
        .map(|event| (event.at, event.fact.clone()))
        .collect();
    let [
        (first, Fact::ClusterUnwell { cause: degraded, .. }),
        (
            second,
            Fact::ClusterUnwell {
                cause: unreachable, ..
            },
        ),
        (failed, Fact::ClusterFailed { .. }),
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert!(matches!(degraded, Ailment::Degraded { .. }) && *unreachable == Ailment::Unreachable);
    assert!(first < second);
    assert_eq!(failed.duration_since(*first), settings.unwell_limit);
}

#[test]
fn as_many_clusters_may_be_out_of_reach_as_their_budget_says() {
    let plan = a_plan(
        &[StageLike::of(4)],
        1,
        |spec| spec.unreachable_budget(budget(1)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let outcome = |lost: &[&str]| {
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        for name in lost {
            let lost = Mishap::Unreachable(at(MONDAY), at(MONDAY) + 1_000.hours());
            driver.cluster(name).mishaps.push(lost);
        }
        driver.finish().outcome.unwrap()
    };
    assert_eq!(outcome(&["s0-c1"]), Outcome::Completed);
    let reason = StopReason::UnreachableBudget {
        unreachable: 2,
        budget: 1,
    };
    assert_eq!(outcome(&["s0-c1", "s0-c2"]), Outcome::Stopped { reason });
}

#[test]
fn a_stage_that_asks_for_no_soak_does_not_soak() {
    let plan = a_plan(&[StageLike::of(1), StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
    let soaks = |event: &Event| matches!(event.fact, Fact::SoakStarted { .. });
    assert!(!driver.log.iter().any(soaks));
}

#[test]
fn a_soak_of_a_minute_takes_a_minute() {
    let stages = [StageLike::of(1).soak(HumanDuration::minutes(1)), StageLike::of(1)];
    let plan = a_plan(&stages, 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
    let told = |wanted: fn(&Fact) -> bool| {
        let mut events = driver.log.iter();
        events.find(|event| wanted(&event.fact)).unwrap().at
    };
    let began = told(|fact| matches!(fact, Fact::SoakStarted { .. }));
    let over = told(|fact| matches!(fact, Fact::StageDone { .. }));
    assert_eq!(over.duration_since(began), minutes(1));
}

#[test]
fn looks_that_come_often_do_not_swell_the_log_of_a_soak() {
    let ask = |mut spec: FleetUpgradeSpec| {
        spec.stages[0].approval = StageApproval::after(ApprovalRule::anyone());
        spec
    };
    let stages = [StageLike::of(1).soak(HumanDuration::hours(4)), StageLike::of(1)];
    let plan = a_plan(&stages, 1, ask, at(MONDAY));
    let roster = Roster::of(&plan);
    let settings = RunSettings::default();
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), settings.clone());
    driver.until(at(MONDAY) + 3.hours());
    let cluster = driver.id("s0-c0");
    let mut look = || {
        let known = driver.log.len();
        driver.now += minutes(1);
        let report = ClusterReport::settled(plan.target().clone());
        let seen = ClusterObservation::present(driver.now, report);
        driver.live.observe(cluster, seen);
        while driver.step() == Stand::Busy {}
        let is_evidence = |event: &&Event| matches!(event.fact, Fact::SoakEvidence { .. });
        driver.log[known..].iter().filter(is_evidence).count()
    };
    let due = usize::try_from(minutes(60).as_secs() / settings.refresh().as_secs()).unwrap();
    let entries: usize = (0..60).map(|_| look()).sum();
    assert!(
        (due - 1..=due).contains(&entries),
        "{entries} in an hour, {due} are due"
    );
    // What was lacking is told at once, and once: then it waits for the approval.
    let entries: Vec<usize> = (0..60).map(|_| look()).collect();
    let earned = entries.windows(2).any(|pair| pair == [1, 1]);
    assert!(!earned, "{entries:?}");
}

#[test]
fn groups_go_side_by_side_each_at_its_own_pace_and_past_its_failures() {
    let halves = |mut spec: FleetUpgradeSpec| {
        let half = |name: &str| Group::new(name, format!("half={name}").parse().unwrap());
        spec.stages[0].groups = vec![half("a"), half("b").max_concurrent(2.try_into().unwrap())];
        spec.stages[0].max_concurrent = 1.try_into().unwrap();
        spec.failure_budget(budget(1))
    };
    let plan = a_plan(&[StageLike::of(8)], 1, halves, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    let started = |driver: &Driver<'_>| -> Vec<String> {
        let ids = driver.starts.iter().map(|(_, id, _)| *id);
        ids.map(|id| roster.name(id).unwrap().to_string()).collect()
    };
    driver.step();
    driver.until(at(MONDAY));
    let mut first = started(&driver);
    first.sort();
    assert_eq!(
        first,
        ["s0-c0", "s0-c1", "s0-c3"],
        "one of the first half, two of the other"
    );
    driver.until(at(MONDAY) + 39.minutes());
    // The one that failed takes up no place of its half.
    assert_eq!(started(&driver).len(), 4, "{:?}", started(&driver));
    assert_eq!(started(&driver)[3], "s0-c2");
    driver.finish();
    assert_eq!(driver.starts.len(), 8);
}

#[test]
fn a_hop_does_not_start_in_a_window_that_closes_before_its_end() {
    let hours =
        r#"{"timeZone": "UTC", "windows": [{"days": "Mon-Fri", "start": "09:00", "duration": "8h"}]}"#;
    let calendar =
        |spec: fleet_upgrade::FleetUpgradeSpec| spec.calendar(serde_json::from_str(hours).unwrap());
    let plan = a_plan(&[StageLike::of(2)], 1, calendar, at("2026-03-06T16:59:00Z"));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at("2026-03-06T16:59:00Z"), RunSettings::default());
    assert!(driver.finish().is_success());
    assert_eq!(driver.starts[0].0, at("2026-03-09T09:00:00Z"), "as the plan says");
    assert_eq!(plan.clusters().next().unwrap().start, driver.starts[0].0);
}

#[test]
fn a_cluster_starts_when_its_own_calendar_opens_though_others_wait_for_something_else() {
    // `c0` fails and takes its pair with it: `c1` waits for good, and `c2` for its calendar.
    let own = r#"{"windows": [{"start": "13:07", "duration": "8h"}]}"#;
    let opens_late = |spec: FleetUpgradeSpec| {
        spec.spread(SpreadRule::by(["pair"], AtMost::Count(1.try_into().unwrap())))
            .cluster_calendar("pair=s0-p1".parse().unwrap(), serde_json::from_str(own).unwrap())
            .failure_budget(budget(1))
    };
    let plan = a_plan(&[StageLike::of(3)], 1, opens_late, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::RolloutFails);
    driver.finish();
    assert_eq!(driver.started("s0-c1"), None);
    assert_eq!(driver.started("s0-c2"), Some(at("2026-03-02T13:07:00Z")));
}

#[test]
fn the_one_that_goes_first_is_one_that_may_go() {
    let plan = a_plan(&[StageLike::of(3)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert_eq!(driver.step(), Stand::Busy, "the stage opens");
    let [unwell, last] = ["s0-c1", "s0-c2"].map(|name| driver.id(name));
    let mut seen = Observation::empty();
    for number in 0..3 {
        let report = ClusterReport::settled(KubernetesVersion::new(1, 30, 4));
        seen.insert(ClusterId(number), ClusterObservation::present(driver.now, report));
    }
    seen.insert(unwell, ClusterObservation::unreachable(driver.now));
    driver.know(seen);
    driver.record(Fact::ClusterUnwell {
        cluster: unwell,
        cause: Ailment::Unreachable,
    });
    let blocker = why(&plan, driver.live.state(), driver.live.seen(), driver.now, last).unwrap();
    let after = "s0-c0".parse().unwrap();
    assert_eq!(blocker, Blocker::InOrder { after });
}

#[test]
fn who_was_never_looked_at_keeps_its_place_and_who_is_unwell_lets_others_by() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert_eq!(driver.step(), Stand::Busy, "the stage opens");
    let [first, second] = ["s0-c0", "s0-c1"].map(|name| driver.id(name));
    let well = ClusterObservation::present(
        driver.now,
        ClusterReport::settled(KubernetesVersion::new(1, 30, 4)),
    );
    let mut seen = Observation::empty();
    seen.insert(second, well);
    driver.know(seen.clone());
    let commands = driver.commands();
    assert!(
        matches!(commands[..], [Command::WaitUntil { .. }]),
        "{commands:?}"
    );
    seen.insert(first, ClusterObservation::unreachable(driver.now));
    driver.know(seen);
    driver.record(Fact::ClusterUnwell {
        cluster: first,
        cause: Ailment::Unreachable,
    });
    let commands = driver.commands();
    assert!(
        matches!(&commands[..], [Command::StartHop(order)] if order.cluster == second),
        "{commands:?}"
    );
}

#[test]
fn who_falls_silent_before_its_start_is_unwell_once() {
    let plan = a_plan(&[StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert_eq!(driver.step(), Stand::Busy, "the stage opens");
    let cluster = driver.id("s0-c0");
    let report = ClusterReport::settled(KubernetesVersion::new(1, 30, 4));
    let mut seen = Observation::empty();
    seen.insert(cluster, ClusterObservation::present(driver.now, report));
    driver.now += 2.hours();
    driver.know(seen);
    let unwell = Fact::ClusterUnwell {
        cluster,
        cause: Ailment::NoEvidence,
    };
    assert_eq!(driver.commands(), [Command::Record(unwell.clone())]);
    driver.record(unwell);
    let commands = driver.commands();
    assert!(
        matches!(commands[..], [Command::WaitUntil { .. }]),
        "{commands:?}"
    );
}

#[test]
fn a_lost_order_is_repeated_by_its_process_and_decided_anew_by_the_next() {
    let withdrawn = |setup: &dyn Fn(&mut Driver<'_>)| {
        let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
        let roster = Roster::of(&plan);
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        setup(&mut driver);
        assert!(driver.finish().is_success());
        let facts = driver.log.iter().map(|event| &event.fact);
        facts
            .filter(|fact| matches!(fact, Fact::HopWithdrawn { .. }))
            .count()
    };
    assert_eq!(
        withdrawn(&|driver| driver.cluster("s0-c0").mishaps.push(Mishap::LosesOrders(3))),
        0
    );
    assert_eq!(
        withdrawn(&|driver| driver.crashes = vec![(0, Crash::BeforeAct)]),
        1
    );
    assert_eq!(
        withdrawn(&|driver| driver.crashes = vec![(0, Crash::AfterAct)]),
        0
    );
}

#[test]
fn an_order_that_is_never_taken_fails_its_cluster_however_short_the_windows_are() {
    let nightly = r#"{"windows": [{"days": "Mon-Sun", "start": "22:00", "duration": "1h"}]}"#;
    let calendar =
        |spec: fleet_upgrade::FleetUpgradeSpec| spec.calendar(serde_json::from_str(nightly).unwrap());
    let plan = a_plan(&[StageLike::of(2)], 1, calendar, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver
        .cluster("s0-c0")
        .mishaps
        .push(Mishap::LosesOrders(u32::MAX));
    let report = driver.finish();
    assert!(!report.is_success());
    let withdrawn = driver
        .log
        .iter()
        .filter(|event| matches!(event.fact, Fact::HopWithdrawn { .. }));
    assert!((1..10).contains(&withdrawn.count()), "each night it is tried");
    let refused = Fact::ClusterFailed {
        cluster: ClusterId(0),
        cause: FailureCause::NotAccepted,
    };
    assert!(driver.log.iter().any(|event| event.fact == refused));
}

#[test]
fn a_process_that_dies_around_a_start_does_nothing_twice() {
    for crash in [Crash::BeforeAct, Crash::AfterAct] {
        for start in 0..3 {
            let plan = a_plan(&[StageLike::of(3)], 1, |spec| spec, at(MONDAY));
            let roster = Roster::of(&plan);
            let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
            driver.crashes = vec![(start, crash)];
            assert!(driver.finish().is_success(), "{crash:?} at start {start}");
        }
    }
}

#[test]
fn a_lost_order_is_repeated_and_a_lost_answer_is_not() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::LosesOrders(3));
    driver.cluster("s0-c1").mishaps.push(Mishap::LosesAnswers(1));
    assert!(driver.finish().is_success());
}

#[test]
fn the_time_a_process_was_dead_soaks_nothing() {
    let soak = HumanDuration::hours(10);
    let plan = a_plan(
        &[StageLike::of(1).soak(soak), StageLike::of(1)],
        1,
        |spec| spec,
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 5.hours());
    driver.now = at(MONDAY) + 100.hours();
    driver.restart();
    assert!(driver.finish().is_success());
    let started = driver.started("s1-c0").unwrap();
    assert!(
        started >= at(MONDAY) + 100.hours() + 340.minutes(),
        "started at {started}"
    );
    assert!(started <= at(MONDAY) + 107.hours());
}

#[test]
fn clusters_at_the_target_bear_witness() {
    let mut first = StageLike::of(0).soak(HumanDuration::hours(4));
    first.at_target = 1;
    let plan = a_plan(&[first, StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let report = driver.finish();
    assert!(report.is_success());
    assert_eq!(report.clusters["s0-c0"].state, ClusterState::AlreadyAtTarget);
    assert!(driver.started("s1-c0").unwrap() >= at(MONDAY) + 4.hours());
}

#[test]
fn a_clock_that_jumps_back_proves_nothing() {
    let plan = a_plan(
        &[StageLike::of(2).soak(HumanDuration::hours(2)), StageLike::of(1)],
        1,
        |spec| spec,
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 100.minutes());
    driver.now = at(MONDAY) + 50.minutes();
    assert!(driver.finish().is_success());
}

#[test]
fn a_clock_that_was_ahead_for_a_moment_keeps_nothing_waiting() {
    let soak = HumanDuration::hours(10);
    let stages = [StageLike::of(2).soak(soak), StageLike::of(1)];
    let plan = a_plan(&stages, 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    // When a hop is about to start, is under way, is done; in the soak, and after it.
    for minute in [0, 10, 45, 90, 300, 800] {
        let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
        driver.until(at(MONDAY) + minute.minutes());
        let before = driver.starts.len();
        driver.leap(minutes(30 * 24 * 60));
        let set_back = |driver: &Driver<'_>| {
            let mut facts = driver.log.iter().map(|event| &event.fact);
            facts.any(|fact| *fact == Fact::ClockSetBack)
        };
        let recorded = driver.log.last().unwrap().at > driver.now;
        let report = driver.finish();
        assert_eq!(set_back(&driver), recorded, "{minute}");
        // A hop that was under way is overdue by such a clock, and counts as failed.
        let failed = Counts::of(driver.live.state()).failed;
        assert!(failed <= 1 && (failed == 0 || before > 0), "{minute}: {report:?}");
        let took = driver.now.duration_since(at(MONDAY));
        assert!(took < minutes(48 * 60), "{minute}: it took {took}");
    }
}

#[test]
fn a_state_of_another_plan_is_left_alone() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let other = a_plan(&[StageLike::of(3)], 1, |spec| spec, at(MONDAY));
    let commands = decide(&plan, &RunState::new(&other), &Observation::empty(), at(MONDAY));
    assert!(
        matches!(commands[..], [Command::WaitUntil { until: None, .. }]),
        "{commands:?}"
    );
}

#[test]
fn facts_that_the_state_does_not_allow_change_nothing() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let cluster = driver.id("s0-c0");
    let stray = [
        Fact::HopDone { cluster, hop: 0 },
        Fact::HopAccepted { cluster, hop: 0 },
        Fact::HopStarted {
            cluster,
            hop: 1,
            readiness: None,
        },
        Fact::ClusterGone {
            cluster: fleet_upgrade::kernel::ClusterId(99),
        },
        Fact::Resumed,
    ];
    for fact in stray {
        let mut run = driver.live.state().clone();
        let event: Event = run.next_event(at(MONDAY), fact.clone());
        run.apply(&event);
        let mut before = driver.live.state().clone();
        before.apply(&before.next_event(at(MONDAY), Fact::Resumed));
        assert_eq!(run, before, "{fact:?}");
    }
}

#[test]
fn a_cluster_that_has_ended_badly_ends_no_second_time() {
    let plan = a_plan(&[StageLike::of(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let cluster = driver.id("s0-c0");
    let (found, expected) = (plan.target().clone(), plan.target().clone());
    let ends = [
        Fact::ClusterFailed {
            cluster,
            cause: FailureCause::Deadline,
        },
        Fact::ClusterHeld {
            cluster,
            found,
            expected,
            writer: None,
        },
        Fact::ClusterGone { cluster },
        Fact::ClusterFailed {
            cluster,
            cause: FailureCause::Unwell {
                ailment: Ailment::Unreachable,
            },
        },
        Fact::ClusterUnwell {
            cluster,
            cause: Ailment::NoEvidence,
        },
    ];
    driver.record(ends[0].clone());
    for fact in ends {
        let mut after = driver.live.state().clone();
        after.apply(&after.next_event(at(MONDAY), fact.clone()));
        let mut before = driver.live.state().clone();
        before.apply(&before.next_event(at(MONDAY), Fact::Resumed));
        assert_eq!(after, before, "{fact:?}");
    }
}

#[test]
fn an_entry_that_never_comes_is_a_gap() {
    let plan = a_plan(&[StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.finish();
    let mut log = driver.log.clone();
    assert_eq!(RunState::replay(&plan, &log).gap(), None);
    log.remove(3);
    assert_eq!(RunState::replay(&plan, &log).gap(), Some(3));
}

#[test]
fn a_day_has_its_cap() {
    let plan = a_plan(
        &[StageLike::of(5).at_once(5).per_day(2)],
        1,
        |spec| spec,
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    assert!(driver.finish().is_success());
    let midnight = at("2026-03-03T00:00:00Z");
    let starts: Vec<_> = driver.starts.iter().map(|(at, ..)| *at).collect();
    assert_eq!(
        starts,
        [at(MONDAY), at(MONDAY), midnight, midnight, midnight + 24.hours()]
    );
}

#[test]
fn a_stuck_cluster_fails_at_its_deadline() {
    let plan = a_plan(
        &[StageLike::of(1)],
        1,
        |spec| spec.cluster_deadline(HumanDuration::hours(3)),
        at(MONDAY),
    );
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").mishaps.push(Mishap::Stuck);
    let report = driver.finish();
    let took = report.clusters["s0-c0"].ended.unwrap().duration_since(at(MONDAY));
    assert_eq!(took, minutes(180));
}

#[test]
fn a_lost_order_is_not_repeated_while_an_upgraded_cluster_is_unwell() {
    let plan = a_plan(&[StageLike::of(2).at_once(2)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.cluster("s0-c0").hop = minutes(5);
    driver.cluster("s0-c0").mishaps.push(Mishap::Degraded(
        at(MONDAY) + 6.minutes(),
        at(MONDAY) + 80.minutes(),
    ));
    // Lost as often as it is given before the other one is upgraded, and once more.
    driver
        .cluster("s0-c1")
        .mishaps
        .push(Mishap::LosesOrders(u32::MAX));
    driver.until(at(MONDAY) + 40.minutes());
    let repeats = |driver: &mut Driver<'_>| {
        driver.look();
        let commands = driver.commands();
        commands
            .iter()
            .any(|command| matches!(command, Command::RepeatStart(_)))
    };
    assert!(!repeats(&mut driver), "one of the two is not well");
    driver.until(at(MONDAY) + 100.minutes());
    assert!(repeats(&mut driver), "it is well again");
}

#[test]
fn a_cluster_of_which_a_part_runs_another_version_is_not_well() {
    let plan = a_plan(&[StageLike::of(1), StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    driver.until(at(MONDAY) + 45.minutes());
    let id = driver.id("s0-c0");
    let mut report = fleet_upgrade::kernel::ClusterReport::settled(plan.target().clone());
    report.oldest = "v1.30.4".parse().unwrap();
    let seen = fleet_upgrade::kernel::ClusterObservation::present(driver.now, report);
    driver.live.observe(id, seen);
    let facts: Vec<_> = driver.commands();
    assert!(
        matches!(&facts[..], [Command::Record(Fact::ClusterUnwell { cluster, cause })]
            if *cluster == id && cause.to_string() == "degraded (a part of it runs v1.30.4)"),
        "{facts:?}"
    );
}

#[test]
fn a_cluster_that_somebody_takes_elsewhere_before_it_takes_its_order_is_held() {
    let plan = a_plan(&[StageLike::of(1)], 1, |spec| spec, at(MONDAY));
    let roster = Roster::of(&plan);
    let mut driver = Driver::new(&plan, &roster, at(MONDAY), RunSettings::default());
    let cluster = driver.cluster("s0-c0");
    cluster.mishaps.push(Mishap::LosesOrders(u32::MAX));
    cluster
        .mishaps
        .push(Mishap::ForeignWrite(at(MONDAY) + 10.minutes()));
    let report = driver.finish();
    let state = &report.clusters["s0-c0"].state;
    assert!(matches!(state, ClusterState::Held { .. }), "{state:?}");
}
