//! The five DORA metrics, for each service or each stage of an upgrade, never blended into one.
//!
//! - **Deployment frequency**: deployments to production in each day of the window, those that failed included.
//! - **Lead time for changes**: from the commit to its deployment, the median over changes that went out well.
//! - **Change failure rate**: the share of deployments that needed a repair at once (a rollback, a hotfix).
//! - **Failed deployment recovery time**: from a deployment that failed until it was repaired, the median; deployments still broken are counted
//!   apart, since their time is not known yet.
//! - **Deployment rework rate**: the share of deployments that were not planned but made to repair something that users saw.
//!
//! The input is plain: an Argo CD history gives `deployed_at` and the revision whose commit time is `committed_at`; a run of an upgrade gives
//! one deployment a cluster, with the stage as its group.
//!
//! ```
//! use fleet_observe::dora::{Deployment, Outcome, report};
//!
//! let deployment = |at: &str, outcome| -> Result<_, jiff::Error> {
//!     Ok(Deployment::new("shop", at.parse()?, outcome).committed_at("2026-06-01T08:00:00Z".parse()?))
//! };
//! let reports = report(
//!     [
//!         deployment("2026-06-01T10:00:00Z", Outcome::Succeeded)?,
//!         deployment("2026-06-01T12:00:00Z", Outcome::Failed { repaired_at: Some("2026-06-01T12:30:00Z".parse()?) })?,
//!     ],
//!     "2026-06-01T00:00:00Z".parse()?,
//!     "2026-06-03T00:00:00Z".parse()?,
//! )?;
//! let shop = &reports["shop"];
//! assert_eq!(shop.deployments_per_day, 1.0);
//! assert_eq!(shop.change_failure_rate, Some(0.5));
//! assert_eq!(shop.recovery_time.map(|time| time.as_secs()), Some(1_800));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// One deployment to production.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// The service, or the stage of an upgrade.
    pub group: String,
    /// When it was there.
    pub deployed_at: Timestamp,
    /// When the change was committed, if that is known.
    pub committed_at: Option<Timestamp>,
    /// How it went.
    pub outcome: Outcome,
    /// Whether it was not planned, but made to repair something that users saw.
    pub is_rework: bool,
}

/// How a deployment went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// It needed a repair at once.
    Failed {
        /// When it was repaired; `None` while it is not.
        repaired_at: Option<Timestamp>,
    },
}

impl Deployment {
    /// A deployment.
    pub fn new(group: impl Into<String>, deployed_at: Timestamp, outcome: Outcome) -> Self {
        Self {
            group: group.into(),
            deployed_at,
            committed_at: None,
            outcome,
            is_rework: false,
        }
    }

    /// When the change was committed.
    pub fn committed_at(self, at: Timestamp) -> Self {
        Self {
            committed_at: Some(at),
            ..self
        }
    }

    /// Made to repair something that users saw.
    pub fn rework(self) -> Self {
        Self {
            is_rework: true,
            ..self
        }
    }
}

/// The five metrics of one group over a window; `None` where there is nothing to say it from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dora {
    /// How many deployments there were.
    pub deployments: usize,
    /// Deployment frequency.
    pub deployments_per_day: f64,
    /// Lead time for changes.
    pub lead_time: Option<SignedDuration>,
    /// Change failure rate, 0 to 1.
    pub change_failure_rate: Option<f64>,
    /// Failed deployment recovery time.
    pub recovery_time: Option<SignedDuration>,
    /// Failed deployments that are not repaired yet.
    pub still_failed: usize,
    /// Deployment rework rate, 0 to 1.
    pub rework_rate: Option<f64>,
}

/// A window or a deployment that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoraError {
    /// The window has no length.
    #[error("the window from {from} to {to} has no length; expected the earlier time first")]
    Window {
        /// Its start.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// Something happened before it could.
    #[error("a deployment of {group} at {deployed_at} {what} at {at}; correct its times")]
    Order {
        /// Its group.
        group: String,
        /// When it was there.
        deployed_at: Timestamp,
        /// What happened too early or too late.
        what: &'static str,
        /// When.
        at: Timestamp,
    },
}

/// The metrics of each group, from the deployments of a window: its start is in it, its end is not.
///
/// # Errors
/// A window without length; deployments before their commit, repairs before their deployment.
pub fn report(
    deployments: impl IntoIterator<Item = Deployment>,
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeMap<String, Dora>, DoraError> {
    if to <= from {
        return Err(DoraError::Window { from, to });
    }
    let mut groups: BTreeMap<String, Vec<Deployment>> = BTreeMap::new();
    for deployment in deployments {
        in_order(&deployment)?;
        if (from..to).contains(&deployment.deployed_at) {
            groups
                .entry(deployment.group.clone())
                .or_default()
                .push(deployment);
        }
    }
    let days = to.duration_since(from).as_secs_f64() / 86_400.0;
    Ok(groups
        .into_iter()
        .map(|(group, list)| (group, metrics(&list, days)))
        .collect())
}

fn in_order(deployment: &Deployment) -> Result<(), DoraError> {
    let wrong = |what, at| {
        Err(DoraError::Order {
            group: deployment.group.clone(),
            deployed_at: deployment.deployed_at,
            what,
            at,
        })
    };
    match (deployment.committed_at, deployment.outcome) {
        (Some(at), _) if at > deployment.deployed_at => wrong("was committed", at),
        (
            _,
            Outcome::Failed {
                repaired_at: Some(at),
            },
        ) if at < deployment.deployed_at => wrong("was repaired", at),
        _ => Ok(()),
    }
}

fn metrics(list: &[Deployment], days: f64) -> Dora {
    let share = |count: usize| (!list.is_empty()).then(|| count as f64 / list.len() as f64);
    let failed = list.iter().filter_map(|deployment| match deployment.outcome {
        Outcome::Failed { repaired_at } => Some((deployment.deployed_at, repaired_at)),
        Outcome::Succeeded => None,
    });
    let failed: Vec<_> = failed.collect();
    let lead_times = list
        .iter()
        .filter(|deployment| deployment.outcome == Outcome::Succeeded)
        .filter_map(|deployment| Some(deployment.deployed_at.duration_since(deployment.committed_at?)));
    Dora {
        deployments: list.len(),
        deployments_per_day: list.len() as f64 / days,
        lead_time: median(lead_times.collect()),
        change_failure_rate: share(failed.len()),
        recovery_time: median(
            failed
                .iter()
                .filter_map(|(at, repaired)| Some((*repaired)?.duration_since(*at)))
                .collect(),
        ),
        still_failed: failed.iter().filter(|(_, repaired)| repaired.is_none()).count(),
        rework_rate: share(list.iter().filter(|deployment| deployment.is_rework).count()),
    }
}

/// The middle; the mean of the two in the middle.
fn median(mut times: Vec<SignedDuration>) -> Option<SignedDuration> {
    times.sort_unstable();
    let upper = *times.get(times.len() / 2)?;
    if times.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *times.get(times.len() / 2 - 1)?;
    Some(lower + (upper - lower) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + hour * 3_600).unwrap()
    }

    #[test]
    fn each_group_has_its_own_five() {
        let list = [
            Deployment::new("canary", at(2), Outcome::Succeeded).committed_at(at(0)),
            Deployment::new("canary", at(10), Outcome::Succeeded).committed_at(at(6)),
            Deployment::new(
                "canary",
                at(12),
                Outcome::Failed {
                    repaired_at: Some(at(15)),
                },
            )
            .committed_at(at(0)),
            Deployment::new("canary", at(13), Outcome::Failed { repaired_at: None }),
            Deployment::new("canary", at(15), Outcome::Succeeded).rework(),
            Deployment::new("production", at(20), Outcome::Succeeded),
            Deployment::new("production", at(48), Outcome::Succeeded),
        ];
        let reports = report(list, at(0), at(48)).unwrap();
        let canary = &reports["canary"];
        assert_eq!(canary.deployments, 5);
        assert!((canary.deployments_per_day - 2.5).abs() < 1e-9);
        assert_eq!(canary.lead_time, Some(SignedDuration::from_hours(3)));
        assert_eq!(canary.change_failure_rate, Some(0.4));
        assert_eq!(canary.recovery_time, Some(SignedDuration::from_hours(3)));
        assert_eq!((canary.still_failed, canary.rework_rate), (1, Some(0.2)));
        let production = &reports["production"];
        assert_eq!(
            (
                production.deployments,
                production.lead_time,
                production.recovery_time
            ),
            (1, None, None)
        );
    }

    #[test]
    fn times_that_cannot_be() {
        assert!(report([], at(1), at(1)).is_err());
        let early = Deployment::new("x", at(1), Outcome::Succeeded).committed_at(at(2));
        assert!(
            report([early], at(0), at(9))
                .unwrap_err()
                .to_string()
                .contains("was committed")
        );
        let repaired = Deployment::new(
            "x",
            at(5),
            Outcome::Failed {
                repaired_at: Some(at(4)),
            },
        );
        assert!(matches!(
            report([repaired], at(0), at(9)),
            Err(DoraError::Order { .. })
        ));
    }
}
