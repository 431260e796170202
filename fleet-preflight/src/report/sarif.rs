//! A report as SARIF 2.1.0, for code-scanning views.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::written;
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::verdict::Report;

impl Report {
    /// The report as SARIF 2.1.0, with a fingerprint that does not move with the lines. Known findings are suppressed results.
    pub fn to_sarif(&self) -> String {
        written(|out| self.write_sarif(out))
    }

    /// Writes the report as SARIF 2.1.0, result by result.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_sarif(&self, mut out: impl io::Write) -> io::Result<()> {
        let rules = rules::all().iter().map(|rule| {
            json!({
                "id": rule.id,
                "name": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.reason},
                "help": {"text": rule.fix},
                "helpUri": rule.link,
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        });
        let log = Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: json!({"driver": {
                    "name": "fleet-preflight",
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.collect::<Vec<_>>(),
                }}),
                column_kind: "unicodeCodePoints",
                results: Results(self),
            }],
        };
        serde_json::to_writer_pretty(&mut out, &log)?;
        out.write_all(b"\n")
    }
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    column_kind: &'static str,
    results: Results<'r>,
}

/// One result after the other: all at once would be many times the report.
struct Results<'r>(&'r Report);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.findings.iter().map(|finding| result(finding, false));
        serializer.collect_seq(findings.chain(self.0.known.iter().map(|finding| result(finding, true))))
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
