//! Field selectors: `metadata.name=a,spec.nodeName!=b`.

use serde_json::Value;

use crate::status::{ApiError, ApiResult};
use crate::store::Stored;

/// Conditions on an object's fields. All must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    path: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let mut terms = Vec::new();
        for term in split_terms(text).into_iter().filter(|term| !term.is_empty()) {
            let (path, value, equal) = if let Some((path, value)) = term.split_once("!=") {
                (path, value, false)
            } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (path, value, true)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                )));
            };
            terms.push(Term {
                path: path.to_owned(),
                value: unescape(value),
                equal,
            });
        }
        Ok(Self(terms))
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses paths that this kind does not select by. Kinds with nothing but the standard paths say so.
    pub(crate) fn check(&self, selectable: impl Fn(&str) -> bool, standard: bool) -> ApiResult<()> {
        match self.0.iter().find(|term| {
            !matches!(term.path.as_str(), "metadata.name" | "metadata.namespace") && !selectable(&term.path)
        }) {
            Some(term) if standard => Err(ApiError::bad_request(format!(
                "{:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                term.path
            ))),
            Some(term) => Err(ApiError::bad_request(format!(
                "field label not supported: {}",
                term.path
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn matches(&self, object: &Stored) -> bool {
        let mut parsed: Option<Value> = None;
        self.0.iter().all(|term| {
            let equal = match term.path.as_str() {
                "metadata.name" => object.name() == term.value,
                "metadata.namespace" => object.namespace() == term.value,
                path => {
                    let value = parsed.get_or_insert_with(|| object.value());
                    text_at(value, path) == term.value
                }
            };
            equal == term.equal
        })
    }
}

/// The text at a dotted path; absent fields count as empty, as Go's zero values do.
fn text_at(value: &Value, path: &str) -> String {
    let found = path
        .split('.')
        .filter(|part| !part.is_empty())
        .try_fold(value, |value, part| value.get(part));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut escaped = false;
    for c in value.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_split_at_bare_commas_only() {
        let selector = FieldSelector::parse(r"metadata.name=a\,b,spec.x!=y").unwrap();
        assert_eq!(selector.0.len(), 2);
        assert_eq!(selector.0[0].value, "a,b");
        assert!(FieldSelector::parse("metadata.name").is_err());
        assert!(selector.check(|path| path == "spec.x", false).is_ok());
        assert!(selector.check(|_| false, false).is_err());
    }
}
