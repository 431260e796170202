//! A fleet written as profiles on the embedded hub, and read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

use fleet_capi::inventory::{ClusterProfile, FLEET_SDK_MANAGER, ProfilesError, from_profiles, publish};
use fleet_core::{Fleet, FleetCluster, Labels, NodeCounts, Provider};
use fleet_sim::Hub;
use kube::CustomResourceExt as _;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

fn member(name: &str, version: &str) -> FleetCluster {
    FleetCluster::new(name.parse().unwrap(), version.parse().unwrap())
        .with_labels(Labels::from_pairs([("env", "production"), ("region", "eu-west-1")]).unwrap())
        .with_nodes(NodeCounts {
            control_plane: 3,
            workers: 12,
        })
        .with_provider(Provider::Aws)
        .with_failure_domains(["eu-west-1a", "eu-west-1b"])
}

async fn hub() -> Hub {
    let hub = Hub::builder().crds([ClusterProfile::crd()]).start().unwrap();
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(hub.client());
    let namespace = serde_json::from_value(json!({"metadata": {"name": "fleet"}})).unwrap();
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    hub
}

#[tokio::test(start_paused = true)]
async fn a_fleet_comes_back_from_its_profiles() {
    let hub = hub().await;
    let fleet = Fleet::new([member("eu", "v1.34.2"), member("us", "v1.33.1")]).unwrap();
    let first = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert_eq!((first.written.len(), first.unchanged.len()), (2, 0));
    let read = from_profiles(hub.client(), Some("fleet")).await.unwrap();
    assert!(read.iter().eq(fleet.iter()), "{read:?}");

    // Again: nothing is written. One upgraded, one gone: one is written and one removed.
    let again = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert_eq!((again.written.len(), again.unchanged.len()), (0, 2));
    let fleet = Fleet::new([member("eu", "v1.35.0")]).unwrap();
    let then = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert_eq!((then.written.len(), then.removed.len()), (1, 1));
    let read = from_profiles(hub.client(), None).await.unwrap();
    assert_eq!(read.get("eu").unwrap().version().to_string(), "v1.35.0");
    assert_eq!(read.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_managers_profiles_are_left_alone() {
    let hub = hub().await;
    let api: Api<ClusterProfile> = Api::namespaced(hub.client(), "fleet");
    for name in ["eu", "ap"] {
        let foreign = ClusterProfile::of(&member(name, "v1.32.0"), "gke-fleet");
        api.create(&PostParams::default(), &foreign).await.unwrap();
    }
    let fleet = Fleet::new([member("eu", "v1.34.2"), member("us", "v1.34.2")]).unwrap();
    let error = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap_err();
    assert!(matches!(error, ProfilesError::Foreign { .. }), "{error}");
    assert!(api.get_opt("us").await.unwrap().is_none(), "nothing was written");

    let fleet = Fleet::new([member("us", "v1.34.2")]).unwrap();
    publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert!(api.get_opt("ap").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_cluster_has_lost_its_profile_loses_too() {
    let hub = hub().await;
    let fleet = Fleet::new([member("eu", "v1.34.2")]).unwrap();
    publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    // A label of somebody else's stays.
    let api: Api<ClusterProfile> = Api::namespaced(hub.client(), "fleet");
    let theirs = json!({"metadata": {"labels": {"team": "shop"}}});
    api.patch("eu", &PatchParams::default(), &Patch::Merge(theirs))
        .await
        .unwrap();
    let less = FleetCluster::new("eu".parse().unwrap(), "v1.34.2".parse().unwrap())
        .with_labels(Labels::from_pairs([("env", "production")]).unwrap())
        .with_nodes(NodeCounts {
            control_plane: 3,
            workers: 12,
        });
    let fleet = Fleet::new([less]).unwrap();
    let then = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert_eq!(then.written.len(), 1);
    let profile = api.get("eu").await.unwrap();
    let labels: Vec<_> = profile.metadata.labels.as_ref().unwrap().keys().collect();
    assert_eq!(labels, ["env", "team", "x-k8s.io/cluster-manager"]);
    assert_eq!(profile.property("topology.kubernetes.io/region"), None);
    assert_eq!(profile.property("fleet-sdk.dev/provider"), None);
    assert_eq!(profile.property("fleet-sdk.dev/worker-nodes"), Some("12"));
    let again = publish(hub.client(), "fleet", FLEET_SDK_MANAGER, &fleet)
        .await
        .unwrap();
    assert_eq!(again.unchanged.len(), 1);
}
