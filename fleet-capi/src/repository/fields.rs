//! Values that an API server or Cluster API's webhooks would refuse, seen in one object alone.

use fleet_core::yaml::{DecodeProblem, FieldPath};
use serde_json::Value;

use super::RepositoryObject;
use super::error::RepositoryError;

/// Adds an error for each value of an object that has the right type and is refused nevertheless.
pub(super) fn check(objects: &[RepositoryObject], errors: &mut Vec<RepositoryError>) {
    for object in objects {
        let mut refuse = |path: &FieldPath, message: String| {
            errors.push(RepositoryError::Field {
                at: object.place(path),
                path: path.clone(),
                problem: DecodeProblem::Invalid { message },
            });
        };
        // Other kinds have other rules: a ClusterRole's name may have colons.
        if object.object.is_none() {
            continue;
        }
        let metadata = |field: &str| FieldPath::root().field("metadata").field(field);
        // A Cluster's own name is held against the stricter rule for clusters.
        if object.kind() != "Cluster" && !is_subdomain(object.name()) {
            refuse(&metadata("name"), not_a_name(object.name(), 253));
        }
        let namespace = object.namespace.as_str();
        if !namespace.is_empty() && !is_label(namespace) {
            refuse(&metadata("namespace"), not_a_name(namespace, 63));
        }
        let replicas = FieldPath::root().field("spec").field("replicas");
        let Some(count) = object.document.at(&replicas).and_then(Value::as_i64) else {
            continue;
        };
        let is_control_plane = object.kind() == "KubeadmControlPlane";
        if count < 0 {
            refuse(&replicas, format!("found {count}, expected 0 or more"));
        } else if is_control_plane && count == 0 {
            refuse(
                &replicas,
                "found 0, expected 1 or more: a cluster without a control plane is none".to_owned(),
            );
        } else if is_control_plane && count % 2 == 0 && !has_external_etcd(object) {
            let message = format!(
                "found {count}, expected an odd number, since etcd runs on these machines and needs a majority; write {}",
                count + 1
            );
            refuse(&replicas, message);
        }
    }
}

fn has_external_etcd(object: &RepositoryObject) -> bool {
    object
        .value()
        .pointer("/spec/kubeadmConfigSpec/clusterConfiguration/etcd/external")
        .is_some_and(Value::is_object)
}

fn not_a_name(found: &str, longest: usize) -> String {
    let shown: String = found.chars().take(80).collect();
    format!(
        "found `{shown}`, expected a name of lower-case letters, digits and `-`, beginning and ending with a letter or \
         digit, {longest} characters at most"
    )
}

/// An RFC 1123 subdomain: labels with dots between, 253 characters at most.
fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_subdomain_part)
}

/// An RFC 1123 label: 63 characters at most.
fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_subdomain_part(name)
}

fn is_subdomain_part(part: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
}
