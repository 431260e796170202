//! What an analysis tells Prometheus: OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use jiff::SignedDuration;

use crate::lint::Finding;
use crate::protection::{Exposure, Protection};

/// The metrics of an analysis and of what the linter found, as OpenMetrics text: to be served at `/metrics` with the content type
/// `application/openmetrics-text; version=1.0.0`, or written for node-exporter's textfile collector.
///
/// Seconds that are lost in any case are `+Inf`, so that an alert on `> 3600` fires for them, too.
///
/// ```
/// use fleet_velero::inventory::FleetState;
/// use fleet_velero::metrics::openmetrics;
/// use fleet_velero::protection::{AnalysisOptions, analyse};
///
/// let now = "2026-06-11T09:20:00Z".parse()?;
/// let protection = analyse(&FleetState::default(), &AnalysisOptions::at(now));
/// assert!(openmetrics(&protection, &[]).ends_with("# EOF\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn openmetrics(protection: &Protection, findings: &[Finding]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    _ = write(&mut text, protection, findings);
    text
}

fn write(out: &mut String, protection: &Protection, findings: &[Finding]) -> fmt::Result {
    type Seconds = fn(&crate::protection::NamespaceProtection) -> f64;
    let namespaces: [(&str, &str, Seconds); 4] = [
        ("rpo_now", "What would be lost of a namespace now", |one| {
            lost(one.rpo_now)
        }),
        (
            "rpo_worst",
            "What would be lost of a namespace at the worst moment",
            |one| lost(one.rpo_worst),
        ),
        ("rto", "How long its recovery takes, as likely as not", |one| {
            seconds(one.rto.p50)
        }),
        (
            "rto_p95",
            "How long its recovery takes in nineteen of twenty cases",
            |one| seconds(one.rto.p95),
        ),
    ];
    for (name, help, value) in namespaces {
        let name = format!("fleet_velero_{name}_seconds");
        writeln!(
            out,
            "# TYPE {name} gauge\n# UNIT {name} seconds\n# HELP {name} {help}."
        )?;
        for one in &protection.namespaces {
            let (cluster, namespace) = (escaped(&one.cluster), escaped(&one.namespace));
            let value = number(value(one));
            writeln!(
                out,
                "{name}{{cluster=\"{cluster}\",namespace=\"{namespace}\"}} {value}"
            )?;
        }
    }
    writeln!(
        out,
        "# TYPE fleet_velero_gaps gauge\n# HELP fleet_velero_gaps Objects and volumes that are not protected."
    )?;
    let mut gaps: BTreeMap<&str, u32> = protection
        .namespaces
        .iter()
        .map(|one| (one.cluster.as_str(), 0))
        .collect();
    for gap in &protection.gaps {
        *gaps.entry(&gap.cluster).or_default() += 1;
    }
    for (cluster, count) in gaps {
        writeln!(
            out,
            "fleet_velero_gaps{{cluster=\"{}\"}} {count}",
            escaped(cluster)
        )?;
    }
    writeln!(
        out,
        "# TYPE fleet_velero_objective_met gauge\n# HELP fleet_velero_objective_met Whether every namespace of a tier meets its objective."
    )?;
    for verdict in &protection.verdicts {
        let met = u8::from(verdict.is_met());
        writeln!(
            out,
            "fleet_velero_objective_met{{tier=\"{}\"}} {met}",
            escaped(&verdict.tier)
        )?;
    }
    writeln!(
        out,
        "# TYPE fleet_velero_findings gauge\n# HELP fleet_velero_findings What the linter found."
    )?;
    let mut counts: BTreeMap<(&str, crate::lint::Rule), u32> = BTreeMap::new();
    for finding in findings {
        *counts.entry((&finding.cluster, finding.rule)).or_default() += 1;
    }
    for ((cluster, rule), count) in counts {
        let severity = rule.severity();
        writeln!(
            out,
            "fleet_velero_findings{{cluster=\"{}\",rule=\"{rule}\",severity=\"{severity}\"}} {count}",
            escaped(cluster)
        )?;
    }
    out.push_str("# EOF\n");
    Ok(())
}

fn lost(exposure: Exposure) -> f64 {
    match exposure {
        Exposure::Nothing => 0.0,
        Exposure::Last(length) => seconds(length),
        Exposure::Everything => f64::INFINITY,
    }
}

fn seconds(length: SignedDuration) -> f64 {
    length.as_secs_f64()
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        "+Inf".to_owned()
    } else {
        value.to_string()
    }
}

/// A label's value: quotes, backslashes and ends of lines are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
