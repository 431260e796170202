//! A policy from YAML. Every mistake is named with its file, line, column and field, and how to mend it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fleet_core::yaml::{
    self, DecodeProblem, Document, DuplicateKeys, FieldPath, FileError, Position, ReadOptions, Segment,
    YamlError,
};
use serde_json::Value;

use super::place::{Place, Source};
use super::{API_VERSION, FleetUpgrade, KIND, wire};

/// The longest policy that is read, in bytes: 8 MiB.
const LONGEST: u64 = 8 << 20;

impl FleetUpgrade {
    /// Reads the policy in a file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, that is not YAML, or that does not hold exactly one policy and nothing else.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SpecError> {
        let path = path.as_ref();
        let text = yaml::read_file(path, LONGEST).map_err(|source| SpecError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::from_yaml(&text, &path.display().to_string())
    }

    /// Reads a policy from text. `file` is what errors call it.
    ///
    /// ```
    /// use fleet_upgrade::FleetUpgrade;
    ///
    /// let text = "
    /// apiVersion: fleet-sdk.dev/v1alpha1
    /// kind: FleetUpgrade
    /// metadata: {name: to-1.31}
    /// spec:
    ///   target: v1.31
    ///   stages: [{name: all}]
    /// ";
    /// let error = FleetUpgrade::from_yaml(text, "to-1.31.yaml").unwrap_err().to_string();
    /// assert!(error.starts_with("to-1.31.yaml:6:11: spec.target: "), "{error}");
    /// ```
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), the file aside. What a policy asks for is held against a fleet by
    /// [`plan`](crate::plan()).
    pub fn from_yaml(text: &str, file: &str) -> Result<Self, SpecError> {
        let file: Arc<str> = file.into();
        let place = |position: Option<Position>, path: &FieldPath| {
            let path = if path.is_root() {
                String::new()
            } else {
                path.to_string()
            };
            Place::new(
                Some(Arc::clone(&file)),
                position.map(|at| (at.line, at.column)),
                path,
            )
        };
        let mut options = ReadOptions::default();
        // Which of two targets was meant is anyone's guess.
        options.duplicate_keys = DuplicateKeys::Refuse;
        let documents = yaml::documents_with(text, &options).map_err(|problem| SpecError::NotYaml {
            place: place(problem.position(), problem.path().unwrap_or(&FieldPath::root())),
            problem: Box::new(problem),
        })?;
        let [document] = documents.as_slice() else {
            let second = documents.get(1).map(Document::start);
            return Err(SpecError::NotOne {
                place: place(second, &FieldPath::root()),
                found: documents.len(),
            });
        };
        expect(document, "kind", KIND, &place)?;
        expect(document, "apiVersion", API_VERSION, &place)?;
        let wire: wire::Document = document.decode().map_err(|error| SpecError::Field {
            place: place(Some(error.position()), error.path()),
            mend: mend(error.path(), error.problem()),
            problem: Box::new(in_our_words(error.problem())),
        })?;
        let mut policy = Self::try_from(wire).map_err(|_| SpecError::WrongType {
            place: place(None, &FieldPath::root()),
            field: "kind",
            found: None,
            expected: KIND,
        })?;
        policy.source = Source::new(Some(Arc::clone(&file)), positions(document));
        if policy.name.trim().is_empty() {
            return Err(SpecError::NoName {
                place: policy.place("metadata.name"),
            });
        }
        Ok(policy)
    }
}

/// A policy that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The text is not YAML.
    #[error("{place}: {problem}")]
    NotYaml {
        /// Where reading stopped.
        place: Place,
        /// Why.
        problem: Box<YamlError>,
    },
    /// The text holds no document, or several.
    #[error(
        "{place}: found {found} documents, expected exactly one {KIND}; keep each policy in a file of its own"
    )]
    NotOne {
        /// The file, or its second document.
        place: Place,
        /// How many documents there are.
        found: usize,
    },
    /// The document is something else.
    #[error(
        "{place}: found {}, expected `{expected}`; write `{field}: {expected}`",
        found.as_ref().map_or_else(|| format!("no {field}"), |found| format!("{field} `{found}`"))
    )]
    WrongType {
        /// `kind` or `apiVersion`.
        place: Place,
        /// `kind` or `apiVersion`.
        field: &'static str,
        /// What stands there, if it is a text.
        found: Option<String>,
        /// What should.
        expected: &'static str,
    },
    /// A field is not what a policy has there.
    #[error("{place}: {problem}{}{}", if mend.is_empty() { "" } else { "; " }, mend)]
    Field {
        /// The field.
        place: Place,
        /// What was found and what was expected.
        problem: Box<DecodeProblem>,
        /// How to mend it; empty where the problem says it.
        mend: &'static str,
    },
    /// The policy has no name.
    #[error("{place}: found an empty name, expected one such as `to-1.31`")]
    NoName {
        /// `metadata.name`.
        place: Place,
    },
}

impl SpecError {
    /// The field that is to be mended; none where the file cannot be read at all.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Unreadable { .. } => None,
            Self::NotYaml { place, .. }
            | Self::NotOne { place, .. }
            | Self::WrongType { place, .. }
            | Self::Field { place, .. }
            | Self::NoName { place } => Some(place),
        }
    }
}

fn expect(
    document: &Document,
    field: &'static str,
    expected: &'static str,
    place: &impl Fn(Option<Position>, &FieldPath) -> Place,
) -> Result<(), SpecError> {
    let found = document.value().get(field);
    if found.and_then(Value::as_str) == Some(expected) {
        return Ok(());
    }
    let path = FieldPath::root().field(field);
    let found = found.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    Err(SpecError::WrongType {
        place: place(document.position(&path), &path),
        field,
        found,
        expected,
    })
}

/// A policy's authors write counts and lists, not Rust's integers and sequences.
fn in_our_words(problem: &DecodeProblem) -> DecodeProblem {
    let DecodeProblem::Mismatch { found, expected } = problem else {
        return problem.clone();
    };
    let is_too_large = || {
        let number = found
            .strip_prefix("integer `")
            .and_then(|rest| rest.strip_suffix('`'));
        number.is_some_and(|number| {
            number
                .parse()
                .is_ok_and(|number: u64| number > u64::from(u32::MAX))
        })
    };
    let expected = match expected.as_str() {
        "a nonzero u32" => "a count of at least 1",
        "a sequence" => "a list",
        other => other,
    };
    let expected = if is_too_large() {
        expected.replace("at least 1", &format!("at most {}", u32::MAX))
    } else {
        expected.to_owned()
    };
    DecodeProblem::Mismatch {
        found: found.clone(),
        expected,
    }
}

/// What to write instead, by the field; nothing where the problem says it.
fn mend(path: &FieldPath, problem: &DecodeProblem) -> &'static str {
    match problem {
        // The value's own type knows best, and so does a suggestion.
        DecodeProblem::Invalid { .. }
        | DecodeProblem::UnknownField {
            suggestion: Some(_), ..
        }
        | DecodeProblem::UnknownVariant {
            suggestion: Some(_), ..
        } => return "",
        DecodeProblem::UnknownField { .. } => return "remove it",
        DecodeProblem::MissingField { field } => return mend_missing(field),
        _ => {}
    }
    let field = path.segments().iter().rev().find_map(|segment| match segment {
        Segment::Field(name) => Some(name.as_str()),
        Segment::Index(_) => None,
    });
    match field {
        Some("target" | "hops" | "versions") => {
            "name a complete version with its patch release, such as v1.31.4"
        }
        Some("maxConcurrent") => "leave it out for one at a time",
        Some("maxPerDay") => "leave it out for no limit per day",
        Some("count") => "leave pick out for every cluster of the stage",
        Some("failureBudget" | "unreachableBudget") => "write `none` for no failure at all",
        Some("soak" | "clusterDeadline" | "unwellLimit") => "write a duration such as 5d, 1h30m or 90s",
        Some("selector" | "clusters") => {
            "write a selector such as `env=production,tier!=gold`, or matchLabels and matchExpressions"
        }
        Some("maxUnavailable") => "write a count or a share such as `25%`; leave the rule out for no limit",
        Some("gates") => "write the gates by name, as in `gates: [{name: slo}]`",
        Some("when") => "write always, before or after",
        Some("by") => "write a list of names, such as `by: [alice]`",
        Some("order") => "write a list of leastCritical and smallest",
        _ => "",
    }
}

fn mend_missing(field: &str) -> &'static str {
    match field {
        "target" => "add the version to upgrade to, such as `target: v1.31.4`",
        "stages" => "add at least one stage; `stages: [{name: all}]` takes every cluster",
        "name" => "add a name",
        "count" => "add how many clusters to pick, such as `count: 1`",
        "spec" => "add `spec:` with `target` and `stages`",
        "metadata" => "add `metadata:` with a `name`",
        _ => "add it",
    }
}

/// Where everything in the policy stands that a refusal may point at.
fn positions(document: &Document) -> BTreeMap<String, (u64, u64)> {
    let mut positions = BTreeMap::new();
    let start = document.start();
    positions.insert(String::new(), (start.line, start.column));
    collect(document, document.value(), &FieldPath::root(), &mut positions);
    positions
}

fn collect(
    document: &Document,
    value: &Value,
    path: &FieldPath,
    positions: &mut BTreeMap<String, (u64, u64)>,
) {
    // spec.stages[1].groups[0].selector is as deep as a refusal points.
    if path.segments().len() > 6 {
        return;
    }
    if !path.is_root()
        && let Some(at) = document.position(path)
    {
        positions.insert(path.to_string(), (at.line, at.column));
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(document, value, &path.clone().field(name), positions);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(document, item, &path.clone().index(index), positions);
            }
        }
        _ => {}
    }
}
