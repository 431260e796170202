//! One pass over some input: from pieces of text to findings.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::checks::{self, Budgets};
use crate::definitions::Definitions;
use crate::finding::{Confidence, Finding, HelmOwner, ObjectRef, Owner, Place, Severity};
use crate::kept::Kept;
use crate::lifecycle::{self, Class, Lifecycle, State};
use crate::rules;
use crate::scan::Scanner;
use crate::text::chunk::{Chunk, Content, MAX_DOCUMENT, documents};
use crate::text::{Contents, Outline, Problem, guess, json, lines, walk};
use crate::verdict::{Report, Summary};

pub(crate) struct Pass<'s> {
    pub(crate) scanner: &'s Scanner,
    pub(crate) sink: Sink,
    /// The Helm release whose manifest is being read.
    pub(crate) helm: Option<Box<HelmContext>>,
    pub(crate) cluster: Option<Arc<str>>,
    /// Whether what is read is meant to be manifests: it was named, or is called like one. Programs and documentation that
    /// only speak of manifests lie in the same directories.
    pub(crate) is_manifest: bool,
    /// How many findings this pass and those beside it have kept.
    kept: Arc<AtomicUsize>,
    texts: Texts,
    /// The index of the first finding of the document that is being read.
    document_begins: usize,
}

/// Texts that many findings have in common, so that each is kept once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// How many are remembered: what is repeated is repeated soon.
    const MAX: usize = 1_024;

    fn shared(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        if self.0.len() >= Self::MAX {
            self.0.clear();
        }
        self.0.insert(text.clone());
        text.clone()
    }
}

/// The release that a manifest comes from: what is found in it stands where the record does.
pub(crate) struct HelmContext {
    pub(crate) place: Place,
    pub(crate) owner: HelmOwner,
}

/// What a pass gathers.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) findings: Kept,
    pub(crate) summary: Summary,
    pub(crate) budgets: Budgets,
    pub(crate) definitions: Definitions,
    /// The newest revision of each Helm release that was seen, by namespace and name.
    pub(crate) newest: BTreeMap<(String, String), u64>,
}

impl Sink {
    pub(crate) fn merge(&mut self, other: Self) {
        self.findings.merge(other.findings);
        self.summary.add(&other.summary);
        self.budgets.merge(other.budgets);
        self.definitions.merge(other.definitions);
        for (release, revision) in other.newest {
            let newest = self.newest.entry(release).or_default();
            *newest = revision.max(*newest);
        }
    }

    /// The report: with what only the whole input tells.
    pub(crate) fn into_report(self, scanner: &Scanner) -> Report {
        let mut more = self.budgets.findings();
        more.extend(self.definitions.findings());
        let newest = self.newest;
        // A revision that failed is only there as long as none came after it.
        let mut findings = self
            .findings
            .sorted(more, |finding| match finding.owner.as_deref() {
                Some(Owner::HelmRelease(release))
                    if !scanner.all_revisions && release.status != "deployed" =>
                {
                    let key = (release.namespace.clone(), release.name.clone());
                    newest.get(&key).is_none_or(|newest| release.revision >= *newest)
                }
                _ => true,
            });
        let dropped = self.summary.dropped_findings;
        if dropped > 0 {
            let message = format!("{dropped} more findings were counted and not kept");
            let place = Place::whole("the whole input");
            let finding = Finding::new(&rules::TOO_MANY_FINDINGS, place, ObjectRef::default(), message);
            findings.push(finding);
        }
        Report {
            findings,
            known: Vec::new(),
            summary: self.summary,
        }
    }
}

/// Where a text begins in its file.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'f> {
    pub(crate) file: &'f Arc<str>,
    /// The lines and columns before it.
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Origin<'_> {
    pub(crate) fn place(&self, line: u64, column: u64) -> Place {
        let column = if line == 1 { column + self.column } else { column };
        Place::new(self.file.clone(), line + self.line, column)
    }
}

impl<'s> Pass<'s> {
    pub(crate) fn new(scanner: &'s Scanner) -> Self {
        Self::beside(scanner, Arc::default())
    }

    /// A pass that shares the bound on findings with others.
    pub(crate) fn beside(scanner: &'s Scanner, kept: Arc<AtomicUsize>) -> Self {
        Self {
            scanner,
            sink: Sink::default(),
            helm: None,
            cluster: None,
            is_manifest: true,
            kept,
            texts: Texts::default(),
            document_begins: 0,
        }
    }

    pub(crate) fn finish(self) -> Report {
        self.sink.into_report(self.scanner)
    }

    pub(crate) fn report(&mut self, mut finding: Finding) {
        // What is only good to know must not crowd out what breaks.
        let bound = match finding.severity {
            Severity::Info => self.scanner.max_findings.div_ceil(2),
            _ => self.scanner.max_findings,
        };
        if self.kept.fetch_add(1, Ordering::Relaxed) >= bound {
            self.kept.fetch_sub(1, Ordering::Relaxed);
            self.sink.summary.dropped_findings += 1;
            return;
        }
        if let Some(helm) = &self.helm {
            let owner = HelmOwner {
                line: finding.place.line,
                ..helm.owner.clone()
            };
            if owner.status == "superseded" {
                finding.severity = Severity::Info;
            }
            finding.owner = Some(Arc::new(Owner::HelmRelease(owner)));
            finding.place = helm.place.clone();
        }
        finding.cluster.clone_from(&self.cluster);
        finding.message = self.texts.shared(&finding.message);
        finding.replacement = finding.replacement.map(|text| self.texts.shared(&text));
        self.sink.findings.push(finding);
    }

    /// What installed an object, for the findings about it so far.
    pub(crate) fn owned(&mut self, object: &ObjectRef, owner: Owner) {
        let owner = Arc::new(owner);
        for finding in self.sink.findings.since(self.document_begins) {
            if finding.owner.is_none() && finding.object == *object {
                finding.owner = Some(owner.clone());
            }
        }
    }

    pub(crate) fn chunk(&mut self, file: &Arc<str>, chunk: &Chunk) {
        self.sink.summary.bytes += chunk.text.len() as u64;
        let origin = Origin {
            file,
            line: chunk.line.saturating_sub(1),
            column: chunk.column.saturating_sub(1),
        };
        match chunk.content {
            Content::Documents => {
                for (text, line) in documents(&chunk.text) {
                    let column = if line == 0 { origin.column } else { 0 };
                    self.document(
                        Origin {
                            line: origin.line + line,
                            column,
                            ..origin
                        },
                        text,
                    );
                }
            }
            Content::Items { .. } => self.document(origin, &chunk.text),
            Content::Elements => {
                let array = format!("[{}]", chunk.text);
                let column = origin.column.saturating_sub(1);
                self.document(Origin { column, ..origin }, &array);
            }
            Content::Unfinished => self.problem(
                &rules::UNPARSABLE,
                origin.place(1, 1),
                "the JSON ends before everything in it is closed",
            ),
            Content::Fragment { first } => {
                if first {
                    let limit = MAX_DOCUMENT >> 20;
                    let message =
                        format!("the document is larger than {limit} MiB; it was searched as text only");
                    self.problem(&rules::TOO_LARGE, origin.place(1, 1), message);
                }
                self.guesses(origin, &chunk.text);
            }
            Content::NotText => {
                let place = if chunk.line > 0 {
                    origin.place(1, 1)
                } else {
                    Place::whole(file.clone())
                };
                self.problem(
                    &rules::NOT_TEXT,
                    place,
                    "binary, compressed or not UTF-8: not read",
                );
            }
        }
    }

    fn document(&mut self, origin: Origin<'_>, text: &str) {
        let contents = match read(text) {
            Ok(contents) => contents,
            Err(problem) => return self.unparsable(origin, text, &problem),
        };
        let summary = &mut self.sink.summary;
        summary.documents += contents.documents;
        summary.objects += contents.objects.len() as u64;
        summary.other_documents += contents.others;
        self.document_begins = self.sink.findings.len();
        for outline in &contents.objects {
            self.object(origin, outline);
        }
        if checks::concerns(text) || self.scanner.embedded && text.contains("apiVersion") {
            self.deep(origin, text);
        }
    }

    /// Reads a document, all of it: manifests, hooks and the text of a string.
    pub(crate) fn manifest(&mut self, file: &Arc<str>, text: &str) {
        for (text, line) in documents(text) {
            if let Some(helm) = &mut self.helm {
                helm.owner.template = source(text);
            }
            self.document(
                Origin {
                    file,
                    line,
                    column: 0,
                },
                text,
            );
        }
    }

    fn unparsable(&mut self, origin: Origin<'_>, text: &str, problem: &Problem) {
        self.sink.summary.documents += 1;
        if !self.is_manifest {
            self.sink.summary.other_documents += 1;
        } else if guess::is_template(text) {
            self.problem(
                &rules::TEMPLATE,
                origin.place(problem.line, problem.column),
                "a template that was not rendered; only what stands in it literally was judged",
            );
        } else {
            let place = origin.place(problem.line, problem.column);
            self.problem(&rules::UNPARSABLE, place, problem.message.as_str());
        }
        self.guesses(origin, text);
    }

    /// Judges the versions that stand literally in text.
    fn guesses(&mut self, origin: Origin<'_>, text: &str) {
        for guess in guess::versions(text) {
            let Some(api) = lifecycle::find_object(&guess.api_version, &guess.kind) else {
                continue;
            };
            let state = api.state(self.scanner.target);
            if !matches!(state, State::Removed | State::Deprecated) {
                continue;
            }
            let object = ObjectRef {
                api_version: Cow::Borrowed(api.api_version),
                kind: Cow::Borrowed(api.kind),
                ..ObjectRef::default()
            };
            let message = format!("{} (seen as text only)", self.sentence(api, state));
            let mut finding = Finding::new(
                &rules::API_IN_TEXT,
                origin.place(guess.line, guess.column),
                object,
                message,
            );
            finding.confidence = Confidence::Text;
            self.report(self.with_life(finding, api));
        }
    }

    fn object(&mut self, origin: Origin<'_>, outline: &Outline<'_>) {
        let (Some(api_version), Some(kind)) = (&outline.api_version, &outline.kind) else {
            return;
        };
        let place = origin.place(outline.line, outline.column);
        let (group, version) = lifecycle::split(api_version);
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let found = lifecycle::find(group, version, kind);
        // What a release does not put into a namespace lands in that of the release.
        let helm = self
            .helm
            .as_ref()
            .filter(|_| outline.namespace.is_none() && found.is_some_and(|api| api.namespaced == Some(true)));
        let release_namespace = helm.map(|helm| helm.owner.namespace.clone());
        let object = |api_version: Cow<'static, str>, kind: Cow<'static, str>| ObjectRef {
            api_version,
            kind,
            namespace: owned(&outline.namespace).or_else(|| release_namespace.clone()),
            name: owned(&outline.name),
        };
        if let Some(api) = found {
            let object = || object(Cow::Borrowed(api.api_version), Cow::Borrowed(api.kind));
            let state = api.state(self.scanner.target);
            let rule = match state {
                State::Removed => &rules::API_REMOVED,
                State::Deprecated => &rules::API_DEPRECATED,
                State::OffByDefault => &rules::API_OFF_BY_DEFAULT,
                State::NotYet => &rules::API_NOT_YET,
                State::Served => return self.workload(place, outline, object),
            };
            if matches!(api.class, Class::Wire | Class::List) {
                return;
            }
            let finding = Finding::new(rule, place, object(), self.sentence(api, state));
            let judged = matches!(state, State::Removed | State::Deprecated);
            let finding = if judged {
                self.with_life(finding, api)
            } else {
                finding
            };
            self.report(finding);
            return;
        }
        let object = || object(Cow::Owned(api_version.to_string()), Cow::Owned(kind.to_string()));
        if guess::is_variable(api_version) || guess::is_variable(kind) {
            let message =
                format!("`{api_version} {kind}` is replaced by something else before it is applied");
            self.report(Finding::new(&rules::UNRENDERED_VALUE, place, object(), message));
            return;
        }
        if let Some(finding) = self.platform(group, version, kind, place.clone(), object) {
            self.report(finding);
        } else if group.contains('.') && self.helm.is_none() && !self.sink.definitions.object(place, object())
        {
            self.sink.summary.unmatched_objects += 1;
        }
    }

    fn workload(&mut self, place: Place, outline: &Outline<'_>, object: impl Fn() -> ObjectRef) {
        let replicas = outline.replicas.unwrap_or(1);
        if !outline.makes_pods() {
            return;
        }
        if outline.replicas == Some(1) && outline.kind.as_deref() != Some("ReplicaSet") {
            let message = "one replica: it is down while its node is drained";
            self.report(Finding::new(&rules::SINGLE_REPLICA, place, object(), message));
        }
        if self.helm.is_none() && !outline.labels.is_empty() {
            let labels = outline.labels.iter();
            let labels = labels.map(|(name, value)| (name.as_ref(), value.as_ref()));
            if !self.sink.budgets.workload(&object(), replicas, labels) {
                self.sink.summary.unmatched_objects += 1;
            }
        }
    }

    pub(crate) fn platform(
        &self,
        group: &str,
        version: &str,
        kind: &str,
        place: Place,
        object: impl Fn() -> ObjectRef,
    ) -> Option<Finding> {
        let entry = self.scanner.platform.find(group, version, kind)?;
        let target = self.scanner.components.get(&entry.component);
        let end = entry.end();
        let (rule, severity) = match target {
            Some(target) if end.is_some_and(|end| *target >= end) => {
                (&rules::PLATFORM_API_REMOVED, Severity::Error)
            }
            Some(target) if entry.deprecated.is_some_and(|since| *target >= since) => {
                (&rules::PLATFORM_API_DEPRECATED, Severity::Warning)
            }
            Some(_) => return None,
            None if end.is_some() && !entry.planned => (&rules::PLATFORM_API_REMOVED, Severity::Warning),
            None => (&rules::PLATFORM_API_DEPRECATED, Severity::Info),
        };
        let mut message = format!("{} {version} {kind}", entry.component);
        if let Some(since) = entry.deprecated {
            let _ = write!(message, ", deprecated in {} {since}", entry.component);
        }
        if let Some(end) = end {
            let verb = if entry.planned {
                "to end in"
            } else {
                "not served from"
            };
            let _ = write!(message, ", {verb} {} {end}", entry.component);
        }
        if let Some(note) = &entry.note {
            let _ = write!(message, "; {note}");
        }
        let mut finding = Finding::new(rule, place, object(), message).severity(severity);
        finding.replacement = entry.replacement.as_ref().map(|replacement| {
            let same_group = !replacement.contains(['/', ' ', '.']);
            if same_group {
                format!("{group}/{replacement} {kind}").into()
            } else {
                replacement.as_str().into()
            }
        });
        Some(finding)
    }

    pub(crate) fn with_life(&self, mut finding: Finding, api: &Lifecycle) -> Finding {
        finding.deprecated_in = api.deprecated;
        finding.removed_in = api.removed;
        finding.replacement = api
            .replacement_at(self.scanner.target)
            .map(|replacement| replacement.to_string().into());
        finding
    }

    pub(crate) fn sentence(&self, api: &Lifecycle, state: State) -> String {
        let target = self.scanner.target;
        let name = format!("{} {}", api.api_version, api.kind);
        let replacement = match api.replacement_at(target) {
            Some(replacement) => match replacement.since {
                Some(since) if since > target => format!("; use {replacement}, which comes with {since}"),
                Some(since) => format!("; use {replacement}, there since {since}"),
                None => format!("; use {replacement}"),
            },
            None => "; nothing replaces it".to_owned(),
        };
        let already = |since| match self.scanner.current {
            Some(current) if current >= since => format!(", so it is gone in {current} already"),
            _ => String::new(),
        };
        match (state, api.removed, api.deprecated, api.introduced) {
            (State::Removed, Some(removed), ..) => {
                format!("{name} was removed in {removed}{}{replacement}", already(removed))
            }
            (State::Deprecated, Some(removed), Some(since), _) => {
                format!("{name} is deprecated since {since} and goes in {removed}{replacement}")
            }
            (State::Deprecated, _, Some(since), _) => {
                format!("{name} is deprecated since {since}{replacement}")
            }
            (State::NotYet, .., Some(introduced)) => {
                format!("{name} comes with {introduced}, after {target}")
            }
            _ => format!("{name} is served only when the API server is told to (--runtime-config)"),
        }
    }

    pub(crate) fn problem(&mut self, rule: &'static rules::Rule, place: Place, message: impl Into<Arc<str>>) {
        self.sink.summary.unreadable += 1;
        self.report(Finding::new(rule, place, ObjectRef::default(), message));
    }
}

/// The chart's template, from the note that Helm leaves above what it rendered.
fn source(text: &str) -> Option<String> {
    let comments = text
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with(['#', '-']));
    let mut sources = comments.filter_map(|line| line.strip_prefix("# Source: "));
    sources.next().map(|source| source.trim().to_owned())
}

/// What is in a text, by the first reader that understands it.
pub(crate) fn read(text: &str) -> Result<Contents<'_>, Problem> {
    if text.trim_start().starts_with(['{', '['])
        && let Some(contents) = json::read(text)
    {
        return Ok(contents);
    }
    if let Some(outline) = lines::read(text) {
        let mut contents = Contents::default();
        if outline.is_object() {
            contents.documents = 1;
            contents.objects.push(outline);
        } else if text
            .lines()
            .any(|line| !line.is_empty() && !line.starts_with(['#', '-', '.']))
        {
            contents.documents = 1;
            contents.others = 1;
        }
        return Ok(contents);
    }
    let contents = walk::read(text)?;
    // A YAML parser makes something of JSON with comments, but not what the author meant.
    if contents.objects.is_empty()
        && text.trim_start().starts_with(['{', '['])
        && text.contains("\"apiVersion\"")
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        return Err(Problem {
            line: error.line() as u64,
            column: error.column() as u64,
            message: "not valid JSON, and no object as YAML".to_owned(),
        });
    }
    Ok(contents)
}
