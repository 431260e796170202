//! From what a problem is about to the file, line and column that it stands in.

use std::path::Path;

use fleet_capi::ClusterRepository;
use fleet_core::NetworkKind;
use fleet_core::yaml::FieldPath;
use fleet_mesh::{At, MeshPolicy};

use crate::shown;

/// `file:line:column`, as exactly as it is known.
pub fn of(at: &At, policy: &MeshPolicy, repository: &ClusterRepository, policy_file: &Path) -> String {
    match at {
        At::Policy(path) => in_policy(path, policy).unwrap_or_else(|| shown(policy_file)),
        At::Network(cluster, kind, index) => {
            let in_members = || {
                let said = &policy.members.get(cluster)?.networks;
                (!said.of(*kind).is_empty()).then_some(())?;
                let path = ["spec", "members", cluster.as_str(), "networks", kind.as_str()];
                let path = path
                    .iter()
                    .fold(FieldPath::root(), |path, field| path.field(*field));
                policy.place(&path.index(*index))
            };
            in_members()
                .or_else(|| in_manifest(cluster.as_str(), *kind, *index, repository))
                .unwrap_or_else(|| shown(repository.path()))
        }
        At::Cluster(cluster) => {
            let cluster = repository.cluster(cluster.as_str());
            let labels = FieldPath::root().field("metadata").field("labels");
            cluster.map_or_else(
                || shown(repository.path()),
                |cluster| cluster.object().place(&labels).to_string(),
            )
        }
        _ => shown(policy_file),
    }
}

fn in_policy(path: &[String], policy: &MeshPolicy) -> Option<String> {
    let path = path.iter().fold(FieldPath::root(), FieldPath::field);
    policy.place(&path)
}

fn in_manifest(
    cluster: &str,
    kind: NetworkKind,
    index: usize,
    repository: &ClusterRepository,
) -> Option<String> {
    let cluster = repository.cluster(cluster)?;
    let path = |fields: &[&str]| {
        fields
            .iter()
            .fold(FieldPath::root(), |path, field| path.field(*field))
    };
    let place = match kind {
        NetworkKind::Nodes => {
            cluster
                .infrastructure()?
                .place(&path(&["spec", "network", "vpc", "cidrBlock"]))
        }
        kind => {
            let list = path(&["spec", "clusterNetwork", kind.as_str(), "cidrBlocks"]);
            cluster.object().place(&list.index(index))
        }
    };
    Some(place.to_string())
}
