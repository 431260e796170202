//! Resource policies: the `ConfigMap` that says what is done with which volume, and which objects are taken.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::{LabelSelector, yaml};
use serde::{Deserialize, Serialize};

use super::policy_rules;
use crate::inventory::VolumeState;

/// What a `ConfigMap` named by `spec.resourcePolicy` holds (`ResourcePolicies`, v1), strictly: as the server does, unknown
/// fields are refused, those of 1.18's own documentation (`namespace`, `kind`, `includedResourceNames`) among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourcePolicies {
    /// `v1`.
    #[serde(default)]
    pub version: String,
    /// What is done with volumes: the first that matches counts.
    #[serde(default)]
    pub volume_policies: Vec<VolumePolicy>,
    /// Resources that are in or out where the backup says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_exclude_policy: Option<IncludeExcludePolicy>,
    /// What is taken of cluster-scoped kinds. From 1.18.3 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_scoped_filter_policy: Option<ClusterScopedFilterPolicy>,
    /// What is taken of namespaces. From 1.18.3 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaced_filter_policies: Vec<NamespacedFilterPolicy>,
}

/// What is done with some volumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumePolicy {
    /// Which volumes: all conditions must hold.
    #[serde(default)]
    pub conditions: VolumeConditions,
    /// What is done.
    pub action: VolumeAction,
}

/// Conditions on a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeConditions {
    /// The least and the greatest size (`"10Gi,100Gi"`), either of them empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<String>,
    /// The storage classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<Vec<String>>,
    /// An NFS volume, of this server and path if named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nfs: Option<BTreeMap<String, serde_json::Value>>,
    /// A CSI volume, of this driver if named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi: Option<BTreeMap<String, serde_json::Value>>,
    /// The kinds of volume (`csi`, `nfs`, `emptyDir`, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_types: Option<Vec<String>>,
    /// Labels of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_labels: Option<BTreeMap<String, String>>,
    /// Phases of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_phase: Option<Vec<String>>,
    /// The claim's volume mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_volume_mode: Option<String>,
    /// The claim's access modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_access_modes: Option<Vec<String>>,
}

/// What is done with a volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeAction {
    /// Which.
    #[serde(rename = "type")]
    pub kind: VolumeActionType,
    /// Its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, serde_json::Value>>,
}

/// The actions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VolumeActionType {
    /// The volume's data is not saved.
    Skip,
    /// A snapshot.
    Snapshot,
    /// File by file.
    FsBackup,
    /// What a plugin makes of it.
    Custom,
}

/// Resources in and out where the backup says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IncludeExcludePolicy {
    /// Cluster-scoped kinds.
    pub included_cluster_scoped_resources: Vec<String>,
    /// Cluster-scoped kinds left out.
    pub excluded_cluster_scoped_resources: Vec<String>,
    /// Namespaced kinds.
    pub included_namespace_scoped_resources: Vec<String>,
    /// Namespaced kinds left out.
    pub excluded_namespace_scoped_resources: Vec<String>,
}

/// What is taken of some namespaces: nothing but this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespacedFilterPolicy {
    /// The namespaces, as globs.
    pub namespaces: Vec<String>,
    /// What is taken.
    pub resource_filters: Vec<ResourceFilter>,
}

/// What is taken of cluster-scoped kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterScopedFilterPolicy {
    /// What is taken.
    pub resource_filters: Vec<ResourceFilter>,
}

/// Some objects of some kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceFilter {
    /// The kinds; none, or `*` alone: every kind that no other filter of the policy names.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only objects with these labels, whatever selectors the backup has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Only objects that one of these selects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_label_selectors: Option<Vec<LabelSelector>>,
    /// Only objects of these names, as globs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// No objects of these names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_names: Option<Vec<String>>,
}

/// Why the server refuses a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The `ConfigMap` must have exactly one key.
    #[error("a resource policy is the one value of its ConfigMap: found {0}")]
    Keys(usize),
    /// It is not YAML.
    #[error("the resource policy is not YAML")]
    Yaml(#[from] yaml::YamlError),
    /// It is empty, or more than one document.
    #[error("a resource policy is one document: found {0}")]
    Documents(usize),
    /// A field does not fit.
    #[error("the resource policy does not fit")]
    Decode(#[from] yaml::DecodeError),
    /// There is no other version.
    #[error("version `{0}` of a resource policy: only v1 exists")]
    Version(String),
    /// A rule of the server is broken.
    #[error("{field} of the resource policy: {reason}")]
    Rule {
        /// Where, as `namespacedFilterPolicies[0].namespaces[1]`.
        field: String,
        /// What is wrong.
        reason: String,
    },
}

impl ResourcePolicies {
    /// Reads the data of a `ConfigMap`.
    ///
    /// # Errors
    /// What the server refuses, before it makes the backup.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, PolicyError> {
        let mut values = data.values();
        let (Some(text), None) = (values.next(), values.next()) else {
            return Err(PolicyError::Keys(data.len()));
        };
        let documents = yaml::documents(text)?;
        let [document] = documents.as_slice() else {
            return Err(PolicyError::Documents(documents.len()));
        };
        let policies: Self = document.decode()?;
        if policies.version != "v1" {
            return Err(PolicyError::Version(policies.version));
        }
        policy_rules::check(&policies)?;
        Ok(policies)
    }

    /// What is done with a volume, if a policy says so.
    pub fn action_of(&self, volume: &VolumeState) -> Option<VolumeActionType> {
        action_of(&self.volume_policies, volume)
    }

    /// Whether it says which objects are taken, and not only what is done with volumes.
    pub fn filters_objects(&self) -> bool {
        self.include_exclude_policy.is_some()
            || self.cluster_scoped_filter_policy.is_some()
            || !self.namespaced_filter_policies.is_empty()
    }
}

/// What the first policy that holds of a volume does with it.
pub(super) fn action_of(policies: &[VolumePolicy], volume: &VolumeState) -> Option<VolumeActionType> {
    let policy = policies.iter().find(|policy| policy.conditions.hold(volume))?;
    Some(policy.action.kind)
}

impl ResourceFilter {
    /// Whether it holds for every kind that no other filter names.
    pub fn is_catch_all(&self) -> bool {
        self.kinds.is_empty() || self.kinds == ["*"]
    }
}

impl VolumeConditions {
    fn hold(&self, volume: &VolumeState) -> bool {
        let class = volume.storage_class.as_deref().unwrap_or_default();
        let in_range = |range: &String| {
            let (least, most) = range.split_once(',').unwrap_or((range, ""));
            let least = bytes_of(least.trim()).unwrap_or(0);
            let most = bytes_of(most.trim()).filter(|most| *most > 0);
            volume.bytes >= least && most.is_none_or(|most| volume.bytes <= most)
        };
        let has_labels = |wanted: &BTreeMap<String, String>| {
            wanted
                .iter()
                .all(|(key, value)| volume.labels.get(key) == Some(value))
        };
        let of_driver = |csi: &BTreeMap<String, serde_json::Value>| match (&volume.driver, csi.get("driver"))
        {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(driver), Some(wanted)) => wanted.as_str() == Some(driver),
        };
        self.capacity.as_ref().is_none_or(in_range)
            && self
                .storage_class
                .as_ref()
                .is_none_or(|classes| classes.is_empty() || classes.iter().any(|wanted| wanted == class))
            && self.csi.as_ref().is_none_or(of_driver)
            && self.pvc_labels.as_ref().is_none_or(has_labels)
            && self.volume_types.as_ref().is_none_or(|types| {
                let own = if volume.driver.is_some() { "csi" } else { "persistentVolumeClaim" };
                types.iter().any(|wanted| wanted == own)
            })
            // The inventory holds bound claims of other volumes than NFS.
            && self.nfs.is_none()
            && self
                .pvc_phase
                .as_ref()
                .is_none_or(|phases| phases.is_empty() || phases.iter().any(|phase| phase == "Bound"))
            && self
                .pvc_volume_mode
                .as_deref()
                .is_none_or(|wanted| wanted.is_empty() || wanted == volume.mode())
            && self.pvc_access_modes.as_ref().is_none_or(|wanted| {
                let set = |modes: &[String]| modes.iter().cloned().collect::<BTreeSet<_>>();
                wanted.is_empty()
                    || wanted.len() == volume.access_modes.len() && set(wanted) == set(&volume.access_modes)
            })
    }
}

/// A Kubernetes quantity in bytes; `None` for an empty or unreadable one.
pub(crate) fn bytes_of(text: &str) -> Option<u64> {
    if let Ok(plain) = text.parse::<f64>()
        && text.starts_with(|c: char| c.is_ascii_digit())
    {
        // Saturates at what no volume reaches.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        return Some(plain as u64);
    }
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let scale: f64 = match unit {
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024.0_f64.powi(2),
        "Gi" => 1024.0_f64.powi(3),
        "Ti" => 1024.0_f64.powi(4),
        "E" => 1e18,
        "Ei" => 1024.0_f64.powi(6),
        "Pi" => 1024.0_f64.powi(5),
        _ => return None,
    };
    let value = number.parse::<f64>().ok()? * scale;
    // Saturates at what no volume reaches.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(value as u64)
}
