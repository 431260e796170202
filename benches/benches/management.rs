//! A management cluster of 10,000 clusters: decoding its Machines, and the fleet from its watches, as a table.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use fleet_capi::management::ManagementCluster;
use fleet_capi::v1beta2::Machine;
use fleet_core::ClusterName;
use fleet_sim::Hub;
use futures::{StreamExt as _, stream};
use k8s_openapi::serde::Serialize;
use k8s_openapi::serde::de::DeserializeOwned;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use serde_json::{Value, json};

const CLUSTERS: u64 = 10_000;
/// The one kind that a child of this process measures.
const ONLY: &str = "FLEET_BENCH_ONLY";

fn main() {
    // Memory that one kind gives back is there for the next: each is measured in a process of its own.
    match std::env::var(ONLY).as_deref() {
        Ok("DynamicObject") => decoded::<DynamicObject>("DynamicObject"),
        Ok(_) => decoded::<Machine>("v1beta2::Machine"),
        Err(_) => {
            println!("| {CLUSTERS} Machines | decode | encode | memory |");
            println!("| --- | ---: | ---: | ---: |");
            for only in ["DynamicObject", "Machine"] {
                let this = std::env::current_exe().unwrap();
                assert!(Command::new(this).env(ONLY, only).status().unwrap().success());
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(fleet());
        }
    }
}

fn decoded<T: DeserializeOwned + Serialize>(what: &str) {
    let machines: Vec<Vec<u8>> = (0..CLUSTERS)
        .map(|number| serde_json::to_vec(&machine(number)).unwrap())
        .collect();
    let mut objects: Vec<T> = Vec::with_capacity(machines.len());
    let (before, began) = (resident(), Instant::now());
    objects.extend(
        machines
            .iter()
            .map(|text| serde_json::from_slice::<T>(text).unwrap()),
    );
    let (decode, memory) = (began.elapsed(), resident().saturating_sub(before));
    let began = Instant::now();
    for object in &objects {
        black_box(serde_json::to_vec(object).unwrap());
    }
    let encode = began.elapsed();
    println!(
        "| {what} | {decode:.0?} | {encode:.0?} | {:.1} MB |",
        memory as f64 / 1e6
    );
}

async fn fleet() {
    let mut crds = fleet_capi::crds();
    for version in crds.iter_mut().flat_map(|crd| &mut crd.spec.versions) {
        let anything =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        version.schema = serde_json::from_value(anything).unwrap();
    }
    let hub = Hub::builder().crds(crds).start().unwrap();
    stream::iter(0..CLUSTERS)
        .for_each_concurrent(32, |number| {
            let hub = &hub;
            async move {
                for object in objects(number) {
                    let (group, version) = object["apiVersion"].as_str().unwrap().split_once('/').unwrap();
                    let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
                    let api: Api<DynamicObject> =
                        Api::namespaced_with(hub.client(), "default", &ApiResource::from_gvk(&kind));
                    let object = serde_json::from_value(object).unwrap();
                    api.create(&PostParams::default(), &object).await.unwrap();
                }
            }
        })
        .await;

    let management = ManagementCluster::new(hub.client());
    let (before, began) = (resident(), Instant::now());
    assert_eq!(management.fleet().await.unwrap().len() as u64, CLUSTERS);
    println!("\nfirst fleet of {CLUSTERS} clusters: {:.0?}", began.elapsed());
    let began = Instant::now();
    black_box(management.fleet().await.unwrap());
    println!("the next one: {:.0?}", began.elapsed());
    let began = Instant::now();
    let first: ClusterName = "cluster-0".parse().unwrap();
    management.state(&first).await.unwrap();
    println!(
        "first state, with all Machines and MachineSets: {:.0?}",
        began.elapsed()
    );
    let memory = resident().saturating_sub(before);
    println!(
        "memory a cluster of three machines: {:.1} kB",
        memory as f64 / 1e3 / CLUSTERS as f64
    );
    let requests = hub.requests().total();
    let began = Instant::now();
    for number in 0..CLUSTERS {
        let name: ClusterName = format!("cluster-{number}").parse().unwrap();
        black_box(management.state(&name).await.unwrap());
    }
    let looks = began.elapsed();
    println!(
        "a look at every cluster: {looks:.0?}, {} requests",
        hub.requests().total() - requests
    );
}

fn objects(number: u64) -> Vec<Value> {
    let name = format!("cluster-{number}");
    let group_status = json!({"observedGeneration": 1, "replicas": 1, "upToDateReplicas": 1, "availableReplicas": 1,
        "readyReplicas": 1, "versions": [{"version": "v1.34.0", "replicas": 1}], "conditions": conditions()});
    let object = |group: &str, kind: &str, spec: Value| {
        json!({"apiVersion": format!("{group}/v1beta2"), "kind": kind,
            "metadata": {"name": name, "namespace": "default", "labels": {"cluster.x-k8s.io/cluster-name": name}},
            "spec": spec, "status": group_status})
    };
    let core = "cluster.x-k8s.io";
    let mut objects = vec![
        object(
            core,
            "Cluster",
            json!({
            "controlPlaneRef": {"apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": name},
            "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSCluster", "name": name}}),
        ),
        object(
            "controlplane.cluster.x-k8s.io",
            "KubeadmControlPlane",
            json!({"replicas": 1, "version": "v1.34.0"}),
        ),
        object(
            core,
            "MachineDeployment",
            json!({"clusterName": name, "replicas": 2,
            "template": {"spec": {"clusterName": name, "version": "v1.34.0"}}}),
        ),
        object(
            core,
            "MachineSet",
            json!({"clusterName": name, "replicas": 2,
            "template": {"spec": {"clusterName": name, "version": "v1.34.0"}}}),
        ),
    ];
    objects.extend((0..3).map(|index| {
        let mut machine = machine(number);
        machine["metadata"]["name"] = json!(format!("{name}-{index}"));
        machine
    }));
    objects
}

/// A Machine as the controllers leave it.
fn machine(number: u64) -> Value {
    let cluster = format!("cluster-{number}");
    let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:cluster.x-k8s.io/cluster-name": {}}},
        "f:spec": {"f:clusterName": {}, "f:version": {}, "f:bootstrap": {}, "f:infrastructureRef": {}}});
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
        "metadata": {"name": format!("{cluster}-x7k2p"), "namespace": "default", "generation": 2,
            "labels": {"cluster.x-k8s.io/cluster-name": cluster, "cluster.x-k8s.io/deployment-name": cluster},
            "finalizers": ["machine.cluster.x-k8s.io"],
            "managedFields": [{"manager": "manager", "operation": "Apply", "apiVersion": "cluster.x-k8s.io/v1beta2",
                "time": "2026-11-24T04:41:30Z", "fieldsType": "FieldsV1", "fieldsV1": fields}]},
        "spec": {"clusterName": cluster, "version": "v1.34.0", "providerID": format!("aws:///eu-west-1a/i-{number:017x}"),
            "bootstrap": {"dataSecretName": format!("{cluster}-x7k2p"), "configRef": {
                "apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig", "name": format!("{cluster}-x7k2p")}},
            "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachine",
                "name": format!("{cluster}-x7k2p")}},
        "status": {"phase": "Running", "observedGeneration": 2, "nodeRef": {"name": format!("{cluster}-x7k2p")},
            "initialization": {"bootstrapDataSecretCreated": true, "infrastructureProvisioned": true},
            "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}, {"type": "Hostname", "address": "node"}],
            "nodeInfo": {"kubeletVersion": "v1.34.0", "osImage": "Ubuntu 24.04", "architecture": "amd64",
                "bootID": "b", "containerRuntimeVersion": "containerd://2.1.4", "kernelVersion": "6.8.0",
                "kubeProxyVersion": "", "machineID": "m", "operatingSystem": "linux", "systemUUID": "u"},
            "conditions": conditions()},
    })
}

fn conditions() -> Value {
    let types = [
        "Available",
        "Ready",
        "UpToDate",
        "BootstrapConfigReady",
        "InfrastructureReady",
        "NodeHealthy",
        "NodeReady",
        "Deleting",
        "Paused",
    ];
    let conditions = types.map(|name| {
        json!({"type": name, "status": "True", "reason": name, "message": "",
        "lastTransitionTime": "2026-11-24T04:41:30Z", "observedGeneration": 2})
    });
    json!(conditions)
}

/// Bytes of memory that this process holds; 0 where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}
