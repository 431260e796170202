//! The state of a mesh, read from live clusters: two of them, in process.
#![cfg(feature = "kube")]
#![allow(clippy::unwrap_used)]

mod support;

use fleet_core::ClusterName;
use fleet_mesh::live::observe;
use fleet_mesh::resources::Gateway;
use fleet_mesh::{LinkState, Present, mesh_plan};
use fleet_sim::Hub;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, CustomResourceExt};
use serde_json::json;
use support::{cilium, cluster, fleet, networks, submariner};

async fn install_cilium(client: Client, name: &str, id: u16, version: &str, remotes: &[&str]) {
    let namespace = "kube-system";
    let create = PostParams::default();
    let config = json!({"metadata": {"name": "cilium-config"}, "data": {"cluster-name": name, "cluster-id": id.to_string()}});
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    maps.create(&create, &serde_json::from_value(config).unwrap())
        .await
        .unwrap();
    let keys: serde_json::Map<_, _> = remotes
        .iter()
        .flat_map(|remote| [(*remote).to_owned(), format!("{remote}.etcd-client.crt")])
        .map(|key| (key, json!("c2VjcmV0")))
        .collect();
    let secret = json!({"metadata": {"name": "cilium-clustermesh"}, "data": keys});
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    secrets
        .create(&create, &serde_json::from_value(secret).unwrap())
        .await
        .unwrap();
    let pods = |container: &str, image: String| json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": container, "image": image}]}});
    let agents = json!({"metadata": {"name": "cilium"}, "spec": {"selector": {"matchLabels": {"app": "x"}},
        "template": pods("cilium-agent", format!("quay.io/cilium/cilium:{version}@sha256:0"))}});
    let sets: Api<DaemonSet> = Api::namespaced(client.clone(), namespace);
    sets.create(&create, &serde_json::from_value(agents).unwrap())
        .await
        .unwrap();
    let server = json!({"metadata": {"name": "clustermesh-apiserver"}, "spec": {"selector": {"matchLabels": {"app": "x"}},
        "template": pods("apiserver", "x".to_owned())}});
    let deployments: Api<Deployment> = Api::namespaced(client, namespace);
    deployments
        .create(&create, &serde_json::from_value(server).unwrap())
        .await
        .unwrap();
    let status = json!({"status": {"availableReplicas": 1, "replicas": 1}});
    deployments
        .patch_status(
            "clustermesh-apiserver",
            &PatchParams::default(),
            &Patch::Merge(&status),
        )
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mesh_of_cilium_that_is_half_there() {
    let names: [ClusterName; 3] = ["ap", "eu", "us"].map(|name| name.parse().unwrap());
    let hubs = [(); 3].map(|()| Hub::builder().start().unwrap());
    install_cilium(hubs[0].client(), "ap", 1, "v1.18.4", &["eu"]).await;
    install_cilium(hubs[1].client(), "eu", 5, "v1.17.0", &["ap", "old"]).await;

    let clusters = names.iter().zip(["10.64.0.0/16", "10.65.0.0/16", "10.66.0.0/16"]);
    let fleet = fleet(clusters.map(|(name, pods)| cluster(name.as_str(), networks(pods, "", ""), &[])));
    let plan = mesh_plan(&fleet, &cilium()).unwrap();
    let clients = names.iter().cloned().zip(hubs.iter().map(Hub::client));
    let observed = observe(plan.technology(), clients).await.unwrap();

    assert_eq!(observed.members[&names[0]].links["eu"], LinkState::Configured);
    let differences: Vec<_> = plan.compare(&observed).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(differences.join("\n"));
    let steps: Vec<_> = plan
        .steps(&plan.present(&observed))
        .iter()
        .map(|step| step.action.to_string())
        .collect();
    assert_eq!(
        steps,
        [
            "make us a member",
            "connect ap - us",
            "connect eu - us",
            "verify ap",
            "verify eu",
            "verify us"
        ]
    );
    assert_ne!(plan.steps(&Present::default()).len(), steps.len());
}

#[tokio::test(start_paused = true)]
async fn the_tunnels_of_submariner() {
    let hub = Hub::builder()
        .crds([Gateway::crd()])
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let gateways: Api<Gateway> = Api::namespaced(hub.client(), "submariner-operator");
    let endpoint =
        |cluster: &str| json!({"cluster_id": cluster, "subnets": ["10.64.0.0/16"], "hostname": "node-1"});
    let gateway = json!({"apiVersion": "submariner.io/v1", "kind": "Gateway", "metadata": {"name": "node-1"}, "spec": {}});
    gateways
        .create(&PostParams::default(), &serde_json::from_value(gateway).unwrap())
        .await
        .unwrap();
    let status = json!({"status": {"haStatus": "active", "version": "v0.20.1", "localEndpoint": endpoint("ap"), "connections": [
        {"status": "connected", "statusMessage": "", "endpoint": endpoint("eu"), "latencyRTT": {"average": "1ms"}},
        {"status": "error", "statusMessage": "no route", "endpoint": endpoint("us")},
    ]}});
    gateways
        .patch_status("node-1", &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();

    let names: [ClusterName; 3] = ["ap", "eu", "us"].map(|name| name.parse().unwrap());
    let blocks = [
        ("10.64.0.0/16", "10.80.0.0/20"),
        ("10.65.0.0/16", "10.81.0.0/20"),
        ("10.66.0.0/16", "10.82.0.0/20"),
    ];
    let fleet = fleet(
        names
            .iter()
            .zip(blocks)
            .map(|(name, (pods, services))| cluster(name.as_str(), networks(pods, services, ""), &[])),
    );
    let plan = mesh_plan(&fleet, &submariner()).unwrap();
    let empty = Hub::builder().start().unwrap();
    let clients = [
        (names[0].clone(), hub.client()),
        (names[1].clone(), empty.client()),
    ];
    let observed = observe(plan.technology(), clients).await.unwrap();
    let differences: Vec<_> = plan.compare(&observed).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(differences.join("\n"));
}
