//! Manifests as people write them: read, written, nothing lost.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used)]

use fleet_capi::{Object, v1beta1};
use fleet_core::yaml;

/// The cluster manifest of the multi-cluster guide.
const GUIDE: &str = include_str!("fixtures/cluster.yaml");

fn guide() -> Vec<(serde_json::Value, Object)> {
    let documents = yaml::documents(GUIDE).unwrap();
    documents
        .iter()
        .map(|document| (document.value().clone(), Object::decode(document).unwrap()))
        .collect()
}

#[test]
fn the_guides_cluster_is_written_as_it_was_read() {
    let objects = guide();
    assert_eq!(objects.len(), 4);
    for (value, object) in &objects {
        assert_eq!(&object.to_value().unwrap(), value);
        assert_eq!(&Object::from_value(value.clone()).unwrap(), object);
        let text = yaml::to_string(object).unwrap();
        assert_eq!(yaml::documents(&text).unwrap()[0].value(), value);
    }
}

#[test]
fn the_guides_cluster_is_what_it_says() {
    let objects: Vec<Object> = guide().into_iter().map(|(_, object)| object).collect();
    let [
        Object::ClusterV1beta1(cluster),
        Object::AwsClusterV1beta1(aws),
        control_plane,
        workers,
    ] = &objects[..]
    else {
        panic!("{objects:?}")
    };
    assert!(!cluster.is_topology());
    let network = cluster.spec.cluster_network.as_ref().unwrap();
    assert_eq!(network.pods.as_ref().unwrap().cidr_blocks, ["192.168.0.0/16"]);
    assert_eq!(aws.spec.region.as_deref(), Some("eu-west-1"));
    assert_eq!(control_plane.replicas(), Some(3));
    assert_eq!(workers.replicas(), Some(5));
    assert_eq!(workers.cluster_name(), Some("production-eu-west"));
    for object in [control_plane, workers] {
        assert_eq!(
            object.kubernetes_version().unwrap().unwrap().to_string(),
            "v1.30.0"
        );
    }
    let control_plane = v1beta1::KubeadmControlPlane::try_from(control_plane.clone()).unwrap();
    let flags = control_plane
        .spec
        .kubeadm_config_spec
        .cluster_configuration
        .and_then(|configuration| configuration.api_server?.extra_args)
        .unwrap();
    assert_eq!(flags["audit-log-path"], "/var/log/kubernetes/audit.log");
}

#[test]
fn debug_shows_no_secret() {
    let text = "
apiVersion: bootstrap.cluster.x-k8s.io/v1beta2
kind: KubeadmConfigTemplate
metadata: {name: a}
spec:
  template:
    spec:
      files: [{path: /a, content: SECRET-1}]
      users: [{name: a, passwd: SECRET-2}]
      initConfiguration: {bootstrapTokens: [{token: SECRET-3}]}
      joinConfiguration:
        discovery:
          tlsBootstrapToken: SECRET-4
          bootstrapToken: {token: SECRET-5}
          file:
            kubeConfigPath: /k
            kubeConfig:
              user:
                exec: {command: c, env: [{name: A, value: SECRET-6}]}
                authProvider: {name: p, config: {token: SECRET-7}}
";
    let object = Object::decode(&yaml::documents(text).unwrap()[0]).unwrap();
    let shown = format!("{object:?}");
    assert!(!shown.contains("SECRET"), "{shown}");
    let written = object.to_value().unwrap().to_string();
    for n in 1..=7 {
        assert!(written.contains(&format!("SECRET-{n}")), "{n} is lost");
    }
}
