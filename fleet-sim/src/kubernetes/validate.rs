//! What Kubernetes' own validation refuses in objects of built-in types, in its words.

mod immutable;
mod kinds;
mod pods;
mod text;

use serde_json::{Map, Value};

use super::{go_json, quantity, walk};
use crate::status::FieldError;

pub(crate) use text::{label_key_violations, label_value_violation, qualified_name_violations};

/// All violations of an object, and of the change from `old` to it. Metadata is checked elsewhere.
pub(crate) fn validate(go_type: &str, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut found = Violations::default();
    if let Some(old) = old {
        immutable::check(go_type, object, old, &mut found);
    }
    contents(go_type, object, &mut found);
    // A changed job is checked as a job, and then as the change of one.
    if old.is_some() && go_type == "batch/v1.Job" {
        contents(go_type, object, &mut found);
    }
    found.0
}

fn contents(go_type: &str, object: &Value, found: &mut Violations) {
    kinds::check(go_type, object, found);
    walk::visit(go_type, object, &mut String::new(), &mut |name, fields, path| {
        if !path.starts_with("status") && !path.starts_with("metadata") {
            pods::check(name, fields, path, go_type, found);
            common(name, fields, path, found);
        }
    });
}

/// Violations found so far, in order.
#[derive(Debug, Default)]
struct Violations(Vec<FieldError>);

impl Violations {
    fn required(&mut self, path: String, detail: &str) {
        self.0.push(FieldError::required(path, detail));
    }

    fn invalid(&mut self, path: String, value: &Value, detail: &str) {
        self.0.push(FieldError::invalid(path, value, detail));
    }

    /// A struct in Go's own order of fields.
    fn invalid_struct(&mut self, path: String, go_type: &str, value: &Value, detail: &str) {
        self.0
            .push(FieldError::invalid_as(path, &go_json(go_type, value), detail));
    }

    fn forbidden(&mut self, path: String, detail: &str) {
        self.0.push(FieldError::forbidden(path, detail));
    }

    fn duplicate(&mut self, path: String, value: &Value) {
        self.0.push(FieldError::duplicate(path, value));
    }

    fn duplicate_as(&mut self, path: String, shown: &str) {
        self.0.push(FieldError::duplicate_as(path, shown));
    }

    fn not_supported_as(&mut self, path: String, shown: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|value| (*value).to_owned()).collect();
        self.0.push(FieldError::not_supported_as(path, shown, &supported));
    }

    fn not_supported(&mut self, path: String, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|value| (*value).to_owned()).collect();
        self.0.push(FieldError::not_supported(path, value, &supported));
    }

    /// An enumerated field that must be there and be one of these.
    fn one_of(&mut self, fields: &Map<String, Value>, path: &str, key: &str, supported: &[&str]) {
        match fields.get(key) {
            Some(Value::String(text)) if supported.contains(&text.as_str()) => {}
            Some(value) if !value.is_null() && *value != "" => {
                self.not_supported(under(path, key), value, supported);
            }
            _ => self.required(under(path, key), ""),
        }
    }

    /// The same, where it may be absent.
    fn one_of_if_set(&mut self, fields: &Map<String, Value>, path: &str, key: &str, supported: &[&str]) {
        if fields.get(key).is_some_and(|value| !value.is_null()) {
            self.one_of(fields, path, key, supported);
        }
    }

    fn not_negative(&mut self, fields: &Map<String, Value>, path: &str, keys: &[&str]) {
        for key in keys {
            if let Some(value) = fields.get(*key)
                && value.as_i64().is_some_and(|number| number < 0)
            {
                self.invalid(under(path, key), value, "must be greater than or equal to 0");
            }
        }
    }

    fn dns_label(&mut self, path: String, value: &Value) {
        if let Some(detail) = value.as_str().and_then(text::dns_label_violation) {
            self.invalid(path, value, &detail);
        }
    }

    fn port_number(&mut self, path: String, value: &Value) {
        if value
            .as_i64()
            .is_none_or(|number| !(1..=65_535).contains(&number))
        {
            self.invalid(path, value, "must be between 1 and 65535, inclusive");
        }
    }

    /// A port by its number or its name.
    fn port(&mut self, path: String, value: Option<&Value>) {
        match value {
            Some(Value::String(name)) => {
                for detail in text::port_name_violations(name) {
                    self.invalid(path.clone(), &Value::from(name.as_str()), detail);
                }
            }
            Some(number) => self.port_number(path, number),
            None => {}
        }
    }

    fn labels(&mut self, path: &str, labels: Option<&Value>) {
        for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
            for detail in label_key_violations(key) {
                self.invalid(path.to_owned(), &Value::from(key.as_str()), &detail);
            }
            if let Some(detail) = value.as_str().and_then(label_value_violation) {
                self.invalid(path.to_owned(), value, detail);
            }
        }
    }
}

fn under(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn text_of<'a>(fields: &'a Map<String, Value>, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Structs that occur in many kinds.
fn common(name: &str, fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    match name {
        "meta/v1.LabelSelector" => found.labels(&under(path, "matchLabels"), fields.get("matchLabels")),
        "meta/v1.LabelSelectorRequirement" => {
            let values = fields.get("values").and_then(Value::as_array).map_or(0, Vec::len);
            match text_of(fields, "operator") {
                "In" | "NotIn" if values == 0 => found.required(
                    under(path, "values"),
                    "must be specified when `operator` is 'In' or 'NotIn'",
                ),
                "Exists" | "DoesNotExist" if values > 0 => found.forbidden(
                    under(path, "values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                ),
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                other => found.invalid(
                    under(path, "operator"),
                    &Value::from(other),
                    "not a valid selector operator",
                ),
            }
            let key = text_of(fields, "key");
            for detail in label_key_violations(key) {
                found.invalid(under(path, "key"), &Value::from(key), &detail);
            }
        }
        "core/v1.ResourceRequirements" => resources(fields, path, found),
        _ => {}
    }
}

fn resources(fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    let amounts = |list: &str| {
        fields
            .get(list)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, amount)| Some((name, quantity::nano(amount.as_str()?)?, amount)))
            .collect::<Vec<_>>()
    };
    let limits = amounts("limits");
    for (list, amounts) in [("limits", &limits), ("requests", &amounts("requests"))] {
        for (name, nano, amount) in amounts {
            let place = format!("{}[{name}]", under(path, list));
            let native = !name.contains('/');
            if native
                && !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")
                && !name.starts_with("hugepages-")
            {
                let value = Value::from(name.as_str());
                found.invalid(
                    place.clone(),
                    &value,
                    "must be a standard resource type or fully qualified",
                );
                found.invalid(
                    place.clone(),
                    &value,
                    "must be a standard resource for containers",
                );
            }
            if *nano < 0 {
                found.invalid(place.clone(), amount, "must be greater than or equal to 0");
            }
            if list == "requests"
                && let Some((_, limit, shown)) = limits.iter().find(|(limited, ..)| limited == name)
                && nano > limit
            {
                let limit = shown.as_str().unwrap_or_default();
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                found.invalid(under(path, list), amount, &detail);
            }
        }
    }
}
