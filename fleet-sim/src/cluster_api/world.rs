//! Tests of the pure core in a world without an API: objects in a map, time by hand.

mod properties;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::object::{Object, ObjectKey, ObjectKind, Shape};
use super::{ClusterApi, ClusterSnapshot, Write};

struct World {
    api: ClusterApi,
    objects: BTreeMap<ObjectKey, Value>,
    now: Timestamp,
    revision: u64,
    writes: usize,
    steps: usize,
    log: Vec<String>,
}

const START: &str = "2026-01-01T00:00:00Z";

impl World {
    fn new(api: ClusterApi, shape: Shape, control_plane: i64, workers: i64) -> Self {
        let mut world = Self {
            api,
            objects: BTreeMap::new(),
            now: START.parse().unwrap(),
            revision: 0,
            writes: 0,
            steps: 0,
            log: Vec::new(),
        };
        for (kind, value) in manifests(shape, control_plane, workers) {
            world.create(kind, value);
        }
        world
    }

    fn create(&mut self, kind: ObjectKind, mut value: Value) {
        self.revision += 1;
        value["metadata"]["uid"] = json!(format!("uid-{}", self.revision));
        value["metadata"]["generation"] = json!(1);
        value["metadata"]["creationTimestamp"] = json!(crate::clock::to_rfc3339(self.now));
        value["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let key = Object::new(kind, value.clone()).unwrap().key().clone();
        assert!(self.objects.insert(key.clone(), value).is_none(), "{key} exists");
    }

    fn object(&self, kind: ObjectKind, name: &str) -> Object {
        let key = ObjectKey::new(kind.clone(), "clusters", name);
        Object::new(kind, self.objects[&key].clone()).unwrap()
    }

    fn all(&self, kind: &ObjectKind) -> Vec<Object> {
        let of_kind = self.objects.iter().filter(|(key, _)| key.kind == *kind);
        of_kind
            .map(|(key, value)| Object::new(key.kind.clone(), value.clone()).unwrap())
            .collect()
    }

    fn patch(&mut self, key: &ObjectKey, body: &Value) {
        self.revision += 1;
        let Some(value) = self.objects.get_mut(key) else {
            return;
        };
        let before = value["spec"].clone();
        json_patch::merge(value, body);
        if value["spec"] != before {
            let generation = value["metadata"]["generation"].as_i64().unwrap() + 1;
            value["metadata"]["generation"] = json!(generation);
        }
        value["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.collect(key);
    }

    fn delete(&mut self, key: &ObjectKey) {
        self.revision += 1;
        let now = crate::clock::to_rfc3339(self.now);
        if let Some(value) = self.objects.get_mut(key) {
            value["metadata"]["deletionTimestamp"] = json!(now);
        }
        self.collect(key);
    }

    fn collect(&mut self, key: &ObjectKey) {
        let object = Object::new(key.kind.clone(), self.objects[key].clone()).unwrap();
        if object.deleting().is_some() && object.finalizers().next().is_none() {
            self.objects.remove(key);
        }
    }

    fn set_version(&mut self, version: &str, workers_too: bool) {
        let key = ObjectKey::new(ObjectKind::ControlPlane, "clusters", "c-cp");
        self.patch(&key, &json!({ "spec": { "version": version } }));
        if workers_too {
            let key = ObjectKey::new(ObjectKind::MachineDeployment, "clusters", "c-md");
            self.patch(
                &key,
                &json!({ "spec": { "template": { "spec": { "version": version } } } }),
            );
        }
    }

    /// Steps until nothing happens before `limit` from now; `check` sees the world after every single write.
    fn run(&mut self, limit: SignedDuration, mut check: impl FnMut(&World)) {
        let end = self.now.checked_add(limit).unwrap();
        loop {
            let root = ObjectKey::new(ObjectKind::Cluster, "clusters", "c");
            let Some(cluster) = self.objects.get(&root) else {
                return;
            };
            let cluster = Arc::new(Object::new(ObjectKind::Cluster, cluster.clone()).unwrap());
            let objects = self
                .objects
                .iter()
                .map(|(key, value)| Arc::new(Object::new(key.kind.clone(), value.clone()).unwrap()));
            self.steps += 1;
            let step = self.api.step(&ClusterSnapshot::new(cluster, objects), self.now);
            if step.writes.is_empty() {
                match step.wake_at {
                    Some(at) if at <= end => {
                        assert!(at > self.now, "it asks to be woken in the past");
                        self.now = at;
                    }
                    _ => break,
                }
                continue;
            }
            for write in step.writes {
                self.writes += 1;
                assert!(self.writes < 20_000, "it never comes to rest");
                match &write {
                    Write::Create { key, body } => {
                        self.log.push(format!("{} {key}", self.now));
                        self.create(key.kind.clone(), body.clone());
                    }
                    Write::Patch { key, body, .. } | Write::PatchStatus { key, body, .. } => {
                        self.patch(key, body);
                    }
                    Write::Delete { key, .. } => {
                        self.log.push(format!("{} gone {key}", self.now));
                        self.delete(key);
                    }
                }
                check(self);
            }
            self.now = self.now.checked_add(SignedDuration::from_millis(250)).unwrap();
        }
        self.now = self.now.max(end);
    }

    fn settle(&mut self) {
        self.run(SignedDuration::from_hours(24), |_| {});
    }

    fn machines(&self, control_plane: bool) -> Vec<Object> {
        let mut all = self.all(&ObjectKind::Machine);
        all.retain(|m| m.label("cluster.x-k8s.io/control-plane").is_some() == control_plane);
        all
    }

    fn running(&self, control_plane: bool, version: &str) -> usize {
        let machines = self.machines(control_plane);
        machines
            .iter()
            .filter(|m| {
                m.str("/status/phase") == "Running" && m.str("/status/nodeInfo/kubeletVersion") == version
            })
            .count()
    }
}

fn manifests(shape: Shape, control_plane: i64, workers: i64) -> Vec<(ObjectKind, Value)> {
    let version = shape.version();
    let reference = |group: &str, kind: &str, name: &str| match shape {
        Shape::V1Beta1 => json!({"apiVersion": format!("{group}/v1beta1"), "kind": kind, "name": name}),
        Shape::V1Beta2 => json!({"apiGroup": group, "kind": kind, "name": name}),
    };
    let template = reference("infrastructure.cluster.x-k8s.io", "DockerMachineTemplate", "c");
    let machine_template = match shape {
        Shape::V1Beta1 => json!({"infrastructureRef": template}),
        Shape::V1Beta2 => json!({"spec": {"infrastructureRef": template}}),
    };
    let meta = |name: &str| json!({"name": name, "namespace": "clusters"});
    vec![
        (
            ObjectKind::Cluster,
            json!({
                "apiVersion": format!("cluster.x-k8s.io/{version}"), "kind": "Cluster", "metadata": meta("c"),
                "spec": {
                    "controlPlaneRef": reference("controlplane.cluster.x-k8s.io", "KubeadmControlPlane", "c-cp"),
                    "infrastructureRef": reference("infrastructure.cluster.x-k8s.io", "DockerCluster", "c"),
                },
            }),
        ),
        (
            ObjectKind::InfrastructureCluster("DockerCluster".into()),
            json!({
                "apiVersion": format!("infrastructure.cluster.x-k8s.io/{version}"), "kind": "DockerCluster",
                "metadata": meta("c"), "spec": {},
            }),
        ),
        (
            ObjectKind::ControlPlane,
            json!({
                "apiVersion": format!("controlplane.cluster.x-k8s.io/{version}"), "kind": "KubeadmControlPlane",
                "metadata": meta("c-cp"),
                "spec": {
                    "replicas": control_plane, "version": "v1.30.0", "machineTemplate": machine_template,
                    "kubeadmConfigSpec": {},
                },
            }),
        ),
        (
            ObjectKind::MachineDeployment,
            json!({
                "apiVersion": format!("cluster.x-k8s.io/{version}"), "kind": "MachineDeployment",
                "metadata": meta("c-md"),
                "spec": {
                    "clusterName": "c", "replicas": workers, "selector": {"matchLabels": {}},
                    "template": {"spec": {
                        "clusterName": "c", "version": "v1.30.0",
                        "bootstrap": {"configRef": reference(
                            "bootstrap.cluster.x-k8s.io", "KubeadmConfigTemplate", "c",
                        )},
                        "infrastructureRef": template,
                    }},
                },
            }),
        ),
    ]
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}
