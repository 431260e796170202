//! When a fleet's upgrade ends, why each cluster stands where it does, and what could go wrong, before anything starts.
//!
//! `cargo run --release --example plan -- --fleet FILE|DIR --policy FILE`. The fleet is a GitOps repository
//! (`clusters/<name>/*.yaml` with Cluster API's resources) or a file, as `fleet_upgrade::read_fleet` says.
//!
//! Exit status: 0 a plan, 2 something is wrong with the fleet or the policy, 1 the program could not do its work.

mod html;
mod input;
mod output;

use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use fleet_upgrade::simulate::{Forecast, Odds, simulate};
use fleet_upgrade::{UpgradePlan, plan};
use jiff::Timestamp;

/// Plans the upgrade of a fleet.
#[derive(Debug, Parser)]
#[command(name = "plan", version)]
struct Options {
    /// The fleet: a file with its clusters, or a repository with `clusters/<name>/*.yaml`.
    #[arg(long, value_name = "FILE|DIR")]
    fleet: PathBuf,
    /// The policy, a `FleetUpgrade`.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The instant the plan is made for. Default: now.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// How to answer.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Also rehearses the plan so many times, and says when it is likely to end.
    #[arg(long, value_name = "N")]
    simulate: Option<NonZeroU32>,
    /// Everything random in the rehearsals comes from this number.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Only says why this cluster starts when it does.
    #[arg(long, value_name = "CLUSTER")]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// One JSON document.
    Json,
    /// A Gantt chart in Mermaid's language.
    Mermaid,
    /// One self-contained page.
    Html,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let now = options.now.unwrap_or_else(Timestamp::now);
    let plan = match input::read(&options.fleet, &options.policy) {
        Ok((policy, fleet)) => plan(&policy, &fleet, now).map_err(|error| error.to_string()),
        Err(mistakes) => Err(mistakes),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(BAD_INPUT);
        }
    };
    match answer(&options, &plan) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(options: &Options, plan: &UpgradePlan) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(cluster) = &options.explain {
        return explain(options, plan, cluster);
    }
    let forecast = options
        .simulate
        .map(|runs| simulate(plan, &Odds::typical(), runs, options.seed));
    let mut out = fleet_examples::stdout();
    match options.output {
        Output::Table => {
            write!(out, "{plan}")?;
            if let Some(forecast) = &forecast {
                write!(out, "\n{forecast}")?;
            }
        }
        Output::Json => write_json(&mut out, &output::json(plan, forecast.as_ref()))?,
        Output::Mermaid => {
            write!(out, "{}", output::mermaid(plan))?;
            if let Some(forecast) = &forecast {
                comment(&mut out, forecast)?;
            }
        }
        Output::Html => write!(out, "{}", html::page(plan, forecast.as_ref()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Mermaid's comments: the chart stays one.
fn comment(out: &mut impl io::Write, forecast: &Forecast) -> io::Result<()> {
    for line in forecast.to_string().lines() {
        writeln!(out, "%% {line}")?;
    }
    Ok(())
}

fn explain(options: &Options, plan: &UpgradePlan, cluster: &str) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = fleet_examples::stdout();
    if let Some(done) = plan.at_target().find(|done| done.name.as_str() == cluster) {
        writeln!(
            out,
            "{cluster} runs {} already: nothing is to be done",
            done.version
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(why), Some(planned)) = (plan.why(cluster), plan.cluster(cluster)) else {
        eprintln!("--explain: no cluster `{cluster}` in the plan; names are those of the fleet");
        return Ok(ExitCode::from(BAD_INPUT));
    };
    if options.output == Output::Json {
        write_json(&mut out, &output::why(&why, planned))?;
    } else {
        writeln!(out, "{why}\n  {}: {}", why.stage, planned.reason)?;
        writeln!(out, "  back: {}", planned.reversibility)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_json(out: &mut impl io::Write, value: &impl serde::Serialize) -> Result<(), Box<dyn Error>> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

const BAD_INPUT: u8 = 2;
