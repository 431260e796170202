//! What a scan comes to, and what it covered.

use std::fmt;

use serde::Serialize;

use crate::baseline::Baseline;
use crate::finding::{Finding, Severity};

/// What a scan found, and what it covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The findings, by file, line and rule.
    pub findings: Vec<Finding>,
    /// Findings that a baseline knows; they do not count.
    pub known: Vec<Finding>,
    /// What was covered.
    pub summary: Summary,
}

/// What a scan covered, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// Files that were read.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Documents that are not empty.
    pub documents: u64,
    /// Kubernetes objects, those in lists counted one by one.
    pub objects: u64,
    /// Documents and list items that are no Kubernetes objects.
    pub other_documents: u64,
    /// Files in directories that are no manifests by their name and content, and so were passed over.
    pub other_files: u64,
    /// Helm releases that were decoded.
    pub helm_releases: u64,
    /// Files, documents, releases and resources that could not be judged. There is a finding for each.
    pub unreadable: u64,
    /// Findings above the bound on findings; they are counted only.
    pub dropped_findings: u64,
    /// Workloads and custom resources above the bound on what is kept to match with `PodDisruptionBudget`s and
    /// `CustomResourceDefinition`s.
    pub unmatched_objects: u64,
}

/// What a scan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing breaks, and everything could be read.
    Clean,
    /// Nothing breaks at the target version, but something will later or not work as before.
    Deprecated,
    /// Nothing that was read breaks, but a part could not be read.
    Incomplete,
    /// Something breaks at the target version.
    Removed,
}

impl Verdict {
    /// The exit status of a program that answers with this verdict: 0, 2, 4 and 3.
    ///
    /// 1 is for a program that could not do its work at all.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Deprecated => 2,
            Self::Removed => 3,
            Self::Incomplete => 4,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Clean => "clean",
            Self::Deprecated => "deprecated",
            Self::Incomplete => "incomplete",
            Self::Removed => "removed",
        })
    }
}

impl Report {
    /// What it comes to. Errors outweigh what could not be read, that outweighs warnings; information does not count.
    pub fn verdict(&self) -> Verdict {
        let worst = self.findings.iter().map(|finding| finding.severity).max();
        let incomplete =
            self.summary.dropped_findings > 0 || self.findings.iter().any(|finding| finding.rule.incomplete);
        match worst {
            Some(Severity::Error) => Verdict::Removed,
            _ if incomplete => Verdict::Incomplete,
            Some(Severity::Warning) => Verdict::Deprecated,
            _ => Verdict::Clean,
        }
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// Takes the findings that a baseline knows out of those that count.
    pub fn apply(&mut self, baseline: &Baseline) {
        let (known, findings) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(|finding| baseline.knows(finding));
        self.findings = findings;
        self.known.extend::<Vec<_>>(known);
    }

    /// Adds another report, as of another cluster.
    pub fn merge(&mut self, other: Self) {
        if self.findings.is_empty() {
            self.findings = other.findings;
        } else {
            self.findings.extend(other.findings);
        }
        self.known.extend(other.known);
        self.summary.add(&other.summary);
        self.findings.sort_unstable_by(Finding::order);
    }
}

impl Summary {
    pub(crate) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.documents += other.documents;
        self.objects += other.objects;
        self.other_documents += other.other_documents;
        self.other_files += other.other_files;
        self.helm_releases += other.helm_releases;
        self.unreadable += other.unreadable;
        self.dropped_findings += other.dropped_findings;
        self.unmatched_objects += other.unmatched_objects;
    }
}
