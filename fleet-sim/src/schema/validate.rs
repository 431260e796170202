//! Holds an object against its schema, and says what is wrong in kube-apiserver's words.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use super::{JsonType, ListType, Schema, field, type_of};
use crate::status::FieldError;

impl Schema {
    /// All violations, in the order of the schema.
    pub(crate) fn validate(&self, value: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !self.built_in {
            self.check(value, &mut String::new(), &mut errors);
        }
        errors
    }

    /// `path` is one buffer for the whole walk: it is as it was when this returns.
    fn check(&self, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
        if value.is_null() && (self.nullable || self.json_type.is_none()) {
            return;
        }
        if !self.check_type(value, path, errors) {
            return;
        }
        match value {
            Value::Object(_) => self.check_object(value, path, errors),
            Value::Array(items) => self.check_array(items, path, errors),
            Value::String(text) => self.check_string(text, value, path, errors),
            Value::Number(_) => self.check_number(value, path, errors),
            Value::Bool(_) | Value::Null => {}
        }
        self.check_combinations(value, path, errors);
    }

    fn check_type(&self, value: &Value, path: &str, errors: &mut Vec<FieldError>) -> bool {
        let fits = if self.int_or_string {
            JsonType::Integer.is_of(value) || JsonType::String.is_of(value)
        } else {
            self.json_type.is_none_or(|json_type| json_type.is_of(value))
        };
        if !fits {
            let expected = match self.json_type {
                Some(json_type) if !self.int_or_string => json_type.as_str(),
                _ => "integer,string",
            };
            let mut found = type_of(value);
            let mut expected = expected;
            if let Some(format @ ("int32" | "int64")) = self.rules.format.as_deref()
                && value.is_number()
            {
                let detail = format!("Checked value must be of type integer with format {format} in {path}");
                errors.push(FieldError::invalid_as("<nil>", "\"\"", detail));
                (found, expected) = ("float64", format);
            }
            let detail = format!("{path} in body must be of type {expected}: \"{found}\"");
            errors.push(FieldError::type_invalid(path, found, detail));
        }
        fits
    }

    fn check_object(&self, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
        let Some(fields) = value.as_object() else { return };
        for key in self.required.iter().filter(|key| !fields.contains_key(*key)) {
            errors.push(FieldError::required(field(path, key), ""));
        }
        if let Some(least) = self
            .rules
            .min_properties
            .filter(|least| count(fields.len()) < *least)
        {
            let detail = format!("{path} in body should have at least {least} properties");
            errors.push(FieldError::invalid(path.as_str(), value, detail));
        }
        if let Some(most) = self
            .rules
            .max_properties
            .filter(|most| count(fields.len()) > *most)
        {
            errors.push(FieldError::too_many(path.as_str(), fields.len(), most));
        }
        for (key, child) in fields {
            if let (Some(schema), _) = self.child(key) {
                let end = path.len();
                if end > 0 {
                    path.push('.');
                }
                path.push_str(key);
                schema.check(child, path, errors);
                path.truncate(end);
            }
        }
    }

    fn check_array(&self, items: &[Value], path: &mut String, errors: &mut Vec<FieldError>) {
        if let Some(least) = self.rules.min_items.filter(|least| count(items.len()) < *least) {
            let detail = format!("{path} in body should have at least {least} items");
            errors.push(FieldError::invalid(
                path.as_str(),
                &Value::from(items.len()),
                detail,
            ));
        }
        if let Some(most) = self.rules.max_items.filter(|most| count(items.len()) > *most) {
            errors.push(FieldError::too_many(path.as_str(), items.len(), most));
        }
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let end = path.len();
            // Writing to a String does not fail.
            let _ = write!(path, "[{index}]");
            let identity = match &self.list_type {
                ListType::Atomic if self.rules.unique_items => Some(item.clone()),
                ListType::Atomic => None,
                ListType::Set => Some(item.clone()),
                ListType::Map(keys) => {
                    let pairs = keys
                        .iter()
                        .filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
                    Some(Value::Object(pairs.collect()))
                }
            };
            if let Some(identity) = identity
                && !seen.insert(identity.to_string())
            {
                errors.push(FieldError::duplicate(path.as_str(), &identity));
            }
            if let Some(schema) = &self.items {
                schema.check(item, path, errors);
            }
            path.truncate(end);
        }
    }

    fn check_string(&self, text: &str, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
        let length = count(text.chars().count());
        if let Some(least) = self.rules.min_length.filter(|least| length < *least) {
            let detail = format!("{path} in body should be at least {least} chars long");
            errors.push(FieldError::invalid(path, value, detail));
        }
        if let Some(most) = self.rules.max_length.filter(|most| length > *most) {
            errors.push(FieldError::too_long(path, most));
        }
        if let Some(pattern) = self
            .rules
            .pattern
            .as_ref()
            .filter(|pattern| !pattern.is_match(text))
        {
            let detail = format!("{path} in body should match '{pattern}'");
            errors.push(FieldError::invalid(path, value, detail));
        }
        if self.rules.format.as_deref() == Some("date-time") && text.parse::<Timestamp>().is_err() {
            let detail = format!("{path} in body must be of type date-time: {value}");
            errors.push(FieldError {
                reason: "FieldValueTypeInvalid",
                ..FieldError::invalid(path, value, detail)
            });
        }
    }

    fn check_number(&self, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
        if let Some((least, exclusive)) = &self.rules.minimum {
            let order = compare(value, least);
            if order == Ordering::Less || (*exclusive && order == Ordering::Equal) {
                let or_equal = if *exclusive { "" } else { " or equal to" };
                let detail = format!("{path} in body should be greater than{or_equal} {least}");
                errors.push(FieldError::invalid(path, value, detail));
            }
        }
        if let Some((most, exclusive)) = &self.rules.maximum {
            let order = compare(value, most);
            if order == Ordering::Greater || (*exclusive && order == Ordering::Equal) {
                let or_equal = if *exclusive { "" } else { " or equal to" };
                let detail = format!("{path} in body should be less than{or_equal} {most}");
                errors.push(FieldError::invalid(path, value, detail));
            }
        }
        if let (Some(step), Some(number)) = (self.rules.multiple_of, value.as_f64())
            && step > 0.0
            && (number / step).fract().abs() > f64::EPSILON
        {
            let detail = format!("{path} in body should be a multiple of {step}");
            errors.push(FieldError::invalid(path, value, detail));
        }
    }

    fn check_combinations(&self, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
        let rules = &self.rules;
        if let Some(allowed) = rules
            .one_of_values
            .as_ref()
            .filter(|allowed| !allowed.contains(value))
        {
            let supported: Vec<String> = allowed
                .iter()
                .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                .collect();
            errors.push(FieldError::not_supported(path.as_str(), value, &supported));
        }
        for schema in &rules.all_of {
            schema.check(value, path, errors);
        }
        let fits = |schema: &Self| {
            let mut found = Vec::new();
            schema.check(value, &mut String::new(), &mut found);
            found.is_empty()
        };
        if !rules.any_of.is_empty() && !rules.any_of.iter().any(fits) {
            let detail = format!("{path} in body must validate at least one schema (anyOf)");
            errors.push(FieldError::invalid(path.as_str(), value, detail));
        }
        if !rules.one_of.is_empty() && rules.one_of.iter().filter(|schema| fits(schema)).count() != 1 {
            let detail = format!("{path} in body must validate one and only one schema (oneOf)");
            errors.push(FieldError::invalid(path.as_str(), value, detail));
        }
        if rules.not.as_deref().is_some_and(fits) {
            let detail = format!("{path} in body must not validate the schema (not)");
            errors.push(FieldError::invalid(path.as_str(), value, detail));
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Integers by their digits, everything else as floats.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(definition: &Value, value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        let schema = Schema::compile(&json!({"properties": {"spec": definition}}), "", &mut errors);
        assert_eq!(errors, []);
        let object = json!({"spec": value});
        schema
            .validate(&object)
            .into_iter()
            .map(|e| format!("{}: {}", e.field, e.body))
            .collect()
    }

    #[test]
    fn each_rule_is_told_in_the_servers_words() {
        let definition = json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"},
            "replicas": {"type": "integer", "minimum": 1, "maximum": 9},
            "mode": {"type": "string", "enum": ["A", "B"]},
            "zone": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
            "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "ids": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        }});
        let value = json!({"replicas": 0, "mode": "C", "zone": "EU-1", "port": true, "ids": ["a", "a"]});
        assert_eq!(
            messages(&definition, &value),
            [
                "spec.name: Required value",
                "spec.ids[1]: Duplicate value: \"a\"",
                "spec.mode: Unsupported value: \"C\": supported values: \"A\", \"B\"",
                "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"",
                "spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1",
                "spec.zone: Too long: may not be more than 3 bytes",
                "spec.zone: Invalid value: \"EU-1\": spec.zone in body should match '^[a-z]+$'",
            ]
        );
        assert_eq!(
            messages(&definition, &json!({"name": "x", "port": 80, "replicas": 9})),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_wrong_type_stops_the_descent() {
        let definition = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        assert_eq!(
            messages(&definition, &json!({"a": "x"})),
            ["spec.a: Invalid value: \"string\": spec.a in body must be of type integer: \"string\""]
        );
        assert_eq!(messages(&definition, &json!([])).len(), 1);
    }
}
