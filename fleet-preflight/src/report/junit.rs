//! A report as `JUnit` XML, for test views of CI systems.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::finding::{Finding, Severity};
use crate::verdict::Report;

impl Report {
    /// The report as `JUnit` XML: a suite a file, a case a finding. Errors and what could not be judged fail, the others pass with a
    /// note, known findings are skipped.
    pub fn to_junit(&self) -> String {
        let mut suites: BTreeMap<&str, Vec<(&Finding, bool)>> = BTreeMap::new();
        for (finding, known) in self
            .findings
            .iter()
            .map(|finding| (finding, false))
            .chain(self.known.iter().map(|finding| (finding, true)))
        {
            suites
                .entry(&finding.place.file)
                .or_default()
                .push((finding, known));
        }
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let total = self.findings.len() + self.known.len();
        let failures = self.findings.iter().filter(|finding| fails(finding)).count();
        let _ = writeln!(
            out,
            "<testsuites name=\"fleet-preflight\" tests=\"{}\" failures=\"{failures}\" skipped=\"{}\">",
            total.max(1),
            self.known.len()
        );
        if suites.is_empty() {
            // Views take a report without a test for a broken one.
            out.push_str("  <testsuite name=\"preflight\" tests=\"1\" failures=\"0\" skipped=\"0\">\n");
            out.push_str("    <testcase classname=\"preflight\" name=\"nothing found\"/>\n  </testsuite>\n");
        }
        for (file, cases) in suites {
            let failures = cases
                .iter()
                .filter(|(finding, known)| !known && fails(finding))
                .count();
            let skipped = cases.iter().filter(|(_, known)| *known).count();
            let _ = writeln!(
                out,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
                escaped(file),
                cases.len()
            );
            for (finding, known) in cases {
                case(&mut out, finding, known);
            }
            out.push_str("  </testsuite>\n");
        }
        out.push_str("</testsuites>\n");
        out
    }
}

fn fails(finding: &Finding) -> bool {
    finding.severity == Severity::Error || finding.rule.incomplete
}

fn case(out: &mut String, finding: &Finding, known: bool) {
    let text = format!(
        "{}: {}\n{}\n{}",
        finding.place, finding.message, finding.rule.fix, finding.rule.link
    );
    let text = escaped(&text);
    let _ = writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\">",
        escaped(finding.rule.id),
        escaped(format!("{} {}", finding.place, finding.object).trim())
    );
    if known {
        out.push_str("      <skipped message=\"in the baseline\"/>\n");
    } else if fails(finding) {
        let message = escaped(&finding.message);
        let _ = writeln!(
            out,
            "      <failure type=\"{}\" message=\"{message}\">{text}</failure>",
            finding.severity
        );
    } else {
        let _ = writeln!(out, "      <system-out>{text}</system-out>");
    }
    out.push_str("    </testcase>\n");
}

/// Text for XML: what XML 1.0 cannot say at all becomes the replacement character.
fn escaped(text: &str) -> Cow<'_, str> {
    let special =
        |c: char| matches!(c, '<' | '>' | '&' | '"' | '\n' | '\u{fffe}' | '\u{ffff}') || c.is_control();
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            c if special(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
