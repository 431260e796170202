//! A report as text for people and as JSON for programs.

mod junit;
mod markdown;
mod sarif;

use std::io;

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
        written(|out| self.write_json(out))
    }

    /// Writes the report as JSON, finding by finding: of a large report there is never a second copy.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        let json = Json {
            findings: &self.findings,
            known: self.known.len(),
            verdict: self.verdict(),
            summary: &self.summary,
        };
        serde_json::to_writer_pretty(&mut out, &json)?;
        out.write_all(b"\n")
    }

    /// The report as a table for a terminal.
    pub fn as_table(&self) -> String {
        written(|out| self.write_table(out))
    }

    /// Writes the report as a table for a terminal, finding by finding.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_table(&self, mut out: impl io::Write) -> io::Result<()> {
        for finding in &self.findings {
            writeln!(
                out,
                "{:<8} {:<26} {}",
                finding.severity, finding.rule.id, finding.place
            )?;
            let object = finding.object.to_string();
            if !object.trim().is_empty() {
                writeln!(out, "         {}", object.trim())?;
            }
            writeln!(out, "         {}", finding.message)?;
            if let Some(owner) = &finding.owner {
                writeln!(out, "         {owner}")?;
            }
        }
        let summary = &self.summary;
        writeln!(
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
        )
    }
}

/// What a writer of UTF-8 writes. Writing into memory does not fail.
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    match write(&mut out) {
        Ok(()) => String::from_utf8(out).unwrap_or_default(),
        Err(_) => String::new(),
    }
}
