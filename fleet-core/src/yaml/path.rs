//! Where in a document a value stands: `spec.stages[2].selector`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The way from a document's root to one of its values.
///
/// # Printing and reading
///
/// Fields are joined by dots and list items stand in brackets: `spec.stages[2].selector`. A field whose name has other
/// characters than letters, digits, `_` and `-` is quoted in brackets: `metadata.labels["app.kubernetes.io/name"]`.
/// The root prints as `.`. [`FromStr`] reads what printing gives.
///
/// ```
/// use fleet_core::yaml::FieldPath;
///
/// let path = FieldPath::root().field("metadata").field("labels").field("app.kubernetes.io/name");
/// assert_eq!(path.to_string(), r#"metadata.labels["app.kubernetes.io/name"]"#);
/// assert_eq!(path.to_string().parse::<FieldPath>()?, path);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    segments: Vec<Segment>,
}

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // A YAML collection is a mapping or a sequence; there will be no third.
pub enum Segment {
    /// Into a mapping, by key.
    Field(String),
    /// Into a sequence, by index from 0.
    Index(usize),
}

impl FieldPath {
    /// The document itself.
    pub const fn root() -> Self {
        Self { segments: Vec::new() }
    }

    /// The value of this field of the mapping here.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.segments.push(Segment::Field(name.into()));
        self
    }

    /// The item at this index (from 0) of the sequence here.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.segments.push(Segment::Index(index));
        self
    }

    /// The steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it is the document itself.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The collection that holds the value; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, segments) = self.segments.split_last()?;
        Some(Self {
            segments: segments.to_vec(),
        })
    }
}

impl From<Vec<Segment>> for FieldPath {
    fn from(segments: Vec<Segment>) -> Self {
        Self { segments }
    }
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        let refuse = |rest: &str| FieldPathError {
            found: text.to_owned(),
            at: text.len() - rest.len() + 1,
        };
        let mut segments = Vec::new();
        if text == "." {
            return Ok(Self::root());
        }
        let mut rest = text;
        loop {
            if let Some(bracket) = rest.strip_prefix('[') {
                // A quoted name may hold a bracket itself, so the end is what JSON says it is.
                let mut json = serde_json::Deserializer::from_str(bracket).into_iter::<serde_json::Value>();
                let step = match json.next() {
                    Some(Ok(serde_json::Value::String(name))) => Segment::Field(name),
                    Some(Ok(serde_json::Value::Number(number))) => number
                        .as_u64()
                        .and_then(|index| usize::try_from(index).ok())
                        .map(Segment::Index)
                        .ok_or_else(|| refuse(rest))?,
                    _ => return Err(refuse(rest)),
                };
                let after = &bracket[json.byte_offset()..];
                rest = after.strip_prefix(']').ok_or_else(|| refuse(after))?;
                segments.push(step);
            } else {
                let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                if name.is_empty() {
                    return Err(refuse(rest));
                }
                segments.push(Segment::Field(name.to_owned()));
                rest = after;
            }
            if rest.is_empty() {
                return Ok(Self { segments });
            }
            if let Some(after) = rest.strip_prefix('.') {
                if after.starts_with('[') {
                    return Err(refuse(after));
                }
                rest = after;
            } else if !rest.starts_with('[') {
                return Err(refuse(rest));
            }
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (place, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Field(name) if !name.is_empty() && name.chars().all(is_plain) => {
                    if place > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                Segment::Field(name) => write!(f, "[{}]", serde_json::Value::from(name.as_str()))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is not a field path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a field path: a name, `[index]` or `[\"name\"]` is expected at character {at}")]
pub struct FieldPathError {
    /// The text.
    pub found: String,
    /// The byte where reading stopped, from 1.
    pub at: usize,
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_not_a_path() {
        for text in [
            "", "a..b", "a[", "a[x]", "a[-1]", "a[1", "a.[1]", "a b", "a[1]b", ".a",
        ] {
            assert!(text.parse::<FieldPath>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(steps in prop::collection::vec(prop_oneof![
            any::<usize>().prop_map(Segment::Index),
            ".{0,6}".prop_map(Segment::Field),
            "[a-zA-Z]{1,6}".prop_map(Segment::Field),
        ], 0..5)) {
            let path = FieldPath::from(steps);
            prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path);
        }

        #[test]
        fn never_panics(text in r#"[a.\[\]"0-9é\\]{0,12}"#) {
            let _ = text.parse::<FieldPath>();
        }
    }
}
