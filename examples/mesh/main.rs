//! Plans a mesh for the clusters of a GitOps repository: who is in it, with which ids and addresses, connected with whom.
//!
//! Exit status 0: there is a plan. 1: the clusters cannot be joined; each reason stands with its file, line and column. 2: the
//! input is bad.

mod place;

use std::error::Error;
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
    /// The MeshPolicy.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "examples/gitops-repo/meshes/production.yaml"
    )]
    policy: PathBuf,
    /// How to write the plan.
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
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
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{}", with_causes(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let policy = MeshPolicy::read(&arguments.policy)?;
    let repository = ClusterRepository::open(&arguments.fleet)?;
    let plan = match mesh_plan(&repository.fleet()?, &policy) {
        Ok(plan) => plan,
        Err(refusal) => {
            for problem in refusal.problems() {
                eprintln!(
                    "{}: {problem}",
                    place::of(&problem.at(), &policy, &repository, &arguments.policy)
                );
            }
            return Ok(false);
        }
    };
    if let Some(name) = &arguments.explain {
        println!("{name}: {}", explain(name, &plan));
        return Ok(true);
    }
    match arguments.output {
        Output::Table => table(&plan),
        Output::Json => println!("{}", serde_json::to_string_pretty(&whole(&plan)?)?),
        Output::Mermaid => print!("{}", mermaid(&plan)),
        Output::Svg => print!("{}", svg(&plan)),
        Output::HelmValues => values(&plan)?,
        Output::Ledger => {
            let members = serde_json::to_value(&plan.record(policy).members)?;
            print!("{}", fleet_core::yaml::to_string(&json!({ "members": members }))?);
        }
    }
    Ok(true)
}

fn table(plan: &MeshPlan) {
    print!("{plan}");
    println!("open between members");
    for opening in plan.openings() {
        println!("  {:10} {}", opening.port, opening.purpose);
    }
    println!("from nothing, in order");
    for step in plan.steps(&Present::default()) {
        println!("  {:48} {}", step.action.to_string(), step.command);
    }
}

fn whole(plan: &MeshPlan) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(plan)?;
    value["steps"] = serde_json::to_value(plan.steps(&Present::default()))?;
    Ok(value)
}

fn values(plan: &MeshPlan) -> Result<(), Box<dyn Error>> {
    for member in plan.members() {
        let values = helm_values(plan, &member.cluster)
            .ok_or("Submariner has no Helm values; see -o table for its commands")?;
        println!("---\n# clusters/{}/cilium/mesh-values.yaml", member.cluster);
        print!("{}", fleet_core::yaml::to_string(&values)?);
    }
    Ok(())
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

/// The file that is meant when nothing says more.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
