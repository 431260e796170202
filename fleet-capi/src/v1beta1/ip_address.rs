//! Addresses from pools, and claims of them.

use fleet_core::Extra;
use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::LocalReference;
use crate::v1beta1::condition::Condition;
use crate::v1beta1::machine::V1beta2Conditions;

/// An address, and whom it was made for.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "ipam.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "IPAddress",
    plural = "ipaddresses",
    namespaced,
    category = "cluster-api",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "An address out of a pool.",
    printcolumn = r#"{"name": "Address", "type": "string", "jsonPath": ".spec.address"}"#,
    printcolumn = r#"{"name": "Pool Name", "type": "string", "jsonPath": ".spec.poolRef.name"}"#,
    printcolumn = r#"{"name": "Pool Kind", "type": "string", "jsonPath": ".spec.poolRef.kind"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct IPAddressSpec {
    /// The address.
    pub address: String,
    /// The claim it was made for.
    pub claim_ref: LocalReference,
    /// The gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The pool it comes from.
    pub pool_ref: TypedLocalObjectReference,
    /// The length of the network prefix.
    pub prefix: i32,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which pool an address is wanted from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "ipam.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "IPAddressClaim",
    plural = "ipaddressclaims",
    namespaced,
    category = "cluster-api",
    status = "IPAddressClaimStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "Asks a pool for an address.",
    printcolumn = r#"{"name": "Pool Name", "type": "string", "jsonPath": ".spec.poolRef.name"}"#,
    printcolumn = r#"{"name": "Pool Kind", "type": "string", "jsonPath": ".spec.poolRef.kind"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
pub struct IPAddressClaimSpec {
    /// The cluster it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The pool to take an address from.
    pub pool_ref: TypedLocalObjectReference,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The address a claim got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IPAddressClaimStatus {
    /// The address it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_ref: Option<LocalReference>,
    /// What holds and what does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// The conditions and counts as v1beta2 has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1beta2: Option<V1beta2Conditions>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
