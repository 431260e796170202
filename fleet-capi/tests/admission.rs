//! What the webhooks would refuse, said before: each rule with a mistake, and none without.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_capi::{ClusterSpec, NodePool, Object, admission};
use fleet_core::yaml;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A cluster without a mistake.
fn cluster() -> Vec<Value> {
    let spec = ClusterSpec::aws("eu", "eu-west-1")
        .version("v1.34.2".parse().unwrap())
        .control_plane(3)
        .pool(NodePool::new("workers", 2));
    let objects = spec.manifests().unwrap();
    objects.iter().map(|object| object.to_value().unwrap()).collect()
}

/// The cluster with a part of one object as it is said, `null` for gone.
fn with(kind: &str, path: &str, value: &Value) -> Vec<Object> {
    let mut objects = cluster();
    let object = objects.iter_mut().find(|object| object["kind"] == kind).unwrap();
    set(object, path, value);
    objects
        .into_iter()
        .map(|object| Object::from_value(object).unwrap())
        .collect()
}

fn set(object: &mut Value, path: &str, value: &Value) {
    let (parent, field) = path.rsplit_once('/').unwrap();
    let mut at = object;
    for step in parent.split('/').filter(|step| !step.is_empty()) {
        at = &mut at[step];
    }
    if value.is_null() {
        at.as_object_mut().unwrap().remove(field);
    } else {
        at[field] = value.clone();
    }
}

#[test]
fn each_rule_by_itself() {
    let kcp = "KubeadmControlPlane";
    let config = "/spec/kubeadmConfigSpec";
    let cases = [
        (
            "Cluster",
            "/spec/clusterNetwork/pods/cidrBlocks",
            json!(["10.0.0.0/33"]),
        ),
        (
            "Cluster",
            "/spec/clusterNetwork/pods/cidrBlocks",
            json!(["10.1.0.0/16", "10.2.0.0/16"]),
        ),
        (
            "Cluster",
            "/spec/clusterNetwork/pods/cidrBlocks",
            json!(["10.130.0.0/16"]),
        ),
        ("Cluster", "/spec/controlPlaneRef/name", json!("eu-controlplane")),
        (
            "Cluster",
            "/spec/topology",
            json!({"classRef": {"name": "none"}, "version": "v1.34"}),
        ),
        (
            "AWSCluster",
            "/spec/network",
            json!({"vpc": {"cidrBlock": "192.168.4.0/24"}}),
        ),
        (
            "AWSCluster",
            "/spec/network",
            json!({"vpc": {"cidrBlock": "172.20.0.0/16"}, "subnets": [
            {"id": "a", "cidrBlock": "172.20.0.0/24"}, {"id": "b", "cidrBlock": "172.20.0.128/25"}, {"id": "c", "cidrBlock": "172.21.0.0/24"}]}),
        ),
        (kcp, "/spec/replicas", json!(0)),
        (kcp, "/spec/replicas", json!(4)),
        (kcp, "/spec/version", json!("1.34")),
        (
            kcp,
            "/spec/machineTemplate/spec/infrastructureRef/name",
            json!("eu-control-plan"),
        ),
        (
            kcp,
            "/spec/rollout",
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}}),
        ),
        (kcp, "/spec/machineNaming", json!({"template": "machine"})),
        (
            kcp,
            &format!("{config}/clusterConfiguration/etcd"),
            json!({"local": {}, "external": {"caFile": "", "certFile": "", "keyFile": "", "endpoints": []}}),
        ),
        (
            kcp,
            &format!("{config}/clusterConfiguration/certificateValidityPeriodDays"),
            json!(4000),
        ),
        (
            kcp,
            &format!("{config}/files"),
            json!([{"path": "/a", "content": "b", "contentFrom": {"secret": {"name": "s", "key": "k"}}}, {"path": "/a"}]),
        ),
        ("MachineDeployment", "/metadata/name", json!("n".repeat(64))),
        (
            "MachineDeployment",
            "/spec/template/spec/version",
            json!("v1.35.0"),
        ),
        (
            "MachineDeployment",
            "/spec/template/spec/version",
            json!("v1.30.0"),
        ),
        (
            "MachineDeployment",
            "/spec/template/spec/clusterName",
            json!("us"),
        ),
        ("MachineDeployment", "/spec/template/spec/bootstrap", json!({})),
        (
            "MachineDeployment",
            "/spec/selector/matchLabels/colour",
            json!("blue"),
        ),
        (
            "MachineDeployment",
            "/spec/rollout",
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}),
        ),
        ("MachineHealthCheck", "/spec/selector", json!({})),
        (
            "MachineHealthCheck",
            "/spec/checks/nodeStartupTimeoutSeconds",
            json!(10),
        ),
        (
            "MachineHealthCheck",
            "/spec/remediation/triggerIf",
            json!({"unhealthyInRange": "[5-3]"}),
        ),
        ("MachineHealthCheck", "/spec/clusterName", json!("us")),
    ];
    let mut said = Vec::new();
    for (kind, path, value) in cases {
        let mistakes = admission::check(&with(kind, path, &value));
        let mistakes = mistakes
            .err()
            .unwrap_or_else(|| panic!("{kind} {path} {value} is let in"));
        said.push(format!(
            "{kind} {path} = {value}\n    {}",
            mistakes.to_string().replace('\n', "\n    ")
        ));
    }
    assert_snapshot!(said.join("\n"));
}

#[test]
fn no_rule_without_its_mistake() {
    let kcp = "KubeadmControlPlane";
    for (kind, path, value) in [
        (kcp, "/spec/replicas", json!(1)),
        (kcp, "/spec/version", json!("1.34.2")),
        (
            kcp,
            "/spec/rollout",
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}}),
        ),
        (
            "MachineDeployment",
            "/spec/template/spec/version",
            json!("v1.31.0"),
        ),
        ("MachineDeployment", "/spec/selector", json!({"matchLabels": {}})),
        ("MachineDeployment", "/spec/template/metadata", Value::Null),
        (
            "MachineHealthCheck",
            "/spec/checks/nodeStartupTimeoutSeconds",
            json!(0),
        ),
        ("Cluster", "/spec/clusterNetwork", Value::Null),
        (
            "Cluster",
            "/spec/clusterNetwork/pods/cidrBlocks",
            json!(["192.168.0.0/16", "fd00:1::/64"]),
        ),
    ] {
        let objects = with(kind, path, &value);
        admission::check(&objects).unwrap_or_else(|mistakes| panic!("{kind} {path} = {value}:\n{mistakes}"));
    }
}

#[test]
fn the_guides_manifest_refers_to_what_is_not_there() {
    let documents = yaml::documents(include_str!("fixtures/cluster.yaml")).unwrap();
    let objects: Vec<_> = documents.iter().map(|it| Object::decode(it).unwrap()).collect();
    assert_snapshot!(admission::check(&objects).unwrap_err());
    let templates: Vec<_> = ["production-eu-west-control-plane", "production-eu-west-workers"]
        .into_iter()
        .flat_map(|name| {
            [
                ("infrastructure", "AWSMachineTemplate"),
                ("bootstrap", "KubeadmConfigTemplate"),
            ]
            .map(|(group, kind)| {
                Object::from_value(json!({
                    "apiVersion": format!("{group}.cluster.x-k8s.io/v1beta1"), "kind": kind,
                    "metadata": {"name": name, "namespace": "clusters"},
                    "spec": {"template": {"spec": {"instanceType": "m6i.large"}}},
                }))
                .unwrap()
            })
        })
        .collect();
    admission::check_beside(&objects, &templates).unwrap();
}

#[test]
fn what_cannot_change() {
    let cases = [
        ("Cluster", "/spec/controlPlaneRef", Value::Null),
        ("Cluster", "/metadata/name", json!("us")),
        ("AWSCluster", "/spec/region", json!("eu-west-2")),
        (
            "AWSMachineTemplate",
            "/spec/template/spec/instanceType",
            json!("m7i.large"),
        ),
        ("MachineDeployment", "/spec/clusterName", json!("us")),
        ("KubeadmControlPlane", "/spec/version", json!("v1.33.0")),
        ("KubeadmControlPlane", "/spec/version", json!("v1.36.0")),
        (
            "KubeadmControlPlane",
            "/spec/kubeadmConfigSpec/clusterConfiguration/certificatesDir",
            json!("/pki"),
        ),
        (
            "KubeadmControlPlane",
            "/spec/kubeadmConfigSpec/clusterConfiguration/controlPlaneEndpoint",
            json!("a:1"),
        ),
    ];
    let mut said = Vec::new();
    for (kind, path, value) in cases {
        let mistakes = change(kind, path, &value)
            .err()
            .unwrap_or_else(|| panic!("{kind} {path} may change"));
        said.push(mistakes.to_string());
    }
    assert_snapshot!(said.join("\n"));
    for (kind, path, value) in [
        ("KubeadmControlPlane", "/spec/version", json!("v1.35.0")),
        ("KubeadmControlPlane", "/spec/version", json!("v1.34.3")),
        ("KubeadmControlPlane", "/spec/replicas", json!(5)),
        (
            "KubeadmControlPlane",
            "/spec/kubeadmConfigSpec/files",
            json!([{"path": "/a", "content": "b"}]),
        ),
        (
            "KubeadmControlPlane",
            "/spec/kubeadmConfigSpec/clusterConfiguration/featureGates",
            json!({"A": true}),
        ),
        ("MachineDeployment", "/spec/replicas", json!(9)),
        ("Cluster", "/metadata/labels/env", json!("test")),
    ] {
        change(kind, path, &value).unwrap_or_else(|mistakes| panic!("{kind} {path} = {value}:\n{mistakes}"));
    }
}

#[test]
fn a_topology_goes_up_as_far_as_its_class_leads() {
    let of = |version: &str| {
        let spec = ClusterSpec::of_class("eu", "prod").version(version.parse().unwrap());
        spec.manifests().unwrap().remove(0)
    };
    let class = Object::from_value(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "ClusterClass", "metadata": {"name": "prod"},
        "spec": {"infrastructure": {"templateRef": {"apiVersion": "a/v1", "kind": "K", "name": "n"}},
            "controlPlane": {"templateRef": {"apiVersion": "a/v1", "kind": "K", "name": "n"}},
            "kubernetesVersions": ["v1.33.0", "v1.34.0", "v1.35.0"]},
    }))
    .unwrap();
    let (before, after) = (of("v1.33.0"), of("v1.35.0"));
    assert!(admission::check_change(&before, &after).is_err());
    assert!(admission::check_change_beside(&before, &after, std::slice::from_ref(&class)).is_ok());
    assert!(admission::check_change_beside(&after, &before, &[class]).is_err());
}

fn change(kind: &str, path: &str, value: &Value) -> Result<(), admission::Mistakes> {
    let before = cluster()
        .into_iter()
        .find(|object| object["kind"] == kind)
        .unwrap();
    let mut after = before.clone();
    set(&mut after, path, value);
    admission::check_change(
        &Object::from_value(before).unwrap(),
        &Object::from_value(after).unwrap(),
    )
}
