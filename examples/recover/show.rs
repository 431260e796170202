//! The analysis, for people and for programs.

use std::io::{self, Write};

use fleet_velero::lint::{Finding, Severity};
use fleet_velero::protection::Protection;
use serde::Serialize;
use serde_json::{Value, json};

/// How many of a long list are shown.
const SHOWN: usize = 20;

/// Prints a document as JSON.
pub(crate) fn json(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    writeln!(out, "{text}")
}

/// The analysis as a document.
pub(crate) fn analysis(protection: &Protection, findings: &[Finding]) -> Value {
    let namespaces = protection.namespaces.iter().map(|namespace| {
        json!({
            "cluster": namespace.cluster,
            "namespace": namespace.namespace,
            "tier": namespace.tier,
            "recoveredBy": namespace.recoverer.to_string(),
            "rpoNow": namespace.rpo_now.to_string(),
            "rpoWorst": namespace.rpo_worst.to_string(),
            "because": namespace.interval.as_ref().map(ToString::to_string),
            "backup": namespace.backup,
            "rto": namespace.rto.to_string(),
            "class": namespace.class.map(|class| class.to_string()),
        })
    });
    let findings = findings.iter().map(|finding| {
        json!({
            "rule": finding.rule.id(),
            "severity": finding.severity().to_string(),
            "cluster": finding.cluster,
            "kind": finding.kind,
            "name": finding.name,
            "path": finding.path,
            "reason": finding.reason,
            "fix": finding.fix,
        })
    });
    json!({
        "at": protection.now.to_string(),
        "namespaces": namespaces.collect::<Vec<_>>(),
        "gaps": protection.gaps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "objectives": protection.verdicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// The analysis as tables.
pub(crate) fn table(out: &mut impl Write, protection: &Protection, findings: &[Finding]) -> io::Result<()> {
    writeln!(
        out,
        "{:<48} {:<8} {:<11} {:<11} {:<22} class",
        "namespace", "by", "rpo now", "rpo worst", "rto"
    )?;
    for namespace in &protection.namespaces {
        writeln!(
            out,
            "{:<48} {:<8} {:<11} {:<11} {:<22} {}",
            format!("{}/{}", namespace.cluster, namespace.namespace),
            namespace.recoverer,
            namespace.rpo_now,
            namespace.rpo_worst,
            namespace.rto,
            namespace
                .class
                .map_or_else(|| "-".to_owned(), |class| class.to_string()),
        )?;
        if let Some(interval) = &namespace.interval {
            writeln!(out, "    {interval}")?;
        }
    }
    list(
        out,
        "not protected",
        protection.gaps.iter().map(ToString::to_string),
    )?;
    list(
        out,
        "objectives",
        protection.verdicts.iter().map(ToString::to_string),
    )?;
    list(out, "findings", findings.iter().map(ToString::to_string))
}

/// The analysis as Markdown.
pub(crate) fn markdown(
    out: &mut impl Write,
    protection: &Protection,
    findings: &[Finding],
) -> io::Result<()> {
    writeln!(out, "# Protection at {}\n", protection.now)?;
    writeln!(
        out,
        "| namespace | recovered by | RPO now | RPO at worst | RTO | class |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for namespace in &protection.namespaces {
        writeln!(
            out,
            "| {}/{} | {} | {} | {} | {} | {} |",
            namespace.cluster,
            namespace.namespace,
            namespace.recoverer,
            namespace.rpo_now,
            namespace.rpo_worst,
            namespace.rto,
            namespace
                .class
                .map_or_else(|| "-".to_owned(), |class| class.to_string()),
        )?;
    }
    for (title, lines) in [
        (
            "Not protected",
            protection
                .gaps
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ),
        (
            "Objectives",
            protection.verdicts.iter().map(ToString::to_string).collect(),
        ),
        (
            "Findings",
            findings
                .iter()
                .filter(|finding| finding.severity() > Severity::Info)
                .map(ToString::to_string)
                .collect(),
        ),
    ] {
        writeln!(out, "\n## {title}\n")?;
        for line in lines {
            writeln!(out, "- {line}")?;
        }
    }
    Ok(())
}

fn list(out: &mut impl Write, title: &str, lines: impl ExactSizeIterator<Item = String>) -> io::Result<()> {
    let count = lines.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{title} ({count}):")?;
    for line in lines.take(SHOWN) {
        writeln!(out, "  {line}")?;
    }
    if count > SHOWN {
        writeln!(out, "  and {} more (-o json has them)", count - SHOWN)?;
    }
    Ok(())
}
