//! Why a cluster stands where it does in a plan, as data that prints as a sentence.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::{ClusterName, Criticality};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pick::PickOrder;

/// Why a cluster is in its stage, at its place, at its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum Reason {
    /// The stage picks some of its clusters, and this one came out.
    Picked {
        /// Its place among the candidates, from 1.
        rank: u32,
        /// The number of candidates.
        candidates: u32,
        /// Which clusters were candidates: the stage's selector, or none for every cluster left by earlier stages.
        selector: Option<String>,
        /// What was compared.
        order: Vec<PickOrder>,
        /// How critical the cluster is.
        criticality: Criticality,
        /// Its nodes.
        nodes: u32,
        /// What decided the time.
        start: StartBound,
    },
    /// The stage picks the clusters that stand for the variety of all, and this one adds to it.
    Covering {
        /// Its place among those that were picked, from 1.
        rank: u32,
        /// The number of candidates.
        candidates: u32,
        /// How many pairs of features it is the first to have.
        covers: u32,
        /// How many pairs of features occur among the candidates.
        pairs: u32,
        /// What decided the time.
        start: StartBound,
    },
    /// The policy names it.
    Named {
        /// Its place in the list, from 1.
        rank: u32,
        /// What decided the time.
        start: StartBound,
    },
    /// The stage takes all its clusters, in the order least critical, smallest, name.
    Ordered {
        /// Its place among the clusters to upgrade, from 1.
        position: u32,
        /// Their number.
        of: u32,
        /// The day of the stage on which it starts, from 1, where the stage has a cap per day; days on which nothing
        /// starts do not count.
        day: Option<u32>,
        /// What decided the time.
        start: StartBound,
    },
}

impl Reason {
    /// What decided the cluster's start.
    pub fn start(&self) -> &StartBound {
        match self {
            Self::Picked { start, .. }
            | Self::Covering { start, .. }
            | Self::Named { start, .. }
            | Self::Ordered { start, .. } => start,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Picked {
                rank,
                candidates,
                selector,
                order,
                criticality,
                nodes,
                start,
            } => {
                if *rank > 1 {
                    write!(f, "{} ", ordinal(*rank))?;
                }
                if order.is_empty() {
                    f.write_str("first by name")?;
                }
                for (index, by) in order.iter().enumerate() {
                    f.write_str(if index > 0 { " then " } else { "" })?;
                    match by {
                        PickOrder::LeastCritical => write!(f, "{by} ({criticality})")?,
                        PickOrder::Smallest => {
                            write!(f, "{by} ({nodes} {})", plural(*nodes, "node", "nodes"))?;
                        }
                    }
                }
                write!(
                    f,
                    " of {candidates} {}",
                    plural(*candidates, "cluster", "clusters")
                )?;
                match selector {
                    Some(selector) => write!(f, " with {selector}")?,
                    None => f.write_str(" left by earlier stages")?,
                }
                and_start(f, start)
            }
            Self::Covering {
                rank,
                candidates,
                covers,
                pairs,
                start,
            } => {
                write!(
                    f,
                    "{} to cover the variety of {candidates} {}: {covers} of {pairs} pairs of features are new",
                    ordinal(*rank),
                    plural(*candidates, "cluster", "clusters")
                )?;
                and_start(f, start)
            }
            Self::Named { rank, start } => {
                write!(f, "{} that the policy names", ordinal(*rank))?;
                and_start(f, start)
            }
            Self::Ordered {
                position,
                of,
                day,
                start,
            } => {
                write!(f, "{} of {of}, ", ordinal(*position))?;
                match day {
                    Some(day) if !matches!(start, StartBound::MaxPerDay { .. }) => {
                        write!(f, "day {day}, {start}")
                    }
                    _ => write!(f, "{start}"),
                }
            }
        }
    }
}

fn and_start(f: &mut fmt::Formatter<'_>, start: &StartBound) -> fmt::Result {
    match start {
        StartBound::StageStart => Ok(()),
        bound => write!(f, ", {bound}"),
    }
}

/// What decided when a cluster starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum StartBound {
    /// It starts as soon as its stage may.
    StageStart,
    /// The stage's limit on clusters at the same time.
    MaxConcurrent {
        /// The limit.
        max: NonZeroU32,
        /// The cluster whose end makes room.
        after: ClusterName,
    },
    /// The stage's cap per day.
    MaxPerDay {
        /// The cap.
        max: NonZeroU32,
        /// The day of the stage on which the cluster starts, from 1; days on which nothing starts do not count.
        day: u32,
    },
    /// The calendar is closed, or does not stay open long enough, before.
    Calendar {
        /// When it opens.
        opens: Timestamp,
    },
    /// So much of one of its domains is away already as may be.
    Domain {
        /// The domain's name.
        domain: String,
        /// How much of it may be away.
        limit: u64,
    },
    /// A cluster before it in the stage's order waits; clusters do not overtake each other.
    Order {
        /// The cluster before it.
        after: ClusterName,
    },
}

impl fmt::Display for StartBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StageStart => f.write_str("with the stage"),
            Self::MaxConcurrent { max, after } => write!(f, "at most {max} at a time: after {after}"),
            Self::MaxPerDay { max, day } => write!(f, "at most {max} a day: day {day}"),
            Self::Calendar { .. } => f.write_str("when the calendar opens"),
            Self::Domain { domain, limit } => write!(f, "at most {limit} of {domain} away at a time"),
            Self::Order { after } => write!(f, "in order: not before {after}"),
        }
    }
}

fn plural<'a>(count: u32, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112];
        let printed = numbers.map(ordinal).join(" ");
        assert_eq!(
            printed,
            "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th 112th"
        );
    }
}
