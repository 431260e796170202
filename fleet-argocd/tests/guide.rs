//! The guide's ApplicationSet: read, written, expanded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use fleet_argocd::{ApplicationSet, ClusterSecret, Snapshot, Warning, expand};
use proptest::prelude::*;
use serde_json::Value;

const GUIDE: &str = include_str!("fixtures/applicationset-clusters.yaml");

fn guide() -> (Value, ApplicationSet) {
    let document = fleet_core::yaml::documents(GUIDE).unwrap().remove(0);
    let set = document.decode().unwrap();
    (document.into_value(), set)
}

fn cluster(name: &str, labels: &[(&str, &str)]) -> ClusterSecret {
    ClusterSecret::new(name, format!("https://{name}.example.com:6443")).with_labels(labels.iter().copied())
}

fn three_clusters() -> Vec<ClusterSecret> {
    vec![
        cluster(
            "production-us-east",
            &[("env", "production"), ("region", "us-east-1")],
        ),
        cluster("staging-eu-west", &[("env", "staging"), ("region", "eu-west-1")]),
        cluster(
            "production-eu-west",
            &[("env", "production"), ("region", "eu-west-1")],
        ),
    ]
}

#[test]
fn it_survives_reading_and_writing() {
    let (read, set) = guide();
    assert_eq!(serde_json::to_value(&set).unwrap(), read);
}

#[test]
fn it_gives_one_application_for_each_production_cluster() {
    let (_, set) = guide();
    let expansion = expand(&set, &Snapshot::empty().with_clusters(&three_clusters())).unwrap();
    assert!(expansion.warnings().is_empty());
    let applications: Vec<_> = expansion.applications().map(Result::unwrap).collect();
    insta::assert_yaml_snapshot!("guide_clusters", applications);
}

#[test]
fn an_application_says_where_it_comes_from() {
    let (_, set) = guide();
    let expansion = expand(&set, &Snapshot::empty().with_clusters(&three_clusters())).unwrap();
    let first = expansion.iter().next().unwrap();
    assert_eq!(first.provenance().generator, 0);
    assert_eq!(first.provenance().cluster.as_deref(), Some("production-eu-west"));
    assert_eq!(
        first.provenance().params.get("metadata.labels.region"),
        Some(&"eu-west-1".into())
    );
}

#[test]
fn a_label_that_is_missing_is_warned_of() {
    let (_, set) = guide();
    let clusters = [cluster("bare", &[("env", "production")])];
    let expansion = expand(&set, &Snapshot::empty().with_clusters(&clusters)).unwrap();
    assert_eq!(
        expansion.warnings(),
        [Warning::Unresolved {
            application: "nginx-ingress-bare".into(),
            path: "spec.source.helm.valueFiles[0]".into(),
            text: "values-{{metadata.labels.region}}.yaml".into(),
        }]
    );
}

#[test]
fn an_expansion_to_nothing_is_warned_of() {
    let (_, set) = guide();
    assert_eq!(
        expand(&set, &Snapshot::empty()).unwrap().warnings(),
        [Warning::Empty]
    );
}

#[test]
fn what_cannot_be_expanded_is_refused_with_its_place() {
    for (patch, path) in [
        (
            serde_json::json!({
                "goTemplate": true,
                "goTemplateOptions": ["missingkey=error", "missingkey=none"],
                "generators": [{"list": {"elements": [{"a": "x"}]}}],
            }),
            "spec.goTemplateOptions[1]",
        ),
        (
            serde_json::json!({"goTemplate": true, "generators": [{"list": {"elements": [{"a": "x"}]}}]}),
            "spec.template.metadata.name",
        ),
        (
            serde_json::json!({"generators": [{"list": {}}, {"git": {"repoURL": "r", "revision": "HEAD", "directories": [{"path": "*"}]}}]}),
            "spec.generators[1].git",
        ),
        (
            serde_json::json!({"generators": [{"matrix": {"generators": []}}]}),
            "spec.generators[0].matrix",
        ),
        (
            serde_json::json!({"generators": [{"merge": {"generators": [], "mergeKeys": []}}]}),
            "spec.generators[0].merge",
        ),
        (
            serde_json::json!({"generators": [{"pullRequest": {"github": {"owner": "o", "repo": "r"}}}]}),
            "spec.generators[0].pullRequest",
        ),
        (
            serde_json::json!({"generators": [{"scmProvider": {"github": {"organization": "o"}}}]}),
            "spec.generators[0].scmProvider",
        ),
        (
            serde_json::json!({"generators": [{"clusterDecisionResource": {"configMapRef": "c"}}]}),
            "spec.generators[0].clusterDecisionResource.configMapRef",
        ),
        (
            serde_json::json!({"generators": [{"plugin": {"configMapRef": {"name": "c"}}}]}),
            "spec.generators[0].plugin.configMapRef",
        ),
    ] {
        let (mut value, _) = guide();
        for (field, replacement) in patch.as_object().unwrap() {
            value["spec"][field] = replacement.clone();
        }
        let set: ApplicationSet = serde_json::from_value(value).unwrap();
        let error = expand(&set, &Snapshot::empty()).unwrap_err();
        assert_eq!(error.path().to_string(), path);
        assert!(error.to_string().starts_with(path), "{error}");
    }
}

fn any_clusters() -> impl Strategy<Value = Vec<ClusterSecret>> {
    let label = prop_oneof![Just("production"), Just("staging"), Just("dev")];
    prop::collection::btree_map("[a-z]{1,8}", (label, "[a-z0-9]{0,5}"), 0..12).prop_map(
        |clusters: BTreeMap<String, (&str, String)>| {
            clusters
                .iter()
                .map(|(name, (env, region))| cluster(name, &[("env", env), ("region", region)]))
                .collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_the_order_of_the_clusters_does_not_matter(
        (clusters, shuffled) in any_clusters().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        selected in any::<bool>(),
    ) {
        let (_, mut set) = guide();
        if !selected {
            set.spec.generators[0].clusters.as_mut().unwrap().selector = None;
        }
        let one = expand(&set, &Snapshot::empty().with_clusters(&clusters)).unwrap();
        let other = expand(&set, &Snapshot::empty().with_clusters(&shuffled)).unwrap();
        prop_assert_eq!(&one, &other);
        let expected = clusters.iter().filter(|one| !selected || one.labels["env"] == "production").count();
        prop_assert_eq!(one.len(), expected + usize::from(!selected));
    }

    #[test]
    fn prop_a_cluster_more_changes_no_other_application(clusters in any_clusters()) {
        let (_, set) = guide();
        let before = expand(&set, &Snapshot::empty().with_clusters(&clusters)).unwrap();
        let mut more = clusters.clone();
        more.push(cluster("one-more", &[("env", "production"), ("region", "x")]));
        let after = expand(&set, &Snapshot::empty().with_clusters(&more)).unwrap();
        let kept: Vec<_> =
            after.applications().map(Result::unwrap).filter(|application| application.name() != "nginx-ingress-one-more").collect();
        prop_assert_eq!(before.applications().map(Result::unwrap).collect::<Vec<_>>(), kept);
    }
}
