//! What names, namespaces, labels and finalizers an object may carry.

use fleet_core::Labels;
use serde_json::{Value, json};

use crate::object;
use crate::resources::NameRule;
use crate::status::FieldError;

const MAX_SUBDOMAIN: usize = 253;
const MAX_LABEL: usize = 63;
/// All annotations of one object together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Checks the parts of the metadata that the caller chooses.
pub(crate) fn check_metadata(object: &Value, rule: NameRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = object::name(object);
    if let Some(detail) = name_violation(name, rule) {
        errors.push(FieldError::invalid("metadata.name", &json!(name), detail));
    }
    if let Some(labels) = object::meta(object, "labels").and_then(Value::as_object) {
        for (key, value) in labels {
            let Some(value) = value.as_str() else {
                let detail = "must be a string";
                errors.push(FieldError::invalid(
                    format!("metadata.labels[{key}]"),
                    value,
                    detail,
                ));
                continue;
            };
            if let Err(error) = Labels::from_pairs([(key.as_str(), value)]) {
                errors.push(FieldError::invalid(
                    "metadata.labels",
                    &json!(value),
                    error.to_string(),
                ));
            }
        }
    }
    let annotations = object::meta(object, "annotations").and_then(Value::as_object);
    let size: usize = annotations
        .into_iter()
        .flatten()
        .map(|(key, value)| key.len() + value.as_str().unwrap_or_default().len())
        .sum();
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(
            "metadata.annotations",
            MAX_ANNOTATIONS as u64,
        ));
    }
    for (index, owner) in object::owners(object).enumerate() {
        let fields = [
            ("apiVersion", owner.api_version),
            ("kind", owner.kind),
            ("name", owner.name),
            ("uid", owner.uid),
        ];
        for (field, text) in fields {
            if text.is_empty() {
                let path = format!("metadata.ownerReferences[{index}].{field}");
                errors.push(FieldError::invalid(
                    path,
                    &json!(text),
                    format!("{field} must not be empty"),
                ));
            }
        }
    }
    errors
}

fn name_violation(name: &str, rule: NameRule) -> Option<String> {
    match rule {
        NameRule::Subdomain if name.len() > MAX_SUBDOMAIN => {
            Some(format!("must be no more than {MAX_SUBDOMAIN} bytes"))
        }
        NameRule::Subdomain if !name.split('.').all(is_dns_label) => Some(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
             must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        ),
        NameRule::Label | NameRule::Label1035 if name.len() > MAX_LABEL => {
            Some(format!("must be no more than {MAX_LABEL} bytes"))
        }
        NameRule::Label if !is_dns_label(name) => Some(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        ),
        NameRule::Label1035 if !is_dns_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) => Some(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
             validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        ),
        NameRule::PathSegment if matches!(name, "." | "..") => Some(format!("may not be '{name}'")),
        NameRule::PathSegment => {
            name.find(['/', '%']).map(|at| format!("may not contain '{}'", &name[at..=at]))
        }
        _ => None,
    }
}

fn is_dns_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_takes_its_names_only() {
        let bad = |name, rule| name_violation(name, rule).is_some();
        assert!(!bad("a.b-c.1", NameRule::Subdomain) && bad("a..b", NameRule::Subdomain));
        assert!(
            bad("A", NameRule::Subdomain) && bad("-a", NameRule::Subdomain) && bad("", NameRule::Subdomain)
        );
        assert!(bad("a.b", NameRule::Label) && !bad("1a", NameRule::Label) && bad("1a", NameRule::Label1035));
        assert!(!bad("system:node", NameRule::PathSegment) && bad("a/b", NameRule::PathSegment));
        assert!(bad(&"a".repeat(254), NameRule::Subdomain));
    }
}
