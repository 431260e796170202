//! Every kind beside upstream's `CustomResourceDefinition`: the same properties of the same types, in `spec` and
//! `status`, and every value upstream's schema allows survives reading and writing.
//!
//! Upstream's files are not part of this repository: `FLEET_SHARED` says where they are (default `../shared` beside
//! the workspace). Without them the tests that need them say so and pass; under `CI` they fail.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use fleet_capi::{Object, crds};
use serde_json::{Map, Value, json};

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    let Some(pairs) = pairs() else { return };
    let mut table = String::from(
        "kind                    version   upstream  modelled  missing  extra  differs  coverage\n",
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
            "{kind:<23} {version:<9} {total:>8}  {:>8}  {:>7}  {:>5}  {:>7}  {:>6.1} %",
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
        assert!(nodes > 20, "{kind}: only {nodes} nodes were seen");
        let stored = crd["spec"]["versions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| v["storage"] == true);
        assert_eq!(
            stored.map(|v| &v["name"]).collect::<Vec<_>>(),
            ["v1beta2"],
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

fn diff(path: &str, read: &Value, written: &Value, out: &mut Vec<String>) {
    match (read, written) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                diff(
                    &format!("{path}.{key}"),
                    &a.get(key).cloned().unwrap_or("(absent)".into()),
                    &b.get(key).cloned().unwrap_or("(absent)".into()),
                    out,
                );
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

fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
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

// ---- generating values

const UNKNOWN: &str = "fromAFutureVersion";

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Everything,
    Required,
    Subset,
}

/// A small generator of numbers: the values are the same on every run and every machine.
struct Random(u64);

impl Random {
    fn next(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % below
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.next(of.len().try_into().unwrap())).unwrap()].clone()
    }
}

struct Generator<'a> {
    random: &'a mut Random,
    mode: Mode,
    unknown: bool,
}

impl Generator<'_> {
    fn value(&mut self, schema: &Value) -> Value {
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
                let items = if self.mode == Mode::Everything {
                    least.max(2)
                } else {
                    least + self.random.next(3)
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
                _ => json!(self.random.pick(&["v1.31.0", "10s", "no", "ünï", "a/b.c:1"])),
            },
            _ => self.random.pick(&[
                json!(null),
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
            let there = match self.mode {
                Mode::Everything => true,
                Mode::Required => false,
                Mode::Subset => self.random.next(3) == 0,
            };
            if there || must.contains(name.as_str()) {
                object.insert(name.clone(), self.value(property));
            }
        }
        if self.unknown && !kubernetes_own(schema) {
            object.insert(
                UNKNOWN.to_owned(),
                json!({"deep": [null, {"er": 0}], "off": false, "none": []}),
            );
        }
        object.into()
    }
}

/// The types Kubernetes itself defines come from `k8s-openapi`, which drops what it does not know.
fn kubernetes_own(schema: &Value) -> bool {
    let names: BTreeSet<&str> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    [
        &[
            "apiVersion",
            "fieldPath",
            "kind",
            "name",
            "namespace",
            "resourceVersion",
            "uid",
        ][..],
        &[
            "lastTransitionTime",
            "message",
            "observedGeneration",
            "reason",
            "status",
            "type",
        ],
        &["apiGroup", "kind", "name"],
        &["matchExpressions", "matchLabels"],
        &["key", "operator", "values"],
        &["effect", "key", "timeAdded", "value"],
    ]
    .iter()
    .any(|own| names == own.iter().copied().collect())
}

// ---- the schemas

struct Pair {
    group: String,
    kind: String,
    version: String,
    ours: Value,
    upstream: Value,
}

impl Pair {
    fn object(&self, generator: &mut Generator<'_>) -> Value {
        let mut object = json!({
            "apiVersion": format!("{}/{}", self.group, self.version),
            "kind": self.kind,
            "metadata": {"name": "a", "namespace": "clusters", "labels": {"env": "dev"}, "generation": 3},
        });
        object["spec"] = generator.value(&self.upstream["properties"]["spec"]);
        let status = &self.upstream["properties"]["status"];
        if status.is_object() && generator.mode != Mode::Required {
            object["status"] = generator.value(status);
        }
        object
    }
}

fn pairs() -> Option<Vec<Pair>> {
    let upstream = upstream_crds()?;
    let mut pairs = Vec::new();
    for ours in our_crds() {
        let kind = ours["spec"]["names"]["kind"].as_str().unwrap();
        for found in ours["spec"]["versions"].as_array().unwrap() {
            let name = found["name"].as_str().unwrap();
            pairs.push(Pair {
                group: ours["spec"]["group"].as_str().unwrap().to_owned(),
                kind: kind.to_owned(),
                version: name.to_owned(),
                ours: found["schema"]["openAPIV3Schema"].clone(),
                upstream: version(&upstream[kind], name)["schema"]["openAPIV3Schema"].clone(),
            });
        }
    }
    Some(pairs)
}

fn version<'a>(crd: &'a Value, name: &str) -> &'a Value {
    let versions = crd["spec"]["versions"].as_array().unwrap();
    versions.iter().find(|version| version["name"] == name).unwrap()
}

fn our_crds() -> Vec<Value> {
    crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).unwrap())
        .collect()
}

/// Upstream's CRDs by kind, or `None` where they are not at hand.
fn upstream_crds() -> Option<BTreeMap<String, Value>> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let folders = ["cluster-api", "docker", "aws"].map(|provider| shared.join("crds").join(provider));
    if let Some(absent) = folders.iter().find(|folder| !folder.is_dir()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "no upstream CRDs in {}",
            absent.display()
        );
        eprintln!(
            "SKIPPED: no upstream CRDs in {}: set FLEET_SHARED",
            absent.display()
        );
        return None;
    }
    let wanted: BTreeSet<&str> = Object::KINDS.iter().map(|known| known.kind).collect();
    let mut crds = BTreeMap::new();
    for folder in folders {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            // A file is named after its plural: only those we model are worth parsing.
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let plural = stem.rsplit('_').next().unwrap_or_default();
            if !wanted.iter().any(|kind| {
                [
                    format!("{}s", kind.to_lowercase()),
                    format!("{}es", kind.to_lowercase()),
                ]
                .contains(&plural.to_owned())
            }) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let crd: Value =
                serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            crds.insert(crd["spec"]["names"]["kind"].as_str().unwrap().to_owned(), crd);
        }
    }
    assert_eq!(crds.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
    Some(crds)
}
