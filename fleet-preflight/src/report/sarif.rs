//! A report as SARIF 2.1.0, for code-scanning views.

use serde_json::{Value, json};

use crate::finding::{Finding, Severity};
use crate::rules;
use crate::verdict::Report;

impl Report {
    /// The report as SARIF 2.1.0, with a fingerprint that does not move with the lines. Known findings are suppressed results.
    pub fn to_sarif(&self) -> String {
        let rules: Vec<Value> = rules::all()
            .iter()
            .map(|rule| {
                json!({
                    "id": rule.id,
                    "name": rule.id,
                    "shortDescription": {"text": rule.title},
                    "fullDescription": {"text": rule.reason},
                    "help": {"text": rule.fix},
                    "helpUri": rule.link,
                    "defaultConfiguration": {"level": level(rule.severity)},
                })
            })
            .collect();
        let results = self.findings.iter().map(|finding| (finding, false));
        let results = results.chain(self.known.iter().map(|finding| (finding, true)));
        let results: Vec<Value> = results.map(|(finding, known)| result(finding, known)).collect();
        let sarif = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "fleet-preflight",
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        });
        serde_json::to_string_pretty(&sarif).unwrap_or_default() + "\n"
    }
}

fn result(finding: &Finding, known: bool) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&finding.place.file)}});
    if finding.place.line > 0 {
        let mut region = json!({"startLine": finding.place.line});
        if finding.place.column > 0 {
            region["startColumn"] = finding.place.column.into();
        }
        physical["region"] = region;
    }
    let mut message = finding.message.to_string();
    if let Some(owner) = &finding.owner {
        message = format!("{message} [{owner}]");
    }
    let index = rules::all().iter().position(|rule| rule.id == finding.rule.id);
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": format!("{message}. {}", finding.rule.fix)},
        "locations": [{
            "physicalLocation": physical,
            "logicalLocations": [{"fullyQualifiedName": finding.object.to_string(), "kind": "object"}],
        }],
        "partialFingerprints": {"fleetPreflight/v1": finding.fingerprint()},
    });
    if known {
        result["suppressions"] = json!([{"kind": "external", "justification": "in the baseline"}]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a URI reference: what is not plain is escaped.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
