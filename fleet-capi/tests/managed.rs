//! Clusters whose control plane a cloud runs: EKS, which counts in minors, and AKS, which does not.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(all(feature = "kube", feature = "aws", feature = "azure"))]

use fleet_capi::rollout::{Phase, RolloutStatus};
use fleet_capi::upgrade::{CapiClusterDriver, Order, Refusal, Rotation, Step, UpgradeError};
use fleet_core::{ClusterName, KubernetesVersion};
use fleet_sim::Hub;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

const CORE: (&str, &str) = ("cluster.x-k8s.io", "v1beta2");
const EKS: Managed = Managed {
    api: ("controlplane.cluster.x-k8s.io", "v1beta2"),
    control_plane: "AWSManagedControlPlane",
    pool: "AWSManagedMachinePool",
};
const AKS: Managed = Managed {
    api: ("infrastructure.cluster.x-k8s.io", "v1beta1"),
    control_plane: "AzureASOManagedControlPlane",
    pool: "AzureASOManagedMachinePool",
};

struct Managed {
    api: (&'static str, &'static str),
    control_plane: &'static str,
    pool: &'static str,
}

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

fn v(version: &str) -> KubernetesVersion {
    version.parse().unwrap()
}

fn api(hub: &Hub, (group, version): (&str, &str), kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(group, version, kind);
    Api::namespaced_with(hub.client(), "clusters", &ApiResource::from_gvk(&kind))
}

async fn create(hub: &Hub, at: (&str, &str), kind: &str, name: &str, spec: Value, status: Value) {
    let object = json!({
        "apiVersion": format!("{}/{}", at.0, at.1), "kind": kind,
        "metadata": {"name": name, "namespace": "clusters", "labels": {"cluster.x-k8s.io/cluster-name": "eu"}},
        "spec": spec,
    });
    let object = serde_json::from_value(object).unwrap();
    api(hub, at, kind)
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
    set(hub, at, kind, name, json!({"status": status})).await;
}

/// What a provider writes, into spec or status.
async fn set(hub: &Hub, at: (&str, &str), kind: &str, name: &str, patch: Value) {
    let (api, params) = (api(hub, at, kind), PatchParams::default());
    if patch.get("status").is_some() {
        api.patch_status(name, &params, &Patch::Merge(&patch))
            .await
            .unwrap();
    } else {
        api.patch(name, &params, &Patch::Merge(&patch)).await.unwrap();
    }
}

/// A cluster of two nodes in a pool; `reported` is how its control plane writes its version, `kubelet` what nodes run.
async fn hub(of: &Managed, version: &str, reported: &str, kubelet: &str) -> Hub {
    let hub = Hub::builder().crds(fleet_capi::crds()).start().unwrap();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "clusters"}});
    let namespaces = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
    Api::<DynamicObject>::all_with(hub.client(), &namespaces)
        .create(
            &PostParams::default(),
            &serde_json::from_value(namespace).unwrap(),
        )
        .await
        .unwrap();
    let mut spec = json!({"version": version});
    if of.control_plane == AKS.control_plane {
        spec["resources"] = json!([]);
    }
    create(
        &hub,
        of.api,
        of.control_plane,
        "eu",
        spec,
        json!({"ready": true, "version": reported}),
    )
    .await;
    let infrastructure = |kind: &str, name: &str| json!({"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": kind, "name": name});
    let pool = json!({"clusterName": "eu", "replicas": 2, "template": {"spec": {
        "clusterName": "eu", "version": "v1.33.4", "bootstrap": {"dataSecretName": "none"},
        "infrastructureRef": infrastructure(of.pool, "pool")}}});
    let status = json!({"observedGeneration": 1, "replicas": 2, "availableReplicas": 2,
        "versions": [{"version": kubelet, "replicas": 2}]});
    create(&hub, CORE, "MachinePool", "pool", pool, status).await;
    let cluster = json!({
        "controlPlaneRef": {"apiGroup": of.api.0, "kind": of.control_plane, "name": "eu"},
        "infrastructureRef": infrastructure("AnyCluster", "eu")});
    create(&hub, CORE, "Cluster", "eu", cluster, json!({})).await;
    hub
}

async fn version(hub: &Hub, at: (&str, &str), kind: &str, name: &str, pointer: &str) -> String {
    let object = api(hub, at, kind).get(name).await.unwrap();
    object.data.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_eks_that_lags_rests_at_its_minor() {
    let hub = hub(&EKS, "v1.34", "1.34", "v1.33.5-eks-3cfe0ce").await;
    let progress = CapiClusterDriver::new(hub.client()).observe(&eu()).await.unwrap();
    assert_eq!(
        (progress.workers_behind, progress.phase, progress.done),
        (Some(v("v1.33.4")), Phase::Done, false)
    );
}

#[tokio::test(start_paused = true)]
async fn eks_is_compared_by_minors() {
    // As its webhook leaves a version, as EKS reports it, and as its nodes call themselves.
    let hub = hub(&EKS, "v1.33", "1.33", "v1.33.5-eks-3cfe0ce").await;
    let driver = CapiClusterDriver::new(hub.client());
    let state = driver.load(&eu()).await.unwrap();
    assert!(state.is_by_minor() && RolloutStatus::of(&state, &v("v1.33.4")).is_done());

    // A pool's machines are made as its infrastructure object says, not from a template that could be copied.
    let change = json!({"amiVersion": "1.34.1-20260601"});
    let rotating = Order::to(v("v1.34.2")).rotating(Rotation::of_all(v("v1.34.2"), change));
    let refused = driver.begin(&eu(), &rotating).await.unwrap_err();
    assert!(
        matches!(
            &refused,
            UpgradeError::Refused {
                refusal: Refusal::PoolTemplates { .. },
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(
        version(&hub, EKS.api, EKS.control_plane, "eu", "/spec/version").await,
        "v1.33"
    );

    let order = Order::to(v("v1.34.2"));
    let begun = driver.begin(&eu(), &order).await.unwrap();
    assert!(matches!(begun.step, Step::PatchControlPlane { .. }), "{begun:?}");
    assert_eq!(
        version(&hub, EKS.api, EKS.control_plane, "eu", "/spec/version").await,
        "v1.34.2"
    );
    // The webhook takes the patch release away; the old version runs for a quarter of an hour still.
    set(
        &hub,
        EKS.api,
        EKS.control_plane,
        "eu",
        json!({"spec": {"version": "v1.34"}}),
    )
    .await;
    let seen = driver.observe(&eu()).await.unwrap();
    assert!(
        matches!(seen.step, Step::WaitControlPlane { .. }) && !seen.done,
        "{seen:?}"
    );
    assert_eq!(
        (seen.asked, seen.version),
        (Some(v("v1.34.2")), Some(v("v1.33.0")))
    );
    // AWS has begun, though no Machine shows it.
    let late = driver.abort(&eu()).await.unwrap_err();
    assert!(
        matches!(
            &late,
            UpgradeError::Refused {
                refusal: Refusal::Managed { .. },
                ..
            }
        ),
        "{late:?}"
    );
    // The same order again, by whoever comes next: nothing is wrong with it.
    assert!(driver.begin(&eu(), &order).await.is_ok());

    set(
        &hub,
        EKS.api,
        EKS.control_plane,
        "eu",
        json!({"status": {"version": "1.34"}}),
    )
    .await;
    let seen = CapiClusterDriver::new(hub.client()).observe(&eu()).await.unwrap();
    assert!(matches!(seen.step, Step::PatchWorkers { .. }), "{seen:?}");
    let pools = version(&hub, CORE, "MachinePool", "pool", "/spec/template/spec/version").await;
    assert_eq!(pools, "v1.34.2");

    let half = json!([{"version": "v1.33.5-eks-3cfe0ce", "replicas": 1}, {"version": "v1.34.1-eks-113cf36", "replicas": 1}]);
    set(
        &hub,
        CORE,
        "MachinePool",
        "pool",
        json!({"status": {"observedGeneration": 2, "versions": half}}),
    )
    .await;
    let driver = CapiClusterDriver::new(hub.client());
    let seen = driver.observe(&eu()).await.unwrap();
    assert_eq!((seen.done, seen.machines.to_string()), (false, "2/3".to_owned()));

    let all = json!([{"version": "v1.34.1-eks-113cf36", "replicas": 2}]);
    set(
        &hub,
        CORE,
        "MachinePool",
        "pool",
        json!({"status": {"versions": all}}),
    )
    .await;
    assert!(driver.run(&eu(), &order).await.unwrap().done);

    // Down, and two minors at once, are refused as everywhere.
    for target in ["v1.33.0", "v1.36.0"] {
        let refused = driver.start(&eu(), &v(target)).await;
        assert!(
            matches!(
                refused,
                Err(UpgradeError::Refused {
                    refusal: Refusal::Hop { .. },
                    ..
                })
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn aks_is_compared_by_releases() {
    let hub = hub(&AKS, "v1.33.4", "v1.33.4", "v1.33.4").await;
    let driver = CapiClusterDriver::new(hub.client());
    let state = driver.load(&eu()).await.unwrap();
    assert!(!state.is_by_minor() && RolloutStatus::of(&state, &v("v1.33.4")).is_done());

    let order = Order::to(v("v1.34.1"));
    driver.begin(&eu(), &order).await.unwrap();
    set(
        &hub,
        AKS.api,
        AKS.control_plane,
        "eu",
        json!({"status": {"version": "v1.34.1"}}),
    )
    .await;
    let driver = CapiClusterDriver::new(hub.client());
    let seen = driver.observe(&eu()).await.unwrap();
    assert!(matches!(seen.step, Step::PatchWorkers { .. }), "{seen:?}");
    // Another patch release is another version here.
    let other = json!([{"version": "v1.34.0", "replicas": 2}]);
    set(
        &hub,
        CORE,
        "MachinePool",
        "pool",
        json!({"status": {"observedGeneration": 2, "versions": other}}),
    )
    .await;
    let driver = CapiClusterDriver::new(hub.client());
    assert!(!driver.observe(&eu()).await.unwrap().done);
    let all = json!([{"version": "v1.34.1", "replicas": 2}]);
    set(
        &hub,
        CORE,
        "MachinePool",
        "pool",
        json!({"status": {"versions": all}}),
    )
    .await;
    assert!(driver.run(&eu(), &order).await.unwrap().done);
}
