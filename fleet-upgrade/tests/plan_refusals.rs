//! Each way in which the planner refuses a policy, with the message people get.

#![cfg(feature = "yaml")]
// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use fleet_core::{Fleet, FleetCluster, HumanDuration, Labels};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, PlanError, PlanProblem, Stage, plan};

fn fleet(clusters: &[(&str, &str, &str)]) -> Fleet {
    Fleet::new(clusters.iter().map(|(name, env, version)| {
        FleetCluster::new(name.parse().unwrap(), version.parse().unwrap())
            .with_labels(Labels::from_pairs([("env", *env)]).unwrap())
    }))
    .unwrap()
}

fn three() -> Fleet {
    fleet(&[
        ("lab", "staging", "v1.30.8"),
        ("production-eu", "production", "v1.30.8"),
        ("production-us", "production", "v1.30.2"),
    ])
}

/// A policy whose spec is `lines`, each indented under `spec:`, from line 6 of the file on.
fn policy(lines: &str) -> FleetUpgrade {
    let mut text =
        "apiVersion: fleet-sdk.dev/v1alpha1\nkind: FleetUpgrade\nmetadata:\n  name: up\nspec:\n".to_owned();
    for line in lines.lines() {
        writeln!(text, "  {line}").unwrap();
    }
    FleetUpgrade::from_yaml(&text, "up.yaml").unwrap()
}

fn refusal(policy: &FleetUpgrade, fleet: &Fleet) -> PlanError {
    plan(policy, fleet, "2026-01-05T09:00:00Z".parse().unwrap()).unwrap_err()
}

/// The one problem of a refusal.
fn only(error: &PlanError) -> &PlanProblem {
    assert_eq!(error.problems().len(), 1, "{error}");
    &error.problems()[0]
}

#[test]
fn a_calendar_of_clusters_that_there_are_none_of() {
    let lines = "target: v1.31.4\nstages: [{name: all}]\nclusterCalendars:\n- selector: env=prodution\n  calendar: {windows: [{days: Sat, start: \"01:00\", duration: 4h}]}";
    insta::assert_snapshot!(refusal(&policy(lines), &three()));
}

#[test]
fn an_approval_that_nobody_could_give() {
    let lines = "target: v1.31.4\nstages: [{name: all, approval: {before: {by: [\" \"]}}}]";
    insta::assert_snapshot!(refusal(&policy(lines), &three()));
}

#[test]
fn an_empty_fleet() {
    let error = refusal(&policy("target: v1.31.4\nstages: [{name: all}]"), &fleet(&[]));
    assert!(matches!(only(&error), PlanProblem::EmptyFleet { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_selector_that_leaves_no_cluster() {
    let error = refusal(
        &policy("target: v1.31.4\nclusters: env=prod\nstages: [{name: all}]"),
        &three(),
    );
    assert!(matches!(only(&error), PlanProblem::NothingSelected { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn no_stages() {
    let error = refusal(&policy("target: v1.31.4\nstages: []"), &three());
    assert!(matches!(only(&error), PlanProblem::NoStages { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn two_stages_of_one_name() {
    let stages = "target: v1.31.4\nstages:\n- name: a\n  selector: env=staging\n- name: a";
    let error = refusal(&policy(stages), &three());
    assert!(matches!(only(&error), PlanProblem::DuplicateStage { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_stage_without_a_name() {
    let error = refusal(&policy("target: v1.31.4\nstages:\n- name: ''"), &three());
    assert!(matches!(only(&error), PlanProblem::UnnamedStage { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_stage_that_matches_no_cluster() {
    let stages = "target: v1.31.4\nstages:\n- name: early\n  selector: env=development\n- name: rest";
    let error = refusal(&policy(stages), &three());
    assert!(matches!(only(&error), PlanProblem::StageMatchesNothing { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_stage_whose_clusters_all_went_to_earlier_stages() {
    let stages = "target: v1.31.4\nstages:\n- name: canary\n  selector: env=staging\n  pick: {count: 1}\n\
                  - name: staging\n  selector: env=staging\n- name: rest";
    let error = refusal(&policy(stages), &three());
    assert!(matches!(only(&error), PlanProblem::StageLeftEmpty { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn clusters_that_no_stage_takes() {
    let error = refusal(
        &policy("target: v1.31.4\nstages:\n- name: s\n  selector: env=staging"),
        &three(),
    );
    assert!(matches!(only(&error), PlanProblem::Unmatched { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn many_clusters_that_no_stage_takes_are_counted() {
    let names: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
    let clusters: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "production", "v1.30.8"))
        .collect();
    let error = refusal(
        &policy("target: v1.31.4\nstages:\n- name: s\n  pick: {count: 2}"),
        &fleet(&clusters),
    );
    insta::assert_snapshot!(error);
}

#[test]
fn clusters_that_two_stages_match() {
    let stages =
        "target: v1.31.4\nstages:\n- name: a\n  selector: env\n- name: b\n  selector: env=production";
    let error = refusal(&policy(stages), &three());
    assert!(matches!(only(&error), PlanProblem::MatchedTwice { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_target_below_a_cluster() {
    let clusters = [
        ("a", "x", "v1.31.2"),
        ("b", "x", "v1.31.6-eks-1"),
        ("c", "x", "v1.30.0"),
    ];
    let error = refusal(
        &policy("target: v1.31.1\nstages: [{name: all}]"),
        &fleet(&clusters),
    );
    assert!(matches!(only(&error), PlanProblem::Downgrade { .. }));
    insta::assert_snapshot!(error);
}

/// Somebody upgraded half of a cluster by hand. A hop that brings its control plane up to its workers mends it; one that does not
/// would have to bring the workers down.
#[test]
fn workers_that_are_ahead_of_where_their_control_plane_goes() {
    let of = |clusters: &[(&str, &str, &str)]| {
        let halves = clusters.iter().map(|(name, version, workers)| {
            FleetCluster::new(name.parse().unwrap(), version.parse().unwrap())
                .with_worker_version(workers.parse().unwrap())
        });
        Fleet::new(halves).unwrap()
    };
    let told = |lines: &str, clusters: &[(&str, &str, &str)]| {
        let error = refusal(&policy(lines), &of(clusters));
        assert!(
            matches!(only(&error), PlanProblem::WorkersAhead { .. }),
            "{error}"
        );
        error.problems()[0].to_string()
    };
    let near = [
        ("b", "v1.31.2", "v1.31.6-eks-1"),
        ("healed", "v1.30.2", "v1.31.0"),
    ];
    let to = |target: &str| format!("target: {target}\nstages: [{{name: all}}]");
    let answers = [
        told(&to("v1.31.4"), &near),
        told(&to("v1.31.4"), &[("a", "v1.30.2", "v1.32.1"), near[0]]),
        told(&to("v1.31.4"), &[("there", "v1.31.4", "v1.32.0"), near[1]]),
        told(
            &format!("{}\nhops: [v1.31.0]", to("v1.32.0")),
            &[("a", "v1.30.2", "v1.31.6")],
        ),
        told(
            &format!("{}\nversions: [v1.31.9]", to("v1.32.4")),
            &[("a", "v1.30.2", "v1.32.1")],
        ),
    ];
    insta::assert_snapshot!(answers.join("\n"));
    // The mends mend.
    let now = "2026-01-05T09:00:00Z".parse().unwrap();
    for (lines, clusters) in [
        (to("v1.31.6"), near.to_vec()),
        (
            format!("{}\nhops: [v1.31.6]", to("v1.32.0")),
            vec![("a", "v1.30.2", "v1.31.6")],
        ),
        (to("v1.32.4"), vec![("a", "v1.32.1", "v1.32.1")]),
    ] {
        plan(&policy(&lines), &of(&clusters), now).unwrap();
    }
    // Of another patch release than their control plane's they are where nothing is to be done.
    plan(
        &policy(&to("v1.31.4")),
        &of(&[("there", "v1.31.4", "v1.31.6"), near[1]]),
        now,
    )
    .unwrap();
}

#[test]
fn a_calendar_of_clusters_own_that_closes_for_good_is_named() {
    let clusters = [
        ("a", "staging", "v1.30.2"),
        ("b", "production", "v1.30.2"),
        ("c", "production", "v1.30.2"),
        ("d", "production", "v1.30.2"),
    ];
    let lines = "target: v1.31.4\nstages: [{name: all}]\nclusterCalendars:\n- selector: env=production\n  calendar: {windows: [{days: Mon, start: '09:00', duration: 45m}], freezes: [{from: 2026-01-06, to: 2031-06-01, reason: sold}]}";
    let error = refusal(&policy(lines), &fleet(&clusters));
    insta::assert_snapshot!(error);
}

#[test]
fn a_target_more_than_one_minor_away_without_hops() {
    let clusters = [
        ("a", "x", "v1.28.2"),
        ("b", "x", "v1.30.6"),
        ("c", "x", "v1.28.0"),
        ("d", "x", "v1.31.0"),
    ];
    let text = "target: v1.31.1\nhops: [v1.29.14]\nstages: [{name: all}]";
    let error = refusal(
        &policy(text),
        &fleet(&[clusters[0], clusters[1], clusters[2], clusters[3]]),
    );
    assert!(matches!(only(&error), PlanProblem::TooFar { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_target_absurdly_far_away() {
    let error = refusal(
        &policy("target: v1.18446744073709551615.0\nstages: [{name: all}]"),
        &three(),
    );
    assert!(matches!(only(&error), PlanProblem::TooFar { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn a_target_of_another_major_version() {
    let error = refusal(&policy("target: v2.0.0\nstages: [{name: all}]"), &three());
    assert!(matches!(only(&error), PlanProblem::OtherMajor { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn hops_out_of_order_and_beyond_the_target() {
    let error = refusal(
        &policy("target: v1.31.1\nhops: [v1.30.2, v1.29.1, v1.31.0]\nstages: [{name: all}]"),
        &three(),
    );
    let kinds: Vec<bool> = error
        .problems()
        .iter()
        .map(|problem| matches!(problem, PlanProblem::HopOrder { .. }))
        .collect();
    assert_eq!(kinds, [true, false]);
    insta::assert_snapshot!(error);
}

#[test]
fn everything_that_is_wrong_at_once() {
    let text = "target: v1.29.0\nhops: [v1.30.0]\nstages:\n- name: a\n  selector: env=production\n\
                - name: a\n  selector: env=nothing";
    let error = refusal(&policy(text), &three());
    assert_eq!(error.problems().len(), 5, "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn a_policy_made_in_code_is_placed_by_its_field() {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(Stage::new("early").selector("env=nothing".parse().unwrap()))
        .stage(Stage::new("rest"));
    let error = refusal(&FleetUpgrade::new("up", spec), &three());
    assert_eq!(only(&error).place().to_string(), "spec.stages[0].selector");
    assert_eq!(only(&error).place().position, None);
}

#[test]
fn a_soak_beyond_the_end_of_time() {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .stage(Stage::new("all").soak(HumanDuration::days(3_000_000)));
    let error = refusal(&FleetUpgrade::new("up", spec), &three());
    assert!(matches!(only(&error), PlanProblem::EndsTooLate { .. }));
    insta::assert_snapshot!(error);
}

#[test]
fn limits_of_no_time_at_all() {
    let spec = "target: v1.31.4
clusterDeadline: 0s
backup: {maxAge: 0s}
onFailure: {goOn: {validFor: 0s}}
stages:
- name: all
  approval: {before: {validFor: 0s}, after: {by: [alice]}}";
    let error = refusal(&policy(spec), &three());
    let told: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    let expected = [
        ("up.yaml:7:", "spec.clusterDeadline", "such as 2h"),
        ("up.yaml:8:", "spec.backup.maxAge", "such as 24h"),
        (
            "up.yaml:9:",
            "spec.onFailure.goOn.validFor",
            "leave it out for ever",
        ),
        (
            "up.yaml:12:",
            "spec.stages[0].approval.before.validFor",
            "leave it out for ever",
        ),
    ];
    assert_eq!(told.len(), expected.len(), "{error}");
    for (told, (place, path, mend)) in told.iter().zip(expected) {
        assert!(
            told.starts_with(place) && told.contains(path) && told.ends_with(mend),
            "{told}"
        );
    }
}

#[test]
fn remedies_that_a_cluster_does_not_have() {
    let bare = FleetCluster::new("bare".parse().unwrap(), "v1.30.8".parse().unwrap()).with_nodes(
        fleet_core::NodeCounts {
            control_plane: 3,
            workers: 0,
        },
    );
    let managed = FleetCluster::new("managed".parse().unwrap(), "v1.30.8".parse().unwrap())
        .with_nodes(fleet_core::NodeCounts {
            control_plane: 0,
            workers: 3,
        })
        .with_provider(fleet_core::Provider::Aws);
    let fleet = Fleet::new([bare, managed]).unwrap();
    let spec = "target: v1.31.4\nonFailure: {remedies: [abort, fallBack, shiftTraffic, replace]}\nstages: [{name: all}]";
    let error = refusal(&policy(spec), &fleet);
    let told: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{error}");
    assert!(
        told[0].contains("`abort` cannot be done on") && told[0].contains("managed"),
        "{error}"
    );
    assert!(
        told[1].contains("`fallBack` cannot be done on") && told[1].contains("bare"),
        "{error}"
    );
}
