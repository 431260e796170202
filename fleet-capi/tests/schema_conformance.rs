//! Every kind beside upstream's `CustomResourceDefinition`: the same properties of the same types, in `spec` and
//! `status`, and every value upstream's schema allows survives reading and writing.
//!
//! Upstream's files are not part of this repository: `FLEET_SHARED` says where they are (default `../shared` beside
//! the workspace). Without them the tests that need them say so and pass; under `CI` they fail.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod upstream;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fleet_capi::Object;
use serde_json::{Map, Value, json};

use upstream::{
    Generator, Mode, Pair, Random, UNKNOWN, diff, our_crds, pairs, required, upstream_crds, version,
};

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    let Some(pairs) = pairs() else { return };
    let mut table = String::from(
        "kind                        version   upstream  modelled  missing  extra  differs  coverage\n",
    );
    let mut complaints = Vec::new();
    for Pair {
        kind,
        version,
        ours,
        upstream,
        ..
    } in &pairs
    {
        let mut report = Report::default();
        for part in ["spec", "status"] {
            let (ours, upstream) = (&ours["properties"][part], &upstream["properties"][part]);
            report.compare(part, ours, upstream);
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
    assert_eq!(pairs.len(), Object::KINDS.len());
}

#[test]
fn names_columns_and_subresources_are_upstreams() {
    let Some(upstream) = upstream_crds() else { return };
    for ours in our_crds() {
        let kind = ours["spec"]["names"]["kind"].as_str().unwrap();
        let upstream = &upstream[kind];
        for field in ["group", "scope"] {
            assert_eq!(ours["spec"][field], upstream["spec"][field], "{kind} {field}");
        }
        for field in ["plural", "singular", "shortNames", "categories"] {
            assert_eq!(
                ours["spec"]["names"][field], upstream["spec"]["names"][field],
                "{kind} {field}"
            );
        }
        assert_eq!(ours["metadata"]["name"], upstream["metadata"]["name"]);
        for ours in ours["spec"]["versions"].as_array().unwrap() {
            let upstream = version(upstream, ours["name"].as_str().unwrap());
            let context = format!("{kind} {}", ours["name"]);
            assert_eq!(ours["storage"], upstream["storage"], "{context}");
            assert_eq!(columns(ours), columns(upstream), "{context}");
            // What upstream no longer serves has no working subresource to compare.
            if upstream["served"] == true {
                let subresources = |version: &Value| {
                    let mut found = version["subresources"].clone();
                    // One kind has the subresource and no status for it to hold.
                    if version["schema"]["openAPIV3Schema"]["properties"]["status"].is_null() {
                        found = Value::Null;
                    }
                    if found.is_null() { json!({}) } else { found }
                };
                assert_eq!(subresources(ours), subresources(upstream), "{context}");
            }
        }
    }
}

#[test]
fn schemas_are_structural() {
    for crd in our_crds() {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
        let mut nodes = 0;
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let schema = &version["schema"]["openAPIV3Schema"];
            structural(schema, &format!("{kind} {}", version["name"]), &mut nodes);
        }
        assert!(nodes > 15, "{kind}: only {nodes} nodes were seen");
        let stored = crd["spec"]["versions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| v["storage"] == true);
        let newest = if kind.starts_with("Azure") {
            "v1beta1"
        } else {
            "v1beta2"
        };
        assert_eq!(
            stored.map(|v| &v["name"]).collect::<Vec<_>>(),
            [newest],
            "{kind}: what is stored"
        );
    }
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    let Some(pairs) = pairs() else { return };
    let mut values = 0;
    for pair in &pairs {
        let mut random = Random(0x5eed);
        for round in 0..200 {
            let mode = match round {
                0 => Mode::Everything,
                1 => Mode::Required,
                _ => Mode::Subset,
            };
            let value = pair.object(&mut Generator {
                random: &mut random,
                mode,
                unknown: false,
            });
            assert_survives(&value);
            values += 1;
        }
    }
    println!("{values} values of {} kinds and versions survived", pairs.len());
}

#[test]
fn unknown_fields_survive_at_every_level() {
    let Some(pairs) = pairs() else { return };
    for pair in &pairs {
        for mode in [Mode::Everything, Mode::Required] {
            let mut random = Random(7);
            let value = pair.object(&mut Generator {
                random: &mut random,
                mode,
                unknown: true,
            });
            assert!(value.to_string().contains(UNKNOWN));
            assert_survives(&value);
        }
    }
}

fn assert_survives(value: &Value) {
    let object = Object::from_value(value.clone()).unwrap_or_else(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        panic!("{error}: {source:?} in\n{value:#}")
    });
    let written = object.to_value().unwrap();
    if &written != value {
        let mut differences = Vec::new();
        diff("", value, &written, &mut differences);
        panic!(
            "{} {}: {}",
            value["apiVersion"],
            value["kind"],
            differences.join("\n")
        );
    }
}

// ---- comparing schemas

#[derive(Default)]
struct Report {
    same: usize,
    missing: Vec<String>,
    extra: Vec<String>,
    differs: Vec<String>,
}

impl Report {
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
        let (ours_must, upstream_must) = (required(ours), required(upstream));
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
            self.compare(
                &format!("{path}.{name}"),
                &ours["properties"][name],
                &upstream["properties"][name],
            );
        }
        if upstream["items"].is_object() {
            self.same -= 1;
            self.compare(&format!("{path}[]"), &ours["items"], &upstream["items"]);
        }
        if upstream["additionalProperties"].is_object() {
            self.same -= 1;
            self.compare(
                &format!("{path}{{}}"),
                &ours["additionalProperties"],
                &upstream["additionalProperties"],
            );
        }
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
    for inner in ["items", "additionalProperties"]
        .map(|inner| &schema[inner])
        .into_iter()
        .filter(|s| s.is_object())
    {
        paths.extend(below(&format!("{path}[]"), inner));
    }
    paths
}

fn shape(schema: &Value) -> String {
    if schema["x-kubernetes-int-or-string"] == true {
        return "integer or string".to_owned();
    }
    let type_ = schema["type"].as_str().unwrap_or("any");
    match schema["format"].as_str() {
        Some(format) => format!("{type_} {format}"),
        None if schema["additionalProperties"].is_object() => "map".to_owned(),
        None => type_.to_owned(),
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
    assert!(
        !(object.contains_key("properties") && object.contains_key("additionalProperties")),
        "{path}"
    );
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

fn columns(version: &Value) -> Vec<(String, String, String, i64)> {
    let text = |column: &Value, field: &str| column[field].as_str().unwrap_or_default().to_owned();
    version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten()
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
