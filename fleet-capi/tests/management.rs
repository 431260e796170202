//! A management cluster's watches, on the embedded hub: what they cost, and that a look is never old news.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

#[allow(dead_code)] // Other test files use the rest of it.
mod cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster::World;
use fleet_capi::management::{ManagementCluster, ManagementError};
use fleet_capi::upgrade::CapiClusterDriver;
use fleet_core::{ClusterName, NodeCounts};
use fleet_sim::{Hub, Verb};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use kube::client::Body;
use serde_json::{Value, json};

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

/// A hub with one cluster, and nothing that would change it.
async fn hub(world: World) -> Hub {
    let mut crds = fleet_capi::crds();
    for version in crds.iter_mut().flat_map(|crd| &mut crd.spec.versions) {
        // The tests' objects have only what a rollout is read from.
        let anything =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        version.schema = serde_json::from_value(anything).unwrap();
    }
    let hub = Hub::builder().crds(crds).start().unwrap();
    create(
        &hub,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "clusters"}}),
    )
    .await;
    for object in world.objects {
        create(&hub, &object).await;
    }
    hub
}

fn api(hub: &Hub, object: &Value) -> Api<DynamicObject> {
    let (group, version) = object["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap_or(("", "v1"));
    let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
    let resource = ApiResource::from_gvk(&kind);
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(hub.client(), namespace, &resource),
        None => Api::all_with(hub.client(), &resource),
    }
}

async fn create(hub: &Hub, object: &Value) {
    let mut fresh: DynamicObject = serde_json::from_value(object.clone()).unwrap();
    fresh.metadata.resource_version = None;
    let api = api(hub, object);
    let created = api.create(&PostParams::default(), &fresh).await.unwrap();
    if object.get("status").is_some() {
        let name = created.metadata.name.unwrap();
        let status = json!({"status": object["status"]});
        api.patch_status(&name, &PatchParams::default(), &Patch::Merge(status))
            .await
            .unwrap();
    }
}

fn machine(name: &str) -> Value {
    cluster::machine(
        name,
        "v1.30.4",
        &json!({"cluster.x-k8s.io/deployment-name": "workers"}),
    )
}

#[tokio::test(start_paused = true)]
async fn looks_cost_nothing_and_follow_what_happens() {
    let hub = hub(World::settled("v1.30.4", 1, 2)).await;
    let management = ManagementCluster::new(hub.client());
    let before = hub.requests();
    assert_eq!(management.state(&eu()).await.unwrap().machines.len(), 3);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let listed = hub.requests();
    assert_eq!(listed.of(Verb::List) - before.of(Verb::List), 6);
    assert_eq!(listed.of(Verb::Watch) - before.of(Verb::Watch), 6);

    let first = management.state(&eu()).await.unwrap();
    create(&hub, &machine("md-2")).await;
    let second = management.changed(&eu(), &first).await.unwrap();
    assert_eq!(second.machines.len(), 4);
    api(&hub, &machine("md-2"))
        .delete("md-2", &DeleteParams::default())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(management.state(&eu()).await.unwrap().machines.len(), 3);
    let fleet = management.fleet().await.unwrap();
    let nodes = NodeCounts {
        control_plane: 1,
        workers: 2,
    };
    assert_eq!(fleet.get("eu").unwrap().nodes(), nodes);
    // An hour of looks, each half minute: watches at most.
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        management.state(&eu()).await.unwrap();
    }
    assert_eq!(hub.requests().of(Verb::List), listed.of(Verb::List));
    assert_eq!(hub.requests().of(Verb::Watch), listed.of(Verb::Watch));
}

#[tokio::test(start_paused = true)]
async fn the_state_is_what_one_reads_from_the_objects_themselves() {
    let hub = hub(World::settled("v1.30.4", 3, 5)).await;
    let management = ManagementCluster::new(hub.client());
    let watched = management.state(&eu()).await.unwrap();
    let mut objects = Vec::new();
    for object in World::settled("v1.30.4", 3, 5).objects {
        let name = object["metadata"]["name"].as_str().unwrap();
        let found = api(&hub, &object).get(name).await.unwrap();
        objects.push(serde_json::to_value(found).unwrap());
    }
    let read = fleet_capi::rollout::ClusterState::from_values("eu", &objects).unwrap();
    assert_eq!(*watched, read);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_goes_and_comes_back() {
    let hub = hub(World::settled("v1.30.4", 1, 0)).await;
    let management = ManagementCluster::new(hub.client());
    management.state(&eu()).await.unwrap();
    let object = World::settled("v1.30.4", 1, 0).get("Cluster", "eu").clone();
    api(&hub, &object)
        .delete("eu", &DeleteParams::default())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = management.state(&eu()).await.unwrap_err();
    assert_eq!(error.to_string(), "no Cluster `eu` in any namespace");
    assert!(management.fleet().await.unwrap().is_empty());
    create(&hub, &object).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(management.state(&eu()).await.unwrap().control_plane.is_some());
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_away_looks_fail_and_then_go_on() {
    let hub = hub(World::settled("v1.30.4", 1, 1)).await;
    let away = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&away);
    let inner = hub.client();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (away, inner) = (switch.load(Ordering::Relaxed), inner.clone());
        async move {
            if away {
                return Err(kube::Error::Service("connection refused".into()));
            }
            inner.send(request).await
        }
    });
    let management = ManagementCluster::new(kube::Client::new(service, "default"));
    let error = management.state(&eu()).await.unwrap_err();
    assert!(matches!(error, ManagementError::Lost { .. }), "{error:?}");
    away.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(management.state(&eu()).await.unwrap().machines.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_patch_is_known_to_the_next_look() {
    let hub = hub(World::settled("v1.30.4", 1, 1)).await;
    let management = ManagementCluster::new(hub.client());
    let driver = CapiClusterDriver::from(management.clone());
    driver.start(&eu(), &"v1.31.0".parse().unwrap()).await.unwrap();
    // Nothing else has run meanwhile: no event was delivered.
    let state = management.state(&eu()).await.unwrap();
    assert_eq!(state.desired_version(), Some(&"v1.31.0".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_none_is_an_error_of_its_cluster_only() {
    let hub = hub(World::settled("v1.30.4", 1, 1)).await;
    let mut other = World::settled("v1.30.4", 1, 1).get("Cluster", "eu").clone();
    other["metadata"]["name"] = json!("us");
    create(&hub, &other).await;
    let mut bad = machine("bad");
    bad["spec"]["version"] = json!("thirty");
    create(&hub, &bad).await;
    let management = ManagementCluster::new(hub.client());
    let error = management.state(&eu()).await.unwrap_err();
    assert_eq!(error.to_string(), "the state of cluster `eu` cannot be read");
    assert!(management.state(&"us".parse().unwrap()).await.is_ok());
    api(&hub, &bad)
        .delete("bad", &DeleteParams::default())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(management.state(&eu()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_no_member_yet_does_not_hide_the_others() {
    let hub = hub(World::settled("v1.30.4", 1, 1)).await;
    let mut new = World::settled("v1.30.4", 1, 1).get("Cluster", "eu").clone();
    new["metadata"]["name"] = json!("new");
    new["spec"] = json!({});
    create(&hub, &new).await;
    let management = ManagementCluster::new(hub.client());
    let error = management.fleet().await.unwrap_err();
    assert!(
        error.to_string().starts_with("Cluster new has no version"),
        "{error}"
    );
    let members = management.members().await.unwrap();
    let found: Vec<_> = members
        .iter()
        .map(|member| member.as_ref().map_or("none", |it| it.name().as_str()))
        .collect();
    assert_eq!(found, ["eu", "none"]);
}

#[tokio::test(start_paused = true)]
async fn control_planes_that_report_nothing_on_their_cluster_are_looked_into() {
    // EKS before Cluster API 1.14: only the control plane itself says its version.
    let hub = hub(World::settled("v1.30.4", 1, 1)).await;
    let mut eks = World::settled("v1.30.4", 1, 1).get("Cluster", "eu").clone();
    eks["metadata"]["name"] = json!("eks");
    eks["spec"] = json!({"controlPlaneRef": {"apiGroup": "controlplane.cluster.x-k8s.io",
        "kind": "AWSManagedControlPlane", "name": "eks"}});
    create(&hub, &eks).await;
    let control_plane = json!({"apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "AWSManagedControlPlane",
        "metadata": {"name": "eks", "namespace": "clusters"}, "spec": {"version": "v1.33"}});
    create(&hub, &control_plane).await;
    let management = ManagementCluster::new(hub.client());
    let fleet = management.fleet().await.unwrap();
    assert_eq!(fleet.get("eks").unwrap().version().to_string(), "v1.33.0");
    assert_eq!(fleet.get("eks").unwrap().nodes().control_plane, 0);
}
