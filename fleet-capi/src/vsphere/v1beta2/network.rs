//! The network of a virtual machine.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vsphere::parts::{DhcpOverrides, NetworkRoute};

/// The network of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// The network devices.
    pub devices: Vec<NetworkDevice>,
    /// Static routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<NetworkRoute>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A network device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDevice {
    /// Pools that addresses are taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses_from_pools: Option<Vec<AddressPool>>,
    /// The name of the device in the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Whether it has its IPv4 address from DHCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp4: Option<bool>,
    /// What of DHCP is taken, for IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp4_overrides: Option<DhcpOverrides>,
    /// Whether it has its IPv6 address from DHCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp6: Option<bool>,
    /// What of DHCP is taken, for IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp6_overrides: Option<DhcpOverrides>,
    /// The IPv4 gateway, needed without DHCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway4: Option<String>,
    /// The IPv6 gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway6: Option<String>,
    /// Addresses, in CIDR notation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_addrs: Option<Vec<String>>,
    /// The MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_addr: Option<String>,
    /// The largest packet, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<i64>,
    /// DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nameservers: Option<Vec<String>>,
    /// The network: a name, a path or an id.
    pub network_name: String,
    /// Static routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<NetworkRoute>>,
    /// DNS search domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_domains: Option<Vec<String>>,
    /// Whether it has neither address nor DHCP, which somebody else then sees to.
    #[serde(rename = "skipIPAllocation", skip_serializing_if = "Option::is_none")]
    pub skip_ip_allocation: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pool that addresses are taken from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddressPool {
    /// The API group of the pool.
    pub api_group: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
