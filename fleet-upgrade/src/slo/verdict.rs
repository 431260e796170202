//! What burn rates come to: a verdict, and the reasons for it.

use std::fmt;

use fleet_core::HumanDuration;
use serde::{Deserialize, Serialize};

use super::{Missing, Requests};

/// What the burn rates say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums)]
pub enum SloVerdict {
    /// Every rule had enough requests, and none was broken.
    Pass,
    /// A rule was broken.
    Fail(Burn),
    /// Nothing can be said, for these reasons. Never lets anything go on.
    Inconclusive(Vec<Unsure>),
}

impl SloVerdict {
    /// The verdict on several clusters, or on clusters and their cohort: one failure fails all, one doubt leaves all
    /// in doubt, and of nothing there is no verdict.
    pub fn together(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut doubts = Vec::new();
        let mut any = false;
        for verdict in verdicts {
            any = true;
            match verdict {
                Self::Pass => {}
                Self::Fail(burn) => return Self::Fail(burn),
                Self::Inconclusive(more) => doubts.extend(more),
            }
        }
        if any && doubts.is_empty() {
            Self::Pass
        } else {
            Self::Inconclusive(doubts)
        }
    }
}

impl fmt::Display for SloVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("within the error budget"),
            Self::Fail(burn) => burn.fmt(f),
            Self::Inconclusive(reasons) => match reasons.split_first() {
                None => f.write_str("nothing was measured"),
                Some((first, [])) => first.fmt(f),
                Some((first, others)) => write!(f, "{first} (and {} more)", others.len()),
            },
        }
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Burn {
    /// The rule's long window.
    pub within: HumanDuration,
    /// The rule's factor.
    pub factor: f64,
    /// How many times too fast the budget burned in the long window.
    pub long: f64,
    /// And in the short one.
    pub short: f64,
    /// The requests of the long window.
    pub requests: Requests,
}

impl fmt::Display for Burn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the error budget burns {:.1} times too fast over {} ({:.0} of {:.0} requests failed; the limit is {})",
            self.long,
            self.within,
            self.requests.errors(),
            self.requests.total(),
            self.factor
        )
    }
}

/// Why a rule could not be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Unsure {
    /// The rule's long window.
    pub within: HumanDuration,
    /// Why.
    pub why: Doubtful,
}

/// What is lacking for a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Doubtful {
    /// There is no reading.
    Missing(Missing),
    /// Too few requests for their outcome to mean anything.
    TooFew {
        /// How many there were.
        requests: f64,
        /// How many it takes.
        needed: f64,
    },
    /// The budget burned too fast, and too few requests in the rule's short window tell whether it still does.
    NotOver {
        /// How many there were.
        requests: f64,
        /// How many it takes.
        needed: f64,
    },
}

impl From<Missing> for Doubtful {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Doubtful::Missing(missing) => write!(f, "{missing} over {}", self.within),
            Doubtful::TooFew { requests, needed } => {
                write!(
                    f,
                    "{requests:.0} requests over {}, of {needed:.0} needed",
                    self.within
                )
            }
            Doubtful::NotOver { requests, needed } => {
                write!(
                    f,
                    "the error budget burned too fast over {}, and of the last requests too few tell whether that is over: \
                     {requests:.0}, of {needed:.0} needed",
                    self.within
                )
            }
        }
    }
}
