//! What a mesh shall be: the policy that people write.

#[cfg(feature = "yaml")]
mod read;
mod settings;

use std::collections::BTreeMap;
#[cfg(feature = "yaml")]
use std::sync::Arc;

use fleet_core::purpose::Constraints;
use fleet_core::{ClusterName, Networks, Selector};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

#[cfg(feature = "yaml")]
pub use read::PolicyError;
pub use settings::{
    CableDriver, CiliumSettings, Globalnet, IpamMode, KubeProxyMode, Port, RoutingMode, ServiceType,
    SubmarinerSettings, TunnelProtocol,
};

use crate::ReleaseVersion;

/// A mesh: which clusters, joined by what, in which shape; and what is known of each.
///
/// ```
/// use fleet_mesh::MeshPolicy;
///
/// let policy = MeshPolicy::from_yaml(
///     "apiVersion: fleet-sdk.dev/v1alpha1
/// kind: MeshPolicy
/// metadata: {name: production}
/// spec:
///   selector: env=production
///   cilium: {version: v1.18.4}
///   topology: full
///   pools:
///     pods: {supernets: [10.64.0.0/10], prefix: 16}
///   members:
///     production-eu-west: {id: 1}",
///     "mesh.yaml",
/// )?;
/// assert_eq!(policy.name, "production");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `members` is also the ledger of what was allocated: [`MeshPlan::record`](crate::MeshPlan::record) writes new ids and blocks
/// there, and what stands there never moves. An entry whose cluster has left the fleet keeps its id and blocks reserved until it is
/// taken out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MeshPolicy {
    /// Its name.
    pub name: String,
    /// The clusters of the mesh; default all.
    pub selector: Selector,
    /// What joins them.
    pub technology: Technology,
    /// Who is connected with whom; default everyone with everyone.
    pub topology: Topology,
    /// Where new blocks come from.
    pub pools: Pools,
    /// Blocks that nothing may be allocated from: offices, other networks.
    pub reserved: Vec<IpNet>,
    /// What the fleet's forcing functions leave open: exceptions for pairs of clusters.
    pub constraints: Constraints,
    /// What is known of clusters, by name.
    pub members: BTreeMap<ClusterName, Member>,
    #[cfg(feature = "yaml")]
    pub(crate) source: Option<Arc<read::Source>>,
}

impl MeshPolicy {
    /// A full mesh of all clusters.
    pub fn new(name: impl Into<String>, technology: Technology) -> Self {
        Self {
            name: name.into(),
            selector: Selector::default(),
            technology,
            topology: Topology::Full,
            pools: Pools::default(),
            reserved: Vec::new(),
            constraints: Constraints::default(),
            members: BTreeMap::new(),
            #[cfg(feature = "yaml")]
            source: None,
        }
    }

    /// Sets which clusters are in the mesh.
    pub fn with_selector(self, selector: Selector) -> Self {
        Self { selector, ..self }
    }

    /// Sets who is connected with whom.
    pub fn with_topology(self, topology: Topology) -> Self {
        Self { topology, ..self }
    }

    /// Sets where new blocks come from.
    pub fn with_pools(self, pools: Pools) -> Self {
        Self { pools, ..self }
    }

    /// Says what is known of a cluster.
    pub fn with_member(mut self, cluster: ClusterName, member: Member) -> Self {
        self.members.insert(cluster, member);
        self
    }
}

/// What joins the networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Technology {
    /// Cilium Cluster Mesh.
    Cilium(CiliumSettings),
    /// Submariner.
    Submariner(SubmarinerSettings),
}

impl Technology {
    /// Its name, as people say it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Cilium(_) => "Cilium Cluster Mesh",
            Self::Submariner(_) => "Submariner",
        }
    }
}

/// Who is connected with whom.
///
/// In a policy: `full`, `hubAndSpoke: {hubs: role=hub}`, or `islands: {by: region}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum Topology {
    /// Everyone with everyone.
    #[default]
    Full,
    /// The hubs with everyone, the others with the hubs only.
    HubAndSpoke {
        /// The hubs.
        hubs: Selector,
    },
    /// Clusters with the same value of a label with each other, and with nobody else.
    Islands {
        /// The label. A cluster without it is an error.
        by: String,
    },
}

/// Where new blocks come from, by what they are for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(clippy::exhaustive_structs)] // one for each kind of network
pub struct Pools {
    /// For Pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<Pool>,
    /// For Services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Pool>,
    /// For nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Pool>,
}

/// Supernets that blocks of one size are taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)] // where, and how large
pub struct Pool {
    /// The supernets, in the order in which they are used up.
    #[serde(deserialize_with = "fleet_core::cidr::list")]
    pub supernets: Vec<IpNet>,
    /// The prefix length of a block: 16 has 65,536 addresses in IPv4.
    pub prefix: u8,
}

/// What is known of a cluster as a member of a mesh. Where nothing is said, the policy's settings and the cluster's own networks
/// count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(clippy::exhaustive_structs)] // written with `..Member::default()`
pub struct Member {
    /// Its number in the mesh (`cluster.id`). Once said, it never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
    /// Its name in the mesh (`cluster.name`, `--clusterid`), where it is not the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kubeconfig context of commands, where it is not the cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The release that it runs, where it is not the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<ReleaseVersion>,
    /// Its networks, where the cluster does not say them, or says the same.
    #[serde(skip_serializing_if = "Networks::is_empty")]
    pub networks: Networks,
    /// Its Globalnet block (Submariner).
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fleet_core::cidr::option"
    )]
    pub globalnet: Option<IpNet>,
    /// How it routes, where that is not the policy's (Cilium).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<RoutingMode>,
    /// Its tunnel protocol, where that is not the policy's (Cilium).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel_protocol: Option<TunnelProtocol>,
    /// What it was installed with, where that is not the policy's (Cilium).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connected_clusters: Option<u16>,
    /// The fingerprint of the certificate authority that it trusts (Cilium); all that are said must be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_fingerprint: Option<String>,
    /// The address at which the others reach its clustermesh API server (Cilium): an IP address or a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh_address: Option<String>,
    /// How its kube-proxy runs (Submariner).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_proxy: Option<KubeProxyMode>,
    /// Whether the admission plugin `DenyServiceExternalIPs` is on (Globalnet).
    #[serde(skip_serializing_if = "Option::is_none", rename = "denyServiceExternalIPs")]
    pub deny_service_external_ips: Option<bool>,
    /// The ports that the others can reach on its nodes, such as `udp/8472`; nothing is checked where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_ports: Option<Vec<Port>>,
}
