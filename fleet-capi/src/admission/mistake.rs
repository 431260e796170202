//! What is wrong, with which field of which object.

use std::collections::BTreeSet;
use std::fmt;

use fleet_core::skew::SkewError;
use fleet_core::yaml::FieldPath;

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name}: {path}: {problem}")]
#[non_exhaustive]
pub struct Mistake {
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The field.
    pub path: FieldPath,
    /// What is wrong with it, and what would be right.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing is there.
    #[error("is missing; expected {expected}")]
    Missing {
        /// What should be there.
        expected: &'static str,
    },
    /// It must not be there.
    #[error("must not be set: {reason}")]
    Forbidden {
        /// Why not.
        reason: &'static str,
    },
    /// The value is none that is taken.
    #[error("found {found}; expected {expected}")]
    Invalid {
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// It is to be the same as another field.
    #[error("found {found:?}, and {other} says {expected:?}")]
    Differs {
        /// What is there.
        found: String,
        /// The other field.
        other: FieldPath,
        /// What the other field says.
        expected: String,
    },
    /// It is the second of its name.
    #[error("{name} is there already")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A number of control-plane machines with which etcd gains nothing and loses some of its safety.
    #[error("found {found}; stacked etcd needs an odd number, such as {}", found + 1)]
    EvenReplicas {
        /// The number.
        found: i64,
    },
    /// It refers to an object that is not there.
    #[error("there is no {kind} {name}{}", suggestion.as_ref().map(|it| format!("; did you mean {it}?")).unwrap_or_default())]
    Unresolved {
        /// The kind of the object.
        kind: String,
        /// Its name.
        name: String,
        /// The nearest name of that kind.
        suggestion: Option<String>,
    },
    /// Two address ranges have addresses in common.
    #[error("{range} overlaps {other_range} ({other})")]
    Overlap {
        /// The address range.
        range: String,
        /// What the other range is for, such as `pods`.
        other: String,
        /// The other address range.
        other_range: String,
    },
    /// An address range lies outside of the one it should be a part of.
    #[error("{range} lies outside of {whole} ({other})")]
    Outside {
        /// The address range.
        range: String,
        /// What the other range is for, such as `VPC`.
        other: String,
        /// The other address range.
        whole: String,
    },
    /// It cannot change.
    #[error("cannot be changed{}", how.map(|how| format!("; {how}")).unwrap_or_default())]
    Immutable {
        /// What can be done instead.
        how: Option<&'static str>,
    },
    /// The versions do not go together.
    #[error("{0}")]
    Skew(SkewError),
    /// The object cannot be read in the newer version.
    #[error("cannot be converted to v1beta2: {reason}")]
    Unconvertible {
        /// What the conversion says.
        reason: String,
    },
}

/// Everything that is wrong, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// The mistakes in the order of kinds, names and paths.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.0.iter()
    }

    pub(super) fn none_of(mistakes: Found) -> Result<(), Self> {
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Self(mistakes.into_iter().map(|found| found.0).collect()))
    }
}

impl FromIterator<Mistake> for Mistakes {
    fn from_iter<I: IntoIterator<Item = Mistake>>(mistakes: I) -> Self {
        Self(mistakes.into_iter().collect())
    }
}

impl IntoIterator for Mistakes {
    type Item = Mistake;
    type IntoIter = std::vec::IntoIter<Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Mistakes as they are found: each once, in their order.
pub(super) type Found = BTreeSet<Ordered>;

/// A mistake, ordered by what it says.
#[derive(PartialEq, Eq)]
pub(super) struct Ordered(pub(super) Mistake);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.0.kind.clone(), it.0.name.clone(), it.0.to_string());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
