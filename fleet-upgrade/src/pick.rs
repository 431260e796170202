//! The order in which a stage takes its clusters, and which of them: least critical first, then smallest.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::{ClusterName, Criticality, FleetCluster};
use serde::{Deserialize, Serialize};

use crate::spec::Percent;

/// Takes some of a stage's clusters and leaves the rest to later stages.
///
/// Written with exactly one of `count: 1`, `share: 10%`, `names: [a, b]` and `coverage: {labels: [cni, os]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PickFields", into = "PickFields")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(with = "PickFields", rename = "Pick"))]
#[non_exhaustive]
pub struct Pick {
    /// How many, or which.
    pub take: Take,
    /// What comes first; a later entry breaks the ties of those before it, the name breaks the last. Default:
    /// `[leastCritical, smallest]`. Names are taken as they are listed.
    pub order: Vec<PickOrder>,
}

/// How many clusters a pick takes, or which.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Take {
    /// The first so many.
    Count(NonZeroU32),
    /// The first so many in a hundred of the stage's clusters, rounded up.
    Share(Percent),
    /// These, in this order.
    Names(Vec<ClusterName>),
    /// The fewest that stand for the variety of the stage's clusters.
    Coverage(Coverage),
}

/// Takes the fewest clusters that have every pair of features which occurs among the stage's clusters.
///
/// A feature is the value of a label, the provider, or the minor version: a canary with the new CNI on one cluster and the
/// old kernel on another has not seen the two together. Of clusters that add as much, the first in the pick's order is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Coverage {
    /// The labels that count. Default: every label that has two to twelve values among the clusters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// No more clusters than this, also where that leaves pairs uncovered. Default: as many as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
struct PickFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schemars", schemars(length(min = 1)))]
    names: Option<Vec<ClusterName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage>,
    #[serde(default = "default_order")]
    order: Vec<PickOrder>,
}

/// A pick that says more than one thing, or nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "found {found} of `count`, `share`, `names` and `coverage`, expected exactly one, such as `count: 1`; leave pick out for \
     every cluster of the stage"
)]
struct NotOneTake {
    found: usize,
}

impl TryFrom<PickFields> for Pick {
    type Error = NotOneTake;

    fn try_from(fields: PickFields) -> Result<Self, NotOneTake> {
        let mut takes = [
            fields.count.map(Take::Count),
            fields.share.map(Take::Share),
            fields.names.map(Take::Names),
            fields.coverage.map(Take::Coverage),
        ]
        .into_iter()
        .flatten();
        match (takes.next(), takes.count()) {
            (Some(take), 0) => Ok(Self {
                take,
                order: fields.order,
            }),
            (take, more) => Err(NotOneTake {
                found: usize::from(take.is_some()) + more,
            }),
        }
    }
}

impl From<Pick> for PickFields {
    fn from(pick: Pick) -> Self {
        let mut fields = Self {
            count: None,
            share: None,
            names: None,
            coverage: None,
            order: pick.order,
        };
        match pick.take {
            Take::Count(count) => fields.count = Some(count),
            Take::Share(share) => fields.share = Some(share),
            Take::Names(names) => fields.names = Some(names),
            Take::Coverage(coverage) => fields.coverage = Some(coverage),
        }
        fields
    }
}

impl Pick {
    /// The least critical, smallest cluster.
    pub fn one() -> Self {
        Self::count(NonZeroU32::MIN)
    }

    /// The first so many clusters, least critical and then smallest first.
    pub fn count(count: NonZeroU32) -> Self {
        Self::taking(Take::Count(count))
    }

    /// The first so many in a hundred, least critical and then smallest first; rounded up.
    pub fn share(share: Percent) -> Self {
        Self::taking(Take::Share(share))
    }

    /// These clusters.
    pub fn names(names: impl IntoIterator<Item = ClusterName>) -> Self {
        Self::taking(Take::Names(names.into_iter().collect()))
    }

    /// The fewest clusters that stand for the variety of all, by these labels; without labels by those that tell the
    /// clusters apart in a few kinds.
    pub fn coverage(labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::taking(Take::Coverage(Coverage {
            labels: labels.into_iter().map(Into::into).collect(),
            at_most: None,
        }))
    }

    fn taking(take: Take) -> Self {
        Self {
            take,
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
pub(crate) fn sort(
    order: &[PickOrder],
    clusters: &[&FleetCluster],
    criticality_of: &[Criticality],
    indices: &mut [u32],
) {
    let criticality = order.contains(&PickOrder::LeastCritical);
    let size = order.contains(&PickOrder::Smallest);
    let critical_first = order.first() != Some(&PickOrder::Smallest);
    // A fleet hands its clusters out in name order, so a stable sort on the index is one on the name.
    indices.sort_by_cached_key(|&index| {
        let criticality = if criticality {
            criticality_of[index as usize]
        } else {
            Criticality::Low
        };
        let nodes = if size {
            clusters[index as usize].nodes().total()
        } else {
            0
        };
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
