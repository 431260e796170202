//! The fleet of a live management cluster.

use std::collections::BTreeMap;

use fleet_core::{
    ClusterName, Fleet, FleetCluster, FleetError, KubernetesVersion, LabelError, Labels, NameError,
    NodeCounts, VersionError,
};
use futures::future::try_join4;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Client, ResourceExt as _};
use serde_json::Value;

use super::{failure_domains, provider_of, replicas, topology_nodes};

/// Reads the fleet that a management cluster manages: every Cluster of every namespace that the client may list.
///
/// Four lists, in pages of 500: Clusters, `KubeadmControlPlanes`, `MachineDeployments` and `MachinePools`, in v1beta2. The
/// version is what is asked of the control plane; where that is of another kind, what `Cluster.status` reports.
///
/// # Errors
/// One cluster that cannot be a member of a fleet is an error, not a gap.
pub async fn inventory(client: Client) -> Result<Fleet, InventoryError> {
    let (clusters, control_planes, deployments, pools) = try_join4(
        list(&client, "cluster.x-k8s.io", "Cluster"),
        list(&client, "controlplane.cluster.x-k8s.io", "KubeadmControlPlane"),
        list(&client, "cluster.x-k8s.io", "MachineDeployment"),
        list(&client, "cluster.x-k8s.io", "MachinePool"),
    )
    .await?;
    let control_planes: BTreeMap<_, _> = control_planes
        .iter()
        .map(|it| (key(it, it.name_any()), it))
        .collect();
    let mut workers: BTreeMap<_, Vec<&DynamicObject>> = BTreeMap::new();
    for object in deployments.iter().chain(&pools) {
        let cluster = text(&object.data, "/spec/clusterName").unwrap_or_default();
        workers
            .entry(key(object, cluster.to_owned()))
            .or_default()
            .push(object);
    }
    let mut fleet = Vec::with_capacity(clusters.len());
    for cluster in &clusters {
        let control_plane = text(&cluster.data, "/spec/controlPlaneRef/name")
            .filter(|_| text(&cluster.data, "/spec/controlPlaneRef/kind") == Some("KubeadmControlPlane"))
            .and_then(|name| control_planes.get(&key(cluster, name.to_owned())).copied());
        let workers = workers.get(&key(cluster, cluster.name_any()));
        fleet.push(member(
            cluster,
            control_plane,
            workers.map_or(&[], Vec::as_slice),
        )?);
    }
    Fleet::new(fleet).map_err(InventoryError::Fleet)
}

fn member(
    cluster: &DynamicObject,
    control_plane: Option<&DynamicObject>,
    workers: &[&DynamicObject],
) -> Result<FleetCluster, InventoryError> {
    let name: ClusterName = cluster.name_any().parse().map_err(InventoryError::Name)?;
    let labels = Labels::from_pairs(cluster.labels().clone()).map_err(|source| InventoryError::Label {
        cluster: name.clone(),
        source,
    })?;
    let reported = cluster.data.pointer("/status/controlPlane/versions/0/version");
    let version = text(&cluster.data, "/spec/topology/version")
        .or_else(|| text(&control_plane?.data, "/spec/version"))
        .or_else(|| reported?.as_str())
        .ok_or_else(|| InventoryError::NoVersion {
            cluster: name.clone(),
        })?;
    let version: KubernetesVersion = version.parse().map_err(|source| InventoryError::Version {
        cluster: name.clone(),
        source,
    })?;
    let desired = cluster
        .data
        .pointer("/status/controlPlane/desiredReplicas")
        .and_then(Value::as_u64);
    let nodes = topology_nodes(&cluster.data).unwrap_or_else(|| NodeCounts {
        control_plane: control_plane.map_or_else(
            || desired.and_then(|desired| desired.try_into().ok()).unwrap_or(0),
            |object| replicas(&object.data),
        ),
        workers: workers.iter().map(|object| replicas(&object.data)).sum(),
    });
    let parts = std::iter::once(cluster).chain(workers.iter().copied());
    Ok(FleetCluster::new(name, version)
        .with_labels(labels)
        .with_nodes(nodes)
        .with_provider(provider_of(
            text(&cluster.data, "/spec/infrastructureRef/kind").unwrap_or_default(),
        ))
        .with_failure_domains(parts.flat_map(|part| failure_domains(&part.data))))
}

/// A page is what an API server answers quickly; ten thousand Clusters at once are not.
const PAGE: u32 = 500;

async fn list(
    client: &Client,
    group: &str,
    kind: &'static str,
) -> Result<Vec<DynamicObject>, InventoryError> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1beta2", kind));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let mut params = ListParams::default().limit(PAGE);
    let mut objects = Vec::new();
    loop {
        let page = match api.list(&params).await {
            Ok(page) => page,
            // MachinePools are a feature gate's; a hub without them has none.
            Err(kube::Error::Api(status)) if status.code == 404 && kind == "MachinePool" => {
                return Ok(objects);
            }
            Err(source) => {
                return Err(InventoryError::Api {
                    kind,
                    source: Box::new(source),
                });
            }
        };
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        objects.extend(page.items);
        match next {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(objects),
        }
    }
}

fn key(object: &DynamicObject, name: String) -> (String, String) {
    (object.namespace().unwrap_or_default(), name)
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// Why a management cluster's fleet cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// The API server did not list a kind.
    #[error("cannot list {kind} objects of the management cluster")]
    Api {
        /// The kind.
        kind: &'static str,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
    /// A Cluster's name cannot name a member of a fleet.
    #[error("a Cluster's name cannot name a member of a fleet")]
    Name(#[source] NameError),
    /// A Cluster's labels are not labels.
    #[error("the labels of Cluster {cluster} are not valid")]
    Label {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: LabelError,
    },
    /// No version can be found for a cluster.
    #[error(
        "Cluster {cluster} has no version: neither spec.topology.version, nor a KubeadmControlPlane, nor status.controlPlane.versions"
    )]
    NoVersion {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A cluster's version is not one.
    #[error("the version of Cluster {cluster} is no Kubernetes version")]
    Version {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: VersionError,
    },
    /// The clusters do not make a fleet.
    #[error("the Clusters do not make a fleet")]
    Fleet(#[source] FleetError),
}
