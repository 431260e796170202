//! The guide's scenario: twenty clusters, staging, one canary with five days of soak, then three a day.

#![cfg(feature = "yaml")]
// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

use fleet_core::{Fleet, FleetCluster, HumanDuration, Labels, NodeCounts, Provider};
use fleet_upgrade::{Constraint, FleetUpgrade, UpgradePlan, plan};

const POLICY: &str = "\
apiVersion: fleet-sdk.dev/v1alpha1
kind: FleetUpgrade
metadata:
  name: to-1.31
spec:
  target: v1.31.4
  stages:
    - name: staging
      selector: env=staging
      maxConcurrent: 2
      soak: 2d
    - name: canary
      selector:
        matchLabels: {env: production}
      pick:
        count: 1
      soak: 5d
    - name: production
      maxPerDay: 3
";

fn guide_fleet() -> Fleet {
    let regions = ["eu-west", "us-east", "ap-south"];
    let tiers = ["gold", "silver", "bronze", "silver", "gold"];
    let cluster = |env: &str, number: usize| {
        let region = regions[number % 3];
        let name = format!("{env}-{region}-{}", number / 3 + 1);
        let tier = if env == "staging" {
            "bronze"
        } else {
            tiers[number % 5]
        };
        FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs([("env", env), ("region", region), ("tier", tier)]).unwrap())
            .with_provider(if region == "ap-south" {
                Provider::Gcp
            } else {
                Provider::Aws
            })
            .with_nodes(NodeCounts {
                control_plane: 3,
                workers: 3 + u32::try_from(number).unwrap(),
            })
    };
    Fleet::new(
        (0..6)
            .map(|n| cluster("staging", n))
            .chain((0..14).map(|n| cluster("production", n))),
    )
    .unwrap()
}

fn guide_plan() -> UpgradePlan {
    let policy = FleetUpgrade::from_yaml(POLICY, "to-1.31.yaml").unwrap();
    plan(&policy, &guide_fleet(), "2026-01-05T09:00:00Z".parse().unwrap()).unwrap()
}

#[test]
fn the_guide_scenario_as_people_read_it() {
    let plan = guide_plan();
    assert_eq!(plan.check(), Ok(()));
    insta::assert_snapshot!(plan);
}

#[test]
fn the_guide_scenario_as_json() {
    let plan = guide_plan();
    let json = serde_json::to_value(&plan).unwrap();
    for field in [
        "target",
        "stages",
        "finish",
        "lowerBound",
        "bindingConstraint",
        "warnings",
    ] {
        assert!(!json[field].is_null(), "{field}");
    }
    let first = &json["stages"][2]["clusters"][0];
    assert_eq!(first["stage"], "production");
    assert!(
        first["reason"]
            .as_str()
            .unwrap()
            .starts_with("production: 1st of 13, ")
    );
    assert_eq!(first["hops"], serde_json::json!(["v1.31.4"]));
    insta::assert_json_snapshot!(json["stages"][1]);
    insta::assert_json_snapshot!(json["warnings"]);

    let back: UpgradePlan = serde_json::from_value(json).unwrap();
    assert_eq!(back, plan);
    assert_eq!(back.check(), Ok(()));
}

#[test]
fn the_canary_is_the_least_critical_then_the_smallest() {
    let plan = guide_plan();
    let canary = &plan.stages()[1].clusters;
    assert_eq!(canary.len(), 1);
    // Bronze clusters are numbers 2, 7 and 12; number 2 has the fewest nodes.
    assert_eq!(canary[0].name, "production-ap-south-1");
    assert_eq!(
        canary[0].reason.to_string(),
        "least critical (low) then smallest (8 nodes) of 14 clusters with env=production"
    );
}

#[test]
fn the_cap_binds_and_the_plan_says_what_it_costs() {
    let plan = guide_plan();
    assert_eq!(plan.binding_constraint(), Constraint::Soak);
    let without_cap = plan
        .effects()
        .iter()
        .find(|effect| effect.constraint == Constraint::MaxPerDay)
        .unwrap();
    assert!(without_cap.finish_without < plan.finish());
    assert!(plan.lower_bound() < without_cap.finish_without);
}

#[test]
fn why_names_the_constraint_and_the_time_without_it() {
    let plan = guide_plan();
    let all: Vec<String> = plan
        .clusters()
        .map(|cluster| plan.why(cluster.name.as_str()).unwrap().to_string())
        .collect();
    insta::assert_snapshot!(all.join("\n"));
    for cluster in plan.clusters() {
        let why = plan.why(cluster.name.as_str()).unwrap();
        assert!(why.otherwise <= why.start, "{why}");
    }
    assert_eq!(plan.why("nowhere"), None);
}

#[test]
fn a_cluster_at_the_target_is_listed_and_not_started() {
    let policy = FleetUpgrade::from_yaml(POLICY, "to-1.31.yaml").unwrap();
    let done = "staging-eu-west-1";
    let fleet = Fleet::new(guide_fleet().into_iter().map(|cluster| {
        if *cluster.name() == *done {
            // A vendor's build of the target's release is at the target.
            FleetCluster::new(cluster.name().clone(), "v1.31.4-eks-a737599".parse().unwrap())
                .with_labels(cluster.labels().clone())
        } else {
            cluster
        }
    }))
    .unwrap();
    let plan = plan(&policy, &fleet, "2026-01-05T09:00:00Z".parse().unwrap()).unwrap();
    assert!(plan.cluster(done).is_none());
    assert_eq!(plan.stages()[0].at_target[0].name, *done);
    assert_eq!(plan.len(), 19);
    assert!(
        plan.to_string()
            .contains("staging-eu-west-1: already at target (v1.31.4-eks-a737599)")
    );
    assert_eq!(plan.check(), Ok(()));
}

#[test]
fn a_fleet_at_the_target_has_nothing_to_wait_for() {
    let policy = FleetUpgrade::from_yaml(POLICY, "to-1.31.yaml").unwrap();
    let fleet = Fleet::new(guide_fleet().into_iter().map(|cluster| {
        FleetCluster::new(cluster.name().clone(), "v1.31.4".parse().unwrap())
            .with_labels(cluster.labels().clone())
    }))
    .unwrap();
    let now = "2026-01-05T09:00:00Z".parse().unwrap();
    let plan = plan(&policy, &fleet, now).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.finish(), now);
    assert_eq!(plan.binding_constraint(), Constraint::Work);
    assert_eq!(plan.at_target().count(), 20);
    assert_eq!(plan.check(), Ok(()));
}

#[test]
fn hops_are_taken_one_minor_at_a_time_and_those_behind_are_skipped() {
    let text = POLICY.replace(
        "  target: v1.31.4\n",
        "  target: v1.33.1\n  hops: [v1.30.9, v1.31.4, v1.32.2]\n",
    );
    let policy = FleetUpgrade::from_yaml(&text, "to-1.33.yaml").unwrap();
    let plan = plan(&policy, &guide_fleet(), "2026-01-05T09:00:00Z".parse().unwrap()).unwrap();
    let cluster = plan.cluster("staging-eu-west-1").unwrap();
    let hops: Vec<String> = cluster.hops.iter().map(ToString::to_string).collect();
    assert_eq!(hops, ["v1.31.4", "v1.32.2", "v1.33.1"]);
    assert_eq!(
        cluster.end.duration_since(cluster.start),
        cluster.hop_estimate.as_signed() * 3
    );
    assert_eq!(plan.check(), Ok(()));
}

#[test]
fn the_next_stage_waits_for_the_soak() {
    let plan = guide_plan();
    for pair in plan.stages().windows(2) {
        assert_eq!(
            pair[0].soak_until.duration_since(pair[0].end),
            pair[0].soak.as_signed()
        );
        assert!(pair[1].start >= pair[0].soak_until);
    }
    assert_eq!(plan.stages()[1].soak, HumanDuration::days(5));
}
