//! The guide's cluster, lost in every way, and brought back.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleets;

use fleet_velero::Disaster;
use fleet_velero::protection::Exposure;
use fleet_velero::recovery::{Action, Owner, PlanError, PlanOptions, RecoveryPlan, recovery_plan};
use jiff::SignedDuration;

use fleets::{guide_fleet, now};

fn plan(disaster: &str) -> RecoveryPlan {
    let disaster: Disaster = disaster.parse().unwrap();
    let fleet = guide_fleet();
    let plan = recovery_plan(&fleet, &disaster, &PlanOptions::at(now())).unwrap();
    plan.check(&fleet).unwrap();
    plan
}

/// A plan as `step number: title`, for comparison.
fn titles(plan: &RecoveryPlan) -> Vec<String> {
    plan.steps.iter().map(|step| plan.title(step)).collect()
}

#[test]
fn a_lost_cluster_is_restored_from_the_hourly_backup() {
    let plan = plan("cluster-lost=production-eu-west");
    insta::assert_snapshot!("cluster_lost", plan.to_string());
    insta::assert_snapshot!("cluster_lost_runbook", plan.to_markdown());
    insta::assert_snapshot!("cluster_lost_graph", plan.to_mermaid());
    assert_eq!(plan.rpo, Exposure::Last(SignedDuration::from_secs(20 * 60 - 8)));
    // The claims are Git's, their data Velero's, and what was made in the cluster stays Velero's.
    let payments = plan
        .namespaces
        .iter()
        .find(|namespace| namespace.name == "payments")
        .unwrap();
    let owners: Vec<Owner> = payments.parts.iter().map(|part| part.owner).collect();
    assert_eq!(owners, [Owner::Git, Owner::Velero, Owner::Git]);
}

#[test]
fn data_comes_before_workloads_and_orders_after_payments() {
    let plan = plan("cluster-lost=production-eu-west");
    let titles = titles(&plan);
    let place = |text: &str| {
        let found = titles.iter().position(|title| title.starts_with(text));
        found.unwrap_or_else(|| panic!("no `{text}` in {titles:#?}"))
    };
    let restore_payments = place("Restore payments to");
    assert!(restore_payments < place("Restore orders to"));
    assert!(place("Restore orders to") < place("Sync payments-eu-west"));
    assert!(place("Freeze") < restore_payments && place("Fence") < restore_payments);
    assert!(place("Let the operators") < place("Verify"));
}

#[test]
fn a_lost_region_loses_the_volumes_and_says_so() {
    let plan = plan("region-lost=eu-west-1");
    assert_eq!(plan.rpo, Exposure::Everything);
    assert_eq!(plan.clusters[0].region.as_deref(), Some("us-east-1"));
    let lost: Vec<&str> = plan
        .lost()
        .iter()
        .filter(|(_, part)| part.lost == Exposure::Everything)
        .map(|(_, part)| part.part.as_str())
        .collect();
    assert_eq!(
        lost,
        [
            "persistentvolumeclaims/data-postgres-0",
            "persistentvolumeclaims/data-kafka-0"
        ]
    );
    assert!(
        plan.warnings
            .iter()
            .any(|warning| warning.contains("data of 2 volumes (280 GiB)")),
        "{:?}",
        plan.warnings
    );
    assert!(
        plan.warnings
            .iter()
            .any(|warning| warning.contains("come back empty")),
        "{:?}",
        plan.warnings
    );
    assert!(
        plan.backups
            .iter()
            .all(|backup| backup.name.starts_with("dr-backup-20260611"))
    );
}

#[test]
fn a_deleted_namespace_needs_no_new_cluster() {
    let plan = plan("namespace-deleted=production-eu-west/payments");
    assert!(
        !plan
            .steps
            .iter()
            .any(|step| matches!(step.action, Action::ProvisionCluster { .. }))
    );
    insta::assert_snapshot!("namespace_deleted", plan.to_string());
}

#[test]
fn ransomware_takes_the_last_backup_before_it() {
    let plan = plan("ransomware=2026-06-11T05:00:00Z@production-eu-west");
    assert_eq!(plan.backups[0].name, "hourly-app-backup-20260611040000");
    assert!(titles(&plan).contains(&"Take Git back to before 2026-06-11 05:00:00Z".to_owned()));
    assert_eq!(
        plan.rpo,
        Exposure::Last(SignedDuration::from_secs(5 * 3600 + 20 * 60 - 8))
    );
}

#[test]
fn a_lost_bucket_loses_no_workload() {
    let plan = plan("storage-location-lost=velero-backups");
    assert_eq!(plan.rpo, Exposure::Nothing);
    insta::assert_snapshot!("bucket_lost", plan.to_string());
}

#[test]
fn without_git_nothing_is_pruned() {
    let titles = titles(&plan("git-lost"));
    assert_eq!(titles[1], "Freeze Argo CD's sync to production-eu-west");
    assert!(titles.contains(&"Make the Git host anew".to_owned()));
}

#[test]
fn the_hub_comes_back_with_its_clusters_paused() {
    let titles = titles(&plan("hub-lost"));
    assert!(
        titles.contains(&"Provision the hub management, its clusters paused".to_owned()),
        "{titles:#?}"
    );
    assert!(
        titles.contains(&"Let Cluster API on management work again".to_owned()),
        "{titles:#?}"
    );
}

#[test]
fn what_the_fleet_does_not_have() {
    let refuse = |disaster: &str| {
        let disaster: Disaster = disaster.parse().unwrap();
        recovery_plan(&guide_fleet(), &disaster, &PlanOptions::at(now()))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refuse("cluster-lost=production-eu-wst"),
        "the fleet has no cluster `production-eu-wst`; did you mean `production-eu-west`?"
    );
    assert_eq!(
        refuse("region-lost=eu-west-2"),
        "nothing of the fleet is in region `eu-west-2`; did you mean `eu-west-1`?"
    );
    assert!(refuse("namespace-deleted=production-eu-west/payment").ends_with("did you mean `payments`?"));
    assert!(refuse("storage-location-lost=elsewhere").starts_with("no backup storage location uses bucket"));
}

#[test]
fn data_never_leaves_its_residency() {
    let mut fleet = guide_fleet();
    fleet.clusters[1].data_residency = Some("eu".to_owned());
    // More of the rest is in us-east-1 by its name, but the data may only be in eu-central-1.
    let lost: Disaster = "region-lost=eu-west-1".parse().unwrap();
    let mut options = PlanOptions::at(now());
    let plan = recovery_plan(&fleet, &lost, &options).unwrap();
    assert_eq!(plan.clusters[0].region.as_deref(), Some("eu-central-1"));

    // Nobody overrules it, and without a region of it there is no plan.
    options.target_region = Some("us-east-1".to_owned());
    let refused = recovery_plan(&fleet, &lost, &options).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the data of production-eu-west must stay in eu and would lie in us-east-1; choose a region of eu"
    );
    options.target_region = None;
    fleet.clusters[1].data_residency = Some("gdpr".to_owned());
    let refused = recovery_plan(&fleet, &lost, &options).unwrap_err();
    assert!(matches!(&refused, PlanError::Residency { breaches } if breaches.len() == 1));
    assert_eq!(
        refused.to_string(),
        "the data of production-eu-west must stay in gdpr and would lie in a region that nobody named; choose a region of gdpr"
    );

    // A jurisdiction is what the constraints say it is.
    let regions = ["eu-central-1".to_owned(), "eu-west-1".to_owned()];
    options.constraints.jurisdictions = [("gdpr".to_owned(), regions.into())].into();
    let plan = recovery_plan(&fleet, &lost, &options).unwrap();
    assert_eq!(plan.clusters[0].region.as_deref(), Some("eu-central-1"));

    // What is brought back in place moves nothing.
    fleet.clusters[1].data_residency = Some("us".to_owned());
    let deleted: Disaster = "namespace-deleted=production-eu-west/payments".parse().unwrap();
    let plan = recovery_plan(&fleet, &deleted, &options).unwrap();
    let warning = "the data of production-eu-west must stay in us, and the cluster stands in eu-west-1";
    assert!(
        plan.warnings.iter().any(|told| told == warning),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn the_regions_of_copies_are_what_the_purpose_report_asks_for() {
    let copies = guide_fleet().copies();
    let regions: Vec<&str> = copies["production-eu-west"].iter().map(String::as_str).collect();
    // Its own region, and that of the second location that its backups are copied to.
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    assert!(copies["management"].is_empty());
}

#[test]
fn namespaces_that_wait_for_each_other_are_an_error() {
    let mut fleet = guide_fleet();
    fleet.clusters[1].namespaces[1]
        .depends_on
        .push("orders".to_owned());
    let lost = Disaster::ClusterLost {
        cluster: "production-eu-west".to_owned(),
    };
    let error = recovery_plan(&fleet, &lost, &PlanOptions::at(now())).unwrap_err();
    let PlanError::DependencyCycle { namespaces, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(namespaces.first(), namespaces.last());
    assert_eq!(namespaces.len(), 3);
}

#[test]
fn the_report_is_json() {
    let report = serde_json::to_value(plan("cluster-lost=production-eu-west").report()).unwrap();
    assert_eq!(report["disaster"], "cluster-lost=production-eu-west");
    assert_eq!(report["steps"][0]["title"], "Declare the disaster");
    assert!(report["rtoSeconds"].as_i64().unwrap() > 1800);
}

#[test]
fn no_cluster_is_made_anew_in_the_region_that_is_lost() {
    let lost: Disaster = "region-lost=eu-west-1".parse().unwrap();
    let mut options = PlanOptions::at(now());
    options.target_region = Some("eu-west-1".to_owned());
    let refused = recovery_plan(&guide_fleet(), &lost, &options).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "region `eu-west-1` is what is lost; name another one to make the clusters anew in"
    );
}
