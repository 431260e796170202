//! What breaks at the next Kubernetes version: `cargo run --release --example preflight -- PATH… --target-version 1.31`.
//!
//! Exit status: 0 clean, 2 deprecated, 3 removed, 4 something could not be read, 1 the program could not do its work.

use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use fleet_core::{KubernetesVersion, MinorVersion, VersionError};
use fleet_preflight::lifecycle::NEWEST;
use fleet_preflight::{Baseline, FileFix, FixError, PlatformTable, Report, Scanner};
use jiff::Zoned;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// Finds what breaks at the next Kubernetes version.
#[derive(Debug, Parser)]
#[allow(clippy::struct_excessive_bools)] // Switches of a command line.
struct Options {
    /// Files and directories; `-` is standard input.
    #[arg(required_unless_present_any = ["kubeconfig", "metrics", "git"])]
    paths: Vec<PathBuf>,
    /// The Kubernetes version to look ahead to: `1.31`, or one of its patches.
    #[arg(long, value_parser = minor)]
    target_version: MinorVersion,
    /// The Kubernetes version that runs now.
    #[arg(long, value_parser = minor)]
    current_version: Option<MinorVersion>,
    /// How to answer: a table unless told otherwise, or with --fix the patch alone.
    #[arg(short, long)]
    output: Option<Output>,
    /// The version that a platform component will have: `cert-manager=1.17`. May be repeated.
    #[arg(long, value_name = "NAME=VERSION", value_parser = component)]
    component: Vec<(String, MinorVersion)>,
    /// More API versions of platform components, in YAML.
    #[arg(long)]
    platform_table: Option<PathBuf>,
    /// Known findings, which do not count.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Prints a patch that moves what can be moved; what cannot is told on standard error. With --output the report goes to
    /// standard output, and the patch to standard error, too.
    #[arg(long)]
    fix: bool,
    /// With --fix: changes the files, and keeps each original as NAME.orig; in a live cluster, adds mended revisions of its Helm
    /// releases.
    #[arg(long, requires = "fix")]
    write: bool,
    /// Scans the live cluster of this kubeconfig.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; otherwise its current one.
    #[arg(long, requires = "kubeconfig")]
    context: Option<String>,
    /// What an API server gave at /metrics.
    #[arg(long)]
    metrics: Option<PathBuf>,
    /// A Git repository, to be scanned at --revision.
    #[arg(long)]
    git: Option<PathBuf>,
    /// The commit, branch or tag.
    #[arg(long, requires = "git", default_value = "HEAD")]
    revision: String,
    /// Judges every revision of Helm releases, not only those that are deployed or hang.
    #[arg(long)]
    all_revisions: bool,
    /// Looks for manifests in the strings of other objects, too.
    #[arg(long)]
    embedded: bool,
    /// An annotation of live objects that holds them as they were applied. May be repeated.
    #[arg(long, value_name = "NAME")]
    applied_annotation: Vec<String>,
    /// Writes what was found to a baseline.
    #[arg(long)]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
    Sarif,
    Junit,
    Markdown,
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
            let mut told = error.to_string();
            eprintln!("{told}");
            let mut cause = error.source();
            while let Some(error) = cause {
                // Some errors repeat their cause in their own words.
                if !told.contains(&error.to_string()) {
                    told = error.to_string();
                    eprintln!("  because {told}");
                }
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Report, Box<dyn std::error::Error>> {
    if options.target_version > NEWEST {
        eprintln!(
            "note: {} is newer than Kubernetes {NEWEST}, the newest that is known here: of what it removes, only what was announced is found",
            options.target_version
        );
    }
    if let Some(current) = options
        .current_version
        .filter(|current| *current > options.target_version)
    {
        let target = options.target_version;
        return Err(format!("--target-version {target} is older than --current-version {current}: name the later one as the target").into());
    }
    if options.write && options.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err("--write changes files, and standard input is none: leave it out to get a patch".into());
    }
    let now = Zoned::now();
    let mut scanner = Scanner::new(options.target_version)
        .now(now.timestamp())
        .all_revisions(options.all_revisions)
        .embedded(options.embedded);
    for name in &options.applied_annotation {
        scanner = scanner.applied_annotation(name);
    }
    if let Some(current) = options.current_version {
        scanner = scanner.current(current);
    }
    if let Some(path) = &options.platform_table {
        let table = PlatformTable::read(&text_of(path)?);
        scanner = scanner.platform(table.map_err(|error| InFile::new(path, error))?);
    }
    for (name, version) in &options.component {
        scanner = scanner.component(name, *version);
    }
    let (input, paths): (Vec<_>, Vec<_>) = options.paths.iter().partition(|path| path.as_os_str() == "-");
    // Standard input can be read only once.
    let mut piped = None;
    if options.fix {
        if let Some(path) = &options.kubeconfig {
            releases(&scanner, path, options)?;
        }
        let (mut fixes, errors) = scanner.fix_paths(&paths);
        if !input.is_empty() {
            let text = io::read_to_string(io::stdin().lock())?;
            fixes.extend(scanner.fix_content("-", text.clone()));
            piped = Some(text);
        }
        tell(&fixes, &errors, options)?;
    }
    let mut report = scanner.scan_paths(paths);
    if let Some(repository) = &options.git {
        report.merge(scanner.scan_git(repository, &options.revision)?);
    }
    if let Some(path) = &options.metrics {
        report.merge(scanner.scan_metrics(&path.to_string_lossy(), &text_of(path)?));
    }
    if let Some(path) = &options.kubeconfig {
        report.merge(live(&scanner, path, options.context.as_deref())?);
    }
    if let Some(text) = &piped {
        report.merge(scanner.scan_text("-", text));
    } else if !input.is_empty() {
        report.merge(scanner.scan_reader("-", io::stdin().lock()));
    }
    if let Some(path) = &options.baseline {
        let baseline = Baseline::from_json(&text_of(path)?, now.date());
        report.apply(&baseline.map_err(|error| InFile::new(path, error))?);
    }
    if let Some(path) = &options.write_baseline {
        let known = Baseline::of(&report, None).to_json();
        std::fs::write(path, known).map_err(|error| InFile::new(path, error))?;
    }
    let output = match options.output {
        Some(output) => output,
        // The patch is the answer then.
        None if options.fix => return Ok(report),
        None => Output::Table,
    };
    let mut out = BufWriter::new(fleet_examples::stdout());
    match output {
        Output::Table => report.write_table(&mut out)?,
        Output::Json => report.write_json(&mut out)?,
        Output::Sarif => report.write_sarif(&mut out)?,
        Output::Junit => report.write_junit(&mut out)?,
        Output::Markdown => out.write_all(report.to_markdown().as_bytes())?,
    }
    out.flush()?;
    Ok(report)
}

fn text_of(path: &Path) -> Result<String, InFile> {
    std::fs::read_to_string(path).map_err(|error| InFile::new(path, error))
}

/// What went wrong with a file.
#[derive(Debug)]
struct InFile {
    path: PathBuf,
    source: Box<dyn std::error::Error>,
}

impl InFile {
    fn new(path: &Path, source: impl Into<Box<dyn std::error::Error>>) -> Self {
        Self {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

impl Display for InFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for InFile {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}

/// Prints the patch, and makes the change when it is asked for.
fn tell(fixes: &[FileFix], errors: &[FixError], options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    for fix in fixes {
        patch(fix, options)?;
        for release in &fix.releases {
            patch(release, options)?;
            eprintln!(
                "{}: release {} is mended in its cluster: --kubeconfig FILE --fix --write",
                fix.path.display(),
                release.release
            );
        }
        for refused in &fix.refused {
            eprintln!(
                "{}: {} must be moved by hand: {}",
                refused.place, refused.object, refused.reason
            );
        }
        if options.write
            && fix.path.as_os_str() != "-"
            && let Some(kept) = fix.write()?
        {
            eprintln!(
                "{}: changed, the original is {}",
                fix.path.display(),
                kept.display()
            );
        }
    }
    for error in errors {
        let cause = error
            .source()
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        eprintln!("{error}{cause}");
    }
    Ok(())
}

/// A patch is the answer, unless a report is.
fn patch(patch: &impl Display, options: &Options) -> io::Result<()> {
    if options.output.is_some() {
        write!(io::stderr(), "{patch}")
    } else {
        write!(fleet_examples::stdout(), "{patch}")
    }
}

/// Mends the Helm releases of a live cluster, when it is asked for.
fn releases(scanner: &Scanner, path: &Path, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    with_cluster(path, options.context.as_deref(), async |client, _| {
        let (fixes, errors) = scanner.fix_releases(client.clone()).await?;
        for fix in &fixes {
            patch(fix, options)?;
            for refused in &fix.refused {
                eprintln!(
                    "{}: {} must be moved in its chart: {}",
                    fix.release, refused.object, refused.reason
                );
            }
            if options.write {
                fix.write(client.clone()).await?;
                eprintln!("{}: revision {} is the mended one", fix.release, fix.revision);
            }
        }
        for error in errors {
            eprintln!("{error}");
        }
        Ok(())
    })
}

fn live(scanner: &Scanner, path: &Path, context: Option<&str>) -> Result<Report, Box<dyn std::error::Error>> {
    with_cluster(path, context, async |client, name| {
        Ok(scanner.scan_cluster(client, &name).await)
    })
}

/// Does something with the cluster of a kubeconfig, and the name it has there.
fn with_cluster<T>(
    path: &Path,
    context: Option<&str>,
    work: impl AsyncFnOnce(Client, String) -> Result<T, Box<dyn std::error::Error>>,
) -> Result<T, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let options = KubeConfigOptions {
            context: context.map(str::to_owned),
            ..KubeConfigOptions::default()
        };
        let kubeconfig = Kubeconfig::read_from(path)?;
        let name = context
            .map(str::to_owned)
            .or_else(|| kubeconfig.current_context.clone());
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        let client = Client::try_from(config)?;
        work(client, name.unwrap_or_else(|| "default".to_owned())).await
    })
}

/// `1.31`, `v1.31` and `v1.31.4` are all of the same minor version.
fn minor(text: &str) -> Result<MinorVersion, VersionError> {
    text.parse().or_else(|error| {
        let patch = text.parse::<KubernetesVersion>();
        patch.map(|version| version.minor_version()).map_err(|_| error)
    })
}

fn component(text: &str) -> Result<(String, MinorVersion), String> {
    let (name, version) = text.split_once('=').ok_or("expected NAME=VERSION")?;
    let version = version
        .trim_start_matches('v')
        .parse()
        .map_err(|error| format!("{error}"))?;
    Ok((name.to_owned(), version))
}
