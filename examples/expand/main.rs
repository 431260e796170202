//! Which Applications an ApplicationSet makes, offline: for pull requests and CI jobs.
//!
//! Exit status 0: nothing to flag. 1: something is flagged. 2: the input is bad.

mod input;
mod output;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use fleet_argocd::GuardRails;

/// Expand an ApplicationSet as Argo CD would, without a cluster.
#[derive(Debug, Parser)]
#[command(name = "expand")]
struct Arguments {
    /// The ApplicationSet, a YAML or JSON file.
    #[arg(long, value_name = "FILE", required_unless_present = "cases")]
    applicationset: Option<String>,
    /// The cluster Secrets: a YAML or JSON file, or a directory of them.
    #[arg(long, value_name = "FILE|DIR")]
    clusters: Option<String>,
    /// A repository that generators name, and the directory it is checked out in. May be repeated.
    #[arg(long, value_name = "URL=DIR")]
    repo: Vec<String>,
    /// Open pull requests: a JSON or YAML list, or an object of lists by `owner/repo`.
    #[arg(long, value_name = "FILE")]
    pull_requests: Option<String>,
    /// What there was: an ApplicationSet, or a list of Applications as `-o json` or `-o yaml` writes it.
    #[arg(long, value_name = "FILE")]
    before: Option<String>,
    /// How many Applications may be deleted; default a tenth of them.
    #[arg(long, value_name = "NUMBER")]
    max_deletions: Option<usize>,
    /// A destination (server or name) that is production's, which previews of pull requests must not reach. May be repeated.
    #[arg(long, value_name = "CLUSTER")]
    production: Vec<String>,
    /// A project that previews of pull requests must not be in. May be repeated.
    #[arg(long, value_name = "PROJECT")]
    privileged_project: Vec<String>,
    /// How to write the answer.
    #[arg(short, long, value_enum, default_value = "yaml")]
    output: Output,
    /// Answer every case of a file of JSON lines (`-` is standard input), a JSON line a case.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["applicationset", "clusters", "repo", "pull_requests", "before"])]
    cases: Option<String>,
}

impl Arguments {
    /// The bounds that the command line asks for.
    fn rails(&self) -> GuardRails {
        let mut rails = GuardRails::default();
        if let Some(bound) = self.max_deletions {
            rails.max_deletions = Some(bound);
            rails.max_deleted_percent = None;
        }
        rails.production.clone_from(&self.production);
        rails.privileged_projects.clone_from(&self.privileged_project);
        rails
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Yaml,
    Json,
    Table,
    Diff,
    Markdown,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.cases {
        Some(file) => match output::cases(file) {
            Ok(true) => return ExitCode::from(2),
            done => done,
        },
        None => input::read(&arguments).and_then(|preview| output::write(arguments.output, &preview)),
    };
    match outcome {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", fleet_examples::chain(error.as_ref()));
            ExitCode::from(2)
        }
    }
}
