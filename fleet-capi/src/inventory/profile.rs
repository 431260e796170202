//! `ClusterProfile`: the inventory that all cluster managers share (SIG Multicluster, KEP-4322).

use std::collections::BTreeMap;

use fleet_core::{
    ClusterName, Extra, FleetCluster, KubernetesVersion, LabelError, Labels, NameError, NodeCounts, Provider,
    VersionError,
};
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whose cluster it is, and what people call it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "multicluster.x-k8s.io",
    version = "v1alpha1",
    kind = "ClusterProfile",
    plural = "clusterprofiles",
    namespaced,
    status = "ClusterProfileStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A cluster in the inventory that cluster managers share."
)]
pub struct ClusterProfileSpec {
    /// The manager that owns the profile; it cannot change.
    pub cluster_manager: ClusterManager,
    /// What people call the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A program that manages clusters and keeps their profiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterManager {
    /// Its name, which is also the label [`CLUSTER_MANAGER_LABEL`] of the profile.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterProfileStatus {
    /// Ways to the cluster's API server, each for a client that knows the provider of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_providers: Option<Vec<AccessProvider>>,
    /// What holds and what does not: `ControlPlaneHealthy`, `Joined`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// The former name of `access_providers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_providers: Option<Vec<AccessProvider>>,
    /// What is known of the cluster, by the names of KEP-2149 or of its manager's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<ClusterProperty>>,
    /// The versions that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<ClusterVersion>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A way to the cluster's API server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessProvider {
    /// How the API server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterAccess>,
    /// The provider, which says how credentials are had.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an API server is reached, as in a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ClusterAccess {
    /// The file of the certificate authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<String>,
    /// The certificate authority, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::bytes")]
    pub certificate_authority_data: Option<ByteString>,
    /// Whether responses are left uncompressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_compression: Option<bool>,
    /// What else a client needs, such as the settings of its credential plug-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Vec<NamedExtension>>,
    /// Whether the server's certificate is not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_tls_verify: Option<bool>,
    /// The proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    /// The address.
    pub server: String,
    /// The name in the server's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_server_name: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Something a client needs, by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedExtension {
    /// What it is.
    #[schemars(schema_with = "crate::schema::any_json")]
    pub extension: Value,
    /// The name.
    pub name: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Something that is known of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterProperty {
    /// When it was seen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_observed_time: Option<Time>,
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The versions that a cluster runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersion {
    /// The Kubernetes version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The label of a profile that names its manager.
pub const CLUSTER_MANAGER_LABEL: &str = "x-k8s.io/cluster-manager";

/// Our name as a manager.
pub const FLEET_SDK_MANAGER: &str = "fleet-sdk";

const REGION: &str = "topology.kubernetes.io/region";
const PROVIDER: &str = "fleet-sdk.dev/provider";
const CONTROL_PLANE_NODES: &str = "fleet-sdk.dev/control-plane-nodes";
const WORKER_NODES: &str = "fleet-sdk.dev/worker-nodes";
const FAILURE_DOMAINS: &str = "fleet-sdk.dev/failure-domains";

impl ClusterProfile {
    /// The profile of a member of a fleet, kept by a manager: its labels, its version, and as properties its region, provider,
    /// nodes and failure domains.
    ///
    /// ```
    /// use fleet_capi::inventory::{ClusterProfile, FLEET_SDK_MANAGER};
    /// use fleet_core::{FleetCluster, Labels};
    ///
    /// let eu = FleetCluster::new("eu".parse()?, "v1.34.2".parse()?)
    ///     .with_labels(Labels::from_pairs([("env", "production"), ("region", "eu-west-1")])?);
    /// let profile = ClusterProfile::of(&eu, FLEET_SDK_MANAGER);
    /// assert_eq!(profile.property("topology.kubernetes.io/region"), Some("eu-west-1"));
    /// assert_eq!(profile.member()?, eu);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(cluster: &FleetCluster, manager: &str) -> Self {
        let nodes = cluster.nodes();
        let domains = cluster.failure_domains().iter().cloned().collect::<Vec<_>>();
        let provider = Some(cluster.provider()).filter(|provider| **provider != Provider::Unknown);
        let known = [
            (REGION, cluster.region().map(str::to_owned)),
            (PROVIDER, provider.map(ToString::to_string)),
            (CONTROL_PLANE_NODES, Some(nodes.control_plane.to_string())),
            (WORKER_NODES, Some(nodes.workers.to_string())),
            (FAILURE_DOMAINS, Some(domains.join(","))),
        ];
        let properties = known.into_iter().filter_map(|(name, value)| {
            Some(ClusterProperty {
                name: name.to_owned(),
                value: value.filter(|value| !value.is_empty())?,
                ..ClusterProperty::default()
            })
        });
        let mut labels: BTreeMap<String, String> = cluster
            .labels()
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        labels.insert(CLUSTER_MANAGER_LABEL.to_owned(), manager.to_owned());
        let mut profile = Self::new(
            cluster.name().as_str(),
            ClusterProfileSpec {
                cluster_manager: ClusterManager {
                    name: manager.to_owned(),
                    ..ClusterManager::default()
                },
                display_name: Some(cluster.name().to_string()),
                ..ClusterProfileSpec::default()
            },
        );
        profile.metadata.labels = Some(labels);
        profile.status = Some(ClusterProfileStatus {
            properties: Some(properties.collect()),
            version: Some(ClusterVersion {
                kubernetes: Some(cluster.version().to_string()),
                ..ClusterVersion::default()
            }),
            ..ClusterProfileStatus::default()
        });
        profile
    }

    /// The cluster as a member of a fleet, whoever manages it. What a manager does not say is left open: no nodes, an
    /// unknown provider.
    ///
    /// # Errors
    /// A profile without a version, or whose name, version or labels are none.
    pub fn member(&self) -> Result<FleetCluster, ProfileError> {
        let name = self.metadata.name.clone().unwrap_or_default();
        let cluster: ClusterName = name.parse().map_err(ProfileError::Name)?;
        let version = self
            .status
            .as_ref()
            .and_then(|status| status.version.as_ref()?.kubernetes.as_deref())
            .filter(|version| !version.is_empty())
            .ok_or_else(|| ProfileError::NoVersion {
                cluster: cluster.clone(),
            })?;
        let version: KubernetesVersion = version.parse().map_err(|source| ProfileError::Version {
            cluster: cluster.clone(),
            source,
        })?;
        let mut labels = self.metadata.labels.clone().unwrap_or_default();
        labels.remove(CLUSTER_MANAGER_LABEL);
        // Other managers say the region as a property only.
        if let (Some(region), false) = (self.property(REGION), labels.contains_key("region")) {
            labels.insert("region".to_owned(), region.to_owned());
        }
        let labels = Labels::from_pairs(labels).map_err(|source| ProfileError::Label {
            cluster: cluster.clone(),
            source,
        })?;
        let number = |name: &str| {
            self.property(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        let nodes = NodeCounts {
            control_plane: number(CONTROL_PLANE_NODES),
            workers: number(WORKER_NODES),
        };
        let domains = self.property(FAILURE_DOMAINS).unwrap_or_default().split(',');
        Ok(FleetCluster::new(cluster, version)
            .with_labels(labels)
            .with_nodes(nodes)
            .with_provider(Provider::from(self.property(PROVIDER).unwrap_or_default()))
            .with_failure_domains(domains.filter(|domain| !domain.is_empty())))
    }

    /// A property by its name.
    pub fn property(&self, name: &str) -> Option<&str> {
        let properties = self.status.as_ref()?.properties.as_ref()?;
        let found = properties.iter().find(|property| property.name == name)?;
        Some(&found.value)
    }

    /// Whether the manager says that the control plane is healthy; `None` where it does not say.
    pub fn is_healthy(&self) -> Option<bool> {
        let conditions = self.status.as_ref()?.conditions.as_ref()?;
        let condition = conditions.iter().find(|it| it.type_ == "ControlPlaneHealthy")?;
        (condition.status != "Unknown").then(|| condition.status == "True")
    }
}

/// Why a profile is no member of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Its name cannot name a member.
    #[error("a ClusterProfile's name cannot name a member of a fleet")]
    Name(#[source] NameError),
    /// It says no version.
    #[error("ClusterProfile {cluster} has no version: status.version.kubernetes is empty")]
    NoVersion {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Its version is not one.
    #[error("the version of ClusterProfile {cluster} is no Kubernetes version")]
    Version {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: VersionError,
    },
    /// Its labels are not labels.
    #[error("the labels of ClusterProfile {cluster} are not valid")]
    Label {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong.
        #[source]
        source: LabelError,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_managers_profile_is_a_member() {
        let profile: ClusterProfile = serde_json::from_value(json!({
            "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ClusterProfile",
            "metadata": {"name": "gke-shop", "labels": {"x-k8s.io/cluster-manager": "gke-fleet", "env": "production"}},
            "spec": {"clusterManager": {"name": "gke-fleet"}},
            "status": {
                "version": {"kubernetes": "v1.33.5-gke.1080000"},
                "properties": [{"name": "topology.kubernetes.io/region", "value": "europe-west1", "lastObservedTime": "2026-11-23T09:00:00Z"}],
                "conditions": [{"type": "ControlPlaneHealthy", "status": "True", "reason": "Ok", "message": "", "lastTransitionTime": "2026-11-23T09:00:00Z"}],
                "accessProviders": [{"name": "gke-fleet", "cluster": {"server": "https://10.0.0.1", "certificate-authority-data": "Y2E=", "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"a": [1, null]}}], "colour": "blue"}}],
                "shade": {"of": "grey"},
            },
        }))
        .unwrap();
        let member = profile.member().unwrap();
        assert_eq!(
            (member.region(), member.env()),
            (Some("europe-west1"), Some("production"))
        );
        assert_eq!(profile.is_healthy(), Some(true));
        let written = serde_json::to_value(&profile).unwrap();
        assert_eq!(written["status"]["shade"]["of"], "grey");
        assert_eq!(
            written["status"]["accessProviders"][0]["cluster"]["colour"],
            "blue"
        );
        assert_eq!(
            written["status"]["accessProviders"][0]["cluster"]["certificate-authority-data"],
            "Y2E="
        );
    }

    #[test]
    fn without_a_version_it_is_none() {
        let mut profile = ClusterProfile::new("a", ClusterProfileSpec::default());
        assert_eq!(
            profile.member().unwrap_err().to_string(),
            "ClusterProfile a has no version: status.version.kubernetes is empty"
        );
        profile.metadata.name = Some("A_b".to_owned());
        assert!(matches!(profile.member(), Err(ProfileError::Name(_))));
    }
}
