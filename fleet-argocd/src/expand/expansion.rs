//! What an expansion gives: Applications, where each comes from, and what looks wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use fleet_core::yaml::FieldPath;
use fleet_core::{ClusterName, Fleet};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fasttemplate::has_placeholder;
use super::generators::GeneratorKind;
use super::params::{ParamSet, Params, Scope};
use super::snapshot::SourceFailure;
use super::template::{Rendered, Template};
use crate::application::Application;

/// The Applications of an ApplicationSet.
///
/// In the order of the generators and of their parameters. Where Argo CD's order changes from run to run (clusters),
/// ours is fixed: by name, the cluster Argo CD runs in last.
///
/// What the Applications share is held once, so an expansion of tens of thousands is small; a whole Application is put
/// together when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    pub(crate) batches: Vec<ExpandedBatch>,
    pub(crate) unrecognized: Vec<usize>,
    pub(crate) incomplete: Vec<(FieldPath, SourceFailure)>,
    /// What its Applications depend on beside their parameters.
    pub(crate) recipe: Recipe,
    pub(crate) reused: usize,
}

/// What all Applications of an ApplicationSet depend on beside their parameters and their template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) go: bool,
    pub(crate) options: Vec<String>,
    pub(crate) patch: Option<String>,
}

/// What one generator gave.
#[derive(Clone, Debug)]
pub(crate) struct ExpandedBatch {
    pub(crate) generator: usize,
    pub(crate) kind: GeneratorKind,
    /// The template as it stands: for a set of parameters that is empty.
    pub(crate) plain: Arc<Value>,
    pub(crate) template: Arc<Template>,
    pub(crate) finalized: bool,
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) groups: Vec<ExpandedGroup>,
}

/// Applications whose parameters share a part.
#[derive(Clone, Debug)]
pub(crate) struct ExpandedGroup {
    pub(crate) outer: ParamSet,
    pub(crate) inner: Arc<[ParamSet]>,
    pub(crate) bodies: Bodies,
}

/// The bodies of a group's Applications, in pieces of [`PIECE`](Self::PIECE): one that has not changed is shared with the
/// expansion before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bodies(Vec<Arc<[Body]>>);

impl Bodies {
    /// How many bodies are in a piece; in a group's last one, those that are left.
    pub(crate) const PIECE: usize = 64;

    /// How many pieces so many bodies are in.
    pub(crate) fn pieces_of(count: usize) -> usize {
        count.div_ceil(Self::PIECE)
    }

    pub(crate) fn len(&self) -> usize {
        match self.0.split_last() {
            Some((last, full)) => full.len() * Self::PIECE + last.len(),
            None => 0,
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Body> {
        self.0.get(index / Self::PIECE)?.get(index % Self::PIECE)
    }

    pub(crate) fn piece(&self, index: usize) -> Option<&Arc<[Body]>> {
        self.0.get(index)
    }
}

impl FromIterator<Arc<[Body]>> for Bodies {
    fn from_iter<I: IntoIterator<Item = Arc<[Body]>>>(pieces: I) -> Self {
        Self(pieces.into_iter().collect())
    }
}

/// What is an Application's own.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// The template as it stands.
    Plain,
    Rendered(Arc<Rendered>),
    Patched(Arc<Value>),
}

/// An Application, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct GeneratedApplication<'a> {
    batch: &'a ExpandedBatch,
    group: &'a ExpandedGroup,
    body: &'a Body,
    index: usize,
}

/// Where an Application comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Provenance {
    /// The index in `spec.generators`.
    pub generator: usize,
    /// The kind of the generator.
    pub kind: GeneratorKind,
    /// The cluster whose parameters these are, by its name in Argo CD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The parameters.
    pub params: Params,
}

/// Something that Argo CD accepts and that is rarely meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum Warning {
    /// No Application came out. With a policy that allows deletion, Argo CD deletes all there are.
    Empty,
    /// A generator of no kind this library or Argo CD knows; it gives nothing.
    UnrecognizedGenerator {
        /// The index in `spec.generators`.
        generator: usize,
    },
    /// Two Applications have one name; Argo CD applies neither.
    DuplicateName {
        /// The name.
        name: String,
        /// How many have it.
        count: usize,
    },
    /// An Application has no name.
    NoName {
        /// The index among the Applications.
        index: usize,
    },
    /// A placeholder was not replaced and is applied as it stands, or Go's template printed `<no value>` for it.
    Unresolved {
        /// The Application.
        application: String,
        /// Where in it (`spec.source.path`).
        path: String,
        /// The text with the placeholder.
        text: String,
    },
}

impl Expansion {
    /// The Applications with their provenance.
    pub fn iter(&self) -> impl Iterator<Item = GeneratedApplication<'_>> {
        self.batches.iter().flat_map(|batch| {
            batch.groups.iter().flat_map(move |group| {
                let bodies = group.bodies.0.iter().flat_map(|piece| piece.iter());
                bodies.enumerate().map(move |(index, body)| GeneratedApplication {
                    batch,
                    group,
                    body,
                    index,
                })
            })
        })
    }

    /// The Applications, typed. Each is put together as it is reached.
    ///
    /// # Errors
    /// An Application does not have the types of one, which only a `templatePatch` can cause.
    pub fn applications(&self) -> impl Iterator<Item = Result<Application, serde_json::Error>> {
        self.iter().map(|generated| generated.application())
    }

    /// How many of them were taken over from an earlier expansion ([`Expander::update`](super::Expander::update)).
    pub fn reused(&self) -> usize {
        self.reused
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.batches
            .iter()
            .flat_map(|batch| &batch.groups)
            .map(|group| group.bodies.len())
            .sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many Applications each item of `spec.generators` gave, with the kinds it holds.
    pub(crate) fn by_generator(&self) -> BTreeMap<(usize, GeneratorKind), usize> {
        let mut counts = BTreeMap::new();
        for batch in &self.batches {
            let given: usize = batch.groups.iter().map(|group| group.bodies.len()).sum();
            *counts.entry((batch.generator, batch.kind)).or_default() += given;
        }
        counts
    }

    /// The clusters of a fleet that its Applications are for, each with their names: what `spec.destination.name` says, or where that
    /// is an address, the cluster whose parameters made the Application.
    pub fn reached(&self, fleet: &Fleet) -> BTreeMap<ClusterName, BTreeSet<String>> {
        let mut reached: BTreeMap<ClusterName, BTreeSet<String>> = BTreeMap::new();
        for generated in self.iter() {
            let name = match generated.text(&["spec", "destination", "name"]) {
                Some(name) => Some(name.to_owned()),
                None => generated.provenance().cluster,
            };
            if let Some(cluster) = name.and_then(|name| fleet.get(&name)) {
                let applications = reached.entry(cluster.name().clone()).or_default();
                applications.insert(generated.name().to_owned());
            }
        }
        reached
    }

    /// The generators that were passed over because their sources failed, with the reasons. Empty unless
    /// [`Expander::partial`](super::Expander::partial) was asked for.
    pub fn incomplete(&self) -> impl Iterator<Item = (&FieldPath, &SourceFailure)> {
        self.incomplete.iter().map(|(path, failure)| (path, failure))
    }

    /// What looks wrong.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<_> = self
            .unrecognized
            .iter()
            .map(|generator| Warning::UnrecognizedGenerator {
                generator: *generator,
            })
            .collect();
        if self.is_empty() {
            warnings.push(Warning::Empty);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, generated) in self.iter().enumerate() {
            generated.unresolved(&mut warnings);
            match generated.name() {
                "" => warnings.push(Warning::NoName { index }),
                name => *counts.entry(name).or_default() += 1,
            }
        }
        let twice = counts.into_iter().filter(|(_, count)| *count > 1);
        warnings.extend(twice.map(|(name, count)| Warning::DuplicateName {
            name: name.to_owned(),
            count,
        }));
        warnings
    }
}

/// Two expansions are equal if their Applications and their provenance are, in order.
impl PartialEq for Expansion {
    fn eq(&self, other: &Self) -> bool {
        self.unrecognized == other.unrecognized
            && self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| a.to_value() == b.to_value() && a.provenance() == b.provenance())
    }
}

impl Serialize for Expansion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Expansion", 2)?;
        fields.serialize_field("applications", &Listed(self))?;
        fields.serialize_field("warnings", &self.warnings())?;
        fields.end()
    }
}

struct Listed<'a>(&'a Expansion);

impl Serialize for Listed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

impl Serialize for GeneratedApplication<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("GeneratedApplication", 2)?;
        fields.serialize_field("application", &self.to_value())?;
        fields.serialize_field("provenance", &self.provenance())?;
        fields.end()
    }
}

impl<'a> GeneratedApplication<'a> {
    /// Its name; empty if the template gives none.
    pub fn name(&self) -> &'a str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// A text of it, by the fields that lead to it: `["spec", "destination", "server"]`. Empty texts that Argo CD does
    /// not write count as absent.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        let found = match self.body() {
            Body::Rendered(rendered) => self.batch.template.text_at(rendered, path),
            Body::Plain => walk(&self.batch.plain, path).and_then(Value::as_str),
            Body::Patched(value) => walk(value, path).and_then(Value::as_str),
        };
        found.filter(|text| !text.is_empty())
    }

    /// The Application as Argo CD generates it, without the owner it gets on applying.
    ///
    /// # Errors
    /// It does not have the types of an Application, which only a `templatePatch` can cause.
    pub fn application(&self) -> Result<Application, serde_json::Error> {
        Application::deserialize(self.to_value())
    }

    /// The Application as JSON, with the fields Argo CD writes and no others.
    pub fn to_value(&self) -> Value {
        let mut value = self.batch.value_of(self.body());
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
            if let Some(namespace) = &self.batch.namespace {
                metadata.insert("namespace".to_owned(), Value::String(namespace.to_string()));
            }
        }
        value
    }

    /// Where it comes from.
    pub fn provenance(&self) -> Provenance {
        let params = Scope::new(&self.group.outer.layers, &self.group.inner[self.index].layers).params();
        let text = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
        Provenance {
            generator: self.batch.generator,
            kind: self.batch.kind,
            cluster: text("server").and_then(|_| text("name")),
            params,
        }
    }

    fn body(&self) -> &'a Body {
        self.body
    }

    fn unresolved(&self, warnings: &mut Vec<Warning>) {
        let suspicious = match self.body() {
            Body::Rendered(rendered) => {
                let text = rendered.text();
                text.contains("{{") || text.contains(NO_VALUE)
            }
            Body::Plain | Body::Patched(_) => true,
        };
        if !suspicious {
            return;
        }
        let mut found = Vec::new();
        unresolved(&self.to_value(), &FieldPath::default(), &mut found);
        warnings.extend(found.into_iter().map(|(path, text)| Warning::Unresolved {
            application: self.name().to_owned(),
            path: path.to_string(),
            text,
        }));
    }
}

impl ExpandedBatch {
    /// The Application before its namespace is set.
    pub(crate) fn value_of(&self, body: &Body) -> Value {
        let mut value = match body {
            Body::Plain => return Value::clone(&self.plain),
            Body::Patched(value) => return Value::clone(value),
            Body::Rendered(rendered) => self.template.value(rendered),
        };
        if self.finalized
            && let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert("finalizers".to_owned(), Value::from(vec![RESOURCES_FINALIZER]));
        }
        value
    }
}

fn walk<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The texts that still look like templates, and where they are. Helm's own (`{{ .Values.x }}`) are none of ours.
fn unresolved(value: &Value, path: &FieldPath, found: &mut Vec<(FieldPath, String)>) {
    match value {
        Value::String(text) if has_placeholder(text) || text.contains(NO_VALUE) => {
            found.push((path.clone(), text.clone()));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                unresolved(item, &path.clone().index(index), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                unresolved(field, &path.clone().field(name.as_str()), found);
            }
        }
        _ => {}
    }
}

/// What Go's templates print for a key that is not there.
const NO_VALUE: &str = "<no value>";
/// Deletes an Application's resources with it.
const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "no Application came out; where the policy allows it, Argo CD deletes those that exist",
            ),
            Self::UnrecognizedGenerator { generator } => {
                write!(
                    f,
                    "spec.generators[{generator}] is of no known kind and gives nothing"
                )
            }
            Self::DuplicateName { name, count } => {
                write!(
                    f,
                    "{count} Applications are named {name}; Argo CD applies none of them"
                )
            }
            Self::NoName { index } => write!(f, "Application {index} has no name; Argo CD refuses it"),
            Self::Unresolved {
                application,
                path,
                text,
            } => {
                write!(
                    f,
                    "{application}: {path} has a placeholder that nothing replaced: {text}"
                )
            }
        }
    }
}
