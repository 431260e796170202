//! Where a field of a policy stands, so that a refusal can point at it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A field of a policy, and where it was written.
///
/// Prints as `to-1.31.yaml:12:7: spec.stages[1].selector`; without the part before the path for a policy that was made
/// in code, without the file for one that was read from a text without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The field's path, such as `spec.stages[1].selector`. Empty for the document as a whole.
    pub path: String,
    /// The file, as its reader named it.
    pub file: Option<Arc<str>>,
    /// Line and column, both counted from 1.
    pub position: Option<(u64, u64)>,
}

impl Place {
    #[cfg(feature = "yaml")]
    pub(crate) fn new(file: Option<Arc<str>>, position: Option<(u64, u64)>, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            file,
            position,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            separator = ":";
        }
        if let Some((line, column)) = self.position {
            let name = if self.file.is_some() { ":" } else { "line " };
            write!(f, "{name}{line}:{column}")?;
            separator = ":";
        }
        if self.path.is_empty() {
            return Ok(());
        }
        if !separator.is_empty() {
            write!(f, "{separator} ")?;
        }
        f.write_str(&self.path)
    }
}

/// Where the fields of one policy were written. Empty for a policy made in code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    file: Option<Arc<str>>,
    positions: BTreeMap<String, (u64, u64)>,
}

impl Source {
    #[cfg(feature = "yaml")]
    pub(crate) fn new(file: Option<Arc<str>>, positions: BTreeMap<String, (u64, u64)>) -> Self {
        Self { file, positions }
    }

    pub(crate) fn place(&self, path: String) -> Place {
        let mut known = path.as_str();
        let position = loop {
            if let Some(position) = self.positions.get(known) {
                break Some(*position);
            }
            match known.rfind(['.', '[']) {
                Some(end) => known = &known[..end],
                None => break self.positions.get("").copied(),
            }
        };
        Place {
            path,
            file: self.file.clone(),
            position,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source {
            file: Some("to-1.31.yaml".into()),
            positions: BTreeMap::from([(String::new(), (1, 1)), ("spec.stages[1]".to_owned(), (12, 5))]),
        }
    }

    #[test]
    fn a_field_left_out_is_placed_at_the_nearest_one_around_it() {
        let place = source().place("spec.stages[1].pick.count".to_owned());
        assert_eq!(place.to_string(), "to-1.31.yaml:12:5: spec.stages[1].pick.count");
        assert_eq!(source().place("spec.hops".to_owned()).position, Some((1, 1)));
    }

    #[test]
    fn prints_only_what_is_known() {
        assert_eq!(
            Source::default().place("spec.target".to_owned()).to_string(),
            "spec.target"
        );
        let unnamed = Place {
            path: "spec".to_owned(),
            file: None,
            position: Some((2, 3)),
        };
        assert_eq!(unnamed.to_string(), "line 2:3: spec");
        let whole = Place {
            path: String::new(),
            file: Some("a.yaml".into()),
            position: None,
        };
        assert_eq!(whole.to_string(), "a.yaml");
    }
}
