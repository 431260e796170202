//! The order in which a stage takes its clusters: least critical first, then smallest.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::{Criticality, FleetCluster};
use serde::{Deserialize, Serialize};

/// Takes some of a stage's clusters: the first `count` in `order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Pick {
    /// How many clusters.
    pub count: NonZeroU32,
    /// What comes first; a later entry breaks the ties of those before it, the name breaks the last. Default:
    /// `[leastCritical, smallest]`.
    #[serde(default = "default_order")]
    pub order: Vec<PickOrder>,
}

impl Pick {
    /// The least critical, smallest cluster.
    pub fn one() -> Self {
        Self::count(NonZeroU32::MIN)
    }

    /// The first so many clusters, least critical and then smallest first.
    pub fn count(count: NonZeroU32) -> Self {
        Self {
            count,
            order: default_order(),
        }
    }

    /// In another order.
    pub fn order(mut self, order: impl IntoIterator<Item = PickOrder>) -> Self {
        self.order = order.into_iter().collect();
        self
    }
}

/// What makes one cluster come before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PickOrder {
    /// The lower criticality first.
    LeastCritical,
    /// The smaller number of nodes first.
    Smallest,
}

impl fmt::Display for PickOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeastCritical => "least critical",
            Self::Smallest => "smallest",
        })
    }
}

/// The order clusters are taken in where a policy says nothing else.
pub(crate) fn default_order() -> Vec<PickOrder> {
    vec![PickOrder::LeastCritical, PickOrder::Smallest]
}

/// Sorts indices into `clusters`. The name is the last tie-break, so that the input's order never shows.
pub(crate) fn sort(order: &[PickOrder], clusters: &[&FleetCluster], indices: &mut [u32]) {
    let criticality = order.contains(&PickOrder::LeastCritical);
    let size = order.contains(&PickOrder::Smallest);
    let critical_first = order.first() != Some(&PickOrder::Smallest);
    // A fleet hands its clusters out in name order, so a stable sort on the index is one on the name.
    indices.sort_by_cached_key(|&index| {
        let cluster = clusters[index as usize];
        let criticality = if criticality {
            cluster.criticality()
        } else {
            Criticality::Low
        };
        let nodes = if size { cluster.nodes().total() } else { 0 };
        let (leading, following) = (Rank::Criticality(criticality), Rank::Nodes(nodes));
        if critical_first {
            (leading, following, index)
        } else {
            (following, leading, index)
        }
    });
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Criticality(Criticality),
    Nodes(u32),
}
