//! A report as text for people and as JSON for programs.

mod junit;
mod markdown;
mod sarif;

use std::fmt::Write as _;

use serde::Serialize;

use crate::finding::{Finding, Severity};
use crate::verdict::{Report, Summary, Verdict};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'r> {
    findings: &'r [Finding],
    known: usize,
    verdict: Verdict,
    summary: &'r Summary,
}

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> String {
        let json = Json {
            findings: &self.findings,
            known: self.known.len(),
            verdict: self.verdict(),
            summary: &self.summary,
        };
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }

    /// The report as a table for a terminal.
    pub fn as_table(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let _ = writeln!(
                out,
                "{:<8} {:<26} {}\n         {}\n         {}",
                finding.severity,
                finding.rule.id,
                finding.place,
                finding.object.to_string().trim(),
                finding.message
            );
            if let Some(owner) = &finding.owner {
                let _ = writeln!(out, "         {owner}");
            }
        }
        let summary = &self.summary;
        let _ = writeln!(
            out,
            "{}: {} errors, {} warnings, {} for information, {} known; {} files, {} objects, {} Helm releases, {} other \
             documents, {} other files, {} could not be judged",
            self.verdict(),
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Info),
            self.known.len(),
            summary.files,
            summary.objects,
            summary.helm_releases,
            summary.other_documents,
            summary.other_files,
            summary.unreadable,
        );
        out
    }
}
