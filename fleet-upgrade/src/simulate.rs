//! Rehearses a plan: the same kernel as a real run, in a world of chance and without waiting.
//!
//! Each run draws how long every hop takes and which go wrong from a seeded generator, and lets the kernel
//! decide as it would in a real run: windows, caps, budgets, soaks and stops included. Many runs together say when the
//! upgrade ends (p50, p90), how likely it stops, and how many clusters a bad version harms before it is noticed.
//!
//! ```
//! use fleet_core::{Fleet, FleetCluster};
//! use fleet_upgrade::simulate::{Odds, simulate};
//! use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, plan};
//!
//! let policy = FleetUpgrade::new("to-1.31", FleetUpgradeSpec::new("v1.31.4".parse()?).stage(Stage::new("all")));
//! let cluster = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     Ok(FleetCluster::new(name.parse()?, "v1.30.8".parse()?))
//! };
//! let fleet = Fleet::new([cluster("eu")?, cluster("us")?])?;
//! let plan = plan(&policy, &fleet, "2026-01-05T09:00:00Z".parse()?)?;
//!
//! let forecast = simulate(&plan, &Odds::typical(), 100.try_into()?, 7);
//! assert_eq!(forecast, simulate(&plan, &Odds::typical(), 100.try_into()?, 7));
//! assert!(forecast.finish.p50 <= forecast.finish.p90);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod odds;
mod world;

pub use odds::{Defect, Odds};

use std::fmt;
use std::num::NonZeroU32;

use fleet_core::Calendar;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::UpgradePlan;
use crate::kernel::Outcome;
use crate::plan::{Constraint, PlanDomain};
use crate::spec::{OnFailure, PreflightRequirement, StageApproval};
use world::{Ending, World};

/// What many rehearsals of a plan came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Forecast {
    /// How many runs there were.
    pub runs: u32,
    /// The seed that gives the same forecast again.
    pub seed: u64,
    /// When the runs ended, those that stopped early included.
    pub finish: Quantiles<Timestamp>,
    /// When those ended that completed; none where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Quantiles<Timestamp>>,
    /// Of all runs, the share that completed: every stage was done.
    pub completed: f64,
    /// Of all runs, the share that stopped by itself before that.
    pub stopped: f64,
    /// How many clusters ended failed.
    pub failed: Quantiles<u32>,
    /// How many clusters a bad version harmed before nothing new started any more, also those that show it only later; in
    /// the runs with a defect. More had it by then, and were not harmed: see [`Defect::share`].
    pub harmed: Quantiles<u32>,
    /// For each constraint, when the median run would end without it; the largest gain first.
    pub sensitivity: Vec<Sensitivity>,
}

/// The middle of what happened, and what nine in ten stayed below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Quantiles<T> {
    /// Half of the runs stayed at or below this.
    pub p50: T,
    /// Nine in ten did.
    pub p90: T,
    /// All did.
    pub max: T,
}

/// What one knob of the policy does to the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Sensitivity {
    /// The knob.
    pub constraint: Constraint,
    /// What was done to it.
    pub change: String,
    /// When the median of the runs that complete ends then; of all runs, where none completes.
    pub p50: Timestamp,
}

/// Rehearses a plan so many times. The same arguments give the same forecast.
pub fn simulate(plan: &UpgradePlan, odds: &Odds, runs: NonZeroU32, seed: u64) -> Forecast {
    let plan = &rehearsal_of(plan);
    let endings = rehearse(plan, odds, runs, seed);
    let share = |which: fn(&Outcome) -> bool| {
        endings.iter().filter(|ending| which(&ending.outcome)).count() as f64 / f64::from(runs.get())
    };
    let (finish, completion) = ends(plan, &endings);
    // A tenth of the runs moves the median little, and a knob that matters more than that.
    let fewer = NonZeroU32::new(runs.get().div_ceil(10)).unwrap_or(runs);
    let mut sensitivity: Vec<Sensitivity> = loosened(plan)
        .into_iter()
        .map(|(constraint, change, plan)| {
            let (finish, completion) = ends(&plan, &rehearse(&plan, odds, fewer, seed));
            Sensitivity {
                constraint,
                change: change.to_owned(),
                p50: completion.unwrap_or(finish).p50,
            }
        })
        .collect();
    sensitivity.sort_by_key(|knob| knob.p50);
    Forecast {
        runs: runs.get(),
        seed,
        finish,
        completion,
        completed: share(|outcome| matches!(outcome, Outcome::Completed)),
        stopped: share(|outcome| matches!(outcome, Outcome::Stopped { .. })),
        failed: Quantiles::of(endings.iter().map(|ending| ending.failed), 0),
        harmed: Quantiles::of(endings.iter().filter_map(|ending| ending.harmed), 0),
        sensitivity,
    }
}

/// When runs ended, and those among them that completed.
fn ends(plan: &UpgradePlan, endings: &[Ending]) -> (Quantiles<Timestamp>, Option<Quantiles<Timestamp>>) {
    let of =
        |endings: Vec<&Ending>| Quantiles::of(endings.iter().map(|ending| ending.finish), plan.created());
    let completed = |ending: &&Ending| matches!(ending.outcome, Outcome::Completed);
    let complete: Vec<&Ending> = endings.iter().filter(completed).collect();
    let completion = (!complete.is_empty()).then(|| of(complete));
    (of(endings.iter().collect()), completion)
}

/// The plan without what only people and other systems can give: approvals, backups and checks take no time here.
fn rehearsal_of(plan: &UpgradePlan) -> UpgradePlan {
    let mut plan = plan.clone();
    plan.preflight = PreflightRequirement::None;
    plan.backup = None;
    // A run that halts for a person is one that stopped.
    plan.on_failure = OnFailure::default();
    for stage in &mut plan.stages {
        stage.approval = StageApproval::default();
        // Its time is in the soak already.
        stage.soak_samples = None;
    }
    plan
}

fn rehearse(plan: &UpgradePlan, odds: &Odds, runs: NonZeroU32, seed: u64) -> Vec<Ending> {
    let begun = world::begun(plan);
    (0..runs.get())
        .map(|run| World::new(&begun, odds, seed, u64::from(run)).run())
        .collect()
}

/// The plan with one knob turned at a time.
fn loosened(plan: &UpgradePlan) -> Vec<(Constraint, &'static str, UpgradePlan)> {
    let twice = |count: NonZeroU32| count.saturating_mul(NonZeroU32::MIN.saturating_add(1));
    let mut plans = Vec::new();
    let mut with = |constraint, change, applies: bool, turn: &dyn Fn(&mut UpgradePlan)| {
        if applies {
            let mut plan = plan.clone();
            turn(&mut plan);
            plans.push((constraint, change, plan));
        }
    };
    let stages = plan.stages();
    with(
        Constraint::MaxPerDay,
        "twice as many a day",
        stages.iter().any(|stage| stage.max_per_day.is_some()),
        &|plan| {
            for stage in &mut plan.stages {
                stage.max_per_day = stage.max_per_day.map(twice);
            }
        },
    );
    with(
        Constraint::MaxConcurrent,
        "twice as many at a time",
        stages
            .iter()
            .any(|stage| stage.clusters.len() > stage.max_concurrent.get() as usize)
            || plan.domains().iter().any(PlanDomain::is_group),
        &|plan| {
            for stage in &mut plan.stages {
                stage.max_concurrent = twice(stage.max_concurrent);
            }
            for group in plan.domains.iter_mut().filter(|domain| domain.is_group()) {
                group.limit = group.limit.saturating_mul(2);
            }
        },
    );
    with(
        Constraint::Soak,
        "half of each soak",
        stages.iter().any(|stage| !stage.soak.is_zero()),
        &|plan| {
            for stage in &mut plan.stages {
                let half = stage.soak.as_signed() / 2;
                stage.soak = half.try_into().unwrap_or(stage.soak);
            }
        },
    );
    with(
        Constraint::Calendar,
        "always open",
        !plan.calendar().is_always()
            || plan
                .cluster_calendars
                .iter()
                .any(|calendar| !calendar.is_always()),
        &|plan| {
            // The days of the caps stay those of its zone.
            let zone = plan.calendar.time_zone().iana_name().unwrap_or("UTC");
            let open = Calendar::in_zone(zone).unwrap_or_default();
            plan.cluster_calendars.fill(open.clone());
            plan.calendar = open;
        },
    );
    with(
        Constraint::Spread,
        "twice as much of each region, pair or share away",
        !plan.domains().iter().all(PlanDomain::is_group),
        &|plan| {
            for domain in plan.domains.iter_mut().filter(|domain| !domain.is_group()) {
                domain.limit = domain.limit.saturating_mul(2);
            }
        },
    );
    plans
}

impl<T: Ord + Copy> Quantiles<T> {
    fn of(values: impl Iterator<Item = T>, none: T) -> Self {
        let mut values: Vec<T> = values.collect();
        values.sort_unstable();
        let at = |percent: usize| {
            let index = (values.len() * percent).div_ceil(100).max(1) - 1;
            values.get(index).copied().unwrap_or(none)
        };
        Self {
            p50: at(50),
            p90: at(90),
            max: at(100),
        }
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs (seed {}): ", self.runs, self.seed)?;
        match &self.completion {
            None => writeln!(f, "none completes; half have stopped by {}", self.finish.p50)?,
            Some(complete) if self.completed < 1.0 => writeln!(
                f,
                "of those that complete half end by {}, nine in ten by {}",
                complete.p50, complete.p90
            )?,
            Some(all) => writeln!(f, "half end by {}, nine in ten by {}", all.p50, all.p90)?,
        }
        writeln!(
            f,
            "  {:.0} % complete, {:.0} % stop; failed clusters: {} in the middle, {} in nine of ten",
            self.completed * 100.0,
            self.stopped * 100.0,
            self.failed.p50,
            self.failed.p90
        )?;
        writeln!(
            f,
            "  a bad version harms {} clusters before it is noticed, {} in one run of ten",
            self.harmed.p50, self.harmed.p90
        )?;
        for knob in &self.sensitivity {
            writeln!(f, "  with {}: half end by {}", knob.change, knob.p50)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let of = |values: &[u32]| {
            let quantiles = Quantiles::of(values.iter().copied(), 0);
            [quantiles.p50, quantiles.p90, quantiles.max]
        };
        assert_eq!(of(&[]), [0, 0, 0]);
        assert_eq!(of(&[7]), [7, 7, 7]);
        assert_eq!(of(&[4, 1, 3, 2]), [2, 4, 4]);
        let hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), [50, 90, 100]);
    }
}
