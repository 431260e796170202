//! The main job, in seconds: a fleet from Git, brought up on the embedded hub, deployed to, and upgraded in three stages.
//!
//! `cargo run --release --example quickstart -- --help` lists the options.

mod application_sets;
mod bring_up;
mod html;
mod input;
mod startable;
mod story;
mod text;
mod upgrade;

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use jiff::Timestamp;

use crate::input::Input;
use crate::story::Story;

/// Takes a GitOps repository of a fleet, brings the fleet up on an embedded hub, deploys to it with the repository's
/// ApplicationSets, and upgrades it as the policy says, on virtual time.
#[derive(Debug, Parser)]
#[command(name = "quickstart", version)]
struct Options {
    /// The repository: `clusters/<name>/*.yaml`, `applicationsets/*.yaml`, `upgrades/*.yaml`.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/gitops-repo"))]
    repo: PathBuf,
    /// The upgrade policy. Default: the one file in the repository's `upgrades`.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Also writes the report, one self-contained page, to this file.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// When the story begins, in virtual time.
    #[arg(long, value_name = "TIME", default_value = "2026-06-01T06:00:00Z")]
    now: Timestamp,
    /// Everything random on the hub comes from this number.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Output {
    /// Tables for people, as the story goes on.
    Text,
    /// One JSON document at the end: `fleet`, `applications`, `plan`, `run`.
    Json,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // A report that cannot be written is known before the work is done. Nothing is lost if there was one already.
    if let Some(file) = &options.report
        && let Err(error) = std::fs::OpenOptions::new().append(true).create(true).open(file)
    {
        eprintln!("--report: cannot write {}: {error}", file.display());
        return ExitCode::from(BAD_INPUT);
    }
    let input = match Input::read(&options.repo, options.policy.as_deref(), options.now) {
        Ok(input) => input,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(BAD_INPUT);
        }
    };
    match play(&options, input) {
        Ok(story) if story.run.succeeded => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(NOT_AS_PLANNED),
        Err(error) => {
            eprintln!("error: {}", fleet_examples::chain(&*error));
            ExitCode::from(NOT_AS_PLANNED)
        }
    }
}

/// Time is tokio's, and paused: it jumps to the next timer whenever nothing can run.
fn play(options: &Options, input: Input) -> Result<Story, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let story = runtime.block_on(tell(options, input))?;
    if options.output == Output::Json {
        let mut out = fleet_examples::stdout();
        serde_json::to_writer_pretty(&mut out, &story)?;
        writeln!(out)?;
    }
    if let Some(file) = &options.report {
        std::fs::write(file, html::render(&story))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        eprintln!("report: {}", file.display());
    }
    Ok(story)
}

async fn tell(options: &Options, input: Input) -> Result<Story, Box<dyn Error>> {
    let say = |text: &str| match options.output {
        Output::Text => writeln!(fleet_examples::stdout(), "{text}"),
        Output::Json => Ok(()),
    };
    say(&format!(
        "The fleet in {}:\n\n{}",
        options.repo.display(),
        text::fleet(&input.fleet)
    ))?;

    let hub = bring_up::hub(options.seed, options.now)?;
    bring_up::clusters(&hub, &input).await?;
    let applications = bring_up::deploy(&hub, &input).await?;
    say(&format!(
        "Deployed to it:\n\n{}",
        text::applications(&applications)
    ))?;

    let plan = input.plan(hub.now())?;
    say(&format!("The plan:\n\n{plan}"))?;
    let watched = options.output == Output::Text && std::io::stderr().is_terminal();
    let run = upgrade::run(&hub, &input, &plan, watched).await?;
    say(&format!("The run:\n\n{}", text::run(&run)))?;

    Ok(Story {
        fleet: input.fleet,
        applications,
        plan,
        run,
    })
}

const NOT_AS_PLANNED: u8 = 1;
const BAD_INPUT: u8 = 2;
