//! In-memory clusters for the tests: making them, and what a script with no safety would do to them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use fleet_capi::management::ManagementCluster;
use fleet_capi::rollout::{ClusterState, RolloutStatus};
use fleet_capi::{ClusterSpec, NodePool};
use fleet_core::{ClusterName, KubernetesVersion};
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
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

/// A cluster of one control-plane machine and so many workers, made by our builder and running. Its control plane is
/// called `<name>-control-plane`, its workers are `<name>-workers`.
pub async fn classic(
    client: &Client,
    name: &str,
    version: &str,
    workers: u32,
) -> Result<ManagementCluster, Failed> {
    let spec = ClusterSpec::in_memory(name)
        .version(v(version))
        .control_plane(1)
        .pool(NodePool::new("workers", workers));
    apply(client, &spec).await?;
    settled(client, name, version, 1 + workers as usize).await
}

/// Makes what a spec says.
async fn apply(client: &Client, spec: &ClusterSpec) -> Result<(), Failed> {
    for object in spec.manifests()? {
        let api_version = object.api_kind().api_version;
        let (group, version) = api_version
            .split_once('/')
            .ok_or("a kind of Cluster API has a group")?;
        let api = api(client, group, version, object.api_kind().kind);
        api.create(
            &PostParams::default(),
            &serde_json::from_value(object.to_value()?)?,
        )
        .await
        .map_err(|error| format!("{} {}: {error}", object.api_kind().kind, object.name()))?;
    }
    Ok(())
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
    let spec = ClusterSpec::of_class(name, "e2e-class")
        .version(v(version))
        .pool(NodePool::new("md-0", 1).class("worker"));
    // The webhook wants the class to be reconciled first.
    let mut tries = 0;
    while let Err(error) = apply(client, &spec).await {
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

/// What a script that patches and watches, with no safety at all, says when it is done: `fleet` of the end-to-end control
/// plane.
pub async fn script(arguments: &[&str]) -> Result<(), Failed> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let mut command = std::process::Command::new(shared.join("e2e/fleet"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
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
        .list(&ListParams::default())
        .await?;
    Ok(list.iter().map(DynamicObject::name_any).collect())
}

/// A provider's kind with the version `v1`, which the labels speak of, and a newer one, which they do not.
pub async fn foreign_provider(client: &Client, kind: &str, labels: &[(&str, &str)]) -> Result<(), Failed> {
    let plural = format!("{}s", kind.to_lowercase());
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let version = |name: &str, stored: bool| json!({"name": name, "served": true, "storage": stored, "schema": schema, "subresources": {"status": {}}});
    let labels: BTreeMap<_, _> = labels.iter().copied().collect();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{INFRASTRUCTURE}"), "labels": labels},
        "spec": {
            "group": INFRASTRUCTURE, "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()},
            "versions": [version("v1", true), version("v2", false)],
        },
    });
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
    ));
    let definitions: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    definitions
        .create(&PostParams::default(), &serde_json::from_value(definition)?)
        .await?;
    // Served a moment later.
    for _ in 0..50 {
        if api(client, INFRASTRUCTURE, "v1", kind)
            .list(&ListParams::default())
            .await
            .is_ok()
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(format!("{kind} is not served").into())
}

/// A Cluster on somebody else's infrastructure, which says that it is ready; returns when Cluster API believes it.
pub async fn foreign_cluster(client: &Client, name: &str, kind: &str) -> Result<(), Failed> {
    let objects = api(client, INFRASTRUCTURE, "v1", kind);
    let object = json!({
        "apiVersion": format!("{INFRASTRUCTURE}/v1"), "kind": kind, "metadata": {"name": name},
        "spec": {"controlPlaneEndpoint": {"host": "127.0.0.1", "port": 6443}},
    });
    objects
        .create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    let ready = json!({"status": {"ready": true}});
    objects
        .patch_status(name, &PatchParams::default(), &Patch::Merge(ready))
        .await?;
    let reference = json!({"apiGroup": INFRASTRUCTURE, "kind": kind, "name": name});
    create(
        client,
        CORE,
        "Cluster",
        name,
        json!({"infrastructureRef": reference}),
    )
    .await?;
    let clusters = api(client, CORE, "v1beta2", "Cluster");
    for _ in 0..120 {
        let cluster = clusters.get(name).await?;
        if cluster.data["status"]["initialization"]["infrastructureProvisioned"] == true {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(format!(
        "Cluster API does not read {kind} {name}: {:#}",
        clusters.get(name).await?.data["status"]
    )
    .into())
}
