//! Label selectors as Argo CD evaluates them, with the messages users see in an ApplicationSet's status.
//!
//! `fleet_core::Selector` selects clusters of a fleet and speaks in our words. Here the words are Kubernetes' own,
//! and there are two strictnesses: on the labels of cluster Secrets everything must be a valid label; on
//! parameters, where a value may be a URL, only keys must.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::go::{self, quoted};

/// A selector whose keys and operators are valid.
#[derive(Debug)]
pub(crate) struct Matcher {
    requirements: Vec<(String, Test)>,
}

#[derive(Debug)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Values must be valid label values.
    Labels,
    /// Values may be any text.
    Any,
}

impl Matcher {
    /// Reads a selector; the error is Kubernetes' message.
    pub(crate) fn new(selector: &LabelSelector, values: Values) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            requirements.push(requirement(key, Test::In(vec![value.clone()]), values)?);
        }
        for expression in selector.match_expressions.iter().flatten() {
            let listed = expression.values.clone().unwrap_or_default();
            let test = match expression.operator.as_str() {
                "In" => Test::In(listed),
                "NotIn" => Test::NotIn(listed),
                "Exists" if listed.is_empty() => Test::Exists,
                "DoesNotExist" if listed.is_empty() => Test::DoesNotExist,
                "Exists" | "DoesNotExist" => {
                    let unwanted = invalid(
                        "values",
                        &go::json(&listed.into()),
                        "values set must be empty for exists and does not exist",
                    );
                    return Err(aggregate(
                        key_problems(&expression.key).into_iter().chain([unwanted]),
                    ));
                }
                other => {
                    // Argo CD's copy of Kubernetes' code has kept an older text.
                    let whose = match values {
                        Values::Labels => "label",
                        Values::Any => "pod",
                    };
                    return Err(format!(
                        "{} is not a valid {whose} selector operator",
                        quoted(other)
                    ));
                }
            };
            requirements.push(requirement(&expression.key, test, values)?);
        }
        Ok(Self { requirements })
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|(key, test)| {
            let value = labels.get(key);
            match test {
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Test::Exists => value.is_some(),
                Test::DoesNotExist => value.is_none(),
            }
        })
    }
}

/// Whether a selector asks for nothing.
pub(crate) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().next().is_none()
        && selector.match_expressions.iter().flatten().next().is_none()
}

/// A requirement whose key and values are allowed, or all that is wrong with them.
fn requirement(key: &str, test: Test, values: Values) -> Result<(String, Test), String> {
    let mut problems: Vec<String> = key_problems(key).into_iter().collect();
    if let Test::In(listed) | Test::NotIn(listed) = &test {
        if listed.is_empty() {
            problems.push(invalid(
                "values",
                "null",
                "for 'in', 'notin' operators, values set can't be empty",
            ));
        }
        if values == Values::Labels {
            problems.extend(
                listed
                    .iter()
                    .enumerate()
                    .filter_map(|(index, value)| value_problem(key, index, value)),
            );
        }
    }
    if problems.is_empty() {
        Ok((key.to_owned(), test))
    } else {
        Err(aggregate(problems))
    }
}

/// Several errors as Kubernetes prints them together.
fn aggregate(problems: impl IntoIterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for problem in problems {
        if !distinct.contains(&problem) {
            distinct.push(problem);
        }
    }
    match distinct.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn invalid(field: &str, value: &str, message: &str) -> String {
    format!("{field}: Invalid value: {value}: {message}")
}

/// What is wrong with a key, all in one.
fn key_problems(key: &str) -> Option<String> {
    let mut problems = Vec::new();
    let name = match key.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            problems.push(format!(
                "a valid label key {NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            None
        }
        Some((prefix, name)) => {
            if prefix.is_empty() {
                problems.push("prefix part must be non-empty".to_owned());
            } else {
                if prefix.len() > 253 {
                    problems.push("prefix part must be no more than 253 bytes".to_owned());
                }
                if !prefix.split('.').all(is_dns_label) {
                    problems.push(format!("prefix part {SUBDOMAIN_RULE}"));
                }
            }
            Some(name)
        }
        None => Some(key),
    };
    if let Some(name) = name {
        if name.is_empty() {
            problems.push("name part must be non-empty".to_owned());
        } else if name.len() > 63 {
            problems.push("name part must be no more than 63 bytes".to_owned());
        }
        if !is_label_text(name) {
            problems.push(format!("name part {NAME_RULE}"));
        }
    }
    (!problems.is_empty()).then(|| invalid("key", &quoted(key), &problems.join("; ")))
}

fn value_problem(key: &str, index: usize, value: &str) -> Option<String> {
    let mut problems = Vec::new();
    if value.len() > 63 {
        problems.push("must be no more than 63 bytes");
    }
    if !value.is_empty() && !is_label_text(value) {
        problems.push(VALUE_RULE);
    }
    let field = format!("values[{index}][{key}]");
    (!problems.is_empty()).then(|| invalid(&field, &quoted(value), &problems.join("; ")))
}

fn is_label_text(text: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn is_dns_label(label: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = label.as_bytes();
    alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
    or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
    is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matcher(selector: serde_json::Value, values: Values) -> Result<Matcher, String> {
        Matcher::new(&serde_json::from_value(selector).unwrap(), values)
    }

    #[test]
    fn requirements_are_all_needed() {
        let labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"env": "prod"}}), true),
            (json!({"matchLabels": {"env": "prod", "tier": "gold"}}), false),
            (
                json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "env", "operator": "Exists"}]}),
                true,
            ),
        ] {
            assert_eq!(
                matcher(selector.clone(), Values::Labels)
                    .unwrap()
                    .matches(&labels),
                expected,
                "{selector}"
            );
        }
    }

    #[test]
    fn parameters_may_have_any_value_but_labels_may_not() {
        let url = json!({"matchLabels": {"server": "https://a"}});
        assert!(matcher(url.clone(), Values::Any).is_ok());
        assert!(
            matcher(url, Values::Labels)
                .unwrap_err()
                .starts_with("values[0][server]: Invalid value")
        );
    }

    #[test]
    fn keys_are_qualified_names() {
        for key in ["a b", "", "/x", "UPPER.example/x", "a/b/c", "-a"] {
            assert!(
                matcher(json!({"matchLabels": {key: "x"}}), Values::Any).is_err(),
                "{key}"
            );
        }
        assert!(
            matcher(
                json!({"matchLabels": {"metadata.labels.env": "x", "a.b/c_d": "x"}}),
                Values::Any
            )
            .is_ok()
        );
    }
}
