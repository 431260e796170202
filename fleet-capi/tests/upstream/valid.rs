//! Values that upstream's API server takes and its webhooks can convert: names that are names, durations that are
//! durations, references that lead to known kinds.

use crd_conformance::required;
use crd_conformance::values::Random;
use serde_json::{Map, Value, json};

/// Fields that v1beta1 may leave out where v1beta2 must have them: without them upstream's conversion makes objects that its
/// own schema refuses, and no typed model can read.
const NEEDED: [&str; 19] = [
    "apiGroup",
    "bootstrap",
    "clusterName",
    "clusterSelector",
    "controlPlane",
    "dataSecretName",
    "format",
    "infrastructure",
    "kind",
    "matchLabels",
    "matchResources",
    "name",
    "ref",
    "resources",
    "selector",
    "spec",
    "template",
    "type",
    "url",
];

/// Makes objects of one schema; no two values of one generator are alike.
pub struct Valid {
    pub random: Random,
    count: u64,
}

impl Valid {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            count: 0,
        }
    }

    /// A value of a schema. `share` of 100 optional fields are there.
    pub fn value(&mut self, name: &str, schema: &Value, share: i64) -> Value {
        if name == "openAPIV3Schema" {
            return self.variable_schema(0);
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.random.pick(values);
        }
        if schema["x-kubernetes-int-or-string"] == true {
            return match (name, self.random.next(2)) {
                ("divisor", _) => json!("1"),
                ("maxSurge", 0) => json!(1),
                (_, 0) => json!(self.random.next(40)),
                _ => json!("25%"),
            };
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, share),
            Some("array") => {
                let least = schema["minItems"].as_i64().unwrap_or(0).max(1);
                // Selectors must differ from each other, and may come out empty.
                let most = if ["machines", "pods"].contains(&name) {
                    1
                } else {
                    2
                };
                let items = least.max(1 + self.random.next(most));
                (0..items)
                    .map(|_| self.value(name, &schema["items"], share))
                    .collect()
            }
            Some("boolean") => json!(self.random.next(2) == 0),
            Some("integer") => {
                let least = schema["minimum"].as_i64().unwrap_or(0);
                let most = schema["maximum"]
                    .as_i64()
                    .unwrap_or(least + 1000)
                    .min(least + 1000);
                json!(least + self.random.next(3).min(self.random.next(most - least + 1)))
            }
            Some("string") => self.text(name, schema).into(),
            _ => self
                .random
                .pick(&[json!(1.5), json!("text"), json!({"b": {"c": true}})]),
        }
    }

    fn text(&mut self, name: &str, schema: &Value) -> String {
        self.count += 1;
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        let duration = name.ends_with("Timeout") || name.starts_with("timeout") || name == "ttl";
        match schema["format"].as_str() {
            Some("date-time") => return format!("2026-11-{:02}T21:31:48Z", 1 + self.random.next(28)),
            Some("byte") => return "Y2VydGlmaWNhdGU=".to_owned(),
            _ => {}
        }
        match name {
            "retryPeriod" | "minHealthyPeriod" => self.duration(),
            _ if duration => self.duration(),
            "apiVersion" => "infrastructure.cluster.x-k8s.io/v1beta2".to_owned(),
            "apiGroup" => "infrastructure.cluster.x-k8s.io".to_owned(),
            "kind" => "DevMachineTemplate".to_owned(),
            "token" => format!("abcdef.{:016x}", self.count),
            "partitionType" => "LVM".to_owned(),
            "url" | "proxyURL" => format!("https://n{}.example.com", self.count),
            "version" => format!("v1.34.{}", self.count),
            "address" => format!("10.0.0.{}", self.count % 250),
            _ if pattern.contains("[0-9]+-[0-9]+") => "[3-5]".to_owned(),
            _ => format!("n{}", self.count),
        }
    }

    fn duration(&mut self) -> String {
        self.random.pick(&["10s", "1h0m0s", "1m30s", "0s"]).to_owned()
    }

    fn object(&mut self, schema: &Value, share: i64) -> Value {
        let mut object = Map::new();
        if schema["additionalProperties"].is_object() {
            for _ in 0..=self.random.next(2) {
                self.count += 1;
                let key = format!("n{}", self.count);
                object.insert(key, self.value("", &schema["additionalProperties"], share));
            }
            return object.into();
        }
        let must = required(schema);
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (field, property) in properties.clone() {
            // One of the two says how a disk is divided, and they exclude each other.
            let excluded = field == "diskLayout" && schema["properties"]["layout"].is_object();
            let needed = must.contains(field.as_str()) || NEEDED.contains(&field.as_str());
            let there = needed || self.random.next(100) < share;
            if there && !excluded {
                object.insert(field.clone(), self.value(field, property, share));
            }
        }
        if schema["properties"]["layout"].is_object() {
            object.insert("layout".to_owned(), true.into());
        }
        if object.is_empty() && (schema["minProperties"].as_u64() > Some(0) || share > 0) {
            for (field, property) in properties.take(1) {
                object.insert(field.clone(), self.value(field, property, share));
            }
        }
        if schema["properties"]["uid"].is_object() {
            object.retain(|field, _| ["apiVersion", "kind", "name"].contains(&field.as_str()));
            for (field, text) in [
                ("apiVersion", "infrastructure.cluster.x-k8s.io/v1beta2"),
                ("kind", "DevMachineTemplate"),
                ("name", "a"),
            ] {
                object.entry(field).or_insert_with(|| text.into());
            }
        }
        object.into()
    }

    /// A schema that a variable of a class may have.
    fn variable_schema(&mut self, depth: u8) -> Value {
        let mut schema = json!({ "type": "string" });
        for (flag, chance) in [
            ("uniqueItems", 3),
            ("exclusiveMaximum", 3),
            ("x-kubernetes-int-or-string", 4),
        ] {
            if self.random.next(chance) == 0 {
                schema[flag] = json!(self.random.next(2) == 0);
            }
        }
        if self.random.next(3) == 0 {
            schema["default"] = json!({"a": [1, false]});
        }
        if depth < 2 {
            schema["type"] = "object".into();
            schema["properties"] =
                json!({ "a": self.variable_schema(depth + 1), "b": self.variable_schema(depth + 1) });
            if self.random.next(2) == 0 {
                schema["items"] = self.variable_schema(depth + 1);
                schema["allOf"] = json!([self.variable_schema(depth + 1)]);
            }
        }
        schema
    }
}
