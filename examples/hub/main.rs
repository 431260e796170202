//! The embedded hub at an address, for kubectl and every other client: `cargo run --release --example hub -- --listen
//! 127.0.0.1:8001 [--crds DIR] [--load DIR] [--kubeconfig-out FILE]`.
//!
//! Runs until it is interrupted. It listens on this machine only, unless `--listen` says otherwise, and then asks for a token.
//! Standard output has one line once it serves; with `--kubeconfig-out` kubectl needs nothing else:
//!
//!     kubectl --kubeconfig FILE get namespaces
//!
//! Exit status: 0 it was interrupted, 2 bad input (each mistake on standard error with its file and line; nothing is served), 1
//! the program could not do its work.

mod load;
mod manifests;
mod simulate;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fleet_core::yaml;
use fleet_examples::chain;
use fleet_sim::Hub;
use fleet_sim::http::{BindError, Server};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};

use simulate::{Running, System};

const BAD_INPUT: u8 = 2;
const MAX_TOKEN_BYTES: u64 = 4_096;

/// Serves a Kubernetes API that lives in this process.
#[derive(Debug, Parser)]
#[command(name = "hub", version)]
struct Options {
    /// Where to listen. Port 0 takes a free one. An address that other machines reach needs a token.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8001)))]
    listen: SocketAddr,
    /// A file with the token that clients have to bring: at least 16 letters, digits, '-', '.' and '_'. The hub speaks plain
    /// HTTP, and kubectl sends no token there: put TLS before it, or use a client that does.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A directory with `CustomResourceDefinition`s to serve. Everything else in it is passed over.
    #[arg(long, value_name = "DIR")]
    crds: Vec<PathBuf>,
    /// A directory with manifests, or what `kubectl get -o yaml` wrote. Namespaces that none declares are made.
    #[arg(long, value_name = "DIR")]
    load: Vec<PathBuf>,
    /// Controllers to simulate, in real time. Their kinds are served.
    #[arg(long, value_enum, value_name = "SYSTEM", value_delimiter = ',')]
    simulate: Vec<System>,
    /// Where to write a kubeconfig for this hub. It holds the token: nobody else may read it.
    #[arg(long, value_name = "FILE")]
    kubeconfig_out: Option<PathBuf>,
    /// Goes on from a snapshot, which keeps the time and the seed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["now", "seed"])]
    restore: Option<PathBuf>,
    /// Where to write a snapshot of everything when the hub is interrupted. It holds Secrets: nobody else may read it.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The hub's time at the start. Default: now.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Uids, generated names and what is random in simulated controllers come from this number.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Why nothing is served.
#[derive(Debug)]
enum Stop {
    /// What a person has to mend, one line each.
    BadInput(Vec<String>),
    Failure(String),
}

impl Stop {
    fn bad(mistake: &dyn ToString) -> Self {
        Self::BadInput(vec![mistake.to_string()])
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::BadInput(mistakes)) => {
            for mistake in mistakes {
                eprintln!("error: {mistake}");
            }
            ExitCode::from(BAD_INPUT)
        }
        Err(Stop::Failure(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Stop> {
    let (definitions, objects) = read_all(&options)?;
    let hub = start(&options)?;
    let server = bind(&hub, &options).await?;
    let loaded = load::everything(&hub.client(), definitions, objects)
        .await
        .map_err(Stop::BadInput)?;
    let running = simulate::start(&hub, &options.simulate, options.seed);
    if let Some(path) = &options.kubeconfig_out {
        write_private(path, &server.kubeconfig())
            .map_err(|error| Stop::bad(&format_args!("{}: cannot be written: {error}", path.display())))?;
    }
    say(&format!(
        "the hub listens on http://{}, {loaded}",
        server.address()
    ));
    server.serve(interrupted()?).await;
    stop(&hub, running, options.save.as_deref())
}

fn read_all(options: &Options) -> Result<(Vec<manifests::Manifest>, Vec<manifests::Manifest>), Stop> {
    let (mut definitions, mut objects, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    for (directories, definitions_only) in [(&options.crds, true), (&options.load, false)] {
        for directory in directories {
            let found = manifests::read(directory, definitions_only, &mut mistakes);
            for manifest in found {
                if manifest.is_definition() {
                    definitions.push(manifest);
                } else {
                    objects.push(manifest);
                }
            }
        }
    }
    if mistakes.is_empty() {
        Ok((definitions, objects))
    } else {
        Err(Stop::BadInput(mistakes))
    }
}

fn start(options: &Options) -> Result<Hub, Stop> {
    if let Some(path) = &options.restore {
        return Hub::restore(path).map_err(|error| Stop::bad(&chain(&error)));
    }
    Hub::builder()
        .seed(options.seed)
        .starting_at(options.now.unwrap_or_else(Timestamp::now))
        .crds(options.simulate.iter().flat_map(|system| system.definitions()))
        .start()
        .map_err(|error| Stop::Failure(chain(&error)))
}

async fn bind(hub: &Hub, options: &Options) -> Result<Server, Stop> {
    let bound = match &options.token_file {
        Some(path) => {
            let text = yaml::read_file(path, MAX_TOKEN_BYTES)
                .map_err(|error| Stop::bad(&format_args!("{}: {error}", path.display())))?;
            Server::bind_exposed(hub, options.listen, SecretString::from(text.trim())).await
        }
        None => Server::bind(hub, options.listen).await,
    };
    bound.map_err(|error| match error {
        BindError::Exposed { .. } => Stop::bad(&format_args!("{error} (--token-file)")),
        BindError::Token => Stop::bad(&error),
        other => Stop::Failure(chain(&other)),
    })
}

/// Completes when a person or the system asks for the end.
fn interrupted() -> Result<impl Future<Output = ()>, Stop> {
    let failed = |error: io::Error| Stop::Failure(format!("signals cannot be awaited: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn stop(hub: &Hub, running: Running, save: Option<&Path>) -> Result<(), Stop> {
    // First, so that nothing changes under the snapshot.
    drop(running);
    say(&hub.requests().to_string());
    if let Some(path) = save {
        hub.save(path).map_err(|error| Stop::Failure(chain(&error)))?;
        say(&format!("saved to {}", path.display()));
    }
    Ok(())
}

/// Whoever started the hub may not be reading any more; it serves all the same.
fn say(line: &str) {
    let mut out = fleet_examples::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
