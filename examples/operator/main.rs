//! The upgrade operator, as a program.
//!
//! `cargo run --release --example operator` shows it at work on an embedded hub, on virtual time. With `--kubeconfig FILE` or `--in-cluster` it
//! runs the `FleetUpgrade` objects of a real management cluster; `--print-crd` and `--print-rbac` print what is to be applied there first.

mod demo;
mod serve;

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fleet_core::HumanDuration;
use fleet_upgrade::adapters::{CapiFleet, CapiUpgrader, CohortGate, Prometheus, SloGate};
use fleet_upgrade::operator::{FleetUpgradeController, RBAC, Sharding, crd};
use fleet_upgrade::slo::{Percentage, Sensitivity, Slo};
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Upgrades fleets of Cluster API clusters, as `FleetUpgrade` objects say. Without arguments: a rehearsal on an embedded hub.
#[derive(Debug, Parser)]
#[command(name = "operator", version)]
struct Options {
    /// Runs the objects of the management cluster that this kubeconfig's current context names.
    #[arg(long, value_name = "FILE", conflicts_with = "in_cluster")]
    kubeconfig: Option<PathBuf>,
    /// Runs the objects of the cluster whose Pod this is.
    #[arg(long)]
    in_cluster: bool,
    /// Only the objects and clusters of this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// The namespace of the Leases by which replicas share the objects out. Without it this must be the only replica.
    #[arg(long)]
    lease_namespace: Option<String>,
    /// This replica's name, unlike all others': its Pod's.
    #[arg(long, env = "POD_NAME", default_value = "fleet-upgrade-0")]
    identity: String,
    /// How many shards the objects are in; the same for all replicas.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    shards: u32,
    /// Serves OpenMetrics at this address, such as 0.0.0.0:9090.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Asks this Prometheus or Thanos, for policies that name the gates `slo` (burn rates of each cluster) or `cohort` (the upgraded
    /// clusters against the others).
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// The service level objective of the gate `slo`: the share of requests that succeed.
    #[arg(long, default_value = "99.9%", value_name = "PERCENT")]
    slo: Percentage,
    /// The period of its error budget.
    #[arg(long, default_value = "30d", value_name = "DURATION")]
    slo_period: HumanDuration,
    /// What is logged to standard error: error, warn, info, debug or trace.
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    log: tracing::Level,
    /// How many clusters the rehearsal upgrades.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(3..=200))]
    clusters: u32,
    /// When the rehearsal's operator is killed comes from this number.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Prints the custom resource definition and does nothing else.
    #[arg(long)]
    print_crd: bool,
    /// Prints the roles that it needs and does nothing else.
    #[arg(long)]
    print_rbac: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", fleet_examples::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.print_crd {
        write!(
            fleet_examples::stdout(),
            "{}",
            fleet_core::yaml::to_string(&crd())?
        )?;
        return Ok(());
    }
    if options.print_rbac {
        write!(fleet_examples::stdout(), "{RBAC}")?;
        return Ok(());
    }
    let rehearses = options.kubeconfig.is_none() && !options.in_cluster;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(rehearses)
        .build()?;
    if rehearses {
        runtime.block_on(demo::run(options.clusters, options.seed))
    } else {
        runtime.block_on(operate(options))
    }
}

async fn operate(options: &Options) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(options.log)
        .with_writer(std::io::stderr)
        .init();
    let client = Client::try_from(config(options.kubeconfig.as_deref()).await?)?;
    let (mut fleet, mut upgrader) = (CapiFleet::new(client.clone()), CapiUpgrader::new(client.clone()));
    let mut controller = FleetUpgradeController::new(client);
    if let Some(namespace) = &options.namespace {
        controller = controller.in_namespace(namespace);
        (fleet, upgrader) = (fleet.in_namespace(namespace), upgrader.in_namespace(namespace));
    }
    if let Some(namespace) = &options.lease_namespace {
        let sharding = Sharding::one_leader(namespace, &options.identity).shards(options.shards);
        controller = controller.sharded(sharding);
    }
    if let Some(url) = &options.prometheus {
        let prometheus = Prometheus::new(url).map_err(|error| format!("--prometheus: {error}"))?;
        let slo = Slo::new(options.slo, options.slo_period).map_err(|error| format!("--slo: {error}"))?;
        // More than twice the errors of the others, with a false alarm in one run of a hundred.
        let sensitivity = Sensitivity::new(Percentage::new(1.0)?, 2.0)?;
        controller = controller
            .named_gate("slo", SloGate::new(slo, prometheus.clone()))
            .named_gate("cohort", CohortGate::new(sensitivity, prometheus));
    }
    if let Some(address) = options.metrics {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("--metrics: cannot listen at {address}: {error}"))?;
        tokio::spawn(serve::metrics(listener, controller.metrics()));
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    eprintln!(
        "runs FleetUpgrade objects as {}; Ctrl-C ends it, and nothing is lost",
        options.identity
    );
    Ok(controller.fleet(fleet).upgrader(upgrader).run(shutdown).await?)
}

async fn config(kubeconfig: Option<&Path>) -> Result<Config, Box<dyn Error>> {
    let Some(file) = kubeconfig else {
        return Ok(Config::incluster()?);
    };
    let read = Kubeconfig::read_from(file)
        .map_err(|error| format!("--kubeconfig: cannot read {}: {error}", file.display()))?;
    Ok(Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?)
}
