//! Virtual machines.

use std::collections::BTreeMap;

use fleet_core::Extra;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;
use crate::meta::MachineAddress;
use crate::v1beta1;
use crate::v1beta1::V1beta2Conditions;
use crate::vsphere::enums::{CloneMode, FaultToleranceEncryption, MigrationEncryption, PowerOffMode};
use crate::vsphere::parts::{DataDisk, NetworkStatus, PciDevice, VSphereNaming, VmResources};
use crate::vsphere::v1beta1::network::NetworkSpec;

/// What one virtual machine should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "VSphereMachine",
    plural = "vspheremachines",
    namespaced,
    category = "cluster-api",
    status = "VSphereMachineStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "A virtual machine of vSphere's as a machine of a cluster.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready"}"#,
    printcolumn = r#"{"name": "ProviderID", "type": "string", "jsonPath": ".spec.providerID"}"#,
    printcolumn = r#"{"name": "Machine", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"Machine\")].name", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct VSphereMachineSpec {
    /// The sizes of the template's further disks, in GiB.
    #[serde(rename = "additionalDisksGiB", skip_serializing_if = "Option::is_none")]
    pub additional_disks_gib: Option<Vec<i32>>,
    /// How it is made from its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone_mode: Option<CloneMode>,
    /// The encryption key.
    #[serde(rename = "cryptoKeyID", skip_serializing_if = "Option::is_none")]
    pub crypto_key_id: Option<String>,
    /// The storage policy of encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crypto_profile: Option<String>,
    /// Further settings of the machine.
    #[serde(rename = "customVMXKeys", skip_serializing_if = "Option::is_none")]
    pub custom_vmx_keys: Option<BTreeMap<String, String>>,
    /// Further disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_disks: Option<Vec<DataDisk>>,
    /// The datacenter: a name, a path or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datacenter: Option<String>,
    /// The datastore: a name, a path or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datastore: Option<String>,
    /// The size of the first disk, in GiB; the template's where absent.
    #[serde(rename = "diskGiB", skip_serializing_if = "Option::is_none")]
    pub disk_gib: Option<i32>,
    /// The failure domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// The folder: a name, a path or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Whether fault-tolerance traffic is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ft_encryption_mode: Option<FaultToleranceEncryption>,
    /// How long the guest has to power off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_soft_power_off_timeout: Option<GoDuration>,
    /// The virtual hardware, such as `vmx-21`; the template's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware_version: Option<String>,
    /// Memory, in MiB; the template's where absent.
    #[serde(rename = "memoryMiB", skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<i64>,
    /// Whether `vMotion` traffic is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrate_encryption: Option<MigrationEncryption>,
    /// How names are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naming_strategy: Option<VSphereNaming>,
    /// Whether virtual machines can run inside.
    #[serde(rename = "nestedHV", skip_serializing_if = "Option::is_none")]
    pub nested_hv: Option<bool>,
    /// The network.
    pub network: NetworkSpec,
    /// Processors; the template's where absent.
    #[serde(rename = "numCPUs", skip_serializing_if = "Option::is_none")]
    pub num_cpus: Option<i32>,
    /// Cores a socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_cores_per_socket: Option<i32>,
    /// The operating system; Linux where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// PCI devices of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pci_devices: Option<Vec<PciDevice>>,
    /// How it is powered off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_off_mode: Option<PowerOffMode>,
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The resource pool: a name, a path or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_pool: Option<String>,
    /// What of processor and memory it is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<VmResources>,
    /// The address of the vCenter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The snapshot a linked clone is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The storage policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_policy_name: Option<String>,
    /// Tags, as URNs.
    #[serde(rename = "tagIDs", skip_serializing_if = "Option::is_none")]
    pub tag_ids: Option<Vec<String>>,
    /// The template it is cloned from, which holds the image: a name, a path or an id.
    pub template: String,
    /// The SHA-1 checksum of the vCenter's certificate; unverified where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one virtual machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VSphereMachineStatus {
    /// The addresses of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<MachineAddress>>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<v1beta1::Condition>>,
    /// Why it will not come up, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    /// Why it will not come up, in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The network devices as vSphere has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Vec<NetworkStatus>>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
