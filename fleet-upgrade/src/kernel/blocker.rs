//! Why a cluster, or the whole run, does not move: the one constraint that is in the way.

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::{ClusterName, HumanDuration, KubernetesVersion};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Ailment, ApprovalPoint, FailureCause, Outcome, StopReason};

/// The constraint that is in the way, and when it can clear where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "blocker", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Blocker {
    /// The run has not begun.
    NotStarted,
    /// The state is that of another plan: the number of clusters or stages differs.
    AnotherPlan,
    /// The run is paused.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// Someone cancelled the run.
    Cancelled,
    /// The run is stopping by itself.
    Stopping {
        /// Why.
        why: StopReason,
    },
    /// The run is over.
    Ended {
        /// How it ended.
        outcome: Outcome,
    },
    /// An earlier stage is not over.
    EarlierStage {
        /// The stage.
        stage: String,
        /// What that stage waits for.
        because: Box<Blocker>,
    },
    /// The stage soaks.
    Soak {
        /// The stage.
        stage: String,
        /// What it has earned so far.
        earned: SignedDuration,
        /// What it must earn.
        required: SignedDuration,
        /// When it will have earned that if all stays well; none while nothing is earned.
        until: Option<Timestamp>,
    },
    /// A person must say yes.
    Approval {
        /// The stage.
        stage: String,
        /// Before or after it.
        point: ApprovalPoint,
        /// Who may; empty: anyone who gives a name.
        by: Vec<String>,
    },
    /// The calendar is closed.
    Calendar {
        /// When it opens; none: never again.
        opens: Option<Timestamp>,
    },
    /// So much of a part of the fleet is away already as may be: upgraded at the moment, failed, or held.
    Domain {
        /// The part, such as `region=eu-west`.
        domain: String,
        /// How much may be away.
        limit: u64,
    },
    /// The day's starts are used up.
    DayCap {
        /// The stage.
        stage: String,
        /// How many clusters may start on a day.
        per_day: NonZeroU32,
        /// When the next day begins.
        resets: Timestamp,
    },
    /// The stage's places are taken.
    Concurrency {
        /// The stage.
        stage: String,
        /// How many clusters may be under way.
        limit: NonZeroU32,
        /// The first of those that are.
        running: ClusterName,
    },
    /// There is no fresh evidence about a cluster that must be known to be well.
    Evidence {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A cluster is unwell.
    Unwell {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong with it.
        ailment: Ailment,
        /// When it will count as failed unless it recovers.
        fails_at: Timestamp,
    },
    /// A cluster is being upgraded.
    Running {
        /// The cluster.
        cluster: ClusterName,
        /// The version it is on its way to.
        to: KubernetesVersion,
        /// When it will count as failed unless it is done.
        deadline: Timestamp,
    },
    /// A cluster that stands earlier in the plan goes first.
    InOrder {
        /// That cluster.
        after: ClusterName,
    },
    /// Nothing is in the way: it starts at the next decision.
    Nothing,
    /// The cluster runs the target.
    Upgraded,
    /// The cluster failed.
    Failed {
        /// Why.
        why: FailureCause,
    },
    /// The cluster's version was changed by someone else.
    Held {
        /// The version it was found at.
        found: KubernetesVersion,
        /// The version this run expected.
        expected: KubernetesVersion,
        /// Who changed it, where that is known.
        writer: Option<String>,
    },
    /// The cluster left the fleet.
    Gone,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => f.write_str("the run has not begun"),
            Self::AnotherPlan => f.write_str("the run belongs to another plan"),
            Self::Paused { since } => write!(f, "the run is paused since {since}"),
            Self::Cancelled => f.write_str("the run was cancelled"),
            Self::Stopping { why } => write!(f, "the run is stopping: {why}"),
            Self::Ended { outcome } => write!(f, "the run is over: {outcome}"),
            Self::EarlierStage { stage, because } => write!(f, "stage {stage} is not over: {because}"),
            Self::Soak {
                stage,
                earned,
                required,
                until,
            } => {
                write!(
                    f,
                    "stage {stage} has soaked {} of {}",
                    Human(*earned),
                    Human(*required)
                )?;
                match until {
                    Some(until) => write!(f, ", until {until}"),
                    None => f.write_str(", at present it earns nothing"),
                }
            }
            Self::Approval { stage, point, by } => {
                write!(f, "an approval is asked for {point} stage {stage}")?;
                if by.is_empty() {
                    Ok(())
                } else {
                    write!(f, ", of {}", by.join(" or "))
                }
            }
            Self::Calendar { opens: Some(opens) } => write!(f, "the calendar is closed until {opens}"),
            Self::Calendar { opens: None } => f.write_str("the calendar never opens again"),
            Self::Domain { domain, limit } => {
                write!(f, "of {domain} as much is away already as may be ({limit})")
            }
            Self::DayCap {
                stage,
                per_day,
                resets,
            } => {
                write!(
                    f,
                    "stage {stage} has started its {per_day} of the day, the next day begins {resets}"
                )
            }
            Self::Concurrency {
                stage,
                limit,
                running,
            } => {
                write!(f, "stage {stage} has {limit} under way, {running} among them")
            }
            Self::Evidence { cluster } => write!(f, "there is no fresh evidence that {cluster} is well"),
            Self::Unwell {
                cluster,
                ailment,
                fails_at,
            } => {
                write!(f, "{cluster} is {ailment}, and counts as failed from {fails_at}")
            }
            Self::Running {
                cluster,
                to,
                deadline,
            } => {
                write!(
                    f,
                    "{cluster} is being upgraded to {to}, at the latest until {deadline}"
                )
            }
            Self::InOrder { after } => write!(f, "{after} goes first"),
            Self::Nothing => f.write_str("nothing is in the way"),
            Self::Upgraded => f.write_str("it runs the target"),
            Self::Failed { why } => write!(f, "it failed: {why}"),
            Self::Held {
                found,
                expected,
                writer,
            } => {
                write!(f, "it is held: expected at {expected}, found at {found}")?;
                match writer {
                    Some(writer) => write!(f, ", changed by {writer}"),
                    None => f.write_str(", changed by someone else"),
                }
            }
            Self::Gone => f.write_str("it left the fleet"),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailureBudget { failures, budget: 0 } => {
                write!(f, "{failures} failed, and the policy tolerates no failure")
            }
            Self::FailureBudget { failures, budget } => {
                write!(f, "{failures} failed, and the policy tolerates {budget}")
            }
            Self::StageProvedNothing { stage } => {
                write!(f, "no cluster of stage {} ended upgraded", stage.index() + 1)
            }
            Self::UnreachableBudget { unreachable, budget } => {
                write!(
                    f,
                    "{unreachable} were lost to their being unreachable, and the policy tolerates {budget}"
                )
            }
            Self::ChangedByOthers { clusters } => {
                write!(
                    f,
                    "{clusters} changed by others, and the policy does not put up with that"
                )
            }
            Self::StageBudget {
                stage,
                failures,
                budget,
            } => write!(
                f,
                "{failures} of stage {} failed, and the policy tolerates {budget} of it",
                stage.index() + 1
            ),
            Self::StageIncomplete {
                stage,
                possible,
                needed,
            } => write!(
                f,
                "at most {possible} clusters of stage {} can end upgraded, and the policy asks for {needed}",
                stage.index() + 1
            ),
            Self::DomainLost { domain } => write!(
                f,
                "so much of {domain} failed that no other cluster of it may be taken away"
            ),
            Self::CalendarClosed => f.write_str("the calendar never opens again"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Stopped { reason } => write!(f, "stopped ({reason})"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// A duration to the second, as people write it.
struct Human(SignedDuration);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u32::try_from(self.0.as_secs().max(0)).unwrap_or(u32::MAX);
        write!(f, "{}", HumanDuration::seconds(seconds))
    }
}
