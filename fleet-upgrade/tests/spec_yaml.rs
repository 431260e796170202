//! Policies from YAML: what is read, and what each mistake is answered with.

#![cfg(feature = "yaml")]
// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use fleet_core::Calendar;
use fleet_upgrade::{FailureBudget, FleetUpgrade, FleetUpgradeSpec, Pick, Stage};

const GOOD: &str = "\
apiVersion: fleet-sdk.dev/v1alpha1
kind: FleetUpgrade
metadata:
  name: to-1.31
  namespace: platform
  labels: {team: platform}
spec:
  target: v1.31.4
  clusters: env in (staging,production)
  stages:
    - name: staging
      selector: env=staging
      maxConcurrent: 2
    - name: canary
      selector:
        matchExpressions:
          - {key: env, operator: In, values: [production]}
      pick: {count: 1}
      soak: 5d
    - name: production
      maxPerDay: 3
  failureBudget: 1
  clusterDeadline: 90m
  calendar:
    timeZone: Europe/Berlin
    windows:
      - {days: Mon-Thu, start: '09:00', duration: 8h}
";

fn in_code() -> FleetUpgrade {
    let spec = FleetUpgradeSpec::new("v1.31.4".parse().unwrap())
        .clusters("env in (staging,production)".parse().unwrap())
        .stage(
            Stage::new("staging")
                .selector("env=staging".parse().unwrap())
                .max_concurrent(2u32.try_into().unwrap()),
        )
        .stage(
            Stage::new("canary")
                .selector("env in (production)".parse().unwrap())
                .pick(Pick::one())
                .soak("5d".parse().unwrap()),
        )
        .stage(Stage::new("production").max_per_day(3u32.try_into().unwrap()))
        .failure_budget(FailureBudget::Clusters(1u32.try_into().unwrap()))
        .cluster_deadline("90m".parse().unwrap())
        .calendar(
            Calendar::in_zone("Europe/Berlin")
                .unwrap()
                .with_window(
                    "Mon-Thu".parse().unwrap(),
                    jiff::civil::time(9, 0, 0, 0),
                    "8h".parse().unwrap(),
                )
                .unwrap(),
        );
    FleetUpgrade::new("to-1.31", spec)
}

#[test]
fn yaml_and_code_make_the_same_policy() {
    let read = FleetUpgrade::from_yaml(GOOD, "to-1.31.yaml").unwrap();
    assert_eq!(read, in_code());
}

#[test]
fn what_is_written_is_read_again() {
    let text = fleet_core::yaml::to_string(&in_code()).unwrap();
    assert_eq!(FleetUpgrade::from_yaml(&text, "again.yaml").unwrap(), in_code());
}

#[test]
fn a_field_knows_its_place() {
    let policy = FleetUpgrade::from_yaml(GOOD, "to-1.31.yaml").unwrap();
    assert_eq!(
        policy.place("spec.target").to_string(),
        "to-1.31.yaml:8:11: spec.target"
    );
    assert_eq!(policy.place("spec.stages[1].pick.count").position, Some((18, 21)));
    // Left out: the place of the stage.
    assert_eq!(policy.place("spec.stages[2].selector").position, Some((20, 7)));
}

/// Each mistake: what is replaced in the good policy by what, and the answer.
#[test]
fn every_mistake_is_named_with_its_place_and_its_mend() {
    let mistakes = [
        ("an incomplete version", "target: v1.31.4", "target: v1.31"),
        ("no version", "target: v1.31.4", "target: latest"),
        (
            "a version that YAML takes for a number",
            "target: v1.31.4",
            "target: 1.31",
        ),
        ("no target", "  target: v1.31.4\n", ""),
        ("no stages", "  stages:\n", "  stage:\n"),
        ("a misspelled field", "maxPerDay", "maxPerDy"),
        ("a field of another tool", "maxPerDay: 3", "maxUnavailable: 3"),
        ("a zero cap", "maxPerDay: 3", "maxPerDay: 0"),
        ("a cap beyond all", "maxPerDay: 3", "maxPerDay: 4294967296"),
        (
            "a budget beyond all",
            "failureBudget: 1",
            "failureBudget: 4294967296",
        ),
        (
            "a name for a list of names",
            "soak: 5d",
            "approval: {before: {by: alice}}",
        ),
        ("a negative count", "maxConcurrent: 2", "maxConcurrent: -2"),
        ("a share for a count", "maxConcurrent: 2", "maxConcurrent: 50%"),
        ("a zero pick", "count: 1", "count: 0"),
        (
            "an unknown order",
            "pick: {count: 1}",
            "pick: {count: 1, order: [smalest]}",
        ),
        ("a zero budget", "failureBudget: 1", "failureBudget: 0"),
        ("a soak without a unit", "soak: 5d", "soak: 5"),
        ("a soak that is no duration", "soak: 5d", "soak: five days"),
        (
            "a selector that does not parse",
            "selector: env=staging",
            "selector: env=(staging",
        ),
        (
            "a selector with an unknown operator",
            "operator: In",
            "operator: Within",
        ),
        ("another kind", "kind: FleetUpgrade", "kind: Cluster"),
        (
            "another version of the API",
            "fleet-sdk.dev/v1alpha1",
            "fleet-sdk.dev/v1",
        ),
        ("no kind", "kind: FleetUpgrade\n", ""),
        ("an empty name", "name: to-1.31", "name: ''"),
        ("not YAML", "  name: to-1.31", "  name: [to-1.31"),
        (
            "stages as a mapping",
            "    - name: production\n      maxPerDay: 3\n",
            "    production: {}\n",
        ),
        ("an unknown time zone", "Europe/Berlin", "Europe/Bern"),
        ("an unknown day", "days: Mon-Thu", "days: Mon-Foo"),
        ("a window that never opens", "duration: 8h", "duration: 0s"),
        (
            "two documents",
            "duration: 8h}\n",
            "duration: 8h}\n---\nkind: Other\n",
        ),
    ];
    let mut answers = String::new();
    for (mistake, from, to) in mistakes {
        assert!(GOOD.contains(from), "{mistake}");
        let error = FleetUpgrade::from_yaml(&GOOD.replacen(from, to, 1), "up.yaml").expect_err(mistake);
        let place = error.place().unwrap_or_else(|| panic!("{mistake}: {error}"));
        assert!(place.position.is_some(), "{mistake}: {error}");
        writeln!(answers, "{mistake}\n  {error}").unwrap();
    }
    insta::assert_snapshot!(answers);
}

#[test]
fn an_empty_text_and_a_missing_file() {
    let empty = FleetUpgrade::from_yaml("# nothing\n", "up.yaml").unwrap_err();
    assert_eq!(
        empty.to_string(),
        "up.yaml: found 0 documents, expected exactly one FleetUpgrade; keep each policy in a file of its own"
    );
    let missing = FleetUpgrade::read("no/such/file.yaml").unwrap_err();
    assert_eq!(missing.to_string(), "cannot read no/such/file.yaml");
    assert!(std::error::Error::source(&missing).is_some());
}
