//! The health gates that a policy asks for.

use serde::{Deserialize, Serialize};

/// A health gate by the name under which the engine has it. A run whose engine has no gate of that name does not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GateRule {
    /// Its name, unlike the other gates' names.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1)))]
    pub name: String,
    /// When it is asked about a cluster. Default: `always`.
    #[serde(default, skip_serializing_if = "GateMoment::is_always")]
    pub when: GateMoment,
}

impl GateRule {
    /// The gate of this name, always.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            when: GateMoment::default(),
        }
    }

    /// Only then.
    pub fn when(mut self, when: GateMoment) -> Self {
        self.when = when;
        self
    }
}

/// When a gate is asked about a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[allow(clippy::exhaustive_enums)]
pub enum GateMoment {
    /// At every look at it: before its upgrade, during it, and after it as long as the run lasts.
    #[default]
    Always,
    /// Until its upgrade begins: a cluster that is not well is not started.
    Before,
    /// From the first look after its upgrade was seen done, throughout the soak and as long as the run lasts. The next cluster of the same
    /// stage may have started by then: it waits only for looks that were taken before.
    After,
}

impl GateMoment {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
    pub(crate) fn is_always(&self) -> bool {
        *self == Self::Always
    }
}
