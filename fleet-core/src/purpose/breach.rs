//! A constraint that is broken, and how to mend it.

use serde::Serialize;

use crate::ClusterName;

/// A constraint of a forcing function that is, or would be, broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "breach", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Breach {
    /// Clusters of different regulatory scope are joined.
    #[error(
        "{} ({}) and {} ({}) are of different regulatory scope and would be joined; keep them apart, or name the \
         exception with its reason",
        clusters[0], scopes[0], clusters[1], scopes[1]
    )]
    Scopes {
        /// The two.
        clusters: [ClusterName; 2],
        /// Their scopes.
        scopes: [String; 2],
    },
    /// Data leaves the region that it must stay in.
    #[error(
        "the data of {cluster} must stay in {residency} and would lie in {}; choose a region of {residency}",
        region.as_deref().unwrap_or("a region that nobody named")
    )]
    Residency {
        /// Whose data.
        cluster: ClusterName,
        /// Where it must stay.
        residency: String,
        /// Where it would be.
        region: Option<String>,
    },
    /// The cluster itself stands outside of its residency.
    #[error(
        "{cluster} must keep its data in {residency} and stands in {}; correct the label `region` or `data-residency`, or \
         move it",
        region.as_deref().unwrap_or("no region that its labels name")
    )]
    Outside {
        /// The cluster.
        cluster: ClusterName,
        /// Where its data must stay.
        residency: String,
        /// Where it is.
        region: Option<String>,
    },
    /// Something that is not meant for an isolated cluster alone reaches it.
    #[error(
        "{by} reaches {cluster}, which is isolated for {scope}, together with {beside}; make one of its own for {scope}, or \
         narrow its selector"
    )]
    Reached {
        /// The isolated cluster.
        cluster: ClusterName,
        /// Its scope.
        scope: String,
        /// What reaches it.
        by: String,
        /// A cluster of another scope that it reaches as well.
        beside: ClusterName,
    },
    /// A cluster tries new versions and is critical.
    #[error(
        "{cluster} is there to try new versions and is of {criticality} criticality; what must not fail is no place to \
         try"
    )]
    CriticalTester {
        /// The cluster.
        cluster: ClusterName,
        /// How much depends on it.
        criticality: crate::Criticality,
    },
    /// Clusters of one cell that are changed at once.
    #[error(
        "{} and {} are both in cell {cell} and would be changed at once; put them into different stages, or change one at \
         a time",
        clusters[0], clusters[1]
    )]
    Cell {
        /// The two.
        clusters: [ClusterName; 2],
        /// The cell.
        cell: String,
    },
    /// A label that says nothing known.
    #[error("{cluster} has the label `{label}: {found}`; expected {expected}")]
    Unread {
        /// The cluster.
        cluster: ClusterName,
        /// The label.
        label: &'static str,
        /// Its value.
        found: String,
        /// What can stand there.
        expected: &'static str,
    },
    /// Nothing says why the cluster is a cluster of its own.
    #[error(
        "nothing says why {cluster} is a cluster of its own; label its purpose, or move its workloads and take it down"
    )]
    NoReason {
        /// The cluster.
        cluster: ClusterName,
    },
}

impl Breach {
    /// The clusters that it is about.
    pub fn clusters(&self) -> Vec<&ClusterName> {
        match self {
            Self::Scopes { clusters, .. } | Self::Cell { clusters, .. } => clusters.iter().collect(),
            Self::Reached { cluster, beside, .. } => vec![cluster, beside],
            Self::Residency { cluster, .. }
            | Self::Outside { cluster, .. }
            | Self::CriticalTester { cluster, .. }
            | Self::Unread { cluster, .. }
            | Self::NoReason { cluster } => vec![cluster],
        }
    }
}
