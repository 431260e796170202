//! Whole upgrades on the embedded hub with simulated controllers: orders, kills at every write, holds, aborts, the clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fleet_capi::management::ManagementError;
use fleet_capi::rollout::{BlockReason, Pace, Patience, RolloutStatus};
use fleet_capi::upgrade::{CapiClusterDriver, Half, Order, Refusal, Rotation, Step, UpgradeError};
use fleet_core::{ClusterName, KubernetesVersion};
use fleet_sim::cluster_api::ClusterApi;
use fleet_sim::faults::Fault;
use fleet_sim::{Hub, Verb};
use http::Method;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams,
};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::Notify;

const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io";
const CONTROL_PLANE: &str = "controlplane.cluster.x-k8s.io";

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

fn v(version: &str) -> KubernetesVersion {
    version.parse().unwrap()
}

fn api(hub: &Hub, group: &str, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(group, "v1beta2", kind);
    Api::namespaced_with(hub.client(), "clusters", &ApiResource::from_gvk(&kind))
}

/// A cluster of one control-plane machine and two workers at v1.30.0, up and running.
async fn hub(controllers: ClusterApi) -> Hub {
    let hub = Hub::builder().crds(fleet_capi::crds()).start().unwrap();
    let time = hub.clone();
    controllers
        .machine_startup(Duration::from_secs(20))
        .spawn(hub.client(), move || time.now());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "clusters"}});
    let namespaces = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
    Api::<DynamicObject>::all_with(hub.client(), &namespaces)
        .create(
            &PostParams::default(),
            &serde_json::from_value(namespace).unwrap(),
        )
        .await
        .unwrap();
    for (group, kind, name, spec) in objects() {
        let object = json!({
            "apiVersion": format!("{group}/v1beta2"), "kind": kind,
            "metadata": {"name": name, "namespace": "clusters",
                "labels": {"cluster.x-k8s.io/cluster-name": "eu"}},
            "spec": spec,
        });
        let object = serde_json::from_value(object).unwrap();
        api(&hub, group, kind)
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
    }
    let driver = CapiClusterDriver::new(hub.client());
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let state = driver.load(&eu()).await.unwrap();
        if state.machines.len() == 3 && RolloutStatus::of(&state, &v("v1.30.0")).is_done() {
            return hub;
        }
    }
    panic!("the cluster does not come up: {:?}", driver.load(&eu()).await);
}

fn objects() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let core = "cluster.x-k8s.io";
    let reference = |kind: &str, name: &str| json!({"apiGroup": INFRASTRUCTURE, "kind": kind, "name": name});
    let machine = json!({"template": {"spec": {"backend": {"inMemory": {}}}}});
    vec![
        (INFRASTRUCTURE, "DevMachineTemplate", "cp", machine.clone()),
        (INFRASTRUCTURE, "DevMachineTemplate", "workers", machine),
        (
            INFRASTRUCTURE,
            "DevCluster",
            "eu",
            json!({"backend": {"inMemory": {}}}),
        ),
        (
            CONTROL_PLANE,
            "KubeadmControlPlane",
            "eu",
            json!({"replicas": 1, "version": "v1.30.0", "kubeadmConfigSpec": {},
                "machineTemplate": {"spec": {"infrastructureRef": reference("DevMachineTemplate", "cp")}}}),
        ),
        (
            core,
            "MachineDeployment",
            "workers",
            json!({"clusterName": "eu", "replicas": 2, "selector": {"matchLabels": {"pool": "workers"}},
                "template": {
                    "metadata": {"labels": {"pool": "workers"}},
                    "spec": {"clusterName": "eu", "version": "v1.30.0",
                        "bootstrap": {"dataSecretName": "none"},
                        "infrastructureRef": reference("DevMachineTemplate", "workers")}}}),
        ),
        (
            core,
            "Cluster",
            "eu",
            json!({
                "controlPlaneRef": {"apiGroup": CONTROL_PLANE, "kind": "KubeadmControlPlane", "name": "eu"},
                "infrastructureRef": reference("DevCluster", "eu")}),
        ),
    ]
}

/// What is there in the end, without names that are drawn anew.
async fn outcome(hub: &Hub) -> Value {
    let machines = api(hub, "cluster.x-k8s.io", "Machine");
    let machines = machines.list(&ListParams::default()).await.unwrap();
    let mut running: Vec<_> = machines
        .iter()
        .map(|machine| {
            let text = |pointer| {
                machine
                    .data
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            format!(
                "{} {}",
                text("/spec/version"),
                text("/status/nodeInfo/kubeletVersion")
            )
        })
        .collect();
    running.sort();
    let control_plane = api(hub, CONTROL_PLANE, "KubeadmControlPlane")
        .get("eu")
        .await
        .unwrap();
    let workers = api(hub, "cluster.x-k8s.io", "MachineDeployment")
        .get("workers")
        .await
        .unwrap();
    let templates = api(hub, INFRASTRUCTURE, "DevMachineTemplate");
    let templates = templates.list(&ListParams::default()).await.unwrap();
    let templates: BTreeSet<_> = templates
        .iter()
        .filter_map(|it| it.metadata.name.clone())
        .collect();
    json!({
        "machines": running,
        "controlPlane": [control_plane.data["spec"]["version"],
            control_plane.data["spec"]["machineTemplate"]["spec"]["infrastructureRef"]["name"]],
        "workers": [workers.data["spec"]["template"]["spec"]["version"],
            workers.data["spec"]["template"]["spec"]["infrastructureRef"]["name"]],
        "templates": templates,
        "annotations": control_plane.metadata.annotations.unwrap_or_default(),
        "generations": [control_plane.metadata.generation, workers.metadata.generation],
    })
}

/// When a client dies: at its n-th write, before it gets through or after.
#[derive(Debug, Clone, Copy)]
struct Cut {
    write: usize,
    gets_through: bool,
}

/// A client that dies, counts its writes, and tells of its death.
fn mortal(hub: &Hub, cut: Option<Cut>) -> (kube::Client, Arc<AtomicUsize>, Arc<Notify>) {
    let (writes, dead) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, death, inner) = (Arc::clone(&writes), Arc::clone(&dead), hub.client());
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (count, death, inner) = (Arc::clone(&count), Arc::clone(&death), inner.clone());
        async move {
            let is_write = request.method() != Method::GET;
            let number = count.fetch_add(usize::from(is_write), Ordering::Relaxed) + 1;
            match cut.filter(|cut| is_write && number >= cut.write) {
                Some(cut) => {
                    if cut.gets_through && number == cut.write {
                        inner.send(request).await?;
                    }
                    death.notify_one();
                    Err(kube::Error::Service("killed".into()))
                }
                None => inner.send(request).await,
            }
        }
    });
    (kube::Client::new(service, "default"), writes, dead)
}

fn two_minors() -> Order {
    let image =
        |name: &str| json!({"backend": {"inMemory": {"vm": {"provisioning": {"startupDuration": name}}}}});
    Order::to(v("v1.32.3"))
        .through(v("v1.31.5"))
        .rotating(Rotation::of(Half::ControlPlane, v("v1.31.5"), image("31s")))
        .rotating(Rotation::of_all(v("v1.32.3"), image("32s")))
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_write_and_started_again_it_ends_the_same() {
    let hub_ = hub(ClusterApi::default()).await;
    let (client, writes, _) = mortal(&hub_, None);
    let done = CapiClusterDriver::new(client)
        .run(&eu(), &two_minors())
        .await
        .unwrap();
    assert!(done.done);
    let undisturbed = outcome(&hub_).await;
    let writes = writes.load(Ordering::Relaxed);
    // Three templates; the control plane twice, the workers once, the record taken away.
    assert_eq!(writes, 7);
    insta::assert_json_snapshot!("the_outcome_of_two_minors", undisturbed);

    for write in 1..=writes {
        for gets_through in [false, true] {
            let cut = Cut { write, gets_through };
            let hub = hub(ClusterApi::default()).await;
            let (client, _, dead) = mortal(&hub, Some(cut));
            let driver = CapiClusterDriver::new(client);
            let (cluster, order) = (eu(), two_minors());
            tokio::select! {
                biased;
                () = dead.notified() => {}
                ended = driver.run(&cluster, &order) => assert!(ended.is_err(), "{cut:?}: {ended:?}"),
            }
            drop(driver);
            tokio::time::sleep(Duration::from_secs(7)).await;
            let again = CapiClusterDriver::new(hub.client());
            let done = again.run(&eu(), &two_minors()).await.unwrap();
            assert!(done.done, "{cut:?}");
            assert_eq!(outcome(&hub).await, undisturbed, "{cut:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_fault_of_the_api_server_makes_it_done_twice_or_never() {
    let undisturbed = {
        let hub = hub(ClusterApi::default()).await;
        let done = CapiClusterDriver::new(hub.client())
            .run(&eu(), &two_minors())
            .await;
        assert!(done.unwrap().done);
        outcome(&hub).await
    };
    let ms = Duration::from_millis;
    let ours = [Verb::Create, Verb::Patch, Verb::Update];
    let faults: [(&str, Fault); 13] = [
        ("conflicts", Fault::conflict().on_verb(Verb::Patch).times(3)),
        ("too many requests", Fault::too_many_requests(1).at_rate(0.2)),
        ("internal errors", Fault::internal_error().at_rate(0.2)),
        ("unavailable", Fault::unavailable().at_rate(0.2)),
        ("no answer", Fault::time_out(ms(300)).at_rate(0.1)),
        ("no connection", Fault::unreachable().at_rate(0.2)),
        (
            "half an answer",
            Fault::cut_body(40).on_verb(Verb::List).at_rate(0.3),
        ),
        ("watches that end", Fault::drop_watch(ms(5_000))),
        ("watches that expire", Fault::expire_watch(ms(7_000)).times(20)),
        ("events twice", Fault::duplicate_events()),
        (
            "changes without an answer",
            Fault::lost_acknowledgement().on_verbs(ours).at_rate(0.3),
        ),
        (
            "old news",
            Fault::stale_read().on_verbs([Verb::Get, Verb::List]).at_rate(0.3),
        ),
        ("slow", Fault::latency(ms(900))),
    ];
    for (name, fault) in faults {
        let hub = hub(ClusterApi::default()).await;
        hub.inject(fault);
        let mut tries = 0;
        // A process that gives up on an error is started again.
        let done = loop {
            match CapiClusterDriver::new(hub.client())
                .run(&eu(), &two_minors())
                .await
            {
                Ok(done) => break done,
                Err(error) => assert!(!error.is_refusal(), "{name}: {error}"),
            }
            tries += 1;
            assert!(tries < 200, "{name}: no end");
            tokio::time::sleep(Duration::from_secs(2)).await;
        };
        assert!(done.done, "{name}");
        hub.faults().clear();
        assert_eq!(outcome(&hub).await, undisturbed, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_goes_on_with_what_another_process_began() {
    let hub = hub(ClusterApi::default()).await;
    CapiClusterDriver::new(hub.client())
        .begin(&eu(), &two_minors())
        .await
        .unwrap();
    // Nobody tells this one what was ordered.
    let driver = CapiClusterDriver::new(hub.client());
    for _ in 0..200 {
        if driver.observe(&eu()).await.unwrap().done {
            let ended = outcome(&hub).await;
            assert_eq!(ended["workers"][0], "v1.32.3");
            assert_eq!(ended["annotations"], json!({}));
            return;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    panic!("{:?}", driver.observe(&eu()).await);
}

#[tokio::test(start_paused = true)]
async fn workers_come_along_only_where_the_skew_demands_it() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let order = Order::to(v("v1.34.0"))
        .through(v("v1.31.0"))
        .through(v("v1.32.0"))
        .through(v("v1.33.0"));
    driver.run(&eu(), &order).await.unwrap();
    let ended = outcome(&hub).await;
    // v1.30 workers go with a control plane of v1.33, not of v1.34: twice, not four times.
    assert_eq!(ended["generations"], json!([5, 3]));
    assert_eq!(ended["workers"][0], "v1.34.0");
}

#[tokio::test(start_paused = true)]
async fn the_halves_one_by_one() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let workers = Order::to(v("v1.31.0")).only_workers(["workers"]);
    let error = driver.run(&eu(), &workers).await.unwrap_err();
    assert!(
        matches!(
            &error,
            UpgradeError::Refused {
                refusal: Refusal::ControlPlaneFirst { .. },
                ..
            }
        ),
        "{error:?}"
    );
    driver
        .run(&eu(), &Order::to(v("v1.31.0")).only_control_plane())
        .await
        .unwrap();
    let half = outcome(&hub).await;
    assert_eq!(
        (&half["controlPlane"][0], &half["workers"][0]),
        (&json!("v1.31.0"), &json!("v1.30.0"))
    );
    assert_eq!(half["annotations"], json!({}));
    driver.run(&eu(), &workers).await.unwrap();
    assert_eq!(outcome(&hub).await["workers"][0], "v1.31.0");
}

#[tokio::test(start_paused = true)]
async fn held_between_the_halves_and_let_go_again() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let error = driver.hold(&eu()).await.unwrap_err();
    assert_eq!(error.to_string(), "no upgrade of `eu` is under way");
    let order = Order::to(v("v1.31.0"));
    driver.begin(&eu(), &order).await.unwrap();
    driver.hold(&eu()).await.unwrap();
    let held = driver.run(&eu(), &order).await.unwrap();
    assert_eq!(held.step, Step::Held);
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(outcome(&hub).await["workers"][0], "v1.30.0");
    // Another process lets it go, and whoever looks goes on.
    CapiClusterDriver::new(hub.client()).resume(&eu()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(driver.run(&eu(), &order).await.unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_never_comes_is_reported_and_the_hop_taken_back() {
    let never = ClusterApi::default().machine_never_starts(|machine| machine.version == "v1.31.5");
    let hub = hub(never).await;
    let before = outcome(&hub).await;
    let time = hub.clone();
    let driver = CapiClusterDriver::new(hub.client()).with_patience(Patience::default(), move || time.now());
    let began = hub.now();
    let error = driver.run(&eu(), &two_minors()).await.unwrap_err();
    let UpgradeError::Stuck { since, cause, .. } = &error else {
        panic!("{error:?}");
    };
    let cause = cause.as_ref().unwrap();
    assert_eq!(cause.reason, BlockReason::Infrastructure, "{error}");
    assert_eq!(cause.object.kind, "Machine");
    assert!(hub.now().duration_since(*since) >= Patience::default().standstill);
    assert!(hub.now().duration_since(began) < Patience::default().standstill * 2);
    // A new process knows it from the objects, and does not wait once more.
    let time = hub.clone();
    let again = CapiClusterDriver::new(hub.client()).with_patience(Patience::default(), move || time.now());
    assert!(matches!(
        again.observe(&eu()).await.unwrap().pace,
        Some(Pace::Stuck { .. })
    ));

    again.abort(&eu()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(5)).await;
    let mut after = outcome(&hub).await;
    assert_eq!(after["machines"], before["machines"]);
    assert_eq!(after["controlPlane"], before["controlPlane"]);
    assert_eq!(after["annotations"].take(), json!({}));
    assert!(again.observe(&eu()).await.unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_back_once_a_machine_has_joined() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    driver.begin(&eu(), &Order::to(v("v1.31.0"))).await.unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let state = driver.load(&eu()).await.unwrap();
        if state
            .machines
            .iter()
            .any(|machine| machine.kubelet == Some(v("v1.31.0")))
        {
            break;
        }
    }
    let error = driver.abort(&eu()).await.unwrap_err();
    assert!(
        matches!(
            &error,
            UpgradeError::Refused {
                refusal: Refusal::Committed { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(outcome(&hub).await["controlPlane"][0], "v1.31.0");
}

#[tokio::test(start_paused = true)]
async fn a_version_changed_by_somebody_else_ends_it() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let meddler = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let back = json!({"metadata": {"annotations": null}, "spec": {"version": "v1.30.0"}});
        let api = api(&hub, CONTROL_PLANE, "KubeadmControlPlane");
        api.patch("eu", &PatchParams::default(), &Patch::Merge(back))
            .await
            .unwrap();
        std::future::pending::<()>().await;
    };
    let (cluster, order) = (eu(), two_minors());
    let error = tokio::select! {
        ended = driver.run(&cluster, &order) => ended.unwrap_err(),
        () = meddler => unreachable!(),
    };
    assert!(matches!(error, UpgradeError::TakenAway { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_somebody_else_brought_to_its_end_is_not_taken_for_ours() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let meddler = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        // The record of our order stays where it is: they know nothing of it.
        let other = json!({"spec": {"version": "v1.31.9"}});
        meddle(&hub, CONTROL_PLANE, "KubeadmControlPlane", "eu", other).await;
        let workers = json!({"spec": {"template": {"spec": {"version": "v1.31.9"}}}});
        meddle(&hub, "cluster.x-k8s.io", "MachineDeployment", "workers", workers).await;
        std::future::pending::<()>().await;
    };
    let (cluster, order) = (eu(), two_minors());
    let error = tokio::select! {
        ended = driver.run(&cluster, &order) => ended.unwrap_err(),
        () = meddler => unreachable!(),
    };
    assert_eq!(
        error.to_string(),
        "the upgrade of `eu` was taken away: somebody else asks for v1.31.9"
    );
    // Their version is not ours to take back, either.
    let error = driver.abort(&cluster).await.unwrap_err();
    assert!(matches!(error, UpgradeError::TakenAway { .. }), "{error:?}");
    assert_eq!(outcome(&hub).await["controlPlane"][0], "v1.31.9");
    // Whoever still wants the former way says so again, and it goes on from there.
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(driver.run(&cluster, &order).await.unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn another_process_that_ends_it_first_is_no_reason_to_wait_for_ever() {
    let hub = hub(ClusterApi::default()).await;
    let order = Order::to(v("v1.31.0")).only_control_plane();
    let (cluster, one) = (eu(), CapiClusterDriver::new(hub.client()));
    let other = async {
        let driver = CapiClusterDriver::new(hub.client());
        // It looks all the time, so that it sees the end first and takes the record away.
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            driver.observe(&cluster).await.unwrap();
        }
    };
    let ended = tokio::select! {
        ended = tokio::time::timeout(Duration::from_hours(1), one.run(&cluster, &order)) => ended,
        () = other => unreachable!(),
    };
    assert!(ended.expect("it ends").unwrap().done);
    assert_eq!(outcome(&hub).await["workers"][0], "v1.30.0");
}

#[tokio::test(start_paused = true)]
async fn where_git_keeps_the_versions_each_hop_is_said_with_its_templates() {
    let hub = hub(ClusterApi::default()).await;
    let argo = PatchParams::apply("argocd-controller").force();
    let sync = async |patch: &Value| {
        let (group, kind) = (
            patch["apiVersion"].as_str().unwrap().split_once('/').unwrap().0,
            patch["kind"].as_str().unwrap(),
        );
        let name = patch["metadata"]["name"].as_str().unwrap();
        let api = api(&hub, group, kind);
        api.patch(name, &argo, &Patch::Apply(patch)).await.unwrap();
    };
    for (group, kind, name, spec) in objects() {
        let spec = match kind {
            "KubeadmControlPlane" => json!({"version": spec["version"]}),
            "MachineDeployment" => {
                json!({"template": {"spec": {"version": spec["template"]["spec"]["version"]}}})
            }
            _ => continue,
        };
        sync(&json!({"apiVersion": format!("{group}/v1beta2"), "kind": kind, "metadata": {"name": name}, "spec": spec}))
            .await;
    }
    let driver = CapiClusterDriver::new(hub.client());
    let mut commits = Vec::new();
    for _ in 0..500 {
        match driver.begin(&eu(), &two_minors()).await {
            Ok(progress) if progress.step == Step::Done => break,
            Err(error) if !error.patches_to_commit().is_empty() => {
                let mut said = Vec::new();
                for patch in error.patches_to_commit() {
                    let version = patch
                        .pointer("/spec/version")
                        .or(patch.pointer("/spec/template/spec/version"));
                    said.push(format!(
                        "{} {}",
                        patch["kind"].as_str().unwrap(),
                        version.unwrap_or(&json!("new"))
                    ));
                    sync(patch).await;
                }
                commits.push(said);
            }
            Ok(_) | Err(UpgradeError::NotReady { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(
        commits,
        [
            ["DevMachineTemplate \"new\"", "KubeadmControlPlane \"v1.31.5\""],
            ["DevMachineTemplate \"new\"", "KubeadmControlPlane \"v1.32.3\""],
            ["DevMachineTemplate \"new\"", "MachineDeployment \"v1.32.3\""],
        ]
    );
    // All as if we had written it ourselves.
    let committed = outcome(&hub).await;
    let hub = self::hub(ClusterApi::default()).await;
    CapiClusterDriver::new(hub.client())
        .run(&eu(), &two_minors())
        .await
        .unwrap();
    assert_eq!(committed, outcome(&hub).await);
}

/// What somebody else does in the middle of an upgrade.
async fn meddle(hub: &Hub, group: &str, kind: &str, name: &str, patch: Value) {
    let params = PatchParams::default();
    api(hub, group, kind)
        .patch(name, &params, &Patch::Merge(patch))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn paused_by_somebody_else_it_stands_and_goes_on_when_they_let_it() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let meddler = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        meddle(
            &hub,
            "cluster.x-k8s.io",
            "Cluster",
            "eu",
            json!({"spec": {"paused": true}}),
        )
        .await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let before = outcome(&hub).await;
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!(outcome(&hub).await, before);
        let seen = driver.observe(&eu()).await.unwrap();
        assert!(matches!(seen.step, Step::Paused { .. }) && !seen.done, "{seen:?}");
        assert_eq!(seen.blocked.map(|it| it.reason), Some(BlockReason::Paused));
        meddle(
            &hub,
            "cluster.x-k8s.io",
            "Cluster",
            "eu",
            json!({"spec": {"paused": null}}),
        )
        .await;
    };
    let (cluster, order) = (eu(), two_minors());
    let (ended, ()) = tokio::join!(driver.run(&cluster, &order), meddler);
    assert!(ended.unwrap().done);
    assert_eq!(outcome(&hub).await["workers"][0], "v1.32.3");
}

#[tokio::test(start_paused = true)]
async fn scaled_by_somebody_else_all_machines_are_waited_for() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let meddler = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (three, four) = (json!({"spec": {"replicas": 3}}), json!({"spec": {"replicas": 4}}));
        meddle(&hub, CONTROL_PLANE, "KubeadmControlPlane", "eu", three).await;
        meddle(&hub, "cluster.x-k8s.io", "MachineDeployment", "workers", four).await;
    };
    let (cluster, order) = (eu(), two_minors());
    let (ended, ()) = tokio::join!(driver.run(&cluster, &order), meddler);
    let ended = ended.unwrap();
    assert_eq!((ended.done, ended.machines.to_string()), (true, "7/7".to_owned()));
    assert_eq!(outcome(&hub).await["machines"], json!(vec!["v1.32.3 v1.32.3"; 7]));
}

#[tokio::test(start_paused = true)]
async fn deleted_by_somebody_else_it_ends_with_an_error_and_changes_nothing_more() {
    let hub = hub(ClusterApi::default()).await;
    let driver = CapiClusterDriver::new(hub.client());
    let meddler = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        // As a Cluster is while its machines are taken away.
        let kept = json!({"metadata": {"finalizers": ["example.com/kept"]}});
        meddle(&hub, "cluster.x-k8s.io", "Cluster", "eu", kept).await;
        let clusters = api(&hub, "cluster.x-k8s.io", "Cluster");
        clusters.delete("eu", &DeleteParams::default()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let (cluster, order) = (eu(), two_minors());
    let error = tokio::select! {
        ended = driver.run(&cluster, &order) => ended.unwrap_err(),
        () = meddler => unreachable!(),
    };
    assert!(
        matches!(
            &error,
            UpgradeError::Refused {
                refusal: Refusal::Deleting { .. },
                ..
            }
        ),
        "{error:?}"
    );
    // And when it is gone altogether.
    let gone = json!({"metadata": {"finalizers": null}});
    meddle(&hub, "cluster.x-k8s.io", "Cluster", "eu", gone).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = driver.run(&cluster, &order).await.unwrap_err();
    assert!(
        matches!(&error, UpgradeError::Management(ManagementError::NotFound { .. })),
        "{error:?}"
    );
}
