//! Our schemas beside upstream's: names, properties, types, what is required; and the coverage table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value, json};

use crate::required;
use crate::upstream::{KindVersion, version};

/// Whether a time that upstream requires must be required by ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredTimes {
    /// As upstream says.
    Kept,
    /// A status survives the absence of its times; ours may say so.
    MayBeAbsent,
}

/// Compares the schemas, prints the coverage of each kind and version, and fails on any difference.
pub fn assert_covered(pairs: &[KindVersion], times: RequiredTimes) {
    let mut table = String::from(
        "kind                        version   upstream  modelled  missing  extra  differs  coverage\n",
    );
    let mut complaints = Vec::new();
    for pair in pairs {
        let KindVersion { kind, version, .. } = pair;
        let mut report = Report::new(times);
        for (part, upstream) in pair.parts() {
            report.compare(part, &pair.ours["properties"][part], upstream);
        }
        let total = report.same + report.missing.len() + report.differs.len();
        writeln!(
            table,
            "{kind:<27} {version:<9} {total:>8}  {:>8}  {:>7}  {:>5}  {:>7}  {:>6.1} %",
            report.same,
            report.missing.len(),
            report.extra.len(),
            report.differs.len(),
            100.0 * report.same as f64 / total.max(1) as f64,
        )
        .unwrap();
        for (what, paths) in [
            ("missing", report.missing),
            ("extra", report.extra),
            ("differs", report.differs),
        ] {
            complaints.extend(
                paths
                    .into_iter()
                    .map(|path| format!("{kind} {version}: {what}: {path}")),
            );
        }
    }
    println!("{table}");
    assert!(complaints.is_empty(), "{table}\n{}", complaints.join("\n"));
}

/// Groups, scopes, names, printer columns, stored versions and subresources are upstream's.
pub fn assert_names(ours: &[CustomResourceDefinition], upstream: &BTreeMap<String, Value>) {
    for ours in ours {
        let ours = serde_json::to_value(ours).unwrap();
        let kind = ours["spec"]["names"]["kind"].as_str().unwrap();
        let upstream = &upstream[kind];
        for field in ["group", "scope"] {
            assert_eq!(ours["spec"][field], upstream["spec"][field], "{kind} {field}");
        }
        for field in ["plural", "singular", "shortNames", "categories"] {
            let (ours, upstream) = (&ours["spec"]["names"][field], &upstream["spec"]["names"][field]);
            // Upstream may leave the singular to the API server, which takes the kind in lower case.
            if field == "singular" && upstream.is_null() {
                continue;
            }
            assert_eq!(ours, upstream, "{kind} {field}");
        }
        assert_eq!(ours["metadata"]["name"], upstream["metadata"]["name"]);
        for ours in ours["spec"]["versions"].as_array().unwrap() {
            let upstream = version(upstream, ours["name"].as_str().unwrap());
            let context = format!("{kind} {}", ours["name"]);
            assert_eq!(ours["storage"], upstream["storage"], "{context}");
            assert_eq!(columns(ours), columns(upstream), "{context}");
            // What upstream no longer serves has no working subresource to compare.
            if upstream["served"] == true {
                assert_eq!(subresources(ours), subresources(upstream), "{context}");
            }
        }
    }
}

fn subresources(version: &Value) -> Value {
    let found = &version["subresources"];
    // One kind has the subresource and no status for it to hold.
    let has_status = version["schema"]["openAPIV3Schema"]["properties"]["status"].is_object();
    if found.is_null() || !has_status {
        json!({})
    } else {
        found.clone()
    }
}

fn columns(version: &Value) -> Vec<(String, String, String, i64)> {
    let text = |column: &Value, field: &str| column[field].as_str().unwrap_or_default().to_owned();
    let columns = version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten();
    columns
        .map(|column| {
            let priority = column["priority"].as_i64().unwrap_or_default();
            (
                text(column, "name"),
                text(column, "jsonPath"),
                text(column, "type"),
                priority,
            )
        })
        .collect()
}

/// An API server takes our schemas: structural, without references, unions and defaults.
pub fn assert_structural(ours: &[CustomResourceDefinition]) {
    for crd in ours {
        let crd = serde_json::to_value(crd).unwrap();
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
        let mut nodes = 0;
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let schema = &version["schema"]["openAPIV3Schema"];
            structural(schema, &format!("{kind} {}", version["name"]), &mut nodes);
        }
        assert!(nodes > 4, "{kind}: only {nodes} nodes were seen");
    }
}

fn structural(schema: &Value, path: &str, nodes: &mut usize) {
    *nodes += 1;
    let object = schema
        .as_object()
        .unwrap_or_else(|| panic!("{path}: not a schema: {schema}"));
    for refused in [
        "$ref",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "nullable",
        "default",
        "$schema",
        "definitions",
    ] {
        assert!(!object.contains_key(refused), "{path}: has {refused}: {schema}");
    }
    let any = object.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    let either = object.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    assert!(
        object.contains_key("type") || any || either,
        "{path}: no type: {schema}"
    );
    let both = object.contains_key("properties") && object.contains_key("additionalProperties");
    assert!(!both, "{path}: properties and additionalProperties");
    if schema["type"] == "array" {
        structural(&schema["items"], &format!("{path}[]"), nodes);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        structural(property, &format!("{path}.{name}"), nodes);
    }
    if schema["additionalProperties"].is_object() {
        structural(&schema["additionalProperties"], &format!("{path}{{}}"), nodes);
    }
}

struct Report {
    times: RequiredTimes,
    same: usize,
    missing: Vec<String>,
    extra: Vec<String>,
    differs: Vec<String>,
}

impl Report {
    fn new(times: RequiredTimes) -> Self {
        Self {
            times,
            same: 0,
            missing: Vec::new(),
            extra: Vec::new(),
            differs: Vec::new(),
        }
    }

    fn compare(&mut self, path: &str, ours: &Value, upstream: &Value) {
        if upstream.is_null() {
            if !ours.is_null() {
                self.extra.push(path.to_owned());
            }
            return;
        }
        if ours.is_null() {
            self.missing.push(path.to_owned());
            self.missing.extend(below(path, upstream));
            return;
        }
        let (ours_is, upstream_is) = (shape(ours), shape(upstream));
        // An integer without a format has no size: any width of ours is right.
        let sizeless = upstream_is == "integer" && ours_is.starts_with("integer ");
        if ours_is == upstream_is || sizeless {
            self.same += 1;
        } else {
            self.differs
                .push(format!("{path}: {ours_is}, upstream {upstream_is}"));
        }
        let (ours_must, upstream_must) = (self.must(ours), self.must(upstream));
        if ours_must != upstream_must {
            self.differs.push(format!(
                "{path}: requires {ours_must:?}, upstream {upstream_must:?}"
            ));
        }
        let none = Map::new();
        let ours_has = ours["properties"].as_object().unwrap_or(&none);
        let upstream_has = upstream["properties"].as_object().unwrap_or(&none);
        for name in ours_has
            .keys()
            .chain(upstream_has.keys())
            .collect::<BTreeSet<_>>()
        {
            let (ours, upstream) = (&ours["properties"][name], &upstream["properties"][name]);
            self.compare(&format!("{path}.{name}"), ours, upstream);
        }
        for (inner, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
            // A list or map and what it holds are one property.
            if upstream[inner].is_object() {
                self.same = self.same.saturating_sub(1);
                self.compare(&format!("{path}{mark}"), &ours[inner], &upstream[inner]);
            }
        }
    }

    fn must<'a>(&self, schema: &'a Value) -> BTreeSet<&'a str> {
        let mut must = required(schema);
        if self.times == RequiredTimes::MayBeAbsent {
            must.retain(|name| schema["properties"][name]["format"] != "date-time");
        }
        must
    }
}

/// The paths of all properties below a schema.
fn below(path: &str, schema: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        paths.extend(below(&path, property));
        paths.push(path);
    }
    for inner in ["items", "additionalProperties"].map(|inner| &schema[inner]) {
        if inner.is_object() {
            paths.extend(below(&format!("{path}[]"), inner));
        }
    }
    paths
}

fn shape(schema: &Value) -> String {
    if schema["x-kubernetes-int-or-string"] == true {
        return "integer or string".to_owned();
    }
    let kind = schema["type"].as_str().unwrap_or("any");
    match schema["format"].as_str() {
        Some(format) => format!("{kind} {format}"),
        None if schema["additionalProperties"].is_object() => "map".to_owned(),
        None => kind.to_owned(),
    }
}
