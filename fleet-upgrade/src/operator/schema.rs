//! The custom resource definition: the policy's JSON schema, in the words that Kubernetes has for it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value, json};

use crate::FleetUpgradeSpec;

/// The custom resource definition, to be applied before an operator is started.
///
/// Its schema is the policy's: an API server refuses what [`FleetUpgrade::from_yaml`](crate::FleetUpgrade::from_yaml) refuses,
/// where the two can say the same; what only the fleet can tell is the condition `Planned`.
pub fn crd() -> CustomResourceDefinition {
    let schema = json!({
        "type": "object",
        "description": "Upgrades a fleet of clusters in stages.",
        "required": ["spec"],
        "properties": {
            "spec": spec_schema(),
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        },
    });
    let column = |name: &str, path: &str, kind: &str| json!({"name": name, "type": kind, "jsonPath": path});
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "fleetupgrades.fleet-sdk.dev"},
        "spec": {
            "group": "fleet-sdk.dev",
            "scope": "Namespaced",
            "names": {
                "kind": "FleetUpgrade", "listKind": "FleetUpgradeList",
                "plural": "fleetupgrades", "singular": "fleetupgrade", "shortNames": ["fu"],
            },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema},
                "additionalPrinterColumns": [
                    column("Target", ".spec.target", "string"),
                    column("Phase", ".status.phase", "string"),
                    column("Progress", ".status.progress", "string"),
                    column("Stage", ".status.stage", "string"),
                    column("Finish", ".status.plannedFinish", "date"),
                    column("Age", ".metadata.creationTimestamp", "date"),
                ],
            }],
        },
    });
    // Both sides of this are ours: what it says is what the type has.
    serde_json::from_value(crd).unwrap_or_default()
}

fn spec_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings
        .into_generator()
        .into_root_schema_for::<FleetUpgradeSpec>();
    let mut schema = schema.to_value();
    structural(&mut schema);
    schema["description"] = json!("The policy.");
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.insert(
            "paused".to_owned(),
            json!({"type": "boolean", "description": "Nothing new starts while this holds."}),
        );
        let text = |description: &str| json!({"type": "string", "minLength": 1, "description": description});
        let time =
            |description: &str| json!({"type": "string", "format": "date-time", "description": description});
        properties.insert(
            "approvals".to_owned(),
            json!({
                "type": "array", "maxItems": 256,
                "description": "Approvals, where they are not given by annotation.",
                "items": {
                    "type": "object", "required": ["stage", "point", "by"],
                    "properties": {
                        "stage": text("The stage's name."),
                        "point": {"type": "string", "enum": ["beforeStage", "afterStage", "goOn"]},
                        "by": text("Who gives it."),
                        "at": time("When. Default: when the operator first sees it."),
                        "expires": time("It counts for nothing from this instant on."),
                    },
                },
            }),
        );
        if let Some(stages) = properties.get_mut("stages") {
            stages["maxItems"] = json!(64);
            stages["minItems"] = json!(1);
            stages["x-kubernetes-list-type"] = json!("map");
            stages["x-kubernetes-list-map-keys"] = json!(["name"]);
            // Without bounds a real API server holds the rule below for too costly and refuses the definition.
            stages["items"]["properties"]["name"]["maxLength"] = json!(253);
            let stage = &mut stages["items"]["properties"];
            stage["groups"]["x-kubernetes-list-type"] = json!("map");
            stage["groups"]["x-kubernetes-list-map-keys"] = json!(["name"]);
            stage["pick"]["x-kubernetes-validations"] = json!([{
                "rule": "[has(self.count), has(self.share), has(self.names), has(self.coverage)].exists_one(said, said)",
                "message": "expected exactly one of count, share, names and coverage, such as `count: 1`; leave pick out for \
                    every cluster of the stage",
            }]);
            stage["pick"]["properties"]["names"]["x-kubernetes-list-type"] = json!("set");
        }
        if let Some(gates) = properties.get_mut("gates") {
            gates["x-kubernetes-list-type"] = json!("map");
            gates["x-kubernetes-list-map-keys"] = json!(["name"]);
        }
        if let Some(on_failure) = properties.get_mut("onFailure") {
            on_failure["properties"]["remedies"]["x-kubernetes-list-type"] = json!("set");
        }
        lasting(properties);
    }
    schema["x-kubernetes-validations"] = json!([
        {
            "rule": "self.target == oldSelf.target",
            "message": "a run goes to the version it began with; make a new FleetUpgrade for another one",
        },
        {
            "rule": "self.stages.size() == oldSelf.stages.size() && self.stages.all(s, oldSelf.stages.exists(o, o.name == s.name))",
            "message": "a run goes by the stages it began with; make a new FleetUpgrade for others",
        },
    ]);
    schema
}

/// Under these no cluster could ever start, or everything would count for nothing.
const NEVER_ZERO: [&str; 5] = ["clusterDeadline", "duration", "maxAge", "unwellLimit", "validFor"];

/// Asks durations of these names for a digit that is not zero.
fn lasting(properties: &mut Map<String, Value>) {
    for (name, schema) in properties {
        if NEVER_ZERO.contains(&name.as_str()) && schema["type"] == "string" {
            schema["allOf"] = json!([{"pattern": "[1-9]"}]);
        }
        for path in ["/properties", "/items/properties"] {
            if let Some(Value::Object(further)) = schema.pointer_mut(path) {
                lasting(further);
            }
        }
    }
}

/// Brings a JSON schema into the form of Kubernetes' structural schemas: every field has one type; what may be left out
/// may be null; of alternatives is kept what all of them say, and what each says of the values of its own type.
fn structural(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        // `true`: anything.
        *schema = json!({ANYTHING: true});
        return;
    };
    for unknown in ["title", "$schema", "definitions", "$defs", "default", "examples"] {
        fields.remove(unknown);
    }
    // A map of strings is a map of strings; unknown fields are pruned in any case.
    if fields.contains_key("properties") || !fields.get("additionalProperties").is_some_and(Value::is_object)
    {
        fields.remove("additionalProperties");
    }
    if let Some(only) = fields.remove("const") {
        fields.insert("enum".to_owned(), json!([only]));
    }
    let is_unsigned = |format: &Value| format.as_str().is_some_and(|format| format.starts_with("uint"));
    if fields.get("format").is_some_and(is_unsigned) {
        fields.remove("format");
    }
    let alternatives = ["anyOf", "oneOf"]
        .into_iter()
        .find_map(|key| Some((key, fields.remove(key)?)));
    match alternatives {
        // Which fields go together can be said there, too.
        Some((key, Value::Array(of_fields))) if of_fields.iter().all(is_of_fields) => {
            fields.insert(key.to_owned(), Value::Array(of_fields));
        }
        Some((_, Value::Array(alternatives))) => unite(fields, alternatives),
        _ => {}
    }
    for (name, value) in fields.iter_mut() {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(structural),
            ("items" | "additionalProperties", value) => structural(value),
            _ => {}
        }
    }
}

/// Whether an alternative says nothing but which fields there are.
fn is_of_fields(alternative: &Value) -> bool {
    let mut keys = alternative.as_object().into_iter().flatten();
    keys.all(|(key, _)| key == "required")
}

const ANYTHING: &str = "x-kubernetes-preserve-unknown-fields";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// What can be said of a value that is one of these.
fn unite(fields: &mut Map<String, Value>, alternatives: Vec<Value>) {
    let mut known = Vec::new();
    for mut alternative in alternatives {
        structural(&mut alternative);
        let Value::Object(alternative) = alternative else {
            continue;
        };
        let is_null = alternative.get("type").is_some_and(|of| of == "null")
            || alternative
                .get("enum")
                .is_some_and(|values| *values == json!([null]));
        if is_null {
            fields.insert("nullable".to_owned(), json!(true));
        } else {
            known.push(alternative);
        }
    }
    let of_type = |name: &str| {
        let mut all = known.iter();
        all.find(|one| one.get("type").is_some_and(|of| of == name))
    };
    let enums = || known.iter().map(|one| one.get("enum").and_then(Value::as_array));
    if let [only] = known.as_slice() {
        for (key, value) in only {
            fields.entry(key).or_insert_with(|| value.clone());
        }
    } else if let Some(values) = enums().collect::<Option<Vec<_>>>() {
        let values: Vec<&Value> = values.into_iter().flatten().collect();
        fields.insert("type".to_owned(), json!("string"));
        fields.insert("enum".to_owned(), json!(values));
    } else {
        // Each keyword speaks of one type of value only, and lets all others pass.
        let text = of_type("string").map(pattern).unwrap_or_default();
        let number = of_type("integer").and_then(|one| one.get("minimum").cloned());
        let object = of_type("object");
        let keep = object.map_or_else(Map::new, |one| {
            let of_objects = one
                .iter()
                .filter(|(key, _)| *key == "properties" || *key == "required");
            of_objects
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        });
        let is_int_or_string = fields.contains_key(INT_OR_STRING);
        fields.insert(
            if is_int_or_string { INT_OR_STRING } else { ANYTHING }.to_owned(),
            json!(true),
        );
        fields.extend(text.map(|text| ("pattern".to_owned(), json!(text))));
        fields.extend(number.map(|least| ("minimum".to_owned(), least)));
        fields.extend(keep);
    }
}

/// The pattern of a text, also of one that is one of a few words.
fn pattern(text: &Map<String, Value>) -> Option<String> {
    let words = text.get("enum").and_then(Value::as_array);
    let words = words.map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    words
        .map(|words| format!("^({})$", words.join("|")))
        .or_else(|| Some(text.get("pattern")?.as_str()?.to_owned()))
}
