//! What the linter finds: the guide's flaws, and each of the traps that a server accepts.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleets;

use fleet_velero::BackupPhase;
use fleet_velero::inventory::{ClusterState, FleetState, Server, Tracking};
use fleet_velero::lint::{Finding, Rule, Severity, lint, lint_restores};
use jiff::SignedDuration;
use serde_json::json;

use fleets::{guide_cluster, guide_fleet, location, now, schedule};

fn findings(cluster: ClusterState) -> Vec<Finding> {
    let fleet = FleetState {
        clusters: vec![cluster],
        ..FleetState::default()
    };
    lint(&fleet, now())
}

fn of(rule: Rule, cluster: ClusterState) -> Finding {
    let all = findings(cluster);
    let found = all.iter().find(|finding| finding.rule == rule);
    found.unwrap_or_else(|| panic!("no {rule} in {all:#?}")).clone()
}

fn with(schedules: Vec<fleet_velero::Schedule>) -> ClusterState {
    let mut cluster = guide_cluster();
    cluster.schedules = schedules;
    cluster
}

#[test]
fn the_guides_own_flaw_is_what_dr_backup_leaves_behind() {
    let fleet = guide_fleet();
    let all = lint(&fleet, now());
    let found: Vec<&Finding> = all
        .iter()
        .filter(|finding| finding.rule == Rule::VolumesStayInRegion)
        .collect();
    let [flaw] = found[..] else { panic!("{all:#?}") };
    assert_eq!(flaw.name, "dr-backup");
    assert_eq!(
        flaw.reason,
        "its objects go to us-east-1; the snapshots of 2 of its 2 volumes stay in eu-west-1 and are lost with it"
    );
    // The rest of what is worth saying about the guide's schedules.
    let rules: Vec<Rule> = all.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&Rule::OverlappingSchedules), "{all:#?}");
    assert!(
        !all.iter().any(|finding| finding.severity() == Severity::Critical),
        "{all:#?}"
    );
}

#[test]
fn one_unreadable_duration_stops_the_server() {
    let bad = schedule(
        "daily",
        "0 2 * * *",
        &json!({"ttl": "2w", "csiSnapshotTimeout": "10"}),
    );
    let all = findings(with(vec![bad]));
    let found: Vec<(&str, &str)> = all
        .iter()
        .filter(|finding| finding.rule == Rule::UnreadableDuration)
        .map(|finding| (finding.path.as_deref().unwrap(), finding.fix.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "spec.template.csiSnapshotTimeout",
                "write it as Go does, in h, m and s: 720h"
            ),
            ("spec.template.ttl", "write it in hours: 336h"),
        ]
    );
}

#[test]
fn a_cron_that_never_matches_runs_every_minute() {
    for never in ["0 0 30 2 *", "0 0 31 4 MON", "0 0 29 2 MON"] {
        let found = of(
            Rule::NeverMatches,
            with(vec![schedule("never", never, &json!({}))]),
        );
        assert!(found.reason.contains("a backup every minute"), "{}", found.reason);
    }
}

#[test]
fn an_upgrade_by_a_patch_changes_what_a_schedule_means() {
    let mut old = with(vec![schedule("monthly", "0 1 1,15 * 1", &json!({}))]);
    old.server = Some(Server::new("v1.18.2".parse().unwrap()));
    let found = of(Rule::CronReadingChanges, old);
    assert_eq!(
        found.reason,
        "from 1.18.3 on it runs at other times: the longest gap is 7d here and 413d there"
    );

    let mut refused = with(vec![schedule("stepped", "*/61 * * * *", &json!({}))]);
    refused.server = Some(Server::new("v1.17.0".parse().unwrap()));
    assert!(
        of(Rule::CronReadingChanges, refused)
            .reason
            .contains("must be less than range size")
    );

    let new = with(vec![schedule("night", "0 22-2 * * *", &json!({}))]);
    let all = findings(new);
    assert!(
        !all.iter().any(|finding| finding.rule == Rule::CronReadingChanges),
        "{all:#?}"
    );
}

#[test]
fn skipping_under_self_heal_means_no_backups() {
    let mut skipping = schedule("daily", "0 2 * * *", &json!({}));
    skipping.spec.skip_immediately = Some(true);
    skipping.metadata.annotations = Some(
        [(
            "argocd.argoproj.io/tracking-id".to_owned(),
            "velero:velero.io/Schedule:velero/daily".to_owned(),
        )]
        .into(),
    );
    assert!(
        of(Rule::SkipImmediatelyInGit, with(vec![skipping.clone()]))
            .reason
            .contains("no backup, ever")
    );
    skipping.spec.skip_immediately = None;
    of(Rule::SpecDrift, with(vec![skipping]));
}

#[test]
fn an_orphan_that_is_ready_to_start_blocks_the_rest() {
    let mut cluster = guide_cluster();
    cluster.server.as_mut().unwrap().started = Some(now() - SignedDuration::from_mins(5));
    let last = cluster.backups.last_mut().unwrap();
    last.phase = BackupPhase::ReadyToStart;
    last.created = Some(now() - SignedDuration::from_mins(9));
    let name = last.name.clone();
    assert_eq!(of(Rule::StuckReadyToStart, cluster).name, name);
}

#[test]
fn completed_does_not_mean_restored() {
    let restore = |progress: serde_json::Value, warnings: i32| -> fleet_velero::Restore {
        serde_json::from_value(json!({
            "apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "r"}, "spec": {"backupName": "b"},
            "status": {"phase": "Completed", "progress": progress, "warnings": warnings},
        }))
        .unwrap()
    };
    let all = lint_restores(
        "c",
        &[
            restore(json!({}), 0),
            restore(json!({"itemsRestored": 5, "totalItems": 5}), 3),
        ],
    );
    assert_eq!(
        all.iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        [Rule::RestoredNothing; 2]
    );
    assert_eq!(
        lint_restores("c", &[restore(json!({"itemsRestored": 5, "totalItems": 5}), 0)]),
        []
    );
}

#[test]
fn completed_does_not_mean_backed_up() {
    let typo = schedule("typo", "0 2 * * *", &json!({"includedResources": ["pdos"]}));
    let found = of(Rule::UnknownResource, with(vec![typo]));
    assert_eq!(found.fix, "did you mean pods?");
    let nowhere = schedule("glob", "0 2 * * *", &json!({"includedNamespaces": ["team-*"]}));
    assert!(
        of(Rule::NamespaceMatchesNothing, with(vec![nowhere]))
            .reason
            .contains("is empty of it")
    );

    let mut empty = guide_cluster();
    empty.backups.iter_mut().for_each(|point| point.items = 0);
    of(Rule::EmptyBackup, empty);
}

#[test]
fn read_only_locations_are_written_to() {
    let mut cluster = guide_cluster();
    cluster.locations[1].spec.access_mode = Some(fleet_velero::AccessMode::ReadOnly);
    of(Rule::ReadOnlyIsWritten, cluster.clone());
    let found = of(Rule::LocationNotWritable, cluster);
    assert_eq!(
        (found.name.as_str(), found.severity()),
        ("dr-backup", Severity::Critical)
    );
}

#[test]
fn creation_times_lie() {
    let mut cluster = guide_cluster();
    cluster
        .backups
        .iter_mut()
        .for_each(|point| point.created = Some(now()));
    of(Rule::CreationTimeLies, cluster);
}

#[test]
fn inherited_labels_prune_backups() {
    let mut tracked = schedule("daily", "0 2 * * *", &json!({}));
    tracked.metadata.labels = Some([("app.kubernetes.io/instance".to_owned(), "velero".to_owned())].into());
    let lint_with = |schedule: fleet_velero::Schedule| {
        let mut fleet = FleetState {
            clusters: vec![with(vec![schedule])],
            ..FleetState::default()
        };
        fleet.git.tracking = Tracking::Label;
        lint(&fleet, now())
    };
    assert!(
        lint_with(tracked.clone())
            .iter()
            .any(|finding| finding.rule == Rule::InheritedTracking)
    );
    tracked.spec.template.metadata = Some(fleet_velero::BackupMetadata {
        labels: Some([("made-by".to_owned(), "daily".to_owned())].into()),
        ..Default::default()
    });
    assert!(
        !lint_with(tracked)
            .iter()
            .any(|finding| finding.rule == Rule::InheritedTracking)
    );
}

#[test]
fn what_is_kept_too_short() {
    let ttl = |ttl: &str| findings(with(vec![schedule("daily", "0 2 * * *", &json!({"ttl": ttl}))]));
    let rules = |ttl_text: &str| {
        ttl(ttl_text)
            .iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert!(rules("12h").contains(&Rule::ShortTtl));
    assert!(rules("48h").contains(&Rule::FewBackupsKept));
    assert!(rules("-1h").contains(&Rule::NegativeTtl));
    let enough = rules("72h");
    assert!(
        ![Rule::ShortTtl, Rule::FewBackupsKept]
            .iter()
            .any(|rule| enough.contains(rule))
    );
}

#[test]
fn two_clusters_in_one_bucket() {
    let mut fleet = guide_fleet();
    let mut twin = guide_cluster();
    twin.name = "production-eu-north".parse().unwrap();
    fleet.clusters.push(twin);
    let all = lint(&fleet, now());
    assert!(all.iter().any(|finding| finding.rule == Rule::SharedBucket));
    let colliding = all
        .iter()
        .find(|finding| finding.rule == Rule::CollidingNames)
        .unwrap();
    assert!(
        colliding.reason.contains("hourly-app-backup"),
        "{}",
        colliding.reason
    );
    fleet.clusters[3].locations = vec![location("default", "velero-backups", "eu-north", "eu-north-1")];
    assert!(
        !lint(&fleet, now())
            .iter()
            .any(|finding| finding.rule == Rule::SharedBucket)
    );
}

#[test]
fn what_the_server_refuses() {
    for (template, path) in [
        (
            json!({"includedResources": ["pods"], "includedNamespaceScopedResources": ["pods"]}),
            "includedNamespaceScopedResources",
        ),
        (json!({"includedNamespaces": ["*", "shop"]}), "includedNamespaces"),
        (json!({"excludedNamespaces": ["*"]}), "excludedNamespaces"),
        (
            json!({"includedNamespaces": ["shop"], "excludedNamespaces": ["shop"]}),
            "excludedNamespaces",
        ),
        (json!({"includedNamespaces": ["a**"]}), "includedNamespaces"),
        (
            json!({"labelSelector": {}, "orLabelSelectors": []}),
            "orLabelSelectors",
        ),
        (
            json!({"volumeSnapshotLocations": ["nowhere"]}),
            "volumeSnapshotLocations",
        ),
        (
            json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}),
            "labelSelector",
        ),
    ] {
        let found = of(Rule::Refused, with(vec![schedule("s", "0 2 * * *", &template)]));
        assert_eq!(found.path, Some(format!("spec.template.{path}")), "{template}");
    }
    assert!(
        of(
            Rule::InvalidCron,
            with(vec![schedule("s", "0 25 * * *", &json!({}))])
        )
        .reason
        .contains("above maximum")
    );
    of(
        Rule::UnknownField,
        with(vec![schedule("s", "0 2 * * *", &json!({"ttlDays": 30}))]),
    );
}

#[test]
fn identifiers_are_unique_and_said() {
    let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
    assert!(
        Rule::ALL.iter().all(|rule| rule.summary().ends_with('.')),
        "{:?}",
        Rule::ALL[0].summary()
    );
}

#[test]
fn a_backup_that_is_not_where_the_cluster_says() {
    let mut cluster = guide_cluster();
    let kept = cluster.backups[0].name.clone();
    cluster
        .bucket_listings
        .insert("default".to_owned(), [kept].into());
    let found = of(Rule::NotInBucket, cluster);
    assert!(
        found.reason.contains("of location default are not in its bucket"),
        "{}",
        found.reason
    );

    let mut renamed = guide_cluster();
    renamed
        .locations
        .retain(|location| location.metadata.name.as_deref() != Some("dr-region"));
    let found = of(Rule::LocationGone, renamed);
    assert!(
        found.reason.contains("location dr-region, which is not there"),
        "{}",
        found.reason
    );
    assert!(
        !findings(guide_cluster())
            .iter()
            .any(|finding| { matches!(finding.rule, Rule::NotInBucket | Rule::LocationGone) })
    );
}
