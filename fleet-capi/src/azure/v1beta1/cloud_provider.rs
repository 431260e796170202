//! Settings of Azure's cloud provider inside the clusters.

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::enums::RateLimitName;

/// Settings of the cloud provider that are not the defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudProviderConfigOverrides {
    /// How it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_offs: Option<BackOffConfig>,
    /// How often it may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<Vec<RateLimitSpec>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the cloud provider tries again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackOffConfig {
    /// Whether it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_backoff: Option<bool>,
    /// Seconds until it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_backoff_duration: Option<i64>,
    /// By what the time grows with each try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_backoff_exponent: Option<IntOrString>,
    /// How much of the time is random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_backoff_jitter: Option<IntOrString>,
    /// How often it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_backoff_retries: Option<i64>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A rate limit of the cloud provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitSpec {
    /// The limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<RateLimitConfig>,
    /// What it is for.
    pub name: RateLimitName,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How often the cloud provider may ask.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitConfig {
    /// Whether there is a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_rate_limit: Option<bool>,
    /// How many reads may come at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_rate_limit_bucket: Option<i64>,
    /// How many writes may come at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_provider_rate_limit_bucket_write: Option<i64>,
    /// Reads a second.
    #[serde(rename = "cloudProviderRateLimitQPS", skip_serializing_if = "Option::is_none")]
    pub cloud_provider_rate_limit_qps: Option<IntOrString>,
    /// Writes a second.
    #[serde(
        rename = "cloudProviderRateLimitQPSWrite",
        skip_serializing_if = "Option::is_none"
    )]
    pub cloud_provider_rate_limit_qps_write: Option<IntOrString>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
