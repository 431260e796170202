//! Cluster API's contract with its providers: which API version of a kind follows it, and what an object says by it.
//!
//! A provider names its API versions as it likes. Which of them Cluster API can read stands in labels of the
//! `CustomResourceDefinition`: `cluster.x-k8s.io/v1beta1: v1beta1_v1beta2` says that the versions `v1beta1` and `v1beta2`
//! follow the contract v1beta1. AWS has just that: its `v1beta2` has the status of contract v1beta1.
//!
//! ```
//! use fleet_capi::contract::{Contract, InfrastructureStatus};
//! use serde_json::json;
//!
//! let labels = [("cluster.x-k8s.io/v1beta1".to_owned(), "v1beta1_v1beta2".to_owned())].into();
//! assert_eq!(Contract::newest_of(&labels), Some((Contract::V1beta1, "v1beta2")));
//!
//! let aws = json!({"status": {"ready": true}});
//! let vsphere = json!({"status": {"initialization": {"provisioned": true}}});
//! assert!(InfrastructureStatus::of(&aws).provisioned && InfrastructureStatus::of(&vsphere).provisioned);
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

#[cfg(feature = "kube")]
mod lookup;

#[cfg(feature = "kube")]
pub use lookup::{ContractError, resource_of};

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Contract {
    /// Readiness in `status.ready`, failures in `status.failureReason`; gone with Cluster API 1.16.
    V1beta1,
    /// Readiness in `status.initialization`, Kubernetes' own conditions.
    V1beta2,
}

impl Contract {
    /// Both, the newest first: Cluster API reads the newest that a kind follows.
    pub const ALL: [Self; 2] = [Self::V1beta2, Self::V1beta1];

    /// Its name, as it ends the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1beta1 => "v1beta1",
            Self::V1beta2 => "v1beta2",
        }
    }

    /// The newest contract that the labels of a `CustomResourceDefinition` name, and the newest API version that follows it.
    /// `None` where a kind follows none: it is not a provider's.
    pub fn newest_of(labels: &BTreeMap<String, String>) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|contract| {
            let label = labels.get(&format!("cluster.x-k8s.io/{}", contract.as_str()))?;
            // Upstream takes the last of them in the order of Kubernetes' versions.
            let newest = label
                .split('_')
                .filter(|version| !version.is_empty())
                .max_by_key(|version| priority(version))?;
            Some((contract, newest))
        })
    }
}

/// What an infrastructure object says of itself, by whichever contract it follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InfrastructureStatus {
    /// Whether it is there: `status.initialization.provisioned`, or `status.ready`.
    pub provisioned: bool,
    /// The identity of a machine at its provider, such as `aws:///eu-west-1a/i-0a1b`.
    pub provider_id: Option<String>,
    /// Why it will never be there. Contract v1beta1 only: there is no such state any more.
    pub failure: Option<String>,
}

impl InfrastructureStatus {
    /// Reads any provider's object, of a cluster or a machine.
    pub fn of(object: &Value) -> Self {
        let flag = |pointer: &str| object.pointer(pointer).and_then(Value::as_bool);
        let text = |pointer: &str| {
            let text = object.pointer(pointer)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let provisioned = flag("/status/initialization/provisioned").or_else(|| flag("/status/ready"));
        let failure = match (text("/status/failureReason"), text("/status/failureMessage")) {
            (Some(reason), Some(message)) => Some(format!("{reason}: {message}")),
            (reason, message) => reason.or(message),
        };
        Self {
            provisioned: provisioned.unwrap_or(false),
            provider_id: text("/spec/providerID"),
            failure,
        }
    }
}

/// As Kubernetes orders versions: `v2` before `v1`, before `v1beta2`, before `v1alpha1`, before what is none.
fn priority(version: &str) -> (u8, u64, u64) {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, stage) = rest.split_at(digits);
        let major: u64 = major.parse().ok()?;
        let (rank, minor) = match stage {
            "" => (3, 0),
            _ if stage.starts_with("beta") => (2, stage.strip_prefix("beta")?.parse().ok()?),
            _ => (1, stage.strip_prefix("alpha")?.parse().ok()?),
        };
        Some((rank, major, minor))
    };
    parsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_version_that_follows_the_newest_contract() {
        for (labels, expected) in [
            (
                vec![
                    ("cluster.x-k8s.io/v1beta1", "v1beta1"),
                    ("cluster.x-k8s.io/v1beta2", "v1beta2"),
                ],
                Some((Contract::V1beta2, "v1beta2")),
            ),
            (
                vec![("cluster.x-k8s.io/v1beta1", "v1alpha4_v1beta10_v1beta9")],
                Some((Contract::V1beta1, "v1beta10")),
            ),
            (
                vec![("cluster.x-k8s.io/v1beta2", "v1beta1_v1")],
                Some((Contract::V1beta2, "v1")),
            ),
            (
                vec![
                    ("cluster.x-k8s.io/v1beta2", ""),
                    ("cluster.x-k8s.io/v1beta1", "v1"),
                ],
                Some((Contract::V1beta1, "v1")),
            ),
            (vec![("cluster.x-k8s.io/provider", "aws")], None),
            (vec![], None),
        ] {
            let pairs = labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            assert_eq!(Contract::newest_of(&pairs.collect()), expected, "{labels:?}");
        }
    }

    #[test]
    fn both_shapes_are_read_and_the_newer_one_counts() {
        let of = |status: Value| InfrastructureStatus::of(&json!({"status": status}));
        assert!(of(json!({"ready": true})).provisioned);
        assert!(!of(json!({"ready": true, "initialization": {"provisioned": false}})).provisioned);
        assert!(!of(json!(null)).provisioned);
        let failed =
            of(json!({"ready": false, "failureReason": "CreateError", "failureMessage": "no quota"}));
        assert_eq!(failed.failure.as_deref(), Some("CreateError: no quota"));
    }
}
