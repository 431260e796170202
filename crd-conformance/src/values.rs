//! Values made from a schema, and what reading and writing leaves of them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::upstream::KindVersion;

/// How much of an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Every property.
    Everything,
    /// What the schema requires.
    Required,
    /// What is required, and a third of the rest.
    Some,
}

/// A small generator of numbers: the values are the same on every run and every machine.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number from 0 to below `below`.
    pub fn next(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % below
    }

    /// One of several.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.next(of.len().try_into().unwrap())).unwrap()].clone()
    }
}

/// The field that an unknown object has.
pub const UNKNOWN: &str = "fromAFutureVersion";

/// Makes values of schemas.
#[derive(Debug)]
pub struct Generator<'a> {
    /// Where the choices come from.
    pub random: &'a mut Random,
    /// How much of each object.
    pub amount: Amount,
    /// Adds a field nobody knows to every object.
    pub unknown: bool,
}

impl Generator<'_> {
    /// A value of `schema`.
    pub fn value(&mut self, schema: &Value) -> Value {
        if let Some(values) = schema["enum"].as_array() {
            return self.random.pick(values);
        }
        if schema["x-kubernetes-int-or-string"] == true {
            return if self.random.next(2) == 0 {
                json!(self.random.next(100))
            } else {
                json!("25%")
            };
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => {
                let least = schema["minItems"].as_i64().unwrap_or(0);
                let items = match self.amount {
                    Amount::Everything => least.max(2),
                    _ => least + self.random.next(3),
                };
                (0..items).map(|_| self.value(&schema["items"])).collect()
            }
            Some("boolean") => json!(self.random.next(2) == 0),
            Some("integer") => {
                let most = if schema["format"] == "int64" {
                    1 << 40
                } else {
                    i64::from(i32::MAX)
                };
                let least = schema["minimum"].as_i64().unwrap_or(-5);
                json!(if self.random.next(4) == 0 {
                    least
                } else {
                    least + self.random.next(most) / 2
                })
            }
            Some("string") => match schema["format"].as_str() {
                Some("date-time") => json!(format!("2026-11-{:02}T21:31:48Z", 1 + self.random.next(28))),
                Some("byte") => json!("Y2VydGlmaWNhdGU="),
                _ if self.random.next(8) == 0 && schema["minLength"].as_u64().unwrap_or(0) == 0 => json!(""),
                _ => json!(
                    self.random
                        .pick(&["v1.31.0", "720h", "no", "ünï", "a/b.c:1", "{{ name }}"])
                ),
            },
            _ => self.random.pick(&[
                json!([null, {"none": null}]),
                json!(1.5),
                json!("text"),
                json!([1, {"a": false}]),
                json!({"b": {"c": []}}),
            ]),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut object = Map::new();
        if schema["additionalProperties"].is_object() {
            for key in self.random.pick(&[&[][..], &["d"], &["a.b/c", "d"]]) {
                object.insert((*key).to_owned(), self.value(&schema["additionalProperties"]));
            }
            return object.into();
        }
        let must = required(schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let there = match self.amount {
                Amount::Everything => true,
                Amount::Required => false,
                Amount::Some => self.random.next(3) == 0,
            };
            if there || must.contains(name.as_str()) {
                object.insert(name.clone(), self.value(property));
            }
        }
        if self.unknown && !is_kubernetes_own(schema) {
            object.insert(
                UNKNOWN.to_owned(),
                json!({"deep": [null, {"er": 0}], "off": false, "none": []}),
            );
        }
        object.into()
    }
}

/// The types Kubernetes itself defines come from `k8s-openapi`, which drops what it does not know.
fn is_kubernetes_own(schema: &Value) -> bool {
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    match names.as_slice() {
        [
            "apiVersion",
            "fieldPath",
            "kind",
            "name",
            "namespace",
            "resourceVersion",
            "uid",
        ]
        | [
            "lastTransitionTime",
            "message",
            "observedGeneration",
            "reason",
            "status",
            "type",
        ]
        | ["apiGroup", "kind", "name"]
        | ["matchExpressions", "matchLabels"]
        | ["effect", "key", "timeAdded", "value"] => true,
        ["key", "operator", "values"] => !schema["required"].is_null(),
        _ => false,
    }
}

/// The properties an object must have.
pub fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Reads a value as a type and writes it again.
pub fn rewrite<T: DeserializeOwned + Serialize>(value: Value) -> Result<Value, String> {
    let typed: T = serde_json::from_value(value).map_err(|error| error.to_string())?;
    serde_json::to_value(&typed).map_err(|error| error.to_string())
}

/// Where two values differ, as `path: read, written`.
pub fn diff(path: &str, read: &Value, written: &Value, out: &mut Vec<String>) {
    match (read, written) {
        (Value::Object(a), Value::Object(b)) => {
            let absent = Value::from("(absent)");
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let at = |object: &Map<String, Value>| object.get(key).unwrap_or(&absent).clone();
                diff(&format!("{path}.{key}"), &at(a), &at(b), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                diff(&format!("{path}[{index}]"), a, b, out);
            }
        }
        _ if read == written => {}
        _ => out.push(format!("{path}: read {read}, written {written}")),
    }
}

/// One object survives being read and written by `rewrite`.
pub fn assert_survives(object: &Value, rewrite: impl Fn(Value) -> Result<Value, String>) {
    let written =
        rewrite(object.clone()).unwrap_or_else(|error| panic!("cannot be read: {error} in\n{object:#}"));
    if &written != object {
        let mut differences = Vec::new();
        diff("", object, &written, &mut differences);
        panic!(
            "{} {}: {}",
            object["apiVersion"],
            object["kind"],
            differences.join("\n")
        );
    }
}

/// Values of upstream's schemas, with fields nobody knows and without, survive being read and written.
pub fn assert_values_survive(pairs: &[KindVersion], rewrite: impl Fn(Value) -> Result<Value, String>) {
    const ROUNDS: u64 = 100;
    let mut values = 0;
    for pair in pairs {
        for unknown in [false, true] {
            for round in 0..ROUNDS {
                let amount = match round {
                    0 => Amount::Everything,
                    1 => Amount::Required,
                    _ => Amount::Some,
                };
                let mut random = Random(round);
                let object = pair.object(&mut Generator {
                    random: &mut random,
                    amount,
                    unknown,
                });
                assert!(!unknown || object.to_string().contains(UNKNOWN), "{}", pair.kind);
                assert_survives(&object, &rewrite);
                values += 1;
            }
        }
    }
    println!("{values} values of {} kinds and versions survived", pairs.len());
}
