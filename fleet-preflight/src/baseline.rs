//! Known findings that do not fail a job, each until a day of its own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::verdict::Report;

/// Known findings, by their fingerprints.
///
/// A fingerprint does not change when the lines above it do. An entry may end: from the day after on the finding counts again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of the format: 1.
    version: u32,
    findings: BTreeMap<String, Entry>,
    /// The day to judge the entries' ends by; entries without an end need none.
    #[serde(skip)]
    today: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// For people: what it is about.
    about: String,
    /// For people: why it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
}

/// A baseline that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is not the JSON of a baseline.
    #[error("the baseline is not what `Baseline::to_json` writes")]
    Json(#[source] serde_json::Error),
    /// It was written by something newer.
    #[error("the baseline has version {found}, expected 1; write it anew")]
    Version {
        /// The version that it has.
        found: u32,
    },
}

impl Baseline {
    /// Reads a baseline; entries that have ended on `today` do not count.
    pub fn from_json(text: &str, today: Date) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text).map_err(BaselineError::Json)?;
        if baseline.version != 1 {
            return Err(BaselineError::Version {
                found: baseline.version,
            });
        }
        Ok(Self {
            today: Some(today),
            ..baseline
        })
    }

    /// A baseline of everything that a report found. What could not be judged is not taken: it must stay seen.
    pub fn of(report: &Report, until: Option<Date>) -> Self {
        let entry = |finding: &Finding| {
            let about = format!("{} {} {}", finding.rule.id, finding.place.file, finding.object);
            let entry = Entry {
                about,
                reason: None,
                until,
            };
            (finding.fingerprint(), entry)
        };
        let findings = report.findings.iter().chain(&report.known);
        Self {
            version: 1,
            findings: findings
                .filter(|finding| !finding.rule.incomplete)
                .map(entry)
                .collect(),
            today: None,
        }
    }

    /// Whether the finding is known, and its entry has not ended.
    pub fn knows(&self, finding: &Finding) -> bool {
        self.findings
            .get(&finding.fingerprint())
            .is_some_and(|entry| match (entry.until, self.today) {
                (Some(until), Some(today)) => today <= until,
                _ => true,
            })
    }

    /// The text to keep in a file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
