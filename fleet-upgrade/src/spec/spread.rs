//! How much of a domain may be away at the same time: a region, the halves of a pair, a share of the capacity.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use fleet_core::FleetCluster;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Lets only so much of each domain be unavailable at a time.
///
/// A domain is the clusters that have the same values of `labels`; a cluster that lacks one of them is in no domain, and
/// without labels the whole upgrade is one domain. Unavailable is what is being upgraded and what failed or is held: with
/// one half of a pair down, the other stays as it is.
///
/// ```
/// use fleet_upgrade::{AtMost, SpreadRule};
///
/// let pairs = SpreadRule::by(["dr-pair"], AtMost::Count(1u32.try_into()?));
/// let capacity = SpreadRule::of_all(AtMost::percent(20)?).weighed_by_nodes();
/// # let _ = (pairs, capacity);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SpreadRule {
    /// The labels whose values make a domain. Default: none, the whole upgrade is one domain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(inner(length(min = 1))))]
    pub labels: Vec<String>,
    /// How much of a domain may be unavailable: a count, or a share such as `25%`, rounded down but at least one.
    pub max_unavailable: AtMost,
    /// What is counted. Default: clusters.
    #[serde(default, skip_serializing_if = "Weight::is_clusters")]
    pub weigh_by: Weight,
}

impl SpreadRule {
    /// A domain for each combination of values of these labels.
    pub fn by(labels: impl IntoIterator<Item = impl Into<String>>, max_unavailable: AtMost) -> Self {
        Self {
            labels: labels.into_iter().map(Into::into).collect(),
            max_unavailable,
            weigh_by: Weight::Clusters,
        }
    }

    /// One domain of all clusters.
    pub fn of_all(max_unavailable: AtMost) -> Self {
        Self::by(std::iter::empty::<String>(), max_unavailable)
    }

    /// Counts nodes, not clusters.
    pub fn weighed_by_nodes(mut self) -> Self {
        self.weigh_by = Weight::Nodes;
        self
    }

    /// The domain of a cluster, such as `region=eu-west,tenant=7`; none where it lacks a label, or one is empty.
    pub(crate) fn domain(&self, cluster: &FleetCluster) -> Option<String> {
        if self.labels.is_empty() {
            return Some("the fleet".to_owned());
        }
        let values = self.labels.iter().map(|label| {
            let value = cluster.label(label).filter(|value| !value.is_empty())?;
            Some(format!("{label}={value}"))
        });
        Some(values.collect::<Option<Vec<_>>>()?.join(","))
    }

    pub(crate) fn weight(&self, cluster: &FleetCluster) -> u64 {
        match self.weigh_by {
            Weight::Clusters => 1,
            // A cluster of which nobody knows the size still counts.
            Weight::Nodes => u64::from(cluster.nodes().total()).max(1),
        }
    }
}

/// What a spread counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Weight {
    /// Each cluster is one.
    #[default]
    Clusters,
    /// Each cluster is as much as it has nodes: a share of the capacity.
    Nodes,
}

impl Weight {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
    fn is_clusters(&self) -> bool {
        *self == Self::Clusters
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clusters => "clusters",
            Self::Nodes => "nodes",
        })
    }
}

/// A count of at least 1, or a share between 1 % and 100 %: `3` or `25%`.
///
/// Nothing is not written: a limit that lets nothing through is no limit but a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum AtMost {
    /// So many.
    Count(NonZeroU32),
    /// So many in a hundred. How it is rounded is said where it is used.
    Percent(Percent),
}

impl AtMost {
    /// A share.
    ///
    /// # Errors
    ///
    /// A percentage of 0, or above 100.
    pub fn percent(percent: u8) -> Result<Self, AtMostError> {
        Percent::new(percent).map(Self::Percent)
    }

    /// How many of so many: a share is rounded down, but never to nothing.
    pub(crate) fn of_rounded_down(self, total: u64) -> u64 {
        match self {
            Self::Count(count) => u64::from(count.get()),
            Self::Percent(Percent(percent)) => (total.saturating_mul(u64::from(percent)) / 100).max(1),
        }
    }

    /// The least of its kind that lets so many of a total through.
    pub(crate) fn raised_to(self, needed: u64, total: u64) -> Self {
        match self {
            Self::Count(_) => {
                let count = u32::try_from(needed).unwrap_or(u32::MAX);
                Self::Count(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
            }
            Self::Percent(_) => {
                let percent = needed.saturating_mul(100).div_ceil(total.max(1)).clamp(1, 100);
                Self::Percent(Percent(u8::try_from(percent).unwrap_or(100)))
            }
        }
    }

    /// How many of so many: a share is rounded up.
    pub(crate) fn of_rounded_up(self, total: u64) -> u64 {
        match self {
            Self::Count(count) => u64::from(count.get()),
            Self::Percent(Percent(percent)) => total.saturating_mul(u64::from(percent)).div_ceil(100),
        }
    }
}

/// A whole percentage from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    /// From 1 to 100.
    ///
    /// # Errors
    ///
    /// 0, and what is above 100.
    pub fn new(percent: u8) -> Result<Self, AtMostError> {
        if (1..=100).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err(AtMostError {
                found: format!("{percent}%"),
            })
        }
    }

    /// The number before the sign.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl FromStr for Percent {
    type Err = AtMostError;

    fn from_str(text: &str) -> Result<Self, AtMostError> {
        let number = text
            .strip_suffix('%')
            .and_then(|digits| digits.trim().parse().ok());
        number
            .and_then(|number| Self::new(number).ok())
            .ok_or_else(|| AtMostError {
                found: text.to_owned(),
            })
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl fmt::Display for AtMost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Percent(percent) => percent.fmt(f),
        }
    }
}

impl Serialize for AtMost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Percent(percent) => percent.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AtMost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AtMostVisitor)
    }
}

struct AtMostVisitor;

impl Visitor<'_> for AtMostVisitor {
    type Value = AtMost;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count of at least 1, or a share such as `25%`")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<AtMost, E> {
        let count = u32::try_from(number).ok().and_then(NonZeroU32::new);
        count
            .map(AtMost::Count)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<AtMost, E> {
        u64::try_from(number)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            .and_then(|number| self.visit_u64(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<AtMost, E> {
        text.parse()
            .map(AtMost::Percent)
            .map_err(|AtMostError { found }| {
                E::custom(format_args!(
                    "found `{found}`, expected a count of at least 1, or a share from `1%` to `100%`"
                ))
            })
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for AtMost {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AtMost".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": "^ *0*([1-9][0-9]?|100) *%$" }],
        })
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^ *0*([1-9][0-9]?|100) *%$" })
    }
}

/// A text that is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a share from `1%` to `100%`")]
pub struct AtMostError {
    /// What was found.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_say_how_they_are_rounded() {
        let share = |text: &str| AtMost::Percent(text.parse().unwrap());
        assert_eq!(share("25%").of_rounded_down(10), 2);
        assert_eq!(share("25%").of_rounded_up(10), 3);
        assert_eq!(share("1%").of_rounded_down(10), 1, "never to nothing");
        assert_eq!(share("100%").of_rounded_up(10), 10);
        for wrong in ["0%", "101%", "25", "%", "-1%", "2.5%", ""] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_a_count_or_a_share_and_never_nothing() {
        let read = |text: &str| serde_json::from_str::<AtMost>(text);
        assert_eq!(read("3").unwrap(), AtMost::Count(3.try_into().unwrap()));
        assert_eq!(read("\"20%\"").unwrap().to_string(), "20%");
        for wrong in ["0", "-1", "\"3\"", "\"0%\"", "1.5", "null", "4294967296"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
