//! What the planner allows but says.

// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

mod calendars;

use fleet_core::{Fleet, FleetCluster, HumanDuration, Labels, NodeCounts, Provider};
use fleet_upgrade::{
    ApprovalRule, Constraint, FleetUpgrade, FleetUpgradeSpec, Pick, PickOrder, PlanProblem, PlanWarning,
    Stage, UpgradePlan, plan,
};

/// Clusters in one region each, with this many workers; every third is somebody else's machines.
fn fleet(workers: &[u32]) -> Fleet {
    Fleet::new((0..).zip(workers).map(|(number, workers)| {
        let region = format!("region-{number}");
        FleetCluster::new(format!("c{number}").parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs([("region", region.as_str())]).unwrap())
            .with_provider(if number % 3 == 2 {
                Provider::Gcp
            } else {
                Provider::Aws
            })
            .with_nodes(NodeCounts {
                control_plane: 3,
                workers: *workers,
            })
    }))
    .unwrap()
}

fn to_1_31() -> FleetUpgradeSpec {
    FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
}

fn planned(spec: FleetUpgradeSpec, fleet: &Fleet) -> UpgradePlan {
    let plan = plan(
        &FleetUpgrade::new("up", spec),
        fleet,
        "2026-01-05T09:00:00Z".parse().unwrap(),
    )
    .unwrap();
    assert_eq!(plan.check(), Ok(()));
    plan
}

fn texts(plan: &UpgradePlan) -> String {
    plan.warnings()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_canary_that_leaves_regions_and_providers_uncovered_and_does_not_soak() {
    let spec = to_1_31()
        .stage(Stage::new("canary").pick(Pick::one()))
        .stage(Stage::new("rest"));
    let plan = planned(spec, &fleet(&[1, 2, 3]));
    insta::assert_snapshot!(texts(&plan));
}

#[test]
fn a_canary_that_covers_everything_is_not_warned_about() {
    let spec = to_1_31()
        .stage(
            Stage::new("canary")
                .pick(Pick::one())
                .soak(HumanDuration::days(1)),
        )
        .stage(Stage::new("rest"));
    let alike = Fleet::new(
        ["a", "b"].map(|name| FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap())),
    );
    assert_eq!(texts(&planned(spec, &alike.unwrap())), "");
}

#[test]
fn a_pick_of_more_than_there_are() {
    let spec = to_1_31().stage(Stage::new("canary").pick(Pick::count(5u32.try_into().unwrap())));
    let plan = planned(spec, &fleet(&[1, 2]));
    insta::assert_snapshot!(texts(&plan));
}

#[test]
fn a_misspelled_criticality_is_told_where_the_order_asks_for_it() {
    let labels: [&[(&str, &str)]; 4] = [
        &[("criticality", "hgih"), ("tier", "gold")],
        &[("criticality", "low"), ("tier", "edge")],
        &[("tier", "plat")],
        &[],
    ];
    let clusters = (0..).zip(labels).map(|(number, labels)| {
        FleetCluster::new(format!("c{number}").parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs(labels.iter().copied()).unwrap())
    });
    let fleet = Fleet::new(clusters).unwrap();
    let unknown = |pick: Pick| {
        let rest = Pick::count(4u32.try_into().unwrap()).order([PickOrder::Smallest]);
        let spec = to_1_31()
            .stage(Stage::new("canary").pick(pick))
            .stage(Stage::new("rest").pick(rest));
        let plan = planned(spec, &fleet);
        let unknown = plan.warnings().iter().filter_map(|warning| match warning {
            PlanWarning::UnknownCriticality { .. } => Some(warning.to_string()),
            _ => None,
        });
        unknown.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(unknown(Pick::one()));
    assert_eq!(unknown(Pick::one().order([PickOrder::Smallest])), "");
    // Without a pick the order is the default one, the least critical first.
    let plain = planned(to_1_31().stage(Stage::new("all")), &fleet);
    assert!(
        texts(&plain).contains("(`hgih` of c0 first)"),
        "{}",
        texts(&plain)
    );
}

#[test]
fn hops_longer_than_the_deadline() {
    let spec = to_1_31()
        .stage(Stage::new("all"))
        .cluster_deadline(HumanDuration::hours(1));
    let plan = planned(spec, &fleet(&[7, 8, 20, 9]));
    insta::assert_snapshot!(texts(&plan));
    assert!(matches!(
        plan.warnings(),
        [PlanWarning::LongerThanDeadline { clusters: 3, .. }]
    ));
}

#[test]
fn hops_longer_than_every_window_start_when_one_opens() {
    let spec = to_1_31()
        .stage(Stage::new("all"))
        .calendar(calendars::daily(22, 1));
    let plan = planned(spec, &fleet(&[7, 8, 9]));
    // 59 minutes fit into an hour; 64 and 69 do not, and start when a window opens.
    assert!(
        matches!(
            plan.warnings(),
            [PlanWarning::LongerThanWindow { clusters: 2, .. }]
        ),
        "{plan}"
    );
    insta::assert_snapshot!(plan);
}

#[test]
fn a_hop_that_does_not_fit_into_the_rest_of_a_window_waits_for_the_next() {
    let spec = to_1_31()
        .stage(Stage::new("all"))
        .calendar(calendars::daily(9, 2));
    let plan = planned(spec, &fleet(&[7, 8, 9]));
    assert_eq!(plan.warnings(), []);
    for cluster in plan.clusters() {
        let closes = plan.calendar().closes_at(cluster.start).unwrap();
        assert!(cluster.end <= closes, "{plan}");
    }
    let starts: Vec<String> = plan.clusters().map(|cluster| cluster.start.to_string()).collect();
    assert_eq!(
        starts,
        [
            "2026-01-05T09:00:00Z",
            "2026-01-06T09:00:00Z",
            "2026-01-07T09:00:00Z"
        ]
    );
    insta::assert_snapshot!(plan.why("c1").unwrap());
}

#[test]
fn a_calendar_that_never_opens_is_refused() {
    let spec = to_1_31().stage(Stage::new("all")).calendar(calendars::never());
    let policy = FleetUpgrade::new("up", spec);
    let error = plan(&policy, &fleet(&[1]), "2026-01-05T09:00:00Z".parse().unwrap()).unwrap_err();
    assert!(matches!(error.problems(), [PlanProblem::NeverOpens { .. }]));
    insta::assert_snapshot!(error);
}

#[test]
fn a_cap_is_counted_in_the_days_of_the_calendar() {
    let mut stage = Stage::new("all").max_concurrent(9u32.try_into().unwrap());
    stage.max_per_day = Some(1u32.try_into().unwrap());
    let plan = planned(to_1_31().stage(stage), &fleet(&[1, 2, 3]));
    let starts: Vec<String> = plan.clusters().map(|cluster| cluster.start.to_string()).collect();
    assert_eq!(
        starts,
        [
            "2026-01-05T09:00:00Z",
            "2026-01-06T00:00:00Z",
            "2026-01-07T00:00:00Z"
        ]
    );
    assert_eq!(plan.binding_constraint(), Constraint::MaxPerDay);
}

#[test]
fn a_cap_that_is_not_what_takes_so_long_is_not_blamed() {
    let is_blamed = |at_once: u32, a_day: u32| {
        let stage = Stage::new("all")
            .max_concurrent(at_once.try_into().unwrap())
            .max_per_day(a_day.try_into().unwrap());
        let plan = planned(to_1_31().stage(stage), &fleet(&[20; 600]));
        let mut warnings = plan.warnings().iter();
        warnings.any(|warning| matches!(warning, PlanWarning::CapCannotKeepUp { .. }))
    };
    assert!(is_blamed(5, 2));
    assert!(!is_blamed(1, 100), "one at a time is what takes so long");
}

#[test]
fn a_canary_without_a_soak_is_told_unless_somebody_is_asked() {
    let is_told = |after: bool, before: bool| {
        let ask = |yes: bool| yes.then(ApprovalRule::anyone);
        let mut canary = Stage::new("canary").pick(Pick::one());
        canary.approval.after = ask(after);
        let mut rest = Stage::new("rest");
        rest.approval.before = ask(before);
        let plan = planned(to_1_31().stage(canary).stage(rest), &fleet(&[1, 2, 3]));
        let mut warnings = plan.warnings().iter();
        warnings.any(|warning| matches!(warning, PlanWarning::PickWithoutSoak { .. }))
    };
    assert!(is_told(false, false));
    assert!(!is_told(true, false) && !is_told(false, true));
}

#[test]
fn two_limits_that_hold_together_are_not_called_free() {
    // One at a time for eight hours each, and three a day: neither alone makes a difference.
    let stage = Stage::new("all").max_per_day(3u32.try_into().unwrap());
    let plan = planned(
        to_1_31().stage(stage).cluster_deadline(HumanDuration::days(1)),
        &fleet(&[92, 92, 92, 92, 92, 92, 92]),
    );
    assert_ne!(plan.binding_constraint(), Constraint::Work);
    assert!(plan.lower_bound() < plan.finish());
}
