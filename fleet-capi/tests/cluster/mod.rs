//! A cluster as an API server would show it, for tests: JSON that can be changed field by field.

use fleet_capi::rollout::ClusterState;
use serde_json::{Value, json};

/// The objects of one cluster called `eu`.
#[derive(Debug, Clone)]
pub struct World {
    pub objects: Vec<Value>,
}

impl World {
    /// `control_plane` and `workers` machines, all settled at a version.
    pub fn settled(version: &str, control_plane: usize, workers: usize) -> Self {
        let mut world = Self {
            objects: vec![
                cluster(),
                kubeadm_control_plane(version, control_plane),
                deployment(version, workers),
            ],
        };
        for index in 0..control_plane {
            let labels = json!({"cluster.x-k8s.io/control-plane": ""});
            world
                .objects
                .push(machine(&format!("cp-{index}"), version, &labels));
        }
        for index in 0..workers {
            let labels = json!({"cluster.x-k8s.io/deployment-name": "workers"});
            world
                .objects
                .push(machine(&format!("md-{index}"), version, &labels));
        }
        world
    }

    pub fn state(&self) -> ClusterState {
        ClusterState::from_values("eu", &self.objects).unwrap()
    }

    /// The object of a kind and name.
    pub fn get(&mut self, kind: &str, name: &str) -> &mut Value {
        let mut objects = self.objects.iter_mut();
        objects
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap()
    }

    pub fn control_plane(&mut self) -> &mut Value {
        self.get("KubeadmControlPlane", "eu")
    }

    pub fn workers(&mut self) -> &mut Value {
        self.get("MachineDeployment", "workers")
    }

    pub fn machine(&mut self, name: &str) -> &mut Value {
        self.get("Machine", name)
    }

    /// The versions that are asked for, of the control plane and the workers.
    pub fn ask(&mut self, control_plane: &str, workers: &str) {
        self.control_plane()["spec"]["version"] = json!(control_plane);
        self.workers()["spec"]["template"]["spec"]["version"] = json!(workers);
    }

    /// A machine is replaced by one of a version, and its group counts it.
    pub fn replace(&mut self, name: &str, version: &str) {
        let machine = self.machine(name);
        machine["spec"]["version"] = json!(version);
        machine["status"]["nodeInfo"]["kubeletVersion"] = json!(version);
        self.count();
    }

    /// What the controllers do in the end: `status.versions` from the machines.
    pub fn count(&mut self) {
        for (kind, name, prefix) in [
            ("KubeadmControlPlane", "eu", "cp-"),
            ("MachineDeployment", "workers", "md-"),
        ] {
            let mut versions = std::collections::BTreeMap::new();
            for machine in self.objects.iter().filter(|object| object["kind"] == "Machine") {
                if machine["metadata"]["name"].as_str().unwrap().starts_with(prefix) {
                    let version = machine["status"]["nodeInfo"]["kubeletVersion"]
                        .as_str()
                        .unwrap()
                        .to_owned();
                    *versions.entry(version).or_insert(0) += 1;
                }
            }
            let versions: Vec<_> = versions
                .iter()
                .map(|(version, replicas)| json!({"version": version, "replicas": replicas}))
                .collect();
            self.get(kind, name)["status"]["versions"] = json!(versions);
        }
    }

    /// Turns the cluster into one with a managed topology.
    pub fn with_topology(mut self, version: &str) -> Self {
        self.get("Cluster", "eu")["spec"]["topology"] =
            json!({"classRef": {"name": "c"}, "version": version});
        self
    }
}

/// A condition in a status.
pub fn condition(object: &mut Value, name: &str, status: &str, reason: &str, message: &str) {
    let conditions = object["status"]["conditions"].as_array_mut().unwrap();
    conditions.retain(|condition| condition["type"] != name);
    conditions.push(json!({"type": name, "status": status, "reason": reason, "message": message}));
}

fn cluster() -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
        "metadata": {"name": "eu", "namespace": "clusters", "resourceVersion": "1"},
        "spec": {
            "controlPlaneRef": {
                "apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": "eu"},
            "infrastructureRef": {
                "apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "DevCluster", "name": "eu"},
        },
        "status": {"conditions": []},
    })
}

fn kubeadm_control_plane(version: &str, replicas: usize) -> Value {
    json!({
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "KubeadmControlPlane",
        "metadata": {"name": "eu", "namespace": "clusters", "generation": 1, "resourceVersion": "1",
            "labels": {"cluster.x-k8s.io/cluster-name": "eu"}},
        "spec": {"version": version, "replicas": replicas},
        "status": group_status(version, replicas),
    })
}

fn deployment(version: &str, replicas: usize) -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineDeployment",
        "metadata": {"name": "workers", "namespace": "clusters", "generation": 1, "resourceVersion": "1",
            "labels": {"cluster.x-k8s.io/cluster-name": "eu"}},
        "spec": {"clusterName": "eu", "replicas": replicas, "template": {"spec": {"version": version}}},
        "status": group_status(version, replicas),
    })
}

fn group_status(version: &str, replicas: usize) -> Value {
    json!({
        "observedGeneration": 1, "replicas": replicas, "upToDateReplicas": replicas, "availableReplicas": replicas,
        "versions": [{"version": version, "replicas": replicas}],
        "conditions": [
            {"type": "RollingOut", "status": "False"}, {"type": "ScalingUp", "status": "False"},
            {"type": "ScalingDown", "status": "False"}],
    })
}

/// A machine that is up, with these labels and the cluster's.
pub fn machine(name: &str, version: &str, labels: &Value) -> Value {
    let mut labels = labels.clone();
    labels["cluster.x-k8s.io/cluster-name"] = json!("eu");
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
        "metadata": {"name": name, "namespace": "clusters", "resourceVersion": "1", "labels": labels},
        "spec": {"clusterName": "eu", "version": version},
        "status": {
            "phase": "Running", "nodeInfo": {"kubeletVersion": version},
            "conditions": [
                {"type": "Ready", "status": "True"}, {"type": "Available", "status": "True"},
                {"type": "UpToDate", "status": "True"}],
        },
    })
}
