//! In-memory clusters for the tests: making them, and what a script with no safety would do to them.

use std::time::Duration;

use fleet_capi::management::ManagementCluster;
use fleet_capi::rollout::{ClusterState, RolloutStatus};
use fleet_core::{ClusterName, KubernetesVersion};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};

pub type Failed = Box<dyn std::error::Error>;

pub const CORE: &str = "cluster.x-k8s.io";
pub const CONTROL_PLANE: &str = "controlplane.cluster.x-k8s.io";
const BOOTSTRAP: &str = "bootstrap.cluster.x-k8s.io";
const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io";

pub fn v(version: &str) -> KubernetesVersion {
    version.parse().expect("a version")
}

pub fn named(name: &str) -> ClusterName {
    name.parse().expect("a name")
}

pub fn api(client: &Client, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(group, version, kind);
    Api::namespaced_with(client.clone(), "default", &ApiResource::from_gvk(&kind))
}

async fn create(client: &Client, group: &str, kind: &str, name: &str, spec: Value) -> Result<(), Failed> {
    // 1.14.2's in-memory backend panics on a DevCluster without annotations.
    let object = json!({
        "apiVersion": format!("{group}/v1beta2"), "kind": kind,
        "metadata": {"name": name, "annotations": {"e2e/annotated": ""}}, "spec": spec,
    });
    let api = api(client, group, "v1beta2", kind);
    match api
        .create(&PostParams::default(), &serde_json::from_value(object)?)
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        Err(error) => Err(format!("{kind} {name}: {error}").into()),
    }
}

fn reference(group: &str, kind: &str, name: &str) -> Value {
    json!({"apiGroup": group, "kind": kind, "name": name})
}

fn machines() -> Value {
    let second = json!({"provisioning": {"startupDuration": "1s", "startupJitter": "0.2"}});
    let vm = json!({"provisioning": {"startupDuration": "2s", "startupJitter": "0.2"}});
    json!({"template": {"spec": {"backend": {"inMemory": {
        "vm": vm, "node": second, "apiServer": second, "etcd": second}}}}})
}

fn kubeadm() -> Value {
    let node = json!({"nodeRegistration": {"criSocket": "unix:///var/run/containerd/containerd.sock"}});
    json!({
        "clusterConfiguration": {"apiServer": {"certSANs": ["localhost", "127.0.0.1"]}},
        "initConfiguration": node, "joinConfiguration": node,
    })
}

fn network() -> Value {
    json!({"pods": {"cidrBlocks": ["192.168.0.0/16"]}, "services": {"cidrBlocks": ["10.128.0.0/12"]},
        "serviceDomain": "cluster.local"})
}

/// A cluster of one control-plane machine and so many workers, running.
pub async fn classic(
    client: &Client,
    name: &str,
    version: &str,
    workers: u32,
) -> Result<ManagementCluster, Failed> {
    for half in ["cp", "md"] {
        let template = format!("{name}-{half}");
        create(
            client,
            INFRASTRUCTURE,
            "DevMachineTemplate",
            &template,
            machines(),
        )
        .await?;
    }
    let md = format!("{name}-md");
    let join = json!({"template": {"spec": {"joinConfiguration": kubeadm()["joinConfiguration"]}}});
    create(client, BOOTSTRAP, "KubeadmConfigTemplate", &md, join).await?;
    create(
        client,
        INFRASTRUCTURE,
        "DevCluster",
        name,
        json!({"backend": {"inMemory": {}}}),
    )
    .await?;
    let machine = reference(INFRASTRUCTURE, "DevMachineTemplate", &format!("{name}-cp"));
    let control_plane = json!({"replicas": 1, "version": version, "kubeadmConfigSpec": kubeadm(),
        "machineTemplate": {"spec": {"infrastructureRef": machine}}});
    create(client, CONTROL_PLANE, "KubeadmControlPlane", name, control_plane).await?;
    let deployment = json!({"clusterName": name, "replicas": workers, "selector": {"matchLabels": {}},
        "template": {"spec": {"clusterName": name, "version": version,
            "bootstrap": {"configRef": reference(BOOTSTRAP, "KubeadmConfigTemplate", &md)},
            "infrastructureRef": reference(INFRASTRUCTURE, "DevMachineTemplate", &md)}}});
    create(client, CORE, "MachineDeployment", name, deployment).await?;
    let cluster = json!({"clusterNetwork": network(),
        "controlPlaneRef": reference(CONTROL_PLANE, "KubeadmControlPlane", name),
        "infrastructureRef": reference(INFRASTRUCTURE, "DevCluster", name)});
    create(client, CORE, "Cluster", name, cluster).await?;
    settled(client, name, version, 1 + workers as usize).await
}

/// A cluster with a managed topology, running.
pub async fn topology(client: &Client, name: &str, version: &str) -> Result<ManagementCluster, Failed> {
    let template = |group: &str, kind: &str| json!({"templateRef": {"apiVersion": format!("{group}/v1beta2"), "kind": kind, "name": "e2e-class"}});
    let machine = || template(INFRASTRUCTURE, "DevMachineTemplate");
    let infrastructure = json!({"template": {"spec": {"backend": {"inMemory": {}}}}});
    create(
        client,
        INFRASTRUCTURE,
        "DevClusterTemplate",
        "e2e-class",
        infrastructure,
    )
    .await?;
    create(
        client,
        INFRASTRUCTURE,
        "DevMachineTemplate",
        "e2e-class",
        machines(),
    )
    .await?;
    let control_plane = json!({"template": {"spec": {"kubeadmConfigSpec": kubeadm()}}});
    create(
        client,
        CONTROL_PLANE,
        "KubeadmControlPlaneTemplate",
        "e2e-class",
        control_plane,
    )
    .await?;
    let join = json!({"template": {"spec": {"joinConfiguration": kubeadm()["joinConfiguration"]}}});
    create(client, BOOTSTRAP, "KubeadmConfigTemplate", "e2e-class", join).await?;
    let mut control_plane = template(CONTROL_PLANE, "KubeadmControlPlaneTemplate");
    control_plane["machineInfrastructure"] = machine();
    let class = json!({
        "infrastructure": template(INFRASTRUCTURE, "DevClusterTemplate"),
        "controlPlane": control_plane,
        "workers": {"machineDeployments": [{"class": "worker", "infrastructure": machine(),
            "bootstrap": template(BOOTSTRAP, "KubeadmConfigTemplate")}]},
    });
    create(client, CORE, "ClusterClass", "e2e-class", class).await?;
    let cluster = json!({"clusterNetwork": network(), "topology": {
        "classRef": {"name": "e2e-class"}, "version": version, "controlPlane": {"replicas": 1},
        "workers": {"machineDeployments": [{"class": "worker", "name": "md-0", "replicas": 1}]}}});
    // The webhook wants the class to be reconciled first.
    let mut tries = 0;
    while let Err(error) = create(client, CORE, "Cluster", name, cluster.clone()).await {
        tries += 1;
        if tries > 30 {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    settled(client, name, version, 2).await
}

async fn settled(
    client: &Client,
    name: &str,
    version: &str,
    count: usize,
) -> Result<ManagementCluster, Failed> {
    let management = ManagementCluster::new(client.clone());
    let is_up = |state: &ClusterState| {
        state.machines.len() == count && RolloutStatus::of(state, &v(version)).is_done()
    };
    until(&management, name, is_up)
        .await
        .map_err(|error| format!("{name} does not come up: {error}"))?;
    Ok(management)
}

/// Waits for a state by its events, five minutes at most.
pub async fn until(
    management: &ManagementCluster,
    name: &str,
    holds: impl Fn(&ClusterState) -> bool,
) -> Result<(), Failed> {
    let cluster = named(name);
    let mut state = management.state(&cluster).await?;
    let last = tokio::time::Instant::now() + Duration::from_mins(5);
    while !holds(&state) {
        let next = tokio::time::timeout_at(last, management.changed(&cluster, &state)).await;
        state = next.map_err(|_| format!("{state:#?}"))??;
    }
    Ok(())
}

pub async fn merge(client: &Client, group: &str, kind: &str, name: &str, patch: Value) -> Result<(), Failed> {
    let api = api(client, group, "v1beta2", kind);
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    Ok(())
}

/// What a merge patch would do, without doing it.
pub async fn tried(
    client: &Client,
    group: &str,
    kind: &str,
    name: &str,
    patch: Value,
) -> Result<DynamicObject, kube::Error> {
    let params = PatchParams {
        dry_run: true,
        ..PatchParams::default()
    };
    let api = api(client, group, "v1beta2", kind);
    api.patch(name, &params, &Patch::Merge(patch)).await
}

/// The upgrade as a script does it: patch, watch the counters, patch, watch the counters.
pub async fn with_no_safety(client: &Client, name: &str, version: &str) -> Result<(), Failed> {
    merge(
        client,
        CONTROL_PLANE,
        "KubeadmControlPlane",
        name,
        json!({"spec": {"version": version}}),
    )
    .await?;
    rolled(client, CONTROL_PLANE, "KubeadmControlPlane", name, version).await?;
    let workers = json!({"spec": {"template": {"spec": {"version": version}}}});
    merge(client, CORE, "MachineDeployment", name, workers).await?;
    rolled(client, CORE, "MachineDeployment", name, version).await
}

async fn rolled(client: &Client, group: &str, kind: &str, name: &str, version: &str) -> Result<(), Failed> {
    let is_rolled = |object: Option<&DynamicObject>| {
        object.is_some_and(|object| {
            let wanted = json!([{"version": version, "replicas": object.data["spec"]["replicas"]}]);
            let status = &object.data["status"];
            let replicas = &object.data["spec"]["replicas"];
            status["versions"] == wanted
                && status["observedGeneration"].as_i64() == object.metadata.generation
                && condition(object, "RollingOut") == Some("False")
                && [
                    "replicas",
                    "upToDateReplicas",
                    "availableReplicas",
                    "readyReplicas",
                ]
                .iter()
                .all(|counter| &status[counter] == replicas)
        })
    };
    let waiting = await_condition(api(client, group, "v1beta2", kind), name, is_rolled);
    tokio::time::timeout(Duration::from_mins(5), waiting)
        .await
        .map_err(|_| format!("{kind} {name} does not roll to {version}"))??;
    Ok(())
}

pub fn condition<'a>(object: &'a DynamicObject, name: &str) -> Option<&'a str> {
    let conditions = object.data["status"]["conditions"].as_array()?;
    conditions.iter().find(|it| it["type"] == name)?["status"].as_str()
}

/// The name of a worker Machine.
pub fn worker(state: &ClusterState) -> Option<String> {
    use fleet_capi::rollout::MachineRole;
    let mut machines = state.machines.iter();
    Some(
        machines
            .find(|machine| matches!(machine.role, MachineRole::Deployment(_)))?
            .name
            .clone(),
    )
}

/// The names of a kind's objects.
pub async fn names(client: &Client, group: &str, kind: &str) -> Result<Vec<String>, Failed> {
    let list = api(client, group, "v1beta2", kind)
        .list(&kube::api::ListParams::default())
        .await?;
    Ok(list.iter().map(DynamicObject::name_any).collect())
}
