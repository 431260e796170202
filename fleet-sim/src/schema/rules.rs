//! Rules in the Common Expression Language: `x-kubernetes-validations`.
//!
//! Evaluated with the feature `cel`, which is on by default; without it, rules are kept and not looked at. The language
//! is the standard's: of Kubernetes' own additions to it (quantities, IP addresses, URLs), a rule that uses one is passed over.

use serde_json::Value;

use super::{Additional, ListType, Schema};
use crate::status::FieldError;

/// One rule of a schema.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    rule: String,
    message: String,
    message_program: Option<Program>,
    reason: &'static str,
    field_path: String,
    program: Option<Program>,
    /// Compares with the former state, so that it holds for updates only.
    transition: bool,
}

pub(super) fn compile(definition: &Value, path: &str, errors: &mut Vec<FieldError>) -> Vec<Expression> {
    let rules = definition
        .get("x-kubernetes-validations")
        .and_then(Value::as_array);
    let text = |rule: &Value, key: &str| {
        rule.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    rules
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, rule)| {
            let source = text(rule, "rule");
            let mut compiled = |source: &str, field: &str| match Program::compile(source) {
                Ok(program) => Some(program),
                Err(error) => {
                    let path = format!("{path}.x-kubernetes-validations[{index}].{field}");
                    let value = Value::from(source);
                    errors.push(FieldError::invalid(
                        path,
                        &value,
                        format!("compilation failed: {error}"),
                    ));
                    None
                }
            };
            let message_source = text(rule, "messageExpression");
            Expression {
                message: text(rule, "message"),
                message_program: (!message_source.is_empty())
                    .then(|| compiled(&message_source, "messageExpression"))
                    .flatten(),
                reason: match text(rule, "reason").as_str() {
                    "FieldValueForbidden" => "FieldValueForbidden",
                    "FieldValueRequired" => "FieldValueRequired",
                    "FieldValueDuplicate" => "FieldValueDuplicate",
                    _ => "FieldValueInvalid",
                },
                field_path: text(rule, "fieldPath"),
                transition: source.contains("oldSelf")
                    && rule.get("optionalOldSelf") != Some(&Value::Bool(true)),
                program: compiled(&source, "rule"),
                rule: source,
            }
        })
        .collect()
}

impl Schema {
    /// The rules that an object breaks, itself or in the change from its former state.
    pub(crate) fn check_rules(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.check_rules_at(object, old, "", &mut errors);
        errors
    }

    fn check_rules_at(&self, value: &Value, old: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
        if !self.has_expressions || self.built_in || value.is_null() {
            return;
        }
        for expression in &self.rules.expressions {
            errors.extend(expression.violation(value, old, path));
        }
        match value {
            Value::Object(fields) => {
                for (key, child) in fields {
                    let schema = self.properties.get(key).map(|schema| &**schema);
                    let (schema, place) = match (schema, &self.additional) {
                        (Some(schema), _) => (schema, super::field(path, key)),
                        (None, Additional::Schema(schema)) => (&**schema, format!("{path}[{key}]")),
                        _ => continue,
                    };
                    schema.check_rules_at(child, old.and_then(|old| old.get(key)), &place, errors);
                }
            }
            Value::Array(items) => {
                let Some(schema) = &self.items else { return };
                for (index, item) in items.iter().enumerate() {
                    let before = self.counterpart(item, old);
                    schema.check_rules_at(item, before, &format!("{path}[{index}]"), errors);
                }
            }
            _ => {}
        }
    }

    /// The item of the former list that this one has become: only lists with keys can tell.
    fn counterpart<'v>(&self, item: &Value, old: Option<&'v Value>) -> Option<&'v Value> {
        let ListType::Map(keys) = &self.list_type else {
            return None;
        };
        let same = |other: &&Value| keys.iter().all(|key| other.get(key) == item.get(key));
        old?.as_array()?.iter().find(same)
    }
}

impl Expression {
    fn violation(&self, value: &Value, old: Option<&Value>, path: &str) -> Option<FieldError> {
        if self.transition && old.is_none() {
            return None;
        }
        if self.program.as_ref()?.holds(value, old)? {
            return None;
        }
        let computed = self
            .message_program
            .as_ref()
            .and_then(|program| program.text(value, old));
        let message = match (computed, self.message.is_empty()) {
            (Some(message), _) => message,
            (None, false) => self.message.clone(),
            (None, true) => format!("failed rule: {}", self.rule),
        };
        let body = match self.reason {
            "FieldValueForbidden" => format!("Forbidden: {message}"),
            "FieldValueRequired" => format!("Required value: {message}"),
            "FieldValueDuplicate" => format!("Duplicate value: {message}"),
            _ => format!("Invalid value: {message}"),
        };
        Some(FieldError {
            reason: self.reason,
            field: format!("{path}{}", self.field_path),
            body,
        })
    }
}

#[cfg(feature = "cel")]
use evaluated::Program;
#[cfg(not(feature = "cel"))]
use kept::Program;

#[cfg(feature = "cel")]
mod evaluated {
    use std::collections::HashMap;
    use std::fmt;
    use std::sync::Arc;

    use cel::Context;
    use serde_json::Value;

    /// A compiled expression.
    #[derive(Clone)]
    pub(super) struct Program(Arc<cel::Program>);

    impl fmt::Debug for Program {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Program")
        }
    }

    impl Program {
        pub(super) fn compile(source: &str) -> Result<Self, String> {
            cel::Program::compile(source)
                .map(|program| Self(Arc::new(program)))
                .map_err(|error| format!("{error}"))
        }

        /// None where the expression comes to no truth value.
        pub(super) fn holds(&self, value: &Value, old: Option<&Value>) -> Option<bool> {
            match self.evaluate(value, old)? {
                cel::Value::Bool(holds) => Some(holds),
                _ => None,
            }
        }

        pub(super) fn text(&self, value: &Value, old: Option<&Value>) -> Option<String> {
            match self.evaluate(value, old)? {
                cel::Value::String(text) => Some(text.to_string()),
                _ => None,
            }
        }

        fn evaluate(&self, value: &Value, old: Option<&Value>) -> Option<cel::Value> {
            let mut context = Context::default();
            context.add_variable_from_value("self", to_cel(value));
            if let Some(old) = old {
                context.add_variable_from_value("oldSelf", to_cel(old));
            }
            self.0.execute(&context).ok()
        }
    }

    /// Whole numbers are integers, as the schema's types make them in Kubernetes.
    fn to_cel(value: &Value) -> cel::Value {
        match value {
            Value::Null => cel::Value::Null,
            Value::Bool(value) => cel::Value::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(number) => cel::Value::Int(number),
                None => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => cel::Value::from(text.as_str()),
            Value::Array(items) => cel::Value::from(items.iter().map(to_cel).collect::<Vec<_>>()),
            Value::Object(fields) => {
                let entries: HashMap<String, cel::Value> = fields
                    .iter()
                    .map(|(key, value)| (key.clone(), to_cel(value)))
                    .collect();
                cel::Value::from(entries)
            }
        }
    }
}

#[cfg(not(feature = "cel"))]
mod kept {
    use serde_json::Value;

    /// An expression that nobody evaluates.
    #[derive(Debug, Clone)]
    pub(super) struct Program;

    impl Program {
        #[allow(clippy::unnecessary_wraps)] // As the evaluated one.
        pub(super) fn compile(_: &str) -> Result<Self, String> {
            Ok(Self)
        }

        #[allow(clippy::unused_self)]
        pub(super) fn holds(&self, _: &Value, _: Option<&Value>) -> Option<bool> {
            None
        }

        #[allow(clippy::unused_self)]
        pub(super) fn text(&self, _: &Value, _: Option<&Value>) -> Option<String> {
            None
        }
    }
}

#[cfg(all(test, feature = "cel"))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_held_against_values_and_changes() {
        let definition = json!({"type": "object", "properties": {"spec": {"type": "object",
            "x-kubernetes-validations": [{"rule": "self.min <= self.max", "message": "min must not exceed max"},
                {"rule": "self.zone == oldSelf.zone", "messageExpression": "'zone was ' + oldSelf.zone"}],
            "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}, "zone": {"type": "string"}}}}});
        let mut errors = Vec::new();
        let schema = Schema::compile(&definition, "", &mut errors);
        assert_eq!(errors, []);
        let object = |min: i64, zone: &str| json!({"spec": {"min": min, "max": 5, "zone": zone}});
        assert_eq!(schema.check_rules(&object(5, "a"), None), []);
        let broken = schema.check_rules(&object(6, "b"), Some(&object(1, "a")));
        let told: Vec<String> = broken
            .iter()
            .map(|error| format!("{}: {}", error.field, error.body))
            .collect();
        assert_eq!(
            told,
            [
                "spec: Invalid value: min must not exceed max",
                "spec: Invalid value: zone was a"
            ]
        );
    }

    #[test]
    fn what_does_not_compile_is_refused_with_the_definition() {
        let definition = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.a ="}]});
        let mut errors = Vec::new();
        Schema::compile(&definition, "spec", &mut errors);
        assert_eq!(errors[0].field, "spec.x-kubernetes-validations[0].rule");
    }
}
