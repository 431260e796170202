//! If this is lost now: `cargo run --release --example recover -- --fleet DIR --disaster region-lost=eu-west-1 [-o markdown]`.
//!
//! Without `--disaster`: what is protected and how well, and what is wrong with the backups. Without `--fleet` and
//! `--kubeconfig`: the guide's fleet on the embedded hub, which loses production-eu-west and recovers it.
//!
//! Exit status: 0 a plan in which nothing is lost for ever, or no finding of severity error; 1 the contrary, or the program could
//! not do its work; 2 bad input, each mistake on standard error with its file, line and column.

mod demo;
mod input;
mod live;
mod show;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Parser, ValueEnum};
use fleet_core::purpose::Constraints;
use fleet_velero::inventory::FleetState;
use fleet_velero::protection::{AnalysisOptions, Exposure, Measurements, Reach, RtoModel};
use fleet_velero::recovery::{PlanOptions, recovery_plan};
use fleet_velero::{Disaster, Restore};
use jiff::Timestamp;

/// What a disaster would cost, and the runbook that recovers from it.
#[derive(Debug, Parser)]
#[command(group(ArgGroup::new("source").args(["fleet", "kubeconfig"])))]
struct Options {
    /// A directory with the fleet: fleet.yaml, and clusters/NAME/*.yaml with each cluster's objects.
    #[arg(long)]
    fleet: Option<PathBuf>,
    /// A kubeconfig: the live cluster of its current context is the fleet.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, requires = "kubeconfig")]
    context: Option<String>,
    /// The region of the live cluster.
    #[arg(long, requires = "kubeconfig")]
    region: Option<String>,
    /// The time of the analysis, and of the disaster; default: now. Backups from after it do not count.
    #[arg(long, requires = "source")]
    now: Option<Timestamp>,
    /// What happens: region-lost=REGION, cluster-lost=CLUSTER, namespace-deleted=CLUSTER/NAMESPACE,
    /// storage-location-lost=BUCKET, git-lost, hub-lost, ransomware=TIME[@CLUSTER].
    #[arg(long, requires = "source")]
    disaster: Option<Disaster>,
    /// Where lost clusters are made anew.
    #[arg(long, requires = "disaster")]
    target_region: Option<String>,
    /// What the analysis assumes to be lost at once.
    #[arg(
        long,
        default_value = "region",
        requires = "source",
        conflicts_with = "disaster"
    )]
    reach: ReachOption,
    /// How to answer. A graph (mermaid) is drawn of a plan: it needs --disaster.
    #[arg(short, long, default_value = "table", requires = "source")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
    Markdown,
    Mermaid,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReachOption {
    Namespace,
    Cluster,
    Region,
}

impl From<ReachOption> for Reach {
    fn from(reach: ReachOption) -> Self {
        match reach {
            ReachOption::Namespace => Self::Namespace,
            ReachOption::Cluster => Self::Cluster,
            ReachOption::Region => Self::Region,
        }
    }
}

/// What was read of a fleet.
#[derive(Default)]
struct Read {
    fleet: FleetState,
    /// Which regions are of which jurisdiction.
    constraints: Constraints,
    /// Restores, by cluster.
    restores: Vec<(String, Vec<Restore>)>,
    measured: Measurements,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let answer = match (&options.fleet, &options.kubeconfig) {
        (Some(directory), _) => answer(&options, input::read(directory)),
        (None, Some(kubeconfig)) => {
            let (context, region) = (options.context.as_deref(), options.region.clone());
            answer(&options, live::read(kubeconfig, context, region))
        }
        (None, None) => demo::run().map(|()| ExitCode::SUCCESS),
    };
    answer.unwrap_or_else(|error| {
        eprintln!("error: {}", fleet_examples::chain(error.as_ref()));
        ExitCode::FAILURE
    })
}

const BAD_INPUT: u8 = 2;

fn answer(options: &Options, read: Result<Read, Vec<String>>) -> Result<ExitCode, Box<dyn Error>> {
    if options.disaster.is_none() && options.output == Output::Mermaid {
        eprintln!("-o mermaid draws the plan of a disaster: give --disaster, or another output");
        return Ok(ExitCode::from(BAD_INPUT));
    }
    let read = match read {
        Ok(read) => read,
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("{mistake}");
            }
            return Ok(ExitCode::from(BAD_INPUT));
        }
    };
    let mut model = RtoModel::default();
    let servers = read
        .fleet
        .clusters
        .iter()
        .filter_map(|cluster| cluster.server.as_ref());
    if let Some(qps) = servers.map(|server| server.client_qps).min() {
        model = model.with_client_qps(qps);
    }
    model.calibrate(&read.measured);
    let now = options.now.unwrap_or_else(Timestamp::now);
    match &options.disaster {
        Some(disaster) => plan(options, &read, disaster, model, now),
        None => analyse(options, &read, model, now),
    }
}

fn plan(
    options: &Options,
    read: &Read,
    disaster: &Disaster,
    model: RtoModel,
    now: Timestamp,
) -> Result<ExitCode, Box<dyn Error>> {
    let wanted = PlanOptions {
        target_region: options.target_region.clone(),
        constraints: read.constraints.clone(),
        model,
        ..PlanOptions::at(now)
    };
    let plan = match recovery_plan(&read.fleet, disaster, &wanted) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("{error}");
            return Ok(ExitCode::from(BAD_INPUT));
        }
    };
    let mut out = fleet_examples::stdout();
    match options.output {
        Output::Table => write!(out, "{plan}")?,
        Output::Json => show::json(&mut out, &plan.report())?,
        Output::Markdown => write!(out, "{}", plan.to_markdown())?,
        Output::Mermaid => write!(out, "{}", plan.to_mermaid())?,
    }
    Ok(ExitCode::from(u8::from(plan.rpo == Exposure::Everything)))
}

fn analyse(
    options: &Options,
    read: &Read,
    model: RtoModel,
    now: Timestamp,
) -> Result<ExitCode, Box<dyn Error>> {
    let assumed = AnalysisOptions {
        model,
        ..AnalysisOptions::at(now)
    }
    .with_reach(options.reach.into());
    let protection = fleet_velero::protection::analyse(&read.fleet, &assumed);
    let mut findings = fleet_velero::lint::lint(&read.fleet, now);
    for (cluster, restores) in &read.restores {
        findings.extend(fleet_velero::lint::lint_restores(cluster, restores));
    }
    let worst = findings.iter().map(fleet_velero::lint::Finding::severity).max();
    let mut out = fleet_examples::stdout();
    match options.output {
        Output::Json => show::json(&mut out, &show::analysis(&protection, &findings))?,
        Output::Markdown => show::markdown(&mut out, &protection, &findings)?,
        Output::Table | Output::Mermaid => show::table(&mut out, &protection, &findings)?,
    }
    let is_wrong = worst >= Some(fleet_velero::lint::Severity::Error) || !protection.gaps.is_empty();
    Ok(ExitCode::from(u8::from(is_wrong)))
}
