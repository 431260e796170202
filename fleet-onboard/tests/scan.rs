//! The preflight scan as evidence: what breaks keeps a cluster from its workloads, and so does what nobody could look at.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fleet_onboard::ScannedEvidence;
use fleet_onboard::steps::{Evidence, StepFailure};
use fleet_onboard::verify::Finding;
use fleet_preflight::Scanner;
use fleet_sim::Hub;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;

struct Tools;

#[async_trait]
impl Evidence for Tools {
    async fn preflight(&self, _: &str) -> Result<Option<Vec<Finding>>, StepFailure> {
        Err(StepFailure::for_good("the scan is asked, not the tools"))
    }

    async fn kube_bench(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(Some("{}".to_owned()))
    }

    async fn connectivity(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(None)
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_breaks_is_evidence_until_it_is_mended() {
    let cluster = Hub::builder().create_missing_namespaces(true).start().unwrap();
    let client = cluster.client();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let evidence = ScannedEvidence::new(Tools, Scanner::new("1.34".parse().unwrap()), move |name| {
        count.fetch_add(1, Ordering::Relaxed);
        let client = cluster.client();
        async move {
            assert_eq!(name, "new");
            Ok(client)
        }
    });

    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client, "shop");
    let budget = serde_json::from_value(json!({
        "metadata": {"name": "web", "annotations": {"kubectl.kubernetes.io/last-applied-configuration":
            "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\"}"}},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }));
    budgets
        .create(&PostParams::default(), &budget.unwrap())
        .await
        .unwrap();
    let findings = evidence.preflight("new").await.unwrap().unwrap();
    let ids: Vec<_> = findings
        .iter()
        .map(|finding| (finding.source, finding.id.as_str()))
        .collect();
    assert_eq!(ids, [("preflight", "api-removed")]);
    assert!(
        findings[0].what.contains("PodDisruptionBudget shop/web"),
        "{}",
        findings[0]
    );

    // A step that waits asks again and again; the cluster is scanned when the answer has become old.
    budgets.delete("web", &DeleteParams::default()).await.unwrap();
    assert_eq!(evidence.preflight("new").await.unwrap().unwrap(), findings);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    tokio::time::advance(Duration::from_mins(11)).await;
    assert_eq!(evidence.preflight("new").await.unwrap(), Some(Vec::new()));
    assert_eq!(asked.load(Ordering::Relaxed), 2);

    assert_eq!(evidence.kube_bench("new").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(evidence.connectivity("new").await.unwrap(), None);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_cluster_that_cannot_be_reached_is_no_pass() {
    let evidence = ScannedEvidence::new(Tools, Scanner::new("1.34".parse().unwrap()), |_| async {
        Err("no kubeconfig".into())
    });
    let failure = evidence.preflight("new").await.unwrap_err();
    assert!(failure.may_pass);
    assert_eq!(failure.reason, "new cannot be scanned: no kubeconfig");
}
