//! What a monitoring system answered for one window.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

/// Requests in a window, and how many of them failed. Not whole numbers: a rate over a window is extrapolated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    errors: f64,
    total: f64,
}

impl Requests {
    /// So many failed of so many. What is not a number counts as none, and no more can fail than there were.
    pub fn new(errors: f64, total: f64) -> Self {
        let positive = |number: f64| if number.is_finite() { number.max(0.0) } else { 0.0 };
        let total = positive(total);
        Self {
            errors: positive(errors).min(total),
            total,
        }
    }

    /// How many failed.
    pub fn errors(self) -> f64 {
        self.errors
    }

    /// How many there were.
    pub fn total(self) -> f64 {
        self.total
    }

    /// The share that failed; nothing if there were none.
    pub fn error_ratio(self) -> Option<f64> {
        (self.total > 0.0).then(|| self.errors / self.total)
    }
}

impl Add for Requests {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.errors + other.errors, self.total + other.total)
    }
}

impl Sum for Requests {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// The answer for one window, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums)]
pub enum Reading {
    /// Counts that cover the whole window and everything it asked for.
    Requests(Requests),
    /// Nothing to judge by.
    Missing(Missing),
}

impl Reading {
    /// The reading of several clusters together. One that is missing makes the whole missing: a sum without it would
    /// be a healthier fleet than there is.
    pub fn together(readings: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = None;
        for reading in readings {
            match reading {
                Self::Requests(requests) => sum = Some(sum.unwrap_or_default() + requests),
                missing @ Self::Missing(_) => return missing,
            }
        }
        sum.map_or(Self::Missing(Missing::NoData), Self::Requests)
    }
}

/// Why there is no reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Missing {
    /// The query matched no series.
    NoData,
    /// The newest sample is too old to speak for the window.
    Stale {
        /// How old, in seconds.
        age_seconds: u64,
    },
    /// The answer is incomplete, or came with warnings: stores that did not answer look like clusters without errors.
    Partial {
        /// What the monitoring system said.
        warning: String,
    },
    /// The series do not say which cluster they are of.
    NoClusterLabel {
        /// The label that was expected.
        label: String,
    },
    /// The monitoring system did not answer, or answered with an error.
    Unavailable {
        /// What it said.
        reason: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("no data"),
            Self::Stale { age_seconds } => write!(f, "the newest sample is {age_seconds} s old"),
            Self::Partial { warning } => write!(f, "a partial answer: {warning}"),
            Self::NoClusterLabel { label } => write!(f, "series without the label `{label}`"),
            Self::Unavailable { reason } => write!(f, "no answer: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_never_negative_nor_more_errors_than_requests() {
        assert_eq!(Requests::new(5.0, 3.0), Requests::new(3.0, 3.0));
        assert_eq!(Requests::new(f64::NAN, f64::INFINITY), Requests::default());
        assert_eq!(Requests::default().error_ratio(), None);
    }

    #[test]
    fn a_cohort_with_a_member_that_is_missing_is_missing() {
        let counted = |errors, total| Reading::Requests(Requests::new(errors, total));
        assert_eq!(
            Reading::together([counted(1.0, 10.0), counted(2.0, 20.0)]),
            counted(3.0, 30.0)
        );
        let partial = Reading::Missing(Missing::Partial {
            warning: "store eu".into(),
        });
        assert_eq!(Reading::together([counted(1.0, 10.0), partial.clone()]), partial);
        assert_eq!(Reading::together([]), Reading::Missing(Missing::NoData));
    }
}
