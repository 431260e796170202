//! Typed resources against upstream's `CustomResourceDefinitions`: the same properties of the same types, and every
//! value upstream's schema allows survives reading and writing.
//!
//! Upstream's files are not part of this repository: `FLEET_SHARED` says where they are (default `../shared` beside
//! the workspace). Without them the tests that need them say so and pass; under `CI` they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// One kind: how its objects are read and written again.
pub struct Kind {
    pub name: &'static str,
    pub rewrite: fn(Value) -> Result<Value, String>,
}

/// Reads a value as a type and writes it.
pub fn rewrite<T: DeserializeOwned + Serialize>(value: Value) -> Result<Value, String> {
    let typed: T = serde_json::from_value(value).map_err(|error| error.to_string())?;
    serde_json::to_value(&typed).map_err(|error| error.to_string())
}

/// Compares our CRDs with upstream's and prints the coverage.
pub fn assert_covered(ours: &[CustomResourceDefinition], folder: &str, kinds: &[Kind]) {
    let Some(upstream) = upstream_crds(folder) else {
        return;
    };
    let mut table =
        String::from("kind                     upstream  modelled  missing  extra  differs  coverage\n");
    let mut complaints = Vec::new();
    for kind in kinds {
        let name = kind.name;
        let ours = ours
            .iter()
            .find(|crd| crd.spec.names.kind == name)
            .expect("a CRD of ours");
        let ours = serde_json::to_value(ours).unwrap();
        let upstream = &upstream[name];
        for field in [
            "/metadata/name",
            "/spec/group",
            "/spec/scope",
            "/spec/names/plural",
            "/spec/names/shortNames",
        ] {
            if ours.pointer(field) != upstream.pointer(field) {
                complaints.push(format!(
                    "{name} {field}: {:?}, upstream {:?}",
                    ours.pointer(field),
                    upstream.pointer(field)
                ));
            }
        }
        let has_status = |crd: &Value| crd.pointer("/spec/versions/0/subresources/status").is_some();
        if has_status(&ours) != has_status(upstream) {
            complaints.push(format!("{name}: status subresource: {}", has_status(&ours)));
        }
        let mut report = Report::default();
        for (field, upstream) in schema(upstream)["properties"].as_object().unwrap() {
            if !OBJECT_FIELDS.contains(&field.as_str()) {
                report.compare(field, &schema(&ours)["properties"][field], upstream);
            }
        }
        let total = report.same + report.missing.len() + report.differs.len();
        writeln!(
            table,
            "{name:<24} {total:>8}  {:>8}  {:>7}  {:>5}  {:>7}  {:>6.1} %",
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
            complaints.extend(paths.into_iter().map(|path| format!("{name}: {what}: {path}")));
        }
    }
    println!("{table}");
    assert!(complaints.is_empty(), "{table}\n{}", complaints.join("\n"));
}

/// Generates values of upstream's schemas and holds them against what we read and write.
pub fn assert_values_survive(folder: &str, kinds: &[Kind]) {
    let Some(upstream) = upstream_crds(folder) else {
        return;
    };
    let mut values = 0;
    for kind in kinds {
        let crd = &upstream[kind.name];
        let api_version = format!(
            "{}/{}",
            crd["spec"]["group"].as_str().unwrap(),
            crd["spec"]["versions"][0]["name"].as_str().unwrap()
        );
        for unknown in [false, true] {
            for round in 0..ROUNDS {
                let amount = match round {
                    0 => Amount::Everything,
                    1 => Amount::Required,
                    _ => Amount::Some,
                };
                let mut generator = Generator {
                    random: Random(round),
                    amount,
                    unknown,
                };
                let mut object = json!({
                    "apiVersion": api_version,
                    "kind": kind.name,
                    "metadata": {"name": "a", "namespace": "b", "labels": {"env": "dev"}},
                    "spec": {},
                });
                for (field, schema) in schema(crd)["properties"].as_object().unwrap() {
                    let wanted = field == "spec" || amount != Amount::Required;
                    if wanted && !OBJECT_FIELDS.contains(&field.as_str()) {
                        object[field] = generator.value(schema, 0);
                    }
                }
                let written = (kind.rewrite)(object.clone())
                    .unwrap_or_else(|error| panic!("{} cannot be read: {error}\n{object:#}", kind.name));
                if written != object {
                    let mut differences = Vec::new();
                    diff(kind.name, &object, &written, &mut differences);
                    panic!("{}", differences.join("\n"));
                }
                values += 1;
            }
        }
    }
    println!("{values} values of {} kinds survived", kinds.len());
}

const OBJECT_FIELDS: &[&str] = &["apiVersion", "kind", "metadata"];
const ROUNDS: u64 = 100;

fn schema(crd: &Value) -> &Value {
    &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

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
            self.extra.push(path.to_owned());
            return;
        }
        if ours.is_null() {
            self.missing.push(path.to_owned());
            return;
        }
        let (ours_is, upstream_is) = (shape(ours), shape(upstream));
        if ours_is == upstream_is || (upstream_is == "integer" && ours_is.starts_with("integer")) {
            self.same += 1;
        } else {
            self.differs
                .push(format!("{path}: {ours_is}, upstream {upstream_is}"));
        }
        if required(ours) != required(upstream) {
            self.differs.push(format!(
                "{path}: requires {:?}, upstream {:?}",
                required(ours),
                required(upstream)
            ));
        }
        let none = Map::new();
        let has = |schema: &Value| schema["properties"].as_object().unwrap_or(&none).clone();
        let (ours_has, upstream_has) = (has(ours), has(upstream));
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
        for (inner, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
            if upstream[inner].is_object() {
                self.compare(&format!("{path}{mark}"), &ours[inner], &upstream[inner]);
            }
        }
    }
}

/// The fields an object must have; for times, whose absence a status survives, upstream's word is not followed.
fn required(schema: &Value) -> BTreeSet<&str> {
    let is_time = |name: &str| schema["properties"][name]["format"] == "date-time";
    let listed = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    listed.filter(|name| !is_time(name)).collect()
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

#[derive(Clone, Copy, PartialEq)]
enum Amount {
    Everything,
    Required,
    Some,
}

/// A small generator of numbers: the values are the same on every run and every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

struct Generator {
    random: Random,
    amount: Amount,
    unknown: bool,
}

impl Generator {
    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if let Some(values) = schema["enum"].as_array() {
            let index = self.random.below(values.len() as u64);
            return values[usize::try_from(index).unwrap()].clone();
        }
        if schema["x-kubernetes-int-or-string"] == true {
            return if self.random.below(2) == 0 {
                json!(7)
            } else {
                json!("25%")
            };
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, depth),
            Some("array") => {
                let count = match self.amount {
                    Amount::Everything => 1,
                    _ => schema["minItems"].as_u64().unwrap_or(0) + self.random.below(3),
                };
                (0..count)
                    .map(|_| self.value(&schema["items"], depth + 1))
                    .collect()
            }
            Some("boolean") => json!(self.random.below(2) == 0),
            Some("integer") if schema["format"] == "int64" => json!(self.random.below(1 << 40)),
            Some("integer") => json!(self.random.below(1 << 20)),
            Some("string") => match schema["format"].as_str() {
                Some("date-time") => json!(format!("2026-11-{:02}T21:31:48Z", 1 + self.random.below(28))),
                Some("byte") => json!("Y2VydGlmaWNhdGU="),
                _ => json!(
                    ["v1.31.0", "720h", "", "no", "{{ name }}"]
                        [usize::try_from(self.random.below(5)).unwrap()]
                ),
            },
            _ => json!({"any": [1, "two", null, {"three": 3.5}]}),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        if schema["additionalProperties"].is_object() {
            for key in ["a.b/c", "d"]
                .iter()
                .take(usize::try_from(self.random.below(3)).unwrap())
            {
                object.insert(
                    (*key).to_owned(),
                    self.value(&schema["additionalProperties"], depth + 1),
                );
            }
            return object.into();
        }
        let must: BTreeSet<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let there = match self.amount {
                Amount::Everything => true,
                Amount::Required => false,
                Amount::Some => self.random.below(3) == 0,
            };
            if there || must.contains(name.as_str()) {
                object.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        if self.unknown && !is_kubernetes_own(schema) {
            object.insert(
                "fromAFutureVersion".to_owned(),
                json!({"deep": [null, {"er": 0}], "off": false, "none": []}),
            );
        }
        object.into()
    }
}

/// Types Kubernetes itself defines come from `k8s-openapi`, which drops what it does not know.
fn is_kubernetes_own(schema: &Value) -> bool {
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    matches!(
        names.as_slice(),
        ["matchExpressions", "matchLabels"] | ["apiGroup", "kind", "name"]
    ) || (names == ["key", "operator", "values"] && !schema["required"].is_null())
}

fn diff(path: &str, read: &Value, written: &Value, out: &mut Vec<String>) {
    match (read, written) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let absent = Value::from("(absent)");
                diff(
                    &format!("{path}.{key}"),
                    a.get(key).unwrap_or(&absent),
                    b.get(key).unwrap_or(&absent),
                    out,
                );
            }
        }
        _ if read == written => {}
        _ => out.push(format!("{path}: read {read}, written {written}")),
    }
}

/// Upstream's CRDs by kind, or `None` where they are not at hand.
fn upstream_crds(folder: &str) -> Option<BTreeMap<String, Value>> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("crds").join(folder);
    if !folder.is_dir() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no upstream CRDs in {}",
            folder.display()
        );
        eprintln!(
            "SKIPPED: no upstream CRDs in {}: set FLEET_SHARED",
            folder.display()
        );
        return None;
    }
    let mut crds = BTreeMap::new();
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let documents =
            fleet_core::yaml::documents(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for document in documents {
            let value = document.into_value();
            let items = value["items"].as_array().cloned().unwrap_or_else(|| vec![value]);
            for crd in items {
                if let Some(kind) = crd.pointer("/spec/names/kind").and_then(Value::as_str) {
                    crds.insert(kind.to_owned(), crd.clone());
                }
            }
        }
    }
    Some(crds)
}
