//! Whether a cluster may be started at all: what breaks on it at the next version, and the backup to fall back on.

use std::fmt;

use fleet_core::{HumanDuration, KubernetesVersion};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::rules::Rules;
use super::{Ailment, Cell, ClusterId, ClusterObservation, Phase, RunState};
use crate::UpgradePlan;

/// The evidence that a cluster may be started: recorded with its start, so that the log shows what it rested on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Readiness {
    /// What the pre-flight check found; none where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<PreflightVerdict>,
    /// The backup there is; none where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupVerdict>,
}

/// What a pre-flight check found on one cluster for one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum PreflightVerdict {
    /// Nothing stands in the way.
    Clear {
        /// How many findings people should look at before the version after this one.
        warnings: u32,
    },
    /// Something breaks at that version.
    Blocked {
        /// What, in a sentence; the first of several.
        reason: String,
        /// How many findings block.
        findings: u32,
    },
    /// A part could not be looked at. Never lets a cluster start.
    Incomplete {
        /// Which part, and why.
        reason: String,
    },
}

/// What is known of a cluster's backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum BackupVerdict {
    /// There is a complete backup that was verified.
    Verified {
        /// Its name.
        backup: String,
        /// When it was completed.
        completed: Timestamp,
    },
    /// One is being made.
    InProgress {
        /// Its name.
        backup: String,
    },
    /// There is none that could be relied on.
    Missing {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for PreflightVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear { warnings: 0 } => f.write_str("clear"),
            Self::Clear { warnings } => write!(f, "clear, with {warnings} warnings"),
            Self::Blocked { reason, findings: 1 } => f.write_str(reason),
            Self::Blocked { reason, findings } => write!(f, "{findings} findings, {reason} among them"),
            Self::Incomplete { reason } => write!(f, "incomplete: {reason}"),
        }
    }
}

impl fmt::Display for BackupVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified { backup, completed } => write!(f, "backup {backup} of {completed}"),
            Self::InProgress { backup } => write!(f, "backup {backup} is being made"),
            Self::Missing { reason } => write!(f, "no backup: {reason}"),
        }
    }
}

/// What must be asked about a cluster, besides how it is, before it may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadinessNeeds<'p> {
    /// The version it would be started to.
    pub to: &'p KubernetesVersion,
    /// Whether the pre-flight check is to be asked.
    pub preflight: bool,
    /// How old a backup may be; none where the policy asks for none.
    pub backup: Option<HumanDuration>,
}

/// What must be asked about a cluster before its next hop; none where the policy asks for nothing, and for a cluster that
/// has no hop to start now.
pub fn readiness_needs<'p>(
    plan: &'p UpgradePlan,
    run: &RunState,
    cluster: ClusterId,
) -> Option<ReadinessNeeds<'p>> {
    needs(Rules::of(plan), run, cluster)
}

pub(crate) fn needs<'p>(rules: Rules<'p>, run: &RunState, cluster: ClusterId) -> Option<ReadinessNeeds<'p>> {
    let (preflight, backup) = rules.readiness()?;
    let cell = run.cell(cluster)?;
    matches!(cell.phase, Phase::Pending | Phase::Between).then_some(())?;
    let to = rules.cluster(run, cluster)?.to(cell.hop)?;
    Some(ReadinessNeeds {
        to,
        preflight,
        backup,
    })
}

/// Whether a cluster may be started as far as this goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    Yes,
    /// Nobody has looked.
    Unasked,
    No(Ailment),
}

pub(crate) fn judge(
    needs: &ReadinessNeeds<'_>,
    readiness: Option<&Readiness>,
    now: Timestamp,
    grace: SignedDuration,
) -> Ready {
    let Some(readiness) = readiness else {
        return Ready::Unasked;
    };
    if needs.preflight {
        match &readiness.preflight {
            None => return Ready::Unasked,
            Some(PreflightVerdict::Clear { .. }) => {}
            Some(verdict) => {
                return Ready::No(Ailment::Preflight {
                    reason: verdict.to_string(),
                });
            }
        }
    }
    let Some(max_age) = needs.backup else {
        return Ready::Yes;
    };
    match &readiness.backup {
        None => Ready::Unasked,
        // A backup from the future proves nothing; between two machines' clocks a little is forgiven.
        Some(BackupVerdict::Verified { completed, .. })
            if now.duration_since(*completed) <= max_age.as_signed()
                && completed.duration_since(now) <= grace =>
        {
            Ready::Yes
        }
        Some(verdict @ BackupVerdict::Verified { .. }) => Ready::No(Ailment::Backup {
            reason: format!("{verdict} is not of the last {max_age}"),
        }),
        Some(verdict) => Ready::No(Ailment::Backup {
            reason: verdict.to_string(),
        }),
    }
}

/// How far a backup's clock may be ahead.
pub(crate) const CLOCK_GRACE: SignedDuration = SignedDuration::from_mins(1);

impl Moment<'_> {
    /// Whether a cluster that could start is known to be ready for it.
    pub(crate) fn readiness(&self, id: ClusterId, cell: &Cell, seen: &ClusterObservation) -> Ready {
        if !matches!(cell.phase, Phase::Pending | Phase::Between) {
            return Ready::Yes;
        }
        needs(self.rules, self.run, id).map_or(Ready::Yes, |needs| {
            judge(&needs, seen.readiness.as_ref(), self.now, CLOCK_GRACE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn backups_are_told_with_what_there_is_instead() {
        let told = |verdict: BackupVerdict| verdict.to_string();
        let (backup, completed) = ("nightly".to_owned(), at("2026-03-02T01:00:00Z"));
        let in_progress = BackupVerdict::InProgress {
            backup: backup.clone(),
        };
        assert_eq!(told(in_progress), "backup nightly is being made");
        let verified = BackupVerdict::Verified { backup, completed };
        assert_eq!(told(verified), "backup nightly of 2026-03-02T01:00:00Z");
        let reason = "the last failed".to_owned();
        assert_eq!(
            told(BackupVerdict::Missing { reason }),
            "no backup: the last failed"
        );
    }

    #[test]
    fn only_a_clear_check_and_a_recent_backup_make_a_cluster_ready() {
        let to: KubernetesVersion = "v1.31.4".parse().unwrap();
        let needs = ReadinessNeeds {
            to: &to,
            preflight: true,
            backup: Some(HumanDuration::hours(1)),
        };
        let now = at("2026-03-02T08:00:00Z");
        let judge = |preflight: Option<PreflightVerdict>, backup: Option<BackupVerdict>| {
            super::judge(&needs, Some(&Readiness { preflight, backup }), now, CLOCK_GRACE)
        };
        let clear = || Some(PreflightVerdict::Clear { warnings: 2 });
        let backup = |completed: &str| {
            Some(BackupVerdict::Verified {
                backup: "nightly".into(),
                completed: at(completed),
            })
        };
        assert_eq!(judge(clear(), backup("2026-03-02T07:00:00Z")), Ready::Yes);
        assert_eq!(judge(None, backup("2026-03-02T07:00:00Z")), Ready::Unasked);
        assert_eq!(judge(clear(), None), Ready::Unasked);
        assert_eq!(super::judge(&needs, None, now, CLOCK_GRACE), Ready::Unasked);
        let refused = [
            judge(clear(), backup("2026-03-02T06:59:59Z")),
            judge(clear(), backup("2026-03-02T08:01:01Z")),
            judge(clear(), Some(BackupVerdict::InProgress { backup: "b".into() })),
            judge(
                clear(),
                Some(BackupVerdict::Missing {
                    reason: "none".into(),
                }),
            ),
            judge(
                Some(PreflightVerdict::Incomplete {
                    reason: "no answer".into(),
                }),
                backup("2026-03-02T07:30:00Z"),
            ),
            judge(
                Some(PreflightVerdict::Blocked {
                    reason: "FlowSchema v1beta2".into(),
                    findings: 3,
                }),
                backup("2026-03-02T07:30:00Z"),
            ),
        ];
        for ready in refused {
            assert!(matches!(ready, Ready::No(_)), "{ready:?}");
        }
    }
}
