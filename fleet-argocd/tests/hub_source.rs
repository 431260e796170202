//! A live Argo CD as the source of an expansion, on an API server in memory.
#![cfg(feature = "kube")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_argocd::{
    AppProject, ApplicationSet, ClusterRegistry, ClusterSecret, Expander, FailureKind, GuardRails, HubSource,
    Rail, SecretSource, Snapshot, Sources, crds, expand,
};
use fleet_sim::faults::Fault;
use fleet_sim::{Hub, Verb};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

fn placements() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "placementdecisions.cluster.open-cluster-management.io"},
        "spec": {
            "group": "cluster.open-cluster-management.io", "scope": "Namespaced",
            "names": {"plural": "placementdecisions", "singular": "placementdecision", "kind": "PlacementDecision", "listKind": "PlacementDecisionList"},
            "versions": [{"name": "v1beta1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    })
}

async fn hub() -> Hub {
    let mut all = crds();
    all.push(serde_json::from_value(placements()).unwrap());
    let hub = Hub::builder()
        .crds(all)
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    for (name, env) in [("eu", "production"), ("us", "production"), ("lab", "staging")] {
        let cluster = ClusterSecret::new(name, format!("https://{name}:6443")).with_labels([("env", env)]);
        registry.register(&cluster).await.unwrap();
    }
    let projects: Api<AppProject> = Api::namespaced(hub.client(), "argocd");
    let project = json!({"metadata": {"name": "shop"}, "spec": {}});
    projects
        .create(&PostParams::default(), &serde_json::from_value(project).unwrap())
        .await
        .unwrap();
    create(
        &hub,
        "v1",
        "Secret",
        "secrets",
        json!({
            "metadata": {"name": "github"}, "data": {"token": "czNjcmV0"},
        }),
    )
    .await;
    hub
}

async fn create(hub: &Hub, version: &str, kind: &str, plural: &str, mut object: Value) {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    object["apiVersion"] = json!(resource.api_version);
    object["kind"] = json!(kind);
    let api: Api<DynamicObject> = Api::namespaced_with(hub.client(), "argocd", &resource);
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
        .await
        .unwrap();
}

fn set(generators: &Value, project: &str) -> ApplicationSet {
    ApplicationSet::read(json!({
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"generators": generators, "template": {
            "metadata": {"name": "web-{{name}}"},
            "spec": {"project": project, "destination": {"server": "{{server}}"}},
        }},
    }))
    .unwrap()
}

fn production() -> ApplicationSet {
    set(
        &json!([{"clusters": {"selector": {"matchLabels": {"env": "production"}}}}]),
        "shop",
    )
}

fn sources(hub: &Hub) -> Sources {
    let source = HubSource::new(hub.client(), "argocd");
    Sources::new().clusters(source.clone()).decisions(source)
}

fn names(set: &ApplicationSet, snapshot: &Snapshot) -> Vec<String> {
    let expansion = expand(set, snapshot).unwrap();
    expansion.iter().map(|one| one.name().to_owned()).collect()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_changed_label_changes_what_comes_out_and_the_rails_say_what_goes() {
    let hub = hub().await;
    let (set, sources) = (production(), sources(&hub));
    let before = expand(&set, &Snapshot::gather(&sources, &set).await.unwrap()).unwrap();
    assert_eq!(before.len(), 2);

    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let relabel = async |name: &str, env: &str| {
        let change = [("env".to_owned(), Some(env.to_owned()))];
        registry.label(name, &change.into()).await.unwrap();
        Snapshot::gather(&sources, &set).await.unwrap()
    };
    let snapshot = relabel("us", "staging").await;
    let after = Expander::new().update(&before, &set, &snapshot).unwrap();
    assert_eq!((after.len(), after.reused()), (1, 1));
    let diff = before.diff(&after);
    assert_eq!(
        (diff.created.len(), diff.changed.len(), diff.deleted.as_slice()),
        (0, 0, &["web-us".to_owned()][..])
    );

    let none = expand(&set, &relabel("eu", "retired").await).unwrap();
    let findings = GuardRails::default().check_change(&set, &before, &none);
    let rails: Vec<_> = findings.iter().map(|finding| finding.rail).collect();
    assert_eq!(
        rails,
        [
            Rail::BecomesEmpty,
            Rail::TooManyDeletions,
            Rail::GeneratorCollapsed
        ]
    );
    assert_eq!(
        findings[2].to_string(),
        "generator-collapsed: spec.generators[0].clusters gave 2 Applications and gives none any more: \
         no cluster matches its selector {\"matchLabels\":{\"env\":\"production\"}}"
    );
    assert_eq!(
        findings[2].parameter.as_deref(),
        Some("spec.generators[0].clusters")
    );
    assert_eq!(findings[2].applications, ["web-eu", "web-us"]);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn decisions_of_another_controller_pick_registered_clusters() {
    let hub = hub().await;
    create(
        &hub,
        "v1",
        "ConfigMap",
        "configmaps",
        json!({
            "metadata": {"name": "placement"},
            "data": {
                "apiVersion": "cluster.open-cluster-management.io/v1beta1", "kind": "placementdecisions",
                "statusListKey": "decisions", "matchKey": "clusterName",
            },
        }),
    )
    .await;
    create(
        &hub,
        "cluster.open-cluster-management.io/v1beta1",
        "PlacementDecision",
        "placementdecisions",
        json!({
            "metadata": {"name": "web-1"},
            "status": {"decisions": [{"clusterName": "lab"}, {"clusterName": "gone"}, {"clusterName": "eu"}]},
        }),
    )
    .await;
    let generator = json!([{"clusterDecisionResource": {"configMapRef": "placement", "name": "web-1"}}]);
    let set = set(&generator, "shop");
    let snapshot = Snapshot::gather(&sources(&hub), &set).await.unwrap();
    assert_eq!(names(&set, &snapshot), ["web-lab", "web-eu"]);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_project_that_is_not_there_is_found_out() {
    let hub = hub().await;
    let git = json!([{"git": {"repoURL": "r", "revision": "HEAD", "directories": [{"path": "*"}]}}]);
    let tree = fleet_argocd::GitTree::new([("a/x.yaml", "")]);
    let recorded = fleet_argocd::RecordedSources::new(Snapshot::empty().with_git("r", "HEAD", Ok(tree)));
    let sources = sources(&hub).git(recorded);
    let known = set(&git, "shop");
    let snapshot = Snapshot::gather(&sources, &known).await.unwrap();
    assert_eq!(names(&known, &snapshot), ["web-{{name}}"]);
    let unknown = set(&git, "nobodys");
    let snapshot = Snapshot::gather(&sources, &unknown).await.unwrap();
    let error = expand(&unknown, &snapshot).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("appprojects.argoproj.io \"nobodys\" not found"),
        "{error}"
    );
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn tokens_come_from_secrets_and_what_is_missing_is_named() {
    let hub = hub().await;
    let source = HubSource::new(hub.client(), "argocd");
    assert_eq!(
        source.secret("github", "token").await.unwrap().expose_secret(),
        "s3cret"
    );
    for (name, key, words) in [
        ("gone", "token", "secrets \"gone\" not found"),
        ("github", "other", "key \"other\""),
    ] {
        let failure = source.secret(name, key).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Setup);
        assert!(failure.message.contains(words), "{failure}");
        assert!(!failure.message.contains("s3cret"));
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_hub_that_does_not_list_its_clusters_is_not_one_without_clusters() {
    let hub = hub().await;
    hub.inject(Fault::unavailable().on_verb(Verb::List));
    let set = production();
    let error = Snapshot::gather(&sources(&hub), &set).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("spec.generators[0].clusters: clusters and projects: "),
        "{error}"
    );
    assert!(expand(&set, &error.into_partial()).is_err());
}
