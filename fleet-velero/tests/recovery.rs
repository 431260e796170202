//! The guide's cluster, lost in every way, and brought back.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleets;

use fleet_velero::Disaster;
use fleet_velero::inventory::FleetState;
use fleet_velero::protection::Exposure;
use fleet_velero::recovery::{
    Action, OwnLocation, Owner, PlanError, PlanOptions, RecoveryPlan, recovery_plan,
};
use jiff::SignedDuration;

use fleets::{at, guide_fleet, now};

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

/// The schedules that are moved to each new location, by the name of the location that it replaces.
fn moved(plan: &RecoveryPlan) -> Vec<(&OwnLocation, &[String])> {
    let protects = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Protect {
            location, schedules, ..
        } => Some((plan.location(*location), schedules.as_slice())),
        _ => None,
    });
    protects.collect()
}

#[test]
fn a_lost_copy_is_replaced_in_another_region_for_what_wrote_to_it() {
    let plan = plan("storage-location-lost=velero-backups-dr");
    let moved = moved(&plan);
    let [(own, schedules)] = moved.as_slice() else {
        panic!("{plan}");
    };
    assert_eq!(*schedules, ["dr-backup"]);
    assert_eq!(own.replaces, "dr-region");
    assert_eq!(own.location.name, "dr-region-20260611");
    assert_eq!(own.location.bucket, "velero-backups-dr-20260611");
    assert_eq!(own.location.region.as_deref(), Some("us-east-1"));
    assert!(!own.is_default && own.is_new_bucket);
    // The hourly and the daily backups are where they were, and newer.
    assert_eq!(
        plan.warnings,
        ["production-eu-west: 30 backups are gone; those that are left are as new for every namespace"]
    );
    let commands: Vec<String> = plan.steps.iter().flat_map(|step| plan.commands(step)).collect();
    assert!(
        commands
            .iter()
            .any(|line| line.contains("make the bucket velero-backups-dr-20260611 in us-east-1"))
    );
    assert!(
        !commands.iter().any(|line| line.contains("--default")),
        "{commands:#?}"
    );
}

#[test]
fn a_lost_default_location_is_replaced_where_it_was() {
    let plan = plan("storage-location-lost=velero-backups");
    let moved = moved(&plan);
    let [(own, schedules)] = moved.as_slice() else {
        panic!("{plan}");
    };
    assert_eq!(*schedules, ["daily-full-backup", "hourly-app-backup"]);
    assert_eq!(own.location.name, "default-20260611");
    assert_eq!(own.location.region.as_deref(), Some("eu-west-1"));
    assert!(own.is_default && own.is_new_bucket);
    // The night's dr-backup holds them, too.
    assert!(
        plan.warnings[0].ends_with("those that are left of payments, orders are older"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn only_what_no_other_backup_holds_is_said_to_be_unprotected() {
    let mut fleet = guide_fleet();
    fleet.clusters[1]
        .backups
        .retain(|point| point.schedule.as_deref() != Some("dr-backup"));
    let lost: Disaster = "storage-location-lost=velero-backups".parse().unwrap();
    let plan = recovery_plan(&fleet, &lost, &PlanOptions::at(now())).unwrap();
    // Git has all of namespace production.
    assert_eq!(
        plan.warnings,
        [
            "production-eu-west: 198 backups are gone; no other holds all of payments, orders, and until the first new one a second loss \
             is final"
        ]
    );
}

#[test]
fn a_copy_whose_region_is_lost_goes_to_a_third_one() {
    let plan = plan("region-lost=us-east-1");
    let moved = moved(&plan);
    let (own, schedules) = moved.iter().find(|(own, _)| own.replaces == "dr-region").unwrap();
    assert_eq!(*schedules, ["dr-backup"]);
    assert_eq!(own.location.region.as_deref(), Some("eu-central-1"));

    // Where data must not go there, or nobody knows a third one, the plan says what that means.
    let mut fleet = guide_fleet();
    fleet.clusters.remove(0);
    let lost: Disaster = "region-lost=us-east-1".parse().unwrap();
    let plan = recovery_plan(&fleet, &lost, &PlanOptions::at(now())).unwrap();
    let warning = "location dr-region was in another region than the cluster, and no other region is known for dr-region-20260611: \
                   it is in eu-west-1, with the cluster, and one loss takes both";
    assert!(
        plan.warnings.iter().any(|told| told.contains(warning)),
        "{:#?}",
        plan.warnings
    );
}

#[test]
fn a_new_cluster_keeps_its_copy_in_another_region() {
    let cluster_lost = plan("cluster-lost=production-eu-west");
    let regions: Vec<_> = moved(&cluster_lost)
        .iter()
        .map(|(own, schedules)| {
            (
                own.replaces.as_str(),
                own.location.region.as_deref(),
                own.is_new_bucket,
                schedules.len(),
            )
        })
        .collect();
    assert_eq!(
        regions,
        [
            ("default", Some("eu-west-1"), true, 2),
            ("dr-region", Some("us-east-1"), true, 1)
        ]
    );
    // The cluster itself goes to us-east-1 now.
    let region_lost = plan("region-lost=eu-west-1");
    let regions: Vec<_> = moved(&region_lost)
        .iter()
        .map(|(own, _)| {
            (
                own.replaces.as_str(),
                own.location.region.as_deref(),
                own.is_new_bucket,
            )
        })
        .collect();
    assert_eq!(
        regions,
        [
            ("default", Some("us-east-1"), true),
            ("dr-region", Some("eu-central-1"), true)
        ]
    );
}

#[test]
fn a_new_location_leaves_the_old_one_as_it_is() {
    let mut fleet = guide_fleet();
    let lost: Disaster = "cluster-lost=production-eu-west".parse().unwrap();
    let place = |fleet: &FleetState| {
        let plan = recovery_plan(fleet, &lost, &PlanOptions::at(now())).unwrap();
        let own = &plan.locations[0].location;
        (own.bucket.clone(), own.prefix.clone())
    };
    // The old location is the whole bucket: a directory of another one in it would make it unavailable.
    let prefix = "production-eu-west-default-20260611".to_owned();
    assert_eq!(
        place(&fleet),
        ("velero-backups-20260611".to_owned(), prefix.clone())
    );
    // Where it has a prefix, the new one is beside it in the same bucket.
    fleet.clusters[1].locations[0].spec.object_storage.prefix = Some("production-eu-west".to_owned());
    assert_eq!(place(&fleet), ("velero-backups".to_owned(), prefix));
}

#[test]
fn what_is_taken_after_the_disaster_is_not_restored_from() {
    let fleet = guide_fleet();
    let lost: Disaster = "cluster-lost=production-eu-west".parse().unwrap();
    let morning = at("2026-06-11T05:30:00Z");
    let plan = recovery_plan(&fleet, &lost, &PlanOptions::at(morning)).unwrap();
    assert_eq!(plan.backups[0].name, "hourly-app-backup-20260611050000");
    assert_eq!(plan.rpo, Exposure::Last(SignedDuration::from_secs(30 * 60 - 8)));
    let warning = "4 backups of production-eu-west are from after 2026-06-11 05:30:00Z";
    assert!(
        plan.warnings.iter().any(|told| told.starts_with(warning)),
        "{:#?}",
        plan.warnings
    );
}

#[test]
fn ransomware_is_not_of_tomorrow() {
    let lost: Disaster = "ransomware=2026-06-12T05:00:00Z".parse().unwrap();
    let refused = recovery_plan(&guide_fleet(), &lost, &PlanOptions::at(now())).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ransomware since 2026-06-12T05:00:00Z is after 2026-06-11T09:20:00Z, the time of the plan: give the first moment that is not trusted"
    );
}

#[test]
fn a_cluster_is_gone_before_its_successor_is_applied() {
    let plan = plan("cluster-lost=production-eu-west");
    let provision = plan
        .steps
        .iter()
        .find(|step| matches!(step.action, Action::ProvisionCluster { .. }))
        .unwrap();
    let commands = plan.commands(provision);
    let place = |text: &str| commands.iter().position(|line| line.contains(text)).unwrap();
    assert!(
        place("delete cluster production-eu-west")
            < place("wait --for=delete cluster/production-eu-west --timeout=")
    );
    assert!(place("wait --for=delete") < place("finalizers") && place("finalizers") < place("apply -f"));
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
