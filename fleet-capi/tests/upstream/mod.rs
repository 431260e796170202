//! Upstream's schemas, and values made from them.
//!
//! Upstream's files are not part of this repository: `FLEET_SHARED` says where they are (default `../shared` beside
//! the workspace). Without them the tests that need them say so and pass; under `CI` they fail.

// Each test uses a part; the helpers of a test fail the test, as the test itself does.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod valid;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fleet_capi::{Object, crds};
use serde_json::{Map, Value, json};

pub fn diff(path: &str, read: &Value, written: &Value, out: &mut Vec<String>) {
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

/// Drops what Go's encoder may write for nothing: empty objects, lists and texts.
pub fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(object) => object.retain(|_, inner| {
            drop_empty(inner);
            match inner {
                Value::Object(inner) => !inner.is_empty(),
                Value::Array(inner) => !inner.is_empty(),
                Value::String(inner) => !inner.is_empty(),
                other => !other.is_null(),
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

pub fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

pub const UNKNOWN: &str = "fromAFutureVersion";

#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Everything,
    Required,
    Subset,
}

/// A small generator of numbers: the values are the same on every run and every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % below
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.next(of.len().try_into().unwrap())).unwrap()].clone()
    }
}

pub struct Generator<'a> {
    pub random: &'a mut Random,
    pub mode: Mode,
    /// Adds a field nobody knows to every object.
    pub unknown: bool,
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

pub struct Pair {
    pub group: String,
    pub kind: String,
    pub version: String,
    pub ours: Value,
    pub upstream: Value,
}

impl Pair {
    pub fn object(&self, generator: &mut Generator<'_>) -> Value {
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

pub fn pairs() -> Option<Vec<Pair>> {
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

pub fn version<'a>(crd: &'a Value, name: &str) -> &'a Value {
    let versions = crd["spec"]["versions"].as_array().unwrap();
    versions.iter().find(|version| version["name"] == name).unwrap()
}

pub fn our_crds() -> Vec<Value> {
    crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).unwrap())
        .collect()
}

/// Upstream's CRDs by kind, or `None` where they are not at hand.
pub fn upstream_crds() -> Option<BTreeMap<String, Value>> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let folders = ["cluster-api", "docker", "aws", "azure", "vsphere"]
        .map(|provider| shared.join("crds").join(provider));
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
            let documents =
                fleet_core::yaml::documents(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let crd = documents.into_iter().next().unwrap().into_value();
            crds.insert(crd["spec"]["names"]["kind"].as_str().unwrap().to_owned(), crd);
        }
    }
    assert_eq!(crds.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
    Some(crds)
}
