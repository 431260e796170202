//! Values that an API server or Cluster API's webhooks would refuse, seen in one object alone.

use std::net::IpAddr;

use fleet_core::yaml::{DecodeProblem, FieldPath};
use ipnet::IpNet;
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
        for (path, message) in bad_blocks(object) {
            refuse(&path, message);
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

/// What stands where a Cluster lists its address ranges and is no CIDR block.
fn bad_blocks(object: &RepositoryObject) -> Vec<(FieldPath, String)> {
    let mut bad = Vec::new();
    if object.kind() != "Cluster" {
        return bad;
    }
    for network in ["pods", "services"] {
        let list = ["spec", "clusterNetwork", network, "cidrBlocks"];
        let list = list
            .iter()
            .fold(FieldPath::root(), |path, field| path.field(*field));
        let blocks = object.document.at(&list).and_then(Value::as_array);
        for (index, block) in blocks.into_iter().flatten().enumerate() {
            let Some(block) = block.as_str() else { continue };
            if let Some(mend) = not_a_block(block) {
                bad.push((list.clone().index(index), mend));
            }
        }
    }
    bad
}

fn not_a_block(text: &str) -> Option<String> {
    if text.parse::<IpNet>().is_ok() {
        return None;
    }
    let mend = match text.parse::<IpAddr>() {
        Ok(address) => {
            let length = if address.is_ipv4() { 16 } else { 48 };
            format!("add the length of the prefix, such as `{text}/{length}`")
        }
        Err(_) => "write an address and the length of the prefix, such as `10.64.0.0/16`".to_owned(),
    };
    Some(format!("found `{text}`, expected a CIDR block; {mend}"))
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
