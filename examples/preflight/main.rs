//! What breaks at the next Kubernetes version: `cargo run --release --example preflight -- PATH… --target-version 1.31`.
//!
//! Exit status: 0 clean, 2 deprecated, 3 removed, 4 something could not be read, 1 the program could not do its work.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use fleet_core::MinorVersion;
use fleet_preflight::{Baseline, PlatformTable, Report, Scanner};
use jiff::Zoned;

/// Finds what breaks at the next Kubernetes version.
#[derive(Debug, Parser)]
struct Options {
    /// Files and directories; `-` is standard input.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The Kubernetes version to look ahead to.
    #[arg(long)]
    target_version: MinorVersion,
    /// The Kubernetes version that runs now.
    #[arg(long)]
    current_version: Option<MinorVersion>,
    /// How to answer.
    #[arg(short, long, default_value = "table")]
    output: Output,
    /// The version that a platform component will have: `cert-manager=1.17`. May be repeated.
    #[arg(long, value_name = "NAME=VERSION", value_parser = component)]
    component: Vec<(String, MinorVersion)>,
    /// More API versions of platform components, in YAML.
    #[arg(long)]
    platform_table: Option<PathBuf>,
    /// Known findings, which do not count.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Writes what was found to a baseline.
    #[arg(long)]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
}

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        // clap's own status for mistakes is 2, which means something else here.
        Err(error) => {
            let status = u8::from(error.use_stderr());
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    match run(&options) {
        Ok(report) => ExitCode::from(report.verdict().exit_code()),
        Err(error) => {
            eprintln!("{error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Report, Box<dyn std::error::Error>> {
    let mut scanner = Scanner::new(options.target_version);
    if let Some(current) = options.current_version {
        scanner = scanner.current(current);
    }
    if let Some(path) = &options.platform_table {
        scanner = scanner.platform(PlatformTable::read(&std::fs::read_to_string(path)?)?);
    }
    for (name, version) in &options.component {
        scanner = scanner.component(name, *version);
    }
    let (input, files): (Vec<_>, Vec<_>) = options.paths.iter().partition(|path| path.as_os_str() == "-");
    let mut report = scanner.scan_paths(files);
    if !input.is_empty() {
        report.merge(scanner.scan_reader("-", io::stdin().lock()));
    }
    if let Some(path) = &options.baseline {
        let today = Zoned::now().date();
        report.apply(&Baseline::from_json(&std::fs::read_to_string(path)?, today)?);
    }
    if let Some(path) = &options.write_baseline {
        std::fs::write(path, Baseline::of(&report, None).to_json())?;
    }
    let text = match options.output {
        Output::Table => report.as_table(),
        Output::Json => report.to_json(),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(report)
}

fn component(text: &str) -> Result<(String, MinorVersion), String> {
    let (name, version) = text.split_once('=').ok_or("expected NAME=VERSION")?;
    let version = version
        .trim_start_matches('v')
        .parse()
        .map_err(|error| format!("{error}"))?;
    Ok((name.to_owned(), version))
}
