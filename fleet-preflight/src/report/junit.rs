//! A report as `JUnit` XML, for test views of CI systems.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use super::written;
use crate::finding::{Finding, Severity};
use crate::verdict::Report;

impl Report {
    /// The report as `JUnit` XML: a suite a file, a case a finding. Errors and what could not be judged fail, the others pass with a
    /// note, known findings are skipped.
    pub fn to_junit(&self) -> String {
        written(|out| self.write_junit(out))
    }

    /// Writes the report as `JUnit` XML, case by case.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_junit(&self, mut out: impl io::Write) -> io::Result<()> {
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
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        let total = self.findings.len() + self.known.len();
        let failures = self.findings.iter().filter(|finding| fails(finding)).count();
        writeln!(
            out,
            "<testsuites name=\"fleet-preflight\" tests=\"{}\" failures=\"{failures}\" skipped=\"{}\">",
            total.max(1),
            self.known.len()
        )?;
        if suites.is_empty() {
            // Views take a report without a test for a broken one.
            writeln!(
                out,
                "  <testsuite name=\"preflight\" tests=\"1\" failures=\"0\" skipped=\"0\">"
            )?;
            writeln!(
                out,
                "    <testcase classname=\"preflight\" name=\"nothing found\"/>\n  </testsuite>"
            )?;
        }
        for (file, cases) in suites {
            let failures = cases
                .iter()
                .filter(|(finding, known)| !known && fails(finding))
                .count();
            let skipped = cases.iter().filter(|(_, known)| *known).count();
            writeln!(
                out,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
                escaped(file),
                cases.len()
            )?;
            for (finding, known) in cases {
                case(&mut out, finding, known)?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        writeln!(out, "</testsuites>")
    }
}

fn fails(finding: &Finding) -> bool {
    finding.severity == Severity::Error || finding.rule.incomplete
}

fn case(out: &mut impl io::Write, finding: &Finding, known: bool) -> io::Result<()> {
    let text = format!(
        "{}: {}\n{}\n{}",
        finding.place, finding.message, finding.rule.fix, finding.rule.link
    );
    let text = escaped(&text);
    writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\">",
        escaped(finding.rule.id),
        escaped(format!("{} {}", finding.place, finding.object).trim())
    )?;
    if known {
        writeln!(out, "      <skipped message=\"in the baseline\"/>")?;
    } else if fails(finding) {
        let message = escaped(&finding.message);
        writeln!(
            out,
            "      <failure type=\"{}\" message=\"{message}\">{text}</failure>",
            finding.severity
        )?;
    } else {
        writeln!(out, "      <system-out>{text}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
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
