//! Thanos: one query over every cluster's Prometheus. Typed settings, written as Helm values of a cluster's Prometheus and as objects of the
//! central components.
//!
//! ```
//! use fleet_core::{Fleet, FleetCluster, Labels};
//! use fleet_observe::thanos::{ObjectStore, Thanos};
//!
//! let eu = FleetCluster::new("production-eu-west".parse()?, "v1.33.0".parse()?)
//!     .with_labels(Labels::from_pairs([("region", "eu-west")])?);
//! let fleet = Fleet::new([eu])?;
//! let thanos = Thanos::new(ObjectStore::s3("fleet-metrics", "s3.eu-west-1.amazonaws.com"));
//! thanos.check(&fleet)?;
//!
//! let values = thanos.sidecar_values(fleet.get("production-eu-west").expect("a cluster"));
//! let spec = &values["prometheus"]["prometheusSpec"];
//! assert_eq!(spec["externalLabels"]["cluster"], "production-eu-west");
//! assert_eq!(spec["disableCompaction"], true);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod objects;
mod store;

use std::collections::BTreeMap;

use fleet_core::{ClusterName, Fleet, FleetCluster};
use serde_json::{Value, json};

pub use store::ObjectStore;

use crate::promql::{PromDuration, is_label};

/// The metrics of a fleet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Thanos {
    /// Where blocks are kept.
    pub store: ObjectStore,
    /// The release, as an image's tag.
    pub version: String,
    /// The namespace of the central components, and of the Prometheus in each cluster.
    pub namespace: String,
    /// The labels that tell one cluster's series from another's: the name of each, and where its value comes from.
    pub external_labels: BTreeMap<String, LabelSource>,
    /// The label that tells replicas of one Prometheus apart, and that the querier leaves out.
    pub replica_label: String,
    /// How many replicas a cluster's Prometheus has. Default 2.
    pub replicas: u32,
    /// How long a Prometheus keeps its series itself: at least 6 h, so that an upload that fails for a while loses nothing.
    pub local_retention: PromDuration,
    /// How long blocks are kept, by resolution.
    pub retention: Retention,
    /// The sidecars' addresses as the querier reaches them, by cluster: `host:port`. Default: `<cluster>.metrics.internal:10901`.
    pub endpoints: BTreeMap<ClusterName, String>,
}

/// Where the value of an external label comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelSource {
    /// The cluster's name.
    ClusterName,
    /// The value of one of its labels.
    ClusterLabel(String),
}

/// How long blocks are kept; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// As they were scraped.
    pub raw: Option<PromDuration>,
    /// At five minutes.
    pub five_minutes: Option<PromDuration>,
    /// At an hour.
    pub one_hour: Option<PromDuration>,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            raw: Some(PromDuration::seconds(30 * DAY)),
            five_minutes: Some(PromDuration::seconds(180 * DAY)),
            one_hour: Some(PromDuration::seconds(730 * DAY)),
        }
    }
}

impl Thanos {
    /// The labels `cluster` and `region`, replicas told apart by `replica`, six hours in each Prometheus.
    pub fn new(store: ObjectStore) -> Self {
        Self {
            store,
            version: "v0.40.1".to_owned(),
            namespace: "monitoring".to_owned(),
            external_labels: [
                ("cluster".to_owned(), LabelSource::ClusterName),
                (
                    "region".to_owned(),
                    LabelSource::ClusterLabel("region".to_owned()),
                ),
            ]
            .into(),
            replica_label: "replica".to_owned(),
            replicas: 2,
            local_retention: PromDuration::seconds(24 * 3_600),
            retention: Retention::default(),
            endpoints: BTreeMap::new(),
        }
    }

    /// The external labels of a cluster; those whose source has no value are left out.
    pub fn labels_of(&self, cluster: &FleetCluster) -> BTreeMap<String, String> {
        let value = |source: &LabelSource| match source {
            LabelSource::ClusterName => Some(cluster.name().to_string()),
            LabelSource::ClusterLabel(label) => cluster.label(label).map(str::to_owned),
        };
        let labels = self.external_labels.iter();
        labels
            .filter_map(|(name, source)| Some((name.clone(), value(source)?)))
            .collect()
    }

    /// Holds the settings against a fleet: every cluster has every external label, and no two have the same ones. Two that do overwrite each
    /// other's blocks, and the compactor halts.
    ///
    /// # Errors
    /// Everything that is wrong, the first mistake first.
    pub fn check(&self, fleet: &Fleet) -> Result<(), ThanosErrors> {
        let mut errors = Vec::new();
        for name in self.external_labels.keys().chain([&self.replica_label]) {
            if !is_label(name) || name.starts_with("__") {
                errors.push(ThanosError::Label { found: name.clone() });
            }
        }
        if self.external_labels.contains_key(&self.replica_label) {
            errors.push(ThanosError::ReplicaLabel {
                label: self.replica_label.clone(),
            });
        }
        let least = PromDuration::seconds(6 * 3_600);
        if self.local_retention < least {
            errors.push(ThanosError::LocalRetention {
                found: self.local_retention,
            });
        }
        let mut owners: BTreeMap<BTreeMap<String, String>, &ClusterName> = BTreeMap::new();
        for cluster in fleet {
            let labels = self.labels_of(cluster);
            let missing = self
                .external_labels
                .keys()
                .find(|name| !labels.contains_key(*name));
            if let Some(label) = missing {
                errors.push(ThanosError::NoValue {
                    cluster: cluster.name().clone(),
                    label: label.clone(),
                });
            } else if let Some(other) = owners.insert(labels.clone(), cluster.name()) {
                errors.push(ThanosError::SameLabels {
                    clusters: [other.clone(), cluster.name().clone()],
                    labels,
                });
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ThanosErrors(errors))
        }
    }

    /// The Helm values of a cluster's Prometheus (chart kube-prometheus-stack): external labels, the sidecar, and uploads that do not fight with
    /// Prometheus' own compaction.
    pub fn sidecar_values(&self, cluster: &FleetCluster) -> Value {
        json!({ "prometheus": {
            "thanosService": { "enabled": true },
            "prometheusSpec": {
                "replicas": self.replicas,
                "externalLabels": self.labels_of(cluster),
                "replicaExternalLabelName": self.replica_label,
                "prometheusExternalLabelNameClear": true,
                "retention": self.local_retention.to_string(),
                // Blocks of two hours, and none merged: the operator sets --storage.tsdb.min-block-duration and max-block-duration alike.
                "disableCompaction": true,
                "thanos": {
                    "version": self.version.trim_start_matches('v'),
                    "objectStorageConfig": { "existingSecret": { "name": SECRET, "key": SECRET_KEY } },
                },
            },
        } })
    }

    /// Where the querier finds a cluster's sidecar.
    pub fn endpoint(&self, cluster: &ClusterName) -> String {
        let said = self.endpoints.get(cluster).cloned();
        said.unwrap_or_else(|| format!("{cluster}.metrics.internal:10901"))
    }

    /// The central components as objects: querier, store gateway, compactor and ruler, each with its Service; in an order in which they can be
    /// applied. The Secret `thanos-objstore`, which they read, is [`ObjectStore::secret`].
    pub fn objects(&self, fleet: &Fleet) -> Vec<Value> {
        objects::all(self, fleet)
    }
}

/// The Secret that holds the object store's configuration.
const SECRET: &str = "thanos-objstore";
/// Its key.
const SECRET_KEY: &str = "objstore.yml";

/// Everything that is wrong with settings of Thanos.
#[derive(Debug, Clone, PartialEq)]
pub struct ThanosErrors(Vec<ThanosError>);

impl ThanosErrors {
    /// All of them; never empty.
    pub fn errors(&self) -> &[ThanosError] {
        &self.0
    }
}

impl std::fmt::Display for ThanosErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ThanosErrors {}

/// One thing that is wrong with settings of Thanos.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThanosError {
    /// No name of a label.
    #[error(
        "`{found}` is no name of an external label; expected letters, digits and `_`, and not `__` first"
    )]
    Label {
        /// The name.
        found: String,
    },
    /// The querier would leave out what tells clusters apart.
    #[error(
        "`{label}` is both an external label and the one that tells replicas apart; the querier leaves that out, so rename one"
    )]
    ReplicaLabel {
        /// The label.
        label: String,
    },
    /// A Prometheus forgets before it has uploaded.
    #[error(
        "a Prometheus keeps its series for {found}, expected at least 6h; blocks are uploaded every two hours, and an upload may fail"
    )]
    LocalRetention {
        /// What was found.
        found: PromDuration,
    },
    /// A cluster without an external label.
    #[error(
        "{cluster} has no value for the external label `{label}`; label the cluster, or leave the external label out"
    )]
    NoValue {
        /// The cluster.
        cluster: ClusterName,
        /// The label.
        label: String,
    },
    /// Two clusters that cannot be told apart.
    #[error(
        "{} and {} have the same external labels {}; add one that differs, such as `cluster`",
        clusters[0], clusters[1], labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
    )]
    SameLabels {
        /// The two.
        clusters: [ClusterName; 2],
        /// Their labels.
        labels: BTreeMap<String, String>,
    },
}
