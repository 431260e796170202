//! The embedded hub: simulated Cluster API, an Argo CD that brings Applications up in their time, and tools that found something.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use fleet_onboard::steps::{Evidence, StepFailure};
use fleet_onboard::verify::Finding;
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::json;

/// A hub with our CRDs and simulated controllers.
pub fn start(seed: u64) -> Result<Hub, Box<dyn Error>> {
    let crds = fleet_capi::crds().into_iter().chain(fleet_argocd::crds());
    let hub = Hub::builder()
        .crds(crds)
        .seed(seed)
        .create_missing_namespaces(true)
        .start()?;
    let time = hub.clone();
    ClusterApi::default()
        .seed(seed)
        .machine_startup(Delay::around(Duration::from_secs(200), 0.3))
        .spawn(hub.client(), move || time.now());
    tokio::spawn(argo_cd(hub.clone()));
    Ok(hub)
}

/// The new cluster's own API, which the preflight scan reads.
pub fn workload(seed: u64) -> Result<Hub, Box<dyn Error>> {
    Ok(Hub::builder().seed(seed).start()?)
}

/// Looks at every Application: out of sync at first, progressing, and healthy when its time has come. Cilium takes longest, since nothing runs without it.
async fn argo_cd(hub: Hub) {
    let mut since: BTreeMap<String, Timestamp> = BTreeMap::new();
    let client = hub.client();
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let Ok(list) = applications(&client, None).list(&ListParams::default()).await else {
            continue;
        };
        for application in list {
            let (Some(name), Some(namespace)) = (application.metadata.name, application.metadata.namespace)
            else {
                continue;
            };
            let age = hub
                .now()
                .duration_since(*since.entry(name.clone()).or_insert_with(|| hub.now()));
            let takes = SignedDuration::from_secs(if name.starts_with("cilium-") { 150 } else { 45 });
            let (sync, health) = if age < SignedDuration::from_secs(10) {
                ("OutOfSync", "Missing")
            } else if age < takes {
                ("Synced", "Progressing")
            } else {
                ("Synced", "Healthy")
            };
            let status = json!({ "status": { "sync": { "status": sync }, "health": { "status": health } } });
            // One that was deleted meanwhile has no status any more.
            let _ = applications(&client, Some(&namespace))
                .patch(&name, &PatchParams::default(), &Patch::Merge(&status))
                .await;
        }
    }
}

fn applications(client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application"));
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    }
}

/// What the tools find, some minutes after they are asked.
pub struct Tools {
    fails: bool,
    hub: Hub,
    asked: std::sync::OnceLock<Timestamp>,
}

impl Tools {
    pub fn new(fails: bool, hub: Hub) -> Self {
        Self {
            fails,
            hub,
            asked: std::sync::OnceLock::new(),
        }
    }

    fn after(&self, minutes: i64) -> bool {
        let asked = *self.asked.get_or_init(|| self.hub.now());
        self.hub.now().duration_since(asked) >= SignedDuration::from_mins(minutes)
    }
}

#[async_trait::async_trait]
impl Evidence for Tools {
    async fn preflight(&self, _: &str) -> Result<Option<Vec<Finding>>, StepFailure> {
        // The cluster itself is scanned: see `fleet_onboard::ScannedEvidence`.
        Ok(Some(Vec::new()))
    }

    async fn kube_bench(&self, _: &str) -> Result<Option<String>, StepFailure> {
        let status = if self.fails { "FAIL" } else { "PASS" };
        let results = json!([
            { "test_number": "1.2.16", "test_desc": "Ensure that the --audit-log-path argument is set",
              "remediation": "Set --audit-log-path on the API server", "status": status },
            { "test_number": "4.2.6", "test_desc": "Ensure that the --make-iptables-util-chains argument is set to true", "status": "PASS" },
        ]);
        let json = json!({ "Controls": [{ "version": "cis-1.12", "tests": [{ "results": results }] }] });
        Ok(self.after(1).then(|| json.to_string()))
    }

    async fn connectivity(&self, _: &str) -> Result<Option<String>, StepFailure> {
        let report = "✅ [cilium-test-1] All 72 tests (598 actions) successful, 40 tests skipped, 1 scenarios skipped.";
        Ok(self.after(4).then(|| report.to_owned()))
    }
}
