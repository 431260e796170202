//! Whether a plan ends in time, and the smallest change of the policy by which it would.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::HumanDuration;
use jiff::Timestamp;

use super::build::instant;

/// A change of one field of the policy, all else unchanged, by which the deadline would be met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relaxation {
    /// The field's path.
    pub field: String,
    /// What it would have to be.
    pub change: RelaxedTo,
    /// When the plan would finish then.
    pub finish: Timestamp,
}

/// What a field would have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelaxedTo {
    /// A larger count.
    Count {
        /// What it is.
        from: NonZeroU32,
        /// The smallest that is enough.
        to: NonZeroU32,
    },
    /// A shorter time.
    Duration {
        /// What it is.
        from: HumanDuration,
        /// The longest, in whole hours, that is short enough.
        to: HumanDuration,
    },
}

impl RelaxedTo {
    /// How much of a change it is: 1 is twice the count, or half of the time.
    pub(crate) fn size(&self) -> f64 {
        match self {
            Self::Count { from, to } => f64::from(to.get()) / f64::from(from.get()) - 1.0,
            Self::Duration { from, to } => {
                let (from, to) = (from.as_signed().as_secs_f64(), to.as_signed().as_secs_f64());
                from / to.max(60.0) - 1.0
            }
        }
    }
}

impl fmt::Display for Relaxation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.change {
            RelaxedTo::Count { from, to } => write!(f, "{} from {from} to {to}", self.field)?,
            RelaxedTo::Duration { from, to } => write!(f, "{} from {from} to {to}", self.field)?,
        }
        write!(f, " (finishes {})", self.finish)
    }
}

/// The smallest value above `from`, up to `most`, with which `finish_with` is not after the deadline; and that finish.
/// `finish_with` does not grow with its argument.
pub(crate) fn smallest_count(
    from: u32,
    most: u32,
    deadline: i64,
    mut finish_with: impl FnMut(u32) -> Option<i64>,
) -> Option<(u32, Timestamp)> {
    let mut enough = |count: u32| finish_with(count).filter(|finish| *finish <= deadline);
    let mut best = (most, enough(most)?);
    let (mut low, mut high) = (from, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match enough(middle) {
            Some(finish) => (best, high) = ((middle, finish), middle),
            None => low = middle,
        }
    }
    Some((best.0, instant(best.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_count_that_is_enough_is_found() {
        for needed in 2..=50_u32 {
            let finish = |count: u32| Some(i64::from(count < needed) * 100);
            let found = smallest_count(1, 50, 10, finish).map(|(count, _)| count);
            assert_eq!(found, Some(needed));
        }
        assert_eq!(smallest_count(1, 50, 10, |_| Some(11)), None);
    }
}
