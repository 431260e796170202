//! How many clusters may fail before an upgrade stops.

use std::fmt;
use std::num::NonZeroU32;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many clusters may fail before nothing new starts.
///
/// Written as `none` (the default: the first failure stops the upgrade) or as a count of at least 1. Zero is not
/// written: in other tools it means "none", "all" or "no limit".
///
/// ```
/// use fleet_upgrade::FailureBudget;
///
/// assert!(FailureBudget::NoFailure.is_breached_by(1));
/// assert!(!FailureBudget::Clusters(2u32.try_into()?).is_breached_by(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum FailureBudget {
    /// The first failed cluster stops the upgrade.
    #[default]
    NoFailure,
    /// This many clusters may fail; one more stops the upgrade.
    Clusters(NonZeroU32),
}

impl FailureBudget {
    /// The number of failed clusters that is tolerated.
    pub const fn allowed(self) -> u32 {
        match self {
            Self::NoFailure => 0,
            Self::Clusters(count) => count.get(),
        }
    }

    /// Whether this many failed clusters are too many.
    pub const fn is_breached_by(self, failed: usize) -> bool {
        failed > self.allowed() as usize
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::NoFailure)
    }
}

impl fmt::Display for FailureBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFailure => f.write_str("none"),
            Self::Clusters(count) => count.fmt(f),
        }
    }
}

impl Serialize for FailureBudget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NoFailure => serializer.serialize_str("none"),
            Self::Clusters(count) => serializer.serialize_u32(count.get()),
        }
    }
}

impl<'de> Deserialize<'de> for FailureBudget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BudgetVisitor)
    }
}

struct BudgetVisitor;

impl Visitor<'_> for BudgetVisitor {
    type Value = FailureBudget;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`none` or a count of at least 1")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FailureBudget, E> {
        if text == "none" {
            Ok(FailureBudget::NoFailure)
        } else {
            Err(E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<FailureBudget, E> {
        u32::try_from(count)
            .ok()
            .and_then(NonZeroU32::new)
            .map(FailureBudget::Clusters)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(count), &self))
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<FailureBudget, E> {
        match u64::try_from(count) {
            Ok(count) => self.visit_u64(count),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(count), &self)),
        }
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for FailureBudget {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FailureBudget".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "enum": ["none"] }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_none_or_a_count_and_refuses_zero() {
        let read = serde_json::from_str::<FailureBudget>;
        assert_eq!(read("\"none\"").unwrap(), FailureBudget::NoFailure);
        assert_eq!(read("2").unwrap().allowed(), 2);
        for wrong in ["0", "-1", "\"all\"", "4294967296", "true"] {
            assert!(
                read(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("`none` or a count of at least 1"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn is_written_as_it_is_read() {
        for text in ["\"none\"", "3"] {
            let budget: FailureBudget = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&budget).unwrap(), text);
        }
    }

    #[test]
    fn one_more_than_allowed_breaches() {
        let two = FailureBudget::Clusters(NonZeroU32::new(2).unwrap());
        assert!(!two.is_breached_by(2) && two.is_breached_by(3));
        assert!(!FailureBudget::NoFailure.is_breached_by(0) && FailureBudget::NoFailure.is_breached_by(1));
    }
}
