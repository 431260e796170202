//! The driver against an API server that knows lists, gets and merge patches, and counts what it is asked. Its watches
//! tell nothing: `tests/management.rs` has some that do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

#[allow(dead_code)] // Other test files use the rest of it.
mod cluster;

use std::sync::{Arc, Mutex};

use cluster::World;
use fleet_capi::inventory::inventory;
use fleet_capi::rollout::UPGRADE_ANNOTATION;
use fleet_capi::upgrade::{CapiClusterDriver, Order, Rotation, Step, UpgradeError, UpgradeRecord};
use fleet_core::{ClusterName, KubernetesVersion, NodeCounts};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

/// The API server: a world, and what was asked of it.
#[derive(Debug, Clone)]
struct Server(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    world: World,
    requests: Vec<String>,
    /// Before each of so many patches, somebody else changes the object.
    meddling: usize,
    /// What the server serves.
    version: &'static str,
}

impl Server {
    fn new(world: World) -> Self {
        let inner = Inner {
            world,
            requests: Vec::new(),
            meddling: 0,
            version: "v1beta2",
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                if parts
                    .uri
                    .query()
                    .is_some_and(|query| query.contains("watch=true"))
                {
                    let nothing =
                        futures::stream::pending::<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>();
                    return Ok(Response::new(StreamBody::new(nothing).boxed_unsync()));
                }
                let (status, value) = server.0.lock().unwrap().answer(&parts.method, &parts.uri, &body);
                let body = Full::from(serde_json::to_vec(&value).unwrap()).map_err(std::io::Error::other);
                let answer = Response::builder().status(status).body(body.boxed_unsync());
                Ok::<_, std::convert::Infallible>(answer.unwrap())
            }
        });
        kube::Client::new(service, "default")
    }

    fn driver(&self) -> CapiClusterDriver {
        CapiClusterDriver::new(self.client())
    }

    fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.0.lock().unwrap().world)
    }

    /// The requests since the last time.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }

    fn patches(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .filter(|request| request.starts_with("PATCH"))
            .collect()
    }

    fn mark(&self) -> Value {
        self.with(|world| world.control_plane()["metadata"]["annotations"][UPGRADE_ANNOTATION].clone())
    }
}

impl Inner {
    fn answer(&mut self, method: &Method, uri: &http::Uri, body: &[u8]) -> (StatusCode, Value) {
        let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        // apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME, or without the namespace.
        let (version, rest) = (path[2], &path[3..]);
        let (plural, name) = match rest {
            ["namespaces", _, plural, rest @ ..] | [plural, rest @ ..] => (*plural, rest.first()),
            [] => return not_found(),
        };
        let target = name.map_or_else(|| plural.to_owned(), |name| format!("{plural}/{name}"));
        self.requests.push(format!("{method} {target}"));
        if version != self.version {
            return not_found();
        }
        let mut found = self.world.objects.iter_mut().filter(|object| {
            let kind = object["kind"].as_str().unwrap().to_lowercase();
            let ending = if kind.ends_with('s') { "es" } else { "s" };
            format!("{kind}{ending}") == plural && name.is_none_or(|name| object["metadata"]["name"] == *name)
        });
        if name.is_none() {
            let items: Vec<Value> = found.map(|object| object.clone()).collect();
            let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "9"}, "items": items});
            return (StatusCode::OK, list);
        }
        let Some(object) = found.next() else {
            return not_found();
        };
        if method == Method::PATCH {
            let query = uri.query().unwrap();
            assert!(query.contains("fieldManager=fleet-sdk"), "{uri}");
            assert!(query.contains("fieldValidation=Strict"), "{uri}");
            if self.meddling > 0 {
                self.meddling -= 1;
                bump(object);
            }
            let change: Value = serde_json::from_slice(body).unwrap();
            let expected = &change["metadata"]["resourceVersion"];
            if expected != &object["metadata"]["resourceVersion"] {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict",
                    "message": "the object has been modified", "code": 409});
                return (StatusCode::CONFLICT, status);
            }
            merge(object, &change);
            bump(object);
        }
        (StatusCode::OK, object.clone())
    }
}

fn not_found() -> (StatusCode, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
        "message": "not found", "code": 404});
    (StatusCode::NOT_FOUND, status)
}

fn bump(object: &mut Value) {
    let version: u64 = object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

fn to(version: &str) -> KubernetesVersion {
    version.parse().unwrap()
}

#[tokio::test]
async fn a_hop_from_start_to_end_with_a_new_process_for_every_step() {
    let server = Server::new(World::settled("v1.30.4", 1, 2));
    let started = server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    assert!(matches!(started.step, Step::PatchControlPlane { .. }));
    assert_eq!(server.patches(), ["PATCH kubeadmcontrolplanes/eu"]);
    let record: UpgradeRecord = serde_json::from_str(server.mark().as_str().unwrap()).unwrap();
    assert_eq!(record.order, Order::to(to("v1.31.0")));
    assert_eq!(record.former.unwrap().version, to("v1.30.4"));

    // Started again, and looked at: nothing more is due.
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert_eq!(
        (seen.version, seen.target, seen.done),
        (Some(to("v1.30.4")), to("v1.31.0"), false)
    );
    assert_eq!(seen.machines.to_string(), "0/3");
    assert_eq!(server.patches(), [] as [&str; 0]);

    server.with(|world| world.replace("cp-0", "v1.31.0"));
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert!(matches!(seen.step, Step::PatchWorkers { .. }));
    assert_eq!(server.patches(), ["PATCH machinedeployments/workers"]);

    for name in ["md-0", "md-1"] {
        assert!(!server.driver().observe(&eu()).await.unwrap().done);
        server.with(|world| world.replace(name, "v1.31.0"));
    }
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert!(seen.done);
    assert_eq!(
        (seen.version, seen.machines.to_string()),
        (Some(to("v1.31.0")), "3/3".to_owned())
    );
    // The mark goes when the work is done.
    assert_eq!(server.patches(), ["PATCH kubeadmcontrolplanes/eu"]);
    assert_eq!(server.mark(), Value::Null);
    assert!(server.driver().observe(&eu()).await.unwrap().done);
    assert_eq!(server.patches(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_topology_is_patched_once() {
    let server = Server::new(World::settled("v1.30.4", 1, 1).with_topology("v1.30.4"));
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    server.driver().observe(&eu()).await.unwrap();
    assert_eq!(server.patches(), ["PATCH clusters/eu"]);
    let topology = server.with(|world| world.get("Cluster", "eu")["spec"]["topology"].clone());
    assert_eq!(topology, json!({"classRef": {"name": "c"}, "version": "v1.31.0"}));
}

#[tokio::test]
async fn a_class_is_asked_only_where_the_way_is_long() {
    let class = json!({"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "ClusterClass",
        "metadata": {"name": "c", "namespace": "clusters", "resourceVersion": "1"},
        "spec": {"kubernetesVersions": ["v1.30.4", "v1.31.0", "v1.32.0"]}});
    let mut world = World::settled("v1.30.4", 1, 1).with_topology("v1.30.4");
    // No class that could be read: refused as before.
    let error = Server::new(world.clone())
        .driver()
        .start(&eu(), &to("v1.32.0"))
        .await
        .unwrap_err();
    assert!(error.is_refusal(), "{error}");
    world.objects.push(class);
    let server = Server::new(world);
    server.driver().start(&eu(), &to("v1.32.0")).await.unwrap();
    let requests = server.requests();
    assert!(
        requests.contains(&"GET clusterclasses/c".to_owned()),
        "{requests:?}"
    );
    assert_eq!(requests.iter().filter(|it| it.starts_with("PATCH")).count(), 1);
    let topology = server.with(|world| world.get("Cluster", "eu")["spec"]["topology"].clone());
    assert_eq!(topology["version"], "v1.32.0");
    // On its way nothing is asked any more.
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert!(matches!(seen.step, Step::WaitControlPlane { .. }), "{seen:?}");
    assert!(!server.requests().contains(&"GET clusterclasses/c".to_owned()));
}

#[tokio::test]
async fn a_cluster_that_nobody_started_is_only_looked_at() {
    let mut world = World::settled("v1.30.4", 1, 1);
    world.ask("v1.31.0", "v1.30.4");
    world.replace("cp-0", "v1.31.0");
    let server = Server::new(world);
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert!(matches!(seen.step, Step::PatchWorkers { .. }));
    assert_eq!(server.patches(), [] as [&str; 0]);
    // Starting it takes it over: the mark first, so that a crash in between is survived.
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    assert_eq!(
        server.patches(),
        [
            "PATCH kubeadmcontrolplanes/eu",
            "PATCH machinedeployments/workers"
        ]
    );
}

#[tokio::test]
async fn a_version_that_somebody_else_set_is_not_ours_to_go_on_with() {
    let server = Server::new(World::settled("v1.30.4", 1, 1));
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    server.requests();
    // A GitOps tool puts the old version back.
    server.with(|world| world.ask("v1.30.4", "v1.30.4"));
    let seen = server.driver().observe(&eu()).await.unwrap();
    assert_eq!((seen.target, seen.done), (to("v1.30.4"), true));
    assert_eq!(server.patches(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_change_in_between_is_read_and_decided_upon_again() {
    let server = Server::new(World::settled("v1.30.4", 1, 1));
    server.0.lock().unwrap().meddling = 2;
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    assert_eq!(server.patches().len(), 3);

    let server = Server::new(World::settled("v1.30.4", 1, 1));
    server.0.lock().unwrap().meddling = 100;
    let error = server.driver().start(&eu(), &to("v1.31.0")).await.unwrap_err();
    assert!(matches!(error, UpgradeError::Contended { .. }) && error.is_transient());
    let version = server.with(|world| world.control_plane()["spec"]["version"].clone());
    assert_eq!(version, "v1.30.4");
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    for (target, transient) in [("v1.29.0", false), ("v1.32.0", false)] {
        let server = Server::new(World::settled("v1.30.4", 1, 1));
        let error = server.driver().start(&eu(), &to(target)).await.unwrap_err();
        assert!(
            error.is_refusal() && error.is_transient() == transient,
            "{error:?}"
        );
        assert_eq!(server.patches(), [] as [&str; 0]);
    }
    let mut paused = World::settled("v1.30.4", 1, 1);
    paused.get("Cluster", "eu")["spec"]["paused"] = json!(true);
    let server = Server::new(paused);
    let error = server.driver().start(&eu(), &to("v1.31.0")).await.unwrap_err();
    assert!(matches!(error, UpgradeError::NotReady { .. }) && error.is_transient());
    assert_eq!(
        error.to_string(),
        "`eu` cannot be sent on yet: Cluster eu is paused, so resume it"
    );
    assert_eq!(server.patches(), [] as [&str; 0]);

    let error = server.driver().observe(&"us".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "no Cluster `us` in any namespace");
}

#[tokio::test]
async fn looking_takes_as_many_requests_for_a_hundred_machines_as_for_two() {
    for workers in [1, 99] {
        let server = Server::new(World::settled("v1.30.4", 1, workers));
        let driver = server.driver().in_namespace("clusters");
        driver.observe(&eu()).await.unwrap();
        let lists = [
            "GET clusters",
            "GET kubeadmcontrolplanes",
            "GET machinedeployments",
            "GET machinepools",
            "GET machines",
            "GET machinesets",
        ];
        let mut requests = server.requests();
        requests.sort();
        assert_eq!(requests, lists);
        driver.observe(&eu()).await.unwrap();
        assert_eq!(server.requests(), [] as [&str; 0]);
    }
}

#[tokio::test]
async fn a_server_of_v1beta1_only() {
    let mut world = World::settled("v1.30.4", 1, 1);
    for object in &mut world.objects {
        object["apiVersion"] = json!(
            object["apiVersion"]
                .as_str()
                .unwrap()
                .replace("v1beta2", "v1beta1")
        );
    }
    world.get("Cluster", "eu")["spec"]["controlPlaneRef"] = json!({
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta1", "kind": "KubeadmControlPlane", "name": "eu"});
    let server = Server::new(world);
    server.0.lock().unwrap().version = "v1beta1";
    let driver = server.driver();
    driver.start(&eu(), &to("v1.31.0")).await.unwrap();
    assert_eq!(server.patches(), ["PATCH kubeadmcontrolplanes/eu"]);
    // The version is known by now.
    driver.observe(&eu()).await.unwrap();
    assert_eq!(server.requests(), [] as [&str; 0]);
}

#[tokio::test]
async fn two_clusters_of_one_name_are_told_apart_by_namespace_only() {
    let mut world = World::settled("v1.30.4", 1, 1);
    let mut other = world.get("Cluster", "eu").clone();
    other["metadata"]["namespace"] = json!("others");
    world.objects.push(other);
    let error = Server::new(world).driver().observe(&eu()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cluster `eu` stands in several namespaces (clusters, others); say which with in_namespace"
    );
}

#[tokio::test]
async fn the_fleet_of_a_management_cluster() {
    let mut world = World::settled("v1.30.4", 3, 2);
    world.get("Cluster", "eu")["metadata"]["labels"] = json!({"env": "production"});
    world.get("Cluster", "eu")["spec"]["clusterNetwork"] = json!({
        "pods": {"cidrBlocks": ["10.4.0.0/16", "fd00:4::/56"]},
        "services": {"cidrBlocks": ["10.128.0.0/20"]},
        "serviceDomain": "eu.example",
    });
    let fleet = inventory(Server::new(world).client()).await.unwrap();
    let cluster = fleet.get("eu").unwrap();
    assert_eq!(cluster.version(), &to("v1.30.4"));
    assert_eq!(cluster.env(), Some("production"));
    assert_eq!(cluster.provider().as_str(), "dev");
    let nodes = NodeCounts {
        control_plane: 3,
        workers: 2,
    };
    assert_eq!(cluster.nodes(), nodes);
    let networks = cluster.networks();
    assert_eq!(
        networks.pods,
        ["10.4.0.0/16".parse().unwrap(), "fd00:4::/56".parse().unwrap()]
    );
    assert_eq!(networks.services, ["10.128.0.0/20".parse().unwrap()]);
    assert_eq!(networks.service_domain.as_deref(), Some("eu.example"));
}

#[tokio::test]
async fn a_version_that_git_keeps_is_not_written_but_said() {
    let mut world = World::settled("v1.30.4", 1, 1);
    world.control_plane()["metadata"]["managedFields"] =
        json!([{"manager": "argocd-controller", "fieldsV1": {"f:spec": {"f:version": {}}}}]);
    let server = Server::new(world);
    let error = server.driver().start(&eu(), &to("v1.31.0")).await.unwrap_err();
    assert!(matches!(&error, UpgradeError::Declared { object, .. } if object.kind == "KubeadmControlPlane"));
    assert!(
        error
            .to_string()
            .starts_with("KubeadmControlPlane eu of cluster `eu` is kept by Argo CD: commit v1.31.0 there")
    );
    assert_eq!(
        error.patches_to_commit(),
        [
            json!({"apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "KubeadmControlPlane",
            "metadata": {"name": "eu"}, "spec": {"version": "v1.31.0"}})
        ]
    );
    assert_eq!(server.patches(), [] as [&str; 0]);
    // Unless that is what somebody wants.
    let driver = server.driver().overwrite_declared();
    driver.start(&eu(), &to("v1.31.0")).await.unwrap();
    assert_eq!(server.patches(), ["PATCH kubeadmcontrolplanes/eu"]);
}

#[tokio::test]
async fn all_that_git_keeps_is_said_at_once() {
    let mut world = World::settled("v1.30.4", 1, 1);
    let mut second = world.get("MachineDeployment", "workers").clone();
    second["metadata"]["name"] = json!("more");
    second["spec"]["replicas"] = json!(0);
    second["status"] = json!({"observedGeneration": 1, "replicas": 0});
    world.objects.push(second);
    for name in ["workers", "more"] {
        world.get("MachineDeployment", name)["metadata"]["labels"] =
            json!({"cluster.x-k8s.io/cluster-name": "eu", "kustomize.toolkit.fluxcd.io/name": "clusters"});
    }
    let server = Server::new(world);
    server.driver().start(&eu(), &to("v1.31.0")).await.unwrap();
    server.with(|world| world.replace("cp-0", "v1.31.0"));
    server.requests();
    let error = server.driver().observe(&eu()).await.unwrap_err();
    let names: Vec<_> = error
        .patches_to_commit()
        .iter()
        .map(|patch| &patch["metadata"]["name"])
        .collect();
    assert_eq!(names, ["more", "workers"]);
    assert_eq!(
        error.patches_to_commit()[0]["spec"],
        json!({"template": {"spec": {"version": "v1.31.0"}}})
    );
    assert_eq!(server.patches(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_rotation_that_would_never_come_is_refused() {
    let server = Server::new(World::settled("v1.30.4", 1, 1));
    let order = Order::to(to("v1.31.5")).rotating(Rotation::of_all(to("v1.31.0"), json!({"image": "x"})));
    let error = server.driver().begin(&eu(), &order).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        "Cluster eu does not stop at v1.31.0, with which templates were to change; it stops at v1.31.5"
    );
    assert_eq!(server.patches(), [] as [&str; 0]);
    // What a driver has in store for all its orders is no order.
    let driver = server
        .driver()
        .rotating([Rotation::of_all(to("v1.32.0"), json!({"image": "x"}))]);
    driver.start(&eu(), &to("v1.31.5")).await.unwrap();
}
