//! The kernel of a run: pure rules, from what is planned, known and seen to what is to be done next.
//!
//! A run is an append-only log of [`Event`]s. [`RunState`] is its fold; [`decide`] looks at the plan, the state, the
//! [`Observation`] and the time, and says what to do. Whoever calls it writes down what it says before acting on it,
//! acts, and asks again:
//!
//! ```text
//!            +-----------------------------------------------+
//!            v                                               |
//!  look at evidence_due() -> decide() -> log the facts -> act on the commands
//! ```
//!
//! The engine (feature `engine`) is such a caller; an operator or a simulator is another. Callers that go on for long keep
//! state and evidence in a [`LiveRun`], which gives the same answers and looks only at the clusters that have changed.
//!
//! # The rules
//!
//! - Stages go in order. A stage is over when all its clusters have ended and its soak is earned. A stage of which
//!   nothing ended upgraded stops the run: the next stage would rest on nothing.
//! - Within a stage, clusters start in plan order, as soon as places, the day's cap and the calendar allow; planned
//!   start times are estimates. A day is one of the calendar's time zone.
//! - Nothing starts unless fresh evidence says that every cluster upgraded so far, and the one to start, is well and at
//!   its version. A cluster that is known to be unwell before its start lets the next one by.
//! - A soak counts only witnessed time: from the end of the stage's last cluster, between looks that found all of
//!   its clusters well and that are no further apart than evidence may be old. Pauses and blind spots earn nothing and lose
//!   nothing; a cluster that degrades loses what was earned.
//! - The hops of a cluster go one after the other, each one a start of its own for the calendar and for pauses, and all of
//!   them one place and one start of the day. A hop that takes longer than the policy's deadline has failed.
//! - A version that changed without the run holds the cluster. Held and failed clusters count against the failure budget;
//!   clusters that leave the fleet do not. Beyond the budget nothing starts, what is under way is seen to its end, and
//!   the run ends as stopped.
//! - Where the policy asks for them, a pre-flight check and a verified backup are evidence like any other: without them a
//!   cluster does not start, and those it rested on are in the log. A stage that asks for an approval waits for it.
//! - News is taken in before anything starts on its account.

mod approval;
mod assess;
mod audit;
mod blocker;
mod candidates;
mod cell;
mod command;
mod decide;
mod domains;
mod event;
mod ids;
mod index;
mod live;
mod moment;
mod observation;
mod readiness;
mod remedies;
mod report;
mod rules;
mod soak;
mod state;
mod watch;
mod windows;

pub use approval::{Approval, ApprovalPoint, approval_due};
pub use audit::{Violation, audit};
pub use blocker::Blocker;
pub use command::{Command, HopOrder};
pub use decide::{begin, decide, why};
pub use event::{Ailment, Event, Fact, FailureCause, Outcome, PlanDigest, RunSettings, StopReason};
pub use ids::{ClusterId, StageId};
pub use live::LiveRun;
pub use observation::{ClusterObservation, ClusterReport, Health, Observation, Rollout, Sight, Told};
pub use readiness::{BackupVerdict, PreflightVerdict, Readiness, ReadinessNeeds, readiness_needs};
pub use report::{ClusterOutcome, ClusterState, Counts, RunReport, StageReport, StageState};
pub use rules::Roster;
pub use state::RunState;
pub use watch::evidence_due;

use cell::{Cell, End, Phase};
use soak::Soak;
use state::{StageCell, StagePhase};

/// What a cluster that left the fleet means under the plan's policy.
#[cfg(feature = "engine")]
pub(crate) fn left(plan: &crate::UpgradePlan, cluster: ClusterId) -> Fact {
    assess::gone(rules::Rules::of(plan), cluster)
}
