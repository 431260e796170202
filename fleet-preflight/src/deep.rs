//! Reading a document into a tree, for the checks that look at more than its type.

use std::borrow::Cow;

use fleet_core::yaml::{self, Document, FieldPath, ReadOptions, Segment};
use serde_json::Value;

use crate::checks::{self, ComponentTable, Question, Subject, Typed, objects_in};
use crate::finding::{Confidence, Finding, ObjectRef, Place};
use crate::lifecycle::{self, State};
use crate::live::installer;
use crate::pass::{Origin, Pass, read};
use crate::rules;
use crate::text::chunk::documents;
use crate::text::{MAX_DEPTH, MAX_VALUES};

impl Pass<'_> {
    pub(crate) fn deep(&mut self, origin: Origin<'_>, text: &str) {
        let mut options = ReadOptions::default();
        options.max_depth = MAX_DEPTH;
        options.max_values = MAX_VALUES;
        match yaml::documents_with(text, &options) {
            Ok(documents) => {
                for document in &documents {
                    self.tree(document.value(), &|base, path| {
                        position(document, base, path)
                            .map_or_else(|| origin.place(1, 1), |(line, column)| origin.place(line, column))
                    });
                }
            }
            Err(error) => {
                let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
                loop {
                    let before = stream.byte_offset();
                    match stream.next() {
                        Some(Ok(value)) => {
                            let skipped = text[before..].len() - text[before..].trim_start().len();
                            let lines =
                                memchr::memchr_iter(b'\n', &text.as_bytes()[..before + skipped]).count();
                            let place = origin.place(lines as u64 + 1, 1);
                            self.tree(&value, &|_, _| place.clone());
                        }
                        Some(Err(_)) => {
                            let message =
                                format!("only its type was judged, its fields cannot be read: {error}");
                            self.problem(&rules::UNPARSABLE, origin.place(1, 1), message);
                            return;
                        }
                        None => return,
                    }
                }
            }
        }
    }

    fn tree(&mut self, value: &Value, place: &dyn Fn(&[Segment], &FieldPath) -> Place) {
        for (base, typed) in objects_in(value) {
            self.whole(&typed, &|path| place(&base, path));
        }
    }

    /// Checks an object that was read whole.
    pub(crate) fn whole(&mut self, typed: &Typed<'_>, place: &dyn Fn(&FieldPath) -> Place) {
        let (group, _) = lifecycle::split(&typed.api_version);
        let kind = typed.kind.as_str();
        if group.is_empty() && matches!(kind, "Secret" | "ConfigMap") && self.helm.is_none() {
            self.helm_record(kind, typed.value, &place(&FieldPath::root()));
        }
        let subject = Subject {
            value: typed.value,
            group,
            kind,
            object: self.object_of(typed),
            place,
            question: Question {
                target: self.scanner.target,
                now: self.scanner.now,
            },
            components: ComponentTable::built_in(),
        };
        let mut findings = Vec::new();
        checks::check(&subject, &mut findings);
        if kind == "PodDisruptionBudget" && group == "policy" && self.helm.is_none() && self.cluster.is_none()
        {
            self.sink.budgets.budget(&subject);
        }
        for finding in findings {
            self.report(finding);
        }
        if self.cluster.is_none() && kind == "CustomResourceDefinition" {
            self.sink.definitions.definition(typed.value);
        }
        if self.cluster.is_none()
            && let Some(owner) = installer(typed.value)
        {
            self.owned(&subject.object, owner);
        }
        if self.scanner.embedded {
            for (path, text) in checks::embedded_manifests(group, kind, typed.value) {
                self.embedded_manifest(&subject.object, &place(&path), text);
            }
        }
    }

    pub(crate) fn object_of(&self, typed: &Typed<'_>) -> ObjectRef {
        let metadata = |name: &str| {
            typed
                .value
                .get("metadata")?
                .get(name)?
                .as_str()
                .map(str::to_owned)
        };
        let release = self.helm.as_ref().filter(|_| {
            lifecycle::find_object(&typed.api_version, &typed.kind)
                .is_some_and(|api| api.namespaced == Some(true))
        });
        ObjectRef {
            api_version: Cow::Owned(typed.api_version.clone()),
            kind: Cow::Owned(typed.kind.clone()),
            namespace: metadata("namespace").or_else(|| release.map(|helm| helm.owner.namespace.clone())),
            name: metadata("name"),
        }
    }

    fn embedded_manifest(&mut self, object: &ObjectRef, place: &Place, text: &str) {
        for (document, line) in documents(text) {
            let Ok(contents) = read(document) else { continue };
            for outline in &contents.objects {
                let (Some(version), Some(kind)) = (&outline.api_version, &outline.kind) else {
                    continue;
                };
                let Some(api) = lifecycle::find_object(version, kind) else {
                    continue;
                };
                let state = api.state(self.scanner.target);
                if !matches!(state, State::Removed | State::Deprecated) {
                    continue;
                }
                let name = outline
                    .name
                    .as_deref()
                    .map(|name| format!(" {name}"))
                    .unwrap_or_default();
                let message = format!(
                    "line {} of the text holds{name}: {}",
                    line + outline.line,
                    self.sentence(api, state)
                );
                let finding = Finding::new(&rules::EMBEDDED_MANIFEST, place.clone(), object.clone(), message);
                let mut finding = self.with_life(finding, api);
                finding.confidence = Confidence::Weak;
                self.report(finding);
            }
        }
    }
}

fn position(document: &Document, base: &[Segment], path: &FieldPath) -> Option<(u64, u64)> {
    let segments = base.iter().chain(path.segments());
    let whole = segments.fold(FieldPath::root(), |path, segment| match segment {
        Segment::Field(name) => path.field(name.as_str()),
        Segment::Index(index) => path.index(*index),
    });
    let position = document
        .key_position(&whole)
        .or_else(|| document.position(&whole))?;
    Some((position.line, position.column))
}
