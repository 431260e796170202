//! What must be known of a cluster before it starts, and who must have said yes.

use std::num::NonZeroU32;

use fleet_core::HumanDuration;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether a cluster must have passed a pre-flight check before it starts: `required` or `none`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[allow(clippy::exhaustive_enums)]
pub enum PreflightRequirement {
    /// Nobody asks.
    #[default]
    None,
    /// What breaks at the next version, or cannot be looked at, keeps the cluster from starting.
    Required,
}

impl PreflightRequirement {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// The backup that a cluster must have before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BackupRequirement {
    /// How long ago it may have been completed.
    pub max_age: HumanDuration,
}

impl BackupRequirement {
    /// A verified backup, not older than this.
    pub fn within(max_age: HumanDuration) -> Self {
        Self { max_age }
    }
}

/// The approvals that a stage asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StageApproval {
    /// Before its first cluster starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ApprovalRule>,
    /// After its soak, before the next stage begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ApprovalRule>,
}

impl StageApproval {
    /// One approval before the stage.
    pub fn before(rule: ApprovalRule) -> Self {
        Self {
            before: Some(rule),
            after: None,
        }
    }

    /// One approval after the stage.
    pub fn after(rule: ApprovalRule) -> Self {
        Self {
            before: None,
            after: Some(rule),
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }
}

/// Whose approval counts, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ApprovalRule {
    /// Who may give it. Default: anyone who gives a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(inner(length(min = 1))))]
    pub by: Vec<String>,
    /// How long it counts from when it was given, if it has not been used by then. Default: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<HumanDuration>,
}

impl ApprovalRule {
    /// Of anyone who gives a name.
    pub fn anyone() -> Self {
        Self::default()
    }

    /// Of one of these people.
    pub fn by(people: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            by: people.into_iter().map(Into::into).collect(),
            valid_for: None,
        }
    }

    /// Counts for so long only.
    pub fn valid_for(mut self, duration: HumanDuration) -> Self {
        self.valid_for = Some(duration);
        self
    }
}

/// How long upgraded clusters are watched: `5d`, or `{minTime: 5d, minSamples: 100}`.
///
/// Both must be earned. A sample is one look at all the stage's clusters that found them well; a run takes one every
/// third of the age that its evidence may have, every 20 minutes by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoakRule {
    /// The time that must have been watched. A day is 24 hours.
    pub min_time: HumanDuration,
    /// The looks that must have found all well. Default: as many as the time brings.
    pub min_samples: Option<NonZeroU32>,
}

impl SoakRule {
    /// So much watched time.
    pub fn time(min_time: HumanDuration) -> Self {
        Self {
            min_time,
            min_samples: None,
        }
    }

    /// And so many looks.
    pub fn samples(mut self, samples: NonZeroU32) -> Self {
        self.min_samples = Some(samples);
        self
    }

    /// Whether there is no soak.
    pub fn is_none(&self) -> bool {
        self.min_time.is_zero() && self.min_samples.is_none()
    }

    /// How long it is expected to take when all goes well.
    pub fn expected(&self) -> HumanDuration {
        let samples = self.min_samples.map_or(0, NonZeroU32::get);
        let looks = HumanDuration::minutes(samples.saturating_mul(MINUTES_A_SAMPLE));
        self.min_time.max(looks)
    }
}

/// How far apart looks at a soaking stage are, with the default settings of a run.
const MINUTES_A_SAMPLE: u32 = 20;

impl From<HumanDuration> for SoakRule {
    fn from(min_time: HumanDuration) -> Self {
        Self::time(min_time)
    }
}

impl Serialize for SoakRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.min_samples {
            None => self.min_time.serialize(serializer),
            Some(_) => SoakFields {
                min_time: self.min_time,
                min_samples: self.min_samples,
            }
            .serialize(serializer),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
struct SoakFields {
    #[serde(default)]
    min_time: HumanDuration,
    #[serde(default)]
    min_samples: Option<NonZeroU32>,
}

impl<'de> Deserialize<'de> for SoakRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SoakVisitor)
    }
}

struct SoakVisitor;

impl<'de> Visitor<'de> for SoakVisitor {
    type Value = SoakRule;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a duration such as `5d`, or minTime and minSamples")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SoakRule, E> {
        text.parse().map(SoakRule::time).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SoakRule, A::Error> {
        let fields = SoakFields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(SoakRule {
            min_time: fields.min_time,
            min_samples: fields.min_samples,
        })
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for SoakRule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Soak".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (time, fields) = (
            HumanDuration::json_schema(generator),
            SoakFields::json_schema(generator),
        );
        schemars::json_schema!({ "anyOf": [time, fields] })
    }
}
