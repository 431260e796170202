//! A plan for machines: JSON with a fixed form, and a Gantt chart in Mermaid's language.

use std::fmt::Write as _;

use fleet_core::{ClusterName, KubernetesVersion};
use fleet_upgrade::simulate::Forecast;
use fleet_upgrade::{Constraint, PlannedCluster, UpgradePlan, Why};
use jiff::Timestamp;
use serde::Serialize;

/// The plan. Its form is a promise to scripts: fields are added, never changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan<'a> {
    target: &'a KubernetesVersion,
    stages: Vec<Stage<'a>>,
    finish: Timestamp,
    lower_bound: Timestamp,
    binding_constraint: Constraint,
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulation: Option<&'a Forecast>,
}

#[derive(Debug, Serialize)]
struct Stage<'a> {
    name: &'a str,
    clusters: Vec<Cluster<'a>>,
}

#[derive(Debug, Serialize)]
struct Cluster<'a> {
    name: &'a ClusterName,
    start: Timestamp,
    end: Timestamp,
    hops: &'a [KubernetesVersion],
    reason: String,
}

/// The plan as JSON.
pub fn json<'a>(plan: &'a UpgradePlan, simulation: Option<&'a Forecast>) -> Plan<'a> {
    let cluster = |stage: &str, planned: &'a PlannedCluster| Cluster {
        name: &planned.name,
        start: planned.start,
        end: planned.end,
        hops: &planned.hops,
        reason: format!("{stage}: {}", planned.reason),
    };
    Plan {
        target: plan.target(),
        stages: plan
            .stages()
            .iter()
            .map(|stage| Stage {
                name: &stage.name,
                clusters: stage
                    .clusters
                    .iter()
                    .map(|planned| cluster(&stage.name, planned))
                    .collect(),
            })
            .collect(),
        finish: plan.finish(),
        lower_bound: plan.lower_bound(),
        binding_constraint: plan.binding_constraint(),
        warnings: plan.warnings().iter().map(ToString::to_string).collect(),
        simulation,
    }
}

/// Why one cluster starts when it does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<'a> {
    cluster: &'a ClusterName,
    stage: &'a str,
    start: Timestamp,
    /// When it could start if only what holds it did not.
    otherwise: Timestamp,
    because: String,
    reason: String,
    reversibility: String,
}

/// The explanation as JSON.
pub fn why<'a>(why: &'a Why, planned: &PlannedCluster) -> Explanation<'a> {
    Explanation {
        cluster: &why.cluster,
        stage: &why.stage,
        start: why.start,
        otherwise: why.otherwise,
        because: why.to_string(),
        reason: format!("{}: {}", why.stage, planned.reason),
        reversibility: planned.reversibility.to_string(),
    }
}

/// The plan as a Gantt chart.
pub fn mermaid(plan: &UpgradePlan) -> String {
    let mut chart = format!(
        "gantt\n    title {} to {}\n    dateFormat YYYY-MM-DDTHH:mm:ss[Z]\n    axisFormat %a %d %b\n",
        word(plan.name()),
        plan.target()
    );
    for (number, stage) in plan.stages().iter().enumerate() {
        // Writing to a String does not fail.
        let _ = writeln!(chart, "    section {}", word(&stage.name));
        for (place, cluster) in stage.clusters.iter().enumerate() {
            let _ = writeln!(
                chart,
                "    {} :s{number}c{place}, {}, {}",
                cluster.name,
                second(cluster.start),
                second(cluster.end)
            );
        }
        if !stage.soak.is_zero() {
            let _ = writeln!(
                chart,
                "    soak :active, s{number}soak, {}, {}",
                second(stage.end),
                second(stage.soak_until)
            );
        }
    }
    let _ = writeln!(chart, "    done :milestone, {}, 0d", second(plan.finish()));
    chart
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A name without what means something to Mermaid.
fn word(text: &str) -> String {
    let meaningful = |letter: char| letter.is_control() || matches!(letter, ':' | ';' | '#' | ',' | '%');
    text.chars()
        .map(|letter| if meaningful(letter) { ' ' } else { letter })
        .collect()
}
