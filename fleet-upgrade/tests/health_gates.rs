//! The gates that look at clusters themselves, on a simulated API server.

#![allow(clippy::unwrap_used)]

use fleet_core::ClusterName;
use fleet_sim::Hub;
use fleet_upgrade::adapters::{ApplicationGate, JobGate, WorkloadGate};
use fleet_upgrade::ports::{GateLook, HealthGate, Verdict};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

fn hub() -> Hub {
    Hub::builder().create_missing_namespaces(true).start().unwrap()
}

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn api(hub: &Hub, object: &Value) -> Api<DynamicObject> {
    let (group, version) = object["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap_or(("", "v1"));
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(
        group,
        version,
        object["kind"].as_str().unwrap(),
    ));
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(hub.client(), namespace, &kind),
        None => Api::all_with(hub.client(), &kind),
    }
}

/// Makes an object, and gives it the status that its controller would.
async fn make(hub: &Hub, object: Value) {
    let api = api(hub, &object);
    api.create(
        &PostParams::default(),
        &serde_json::from_value(object.clone()).unwrap(),
    )
    .await
    .unwrap();
    set_status(hub, &object, &object["status"]).await;
}

async fn set_status(hub: &Hub, object: &Value, status: &Value) {
    let patch = Patch::Merge(json!({"status": status}));
    let name = object["metadata"]["name"].as_str().unwrap();
    api(hub, object)
        .patch_status(name, &PatchParams::default(), &patch)
        .await
        .unwrap();
}

fn node(name: &str, ready: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"conditions": [
        {"type": "Ready", "status": ready, "reason": "Test"}]}})
}

fn deployment(namespace: &str, available: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"tier": "critical"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web"}]}}},
        "status": {"observedGeneration": 1, "conditions": [
            {"type": "Available", "status": available, "message": "1 of 2 replicas"}]}})
}

#[tokio::test]
async fn a_cluster_is_as_well_as_its_nodes_and_workloads() {
    let hub = hub();
    let client = hub.client();
    let gate = WorkloadGate::new(move |_| std::future::ready(Ok(client.clone())));
    let look = GateLook::at(now());
    assert_eq!(
        gate.check(&eu(), &look).await.unwrap(),
        Verdict::Inconclusive,
        "no nodes"
    );
    for number in 0..1_100 {
        make(&hub, node(&format!("n{number:04}"), "True")).await;
    }
    make(&hub, deployment("shop", "True")).await;
    assert_eq!(
        gate.check(&eu(), &look).await.unwrap(),
        Verdict::Pass,
        "more than one page of nodes"
    );
    make(&hub, deployment("lab", "False")).await;
    let reason = "Deployment lab/web: 1 of 2 replicas".to_owned();
    assert_eq!(gate.check(&eu(), &look).await.unwrap(), Verdict::Fail { reason });
    let shop = gate.clone().in_namespaces(["shop"]);
    assert_eq!(shop.check(&eu(), &look).await.unwrap(), Verdict::Pass);
    let batch = gate.selector("tier=batch");
    assert_eq!(batch.check(&eu(), &look).await.unwrap(), Verdict::Pass);
    // The last page counts as well.
    set_status(&hub, &node("n1099", ""), &node("n1099", "Unknown")["status"]).await;
    let reason = "node n1099 is not ready: Test".to_owned();
    assert_eq!(shop.check(&eu(), &look).await.unwrap(), Verdict::Fail { reason });
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_gives_no_verdict() {
    let gate = WorkloadGate::new(|_| std::future::ready(Err("no way there".into())));
    assert!(gate.check(&eu(), &GateLook::at(now())).await.is_err());
}

fn application(name: &str, cluster: &str, health: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "default", "destination": {"name": cluster, "namespace": "shop"},
            "source": {"repoURL": "https://example.com/shop.git"}},
        "status": {"reconciledAt": "2026-03-02T08:00:00Z",
            "health": {"status": health}, "sync": {"status": "Synced"}}})
}

#[tokio::test]
async fn a_cluster_is_as_well_as_its_applications() {
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "applications.argoproj.io"}, "spec": {"group": "argoproj.io", "scope": "Namespaced",
        "names": {"kind": "Application", "listKind": "ApplicationList", "plural": "applications", "singular": "application"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let hub = Hub::builder()
        .crds([serde_json::from_value(definition).unwrap()])
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    for (name, cluster, health) in [
        ("eu-shop", "eu", "Healthy"),
        ("eu-db", "eu", "Healthy"),
        ("us-shop", "us", "Degraded"),
    ] {
        let object = application(name, cluster, health);
        let api = api(&hub, &object);
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
            .await
            .unwrap();
    }
    let gate = ApplicationGate::new(hub.client(), "argocd").synced();
    let asked =
        async |cluster: &str, look: &GateLook| gate.check(&cluster.parse().unwrap(), look).await.unwrap();
    let look = GateLook::at(now());
    let before = hub.requests().total();
    assert_eq!(asked("eu", &look).await, Verdict::Pass);
    let reason = "Application us-shop is Degraded".to_owned();
    assert_eq!(asked("us", &look).await, Verdict::Fail { reason });
    assert_eq!(asked("ap", &look).await, Verdict::Inconclusive, "it has none");
    let mut later = look.clone();
    later.upgraded = Some(now() + jiff::SignedDuration::from_secs(1));
    assert_eq!(
        asked("eu", &later).await,
        Verdict::Inconclusive,
        "nobody has looked since"
    );
    assert_eq!(hub.requests().total() - before, 1, "one list for all of them");
    let by_label =
        ApplicationGate::new(hub.client(), "argocd").cluster_of(|object| object.metadata.name.clone());
    assert_eq!(
        by_label.check(&"eu-db".parse().unwrap(), &look).await.unwrap(),
        Verdict::Pass
    );
}

fn template() -> Job {
    serde_json::from_value(
        json!({"metadata": {"name": "smoke", "namespace": "tests"}, "spec": {"template": {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "smoke", "image": "smoke"}]}}}}),
    )
    .unwrap()
}

#[tokio::test]
async fn a_job_is_run_once_after_the_upgrade_and_judged_by_its_end() {
    let hub = hub();
    let client = hub.client();
    let gate = JobGate::new(move |_| std::future::ready(Ok(client.clone())), template()).unwrap();
    let jobs: Api<Job> = Api::namespaced(hub.client(), "tests");
    let mut look = GateLook::at(now());
    assert_eq!(
        gate.check(&eu(), &look).await.unwrap(),
        Verdict::Pass,
        "nothing to test yet"
    );
    look.upgraded = Some(now());
    for _ in 0..3 {
        assert_eq!(gate.check(&eu(), &look).await.unwrap(), Verdict::Inconclusive);
    }
    let name = format!("smoke-{}", now().as_second());
    let made = jobs.list(&kube::api::ListParams::default()).await.unwrap().items;
    assert_eq!(
        made.iter()
            .filter_map(|job| job.metadata.name.as_deref())
            .collect::<Vec<_>>(),
        [&name]
    );
    let object =
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "tests"}});
    let ended =
        |kind: &str| json!({"conditions": [{"type": kind, "status": "True", "message": "exit code 3"}]});
    set_status(&hub, &object, &ended("Failed")).await;
    let reason = format!("Job {name} failed: exit code 3");
    assert_eq!(gate.check(&eu(), &look).await.unwrap(), Verdict::Fail { reason });
    set_status(&hub, &object, &ended("Complete")).await;
    assert_eq!(gate.check(&eu(), &look).await.unwrap(), Verdict::Pass);
}

#[test]
fn a_job_without_a_place_is_refused() {
    let nowhere = |_| std::future::ready(Err("none".into()));
    let mut unnamed = template();
    unnamed.metadata.name = None;
    assert_eq!(JobGate::new(nowhere, unnamed).unwrap_err().field, "metadata.name");
    let mut homeless = template();
    homeless.metadata.namespace = None;
    assert_eq!(
        JobGate::new(nowhere, homeless).unwrap_err().field,
        "metadata.namespace"
    );
}
