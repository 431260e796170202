//! Writes everything that a fleet is watched with: dashboards in both schemas, data sources, rules, Thanos.
//!
//! Exit status 0: written. 2: the input is bad; nothing was written.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fleet_capi::ClusterRepository;
use fleet_observe::grafana::{self, DataSource, provisioning};
use fleet_observe::promql::PromDuration;
use fleet_observe::queries::library;
use fleet_observe::rules::fleet_rules;
use fleet_observe::slo::Slo;
use fleet_observe::thanos::{ObjectStore, Thanos};
use serde_json::Value;

/// Write dashboards, rules and Thanos for the clusters of a GitOps repository.
#[derive(Debug, Parser)]
#[command(name = "dashboards")]
struct Arguments {
    /// Where to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The directory that holds a directory of manifests for each cluster.
    #[arg(long, value_name = "DIR", default_value = "examples/gitops-repo/clusters")]
    fleet: PathBuf,
    /// The objective of the service level: a share of requests.
    #[arg(long, default_value_t = 0.999)]
    objective: f64,
    /// The period of the service level.
    #[arg(long, default_value = "30d")]
    period: PromDuration,
    /// How old a backup may be.
    #[arg(long, default_value = "26h")]
    backup_age: PromDuration,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let fleet = ClusterRepository::open(&arguments.fleet)?.fleet()?;
    let slo = Slo::availability(
        "requests",
        arguments.objective,
        arguments.period,
        "http_requests_total",
    )?
    .by(["cluster", "service"])?;
    let thanos = Thanos::new(ObjectStore::s3("fleet-metrics", "s3.eu-west-1.amazonaws.com"));
    thanos.check(&fleet)?;

    // Everything is made before anything is written.
    let mut files: Vec<(String, String)> = Vec::new();
    for dashboard in grafana::all()? {
        files.push((
            format!("dashboards/classic/{}.json", dashboard.uid),
            pretty(&dashboard.classic()?)?,
        ));
        files.push((
            format!("dashboards/v2/{}.json", dashboard.uid),
            pretty(&dashboard.v2()?)?,
        ));
    }
    let sources = [DataSource::thanos("fleet", "http://thanos-query.monitoring:9090")];
    files.push((
        "grafana/datasources.yaml".to_owned(),
        yaml(&provisioning(&sources))?,
    ));
    for rules in [
        slo.rules("monitoring")?,
        fleet_rules("monitoring", arguments.backup_age)?,
    ] {
        files.push((format!("rules/{}.yaml", rules.name()), yaml(&rules.object())?));
        files.push((
            format!("rules/prometheus/{}.yaml", rules.name()),
            yaml(&rules.file())?,
        ));
    }
    for object in thanos.objects(&fleet) {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let name = format!(
            "thanos/{}-{}.yaml",
            text("/metadata/name"),
            text("/kind").to_lowercase()
        );
        files.push((name, yaml(&object)?));
    }
    let secret = ObjectStore::external_secret("monitoring", "vault", "platform/thanos");
    files.push((
        "thanos/thanos-objstore-externalsecret.yaml".to_owned(),
        yaml(&secret)?,
    ));
    for cluster in &fleet {
        let name = format!("clusters/{}/monitoring/values.yaml", cluster.name());
        files.push((name, yaml(&thanos.sidecar_values(cluster))?));
    }
    files.push((
        "queries.json".to_owned(),
        pretty(&serde_json::to_value(library()?)?)?,
    ));
    let mut out = fleet_examples::stdout();
    for (name, text) in files {
        let path = write(&arguments.out, &name, &text)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

fn pretty(value: &Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn yaml(value: &Value) -> Result<String, fleet_core::yaml::YamlError> {
    fleet_core::yaml::to_string(value)
}

fn write(out: &Path, name: &str, text: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = out.join(name);
    let at = |error: std::io::Error| format!("{}: cannot be written: {error}", path.display());
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(at)?;
    }
    fs::write(&path, text).map_err(at)?;
    Ok(path)
}
