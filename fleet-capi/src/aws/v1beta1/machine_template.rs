//! Templates of EC2 instances.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::enums::{IgnitionVersion, Tenancy};
use crate::aws::parts::{AmiReference, CloudInit, Filter, SpotMarketOptions, Volume};
use crate::meta::TemplateMeta;

/// What new `AWSMachine` objects are made from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "infrastructure.cluster.x-k8s.io",
    version = "v1beta1",
    kind = "AWSMachineTemplate",
    plural = "awsmachinetemplates",
    namespaced,
    shortname = "awsmt",
    category = "cluster-api",
    status = "AWSMachineTemplateStatus",
    derive = "PartialEq",
    derive = "Default",
    storage = false,
    doc = "What EC2 instances are made from."
)]
pub struct AWSMachineTemplateSpec {
    /// What new objects are made from.
    pub template: AWSMachineTemplateResource,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An `AWSMachine` as it is made from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineTemplateResource {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What they should be.
    pub spec: AWSMachineSpec,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one EC2 instance should be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineSpec {
    /// Further security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_security_groups: Option<Vec<ResourceReference>>,
    /// Further tags of every AWS resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_tags: Option<BTreeMap<String, String>>,
    /// The machine image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami: Option<AmiReference>,
    /// How bootstrap data reaches cloud-init.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_init: Option<CloudInit>,
    /// The failure domain it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<String>,
    /// The instance profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<String>,
    /// How bootstrap data reaches Ignition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<Ignition>,
    /// The operating system of the image that is looked up.
    #[serde(rename = "imageLookupBaseOS", skip_serializing_if = "Option::is_none")]
    pub image_lookup_base_os: Option<String>,
    /// How the name of the image that is looked up is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_format: Option<String>,
    /// The AWS account that owns the image that is looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_lookup_org: Option<String>,
    /// The instance.
    #[serde(rename = "instanceID", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The instance type.
    pub instance_type: String,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<String>>,
    /// Further volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_root_volumes: Option<Vec<Volume>>,
    /// The machine's identity at the infrastructure provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Whether it gets a public address.
    #[serde(rename = "publicIP", skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<bool>,
    /// The root volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<Volume>,
    /// A spot instance, and how it is bid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_market_options: Option<SpotMarketOptions>,
    /// The SSH key of the instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_name: Option<String>,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<ResourceReference>,
    /// Whether hardware is shared with other customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<Tenancy>,
    /// Whether user data is left uncompressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed_user_data: Option<bool>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An AWS resource, by its id or by filters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// What it must match, where no id is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<Filter>>,
    /// The id at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How bootstrap data reaches Ignition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ignition {
    /// The version of Ignition's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<IgnitionVersion>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What machines of the template have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AWSMachineTemplateStatus {
    /// What a machine offers, for scaling from zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<BTreeMap<String, IntOrString>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
