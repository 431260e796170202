//! Brings a new cluster into the fleet of the sample repository: all fourteen steps on the embedded hub, on virtual time, with a live checklist.
//!
//! Exit status 0: it takes workloads. 1: it does not; the checklist says where it stands. 2: the input is bad; nothing was done.

mod hub;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use fleet_capi::{ClusterRepository, ClusterSpec, NodePool};
use fleet_core::{FleetCluster, KubernetesVersion, Labels, NodeCounts, Provider};
use fleet_mesh::MeshPolicy;
use fleet_observe::thanos::{ObjectStore, Thanos};
use fleet_onboard::saga::{OnFailure, Saga, Verdict};
use fleet_onboard::steps::onboarding;
use fleet_onboard::{AddonSettings, ConfigMapStore, OnboardRequest, Onboarding, ScannedEvidence};
use fleet_preflight::Scanner;

/// Bring a new cluster into a fleet.
#[derive(Debug, Parser)]
#[command(name = "onboard")]
struct Arguments {
    /// The directory that holds a directory of manifests for each cluster of the fleet.
    #[arg(long, value_name = "DIR", default_value = "examples/gitops-repo/clusters")]
    fleet: PathBuf,
    /// The policy of the fleet's mesh.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "examples/gitops-repo/meshes/production.yaml"
    )]
    mesh: PathBuf,
    /// The name of the new cluster.
    #[arg(long, default_value = "checkout-eu-west")]
    name: String,
    /// Its Kubernetes version.
    #[arg(long, default_value = "v1.33.2")]
    version: KubernetesVersion,
    /// Its region.
    #[arg(long, default_value = "eu-west")]
    region: String,
    /// Its tier.
    #[arg(long, default_value = "gold")]
    tier: String,
    /// Writes the change of the repository here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The step that fails, to see what happens then: `verify` has a failing CIS check.
    #[arg(long)]
    fail: bool,
    /// Undo everything when a step fails, instead of stopping there.
    #[arg(long)]
    compensate: bool,
    /// What is random on the hub.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{}", fleet_examples::chain(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut out = fleet_examples::stdout();
    let request = request(arguments)?;
    let name = request.name().to_owned();
    let hub = hub::start(arguments.seed)?;
    // The new cluster must be fit for the minor version after its own.
    let next = request.cluster.version().minor_version().next();
    let workload = hub::workload(arguments.seed)?;
    let tools = hub::Tools::new(arguments.fail, hub.clone());
    let evidence = Arc::new(ScannedEvidence::new(tools, Scanner::new(next), move |_| {
        let client = workload.client();
        async move { Ok(client) }
    }));
    let on_failure = if arguments.compensate {
        OnFailure::Compensate
    } else {
        OnFailure::Stop
    };
    let onboarding = Onboarding::new(hub.client(), request, evidence, onboarding())?
        .on_failure(on_failure)
        .every(Duration::from_secs(15));

    let files = onboarding.files()?;
    if let Some(out) = &arguments.out {
        for file in &files {
            let path = out.join(&file.path);
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
            }
            fs::write(&path, &file.text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    writeln!(
        out,
        "the change of the repository: {} files{}",
        files.len(),
        match &arguments.out {
            Some(out) => format!(" in {}", out.display()),
            None => " (--out DIR writes them)".to_owned(),
        }
    )?;

    let start = hub.now();
    let store = ConfigMapStore::new(hub.client(), "fleet-system");
    let mut told = Vec::new();
    let mut printed = Ok(());
    let saga = onboarding
        .run(
            &store,
            || hub.now(),
            |saga| {
                if printed.is_ok() {
                    printed = tell(&mut out, saga, &onboarding, &hub, &mut told);
                }
            },
        )
        .await?;
    printed?;
    writeln!(out, "\n{}", saga.checklist(onboarding.graph(), hub.now()))?;
    let took = hub.now().duration_since(start);
    match &saga.verdict {
        Some(Verdict::Done { .. }) => {
            writeln!(out, "{name} takes workloads {took:#} after the commit")?;
            Ok(true)
        }
        Some(Verdict::Stopped { step, reason, .. }) => {
            writeln!(
                out,
                "{name} stopped at {step} after {took:#}, and takes no workloads: {reason}"
            )?;
            Ok(false)
        }
        Some(Verdict::Compensated { step, reason, .. }) => {
            writeln!(
                out,
                "{name} failed at {step}, and everything was undone after {took:#}: {reason}"
            )?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// A line for every step that changes.
fn tell(
    out: &mut impl Write,
    saga: &Saga,
    onboarding: &Onboarding,
    hub: &fleet_sim::Hub,
    told: &mut Vec<String>,
) -> io::Result<()> {
    let now = hub.now();
    let minutes = now.duration_since(saga.started).as_secs_f64() / 60.0;
    for (id, step) in &saga.steps {
        let what = match (step.compensated, step.failed, step.done.is_some()) {
            (true, ..) => "↩ undone",
            (_, true, _) => "✗ failed",
            (_, _, true) => "✓ done",
            _ => "▶ begun",
        };
        let line = format!("{id} {what}");
        if !told.contains(&line) {
            let eta = saga.eta(onboarding.graph(), &std::collections::BTreeMap::new(), now);
            let left = eta.duration_since(now).as_secs_f64() / 60.0;
            let done = saga.progress(onboarding.graph()) * 100.0;
            writeln!(
                out,
                "{minutes:6.1} min  {what:9} {id:14} {done:3.0} %, about {left:.0} min left"
            )?;
            told.push(line);
        }
    }
    Ok(())
}

fn request(arguments: &Arguments) -> Result<OnboardRequest, Box<dyn Error>> {
    let fleet = ClusterRepository::open(&arguments.fleet)?.fleet()?;
    let policy = MeshPolicy::read(&arguments.mesh)?;
    let labels = Labels::from_pairs([
        ("env", "production"),
        ("region", arguments.region.as_str()),
        ("tier", arguments.tier.as_str()),
    ])?;
    let cluster = FleetCluster::new(arguments.name.parse()?, arguments.version.clone())
        .with_labels(labels)
        .with_provider(Provider::Docker)
        .with_nodes(NodeCounts {
            control_plane: 3,
            workers: 5,
        });
    let spec = ClusterSpec::docker(arguments.name.as_str())
        .control_plane(3)
        .pool(NodePool::new("workers", 5));
    let thanos = Thanos::new(ObjectStore::s3("fleet-metrics", "s3.eu-west-1.amazonaws.com"));
    let addons = AddonSettings::new("https://github.com/org/gitops-repo");
    Ok(OnboardRequest::new(
        cluster,
        spec,
        &fleet,
        Some(&policy),
        thanos,
        addons,
    )?)
}
