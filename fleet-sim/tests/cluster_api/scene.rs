//! A hub with the simulated controllers, and clusters to put into it.

use std::collections::BTreeMap;

use fleet_capi::v1beta2::{Cluster, KubeadmControlPlane, Machine, MachineDeployment, MachinePhase};
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, ClusterApiHandle, Shape};
use jiff::SignedDuration;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "clusters";
pub const CONTROL_PLANE: &str = "cluster.x-k8s.io/control-plane";

pub struct Scene {
    pub hub: Hub,
    pub client: Client,
    pub controllers: ClusterApiHandle,
}

impl Scene {
    pub fn new(api: ClusterApi) -> Self {
        let hub = start();
        let controllers = hub.simulate(api);
        Self {
            client: hub.client(),
            hub,
            controllers,
        }
    }

    /// With a client of the controllers' own, say one that fails now and then.
    pub fn through(api: ClusterApi, client: impl FnOnce(&Hub) -> Client) -> Self {
        let hub = start();
        let clock = hub.clone();
        let controllers = api.spawn(client(&hub), move || clock.now());
        Self {
            client: hub.client(),
            hub,
            controllers,
        }
    }

    pub async fn create(&self, shape: Shape, name: &str, control_plane: i64, workers: i64) {
        for value in manifests(shape, name, control_plane, workers) {
            let object: DynamicObject = serde_json::from_value(value).unwrap();
            let types = object.types.clone().unwrap();
            let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types).unwrap());
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), NAMESPACE, &resource);
            api.create(&PostParams::default(), &object).await.unwrap();
        }
    }

    pub async fn patch<K>(&self, name: &str, body: Value)
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), NAMESPACE);
        api.patch(name, &PatchParams::default(), &Patch::Merge(body))
            .await
            .unwrap();
    }

    pub async fn upgrade(&self, cluster: &str, version: &str) {
        let name = format!("{cluster}-cp");
        self.patch::<KubeadmControlPlane>(&name, json!({"spec": {"version": version}}))
            .await;
        let template = json!({"spec": {"template": {"spec": {"version": version}}}});
        self.patch::<MachineDeployment>(&format!("{cluster}-md"), template)
            .await;
    }

    pub async fn cluster(&self, name: &str) -> Cluster {
        Api::namespaced(self.client.clone(), NAMESPACE)
            .get(name)
            .await
            .unwrap()
    }

    /// The machines of a cluster by name, those of the control plane or the others.
    pub async fn machines(&self, cluster: &str, control_plane: bool) -> BTreeMap<String, Machine> {
        let not = if control_plane { "" } else { "!" };
        let selector = format!("cluster.x-k8s.io/cluster-name={cluster},{not}{CONTROL_PLANE}");
        let api: Api<Machine> = Api::namespaced(self.client.clone(), NAMESPACE);
        let list = api.list(&ListParams::default().labels(&selector)).await.unwrap();
        list.into_iter()
            .map(|machine| (machine.name_any(), machine))
            .collect()
    }

    pub async fn running(&self, cluster: &str, control_plane: bool, version: &str) -> usize {
        let machines = self.machines(cluster, control_plane).await;
        machines
            .values()
            .filter(|machine| is_running(machine) && node_version(machine) == Some(version))
            .count()
    }

    pub async fn pass(&self, minutes: i64) {
        self.hub.advance(SignedDuration::from_mins(minutes)).await;
    }
}

fn start() -> Hub {
    let hub = Hub::builder()
        .crds(fleet_capi::crds())
        .create_missing_namespaces(true)
        .seed(7);
    hub.start().unwrap()
}

pub fn is_running(machine: &Machine) -> bool {
    machine.status.as_ref().and_then(|status| status.phase.as_ref()) == Some(&MachinePhase::Running)
}

pub fn node_version(machine: &Machine) -> Option<&str> {
    Some(
        machine
            .status
            .as_ref()?
            .node_info
            .as_ref()?
            .kubelet_version
            .as_str(),
    )
}

pub fn manifests(shape: Shape, cluster: &str, control_plane: i64, workers: i64) -> Vec<Value> {
    let beta1 = shape == Shape::V1Beta1;
    let version = shape.version();
    let (capi, infra) = ("cluster.x-k8s.io", "infrastructure.cluster.x-k8s.io");
    let (kcp, bootstrap) = ("controlplane.cluster.x-k8s.io", "bootstrap.cluster.x-k8s.io");
    let reference = |group: &str, kind: &str, name: &str| {
        if beta1 {
            json!({"apiVersion": format!("{group}/v1beta1"), "kind": kind, "name": name})
        } else {
            json!({"apiGroup": group, "kind": kind, "name": name})
        }
    };
    let meta = |name: &str| json!({"name": name, "namespace": NAMESPACE});
    let template = reference(infra, "DockerMachineTemplate", cluster);
    let machine_template = if beta1 {
        json!({"infrastructureRef": template})
    } else {
        json!({"spec": {"infrastructureRef": template}})
    };
    let (control_plane_name, workers_name) = (format!("{cluster}-cp"), format!("{cluster}-md"));
    vec![
        json!({
            "apiVersion": format!("{capi}/{version}"), "kind": "Cluster", "metadata": meta(cluster),
            "spec": {
                "controlPlaneRef": reference(kcp, "KubeadmControlPlane", &control_plane_name),
                "infrastructureRef": reference(infra, "DockerCluster", cluster),
            },
        }),
        json!({
            "apiVersion": format!("{infra}/{version}"), "kind": "DockerCluster", "metadata": meta(cluster),
            "spec": {},
        }),
        json!({
            "apiVersion": format!("{kcp}/{version}"), "kind": "KubeadmControlPlane",
            "metadata": meta(&control_plane_name),
            "spec": {
                "replicas": control_plane, "version": "v1.30.0", "machineTemplate": machine_template,
                "kubeadmConfigSpec": {"initConfiguration": {}},
            },
        }),
        json!({
            "apiVersion": format!("{capi}/{version}"), "kind": "MachineDeployment",
            "metadata": meta(&workers_name),
            "spec": {
                "clusterName": cluster, "replicas": workers, "selector": {"matchLabels": {}},
                "template": {"spec": {
                    "clusterName": cluster, "version": "v1.30.0", "infrastructureRef": template,
                    "bootstrap": {"configRef": reference(bootstrap, "KubeadmConfigTemplate", cluster)},
                }},
            },
        }),
    ]
}
