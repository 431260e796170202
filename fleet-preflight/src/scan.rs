//! The scanner: what it is told, and the entry points for text and readers.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use fleet_core::MinorVersion;
use jiff::Timestamp;

use crate::finding::{Finding, ObjectRef, Place};
use crate::pass::Pass;
use crate::platform::PlatformTable;
use crate::rules;
use crate::text::chunk::Chunker;
use crate::verdict::Report;

/// Looks for what breaks at a Kubernetes version.
///
/// ```
/// use fleet_preflight::{Scanner, Verdict};
///
/// let report = Scanner::new("1.25".parse()?).scan_text(
///     "cron.yaml",
///     "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n",
/// );
/// assert_eq!(report.verdict(), Verdict::Removed);
/// assert_eq!(report.findings[0].replacement.as_deref(), Some("batch/v1 CronJob"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scanner {
    pub(crate) target: MinorVersion,
    pub(crate) current: Option<MinorVersion>,
    pub(crate) platform: PlatformTable,
    pub(crate) components: BTreeMap<String, MinorVersion>,
    pub(crate) max_findings: usize,
    pub(crate) threads: usize,
    pub(crate) all_revisions: bool,
    pub(crate) embedded: bool,
    pub(crate) annotations: Vec<String>,
    pub(crate) now: Option<Timestamp>,
}

impl Scanner {
    /// A scanner for this target version.
    pub fn new(target: MinorVersion) -> Self {
        Self {
            target,
            current: None,
            platform: PlatformTable::built_in(),
            components: BTreeMap::new(),
            max_findings: 50_000,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            all_revisions: false,
            embedded: false,
            annotations: Vec::new(),
            now: None,
        }
    }

    /// The version that the clusters run now: findings then say what is broken already.
    pub fn current(mut self, current: MinorVersion) -> Self {
        self.current = Some(current);
        self
    }

    /// Uses another table of platform APIs.
    pub fn platform(mut self, table: PlatformTable) -> Self {
        self.platform = table;
        self
    }

    /// The version that a platform component will have: its removed APIs are errors then, those it still serves are not.
    pub fn component(mut self, name: impl Into<String>, version: MinorVersion) -> Self {
        self.components.insert(name.into(), version);
        self
    }

    /// How many findings are kept, half of them at most for information only; the others are counted. Default 50,000: one file
    /// of 300 MB took 23 MB so, one of 1 GB with more findings than that 38 MB.
    pub fn max_findings(mut self, max: usize) -> Self {
        self.max_findings = max;
        self
    }

    /// How many threads read files. Default: as many as the machine has cores.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Judges every revision of Helm releases. Otherwise the deployed ones, and the newest one when it failed or hangs;
    /// superseded revisions matter only for a rollback, and are information only.
    pub fn all_revisions(mut self, all: bool) -> Self {
        self.all_revisions = all;
        self
    }

    /// Looks into strings for manifests too: `ConfigMap`s that something applies, patches of kustomizations. Default: no.
    pub fn embedded(mut self, embedded: bool) -> Self {
        self.embedded = embedded;
        self
    }

    /// An annotation of live objects, besides kubectl's, that holds the object as it was applied.
    pub fn applied_annotation(mut self, name: impl Into<String>) -> Self {
        self.annotations.push(name.into());
        self
    }

    /// The instant to judge the ends of certificates by. Without one they are not judged.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// The version that is looked ahead to.
    pub fn target(&self) -> MinorVersion {
        self.target
    }

    /// Scans a text.
    pub fn scan_text(&self, name: &str, text: &str) -> Report {
        self.scan_reader(name, text.as_bytes())
    }

    /// Scans what a reader gives, such as standard input, in bounded memory. A reading error is a finding.
    pub fn scan_reader(&self, name: &str, reader: impl Read) -> Report {
        let mut pass = Pass::new(self);
        let file: Arc<str> = name.into();
        pass.sink.summary.files += 1;
        if let Err(error) = read_all(&mut pass, &file, reader) {
            pass.unreadable(&file, &error);
        }
        pass.finish()
    }
}

pub(crate) fn read_all(pass: &mut Pass<'_>, file: &Arc<str>, reader: impl Read) -> io::Result<()> {
    let mut chunker = Chunker::new(reader);
    while let Some(chunk) = chunker.next()? {
        pass.chunk(file, &chunk);
        chunker.reuse(chunk.text);
    }
    Ok(())
}

impl Pass<'_> {
    pub(crate) fn unreadable(&mut self, file: &Arc<str>, error: &io::Error) {
        self.sink.summary.unreadable += 1;
        self.report(Finding::new(
            &rules::UNREADABLE,
            Place::whole(file.clone()),
            ObjectRef::default(),
            format!("cannot be read: {error}"),
        ));
    }
}
