//! The settings of Cilium Cluster Mesh and Submariner.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ReleaseVersion;
use crate::plan::Protocol;

/// Cilium Cluster Mesh, the same on every member but where a member says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)] // made by `CiliumSettings::new`
pub struct CiliumSettings {
    /// The release.
    pub version: ReleaseVersion,
    /// 255, or 511, which halves the identities of each cluster to 32,767. Set at installation, equal everywhere. Default 255.
    #[serde(default = "CiliumSettings::most_clusters")]
    pub max_connected_clusters: u16,
    /// Default `tunnel`.
    #[serde(default)]
    pub routing: RoutingMode,
    /// Default `vxlan`. Counts with `routing: tunnel` only.
    #[serde(default)]
    pub tunnel_protocol: TunnelProtocol,
    /// With `routing: native`: the block that is routed without translation; holds the Pod network of every member.
    #[serde(
        default,
        rename = "nativeRoutingCIDR",
        deserialize_with = "fleet_core::cidr::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub native_routing_cidr: Option<IpNet>,
    /// How clustermesh's API server is reached. Default `LoadBalancer`.
    #[serde(default)]
    pub service_type: ServiceType,
    /// Who gives Pods their addresses. Default `cluster-pool`.
    #[serde(default)]
    pub ipam: IpamMode,
    /// Whether remote state is cached in the cluster. Default true, as in Cilium since 1.16.
    #[serde(default = "CiliumSettings::on")]
    pub kv_store_mesh: bool,
    /// Whether the Multi-Cluster Services API is served. Default false.
    #[serde(default)]
    pub mcs_api: bool,
}

impl CiliumSettings {
    /// A release, with the defaults.
    pub fn new(version: ReleaseVersion) -> Self {
        Self {
            version,
            max_connected_clusters: Self::most_clusters(),
            routing: RoutingMode::default(),
            tunnel_protocol: TunnelProtocol::default(),
            native_routing_cidr: None,
            service_type: ServiceType::default(),
            ipam: IpamMode::default(),
            kv_store_mesh: true,
            mcs_api: false,
        }
    }

    const fn most_clusters() -> u16 {
        255
    }

    const fn on() -> bool {
        true
    }
}

/// How Pods of different nodes reach each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RoutingMode {
    /// Encapsulated.
    #[default]
    Tunnel,
    /// By the network's own routes.
    Native,
}

/// The encapsulation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TunnelProtocol {
    /// UDP 8472.
    #[default]
    Vxlan,
    /// UDP 6081.
    Geneve,
}

/// The type of the Service in front of clustermesh's API server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ServiceType {
    /// A load balancer of the cloud.
    #[default]
    LoadBalancer,
    /// A port of every node.
    NodePort,
    /// Inside only: the nodes route to it.
    ClusterIP,
}

/// Who gives Pods their addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IpamMode {
    /// Cilium, out of the cluster's Pod network.
    #[default]
    ClusterPool,
    /// Kubernetes: the nodes' `podCIDR`.
    Kubernetes,
}

macro_rules! written {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl $type {
            /// The word for it, as Cilium and Submariner have it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )+};
}

written! {
    RoutingMode { Tunnel = "tunnel", Native = "native" }
    TunnelProtocol { Vxlan = "vxlan", Geneve = "geneve" }
    ServiceType { LoadBalancer = "LoadBalancer", NodePort = "NodePort", ClusterIP = "ClusterIP" }
    IpamMode { ClusterPool = "cluster-pool", Kubernetes = "kubernetes" }
    CableDriver { Libreswan = "libreswan", Wireguard = "wireguard", Vxlan = "vxlan" }
    KubeProxyMode { Iptables = "iptables", Ipvs = "ipvs", Nftables = "nftables", None = "none" }
}

/// Submariner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)] // made by `SubmarinerSettings::new`
pub struct SubmarinerSettings {
    /// The release.
    pub version: ReleaseVersion,
    /// The kubeconfig context of the broker, which every member must reach.
    pub broker: String,
    /// Default `libreswan`.
    #[serde(default)]
    pub cable_driver: CableDriver,
    /// Global addresses, for members whose networks overlap. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub globalnet: Option<Globalnet>,
}

impl SubmarinerSettings {
    /// A release and the broker's context, with the defaults.
    pub fn new(version: ReleaseVersion, broker: impl Into<String>) -> Self {
        Self {
            version,
            broker: broker.into(),
            cable_driver: CableDriver::default(),
            globalnet: None,
        }
    }
}

/// What encrypts, or does not, between gateways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CableDriver {
    /// `IPsec`.
    #[default]
    Libreswan,
    /// `WireGuard`.
    Wireguard,
    /// Not encrypted.
    Vxlan,
}

/// How kube-proxy runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum KubeProxyMode {
    /// The only one that Submariner supports.
    Iptables,
    /// `IPVS`.
    Ipvs,
    /// `nftables`.
    Nftables,
    /// Something else does its work.
    None,
}

/// Global addresses of a Submariner mesh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(clippy::exhaustive_structs)] // where, and how large
pub struct Globalnet {
    /// The block that every member gets a part of. Default 242.0.0.0/8.
    #[serde(deserialize_with = "fleet_core::cidr::one")]
    pub cidr: IpNet,
    /// The prefix length of a member's part. Default 16: 65,536 addresses.
    pub prefix: u8,
}

impl Default for Globalnet {
    fn default() -> Self {
        Self {
            cidr: IpNet::V4(ipnet::Ipv4Net::new_assert(
                std::net::Ipv4Addr::new(242, 0, 0, 0),
                8,
            )),
            prefix: 16,
        }
    }
}

/// A port that is reached from outside: `udp/8472`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs)] // that is a port
pub struct Port {
    /// The protocol.
    pub protocol: Protocol,
    /// Its number.
    pub number: u16,
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let wrong = || PortError {
            found: text.to_owned(),
        };
        let (protocol, number) = text.split_once('/').ok_or_else(wrong)?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "icmp" => Protocol::Icmp,
            _ => return Err(wrong()),
        };
        Ok(Self {
            protocol,
            number: number.parse().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.protocol.as_str(), self.number))
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is no port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a protocol and a number, such as `udp/8472`")]
pub struct PortError {
    /// The text.
    pub found: String,
}
