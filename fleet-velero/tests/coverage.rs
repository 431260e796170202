//! What a backup holds: scoped and old filters, and those of resource policies, as Velero 1.18.3's server applies them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use fleet_velero::inventory::{ClusterState, FleetState, Gather, ObjectState, VolumePod, VolumeState};
use fleet_velero::lint::lint;
use fleet_velero::schedules::{Coverage, PolicyError, ResourcePolicies, Uncovered};
use fleet_velero::{BackupSpec, Schedule};
use serde_json::{Value, json};

fn policies(text: &str) -> Result<ResourcePolicies, PolicyError> {
    ResourcePolicies::from_data(&BTreeMap::from([("policy.yaml".to_owned(), text.to_owned())]))
}

fn cluster(policy: &str) -> ClusterState {
    let mut cluster = ClusterState::new("one".parse().unwrap());
    cluster
        .policies
        .insert("policy".to_owned(), policies(policy).unwrap());
    cluster
}

fn coverage(policy: &str, spec: Value) -> Coverage {
    let mut spec = spec;
    spec["resourcePolicy"] = json!({"kind": "ConfigMap", "name": "policy"});
    let spec: BackupSpec = serde_json::from_value(spec).unwrap();
    Coverage::of(&spec, &cluster(policy)).unwrap()
}

fn object(resource: &str, name: &str, labels: &[(&str, &str)]) -> ObjectState {
    let labels = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    ObjectState {
        resource: resource.to_owned(),
        name: name.to_owned(),
        labels: labels.collect(),
        ..ObjectState::default()
    }
}

const BY_NAMESPACE: &str = "
version: v1
namespacedFilterPolicies:
- namespaces: ['team-*']
  resourceFilters:
  - kinds: [deploy, cm]
  - kinds: [secret]
    names: ['app-*']
    excludedNames: [app-scratch]
  - kinds: [statefulsets]
    labelSelector: {matchLabels: {tier: data}}
- namespaces: [team-b]
  resourceFilters:
  - orLabelSelectors:
    - {matchLabels: {keep: 'yes'}}
    - {matchExpressions: [{key: tier, operator: Exists}]}
  - kinds: [secrets]
";

#[test]
fn a_namespaces_filter_is_all_that_is_taken_of_it() {
    let held = coverage(
        BY_NAMESPACE,
        json!({"includedNamespaces": ["team-a", "team-b", "shop"]}),
    );
    let holds = |namespace: &str, resource: &str, name: &str, labels: &[(&str, &str)]| {
        held.object(namespace, &object(resource, name, labels))
    };
    assert_eq!(holds("team-a", "deployments.apps", "web", &[]), Ok(()));
    assert_eq!(
        holds("team-a", "services", "web", &[]),
        Err(Uncovered::KindNotInPolicy)
    );
    assert_eq!(holds("team-a", "secrets", "app-db", &[]), Ok(()));
    assert_eq!(
        holds("team-a", "secrets", "app-scratch", &[]),
        Err(Uncovered::NameNotInPolicy)
    );
    assert_eq!(
        holds("team-a", "secrets", "other", &[]),
        Err(Uncovered::NameNotInPolicy)
    );
    assert_eq!(
        holds("team-a", "statefulsets.apps", "db", &[("tier", "data")]),
        Ok(())
    );
    assert_eq!(
        holds("team-a", "statefulsets.apps", "db", &[]),
        Err(Uncovered::Labels)
    );
    // A name goes before a pattern, wherever it stands; the rest is caught by the filter without kinds.
    assert_eq!(holds("team-b", "secrets", "other", &[]), Ok(()));
    assert_eq!(holds("team-b", "services", "web", &[]), Err(Uncovered::Labels));
    assert_eq!(holds("team-b", "services", "web", &[("keep", "yes")]), Ok(()));
    assert_eq!(holds("team-b", "services", "web", &[("tier", "gold")]), Ok(()));
    // Of other namespaces the policy says nothing.
    assert_eq!(holds("shop", "services", "web", &[]), Ok(()));
    // The label that keeps things out of backups wins.
    let out = [("velero.io/exclude-from-backup", "true")];
    assert_eq!(
        holds("team-a", "configmaps", "c", &out),
        Err(Uncovered::ExcludedByLabel)
    );
}

#[test]
fn a_policys_selector_replaces_the_backups_where_namespaces_are_named() {
    let labelled = object("statefulsets.apps", "db", &[("tier", "data")]);
    let selector = json!({"matchLabels": {"backup": "hourly"}});
    let named = coverage(
        BY_NAMESPACE,
        json!({"includedNamespaces": ["team-a"], "labelSelector": selector}),
    );
    assert_eq!(named.object("team-a", &labelled), Ok(()));
    // Over all namespaces the server lists with the backup's own, and filters what it gets.
    let all = coverage(BY_NAMESPACE, json!({"labelSelector": selector}));
    assert_eq!(all.object("team-a", &labelled), Err(Uncovered::Labels));
    let both = object(
        "statefulsets.apps",
        "db",
        &[("tier", "data"), ("backup", "hourly")],
    );
    assert_eq!(all.object("team-a", &both), Ok(()));
}

#[test]
fn a_pod_brings_its_claim_past_the_kinds_and_not_past_the_names() {
    let volume = VolumeState {
        claim: "data".to_owned(),
        pod: Some(VolumePod {
            name: "db-0".to_owned(),
            ..VolumePod::default()
        }),
        ..VolumeState::default()
    };
    let held = |filters: &str| {
        let policy = format!(
            "{{version: v1, namespacedFilterPolicies: [{{namespaces: [a], resourceFilters: {filters}}}]}}"
        );
        coverage(&policy, json!({"includedNamespaces": ["a"]})).volume("a", &volume)
    };
    // Nothing can snapshot it here: it got as far as that.
    assert_eq!(held("[{kinds: [pods]}]"), Err(Uncovered::NoSnapshotter));
    assert_eq!(
        held("[{kinds: [pods]}, {kinds: [pvc], names: ['x*']}]"),
        Err(Uncovered::NameNotInPolicy)
    );
    assert_eq!(held("[{kinds: [secrets]}]"), Err(Uncovered::KindNotInPolicy));
}

#[test]
fn includes_and_excludes_of_a_policy_stand_behind_the_specs() {
    let policy = "
version: v1
includeExcludePolicy:
  includedClusterScopedResources: [storageclasses]
  excludedClusterScopedResources: [crds]
  includedNamespaceScopedResources: [deployments, secrets]
  excludedNamespaceScopedResources: [events, configmaps]
";
    let takes = |spec: Value, resource: &str| {
        coverage(policy, spec)
            .object("a", &object(resource, "x", &[]))
            .is_ok()
    };
    // Where the spec says nothing, the policy's word is the whole of it.
    assert!(takes(json!({}), "deployments.apps"));
    assert!(!takes(json!({}), "services"));
    assert!(!takes(json!({}), "configmaps"));
    // What the spec says goes first.
    let spec = json!({"includedNamespaceScopedResources": ["configmaps"], "excludedNamespaceScopedResources": ["secrets"]});
    assert!(takes(spec.clone(), "configmaps"));
    assert!(!takes(spec.clone(), "secrets"));
    assert!(takes(spec, "deployments.apps"));
    let all = json!({"includedNamespaceScopedResources": ["*"]});
    assert!(takes(all.clone(), "events") && takes(all, "services"));

    let held = coverage(policy, json!({}));
    let wide = |resource: &str| held.cluster_scoped(&object(resource, "x", &[])).is_ok();
    assert!(wide("storageclasses.storage.k8s.io"));
    assert!(!wide("customresourcedefinitions.apiextensions.k8s.io"));
    assert!(!wide("clusterroles.rbac.authorization.k8s.io"));
}

#[test]
fn cluster_scoped_kinds_of_a_policy_are_refined_and_the_others_left() {
    let policy = "
version: v1
clusterScopedFilterPolicy:
  resourceFilters:
  - kinds: [crd]
    names: ['*.example.com']
    labelSelector: {matchLabels: {keep: 'yes'}}
";
    let held = coverage(policy, json!({}));
    let crd = |name: &str, labels: &[(&str, &str)]| {
        held.cluster_scoped(&object(
            "customresourcedefinitions.apiextensions.k8s.io",
            name,
            labels,
        ))
    };
    assert_eq!(crd("widgets.example.com", &[("keep", "yes")]), Ok(()));
    assert_eq!(crd("widgets.example.com", &[]), Err(Uncovered::Labels));
    assert_eq!(
        crd("widgets.example.org", &[("keep", "yes")]),
        Err(Uncovered::NameNotInPolicy)
    );
    assert_eq!(
        held.cluster_scoped(&object("clusterroles.rbac.authorization.k8s.io", "a", &[])),
        Ok(())
    );
    // With some namespaces only, no cluster-scoped kind is taken that is not named.
    let part = coverage(policy, json!({"includedNamespaces": ["a"]}));
    let role = object("clusterroles.rbac.authorization.k8s.io", "a", &[]);
    assert_eq!(part.cluster_scoped(&role), Err(Uncovered::Kind));
}

#[test]
fn what_the_server_refuses_of_a_policy() {
    for (policy, field) in [
        (
            "includeExcludePolicy: {includedNamespaceScopedResources: ['*']}",
            "includeExcludePolicy.included",
        ),
        (
            "includeExcludePolicy: {includedNamespaceScopedResources: [a], excludedNamespaceScopedResources: [a]}",
            "includeExcludePolicy.excluded",
        ),
        (
            "clusterScopedFilterPolicy: {resourceFilters: []}",
            "clusterScopedFilterPolicy ",
        ),
        (
            "clusterScopedFilterPolicy: {resourceFilters: [{names: [a]}]}",
            "clusterScopedFilterPolicy.resourceFilters[0].kinds",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [], resourceFilters: [{}]}]",
            "namespacedFilterPolicies[0] ",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: []}]",
            "namespacedFilterPolicies[0] ",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: ['a**'], resourceFilters: [{}]}]",
            "namespacedFilterPolicies[0].namespaces[0]",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{}]}, {namespaces: [b, a], resourceFilters: [{}]}]",
            "namespacedFilterPolicies[1].namespaces[1]",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{}, {kinds: ['*']}]}]",
            "namespacedFilterPolicies[0].resourceFilters[1]",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{names: [x]}]}]",
            "namespacedFilterPolicies[0].resourceFilters[0]",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [pods]}, {kinds: [pods]}]}]",
            "namespacedFilterPolicies[0].resourceFilters[1].kinds",
        ),
        (
            "namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{labelSelector: {matchExpressions: [{key: a, operator: Is}]}}]}]",
            "namespacedFilterPolicies[0].resourceFilters[0]",
        ),
        (
            "volumePolicies: [{conditions: {capacity: '10Gi'}, action: {type: skip}}]",
            "volumePolicies[0].conditions.capacity",
        ),
        (
            "volumePolicies: [{conditions: {capacity: '9Gi,1Gi'}, action: {type: skip}}]",
            "volumePolicies[0].conditions.capacity",
        ),
        (
            "volumePolicies: [{conditions: {csi: {volumeAttributes: {a: b}}}, action: {type: skip}}]",
            "volumePolicies[0].conditions.csi",
        ),
    ] {
        let error = policies(&format!("version: v1\n{policy}\n")).unwrap_err();
        assert!(error.to_string().starts_with(field), "{policy}: {error}");
    }
    // Velero 1.18's own documentation writes it so.
    let documented =
        "version: v1\nnamespacedFilterPolicies: [{namespace: a, resourceFilters: [{kind: pods}]}]";
    assert!(matches!(policies(documented), Err(PolicyError::Decode(_))));
}

#[test]
fn old_filters_and_a_policys_are_refused_together_and_its_volumes_are_not() {
    let old =
        json!({"includedResources": ["pods"], "resourcePolicy": {"kind": "configmap", "name": "policy"}});
    let spec: BackupSpec = serde_json::from_value(old).unwrap();
    assert!(Coverage::of(&spec, &cluster(BY_NAMESPACE)).is_err());
    let volumes = "{version: v1, volumePolicies: [{conditions: {}, action: {type: skip}}]}";
    let held = Coverage::of(&spec, &cluster(volumes)).unwrap();
    let volume = VolumeState::default();
    assert_eq!(held.volume("a", &volume), Err(Uncovered::Kind));
}

#[test]
fn conditions_on_volumes() {
    let acts = |conditions: &str, volume: &VolumeState| {
        let policy = format!(
            "{{version: v1, volumePolicies: [{{conditions: {conditions}, action: {{type: skip}}}}]}}"
        );
        policies(&policy).unwrap().action_of(volume).is_some()
    };
    let block = VolumeState {
        volume_mode: Some("Block".to_owned()),
        access_modes: vec!["ReadWriteOnce".to_owned()],
        bytes: 20 << 30,
        ..VolumeState::default()
    };
    let files = VolumeState::default();
    assert!(acts("{pvcVolumeMode: Block}", &block) && !acts("{pvcVolumeMode: Block}", &files));
    assert!(acts("{pvcVolumeMode: Filesystem}", &files));
    assert!(acts("{pvcAccessModes: [ReadWriteOnce]}", &block));
    assert!(!acts("{pvcAccessModes: [ReadWriteOnce, ReadWriteMany]}", &block));
    assert!(acts("{capacity: ',100Gi'}", &block) && acts("{capacity: '20Gi,'}", &block));
    assert!(!acts("{capacity: '21Gi,1Ti'}", &block));
}

#[test]
fn a_refused_policy_is_found_and_protects_nothing() {
    let schedule = json!({
        "apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "daily", "namespace": "velero"},
        "spec": {"schedule": "0 2 * * *", "template": {"resourcePolicy": {"kind": "configmap", "name": "policy"}}},
    });
    let mut gather = Gather::new("one".parse().unwrap());
    gather.add(&schedule).unwrap();
    gather
        .add(&json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "policy", "namespace": "velero"},
            "data": {"policy": "version: v1\nnamespacedFilterPolicies: [{namespace: a}]"},
        }))
        .unwrap();
    let cluster = gather.finish();
    assert!(
        cluster.refused_policies["policy"].contains("namespace"),
        "{:?}",
        cluster.refused_policies
    );
    let schedule: Schedule = serde_json::from_value(schedule).unwrap();
    assert!(Coverage::of(&schedule.spec.template, &cluster).is_err());
    let fleet = FleetState {
        clusters: vec![cluster],
        ..FleetState::default()
    };
    let found = lint(&fleet, "2026-06-11T09:20:00Z".parse().unwrap());
    assert!(
        found
            .iter()
            .any(|finding| finding.reason.contains("ConfigMap policy")),
        "{found:?}"
    );
}
