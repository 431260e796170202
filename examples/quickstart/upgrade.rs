//! The run: the engine on Cluster API, watched, and held against what the hub shows afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use fleet_core::ClusterName;
use fleet_sim::Hub;
use fleet_upgrade::UpgradePlan;
use fleet_upgrade::adapters::CapiUpgrader;
use fleet_upgrade::engine::Engine;
use fleet_upgrade::kernel::RunReport;
use fleet_upgrade::ports::TokioClock;
use fleet_upgrade::testing::InMemoryRunStore;
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use crate::bring_up;
use crate::input::Input;
use crate::story::{Run, Summary};

/// Runs the plan to its end. A progress bar is drawn if somebody is watching.
pub async fn run(hub: &Hub, input: &Input, plan: &UpgradePlan, watched: bool) -> Result<Run, Box<dyn Error>> {
    let run = Engine::new(plan.clone(), InMemoryRunStore::new())
        .upgrader(CapiUpgrader::new(hub.client()))
        .clock(TokioClock::starting_at(hub.now()))
        .start();
    let bar = if watched {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let mut progress = run.progress();
    let watching = async {
        while let Some(step) = progress.next().await {
            bar.set_length(step.total().into());
            bar.set_position(step.done().into());
            bar.set_message(format!(
                "{} {}",
                step.at.strftime("%a %d %b %H:%M"),
                step.stage.as_deref().unwrap_or("")
            ));
        }
    };
    let (report, ()) = futures::join!(run.outcome(), watching);
    bar.finish_and_clear();
    let report = report?;

    let api_requests = hub.requests().total();
    let nodes = bring_up::nodes(hub).await?;
    let machines = nodes.len();
    let versions = versions(nodes);
    let target = plan.target().to_string();
    let at_target = |report: &RunReport| {
        report
            .clusters
            .keys()
            .all(|name| versions.get(name).is_some_and(|seen| *seen == [target.clone()]))
    };
    Ok(Run {
        succeeded: report.is_success() && at_target(&report),
        summary: Summary {
            clusters: input.fleet.len(),
            upgraded: versions
                .values()
                .filter(|seen| **seen == [target.clone()])
                .count(),
            machines,
            virtual_time: hub.now().duration_since(input.began),
            api_requests,
        },
        versions,
        report,
    })
}

/// Which versions the nodes of each cluster run.
fn versions(nodes: Vec<(ClusterName, String)>) -> BTreeMap<ClusterName, Vec<String>> {
    let mut versions: BTreeMap<ClusterName, BTreeSet<String>> = BTreeMap::new();
    for (cluster, version) in nodes {
        versions.entry(cluster).or_default().insert(version);
    }
    versions
        .into_iter()
        .map(|(name, versions)| (name, versions.into_iter().collect()))
        .collect()
}
