//! What is said about when a cluster could start otherwise is true: all that is not lifted still holds then.

// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fleet_core::Fleet;
use fleet_upgrade::{
    FleetUpgrade, PlanViolation, PlannedCluster, PlannedStage, StartBound, UpgradePlan, Why, fleet_from_yaml,
    plan,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Two days before the change to summer time in Berlin.
const NOW: &str = "2026-03-27T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn planned(spec: &str, fleet: &Fleet, now: &str) -> UpgradePlan {
    let text = format!(
        "apiVersion: fleet-sdk.dev/v1alpha1\nkind: FleetUpgrade\nmetadata: {{name: up}}\nspec:\n  target: v1.31.4\n{spec}"
    );
    let policy = FleetUpgrade::from_yaml(&text, "up.yaml").unwrap_or_else(|error| panic!("{error}"));
    plan(&policy, fleet, at(now)).unwrap_or_else(|error| panic!("{error}"))
}

/// Clusters as `name labels`, of three control-plane machines and so many workers: with ten, 74 minutes a hop.
fn fleet(workers: u32, clusters: &[&str]) -> Fleet {
    let mut text = String::new();
    for cluster in clusters {
        let (name, labels) = cluster.split_once(' ').unwrap();
        writeln!(
            text,
            "- {{name: {name}, version: v1.30.4, labels: {{{labels}}}, nodes: {{controlPlane: 3, workers: {workers}}}}}"
        )
        .unwrap();
    }
    fleet_from_yaml(&text, "fleet.yaml").unwrap()
}

fn pair_and_third() -> Fleet {
    fleet(
        10,
        &[
            "a dr-pair: p1, region: eu",
            "b dr-pair: p1, region: eu",
            "c region: us",
        ],
    )
}

fn why(plan: &UpgradePlan, cluster: &str) -> String {
    plan.why(cluster).unwrap().to_string()
}

#[test]
fn a_pair_holds_also_without_the_limit_at_a_time() {
    let spec = "  stages: [{name: all}]\n  spread: [{labels: [dr-pair], maxUnavailable: 1}]\n";
    let plan = planned(spec, &pair_and_third(), "2026-01-05T09:00:00Z");
    assert_eq!(
        why(&plan, "b"),
        "b (stage all) starts Mon 2026-01-05 10:14: at most 1 at a time: after a"
    );
    // Nothing but the limit holds the third.
    assert_eq!(
        why(&plan, "c"),
        "c (stage all) starts Mon 2026-01-05 11:28: at most 1 at a time: after b; otherwise it could start Mon \
         2026-01-05 09:00"
    );
}

#[test]
fn one_domain_holds_also_without_the_other() {
    let both = "  stages: [{name: all, maxConcurrent: 3}]\n  spread: [{labels: [dr-pair], maxUnavailable: 1}, \
                {labels: [region], maxUnavailable: 1}]\n";
    let plan = planned(both, &pair_and_third(), "2026-01-05T09:00:00Z");
    let held = "b (stage all) starts Mon 2026-01-05 10:14: at most 1 of dr-pair=p1 away at a time";
    assert_eq!(why(&plan, "b"), held);
    let one = both.replace(", {labels: [region], maxUnavailable: 1}", "");
    let plan = planned(&one, &pair_and_third(), "2026-01-05T09:00:00Z");
    assert_eq!(
        why(&plan, "b"),
        format!("{held}; otherwise it could start Mon 2026-01-05 09:00")
    );
}

#[test]
fn a_day_is_full_also_with_those_that_overtook() {
    let mut clusters: Vec<String> = (0..10).map(|number| format!("e{number:02} region: eu")).collect();
    clusters.push("u region: us".to_owned());
    let fleet = fleet(5, &clusters.iter().map(String::as_str).collect::<Vec<_>>());
    let spec = "  stages: [{name: all, maxConcurrent: 2, maxPerDay: 3}]
  spread: [{labels: [region], maxUnavailable: 1}]
  calendar: {timeZone: Europe/Berlin, windows: [{days: Sun, start: '02:30', duration: 3h}]}
";
    let plan = planned(spec, &fleet, NOW);
    let first_sunday = plan
        .clusters()
        .filter(|cluster| cluster.start < at("2026-03-30T00:00:00Z"))
        .map(|cluster| cluster.name.as_str());
    assert_eq!(first_sunday.collect::<Vec<_>>(), ["e00", "e01", "u"]);
    // Not the first Sunday at 05:08, though the region has room then.
    assert_eq!(
        why(&plan, "e03"),
        "e03 (stage all) starts Sun 2026-04-05 03:19: at most 1 of region=eu away at a time; otherwise it could start \
         Sun 2026-04-05 02:30"
    );
    for cluster in plan.clusters() {
        is_true(&plan, cluster);
    }
}

#[test]
fn a_place_is_taken_also_by_those_that_overtook() {
    // c took the second place while b waited for its region: without the region, b would not have one.
    let fleet = fleet(10, &["a region: eu", "b region: eu", "c region: us"]);
    let spec =
        "  stages: [{name: all, maxConcurrent: 2}]\n  spread: [{labels: [region], maxUnavailable: 1}]\n";
    let plan = planned(spec, &fleet, "2026-01-05T09:00:00Z");
    assert_eq!(
        why(&plan, "b"),
        "b (stage all) starts Mon 2026-01-05 10:14: at most 1 of region=eu away at a time"
    );
}

/// Asserts that the cluster, placed where it could be otherwise, breaks nothing but what was lifted, and that no event
/// before would have done.
fn is_true(plan: &UpgradePlan, cluster: &PlannedCluster) {
    let why = plan.why(cluster.name.as_str()).unwrap();
    assert!(why.otherwise <= why.start, "{why}\n{plan}");
    if why.otherwise < why.start {
        assert_eq!(broken(plan, cluster, &why, why.otherwise), None, "{why}\n{plan}");
    }
    let (stage, ready) = stage_of(plan, cluster, &why);
    let midnights = (0..20).map(|day| {
        let date = plan
            .created()
            .to_zoned(plan.calendar().time_zone().clone())
            .date();
        let day = date.saturating_add(SignedDuration::from_hours(24 * day));
        day.to_zoned(plan.calendar().time_zone().clone())
            .unwrap()
            .timestamp()
    });
    let events = stage.clusters.iter().flat_map(|other| [other.start, other.end]);
    for event in events.chain(midnights).chain([ready]) {
        let opens = if matches!(why.bound, StartBound::Calendar { .. }) {
            event
        } else {
            start_of_hop(plan, cluster, event)
        };
        if ready <= opens && opens < why.otherwise {
            let broken = broken(plan, cluster, &why, opens);
            assert!(broken.is_some(), "{why}\nnot {opens}?\n{plan}");
        }
    }
}

/// The cluster's stage, and when that may start: without the soak before it where that is lifted.
fn stage_of<'a>(plan: &'a UpgradePlan, cluster: &PlannedCluster, why: &Why) -> (&'a PlannedStage, Timestamp) {
    let mut ready = plan.created();
    for stage in plan.stages() {
        if stage.clusters.iter().any(|other| other.name == cluster.name) {
            return (stage, ready);
        }
        let lifted = why.waits_for_soak_of.as_ref() == Some(&stage.name);
        ready = if lifted { stage.end } else { stage.soak_until };
    }
    unreachable!()
}

/// When a hop may start: the calendars of these tests have windows that are long enough for one.
fn start_of_hop(plan: &UpgradePlan, cluster: &PlannedCluster, after: Timestamp) -> Timestamp {
    let calendar = plan.calendar_of(cluster);
    let mut opens = calendar.next_opening(after).unwrap();
    while let Some(closes) = calendar.closes_at(opens)
        && closes < opens + cluster.hop_estimate.as_signed()
    {
        opens = calendar.next_opening(closes).unwrap();
    }
    opens
}

/// What a start at this time breaks, of that which is not lifted, the others being where they are.
fn broken(plan: &UpgradePlan, cluster: &PlannedCluster, why: &Why, start: Timestamp) -> Option<String> {
    let (stage, ready) = stage_of(plan, cluster, why);
    let no_calendar = matches!(why.bound, StartBound::Calendar { .. });
    let mut end = start;
    for hop in 0..cluster.hops.len() {
        let opens = if no_calendar {
            end
        } else {
            start_of_hop(plan, cluster, end)
        };
        if hop == 0 && opens != start {
            return Some("the calendar is closed or too short".to_owned());
        }
        end = opens + cluster.hop_estimate.as_signed();
    }
    if start < ready {
        return Some("before the stage".to_owned());
    }
    let in_order = stage
        .clusters
        .iter()
        .all(|other| other.domains.is_empty() && other.calendar.is_none());
    let mut before = stage.clusters.iter().filter(|other| other.start < cluster.start);
    if in_order && before.any(|other| start < other.start) {
        return Some("before those that went before it".to_owned());
    }
    let mut moved = serde_json::to_value(plan).unwrap();
    let stages = moved["stages"].as_array_mut().unwrap().iter_mut();
    let mut clusters = stages.flat_map(|stage| stage["clusters"].as_array_mut().unwrap());
    let entry = clusters
        .find(|entry| entry["name"] == cluster.name.as_str())
        .unwrap();
    (entry["start"], entry["end"]) = (start.to_string().into(), end.to_string().into());
    let moved: UpgradePlan = serde_json::from_value(moved).unwrap();
    let lifted = |violation: &PlanViolation| match (violation, &why.bound) {
        // Told apart above, or mere sums of the others.
        (
            PlanViolation::StageTimes { .. }
            | PlanViolation::Finish { .. }
            | PlanViolation::BeforeStage { .. },
            _,
        )
        | (PlanViolation::TooManyAtOnce { .. }, StartBound::MaxConcurrent { .. })
        | (PlanViolation::TooManyOnDay { .. }, StartBound::MaxPerDay { .. })
        | (PlanViolation::CalendarClosed { .. }, StartBound::Calendar { .. }) => true,
        (PlanViolation::DomainExceeded { domain, .. }, StartBound::Domain { domain: held, .. }) => {
            domain == held
        }
        _ => false,
    };
    let violations = moved.check().err().unwrap_or_default();
    violations
        .iter()
        .find(|violation| !lifted(violation))
        .map(ToString::to_string)
}

/// Small fleets of two regions with some pairs, one or two hops, small and large.
fn clusters() -> impl Strategy<Value = Fleet> {
    let cluster = (any::<bool>(), 0..4u32, 29..31u32, 1..8u32);
    prop::collection::vec(cluster, 2..9).prop_map(|clusters| {
        let mut text = String::new();
        // One of each region and pair, so that every rule and group has some.
        let fixed = [(true, 0, 30, 2), (false, 0, 30, 3), (true, 1, 30, 4)];
        for (number, (eu, pair, minor, workers)) in fixed.into_iter().chain(clusters).enumerate() {
            let region = if eu { "eu" } else { "us" };
            writeln!(
                text,
                "- {{name: c{number}, version: v1.{minor}.4, labels: {{region: {region}, dr-pair: p{pair}}}, nodes: \
                 {{controlPlane: 1, workers: {workers}}}}}"
            )
            .unwrap();
        }
        fleet_from_yaml(&text, "fleet.yaml").unwrap()
    })
}

fn spec() -> impl Strategy<Value = String> {
    let stage = prop_oneof![
        (1..4u32).prop_map(|max| format!("maxConcurrent: {max}")),
        Just(
            "groups: [{name: eu, selector: region=eu, maxConcurrent: 2}, {name: us, selector: region=us}]"
                .to_owned()
        ),
    ];
    let spread = prop_oneof![
        Just(""),
        Just("{labels: [region], maxUnavailable: 1}"),
        Just("{labels: [region], maxUnavailable: 9, weighBy: nodes}"),
        Just("{labels: [dr-pair], maxUnavailable: 1}, {labels: [region], maxUnavailable: 2}"),
    ];
    let calendar = prop_oneof![
        Just(""),
        Just("  calendar: {timeZone: Europe/Berlin}\n"),
        Just("  calendar: {timeZone: Europe/Berlin, windows: [{start: '01:30', duration: 3h}]}\n"),
    ];
    let own = prop_oneof![
        Just(""),
        Just(
            "  clusterCalendars: [{selector: region=us, calendar: {timeZone: Europe/Berlin, windows: [{start: '01:00', duration: 2h}]}}]\n"
        ),
    ];
    (
        stage,
        spread,
        calendar,
        own,
        prop::option::of(1..4u32),
        any::<bool>(),
    )
        .prop_map(|(stage, spread, calendar, own, cap, canary)| {
            let cap = cap.map_or(String::new(), |cap| format!(", maxPerDay: {cap}"));
            let canary = if canary {
                "{name: canary, pick: {count: 1}, soak: 6h}, "
            } else {
                ""
            };
            format!(
                "  hops: [v1.30.9]\n{calendar}{own}  spread: [{spread}]\n  stages: [{canary}{{name: all, {stage}{cap}}}]\n"
            )
        })
}

#[test]
fn each_constraint_is_lifted_in_some_of_the_random_plans() {
    let mut runner = TestRunner::deterministic();
    let mut lifted = BTreeSet::new();
    for _ in 0..100 {
        let (fleet, spec) = (clusters(), spec()).new_tree(&mut runner).unwrap().current();
        let plan = planned(&spec, &fleet, NOW);
        let reasons = plan
            .clusters()
            .map(|cluster| plan.why(cluster.name.as_str()).unwrap());
        lifted.extend(
            reasons
                .filter(|why| why.otherwise < why.start)
                .map(|why| match why.bound {
                    StartBound::StageStart => "soak",
                    StartBound::MaxConcurrent { .. } => "maxConcurrent",
                    StartBound::MaxPerDay { .. } => "maxPerDay",
                    StartBound::Calendar { .. } => "calendar",
                    StartBound::Domain { .. } => "domain",
                    other => panic!("{other}"),
                }),
        );
    }
    assert_eq!(lifted.len(), 5, "{lifted:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_cluster_could_be_otherwise_it_breaks_nothing_that_is_not_lifted(fleet in clusters(), spec in spec()) {
        let plan = planned(&spec, &fleet, NOW);
        for cluster in plan.clusters() {
            is_true(&plan, cluster);
        }
    }
}
