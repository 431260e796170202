//! Rehearsals: the same seed gives the same forecast, certainty gives the plan, and a bad version is stopped.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::NonZeroU32;

use fleet_core::{Calendar, Fleet, FleetCluster, HumanDuration, Labels, NodeCounts};
use fleet_upgrade::simulate::{Defect, Forecast, Odds, simulate};
use fleet_upgrade::{
    ApprovalRule, BackupRequirement, Constraint, FleetUpgrade, FleetUpgradeSpec, Pick, SpreadRule, Stage,
    StageApproval, UpgradePlan, plan,
};
use jiff::Timestamp;

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// A canary, five days of soak, and the rest, so many a working day.
fn a_plan(
    clusters: u32,
    per_day: u32,
    change: impl FnOnce(FleetUpgradeSpec) -> FleetUpgradeSpec,
) -> UpgradePlan {
    let calendar = Calendar::in_zone("Europe/Berlin")
        .unwrap()
        .with_window(
            "Mon-Fri".parse().unwrap(),
            jiff::civil::time(9, 0, 0, 0),
            HumanDuration::hours(8),
        )
        .unwrap();
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(
            Stage::new("canary")
                .pick(Pick::one())
                .soak(HumanDuration::days(5)),
        )
        .stage(
            Stage::new("rest")
                .max_concurrent(count(per_day))
                .max_per_day(count(per_day)),
        )
        .calendar(calendar);
    let cluster = |number: u32| {
        let region = ["eu", "us", "ap"][number as usize % 3];
        FleetCluster::new(
            format!("c{number:04}").parse().unwrap(),
            "v1.30.8".parse().unwrap(),
        )
        .with_labels(Labels::from_pairs([("region", region)]).unwrap())
        .with_nodes(NodeCounts {
            control_plane: 3,
            workers: 5,
        })
    };
    let fleet = Fleet::new((0..clusters).map(cluster)).unwrap();
    let now: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    plan(&FleetUpgrade::new("to-1.31", change(spec)), &fleet, now).unwrap()
}

fn forecast(plan: &UpgradePlan, odds: &Odds, runs: u32) -> Forecast {
    simulate(plan, odds, count(runs), 7)
}

#[test]
fn without_chance_the_rehearsal_is_the_plan() {
    let plan = a_plan(20, 3, |spec| spec);
    let certain = forecast(&plan, &Odds::certain(), 3);
    assert_eq!(
        (certain.finish.p50, certain.finish.p90),
        (plan.finish(), plan.finish())
    );
    assert!((certain.completed - 1.0).abs() < f64::EPSILON);
    assert_eq!(certain.completion, Some(certain.finish));
    assert_eq!(certain.failed.max, 0);
}

#[test]
fn without_chance_the_rehearsal_is_the_plan_with_every_knob() {
    let plan = a_plan(30, 5, |mut spec| {
        spec.stages[1].approval = StageApproval::before(ApprovalRule::by(["alice"]));
        spec.stages[0] = spec.stages[0].clone().soak_samples(count(30));
        spec.require_preflight()
            .backup(BackupRequirement::within(HumanDuration::hours(24)))
            .spread(SpreadRule::by(["region"], fleet_upgrade::AtMost::Count(count(1))))
    });
    plan.check().unwrap();
    assert_eq!(forecast(&plan, &Odds::certain(), 1).finish.p50, plan.finish());
}

#[test]
fn the_order_holds_also_where_a_window_is_too_short_for_the_first() {
    let calendar: Calendar = serde_json::from_str(
        r#"{"windows": [{"days": "Mon-Fri", "start": "09:00", "duration": "1h"}, {"days": "Sat", "start": "09:00", "duration": "4h"}]}"#,
    )
    .unwrap();
    let cluster = |name: &str, tier, workers| {
        FleetCluster::new(name.parse().unwrap(), "v1.30.4".parse().unwrap())
            .with_labels(Labels::from_pairs([("tier", tier), ("dr-pair", name)]).unwrap())
            .with_nodes(NodeCounts {
                control_plane: 1,
                workers,
            })
    };
    let fleet = Fleet::new([
        cluster("big-0", "bronze", 30),
        cluster("big-1", "bronze", 30),
        cluster("small-0", "silver", 1),
        cluster("small-1", "silver", 1),
    ])
    .unwrap();
    let now: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(Stage::new("all").max_per_day(count(1)))
        .calendar(calendar);
    let spread = SpreadRule::by(["dr-pair"], fleet_upgrade::AtMost::Count(count(1)));
    for spec in [spec.clone(), spec.spread(spread)] {
        let plan = plan(&FleetUpgrade::new("up", spec), &fleet, now).unwrap();
        plan.check().unwrap();
        let first = plan.clusters().next().unwrap();
        assert_eq!(
            first.start,
            "2026-01-10T09:00:00Z".parse().unwrap(),
            "only Saturday's is long enough"
        );
        assert_eq!(forecast(&plan, &Odds::certain(), 1).finish.p50, plan.finish());
    }
}

#[test]
fn one_seed_one_forecast() {
    let plan = a_plan(20, 3, |spec| spec);
    let odds = Odds::typical();
    assert_eq!(
        simulate(&plan, &odds, count(50), 7),
        simulate(&plan, &odds, count(50), 7)
    );
    assert_ne!(
        simulate(&plan, &odds, count(50), 7).finish,
        simulate(&plan, &odds, count(50), 8).finish
    );
}

#[test]
fn hops_that_fail_stop_a_run_that_tolerates_none() {
    let plan = a_plan(20, 3, |spec| spec);
    let fails = forecast(&plan, &Odds::certain().hop_fails(1.0), 5);
    assert!((fails.stopped - 1.0).abs() < f64::EPSILON, "{fails}");
    assert_eq!(fails.failed.max, 1, "the canary, and nobody after it");
    let rarely = forecast(&plan, &Odds::certain().hop_fails(0.05), 200);
    // 20 hops of which each fails with 5 %: 36 % of the runs complete.
    assert!((0.25..0.47).contains(&rarely.completed), "{rarely}");
}

#[test]
fn a_soak_keeps_a_bad_version_from_the_fleet() {
    let soaked = a_plan(60, 10, |spec| spec);
    let hasty = a_plan(60, 10, |mut spec| {
        spec.stages[0].soak = fleet_upgrade::SoakRule::default();
        spec
    });
    let odds = Odds::certain().defect(Defect::new(1.0, HumanDuration::hours(12)));
    let (with, without) = (forecast(&soaked, &odds, 100), forecast(&hasty, &odds, 100));
    assert_eq!(with.harmed.p90, 1, "the canary shows it in its soak: {with}");
    assert!(without.harmed.p50 > 5, "{without}");
}

#[test]
fn the_knob_that_matters_most_comes_first() {
    let plan = a_plan(60, 2, |spec| spec);
    let forecast = forecast(&plan, &Odds::typical(), 30);
    assert!(forecast.finish.p50 <= forecast.finish.p90 && forecast.finish.p90 <= forecast.finish.max);
    // 59 clusters, two on each of five days a week: six weeks, of which the cap and the weekends are the cause.
    let first = forecast.sensitivity.first().unwrap();
    assert_eq!(first.constraint, Constraint::MaxPerDay, "{forecast}");
    assert!(first.p50 < forecast.finish.p50);
}

#[test]
fn every_knob_that_holds_is_turned_whole() {
    let of = |change: fn(FleetUpgradeSpec) -> FleetUpgradeSpec| {
        forecast(&a_plan(30, 3, change), &Odds::certain(), 10)
    };
    let ends = |forecast: &Forecast, constraint| {
        let mut knobs = forecast.sensitivity.iter();
        knobs
            .find(|knob| knob.constraint == constraint)
            .map(|knob| knob.p50)
    };
    let plain = of(|spec| spec);
    assert_eq!(ends(&plain, Constraint::Spread), None);
    // A calendar of clusters' own says nothing new: without either all are open.
    let own = of(|spec| {
        let always = Calendar::in_zone("Europe/Berlin").unwrap();
        spec.cluster_calendar("region=eu".parse().unwrap(), always)
    });
    assert_eq!(
        ends(&own, Constraint::Calendar),
        ends(&plain, Constraint::Calendar)
    );
    // One of each region at a time is slower than three.
    let spread = of(|mut spec| {
        spec.stages[1].max_per_day = None;
        spec.stages[1].max_concurrent = count(30);
        spec.calendar = Calendar::always();
        spec.spread(SpreadRule::by(["region"], fleet_upgrade::AtMost::Count(count(1))))
    });
    assert!(
        ends(&spread, Constraint::Spread).unwrap() < spread.finish.p50,
        "{spread}"
    );
    let groups = of(|mut spec| {
        spec.stages[1].max_per_day = None;
        spec.stages[1].max_concurrent = count(1);
        spec.calendar = Calendar::always();
        let region = |name: &str| fleet_upgrade::Group::new(name, format!("region={name}").parse().unwrap());
        spec.stages[1].groups = vec![region("eu"), region("us"), region("ap")];
        spec
    });
    let finish = groups.finish.p50;
    let (now, soak) = (
        "2026-01-05T09:00:00Z".parse::<Timestamp>().unwrap(),
        HumanDuration::days(5).as_signed(),
    );
    let work = finish.duration_since(now) - soak;
    let faster = ends(&groups, Constraint::MaxConcurrent)
        .unwrap()
        .duration_since(now)
        - soak;
    assert!(faster < work * 2 / 3, "{groups}");
}

#[test]
fn runs_that_stop_early_are_no_early_ends() {
    let plan = a_plan(20, 3, |spec| spec);
    let forecast_with = |hop_fails: f64| {
        let mut odds = Odds::certain();
        odds.hop_fails = hop_fails;
        forecast(&plan, &odds, 200)
    };
    let some = forecast_with(0.02);
    assert!(0.3 < some.completed && some.completed < 1.0, "{some}");
    let complete = some.completion.unwrap();
    assert!(
        complete.p50 >= plan.finish() && some.finish.p50 <= complete.p50,
        "{some}"
    );
    assert!(
        some.to_string().contains("of those that complete half end by"),
        "{some}"
    );
    let none = forecast_with(1.0);
    assert_eq!(none.completion, None);
    assert!(none.to_string().contains("none completes"), "{none}");
}
