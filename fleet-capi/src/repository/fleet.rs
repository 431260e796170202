//! From a repository's objects to a fleet.

use fleet_core::yaml::FieldPath;
use fleet_core::{ClusterName, Fleet, FleetCluster, NodeCounts};

use super::error::{RepositoryError, RepositoryErrors};
use super::resolve::{self, version};
use super::{ClusterRepository, RepositoryCluster};
use crate::inventory::{failure_domains, networks, provider_of, replicas, topology_nodes};
use crate::rollout::state::{EKS, is_behind};

pub(super) fn fleet(repository: &ClusterRepository) -> Result<Fleet, RepositoryErrors> {
    let mut errors = Vec::new();
    let mut clusters = Vec::new();
    for cluster in repository.clusters() {
        match fleet_cluster(cluster) {
            Ok(cluster) => clusters.push(cluster),
            Err(error) => errors.push(error),
        }
    }
    RepositoryErrors::check(errors)?;
    Fleet::new(clusters).map_err(|error| RepositoryError::Fleet(error).into())
}

fn fleet_cluster(cluster: RepositoryCluster<'_>) -> Result<FleetCluster, RepositoryError> {
    let object = cluster.object();
    let place = |field: &str| object.place(&FieldPath::root().field("metadata").field(field));
    let name: ClusterName = object.name().parse().map_err(|source| RepositoryError::Name {
        at: place("name"),
        source,
    })?;
    let labels = resolve::labels(object).map_err(|source| RepositoryError::Label {
        at: place("labels"),
        source,
    })?;
    let control_plane = cluster.control_plane();
    let version = version(object)
        .or_else(|| version(control_plane?))
        .ok_or_else(|| RepositoryError::NoVersion {
            at: object.place(&FieldPath::root().field("spec")),
        })?;
    // The workers of a topology follow it by themselves.
    let is_topology = object.value().pointer("/spec/topology").is_some();
    let workers = cluster.workers().filter(|_| !is_topology);
    let by_minor = control_plane.is_some_and(|object| object.kind() == EKS);
    let behind = workers
        .filter_map(resolve::version)
        .min()
        .filter(|oldest| is_behind(oldest, &version, by_minor));
    let nodes = topology_nodes(object.value()).unwrap_or_else(|| NodeCounts {
        control_plane: control_plane.map_or(0, |object| replicas(object.value())),
        workers: cluster.workers().map(|object| replicas(object.value())).sum(),
    });
    let infrastructure = cluster.infrastructure();
    let parts = [Some(object), infrastructure]
        .into_iter()
        .flatten()
        .chain(cluster.workers());
    let member = FleetCluster::new(name, version);
    let member = match behind {
        Some(behind) => member.with_worker_version(behind),
        None => member,
    };
    Ok(member
        .with_labels(labels)
        .with_nodes(nodes)
        .with_provider(provider_of(
            object.text("/spec/infrastructureRef/kind").unwrap_or_default(),
        ))
        .with_failure_domains(parts.flat_map(|part| failure_domains(part.value())))
        .with_networks(networks(
            object.value(),
            infrastructure.map(super::RepositoryObject::value),
        )))
}
