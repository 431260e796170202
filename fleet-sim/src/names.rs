//! What names, namespaces, labels and finalizers an object may carry.

use serde_json::{Value, json};

use crate::kubernetes::{go_json, label_key_violations, label_value_violation, qualified_name_violations};
use crate::object;
use crate::resources::NameRule;
use crate::status::FieldError;

const MAX_SUBDOMAIN: usize = 253;
const MAX_LABEL: usize = 63;
/// All annotations of one object together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Finalizers of Kubernetes' own, which need no domain.
const STANDARD_FINALIZERS: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];

/// Checks the parts of the metadata that the caller chooses.
pub(crate) fn check_metadata(object: &Value, rule: NameRule, built_in: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let base = object::text(object, &["metadata", "generateName"]);
    if let Some(detail) = generated_name_violation(base, rule) {
        errors.push(FieldError::invalid("metadata.generateName", &json!(base), detail));
    }
    let name = object::name(object);
    if let Some(detail) = name_violation(name, rule) {
        errors.push(FieldError::invalid("metadata.name", &json!(name), detail));
    }
    for (key, value) in object::labels(object) {
        for detail in label_key_violations(key) {
            errors.push(FieldError::invalid("metadata.labels", &json!(key), detail));
        }
        if let Some(detail) = label_value_violation(value) {
            errors.push(FieldError::invalid("metadata.labels", &json!(value), detail));
        }
    }
    let annotations = object::meta(object, "annotations").and_then(Value::as_object);
    for (key, _) in annotations.into_iter().flatten() {
        for detail in qualified_name_violations(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &json!(key), detail));
        }
    }
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
    check_owners(object, &mut errors);
    let finalizers: Vec<&str> = object::finalizers(object).collect();
    for (index, finalizer) in finalizers.iter().enumerate() {
        if built_in && !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(finalizer) {
            let path = format!("metadata.finalizers[{index}]");
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(path, &json!(finalizer), detail));
        }
        for detail in qualified_name_violations(finalizer) {
            errors.push(FieldError::invalid(
                "metadata.finalizers",
                &json!(finalizer),
                detail,
            ));
        }
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(
            "metadata.finalizers",
            &json!(finalizers),
            detail,
        ));
    }
    errors
}

fn check_owners(object: &Value, errors: &mut Vec<FieldError>) {
    let mut controller: Option<String> = None;
    for owner in object::owners(object) {
        let fields = [
            ("apiVersion", owner.api_version, "version must not be empty"),
            ("kind", owner.kind, "must not be empty"),
            ("name", owner.name, "must not be empty"),
            ("uid", owner.uid, "must not be empty"),
        ];
        for (field, text, detail) in fields.into_iter().filter(|(_, text, _)| text.is_empty()) {
            let path = format!("metadata.ownerReferences.{field}");
            errors.push(FieldError::invalid(path, &json!(text), detail));
        }
        if owner.kind == "Event" && owner.api_version == "v1" {
            let owners = object::meta(object, "ownerReferences").and_then(Value::as_array);
            let shown = owners
                .into_iter()
                .flatten()
                .find(|found| found["kind"] == "Event");
            let shown = go_json("meta/v1.OwnerReference", shown.unwrap_or(&Value::Null));
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid_as("metadata.ownerReferences", &shown, detail));
        }
        if !owner.controls {
            continue;
        }
        let found = format!("{}/{}", owner.kind, owner.name);
        match &controller {
            Some(first) => {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and \
                     {found}"
                );
                let all = object::meta(object, "ownerReferences").and_then(Value::as_array);
                let shown = all
                    .into_iter()
                    .flatten()
                    .map(|owner| go_json("meta/v1.OwnerReference", owner));
                let shown = format!("[{}]", shown.collect::<Vec<_>>().join(","));
                errors.push(FieldError::invalid_as("metadata.ownerReferences", &shown, detail));
            }
            None => controller = Some(found),
        }
    }
}

/// What is wrong with the beginning of a generated name: what follows it is letters and digits.
fn generated_name_violation(base: &str, rule: NameRule) -> Option<String> {
    if base.is_empty() {
        return None;
    }
    let rest = base.strip_suffix('-').map(|rest| format!("{rest}a"));
    name_violation(rest.as_deref().unwrap_or(base), rule)
}

fn name_violation(name: &str, rule: NameRule) -> Option<String> {
    match rule {
        NameRule::Subdomain if name.len() > MAX_SUBDOMAIN => {
            Some(format!("must be no more than {MAX_SUBDOMAIN} characters"))
        }
        NameRule::Subdomain if !name.split('.').all(is_dns_label) => Some(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
             must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        ),
        NameRule::Label if name.len() > MAX_LABEL => Some(format!("must be no more than {MAX_LABEL} characters")),
        NameRule::Label if name.contains('.') && name.split('.').all(is_dns_label) => Some("must not contain dots".to_owned()),
        NameRule::Label if !is_dns_label(name) => Some(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
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
        assert!(bad("a.b", NameRule::Label) && !bad("1a", NameRule::Label));
        assert!(!bad("system:node", NameRule::PathSegment) && bad("a/b", NameRule::PathSegment));
        assert!(bad(&"a".repeat(254), NameRule::Subdomain));
    }
}
