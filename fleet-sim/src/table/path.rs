//! The part of `JSONPath` that printer columns use: `.status.conditions[?(@.type=="Ready")].status`.

use serde_json::Value;

/// A path that leads to one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
    /// The first item whose field is this text.
    Where(Vec<String>, String),
    /// The first item.
    Any,
}

impl JsonPath {
    /// None where the path says more than printer columns can.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        let mut steps = Vec::new();
        let mut rest = text.trim_start_matches('$');
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix('.') {
                let (field, tail) = field(tail);
                if field.is_empty() {
                    return None;
                }
                steps.push(Step::Field(field));
                rest = tail;
            } else {
                let inner = rest.strip_prefix('[')?;
                let end = inner.find(']')?;
                steps.push(bracket(&inner[..end])?);
                rest = &inner[end + 1..];
            }
        }
        Some(Self(steps))
    }

    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Field(key) => value.get(key),
            Step::Index(index) => value.get(index),
            Step::Any => value.as_array()?.first(),
            Step::Where(path, expected) => value.as_array()?.iter().find(|item| {
                let found = path.iter().try_fold(*item, |value, key| value.get(key));
                found.and_then(Value::as_str) == Some(expected)
            }),
        })
    }
}

/// A field's name, in which `\.` is a dot, and what follows it.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '.' | '[' => return (name, &text[at..]),
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            c => name.push(c),
        }
    }
    (name, "")
}

fn bracket(inner: &str) -> Option<Step> {
    if inner == "*" {
        return Some(Step::Any);
    }
    if let Ok(index) = inner.parse() {
        return Some(Step::Index(index));
    }
    let unquoted = |text: &str| {
        let text = text.trim();
        let quoted = text.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        Some(quoted.to_owned())
    };
    if let Some(key) = unquoted(inner) {
        return Some(Step::Field(key));
    }
    let condition = inner.strip_prefix("?(")?.strip_suffix(')')?;
    let (left, right) = condition.split_once("==")?;
    let left = left.trim().strip_prefix('@')?;
    let path = left
        .split('.')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    Some(Step::Where(path, unquoted(right)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_find_fields_items_and_conditions() {
        let object = json!({"spec": {"a": 1, "list": ["x", "y"]}, "metadata": {"annotations": {"a.b/c": "z"}},
            "status": {"conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}]}});
        for (path, expected) in [
            (".spec.a", json!(1)),
            (".spec.list[1]", json!("y")),
            (".metadata.annotations.a\\.b/c", json!("z")),
            (".metadata.annotations['a.b/c']", json!("z")),
            (".status.conditions[?(@.type==\"Ready\")].status", json!("True")),
        ] {
            assert_eq!(
                JsonPath::parse(path).unwrap().find(&object),
                Some(&expected),
                "{path}"
            );
        }
        assert_eq!(JsonPath::parse(".spec.none").unwrap().find(&object), None);
        assert_eq!(JsonPath::parse("..spec"), None);
    }
}
