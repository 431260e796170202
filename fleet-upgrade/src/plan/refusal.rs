//! Why a policy cannot be planned: everything that is wrong, each with its place and its mend.

use std::fmt;

use fleet_core::{ClusterName, KubernetesVersion, MinorVersion, Selector};
use jiff::Timestamp;

use super::feasible::Relaxation;
use crate::spec::{AtMost, Place, Remedy, Weight};

/// A policy that cannot be planned for this fleet. Holds every problem that was found, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    policy: String,
    problems: Vec<PlanProblem>,
}

impl PlanError {
    pub(crate) fn new(policy: &str, problems: Vec<PlanProblem>) -> Self {
        Self {
            policy: policy.to_owned(),
            problems,
        }
    }

    /// The policy's name.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// What is wrong, in the order of the policy's checks. Never empty.
    pub fn problems(&self) -> &[PlanProblem] {
        &self.problems
    }
}

impl std::error::Error for PlanError {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(
            f,
            "policy `{}` cannot be planned: {count} problem{}",
            self.policy,
            if count == 1 { "" } else { "s" }
        )?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a policy, by itself or for the fleet it is to upgrade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanProblem {
    /// There are no clusters at all.
    #[error("{place}: the fleet is empty, expected at least one cluster; check where the fleet is read from")]
    EmptyFleet {
        /// `spec.clusters`.
        place: Place,
    },
    /// The policy's selector matches nothing.
    #[error(
        "{place}: `{selector}` matches none of the fleet's {clusters} clusters; correct the selector, or leave it out for \
         the whole fleet"
    )]
    NothingSelected {
        /// `spec.clusters`.
        place: Place,
        /// The selector.
        selector: String,
        /// The size of the fleet.
        clusters: usize,
    },
    /// No stage.
    #[error(
        "{place}: found no stage, expected at least one; a single stage `- name: all` takes every cluster"
    )]
    NoStages {
        /// `spec.stages`.
        place: Place,
    },
    /// A stage has no name.
    #[error("{place}: found an empty name, expected one that says which clusters these are")]
    UnnamedStage {
        /// The stage's name.
        place: Place,
    },
    /// A stage's name would break the lines that it is shown in.
    #[error(
        "{place}: the name {name:?} holds a control character; it is shown in tables, logs and objects: leave that out"
    )]
    StageNameControl {
        /// The stage's name.
        place: Place,
        /// What it is.
        name: String,
    },
    /// Two stages have one name.
    #[error("{place}: stage `{name}` has the name of {first}; rename one of them")]
    DuplicateStage {
        /// The later stage's name.
        place: Place,
        /// The name.
        name: String,
        /// The path of the earlier stage.
        first: String,
    },
    /// A stage takes no cluster, because none matches.
    #[error(
        "{place}: stage `{stage}` matches none of the {clusters} clusters; correct its selector `{selector}`, or remove the \
         stage"
    )]
    StageMatchesNothing {
        /// The stage's selector.
        place: Place,
        /// The stage.
        stage: String,
        /// Its selector.
        selector: String,
        /// How many clusters the policy is about.
        clusters: usize,
    },
    /// A stage takes no cluster, because earlier stages took those that match.
    #[error(
        "{place}: stage `{stage}` has no cluster left: earlier stages ({}) take every cluster that matches ({matching}); \
         narrow those, or remove the stage",
        earlier.join(", ")
    )]
    StageLeftEmpty {
        /// The stage's selector, or the stage.
        place: Place,
        /// The stage.
        stage: String,
        /// How many clusters match.
        matching: usize,
        /// The stages that took them.
        earlier: Vec<String>,
    },
    /// Clusters of the policy that no stage takes.
    #[error(
        "{place}: no stage takes {clusters}; add a last stage without a selector, which takes every cluster that is left, \
         or narrow spec.clusters"
    )]
    Unmatched {
        /// `spec.stages`.
        place: Place,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// Clusters that two stages match, where it is not said which of them takes them.
    #[error(
        "{place}: stages `{first}` and `{second}` both match {clusters}; let only one of the selectors match, or give `{first}` a \
         pick, which leaves the rest to later stages"
    )]
    MatchedTwice {
        /// The later stage's selector.
        place: Place,
        /// The earlier stage.
        first: String,
        /// The later stage.
        second: String,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// Clusters that run a newer version than the target.
    #[error(
        "{place}: target {target} is below the version of {clusters}; a control plane is never downgraded: raise the \
         target to at least {newest}, or leave these clusters out with spec.clusters"
    )]
    Downgrade {
        /// `spec.target`.
        place: Place,
        /// The target.
        target: KubernetesVersion,
        /// The newest version among the clusters.
        newest: KubernetesVersion,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// Clusters whose workers are ahead of where their control planes are or go.
    #[error(
        "{place}: the workers of {clusters} run up to {workers}, newer than {hop}, which their control planes run or go to \
         next, and workers are never downgraded: {mend}, or leave these clusters out with spec.clusters"
    )]
    WorkersAhead {
        /// `spec.target`, or `spec.hops` or `spec.versions` where the way leads over one of those.
        place: Place,
        /// The version the control planes run, or would go to next.
        hop: KubernetesVersion,
        /// The newest version among the workers.
        workers: KubernetesVersion,
        /// The clusters.
        clusters: ClusterSample,
        /// What would do.
        mend: String,
    },
    /// Clusters more than one minor below the target, without hops between.
    #[error(
        "{place}: target {target} is {distance} minor versions ahead of {clusters} at {from}, and a control plane goes \
         one at a time; pin a patch release of {} on the way, such as `hops: [{}]`",
        list_some(missing, ToString::to_string),
        list_some(missing, |minor| format!("v{minor}.0"))
    )]
    TooFar {
        /// `spec.hops`.
        place: Place,
        /// The target.
        target: KubernetesVersion,
        /// The clusters' minor version.
        from: MinorVersion,
        /// How many minor versions there are between them and the target, the target's included.
        distance: i64,
        /// The minor versions that lie between and have no hop, ascending; the first 64 of them.
        missing: Vec<MinorVersion>,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// Clusters of another major version.
    #[error(
        "{place}: target {target} is of another major version than {clusters} at {from}; no hops lead there"
    )]
    OtherMajor {
        /// `spec.target`.
        place: Place,
        /// The target.
        target: KubernetesVersion,
        /// The clusters' minor version.
        from: MinorVersion,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// A hop that does not lie before the target.
    #[error(
        "{place}: hop {hop} does not lie before the target {target}; hops are of lower minor versions: remove it"
    )]
    HopBeyondTarget {
        /// The hop.
        place: Place,
        /// Its version.
        hop: KubernetesVersion,
        /// The target.
        target: KubernetesVersion,
    },
    /// A hop that does not come after the one before it.
    #[error(
        "{place}: hop {hop} follows {previous}; expected ascending minor versions, one hop for each: put them in order"
    )]
    HopOrder {
        /// The hop.
        place: Place,
        /// Its version.
        hop: KubernetesVersion,
        /// The hop before it.
        previous: KubernetesVersion,
    },
    /// A remedy that some clusters' provider does not have.
    #[error(
        "{place}: `{remedy}` cannot be done on {clusters}: {why}; remove it, or leave these clusters to a policy of their own"
    )]
    RemedyImpossible {
        /// The remedy's place.
        place: Place,
        /// The remedy.
        remedy: Remedy,
        /// Why.
        why: &'static str,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// A gate without a name.
    #[error("{place}: found an empty name, expected the name under which the engine has the gate")]
    UnnamedGate {
        /// The gate's name.
        place: Place,
    },
    /// A gate that is named twice.
    #[error("{place}: gate `{name}` is named twice; remove one of the two, or write `when: always` at one")]
    DuplicateGate {
        /// The later one's name.
        place: Place,
        /// The name.
        name: String,
    },
    /// A limit of no time at all.
    #[error("{place}: found no time at all, expected more; {mend}")]
    ZeroDuration {
        /// The field.
        place: Place,
        /// What to write.
        mend: &'static str,
    },
    /// A pick names a cluster that is not there, or names it twice.
    #[error(
        "{place}: {}; name clusters that match the stage and that no earlier stage takes, each once",
        if *twice { format!("cluster `{name}` is named twice") } else { format!("the stage has no cluster `{name}`") }
    )]
    PickedName {
        /// The name's place.
        place: Place,
        /// The name.
        name: ClusterName,
        /// Whether it is there, but named before.
        twice: bool,
    },
    /// A spread by labels that no cluster has.
    #[error(
        "{place}: no cluster has a value for each of `{labels}`, so the limit would hold nothing; correct them, or remove the rule"
    )]
    SpreadMatchesNothing {
        /// The rule's labels.
        place: Place,
        /// The labels.
        labels: String,
    },
    /// An approval that nobody could give.
    #[error(
        "{place}: nobody of that list has a name, so nobody could approve; name who may, or leave the list out for anybody"
    )]
    NobodyApproves {
        /// The list of names.
        place: Place,
    },
    /// A calendar of some clusters' own that no cluster has.
    #[error(
        "{place}: `{selector}` matches none of the clusters to upgrade, so the calendar would hold nobody back; correct the \
         selector, or remove the calendar"
    )]
    CalendarMatchesNothing {
        /// The rule's selector.
        place: Place,
        /// The selector.
        selector: Selector,
    },
    /// A group without a name of its own.
    #[error(
        "{place}: `{name}` is no name for a group of stage `{stage}`, expected one that none of its other groups has"
    )]
    GroupName {
        /// The group's name.
        place: Place,
        /// What it is.
        name: String,
        /// The stage.
        stage: String,
    },
    /// A group that none of its stage's clusters is in.
    #[error(
        "{place}: none of the clusters of stage `{stage}` is in group `{group}`; correct its selector, or remove the group"
    )]
    GroupMatchesNothing {
        /// The group's selector.
        place: Place,
        /// The group.
        group: String,
        /// The stage.
        stage: String,
    },
    /// A pick that names no cluster.
    #[error("{place}: no cluster is named; name one, or leave the pick out for every cluster of the stage")]
    NoNames {
        /// The list.
        place: Place,
    },
    /// A label that is to be covered and that no cluster has.
    #[error(
        "{place}: no cluster has a label `{label}`, so there is no variety of it to cover; correct it, or remove it"
    )]
    UnknownLabel {
        /// The label in the policy.
        place: Place,
        /// The label.
        label: String,
    },
    /// A stage tolerates more failures than the whole run.
    #[error(
        "{place}: stage `{stage}` tolerates {own} failures and the whole run {run}, so this would never be reached; lower it, \
         or raise spec.failureBudget"
    )]
    StageBudgetBeyondRun {
        /// The stage's budget.
        place: Place,
        /// The stage.
        stage: String,
        /// What it tolerates.
        own: u32,
        /// What the run tolerates, unreachable clusters included.
        run: u32,
    },
    /// A remedy that is to be done twice.
    #[error("{place}: {remedy} is on the list already, and doing it again changes nothing; remove it")]
    RemedyTwice {
        /// The second one.
        place: Place,
        /// The remedy.
        remedy: Remedy,
    },
    /// A limit that some cluster can never keep.
    #[error(
        "{place}: at most {max_unavailable} of {domain}'s {total} {weigh_by} may be away, but {clusters} weigh up to {heaviest} \
         each and could never start; raise it to at least {}",
        max_unavailable.raised_to(*heaviest, *total)
    )]
    DomainTooSmall {
        /// The limit.
        place: Place,
        /// The domain.
        domain: String,
        /// What may be away.
        max_unavailable: AtMost,
        /// What the whole domain weighs.
        total: u64,
        /// What the heaviest of the clusters weighs.
        heaviest: u64,
        /// What is counted.
        weigh_by: Weight,
        /// The clusters that are too heavy.
        clusters: ClusterSample,
    },
    /// A stage has groups and a limit over all of them.
    #[error("{place}: stage `{stage}` has groups, and each has a maxConcurrent of its own; remove this one")]
    GroupsAndMaxConcurrent {
        /// The stage's limit.
        place: Place,
        /// The stage.
        stage: String,
    },
    /// Clusters of a stage that no group takes.
    #[error(
        "{place}: no group of stage `{stage}` takes {clusters}; add a group for them, or narrow the stage's selector"
    )]
    GroupUnmatched {
        /// The stage's groups.
        place: Place,
        /// The stage.
        stage: String,
        /// The clusters.
        clusters: ClusterSample,
    },
    /// The plan would end after the policy's deadline.
    #[error(
        "{place}: the plan finishes {finish}, after the deadline {deadline}; {}",
        mend_deadline(relaxations, *lower_bound, *deadline)
    )]
    MissesDeadline {
        /// `spec.deadline`.
        place: Place,
        /// The deadline.
        deadline: Timestamp,
        /// When the plan finishes.
        finish: Timestamp,
        /// When it would finish at the earliest, with every cluster of a stage at once at any time of day.
        lower_bound: Timestamp,
        /// The single changes by which it would end in time, the smallest first.
        relaxations: Vec<Relaxation>,
    },
    /// The calendar never opens (any more).
    #[error(
        "{place}: the calendar does not open after {after}, so {waiting} would never start; add a window, or end the freeze"
    )]
    NeverOpens {
        /// `spec.calendar`.
        place: Place,
        /// After this instant.
        after: Timestamp,
        /// What waits for it.
        waiting: String,
    },
    /// The plan would end after the last instant that can be written.
    #[error("{place}: stage `{stage}` would end after the year 9999; shorten its soak or raise its caps")]
    EndsTooLate {
        /// The stage.
        place: Place,
        /// Its name.
        stage: String,
    },
}

impl PlanProblem {
    /// The field of the policy that is to be mended.
    pub fn place(&self) -> &Place {
        match self {
            Self::EmptyFleet { place }
            | Self::NothingSelected { place, .. }
            | Self::NoStages { place }
            | Self::UnnamedStage { place }
            | Self::StageNameControl { place, .. }
            | Self::DuplicateStage { place, .. }
            | Self::StageMatchesNothing { place, .. }
            | Self::StageLeftEmpty { place, .. }
            | Self::Unmatched { place, .. }
            | Self::MatchedTwice { place, .. }
            | Self::Downgrade { place, .. }
            | Self::WorkersAhead { place, .. }
            | Self::TooFar { place, .. }
            | Self::OtherMajor { place, .. }
            | Self::HopBeyondTarget { place, .. }
            | Self::HopOrder { place, .. }
            | Self::RemedyImpossible { place, .. }
            | Self::RemedyTwice { place, .. }
            | Self::GroupName { place, .. }
            | Self::GroupMatchesNothing { place, .. }
            | Self::NoNames { place }
            | Self::UnknownLabel { place, .. }
            | Self::StageBudgetBeyondRun { place, .. }
            | Self::UnnamedGate { place }
            | Self::NobodyApproves { place }
            | Self::DuplicateGate { place, .. }
            | Self::ZeroDuration { place, .. }
            | Self::PickedName { place, .. }
            | Self::SpreadMatchesNothing { place, .. }
            | Self::CalendarMatchesNothing { place, .. }
            | Self::DomainTooSmall { place, .. }
            | Self::GroupsAndMaxConcurrent { place, .. }
            | Self::GroupUnmatched { place, .. }
            | Self::MissesDeadline { place, .. }
            | Self::NeverOpens { place, .. }
            | Self::EndsTooLate { place, .. } => place,
        }
    }
}

/// Clusters that share a problem: the first few by name, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSample {
    /// The first of them, at most five.
    pub names: Vec<ClusterName>,
    /// All of them.
    pub count: usize,
}

impl ClusterSample {
    const SHOWN: usize = 5;

    pub(crate) fn add(&mut self, name: &ClusterName) {
        self.count += 1;
        if self.names.len() < Self::SHOWN {
            self.names.push(name.clone());
        }
    }
}

impl fmt::Display for ClusterSample {
    /// `3 clusters (a, b, c)`; `one cluster (a)`; `12 clusters (a, b, c, d, e and 7 more)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => f.write_str("one cluster (")?,
            count => write!(f, "{count} clusters (")?,
        }
        f.write_str(&list(&self.names, ToString::to_string))?;
        match self.count - self.names.len() {
            0 => f.write_str(")"),
            more => write!(f, " and {more} more)"),
        }
    }
}

fn mend_deadline(relaxations: &[Relaxation], lower_bound: Timestamp, deadline: Timestamp) -> String {
    match relaxations {
        [smallest, others @ ..] => {
            let mut text = format!("the smallest change that meets it: {smallest}");
            if !others.is_empty() {
                text = format!(
                    "{text}; or {}",
                    list(&others[..others.len().min(3)], ToString::to_string)
                );
            }
            text
        }
        [] if lower_bound > deadline => format!(
            "without any cap and calendar it would still finish {lower_bound}: shorten soaks, or move the deadline"
        ),
        [] => {
            "no single cap, spread or soak meets it: change several, widen the calendar, or move the deadline"
                .to_owned()
        }
    }
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The first dozen: a target that is further away than that is a slip of the pen.
fn list_some<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    match items.get(..12) {
        Some(first) if items.len() > 12 => format!("{}, ...", list(first, text)),
        _ => list(items, text),
    }
}
