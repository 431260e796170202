//! Upstream's `CustomResourceDefinition`s, and each version of each kind beside ours.
//!
//! Upstream's files are not part of this repository: `FLEET_SHARED` says where they are (default: `shared` beside the
//! workspace). Without them the tests that need them say so and pass; under `CI` they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::values::{Amount, Generator};

/// One version of one kind: our schema and upstream's.
#[derive(Debug)]
pub struct KindVersion {
    /// Its API group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// The version's name.
    pub version: String,
    /// Our `openAPIV3Schema`.
    pub ours: Value,
    /// Upstream's `openAPIV3Schema`.
    pub upstream: Value,
}

impl KindVersion {
    /// An object of upstream's schema.
    pub fn object(&self, generator: &mut Generator<'_>) -> Value {
        let mut object = json!({
            "apiVersion": format!("{}/{}", self.group, self.version),
            "kind": self.kind,
            "metadata": {"name": "a", "namespace": "b", "labels": {"env": "dev"}, "generation": 3},
            "spec": {},
        });
        let must = crate::required(&self.upstream);
        for (field, schema) in self.parts() {
            if field == "spec" || must.contains(field) || generator.amount != Amount::Required {
                object[field] = generator.value(schema);
            }
        }
        object
    }

    /// What an object of upstream's has beside `apiVersion`, `kind` and `metadata`.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &Value)> {
        let properties = self.upstream["properties"]
            .as_object()
            .expect("a schema with properties");
        let own = |name: &str| ["apiVersion", "kind", "metadata"].contains(&name);
        properties
            .iter()
            .filter(move |(name, _)| !own(name))
            .map(|(name, schema)| (name.as_str(), schema))
    }
}

/// Every version of every kind of `ours` beside the one in `folders` (of `crds/` in the shared folder), or `None` where
/// upstream's files are not at hand.
pub fn pairs(ours: &[CustomResourceDefinition], folders: &[&str]) -> Option<Vec<KindVersion>> {
    let kinds: Vec<&str> = ours.iter().map(|crd| crd.spec.names.kind.as_str()).collect();
    let upstream = upstream_crds(folders, &kinds)?;
    let mut pairs = Vec::new();
    for ours in ours {
        let ours = serde_json::to_value(ours).unwrap();
        let kind = ours["spec"]["names"]["kind"].as_str().unwrap();
        for found in ours["spec"]["versions"].as_array().unwrap() {
            let name = found["name"].as_str().unwrap();
            pairs.push(KindVersion {
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

/// The version `name` of a `CustomResourceDefinition`.
pub fn version<'a>(crd: &'a Value, name: &str) -> &'a Value {
    let versions = crd["spec"]["versions"].as_array().unwrap();
    let found = versions.iter().find(|version| version["name"] == name);
    found.unwrap_or_else(|| panic!("upstream has no version {name} of {}", crd["metadata"]["name"]))
}

/// Upstream's `CustomResourceDefinition`s of these kinds, by kind, or `None` where the files are not at hand.
///
/// # Panics
/// When a kind is in none of the folders, and, under `CI`, without the files.
pub fn upstream_crds(folders: &[&str], kinds: &[&str]) -> Option<BTreeMap<String, Value>> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let folders: Vec<PathBuf> = folders
        .iter()
        .map(|folder| shared.join("crds").join(folder))
        .collect();
    if let Some(absent) = folders.iter().find(|folder| !folder.is_dir()) {
        let absent = absent.display();
        assert!(std::env::var_os("CI").is_none(), "no upstream CRDs in {absent}");
        eprintln!("SKIPPED: no upstream CRDs in {absent}: set FLEET_SHARED");
        return None;
    }
    let wanted: BTreeSet<&str> = kinds.iter().copied().collect();
    let mut crds = BTreeMap::new();
    for file in folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
    {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // The files are large: only those that name a wanted kind are worth parsing.
        let names = |line: &str| {
            line.trim()
                .strip_prefix("kind: ")
                .is_some_and(|kind| wanted.contains(kind))
        };
        if !text.lines().any(names) {
            continue;
        }
        let documents =
            fleet_core::yaml::documents(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for document in documents {
            let value = document.into_value();
            for crd in value["items"].as_array().cloned().unwrap_or_else(|| vec![value]) {
                if let Some(kind) = crd.pointer("/spec/names/kind").and_then(Value::as_str)
                    && wanted.contains(kind)
                {
                    crds.insert(kind.to_owned(), crd);
                }
            }
        }
    }
    assert_eq!(
        crds.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        wanted,
        "upstream's kinds"
    );
    Some(crds)
}
