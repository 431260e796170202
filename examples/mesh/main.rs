//! Plans a mesh for the clusters of a GitOps repository: who is in it, with which ids and addresses, connected with whom.
//!
//! Exit status 0: there is a plan. 1: the clusters cannot be joined; each reason stands with its file, line and column; or with
//! `-o purpose` a constraint is broken. 2: the input is bad.

mod place;
mod purpose;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use fleet_capi::ClusterRepository;
use fleet_mesh::names::explain;
use fleet_mesh::{MeshPlan, MeshPolicy, Present, helm_values, mermaid, mesh_plan, svg};
use serde_json::{Value, json};

/// Plan the mesh of a fleet: Cilium Cluster Mesh or Submariner.
#[derive(Debug, Parser)]
#[command(name = "mesh")]
struct Arguments {
    /// The directory that holds a directory of manifests for each cluster.
    #[arg(long, value_name = "DIR", default_value = "examples/gitops-repo/clusters")]
    fleet: PathBuf,
    /// The mesh's policy.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "examples/gitops-repo/meshes/production.yaml"
    )]
    policy: PathBuf,
    /// How to write the plan.
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
    /// With `-o purpose`: an ApplicationSet, which must not reach isolated clusters together with others. May be repeated.
    #[arg(long, value_name = "FILE")]
    applicationset: Vec<PathBuf>,
    /// With `-o purpose`: an upgrade, which must not change production clusters of one cell at once.
    #[arg(long, value_name = "FILE")]
    upgrade: Option<PathBuf>,
    /// Says what a Service's name means in this mesh, instead of writing the plan.
    #[arg(long, value_name = "NAME")]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// Members, what was allocated, and what to do in order.
    Table,
    Json,
    Mermaid,
    Svg,
    /// Cilium's values, a document for each member.
    HelmValues,
    /// What was allocated, as the policy's `members`.
    Ledger,
    /// Why each cluster of the fleet exists, and which constraints it breaks.
    Purpose,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{}", fleet_examples::chain(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let policy = MeshPolicy::read(&arguments.policy)?;
    let repository = ClusterRepository::open(&arguments.fleet)?;
    let fleet = repository.fleet()?;
    let wants_purpose = arguments.explain.is_none() && matches!(arguments.output, Output::Purpose);
    if !wants_purpose && (!arguments.applicationset.is_empty() || arguments.upgrade.is_some()) {
        return Err("--applicationset and --upgrade are read for -o purpose only".into());
    }
    let reports = |plan: Option<&MeshPlan>| {
        let (sets, upgrade) = (&arguments.applicationset, arguments.upgrade.as_deref());
        purpose::of(&fleet, &policy, plan, sets, upgrade)
    };
    let plan = match mesh_plan(&fleet, &policy) {
        Ok(plan) => plan,
        Err(refusal) => {
            for problem in refusal.problems() {
                eprintln!(
                    "{}: {problem}",
                    place::of(&problem.at(), &policy, &repository, &arguments.policy)
                );
            }
            if wants_purpose {
                write(&purpose::text(&reports(None)?))?;
            }
            return Ok(false);
        }
    };
    let mut holds = true;
    let text = match (&arguments.explain, arguments.output) {
        (Some(name), _) => format!("{name}: {}\n", explain(name, &plan)),
        (None, Output::Table) => table(&plan)?,
        (None, Output::Json) => serde_json::to_string_pretty(&whole(&plan)?)? + "\n",
        (None, Output::Mermaid) => mermaid(&plan),
        (None, Output::Svg) => svg(&plan),
        (None, Output::HelmValues) => values(&plan)?,
        (None, Output::Purpose) => {
            let reports = reports(Some(&plan))?;
            holds = reports.iter().all(|report| report.breaches.is_empty());
            purpose::text(&reports)
        }
        (None, Output::Ledger) => {
            let members = serde_json::to_value(&plan.record(policy).members)?;
            fleet_core::yaml::to_string(&json!({ "members": members }))?
        }
    };
    write(&text)?;
    Ok(holds)
}

fn write(text: &str) -> io::Result<()> {
    fleet_examples::stdout().write_all(text.as_bytes())
}

fn table(plan: &MeshPlan) -> Result<String, std::fmt::Error> {
    let mut text = plan.to_string();
    writeln!(text, "open between members")?;
    for opening in plan.openings() {
        writeln!(text, "  {:10} {}", opening.port, opening.purpose)?;
    }
    writeln!(text, "from nothing, in order")?;
    for step in plan.steps(&Present::default()) {
        writeln!(text, "  {:48} {}", step.action.to_string(), step.command)?;
    }
    Ok(text)
}

fn whole(plan: &MeshPlan) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(plan)?;
    value["steps"] = serde_json::to_value(plan.steps(&Present::default()))?;
    Ok(value)
}

fn values(plan: &MeshPlan) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for member in plan.members() {
        let values = helm_values(plan, &member.cluster)
            .ok_or("Submariner has no Helm values; see -o table for its commands")?;
        writeln!(text, "---\n# clusters/{}/cilium/mesh-values.yaml", member.cluster)?;
        text += &fleet_core::yaml::to_string(&values)?;
    }
    Ok(text)
}

/// The file that is meant when nothing says more.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
