//! Changing one scalar of a text and nothing else: comments, layout and order stay as people wrote them.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::error::{ReplaceProblem, YamlError};
use super::path::Segment;
use super::write::{double_quoted, single_line, single_quoted};
use super::{ReadOptions, documents_with};

/// Replaces one scalar of a text and returns the new text.
///
/// The span is one that [`Document::span`](super::Document::span) gave for the same text. A string that replaces a quoted
/// string is quoted the same way; one that replaces a plain scalar stays plain where that reads back as the same string.
///
/// The new text is read again before it is returned: exactly that value has changed, or there is an error. So a scalar
/// whose anchor is used elsewhere is refused.
///
/// ```
/// use fleet_core::yaml::{self, FieldPath};
///
/// let text = "spec:\n  version: 'v1.30.0' # the fleet's\n  replicas: 3\n";
/// let document = &yaml::documents(text)?[0];
/// let span = document.span(&"spec.version".parse()?).ok_or("no version")?;
/// let text = yaml::replace_scalar(text, span, "v1.31.0")?;
/// assert_eq!(text, "spec:\n  version: 'v1.31.0' # the fleet's\n  replicas: 3\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`YamlError::Replace`] when no scalar has that span, the new value is a collection, or other values would change; what
/// [`documents`](super::documents) says when the text itself cannot be read.
pub fn replace_scalar(text: &str, span: Range<usize>, value: impl Into<Value>) -> Result<String, YamlError> {
    let value = value.into();
    if value.is_array() || value.is_object() {
        return Err(YamlError::Replace(ReplaceProblem::NotScalar));
    }
    let options = ReadOptions::default();
    let before = documents_with(text, &options)?;
    let found = before.iter().enumerate().find_map(|(index, document)| {
        let mut way = Vec::new();
        document.root.find(&span, &mut way).then_some((index, way))
    });
    let (Some((index, way)), Some(old)) = (found, text.get(span.clone())) else {
        return Err(YamlError::Replace(ReplaceProblem::NoScalar));
    };
    let mut expected: Vec<Value> = before.into_iter().map(super::Document::into_value).collect();
    if let Some(place) = expected.get_mut(index).and_then(|document| place(document, &way)) {
        *place = value.clone();
    }
    let new: Cow<'_, str> = match &value {
        Value::String(text) if old.starts_with('"') => Cow::Owned(double_quoted(text)),
        Value::String(text) if old.starts_with('\'') => {
            Cow::Owned(single_quoted(text).unwrap_or_else(|| double_quoted(text)))
        }
        value => single_line(value),
    };
    let edited = [&text[..span.start], &new, &text[span.end..]].concat();
    let after: Vec<Value> = documents_with(&edited, &options)?
        .into_iter()
        .map(super::Document::into_value)
        .collect();
    // A document that has become null is not there any more.
    expected.retain(|document| !document.is_null());
    if after == expected {
        Ok(edited)
    } else {
        Err(YamlError::Replace(ReplaceProblem::NotAlone))
    }
}

fn place<'v>(value: &'v mut Value, way: &[Segment]) -> Option<&'v mut Value> {
    way.iter().try_fold(value, |value, segment| match segment {
        Segment::Field(name) => value.get_mut(name),
        Segment::Index(index) => value.get_mut(index),
    })
}
