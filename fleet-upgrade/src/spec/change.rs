//! What happens when the fleet is not, or does not stay, as a run found it.

use serde::{Deserialize, Serialize};

/// What happens when the fleet changes under a run.
///
/// Whatever is said here, a cluster that somebody else changes is never changed back, and never changed further: there is
/// one writer at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OnChange {
    /// Clusters that join the fleet while the run lasts, and that the policy is about. They wait for another run in any case: a
    /// plan that was looked at and approved gets no longer behind people's backs. Default: `tell`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub joining: OnJoining,
    /// Clusters that leave the fleet. Default: `tolerate`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leaving: OnLeaving,
    /// Clusters that run the target already when the run is planned. Default: `watch`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub at_target: OnAtTarget,
    /// Clusters that somebody else brings to the target before their turn. Default: `hold`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub upgraded_by_others: OnUpgradedByOthers,
    /// Clusters that somebody else brings to any other version. Default: `hold`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changed_by_others: OnChangedByOthers,
}

impl OnChange {
    /// Does this about clusters that join.
    pub fn joining(mut self, rule: OnJoining) -> Self {
        self.joining = rule;
        self
    }

    /// Does this about clusters that leave.
    pub fn leaving(mut self, rule: OnLeaving) -> Self {
        self.leaving = rule;
        self
    }

    /// Does this about clusters that run the target already.
    pub fn at_target(mut self, rule: OnAtTarget) -> Self {
        self.at_target = rule;
        self
    }

    /// Does this about clusters that others bring to the target.
    pub fn upgraded_by_others(mut self, rule: OnUpgradedByOthers) -> Self {
        self.upgraded_by_others = rule;
        self
    }

    /// Does this about clusters that others bring to another version.
    pub fn changed_by_others(mut self, rule: OnChangedByOthers) -> Self {
        self.changed_by_others = rule;
        self
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is done about clusters that join the fleet while a run lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnJoining {
    /// People are told which ones wait for another run.
    #[default]
    Tell,
    /// Nothing.
    Ignore,
}

/// What is done about clusters that leave the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnLeaving {
    /// The run goes on without them.
    #[default]
    Tolerate,
    /// Each counts as a failure.
    Fail,
}

/// What is done about clusters that run the target already when a run is planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnAtTarget {
    /// They bear witness: nothing starts while one of them is unwell, and they soak with their stage.
    #[default]
    Watch,
    /// They are named in the plan, and nobody looks at them.
    LeaveOut,
}

/// What is done about clusters that somebody else brings to the target before their turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnUpgradedByOthers {
    /// They are held, and count as failures.
    #[default]
    Hold,
    /// They are welcome: they take up a place of their stage until they are done, and count as upgraded then.
    Accept,
}

/// What is done about clusters that somebody else brings to a version that is not the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnChangedByOthers {
    /// They are held, and count as failures.
    #[default]
    Hold,
    /// They are held, and nothing new starts in the whole fleet, as beyond the failure budget.
    Stop,
}
