//! What both versions of the vSphere kinds share.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vsphere::enums::{DiskProvisioning, IdentityKind};

/// A cluster module, which keeps machines of one group on different hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterModule {
    /// Whether those are control-plane machines.
    pub control_plane: bool,
    /// The id of the module at vSphere.
    #[serde(rename = "moduleUUID")]
    pub module_uuid: String,
    /// The control plane or worker group whose machines it keeps apart.
    pub target_object_name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The credentials the controllers act with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityReference {
    /// What holds them.
    pub kind: IdentityKind,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A further disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataDisk {
    /// The name.
    pub name: String,
    /// When its space is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioning_mode: Option<DiskProvisioning>,
    /// The size, in GiB.
    #[serde(rename = "sizeGiB")]
    pub size_gib: i32,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the names of virtual machines are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VSphereNaming {
    /// What new objects are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A PCI device of the host that the machine gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PciDevice {
    /// The label that hosts carry it under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_label: Option<String>,
    /// The id of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<i32>,
    /// The profile of a virtual GPU.
    #[serde(rename = "vGPUProfile", skip_serializing_if = "Option::is_none")]
    pub vgpu_profile: Option<String>,
    /// The id of the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What of the processor and the memory the machine is promised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VmResources {
    /// The most it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<VmResourceAmounts>,
    /// What it gets in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<VmResourceAmounts>,
    /// Its weight beside others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<VmResourceShares>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Amounts of processor and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VmResourceAmounts {
    /// Of the processor, in hertz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<IntOrString>,
    /// Of the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The weight of the machine beside others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VmResourceShares {
    /// Of the processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// Of the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is taken from the DHCP server, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DhcpOverrides {
    /// The name that is sent instead of the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The metric of the routes from the server; lower ones win.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_metric: Option<i32>,
    /// Whether the host name is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_hostname: Option<bool>,
    /// Whether the DNS servers are taken.
    #[serde(rename = "useDNS", skip_serializing_if = "Option::is_none")]
    pub use_dns: Option<bool>,
    /// Whether the domain is taken: `true`, `false` or `route`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_domains: Option<String>,
    /// Whether the host name is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_hostname: Option<bool>,
    /// Whether the MTU is taken.
    #[serde(rename = "useMTU", skip_serializing_if = "Option::is_none")]
    pub use_mtu: Option<bool>,
    /// Whether the time servers are taken.
    #[serde(rename = "useNTP", skip_serializing_if = "Option::is_none")]
    pub use_ntp: Option<bool>,
    /// Whether the routes are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_routes: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A static route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkRoute {
    /// The metric; lower ones win.
    pub metric: i32,
    /// Where it leads.
    pub to: String,
    /// Through which address.
    pub via: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A network device as vSphere has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStatus {
    /// Whether it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Its addresses, by what the guest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_addrs: Option<Vec<String>>,
    /// The MAC address.
    pub mac_addr: String,
    /// The network: a name, a path or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
