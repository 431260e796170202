//! Reads an object as a Go type would: unknown fields and wrong types are told, empty values go, zero values that are
//! never left out appear, quantities take their canonical form.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::quantity;
use super::types::{Omit, Shape, Structure, Type, structure};

/// What reading an object found besides the object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Fields that the type does not have, and that were dropped.
    pub(crate) unknown: Vec<String>,
    /// The first thing that cannot be read at all.
    pub(crate) error: Option<String>,
}

struct Decoder {
    found: Decoded,
    /// Where the reader is, as strict decoding writes it: `spec.containers[0].image`.
    path: String,
    /// The names of the fields that lead there, as Go's decoder writes them.
    fields: Vec<String>,
    /// The struct that the field belongs to.
    owner: String,
}

/// Rewrites `value` as the type writes it.
pub(crate) fn decode(value: &mut Value, root: &Structure) -> Decoded {
    let mut decoder = Decoder {
        found: Decoded::default(),
        path: String::new(),
        fields: Vec::new(),
        owner: root.go_name.clone(),
    };
    if value.is_object() {
        decoder.fields_of(value, root);
    } else {
        let kind = kind_of(value);
        decoder.found.error = Some(format!(
            "json: cannot unmarshal {kind} into Go value of type {}",
            root.go_name
        ));
    }
    decoder.found
}

impl Decoder {
    fn fields_of(&mut self, value: &mut Value, structure: &Structure) {
        let given = match value {
            Value::Object(map) => std::mem::take(map),
            _ => Map::new(),
        };
        let mut out = Map::new();
        let owner = std::mem::replace(&mut self.owner, structure.go_name.clone());
        let end = self.path.len();
        for (key, mut child) in given {
            if end > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if let Some(field) = structure.fields.get(&key) {
                self.fields.push(key.clone());
                self.value(&mut child, &field.ty);
                self.fields.pop();
                out.insert(key, child);
            } else {
                self.found.unknown.push(self.path.clone());
            }
            self.path.truncate(end);
        }
        self.owner = owner;
        for (key, field) in &structure.fields {
            match out.get(key) {
                Some(found) if !found.is_null() => {
                    let gone = match field.omit {
                        Omit::Never => false,
                        Omit::Empty => !field.ty.pointer && is_empty(found, &field.ty.shape),
                        Omit::Zero => !field.ty.pointer && is_zero(found, &field.ty),
                    };
                    if gone {
                        out.remove(key);
                    }
                }
                _ => {
                    let kept = match field.omit {
                        Omit::Never => true,
                        // A struct is never empty to Go.
                        Omit::Empty => !field.ty.pointer && is_struct(&field.ty.shape),
                        Omit::Zero => false,
                    };
                    if kept {
                        out.insert(key.clone(), zero(&field.ty));
                    } else {
                        out.remove(key);
                    }
                }
            }
        }
        *value = Value::Object(out);
    }

    fn value(&mut self, value: &mut Value, ty: &Type) {
        if value.is_null() {
            return;
        }
        match &ty.shape {
            Shape::Raw => {}
            Shape::Struct(name) | Shape::StructOrBool(name) => {
                if matches!(ty.shape, Shape::StructOrBool(_)) && value.is_boolean() {
                    return;
                }
                match structure(name) {
                    Some(structure) if value.is_object() => self.fields_of(value, structure),
                    _ => self.mismatch(value, ty),
                }
            }
            Shape::List(item) => match value {
                Value::Array(items) => {
                    let end = self.path.len();
                    for (index, child) in items.iter_mut().enumerate() {
                        // Writing to a String does not fail.
                        let _ = write!(self.path, "[{index}]");
                        if child.is_null() {
                            *child = zero(item);
                        } else {
                            self.value(child, item);
                        }
                        self.path.truncate(end);
                    }
                }
                _ => self.mismatch(value, ty),
            },
            Shape::Map(item) => match value {
                Value::Object(entries) => {
                    let end = self.path.len();
                    for (key, child) in entries {
                        self.path.push('.');
                        self.path.push_str(key);
                        if child.is_null() {
                            *child = zero(item);
                        } else {
                            self.value(child, item);
                        }
                        self.path.truncate(end);
                    }
                }
                _ => self.mismatch(value, ty),
            },
            Shape::String => {
                if !value.is_string() {
                    self.mismatch(value, ty);
                }
            }
            Shape::Bool => {
                if !value.is_boolean() {
                    self.mismatch(value, ty);
                }
            }
            Shape::Int32 | Shape::Int64 => self.integer(value, ty),
            Shape::Float => {
                if !value.is_number() {
                    self.mismatch(value, ty);
                }
            }
            Shape::Bytes => self.bytes(value, ty),
            Shape::Time | Shape::MicroTime => self.time(value, ty),
            Shape::Quantity => self.quantity(value),
            Shape::IntOrString => {
                let fits = value.is_string() || value.as_i64().is_some_and(|n| i32::try_from(n).is_ok());
                if !fits {
                    self.mismatch_as(value, "int32");
                }
            }
        }
    }

    fn integer(&mut self, value: &mut Value, ty: &Type) {
        let Value::Number(number) = &*value else {
            self.mismatch(value, ty);
            return;
        };
        let fits = match number.as_i64() {
            Some(number) => matches!(ty.shape, Shape::Int64) || i32::try_from(number).is_ok(),
            None => false,
        };
        if !fits {
            let found = format!("number {number}");
            self.refuse(&found, &ty.go_name, value);
        }
    }

    fn bytes(&mut self, value: &mut Value, ty: &Type) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let Value::String(text) = &*value else {
            self.mismatch(value, ty);
            return;
        };
        let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        match STANDARD.decode(packed.as_bytes()) {
            Ok(bytes) => *value = json!(STANDARD.encode(bytes)),
            Err(error) => {
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _)
                    | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                    _ => packed.len() / 4 * 4,
                };
                self.fail(format!("illegal base64 data at input byte {at}"));
                *value = json!("");
            }
        }
    }

    fn time(&mut self, value: &mut Value, ty: &Type) {
        let Value::String(text) = &*value else {
            self.mismatch(value, ty);
            return;
        };
        let micro = matches!(ty.shape, Shape::MicroTime);
        let precise = text.get(19..26).is_some_and(|fraction| {
            fraction.starts_with('.') && fraction[1..].bytes().all(|b| b.is_ascii_digit())
        });
        match text.parse::<jiff::Timestamp>().ok().filter(|_| !micro || precise) {
            Some(time) if micro => {
                *value = json!(time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string());
            }
            Some(time) => *value = json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            None => {
                let layout = if micro {
                    "2006-01-02T15:04:05.000000Z07:00"
                } else {
                    "2006-01-02T15:04:05Z07:00"
                };
                let mut rest = unread(text);
                if micro && rest.1 == "Z07:00" {
                    rest.1 = ".000000";
                }
                self.fail(format!(
                    "parsing time {text:?} as {layout:?}: cannot parse {:?} as {:?}",
                    rest.0, rest.1
                ));
                *value = Value::Null;
            }
        }
    }

    fn quantity(&mut self, value: &mut Value) {
        let text = match &*value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        if let Some(text) = quantity::canonical(&text) {
            *value = json!(text);
        } else {
            self.fail(quantity::REFUSED.to_owned());
            *value = json!("0");
        }
    }

    fn mismatch(&mut self, value: &mut Value, ty: &Type) {
        self.mismatch_as(value, &ty.go_name);
    }

    fn mismatch_as(&mut self, value: &mut Value, go_type: &str) {
        let found = kind_of(value);
        self.refuse(found, go_type, value);
    }

    fn refuse(&mut self, found: &str, go_type: &str, value: &mut Value) {
        let owner = self.owner.rsplit('.').next().unwrap_or_default();
        let field = self.fields.join(".");
        self.fail(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{field} of type {go_type}"
        ));
        *value = Value::Null;
    }

    fn fail(&mut self, error: String) {
        self.found.error.get_or_insert(error);
    }
}

/// Where Go's parser stops reading a time, and what it wanted there.
fn unread(text: &str) -> (&str, &'static str) {
    let digits = |from: usize, count: usize| {
        text.get(from..from + count)
            .is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    for (at, count, layout) in [
        (0, 4, "2006"),
        (5, 2, "01"),
        (8, 2, "02"),
        (11, 2, "15"),
        (14, 2, "04"),
        (17, 2, "05"),
    ] {
        if !digits(at, count) {
            return (text.get(at..).unwrap_or_default(), layout);
        }
        let separator = match at {
            0 | 5 => "-",
            8 => "T",
            11 | 14 => ":",
            _ => continue,
        };
        if text.get(at + count..=at + count) != Some(separator) {
            return (text.get(at + count..).unwrap_or_default(), separator);
        }
    }
    (text.get(19..).unwrap_or_default(), "Z07:00")
}

/// What Go's decoder calls a value that is there.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_struct(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Struct(_) | Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::IntOrString
    )
}

fn is_empty(value: &Value, shape: &Shape) -> bool {
    if is_struct(shape) {
        return false;
    }
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && matches!(shape, Shape::Map(_)),
        Value::Null => true,
    }
}

fn is_zero(value: &Value, ty: &Type) -> bool {
    value.is_null() || *value == zero(ty)
}

/// What a type writes when nothing was read into it.
fn zero(ty: &Type) -> Value {
    if ty.pointer {
        return Value::Null;
    }
    match &ty.shape {
        Shape::String | Shape::Bytes => json!(""),
        Shape::Bool => json!(false),
        Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => json!(0),
        Shape::Quantity => json!("0"),
        Shape::Struct(name) => {
            let mut value = json!({});
            if let Some(structure) = structure(name) {
                decode(&mut value, structure);
            }
            value
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, mut value: Value) -> (Value, Decoded) {
        let found = decode(&mut value, structure(name).unwrap());
        (value, found)
    }

    #[test]
    fn what_go_never_leaves_out_appears_and_what_is_empty_goes() {
        let (value, found) = read(
            "apps/v1.Deployment",
            json!({"metadata": {"name": "a", "labels": {}}, "spec": {"replicas": 0, "paused": false, "template": {
                "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}}}),
        );
        assert_eq!(found, Decoded::default());
        assert_eq!(
            value,
            json!({"metadata": {"name": "a"}, "spec": {"replicas": 0, "selector": null, "strategy": {},
                "template": {"metadata": {}, "spec": {"containers": [
                    {"name": "c", "ports": [{"containerPort": 80}], "resources": {}}]}}}, "status": {}})
        );
    }

    #[test]
    fn the_first_wrong_type_is_told_as_go_tells_it() {
        let wrong = json!({"spec": {"replicas": "3"}});
        assert_eq!(
            read("apps/v1.Deployment", wrong).1.error.as_deref(),
            Some(
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
            )
        );
        let wrong = json!({"data": {"a": 1}});
        assert_eq!(
            read("core/v1.ConfigMap", wrong).1.error.as_deref(),
            Some("json: cannot unmarshal number into Go struct field ConfigMap.data of type string")
        );
        let unknown = json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "colour": 1}]}}}});
        assert_eq!(
            read("apps/v1.Deployment", unknown).1.unknown,
            ["spec.template.spec.containers[0].colour"]
        );
    }
}
