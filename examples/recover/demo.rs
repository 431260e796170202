//! The guide's fleet on the embedded hub: production-eu-west is lost, planned for, recovered, and the plan is held against what
//! came of it.
//!
//! The hub plays all API servers at once: Cluster API's and Argo CD's objects are the management cluster's, those in namespace
//! `velero` production-eu-west's own. They go when the cluster goes; what is in the bucket stays.

mod system;
mod velero;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use fleet_capi::ClusterRepository;
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay};
use fleet_velero::Disaster;
use fleet_velero::execute::{Executor, MemoryJournal, RunReport, TokioClock, VeleroSystem};
use fleet_velero::inventory::FleetState;
use fleet_velero::protection::Exposure;
use fleet_velero::recovery::{PlanOptions, RecoveryPlan, recovery_plan};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use system::Platform;
use velero::{Bucket, SimulatedVelero};

/// The cluster that is lost.
const LOST: &str = "production-eu-west";

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(story())
}

async fn story() -> Result<(), Box<dyn Error>> {
    let mut out = fleet_examples::stdout();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    let began: Timestamp = "2026-06-11T09:00:00Z".parse()?;
    let read =
        crate::input::read(&examples.join("recovery-fleet")).map_err(|mistakes| mistakes.join("\n"))?;
    let fleet = read.fleet;

    let crds = fleet_capi::crds()
        .into_iter()
        .chain(fleet_argocd::crds())
        .chain(fleet_velero::crds());
    let hub = Hub::builder()
        .crds(crds)
        .seed(7)
        .starting_at(began)
        .create_missing_namespaces(true)
        .start()?;
    let time = hub.clone();
    ClusterApi::default()
        .seed(7)
        .machine_startup(Delay::around(Duration::from_secs(150), 0.3))
        .spawn(hub.client(), move || time.now());
    let repository = ClusterRepository::open(examples.join("gitops-repo/clusters"))?;
    let platform = Platform::new(hub.clone(), &repository, LOST)?;
    platform.bring_up(&fleet).await?;
    writeln!(
        out,
        "{LOST} runs on the embedded hub: {} machines",
        platform.running().await?
    )?;

    let bucket = Bucket::of(
        &examples
            .join("recovery-fleet/clusters")
            .join(LOST)
            .join("backups.yaml"),
    )?;
    SimulatedVelero::new(hub.clone(), bucket).spawn();
    tokio::time::sleep(Duration::from_mins(20)).await;

    let lost_at = hub.now();
    platform.lose().await?;
    writeln!(out, "{lost_at}: {LOST} is lost\n")?;

    let disaster = Disaster::ClusterLost {
        cluster: LOST.to_owned(),
    };
    let plan = recovery_plan(&fleet, &disaster, &PlanOptions::at(lost_at))?;
    write!(out, "{plan}")?;

    let system = VeleroSystem::new(hub.client(), platform.clone());
    let clock = TokioClock::starting_at(hub.now());
    let executor = Executor::new(system, MemoryJournal::default(), clock);
    let report = executor.run(&plan).await?;
    Ok(show(&mut out, &fleet, &plan, &report)?)
}

fn show(out: &mut impl Write, fleet: &FleetState, plan: &RecoveryPlan, report: &RunReport) -> io::Result<()> {
    writeln!(out, "\n{:>4}  {:>9}  {:>9}  what", "step", "planned", "achieved")?;
    for times in &report.steps {
        let Some(step) = plan.steps.iter().find(|step| step.id.number() == times.step) else {
            continue;
        };
        writeln!(
            out,
            "{:>4}  {:>9}  {:>9}  {}",
            times.step,
            minutes(step.time.p50),
            minutes(times.done.duration_since(times.began)),
            plan.title(step)
        )?;
    }
    let objective = fleet.objectives.get("gold");
    writeln!(
        out,
        "\nrto: planned {}, achieved {}",
        minutes(report.planned_rto),
        minutes(report.achieved_rto)
    )?;
    writeln!(out, "rpo: {} lost at most", report.achieved_rpo)?;
    if let Some(gold) = objective {
        let met = report.achieved_rto <= gold.rto && report.achieved_rpo.is_within(gold.rpo);
        writeln!(
            out,
            "gold wants rpo {} and rto {}: {}",
            Exposure::Last(gold.rpo),
            minutes(gold.rto),
            if met { "met" } else { "missed" }
        )?;
    }
    Ok(())
}

fn minutes(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    format!("{}m{:02}s", seconds / 60, seconds % 60)
}

/// A namespace, as it is applied.
fn namespace(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}
