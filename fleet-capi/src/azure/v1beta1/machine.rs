//! Virtual machines.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SensitiveString;
use crate::azure::enums::{DiagnosticsStorage, SecurityType, SpotEvictionPolicy, VmIdentity};
use crate::azure::v1beta1::cluster::LongRunningOperation;
use crate::azure::v1beta1::disk::{DataDisk, OsDisk};
use crate::azure::v1beta1::image::Image;
use crate::meta::MachineAddress;
use crate::v1beta1;

/// What one virtual machine should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AzureMachine",
    plural = "azuremachines",
    namespaced,
    category = "cluster-api",
    status = "AzureMachineStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A virtual machine of Azure's as a machine of a cluster.",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name", "priority": 1}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name": "Severity", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].severity"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].reason"}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].message", "priority": 1}"#,
    printcolumn = r#"{"name": "State", "type": "string", "jsonPath": ".status.vmState"}"#,
    printcolumn = r#"{"name": "Machine", "type": "string", "jsonPath": ".metadata.ownerReferences[?(@.kind==\"Machine\")].name", "priority": 1}"#,
    printcolumn = r#"{"name": "VM ID", "type": "string", "jsonPath": ".spec.providerID", "priority": 1}"#,
    printcolumn = r#"{"name": "VM Size", "type": "string", "jsonPath": ".spec.vmSize", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct AzureMachineSpec {
    /// Deprecated: stands in `networkInterfaces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerated_networking: Option<bool>,
    /// What the machine can do besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_capabilities: Option<AdditionalCapabilities>,
    /// Further tags of every Azure resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// Whether it gets a public address.
    #[serde(rename = "allocatePublicIP", skip_serializing_if = "Option::is_none")]
    pub allocate_public_ip: Option<bool>,
    /// The group of capacity reservations.
    #[serde(
        rename = "capacityReservationGroupID",
        skip_serializing_if = "Option::is_none"
    )]
    pub capacity_reservation_group_id: Option<String>,
    /// Further disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_disks: Option<Vec<DataDisk>>,
    /// What is recorded about the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// Whether extensions are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_extension_operations: Option<bool>,
    /// Whether the extension that reports the bootstrap is left out.
    #[serde(
        rename = "disableVMBootstrapExtension",
        skip_serializing_if = "Option::is_none"
    )]
    pub disable_vm_bootstrap_extension: Option<bool>,
    /// The DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_servers: Option<Vec<String>>,
    /// Whether it may forward traffic of others.
    #[serde(rename = "enableIPForwarding", skip_serializing_if = "Option::is_none")]
    pub enable_ip_forwarding: Option<bool>,
    /// The failure domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// Whose identity the machine has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<VmIdentity>,
    /// The machine image; the provider's for the Kubernetes version where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<NetworkInterface>>,
    /// The disk of the operating system.
    pub os_disk: OsDisk,
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Deprecated: stands in `systemAssignedIdentityRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_assignment_name: Option<String>,
    /// How the machine is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_profile: Option<SecurityProfile>,
    /// A spot machine, and what may become of it.
    #[serde(rename = "spotVMOptions", skip_serializing_if = "Option::is_none")]
    pub spot_vm_options: Option<SpotVmOptions>,
    /// The public SSH key, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_public_key: Option<String>,
    /// Deprecated: stands in `networkInterfaces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_name: Option<String>,
    /// The role of the machine's own identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_assigned_identity_role: Option<SystemAssignedIdentityRole>,
    /// Identities that machines share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_assigned_identities: Option<Vec<UserAssignedIdentity>>,
    /// The scale set the machine becomes a part of.
    #[serde(rename = "virtualMachineScaleSetID", skip_serializing_if = "Option::is_none")]
    pub virtual_machine_scale_set_id: Option<String>,
    /// Extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_extensions: Option<Vec<VmExtension>>,
    /// The size of the machine, such as `Standard_D4s_v5`.
    pub vm_size: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one virtual machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureMachineStatus {
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
    /// Operations of Azure's that go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_running_operation_states: Option<Vec<LongRunningOperation>>,
    /// Whether it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// The state of the machine at Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_state: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a machine can do besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalCapabilities {
    /// Whether ultra disks can be attached.
    #[serde(rename = "ultraSSDEnabled", skip_serializing_if = "Option::is_none")]
    pub ultra_ssd_enabled: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is recorded about a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    /// What is recorded about the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<BootDiagnostics>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is recorded about the start of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootDiagnostics {
    /// Who owns the storage.
    pub storage_account_type: DiagnosticsStorage,
    /// The storage account, where it is one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_managed: Option<UserManagedStorage>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A storage account of one's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserManagedStorage {
    /// The URI of the account.
    #[serde(rename = "storageAccountURI")]
    pub storage_account_uri: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkInterface {
    /// Whether networking is accelerated; where absent, if the size of the machine can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerated_networking: Option<bool>,
    /// How many private addresses it has.
    #[serde(rename = "privateIPConfigs", skip_serializing_if = "Option::is_none")]
    pub private_ip_configs: Option<i64>,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a machine is protected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityProfile {
    /// Whether the host encrypts its disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_at_host: Option<bool>,
    /// How it is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_type: Option<SecurityType>,
    /// The firmware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uefi_settings: Option<UefiSettings>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The firmware of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UefiSettings {
    /// Whether it boots securely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_boot_enabled: Option<bool>,
    /// Whether it has a virtual TPM.
    #[serde(rename = "vTpmEnabled", skip_serializing_if = "Option::is_none")]
    pub vtpm_enabled: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A spot machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpotVmOptions {
    /// What happens when it is evicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eviction_policy: Option<SpotEvictionPolicy>,
    /// The highest price, in dollars an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The role of a machine's own identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemAssignedIdentityRole {
    /// The id of the role.
    #[serde(rename = "definitionID", skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<String>,
    /// The name of the assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How far the role reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An identity that machines share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAssignedIdentity {
    /// The id of the identity.
    #[serde(rename = "providerID")]
    pub provider_id: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An extension of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VmExtension {
    /// The name.
    pub name: String,
    /// Settings that are secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_settings: Option<BTreeMap<String, SensitiveString>>,
    /// Who made it.
    pub publisher: String,
    /// Settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
    /// The version of the extension.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
