//! What Cluster API's objects say of a cluster as a member of a fleet; [`ClusterProfile`], the inventory that all cluster
//! managers share; and (feature `kube`) the fleet of a live management cluster, and fleets read from and written as profiles.

use fleet_core::{Networks, NodeCounts, Provider};
use serde_json::Value;

#[cfg(feature = "kube")]
mod live;
mod profile;
#[cfg(feature = "kube")]
mod publish;

#[cfg(feature = "kube")]
pub use live::{InventoryError, inventory};
pub use profile::{
    AccessProvider, CLUSTER_MANAGER_LABEL, ClusterAccess, ClusterManager, ClusterProfile, ClusterProfileSpec,
    ClusterProfileStatus, ClusterProperty, ClusterVersion, FLEET_SDK_MANAGER, NamedExtension, ProfileError,
};
#[cfg(feature = "kube")]
pub use publish::{ProfilesError, Published, from_profiles, publish};

/// The provider behind a kind of infrastructure: `AWSCluster` is AWS. A kind of somebody else's is named as it calls
/// itself: `MetalStackCluster` is `metalstack`.
pub fn provider_of(infrastructure_kind: &str) -> Provider {
    let known = [
        ("AWS", Provider::Aws),
        ("ROSA", Provider::Aws),
        ("Azure", Provider::Azure),
        ("GCP", Provider::Gcp),
        ("VSphere", Provider::Vsphere),
        ("Docker", Provider::Docker),
        ("Dev", Provider::Dev),
    ];
    let found = known
        .into_iter()
        .find(|(prefix, _)| infrastructure_kind.starts_with(prefix));
    found.map_or_else(
        || {
            Provider::from(
                infrastructure_kind
                    .strip_suffix("Cluster")
                    .unwrap_or(infrastructure_kind),
            )
        },
        |(_, provider)| provider,
    )
}

/// `spec.replicas`, or what the webhooks fill in: the autoscaler's minimum, else 1.
pub(crate) fn replicas(object: &Value) -> u32 {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    if kind == "Machine" {
        return 1;
    }
    // EKS and AKS run the control plane: it has no nodes.
    if kind.ends_with("ManagedControlPlane") {
        return 0;
    }
    count(object, "/spec/replicas").unwrap_or_else(|| {
        let annotations = object.pointer("/metadata/annotations");
        let minimum = annotations.and_then(|it| it.get(AUTOSCALER_MINIMUM)?.as_str()?.parse().ok());
        minimum.unwrap_or(1)
    })
}

/// The numbers of nodes that a Cluster's topology asks for; `None` without a topology.
pub(crate) fn topology_nodes(cluster: &Value) -> Option<NodeCounts> {
    let topology = cluster
        .pointer("/spec/topology")
        .filter(|topology| topology.is_object())?;
    let groups =
        ["/workers/machineDeployments", "/workers/machinePools"].map(|pointer| topology.pointer(pointer));
    let groups = groups.into_iter().flatten().filter_map(Value::as_array).flatten();
    Some(NodeCounts {
        control_plane: count(topology, "/controlPlane/replicas").unwrap_or(1),
        workers: groups.map(|group| count(group, "/replicas").unwrap_or(1)).sum(),
    })
}

/// The failure domains an object names, in whichever of the places its kind and version have for them.
pub(crate) fn failure_domains(object: &Value) -> Vec<String> {
    let mut domains = Vec::new();
    for pointer in ["/spec/failureDomains", "/status/failureDomains"] {
        match object.pointer(pointer) {
            // v1beta1: a map by name.
            Some(Value::Object(map)) => domains.extend(map.keys().cloned()),
            // v1beta2: a list of objects with names; MachinePools list the names themselves.
            Some(Value::Array(list)) => {
                let name = |item: &Value| item.get("name").unwrap_or(item).as_str().map(str::to_owned);
                domains.extend(list.iter().filter_map(name));
            }
            _ => {}
        }
    }
    let subnets = object.pointer("/spec/network/subnets").and_then(Value::as_array);
    let zones = subnets
        .into_iter()
        .flatten()
        .filter_map(|subnet| subnet.get("availabilityZone")?.as_str());
    domains.extend(zones.map(str::to_owned));
    let groups = object
        .pointer("/spec/topology/workers/machineDeployments")
        .and_then(Value::as_array);
    let of_topology = groups
        .into_iter()
        .flatten()
        .map(|group| group.get("failureDomain"));
    let of_machines =
        ["/spec/template/spec/failureDomain", "/spec/failureDomain"].map(|it| object.pointer(it));
    let named = of_topology.chain(of_machines).flatten().filter_map(Value::as_str);
    domains.extend(named.map(str::to_owned));
    domains.retain(|domain| !domain.is_empty());
    domains
}

/// The address ranges that a Cluster and its infrastructure ask for. What is no CIDR block is left out: where people write by hand it was
/// refused before.
pub(crate) fn networks(cluster: &Value, infrastructure: Option<&Value>) -> Networks {
    let blocks = |value: Option<&Value>| -> Vec<_> {
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|block| block.as_str()?.trim().parse().ok())
            .collect()
    };
    let text = |value: &Value, pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut networks = Networks {
        pods: blocks(cluster.pointer("/spec/clusterNetwork/pods/cidrBlocks")),
        services: blocks(cluster.pointer("/spec/clusterNetwork/services/cidrBlocks")),
        service_domain: text(cluster, "/spec/clusterNetwork/serviceDomain"),
        ..Networks::default()
    };
    let Some(infrastructure) = infrastructure else {
        return networks;
    };
    // AWS names one block for the VPC, Azure lists those of the virtual network.
    let vpc = text(infrastructure, "/spec/network/vpc/cidrBlock")
        .and_then(|block| block.parse::<ipnet::IpNet>().ok());
    networks.nodes.extend(vpc);
    networks.nodes.extend(blocks(
        infrastructure.pointer("/spec/networkSpec/vnet/cidrBlocks"),
    ));
    // A virtual network's name is unique in its resource group only.
    networks.node_network = text(infrastructure, "/spec/network/vpc/id").or_else(|| {
        let group = text(infrastructure, "/spec/networkSpec/vnet/resourceGroup")?;
        Some(format!(
            "{group}/{}",
            text(infrastructure, "/spec/networkSpec/vnet/name")?
        ))
    });
    networks
}

fn count(object: &Value, pointer: &str) -> Option<u32> {
    object.pointer(pointer)?.as_u64()?.try_into().ok()
}

const AUTOSCALER_MINIMUM: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn providers_by_kind() {
        for (kind, provider) in [
            ("AWSCluster", Provider::Aws),
            ("AWSManagedCluster", Provider::Aws),
            ("AzureASOManagedCluster", Provider::Azure),
            ("GCPManagedCluster", Provider::Gcp),
            ("VSphereCluster", Provider::Vsphere),
            ("DockerCluster", Provider::Docker),
            ("DevCluster", Provider::Dev),
            ("HetznerCluster", Provider::Other("hetzner".to_owned())),
            ("", Provider::Unknown),
        ] {
            assert_eq!(provider_of(kind), provider, "{kind}");
        }
    }

    #[test]
    fn address_ranges_of_the_cluster_and_its_infrastructure() {
        let cluster = json!({"spec": {"clusterNetwork": {
            "pods": {"cidrBlocks": ["10.64.0.0/16", "fd00:1::/48"]},
            "services": {"cidrBlocks": ["10.65.0.0/20"]},
            "serviceDomain": "eu.local",
        }}});
        let aws = json!({"spec": {"network": {"vpc": {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}}}});
        let azure = json!({"spec": {"networkSpec": {"vnet": {"resourceGroup": "net", "name": "hub", "cidrBlocks": ["10.1.0.0/16"]}}}});
        let found = networks(&cluster, Some(&aws));
        let words = |blocks: &[ipnet::IpNet]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words(&found.pods), ["10.64.0.0/16", "fd00:1::/48"]);
        assert_eq!(words(&found.services), ["10.65.0.0/20"]);
        assert_eq!(words(&found.nodes), ["10.0.0.0/16"]);
        assert_eq!(found.node_network.as_deref(), Some("vpc-1"));
        assert_eq!(found.service_domain.as_deref(), Some("eu.local"));
        let found = networks(&cluster, Some(&azure));
        assert_eq!(words(&found.nodes), ["10.1.0.0/16"]);
        assert_eq!(found.node_network.as_deref(), Some("net/hub"));
        assert!(networks(&json!({}), None).is_empty());
    }

    #[test]
    fn replicas_default_as_the_webhooks_default_them() {
        assert_eq!(replicas(&json!({"spec": {"replicas": 0}})), 0);
        assert_eq!(replicas(&json!({"spec": {}})), 1);
        let scaled = json!({"metadata": {"annotations": {AUTOSCALER_MINIMUM: "4"}}, "spec": {}});
        assert_eq!(replicas(&scaled), 4);
        assert_eq!(replicas(&json!({"kind": "Machine", "spec": {}})), 1);
        assert_eq!(
            replicas(&json!({"kind": "AWSManagedControlPlane", "spec": {}})),
            0
        );
    }

    #[test]
    fn failure_domains_of_both_versions() {
        let older = json!({"status": {"failureDomains": {"eu-west-1a": {"controlPlane": true}}}});
        let newer = json!({"status": {"failureDomains": [{"name": "eu-west-1a"}]}});
        assert_eq!(failure_domains(&older), ["eu-west-1a"]);
        assert_eq!(failure_domains(&newer), ["eu-west-1a"]);
        let aws = json!({"spec": {"network": {"subnets": [{"availabilityZone": "a"}, {"id": "subnet-1"}]}}});
        assert_eq!(failure_domains(&aws), ["a"]);
    }
}
