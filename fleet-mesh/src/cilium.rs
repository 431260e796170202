//! Cilium's Helm values for one member.

use fleet_core::ClusterName;
use ipnet::IpNet;
use serde::Serialize;

use crate::plan::{MeshPlan, PlannedMember};
use crate::policy::{CiliumSettings, IpamMode, RoutingMode, ServiceType, Technology};

/// The part of Cilium's Helm values (1.16 and newer) that makes a cluster a member of a mesh.
///
/// Merged over a cluster's other values: nothing here that a mesh does not need.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CiliumValues {
    /// Who the cluster is.
    pub cluster: ClusterValues,
    /// The mesh.
    pub clustermesh: ClusterMeshValues,
    /// Who gives Pods their addresses.
    pub ipam: IpamValues,
    /// `tunnel` or `native`.
    pub routing_mode: RoutingMode,
    /// The encapsulation, when tunnelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel_protocol: Option<&'static str>,
    /// What is routed without translation, natively.
    #[serde(rename = "ipv4NativeRoutingCIDR", skip_serializing_if = "Option::is_none")]
    pub ipv4_native_routing_cidr: Option<IpNet>,
    /// What is routed without translation, natively.
    #[serde(rename = "ipv6NativeRoutingCIDR", skip_serializing_if = "Option::is_none")]
    pub ipv6_native_routing_cidr: Option<IpNet>,
}

/// `cluster`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClusterValues {
    /// Its name in the mesh.
    pub name: String,
    /// Its number.
    pub id: u16,
}

/// `clustermesh`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterMeshValues {
    /// Whether the API server for the others runs.
    #[serde(rename = "useAPIServer")]
    pub use_api_server: bool,
    /// 255 or 511.
    pub max_connected_clusters: u16,
    /// That API server.
    pub apiserver: ApiServerValues,
    /// The Multi-Cluster Services API.
    #[serde(rename = "mcsapi")]
    pub mcs_api: Toggle,
    /// The others, where their addresses are known: then no `cilium clustermesh connect` is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigValues>,
}

/// `clustermesh.apiserver`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiServerValues {
    /// How it is reached.
    pub service: ServiceValues,
    /// The cache of remote state.
    pub kvstoremesh: Toggle,
}

/// `clustermesh.apiserver.service`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServiceValues {
    /// The type of the Service.
    #[serde(rename = "type")]
    pub type_: ServiceType,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Toggle {
    /// Whether it is on.
    pub enabled: bool,
}

/// `clustermesh.config`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConfigValues {
    /// Always true.
    pub enabled: bool,
    /// The members that this one connects to.
    pub clusters: Vec<RemoteValues>,
}

/// One of `clustermesh.config.clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RemoteValues {
    /// Its name in the mesh.
    pub name: String,
    /// Its address, if it is a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its addresses, if it is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// The port of its API server.
    pub port: u16,
}

/// `ipam`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IpamValues {
    /// Who gives Pods their addresses.
    pub mode: IpamMode,
    /// Out of what, where Cilium does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<IpamOperatorValues>,
}

/// `ipam.operator`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IpamOperatorValues {
    /// The Pod network.
    #[serde(rename = "clusterPoolIPv4PodCIDRList", skip_serializing_if = "Vec::is_empty")]
    pub ipv4: Vec<IpNet>,
    /// The Pod network.
    #[serde(rename = "clusterPoolIPv6PodCIDRList", skip_serializing_if = "Vec::is_empty")]
    pub ipv6: Vec<IpNet>,
}

/// Cilium's Helm values for a member of a plan; `None` for a mesh of Submariner, and for a cluster that is no member.
///
/// ```
/// # use fleet_core::{Fleet, FleetCluster, Networks};
/// # use fleet_mesh::{CiliumSettings, MeshPolicy, Technology, helm_values, mesh_plan};
/// # let networks = Networks { pods: vec!["10.64.0.0/16".parse()?], ..Networks::default() };
/// # let fleet = Fleet::new([FleetCluster::new("eu".parse()?, "v1.33.0".parse()?).with_networks(networks)])?;
/// let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.18.4".parse()?)));
/// let values = helm_values(&mesh_plan(&fleet, &policy)?, &"eu".parse()?).expect("a member");
/// assert_eq!((values.cluster.name.as_str(), values.cluster.id), ("eu", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn helm_values(plan: &MeshPlan, cluster: &ClusterName) -> Option<CiliumValues> {
    let Technology::Cilium(settings) = plan.technology() else {
        return None;
    };
    let member = plan.member(cluster.as_str())?;
    let native = settings
        .native_routing_cidr
        .filter(|_| settings.routing == RoutingMode::Native);
    let is_v4 = |block: &IpNet| matches!(block, IpNet::V4(_));
    Some(CiliumValues {
        cluster: ClusterValues {
            name: member.name.clone(),
            id: member.id?,
        },
        clustermesh: ClusterMeshValues {
            use_api_server: true,
            max_connected_clusters: settings.max_connected_clusters,
            apiserver: ApiServerValues {
                service: ServiceValues {
                    type_: settings.service_type,
                },
                kvstoremesh: Toggle {
                    enabled: settings.kv_store_mesh,
                },
            },
            mcs_api: Toggle {
                enabled: settings.mcs_api,
            },
            config: config(plan, member, settings),
        },
        ipam: ipam(member, settings),
        routing_mode: settings.routing,
        tunnel_protocol: (settings.routing == RoutingMode::Tunnel).then(|| settings.tunnel_protocol.as_str()),
        ipv4_native_routing_cidr: native.filter(is_v4),
        ipv6_native_routing_cidr: native.filter(|block| !is_v4(block)),
    })
}

/// The peers, if the addresses of all of them are known; a part of them would look like the whole.
fn config(plan: &MeshPlan, member: &PlannedMember, settings: &CiliumSettings) -> Option<ConfigValues> {
    let island = plan.islands().get(member.island)?;
    let peers = island
        .members
        .iter()
        .filter(|peer| plan.connects(&member.cluster, peer))
        .filter_map(|peer| plan.member(peer.as_str()));
    let port = if settings.service_type == ServiceType::NodePort {
        32379
    } else {
        2379
    };
    let remotes: Option<Vec<_>> = peers
        .map(|peer| {
            let address = peer.mesh_address.clone()?;
            let is_ip = address.parse::<std::net::IpAddr>().is_ok();
            Some(RemoteValues {
                name: peer.name.clone(),
                ips: if is_ip { vec![address.clone()] } else { Vec::new() },
                address: (!is_ip).then_some(address),
                port,
            })
        })
        .collect();
    remotes
        .filter(|remotes| !remotes.is_empty())
        .map(|clusters| ConfigValues {
            enabled: true,
            clusters,
        })
}

fn ipam(member: &PlannedMember, settings: &CiliumSettings) -> IpamValues {
    let (ipv4, ipv6) = member
        .networks
        .pods
        .iter()
        .partition(|block| matches!(block, IpNet::V4(_)));
    IpamValues {
        mode: settings.ipam,
        operator: (settings.ipam == IpamMode::ClusterPool).then_some(IpamOperatorValues { ipv4, ipv6 }),
    }
}
