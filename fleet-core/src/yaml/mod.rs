//! YAML as Kubernetes reads it, with the line and column of every field.
//!
//! Kubernetes reads manifests with sigs.k8s.io/yaml, that is go-yaml v2 and then JSON: `no` is false, `0644` is 420, `1e3` is
//! 1000, a key `on` is `"true"`, the last of two equal keys wins. [`documents`] reads the same values, and besides keeps
//! where each of them stands, so that an error can say `file:line:column` and an edit can touch one scalar and nothing else.
//!
//! ```
//! use fleet_core::yaml;
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Pool {
//!     replicas: u32,
//! }
//!
//! let documents = yaml::documents("replicas: 3\n---\n# the second\nreplica: 5\n")?;
//! assert_eq!(documents[0].decode::<Pool>()?.replicas, 3);
//!
//! let error = documents[1].decode::<Pool>().unwrap_err();
//! assert_eq!(error.position().to_string(), "4:1");
//! assert_eq!(error.to_string(), "replica: unknown field `replica`; did you mean `replicas`?");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Text from strangers cannot exhaust memory or stack: [`ReadOptions`] bounds size, nesting and the number of values, and
//! aliases may repeat no more than go-yaml lets them.
//!
//! # What differs from sigs.k8s.io/yaml
//!
//! The meaning of scalars, keys, tags, aliases and merges is go-yaml v2's, and every corner case that we hold against it
//! (`tests/conformance/yaml`, some 2,900) agrees but for these kinds, each listed in the test:
//!
//! - All documents are read, not only the first, and those that are empty or null are left out. So what follows the first
//!   document must be YAML, too: Go reads `"  a: 1\nb: 2"` as `{"a": 1}`, here it is an error.
//! - A tab before a token, which go-yaml refuses, is white space, as YAML 1.2 has it.
//! - Rare syntax follows YAML 1.2: any `%` directive, `[a:]`, `{a: -}`, `"\/"`, surrogate pairs in escapes, U+0085 and U+2028
//!   as ordinary characters.
//! - Of two different keys that become one (`1` and `"1"`, `y` and `true`), the last wins; in Go it is left to chance.
//! - Nesting ends at 128 levels (the limit of `serde_json`'s parser), go-yaml's at 10,000.

mod decode;
mod edit;
mod error;
mod file;
mod nearest;
mod node;
mod path;
mod read;
mod scalar;
mod shape;
mod write;

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::edit::replace_scalar;
pub use self::error::{
    DecodeError, DecodeProblem, FieldError, Position, ReplaceProblem, ValueProblem, YamlError,
};
pub use self::file::{FileError, read_file};
pub use self::nearest::nearest;
pub use self::path::{FieldPath, FieldPathError, Segment};
pub use self::shape::{Misfit, MisfitProblem, Shape};
pub use self::write::to_string;

/// Reads every document of a text, in order; those that are empty or null are left out.
///
/// A byte-order mark and Windows line ends are fine. The bounds are those of [`ReadOptions::default`].
///
/// # Errors
/// The first thing that is wrong, with its position.
pub fn documents(text: &str) -> Result<Vec<Document>, YamlError> {
    documents_with(text, &ReadOptions::default())
}

/// Like [`documents`], with other bounds or a stricter rule for duplicate keys.
pub fn documents_with(text: &str, options: &ReadOptions) -> Result<Vec<Document>, YamlError> {
    read::read(text, options)
}

/// Turns a value that came as JSON into a type, by the code that [`Document::decode`] reads it with: a type that is read from
/// both is compiled once. Here null is what it is in JSON, and an unknown field that is null is kept.
///
/// ```
/// use fleet_core::yaml;
/// use serde_json::json;
///
/// let error = yaml::decode_value::<Vec<u8>>(&json!([1, "2"])).unwrap_err();
/// assert_eq!(error.to_string(), r#"[1]: found string "2", expected u8"#);
/// ```
///
/// # Errors
/// The first field that does not fit, with its path.
pub fn decode_value<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    T::deserialize(decode::Decoder::of_json(value)).map_err(|failure| {
        let (path, _, problem) = failure.into_parts();
        FieldError { path, problem }
    })
}

/// How [`documents_with`] reads.
///
/// ```
/// use fleet_core::yaml::{DuplicateKeys, ReadOptions, documents_with};
///
/// let mut options = ReadOptions::default();
/// options.duplicate_keys = DuplicateKeys::Refuse;
/// let error = documents_with("a: 1\na: 2\n", &options).unwrap_err();
/// assert_eq!(error.position().map(|position| position.line), Some(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What to do about a key that stands twice in one mapping. Default: as Kubernetes, the last wins.
    pub duplicate_keys: DuplicateKeys,
    /// The largest text in bytes. Default 256 MiB; never more than 4 GiB.
    pub max_bytes: usize,
    /// How deep collections may nest. Default 128.
    pub max_depth: usize,
    /// How many values (scalars, collections and keys) the text may have, those that aliases repeat included. Default
    /// 10 million, which is some ten thousand large manifests and up to about a gigabyte of memory.
    pub max_values: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            duplicate_keys: DuplicateKeys::LastWins,
            max_bytes: 256 << 20,
            max_depth: 128,
            max_values: 10_000_000,
        }
    }
}

/// What to do about a key that stands twice in one mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateKeys {
    /// The last one counts, as in sigs.k8s.io/yaml's `Unmarshal`.
    LastWins,
    /// It is an error, as in sigs.k8s.io/yaml's `UnmarshalStrict` and for `kubectl apply --validate=strict`.
    Refuse,
}

/// One document of a text: its value, and where each part of it stands.
#[derive(Debug, Clone)]
pub struct Document {
    value: Value,
    root: node::Node,
}

impl Document {
    /// The value, nulls included.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value, nulls included.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The value at a path; `None` when there is none.
    pub fn at(&self, path: &FieldPath) -> Option<&Value> {
        path.segments()
            .iter()
            .try_fold(&self.value, |value, segment| match segment {
                Segment::Field(name) => value.get(name),
                Segment::Index(index) => value.get(index),
            })
    }

    /// Where the document's content starts.
    pub fn start(&self) -> Position {
        self.root.position()
    }

    /// Where the value at a path stands in the text; when there is no such value, where the innermost collection around
    /// it stands. A value that comes from an alias stands where the alias does, what is in it where it was written.
    ///
    /// Always `Some` for a document that was read from text.
    pub fn position(&self, path: &FieldPath) -> Option<Position> {
        let mut node = &self.root;
        for segment in path.segments() {
            match node.child(segment) {
                Some(child) => node = child,
                None => break,
            }
        }
        Some(node.position())
    }

    /// Where the key of the field at a path stands; `None` for list items, the root, and fields that do not exist.
    pub fn key_position(&self, path: &FieldPath) -> Option<Position> {
        let (last, way) = path.segments().split_last()?;
        let Segment::Field(name) = last else { return None };
        way.iter()
            .try_fold(&self.root, |node, segment| node.child(segment))?
            .key_position(name)
    }

    /// The bytes of the scalar at a path in the whole text that was read: with its quotes, without tag and anchor. For
    /// [`replace_scalar`].
    ///
    /// `None` for collections, for values that are not there or empty (`a:`), for blocks (`|` and `>`), and for what an alias or
    /// `<<` repeats.
    pub fn span(&self, path: &FieldPath) -> Option<Range<usize>> {
        path.segments()
            .iter()
            .try_fold(&self.root, |node, segment| node.child(segment))?
            .span()
    }

    /// Turns the document into a type.
    ///
    /// A field that is null counts as absent, as for Go; null inside of free-form values ([`Value`]) stays. Numbers do not
    /// become strings nor the other way round. The values of a document of the kind Secret do not appear in errors.
    ///
    /// # Errors
    /// The first field that does not fit, with its path and position. Inside of `#[serde(untagged)]`,
    /// `#[serde(tag = …)]` and `#[serde(flatten)]`ed parts, serde does not say which field it was: the error is then
    /// about the value around it.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(decode::Decoder::new(&self.value)).map_err(|failure| self.locate(failure))
    }

    fn locate(&self, failure: decode::Failure) -> DecodeError {
        let (path, at_key, problem) = failure.into_parts();
        let position = at_key
            .then(|| self.key_position(&path))
            .flatten()
            .or_else(|| self.position(&path))
            .unwrap_or_else(|| self.start());
        let problem = if self.value.get("kind").and_then(Value::as_str) == Some("Secret") {
            decode::redact(problem, self.at(&path))
        } else {
            problem
        };
        DecodeError {
            path,
            position,
            problem,
        }
    }
}
