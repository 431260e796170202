//! The knobs beyond stages and caps: each changes the plan as it says, or is refused with its place and its mend.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use fleet_core::Fleet;
use fleet_upgrade::{
    Constraint, FleetUpgrade, PlanProblem, PlanWarning, Reason, ReversalMethod, StartBound, UpgradePlan,
    fleet_from_yaml, plan,
};
use jiff::Timestamp;

const NOW: &str = "2026-03-02T08:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(spec: &str) -> FleetUpgrade {
    let text = format!(
        "apiVersion: fleet-sdk.dev/v1alpha1\nkind: FleetUpgrade\nmetadata: {{name: up}}\nspec:\n{spec}"
    );
    FleetUpgrade::from_yaml(&text, "up.yaml").unwrap_or_else(|error| panic!("{error}"))
}

/// Clusters as `name region labels`, all of one control-plane machine and one worker: 13 minutes a hop.
fn fleet(clusters: &[&str]) -> Fleet {
    let mut text = String::new();
    for cluster in clusters {
        let (name, labels) = cluster.split_once(' ').unwrap();
        writeln!(
            text,
            "- {{name: {name}, version: v1.30.4, labels: {{{labels}}}, nodes: {{controlPlane: 1, workers: 1}}}}"
        )
        .unwrap();
    }
    fleet_from_yaml(&text, "fleet.yaml").unwrap()
}

fn planned(spec: &str, fleet: &Fleet) -> UpgradePlan {
    let plan = plan(&policy(spec), fleet, at(NOW)).unwrap_or_else(|error| panic!("{error}"));
    plan.check().unwrap_or_else(|violations| panic!("{violations:?}"));
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(
        serde_json::from_str::<UpgradePlan>(&text).unwrap(),
        plan,
        "a plan is data"
    );
    plan
}

fn refused(spec: &str, fleet: &Fleet) -> String {
    let error = plan(&policy(spec), fleet, at(NOW)).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error}");
    error.problems()[0].to_string()
}

#[test]
fn workers_that_lag_are_brought_along_or_catch_up_first() {
    let fleet = fleet_from_yaml(
        "- {name: behind, version: v1.31.4, workerVersion: v1.31.2}\n\
         - {name: done, version: v1.31.4}\n\
         - {name: far, version: v1.30.4, workerVersion: v1.27.9, nodes: {controlPlane: 0, workers: 3}, provider: aws}\n\
         - {name: near, version: v1.30.4, workerVersion: v1.28.9}\n",
        "fleet.yaml",
    )
    .unwrap();
    let plan = planned(
        "  target: v1.31.4\n  stages: [{name: all, maxConcurrent: 4}]",
        &fleet,
    );
    let way = |name: &str| {
        let cluster = plan.cluster(name).unwrap();
        let hops: Vec<String> = cluster.hops.iter().map(ToString::to_string).collect();
        format!("{}: {}", cluster.running(), hops.join(" > "))
    };
    assert_eq!(way("behind"), "v1.31.4 (workers v1.31.2): v1.31.4");
    assert_eq!(way("far"), "v1.30.4 (workers v1.27.9): v1.30.4 > v1.31.4");
    assert_eq!(way("near"), "v1.30.4 (workers v1.28.9): v1.31.4");
    assert_eq!(
        plan.at_target()
            .map(|done| done.name.as_str())
            .collect::<Vec<_>>(),
        ["done"]
    );
    let method = |name: &str| plan.cluster(name).unwrap().reversibility.method;
    assert_eq!(method("behind"), ReversalMethod::RollForward);
    assert_eq!(method("far"), ReversalMethod::ProviderRollback);
    assert!(
        plan.to_string()
            .contains("v1.30.4 (workers v1.27.9) > v1.30.4 > v1.31.4"),
        "{plan}"
    );
}

#[test]
fn a_deadline_is_met_by_looser_spreads_and_groups_too() {
    let names: Vec<String> = (0..12).map(|number| format!("c{number:02} region: eu")).collect();
    let fleet = fleet(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // One after the other they take 156 minutes.
    let relaxed = |spec: &str| {
        let text = refused(spec, &fleet);
        text.split_once("smallest change that meets it: ")
            .unwrap()
            .1
            .to_owned()
    };
    let within = "  deadline: 2026-03-02T09:00:00Z\n";
    let text = relaxed(&format!(
        "  target: v1.31.4\n  stages: [{{name: all, maxConcurrent: 12}}]\n  spread: [{{labels: [region], maxUnavailable: 1}}]\n{within}"
    ));
    assert!(
        text.starts_with("spec.spread[0].maxUnavailable from 1 to 3 (finishes"),
        "{text}"
    );
    let text = relaxed(&format!(
        "  target: v1.31.4\n  stages: [{{name: all, maxConcurrent: 12}}]\n  spread: [{{labels: [region], maxUnavailable: 10%}}]\n{within}"
    ));
    assert!(
        text.starts_with("spec.spread[0].maxUnavailable from 10% to 25% (finishes"),
        "{text}"
    );
    let text = relaxed(&format!(
        "  target: v1.31.4\n  stages: [{{name: all, groups: [{{name: eu, selector: region=eu}}]}}]\n{within}"
    ));
    assert!(
        text.starts_with("spec.stages[0].groups[0].maxConcurrent (stage all) from 1 to 3 (finishes"),
        "{text}"
    );
}

#[test]
fn knobs_that_contradict_each_other_or_do_nothing_are_refused() {
    let fleet = fleet(&["a region: eu", "b region: us"]);
    for (spec, path, words) in [
        (
            "stages: [{name: all, pick: {names: []}}, {name: rest}]",
            "spec.stages[0].pick.names",
            "no cluster is named",
        ),
        (
            "stages: [{name: all, pick: {coverage: {labels: [region, cmi]}}}]",
            "spec.stages[0].pick.coverage.labels[1]",
            "no cluster has a label `cmi`",
        ),
        (
            "stages: [{name: all, groups: [{name: a, selector: region=eu}, {name: a, selector: region=us}]}]",
            "spec.stages[0].groups[1].name",
            "none of its other groups has",
        ),
        (
            "stages: [{name: all, groups: [{name: a, selector: region}, {name: b, selector: region=ap}]}]",
            "spec.stages[0].groups[1].selector",
            "none of the clusters of stage `all` is in group `b`",
        ),
        (
            "stages: [{name: all, failureBudget: 3}]\n  failureBudget: 1",
            "spec.stages[0].failureBudget",
            "tolerates 3 failures and the whole run 1",
        ),
        (
            "stages: [{name: all}]\n  onFailure: {remedies: [shiftTraffic, replace, shiftTraffic]}",
            "spec.onFailure.remedies[2]",
            "shiftTraffic is on the list already",
        ),
        (
            "stages: [{name: all}]\n  clusterCalendars: [{selector: region=us, calendar: {freezes: [{from: 2026-01-01, to: 9000-01-01, reason: never}]}}]",
            "spec.clusterCalendars[0].calendar",
            "so one cluster (b) would never start",
        ),
    ] {
        let text = refused(&format!("  target: v1.31.4\n  {spec}"), &fleet);
        assert!(text.contains(path) && text.contains(words), "{spec}: {text}");
    }
    // A calendar of clusters with nothing to do holds nobody up.
    let one_done = fleet_from_yaml(
        "[{name: a, version: v1.30.4}, {name: b, version: v1.31.4, labels: {region: us}}]",
        "fleet.yaml",
    );
    let frozen = "  target: v1.31.4\n  stages: [{name: all}]\n  clusterCalendars: [{selector: region=us, calendar: {freezes: [{from: 2026-01-01, to: 9000-01-01, reason: never}]}}]";
    planned(frozen, &one_done.unwrap());
    // Unreachable clusters are tolerated beside the failed ones.
    let both = "  target: v1.31.4\n  stages: [{name: all, failureBudget: 3}]\n  failureBudget: 1\n  unreachableBudget: 2";
    planned(both, &fleet);
}

fn starts(plan: &UpgradePlan) -> Vec<(&str, i64)> {
    let minutes = |start: Timestamp| start.duration_since(at(NOW)).as_mins();
    plan.clusters()
        .map(|cluster| (cluster.name.as_str(), minutes(cluster.start)))
        .collect()
}

#[test]
fn halves_of_a_pair_are_kept_apart_and_others_pass_by() {
    let fleet = fleet(&["a1 dr-pair: one", "a2 dr-pair: one", "b1 dr-pair: two", "c r: x"]);
    let plan = planned(
        "  target: v1.31.0\n  spread: [{labels: [dr-pair], maxUnavailable: 1}]\n  stages: [{name: all, maxConcurrent: 4}]\n",
        &fleet,
    );
    assert_eq!(starts(&plan), [("a1", 0), ("a2", 13), ("b1", 0), ("c", 0)]);
    let Reason::Ordered { start, .. } = &plan.cluster("a2").unwrap().reason else {
        panic!()
    };
    let domain = "dr-pair=one".to_owned();
    assert_eq!(*start, StartBound::Domain { domain, limit: 1 });
    assert_eq!(plan.binding_constraint(), Constraint::Spread);
    assert!(plan.why("a2").unwrap().otherwise < plan.cluster("a2").unwrap().start);
}

#[test]
fn the_limit_of_a_group_is_one_on_clusters_at_the_same_time() {
    let fleet = fleet(&["a r: x", "b r: x", "c r: x", "d r: z"]);
    let plan = planned(
        "  target: v1.31.0\n  stages:\n  - name: all\n    groups: [{name: x, selector: r=x}, {name: z, selector: r=z, maxConcurrent: 3}]\n",
        &fleet,
    );
    assert_eq!(starts(&plan), [("a", 0), ("b", 13), ("c", 26), ("d", 0)]);
    assert_eq!(plan.binding_constraint(), Constraint::MaxConcurrent);
    let effects: Vec<_> = plan.effects().iter().map(|effect| effect.constraint).collect();
    assert_eq!(effects, [Constraint::MaxConcurrent], "there is no spread");
}

#[test]
fn what_has_nothing_to_do_needs_no_room() {
    let mut text = "- {name: big, version: v1.31.0, nodes: {controlPlane: 3, workers: 100}}\n".to_owned();
    for name in ["a", "b", "c"] {
        writeln!(
            text,
            "- {{name: {name}, version: v1.30.4, nodes: {{controlPlane: 1, workers: 5}}}}"
        )
        .unwrap();
    }
    let plan = planned(
        "  target: v1.31.0\n  spread: [{maxUnavailable: 12, weighBy: nodes}]\n  stages: [{name: all, maxConcurrent: 3}]\n",
        &fleet_from_yaml(&text, "fleet.yaml").unwrap(),
    );
    let at_once = plan.clusters().filter(|cluster| cluster.start == at(NOW)).count();
    assert_eq!(at_once, 2, "twelve of six each");
}

#[test]
fn a_pair_that_nothing_keeps_apart_is_told() {
    let fleet = fleet(&["a1 dr-pair: one", "a2 dr-pair: one", "b1 dr-pair: two"]);
    let plan = planned(
        "  target: v1.31.0\n  stages: [{name: all, maxConcurrent: 2}]\n",
        &fleet,
    );
    assert!(
        matches!(plan.warnings(), [PlanWarning::PairAtOnce { pairs: 1, .. }]),
        "{:?}",
        plan.warnings()
    );
    let plan = planned("  target: v1.31.0\n  stages: [{name: all}]\n", &fleet);
    assert!(plan.warnings().is_empty(), "one after the other, they are apart");
}

#[test]
fn production_clusters_of_one_cell_that_are_away_together_are_told() {
    let fleet = fleet(&[
        "a1 env: production, blast-radius: cell-1",
        "a2 env: production, blast-radius: cell-1",
        "b1 env: staging, blast-radius: cell-2",
        "b2 env: staging, blast-radius: cell-2",
    ]);
    let stages = "stages: [{name: all, maxConcurrent: 4}]";
    let plan = planned(&format!("  target: v1.31.0\n  {stages}\n"), &fleet);
    let [warning @ PlanWarning::CellAtOnce { cells: 1, .. }] = plan.warnings() else {
        panic!("{:?}", plan.warnings());
    };
    assert_eq!(
        warning.to_string(),
        "1 cells, cell-1 first (a1 and a2), have several production clusters away at the same time; a cell is meant to fail \
         alone: keep them apart with `spread: [{labels: [blast-radius], maxUnavailable: 1}]`"
    );
    let spread = "spread: [{labels: [blast-radius], maxUnavailable: 1}]";
    let plan = planned(&format!("  target: v1.31.0\n  {spread}\n  {stages}\n"), &fleet);
    assert!(plan.warnings().is_empty(), "{:?}", plan.warnings());
}

#[test]
fn a_cluster_that_tries_new_versions_is_a_candidate_for_the_first_stage() {
    let fleet = fleet(&[
        "lab version-testing: \"true\"",
        "probe version-testing: \"true\"",
        "shop r: x",
        "vault version-testing: \"true\", criticality: critical",
    ]);
    let warnings = |first: &str| {
        let plan = planned(
            &format!("  target: v1.31.0\n  stages:\n  - {first}\n  - {{name: rest}}\n"),
            &fleet,
        );
        let testers = plan.warnings().iter();
        let testers = testers.filter(|warning| matches!(warning, PlanWarning::TestersComeLater { .. }));
        testers.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        warnings("{name: canary, selector: r=x}"),
        [
            "2 clusters that are there to try new versions, lab first, come after stage `canary`: take one of them into it, or put \
          a stage before it with the selector `version-testing=true`"
        ]
    );
    // One of them is enough, and what is critical is none.
    assert!(warnings("{name: canary, selector: version-testing=true, pick: {count: 1}}").is_empty());
    assert!(warnings("{name: canary, pick: {names: [probe]}}").is_empty());
    assert_eq!(warnings("{name: canary, pick: {names: [vault]}}").len(), 1);
}

#[test]
fn a_share_of_the_capacity_is_kept_up() {
    let fleet = fleet(&["a r: x", "b r: x", "c r: x", "d r: x", "e r: x"]);
    let plan = planned(
        "  target: v1.31.0\n  spread: [{maxUnavailable: 50%, weighBy: nodes}]\n  stages: [{name: all, maxConcurrent: 5}]\n",
        &fleet,
    );
    // 10 nodes, 5 of them may be away: two clusters of two nodes each.
    assert_eq!(
        starts(&plan),
        [("a", 0), ("b", 0), ("c", 13), ("d", 13), ("e", 26)]
    );
    let text = refused(
        "  target: v1.31.0\n  spread: [{maxUnavailable: 10%, weighBy: nodes}]\n  stages: [{name: all}]\n",
        &fleet,
    );
    assert!(
        text.starts_with(
            "up.yaml:6:29: spec.spread[0].maxUnavailable: at most 10% of the fleet's 10 nodes may be away"
        ),
        "{text}"
    );
    assert!(
        text.ends_with("weigh up to 2 each and could never start; raise it to at least 20%"),
        "{text}"
    );
    let text = refused(
        "  target: v1.31.0\n  spread: [{maxUnavailable: 1, weighBy: nodes}]\n  stages: [{name: all}]\n",
        &fleet,
    );
    assert!(text.ends_with("raise it to at least 2"), "{text}");
}

#[test]
fn a_spread_by_a_label_that_nobody_has_is_refused() {
    let text = refused(
        "  target: v1.31.0\n  spread: [{labels: [regoin], maxUnavailable: 1}]\n  stages: [{name: all}]\n",
        &fleet(&["a region: eu", "b region: us"]),
    );
    assert!(
        text.contains("spec.spread[0].labels: no cluster has a value for each of `regoin`"),
        "{text}"
    );
    let empty = refused(
        "  target: v1.31.0\n  spread: [{labels: [dr-pair], maxUnavailable: 1}]\n  stages: [{name: all}]\n",
        &fleet(&["a dr-pair: ''", "b dr-pair: ''"]),
    );
    assert!(empty.contains("each of `dr-pair`"), "{empty}");
}

#[test]
fn an_empty_label_says_as_much_as_none() {
    let fleet = fleet(&["a region: '', dr-pair: ''", "b region: '', dr-pair: '', tier: ''"]);
    let plan = planned(
        "  target: v1.31.0\n  stages: [{name: one, pick: {count: 1}, soak: 1d}, {name: all}]\n",
        &fleet,
    );
    assert_eq!(plan.warnings(), []);
}

#[test]
fn a_stage_name_that_would_break_a_line_is_refused() {
    let text = refused(
        "  target: v1.31.0\n  stages: [{name: \"all\\n\\e[31m\"}]\n",
        &fleet(&["a region: eu"]),
    );
    assert!(
        text.contains(r#"spec.stages[0].name: the name "all\n\u{1b}[31m" holds a control character"#),
        "{text}"
    );
}

#[test]
fn windows_that_cross_every_other_minute_are_planned_at_once() {
    let plan = planned(
        "  target: v1.31.0\n  calendar: {windows: [{cron: '* * * * *', duration: 1m}]}\n  clusterCalendars: \
         [{selector: region, calendar: {windows: [{cron: '1-59/2 * * * *', duration: 1m}]}}]\n  stages: [{name: all}]\n",
        &fleet(&["a region: eu", "b region: us"]),
    );
    assert_eq!(starts(&plan), [("a", 1), ("b", 15)]);
}

#[test]
fn a_canary_that_runs_the_target_already_is_told_and_soaks_only_where_it_is_watched() {
    let fleet = fleet_from_yaml(
        "- {name: a, version: v1.31.0}\n- {name: b, version: v1.30.4}\n- {name: c, version: v1.30.4}\n",
        "fleet.yaml",
    )
    .unwrap();
    let stages = "  stages: [{name: canary, pick: {names: [a]}, soak: 5d}, {name: rest, maxConcurrent: 2}]\n";
    let watched = planned(&format!("  target: v1.31.0\n{stages}"), &fleet);
    let told = watched.warnings().iter().any(|warning| {
        matches!(warning, PlanWarning::PickUpgradesNothing { stage, first, next }
            if stage == "canary" && first.as_str() == "a" && next == "rest")
    });
    assert!(told, "{:?}", watched.warnings());
    let soaks = |plan: &UpgradePlan| plan.stages()[0].soak_until.duration_since(plan.stages()[0].end);
    assert_eq!(soaks(&watched).as_hours(), 5 * 24);
    let left_out = planned(
        &format!("  target: v1.31.0\n  onChange: {{atTarget: leaveOut}}\n{stages}"),
        &fleet,
    );
    assert_eq!(soaks(&left_out).as_hours(), 0, "nothing of it is watched");
    assert_eq!(left_out.stages()[1].start, left_out.created());
}

#[test]
fn groups_go_side_by_side_each_at_its_own_pace() {
    let fleet = fleet(&[
        "e1 region: eu",
        "e2 region: eu",
        "e3 region: eu",
        "u1 region: us",
        "u2 region: us",
    ]);
    let stage = "
    - name: all
      groups:
      - {name: eu, selector: region=eu, maxConcurrent: 2}
      - {name: us, selector: region=us}
";
    let plan = planned(&format!("  target: v1.31.0\n  stages:{stage}"), &fleet);
    assert_eq!(
        starts(&plan),
        [("e1", 0), ("e2", 0), ("e3", 13), ("u1", 0), ("u2", 13)]
    );
    assert_eq!(plan.stages()[0].max_concurrent.get(), 3);
    let narrow = stage.replace("region=us", "region=ap");
    let text = refused(&format!("  target: v1.31.0\n  stages:{narrow}"), &fleet);
    assert!(
        text.contains("no group of stage `all` takes 2 clusters (u1, u2)"),
        "{text}"
    );
    let wide = stage.replace("- name: all", "- name: all\n      maxConcurrent: 2");
    let text = refused(&format!("  target: v1.31.0\n  stages:{wide}"), &fleet);
    assert!(
        text.contains("spec.stages[0].maxConcurrent: stage `all` has groups"),
        "{text}"
    );
}

#[test]
fn a_cluster_keeps_its_own_windows_too() {
    let fleet = fleet(&["e1 region: eu", "u1 region: us", "u2 region: us"]);
    let plan = planned(
        "  target: v1.31.0
  clusterCalendars:
  - selector: region=us
    calendar: {timeZone: America/New_York, windows: [{days: Mon-Fri, start: '22:00', duration: 2h}]}
  calendar: {windows: [{days: Mon-Sun, start: '00:00', duration: 24h}], freezes: [{from: 2026-03-03, to: 2026-03-03, reason: audit}]}
  stages: [{name: all}]
",
        &fleet,
    );
    assert_eq!(plan.cluster("e1").unwrap().start, at(NOW));
    // Monday 22:00 in New York is Tuesday 03:00 in UTC, which is frozen; so Tuesday 22:00.
    assert_eq!(plan.cluster("u1").unwrap().start, at("2026-03-04T03:00:00Z"));
    assert_eq!(plan.cluster("u2").unwrap().start, at("2026-03-04T03:13:00Z"));
    assert_eq!(plan.binding_constraint(), Constraint::Calendar);
}

#[test]
fn a_deadline_that_is_missed_is_refused_with_the_smallest_change_that_meets_it() {
    let clusters: Vec<String> = (0..20).map(|number| format!("c{number:02} r: x")).collect();
    let fleet = fleet(&clusters.iter().map(String::as_str).collect::<Vec<_>>());
    let spec = |deadline: &str| {
        format!(
            "  target: v1.31.0
  deadline: {deadline}
  stages:
  - {{name: canary, pick: {{count: 1}}, soak: 5d}}
  - {{name: rest, maxPerDay: 2}}
"
        )
    };
    assert_eq!(planned(&spec("2026-03-16"), &fleet).len(), 20);
    let error = plan(&policy(&spec("2026-03-11")), &fleet, at(NOW)).unwrap_err();
    let [
        PlanProblem::MissesDeadline {
            relaxations,
            deadline,
            ..
        },
    ] = error.problems()
    else {
        panic!("{error}")
    };
    assert_eq!(*deadline, at("2026-03-12T00:00:00Z"));
    assert!(
        error
            .to_string()
            .contains("up.yaml:6:13: spec.deadline: the plan finishes 2026-03-16"),
        "{error}"
    );
    // Each of them, applied, meets the deadline, and a little less of it does not.
    assert!(relaxations.len() >= 2, "{relaxations:?}");
    for (from, enough, short) in [
        ("maxPerDay: 2", "maxPerDay: 4", "maxPerDay: 3"),
        ("soak: 5d", "soak: 15h", "soak: 24h"),
    ] {
        let told = format!("to {}", enough.split_once(": ").unwrap().1);
        let relaxation = relaxations
            .iter()
            .map(ToString::to_string)
            .find(|text| text.contains(&told));
        assert!(relaxation.is_some(), "{told}: {error}");
        planned(&spec("2026-03-11").replace(from, enough), &fleet);
        assert!(
            plan(&policy(&spec("2026-03-11").replace(from, short)), &fleet, at(NOW)).is_err(),
            "{short}"
        );
    }
    let text = refused(&spec("2026-03-05T00:00:00Z"), &fleet);
    assert!(
        text.contains("without any cap and calendar it would still finish 2026-03-07"),
        "{text}"
    );
}

#[test]
fn hops_without_a_pin_take_the_newest_patch_there_is() {
    let fleet = fleet(&["a r: x"]);
    let spec = "  target: v1.33.0
  hops: [v1.31.2]
  versions: [v1.31.9, v1.32.1, v1.32.4, v1.32.5-rc.1, v1.32.3]
  stages: [{name: all}]
";
    let hops: Vec<String> = planned(spec, &fleet)
        .clusters()
        .next()
        .unwrap()
        .hops
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(hops, ["v1.31.2", "v1.32.4", "v1.33.0"]);
    let text = refused(
        &spec.replace("v1.32.1, v1.32.4, v1.32.5-rc.1, v1.32.3", "v1.32.5-rc.1, v1.34.0"),
        &fleet,
    );
    assert!(text.contains("pin a patch release of 1.32"), "{text}");
}

#[test]
fn clusters_are_picked_by_share_by_name_and_by_variety() {
    let fleet = fleet(&[
        "a cni: cilium, os: flatcar",
        "b cni: cilium, os: flatcar",
        "c cni: calico, os: ubuntu",
        "d cni: calico, os: flatcar",
        "e cni: cilium, os: ubuntu",
    ]);
    let names = |pick: &str| -> Vec<String> {
        let spec = format!(
            "  target: v1.31.0\n  stages: [{{name: canary, pick: {pick}, soak: 1d}}, {{name: rest}}]\n"
        );
        let plan = planned(&spec, &fleet);
        plan.stages()[0]
            .clusters
            .iter()
            .map(|cluster| cluster.name.to_string())
            .collect()
    };
    assert_eq!(names("{share: 25%}"), ["a", "b"], "1.25 rounded up");
    assert_eq!(names("{names: [d, b]}"), ["d", "b"]);
    assert_eq!(names("{coverage: {labels: [cni, os]}}"), ["a", "c", "d", "e"]);
    assert_eq!(names("{coverage: {atMost: 2}}"), ["a", "c"]);
    let spec = |pick: &str| {
        format!("  target: v1.31.0\n  stages: [{{name: canary, pick: {pick}}}, {{name: rest}}]\n")
    };
    let text = refused(&spec("{names: [d, z]}"), &fleet);
    assert!(
        text.contains("spec.stages[0].pick.names[1]: the stage has no cluster `z`"),
        "{text}"
    );
    let text = format!(
        "apiVersion: fleet-sdk.dev/v1alpha1\nkind: FleetUpgrade\nmetadata: {{name: up}}\nspec:\n{}",
        spec("{count: 1, share: 5%}")
    );
    let error = FleetUpgrade::from_yaml(&text, "up.yaml").unwrap_err().to_string();
    assert!(
        error.contains("spec.stages[0].pick: found 2 of `count`, `share`, `names` and `coverage`"),
        "{error}"
    );
}

#[test]
fn how_far_back_a_cluster_can_go_is_said_beforehand() {
    let text = "
- {name: kubeadm, version: v1.30.4, nodes: {controlPlane: 3, workers: 2}}
- {name: eks, version: v1.30.4, provider: aws, nodes: {controlPlane: 0, workers: 2}}
- {name: aks, version: v1.30.4, provider: azure, nodes: {controlPlane: 0, workers: 2}}
";
    let plan = planned(
        "  target: v1.31.0\n  stages: [{name: all}]\n",
        &fleet_from_yaml(text, "f").unwrap(),
    );
    let of = |name: &str| plan.cluster(name).unwrap();
    let back = |name: &str| {
        (
            of(name).reversibility.method,
            of(name).reversibility.reversible_until,
        )
    };
    assert_eq!(back("kubeadm").0, ReversalMethod::AbortBeforeCommit);
    assert!(back("kubeadm").1.unwrap() < of("kubeadm").end);
    let week = jiff::SignedDuration::from_hours(7 * 24);
    assert_eq!(
        back("eks"),
        (ReversalMethod::ProviderRollback, Some(of("eks").end + week))
    );
    assert_eq!(back("aks"), (ReversalMethod::RollForward, None));
}

#[test]
fn a_small_change_of_the_fleet_changes_the_plan_little() {
    let clusters: Vec<String> = (0..200)
        .map(|number| format!("c{number:03} region: r{}", number % 5))
        .collect();
    let all: Vec<&str> = clusters.iter().map(String::as_str).collect();
    let spec = "  target: v1.31.0\n  spread: [{labels: [region], maxUnavailable: 3}]\n  stages: [{name: canary, pick: {count: 2}, soak: 2d}, {name: rest, maxConcurrent: 9, maxPerDay: 30}]\n";
    let before = planned(spec, &fleet(&all));
    let without: Vec<&str> = all
        .iter()
        .copied()
        .filter(|cluster| !cluster.starts_with("c150"))
        .collect();
    let after = planned(spec, &fleet(&without));
    for cluster in before.clusters().filter(|cluster| cluster.name.as_str() < "c150") {
        let still = after.cluster(cluster.name.as_str()).unwrap();
        assert_eq!(
            (still.start, still.end),
            (cluster.start, cluster.end),
            "{} moved",
            cluster.name
        );
    }
    for cluster in after.clusters() {
        assert!(
            cluster.start <= before.cluster(cluster.name.as_str()).unwrap().start,
            "{} is later",
            cluster.name
        );
    }
}

#[test]
fn what_is_wrong_with_a_fleet_file_is_told_with_its_place() {
    let error = |text: &str| fleet_from_yaml(text, "fleet.yaml").unwrap_err().to_string();
    assert!(
        error("clusters: [{name: a}]").starts_with("fleet.yaml:1:12: clusters[0]"),
        "{}",
        error("clusters: [{name: a}]")
    );
    assert!(error("kind: Fleet").contains("fleet.yaml:1:1: found no list of clusters"));
    assert!(
        error("- {name: a, version: v1.30.0}\n- {name: a, version: v1.30.0}\n")
            .contains("fleet.yaml:2:3: [1]: cluster `a` stands at fleet.yaml:1:3")
    );
    assert!(error("- [").starts_with("fleet.yaml:"));
    assert!(
        fleet_from_yaml("{\"clusters\": []}", "fleet.json")
            .unwrap()
            .is_empty()
    );
    let two = "kind: Fleet\nclusters: [{name: a, version: v1.30.0}]\n---\n- {name: b, version: v1.30.0}\n";
    assert_eq!(fleet_from_yaml(two, "f").unwrap().len(), 2);
}
