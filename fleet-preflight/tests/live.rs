//! A live cluster through a `kube::Client`: the hub stands in for the API server.

#![cfg(feature = "kube")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // Helpers of tests.

use base64::Engine as _;
use fleet_preflight::{Owner, Scanner, Verdict};
use fleet_sim::Hub;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

async fn create(client: &Client, object: Value) {
    let (group, version) = object["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap_or(("", object["apiVersion"].as_str().unwrap()));
    let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind)),
        None => Api::all_with(client.clone(), &ApiResource::from_gvk(&kind)),
    };
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
        .await
        .unwrap();
}

fn release(manifest: &str) -> String {
    release_of(1, "deployed", manifest)
}

fn release_of(revision: u64, status: &str, manifest: &str) -> String {
    let release = json!({"name": "web", "namespace": "shop", "version": revision, "info": {"status": status}, "manifest": manifest});
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    base64(base64(release.to_string().as_bytes()).as_bytes())
}

#[tokio::test(flavor = "current_thread")]
async fn writers_releases_budgets_and_nodes_are_judged() {
    let hub = Hub::builder()
        .seed(1)
        .starting_at("2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap())
        .start()
        .unwrap();
    let client = hub.client();
    for name in ["shop", "ops"] {
        create(
            &client,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        )
        .await;
    }
    // Applied in today's version: fine. A page and more of them.
    for index in 0..300 {
        create(&client, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("a{index}"), "namespace": "ops"}})).await;
    }
    create(&client, json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {
            "argocd.argoproj.io/tracking-id": "shop:policy/PodDisruptionBudget:shop/web",
            "kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\"}"}},
        "spec": {"maxUnavailable": 0}})).await;
    create(&client, json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.web.v1", "namespace": "shop", "labels": {"owner": "helm"}},
        "data": {"release": release("apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n")}})).await;
    create(
        &client,
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}),
    )
    .await;
    let nodes: Api<Node> = Api::all(client.clone());
    let status = json!({"status": {"nodeInfo": {"kubeletVersion": "v1.28.3"}}});
    nodes
        .patch_status("n1", &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();

    let report = Scanner::new("1.32".parse().unwrap())
        .scan_cluster(client, "spoke-1")
        .await;
    let mut seen: Vec<(&str, String)> = report
        .findings
        .iter()
        .map(|finding| (finding.rule.id, finding.object.to_string()))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            ("api-removed", "batch/v1beta1 CronJob shop/nightly".to_owned()),
            (
                "api-removed",
                "policy/v1beta1 PodDisruptionBudget shop/web".to_owned()
            ),
            (
                "pdb-never-evicts",
                "policy/v1 PodDisruptionBudget shop/web".to_owned()
            ),
            ("version-skew", "v1 Node n1".to_owned()),
        ],
        "{}",
        report.as_table()
    );
    let of = |name: &str| {
        report
            .findings
            .iter()
            .find(|finding| finding.object.name.as_deref() == Some(name))
            .unwrap()
    };
    assert!(matches!(of("web").owner.as_deref(), Some(Owner::Application { name }) if name == "shop"));
    assert!(matches!(of("nightly").owner.as_deref(), Some(Owner::HelmRelease(owner)) if owner.name == "web"));
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.cluster.as_deref() == Some("spoke-1"))
    );
    assert_eq!(report.summary.helm_releases, 1);
    assert!(report.summary.objects >= 300);
}

#[tokio::test(flavor = "current_thread")]
async fn a_cluster_that_is_not_there_is_no_green_light() {
    let config = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
    let report = Scanner::new("1.32".parse().unwrap())
        .scan_cluster(Client::try_from(config).unwrap(), "gone")
        .await;
    assert_eq!(report.verdict(), Verdict::Incomplete);
    assert_eq!(report.summary.unreadable, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn helm_releases_are_mended_as_new_revisions() {
    let hub = Hub::builder()
        .seed(1)
        .starting_at("2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap())
        .start()
        .unwrap();
    let client = hub.client();
    create(
        &client,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
    )
    .await;
    // What is deployed is old; the revision after it failed.
    for (revision, status) in [(1, "superseded"), (2, "deployed"), (3, "failed")] {
        let manifest = "# Source: web/templates/job.yaml\napiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n";
        create(&client, json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {"name": format!("sh.helm.release.v1.web.v{revision}"), "namespace": "shop",
                "labels": {"owner": "helm", "name": "web", "status": status, "version": revision.to_string()}},
            "data": {"release": release_of(revision, status, manifest)}}))
        .await;
    }
    let scanner = Scanner::new("1.32".parse().unwrap());
    let (fixes, errors) = scanner.fix_releases(client.clone()).await.unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    let [fix] = fixes.as_slice() else {
        panic!("{fixes:?}")
    };
    assert_eq!((fix.from, fix.revision, fix.moved.len()), (2, 4, 1));
    assert!(
        fix.to_string()
            .contains("-apiVersion: batch/v1beta1\n+apiVersion: batch/v1\n"),
        "{fix}"
    );
    assert_eq!(
        scanner.scan_cluster(client.clone(), "a").await.verdict(),
        Verdict::Removed
    );

    fix.write(client.clone()).await.unwrap();
    let report = scanner.scan_cluster(client.clone(), "a").await;
    assert_eq!(report.verdict(), Verdict::Clean, "{}", report.as_table());
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Secret"));
    let secrets: Api<DynamicObject> = Api::namespaced_with(client.clone(), "shop", &kind);
    let status =
        async |name: &str| secrets.get(name).await.unwrap().metadata.labels.unwrap()["status"].clone();
    assert_eq!(status("sh.helm.release.v1.web.v2").await, "superseded");
    assert_eq!(status("sh.helm.release.v1.web.v4").await, "deployed");
    assert!(scanner.fix_releases(client.clone()).await.unwrap().0.is_empty());
    // Written twice, the new revision is there already, and nothing else changes.
    assert!(fix.write(client).await.is_err());
    assert_eq!(status("sh.helm.release.v1.web.v4").await, "deployed");
}
