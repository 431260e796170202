//! The simulated Cluster API controllers on the embedded hub, seen through `kube::Client` only.
// A test may panic; clippy only sees that in the functions that carry the attribute.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "cluster_api/scene.rs"]
mod scene;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fleet_capi::v1beta2::{Cluster, ClusterPhase, KubeadmControlPlane, Machine, MachinePhase};
use fleet_capi::{docker, v1beta1};
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay, Shape};
use futures::StreamExt as _;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams};
use kube::client::Body;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};
use scene::{CONTROL_PLANE, NAMESPACE, Scene, is_running};
use serde_json::json;
use tower::Service as _;

#[tokio::test(start_paused = true)]
async fn a_cluster_is_provisioned_and_reads_through_the_typed_models() {
    let scene = Scene::new(ClusterApi::default().machine_startup(Duration::from_secs(90)));
    scene.create(Shape::V1Beta2, "a", 3, 2).await;
    scene.pass(2).await;
    // Infrastructure takes a minute and the first machine a minute and a half.
    assert_eq!(scene.running("a", true, "v1.30.0").await, 0);
    assert_eq!(scene.machines("a", false).await.len(), 0);
    scene.pass(20).await;
    assert_eq!(scene.running("a", true, "v1.30.0").await, 3);
    assert_eq!(scene.running("a", false, "v1.30.0").await, 2);

    let cluster = scene.cluster("a").await;
    let status = cluster.status.unwrap();
    assert_eq!(status.phase, Some(ClusterPhase::Provisioned));
    let condition = |kind: &str| {
        status
            .conditions
            .iter()
            .flatten()
            .find(|c| c.type_ == kind)
            .unwrap()
    };
    for kind in [
        "Available",
        "ControlPlaneAvailable",
        "WorkersAvailable",
        "RemoteConnectionProbe",
    ] {
        assert_eq!(condition(kind).status, "True", "{kind}");
    }
    for kind in ["RollingOut", "ScalingUp", "ScalingDown", "Paused", "Deleting"] {
        assert_eq!(condition(kind).status, "False", "{kind}");
    }
    assert!(cluster.spec.control_plane_endpoint.is_some());

    let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), NAMESPACE);
    let secret = secrets.get("a-kubeconfig").await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("cluster.x-k8s.io/secret"));
    assert_eq!(secret.labels()["cluster.x-k8s.io/cluster-name"], "a");
    let kubeconfig = &secret.data.unwrap()["value"].0;
    let kubeconfig: kube::config::Kubeconfig = serde_json::from_slice(kubeconfig).unwrap();
    assert_eq!(kubeconfig.current_context.as_deref(), Some("a-admin@a"));

    for machine in scene.machines("a", false).await.values() {
        for label in ["cluster-name", "deployment-name", "set-name"] {
            assert!(
                machine
                    .labels()
                    .contains_key(&format!("cluster.x-k8s.io/{label}")),
                "{label}"
            );
        }
        assert!(machine.labels().contains_key("machine-template-hash"));
        assert_eq!(machine.owner_references()[0].kind, "MachineSet");
    }
}

#[tokio::test(start_paused = true)]
async fn clusters_written_as_v1beta1_are_reported_as_v1beta1() {
    let scene = Scene::new(ClusterApi::default());
    scene.create(Shape::V1Beta1, "old", 1, 2).await;
    scene.pass(20).await;
    let cluster: v1beta1::Cluster = Api::namespaced(scene.client.clone(), NAMESPACE)
        .get("old")
        .await
        .unwrap();
    let status = cluster.status.unwrap();
    assert_eq!(
        (status.infrastructure_ready, status.control_plane_ready),
        (Some(true), Some(true))
    );
    let ready = status
        .conditions
        .iter()
        .flatten()
        .find(|c| c.type_ == "Ready")
        .unwrap();
    assert_eq!(ready.status, fleet_capi::v1beta1::ConditionStatus::True);
    let machines: Api<v1beta1::Machine> = Api::namespaced(scene.client.clone(), NAMESPACE);
    let machines = machines.list(&kube::api::ListParams::default()).await.unwrap();
    assert_eq!(machines.items.len(), 3);
    for machine in machines {
        let status = machine.status.unwrap();
        assert_eq!(
            (status.bootstrap_ready, status.infrastructure_ready),
            (Some(true), Some(true))
        );
        assert_eq!(status.node_info.unwrap().kubelet_version, "v1.30.0");
    }
    let docker: docker::v1beta1::DockerCluster = Api::namespaced(scene.client.clone(), NAMESPACE)
        .get("old")
        .await
        .unwrap();
    assert_eq!(docker.status.unwrap().ready, Some(true));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_stays_within_its_bounds_at_every_event() {
    let scene =
        Scene::new(ClusterApi::default().machine_startup(Delay::around(Duration::from_secs(90), 0.3)));
    scene.create(Shape::V1Beta2, "a", 3, 4).await;
    scene.pass(30).await;
    let bounds = tokio::spawn(hold_bounds(scene.client.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.upgrade("a", "v1.31.0").await;
    scene.pass(60).await;
    assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
    assert_eq!(scene.running("a", false, "v1.31.0").await, 4);
    assert_eq!(
        scene.machines("a", true).await.len() + scene.machines("a", false).await.len(),
        7
    );
    bounds.abort();
    assert!(bounds.await.unwrap_err().is_cancelled(), "a bound was broken");
}

/// Panics at the first event after which a bound of the rollout does not hold.
async fn hold_bounds(client: Client) {
    let api: Api<Machine> = Api::namespaced(client, NAMESPACE);
    let mut events = watcher(api, watcher::Config::default()).boxed();
    let mut machines = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Event::Apply(machine) | Event::InitApply(machine) => {
                machines.insert(machine.name_any(), machine);
            }
            Event::Delete(machine) => {
                machines.remove(&machine.name_any());
            }
            Event::Init | Event::InitDone => continue,
        }
        if machines.len() < 7 {
            continue; // The first events only tell what there is.
        }
        let (control, workers): (Vec<_>, Vec<_>) = machines
            .values()
            .partition(|machine: &&Machine| machine.labels().contains_key(CONTROL_PLANE));
        let up = |list: &[&Machine]| list.iter().filter(|machine| is_running(machine)).count();
        assert!(
            up(&control) >= 3 && control.len() <= 4,
            "control plane: {} of {}",
            up(&control),
            control.len()
        );
        assert!(
            up(&workers) >= 4 && workers.len() <= 5,
            "workers: {} of {}",
            up(&workers),
            workers.len()
        );
        let old = |machine: &&Machine| machine.spec.version.as_ref().is_some_and(|v| v == "v1.30.0");
        if control.iter().any(old) {
            assert!(
                workers.iter().all(old),
                "workers did not wait for the control plane"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_freezes_and_resuming_finishes() {
    let scene = Scene::new(ClusterApi::default());
    scene.create(Shape::V1Beta2, "a", 3, 3).await;
    scene.pass(30).await;
    scene.upgrade("a", "v1.31.0").await;
    scene.pass(5).await;
    scene
        .patch::<Cluster>("a", json!({"spec": {"paused": true}}))
        .await;
    scene.pass(1).await;
    let versions = async || -> Vec<_> {
        let machines = scene
            .machines("a", true)
            .await
            .into_iter()
            .chain(scene.machines("a", false).await);
        machines
            .map(|(name, machine)| (name, machine.resource_version()))
            .collect()
    };
    let frozen = versions().await;
    let steps = scene.controllers.stats().steps;
    scene.pass(60 * 24).await;
    assert_eq!(versions().await, frozen);
    assert_eq!(
        scene.controllers.stats().steps,
        steps,
        "a paused cluster costs nothing"
    );
    assert!(
        scene.running("a", true, "v1.31.0").await < 3,
        "it was paused in the middle"
    );
    scene
        .patch::<Cluster>("a", json!({"spec": {"paused": false}}))
        .await;
    scene.pass(60).await;
    assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
    assert_eq!(scene.running("a", false, "v1.31.0").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_machine_stays_provisioning_until_the_fault_is_lifted() {
    let broken = Arc::new(AtomicU64::new(1));
    let fault = Arc::clone(&broken);
    let api = ClusterApi::default().machine_never_starts(move |machine| {
        fault.load(Ordering::Relaxed) == 1 && machine.cluster == "a" && machine.version == "v1.31.0"
    });
    let scene = Scene::new(api);
    for name in ["a", "b"] {
        scene.create(Shape::V1Beta2, name, 3, 2).await;
    }
    scene.pass(30).await;
    for name in ["a", "b"] {
        scene.upgrade(name, "v1.31.0").await;
    }
    scene.pass(600).await;
    assert_eq!(
        scene.running("b", true, "v1.31.0").await,
        3,
        "the other cluster is not touched by the fault"
    );
    assert_eq!(
        scene.running("a", true, "v1.30.0").await,
        3,
        "no old machine was given up"
    );
    assert_eq!(scene.running("a", false, "v1.30.0").await, 2);
    let machines = scene.machines("a", true).await;
    assert_eq!(machines.len(), 4);
    let stuck: Vec<_> = machines.values().filter(|machine| !is_running(machine)).collect();
    assert_eq!(stuck.len(), 1);
    assert_eq!(
        stuck[0].status.as_ref().unwrap().phase,
        Some(MachinePhase::Provisioning)
    );

    broken.store(0, Ordering::Relaxed);
    scene.controllers.look_again();
    scene.pass(60).await;
    assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_stalls_at_one_new_replica_until_etcd_is_well() {
    let ill = Arc::new(AtomicU64::new(1));
    let fault = Arc::clone(&ill);
    let api = ClusterApi::default().control_plane_stalls(move |cluster| {
        fault.load(Ordering::Relaxed) == 1 && cluster.version == "v1.31.0"
    });
    let scene = Scene::new(api);
    scene.create(Shape::V1Beta2, "a", 3, 2).await;
    scene.pass(30).await;
    scene.upgrade("a", "v1.31.0").await;
    scene.pass(600).await;
    assert_eq!(scene.running("a", true, "v1.31.0").await, 1);
    assert_eq!(scene.running("a", true, "v1.30.0").await, 3);
    assert_eq!(
        scene.running("a", false, "v1.30.0").await,
        2,
        "workers wait for the control plane"
    );
    ill.store(0, Ordering::Relaxed);
    scene.controllers.look_again();
    scene.pass(60).await;
    assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_reached_is_unknown_and_comes_back() {
    let away = Arc::new(AtomicU64::new(0));
    let fault = Arc::clone(&away);
    let api = ClusterApi::default()
        .cluster_unreachable(move |cluster| fault.load(Ordering::Relaxed) == 1 && cluster.name == "a");
    let scene = Scene::new(api);
    scene.create(Shape::V1Beta2, "a", 3, 2).await;
    scene.pass(30).await;
    let probe = async || {
        let conditions = scene.cluster("a").await.status.unwrap().conditions.unwrap();
        let probe = conditions
            .into_iter()
            .find(|c| c.type_ == "RemoteConnectionProbe");
        probe.unwrap().status
    };
    assert_eq!(probe().await, "True");
    away.store(1, Ordering::Relaxed);
    scene.controllers.look_again();
    scene.pass(1).await;
    assert_eq!(probe().await, "False");
    let machines = scene.machines("a", true).await;
    let nodes = machines.values().flat_map(|machine| {
        let status = machine.status.clone().unwrap();
        let conditions = status.conditions.unwrap().into_iter();
        conditions.filter(|c| c.type_ == "NodeHealthy").map(|c| c.status)
    });
    assert_eq!(nodes.collect::<Vec<_>>(), ["Unknown", "Unknown", "Unknown"]);
    // Nobody changes what cannot be seen.
    scene.upgrade("a", "v1.31.0").await;
    scene.pass(60).await;
    assert_eq!(scene.machines("a", true).await.len(), 3);
    away.store(0, Ordering::Relaxed);
    scene.controllers.look_again();
    scene.pass(60).await;
    assert_eq!(probe().await, "True");
    assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_leaves_nothing_behind() {
    let scene = Scene::new(ClusterApi::default());
    scene.create(Shape::V1Beta2, "a", 3, 2).await;
    scene.pass(30).await;
    let clusters: Api<Cluster> = Api::namespaced(scene.client.clone(), NAMESPACE);
    clusters.delete("a", &DeleteParams::default()).await.unwrap();
    scene.pass(1).await;
    let deleting = scene.cluster("a").await;
    assert_eq!(deleting.status.unwrap().phase, Some(ClusterPhase::Deleting));
    scene.pass(10).await;
    assert!(clusters.get_opt("a").await.unwrap().is_none());
    assert!(scene.machines("a", true).await.is_empty() && scene.machines("a", false).await.is_empty());
    let control_planes: Api<KubeadmControlPlane> = Api::namespaced(scene.client.clone(), NAMESPACE);
    assert!(control_planes.get_opt("a-cp").await.unwrap().is_none());
    let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), NAMESPACE);
    assert!(secrets.get_opt("a-kubeconfig").await.unwrap().is_none());
}

#[test]
fn one_seed_gives_one_sequence_of_events() {
    let history = |seed: u64| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async move {
            let startup = Delay::around(Duration::from_secs(90), 0.3);
            let scene = Scene::new(ClusterApi::default().seed(seed).machine_startup(startup));
            let api: Api<Machine> = Api::namespaced(scene.client.clone(), NAMESPACE);
            let hub = scene.hub.clone();
            let log = tokio::spawn(async move {
                let mut log = Vec::new();
                let mut events = watcher(api, watcher::Config::default()).boxed();
                let quiet = Duration::from_hours(1);
                while let Ok(Some(event)) = tokio::time::timeout(quiet, events.next()).await {
                    let (what, machine) = match event.unwrap() {
                        Event::Apply(machine) | Event::InitApply(machine) => ("applied", machine),
                        Event::Delete(machine) => ("deleted", machine),
                        Event::Init | Event::InitDone => continue,
                    };
                    let phase = machine.status.as_ref().and_then(|status| status.phase.clone());
                    log.push(format!("{} {what} {} {phase:?}", hub.now(), machine.name_any()));
                }
                log
            });
            for name in ["a", "b"] {
                scene.create(Shape::V1Beta2, name, 3, 2).await;
            }
            scene.pass(30).await;
            for name in ["a", "b"] {
                scene.upgrade(name, "v1.31.0").await;
            }
            log.await.unwrap()
        })
    };
    let first = history(1);
    assert!(first.len() > 100, "{} events", first.len());
    assert_eq!(first, history(1));
    assert_ne!(first, history(2));
}

/// Every seventh write fails, half of those after it has happened; every fifth watch is told that its history
/// is gone, and no watch lives longer than 40 s.
fn unreliable(hub: &Hub) -> Client {
    let service = hub.service();
    let count = Arc::new(AtomicU64::new(0));
    let flaky = tower::service_fn(move |request: Request<Body>| {
        let mut service = service.clone();
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            let watching = request
                .uri()
                .query()
                .is_some_and(|query| query.contains("watch=true"));
            let failure = |code: u16, reason: &str| {
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "reason": reason, "code": code, "message": "on purpose",
                });
                Response::builder()
                    .status(code)
                    .body(http_body_util::Full::from(status.to_string()).boxed_unsync())
                    .unwrap()
            };
            if watching && number.is_multiple_of(5) {
                return Ok::<_, std::convert::Infallible>(failure(410, "Expired"));
            }
            let write = request.method() != http::Method::GET;
            if write && number.is_multiple_of(14) {
                return Ok(failure(409, "Conflict"));
            }
            let response = service.call(request).await?;
            if write && number % 14 == 7 {
                return Ok(failure(500, "InternalError"));
            }
            if watching {
                let stop = tokio::time::sleep(Duration::from_secs(40));
                let (parts, body) = response.into_parts();
                let stream = body.into_data_stream().take_until(stop);
                let body =
                    http_body_util::StreamBody::new(stream.map(|part| part.map(http_body::Frame::data)));
                return Ok(Response::from_parts(parts, body.boxed_unsync()));
            }
            Ok(response)
        }
    });
    Client::new(flaky, "default")
}

#[tokio::test(start_paused = true)]
async fn it_gets_there_through_conflicts_lost_answers_and_dropped_watches() {
    let scene = Scene::through(ClusterApi::default(), unreliable);
    for name in ["a", "b"] {
        scene.create(Shape::V1Beta2, name, 3, 3).await;
    }
    scene.pass(120).await;
    for name in ["a", "b"] {
        assert_eq!(scene.running(name, true, "v1.30.0").await, 3, "{name}");
        scene.upgrade(name, "v1.31.0").await;
    }
    scene.pass(240).await;
    for name in ["a", "b"] {
        assert_eq!(scene.machines(name, true).await.len(), 3, "no machine too many");
        assert_eq!(scene.running(name, true, "v1.31.0").await, 3, "{name}");
        assert_eq!(scene.running(name, false, "v1.31.0").await, 3, "{name}");
    }
    assert!(
        scene.controllers.stats().failed_writes > 10,
        "nothing failed: the test shows nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn twenty_clusters_take_a_moderate_number_of_requests() {
    let started = std::time::Instant::now();
    let scene =
        Scene::new(ClusterApi::default().machine_startup(Delay::around(Duration::from_secs(90), 0.2)));
    let names: Vec<_> = (0..20).map(|n| format!("c{n:02}")).collect();
    for name in &names {
        scene.create(Shape::V1Beta2, name, 3, 5).await;
    }
    scene.pass(30).await;
    let provisioned = scene.hub.requests().total();
    for name in &names {
        scene.upgrade(name, "v1.31.0").await;
    }
    scene.pass(90).await;
    let upgraded = scene.hub.requests().total() - provisioned;
    println!(
        "20 clusters of 3 + 5: {provisioned} requests to provision, {upgraded} to upgrade, {:?}, {:?}",
        scene.controllers.stats(),
        started.elapsed(),
    );
    for name in &names {
        assert_eq!(scene.running(name, true, "v1.31.0").await, 3);
        assert_eq!(scene.running(name, false, "v1.31.0").await, 5);
    }
    assert!(
        provisioned < 20 * 130 && upgraded < 20 * 290,
        "{provisioned} and {upgraded}"
    );
    let rest = scene.controllers.stats();
    scene.pass(60 * 24 * 5).await;
    assert_eq!(scene.controllers.stats(), rest, "a fleet at rest costs nothing");
}
