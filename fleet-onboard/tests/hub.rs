//! An onboarding on the embedded hub, on virtual time: from end to end, killed at every write, failing, hanging, and the way out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fleet_capi::{ClusterSpec, NodePool};
use fleet_core::{ClusterName, Fleet, FleetCluster, Labels, Networks, NodeCounts, Provider};
use fleet_mesh::{CiliumSettings, MeshPolicy, Pool, Pools, Technology};
use fleet_observe::thanos::{ObjectStore, Thanos};
use fleet_onboard::saga::{OnFailure, Saga, StepSpec, Verdict};
use fleet_onboard::steps::{Evidence, Progress, Step, StepFailure, offboarding, onboarding};
use fleet_onboard::verify::Finding;
use fleet_onboard::{
    AddonSettings, ConfigMapStore, Context, EngineError, OnboardRequest, Onboarding, RequestError, SagaStore,
    StoreError,
};
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::json;

const NAME: &str = "production-eu-north";

fn request() -> OnboardRequest {
    sized(3, 2)
}

fn sized(control_plane: u32, workers: u32) -> OnboardRequest {
    let labels = |region: &str| {
        Labels::from_pairs([("env", "production"), ("region", region), ("tier", "gold")]).unwrap()
    };
    let old = FleetCluster::new("production-eu-west".parse().unwrap(), "v1.33.0".parse().unwrap())
        .with_labels(labels("eu-west"))
        .with_networks(Networks {
            pods: vec!["10.64.0.0/16".parse().unwrap()],
            ..Networks::default()
        });
    let new = FleetCluster::new(NAME.parse().unwrap(), "v1.33.0".parse().unwrap())
        .with_labels(labels("eu-north"))
        .with_provider(Provider::Docker)
        .with_nodes(NodeCounts {
            control_plane,
            workers,
        });
    let pool = Pool {
        supernets: vec!["10.64.0.0/10".parse().unwrap()],
        prefix: 16,
    };
    let policy = MeshPolicy::new(
        "production",
        Technology::Cilium(CiliumSettings::new("v1.18.4".parse().unwrap())),
    )
    .with_pools(Pools {
        pods: Some(pool),
        ..Pools::default()
    });
    OnboardRequest::new(
        new,
        ClusterSpec::docker(NAME)
            .control_plane(control_plane)
            .pool(NodePool::new("workers", workers)),
        &Fleet::new([old]).unwrap(),
        Some(&policy),
        Thanos::new(ObjectStore::s3("metrics", "s3.example.com")),
        AddonSettings::new("https://git.example.com/gitops"),
    )
    .unwrap()
}

/// What the tools found: good, unless a test says otherwise.
struct Found {
    benchmark: String,
    commands: std::sync::Mutex<Vec<String>>,
}

impl Found {
    fn good() -> Arc<Self> {
        Self::with("PASS")
    }

    fn with(status: &str) -> Arc<Self> {
        let results = json!([{ "test_number": "1.2.16", "test_desc": "audit log", "remediation": "set --audit-log-path", "status": status }]);
        let benchmark = json!({ "Controls": [{ "version": "cis-1.12", "tests": [{ "results": results }] }] });
        Arc::new(Self {
            benchmark: benchmark.to_string(),
            commands: std::sync::Mutex::default(),
        })
    }
}

#[async_trait]
impl Evidence for Found {
    async fn preflight(&self, _: &str) -> Result<Option<Vec<Finding>>, StepFailure> {
        Ok(Some(Vec::new()))
    }
    async fn kube_bench(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(Some(self.benchmark.clone()))
    }
    async fn connectivity(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(Some(
            "✅ All 72 tests (598 actions) successful, 40 tests skipped, 0 scenarios skipped.".to_owned(),
        ))
    }
    async fn carry_out(&self, command: &fleet_mesh::Command) -> Result<(), StepFailure> {
        self.commands.lock().unwrap().push(command.to_string());
        Ok(())
    }
}

/// A hub with Cluster API, and with an Argo CD that brings every Application up in a minute.
fn hub() -> Hub {
    let crds = fleet_capi::crds().into_iter().chain(fleet_argocd::crds());
    let hub = Hub::builder()
        .crds(crds)
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let time = hub.clone();
    ClusterApi::default()
        .machine_startup(Delay::around(Duration::from_mins(2), 0.1))
        .spawn(hub.client(), move || time.now());
    tokio::spawn(argo_cd(hub.client()));
    hub
}

fn applications(client: &Client) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application"));
    Api::all_with(client.clone(), &kind)
}

async fn argo_cd(client: Client) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let Ok(list) = applications(&client).list(&ListParams::default()).await else {
            continue;
        };
        for application in list {
            let name = application.metadata.name.clone().unwrap();
            let namespace = application.metadata.namespace.clone().unwrap();
            let looks = seen.entry(name.clone()).or_default();
            *looks += 1;
            let (sync, health) = if *looks < 3 {
                ("OutOfSync", "Progressing")
            } else {
                ("Synced", "Healthy")
            };
            let kind =
                ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application"));
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &kind);
            let status = json!({ "status": { "sync": { "status": sync }, "health": { "status": health } } });
            let _ = api
                .patch(&name, &PatchParams::default(), &Patch::Merge(&status))
                .await;
        }
    }
}

fn onboard(hub: &Hub, evidence: &Arc<Found>, steps: Vec<Arc<dyn Step>>) -> Onboarding {
    Onboarding::new(
        hub.client(),
        request(),
        Arc::clone(evidence) as Arc<dyn Evidence>,
        steps,
    )
    .unwrap()
}

fn store(hub: &Hub) -> ConfigMapStore {
    ConfigMapStore::new(hub.client(), "fleet-system")
}

async fn labels_in_argo_cd(hub: &Hub) -> Option<BTreeMap<String, String>> {
    let secrets: Api<Secret> = Api::namespaced(hub.client(), "argocd");
    let list = secrets
        .list(&ListParams::default().labels("argocd.argoproj.io/secret-type=cluster"))
        .await
        .unwrap();
    list.items
        .first()
        .map(|secret| secret.metadata.labels.clone().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn fourteen_steps_in_virtual_time_and_the_labels_last() {
    let hub = hub();
    let evidence = Found::good();
    let onboarding = onboard(&hub, &evidence, onboarding());
    assert_eq!(onboarding.graph().steps().len(), 14);
    let mut order: Vec<String> = Vec::new();
    let saga = onboarding
        .run(
            &store(&hub),
            || hub.now(),
            |saga| {
                for (id, step) in &saga.steps {
                    if step.done.is_some() && !order.contains(id) {
                        order.push(id.clone());
                    }
                }
            },
        )
        .await
        .unwrap();
    assert!(
        matches!(saga.verdict, Some(Verdict::Done { .. })),
        "{}",
        saga.checklist(onboarding.graph(), hub.now())
    );
    assert_eq!((order.len(), order[0].as_str()), (14, "provision"));
    assert_eq!(&order[12..], ["verify", "tag"]);
    let took = hub.now().duration_since(saga.started);
    assert!(
        took > SignedDuration::from_mins(8) && took < SignedDuration::from_mins(40),
        "{took:#}"
    );
    let labels = labels_in_argo_cd(&hub).await.unwrap();
    assert_eq!(
        (
            labels["env"].as_str(),
            labels["region"].as_str(),
            labels["tier"].as_str()
        ),
        ("production", "eu-north", "gold")
    );
    // Side by side: all add-ons behind the network began at the same time.
    let began: Vec<_> = ["cert-manager", "policies", "secrets"]
        .iter()
        .map(|id| saga.steps[*id].since)
        .collect();
    assert!(began.windows(2).all(|pair| pair[0] == pair[1]));
    // The next one is foretold by this one.
    let next = Saga::new("next".parse().unwrap(), OnFailure::Stop, hub.now());
    let eta = next
        .eta(onboarding.graph(), &saga.measured(), hub.now())
        .duration_since(hub.now());
    assert!(
        (eta - took).abs() < SignedDuration::from_mins(2),
        "{eta:#} {took:#}"
    );
}

/// A store that dies at its n-th write: before it or after it, as a process may.
struct Dies {
    inner: ConfigMapStore,
    at: usize,
    writes: AtomicUsize,
    after: bool,
}

#[async_trait]
impl SagaStore for Dies {
    async fn load(&self, cluster: &ClusterName) -> Result<Option<Saga>, StoreError> {
        self.inner.load(cluster).await
    }
    async fn save(&self, saga: &Saga) -> Result<(), StoreError> {
        let dies = self.writes.fetch_add(1, Ordering::SeqCst) == self.at;
        if dies && !self.after {
            return Err(StoreError::Overtaken {
                cluster: saga.cluster.clone(),
            });
        }
        self.inner.save(saga).await?;
        if dies {
            Err(StoreError::Overtaken {
                cluster: saga.cluster.clone(),
            })
        } else {
            Ok(())
        }
    }
}

/// A world of its own: what was spawned in it ends with it.
fn in_a_world<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn small(hub: &Hub) -> Onboarding {
    Onboarding::new(hub.client(), sized(1, 1), Found::good(), onboarding())
        .unwrap()
        .every(Duration::from_secs(30))
}

#[test]
fn killed_at_every_write_and_resumed() {
    // How many writes an undisturbed run has.
    let writes = in_a_world(async {
        let hub = hub();
        let counts = Dies {
            inner: store(&hub),
            at: usize::MAX,
            writes: AtomicUsize::new(0),
            after: false,
        };
        small(&hub).run(&counts, || hub.now(), |_| {}).await.unwrap();
        counts.writes.into_inner()
    });
    assert!(writes > 20, "{writes}");
    println!("killed at each of {writes} writes");
    for at in 0..writes {
        in_a_world(async {
            let hub = hub();
            let dies = Dies {
                inner: store(&hub),
                at,
                writes: AtomicUsize::new(0),
                after: at % 2 == 0,
            };
            let killed = small(&hub).run(&dies, || hub.now(), |_| {}).await;
            assert!(killed.is_err(), "write {at}");
            let saga = small(&hub).run(&store(&hub), || hub.now(), |_| {}).await.unwrap();
            assert!(
                matches!(saga.verdict, Some(Verdict::Done { .. })),
                "killed at write {at}: {:?}",
                saga.verdict
            );
            assert!(
                saga.steps.values().all(|step| step.attempts == 1),
                "killed at write {at}"
            );
            let applications = applications(&hub.client())
                .list(&ListParams::default())
                .await
                .unwrap();
            assert_eq!(applications.items.len(), 7, "write {at}");
            assert_eq!(
                labels_in_argo_cd(&hub).await.unwrap()["tier"],
                "gold",
                "write {at}"
            );
        });
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_are_told_apart() {
    let hub = hub();
    let (first, second) = (store(&hub), store(&hub));
    let saga = Saga::new(NAME.parse().unwrap(), OnFailure::Stop, hub.now());
    first.save(&saga).await.unwrap();
    let mut theirs = second.load(&saga.cluster).await.unwrap().unwrap();
    theirs.start("provision", hub.now());
    second.save(&theirs).await.unwrap();
    assert!(matches!(
        first.save(&saga).await,
        Err(StoreError::Overtaken { .. })
    ));
    let maps: Api<ConfigMap> = Api::namespaced(hub.client(), "fleet-system");
    let broken = json!({ "data": { "saga.json": "{}" } });
    maps.patch(
        &format!("onboarding-{NAME}"),
        &PatchParams::default(),
        &Patch::Merge(&broken),
    )
    .await
    .unwrap();
    assert!(matches!(
        first.load(&saga.cluster).await,
        Err(StoreError::Unreadable { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_fails_verification_takes_no_workloads() {
    let hub = hub();
    let onboarding = onboard(&hub, &Found::with("FAIL"), onboarding());
    let saga = onboarding.run(&store(&hub), || hub.now(), |_| {}).await.unwrap();
    let Some(Verdict::Stopped { step, reason, .. }) = &saga.verdict else {
        panic!("{:?}", saga.verdict)
    };
    assert_eq!(
        (step.as_str(), reason.as_str()),
        ("verify", "kube-bench 1.2.16: audit log; set --audit-log-path")
    );
    let labels = labels_in_argo_cd(&hub).await.unwrap();
    assert!(
        !labels.contains_key("env") && labels["fleet-sdk.dev/onboarding"] == "in-progress",
        "{labels:?}"
    );
    // Mended and resumed: only what is left is done.
    let mended = self::onboard(&hub, &Found::good(), steps_again());
    let store = store(&hub);
    mended.resume(&store).await.unwrap();
    let saga = mended.run(&store, || hub.now(), |_| {}).await.unwrap();
    assert!(matches!(saga.verdict, Some(Verdict::Done { .. })));
    assert_eq!(labels_in_argo_cd(&hub).await.unwrap()["env"], "production");
}

fn steps_again() -> Vec<Arc<dyn Step>> {
    onboarding()
}

/// A platform's own step: hangs, or waits for ever.
struct Own {
    hangs: bool,
}

#[async_trait]
impl Step for Own {
    fn spec(&self) -> StepSpec {
        let spec = StepSpec::new("policies", "A step of our own", ["cni"]).attempts(2);
        spec.takes(SignedDuration::from_mins(1), SignedDuration::from_mins(5))
    }
    async fn act(&self, _: &Context) -> Result<(), StepFailure> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    async fn check(&self, _: &Context) -> Result<Progress, StepFailure> {
        Ok(Progress::Waiting("for something that never comes".to_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn what_hangs_or_never_comes_fails_and_everything_is_undone() {
    for hangs in [true, false] {
        let hub = hub();
        let mut steps = onboarding();
        steps.push(Arc::new(Own { hangs }));
        let onboarding = onboard(&hub, &Found::good(), steps).on_failure(OnFailure::Compensate);
        let saga = onboarding.run(&store(&hub), || hub.now(), |_| {}).await.unwrap();
        let Some(Verdict::Compensated { step, reason, .. }) = &saga.verdict else {
            panic!("{:?}", saga.verdict)
        };
        assert_eq!(step, "policies");
        let expected = if hangs {
            "hung for 5m"
        } else {
            "took longer than its budget of 5m; it waited: for something that never comes"
        };
        assert_eq!(reason, expected);
        assert!(labels_in_argo_cd(&hub).await.is_none());
        assert!(
            applications(&hub.client())
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .is_empty()
        );
        // Cluster API takes the cluster down.
        hub.advance(SignedDuration::from_mins(30)).await;
        let kind = ApiResource::erase::<fleet_capi::v1beta2::Cluster>(&());
        let clusters: Api<DynamicObject> = Api::all_with(hub.client(), &kind);
        assert!(
            clusters
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .is_empty()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_way_out_keeps_a_last_backup() {
    let crds = fleet_capi::crds()
        .into_iter()
        .chain(fleet_argocd::crds())
        .chain(fleet_velero::crds());
    let hub = Hub::builder()
        .crds(crds)
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let time = hub.clone();
    ClusterApi::default().spawn(hub.client(), move || time.now());
    tokio::spawn(argo_cd(hub.client()));
    let evidence = Found::good();
    onboard(&hub, &evidence, onboarding())
        .run(&store(&hub), || hub.now(), |_| {})
        .await
        .unwrap();

    let leave = onboard(&hub, &evidence, offboarding());
    let order: Vec<_> = leave
        .graph()
        .steps()
        .iter()
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(
        order,
        ["drain", "last-backup", "deregister", "disconnect", "delete"]
    );
    let client = hub.client();
    tokio::spawn(async move {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("velero.io", "v1", "Backup"));
        let backups: Api<DynamicObject> = Api::namespaced_with(client, "velero", &kind);
        loop {
            tokio::time::sleep(Duration::from_mins(1)).await;
            let status = json!({ "status": { "phase": "Completed" } });
            let _ = backups
                .patch(
                    &format!("last-of-{NAME}"),
                    &PatchParams::default(),
                    &Patch::Merge(&status),
                )
                .await;
        }
    });
    let out = ConfigMapStore::new(hub.client(), "fleet-out");
    let saga = leave.run(&out, || hub.now(), |_| {}).await.unwrap();
    assert!(
        matches!(saga.verdict, Some(Verdict::Done { .. })),
        "{:?}",
        saga.verdict
    );
    assert!(labels_in_argo_cd(&hub).await.is_none());
    assert_eq!(
        *evidence.commands.lock().unwrap(),
        [
            "cilium clustermesh disconnect --context production-eu-north --destination-context production-eu-west"
        ]
    );
}

#[test]
fn what_cannot_come_into_the_fleet_is_refused_before_anything_is_made() {
    let fleet = Fleet::new([FleetCluster::new(
        "a".parse().unwrap(),
        "v1.33.0".parse().unwrap(),
    )])
    .unwrap();
    let make = |cluster: FleetCluster| {
        let spec = ClusterSpec::docker(cluster.name().to_string());
        let thanos = Thanos::new(ObjectStore::s3("m", "s3.example.com"));
        OnboardRequest::new(
            cluster,
            spec,
            &fleet,
            None,
            thanos,
            AddonSettings::new("https://git.example.com/x"),
        )
        .unwrap_err()
    };
    let cluster = |name: &str| FleetCluster::new(name.parse().unwrap(), "v1.33.0".parse().unwrap());
    assert!(matches!(make(cluster("a")), RequestError::Exists { .. }));
    assert!(matches!(
        make(cluster("b")),
        RequestError::Label { label: "env", .. }
    ));
    let labels = Labels::from_pairs([("env", "x"), ("region", ""), ("tier", "z")]).unwrap();
    assert!(matches!(
        make(cluster("b").with_labels(labels)),
        RequestError::Label { label: "region", .. }
    ));
    // The fleet's own cluster has no region: its metrics could not be told apart.
    let labels = Labels::from_pairs([("env", "x"), ("region", "y"), ("tier", "z")]).unwrap();
    assert!(matches!(
        make(cluster("b").with_labels(labels)),
        RequestError::Metrics { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn the_change_of_the_repository() {
    let hub = hub();
    let files = onboard(&hub, &Found::good(), onboarding()).files().unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    insta::assert_snapshot!("paths", paths.join("\n"));
    // The same without a hub.
    assert_eq!(files, fleet_onboard::files::change(&request()).unwrap());
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path.ends_with(path))
            .unwrap()
            .text
            .clone()
    };
    insta::assert_snapshot!("cilium_values", text("cilium/values.yaml"));
    insta::assert_snapshot!("cilium_application", text("argocd/cilium.yaml"));
    // All of it is YAML, and a step of one's own replaces ours.
    for file in files.iter().filter(|file| file.path.contains(".yaml")) {
        assert!(
            !fleet_core::yaml::documents(&file.text).unwrap().is_empty(),
            "{}",
            file.path
        );
    }
    let mut steps = onboarding();
    steps.push(Arc::new(Own { hangs: false }));
    let own = onboard(&hub, &Found::good(), steps);
    assert_eq!(own.graph().steps().len(), 14);
    assert!(
        own.files()
            .unwrap()
            .iter()
            .all(|file| !file.path.contains("kyverno"))
    );
    let unmet: Arc<dyn Step> = Arc::new(Own { hangs: false });
    let error = Onboarding::new(hub.client(), request(), Found::good(), [unmet]).unwrap_err();
    assert!(matches!(error, EngineError::Graph(_)));
    // A version that no benchmark is known for can never be verified: told before anything is done, unless one is named.
    let mut future = request();
    future.cluster = FleetCluster::new(NAME.parse().unwrap(), "v1.99.0".parse().unwrap());
    let begin = |request| Onboarding::new(hub.client(), request, Found::good(), onboarding());
    assert_eq!(
        begin(future.clone()).unwrap_err().to_string(),
        "step `verify` can never be done: no CIS benchmark is known for Kubernetes v1.99.0; set `OnboardRequest::benchmark`"
    );
    future.benchmark = Some("cis-1.12".to_owned());
    assert!(begin(future).is_ok());
}
