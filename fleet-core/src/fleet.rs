//! The fleet as planners see it: plain values, wherever they came from.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ClusterName, KubernetesVersion, Labels, Networks, Purpose, Selector};

/// One Kubernetes cluster of a fleet: what a planner needs to know of it.
///
/// ```
/// use fleet_core::{Criticality, FleetCluster, Labels, NodeCounts};
///
/// let cluster = FleetCluster::new("production-eu-west".parse()?, "v1.30.0".parse()?)
///     .with_labels(Labels::from_pairs([("env", "production"), ("region", "eu-west"), ("tier", "gold")])?)
///     .with_nodes(NodeCounts { control_plane: 3, workers: 5 });
/// assert_eq!(cluster.env(), Some("production"));
/// assert_eq!(cluster.criticality(), Criticality::High);
/// assert_eq!(cluster.nodes().total(), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FleetCluster {
    name: ClusterName,
    version: KubernetesVersion,
    /// Only where it was said; else the workers run what the control plane does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_version: Option<KubernetesVersion>,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    provider: Provider,
    #[serde(default)]
    nodes: NodeCounts,
    /// Only where it was said; the labels say it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criticality: Option<Criticality>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    failure_domains: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Networks::is_empty")]
    networks: Networks,
}

impl FleetCluster {
    /// A cluster whose control plane runs `version`.
    pub fn new(name: ClusterName, version: KubernetesVersion) -> Self {
        Self {
            name,
            version,
            worker_version: None,
            labels: Labels::new(),
            provider: Provider::default(),
            nodes: NodeCounts::default(),
            criticality: None,
            failure_domains: BTreeSet::new(),
            networks: Networks::default(),
        }
    }

    /// Sets the oldest version among its workers, where they do not run what the control plane runs.
    pub fn with_worker_version(self, version: KubernetesVersion) -> Self {
        Self {
            worker_version: Some(version),
            ..self
        }
    }

    /// Sets the labels.
    pub fn with_labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// Sets the infrastructure provider.
    pub fn with_provider(self, provider: Provider) -> Self {
        Self { provider, ..self }
    }

    /// Sets the numbers of nodes.
    pub fn with_nodes(self, nodes: NodeCounts) -> Self {
        Self { nodes, ..self }
    }

    /// Sets the criticality, whatever the labels say.
    pub fn with_criticality(self, criticality: Criticality) -> Self {
        Self {
            criticality: Some(criticality),
            ..self
        }
    }

    /// Sets the failure domains (availability zones, as a rule) that the cluster's nodes stand in.
    pub fn with_failure_domains(self, domains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            failure_domains: domains.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Sets the address ranges.
    pub fn with_networks(self, networks: Networks) -> Self {
        Self { networks, ..self }
    }

    /// Its name, unique in the fleet.
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// The version its control plane runs.
    pub fn version(&self) -> &KubernetesVersion {
        &self.version
    }

    /// The oldest version among its workers; the control plane's where nothing else was said.
    ///
    /// ```
    /// use fleet_core::FleetCluster;
    ///
    /// let cluster = FleetCluster::new("eu".parse()?, "v1.31.4".parse()?);
    /// assert!(!cluster.workers_lag());
    /// let cluster = cluster.with_worker_version("v1.28.9".parse()?);
    /// assert!(cluster.workers_lag() && cluster.worker_version().minor() == 28);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worker_version(&self) -> &KubernetesVersion {
        self.worker_version.as_ref().unwrap_or(&self.version)
    }

    /// Whether there are workers of an older release than the control plane's: an upgrade that stopped half-way, or
    /// one that went on without them.
    pub fn workers_lag(&self) -> bool {
        let workers = self.worker_version();
        workers < &self.version && !workers.same_release(&self.version)
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The value of one label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key)
    }

    /// The label `env`: `production`, `staging`.
    pub fn env(&self) -> Option<&str> {
        self.label("env")
    }

    /// The label `region`: `eu-west`.
    pub fn region(&self) -> Option<&str> {
        self.label("region")
    }

    /// The label `tier`: `gold`.
    pub fn tier(&self) -> Option<&str> {
        self.label("tier")
    }

    /// Who provides its machines.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// How many nodes it has.
    pub fn nodes(&self) -> NodeCounts {
        self.nodes
    }

    /// How much depends on it: as set, else by its labels (see [`Criticality::of`]).
    pub fn criticality(&self) -> Criticality {
        self.criticality.unwrap_or_else(|| Criticality::of(&self.labels))
    }

    /// The first label, and its value, that is there to say the criticality and says nothing known: a misspelled
    /// `criticality: hgih`, say, with which the cluster counts as less than it is. `None` where
    /// [`with_criticality`](Self::with_criticality) has said it.
    pub fn unread_criticality(&self) -> Option<(&'static str, &str)> {
        if self.criticality.is_some() {
            return None;
        }
        let (label, value, read) = Criticality::LABELS.iter().find_map(|(label, parse)| {
            let value = self.labels.get(label).filter(|value| !value.is_empty())?;
            Some((*label, value, parse(value)))
        })?;
        read.is_none().then_some((label, value))
    }

    /// The failure domains that its nodes stand in.
    pub fn failure_domains(&self) -> &BTreeSet<String> {
        &self.failure_domains
    }

    /// The address ranges of its Pods, Services and nodes, as far as they are known.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Why it is a cluster of its own, as its labels say it.
    pub fn purpose(&self) -> Purpose {
        Purpose::of(&self.labels)
    }
}

/// The clusters of a fleet, each name once, in the order of their names.
///
/// ```
/// use fleet_core::{Fleet, FleetCluster, Labels};
///
/// let cluster = |name: &str, env| -> Result<_, Box<dyn std::error::Error>> {
///     Ok(FleetCluster::new(name.parse()?, "v1.30.0".parse()?).with_labels(Labels::from_pairs([("env", env)])?))
/// };
/// let fleet = Fleet::new([cluster("eu", "production")?, cluster("lab", "staging")?])?;
/// assert_eq!(fleet.select(&"env=staging".parse()?).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    /// Sorted by name.
    clusters: Vec<FleetCluster>,
}

impl Fleet {
    /// A fleet of these clusters, in whatever order they come. Two of one name are refused.
    pub fn new(clusters: impl IntoIterator<Item = FleetCluster>) -> Result<Self, FleetError> {
        let mut clusters: Vec<_> = clusters.into_iter().collect();
        clusters.sort_by(|a, b| a.name.cmp(&b.name));
        match clusters.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(FleetError::Duplicate {
                name: pair[0].name.clone(),
            }),
            None => Ok(Self { clusters }),
        }
    }

    /// The cluster of this name.
    pub fn get(&self, name: &str) -> Option<&FleetCluster> {
        let found = self
            .clusters
            .binary_search_by(|cluster| cluster.name.as_str().cmp(name))
            .ok()?;
        self.clusters.get(found)
    }

    /// All clusters, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, FleetCluster> {
        self.clusters.iter()
    }

    /// The clusters that a selector matches, in the order of their names.
    pub fn select<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a FleetCluster> {
        self.iter()
            .filter(move |cluster| selector.matches(&cluster.labels))
    }

    /// How many clusters there are.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// How many clusters run each version, in the order of the versions.
    pub fn versions(&self) -> BTreeMap<&KubernetesVersion, usize> {
        let mut versions = BTreeMap::new();
        for cluster in self {
            *versions.entry(&cluster.version).or_default() += 1;
        }
        versions
    }
}

impl<'a> IntoIterator for &'a Fleet {
    type Item = &'a FleetCluster;
    type IntoIter = std::slice::Iter<'a, FleetCluster>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Fleet {
    type Item = FleetCluster;
    type IntoIter = std::vec::IntoIter<FleetCluster>;

    fn into_iter(self) -> Self::IntoIter {
        self.clusters.into_iter()
    }
}

/// As a list of clusters.
impl Serialize for Fleet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.clusters.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fleet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why clusters do not make a fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// Two clusters have one name.
    #[error(
        "two clusters are called `{name}`; a name identifies one cluster of the fleet, so rename one of them"
    )]
    Duplicate {
        /// The name.
        name: ClusterName,
    },
}

/// How much depends on a cluster: who goes first in an upgrade, and who goes last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // An order of four; a fifth would be a breaking change anyway.
pub enum Criticality {
    /// Losing it for an hour hurts nobody outside the platform team.
    Low,
    /// What a cluster is when nothing is said.
    #[default]
    Medium,
    /// Users notice.
    High,
    /// The business stops.
    Critical,
}

impl Criticality {
    /// What the labels say: `criticality` (`low`, `medium`, `high`, `critical`), else `tier` (`bronze` is low,
    /// `silver` medium, `gold` high, `platinum` critical), else [`Medium`](Self::Medium).
    pub fn of(labels: &Labels) -> Self {
        Self::LABELS
            .iter()
            .find_map(|(label, parse)| labels.get(label).and_then(parse))
            .unwrap_or_default()
    }

    /// The labels it is read from, in the order in which they count.
    #[allow(clippy::type_complexity)] // one constant table
    const LABELS: [(&'static str, fn(&str) -> Option<Self>); 2] = [
        ("criticality", |word| word.parse().ok()),
        ("tier", |tier| match tier {
            "bronze" => Some(Self::Low),
            "silver" => Some(Self::Medium),
            "gold" => Some(Self::High),
            "platinum" => Some(Self::Critical),
            _ => None,
        }),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl FromStr for Criticality {
    type Err = UnknownCriticality;

    fn from_str(text: &str) -> Result<Self, UnknownCriticality> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|criticality| criticality.as_str() == text)
            .ok_or_else(|| UnknownCriticality {
                found: text.to_owned(),
            })
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no criticality.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no criticality; expected low, medium, high or critical")]
pub struct UnknownCriticality {
    /// The word.
    pub found: String,
}

/// Who provides a cluster's machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// VMware vSphere.
    Vsphere,
    /// Containers on one machine, for development.
    Docker,
    /// Cluster API's development provider with its in-memory machines.
    Dev,
    /// Another one, by its name in lower case.
    Other(String),
    /// Nobody said.
    #[default]
    Unknown,
}

impl Provider {
    /// Its name in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Vsphere => "vsphere",
            Self::Docker => "docker",
            Self::Dev => "dev",
            Self::Other(name) => name,
            Self::Unknown => "unknown",
        }
    }
}

impl From<&str> for Provider {
    fn from(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "aws" => Self::Aws,
            "azure" => Self::Azure,
            "gcp" => Self::Gcp,
            "vsphere" => Self::Vsphere,
            "docker" => Self::Docker,
            "dev" => Self::Dev,
            "" | "unknown" => Self::Unknown,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// How many nodes a cluster has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)] // Control plane and workers is all there is.
pub struct NodeCounts {
    /// Control-plane nodes; 0 where the provider runs the control plane.
    pub control_plane: u32,
    /// All other nodes.
    pub workers: u32,
}

impl NodeCounts {
    /// All nodes.
    pub fn total(self) -> u32 {
        self.control_plane.saturating_add(self.workers)
    }
}

impl PartialOrd for NodeCounts {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By size: all nodes first, then those of the control plane.
impl Ord for NodeCounts {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.total(), self.control_plane, self.workers).cmp(&(
            other.total(),
            other.control_plane,
            other.workers,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str) -> FleetCluster {
        FleetCluster::new(name.parse().unwrap(), KubernetesVersion::new(1, 30, 0))
    }

    #[test]
    fn order_of_input_does_not_matter() {
        let one = Fleet::new([cluster("b"), cluster("a"), cluster("c")]).unwrap();
        let other = Fleet::new([cluster("c"), cluster("b"), cluster("a")]).unwrap();
        assert_eq!(one, other);
        assert_eq!(
            one.iter().map(|c| c.name().as_str()).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(one.get("b").map(FleetCluster::name), Some(&"b".parse().unwrap()));
        assert_eq!(one.get("d"), None);
    }

    #[test]
    fn one_name_one_cluster() {
        let error = Fleet::new([cluster("a"), cluster("b"), cluster("a")]).unwrap_err();
        assert_eq!(
            error,
            FleetError::Duplicate {
                name: "a".parse().unwrap()
            }
        );
    }

    #[test]
    fn a_criticality_that_is_not_read_is_told() {
        let unread = |pairs: &[(&str, &str)]| {
            let cluster = cluster("a").with_labels(Labels::from_pairs(pairs.iter().copied()).unwrap());
            let found = cluster
                .unread_criticality()
                .map(|(label, value)| format!("{label}: {value}"));
            found.unwrap_or_default()
        };
        assert_eq!(
            unread(&[("criticality", "hgih"), ("tier", "gold")]),
            "criticality: hgih"
        );
        assert_eq!(unread(&[("criticality", "high"), ("tier", "frontend")]), "");
        assert_eq!(unread(&[("tier", "frontend")]), "tier: frontend");
        assert_eq!(unread(&[]), "");
        let said = cluster("a")
            .with_labels(Labels::from_pairs([("tier", "frontend")]).unwrap())
            .with_criticality(Criticality::Low);
        assert_eq!(said.unread_criticality(), None);
    }

    #[test]
    fn criticality_from_labels() {
        let of =
            |pairs: &[(&str, &str)]| Criticality::of(&Labels::from_pairs(pairs.iter().copied()).unwrap());
        assert_eq!(of(&[]), Criticality::Medium);
        assert_eq!(of(&[("tier", "bronze")]), Criticality::Low);
        assert_eq!(
            of(&[("tier", "gold"), ("criticality", "critical")]),
            Criticality::Critical
        );
        assert_eq!(
            of(&[("tier", "platinum"), ("criticality", "whatever")]),
            Criticality::Critical
        );
        assert!(Criticality::Low < Criticality::Critical);
    }

    #[test]
    fn json_round_trip() {
        let fleet = Fleet::new([
            cluster("a").with_provider(Provider::Aws).with_nodes(NodeCounts {
                control_plane: 3,
                workers: 5,
            }),
            cluster("b")
                .with_provider(Provider::Other("metal3".into()))
                .with_criticality(Criticality::High),
        ])
        .unwrap();
        let json = serde_json::to_value(&fleet).unwrap();
        assert_eq!(json[0]["nodes"]["controlPlane"], 3);
        assert_eq!(serde_json::from_value::<Fleet>(json).unwrap(), fleet);
        let twice = r#"[{"name":"a","version":"v1.30.0"},{"name":"a","version":"v1.30.0"}]"#;
        assert!(
            serde_json::from_str::<Fleet>(twice)
                .unwrap_err()
                .to_string()
                .contains("two clusters are called `a`")
        );
    }
}
