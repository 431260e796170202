//! Positions in a plan, small enough to be the language of the run's state and its log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cluster, as its place in the plan: stages in their order, and within a stage the clusters in theirs.
///
/// A run's state and its log speak of places, not of names: a place is four bytes, an index into a vector, and
/// cannot be misspelled. [`Roster`](super::Roster) translates at the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(pub u32);

impl ClusterId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The place of an index; a plan of more than 2^32 clusters does not fit in memory.
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A stage, as its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageId(pub u32);

impl StageId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
