//! A report as Markdown, for comments on pull requests.

use std::fmt::Write as _;

use crate::finding::{Finding, Severity};
use crate::verdict::Report;

/// How many findings a comment shows: hosts cut comments at some 65,000 characters.
const MAX_ROWS: usize = 200;

impl Report {
    /// The report as Markdown: the verdict, a table a severity, worst first, and what could not be judged.
    pub fn to_markdown(&self) -> String {
        let mut out = format!("## Pre-flight: {}\n\n", self.verdict());
        let summary = &self.summary;
        let _ = writeln!(
            out,
            "{} errors, {} warnings, {} for information, {} known. {} files, {} objects, {} Helm releases; {} could not be \
             judged.",
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Info),
            self.known.len(),
            summary.files,
            summary.objects,
            summary.helm_releases,
            summary.unreadable,
        );
        let mut left = MAX_ROWS;
        for (severity, title) in [
            (Severity::Error, "Breaks"),
            (Severity::Warning, "Deprecated, or could not be judged"),
            (Severity::Info, "Good to know"),
        ] {
            let found: Vec<&Finding> = self
                .findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .collect();
            if found.is_empty() || left == 0 {
                continue;
            }
            let _ = write!(
                out,
                "\n### {title}\n\n| place | object | what | rule |\n| --- | --- | --- | --- |\n"
            );
            for finding in found.iter().take(left) {
                row(&mut out, finding);
            }
            left = left.saturating_sub(found.len());
        }
        if self.findings.len() > MAX_ROWS {
            let _ = writeln!(out, "\n{} more are not shown.", self.findings.len() - MAX_ROWS);
        }
        out
    }
}

fn row(out: &mut String, finding: &Finding) {
    let owner = finding
        .owner
        .as_ref()
        .map(|owner| format!(" ({owner})"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "| {} | {} | {} | [{}]({}) |",
        cell(&finding.place.to_string()),
        cell(&format!("{}{owner}", finding.object)),
        cell(&finding.message),
        finding.rule.id,
        finding.rule.link
    );
}

/// Text for a table's cell: nothing in it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
