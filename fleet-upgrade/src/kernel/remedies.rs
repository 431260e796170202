//! What is done about failed clusters, and when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment::{Moment, after};
use super::{ClusterId, Command, End, Fact, FailureCause, Phase};
use crate::spec::Remedy;

/// How far the remedies of one failed cluster are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remedies {
    /// How many of the policy's remedies have come to an end, good or bad.
    pub(crate) over: u32,
    /// When the last of them did.
    pub(crate) since: Option<Timestamp>,
}

impl Moment<'_> {
    /// The remedies that are due, one for each failed cluster that has any left.
    fn due(&self) -> impl Iterator<Item = (ClusterId, Remedy, Timestamp)> + '_ {
        let remedies = &self.rules.on_failure().remedies;
        let lost = (!remedies.is_empty()).then(|| self.lost());
        lost.into_iter()
            .flatten()
            .filter(|(_, cell, _)| cell.phase == Phase::Failed)
            .filter_map(move |(id, cell, _)| {
                let detail = self.run.detail(id);
                let left = End::Failed {
                    cause: FailureCause::Left,
                };
                // Where there is no cluster nothing can be done about it.
                if detail.is_some_and(|detail| detail.end.as_ref() == Some(&left)) {
                    return None;
                }
                let done = detail.map(|detail| detail.remedies.clone()).unwrap_or_default();
                let remedy = remedies.get(done.over as usize)?;
                Some((id, *remedy, done.since.or(cell.since)?))
            })
    }

    /// Whether something is still to be done about a failed cluster.
    pub(crate) fn has_remedies_due(&self) -> bool {
        self.due().next().is_some()
    }

    /// The remedies that took too long: they are given up, so that a run ends.
    pub(crate) fn overdue_remedies(&self) -> Vec<Command> {
        let limit = self.settings.unwell_limit;
        let overdue = self
            .due()
            .filter(|(_, _, since)| self.now >= after(*since, limit));
        overdue
            .map(|(cluster, remedy, _)| {
                Command::Record(Fact::RemedyFailed {
                    cluster,
                    remedy,
                    reason: "not done in time".to_owned(),
                })
            })
            .collect()
    }

    /// What is to be asked for now.
    pub(crate) fn remedies(&self) -> Vec<Command> {
        self.due()
            .map(|(cluster, remedy, _)| Command::Remedy { cluster, remedy })
            .collect()
    }
}
