//! Clusters from a small spec, on every platform: what is made, and what is refused before it is.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use fleet_capi::build::{AddOn, AuditLog, Aws, Azure, ControlPlane, Docker, InMemory, Vsphere};
use fleet_capi::conversion::to_v1beta2;
use fleet_capi::v1beta2::TaintEffect;
use fleet_capi::{ClusterRepository, ClusterSpec, NodePool, Object, crds};
use fleet_core::yaml::{self, Shape};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// The cluster manifest of the multi-cluster guide.
const GUIDE: &str = include_str!("fixtures/cluster.yaml");

fn guides_cluster() -> ClusterSpec {
    ClusterSpec::new(
        "production-eu-west",
        Aws::new("eu-west-1").ssh_key("platform-key").vpc("10.0.0.0/16"),
    )
    .namespace("clusters")
    .version("v1.30.0".parse().unwrap())
    .services(["172.16.0.0/16"])
    .control_plane(ControlPlane::new(3).audit_log(AuditLog::metadata()))
    .pool(NodePool::new("workers", 5))
}

fn every_platform() -> Vec<(&'static str, ClusterSpec)> {
    let workers = || {
        NodePool::new("workers", 3)
            .labels([("node-role.kubernetes.io/worker", "")])
            .taint("dedicated", "gpu", TaintEffect::NoSchedule)
    };
    let specs = [
        (
            "aws",
            ClusterSpec::new("shop", Aws::new("eu-west-1").tag("team", "shop"))
                .services(["172.16.0.0/16"])
                .pool(
                    workers()
                        .instance_type("m6i.large")
                        .disk_gib(100)
                        .image("ami-0a1b"),
                ),
        ),
        (
            "azure",
            ClusterSpec::new(
                "shop",
                Azure::new("westeurope", "00000000-0000-0000-0000-000000000000")
                    .identity("fleet")
                    .network("10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24"),
            )
            .services(["172.16.0.0/16"])
            .pool(workers().instance_type("Standard_D4s_v5").failure_domain("1")),
        ),
        (
            "vsphere",
            ClusterSpec::new(
                "shop",
                Vsphere::new("vcenter.example.com", "10.1.0.10")
                    .datacenter("dc-1")
                    .datastore("nvme")
                    .network("vm-network")
                    .template("ubuntu-2404-kube-v1.34.2")
                    .ssh_key("ssh-ed25519 AAAA fleet"),
            )
            .pool(workers().instance_type("4x16384").autoscaled(3, 10)),
        ),
        (
            "docker",
            ClusterSpec::new("shop", Docker::default()).pool(workers()),
        ),
        (
            "in-memory",
            ClusterSpec::new("shop", InMemory::default().startup("5s")).pool(workers()),
        ),
        (
            "class",
            ClusterSpec::of_class("shop", "in-memory")
                .variable("zone", "a")
                .pool(workers()),
        ),
    ];
    let common = |spec: ClusterSpec| {
        spec.version("v1.34.2".parse().unwrap())
            .control_plane(3)
            .labels([("env", "production")])
            .add_on(AddOn::new("cni").config_map("cilium"))
    };
    specs.map(|(name, spec)| (name, common(spec))).into()
}

fn as_yaml(objects: &[Object]) -> String {
    let documents = objects.iter().map(|object| object.to_yaml().unwrap());
    documents.collect::<Vec<_>>().join("---\n")
}

#[test]
fn every_platform_has_its_manifests() {
    for (name, spec) in every_platform() {
        let objects = spec
            .manifests()
            .unwrap_or_else(|mistakes| panic!("{name}:\n{mistakes}"));
        assert_snapshot!(format!("on_{name}"), as_yaml(&objects));
    }
}

#[test]
fn what_is_made_has_no_field_that_the_schemas_do_not_have() {
    let shapes: Vec<(Value, Value)> = crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).unwrap())
        .flat_map(|crd| {
            let versions = crd["spec"]["versions"].as_array().unwrap().clone();
            versions.into_iter().map(move |version| {
                let api = format!(
                    "{}/{}",
                    crd["spec"]["group"].as_str().unwrap(),
                    version["name"].as_str().unwrap()
                );
                (
                    json!([api, crd["spec"]["names"]["kind"]]),
                    version["schema"]["openAPIV3Schema"].clone(),
                )
            })
        })
        .collect();
    let mut kinds = BTreeSet::new();
    for (name, spec) in every_platform() {
        let mut objects = spec.manifests().unwrap();
        objects.extend(spec.manifests_v1beta1().unwrap());
        for object in objects {
            let id = json!([object.api_kind().api_version, object.api_kind().kind]);
            let (_, schema) = shapes.iter().find(|(known, _)| *known == id).unwrap();
            let text = object.to_yaml().unwrap();
            let document = yaml::documents(&text).unwrap().remove(0);
            let misfits = Shape::of_kind(schema).misfits(&document, |_| false);
            assert!(misfits.is_empty(), "{name}: {misfits:?} in\n{text}");
            kinds.insert(id.to_string());
        }
    }
    assert!(kinds.len() >= 20, "{kinds:?}");
}

/// Every field of the guide's manifest is in ours with its value; what ours says besides is known.
#[test]
fn the_guides_cluster_is_one_call() {
    let ours = guides_cluster().manifests().unwrap();
    let mut besides = BTreeSet::new();
    for document in yaml::documents(GUIDE).unwrap() {
        let theirs = Object::from_value(document.into_value()).unwrap();
        let kind = theirs.api_kind().kind;
        let theirs = if kind.starts_with("AWS") {
            theirs
        } else {
            to_v1beta2(&theirs).unwrap()
        };
        let found = ours
            .iter()
            .find(|object| object.api_kind().kind == kind && object.name() == theirs.name())
            .unwrap_or_else(|| panic!("no {kind} {}", theirs.name()));
        let (mut theirs, found) = (theirs.to_value().unwrap(), found.to_value().unwrap());
        // AWS stopped serving the version that the guide names; both are the same here.
        theirs.as_object_mut().unwrap().remove("apiVersion");
        // The conversion writes an empty one.
        theirs.as_object_mut().unwrap().remove("status");
        contains(kind, &theirs, &found, &mut besides);
    }
    // What the guide refers to and does not have.
    for (kind, name) in [
        ("AWSMachineTemplate", "production-eu-west-control-plane"),
        ("AWSMachineTemplate", "production-eu-west-workers"),
        ("KubeadmConfigTemplate", "production-eu-west-workers"),
    ] {
        assert!(
            ours.iter()
                .any(|object| object.api_kind().kind == kind && object.name() == name)
        );
    }
    assert_snapshot!(besides.into_iter().collect::<Vec<_>>().join("\n"));
}

/// `theirs` is a part of `ours`; lists of objects by their names, other lists as a whole.
fn contains(path: &str, theirs: &Value, ours: &Value, besides: &mut BTreeSet<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (field, value) in theirs {
                let found = ours
                    .get(field)
                    .unwrap_or_else(|| panic!("{path}.{field} is missing"));
                contains(&format!("{path}.{field}"), value, found, besides);
            }
            let more = ours.keys().filter(|field| !theirs.contains_key(*field));
            besides.extend(more.map(|field| format!("{path}.{field}")));
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.iter().all(|item| item["name"].is_string()) => {
            for item in theirs {
                let found = ours.iter().find(|other| other["name"] == item["name"]);
                let found = found.unwrap_or_else(|| panic!("{path}: no {}", item["name"]));
                contains(
                    &format!("{path}[{}]", item["name"].as_str().unwrap()),
                    item,
                    found,
                    besides,
                );
            }
            besides.extend(
                ours.iter()
                    .filter(|item| !theirs.iter().any(|other| other["name"] == item["name"]))
                    .map(|item| format!("{path}[{}]", item["name"].as_str().unwrap())),
            );
        }
        _ => assert_eq!(theirs, ours, "{path}"),
    }
}

#[test]
fn what_is_made_is_a_repository_that_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    for (name, spec) in every_platform() {
        if name == "class" {
            continue;
        }
        let folder = directory.path().join(name).join("shop");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("cluster.yaml"), as_yaml(&spec.manifests().unwrap())).unwrap();
        let repository = ClusterRepository::open(directory.path().join(name)).unwrap();
        let fleet = repository.fleet().unwrap();
        let cluster = fleet.get("shop").unwrap();
        assert_eq!(cluster.version().to_string(), "v1.34.2");
        assert_eq!(cluster.env(), Some("production"));
        let autoscaled = name == "vsphere";
        assert_eq!(cluster.nodes(), spec.nodes(), "{name}, autoscaled: {autoscaled}");
    }
}

#[test]
fn all_that_is_missing_or_said_in_vain_comes_at_once() {
    let nothing = [
        ClusterSpec::new("a", Aws::new("")),
        ClusterSpec::azure("b", "", ""),
        ClusterSpec::vsphere("c", "", "").pool(NodePool::new("big", 1).instance_type("huge")),
        ClusterSpec::docker("d").pool(NodePool::new("w", 1).instance_type("m6i.large")),
        ClusterSpec::in_memory("e")
            .variable("x", 1)
            .pool(NodePool::new("w", 1).image("i").class("c"))
            .pool(NodePool::new("w", 1).autoscaled(3, 1)),
        ClusterSpec::of_class("f", "").control_plane(ControlPlane::new(1).audit_log(AuditLog::metadata())),
        ClusterSpec::aws("g", "eu-west-1")
            .labels([("cluster.x-k8s.io/cluster-name", "h")])
            .control_plane(
                ControlPlane::new(3)
                    .audit_log(AuditLog::metadata().path("/audit.log"))
                    .disk_gib(0),
            )
            .pool(
                NodePool::new("w", 1)
                    .disk_gib(0)
                    .labels([("cluster.x-k8s.io/deployment-name", "x")]),
            ),
    ];
    let all = nothing.map(|spec| spec.manifests().unwrap_err().to_string());
    assert_snapshot!(all.join("\n"));
}

#[test]
fn what_the_webhooks_refuse_is_refused() {
    let spec = ClusterSpec::new("Eu.West", Aws::new("eu-west-1").vpc("192.168.0.0/20"))
        .version("v1.34.2".parse().unwrap())
        .services(["192.168.128.0/17", "10.0.0.0/12"])
        .pods(["192.168.0.0/16", "fd00::/48"])
        .control_plane(2)
        .pool(NodePool::new("workers", 1));
    assert_snapshot!(spec.manifests().unwrap_err());
}

#[test]
fn what_the_api_server_or_kubeadm_would_refuse_is_refused() {
    let spec = ClusterSpec::in_memory("eu")
        .version("v1.34.2".parse().unwrap())
        .namespace("Team Blue")
        .labels([("team", "blue & green"), ("a b", "c")])
        .annotation("owner of it", "anything & all")
        .pods(["10.0.0.0/25"])
        .services(["10.128.0.0/9"])
        .pool(NodePool::new("", 1).labels([("node.cluster.x-k8s.io/tier", "-")]))
        .pool(NodePool::new("x".repeat(70), 0))
        .add_on(AddOn::new("cni"));
    assert_snapshot!(spec.manifests().unwrap_err());
}

#[test]
fn secrets_of_files_are_not_shown() {
    let spec = ClusterSpec::aws("a", "b")
        .version("v1.34.0".parse().unwrap())
        .control_plane(ControlPlane::new(1).file("/etc/kubernetes/manifests/vip.yaml", "TOKEN"));
    assert!(!format!("{spec:?}").contains("TOKEN"));
    assert!(as_yaml(&spec.manifests().unwrap()).contains("TOKEN"));
}
