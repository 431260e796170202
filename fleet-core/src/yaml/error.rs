//! What can be wrong with a YAML text, and with a document that should be a certain type.

use std::fmt;

use serde::Serialize;

use super::path::FieldPath;

/// A place in a text: line and column, both from 1. The column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(clippy::exhaustive_structs)] // Callers make them for their own errors.
pub struct Position {
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text that cannot be read as YAML, or a value that cannot be written as YAML.
///
/// The text of the error does not repeat [`position`](Self::position): a caller that knows the file prints
/// `file:line:column: error`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// It is not YAML.
    #[error("not valid YAML: {problem}")]
    Syntax {
        /// Where the parser gave up.
        position: Position,
        /// What it says is wrong.
        problem: String,
    },
    /// It is YAML that Kubernetes refuses, because no JSON says the same.
    #[error("{problem}, at field {path}")]
    Value {
        /// Where the value stands.
        position: Position,
        /// The field.
        path: FieldPath,
        /// What is wrong with it.
        problem: ValueProblem,
    },
    /// A key stands twice in one mapping, and the reader was told to refuse that.
    #[error("duplicate key at field {path}: it stands already at line {}; remove one of the two", .first.line)]
    DuplicateKey {
        /// Where the second key stands.
        position: Position,
        /// The field.
        path: FieldPath,
        /// Where the first key stands.
        first: Position,
    },
    /// The text is larger than the reader's limit.
    #[error("the text has {found} bytes, more than the limit of {limit}; split it")]
    TooLarge {
        /// The bytes it has.
        found: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Collections nest deeper than the reader's limit.
    #[error("collections are nested more than {limit} deep")]
    TooDeep {
        /// Where the limit was reached.
        position: Position,
        /// The limit.
        limit: usize,
    },
    /// There are more values than the reader's limit.
    #[error("there are more than {limit} values; split the text")]
    TooManyValues {
        /// Where the limit was reached.
        position: Position,
        /// The limit.
        limit: usize,
    },
    /// Almost all of a document comes from repeating aliases, as in a text made to exhaust memory.
    #[error("the document repeats its anchors excessively; write the values out")]
    ExcessiveAliasing {
        /// The alias that went too far.
        position: Position,
    },
    /// A value that could not be turned into a document.
    #[error("the value cannot be written as YAML")]
    Serialize(#[source] serde_json::Error),
    /// A scalar could not be replaced.
    #[error("the scalar cannot be replaced: {0}")]
    Replace(ReplaceProblem),
}

impl YamlError {
    /// Where in the text; `None` when the error is not about one place.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. }
            | Self::Value { position, .. }
            | Self::DuplicateKey { position, .. }
            | Self::TooDeep { position, .. }
            | Self::TooManyValues { position, .. }
            | Self::ExcessiveAliasing { position } => Some(*position),
            Self::TooLarge { .. } | Self::Serialize(_) | Self::Replace(_) => None,
        }
    }

    /// The field; `None` when the error is not about one field.
    pub fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::Value { path, .. } | Self::DuplicateKey { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// What is wrong with a value that is YAML but not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueProblem {
    /// `.inf` or `.nan`.
    NotFinite,
    /// A tag the scalar does not fit.
    Tag {
        /// What the scalar is.
        found: &'static str,
        /// What the tag asks for.
        expected: &'static str,
    },
    /// A key that is null, a mapping or a sequence, or an integer above 2^63.
    Key {
        /// What the key is.
        found: &'static str,
    },
    /// `<<` with something else than a mapping or a sequence of mappings.
    Merge,
    /// An alias inside of the value it stands for.
    SelfReference,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str(
                "infinity and NaN cannot be said in JSON; write a finite number or a quoted string",
            ),
            Self::Tag { found, expected } => write!(
                f,
                "the tag asks for {expected}, found {found}; correct the value or drop the tag"
            ),
            Self::Key { found } => write!(f, "a key must be a string, found {found}; put it in quotes"),
            Self::Merge => f.write_str("`<<` takes a mapping or a sequence of mappings"),
            Self::SelfReference => f.write_str("an alias stands inside of the value that it repeats"),
        }
    }
}

/// Why a scalar could not be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplaceProblem {
    /// No scalar of the text has exactly that span.
    NoScalar,
    /// The new value is a mapping or a sequence.
    NotScalar,
    /// Other values change with it, because the scalar has an anchor.
    NotAlone,
}

impl fmt::Display for ReplaceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoScalar => "no scalar has that span; take it from `Document::span` of the same text",
            Self::NotScalar => "the new value is a mapping or a sequence",
            Self::NotAlone => "other values would change with it; write out the aliases of its anchor first",
        })
    }
}

/// A document that is not of the type asked for.
///
/// Prints as the field and the problem, without the position: a caller that knows the file prints
/// `file:line:column: error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct DecodeError {
    pub(super) path: FieldPath,
    pub(super) position: Position,
    pub(super) problem: DecodeProblem,
}

impl DecodeError {
    /// The field: the offending value; for an unknown field that field; for a missing field the mapping that lacks it.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Where it stands in the text that [`documents`](super::documents) read: the value, or the key when the key is the
    /// problem.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What is wrong.
    pub fn problem(&self) -> &DecodeProblem {
        &self.problem
    }

    /// What is wrong, as text without the field.
    pub fn message(&self) -> String {
        self.problem.to_string()
    }
}

/// Why a value does not fit a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
#[non_exhaustive]
pub struct FieldError {
    /// The field: the offending value; for an unknown field that field; for a missing field the mapping that lacks it.
    pub path: FieldPath,
    /// What is wrong with it.
    pub problem: DecodeProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The type has no such field.
    UnknownField {
        /// The field's name.
        found: String,
        /// The fields it has.
        expected: &'static [&'static str],
        /// The one that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A required field is absent (or null, which is the same to Kubernetes).
    MissingField {
        /// The field's name.
        field: &'static str,
    },
    /// A value of a closed set that is not in the set.
    UnknownVariant {
        /// The value.
        found: String,
        /// The set.
        expected: &'static [&'static str],
        /// The one that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A value of another type, or out of the type's range.
    Mismatch {
        /// The value: its type and, unless the document is a Secret, the value itself.
        found: String,
        /// What the type wants.
        expected: String,
    },
    /// What the type itself says is wrong with its value.
    Invalid {
        /// Its words.
        message: String,
    },
}

impl std::error::Error for DecodeProblem {}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one_of = |f: &mut fmt::Formatter<'_>, expected: &[&str], suggestion: Option<&str>| {
            if let Some(suggestion) = suggestion {
                write!(f, "; did you mean `{suggestion}`?")
            } else if expected.is_empty() {
                f.write_str("; expected none")
            } else {
                let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
                write!(f, "; expected one of {}", names.join(", "))
            }
        };
        match self {
            Self::UnknownField {
                found,
                expected,
                suggestion,
            } => {
                write!(f, "unknown field `{found}`")?;
                one_of(f, expected, *suggestion)
            }
            Self::UnknownVariant {
                found,
                expected,
                suggestion,
            } => {
                write!(f, "unknown value `{found}`")?;
                one_of(f, expected, *suggestion)
            }
            Self::MissingField { field } => write!(f, "the required field `{field}` is missing"),
            Self::Mismatch { found, expected } => {
                write!(f, "found {found}, expected {expected}")?;
                let scalar = ["integer", "boolean", "floating point"]
                    .iter()
                    .any(|kind| found.starts_with(kind));
                if scalar && expected.contains("string") {
                    f.write_str("; put it in quotes")?;
                }
                Ok(())
            }
            Self::Invalid { message } => f.write_str(message),
        }
    }
}
